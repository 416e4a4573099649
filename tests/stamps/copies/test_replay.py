"""Replaying a scan log: the format stated in docs/copies.md, torn lines, labels that change nothing."""

import datetime as dt
import json
import random
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from temthat_stamps.copies.command import app
from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.replay import Replay, Stopped

runner = CliRunner()
PLACES = ("01", "79", "48", [10.03, 105.78], "40", "46")


def row(day: float, stamp: str, visitor: str | None, place: Any = "01", **rest: Any) -> dict[str, Any]:
    hour, date = int(day % 1 * 24), int(day) + 1
    at = f"2026-{3 + date // 28:02}-{date % 28 + 1:02}T{hour:02}:00:00+07:00"
    return {
        "at": at,
        "stamp": stamp,
        "kind": "consumer",
        "event": "check",
        "visitor": visitor,
        "place": place,
    } | rest


COPIED = [row(2.3 * n, "copy", f"v{n}", PLACES[n % 6], truth="copied") for n in range(12)]
GENUINE = [row(5, "one", "a", truth="genuine"), row(9, "one", "b", truth="genuine"), row(9.5, "one", None)]
LOG = sorted(COPIED + GENUINE, key=lambda r: str(r["at"]))


def lines(rows: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(r).encode() + b"\n" for r in rows]


def replayed(
    log: list[bytes], stop: bool = False
) -> tuple[list[dict[str, Any]], dict[str, Any], list[tuple[int, str]]]:
    bad: list[tuple[int, str]] = []
    run = Replay(Model(), lambda number, error: bad.append((number, error.rule)), stop)
    run.read(log)
    return list(run.results()), run.summary(), bad


def test_each_stamp_has_one_line_and_the_summary_its_rates() -> None:
    """Names, order and meaning of what is printed."""
    results, summary, bad = replayed(lines(LOG))
    assert bad == []
    by_stamp = {r["stamp"]: r for r in results}
    assert [list(r) for r in results] == [["stamp", "checks", "suspect_check", "suspect_at", "score"]] * 2
    assert by_stamp["one"]["checks"] == 3
    assert by_stamp["one"]["suspect_check"] is None
    assert by_stamp["one"]["suspect_at"] is None
    assert by_stamp["copy"]["checks"] == 12
    assert by_stamp["copy"]["suspect_check"] in range(4, 8)
    assert by_stamp["copy"]["suspect_at"] in {r["at"] for r in COPIED}
    assert by_stamp["copy"]["score"] > by_stamp["one"]["score"]
    assert summary["false_rate"] == 0
    assert summary["true_rate"] == 1
    assert summary["delay_phones_median"] == by_stamp["copy"]["suspect_check"]
    assert summary["delay_days_median"] > 0


def test_the_truth_is_used_for_the_summary_alone() -> None:
    """Labels turned around or left out: every stamp has the same line."""
    turned = [{**r, "truth": "copied" if r.get("truth") == "genuine" else "genuine"} for r in LOG]
    bare = [{k: v for k, v in r.items() if k != "truth"} for r in LOG]
    wanted, _, _ = replayed(lines(LOG))
    assert replayed(lines(turned))[0] == wanted
    results, summary, _ = replayed(lines(bare))
    assert results == wanted
    assert summary["false_rate"] is None
    assert summary["true_rate"] is None


def test_torn_and_impossible_lines_are_told_and_left_out() -> None:
    """The line's number and the reason; the rest is scored as if they were not there."""
    log = lines(LOG)
    torn = [
        *log[:3], log[3][:40], *log[3:6], b"\xff\xfe\n", b"[]\n", b"\n", *log[6:],
        *lines([row(1, "one", "x", kind="thief"), row(1, "one", "x", place="99")]),
        *lines([row(1, "", "x"), row(1, "one", "x", truth=1)]),
        log[0][:-20],
    ]  # fmt: skip
    results, summary, bad = replayed(torn)
    assert bad == [
        (4, "line"),
        (8, "line"),
        (9, "line"),
        (20, "kind"),
        (21, "place"),
        (22, "stamp"),
        (23, "truth"),
        (24, "line"),
    ]
    wanted, before, _ = replayed(log)
    assert results == wanted
    assert summary["refused"] == 8
    assert summary["events"] == before["events"]


def test_it_stops_as_asked() -> None:
    """At the first bad line, with its number."""
    with pytest.raises(Stopped) as stopped:
        replayed([*lines(LOG[:2]), b"{", *lines(LOG[2:])], stop=True)
    assert stopped.value.line == 3
    assert isinstance(stopped.value.cause, BadEvent)


def test_repeated_and_shuffled_lines_give_the_same() -> None:
    """Double delivery, and any order within a week."""
    week = [r for r in COPIED if str(r["at"]) < "2026-03-08"] + GENUINE[:1]
    shuffled = week + week[:2]
    random.Random(3).shuffle(shuffled)
    wanted, _, _ = replayed(lines(week))
    results, summary, _ = replayed(lines(shuffled))
    assert sorted(results, key=str) == sorted(wanted, key=str)
    assert summary["repeated"] == 2


def test_the_command_prints_json_lines_with_the_summary_last(tmp_path: Path) -> None:
    """`temthat copies replay FILE --json`: only JSON on standard output; bad lines on standard error."""
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"".join([*lines(LOG), b'{"at": "2026']))
    done = runner.invoke(app, ["replay", str(file), "--json"])
    assert done.exit_code == 0, done.output
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(printed[-1]) == {"summary"}
    assert printed[-1]["summary"]["stamps"] == len(printed) - 1 == 2
    assert "Dòng 16:" in done.stderr
    assert "Line 16:" in done.stderr
    stopped = runner.invoke(app, ["replay", str(file), "--json", "--stop"])
    assert stopped.exit_code == 1
    assert stopped.stdout == ""
    assert "copy: " in runner.invoke(app, ["replay", str(file)]).stdout
    assert runner.invoke(app, ["replay", str(tmp_path / "none")]).exit_code == 2


def test_what_a_log_says_never_steers_the_terminal(tmp_path: Path) -> None:
    """A stamp's name and a wrong value are shown, not obeyed."""
    file = tmp_path / "log.jsonl"
    evil = [{**entry, "stamp": "\x1b[2J\ud800x"} for entry in LOG if entry["stamp"] == "copy"]
    file.write_bytes(b"".join([*lines(evil), *lines([{**evil[0], "kind": "\x1b[2J"}])]))
    done = runner.invoke(app, ["replay", str(file)])
    assert done.exit_code == 0
    assert "[2J" in done.stdout
    assert "[2J" in done.stderr
    assert "\x1b" not in done.output + done.stderr


def test_simulate_and_replay_fit_together() -> None:
    """A small world goes through standard input and is told apart."""
    made = runner.invoke(app, ["simulate", "--scale", "0.01", "--seed", "5", "--floods", "1"])
    assert made.exit_code == 0
    assert (
        made.stdout
        == runner.invoke(app, ["simulate", "--scale", "0.01", "--seed", "5", "--floods", "1"]).stdout
    )
    done = runner.invoke(app, ["replay", "-", "--json"], input=made.stdout)
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert summary["refused"] == summary["late"] == 0
    assert summary["genuine"] == 201
    assert summary["copied"] == 4
    assert summary["false_suspects"] == 0


def test_files_of_assumptions_and_priors_that_are_none_are_said(tmp_path: Path) -> None:
    """A missing or wrong TOML file is one sentence, no traceback."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[ordinary]\n", "utf-8")
    assert runner.invoke(app, ["simulate", "--assumptions", str(wrong)]).exit_code == 2
    assert runner.invoke(app, ["replay", "-", "--habits", str(wrong)], input="").exit_code == 2


SHIPPED = {
    "--habits": resources.files("temthat_stamps.copies").joinpath("priors.toml"),
    "--assumptions": resources.files("temthat_stamps.copies.simulate").joinpath("assumptions.toml"),
}
WRONG_VALUES = [
    ("--habits", r"^weight = .*", 'weight = "x"'),
    ("--habits", r"^again = .*", "again = []"),
    ("--habits", r"^gap.far = .*", "gap.far = [0.5, 0.5]"),
    ("--habits", r"^\[copied\.rush\]", "[copied.another]\nweight = 0.1\n[copied.rush]"),
    ("--habits", r"^one_in = .*", "one_in = 1"),
    ("--assumptions", r"^start = .*", 'start = "spring"'),
    ("--assumptions", r"^buyer = .*", ""),
    ("--assumptions", r"^again = .*", "again = 1.0"),
    ("--assumptions", r"^fair_days = .*", "fair_days = 3"),
    ("--assumptions", r'^"79" = ', '"99" = '),
]


@pytest.mark.parametrize(("option", "line", "wrong"), WRONG_VALUES)
def test_a_changed_file_that_cannot_be_used_says_why(
    tmp_path: Path, option: str, line: str, wrong: str
) -> None:
    """Whoever puts figures of their own into a copy of these files may slip: told before anything is made."""
    file = tmp_path / "own.toml"
    changed, times = re.subn(line, wrong, SHIPPED[option].read_text("utf-8"), flags=re.MULTILINE)
    assert times
    file.write_text(changed, "utf-8")
    command = ["replay", "-"] if option == "--habits" else ["simulate", "--scale", "0.001"]
    done = runner.invoke(app, [*command, option, str(file)], input="")
    assert done.exit_code == 2
    assert "own.toml" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("day", range(1, 8))
def test_a_line_up_to_a_week_late_is_scored_and_none_after(day: int) -> None:
    """On whatever day of the week the log ends."""
    newest = dt.datetime(2026, 6, day, 12, tzinfo=dt.UTC)
    for late, counted in ((dt.timedelta(days=7), "events"), (dt.timedelta(days=7, seconds=1), "late")):
        run = Replay(Model(), lambda *_: None)
        said = [{"stamp": "a", "kind": "consumer", "event": "check", "visitor": str(n)} for n in range(3)]
        times = (newest - dt.timedelta(days=20), newest, newest - late)
        run.read(lines([{**one, "at": at.isoformat()} for one, at in zip(said, times, strict=True)]))
        summary = run.summary()
        assert (summary["events"], summary["late"]) == ((3, 0) if counted == "events" else (2, 1))
