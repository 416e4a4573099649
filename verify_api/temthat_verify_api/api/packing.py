"""What a packing line tells of stamps: applied or spoiled. It goes into the ledger, in stretches, as at the desk.

A line tells of every pack, and nothing is stored for each printed stamp: what is told together is recorded together.
Told again, the ledger already has it.
"""

import asyncio
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.errors import TrustError
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import Ledger, State, state_words
from temthat_stamps.ledger.recording import Fate, can_go, note_applied, record, state_of
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import Run
from temthat_trace.parties import Party
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.credentials import Credential
from temthat_verify_api.wiring import Services

_DONE = {Fate.APPLIED: State.APPLIED, Fate.SPOILED: State.SPOILED}


class Packed(StrEnum):
    """What became of one stamp's report."""

    NEW = "new"
    KNOWN = "known"


Result = Packed | BadEvent
"""A refusal is a value here: one stamp's must not become another's."""


@dataclass
class _Group:
    """Reports on one run that are written together."""

    waiting: list[tuple[int, asyncio.Future[Result]]] = field(default_factory=list)
    at: dt.datetime | None = None


class Packing:
    """Gathers the reports of one request: those made in the same turn of the event loop share one transaction."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._groups: dict[tuple[Fate, int], _Group] = defaultdict(_Group)
        self._tasks: set[asyncio.Task[None]] = set()

    async def record(
        self, credential: Credential, fate: Fate, run: int, serial: int, at: dt.datetime
    ) -> Result:
        """Record a stamp as applied or spoiled; the refusal if the ledger, or whose key it is, does not allow it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        group = self._groups[fate, run]
        group.waiting.append((serial, future))
        group.at = min(at, group.at or at)
        if len(group.waiting) == 1:
            task = asyncio.create_task(self._write(credential, fate, run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _write(self, credential: Credential, fate: Fate, run: int) -> None:
        await asyncio.sleep(0)
        group = self._groups.pop((fate, run))
        serials = [serial for serial, _ in group.waiting]
        try:
            assert group.at is not None, "a group has a report"
            results = await run_in_threadpool(
                record_packing, self._services, credential, fate, run, serials, group.at
            )
        except Exception as error:  # noqa: BLE001 - not swallowed: every report of the group gets it
            for _, future in group.waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for serial, future in group.waiting:
            if not future.done():
                future.set_result(results[serial])


def record_packing(
    services: Services, credential: Credential, fate: Fate, run: int, serials: list[int], at: dt.datetime
) -> dict[int, Result]:
    """Record stamps of one run, in one transaction, as far as the ledger lets them go that way; by serial."""
    with services.sessions() as session:
        record_of_run = session.get_one(Run, run)
        try:
            _require_owner(credential, record_of_run)
            by = f"API · {session.get_one(Party, credential.party_id).name}"[:100]
            if fate is Fate.APPLIED:
                ledger = note_applied(session, record_of_run, serials, at, by)
            else:
                ledger = _spoil(session, services, record_of_run, serials, by)
            session.commit()
        except (RunRefused, TrustError) as error:
            session.rollback()
            refusal = BadEvent("state", error.vi, error.en)
            return dict.fromkeys(serials, refusal)
    return {serial: _result(ledger, fate, serial) for serial in serials}


def _spoil(session: Session, services: Services, run: Run, serials: list[int], by: str) -> Ledger:
    """Spoiled stamps are signed notices in the issuer's name. Raises `RunRefused`; the ledger as it was before."""
    if run.stamp_key.custody is Custody.OWN:
        raise RunRefused(
            "Tổ chức này tự giữ khóa: tem hỏng phải được ghi ở trang Sổ tem và ký tại máy của tổ chức.",
            "This organisation keeps its own keys: spoiled stamps are recorded at the desk and signed on its machine.",
        )
    ledger = ledger_of(session, run)
    going = sorted({serial for serial in serials if can_go(ledger, Fate.SPOILED, serial)})
    stretches = []
    for _, some in groupby(enumerate(going), key=lambda pair: pair[1] - pair[0]):
        part = [serial for _, serial in some]
        stretches.append((part[0], part[-1]))
    if stretches:
        record(session, services.registry, run, Fate.SPOILED, stretches, by)
    return ledger


def _require_owner(credential: Credential, run: Run) -> None:
    if credential.role is KeyRole.OPERATOR or credential.party_id == run.party_id:
        return
    raise RunRefused(
        "Tem này của tổ chức khác: chỉ tổ chức phát hành ghi được tem đã dán hoặc hỏng.",
        "This stamp is another organisation's: only its issuer records stamps as applied or spoiled.",
    )


def _result(ledger: Ledger, fate: Fate, serial: int) -> Result:
    """By the state it was in."""
    if can_go(ledger, fate, serial):
        return Packed.NEW
    state = state_of(ledger, serial)
    if state is _DONE[fate]:
        return Packed.KNOWN
    return BadEvent(
        "state",
        f"Theo sổ tem, tem này {state_words(state)}: không ghi như vậy được. Hãy xem lại sổ tem.",
        f"By the ledger this stamp is {state_words(state, 'en')}: it cannot be recorded so. Look at the ledger.",
    )
