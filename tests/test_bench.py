"""The measurements run, at a hundredth of their size, and give the lines others read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "name",
    [
        "signing",
        "custody",
        "offline",
        "till",
        "bundle",
        "printing",
        "log",
        "eventhash",
        "epcis",
        "lineage",
        "epcisquery",
        "records",
        "copies",
        "copystore",
    ],
)
def test_small_measurements_give_figures(name: str, tmp_path: Path) -> None:
    """Each line has name, value, unit, baseline and ratio; a ratio is a positive number, nothing is timed here."""
    results = tmp_path / "results.jsonl"
    command = [sys.executable, "-m", "bench", "--small", "--out", str(results), name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    assert figures
    for figure in figures:
        assert set(figure) == {"name", "value", "unit", "baseline", "ratio"}
        assert figure["value"] > 0
        assert figure["ratio"] is None or figure["ratio"] > 0
    assert any(figure["ratio"] for figure in figures)
