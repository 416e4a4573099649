"""The phone app's own tests (TypeScript), run by the Node the app is built with: the vectors that all are held to."""

import os
import sys
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(hatch_build.__file__).parent.parent


@pytest.fixture(autouse=True)
def _built() -> None:
    """`make test` builds the app first; without Node or npm's registry there is none."""
    if not (ROOT / hatch_build.WEB / "node_modules").is_dir():
        pytest.skip("the phone app was not built: no Node, or no npm registry")


@pytest.mark.parametrize("script", ["check", "test"])
def test_types_and_vectors(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tsc` in strict mode, and every test of `web/test`; what they say is the failure's message."""
    monkeypatch.setenv("PYTHON", sys.executable)
    hatch_build.npm("run", script, root=ROOT)


def test_what_is_built_is_of_these_sources() -> None:
    """Nobody looks at an app of yesterday."""
    made_from = ROOT / hatch_build.APP / hatch_build.MADE_FROM
    assert made_from.read_text() == hatch_build.digest_of(ROOT / hatch_build.WEB)


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "fuzz",
    reason="make fuzz: ten thousand of each are in the tests above",
)
def test_a_million_hostile_codes_packs_and_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """`web/test/hostile.test.ts` with a hundred times as many."""
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setenv("FUZZ", "1000000")
    hatch_build.npm("run", "test", "--", "test/hostile.test.ts", root=ROOT)
