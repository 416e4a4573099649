"""Events of a batch: a digest that binds what was written, survives its erasure, and lets nobody guess it back."""

import datetime as dt
import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.events import Event, Step, batch_digest, event_digest

AT = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
digests = st.lists(st.binary(min_size=32, max_size=32), max_size=8)


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
    assert event_digest(**fields) != event_digest(**(fields | change))  # type: ignore[arg-type]


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


def test_a_batch_without_events_has_a_digest() -> None:
    """It says that there were none, and is no digest of anything else."""
    assert batch_digest([]) == hashlib.sha256(b"temthat batch events v1\n").hexdigest()
