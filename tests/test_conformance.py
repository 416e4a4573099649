"""docs/conformance.md says what the run finds today."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "conformance"
PAGE = ROOT / "docs" / "conformance.md"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no conformance data in {DATA}")
def test_the_page_is_what_the_run_finds(tmp_path: Path) -> None:
    """Every count and every word of a refusal; only the day is the page's own. `make conformance` writes it."""
    written = PAGE.read_text("utf-8")
    day = re.search(r"Last run: (\d{4}-\d\d-\d\d)\.", written)
    assert day is not None
    found = tmp_path / "page.md"
    command = [sys.executable, "-m", "bench.conformance", "--out", str(found), "--day", day[1]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found.read_text("utf-8") == written


def test_all_is_met_but_what_the_page_names() -> None:
    """Only the two families of parameters that need master data are not."""
    counts = re.findall(r"^\| (.+) \| (\d+) \| (\d+) \|$", PAGE.read_text("utf-8"), re.M)
    assert len(counts) == 11
    assert [what for what, met, of in counts if met != of] == ["families of query parameters read"]


def test_the_page_names_its_command() -> None:
    """And the command is there."""
    assert "`make conformance`" in PAGE.read_text("utf-8")
    assert "python -m bench.conformance" in (ROOT / "Makefile").read_text("utf-8")
