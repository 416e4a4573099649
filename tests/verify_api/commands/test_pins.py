"""`temthat order --pins` and `temthat pins`: ordered with PINs, their lists apart and on record."""

import csv
import io
import re
from pathlib import Path

import typer
from sqlalchemy import select
from typer.testing import CliRunner, Result

from temthat_stamps.runs.records import PinFetch, Run
from temthat_verify_api.commands.pins import pins
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import build_services

from .test_office import office, order

__all__ = ["office"]
app = typer.Typer()
app.command()(pins)


def take(*arguments: object, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == expect, result.output
    return result


def test_from_the_order_to_the_list(office: Path) -> None:
    """Nothing without the confirmation; then one list a print file, for its owner only, and it is written down."""
    order(office, "--count", 4, "--kind", "csv", "--pins")
    assert "--apart" in take(1, "--out", office, expect=2).output
    assert not list(office.glob("pin-*"))
    said = re.sub(r"\s+", " ", take(1, "--apart", "--out", office).output)
    assert "để hai người giữ hai tệp" in said
    [path] = office.glob("pin-1-tem-1-4.csv")
    assert path.stat().st_mode & 0o077 == 0
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4"]
    assert all(re.fullmatch(r"[0-9]{6}", row[2]) for row in rows[1:])
    [stamps] = office.glob("dot-1-*.csv")
    numbers = [row[2] for row in csv.reader(io.StringIO(stamps.read_text("utf-8-sig")))][1:]
    assert [row[1] for row in rows[1:]] == numbers
    take(1, "--apart", "--kind", "pdf", "--out", office)
    assert next(office.glob("pin-1-tem-1-4.pdf")).read_bytes().startswith(b"%PDF")
    services = build_services(Settings())
    with services.sessions() as session:
        assert session.get_one(Run, 1).has_pins
        assert [fetch.by for fetch in session.scalars(select(PinFetch))] == ["command line"] * 2
    services.close()


def test_a_run_without_pins_and_an_unknown_one(office: Path) -> None:
    """Refused in words."""
    order(office, "--count", 2, "--kind", "csv")
    for run in (1, 9):
        assert "đợt in" in take(run, "--apart", "--out", office, expect=1).output.lower()
    assert not list(office.glob("pin-*"))
