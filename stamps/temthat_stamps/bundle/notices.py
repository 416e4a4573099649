"""The file `notices`: what became of runs after they were logged, for the whole country, in log order.

Notices, the runs that a notice on a batch touches, activations, and what a revoked issuer key had stated after its last
good entry. Records have a fixed size by their kind, so that a scanner goes through years of them in one quick pass.
"""

import struct
import uuid
from array import array
from typing import NamedTuple

from temthat_stamps.bundle.encoding import (
    HEADER_SIZE,
    BadBundle,
    Header,
    Kind,
    Stream,
    check_header,
    cut_off,
    instant_of,
    seconds,
)
from temthat_stamps.notice import Notice, batch_target, in_force, key_target, run_target, stamps_target
from temthat_stamps.verdict import HANOI, NoticeKind, StandingNotice

NOTICES_FILE = "notices"

STAMPS, RUN, BATCH, KEY, TOUCHED, ACTIVATED, REVOKED_RUN, REVOKED_NOTICE, REVOKED_ACTIVATION = range(1, 10)
_FORMS = {
    STAMPS: struct.Struct(">BIIIIBBI"),  # run, first, last, number, kind, reason, at
    RUN: struct.Struct(">BIIBBI"),  # run, number, kind, reason, at
    BATCH: struct.Struct(">B16sIBBI"),  # batch, number, kind, reason, at
    KEY: struct.Struct(">B32sIBBI"),  # key id, number, kind, reason, at
    TOUCHED: struct.Struct(">BII"),  # run, batch by its number
    ACTIVATED: struct.Struct(">BI"),  # run
    REVOKED_RUN: struct.Struct(">BIBI"),  # run, reason, at
    REVOKED_NOTICE: struct.Struct(">BI"),  # notice by its number
    REVOKED_ACTIVATION: struct.Struct(">BI"),  # run
}
_SIZES = {tag: form.size for tag, form in _FORMS.items()}
_BY_RUN = frozenset({STAMPS, RUN, TOUCHED, ACTIVATED, REVOKED_RUN, REVOKED_ACTIVATION})
_NOTICES = frozenset({STAMPS, RUN, BATCH, KEY})

KIND_CODES = (
    NoticeKind.RECALL,
    NoticeKind.REVOCATION,
    NoticeKind.VOID,
    NoticeKind.LOST,
    NoticeKind.HOLD,
    NoticeKind.SPOILED,
    NoticeKind.RETURNED,
    NoticeKind.LIFT,
)
"""A kind's byte is its place here. Only ever appended to."""
REASON_CODES = (
    "contamination",
    "mislabelled",
    "paper_withdrawn",
    "input_recalled",
    "key_compromised",
    "misprint",
    "spoiled_sheet",
    "lost_in_transit",
    "stolen",
    "returned",
    "under_inspection",
    "complaint",
    "ordered_by_authority",
    "resolved",
    "other",
)
"""A reason's byte is its place here. Only ever appended to."""


def kind_of(code: int) -> NoticeKind:
    """The kind of a byte. Raises `BadBundle`."""
    if code >= len(KIND_CODES):
        raise BadBundle("một loại thông báo lạ", "an unknown kind of notice")
    return KIND_CODES[code]


def reason_of(code: int) -> str:
    """The reason of a byte. Raises `BadBundle`."""
    if code >= len(REASON_CODES):
        raise BadBundle("một mã lý do lạ", "an unknown reason code")
    return REASON_CODES[code]


class NoticesWriter:
    """Appends to the file."""

    def __init__(self) -> None:
        self.stream = Stream(Header(Kind.NOTICES))
        self._batches: dict[str, int] = {}
        self._count = 0

    def notice(self, notice: Notice) -> int:
        """A notice; gives its number in the file, from 0."""
        n = notice
        end = (n.number, KIND_CODES.index(n.kind), REASON_CODES.index(n.reason), seconds(n.at))
        if n.run is not None and n.first is not None:
            self._put(STAMPS, n.run, n.first, n.last, *end)
        elif n.run is not None:
            self._put(RUN, n.run, *end)
        elif n.scope == "batch":
            self._batches.setdefault(n.name, len(self._batches))
            self._put(BATCH, uuid.UUID(n.name).bytes, *end)
        else:
            self._put(KEY, bytes.fromhex(n.name), *end)
        self._count += 1
        return self._count - 1

    def touched(self, run: int, batch: str) -> None:
        """The notices on that batch, there already, speak of this run too."""
        self._put(TOUCHED, run, self._batches[batch])

    def activated(self, run: int) -> None:
        """A run's stamps are on goods from now on."""
        self._put(ACTIVATED, run)

    def revoke_run(self, run: int, reason: str, at: int) -> None:
        """A run was stated by a key after its last good entry. `at` in seconds since 1970."""
        self._put(REVOKED_RUN, run, REASON_CODES.index(reason), at)

    def revoke_notice(self, number: int) -> None:
        """So was a notice; it never counted."""
        self._put(REVOKED_NOTICE, number)

    def revoke_activation(self, run: int) -> None:
        """So was the activation of a run."""
        self._put(REVOKED_ACTIVATION, run)

    def _put(self, tag: int, *values: object) -> None:
        self.stream.append(_FORMS[tag].pack(tag, *values))


class Issued(NamedTuple):
    """All that is known of one run besides its manifest."""

    notices: list[Notice]
    """In force."""
    activated: bool
    revoked: StandingNotice | None
    """Set where the run was stated by a key after its last good entry."""


class Notices:
    """The file read whole. Raises `BadBundle`."""

    def __init__(self, data: bytes) -> None:
        check_header(data, Kind.NOTICES)
        self._data = data
        self._by_run: dict[int, list[int]] = {}
        self._by_key: dict[str, list[int]] = {}
        self._by_batch: dict[bytes, list[int]] = {}
        self._batches: list[bytes] = []
        self._revoked: set[int] = set()
        self._read()

    def of(self, run: int, key_id: str | None) -> Issued:
        """Everything about a run; with the notices on a stamp key, given its id."""
        notices: list[Notice] = []
        activated, revoked = False, None
        for at in self._by_run.get(run, ()):
            tag, *values = _FORMS[self._data[at]].unpack_from(self._data, at)
            if tag in (ACTIVATED, REVOKED_ACTIVATION):
                activated = tag == ACTIVATED
            elif tag == REVOKED_RUN:
                day = instant_of(values[2]).astimezone(HANOI).date()
                revoked = StandingNotice(NoticeKind.REVOCATION, reason_of(values[1]), day)
            elif tag == TOUCHED:
                notices += map(self._notice, self._good(self._by_batch[self._batches[values[1]]]))
            elif at not in self._revoked:
                notices.append(self._notice(at))
        if key_id is not None:
            notices += map(self._notice, self._good(self._by_key.get(key_id, [])))
        return Issued(in_force(notices), activated, revoked)

    def _good(self, places: list[int]) -> list[int]:
        return [at for at in places if at not in self._revoked] if self._revoked else places

    def _notice(self, at: int) -> Notice:
        tag, *values = _FORMS[self._data[at]].unpack_from(self._data, at)
        *what, number, kind, reason, instant = values
        run = what[0] if tag in (STAMPS, RUN) else None
        first, last = what[1:] if tag == STAMPS else (None, None)
        if tag == STAMPS:
            target = stamps_target(*what)
        elif tag == RUN:
            target = run_target(what[0])
        elif tag == BATCH:
            target = batch_target(uuid.UUID(bytes=what[0]))
        else:
            target = key_target(what[0].hex())
        return Notice(target, number, kind_of(kind), reason_of(reason), instant_of(instant), run, first, last)

    def _read(self) -> None:
        data, at, end = self._data, HEADER_SIZE, len(self._data)
        by_run, places = self._by_run, array("L")
        while at < end:
            tag = data[at]
            size = _SIZES.get(tag)
            if size is None:
                raise BadBundle("một loại bản ghi lạ", "an unknown kind of record")
            if at + size > end:
                raise cut_off()
            if tag in _BY_RUN:
                by_run.setdefault(int.from_bytes(data[at + 1 : at + 5]), []).append(at)
            if tag in _NOTICES:
                # The same nine bytes end each of the four: number, kind, reason, instant.
                kind_of(data[at + size - 6])
                reason_of(data[at + size - 5])
                places.append(at)
            if tag not in (STAMPS, RUN, ACTIVATED):
                self._read_other(tag, at, places)
            at += size

    def _read_other(self, tag: int, at: int, places: "array[int]") -> None:
        values = _FORMS[tag].unpack_from(self._data, at)
        if tag == BATCH:
            if values[1] not in self._by_batch:
                self._batches.append(values[1])
            self._by_batch.setdefault(values[1], []).append(at)
        elif tag == KEY:
            self._by_key.setdefault(values[1].hex(), []).append(at)
        elif tag == TOUCHED and values[2] >= len(self._batches):
            raise BadBundle("một lô không có trong tệp", "a batch that is not in the file")
        elif tag == REVOKED_RUN:
            reason_of(values[2])
        elif tag == REVOKED_NOTICE:
            if values[1] >= len(places):
                raise BadBundle("một thông báo không có trong tệp", "a notice that is not in the file")
            self._revoked.add(places[values[1]])
