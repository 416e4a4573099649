"""Stamp keys: announced before use, one hint each; they end with their month, by their issuer, or by revocation."""

import datetime as dt
from array import array
from bisect import bisect_right

from temthat_stamps.ed25519 import acceptable_point
from temthat_stamps.fields import instant
from temthat_stamps.keys import STAMP_KEY_LIFE, key_id
from temthat_stamps.log.finding import Breach, FindingCode
from temthat_stamps.log.rules.signers import Author, Signers
from temthat_stamps.log.rules.tables import IdTable
from temthat_stamps.manifest import KeyClosed, KeyOpened

_HINT = 4
_CLOSED = 1
_LAPSED = 2
"""The announcement was taken back."""


class StampKeys:
    """Every stamp key announced so far, by number: about 70 bytes each."""

    def __init__(self, signers: Signers) -> None:
        self._signers = signers
        self._hints = IdTable(_HINT)
        self._ids = bytearray()
        self._opened = array("I")
        self._author = array("I")
        self._opens = array("q")
        self._closes = array("q")
        self._state = bytearray()

    def open(self, stated: KeyOpened, index: int, author: Author, *, backfilled: bool) -> None:
        """Take an announcement. Raises `Breach`."""
        name = key_id(stated.public_key)
        if not acceptable_point(stated.public_key):
            raise Breach(FindingCode.WEAK_KEY, key=name[:8])
        _check_period(stated, backfilled=backfilled)
        raw = bytes.fromhex(name)
        taken = self._hints.find(raw[:_HINT])
        if self._signers.is_known(name) or (taken is not None and self.id_of(taken) == name):
            raise Breach(FindingCode.KEY_TAKEN, key=name[:8])
        if taken is not None:
            raise Breach(FindingCode.HINT_TAKEN, hint=name[:8])
        self._hints.add(raw[:_HINT])
        self._ids += raw
        self._opened.append(index)
        self._author.append(author.number)
        self._opens.append(int(stated.opens.timestamp()))
        self._closes.append(int(stated.closes.timestamp()))
        self._state.append(0)

    def close(self, stated: KeyClosed, log_time: dt.datetime, *, by_operator: bool) -> None:
        """Take a closing: by the issuer at any time, by the operator once the key's time is over. Raises `Breach`."""
        number = self.of_issuer(stated.stamp_key, stated.issuer)
        if self._state[number] & _CLOSED:
            raise Breach(FindingCode.KEY_CLOSED, key=stated.stamp_key[:8])
        closes = self._closes[number]
        if by_operator and log_time.timestamp() <= closes:
            until = instant(dt.datetime.fromtimestamp(closes, dt.UTC))
            raise Breach(FindingCode.KEY_STILL_OPEN, key=stated.stamp_key[:8], closes=until)
        self._state[number] |= _CLOSED

    def revoke(self, number: int) -> None:
        """A revocation notice closes a key for ever, whatever is lifted later: its private part is destroyed."""
        self._state[number] |= _CLOSED

    def find(self, name: str) -> int | None:
        """The number of the key with this id, if its announcement counts."""
        number = self._hints.find(bytes.fromhex(name)[:_HINT])
        if number is None or self.id_of(number) != name or not self.counts(number):
            return None
        return number

    def of_issuer(self, name: str, issuer: str) -> int:
        """The same, announced by this issuer. Raises `Breach`."""
        number = self.find(name)
        if number is None or self.issuer_of(number) != issuer:
            raise Breach(FindingCode.UNKNOWN_KEY, key=name[:8])
        return number

    def require_open(self, number: int, log_time: dt.datetime | None) -> None:
        """Raise `Breach` if no run may be logged with this key any more. `log_time` None: do not ask the time."""
        if self._state[number] & _CLOSED or (
            log_time is not None and log_time.timestamp() > self._closes[number]
        ):
            raise Breach(FindingCode.KEY_CLOSED, key=self.id_of(number)[:8])

    def covers(self, number: int, at: dt.datetime) -> bool:
        """Whether an instant lies in the key's period, both ends included."""
        return self._opens[number] <= at.timestamp() <= self._closes[number]

    def counts(self, number: int) -> bool:
        """Whether the announcement still counts: its signer may have been revoked since."""
        return not self._state[number] & _LAPSED

    def take_back(self, after: int) -> list[int]:
        """Entries after `after` whose announcements count no more, because their signer is revoked."""
        taken = []
        for number in range(bisect_right(self._opened, after), len(self._opened)):
            if self.counts(number) and not self._signers.counts(self._author[number], self._opened[number]):
                self._state[number] |= _LAPSED
                taken.append(self._opened[number])
        return taken

    def issuer_of(self, number: int) -> str:
        """Whose key it is."""
        return self._signers.issuer_of(self._author[number])

    def author_of(self, number: int) -> int:
        """The number of the issuer key that announced it."""
        return self._author[number]

    def id_of(self, number: int) -> str:
        """SHA-256 of the public key, hex."""
        return self._ids[32 * number : 32 * number + 32].hex()


def _check_period(stated: KeyOpened, *, backfilled: bool) -> None:
    """31 days at most, to the end of the month (UTC); keys older than the log were not bound to a month."""
    life = stated.closes - stated.opens
    good = dt.timedelta(0) < life <= STAMP_KEY_LIFE
    if good and not backfilled:
        end = stated.closes - dt.timedelta(
            seconds=1
        )  # the first instant of the next month still is the end of this
        good = (end.year, end.month) == (stated.opens.year, stated.opens.month)
    if not good:
        raise Breach(FindingCode.KEY_PERIOD, opens=instant(stated.opens), closes=instant(stated.closes))
