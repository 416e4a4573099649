"""`temthat witness`: run a witness for someone else's log. Needs nothing of the server."""

import datetime as dt
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from temthat_stamps.errors import TrustError
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.cosignature import verify_cosignature
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_folder import WitnessFolder
from temthat_stamps.log.witness_server import WitnessServer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Bên chứng kiến cho sổ công khai của người khác. A witness for somebody else's log.",
)

Folder = Annotated[Path, typer.Argument(help="thư mục của bên chứng kiến / the witness's folder")]


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except TrustError as error:
        typer.echo(f"{error.vi}\n{error.en}", err=True)
        raise typer.Exit(1) from error


@app.command()
def new(
    folder: Folder,
    name: Annotated[
        str, typer.Option(help="tên, như ten-mien.vn/chung-kien / its name, like a URL without https://")
    ],
) -> None:
    """Tạo khoá và in khoá kiểm tra để gửi cho đơn vị giữ sổ. Make a key; print the verifier key to hand to the log."""
    with _plain_errors():
        typer.echo(WitnessFolder.create(folder, name).cosigner().vkey)


@app.command()
def serve(
    folder: Folder,
    log: Annotated[
        list[str] | None, typer.Option(help="khoá của sổ (nhiều lần được) / verifier key of a log")
    ] = None,
    port: Annotated[int, typer.Option(help="cổng / port")] = 8700,
    host: Annotated[str, typer.Option(help="địa chỉ nghe / address to listen on")] = "127.0.0.1",
) -> None:
    """Trả lời các sổ cho đến khi bị dừng. Answer the logs until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with _plain_errors():
        state = WitnessState(WitnessFolder(folder), map(VerifierKey.parse, log or []))
    if not state.origins:
        typer.echo("Chưa có sổ nào: thêm --log KHOÁ\nNo log is known: add --log VKEY", err=True)
        raise typer.Exit(1)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = WitnessServer(state, host, port)
    except OSError as error:
        typer.echo(f"Không mở được {host}:{port} / cannot listen there: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{state.key}\nhttp://{host}:{server.server_port}  {', '.join(state.origins)}")
    server.run(stop)


@app.command()
def show(folder: Folder) -> None:
    """In khoá kiểm tra, mốc sổ đã xác nhận, bằng chứng gian dối. Show key, checkpoints cosigned, evidence."""
    with _plain_errors():
        witness = WitnessFolder(folder)
        key = witness.cosigner().key
        typer.echo(key)
        for note in witness.notes():
            head = Checkpoint.parse(note.text)
            at = max(verify_cosignature(note.text, key, signature) for signature in note.by(key))
            when = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            typer.echo(f"{head.origin}  {head.size}  {head.root.hex()}  {when}")
        for file in witness.evidence():
            typer.echo(f"bằng chứng / evidence: {file}")
