"""Batches: whose they are, whether their sources are all stated, and how many stamps each pack form has taken."""

from array import array

from temthat_stamps.log.finding import Breach, FindingCode
from temthat_stamps.log.rules.signers import Author, Signers
from temthat_stamps.log.rules.tables import Chains, IdTable
from temthat_stamps.manifest import Sources

_NOBODY = 0xFFFFFFFF


class Batches:
    """Every batch named so far, about 50 bytes each, and every (batch, pack form), about 24.

    A batch belongs to the issuer that first states its sources, registers a run of it, or gives notice of it. One
    that is known only as a source of others belongs to nobody yet. Whoever speaks for such a batch first may be its
    maker, or may not: a notice of it falls on goods of others, and so takes more than his word (`is_of_others`).
    """

    def __init__(self, signers: Signers) -> None:
        self._signers = signers
        self._ids = IdTable(16)
        self._author = array("I")
        self._claimed = array("I")
        self._part = array("H")
        self._parts = array("H")
        self._printed = bytearray()
        self._named_by = array("I")
        self._of_others = bytearray()
        self._made_of = Chains()
        self._forms = IdTable(16)
        self._lots = IdTable(8)
        self._issued = array("q")

    def find(self, batch: str) -> int | None:
        """The number of a batch."""
        return self._ids.find(_raw(batch))

    def author_of(self, number: int) -> int | None:
        """The issuer key that spoke for the batch; None if nobody has, or who did is revoked since."""
        author = self._author[number]
        if author == _NOBODY or not self._signers.counts(author, self._claimed[number]):
            return None
        return author

    def owner(self, number: int) -> str | None:
        """Whose batch it is, if anybody's."""
        author = self.author_of(number)
        return None if author is None else self._signers.issuer_of(author)

    def is_of_others(self, number: int, issuer: str) -> bool:
        """Whether others had made goods of the batch, or of what is made of it, before this issuer spoke for it."""
        return bool(self._of_others[number]) or self._is_anothers_source(number, issuer)

    def check_owner(self, batch: str, issuer: str) -> None:
        """Raise `Breach` if the batch is another's."""
        number = self.find(batch)
        owner = None if number is None else self.owner(number)
        if owner not in (None, issuer):
            raise Breach(FindingCode.BATCH_OF_ANOTHER, batch=batch, owner=owner)

    def state_sources(self, stated: Sources, index: int, author: Author) -> None:
        """Take one part of a batch's sources: parts come in order and before the first run. Raises `Breach`."""
        self.check_owner(stated.batch, stated.issuer)
        number = self.find(stated.batch)
        part = parts = 0
        if number is not None and self.owner(number) is not None:
            if self._printed[number]:
                raise Breach(FindingCode.SOURCES_LATE, batch=stated.batch)
            part, parts = self._part[number], self._parts[number]
        if stated.part != part + 1 or parts not in (0, stated.parts) or stated.batch in stated.sources:
            raise Breach(
                FindingCode.SOURCES_OUT_OF_ORDER, batch=stated.batch, part=stated.part, parts=stated.parts
            )
        number = self.claim(stated.batch, index, author)
        self._part[number], self._parts[number] = stated.part, stated.parts
        for source in map(self._add, stated.sources):
            self._made_of.add(number, source)
            if self._named_by[source] == _NOBODY and self.owner(source) is None:
                self._named_by[source] = author.number
            if self._of_others[number] or self._is_anothers_source(source, author.issuer):
                self._mark(source, author.issuer)

    def check_sources(self, batch: str) -> None:
        """Raise `Breach` while only some parts of a batch's sources are stated."""
        number = self.find(batch)
        if number is not None and self._part[number] != self._parts[number]:
            raise Breach(
                FindingCode.SOURCES_INCOMPLETE,
                batch=batch,
                part=self._part[number],
                parts=self._parts[number],
            )

    def lot(self, batch: str, pack_form: str) -> int | None:
        """The number of a (batch, pack form) that has runs."""
        number, form = self.find(batch), self._forms.find(_raw(pack_form))
        return None if number is None or form is None else self._lots.find(_pair(number, form))

    def issued(self, lot: int | None) -> int:
        """Stamps of a (batch, pack form) so far, without those that were replaced."""
        return 0 if lot is None else self._issued[lot]

    def print(self, batch: str, pack_form: str, index: int, author: Author) -> int:
        """Note that a batch has a run; the number of its (batch, pack form)."""
        number = self.claim(batch, index, author)
        self._printed[number] = 1
        lot = self._lots.add(_pair(number, self._forms.add(_raw(pack_form))))
        if lot == len(self._issued):
            self._issued.append(0)
        return lot

    def add_stamps(self, lot: int, count: int) -> None:
        """Change what a (batch, pack form) has taken; below zero where stamps are taken back."""
        self._issued[lot] += count

    def claim(self, batch: str, index: int, author: Author) -> int:
        """Note that an issuer spoke for a batch; the batch's number."""
        number = self._add(batch)
        if self.owner(number) is None:  # also when who claimed it is revoked: nothing of that claim is left
            self._author[number], self._claimed[number] = author.number, index
            self._part[number] = self._parts[number] = self._printed[number] = 0
            if self._named_by[number] != _NOBODY and self._namer(number) != author.issuer:
                self._mark(number, author.issuer)
        return number

    def _namer(self, number: int) -> str:
        """Who named a batch as a source first."""
        return self._signers.issuer_of(self._named_by[number])

    def _is_anothers_source(self, number: int, issuer: str) -> bool:
        """Whether a batch that nobody has spoken for was named as a source by somebody else first."""
        return (
            self._named_by[number] != _NOBODY and self._namer(number) != issuer and self.owner(number) is None
        )

    def _mark(self, number: int, issuer: str) -> None:
        """Goods of others are made of this batch, and so of all that this issuer says it was made of.

        What belongs to third parties stays theirs to speak of: naming it as a source must not take that from them.
        """
        waiting = [number]
        while waiting:
            here = waiting.pop()
            if not self._of_others[here] and self.owner(here) in (None, issuer):
                self._of_others[here] = 1
                waiting += self._made_of.get(here)

    def _add(self, batch: str) -> int:
        number = self._ids.add(_raw(batch))
        if number == len(self._author):
            self._author.append(_NOBODY)
            self._claimed.append(0)
            self._part.append(0)
            self._parts.append(0)
            self._printed.append(0)
            self._named_by.append(_NOBODY)
            self._of_others.append(0)
        return number


def _raw(identity: str) -> bytes:
    return bytes.fromhex(identity.replace("-", ""))


def _pair(batch: int, form: int) -> bytes:
    return batch.to_bytes(4) + form.to_bytes(4)
