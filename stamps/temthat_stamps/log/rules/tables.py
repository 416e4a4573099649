"""Tables in arrays: what a replay remembers of a million runs, without a Python object for any of them."""

from array import array

_EMPTY = 0
_PAGE_BITS = 6
_PAGE = 1 << _PAGE_BITS
_NEW_PAGE = bytes(4 * _PAGE)


class IdTable:
    """Different byte strings of one width, numbered from 0 as they come: width + 6 to 12 bytes each.

    Open addressing by Python's keyed hash of bytes, so that nobody can choose ids that collide.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._keys = bytearray()
        self._slots = array("I", bytes(4 * 64))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        return bytes(self._keys[number * self._width : (number + 1) * self._width])

    def find(self, key: bytes) -> int | None:
        """The number of a key, None if it was never added."""
        number = self._slots[self._slot(key)]
        return None if number == _EMPTY else number - 1

    def add(self, key: bytes) -> int:
        """The number of a key, which is given one if it has none."""
        if 3 * self._count >= 2 * len(self._slots):
            self._grow()
        slot = self._slot(key)
        if self._slots[slot] == _EMPTY:
            self._keys += key
            self._count += 1
            self._slots[slot] = self._count
        return self._slots[slot] - 1

    def _slot(self, key: bytes) -> int:
        slots, keys, width = self._slots, self._keys, self._width
        mask = len(slots) - 1
        slot = hash(key) & mask
        while (number := slots[slot]) != _EMPTY and keys[(number - 1) * width : number * width] != key:
            slot = slot + 1 & mask
        return slot

    def _grow(self) -> None:
        self._slots = slots = array("I", bytes(8 * len(self._slots)))
        mask = len(slots) - 1
        for number in range(self._count):
            slot = hash(self[number]) & mask
            while slots[slot] != _EMPTY:
                slot = slot + 1 & mask
            slots[slot] = number + 1


class NumberMap:
    """From run numbers, mostly one after the other, to small numbers: about 6 bytes each.

    In pages, so that a run number far out costs a page and not an array up to it.
    """

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}

    def get(self, number: int) -> int | None:
        """What was put under a number."""
        page = self._pages.get(number >> _PAGE_BITS)
        value = page[number & _PAGE - 1] if page is not None else _EMPTY
        return None if value == _EMPTY else value - 1

    def put(self, number: int, value: int) -> None:
        """Remember a value (0 to 2^32-2)."""
        page = self._pages.get(number >> _PAGE_BITS)
        if page is None:
            page = self._pages[number >> _PAGE_BITS] = array("I", _NEW_PAGE)
        page[number & _PAGE - 1] = value + 1


class Chains:
    """Lists of small numbers, one for each number from 0: 8 bytes an entry and 4 a list."""

    def __init__(self) -> None:
        self._last = array("I")
        self._before = array("I")
        self._value = array("I")

    def add(self, number: int, value: int) -> None:
        """Append a value (below 2^32) to a list."""
        self._last.extend([0] * (number + 1 - len(self._last)))
        self._value.append(value)
        self._before.append(self._last[number])
        self._last[number] = len(self._value)

    def get(self, number: int) -> list[int]:
        """A list, in the order in which it grew."""
        found, entry = [], self._last[number] if number < len(self._last) else 0
        while entry:
            found.append(self._value[entry - 1])
            entry = self._before[entry - 1]
        return found[::-1]
