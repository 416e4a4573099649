"""`temthat template`, `import`, `paper`: origin records from the command line."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.runs.register import issued_batches
from temthat_stamps.texts import visible
from temthat_trace.importing import WorkbookRefused, import_workbook
from temthat_trace.importing import template as workbook_template
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.repository import confirm_paper, withdraw_confirmation
from temthat_verify_api.commands.session import (
    REFUSED,
    console,
    errors,
    find_one,
    find_party,
    open_records,
    tell,
)


def template(
    out: Annotated[Path, typer.Argument(help="Tệp .xlsx sẽ ghi. Where to write it.")] = Path(
        "so-tem-that.xlsx"
    ),
) -> None:
    """Ghi sổ Excel mẫu để điền. Write the workbook template."""
    out.write_bytes(workbook_template())
    console.print(f"Đã ghi {out}. Written.")


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Một tệp .xlsx, hoặc các tệp .csv, hoặc một tệp .zip.")],
    organisation: Annotated[
        str | None, typer.Option("--as", help="Mã đơn vị thay mặt. Act as this party.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ kiểm tra, không ghi. Only check.")] = False,
) -> None:
    """Nhập sổ: hoặc vào hết, hoặc không vào gì và báo mọi ô sai. Import a workbook, all or nothing."""
    try:
        contents = {file.name: file.read_bytes() for file in files}
    except OSError as error:
        tell(f"Không đọc được {error.filename}. Cannot read it.")
        raise typer.Exit(REFUSED) from error
    with open_records() as (session, now):
        acting = find_party(session, organisation) if organisation else None
        frozen = issued_batches(session)
        try:
            report = import_workbook(session, contents, acting, now, dry_run=dry_run, frozen_batches=frozen)
        except WorkbookRefused as refusal:
            tell(refusal.reason_vi, refusal.reason_en)
            raise typer.Exit(REFUSED) from refusal
        for problem in report.problems:
            place = visible(f"{problem.sheet}!{problem.cell}")
            errors.print(place, Text(visible(problem.value), "dim"), visible(problem.reason_vi))
        if report.problems:
            tell(f"{len(report.problems) + report.more_problems} chỗ sai; chưa nhập gì. Nothing imported.")
            raise typer.Exit(REFUSED)
        table = Table("Trang", "mới", "đổi", "như cũ")
        for sheet, counts in report.counts.items():
            table.add_row(sheet, str(counts.new), str(counts.changed), str(counts.same))
        console.print(table)
        for note in report.notes:
            console.print(visible(f"{note.sheet}!{note.cell}".rstrip("!")), visible(note.vi), soft_wrap=True)


def paper(
    action: Annotated[
        Literal["list", "confirm", "withdraw"], typer.Argument(help="list, confirm hoặc withdraw")
    ],
    holder: Annotated[str, typer.Argument(help="Mã đơn vị có giấy. The holder's code.")],
    number: Annotated[str, typer.Argument(help="Mã giấy trong sổ. The paper's code.")] = "",
    product: Annotated[str, typer.Option(help="Mã sản phẩm. The product's code.")] = "",
    by: Annotated[str, typer.Option(help="Mã liên minh hoặc cơ quan xác nhận. Who confirms.")] = "",
    person_name: Annotated[str, typer.Option("--person", help="Cán bộ. The officer.")] = "",
) -> None:
    """Xem, xác nhận hoặc rút xác nhận giấy tờ của một sản phẩm. Confirm a paper for a product."""
    with open_records() as (session, now):
        party = find_party(session, holder)
        if action == "list":
            _list_papers(session, party)
            return
        record = find_one(
            session, Paper, f"giấy tờ {number}", Paper.party_id == party.id, Paper.code == number
        )
        goods = find_one(
            session, Product, f"sản phẩm {product}", Product.party_id == party.id, Product.code == product
        )
        office = find_party(session, by)
        if action == "confirm":
            confirm_paper(session, record, goods.id, office, person_name, now)
        else:
            withdraw_confirmation(session, record, goods.id, office, now)
    console.print("Xong. Done.")


def _list_papers(session: Session, party: Party) -> None:
    table = Table("mã", "loại", "số", "hiệu lực đến", "xác nhận")
    for record in session.scalars(select(Paper).where(Paper.party_id == party.id).order_by(Paper.code)):
        confirmed = sum(c.withdrawn_at is None for c in record.confirmations)
        table.add_row(record.code, record.kind, record.number, str(record.valid_until or ""), str(confirmed))
    console.print(table)
