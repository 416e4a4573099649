"""What a revoked issuer key had stated after its last good entry: it counts no more online either, as in the log.

The log's own rule is in `log.rules.signers`; here it is asked of the database, and only where a key was revoked at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.keys import key_id
from temthat_stamps.log.entries import entry
from temthat_stamps.notice import Notice, run_target
from temthat_stamps.runs.records import IssuerKey, NoticeRecord, Run
from temthat_stamps.statement import open_envelope
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import PRODUCERS


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The issuer keys that are revoked, by key id."""

    keys: Mapping[str, IssuerKey]

    @classmethod
    def load(cls, session: Session) -> Self:
        """All of them; there are few."""
        query = select(IssuerKey).where(IssuerKey.last_good.is_not(None)).options(joinedload(IssuerKey.party))
        return cls({key_id(key.public_key): key for key in session.scalars(query)})

    def run(self, session: Session, run: Run) -> Notice | None:
        """A revocation, dated as the run, if its manifest or the announcement of its stamp key is taken back."""
        for index in (run.log_index, run.stamp_key.log_index):
            key = self._rests_on(session, index)
            if key is not None:
                reason = key.revoked_reason or "other"
                kind = NoticeKind.REVOCATION
                return Notice(run_target(run.run), 0, kind, reason, run.registered_at, run.run)
        return None

    def notice(self, session: Session, record: NoticeRecord) -> bool:
        """Whether a notice is taken back."""
        return self._rests_on(session, record.log_index) is not None

    def _rests_on(self, session: Session, index: int) -> IssuerKey | None:
        """The revoked key that an entry rests on; None if it counts.

        Where an alliance or authority signed beside the issuer, the entry rests on that one's key.
        """
        ended = {
            name: key
            for name, key in self.keys.items()
            if key.last_good is not None and key.last_good < index
        }
        if not ended:
            return None
        names = open_envelope(entry(session, index)).signatures
        signed = [ended[name] for name in names if name in ended]
        above = [key for key in signed if key.party.kind not in PRODUCERS]
        return next(iter(above or (signed if len(signed) == len(names) else ())), None)
