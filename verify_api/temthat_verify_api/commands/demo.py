"""`temthat demo`: build the sample world once, print what to try, serve until interrupted."""

import ipaddress
import shlex
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from temthat_stamps.errors import TrustError
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_verify_api.commands.serve import run_server
from temthat_verify_api.demo.card import CARD, Card, NotADemoFolderError, open_demo
from temthat_verify_api.demo.certificate import self_made
from temthat_verify_api.demo.signing import signing
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import utc_now

WORKBOOK = "htx-mau.xlsx"


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Thư mục của bản mẫu. The demo's folder.")] = Path(
        "demo-data"
    ),
    port: Annotated[int, typer.Option(help="Cổng. Port.", min=1, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="Địa chỉ in trên tem; mặc định địa chỉ máy này trong mạng LAN.")
    ] = "",
    tls: Annotated[
        bool, typer.Option("--tls", help="Dùng https với chứng chỉ tự tạo, để điện thoại mở được máy ảnh.")
    ] = False,
    workbook: Annotated[Path | None, typer.Option(help="Sổ mẫu khác. Another sample workbook.")] = None,
) -> None:
    """Bản chạy thử: vài HTX mẫu, vài nghìn tem, trang kiểm tra và bàn làm việc. The demo."""
    console = Console(soft_wrap=True, markup=False)
    _require_free(port, console)
    first = not (folder / CARD).exists()
    address = host or f"{_lan_address()}:{port}"
    source = workbook or Path("demo") / WORKBOOK
    if first and not source.exists():
        console.print(
            f"Không thấy sổ mẫu {source}: chạy lệnh này trong thư mục của dự án (make demo).", style="red"
        )
        raise typer.Exit(4)
    if first:
        console.print("Đang tạo dữ liệu mẫu và in thử… Building the sample world…")
    try:
        settings, card = open_demo(folder, address, lambda settings: _build(settings, source), https=tls)
    except (NotADemoFolderError, OSError) as error:
        console.print(str(error), style="red")
        raise typer.Exit(4) from error
    sealer = Sealer(load_master_key(settings))
    local = f"{'https' if tls else 'http'}://localhost:{port}"
    _show(console, card, folder, local)
    _show_checks(console, folder, local, settings.origin, log_signer(sealer, settings.origin).key)
    console.print("Nhấn Ctrl+C để dừng. Press Ctrl+C to stop.\n")
    _end_in_order()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="temthat-") as private,
            signing(settings, sealer, Path(private) / "signer") as served,
        ):
            certificate = self_made(folder, address.partition(":")[0], utc_now()) if tls else None
            run_server(served, host="0.0.0.0", port=port, certificate=certificate)  # noqa: S104 - for phones nearby
    except TrustError as error:
        console.print(f"{error.vi}\n{error.en}", style="red")
        raise typer.Exit(4) from error


def _end_in_order() -> None:
    """However the demo is told to end, also by a terminal that is closed, its signer ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server raises it again when it has stopped
    if hasattr(signal, "SIGHUP"):  # Windows has none
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def _build(settings: Settings, workbook: Path) -> None:
    from temthat_verify_api.demo.world import build_world  # heavy, and a second start needs none of it

    build_world(settings, workbook.read_bytes())


def _show(console: Console, card: Card, folder: Path, local: str) -> None:
    scheme = local.partition(":")[0]
    console.print()
    console.print(f"TemThật · bản mẫu / sample data · {folder}", style="bold")
    console.print(
        f"  Trang kiểm tra / check page : {local}/   (điện thoại / phone: {scheme}://{card.host}/)",
        highlight=False,
    )
    console.print(f"  Ứng dụng quét / phone app   : {local}/scan/", highlight=False)
    console.print(f"  Bàn làm việc / desk         : {local}/desk", highlight=False)
    for login in card.logins:
        console.print(f"      {login.phone}   {login.password}   ({login.who})", highlight=False)
    console.print(f"  Tệp in thử / print file     : {folder / card.pdf}", highlight=False)
    console.print(f"  Ảnh tem thử / stamp images  : {folder / 'tem-thu'}", highlight=False)
    console.print(f"  Dữ liệu tin cậy / trust     : {folder / 'trust'}", highlight=False)
    console.print(f"  Sổ công khai / public log   : {local}/log/", highlight=False)
    console.print(f"  API                         : {local}/docs", highlight=False)
    console.print(f"API key: {card.api_key}", highlight=False, soft_wrap=True)
    table = Table(
        "Tem thử", "verdict", "Số tem / number", title="Tem để thử · Stamps to try", title_justify="left"
    )
    for stamp in card.stamps:
        table.add_row(stamp.shows, stamp.verdict, stamp.number)
    console.print(table)
    for stamp in card.stamps:
        url = local + stamp.url[stamp.url.index("/T/") :]
        console.print(f"{stamp.verdict}: {url}", highlight=False, soft_wrap=True)


def _show_checks(console: Console, folder: Path, local: str, origin: str, key: VerifierKey) -> None:
    """What to run to check the demo without believing its pages: the log from beginning to end, stamps offline."""
    # Nobody vouches for a self-made certificate: there the log is read from its folder.
    log = f"{local}/log" if local.startswith("http:") else shlex.quote(str(folder / "public"))
    audit = f"temthat log audit {log} --origin {origin} --key {key}"
    scan = f"temthat scan --trust {shlex.quote(str(folder / 'trust'))} {shlex.quote(str(folder / 'tem-thu'))}"
    console.print(
        "\nTự kiểm tra, ở một cửa sổ lệnh khác · Check it yourself, in another terminal", style="bold"
    )
    console.print("  Cả sổ công khai / the whole public log:", highlight=False)
    console.print(audit, highlight=False)
    console.print("  Tem thử, không cần mạng / the sample stamps, offline:", highlight=False)
    console.print(f"{scan}\n", highlight=False)


def _lan_address() -> str:
    """This machine's address in the local network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = str(probe.getsockname()[0])
        except OSError:
            return "localhost"
    return "localhost" if ipaddress.ip_address(address).is_loopback else address


def _require_free(port: int, console: Console) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - the port the server will take
        except OSError as error:
            console.print(f"Cổng {port} đang bận. Chọn cổng khác: make demo PORT={port + 1}", style="red")
            console.print(f"Port {port} is taken: make demo PORT={port + 1}")
            raise typer.Exit(4) from error
