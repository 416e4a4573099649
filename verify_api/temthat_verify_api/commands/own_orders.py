"""The operator's side of own custody: an order's file, a notice to sign, and the cooperative's signed answer."""

import uuid
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from temthat_stamps.custody.order import signed_from_json
from temthat_stamps.custody.own_folder import write_file
from temthat_stamps.errors import TrustError
from temthat_stamps.manifest import Custody
from temthat_stamps.printing.job import plan
from temthat_stamps.runs.custody import delegated_key
from temthat_stamps.runs.own import (
    accept_signed,
    order_file,
    order_own_run,
    plan_files,
    print_choice_of,
    signed_runs,
)
from temthat_stamps.runs.own_notices import notice_request
from temthat_stamps.runs.produce import PrintSettings, unsigned_label
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import OrderOptions
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_trace.products import PackForm
from temthat_verify_api.commands.session import check_writable, console, find_one, open_office, tell
from temthat_verify_api.press import press_of
from temthat_verify_api.wiring import Services


def signs_itself(services: Services, session: Session, party: Party) -> bool:
    """Whether a party keeps its own key."""
    key = delegated_key(session, party, services.now())
    return key is not None and key.custody is Custody.OWN


def write_order(
    services: Services,
    session: Session,
    batch: Batch,
    form: PackForm,
    count: int,
    options: OrderOptions,
    settings: PrintSettings,
    folder: Path,
) -> Path:
    """Keep an order and write the file for the cooperative's computer. Raises `RunRefused`, `PrintingError`."""
    registry, press = services.registry, press_of(services)
    options = {**options, "requested_by": "command line"}
    run = order_own_run(session, registry, batch, form, count, **options)
    plan(settings.printing(press.host), unsigned_label(press, run))
    jobs = plan_files(session, registry, run, settings, "command line")
    order = order_file(session, registry, run, press.host, press.scheme, print_choice_of(jobs))
    path = folder / f"don-{run.run}.json"
    write_file(path, order.to_json())
    session.commit()
    console.print(str(path))
    console.print(f"Đơn vị tự giữ khóa. Trên máy của đơn vị: temthat own sign {path.name}")
    console.print(f"Rồi trên máy chủ: temthat trust accept don-{run.run}.signed.json")
    return path


def write_request(
    services: Services,
    session: Session,
    party: Party,
    target: str,
    kind: NoticeKind,
    reason: str,
    folder: Path,
) -> Path:
    """Write a notice for the cooperative to sign at home."""
    request = notice_request(session, services.registry, party, target, kind, reason)
    path = folder / f"thong-bao-{kind.value}-{target.replace(':', '-')}.json"
    write_file(path, request.to_json())
    console.print(str(path))
    console.print(f"Đơn vị tự giữ khóa. Trên máy của đơn vị: temthat own sign {path.name}")
    console.print(f"Rồi trên máy chủ: temthat trust accept {path.stem}.signed.json")
    return path


def accept(
    signed: Annotated[Path, typer.Argument(help="Tệp .signed.json của đơn vị. What the cooperative signed.")],
    out: Annotated[Path, typer.Option(help="Thư mục nhận bằng chứng. Where the proofs go.")] = Path(),
) -> None:
    """Trên máy chủ: nhận tệp đơn vị đã ký, ghi vào sổ, trả bằng chứng. Take what an own-custody issuer signed."""
    with open_office() as (services, session):
        check_writable(out)
        answer = signed_from_json(signed.read_bytes())
        party = find_one(session, Party, f"đơn vị {answer.issuer}", Party.id == uuid.UUID(answer.issuer))
        entries = accept_signed(session, services.registry, answer, party)
        session.commit()
        console.print(f"{party.name}: mục {', '.join(map(str, entries))} của sổ công khai. Logged.")
        try:
            for number in signed_runs(answer):
                services.book.prove_run(number)
                run = session.get_one(Run, number)
                session.refresh(run)
                path = out / f"don-{number}.proof"
                path.write_bytes(run.proof or b"")
                console.print(str(path))
            services.book.publish()
        except TrustError as error:
            tell(
                f"Đã ghi vào sổ; chưa có bằng chứng: {error.vi} Chạy lại lệnh này sau ít phút.",
                f"Logged; there is no proof yet: {error.en} Run this command again in some minutes.",
            )
            raise typer.Exit(1) from error
