"""The privacy note. Its numbers are those of the code, so that it stays true when they change."""

from typing import Any

from fastapi import Request, Response

from temthat_stamps.texts import TOLD_FROM
from temthat_verify_api import guesses, pin_limits
from temthat_verify_api.checks import LIFE
from temthat_verify_api.pages.consumer import PROVINCE_SECONDS
from temthat_verify_api.pages.render import page
from temthat_verify_api.receipts import KEPT_SECONDS
from temthat_verify_api.reports import limits, retention
from temthat_verify_api.settings import Settings
from temthat_verify_api.store import SAME_PHONE

BY_NEIGHBOURHOOD = (
    guesses.FROM_ONE_SOURCE,
    pin_limits.ON_ONE_STAMP_FROM_ONE_SOURCE,
    pin_limits.FROM_ONE_SOURCE,
    limits.TRIES,
    limits.FILED,
    limits.LOOKS,
)
"""Everything a shopper's network neighbourhood is counted for, in memory."""

ANSWER_DAYS = 2
"""Working days within which whoever asks gets an answer (Law 91/2025/QH15, Decree 356/2025)."""

_DAY = 24 * 3600


async def privacy(request: Request) -> Response:
    """What is kept and what is not."""
    return page(request, "privacy.html", **facts(request.app.state.services.settings))


def facts(settings: Settings) -> dict[str, Any]:
    """What the note says of this installation: names, and how long what is kept, in days or minutes."""
    return {
        "operator": settings.operator_name,
        "hotline": settings.hotline,
        "takes_sms": bool(settings.sms_secret.get_secret_value()),
        "kept_days": settings.checks_kept_days,
        "receipt_days": KEPT_SECONDS // _DAY,
        "province_days": PROVINCE_SECONDS // _DAY,
        "same_minutes": SAME_PHONE.seconds // 60,
        "view_minutes": LIFE.seconds // 60,
        "memory_minutes": max(item.get_expiry() for item in BY_NEIGHBOURHOOD) // 60,
        "contact_days": retention.CONTACT.days,
        "photo_days": retention.PHOTO.days,
        "words_days": retention.WORDS.days,
        "told_from": TOLD_FROM,
        "answer_days": ANSWER_DAYS,
    }
