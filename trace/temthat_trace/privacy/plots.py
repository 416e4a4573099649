"""What may be shown of a plot: exactly only if it is nobody's own, or its member agreed to that."""

from dataclasses import dataclass
from typing import Protocol

from temthat_trace import places
from temthat_trace.consent import MemberShown


@dataclass(frozen=True, slots=True)
class PlotShown:
    """A plot as anybody may see it: its name and address as written, or only the commune it lies in."""

    name: str
    address: str
    growing_area_code: str


class Located(Protocol):
    """What is looked at of a plot. `province` and `commune` are codes."""

    @property
    def name(self) -> str:
        """As the cooperative calls it."""

    @property
    def address(self) -> str:
        """As written."""

    @property
    def growing_area_code(self) -> str:
        """The authority's code, which is public."""

    @property
    def province(self) -> str | None:
        """Two digits."""

    @property
    def commune(self) -> str | None:
        """Five digits."""


def shown_plot(plot: Located, member: MemberShown | None) -> PlotShown:
    """A plot as anybody may see it; `member`: whose it is, as shown (`consent.shown`), None if it is the party's own.

    A household's plot is its home more often than not: without consent its name and address stay inside, and the
    commune is told instead.
    """
    if member is None or member.exact_plot:
        return PlotShown(plot.name, plot.address, plot.growing_area_code)
    commune = coarse_place(plot.province, plot.commune) or member.commune
    return PlotShown("", commune, plot.growing_area_code)


def coarse_place(province: str | None, commune: str | None) -> str:
    """Commune and province in words, from today's codes; empty where there is none."""
    names: list[str] = []
    if commune and commune in places.communes():
        names.append(places.commune(commune).full_name)
    if province and province in places.provinces():
        names.append(places.province(province).name)
    return ", ".join(names)
