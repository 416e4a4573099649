"""How the public record stands: what is unpublished, which witnesses are missing, what trust data is about to expire;
and whether the nightly work is done, on which the promise to delete checks rests.

None of it keeps a shopper's question from being answered, so none of it makes the service unwell; whoever runs it has
to know all the same, before print files wait for it or scanners stop taking data.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from temthat_stamps.custody.client import SignerClient
from temthat_stamps.errors import TrustError
from temthat_stamps.log.checkpoint import Witnessed
from temthat_stamps.log.entries import size
from temthat_stamps.trust.accepted import Accepted
from temthat_stamps.trust.repository import TrustRepository
from temthat_stamps.trust.status import RoleStatus, status_of
from temthat_verify_api.emitter import Emitter
from temthat_verify_api.nightly.rounds import night_is_late
from temthat_verify_api.publisher import Publisher
from temthat_verify_api.wiring import Services


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the operator should see to; `code` is stable."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class RecordState:
    """Entries in the database, entries published, witnesses not on the checkpoint, until the first role expires."""

    entries: int
    published: int
    failing: bool
    witnesses_missing: int
    trust_left: dt.timedelta | None
    troubles: tuple[Trouble, ...]


class RecordHealth:
    """Looks when asked; the trust files are checked again only when they changed."""

    def __init__(self, services: Services, publisher: Publisher, emitter: Emitter | None = None) -> None:
        self._services = services
        self._publisher = publisher
        self._emitter = emitter
        self._repository = TrustRepository(services.settings.public_dir / "trust")
        self._accepted: tuple[int, Accepted] | None = None

    def look(self) -> RecordState:
        """The state now. Raises `SQLAlchemyError` without a database; anything else is a trouble."""
        with self._services.sessions() as session:
            entries = size(session)
            is_late = night_is_late(session, self._services.now())
        troubles = [*self._of_publishing(), *self._of_signer(), *self._of_events()]
        if is_late:
            troubles.append(_NIGHT_LATE)
        latest, missing = self._latest(troubles)
        roles = self._roles(troubles)
        now = self._services.now()
        troubles += [_expiring(role) for role in roles if role.warning]
        return RecordState(
            entries=entries,
            published=latest.checkpoint.size if latest else 0,
            failing=self._publisher.problem is not None,
            witnesses_missing=len(missing),
            trust_left=min((role.expires - now for role in roles), default=None),
            troubles=tuple(troubles),
        )

    def _of_publishing(self) -> Iterator[Trouble]:
        problem = self._publisher.problem
        if isinstance(problem, TrustError):
            yield Trouble("not_published", problem.vi, problem.en)
        elif problem is not None:
            why = getattr(problem, "strerror", None) or type(problem).__name__
            yield Trouble("not_published", f"Không công bố được ({why}).", f"Cannot publish ({why}).")

    def _of_events(self) -> Iterator[Trouble]:
        problem = self._emitter.problem if self._emitter else None
        if problem is not None:
            why = type(problem).__name__
            yield Trouble(
                "events_untold",
                f"Ghi chép chưa thành sự kiện EPCIS được ({why}); sẽ thử lại. Xem nhật ký của dịch vụ.",
                f"Records could not be told as EPCIS events ({why}); it is tried again. See the service's log.",
            )

    def _of_signer(self) -> Iterator[Trouble]:
        socket = self._services.settings.signer
        if socket is None:
            return
        try:
            SignerClient(socket, patience=0).ping()
        except TrustError:
            yield Trouble(
                "signer_silent",
                "Bộ ký không trả lời: chưa in được tem. Khởi động lại: temthat signer serve.",
                "The signer does not answer: no stamps can be made. Start it again: temthat signer serve.",
            )

    def _latest(self, troubles: list[Trouble]) -> tuple[Witnessed | None, list[str]]:
        """The published checkpoint, and the witnesses that are set but did not sign it."""
        try:
            latest = self._services.book.latest()
        except TrustError as error:
            troubles.append(Trouble("log_damaged", error.vi, error.en))
            return None, []
        if latest is None:
            return None, []
        known = {key.name for key in self._services.book.policy.witnesses}
        missing = sorted(known - latest.cosigned.keys())
        if missing:
            names = ", ".join(missing)
            troubles.append(
                Trouble(
                    "witnesses_missing",
                    f"Điểm mốc mới nhất thiếu xác nhận của {names}: báo cho họ trước khi thiếu thêm bên nữa.",
                    f"The newest checkpoint lacks {names}: tell them, before one more is missing.",
                )
            )
        return latest, missing

    def _roles(self, troubles: list[Trouble]) -> tuple[RoleStatus, ...]:
        if not self._repository.founded:
            troubles.append(
                Trouble(
                    "no_trust_data",
                    "Chưa công bố dữ liệu tin cậy: làm lễ khai khóa (temthat trust found).",
                    "No trust data is published: hold the founding ceremony (temthat trust found).",
                )
            )
            return ()
        try:
            published = self._published()
        except TrustError as error:
            troubles.append(Trouble("no_trust_data", error.vi, error.en))
            return ()
        return status_of(published, self._services.now()).roles

    def _published(self) -> Accepted:
        path = self._repository.folder / "timestamp.json"
        changed = path.stat().st_mtime_ns if path.exists() else 0
        if self._accepted is None or self._accepted[0] != changed:
            self._accepted = changed, self._repository.current()
        return self._accepted[1]


_NIGHT_LATE = Trouble(
    "night_late",
    "Việc đêm chưa xong từ hơn 36 giờ: lượt kiểm tra cũ chưa bị xóa. Xem nhật ký của dịch vụ, chạy: temthat night.",
    "The nightly work was not done for more than 36 hours: old checks are not deleted. See the service's log, run: "
    "temthat night.",
)


def _expiring(role: RoleStatus) -> Trouble:
    if role.expired:
        return Trouble(
            "trust_expired",
            f"“{role.role}” đã hết hạn: máy quét không nhận dữ liệu mới. Chạy: temthat trust status.",
            f"“{role.role}” has expired: scanners take no new data. Run: temthat trust status.",
        )
    return Trouble(
        "trust_expiring",
        f"“{role.role}” còn {role.days} ngày. Chạy: temthat trust status.",
        f"“{role.role}” expires in {role.days} days. Run: temthat trust status.",
    )
