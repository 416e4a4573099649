"""`temthat recall`: the drill from the command line: find, list, and with `--do hold` or `--do recall` sign."""

import datetime as dt
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import Session

from temthat_stamps.custody.own_folder import write_file
from temthat_stamps.errors import TrustError
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.texts import visible
from temthat_stamps.verdict import NoticeKind
from temthat_trace.lineage.suspects import Suspicion
from temthat_trace.parties import Party
from temthat_trace.places import Place, find_place
from temthat_verify_api.commands.session import (
    REFUSED,
    console,
    find_batch,
    find_party,
    open_office,
    tell,
)
from temthat_verify_api.desk.words import Words
from temthat_verify_api.recall import acting, listing
from temthat_verify_api.recall.naming import read_thing, thing_words
from temthat_verify_api.recall.reach import Reach, reach_of
from temthat_verify_api.wiring import Services

SHOWN = 20
_DAY = ["%Y-%m-%d", "%d/%m/%Y"]


def recall(
    lot: Annotated[str, typer.Option(help="Số lô. Lot.")] = "",
    material: Annotated[str, typer.Option(help="Tên vật tư, nguyên liệu. Name of a material.")] = "",
    material_lot: Annotated[str, typer.Option(help="Số lô vật tư. Lot of the material.")] = "",
    words: Annotated[str, typer.Option(help="Chữ trong nhật ký. Words of the diary.")] = "",
    member: Annotated[str, typer.Option(help="Hộ: mã hoặc tên gọi. Household.")] = "",
    plot: Annotated[str, typer.Option(help="Vùng trồng: mã hoặc tên. Plot.")] = "",
    place: Annotated[str, typer.Option(help="Nơi: “xã …, tỉnh …” hoặc “tỉnh …”. Commune or province.")] = "",
    paper: Annotated[str, typer.Option(help="Số hoặc mã giấy tờ. Paper.")] = "",
    since: Annotated[
        dt.datetime | None, typer.Option(formats=_DAY, help="Sản xuất từ ngày. Made from.")
    ] = None,
    until: Annotated[dt.datetime | None, typer.Option(formats=_DAY, help="Đến ngày. Made until.")] = None,
    batch: Annotated[str, typer.Option(help="Một lô: MÃ ĐƠN VỊ/MÃ SẢN PHẨM/SỐ LÔ. One batch.")] = "",
    thing: Annotated[str, typer.Option(help="Mã trong sự kiện EPCIS. Identifier in EPCIS events.")] = "",
    of: Annotated[
        str, typer.Option(help="Mã đơn vị hoặc liên minh: chỉ tìm trong đó. Only of this party or alliance.")
    ] = "",
    csv: Annotated[Path | None, typer.Option(help="Ghi danh sách lô. Write the batches, CSV.")] = None,
    customers: Annotated[
        Path | None, typer.Option(help="Ghi danh sách cần gọi. Write whom to call, CSV.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Ghi biên bản. Write the record, PDF.")] = None,
    do: Annotated[str, typer.Option(help="hold: ký giữ lại; recall: ký thu hồi. Sign a notice.")] = "",
    by: Annotated[str, typer.Option(help="Mã đơn vị hoặc liên minh ra thông báo. Who gives notice.")] = "",
    reason: Annotated[str, typer.Option(help=f"Mã lý do. Reason: {', '.join(acting.REASONS)}.")] = "",
    sure: Annotated[bool, typer.Option("--yes", help="Không hỏi lại. Do not ask.")] = False,
) -> None:
    """Truy vết và thu hồi: tìm mọi lô, tem và khách liên quan; giữ lại hoặc thu hồi. Trace and recall."""
    with open_office() as (services, session):
        if do not in ("", NoticeKind.HOLD, NoticeKind.RECALL):
            raise RunRefused("--do là hold hoặc recall.", "--do is hold or recall.")
        days = {"since": since.date() if since else None, "until": until.date() if until else None}
        said = {"lot": lot, "material": material, "material_lot": material_lot, "words": words, "member": member,
                "plot": plot, "paper": paper, "thing": read_thing(thing)}  # fmt: skip
        suspicion = _suspicion(session, place, batch, **said, **days)
        reach = reach_of(session, _within(session, of), suspicion, services.settings.hosts)
        _show(reach)
        where = "commune" if suspicion.commune else "province"
        asked = {"batch": batch, where: place, **said, "thing": thing, **days}
        _write(services, reach, asked, csv, customers, pdf)
        if do:
            _act(services, session, reach, NoticeKind(do), by, reason, sure=sure)


def _suspicion(session: Session, place: str, batch: str, **said: Any) -> Suspicion:
    """What the options say. Raises `RunRefused` where they say nothing, or a place that is not found."""
    province = commune = ""
    if place:
        found = find_place(place)
        if not isinstance(found, Place) or ("," in place and not found.commune):
            raise RunRefused(
                f"Không tìm thấy nơi “{place}”. Viết ví dụ: xã Kháng Chiến, tỉnh Lạng Sơn.",
                f"There is no place “{place}”. Write commune and province.",
            )
        province, commune = found.province, found.commune or ""
    which: uuid.UUID | None = find_batch(session, batch).id if batch else None
    suspicion = Suspicion(batch=which, province="" if commune else province, commune=commune, **said)
    if not suspicion:
        raise RunRefused(
            "Hãy cho biết có gì bị lỗi: --lot, --material, --material-lot, --place, --paper…",
            "Say what went bad: --lot, --material, --material-lot, --place, --paper ...",
        )
    return suspicion


def _within(session: Session, code: str) -> ColumnElement[bool]:
    if not code:
        return true()
    party = find_party(session, code)
    return or_(Party.id == party.id, Party.alliance_id == party.id)


def _show(reach: Reach) -> None:
    words = Words("vi")
    console.print(
        f"{words.number(len(reach.affected))} lô, {words.number(reach.stamps)} tem "
        f"({words.number(reach.checked)} đã kiểm tra, {words.number(reach.sold)} đã bán), "
        f"{len(reach.customers)} khách; tìm trong {listing.seconds(words, reach)} giây. "
        f"Batches, stamps, customers; found in {reach.seconds:.2f} s."
    )
    if reach.unseen:
        console.print(f"Còn {reach.unseen} lô của đơn vị khác. And {reach.unseen} batches of others.")
    if reach.cut:
        console.print("Danh sách chưa đủ: hãy thu hẹp. Not whole: make it narrower.")
    if reach.affected:
        table = Table("lô", "đơn vị", "bước", "đợt in", "tem", "thông báo")
        for line in reach.affected[:SHOWN]:
            runs = ", ".join(str(run.run) for run in line.runs)
            about = f"{line.facts.product} · {line.facts.lot}"
            standing = words(f"recall.standing.{line.standing}") if line.standing else ""
            stamps = str(sum(run.stamps for run in line.runs))
            table.add_row(visible(about), visible(line.facts.party), str(line.steps), runs, stamps, standing)
        console.print(table)
        if len(reach.affected) > SHOWN:
            console.print(f"… {len(reach.affected) - SHOWN} lô nữa: --csv. More: --csv.")
    for found, _ in reach.things[:SHOWN]:
        console.print(f"EPCIS: {visible(thing_words(found.name))}")
    for customer in reach.customers[:SHOWN]:
        amounts = ", ".join(words.quantity(n, unit) for n, unit in customer.amounts)
        console.print(
            f"Gọi: {visible(customer.name or words('recall.no_name'))} {customer.hotline} {amounts}".rstrip()
        )


def _write(
    services: Services,
    reach: Reach,
    asked: Mapping[str, object],
    csv: Path | None,
    customers: Path | None,
    pdf: Path | None,
) -> None:
    words = Words("vi")
    if csv:
        write_file(csv, listing.batches_csv(words, reach))
    if customers:
        write_file(customers, listing.customers_csv(words, reach))
    if pdf:
        said = [(words(f"recall.{name}"), str(value)) for name, value in asked.items() if value]
        by = services.settings.operator_name
        host = services.settings.host
        write_file(pdf, listing.document(words, reach, said, now=services.now(), by=by, host=host))
    for path in filter(None, (csv, customers, pdf)):
        console.print(str(path))


def _act(
    services: Services, session: Session, reach: Reach, kind: NoticeKind, by: str, reason: str, *, sure: bool
) -> None:
    """A notice on each root, or the file for an issuer that signs at home."""
    if reason not in acting.REASONS:
        raise RunRefused(
            f"Cần --reason, một trong: {', '.join(acting.REASONS)}.", "Name --reason, one of those."
        )
    if not by:
        raise RunRefused("Cần --by: ai ra thông báo.", "Name --by: who gives notice.")
    issuer = find_party(session, by)
    roots = acting.left_to_tell(session, reach, kind)
    word = "giữ lại" if kind is NoticeKind.HOLD else "thu hồi"
    if not sure and not typer.confirm(
        f"Ký {len(roots)} thông báo {word} cho {len(reach.affected)} lô, {reach.stamps} tem? Sign?"
    ):
        raise typer.Exit(REFUSED)
    if acting.signs_at_home(session, issuer, services.now()):
        ids = [batch.id for batch in roots]
        request = acting.ask_to_sign(session, services.registry, ids, kind, reason, issuer)
        path = Path(f"thong-bao-{kind}.json")
        write_file(path, request.to_json())
        console.print(
            f"{path}: temthat own sign {path}, rồi temthat trust accept. Sign at home, then accept."
        )
        return
    records = acting.give_notice(session, services.registry, roots, kind, reason, issuer)
    session.commit()
    for record in records:
        console.print(
            f"Thông báo số {record.number} cho {record.target}: mục {record.log_index} của sổ công khai."
        )
    try:
        services.book.publish()
    except TrustError as error:
        tell(
            f"Thông báo đã có hiệu lực trên máy chủ; chưa công bố được: {error.vi} Máy chủ sẽ tự công bố sau.",
            f"The notices count on this server already; they were not published yet: {error.en} The service will.",
        )
