"""Events of a batch: a digest that binds what was written, survives its erasure, and lets nobody guess it back."""

import datetime as dt
import hashlib
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.events import Event, EventPhoto, LineRole, Step, batch_digest, line
from temthat_trace.sealed import digest_of, event_record

AT = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
digests = st.lists(st.binary(min_size=32, max_size=32), max_size=8)


def event_digest(*fields: Any, **more: Any) -> bytes:
    return digest_of(event_record(*fields, **more))


def event(**more: object) -> Event:
    fields = {
        "step": Step.HARVEST,
        "at": AT,
        "text": "Hái tay",
        "actor": "Hộ Bà Sáu",
        "address": "Thôn 1",
    } | more
    made = Event(batch_id=uuid.uuid4(), recorded_by=uuid.uuid4(), recorded_at=AT, **fields)
    made.seal()
    return made


def test_the_digest_is_of_the_events_own_fields() -> None:
    """It follows from salt and fields, and from nothing else."""
    made = event()
    assert made.salt is not None
    assert len(made.salt) == 16
    assert made.digest == event_digest(made.salt, "harvest", AT, "Hái tay", "Hộ Bà Sáu", "Thôn 1")


@pytest.mark.parametrize(
    "change",
    [
        {"step": Step.CARE},
        {"at": AT + dt.timedelta(seconds=1)},
        {"text": "Hái tay "},
        {"actor": ""},
        {"address": "Thôn 2"},
        {"salt": b"x" * 16},
    ],
)
def test_every_field_is_bound(change: dict[str, object]) -> None:
    """Another value anywhere gives another digest."""
    fields = {
        "salt": b"s" * 16,
        "step": "harvest",
        "at": AT,
        "text": "Hái tay",
        "actor": "A",
        "address": "Thôn 1",
    }
    assert event_digest(**fields) != event_digest(**(fields | change))


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_property_nothing_moves_between_fields(
    text: str, actor: str, other_text: str, other_actor: str
) -> None:
    """Two events share a digest only if all their fields are the same."""
    one = event_digest(b"s" * 16, "care", AT, text, actor, "")
    two = event_digest(b"s" * 16, "care", AT, other_text, other_actor, "")
    assert (one == two) is ((text, actor) == (other_text, other_actor))


def test_the_zone_of_the_clock_does_not_matter() -> None:
    """An instant is the same instant in Hanoi and in UTC; parts of a second are not recorded."""
    hanoi = AT.astimezone(dt.timezone(dt.timedelta(hours=7)))
    salt = b"s" * 16
    assert event_digest(salt, "care", AT, "", "", "") == event_digest(salt, "care", hanoi, "", "", "")
    later = AT + dt.timedelta(microseconds=5)
    assert event_digest(salt, "care", AT, "", "", "") == event_digest(salt, "care", later, "", "", "")


def test_equal_events_have_different_digests() -> None:
    """The salt is drawn anew each time, so that a digest does not tell that two people wrote the same."""
    assert event().digest != event().digest


def test_erasing_keeps_the_digest_and_forgets_the_rest() -> None:
    """Text, actor, address and salt are gone; what was signed stays provable."""
    made = event()
    before = made.digest
    made.erase()
    assert made.digest == before
    assert (made.text, made.actor, made.address, made.salt) == (None, "", "", None)


@given(digests, st.randoms(use_true_random=False))
def test_property_the_order_of_entry_does_not_matter(given_digests: list[bytes], random: object) -> None:
    """A batch's digest is that of a set of events."""
    shuffled = list(given_digests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert batch_digest(given_digests) == batch_digest(shuffled)


@given(digests, st.binary(min_size=32, max_size=32))
def test_property_every_event_counts(given_digests: list[bytes], more: bytes) -> None:
    """One more event, or one left out, is another digest; also the same one twice."""
    assert batch_digest(given_digests) != batch_digest([*given_digests, more])


def test_events_of_before_lines_keep_their_digest() -> None:
    """Known since the first version: what has no lines, photos, plot or member is sealed as it was."""
    made = event_digest(b"s" * 16, "harvest", AT, "Hái tay", "Hộ Bà Sáu", "Thôn 1")
    assert made.hex() == "5b5e6cbb1c2fb9526031b79d6ebe2e5c089f5f7150fcb7776ce3e5354711af1e"
    assert made == event_digest(
        b"s" * 16, "harvest", AT, "Hái tay", "Hộ Bà Sáu", "Thôn 1", lines=(), photos=()
    )


def test_lines_photos_plot_and_member_are_bound() -> None:
    """Each of them changes the digest; the order in which lines and photos were entered does not."""
    salt, plot, member = b"s" * 16, uuid.uuid4(), uuid.uuid4()
    npk = line(LineRole.USED, "NPK", lot="B1", quantity=Decimal("5.0"), unit="KGM").record()
    urea = line(LineRole.USED, "Đạm").record()

    def of(**more: object) -> bytes:
        return event_digest(salt, "care", AT, "", "", "", **more)

    apart = [
        of(), of(plot=plot), of(member=plot), of(member=member), of(lines=[npk]), of(lines=[npk, urea]),
        of(photos=["a" * 64]), of(photos=["a" * 64, "b" * 64]),
        *(of(lines=[npk | {k: v + "x"}]) for k, v in npk.items()),
    ]  # fmt: skip
    assert len(set(apart)) == len(apart)
    assert of(lines=[npk, urea]) == of(lines=[urea, npk])
    assert of(photos=["a" * 64, "b" * 64]) == of(photos=["b" * 64, "a" * 64])
    assert npk["quantity"] == "5"


def test_erasing_forgets_people_and_keeps_what_a_recall_needs() -> None:
    """Partner, member, plot and photos are gone; material, its lot and the amount stay."""
    made = Event(
        step=Step.CARE, at=AT, text="Bón", actor="", address="", plot_id=uuid.uuid4(), member_id=uuid.uuid4()
    )
    made.lines = [line(LineRole.USED, "NPK", lot="B1", partner="Bà Hòa", quantity=Decimal(5), unit="KGM")]
    made.photos = [EventPhoto(digest="a" * 64, small="b" * 64)]
    made.seal()
    before = made.digest
    made.erase()
    assert (made.digest, made.plot_id, made.member_id, made.photos) == (before, None, None, [])
    kept = made.lines[0]
    assert (kept.what, kept.lot, kept.partner, kept.quantity, kept.search) == (
        "NPK",
        "B1",
        "",
        Decimal(5),
        "npk b1",
    )


def test_a_batch_without_events_has_a_digest() -> None:
    """It says that there were none, and is no digest of anything else."""
    assert batch_digest([]) == hashlib.sha256(b"temthat batch events v1\n").hexdigest()
