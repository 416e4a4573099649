"""What waits to be sent, as a person reads it: how much, since when, and what the service would not take."""

import datetime as dt

from rich.console import Console
from rich.markup import escape

from temthat_scanner.queue import QueueError, Waiting
from temthat_scanner.reporting import write_line
from temthat_scanner.sending import Flushed, Sender
from temthat_stamps.texts import Lang, say, visible
from temthat_stamps.verdict import HANOI, Verdict

_SHOWN = 20
"""Events told one by one; more are counted."""

NOTHING, SOMETHING, BROKEN = 0, 1, 4
"""Exit codes, as those of a scan: nothing waits; something does, or was refused; the file cannot be used."""


def tell_flushed(done: Flushed, lang: Lang, errors: Console) -> None:
    """Say what became of events that had waited; nothing if none did."""
    if done.sent or done.refused:
        vi, en = f"Đã gửi {done.sent} mục chờ.", f"Sent {done.sent} that waited."
        if done.refused:
            vi, en = (
                f"{vi} {done.refused} mục bị từ chối, xem --waiting.",
                f"{en} {done.refused} refused: see --waiting.",
            )
        errors.print(vi if lang == "vi" else en, style="yellow" if done.refused else "green")
    for code, word in done.strange[:_SHOWN]:
        title = say(Verdict(word), lang).title
        errors.print(escape(visible(f"  …{code[-12:]}: {title}")), style="yellow")


def show_waiting(
    sender: Sender, forget: str | None, json_lines: bool, lang: Lang, console: Console, errors: Console
) -> int:
    """Drop what somebody wants dropped, send what can be sent, and show what is left; the exit code."""
    try:
        if forget is not None and not sender.queue.forget(forget):
            errors.print(visible(f"Không có mục nào mang id {forget} / nothing has that id."), style="yellow")
        done = sender.flush()
        waiting, refused = sender.queue.waiting(), sender.queue.refused()
    except QueueError as error:
        errors.print(visible(error.vi), style="red")
        errors.print(visible(error.en))
        return BROKEN
    tell_flushed(done, lang, errors)
    if done.problem:
        errors.print(visible(f"Chưa gửi được / not sent: {done.problem}"), style="yellow")
    if json_lines:
        for one in (*waiting, *refused):
            write_line(one.body | {"refused": one.refused})
    else:
        _print(waiting, refused, lang, console)
    return SOMETHING if waiting or refused else NOTHING


def _print(waiting: list[Waiting], refused: list[Waiting], lang: Lang, console: Console) -> None:
    vi = lang == "vi"
    if not waiting and not refused:
        console.print("Không có gì chờ gửi." if vi else "Nothing waits.")
    if waiting:
        since = _told(waiting[0])
        told = f"{len(waiting)} mục chờ gửi, từ {since}." if vi else f"{len(waiting)} wait, since {since}."
        console.print(escape(visible(told)))
    if refused:
        console.print(f"{len(refused)} mục bị từ chối:" if vi else f"{len(refused)} were refused:")
    for one in refused[:_SHOWN]:
        told = (
            f"  {one.id}  {one.body.get('event', '')}  …{str(one.body.get('code', ''))[-12:]}: {one.refused}"
        )
        console.print(escape(visible(told)), soft_wrap=True)
    if refused:
        hint = (
            "Xem xong thì bỏ bằng --waiting --forget ID."
            if vi
            else "Once seen to, drop one: --waiting --forget ID."
        )
        console.print(hint, style="dim")


def _told(one: Waiting) -> str:
    """When it happened, in Vietnam's time."""
    try:
        at = dt.datetime.fromisoformat(str(one.body.get("at", "")))
    except ValueError:
        return "?"
    return f"{at.astimezone(HANOI):%H:%M %d/%m/%Y}"
