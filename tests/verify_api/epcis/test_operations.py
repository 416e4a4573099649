"""The table of operations in docs/epcis.md is GS1's list, and the application has a route for each."""

import json
import re
from pathlib import Path

import pytest
from starlette.routing import Match, Route

from temthat_verify_api.app import create_app

from ..conftest import World
from .conftest import BASE

PAGE = (Path(__file__).parents[3] / "docs" / "epcis.md").read_text("utf-8")
OPENAPI = Path(__file__).parents[4] / "shared" / "conformance" / "epcis" / "openapi.json"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def table() -> set[tuple[str, str]]:
    """(method, path) of each operation the page names."""
    rows = re.findall(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", PAGE, re.M)
    return {(method, path) for path, methods in rows for method in methods.split(", ")}


@pytest.mark.skipif(not OPENAPI.exists(), reason=f"no {OPENAPI}")
def test_the_table_is_the_standards_list() -> None:
    """Neither more nor fewer than in openapi.json; the page counts them right."""
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"]
    standard = {(m.upper(), path) for path, found in paths.items() for m in found if m.upper() in METHODS}
    assert table() == standard
    assert f"({len(paths)} paths, {len(standard)} operations)" in PAGE


def test_each_operation_of_the_table_has_its_route(world: World) -> None:
    """Asked for by method and path, a route of this interface takes it."""
    routes = [
        r for r in create_app(world.services).routes if isinstance(r, Route) and r.path.startswith(BASE)
    ]
    missing = []
    for method, path in sorted(table()):
        scope = {"type": "http", "method": method, "path": BASE + re.sub(r"\{\w+\}", "x", path)}
        if not any(route.matches(scope)[0] is Match.FULL for route in routes):
            missing.append((method, path))
    assert missing == []
    assert len(table()) == 63
