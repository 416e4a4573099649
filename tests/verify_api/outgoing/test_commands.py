"""`temthat dossier`, `exchange`, `listing`: files that are there whole or not at all, refusals in words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from temthat.main import app

from .conftest import Goods, unzipped


def temthat(*arguments: object, expect: int = 0) -> Result:
    """Run it."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture
def at_home(goods: Goods, monkeypatch: pytest.MonkeyPatch) -> Goods:
    """The environment of an operator of that world."""
    settings = goods.world.services.settings
    monkeypatch.setenv("TEMTHAT_MODE", "demo")
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TEMTHAT_HOST", settings.host)
    monkeypatch.setenv("TEMTHAT_WITNESSES", json.dumps(settings.witnesses))
    return goods


def test_each_command_writes_its_file(at_home: Goods, tmp_path: Path) -> None:
    """The dossier it writes is one that `temthat log dossier` finds whole."""
    policy = at_home.world.services.book.policy
    pdf, whole = tmp_path / "a.pdf", tmp_path / "a.zip"
    temthat("dossier", "HTX-MAU", "CHE", pdf, "--lang", "en")
    assert pdf.read_bytes().startswith(b"%PDF-")
    temthat("dossier", "HTX-MAU", "CHE", whole, "--lot", "L01")
    witnesses = [part for key in policy.witnesses for part in ("--witness", key)]
    temthat("log", "dossier", whole, "--origin", policy.origin, "--key", policy.log_key, *witnesses)
    temthat("exchange", "HTX-MAU", tmp_path / "b.zip", "--system", "verigoods")
    names = unzipped((tmp_path / "b.zip").read_bytes())
    assert "verigoods/lo.csv" in names
    assert not any(name.startswith("nong-san") for name in names)
    temthat("listing", "HTX-MAU", "CHE", tmp_path / "c.zip", "--channel", "postmart")
    assert "dang-ban.xlsx" in unzipped((tmp_path / "c.zip").read_bytes())


def test_what_is_wrong_is_said_and_nothing_is_left(at_home: Goods, tmp_path: Path) -> None:
    """Unknown names, a taken file, a folder that is not there."""
    taken = tmp_path / "taken.zip"
    taken.write_bytes(b"mine")
    before = sorted(tmp_path.iterdir())
    for arguments in (
        ("dossier", "HTX-MAU", "KHONG", tmp_path / "x.pdf"),
        ("dossier", "HTX-MAU", "CHE", tmp_path / "x.pdf", "--lot", "L99"),
        ("dossier", "KHONG", "CHE", tmp_path / "x.pdf"),
        ("dossier", "HTX-MAU", "CHE", taken),
        ("dossier", "HTX-MAU", "CHE", tmp_path / "x.docx"),
        ("exchange", "HTX-MAU", tmp_path / "x.zip", "--system", "x"),
        ("exchange", "HTX-MAU", taken),
        ("listing", "HTX-MAU", "CHE", tmp_path / "x.zip", "--channel", "x"),
        ("listing", "HTX-MAU", "CHE", tmp_path / "no" / "folder" / "x.zip"),
    ):
        said = temthat(*arguments, expect=1).output
        assert "Traceback" not in said
        assert said.strip()
    assert sorted(tmp_path.iterdir()) == before
    assert taken.read_bytes() == b"mine"
