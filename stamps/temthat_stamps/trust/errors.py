"""What trust data, enrolments and ceremonies are refused for: whose fault it is, and what to do."""

import datetime as dt

from temthat_stamps.errors import Fault, TrustError


class BadTrustData(TrustError):
    """Metadata or a trust file says what it must not say, or is not what it should be. Nothing of it is used."""


class WrongSignature(BadTrustData):
    """Too few good signatures by different keys of the role."""


class Rollback(BadTrustData):
    """Something older than what was accepted before, or two versions that do not belong together."""


class TrustExpired(TrustError):
    """The newest trust data there is has run out. `accepted_at` says when it was last found current."""

    def __init__(
        self, vi: str, en: str, expired: dt.datetime, accepted_at: dt.datetime | None = None
    ) -> None:
        super().__init__(Fault.CLOCK, vi, en)
        self.expired = expired
        self.accepted_at = accepted_at


class SourceUnreachable(TrustError):
    """The source of trust data does not answer, answers too much, or too slowly. What was accepted stays."""


class NoTrustYet(TrustError):
    """This device has not accepted any trust data so far."""


class KeyNotValid(TrustError):
    """A key that does not count for a statement at that place in the log."""


class EnrolmentRefused(TrustError):
    """A request to delegate to a key cannot be accepted."""


class CeremonyRefused(TrustError):
    """A step of a ceremony cannot be done as asked; nothing was written."""


def bad(vi: str, en: str) -> BadTrustData:
    """Refused for what it says: nobody but those who sign it can mend that."""
    return BadTrustData(
        Fault.OPERATOR,
        f"Dữ liệu tin cậy bị từ chối: {vi}. Hãy báo cho nhà vận hành; dữ liệu cũ vẫn được dùng.",
        f"Trust data refused: {en}. Tell the operator; what was accepted before is kept.",
    )


def wrong_signature(why: str) -> WrongSignature:
    """Refused for who signed it, or who did not."""
    return WrongSignature(
        Fault.OPERATOR,
        f"Chữ ký không đủ hoặc không đúng ({why}). Không dùng dữ liệu này; hãy báo nhà vận hành và liên minh.",
        f"Signatures are missing or wrong ({why}). Do not use this data; tell the operator and the alliance.",
    )
