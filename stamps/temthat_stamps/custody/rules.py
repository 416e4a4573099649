"""What a hosted key signs, as pure rules. They keep a hacked service from having signed what is not the issuer's.

The log's replay judges every statement again; what is refused here is never signed in the first place.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from temthat_stamps.custody.errors import KeyIsClosed, NoProof, OverQuota, StampsRefused, StatementRefused
from temthat_stamps.custody.state import KnownKey, Quota
from temthat_stamps.custody.wrapping import StampKeyHalf
from temthat_stamps.errors import BadStatement, Fault
from temthat_stamps.fields import Fields
from temthat_stamps.keys import STAMP_KEY_LIFE, key_id
from temthat_stamps.logged import Stated, read_body
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice
from temthat_trace.formats import VIETNAM, date, instant, number

ENROLMENT = "enrolment"
"""The one statement that is no entry of the log: a key asks for its delegation, signed by itself."""
_ENROLMENT_MEMBERS = {"v", "type", "origin", "issuer", "kind", "province", "public_key", "custody", "at"}

PAST, AHEAD = dt.timedelta(days=7), dt.timedelta(minutes=10)
"""How far a statement's date may be from the signer's clock; the log allows no more against its newest date."""

OPENING = dt.timedelta(hours=1)
"""How far a new stamp key's opening may be from the signer's clock: no key is made for another time."""

GRACE = dt.timedelta(hours=48)
"""How long after its closing a stamp key still signs runs that were registered in time: a job may be interrupted."""


def check_period(opens: dt.datetime, closes: dt.datetime, now: dt.datetime) -> None:
    """A stamp key is made for now and for 31 days at most. Raises `StampsRefused`."""
    if abs(opens - now) > OPENING:
        raise StampsRefused(
            Fault.CLOCK,
            "Đồng hồ của dịch vụ và của bộ ký lệch nhau hơn một giờ. Chỉnh lại giờ của máy rồi thử lại.",
            "The clocks of service and signer differ by more than an hour. Set the machines' time, then try again.",
        )
    if not dt.timedelta(0) <= closes - opens <= STAMP_KEY_LIFE:
        raise StampsRefused(
            Fault.OPERATOR,
            f"Khóa tem chỉ mở được tối đa {STAMP_KEY_LIFE.days} ngày.",
            f"A stamp key is open for at most {STAMP_KEY_LIFE.days} days.",
        )


def check_statement(
    body: Mapping[str, Any], issuer: str, public_key: bytes, origin: str, now: dt.datetime
) -> Stated | None:
    """What an issuer key is asked to state, if it may; None for an enrolment. Raises `StatementRefused`.

    A notice in another's name is a second signature: whether this issuer may give it is for the log's rules.
    """
    try:
        Fields(body).equal("origin", origin)
        if body.get("type") == ENROLMENT:
            stated, at = None, _enrolled_at(body, issuer, public_key)
        else:
            stated = _stated_by(body, issuer)
            at = stated.at
    except BadStatement as error:
        raise StatementRefused(
            Fault.OPERATOR,
            f"Bộ ký từ chối ký thay đơn vị: {error}. Nếu không rõ vì sao, báo ngay đơn vị vận hành.",
            f"The signer refuses this statement: {error}. If nobody knows why it was asked, tell the operator now.",
        ) from error
    if not now - PAST <= at <= now + AHEAD:
        raise StatementRefused(
            Fault.CLOCK,
            "Ngày giờ ghi trong nội dung cần ký lệch quá xa đồng hồ của bộ ký. Chỉnh lại giờ của máy rồi thử lại.",
            "The statement's date is too far from the signer's clock. Set the machines' time, then try again.",
        )
    return stated


def _enrolled_at(body: Mapping[str, Any], issuer: str, public_key: bytes) -> dt.datetime:
    fields = Fields(body)
    if set(body) != _ENROLMENT_MEMBERS:
        raise BadStatement("it has other members than an enrolment")
    fields.equal("v", 1)
    fields.text("kind", 40)
    fields.text("province", 40)
    fields.equal("issuer", issuer)
    fields.equal("custody", Custody.HOSTED.value)
    if fields.raw("public_key", 32) != public_key:
        raise BadStatement("an enrolment is signed by the key that it enrols")
    return fields.instant("at")


def _stated_by(body: Mapping[str, Any], issuer: str) -> Stated:
    stated = read_body(body)
    if stated.body() != dict(body):
        # Members nobody reads would be words an issuer signed without knowing.
        raise BadStatement("it has members that are no part of such a statement")
    if isinstance(stated, IssuedNotice):
        return stated
    if not isinstance(stated, KeyOpened | KeyClosed | Sources | RunManifest | Activated):
        raise BadStatement("this is the operator's to state, not an issuer's")
    if stated.issuer != issuer:
        raise BadStatement("it speaks for another issuer than the key's")
    return stated


def check_opened(opened: KeyOpened, known: KnownKey | None) -> None:
    """Only stamp keys that this signer made are announced by it. Raises `StatementRefused`."""
    if (
        known is None
        or known.closed is not None
        or (known.issuer, known.opens, known.closes) != (opened.issuer, opened.opens, opened.closes)
        or opened.custody is not Custody.HOSTED
    ):
        raise StatementRefused(
            Fault.OPERATOR,
            "Bộ ký chỉ công bố khóa tem do chính nó tạo cho đơn vị này. Hãy mở khóa tem mới qua bộ ký.",
            "The signer announces only stamp keys that it made for this issuer itself. Have it open a new one.",
        )


def check_stamp_key_of(manifest: RunManifest, known: KnownKey | None) -> None:
    """A run by a stamp key that is known to be closed, or another's, is not stated. Raises `StatementRefused`."""
    if known is None:
        return
    if known.issuer != manifest.issuer or known.closed is not None:
        raise StatementRefused(
            Fault.OPERATOR,
            "Khóa tem của đợt in này đã đóng hoặc của đơn vị khác. Hãy mở khóa tem mới rồi đặt in lại.",
            "This run's stamp key is closed or another issuer's. Open a new one, then order again.",
        )


def check_stamps(
    manifest: RunManifest, issuer: str, half: StampKeyHalf, public_key: bytes, run: int, first: int, last: int
) -> None:
    """Whether the manifest lets this key sign these serials. Raises `StampsRefused`."""
    allowed = (
        manifest.issuer == issuer
        and manifest.run == run
        and manifest.stamp_key == key_id(public_key)
        and 1 <= first <= last <= manifest.count
        and half.opens <= manifest.registered_at <= half.closes
    )
    if not allowed:
        raise StampsRefused(
            Fault.OPERATOR,
            f"Đợt in {run}: tem {first}–{last} không nằm trong bản kê của đợt in, hoặc bản kê ghi khóa tem khác. "
            "Chưa ký tem nào.",
            f"Run {run}: serials {first} to {last} are not what its manifest allows this key. No stamp was signed.",
        )


def check_open(half: StampKeyHalf, known: KnownKey | None, now: dt.datetime) -> None:
    """Stamps of a run registered in time, while the key lives. Raises `KeyIsClosed`."""
    closed = known.closed if known else None
    if closed is None and now <= half.closes + GRACE:
        return
    ended = min(closed or half.closes, half.closes)
    raise KeyIsClosed(
        Fault.OPERATOR,
        f"Khóa tem này đã đóng từ {instant(ended)}. "
        "Hãy đặt đợt in mới cho số tem còn cần; tem đã in vẫn tốt.",
        f"This stamp key has been closed since {instant(ended, 'en')}. Order a new run for the stamps still needed; "
        "printed ones stay good.",
    )


def no_proof(vi: str, en: str) -> NoProof:
    """The refusal when a run's proof is missing or wrong, and why it is."""
    return NoProof(
        Fault.OPERATOR,
        f"Chưa ký tem: đợt in chưa được chứng minh là đã vào sổ công khai ({vi}). "
        "Chờ sổ và các bên chứng kiến xác nhận rồi thử lại.",
        f"No stamp was signed: the run is not proved to stand in the public log ({en}). Wait for the log and its "
        "witnesses, then try again.",
    )


def starts_of(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """When this day and this month began in Vietnam."""
    day = now.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day.replace(day=1)


def check_stamp_quota(asked: int, today: int, this_month: int, quota: Quota, now: dt.datetime) -> None:
    """The day's and the month's stamps, counted from signed manifests. Raises `OverQuota` with the arithmetic."""
    day, month = starts_of(now)
    next_month = (month + dt.timedelta(days=32)).replace(day=1)
    for most, used, vi, en, ends in (
        (quota.stamps_per_day, today, "hôm nay", "today", day + dt.timedelta(days=1)),
        (quota.stamps_per_month, this_month, "tháng này", "this month", next_month),
    ):
        if used + asked > most:
            raise OverQuota(
                Fault.ISSUER,
                f"Vượt hạn mức ký tem của đơn vị: {vi} đã đăng ký {number(used)}, xin thêm {number(asked)}, hạn mức "
                f"{number(most)}. Đặt ít hơn, chờ đến 00:00 ngày {date(ends.date())}, hoặc nhờ đơn vị vận hành nâng "
                "hạn mức.",
                f"Over the issuer's quota: {number(used, 'en')} registered {en}, {number(asked, 'en')} more asked, "
                f"{number(most, 'en')} allowed. Order fewer, wait until 00:00 on {date(ends.date(), 'en')}, or ask the "
                "operator for more.",
            )


def check_statement_rate(signed: Sequence[dt.datetime], quota: Quota, now: dt.datetime) -> None:
    """Statements of the last minute. Raises `OverQuota` saying how long to wait."""
    most = quota.statements_per_minute
    if len(signed) < most:
        return
    wait = max(1, 60 - int((now - signed[-most]).total_seconds())) if most else 60
    raise OverQuota(
        Fault.ISSUER,
        f"Đơn vị đã ký {number(len(signed))} văn bản trong một phút qua, mức cho phép là {number(most)}. "
        f"Chờ {wait} giây rồi thử lại.",
        f"{number(len(signed), 'en')} statements were signed for this issuer within a minute, {number(most, 'en')} "
        f"are allowed. Try again in {wait} seconds.",
    )
