"""`temthat scan`: pictures, folders, and what a USB scanner types, judged online or offline."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

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
from temthat_scanner.pos import PosServer, Till, parse_listen
from temthat_scanner.postoken import TokenError, open_token
from temthat_scanner.queue import Queue, QueueError
from temthat_scanner.reporting import (
    await_first,
    clear_screen,
    fill_screen,
    report,
    report_nothing,
    write_line,
)
from temthat_scanner.selling import Mark, Seller, Teller
from temthat_scanner.serialport import NoSerialPort, read_codes
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
    serial: Annotated[
        str | None,
        typer.Option(
            help="Máy quét ở cổng nối tiếp, ví dụ /dev/ttyACM0 hoặc /dev/ttyUSB0:115200. A serial port."
        ),
    ] = None,
    till: Annotated[
        bool,
        typer.Option("--till", help="Kết quả chiếm cả màn hình, có tiếng bíp. Full screen, with a beep."),
    ] = False,
    listen: Annotated[
        str | None,
        typer.Option(
            help="Trả lời phần mềm bán hàng ở cổng này của máy (127.0.0.1). Answer software at this port."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="Tệp mã truy cập của --listen (mặc định: pos.token cạnh tệp hàng chờ). Its token's file."
        ),
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
        judge: Judge = offline
        if online is not None:
            judge = FallingBackJudge(online, offline) if trust else online
        output = _Output(json_lines, till, console, errors, lang)
        if not (mark or waiting or forget or listen):
            raise typer.Exit(_scan_all(_seen(paths, serial, errors), judge, output))
        seller = _open_seller(mark, _queue_of(queue, trust), online, offline, lang, errors)
        seller.kind, seller.place = (None if kind is Asker.CONSUMER else kind.value), place
        with closing(seller.queue):
            if listen is not None:
                raise typer.Exit(_serve(listen, token_file, Till(judge, seller, offline.trust), errors))
            if mark is None:
                raise typer.Exit(show_waiting(seller, forget, json_lines, console, errors))
            raise typer.Exit(_scan_all(_seen(paths, serial, errors), seller, output))


@dataclass(frozen=True)
class _Output:
    """How answers are shown."""

    json_lines: bool
    till: bool
    console: Console
    errors: Console
    lang: Lang

    def show(self, source: str, answer: Answer) -> None:
        if self.till and not self.json_lines:
            fill_screen(answer, self.console, self.lang)
        else:
            report(source, answer, self.json_lines, self.console)


def _scan_all(
    seen: Iterator[tuple[str, str | None, str]],
    judge: Judge,
    output: _Output,
) -> int:
    worst = GOOD
    json_lines, errors, lang = output.json_lines, output.errors, output.lang
    hint = zbar_hint(lang)
    if output.till and not json_lines:
        await_first(output.console, lang)
    for source, text, problem in seen:
        code = UNKNOWN
        if text is None:
            report_nothing(source, problem, json_lines, output.console, lang)
            if hint and not problem:
                errors.print(hint, style="dim")
                hint = None
        else:
            try:
                # A printed number is typed, never in a QR code: what looks like one there is somebody else's.
                foreign = source != "-" and looks_like_number(text)
                answer = not_ours(text, lang) if foreign else judge.ask(text)
            except (ServiceUnreachable, TrustError, QueueError) as error:
                if output.till and not json_lines:
                    clear_screen(output.console)
                _tell_failure(error, errors)
                worst = max(worst, BROKEN, key=_GRAVITY.index)
                if source != "-":
                    return worst  # a till goes on, though: the next pack may get its answer
                if json_lines:
                    write_line({"source": source, "text": text, "verdict": None, "error": str(error)})
                continue
            code = UNKNOWN if answer.verdict is None else _CODE_OF[answer.verdict.word]
            output.show(source, answer)
        worst = max(worst, code, key=_GRAVITY.index)
    return worst


def _serve(listen: str, token_file: Path | None, till: Till, errors: Console) -> int:
    """Answer point-of-sale software until somebody stops it (SIGTERM, Ctrl-C)."""
    try:
        host, port = parse_listen(listen)
        token = open_token(token_file or till.seller.queue.path.with_name("pos.token"))
        server = PosServer(host, port, token, till)
    except ValueError:
        vi = f"--listen “{listen}” không đúng: cần một cổng của máy này, ví dụ 8765 hoặc 127.0.0.1:8765."
        _tell(errors, vi, "--listen takes a port of this machine, such as 8765 or 127.0.0.1:8765.", "red")
        return BROKEN
    except TokenError as error:
        _tell(errors, error.vi, error.en, "red")
        return BROKEN
    except OSError as error:
        vi = f"Không mở được cổng {listen} ({error.strerror}): phần mềm khác đang dùng? Chọn cổng khác."
        _tell(errors, vi, f"Port {listen} cannot be opened: is it in use? Choose another.", "red")
        return BROKEN
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _tell(errors, f"Đang trả lời tại {server.url}", f"Answering at {server.url}", "green")
    try:
        till.run()
    except KeyboardInterrupt:
        return GOOD
    finally:
        server.server_close()


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
        vi = "--mark, --waiting và --listen cần --queue TỆP (hoặc --trust THƯ_MỤC) để cất những gì chưa gửi được."
        _tell(errors, vi, "--mark, --waiting and --listen need --queue FILE, or --trust FOLDER.", "red")
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


def _seen(
    paths: list[str] | None, serial: str | None, errors: Console
) -> Iterator[tuple[str, str | None, str]]:
    """(source, text or None, problem) for every symbol, every picture without one, every line typed or sent."""
    if serial is not None:
        try:
            for text in read_codes(serial, lambda vi, en: _tell(errors, vi, en, "yellow")):
                yield "-", text, ""
        except NoSerialPort as error:
            _tell(errors, error.vi, error.en, "red")
            raise typer.Exit(BROKEN) from error
    for path in paths or ["-"]:
        if path == "-":
            if isinstance(sys.stdin, TextIOWrapper):
                sys.stdin.reconfigure(errors="replace")  # a scanner set to another alphabet stops no till
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
