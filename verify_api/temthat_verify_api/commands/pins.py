"""`temthat pins`: the lists of a run's PINs, apart from its print files."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy import select

from temthat_stamps.custody.own_folder import write_file
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.pins import fetch_pins, took_both
from temthat_stamps.runs.records import PrintJob
from temthat_verify_api.commands.session import check_writable, console, open_office, tell

BY = "command line"


def pins(
    run: Annotated[int, typer.Argument(help="Số đợt in. The run.")],
    apart: Annotated[
        bool,
        typer.Option(
            "--apart", help="Tôi gửi danh sách này theo đường khác với tệp in. I send it another way."
        ),
    ] = False,
    kind: Annotated[
        Literal["csv", "pdf"], typer.Option(help="csv: danh sách; pdf: tờ cùng khổ với tem. List or sheets.")
    ] = "csv",
    out: Annotated[Path, typer.Option(help="Thư mục nhận danh sách. Where the lists go.")] = Path(),
) -> None:
    """Danh sách PIN của một đợt in, một tệp cho mỗi tệp in; mỗi lần lấy được ghi lại. The PINs of a run."""
    if not apart:
        raise typer.BadParameter(
            "danh sách PIN không đi cùng tệp in; thêm --apart để xác nhận. / "
            "the PINs do not travel with the print file; confirm with --apart.",
            param_hint="--apart",
        )
    with open_office() as (services, session):
        check_writable(out)
        jobs = session.scalars(select(PrintJob).where(PrintJob.run == run).order_by(PrintJob.first)).all()
        if not jobs:
            raise RunRefused(f"Đợt in {run} chưa có tệp in nào.", f"Run {run} has no print file yet.")
        host = services.settings.host
        lists = [(job, fetch_pins(session, services.registry, job, BY, kind, host)) for job in jobs]
        session.commit()
        for job, data in lists:
            target = out / f"pin-{run}-tem-{job.first}-{job.last}.{kind}"
            write_file(target, data)
            console.print(f"{target}", highlight=False)
        if any(took_both(job) for job in jobs):
            tell(
                "Tệp in cũng đã lấy ở máy này: để hai người giữ hai tệp.",
                "The print files were taken here too: let two people hold the two.",
            )
