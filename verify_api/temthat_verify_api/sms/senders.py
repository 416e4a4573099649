"""Who sent messages lately, known only by keyed hashes in memory: no telephone number is kept or written anywhere."""

import hashlib
import hmac
import os
import uuid
from collections import OrderedDict
from itertools import islice

from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from temthat_trace.ids import uuid7
from temthat_verify_api.store import SAME_PHONE, id_time
from temthat_verify_api.throttle import TooManyTries

FROM_ONE_SENDER = RateLimitItemPerHour(30, namespace="sms")
"""Messages of one sender that are answered: each answer costs the operator money."""

_REMEMBERED = 10_000
_CHECK_MS = int(SAME_PHONE.total_seconds() * 1000)
_PIN_MS = 24 * 3600 * 1000


class Senders:
    """The senders of one process; the key of the hashes dies with it.

    Gateways deliver a message twice when they are in doubt, and people send one again when no answer comes: the same
    sender's check of a stamp is the same one for half an hour, the entry of a PIN for a day.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._known: OrderedDict[str, uuid.UUID] = OrderedDict()

    def source(self, sender: str) -> str:
        """What a sender is known by. Raises `TooManyTries` for one who sends too much."""
        source = f"sms {self._hash(sender)}"
        if not self._windows.hit(FROM_ONE_SENDER, source):
            raise TooManyTries(FROM_ONE_SENDER.get_expiry() // 60)
        return source

    def check_id(self, source: str, run: int, serial: int, now_ms: int) -> uuid.UUID:
        """The id of a sender's check of a stamp."""
        return self._id(f"check {source} {run} {serial}", now_ms, _CHECK_MS)

    def pin_id(self, source: str, run: int, serial: int, now_ms: int) -> uuid.UUID:
        """The id of a sender's entry of a stamp's PIN."""
        return self._id(f"pin {source} {run} {serial}", now_ms, _PIN_MS)

    def _id(self, what: str, now_ms: int, lasts_ms: int) -> uuid.UUID:
        key = self._hash(what)
        known = self._known.get(key)
        if known is None or now_ms - id_time(known) >= lasts_ms:
            known = self._known[key] = uuid7(now_ms)
            self._known.move_to_end(key)
        self._forget(now_ms)
        return known

    def _forget(self, now_ms: int) -> None:
        """What is older than a day, and the oldest of too many; it is in the order of its times."""
        for key, known in list(islice(self._known.items(), 100)):
            if len(self._known) <= _REMEMBERED and now_ms - id_time(known) < _PIN_MS:
                break
            del self._known[key]

    def _hash(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
