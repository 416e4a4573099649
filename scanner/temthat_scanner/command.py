"""`temthat scan`: pictures, folders, and what a USB scanner types, judged online or offline."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from temthat_scanner.decoding import decode, zbar_hint
from temthat_scanner.judging import (
    Answer,
    FallingBackJudge,
    Judge,
    OfflineJudge,
    OnlineJudge,
    ServiceUnreachable,
    not_ours,
)
from temthat_scanner.pictures import UnreadablePicture, list_pictures, open_frames
from temthat_scanner.queue import Queue, QueueError
from temthat_scanner.selling import Mark, Seller, Teller
from temthat_scanner.showing import show_waiting, tell_flushed
from temthat_scanner.trustdata import open_trust
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import TrustError
from temthat_stamps.number import looks_like_number
from temthat_stamps.texts import Lang, visible
from temthat_stamps.trust.roles import is_province
from temthat_stamps.verdict import Asker, Word

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
TYPED_LIMIT = 8_192
"""Characters of a typed line that are looked at; a stamp needs fewer than 300."""

_GRAVITY = (GOOD, UNKNOWN, ATTENTION, BROKEN, STOP)
_STYLE = {"good": "bold white on green4", "calm": "bold white on steel_blue", "warn": "bold black on orange1"}
_STYLE["stop"] = "bold white on red3"
_SIGNS = {"good": "✔", "calm": "○", "warn": "!", "stop": "✖"}


def scan(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Ảnh hoặc thư mục; “-” hoặc bỏ trống: đọc từ bàn phím.")
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Mỗi mã một dòng JSON. A JSON line per symbol.")
    ] = False,
    trust: Annotated[
        Path | None, typer.Option(help="Tệp hoặc thư mục dữ liệu tin cậy (không cần mạng).")
    ] = None,
    update: Annotated[
        str | None,
        typer.Option(
            help="Cập nhật thư mục --trust trước, từ địa chỉ máy chủ, USB hoặc tệp. Update it first, from there."
        ),
    ] = None,
    province: Annotated[
        list[str] | None,
        typer.Option(help="Chỉ lấy dữ liệu của tỉnh này (lặp lại được). Only this province's data."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Tệp root.json nhận từ người tin cậy. A root of trust got by hand.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="Địa chỉ máy chủ, ví dụ https://tem.example.vn")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="TEMTHAT_API_KEY", help="Khóa API của quầy / cán bộ.")
    ] = None,
    kind: Annotated[Asker, typer.Option(help="Ai hỏi. Who asks.")] = Asker.CONSUMER,
    place: Annotated[str | None, typer.Option(help="Mã tỉnh hai chữ số. Two-digit province code.")] = None,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="vi hoặc en")] = "vi",
    mark: Annotated[
        Mark | None,
        typer.Option(help="Ghi từng tem quét được: đã bán, khách trả, hỏng, đã dán. Tell it too."),
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(help="Tệp cất những gì chưa gửi được (mặc định: queue.db trong thư mục --trust)."),
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Gửi rồi cho xem những gì còn chờ. Send, then show what waits.")
    ] = False,
    forget: Annotated[
        str | None, typer.Option(help="Bỏ một mục theo id, do người quyết định. Drop one of --waiting.")
    ] = None,
) -> None:
    """Kiểm tra tem trong ảnh, thư mục ảnh, hoặc do máy quét gõ vào. Judge stamps.

    Mã kết thúc / exit code: 0 mọi tem đều thật; 1 có tem cần xem lại (quá hạn, giữ lại, nghi sao chép, đã bán);
    2 có tem giả, thu hồi hoặc đã hủy; 3 có mã chưa thể kết luận, không phải tem, hoặc ảnh không đọc được;
    4 không làm việc được (thiếu dữ liệu tin cậy, máy chủ không trả lời).
    """
    console = Console()
    errors = Console(
        stderr=True, soft_wrap=True, markup=False, highlight=False
    )  # "[/x]" in a path is no mark
    offline = OfflineJudge(_load_trust(trust, update, province, root, errors), kind, lang)
    if trust is None and server is None:
        errors.print("Chưa có --trust hoặc --server nên chỉ nhận ra mã không phải của hệ thống.", style="dim")
    with OnlineJudge(server, kind, lang, api_key, place) if server else nullcontext() as online:
        if mark or waiting or forget:
            seller = _open_seller(mark, _queue_of(queue, trust), online, offline, lang, errors)
            seller.kind, seller.place = (None if kind is Asker.CONSUMER else kind.value), place
            with closing(seller.queue):
                if mark is None:
                    raise typer.Exit(show_waiting(seller, forget, json_lines, console, errors))
                raise typer.Exit(_scan_all(_seen(paths or ["-"]), seller, json_lines, console, errors, lang))
        judge: Judge = offline
        if online is not None:
            judge = FallingBackJudge(online, offline) if trust else online
        raise typer.Exit(_scan_all(_seen(paths or ["-"]), judge, json_lines, console, errors, lang))


def _scan_all(
    seen: Iterator[tuple[str, str | None, str]],
    judge: Judge,
    json_lines: bool,
    console: Console,
    errors: Console,
    lang: Lang,
) -> int:
    worst = GOOD
    hint = zbar_hint(lang)
    for source, text, problem in seen:
        code = UNKNOWN
        if text is None:
            _report_nothing(source, problem, json_lines, console, lang)
            if hint and not problem:
                errors.print(hint, style="dim")
                hint = None
        else:
            try:
                # A printed number is typed, never in a QR code: what looks like one there is somebody else's.
                foreign = source != "-" and looks_like_number(text)
                answer = not_ours(text, lang) if foreign else judge.ask(text)
            except (ServiceUnreachable, TrustError, QueueError) as error:
                _tell_failure(error, errors)
                worst = max(worst, BROKEN, key=_GRAVITY.index)
                if source != "-":
                    return worst  # a till goes on, though: the next pack may get its answer
                if json_lines:
                    _write_line({"source": source, "text": text, "verdict": None, "error": str(error)})
                continue
            code = UNKNOWN if answer.verdict is None else _CODE_OF[answer.verdict.word]
            _report(source, answer, json_lines, console)
        worst = max(worst, code, key=_GRAVITY.index)
    return worst


def _queue_of(queue: Path | None, trust: Path | None) -> Path | None:
    """The file of what waits: by name, else beside the trust data of this device."""
    if queue is None and trust is not None:
        return (trust if trust.is_dir() or not trust.suffix else trust.parent) / "queue.db"
    return queue


def _open_seller(
    mark: Mark | None,
    path: Path | None,
    online: OnlineJudge | None,
    offline: OfflineJudge,
    lang: Lang,
    errors: Console,
) -> Seller:
    """What scans are told by; ends the command where there is no file to keep them in."""
    if path is None:
        vi = "--mark và --waiting cần --queue TỆP (hoặc --trust THƯ_MỤC) để cất những gì chưa gửi được."
        _tell(errors, vi, "--mark and --waiting need --queue FILE, or --trust FOLDER.", "red")
        raise typer.Exit(BROKEN)
    try:
        kept = Queue(path)
    except QueueError as error:
        _tell(errors, error.vi, error.en, "red")
        raise typer.Exit(BROKEN) from error
    teller = Teller(online) if online else None
    return Seller(
        mark or Mark.SOLD, kept, teller, offline, lang, notify=lambda done: tell_flushed(done, lang, errors)
    )


def _tell_failure(error: ServiceUnreachable | TrustError | QueueError, errors: Console) -> None:
    if isinstance(error, TrustError | QueueError):
        _tell(errors, error.vi, error.en, "red")
        return
    told = f"Máy chủ không cho kết quả ({error}). Dùng --trust để kiểm tra không cần mạng."
    errors.print(visible(told), style="red")


def _seen(paths: list[str]) -> Iterator[tuple[str, str | None, str]]:
    """(source, text or None, problem) for every symbol, every picture without one, every line typed."""
    for path in paths:
        if path == "-":
            for line in sys.stdin:
                if typed := line.strip(" \t\r\n")[:TYPED_LIMIT]:
                    yield "-", typed, ""
            continue
        try:
            listing = list_pictures(path)
        except UnreadablePicture as error:
            yield path, None, f"{error.reason_vi} / {error.reason_en}"
            continue
        for picture in listing.pictures:
            yield from _symbols(picture)


def _symbols(picture: Path) -> Iterator[tuple[str, str | None, str]]:
    try:
        texts = [symbol.text for frame in open_frames(picture) for symbol in decode(frame)]
    except UnreadablePicture as error:
        yield str(picture), None, f"{error.reason_vi} / {error.reason_en}"
        return
    for text in dict.fromkeys(texts):
        yield str(picture), text, ""
    if not texts:
        yield str(picture), None, ""


def _load_trust(
    path: Path | None, update: str | None, provinces: list[str] | None, root: Path | None, errors: Console
) -> TrustView | None:
    if path is None:
        if update is None and not provinces and root is None:
            return None
        vi = "--update, --province và --root cần --trust THƯ_MỤC để cất dữ liệu."
        _tell(errors, vi, "--update, --province and --root need --trust FOLDER.", "red")
        raise typer.Exit(BROKEN)
    if strange := [province for province in provinces or () if not is_province(province)]:
        vi = f"Mã tỉnh “{strange[0]}” không đúng: cần hai chữ số, ví dụ 96."
        _tell(errors, vi, f"“{strange[0]}” is no province code: two digits, such as 96.", "red")
        raise typer.Exit(BROKEN)
    try:
        return open_trust(path, update, provinces, root, lambda vi, en: _tell(errors, vi, en, "yellow"))
    except TrustError as error:
        _tell(errors, f"Không dùng được dữ liệu tin cậy {path}. {error.vi}", error.en, "red")
        raise typer.Exit(BROKEN) from error


def _tell(errors: Console, vi: str, en: str, style: str) -> None:
    errors.print(visible(vi), style=style)
    errors.print(visible(en))


def _report(source: str, answer: Answer, json_lines: bool, console: Console) -> None:
    verdict = answer.verdict
    if json_lines:
        line: dict[str, Any] = {
            "source": source,
            "text": answer.text,
            "verdict": verdict.word.value if verdict else None if "told" in answer.record else "mistyped",
            "reasons": [asdict(reason) for reason in verdict.reasons] if verdict else [],
            "title": answer.saying.title,
            **answer.record,
        }
        _write_line(line)
        return
    saying = answer.saying
    lines = Text()
    title = f" {_SIGNS.get(saying.tone, '')} {visible(saying.title)} "
    lines.append(title, style=_STYLE.get(saying.tone, "bold"))
    lines.append(f"\n{visible(saying.sentence)}")
    product, batch = answer.record.get("product") or {}, answer.record.get("batch") or {}
    if product.get("name"):
        pack = f" · {product['pack_form']}" if isinstance(product.get("pack_form"), str) else ""
        lines.append(f"\n{visible(product['name'] + pack)}", style="bold")
    elif batch:
        lines.append(
            "\nMáy này không có tên sản phẩm: so quy cách và hạn dùng. No product name here.", style="dim"
        )
    if batch:
        made = f"Lô {batch.get('lot') or '?'} · HSD {_day(batch.get('expires_on'))}"
        lines.append(f"\n{visible(made)}")
    if saying.action:
        lines.append(f"\n→ {visible(saying.action)}")
    for sentence in answer.explained:
        lines.append(f"\n  · {visible(sentence)}", style="dim")
    console.print(Panel(lines, title=Text(visible(source), style="dim"), title_align="left", expand=False))


def _day(iso: str | None) -> str:
    """An ISO date as people here write it."""
    return "/".join(reversed(iso.split("-"))) if iso else "—"


def _report_nothing(source: str, problem: str, json_lines: bool, console: Console, lang: Lang) -> None:
    if json_lines:
        line: dict[str, Any] = {"source": source, "text": None, "verdict": None}
        _write_line(line | ({"error": problem} if problem else {}))
        return
    nothing = "Không đọc được mã QR nào trong ảnh." if lang == "vi" else "No readable QR code in the picture."
    console.print(Text(visible(f"{source}: {problem or nothing}"), style="yellow"))


def _write_line(line: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise typer.Exit(BROKEN) from None
