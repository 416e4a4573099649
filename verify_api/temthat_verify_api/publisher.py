"""The thread that keeps the public record up with the database: log, trust files' freshness, offline bundle.

Nothing waits for it; print jobs publish on their own if they come first. What fails is told once and tried again.
"""

import logging

from temthat_stamps.errors import TrustError
from temthat_verify_api.rounds import Rounds
from temthat_verify_api.wiring import Services

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0


class Publisher(Rounds):
    """Publishes whatever is new, every few seconds, until it is closed."""

    def __init__(self, services: Services) -> None:
        super().__init__("publisher", EVERY_SECONDS)
        self._services = services
        self.problem: Exception | None = None
        """Why the last try failed, for those who look at the service's health; None when it did not."""

    def round(self) -> None:
        """Publish."""
        self.publish()

    def publish(self) -> None:
        """One round; never raises."""
        try:
            self._services.record.publish()
            self.problem = None
        except (TrustError, OSError) as error:
            if str(error) != str(self.problem):
                log.warning("not published: %s", error)
            self.problem = error
        except Exception as error:
            if str(error) != str(self.problem):
                log.exception("publishing")
            self.problem = error
