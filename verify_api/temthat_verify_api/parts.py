"""What the service's pages and API share, made once per application and reached through the request."""

from dataclasses import dataclass

from fastapi import Request

from temthat_verify_api.cache import RevisionCache
from temthat_verify_api.checks import ViewSeal
from temthat_verify_api.credentials import Credentials
from temthat_verify_api.facts import Judging
from temthat_verify_api.metrics import Metrics
from temthat_verify_api.pages.story import Story, stories
from temthat_verify_api.pin_limits import PinTries
from temthat_verify_api.receipts import Receipts
from temthat_verify_api.reports.limits import ReportLimits
from temthat_verify_api.sms.senders import Senders
from temthat_verify_api.wiring import Services


@dataclass(frozen=True)
class Parts:
    """One of each."""

    services: Services
    judging: Judging
    credentials: Credentials
    receipts: Receipts
    views: ViewSeal
    metrics: Metrics
    stories: RevisionCache[Story | None]
    pins: PinTries
    senders: Senders
    reports: ReportLimits


def build_parts(services: Services) -> Parts:
    """The parts of one application."""
    return Parts(
        services=services,
        judging=Judging(services),
        credentials=Credentials(services),
        receipts=Receipts(services.sealer.derive("receipts v1"), secure=services.settings.secure_cookies),
        views=ViewSeal(services.sealer.derive("views v1")),
        metrics=Metrics(),
        stories=stories(services),
        pins=PinTries(),
        senders=Senders(),
        reports=ReportLimits(),
    )


def parts_of(request: Request) -> Parts:
    """The parts of the application that answers this request."""
    parts: Parts = request.app.state.parts
    return parts
