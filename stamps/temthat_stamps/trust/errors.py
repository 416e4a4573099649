"""What trust data, enrolments and ceremonies are refused for: whose fault it is, and what to do."""

import datetime as dt

from tuf.api import exceptions

from temthat_stamps.errors import Fault, TrustError


class BadTrustData(TrustError):
    """Metadata or a trust file says what it must not say, or is not what it should be. Nothing of it is used."""


class WrongSignature(BadTrustData):
    """Too few good signatures by different keys of the role."""


class Rollback(BadTrustData):
    """Something older than what was accepted before, or two versions that do not belong together."""


class NotTogether(BadTrustData):
    """A file that is not the one its superior named: another length or digest (mix-and-match, or a broken download)."""


class TrustExpired(TrustError):
    """The newest trust data there is has run out at `expired`. `accepted_at`: when it was last found current."""

    def __init__(
        self, vi: str, en: str, role: str, expired: dt.datetime, accepted_at: dt.datetime | None = None
    ) -> None:
        super().__init__(Fault.CLOCK, vi, en)
        self.role = role
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


def expired(
    role: str, day: dt.datetime, at: dt.datetime, accepted_at: dt.datetime | None = None
) -> TrustExpired:
    """Too old to rely on: this device's clock is ahead, or the operator and its alliance did not renew in time."""
    age_vi = age_en = ""
    if accepted_at is not None:
        days = max(0, (at - accepted_at).days)
        age_vi, age_en = f" Dữ liệu đã {days} ngày tuổi.", f" It is {days} days old."
    return TrustExpired(
        f"Dữ liệu tin cậy hết hạn ngày {day:%d/%m/%Y} (“{role}”); máy đang ghi ngày {at:%d/%m/%Y}.{age_vi} Nếu "
        "đồng hồ đúng: nối mạng để cập nhật; vẫn vậy thì báo nhà vận hành.",
        f"Trust data expired on {day:%Y-%m-%d} (“{role}”); this device says {at:%Y-%m-%d}.{age_en} If the clock is "
        "right: go online and update; if it stays so, tell the operator.",
        role,
        day,
        accepted_at,
    )


def translated(error: Exception) -> BadTrustData:
    """What tuf refused, in the words of this house."""
    if isinstance(error, exceptions.UnsignedMetadataError):
        return wrong_signature(str(error))
    if isinstance(error, exceptions.BadVersionNumberError):
        return rollback(str(error))
    if isinstance(error, exceptions.LengthOrHashMismatchError):
        return NotTogether(
            Fault.STORE,
            "Các tệp tin cậy không khớp nhau (tải dở, hoặc nguồn trộn tệp cũ và mới). Hãy tải lại, hoặc đổi nguồn; dữ "
            "liệu cũ vẫn được dùng.",
            "The trust files do not belong together (a broken download, or a source that mixes old and new). Fetch "
            "them again, or from elsewhere; what was accepted before is kept.",
        )
    return bad(f"tệp sai dạng ({type(error).__name__})", f"malformed ({type(error).__name__}: {error})"[:300])


def rollback(why: str) -> Rollback:
    """Older than what was accepted, or not the version that was announced."""
    return Rollback(
        Fault.OPERATOR,
        f"Nguồn đưa dữ liệu tin cậy cũ hơn hoặc lệch phiên bản ({why}). Dữ liệu đã nhận vẫn được dùng; đổi nguồn, và "
        "báo nhà vận hành.",
        f"The source offers older trust data, or versions that do not fit ({why}). What was accepted is kept; "
        "use another source and tell the operator.",
    )
