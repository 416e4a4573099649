"""The thread that looks at new signals every few seconds. The way of a check never waits for it."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from temthat_verify_api.alerts.sweeping import Swept, sweep_goods, waiting
from temthat_verify_api.rounds import Rounds
from temthat_verify_api.wiring import Services

log = logging.getLogger("temthat")

EVERY_SECONDS = 10.0


class Sweeper(Rounds):
    """Looks until it is closed."""

    def __init__(self, services: Services) -> None:
        super().__init__("alert-sweeper", EVERY_SECONDS)
        self._services = services

    def round(self) -> None:
        """Whatever is new."""
        sweep(self._services)


def sweep(services: Services) -> Swept:
    """Look at every product with new signals, each committed by itself.

    Where one fails, as when another process was at the same product (SQLite has no lock to wait for), it is left to the
    next round and the others go on.
    """
    swept = Swept()
    with services.sessions() as session:
        goods = waiting(session)
    for one in goods:
        try:
            with services.sessions() as session:
                done = sweep_goods(session, one, services.now())
                session.commit()
        except SQLAlchemyError:
            log.exception("alerts of product %s are left to the next round", one.product)
            continue
        swept += done
    return swept
