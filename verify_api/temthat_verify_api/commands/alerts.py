"""`temthat alerts`: alerts of copied codes on the command line, and the service's two rounds done by hand."""

import csv
import io
import sys
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.copies.campaigns import AlertState
from temthat_trace import formats
from temthat_trace.parties import Party
from temthat_verify_api.alerts.deliverer import AlertDeliverer
from temthat_verify_api.alerts.records import Alert, AlertSignal
from temthat_verify_api.alerts.rounds import sweep as sweep_once
from temthat_verify_api.commands.session import console, find_party, in_words, open_records
from temthat_verify_api.migrate import require_current
from temthat_verify_api.places import province_name
from temthat_verify_api.wiring import build_services

app = typer.Typer(no_args_is_help=True, help="Cảnh báo mã bị sao chép. Alerts of copied codes.")

_HEADS = ("cảnh báo", "trạng thái", "đơn vị", "sản phẩm", "dấu hiệu", "tem", "tỉnh", "từ", "đến")


@app.callback()
def _alerts() -> None:
    """Cảnh báo mã bị sao chép. Alerts of copied codes."""


@app.command("list")
def show(
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            help="Mã đơn vị, hoặc mã liên minh: mọi thành viên. One party, or an alliance with its members.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Cả cảnh báo đã giải thích, đã đóng. Done ones too.")
    ] = False,
    as_list: Annotated[bool, typer.Option("--csv", help="In ra dạng CSV. As CSV.")] = False,
) -> None:
    """Cảnh báo đang mở và đã xác nhận, dấu hiệu mới nhất trước. Open and confirmed alerts, newest evidence first."""
    with open_records() as (session, _):
        owners: ColumnElement[bool] = true()
        if of is not None:
            party = find_party(session, of)
            owners = or_(Party.id == party.id, Party.alliance_id == party.id)
        states = [state for state in AlertState if everything or not state.is_done]
        query = (
            select(Alert)
            .join(Party, Party.id == Alert.party_id)
            .where(owners, Alert.merged_into.is_(None), Alert.state.in_(states))
            .options(joinedload(Alert.party), joinedload(Alert.product))
            .order_by(Alert.last_at.desc(), Alert.id.desc())
        )
        rows = [_row(session, alert) for alert in session.scalars(query)]
    if as_list:
        out = io.StringIO()
        csv.writer(out).writerows([_HEADS, *rows])
        sys.stdout.buffer.write(b"\xef\xbb\xbf" + out.getvalue().encode())
        return
    table = Table(*_HEADS[1:])
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*row[1:])
    console.print(table if rows else "Không có cảnh báo nào. No alerts.")


@app.command()
def sweep() -> None:
    """Xem ngay các dấu hiệu mới và gửi tin đang chờ; dịch vụ đang chạy thì tự làm. What the service does by itself."""
    with in_words() as settings:
        require_current(settings.database_url)
        services = build_services(settings)
        try:
            done = sweep_once(services)
            AlertDeliverer(services).round()
        finally:
            services.close()
    console.print(
        f"Mở {done.opened} cảnh báo, mở lại {done.reopened}, thêm {done.joined} dấu hiệu. "
        f"Opened {done.opened}, reopened {done.reopened}, {done.joined} signals joined.",
        soft_wrap=True,
    )


def _row(session: Session, alert: Alert) -> tuple[str, ...]:
    signals = session.scalars(select(AlertSignal).where(AlertSignal.alert_id == alert.id)).all()
    where = sorted({province_name(one.province) for one in signals if one.province})
    return (
        str(alert.id),
        alert.state.value,
        alert.party.name,
        alert.product.name,
        ", ".join(sorted({one.kind for one in signals if one.is_evidence})),
        str(len({(one.run, one.serial) for one in signals})),
        ", ".join(where),
        formats.today(alert.first_at).isoformat(),
        formats.today(alert.last_at).isoformat(),
    )
