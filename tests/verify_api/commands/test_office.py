"""The operator's road on the command line, from an empty machine to a judged stamp."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from temthat.main import app
from temthat_stamps.bundle.pack import PACK_FILE
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import build_services

from ...neighbours import delegate, neighbours

ROOT = Path(__file__).parents[3]
WORKBOOK = ROOT / "demo" / "htx-mau.xlsx"
HOLDER, PRODUCT, LOT, FORM, ALLIANCE = "HTX-MATONG", "MATONG", "MO261025", "CHAI500", "LMHTX-BN"

runner = CliRunner()


def temthat(*arguments: object, expect: int = 0, stdin: str | None = None) -> Result:
    result = runner.invoke(app, [str(a) for a in arguments], input=stdin)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), (
        result.exception
    )
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new service in an empty folder, with the sample workbook imported, its keys delegated, and its neighbours."""
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    monkeypatch.setenv("TEMTHAT_HOST", "tem.example.vn")
    temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")
    temthat("import", WORKBOOK)
    delegate(tmp_path / "data")
    with neighbours(tmp_path / "data") as around:
        for name, value in around.items():
            monkeypatch.setenv(f"TEMTHAT_{name.upper()}", value)
        yield tmp_path


def publish() -> None:
    """What the running service does every few seconds."""
    services = build_services(Settings())
    services.record.publish(bundle_now=True)
    services.close()


def order(office: Path, *more: object, expect: int = 0) -> Result:
    return temthat("order", HOLDER, PRODUCT, LOT, FORM, "--out", office, *more, expect=expect)


def test_from_workbook_to_verdict(office: Path) -> None:
    """Import, order, print, trust data, and the printed sheet judged by the scanner, picture and all."""
    order(office, "--count", 24, "--kind", "png")
    [archive] = office.glob("dot-1-tem-1-24.*")
    import zipfile

    with zipfile.ZipFile(archive) as files:
        files.extractall(office / "stamps")
    (office / "trust").mkdir()
    publish()
    temthat("trust", "pack", office / "trust" / PACK_FILE)
    result = temthat("scan", "--json", "--trust", office / "trust", office / "stamps")
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [line["verdict"] for line in lines] == ["genuine_offline"] * 24
    assert {line["stamp"]["serial"] for line in lines} == set(range(1, 25))

    temthat("notice", "void", "--run", 1, "--serials", "3-4", "--reason", "misprint", "--by", HOLDER)
    publish()
    temthat("trust", "pack", office / "trust" / PACK_FILE)
    result = temthat("scan", "--json", "--trust", office / "trust", office / "stamps", expect=2)
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert {line["stamp"]["serial"] for line in lines if line["verdict"] == "revoked"} == {3, 4}


def test_beyond_the_quantity_is_refused_with_the_arithmetic(office: Path) -> None:
    """More stamps than packs: the batch, the division and what is left are shown; a reason lets it pass."""
    refused = order(office, "--count", 1_000_000, expect=1)
    assert "÷" in refused.output
    assert "còn được in" in refused.output
    assert not list(office.glob("dot-*"))
    left = int(re.search(r"còn được in ([\d.]+) tem", refused.output)[1].replace(".", ""))  # type: ignore[index]
    order(
        office,
        "--count",
        left + 1,
        "--kind",
        "csv",
        "--reason",
        "Cuộn tem trước bị ướt, đã hủy",
        "--layout",
        "a4-24",
    )


def test_a_roll_for_a_label_printer_with_its_corrections(office: Path) -> None:
    """ZPL for a 203 dpi roll; a layout its code does not fit is refused with the arithmetic and a way out."""
    roll = ("--kind", "zpl", "--layout", "roll-50x30-1", "--dpi", 203, "--dx", 0.5, "--scale-y", 1.005)
    order(office, "--count", 6, *roll)
    assert (office / "dot-1-tem-1-6.zpl").read_bytes().startswith(b"^XA")
    refused = order(
        office,
        "--count",
        6,
        "--kind",
        "zpl",
        "--layout",
        "roll-25x25-1",
        "--dpi",
        203,
        "--level",
        "Q",
        expect=1,
    )
    assert "Tem nhỏ quá" in refused.output
    assert [file.name for file in office.glob("dot-*")] == ["dot-1-tem-1-6.zpl"]


def test_recall_needs_the_province(office: Path) -> None:
    """A cooperative alone cannot recall; with its alliance it can, and the alliance of another province cannot."""
    batch = f"{HOLDER}/{PRODUCT}/{LOT}"
    recall = ("notice", "recall", "--batch", batch, "--reason", "contamination", "--by", HOLDER)
    assert "cùng ký" in temthat(*recall, expect=1).output
    temthat(*recall, "--second", "LMHTX-LD", expect=1)
    temthat(*recall, "--second", ALLIANCE)


def test_papers_are_confirmed_by_the_holders_alliance(office: Path) -> None:
    """`paper list` names them; only the alliance above the holder confirms; withdrawing is possible."""
    listed = temthat("paper", "list", HOLDER).output
    code = next(word for word in re.findall(r"[A-Z0-9-]{4,}", listed) if "OCOP" in word)
    confirm = ("paper", "confirm", HOLDER, code, "--product", PRODUCT, "--person", "Cán bộ A", "--by")
    assert "không phụ trách" in temthat(*confirm, HOLDER, expect=1).output
    row = rf"{code}.*│\s*(\d)\s*│"
    for change, count in ((confirm, "1"), (("paper", "withdraw", *confirm[2:5], PRODUCT, "--by"), "0")):
        temthat(*change, ALLIANCE)
        listed = temthat("paper", "list", HOLDER).output
        found = re.search(row, listed)
        assert found, listed
        assert found[1] == count


def test_import_twice_changes_nothing_and_a_bad_file_is_refused_whole(office: Path) -> None:
    """Repeating an import is harmless; a file that is no workbook says what to send instead."""
    temthat("import", WORKBOOK)
    torn = office / "torn.xlsx"
    torn.write_bytes(WORKBOOK.read_bytes()[:3000])
    assert "Traceback" not in temthat("import", torn, expect=1).output
    assert "missing.xlsx" in temthat("import", office / "missing.xlsx", expect=1).output


def test_a_second_init_is_refused(office: Path) -> None:
    """A database that is set up keeps its alliance."""
    assert "set up already" in temthat("init", "--alliance", "X", "--phone", "0912345679", expect=1).output


def test_lost_master_key_is_told_with_the_way_back(office: Path) -> None:
    """Without the master key nothing is signed; the message names the file and the restore command."""
    (office / "data" / "master.key").unlink()
    output = order(office, "--count", 5, expect=1).output
    assert "master.key" in output.replace("\n", "")
    assert "temthat restore" in output.replace("\n", " ")


def test_another_master_key_is_told(office: Path) -> None:
    """A wrong master key registers nothing, and says that the one of this database is needed."""
    order(office, "--count", 5)
    key = office / "data" / "master.key"
    key.write_text("00112233445566778899aabbccddeeff" * 2)
    output = order(office, "--count", 5, expect=1).output.replace("\n", " ")
    assert "restore the master key" in output
    with closing(sqlite3.connect(office / "data" / "temthat.db")) as database:
        assert database.execute("select count(*) from run").fetchone() == (1,)


def test_api_key_person_and_template(office: Path) -> None:
    """Keys and people are made for an organisation by its code; the template is a workbook."""
    assert "API key: tt_till_" in temthat("api-key", HOLDER, "--role", "till").output
    assert "mật khẩu" in temthat("person", HOLDER, "0987654321", "--role", "clerk").output
    temthat("person", "KHONG-CO", "0987654322", expect=1)
    temthat("template", office / "so.xlsx")
    assert (office / "so.xlsx").read_bytes()[:2] == b"PK"
