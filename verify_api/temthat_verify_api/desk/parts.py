"""What the desk keeps in memory for the life of the process: counted sign-ins, and the press."""

from dataclasses import dataclass, field

from fastapi import Request

from temthat_verify_api.press import PressWorker
from temthat_verify_api.throttle import SignInThrottle


@dataclass(frozen=True)
class DeskParts:
    """See the module. Held as `app.state.desk`."""

    press: PressWorker
    throttle: SignInThrottle = field(default_factory=SignInThrottle)


def parts_of(request: Request) -> DeskParts:
    """The parts of the application that answers this request."""
    parts: DeskParts = request.app.state.desk
    return parts
