"""The whole screen of a till: the word, the colour, the bell, and ready for the next."""

from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from temthat.main import app
from temthat_scanner.judging import OfflineJudge
from temthat_scanner.reporting import fill_screen
from temthat_scanner.trustdata import open_trust
from temthat_stamps.texts import Lang
from temthat_stamps.verdict import Asker

from .conftest import World


def screen(world: World, text: str, lang: Lang = "vi") -> str:
    trust = open_trust(world.folder, None, None, None, lambda vi, en: None)
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=80, color_system="truecolor")
    fill_screen(OfflineJudge(trust, Asker.TILL, lang).ask(text), console, lang)
    return out.getvalue()


@pytest.mark.parametrize(
    ("serial", "word", "bells", "back"),
    [(7, "○  TEM", 1, "37;44m"), (12, "✖  TEM ĐÃ BỊ HỦY", 3, "48;5;160m")],
    ids=["good", "withdrawn"],
)
def test_each_tone_has_its_colour_and_bell(
    world: World, serial: int, word: str, bells: int, back: str
) -> None:
    """Seen and heard; then the screen waits for the next pack."""
    told = screen(world, world.stamp(1, serial))
    assert told.startswith("\x1b[2J\x1b[H") or told.startswith("\x1b[H\x1b[2J")
    assert word in told
    assert back in told
    assert told.count("\a") == bells
    assert "Sẵn sàng" in told
    assert "Ready" in screen(world, world.stamp(1, serial), "en")


def test_a_strange_code_steers_no_terminal(world: World) -> None:
    """What it says is shown, not obeyed."""
    assert "\x1b]0;" not in screen(world, "https://example.com/\x1b]0;genuine\a")


def test_a_pack_without_an_answer_does_not_stand_under_the_last_ones_verdict() -> None:
    """The screen is cleared and says what is wrong."""
    arguments = ["scan", "--till", "--server", "http://127.0.0.1:9"]
    result = CliRunner(env={"FORCE_COLOR": "1", "TERM": "xterm"}).invoke(app, arguments, input="one\ntwo\n")
    assert result.exit_code == 4
    assert result.stdout.count("\x1b[2J") == 3
    assert result.stderr.count("Máy chủ không cho kết quả") == 2


def test_the_command_shows_one_screen_a_code(world: World) -> None:
    """`--till`: ready, then an answer a line typed; `--json` wins, for software reads no screens."""
    stdin = f"{world.stamp(1, 7)}\n{world.stamp(1, 12)}\n"
    arguments = ["scan", "--till", "--trust", str(world.folder)]
    result = CliRunner().invoke(app, arguments, input=stdin)
    assert result.exit_code == 2
    assert result.output.count("Sẵn sàng") == 3
    assert CliRunner().invoke(app, [*arguments, "--json"], input=stdin).output.count('{"source"') == 2


def test_a_line_in_another_alphabet_stops_no_till(world: World) -> None:
    """Bytes that are no UTF-8 are somebody else's code; the next pack gets its answer."""
    stdin = b"\xff\xfe\n" + world.stamp(1, 7).encode() + b"\n"
    result = CliRunner().invoke(app, ["scan", "--json", "--trust", str(world.folder)], input=stdin)
    assert [line.split('"verdict": ')[1][:12] for line in result.stdout.splitlines() if line[0] == "{"] == [
        '"not_ours", ',
        '"genuine_off',
    ]
