"""`temthat papers expiring`: the same as at the desk, for a nightly job."""

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from temthat.main import app
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_verify_api.commands.session import open_records

from .test_office import HOLDER, WORKBOOK, temthat


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new service with the sample workbook, whose papers end in 2028."""
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")
    temthat("import", WORKBOOK)


def test_it_tells_text_or_a_list(records: None) -> None:
    """What ran out is told; the list is CSV that a spreadsheet reads; nothing to tell is said too."""
    assert "Không có giấy tờ nào" in temthat("papers", "expiring", "--of", HOLDER, "--within", 0).output
    with open_records() as (session, _):
        paper = session.scalars(
            select(Paper).join(Party, Party.id == Paper.party_id).where(Party.code == HOLDER)
        ).first()
        assert paper is not None
        paper.valid_until = dt.date(2020, 1, 1)
    listed = CliRunner().invoke(app, ["papers", "expiring", "--csv", "--of", HOLDER]).stdout
    [head, row] = csv.reader(io.StringIO(listed.lstrip("\ufeff")))
    assert head[0] == "mã đơn vị"
    assert (row[0], row[7]) == (HOLDER, "2020-01-01")
    assert int(row[8]) < 0
    assert "đã hết hạn" in temthat("papers", "expiring", "--of", HOLDER, "--within", 0).output
    assert temthat("papers", "expiring", "--within", 181, expect=2)


def test_an_unknown_party_is_told(records: None) -> None:
    """In words, with exit code 1."""
    assert "Không có đơn vị XYZ" in temthat("papers", "expiring", "--of", "XYZ", expect=1).output
