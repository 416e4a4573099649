"""`temthat epcis`: the EPCIS repositories from the command line."""

from typing import Annotated

import typer

from temthat_stamps.texts import visible
from temthat_trace.emitting.repository import Emitted
from temthat_verify_api.commands.session import REFUSED, console, errors, find_party, open_records, tell
from temthat_verify_api.emitter import all_batches, tell_in
from temthat_verify_api.settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Kho sự kiện EPCIS. The repositories of EPCIS events.",
)


@app.callback()
def _group() -> None:
    """Keeps `emit` a command of its own while it is the only one."""


@app.command("emit")
def emit_command(
    organisation: Annotated[
        str | None, typer.Option("--party", help="Chỉ một đơn vị, theo mã. One party only, by its code.")
    ] = None,
) -> None:
    """Ghi mọi lô đã có thành sự kiện EPCIS; chạy lại không ghi trùng. Tell every recorded batch; again does nothing."""
    outcome, settings = Emitted(), Settings()
    with open_records() as (session, now):
        party = find_party(session, organisation) if organisation else None
        for batches in all_batches(session, party.id if party else None):
            done = tell_in(session, batches, settings, now)
            session.commit()  # what is told stays told when this is stopped
            outcome.add(done)
    console.print(
        f"{outcome.batches} lô, {outcome.told} sự kiện mới, trong đó {outcome.corrected} đính chính. "
        f"{outcome.batches} batches, {outcome.told} new events, {outcome.corrected} of them corrections."
    )
    for result in outcome.refused:
        for problem in result.errors:
            errors.print(visible(f"{problem.pointer}: {problem.vi} {problem.en}"))
    if outcome.refused:
        tell(
            f"{len(outcome.refused)} sự kiện không ghi được.", f"{len(outcome.refused)} events were refused."
        )
        raise typer.Exit(REFUSED)
