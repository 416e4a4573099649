"""What must not condemn a stamp, and what must be noticed: lives written out by hand."""

from dataclasses import replace

import pytest

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import DAY, HOUR, priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.opinion import evidence, opinion
from temthat_stamps.copies.places import Spot, of_province
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import Asker

START = 1_780_000_000
HANOI, SAIGON, HUE, DANANG, CANTHO, NGHEAN = (of_province(c) for c in ("01", "79", "46", "48", "92", "40"))


def check(
    at: float, visitor: str | None, spot: Spot | None = HANOI, kind: Asker = Asker.CONSUMER
) -> ScanEvent:
    """A check so many seconds after the start."""
    return ScanEvent(START + int(at), kind, StampEventKind.CHECK, visitor, spot)


def sold(at: float, spot: Spot | None = HANOI, till: str = "till-1") -> ScanEvent:
    return ScanEvent(START + int(at), Asker.TILL, StampEventKind.SOLD, till, spot)


def pin(at: float, visitor: str, spot: Spot | None = HANOI) -> ScanEvent:
    return ScanEvent(START + int(at), Asker.CONSUMER, StampEventKind.PIN, visitor, spot)


def after(*events: ScanEvent, goods: Goods | None = None) -> State:
    state = State()
    model = Model()
    for event in events:
        model.advance(state, event, goods or Goods())
    return state


ORDINARY = {
    "one phone, every day for a month": [check(d * DAY, "a") for d in range(30)],
    "one phone that travels": [check(d * DAY, "a", (HANOI, SAIGON, HUE, CANTHO)[d % 4]) for d in range(30)],
    "a troll reloading": [check(60 * n, "troll") for n in range(2_000)],
    "a troll that keeps no cookie": [check(2_000 * n, None) for n in range(2_000)],
    "one without a cookie in many places": [check(n * DAY, None, (HANOI, SAIGON)[n % 2]) for n in range(200)],
    "a family at one table": [check(60 * n, f"f{n}") for n in range(12)],
    "a family over a week": [check(n * DAY, f"f{n}") for n in range(4)],
    "a gift across the country": [
        check(0, "shopper"),
        sold(HOUR),
        check(2 * HOUR, "giver"),
        check(4 * DAY, "aunt", SAIGON),
        check(4 * DAY + 60, "uncle", SAIGON),
        pin(4 * DAY + 200, "aunt", SAIGON),
    ],
    "an online order": [
        check(0, "packer", NGHEAN, Asker.PACKER),
        check(HOUR, "seller", NGHEAN),
        check(3 * DAY, "buyer", SAIGON),
        check(9 * DAY, "friend", SAIGON),
    ],
    "an inspector's sweep": [
        check(n * 30, f"inspector-{n}", (HANOI, HUE, SAIGON)[n % 3], Asker.INSPECTOR) for n in range(60)
    ],
    "packers and tills at work": [
        *(check(n * HOUR, f"p{n}", NGHEAN, Asker.PACKER) for n in range(8)),
        *(check(DAY + n * HOUR, "till-1", HANOI, Asker.TILL) for n in range(8)),
        sold(2 * DAY),
        sold(2 * DAY + 20),
    ],
    "a fair": [check(d * DAY + n * 1_500, f"v{d}-{n}") for d in range(3) for n in range(12)],
    "a fair with two phones put elsewhere by their network": [
        check(d * DAY + n * 2_500, f"v{d}-{n}", SAIGON if (d, n) in {(0, 4), (1, 3)} else HANOI)
        for d in range(2)
        for n in range(8)
    ],
    "brought back and sold again": [
        check(0, "a"),
        sold(DAY),
        check(5 * DAY, "till-1", HANOI, Asker.TILL),
        sold(6 * DAY),
        check(8 * DAY, "b"),
    ],
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_life_is_not_suspect(name: str) -> None:
    """None of the lives of ordinary packs condemns the stamp."""
    state = after(*sorted(ORDINARY[name], key=lambda e: e.order))
    assert not state.suspect_at
    assert not opinion(state, priors().thresholds).suspect


def spread(number: int) -> list[ScanEvent]:
    """Copies on sale here and there: another phone every other day."""
    places = (HANOI, SAIGON, DANANG, HANOI, CANTHO, SAIGON, NGHEAN, HUE)
    return [check(n * 2 * DAY + n * 4_000, f"v{n}", places[n % len(places)]) for n in range(number)]


def test_copies_in_many_places_are_suspect_by_the_fifth_phone() -> None:
    """What copying looks like: new phones, places that alternate, days between."""
    state = after(*spread(5))
    assert 0 < state.suspect_check <= 5
    said = opinion(state, priors().thresholds)
    assert said.suspect
    assert said.score > 0.5
    assert {key for key, _ in said.reasons} <= {"copy_fast", "copy_places", "copy_back", "copy_groups"}
    assert len(said.reasons) == 3


def test_copies_in_one_town_take_longer_but_are_noticed() -> None:
    """In one place only the number of groups over weeks tells."""
    state = after(*(check(n * 4 * DAY + n * 5_000, f"v{n}") for n in range(14)))
    assert 5 < state.suspect_check <= 12


def test_a_photo_online_may_be_suspect_but_is_no_alert() -> None:
    """Strangers everywhere for two days: the words are neutral, and nobody is called."""
    places = (HANOI, SAIGON, HUE, CANTHO, NGHEAN, DANANG)
    state = after(*(check(n * 3_600 * 1.5, f"v{n}", places[n % 6]) for n in range(32)))
    assert evidence(state, priors().thresholds) == ()


def test_a_flood_hides_no_copies() -> None:
    """Whoever floods a code first, as a fair or a photo online looks, is noticed by the next phones all the same."""
    places = (HANOI, SAIGON, HUE, CANTHO, NGHEAN, DANANG)
    for spots in (places, (HANOI,)):
        flood = [check(n * 800, f"f{n}", spots[n % len(spots)]) for n in range(100)]
        later = [replace(event, at=event.at + 10 * DAY, visitor=f"l{event.visitor}") for event in spread(12)]
        assert not after(*flood).suspect_at
        assert 100 < after(*flood, *later).suspect_check <= 112


def test_alerts_need_many_days_or_physical_evidence() -> None:
    """Copies over weeks may be told to a person, and so may a code that was rung up in two towns."""
    limits = priors().thresholds
    assert evidence(after(*spread(5)), limits) == ()
    assert evidence(after(*spread(20)), limits) == ("many_groups",)
    rung_up_twice = after(*spread(4), sold(20 * DAY, HANOI), sold(20 * DAY + 600, SAIGON, "till-2"))
    assert evidence(rung_up_twice, limits) == ("sales",)


def test_no_single_event_condemns_or_acquits() -> None:
    """One step stays within its bounds, whatever it is; many PINs do no more than three."""
    model, limits = Model(), priors().limits
    state = State()
    lives = [
        *spread(9),
        sold(30 * DAY),
        sold(60 * DAY, SAIGON),
        *(pin(70 * DAY + n, f"p{n}") for n in range(50)),
    ]
    for event in lives:
        before = state.score
        model.advance(state, event)
        assert 1_000 * limits.least_step <= state.score - before <= 1_000 * limits.most_step
    assert state.pins == 3


def test_a_first_right_pin_speaks_for_the_pack() -> None:
    """The PIN lies beside the real pack; entered again by another household it speaks against."""
    without = after(*spread(3)).score
    once = after(*spread(3), pin(9 * DAY, "v2", DANANG)).score
    twice = after(*spread(3), pin(9 * DAY, "v2", DANANG), pin(9 * DAY, "v0")).score
    assert once < without
    assert twice > once


def test_goods_past_their_day_or_far_from_their_shops_count_more() -> None:
    """The run's facts: a last day, provinces it is on sale in."""
    events = [check(n * 4 * DAY, f"v{n}") for n in range(3)]
    plain = after(*events)
    late = after(*events, goods=Goods(last_day_ends=START + DAY))
    outside = after(*events, goods=Goods(on_sale=(HUE,)))
    assert late.score > plain.score
    assert late.late == 2
    assert outside.score > plain.score
    assert after(*events, goods=Goods(on_sale=(SAIGON, HANOI))).score == plain.score


def test_a_place_that_is_not_known_tells_less() -> None:
    """Without a place only that another group came is counted."""
    assert 0 < after(*(check(n * 3 * DAY, f"v{n}", None) for n in range(4))).score < after(*spread(4)).score


def test_a_sold_pack_has_left_the_shelf() -> None:
    """The same groups weigh more after a sale; the household's first check hardly anything."""
    shelf = [check(n * DAY, f"s{n}") for n in range(2)]
    home = [check(9 * DAY, "buyer"), check(14 * DAY, "other")]
    sale = sold(3 * DAY)
    unsold, once = after(*shelf, *home), after(*shelf, sale, *home)
    assert once.score > unsold.score + 1_000
    assert after(*shelf, sale, home[0]).score < after(*shelf).score + 2_000
    assert once.since_sale == 2


def test_a_second_sale_counts_by_where_it_is_and_what_came_before() -> None:
    """Brought back and sold again is a small thing; rung up in another city is not."""
    first, look = sold(0), check(5 * DAY, "till-1", HANOI, Asker.TILL)
    returned = after(first, look, sold(6 * DAY)).score - after(first, look).score
    again = after(first, sold(6 * DAY))
    elsewhere = after(first, sold(6 * DAY, SAIGON))
    assert 0 < returned < 500
    most, held = (round(1_000 * bound) for bound in (priors().limits.most_step, priors().limits.most_held))
    assert again.score == elsewhere.score == most
    assert returned < again.held < elsewhere.held <= held


def test_what_a_bound_held_back_comes_with_the_next_group() -> None:
    """A second sale alone adds three nats; a group that follows brings the rest, and no more than its own bound."""
    sales = [check(0, "a"), sold(HOUR), sold(9 * DAY, SAIGON)]
    before, follower = after(*sales), check(10 * DAY, "b", SAIGON)
    with_one, alone = after(*sales, follower), after(*sales[:2], follower)
    assert with_one.score - before.score == 1_000 * priors().limits.most_step
    assert with_one.score - before.score > alone.score - after(*sales[:2]).score


def test_a_first_sale_far_from_where_the_code_was_seen_counts() -> None:
    """Shelves do not move; a sale where it was checked adds nothing."""
    seen = check(0, "a", NGHEAN)
    assert after(seen, sold(DAY, NGHEAN)).score == after(seen).score
    assert after(seen, sold(DAY, CANTHO)).score > after(seen).score + 1_000
    assert after(sold(DAY, CANTHO)).score == 0


def test_a_sale_past_the_last_day_counts() -> None:
    """A used pack filled again is sold when the goods it names are long past their day."""
    late = after(sold(9 * DAY), goods=Goods(last_day_ends=START + 5 * DAY))
    assert late.score > after(sold(9 * DAY)).score
    assert late.late == 1


def test_a_hub_of_networks_says_less_than_another_town() -> None:
    """A phone at a fair that its network places in Saigon tells no speed and no return; one in Cần Thơ does."""

    def fair(spot: Spot) -> State:
        return after(*(check(n * 3 * HOUR, f"v{n}", spot if n == 3 else HUE) for n in range(6)))

    hub, town = fair(SAIGON), fair(CANTHO)
    assert hub.score < town.score
    assert (hub.fast, hub.backs) == (0, 0)
    assert town.backs == 1
