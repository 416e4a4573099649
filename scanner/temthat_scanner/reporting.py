"""One answer as a line of JSON, as a panel for a person, and as the whole screen of a till."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import typer
from rich.align import Align
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from temthat_scanner.judging import Answer
from temthat_stamps.texts import Lang, visible
from temthat_stamps.verdict import Word

BROKEN_PIPE = 4
"""Exit code when nobody reads the answers any more."""

_STYLE = {
    "good": "bold white on green4",
    "calm": "bold white on blue",
    "warn": "bold black on orange1",
    "stop": "bold white on red3",
}
_SIGNS = {"good": "✔", "calm": "○", "warn": "!", "stop": "✖"}
_READY = {"vi": "Sẵn sàng: quét tem tiếp theo.", "en": "Ready: scan the next stamp."}


class Aside(Console):
    """What is said beside the answers. Where nobody reads it, or no disk has room for it, the till goes on."""

    def __init__(self) -> None:
        super().__init__(
            stderr=True, soft_wrap=True, markup=False, highlight=False
        )  # "[/x]" in a path is no mark

    def print(self, *objects: Any, **how: Any) -> None:
        """As far as it can be written."""
        with suppress(OSError):
            super().print(*objects, **how)

    def on_broken_pipe(self) -> None:
        """Rich would end the thread, and turn the answers away with it."""
        self.quiet = True


def line_of(source: str, answer: Answer) -> dict[str, Any]:
    """The answer as JSON values: what `--json` writes and the local interface for point-of-sale software answers."""
    verdict = answer.verdict
    return {
        "source": source,
        "text": answer.text,
        "verdict": verdict.word.value if verdict else None if "told" in answer.record else "mistyped",
        "reasons": [asdict(reason) for reason in verdict.reasons] if verdict else [],
        "title": answer.saying.title,
        **answer.record,
    }


def report(source: str, answer: Answer, json_lines: bool, console: Console) -> None:
    """Write one answer: a line of JSON, or a panel."""
    if json_lines:
        write_line(line_of(source, answer))
        return
    saying = answer.saying
    lines = Text()
    lines.append(f" {_SIGNS.get(saying.tone, '')} {visible(saying.title)} ", style=_style(saying.tone))
    lines.append("\n").append(_words(answer))
    console.print(Panel(lines, title=Text(visible(source), style="dim"), title_align="left", expand=False))


def report_nothing(source: str, problem: str, json_lines: bool, console: Console, lang: Lang) -> None:
    """Say that there was no symbol, or why the picture could not be read."""
    if json_lines:
        line: dict[str, Any] = {"source": source, "text": None, "verdict": None}
        write_line(line | ({"error": problem} if problem else {}))
        return
    nothing = "Không đọc được mã QR nào trong ảnh." if lang == "vi" else "No readable QR code in the picture."
    console.print(Text(visible(f"{source}: {problem or nothing}"), style="yellow"))


def fill_screen(answer: Answer, console: Console, lang: Lang) -> None:
    """The verdict over the whole width, with a bell: one for good, two to look, three to stop."""
    saying = answer.saying
    word = Text(f"{_SIGNS.get(saying.tone, '')}  {visible(saying.title).upper()}", justify="center")
    band = Panel(Align.center(word, vertical="middle"), style=_style(saying.tone), height=7)
    console.clear()
    console.print(Group(band, Text(), _words(answer), Text(), Text(_READY[lang], style="dim")))
    good = answer.verdict is not None and answer.verdict.word in (Word.GENUINE, Word.GENUINE_OFFLINE)
    for _ in range(1 if good else 3 if saying.tone == "stop" else 2):
        console.bell()


def await_first(console: Console, lang: Lang) -> None:
    """An empty screen that says it is ready."""
    console.clear()
    console.print(Text(_READY[lang], style="dim"))


def clear_screen(console: Console) -> None:
    """For a pack without an answer: the verdict of the one before must not stand there as its own."""
    console.clear()
    for _ in range(2):
        console.bell()


def write_line(line: dict[str, Any]) -> None:
    """A line of JSON, at once."""
    try:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise typer.Exit(BROKEN_PIPE) from None


def _words(answer: Answer) -> Text:
    """What stands below the verdict: sentence, product, batch, what to do, why."""
    saying = answer.saying
    lines = Text(visible(saying.sentence))
    product, batch = answer.record.get("product") or {}, answer.record.get("batch") or {}
    if product.get("name"):
        pack = f" · {product['pack_form']}" if isinstance(product.get("pack_form"), str) else ""
        lines.append(f"\n{visible(str(product['name']) + pack)}", style="bold")
    elif batch:
        lines.append(
            "\nMáy này không có tên sản phẩm: so quy cách và hạn dùng. No product name here.", style="dim"
        )
    if batch:
        made = f"Lô {batch.get('lot') or '?'} · HSD {_day(str(batch.get('expires_on') or ''))}"
        lines.append(f"\n{visible(made)}")
    if saying.action:
        lines.append(f"\n→ {visible(saying.action)}")
    for sentence in answer.explained:
        lines.append(f"\n  · {visible(sentence)}", style="dim")
    return lines


def _style(tone: str) -> str:
    return _STYLE.get(tone, "bold")


def _day(iso: str) -> str:
    """An ISO date as people here write it."""
    return "/".join(reversed(iso.split("-"))) if iso else "—"
