"""The docs stay true: every command, setting and route stands in them, and no link leads nowhere."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route

from temthat.main import find_commands
from temthat_verify_api.app import create_app
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import build_services

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ALL = "\n".join(page.read_text("utf-8") for page in PAGES)


@pytest.mark.parametrize("name", sorted(find_commands()))
def test_every_command_is_documented(name: str) -> None:
    """Operations names each command and says what it does."""
    assert f"`temthat {name}`" in (ROOT / "docs" / "operations.md").read_text("utf-8")


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented(field: str) -> None:
    """Operations has a row for each setting, under the name the environment uses."""
    assert f"| `TEMTHAT_{field.upper()}` |" in (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_every_documented_setting_exists() -> None:
    """No row describes a setting that is gone."""
    named = re.findall(r"\| `TEMTHAT_([A-Z_]+)` \|", (ROOT / "docs" / "operations.md").read_text("utf-8"))
    assert {name.lower() for name in named} == set(Settings.model_fields)


def test_every_route_is_documented(tmp_path: Path) -> None:
    """Each path of the service stands in docs/api.md, each page of the desk in docs/desk.md."""
    settings = Settings(mode="demo", data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'x.db'}")
    load_master_key(settings, create=True)
    upgrade(settings.database_url)
    app = create_app(build_services(settings))
    api = (ROOT / "docs" / "api.md").read_text("utf-8")
    desk = (ROOT / "docs" / "desk.md").read_text("utf-8")
    paths = {route.path for route in app.routes if isinstance(route, Route)}
    assert "/T/{code}" in paths
    assert "/desk/sign-in" in paths
    missing = [path for path in sorted(paths) if path not in (desk if path.startswith("/desk") else api)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    """Each relative link of a page is a file of the repository."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []
