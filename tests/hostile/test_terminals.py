"""What a terminal shows: nothing in a code, a cell or a file name can paint, hide or break it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import qrcode
from openpyxl import Workbook
from typer.testing import CliRunner

from temthat.main import app
from temthat_stamps.texts import visible

from .serving import ROOT, environment

PAINT = "\x1b[2J\x1b[H ✔ Tem thật \x9b1m\x07\u202e\u2066"
MARKUP = ["[/red]", "[bold", "[link=x]y[/link]", "[/]", "\\[/x]", "[@click=exit]"]


def typed_into(stdin: bytes, **locale: str) -> tuple[int, str]:
    """Exit code and everything `temthat scan` writes, as a process in that locale."""
    env = {**os.environ, "PYTHONIOENCODING": "", **locale}
    command = [sys.executable, "-m", "temthat", "scan"]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, env=env, timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode()


def temthat(*arguments: object, **env: str) -> tuple[int, str]:
    """Exit code and everything written by a command in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, result.output


def check_harmless(written: str) -> None:
    for character in PAINT:
        if not character.isprintable():
            assert character not in written, repr(character)


def test_visible_leaves_every_vietnamese_letter() -> None:
    """And takes what steers."""
    assert visible("Chè Thái Nguyên, ế ữ ợ · 5 %") == "Chè Thái Nguyên, ế ữ ợ · 5 %"
    assert not any(c in visible(PAINT) for c in "\x1b\x9b\x07\u202e\u2066")


def test_a_qr_code_cannot_paint_a_verdict(tmp_path: Path) -> None:
    """Its text is somebody else's, and is shown without its escape sequences; so is the name of the file."""
    picture = tmp_path / f"a{PAINT}[red].png"
    with picture.open("wb") as file:
        qrcode.make(PAINT).save(file)
    code, written = temthat("scan", picture)
    assert code == 3
    assert "không phải tem" in written
    check_harmless(written)


@pytest.mark.parametrize("locale", ["C", "en_US.UTF-8"])
def test_whatever_is_typed(locale: str) -> None:
    """Bytes that are no text, controls, markup: each is not ours, and the next line is read."""
    typed = (
        b"\xff\xfe\x80\n\x00\x1b]0;x\x07\n"
        + "\n".join([PAINT, *MARKUP, "x" * 100_000]).encode()
        + b"\n\xed\xa0\x80"
    )
    code, written = typed_into(typed, LC_ALL=locale, PYTHONUTF8="0")
    assert "Traceback" not in written
    assert code == 3
    assert written.count("Đây không phải tem") == 4 + len(MARKUP) + 1
    check_harmless(written)


def test_names_are_no_markup(tmp_path: Path) -> None:
    """A missing folder or file with brackets in its name is told, not interpreted."""
    name = tmp_path / " ".join(MARKUP)
    code, written = temthat("scan", "--trust", name)
    assert code == 4
    assert str(name) in written
    code, written = temthat("import", name, **environment(tmp_path))
    assert code == 1
    assert str(name) in written


def test_a_workbook_cannot_paint_its_report(tmp_path: Path) -> None:
    """Cells and names of sheets with markup and controls stand in the report as text, every one of them."""
    temthat("init", "--alliance", "Liên minh", "--phone", "0912345678", **environment(tmp_path))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Lô"
    sheet.append(["Mã sản phẩm *", "Số lô *", "Số lượng *", "Đơn vị", "Ngày sản xuất *"])
    for text in [*MARKUP, "_x001B_[2J_x0007_", "\u202e123"]:
        sheet.append([text, text, text, text, text])
    out = io.BytesIO()
    book.save(out)
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    code, written = temthat("import", tmp_path / "a.xlsx", **environment(tmp_path))
    assert code == 1
    assert "chưa nhập gì" in written
    assert "[/red]" in written
    check_harmless(written)
