"""`temthat migrate`, `backup`, `restore`, `export`: looking after the data."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from temthat_verify_api import export as exporting
from temthat_verify_api import keeping
from temthat_verify_api import migrate as migrating
from temthat_verify_api.archive import LEAST_PASSPHRASE
from temthat_verify_api.commands.session import console, in_words, open_records

_PASSPHRASE = "TEMTHAT_BACKUP_PASSPHRASE"


def migrate() -> None:
    """Đưa cơ sở dữ liệu về cấu trúc mới nhất; chạy lại không hại gì. Bring the schema up to date."""
    with in_words() as settings, keeping.database_errors():
        before = migrating.current(settings.database_url)
        migrating.upgrade(settings.database_url)
        console.print(f"Cấu trúc / schema: {before or '-'} → {migrating.head()}", highlight=False)


def backup(
    target: Annotated[
        Path | None, typer.Argument(help="Tệp .zip sẽ ghi; mặc định có ngày giờ. Where to write it.")
    ] = None,
    passphrase: Annotated[
        str,
        typer.Option(
            envvar=_PASSPHRASE,
            prompt="Mật khẩu sao lưu / backup passphrase",
            hide_input=True,
            confirmation_prompt=True,
            help=f"Mật khẩu bảo vệ khóa chủ, từ {LEAST_PASSPHRASE} ký tự. Protects the master key.",
        ),
    ] = "",
) -> None:
    """Sao lưu dữ liệu và khóa vào một tệp; máy chủ vẫn chạy. Back data and keys up into one file."""
    path = target or Path(f"temthat-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M}.zip")
    with in_words() as settings:
        manifest = keeping.backup(settings, path, passphrase)
        console.print(
            f"{path}: {sum(manifest.rows.values())} dòng / rows, "
            f"{len(manifest.parts) - len(manifest.rows)} tệp / files. "
            "Giữ mật khẩu ở nơi khác: thiếu nó thì không mở được khóa chủ. Keep the passphrase elsewhere.",
            highlight=False,
            soft_wrap=True,
        )


def restore(
    archive: Annotated[Path, typer.Argument(help="Tệp sao lưu. The backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Xóa dữ liệu đang có ở đích. Replace what is there.")
    ] = False,
    passphrase: Annotated[
        str,
        typer.Option(
            envvar=_PASSPHRASE,
            prompt="Mật khẩu sao lưu / backup passphrase",
            hide_input=True,
            help="Mật khẩu đặt khi sao lưu. The one given at the backup.",
        ),
    ] = "",
) -> None:
    """Khôi phục từ bản sao lưu, sang SQLite hay PostgreSQL đều được; dừng máy chủ trước. Restore a backup."""
    with in_words() as settings:
        manifest = keeping.restore(archive, settings, passphrase, replace=replace)
        console.print(
            f"Đã khôi phục {sum(manifest.rows.values())} dòng của bản sao lưu lúc {manifest.made_at}. Restored.",
            highlight=False,
        )


def export(
    target: Annotated[Path, typer.Argument(help="Tệp .zip sẽ ghi. Where to write it.")],
    party: Annotated[
        str | None, typer.Option(help="Mã đơn vị; không ghi thì xuất tất cả. One party; all without it.")
    ] = None,
    personal: Annotated[
        bool,
        typer.Option(
            "--personal",
            help="Cả họ tên, điện thoại, ảnh, câu chuyện của thành viên; được ghi lại. With members' personal data.",
        ),
    ] = False,
) -> None:
    """Xuất toàn bộ dữ liệu của một đơn vị, không có khóa bí mật. Export everything of a party, no secrets."""
    with in_words() as settings:
        counts = exporting.export(settings, party, target, personal=personal)
        if personal:
            with open_records() as (session, now):
                exporting.note_personal(session, party, "temthat export", now)
        console.print(f"{target}: {sum(counts.values())} dòng / rows.", highlight=False, soft_wrap=True)
