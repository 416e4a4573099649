"""`temthat scan`: pictures, folders, and what scanners and cameras read, judged online or offline."""

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from temthat_scanner import options
from temthat_scanner.frames import NoCamera
from temthat_scanner.judging import FallingBackJudge, Judge, OfflineJudge, OnlineJudge
from temthat_scanner.pos import PosServer, Till, parse_listen
from temthat_scanner.postoken import TokenError, open_token
from temthat_scanner.queue import Queue, QueueError
from temthat_scanner.renewing import Renewal
from temthat_scanner.reporting import Aside
from temthat_scanner.scanning import BROKEN, GOOD, Output, say, scan_all
from temthat_scanner.selling import Mark, Seller
from temthat_scanner.sending import Sender, Teller
from temthat_scanner.serialport import NoSerialPort
from temthat_scanner.showing import show_waiting, tell_flushed
from temthat_scanner.sources import Seen, held_before, seen_in, sent, typed
from temthat_scanner.trustdata import open_trust, renew_trust
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import TrustError
from temthat_stamps.trust.roles import is_province
from temthat_stamps.verdict import Asker


def scan(
    paths: options.Paths = None,
    json_lines: options.JsonLines = False,
    trust: options.Trust = None,
    update: options.Update = None,
    province: options.Province = None,
    root: options.Root = None,
    server: options.Server = None,
    api_key: options.ApiKey = None,
    kind: options.Kind = Asker.CONSUMER,
    place: options.Place = None,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="vi hoặc en")] = "vi",
    mark: options.Marking = None,
    queue: options.QueueFile = None,
    waiting: options.ShowWaiting = False,
    forget: options.Forget = None,
    till: options.WholeScreen = False,
    serial: options.Serial = None,
    camera: options.Camera = None,
    listen: options.Listen = None,
    token_file: options.TokenFile = None,
) -> None:
    """Kiểm tra tem trong ảnh, thư mục ảnh, hoặc do máy quét, máy ảnh đọc. Judge stamps.

    Mã kết thúc / exit code: 0 mọi tem đều thật; 1 có tem cần xem lại (quá hạn, giữ lại, nghi sao chép, đã bán);
    2 có tem giả, thu hồi hoặc đã hủy; 3 có mã chưa thể kết luận, không phải tem, hoặc ảnh không đọc được;
    4 không làm việc được (thiếu dữ liệu tin cậy, máy chủ không trả lời).
    """
    console = Console()
    errors = Aside()
    _check_sources(paths, serial, camera, listen, errors)
    offline = OfflineJudge(_load_trust(trust, update, province, root, errors), kind, lang)
    if trust is None and server is None:
        vi = "Chưa có --trust hoặc --server nên chỉ nhận ra mã không phải của hệ thống."
        say(errors, vi, "Without --trust or --server only codes that are not the system's are told.", "dim")
    with (
        _settled_memory(),
        _renewal(offline, trust, update, errors),
        OnlineJudge(server, kind, lang, api_key, place) if server else nullcontext() as online,
    ):
        judge: Judge = offline
        if online is not None:
            judge = FallingBackJudge(online, offline) if trust else online
        output = Output(json_lines, till, console, errors, lang)
        if not (mark or waiting or forget or listen):
            raise typer.Exit(scan_all(_seen(paths, serial, camera, errors), judge, output))
        with closing(_open_queue(_queue_of(queue, trust), errors)) as kept:
            teller = Teller(online) if online else None
            sender = Sender(kept, teller, lang, lambda done: tell_flushed(done, lang, errors))
            if not (mark or listen):
                raise typer.Exit(show_waiting(sender, forget, json_lines, lang, console, errors))
            seller = Seller(mark or Mark.SOLD, sender, offline, lang, _role(kind), place)
            with sender:
                if listen is not None:
                    raise typer.Exit(_serve(listen, token_file, Till(judge, seller), errors))
                raise typer.Exit(scan_all(_seen(paths, serial, camera, errors), seller, output))


def _check_sources(
    paths: list[str] | None, serial: str | None, camera: str | None, listen: str | None, errors: Console
) -> None:
    """One thing is read at a time: what would silently be left out ends the command."""
    named = {"--serial": serial, "--camera": camera, "--listen": listen, "PATHS": paths or None}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        names = ", ".join(given)
        say(errors, f"Chỉ dùng một trong: {names}.", f"Use only one of: {names}.", "red")
        raise typer.Exit(BROKEN)


def _seen(paths: list[str] | None, serial: str | None, camera: str | None, errors: Console) -> Iterator[Seen]:
    """Whatever is named, else what is typed."""

    def tell(vi: str, en: str) -> None:
        say(errors, vi, en, "yellow")

    try:
        if serial is not None:
            yield from sent(serial, tell)
        elif camera is not None:
            yield from held_before(camera, tell)
        else:
            yield from seen_in(paths) if paths else typed()
    except (NoSerialPort, NoCamera) as error:
        say(errors, error.vi, error.en, "red")
        raise typer.Exit(BROKEN) from error


def _serve(listen: str, token_file: Path | None, till: Till, errors: Console) -> int:
    """Answer point-of-sale software until somebody stops it (SIGTERM, Ctrl-C)."""
    try:
        host, port = parse_listen(listen)
        token = open_token(token_file or till.seller.sender.queue.path.with_name("pos.token"))
        server = PosServer(host, port, token, till)
    except ValueError:
        vi = f"--listen “{listen}” không đúng: cần một cổng của máy này, ví dụ 8765 hoặc 127.0.0.1:8765."
        say(errors, vi, "--listen takes a port of this machine, such as 8765 or 127.0.0.1:8765.", "red")
        return BROKEN
    except TokenError as error:
        say(errors, error.vi, error.en, "red")
        return BROKEN
    except OSError as error:
        vi = f"Không mở được cổng {listen} ({error.strerror}): phần mềm khác đang dùng? Chọn cổng khác."
        say(errors, vi, f"Port {listen} cannot be opened: is it in use? Choose another.", "red")
        return BROKEN
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        say(errors, f"Đang trả lời tại {server.url}", f"Answering at {server.url}", "green")
        till.run()
    except KeyboardInterrupt:
        return GOOD
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _queue_of(queue: Path | None, trust: Path | None) -> Path | None:
    """The file of what waits: by name, else beside the trust data of this device."""
    if queue is None and trust is not None:
        return (trust if trust.is_dir() or not trust.suffix else trust.parent) / "queue.db"
    return queue


def _role(kind: Asker) -> str | None:
    """What an event says of who tells it; a shopper says nothing."""
    return None if kind is Asker.CONSUMER else kind.value


def _open_queue(path: Path | None, errors: Console) -> Queue:
    """What is told is kept there; ends the command where there is no such file."""
    if path is None:
        vi = "--mark, --waiting và --listen cần --queue TỆP (hoặc --trust THƯ_MỤC) để cất những gì chưa gửi được."
        say(errors, vi, "--mark, --waiting and --listen need --queue FILE, or --trust FOLDER.", "red")
        raise typer.Exit(BROKEN)
    try:
        return Queue(path)
    except QueueError as error:
        say(errors, error.vi, error.en, "red")
        raise typer.Exit(BROKEN) from error


def _load_trust(
    path: Path | None, update: str | None, provinces: list[str] | None, root: Path | None, errors: Console
) -> TrustView | None:
    if path is None:
        if update is None and not provinces and root is None:
            return None
        vi = "--update, --province và --root cần --trust THƯ_MỤC để cất dữ liệu."
        say(errors, vi, "--update, --province and --root need --trust FOLDER.", "red")
        raise typer.Exit(BROKEN)
    if strange := [province for province in provinces or () if not is_province(province)]:
        vi = f"Mã tỉnh “{strange[0]}” không đúng: cần hai chữ số, ví dụ 96."
        say(errors, vi, f"“{strange[0]}” is no province code: two digits, such as 96.", "red")
        raise typer.Exit(BROKEN)
    try:
        return open_trust(path, update, provinces, root, lambda vi, en: say(errors, vi, en, "yellow"))
    except TrustError as error:
        say(errors, f"Không dùng được dữ liệu tin cậy {path}. {error.vi}", error.en, "red")
        raise typer.Exit(BROKEN) from error


def _renewal(
    judge: OfflineJudge, path: Path | None, update: str | None, errors: Console
) -> AbstractContextManager[object]:
    """Trust data that is asked for again while the command runs."""
    if path is None or update is None:
        return nullcontext()

    def tell(vi: str, en: str) -> None:
        say(errors, vi, en, "yellow")

    return Renewal(judge, lambda: renew_trust(path, update, tell), tell)


@contextmanager
def _settled_memory() -> Iterator[None]:
    """The garbage collector does not walk through what the program consists of: a customer would wait for that."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
