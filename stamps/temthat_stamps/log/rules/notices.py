"""Notices: numbered without gaps for each exact target, by whom they may be given, and which of them stand."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from temthat_stamps.code import SERIAL_MAX
from temthat_stamps.log.finding import Breach, FindingCode
from temthat_stamps.log.rules.batches import Batches
from temthat_stamps.log.rules.runs import Runs
from temthat_stamps.log.rules.signers import NATIONAL, PRODUCER, Author, Signers
from temthat_stamps.log.rules.spans import Spans
from temthat_stamps.log.rules.stampkeys import StampKeys
from temthat_stamps.log.rules.tables import IdTable, NumberMap
from temthat_stamps.notice import IssuedNotice, Notice, needs_second_signer
from temthat_stamps.verdict import NoticeKind

_KINDS = tuple(NoticeKind)
_VOIDING = frozenset({NoticeKind.VOID, NoticeKind.LOST, NoticeKind.REVOCATION})
_STAMPS, _RUN, _BATCH, _KEY = range(1, 5)
_LAPSED = 0x80
"""Beside a notice's kind: it was taken back."""
_NONE = 0xFFFFFFFF


class _Target(NamedTuple):
    """What a notice speaks of: its 17 bytes in the tables, whose it is, and in which province."""

    key: bytes
    owner: str | None
    province: str | None


class Notices:
    """Every notice accepted so far, 13 bytes each, and every target, about 40."""

    def __init__(self, signers: Signers, stamp_keys: StampKeys, batches: Batches, runs: Runs) -> None:
        self._signers = signers
        self._stamp_keys = stamp_keys
        self._batches = batches
        self._runs = runs
        self._targets = IdTable(17)
        self._numbers = array("I")
        self._latest = array("I")
        self._same_run = array("I")
        self._newest_of_run = NumberMap()
        self._kind = bytearray()
        self._author = array("I")
        self._index = array("I")
        self._before = array("I")

    def issue(self, stated: IssuedNotice, index: int, authors: Sequence[Author]) -> None:
        """Take a notice. Raises `Breach`."""
        notice = stated.notice
        target = self._find(notice)
        number = self._targets.find(target.key)
        standing = None if number is None else self._standing(number)
        author = self._authority(stated, target, standing, authors)
        following = 1 if number is None else self._numbers[number] + 1
        if notice.number != following:
            raise Breach(
                FindingCode.NOTICE_NUMBER, target=notice.target, number=notice.number, next=following
            )
        if notice.kind is NoticeKind.LIFT and standing in (None, NoticeKind.LIFT):
            raise Breach(FindingCode.NOTHING_TO_LIFT, target=notice.target)
        if target.owner is None and author.kind == PRODUCER:
            self._batches.claim(notice.name, index, author)
        if notice.scope == "key" and notice.kind is NoticeKind.REVOCATION:
            self._stamp_keys.revoke(int.from_bytes(target.key[1:5]))
        self._add(self._number_of(target.key, notice.run), notice.kind, author.number, index)

    def void_stamps(self, run: int) -> Spans:
        """The serials of a run that are void, lost or revoked by notices on it or on stretches of it."""
        void = Spans()
        number = self._newest_of_run.get(run)
        while number is not None and number != _NONE:
            if self._standing(number) in _VOIDING:
                key = self._targets[number]
                if key[0] == _RUN:
                    void.add(1, SERIAL_MAX)
                else:
                    void.add(int.from_bytes(key[5:9]), int.from_bytes(key[9:13]))
            number = self._same_run[number]
        return void

    def take_back(self, after: int) -> list[int]:
        """Entries after `after` whose notices count no more, because their signer is revoked."""
        taken = []
        for place in range(bisect_right(self._index, after), len(self._index)):
            if not self._kind[place] & _LAPSED and not self._counts(place):
                self._kind[place] |= _LAPSED
                taken.append(self._index[place])
        return taken

    def _counts(self, place: int) -> bool:
        return self._signers.counts(self._author[place], self._index[place])

    def _find(self, notice: Notice) -> _Target:
        if notice.run is not None:
            place = self._runs.find(notice.run)
            if place is None or (notice.last or 0) > self._runs.count(place):
                raise Breach(FindingCode.UNKNOWN_TARGET, target=notice.target)
            scope = _RUN if notice.first is None else _STAMPS
            key = _words(scope, notice.run, notice.first or 0, notice.last or 0)
            return _Target(key, *self._whose(self._runs.author_of(place)))
        if notice.scope == "batch":
            number = self._batches.find(notice.name)
            key = bytes([_BATCH]) + bytes.fromhex(notice.name.replace("-", ""))
            return _Target(key, *self._whose(None if number is None else self._batches.author_of(number)))
        stamp_key = self._stamp_keys.find(notice.name)
        if stamp_key is None:
            raise Breach(FindingCode.UNKNOWN_TARGET, target=notice.target)
        return _Target(_words(_KEY, stamp_key), *self._whose(self._stamp_keys.author_of(stamp_key)))

    def _whose(self, author: int | None) -> tuple[str | None, str | None]:
        if author is None:
            return None, None
        return self._signers.issuer_of(author), self._signers.province_of(author)

    def _authority(
        self,
        stated: IssuedNotice,
        target: _Target,
        standing: NoticeKind | None,
        authors: Sequence[Author],
    ) -> Author:
        """The author whose word is enough for this notice. Raises `Breach`."""
        notice = stated.notice
        if stated.issuer not in {author.issuer for author in authors}:
            raise Breach(FindingCode.WRONG_ISSUER, issuer=stated.issuer, signer=authors[0].issuer)
        above = [author for author in authors if _looks_after(author, target)]
        if above:
            return above[0]
        own = [a for a in authors if a.kind in ("", PRODUCER) and target.owner in (None, a.issuer)]
        credit = [author for author in authors if not author.kind]
        if not own and not credit:
            raise Breach(FindingCode.TARGET_OF_ANOTHER, target=notice.target)
        if not credit and (
            needs_second_signer(notice.kind, standing) or self._falls_on_others(notice, own[0])
        ):
            raise Breach(FindingCode.SECOND_SIGNER, target=notice.target, kind=notice.kind.value)
        return (own or credit)[0]

    def _falls_on_others(self, notice: Notice, author: Author) -> bool:
        """Whether a notice of a batch would withdraw goods of others, who never said that it is the author's."""
        number = self._batches.find(notice.name) if notice.scope == "batch" else None
        return number is not None and self._batches.is_of_others(number, author.issuer)

    def _standing(self, number: int) -> NoticeKind | None:
        """The kind of the highest notice on a target that counts."""
        place = self._latest[number]
        while place != _NONE:
            if not self._kind[place] & _LAPSED:
                return _KINDS[self._kind[place]]
            place = self._before[place]
        return None

    def _number_of(self, key: bytes, run: int | None) -> int:
        number = self._targets.add(key)
        if number == len(self._numbers):
            self._numbers.append(0)
            self._latest.append(_NONE)
            older = None if run is None else self._newest_of_run.get(run)
            self._same_run.append(_NONE if older is None else older)
            if run is not None:
                self._newest_of_run.put(run, number)
        return number

    def _add(self, number: int, kind: NoticeKind, author: int, index: int) -> None:
        self._before.append(self._latest[number])
        self._latest[number] = len(self._kind)
        self._numbers[number] += 1
        self._kind.append(_KINDS.index(kind))
        self._author.append(author)
        self._index.append(index)


def _words(scope: int, *numbers: int) -> bytes:
    """17 bytes: what kind of target, and up to four numbers."""
    return bytes([scope]) + b"".join(number.to_bytes(4) for number in numbers).ljust(16, b"\0")


def _looks_after(author: Author, target: _Target) -> bool:
    """Whether an author is an alliance or authority over the target's issuer; over a batch nobody owns, any is."""
    if author.kind in ("", PRODUCER):
        return False
    return author.province == NATIONAL or target.owner is None or author.province == target.province
