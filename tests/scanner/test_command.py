"""`temthat scan` as a till and an inspector use it, offline: real pictures, real trust data, real exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from temthat.main import app
from temthat_scanner.judging import STRANGE, ServiceUnreachable, read_answer

from .conftest import World

runner = CliRunner()
Picture = Callable[..., Path]


def scan(*arguments: object, stdin: str = "") -> tuple[int, list[dict[str, Any]]]:
    result = runner.invoke(app, ["scan", "--json", *map(str, arguments)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def test_genuine_stamp_in_a_picture_offline(world: World, picture: Picture) -> None:
    """A genuine stamp gives `genuine_offline`, what it is about, and exit code 0."""
    path = picture("good.png", world.stamp(1, 7))
    code, [line] = scan("--trust", world.folder, path)
    assert code == 0
    assert line["verdict"] == "genuine_offline"
    assert line["source"] == str(path)
    assert line["stamp"]["run"] == 1
    assert line["stamp"]["serial"] == 7
    assert line["product"]["name"] == "Mật ong bạc hà (mẫu)"
    assert line["issuer"]["name"] == "HTX Mẫu"


def test_a_stamp_moved_to_another_product_is_seen(world: World) -> None:
    """A good stamp names product, pack form, lot and last day: in the record, and to the person who holds the pack."""
    _, [line] = scan("--trust", world.folder, stdin=world.stamp(1, 7))
    assert line["product"] == {"name": "Mật ong bạc hà (mẫu)", "pack_form": "Chai 500 ml"}
    assert (line["batch"]["lot"], line["batch"]["expires_on"]) == ("L01", "2100-01-01")
    told = runner.invoke(app, ["scan", "--trust", str(world.folder)], input=world.stamp(1, 7)).output
    assert "Mật ong bạc hà (mẫu) · Chai 500 ml" in told
    assert "Lô L01 · HSD 01/01/2100" in told
    assert "So ảnh và quy cách với gói hàng" in told


@pytest.mark.parametrize(
    ("make", "verdict", "exit_code"),
    [
        (lambda w: w.stamp(1, 12), "revoked", 2),
        (lambda w: w.stamp(2, 1), "expired", 1),
        (lambda w: w.stamp(1, 101), "forged", 2),
        (lambda w: w.forge(1, 1), "forged", 2),
        (lambda w: w.stamp(3, 1), "cannot_tell", 3),
        (lambda w: "https://example.com/", "not_ours", 3),
        (lambda w: w.stamp(1, 7).replace("QR.TEMTHAT.EXAMPLE", "EVIL.EXAMPLE"), "genuine_offline", 0),
    ],
)
def test_each_kind_of_stamp_has_its_verdict_and_exit_code(
    world: World, make: Callable[[World], str], verdict: str, exit_code: int
) -> None:
    """What a USB scanner types is judged like a picture; the exit code says how grave it is."""
    code, [line] = scan("--trust", world.folder, stdin=make(world) + "\n")
    assert (line["verdict"], code) == (verdict, exit_code)


def test_foreign_host_is_told(world: World) -> None:
    """A good stamp under another host stays genuine and says so."""
    text = world.stamp(1, 7).replace("QR.TEMTHAT.EXAMPLE", "EVIL.EXAMPLE")
    _, [line] = scan("--trust", world.folder, stdin=text)
    assert {"key": "foreign_host", "value": "evil.example"} in line["reasons"]


def test_several_stamps_in_one_picture(world: World, picture: Picture) -> None:
    """Each symbol of a picture is a line; the gravest decides the exit code."""
    path = picture("three.png", world.stamp(1, 1), world.stamp(1, 2), world.forge(1, 3))
    code, lines = scan("--trust", world.folder, path)
    assert sorted(line["verdict"] for line in lines) == ["forged", "genuine_offline", "genuine_offline"]
    assert code == 2


def test_folder_with_a_picture_without_code_and_a_broken_one(
    world: World, picture: Picture, tmp_path: Path
) -> None:
    """A picture without a readable symbol has text null; a broken file says why; neither stops the rest."""
    picture("a.png", world.stamp(1, 1))
    picture("b.png")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    code, lines = scan("--trust", world.folder, tmp_path)
    by_name = {Path(line["source"]).name: line for line in lines}
    assert by_name["a.png"]["verdict"] == "genuine_offline"
    assert by_name["b.png"]["text"] is None
    assert "error" not in by_name["b.png"]
    assert by_name["c.png"]["text"] is None
    assert by_name["c.png"]["error"]
    assert code == 3


def test_a_number_inside_a_qr_code_is_somebody_elses(world: World, picture: Picture) -> None:
    """Sixteen letters and digits in a picture are not ours; only a typed number is read as one."""
    code, [line] = scan("--trust", world.folder, picture("other.png", "ABCD1234EFGH5678"))
    assert (line["verdict"], line["text"], code) == ("not_ours", "ABCD1234EFGH5678", 3)


def test_several_lines_typed(world: World) -> None:
    """Standard input is read line by line; empty lines are passed over."""
    code, lines = scan("--trust", world.folder, stdin=f"{world.stamp(1, 1)}\r\n\n{world.stamp(1, 2)}\n")
    assert [line["stamp"]["serial"] for line in lines] == [1, 2]
    assert code == 0


def test_printed_number_offline(world: World) -> None:
    """A well-formed number needs the service; a slip in it is told as such, not as a verdict on the stamp."""
    from temthat_stamps.number import Number

    number = Number(1, 7, 12345)
    code, [line] = scan("--trust", world.folder, stdin=number.grouped)
    assert (line["verdict"], code) == ("cannot_tell", 3)
    wrong = "1" if str(number)[-1] != "1" else "2"
    code, [line] = scan("--trust", world.folder, stdin=str(number)[:-1] + wrong)
    assert (line["verdict"], code) == ("mistyped", 3)


def test_service_down_without_trust_data_is_a_message() -> None:
    """A service that does not answer ends with exit code 4 and names the way out."""
    result = runner.invoke(app, ["scan", "--server", "http://127.0.0.1:9"], input="x\n")
    assert result.exit_code == 4
    assert "Dùng --trust" in result.output
    assert "Use --trust" in result.output


@pytest.mark.parametrize(
    "option", [("--api-key", "khóa"), ("--server", "http://127.0.0.1:9\n/"), ("--server", "http://tem..vn")]
)
def test_what_cannot_be_sent_is_a_message(option: tuple[str, str]) -> None:
    """A key with letters that no key has, an address that is none."""
    arguments = ["scan", "--server", "http://127.0.0.1:9", *option]
    result = runner.invoke(app, arguments, input="https://qr.example/T/AAAA\n")
    assert (result.exit_code, "Dùng --trust" in result.output) == (4, True)


@pytest.mark.parametrize(
    ("status", "page", "said"),
    [
        (502, b"<html>Bad Gateway</html>", "HTTP 502"),
        (404, b"[]", "HTTP 404"),
        (200, b"<html>Sign in</html>", STRANGE),
        (200, b"[" * 100_000, STRANGE),
    ],
)
def test_a_page_of_somebody_else_is_no_answer(status: int, page: bytes, said: str) -> None:
    """A proxy's or a guest network's: told by its status, not by where its JSON is broken."""
    with pytest.raises(ServiceUnreachable) as refused:
        read_answer(httpx.Response(status, content=page))
    assert str(refused.value) == said
    assert said in refused.value.vi
    assert said in refused.value.en


def test_a_till_goes_on_after_a_line_without_an_answer() -> None:
    """Each typed line is answered, if only with what went wrong; the exit code says that the scanner could not work."""
    code, lines = scan("--server", "http://127.0.0.1:9", stdin="one\ntwo\n")
    assert [(line["text"], line["verdict"]) for line in lines] == [("one", None), ("two", None)]
    assert all(line["error"] for line in lines)
    assert code == 4


def test_service_down_falls_back_to_trust_data(world: World) -> None:
    """With both given, a dead line means an offline verdict."""
    code, [line] = scan("--server", "http://127.0.0.1:9", "--trust", world.folder, stdin=world.stamp(1, 1))
    assert (line["verdict"], code) == ("genuine_offline", 0)


def test_words_for_a_person(world: World) -> None:
    """Without --json a person reads the verdict, the product and what to do, in the language asked for."""
    result = runner.invoke(app, ["scan", "--trust", str(world.folder)], input=world.stamp(1, 12))
    assert "Tem đã bị hủy" in result.output
    english = runner.invoke(
        app, ["scan", "--trust", str(world.folder), "--lang", "en"], input=world.stamp(1, 12)
    )
    assert "Stamp withdrawn" in english.output


def test_it_works_without_what_the_service_and_cameras_need(world: World, picture: Picture) -> None:
    """A till installs the scanner alone: a picture and a line are judged where nothing else can be imported."""
    absent = (
        "sqlalchemy",
        "alembic",
        "fastapi",
        "uvicorn",
        "jinja2",
        "openpyxl",
        "fontTools",
        "cv2",
        "numpy",
    )
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r})); sys.argv[0] = 'temthat'; "
        "from temthat.main import main; main()"
    )
    path = picture("good.png", world.stamp(1, 7))
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", "--json", "--trust", str(world.folder), str(path), "-"],
        input=world.stamp(1, 12), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["genuine_offline", "revoked"]
