"""Runs: numbers used once, by an open key of the same issuer, counted against the packs their batch fills."""

import datetime as dt
from array import array
from bisect import bisect_right

from temthat_stamps.fields import instant
from temthat_stamps.log.finding import Breach, FindingCode
from temthat_stamps.log.rules.batches import Batches
from temthat_stamps.log.rules.blocks import Blocks
from temthat_stamps.log.rules.signers import Author, Signers
from temthat_stamps.log.rules.spans import Spans
from temthat_stamps.log.rules.stampkeys import StampKeys
from temthat_stamps.log.rules.tables import NumberMap
from temthat_stamps.manifest import Activated, Replaced, RunManifest

OVERAGE_PERCENT = 2
"""Stamps that may be issued beyond the packs because some are spoiled when they are stuck on (see `trace.packing`)."""

_COUNT = 0xFFFFFF
_WAITING = 1 << 24
"""The run chose activation and is not activated."""
_LAPSED = 1 << 25
"""The run's manifest was taken back: its signer is revoked with an earlier last good entry."""
_NOWHERE = 0xFFFFFFFF
"""In place of a run: the activation was taken back."""


class Runs:
    """Every run accepted so far: 20 bytes each, and about 6 to find it by its number."""

    def __init__(self, signers: Signers, stamp_keys: StampKeys, batches: Batches) -> None:
        self._signers = signers
        self._stamp_keys = stamp_keys
        self._batches = batches
        self.blocks = Blocks()
        self._places = NumberMap()
        self._index = array("I")
        self._count = array("I")
        self._stamp_key = array("I")
        self._lot = array("I")
        self._author = array("I")
        self._activated = array("I")
        self._activated_place = array("I")
        self._activated_by = array("I")
        self._replaced: dict[int, Spans] = {}
        self._replaces: dict[int, Replaced] = {}

    def __len__(self) -> int:
        return len(self._index)

    def check(
        self, stated: RunManifest, log_time: dt.datetime | None, void: Spans | None, *, backfilled: bool
    ) -> None:
        """Raise `Breach` unless this manifest may be accepted now.

        `void` are the serials of the run it replaces that are void; `log_time` None: the key's end is not asked of it.
        """
        place = self._places.get(stated.run)
        if place is not None:
            raise Breach(FindingCode.RUN_TAKEN, run=stated.run, before=self._index[place])
        self.blocks.check(stated.run, stated.issuer)
        key = self._stamp_keys.of_issuer(stated.stamp_key, stated.issuer)
        self._stamp_keys.require_open(key, log_time)
        if not self._stamp_keys.covers(key, stated.registered_at):
            raise Breach(FindingCode.OUTSIDE_KEY_PERIOD, run=stated.run, at=instant(stated.registered_at))
        self._batches.check_owner(stated.batch, stated.issuer)
        self._batches.check_sources(stated.batch)
        if stated.packs is None and not backfilled:
            raise Breach(FindingCode.PACKS_MISSING, run=stated.run)
        if stated.gs1 and stated.gtin is None:
            raise Breach(FindingCode.GTIN_MISSING, run=stated.run)
        if stated.replaces is not None:
            self._check_replaced(stated, stated.replaces, void or Spans())

    def _check_replaced(self, stated: RunManifest, old: Replaced, void: Spans) -> None:
        place = self.find(old.run)
        if (
            place is None
            or old.last > self.count(place)
            or self._lot[place] != self._batches.lot(stated.batch, stated.pack_form)
        ):
            raise Breach(FindingCode.REPLACES_UNKNOWN, run=stated.run, old=old.run)
        if not void.cover(old.first, old.last):
            raise Breach(FindingCode.REPLACES_STANDING, run=stated.run, old=old.run)
        if old.run in self._replaced and self._replaced[old.run].touch(old.first, old.last):
            raise Breach(FindingCode.REPLACED_TWICE, run=stated.run, old=old.run)

    def register(self, stated: RunManifest, index: int, author: Author) -> Breach | None:
        """Take a manifest that `check` has passed; what is to be said of the stamps issued, if they are too many."""
        lot = self._batches.print(stated.batch, stated.pack_form, index, author)
        key = self._stamp_keys.of_issuer(stated.stamp_key, stated.issuer)
        place = len(self._index)
        self._places.put(stated.run, place)
        self._index.append(index)
        self._count.append(stated.count | (_WAITING if stated.needs_activation else 0))
        self._stamp_key.append(key)
        self._lot.append(lot)
        self._author.append(author.number)
        self.blocks.use(stated.run)
        self._batches.add_stamps(lot, stated.count)
        if stated.replaces is not None:
            self._replaces[place] = stated.replaces
            self._replaced.setdefault(stated.replaces.run, Spans()).add(
                stated.replaces.first, stated.replaces.last
            )
            self._batches.add_stamps(lot, -stated.replaces.count)
        return self._over_issue(stated, lot)

    def _over_issue(self, stated: RunManifest, lot: int) -> Breach | None:
        """More stamps than packs and overage, though nobody gave a reason: the goods may be real, the count is not."""
        if stated.packs is None or stated.beyond:
            return None
        allowed = stated.packs + stated.packs * OVERAGE_PERCENT // 100
        issued = self._batches.issued(lot)
        if issued <= allowed:
            return None
        return Breach(
            FindingCode.OVER_ISSUE,
            run=stated.run,
            batch=stated.batch,
            packs=stated.packs,
            allowed=allowed,
            issued=issued,
        )

    def activate(self, stated: Activated, index: int, author: Author) -> None:
        """Take an activation. Raises `Breach`."""
        place = self.find(stated.run)
        if place is None or self.issuer_of(place) != stated.issuer:
            raise Breach(FindingCode.UNKNOWN_RUN, run=stated.run)
        if not self._count[place] & _WAITING:
            raise Breach(FindingCode.NOT_WAITING, run=stated.run)
        self._count[place] &= ~_WAITING
        self._activated.append(index)
        self._activated_place.append(place)
        self._activated_by.append(author.number)

    def find(self, run: int) -> int | None:
        """The place of a run that counts."""
        place = self._places.get(run)
        return None if place is None or self._count[place] & _LAPSED else place

    def count(self, place: int) -> int:
        """How many stamps the run has."""
        return self._count[place] & _COUNT

    def author_of(self, place: int) -> int:
        """The number of the issuer key that registered the run."""
        return self._author[place]

    def issuer_of(self, place: int) -> str:
        """Whose run it is."""
        return self._signers.issuer_of(self._author[place])

    def take_back(self, after: int) -> list[int]:
        """Entries after `after` whose runs and activations count no more, because their signer is revoked."""
        taken = []
        for place in range(bisect_right(self._index, after), len(self._index)):
            if not self._count[place] & _LAPSED and not self._stands(place):
                self._lapse(place)
                taken.append(self._index[place])
        for at in range(bisect_right(self._activated, after), len(self._activated)):
            place = self._activated_place[at]
            if place != _NOWHERE and not self._signers.counts(self._activated_by[at], self._activated[at]):
                self._activated_place[at] = _NOWHERE
                self._count[place] |= _WAITING
                taken.append(self._activated[at])
        return taken

    def _lapse(self, place: int) -> None:
        self._count[place] |= _LAPSED
        self._batches.add_stamps(self._lot[place], -self.count(place))
        old = self._replaces.pop(place, None)
        if old is not None:
            self._replaced[old.run].remove(old.first, old.last)
            self._batches.add_stamps(self._lot[place], old.count)

    def _stands(self, place: int) -> bool:
        return self._signers.counts(self._author[place], self._index[place]) and self._stamp_keys.counts(
            self._stamp_key[place]
        )
