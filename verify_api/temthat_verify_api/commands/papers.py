"""`temthat papers expiring`: what runs out, for a nightly job to mail or print."""

import sys
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import ColumnElement, or_, true

from temthat_trace import formats
from temthat_trace.expiry import WARNING
from temthat_trace.importing.choices import PAPER_KINDS
from temthat_trace.papers import PaperKind
from temthat_trace.parties import Party
from temthat_verify_api.commands.session import console, find_party, open_records
from temthat_verify_api.expiring import as_csv, expiring_papers, find_alerts

app = typer.Typer(no_args_is_help=True, help="Giấy tờ sắp hết hạn. Papers that run out.")

_HEADS = (
    "mã đơn vị",
    "đơn vị",
    "điện thoại",
    "sản phẩm",
    "giấy tờ",
    "số",
    "nơi cấp",
    "có hạn đến",
    "còn ngày",
)


@app.callback()
def _papers() -> None:
    """Giấy tờ sắp hết hạn. Papers that run out."""


@app.command()
def expiring(
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            help="Mã đơn vị, hoặc mã liên minh: mọi thành viên. One party, or an alliance with its members.",
        ),
    ] = None,
    within: Annotated[
        int,
        typer.Option(
            min=0,
            max=WARNING.days,
            help="Còn bao nhiêu ngày trở xuống; 0: chỉ giấy hết hạn hôm nay hoặc trước. Days left at most.",
        ),
    ] = WARNING.days,
    as_list: Annotated[bool, typer.Option("--csv", help="In ra dạng CSV. As CSV.")] = False,
) -> None:
    """Giấy tờ đã hết hạn và sắp hết hạn, gần nhất trước. What ran out and what is about to, the nearest first."""
    with open_records() as (session, now):
        holders: ColumnElement[bool] = true()
        if of is not None:
            party = find_party(session, of)
            holders = or_(Party.id == party.id, Party.alliance_id == party.id)
        found = [a for a in find_alerts(session, holders, formats.today(now)) if a.days <= within]
        lines = expiring_papers(session, found)
        if as_list:
            sys.stdout.buffer.write(as_csv(lines, _HEADS, _kind))
            return
        table = Table("đơn vị", "sản phẩm", "giấy tờ", "số", "có hạn đến", "còn ngày")
        for column in table.columns:
            column.overflow = "fold"  # a number cut short is no number
        for line in lines:
            until = formats.date(line.paper.valid_until) if line.paper.valid_until else ""
            about = (line.party.name, line.product.name if line.product else "", _kind(line.paper.kind))
            table.add_row(
                *about, line.paper.number, until, str(line.days) if line.days >= 0 else "đã hết hạn"
            )
        console.print(table if lines else "Không có giấy tờ nào sắp hết hạn. Nothing runs out.")


def _kind(kind: str) -> str:
    return PAPER_KINDS[PaperKind(kind)][0]
