"""`--camera`: packs held before it, moved, gone, another; unplugged and back; and what is said when there is none."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import temthat_scanner.camera
from temthat.main import app
from temthat_scanner.camera import Eye, read_stamps
from temthat_scanner.decoding import decode
from temthat_scanner.frames import NoCamera, shown, why_shut

from .conftest import World
from .films import RATE, SIZE, frame, network_camera, write_film

runner = CliRunner()
A, B, C = (f"HTTPS://QR.TEMTHAT.EXAMPLE/T/{letter * 122}" for letter in "ABC")
GONE = [frame()] * (2 * RATE)


class Enough(Exception):
    """Ends a camera that would go on for ever."""


def quiet(vi: str, en: str) -> None:
    raise AssertionError(en)


def held(text: str, seconds: float = 1) -> list[Image.Image]:
    """A pack moved through the view."""
    return [frame(text, x=40 + 5 * step) for step in range(round(seconds * RATE))]


def test_each_pack_is_read_once_while_it_is_held_there(tmp_path: Path) -> None:
    """Held, moved, gone, another, the first again; two at once, of which one leaves and comes back too soon."""
    frames = held(A, 2) + GONE + held(B) + GONE + held(A)
    both = [frame(B, C)] * RATE + [frame(B)] * 3 + [frame(B, C)] * RATE
    film = write_film(tmp_path / "film.avi", frames + GONE + both)
    assert list(read_stamps(str(film), quiet)) == [A, B, A, B, C]


class Pictures:
    """Frames from a list, an eighth of a second apart."""

    def __init__(self, pictures: list[Image.Image]) -> None:
        self._rest: Iterator[Image.Image] = iter(pictures)
        self._at = 0.0
        self._now: Image.Image | None = None

    def grab(self) -> bool:
        self._at += 0.125
        self._now = next(self._rest, None)
        return self._now is not None

    def now(self) -> float:
        return self._at

    def picture(self) -> Image.Image | None:
        return self._now

    def wait(self, seconds: float) -> None:
        raise AssertionError(seconds)


def test_what_the_quick_look_cannot_read_the_whole_chain_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blurred stamp, held: after some quick looks that read nothing, then each second while something moves."""
    tries: list[bool] = []

    def counted(picture: Image.Image, *, thorough: bool = True) -> list[object]:
        tries.append(thorough)
        return list(decode(picture, thorough=thorough))

    monkeypatch.setattr(temthat_scanner.camera, "decode", counted)
    blurred = frame(A, scale=4, blur=2.0)
    assert not decode(blurred, thorough=False)
    assert list(Eye().watch(Pictures([blurred] * 20))) == [A]
    assert tries.index(True) == 3
    tries.clear()
    assert list(Eye().watch(Pictures([frame()] * 42))) == []
    assert (len(tries), tries.count(True)) == (43, 1)  # nothing moves: within five seconds not again
    tries.clear()
    grey = [Image.new("L", SIZE, 100 + 30 * (step % 2)) for step in range(42)]
    assert list(Eye().watch(Pictures(grey))) == []
    assert tries.count(True) == 5


def test_a_network_camera_goes_and_comes_back() -> None:
    """Told once each, without the password in its address; the pack that lies there still is not read again."""
    said: list[str] = []
    with network_camera() as camera:

        def tell(vi: str, en: str) -> None:
            said.append(en)
            assert "secret" not in vi + en
            assert "hidden" not in vi + en
            if "unplugged" in en:
                camera.now = frame(A, B)
                camera.is_up = True

        stamps = read_stamps(camera.url, tell)
        camera.now = frame(A)
        assert next(stamps) == A
        camera.is_up = False
        assert next(stamps) == B
    assert [re.sub(r".* (was unplugged|cannot be opened|is back).*", r"\1", one) for one in said] in (
        ["was unplugged", "is back"],
        ["was unplugged", "cannot be opened", "is back"],
    )


@pytest.mark.parametrize(
    "camera",
    ["/dev/no-camera-here", "/dev/null", "http://127.0.0.1:9/video"],
    ids=["none", "other", "stream"],
)
def test_one_that_does_not_open_is_told_once_and_waited_for(
    camera: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise Enough

    monkeypatch.setattr("temthat_scanner.camera.time.sleep", sleep)
    with pytest.raises(Enough):
        next(read_stamps(camera, lambda vi, en: said.append(vi + en)))
    [told] = said
    assert "cannot be opened" in told
    assert "Vẫn đang chờ" in told


def test_no_permission_names_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "video7"
    device.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "nhóm video" in why_shut(str(device))[0]
    assert "group video" in why_shut(str(device))[1]


@pytest.mark.parametrize(
    "name", ["gopher://x/", "film.avi", "file:///etc/passwd", "concat:a|b", "", "rtsp", "9" * 12, "x" * 300]
)
def test_what_is_no_camera(name: str) -> None:
    with pytest.raises(NoCamera, match="is no camera"):
        next(read_stamps(name, quiet))


def test_a_film_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(b"no film at all" * 100)
    with pytest.raises(NoCamera, match="cannot be read"):
        next(read_stamps(str(path), quiet))


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("rtsp://u:p@10.0.0.7:554/live?pwd=x") == "rtsp://10.0.0.7:554/…"
    assert shown("rtsp://u:p@[fe80::1/live") == "rtsp://[fe80::1/…"
    assert shown("/dev/video0") == "/dev/video0"


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    result = runner.invoke(app, ["scan", "--camera", "0"])
    assert result.exit_code == 4
    assert result.output.count('pip install "temthat[camera]"') == 2


def test_opencv_is_loaded_only_for_a_camera() -> None:
    """A till without one has neither its memory nor its start to pay for."""
    code = "import temthat_scanner.command, sys; print('cv2' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_command_judges_and_sells_what_it_sees(world: World, tmp_path: Path) -> None:
    """By JSON lines, and with the whole screen and its bells; a number in a QR code is somebody else's."""
    film = write_film(
        tmp_path / "film.avi",
        held(world.stamp(1, 7)) + GONE + held(world.stamp(1, 12)) + GONE + held("ABCD1234EFGH5678"),
    )
    command = ["scan", "--trust", str(world.folder), "--camera", str(film)]
    result = runner.invoke(app, [*command, "--json", "--mark", "sold"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["source"], line["verdict"], line.get("told")) for line in lines] == [
        ("camera", "genuine_offline", "waiting"),
        ("camera", "revoked", "waiting"),
        ("camera", "not_ours", None),
    ]
    assert result.exit_code == 2
    screen = runner.invoke(app, [*command, "--till"]).output
    assert screen.count("Sẵn sàng") == 4
    assert "TEM ĐÃ BỊ HỦY" in screen


def test_nothing_of_a_frame_is_stored(world: World, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", held(world.stamp(1, 7)))
    runner.invoke(app, ["scan", "--trust", str(world.folder)], input="x\n")
    before = set(tmp_path.rglob("*"))
    runner.invoke(app, ["scan", "--trust", str(world.folder), "--camera", str(film)])
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("other", [("--serial", "/dev/x"), ("--listen", "0"), ("photo.jpg",)])
def test_one_source_at_a_time(other: tuple[str, ...]) -> None:
    """What would silently be left out ends the command."""
    result = runner.invoke(app, ["scan", "--camera", "0", *other])
    assert (result.exit_code, "Use only one of" in result.output) == (4, True)
