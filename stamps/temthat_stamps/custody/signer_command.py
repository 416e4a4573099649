"""`temthat signer`: the process that keeps hosted keys, and what it remembers."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from temthat_stamps.custody.masterkey import (
    KEY_FILE,
    POLICY_FILE,
    make_master_key,
    read_master_key,
    read_policy,
)
from temthat_stamps.custody.server import SignerServer
from temthat_stamps.custody.server import serve as serve_until_stopped
from temthat_stamps.custody.state import Act, Line, Quota, SignerState
from temthat_stamps.custody.vault import Vault
from temthat_stamps.custody.words import console, in_words, say
from temthat_stamps.fields import instant
from temthat_stamps.keys import key_id

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bộ ký: giữ khóa cho các đơn vị, tách khỏi dịch vụ. The signer: keeps hosted keys apart from the service.",
)
DEFAULT = Quota()
Folder = Annotated[Path, typer.Argument(help="Thư mục của bộ ký. The signer's folder.")]


@app.command()
def new(folder: Folder) -> None:
    """Tạo khóa của bộ ký, một lần. Make the signer's master key, once."""
    with in_words():
        sealer = make_master_key(folder)
        say(
            f"Đã tạo {folder / KEY_FILE} (mã {sealer.fingerprint}). Sao lưu ngay, cất nơi khác với bản sao cơ sở dữ "
            "liệu: ai có cả hai thì có mọi khóa.",
            "Made. Back it up now, apart from the database's backups: whoever has both has every key.",
        )


@app.command()
def serve(
    folder: Folder,
    socket: Annotated[Path, typer.Option(help="Đường dẫn socket. Where to listen.")],
    policy: Annotated[
        Path | None, typer.Option(help="log.json của Liên minh. Mặc định trong thư mục.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Nhóm được hỏi bộ ký. A group that may ask.")] = None,
    stamps_per_day: Annotated[int, typer.Option(min=0)] = DEFAULT.stamps_per_day,
    stamps_per_month: Annotated[int, typer.Option(min=0)] = DEFAULT.stamps_per_month,
    statements_per_minute: Annotated[int, typer.Option(min=0)] = DEFAULT.statements_per_minute,
) -> None:
    """Chạy bộ ký đến khi dừng. Serve until stopped."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with in_words():
        os.umask(0o077)
        sealer, trusted = read_master_key(folder), read_policy(policy or folder / POLICY_FILE)
        quota = Quota(stamps_per_day, stamps_per_month, statements_per_minute)
        vault = Vault(sealer, trusted.origin, trusted, folder, quota)
        with closing(vault.state):
            server = SignerServer(socket, vault, group)
            logging.getLogger("temthat.signer").info(
                "serving %s at %s, master key %s, %d of %d witnesses",
                trusted.origin, socket, sealer.fingerprint, trusted.quorum, len(trusted.witnesses),
            )  # fmt: skip
            serve_until_stopped(server)


@app.command()
def journal(
    folder: Folder,
    issuer: Annotated[str | None, typer.Option(help="Chỉ một đơn vị (mã UUID). One issuer only.")] = None,
    last: Annotated[int, typer.Option(min=1, help="Bao nhiêu dòng mới nhất. How many lines.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Một dòng JSON mỗi việc. JSON lines.")] = False,
) -> None:
    """Sổ của bộ ký: đã ký gì, cho ai, lúc nào. What was signed, for whom, when."""
    with in_words(), _open_state(folder) as state:
        for line in state.journal(issuer, last):
            console.print(json.dumps(_record(line)) if as_json else _row(line))


@app.command()
def quota(
    folder: Folder,
    issuer: Annotated[str, typer.Argument(help="Mã đơn vị (UUID). The issuer's id.")],
    day: Annotated[int, typer.Option(min=0, help="Tem mỗi ngày. Stamps a day.")],
    month: Annotated[int, typer.Option(min=0, help="Tem mỗi tháng. Stamps a month.")],
    minute: Annotated[int, typer.Option(min=0, help="Văn bản mỗi phút. Statements a minute.")] = (
        DEFAULT.statements_per_minute
    ),
) -> None:
    """Đặt hạn mức riêng cho một đơn vị. Give one issuer a quota of its own."""
    with in_words():
        with _open_state(folder) as state:
            state.set_quota(issuer, Quota(day, month, minute))
        say(f"{issuer}: {day} tem/ngày, {month} tem/tháng.", "Stored; it counts from the next signature on.")


_ACTS = {
    Act.ISSUER_KEY: "khóa đơn vị mới",
    Act.STAMP_KEY: "khóa tem mới",
    Act.STATEMENT: "ký văn bản",
    Act.STAMPS: "ký tem",
    Act.CLOSED: "đóng khóa tem",
}


@contextmanager
def _open_state(folder: Path) -> Iterator[SignerState]:
    read_master_key(folder)  # a folder that is a signer's, or words about it
    with closing(SignerState(folder)) as state:
        yield state


def _row(line: Line) -> str:
    run = f" đợt {line.run}" if line.run is not None else ""
    serials = f" tem {line.first}-{line.last}" if line.first is not None else ""
    return f"{instant(line.at)} {line.issuer} {_ACTS[line.act]}{run}{serials} {line.what}".rstrip()


def _record(line: Line) -> dict[str, object]:
    return {
        "at": instant(line.at),
        "issuer": line.issuer,
        "act": line.act.value,
        "key": key_id(line.public_key),
        "run": line.run,
        "first": line.first,
        "last": line.last,
        "what": line.what,
    }


if __name__ == "__main__":
    app()
