"""The phone app's own tests (TypeScript), run by the Node the app is built with: the vectors that all are held to."""

import os
import shutil
import subprocess
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
    assert made_from.read_text() == hatch_build.digest_of(ROOT)


def built(folder: Path, **environment: str) -> dict[str, bytes]:
    """Every file of an app built in that folder, by its name."""
    web = folder / hatch_build.WEB
    for outside in hatch_build.SHARED:
        (folder / outside).parent.mkdir(parents=True)
        shutil.copy(ROOT / outside, folder / outside)
    shutil.copytree(
        ROOT / hatch_build.WEB, web, ignore=shutil.ignore_patterns("node_modules", "*.tsbuildinfo")
    )
    (web / "node_modules").symlink_to(ROOT / hatch_build.WEB / "node_modules", target_is_directory=True)
    node, _ = hatch_build.find_node()
    done = subprocess.run(
        [str(node), "node_modules/vite/bin/vite.js", "build"],
        cwd=web,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    app = folder / hatch_build.APP
    return {str(path.relative_to(app)): path.read_bytes() for path in app.rglob("*") if path.is_file()}


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    """Whatever folder, language, time zone and user: the digest in the log can be compared with one's own."""
    here = built(tmp_path / "a", TZ="UTC", LANG="C", LC_ALL="C", USER="a")
    there = built(
        tmp_path / "another folder" / "b", TZ="Asia/Ho_Chi_Minh", LANG="tr_TR.UTF-8", LC_ALL="", USER="b"
    )
    assert {"index.html", "sw.js", ".digest"} < set(here)
    assert here == there
    if hatch_build.digest_of(ROOT) == (ROOT / hatch_build.APP / hatch_build.MADE_FROM).read_text():
        assert here[".digest"] == (ROOT / hatch_build.APP / ".digest").read_bytes()


def test_sources_have_one_kind_of_line_ends() -> None:
    """`.gitattributes` keeps them so on Windows: another end of line would be another digest."""
    web = ROOT / hatch_build.WEB
    texts = [path for part in ("src", "public", ".") for path in (web / part).glob("*.*") if path.is_file()]
    assert len(texts) > 5
    kept = [path for path in [*texts, *(web / "src").rglob("*.ts")] if path.suffix != ".png"]
    assert [path.name for path in kept if b"\r" in path.read_bytes()] == []
    assert "scanner/temthat_scanner/web/** text=auto eol=lf" in (ROOT / ".gitattributes").read_text()


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "fuzz",
    reason="make fuzz: ten thousand of each are in the tests above",
)
def test_a_million_hostile_codes_bundles_states_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """`web/test/hostile.test.ts` with a hundred times as many."""
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setenv("FUZZ", "1000000")
    hatch_build.npm("run", "test", "--", "test/hostile.test.ts", root=ROOT)
