"""Alerts out of signals: which signals of one product belong together, and what becomes of its alerts. Pure.

A campaign is copies of one producer's product that came to light one after the other. People are told of campaigns,
never of scans: the hundredth scan of a copied code adds no signal, and the tenth copied stamp joins the alert there is.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

TOGETHER = dt.timedelta(days=30)
"""Evidence that comes within this time of other evidence about the same product is of one campaign."""


class SignalKind(StrEnum):
    """What may be noticed of a stamp, each kind once (`records.CopySignal`)."""

    SUSPECT = "suspect"
    """The model thinks the code copied. Says nothing yet: one photo passed around can do that."""
    SALES = "sales"
    """A suspect code that was rung up more than once. Tills have credentials."""
    PINS = "pins"
    """A suspect code whose hidden PIN was entered by three or more."""
    MANY_GROUPS = "many_groups"
    """Many groups of people on many days: what no photo passed around in a day can do."""
    GONE = "gone"
    """Sold although it was recorded as returned, spoiled, void or lost."""
    REPORT = "report"
    """Somebody reported the pack."""
    INSPECTOR = "inspector"
    """An inspector or an office had the pack in hand."""


PHYSICAL = frozenset({SignalKind.SALES, SignalKind.PINS, SignalKind.GONE, SignalKind.INSPECTOR})
"""What cannot be had from a photo of the stamp."""
RAISES = PHYSICAL | {SignalKind.MANY_GROUPS}
"""What starts an alert by itself."""

Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal about one stamp. `kind` is text, so that a word this version does not know is carried along."""

    run: int
    serial: int
    kind: str
    at: dt.datetime
    province: str | None = None

    @property
    def key(self) -> Key:
        """There is one signal of a kind a stamp."""
        return self.run, self.serial, self.kind

    @property
    def order(self) -> tuple[dt.datetime, Key]:
        """By time; the same for everybody when two come at once."""
        return self.at, self.key


@dataclass(slots=True)
class Campaign:
    """Signals that belong together, by time. `raising` is evidence and never empty; `beside` are stamps in the same
    time that are only suspect or only reported: they are shown, and decide nothing."""

    raising: list[Signal]
    beside: list[Signal] = field(default_factory=list)

    @property
    def first(self) -> dt.datetime:
        """When the first evidence came."""
        return self.raising[0].at

    @property
    def last(self) -> dt.datetime:
        """When the newest evidence came."""
        return self.raising[-1].at

    @property
    def signals(self) -> list[Signal]:
        """All of them, by time."""
        return sorted(self.raising + self.beside, key=lambda one: one.order)

    def distance(self, at: dt.datetime) -> dt.timedelta:
        """How long before or after this campaign an instant lies; nothing for one within it."""
        return max(self.first - at, at - self.last, dt.timedelta(0))


def counts(kind: str, beside: Collection[str]) -> bool:
    """Whether a signal is evidence, given the kinds of all signals of its stamp.

    A report alone is not: it is anonymous and costs nothing, and whoever looks after reports reads it anyway. About a
    code that is suspect for other reasons it is a second, independent voice of somebody with a pack in hand.
    """
    return kind in RAISES or (kind == SignalKind.REPORT and SignalKind.SUSPECT in beside)


def campaigns(signals: Iterable[Signal]) -> list[Campaign]:
    """The campaigns of one producer's product, by time. Order and repetition of the signals make no difference."""
    every = sorted({one.key: one for one in sorted(signals, key=_latest)}.values(), key=lambda one: one.order)
    kinds: dict[tuple[int, int], set[str]] = {}
    for one in every:
        kinds.setdefault((one.run, one.serial), set()).add(one.kind)
    found: list[Campaign] = []
    weak = []
    for one in every:
        if not counts(one.kind, kinds[one.run, one.serial]):
            weak.append(one)
        elif found and one.at - found[-1].last <= TOGETHER:
            found[-1].raising.append(one)
        else:
            found.append(Campaign([one]))
    for one in weak:
        within = [campaign for campaign in found if campaign.distance(one.at) <= TOGETHER]
        if within:
            min(within, key=lambda campaign: campaign.distance(one.at)).beside.append(one)
    return found


def _latest(one: Signal) -> tuple[float, str]:
    """Of two deliveries of one signal that differ the earlier one is kept: it comes last here."""
    return -one.at.timestamp(), one.province or ""


class AlertState(StrEnum):
    """Where an alert stands; a person says so, except that new evidence opens one that was done."""

    OPEN = "open"
    """Somebody has to look."""
    EXPLAINED = "explained"
    """There was an ordinary reason: a till's mistake, a sample that was shown around."""
    CONFIRMED = "confirmed"
    """There are copies; whoever is responsible acts."""
    CLOSED = "closed"
    """Nothing more is to be done."""

    @property
    def is_done(self) -> bool:
        """Nobody looks at it any more, unless new evidence comes."""
        return self in (AlertState.EXPLAINED, AlertState.CLOSED)


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that is there: its id (older ones are smaller), its state, the signals that are its evidence."""

    alert: uuid.UUID
    state: AlertState
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one campaign's alert. `alert` None: a new one is opened.

    `fresh`: evidence that no alert knew; `reopens`: the alert was done and that brings it back; `merged`: alerts that
    turn out to be of the same campaign and end here.
    """

    campaign: Campaign
    alert: uuid.UUID | None
    fresh: tuple[Signal, ...]
    reopens: bool
    merged: tuple[uuid.UUID, ...]


def decide(signals: Iterable[Signal], standing: Sequence[Standing]) -> list[Decision]:
    """One decision a campaign of one producer's product, given the alerts that are there."""
    decisions = []
    for campaign in campaigns(signals):
        keys = {one.key for one in campaign.raising}
        owners = sorted((s for s in standing if s.keys & keys), key=lambda s: s.alert.int)
        known = frozenset[Key]().union(*(s.keys for s in owners))
        fresh = tuple(one for one in campaign.raising if one.key not in known)
        oldest = owners[0] if owners else None
        decisions.append(
            Decision(
                campaign,
                oldest.alert if oldest else None,
                fresh,
                bool(oldest and oldest.state.is_done and fresh),
                tuple(s.alert for s in owners[1:]),
            )
        )
    return decisions
