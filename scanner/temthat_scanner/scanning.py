"""One code after the other: judged, shown, and the gravest answer as the exit code."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console

from temthat_scanner.decoding import zbar_hint
from temthat_scanner.judging import Answer, Judge, ServiceUnreachable, not_ours
from temthat_scanner.queue import QueueError
from temthat_scanner.reporting import (
    await_first,
    clear_screen,
    fill_screen,
    report,
    report_nothing,
    write_line,
)
from temthat_scanner.sources import Seen
from temthat_stamps.errors import TrustError
from temthat_stamps.number import looks_like_number
from temthat_stamps.texts import Lang, visible
from temthat_stamps.verdict import Word

GOOD, ATTENTION, STOP, UNKNOWN, BROKEN = range(5)
"""Exit codes: every stamp genuine; look at one; do not sell one; one could not be told; the scanner could not work."""

_CODE_OF = {
    Word.GENUINE: GOOD,
    Word.GENUINE_OFFLINE: GOOD,
    Word.NOT_APPLIED: ATTENTION,
    Word.EXPIRED: ATTENTION,
    Word.SUSPECT_COPY: ATTENTION,
    Word.SOLD: ATTENTION,
    Word.CLAIMED: ATTENTION,
    Word.FORGED: STOP,
    Word.RECALLED: STOP,
    Word.REVOKED: STOP,
    Word.CANNOT_TELL: UNKNOWN,
    Word.NOT_OURS: UNKNOWN,
}
_GRAVITY = (GOOD, UNKNOWN, ATTENTION, BROKEN, STOP)

NoAnswer = ServiceUnreachable | TrustError | QueueError
"""Why a code has no answer."""


@dataclass(frozen=True)
class Output:
    """How answers are shown."""

    json_lines: bool
    till: bool
    console: Console
    errors: Console
    lang: Lang

    @property
    def fills_screen(self) -> bool:
        """Whether each verdict takes the whole screen."""
        return self.till and not self.json_lines

    def show(self, source: str, answer: Answer) -> None:
        """An answer: the whole screen, a panel, or a line of JSON."""
        if self.fills_screen:
            fill_screen(answer, self.console, self.lang)
        else:
            report(source, answer, self.json_lines, self.console)

    def show_failure(self, seen: Seen, error: NoAnswer) -> None:
        """That a code has no answer, and what to do."""
        if self.fills_screen:
            clear_screen(self.console)
        say(self.errors, error.vi, error.en, "red")
        if self.json_lines and seen.is_live:
            write_line({"source": seen.source, "text": seen.text, "verdict": None, "error": str(error)})


def scan_all(seen: Iterable[Seen], judge: Judge, output: Output) -> int:
    """Answer each; the exit code. A picture without an answer ends it, a till goes on to the next pack."""
    worst = GOOD
    hint = zbar_hint(output.lang)
    if output.fills_screen:
        await_first(output.console, output.lang)
    for one in seen:
        code = UNKNOWN
        if one.text is None:
            report_nothing(one.source, one.problem, output.json_lines, output.console, output.lang)
            if hint and not one.problem:
                output.errors.print(hint, style="dim")
                hint = None
        else:
            try:
                answer = _ask(judge, one, one.text, output.lang)
            except (ServiceUnreachable, TrustError, QueueError) as error:
                output.show_failure(one, error)
                worst = max(worst, BROKEN, key=_GRAVITY.index)
                if not one.is_live:
                    return worst
                continue
            code = UNKNOWN if answer.verdict is None else _CODE_OF[answer.verdict.word]
            output.show(one.source, answer)
        worst = max(worst, code, key=_GRAVITY.index)
    return worst


def say(errors: Console, vi: str, en: str, style: str) -> None:
    """Something beside the answers, in both languages."""
    errors.print(visible(vi), style=style)
    errors.print(visible(en))


def _ask(judge: Judge, seen: Seen, text: str, lang: Lang) -> Answer:
    # A printed number is typed, never in a QR code: what looks like one there is somebody else's.
    if not seen.is_typed and looks_like_number(text):
        return not_ours(text, lang)
    return judge.ask(text)
