"""`temthat order`, `notice`: stamps and notices from the command line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from temthat_stamps.custody.own_folder import write_file
from temthat_stamps.errors import TrustError
from temthat_stamps.notice import batch_target, run_target, stamps_target
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notify_batch, notify_run, notify_stamps
from temthat_stamps.runs.produce import PrintSettings, create_jobs, fetch, produce
from temthat_stamps.runs.records import JobState, Run
from temthat_stamps.runs.register import OrderOptions, plan_run, register_run
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.commands.own_orders import signs_itself, write_order, write_request
from temthat_verify_api.commands.session import (
    check_writable,
    console,
    find_batch,
    find_one,
    find_party,
    open_office,
    tell,
)
from temthat_verify_api.press import press_of


def order(
    holder: Annotated[str, typer.Argument(help="Mã đơn vị. The producer's code.")],
    product: Annotated[str, typer.Argument(help="Mã sản phẩm. The product's code.")],
    lot: Annotated[str, typer.Argument(help="Số lô. The lot.")],
    pack_form: Annotated[str, typer.Argument(help="Mã quy cách. The pack form's code.")],
    count: Annotated[int | None, typer.Option(help="Số tem; mặc định số còn được in. How many.")] = None,
    reason: Annotated[str, typer.Option(help="Lý do khi cần nhiều hơn mức cho phép.")] = "",
    kind: Annotated[
        Literal["pdf", "zpl", "tspl", "svg", "png", "csv"], typer.Option(help="Loại tệp.")
    ] = "pdf",
    layout: Annotated[str, typer.Option(help="Khổ tem, ví dụ a4-24, roll-50x30-1.")] = "a4-24",
    level: Annotated[Literal["M", "Q"], typer.Option(help="Mức sửa lỗi QR.")] = "M",
    dpi: Annotated[int, typer.Option(help="Độ phân giải máy in.")] = 600,
    start: Annotated[int, typer.Option(help="Vị trí bắt đầu trên tờ đầu.")] = 1,
    dx: Annotated[float, typer.Option(help="Chỉnh lệch ngang, mm (xem docs/printing.md).")] = 0.0,
    dy: Annotated[float, typer.Option(help="Chỉnh lệch dọc, mm.")] = 0.0,
    scale_x: Annotated[float, typer.Option(help="Chỉnh tỷ lệ ngang, 0,95 đến 1,05.")] = 1.0,
    scale_y: Annotated[float, typer.Option(help="Chỉnh tỷ lệ dọc, 0,95 đến 1,05.")] = 1.0,
    cut_marks: Annotated[bool, typer.Option("--cut-marks", help="In dấu cắt.")] = False,
    gs1: Annotated[bool, typer.Option("--gs1", help="Tem dạng GS1 Digital Link (cần GTIN).")] = False,
    pins: Annotated[
        bool, typer.Option("--pins", help="Tem có mã PIN dưới lớp cào (xem temthat pins). Hidden PINs.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Thư mục nhận tệp in. Where the print files go.")] = Path(),
) -> None:
    """Đặt in tem cho một lô và tạo tệp in; đơn vị tự giữ khóa thì ghi đơn để ký. Register a run and make its files."""
    with open_office() as (services, session):
        check_writable(out)
        press = press_of(services)
        batch = find_batch(session, f"{holder}/{product}/{lot}")
        form = next((f for f in batch.product.pack_forms if f.code == pack_form), None)
        if form is None:
            raise RunRefused(f"Không có quy cách {pack_form}.", f"There is no pack form {pack_form}.")
        wanted = plan_run(session, batch, form).left if count is None else count
        settings = PrintSettings(kind, layout, level, dpi, dx, dy, scale_x, scale_y, start, cut_marks)
        if signs_itself(services, session, batch.party):
            options = OrderOptions(override_reason=reason, gs1=gs1, has_pins=pins)
            write_order(services, session, batch, form, wanted, options, settings, out)
            return
        run = register_run(
            session, services.registry, batch, form, wanted,
            requested_by="command line", override_reason=reason, gs1=gs1, has_pins=pins,
        )  # fmt: skip
        jobs = create_jobs(session, press, run, settings, by="command line")
        session.commit()
        with _progress() as bar:
            for job in jobs:
                task = bar.add_task(
                    f"Đợt {run.run}: tem {job.first}-{job.last}", total=job.last - job.first + 1
                )
                made = produce(press, job.id, _telling(bar, task))
                if made.state is JobState.FAILED:
                    vi, _, en = made.problem.partition(" / ")
                    raise RunRefused(vi, en or vi)
        session.expire_all()
        for job in jobs:
            source = fetch(session, press, job, "command line")
            target = out / f"dot-{run.run}-tem-{job.first}-{job.last}{source.suffix}"
            write_file(target, source.read_bytes())
            console.print(f"{target}", highlight=False)


def notice(
    kind: Annotated[
        NoticeKind, typer.Argument(help="void, lost, spoiled, returned, hold, recall, revocation, lift")
    ],
    by: Annotated[str, typer.Option(help="Mã đơn vị ra thông báo. Who issues it.")],
    reason: Annotated[str, typer.Option(help="Mã lý do, xem docs/spec/statements.md. Reason code.")],
    run: Annotated[int | None, typer.Option(help="Đợt in. Run.")] = None,
    serials: Annotated[str, typer.Option(help="Dải tem, ví dụ 11-20. A stretch of serials.")] = "",
    batch: Annotated[str, typer.Option(help="Lô: MÃ ĐƠN VỊ/MÃ SẢN PHẨM/SỐ LÔ. A whole batch.")] = "",
    second: Annotated[str, typer.Option(help="Mã liên minh cùng ký. The second signer.")] = "",
) -> None:
    """Thông báo: hủy, thất lạc, giữ lại, thu hồi, gỡ. Issue a signed notice."""
    with open_office() as (services, session):
        registry = services.registry
        issuer = find_party(session, by)
        other = find_party(session, second) if second else None
        if other is None and signs_itself(services, session, issuer):
            write_request(
                services, session, issuer, _target(session, run, serials, batch), kind, reason, Path()
            )
            return
        if batch:
            record = find_batch(session, batch)
            made = notify_batch(session, registry, record, kind, reason, issuer, other)
        elif run is None:
            raise RunRefused("Cần --run hoặc --batch.", "Name --run or --batch.")
        else:
            printed = find_one(session, Run, f"đợt in {run}", Run.run == run)
            if serials:
                first, last = _stretch(serials)
                made = notify_stamps(session, registry, printed, first, last, kind, reason, issuer, other)
            else:
                made = notify_run(session, registry, printed, kind, reason, issuer, other)
        session.commit()
        console.print(
            f"Thông báo số {made.number} cho {made.target}: mục {made.log_index} của sổ công khai. Issued.",
            highlight=False,
        )
        try:
            services.book.publish()
        except TrustError as error:
            tell(
                f"Thông báo đã có hiệu lực trên máy chủ; chưa công bố được: {error.vi} Máy chủ sẽ tự công bố sau.",
                f"The notice counts on this server already; it was not published yet: {error.en} The service will.",
            )


def _target(session: Session, run: int | None, serials: str, batch: str) -> str:
    """What a notice is about, as its statement names it."""
    if batch:
        return batch_target(find_batch(session, batch).id)
    if run is None:
        raise RunRefused("Cần --run hoặc --batch.", "Name --run or --batch.")
    return stamps_target(run, *_stretch(serials)) if serials else run_target(run)


def _stretch(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError as error:
        raise RunRefused("Dải tem viết như 11-20.", "Write a stretch as 11-20.") from error


def _telling(bar: Progress, task: TaskID) -> Callable[[int, int], None]:
    return lambda done, _: bar.update(task, completed=done)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not sys.stdout.isatty(),
    )
