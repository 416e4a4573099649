"""What is stored of one stamp between its events, and how an event changes it. Pure.

The same as `history.History`, to the last byte, without its events at hand: they are records elsewhere, and are asked
for only where a state cannot go on without them. That is a late event, and one that lets others fall out of the window.
"""

from dataclasses import dataclass

from temthat_stamps.copies.model import Goods, Model


@dataclass(frozen=True, slots=True)
class Scoring:
    """By what a stamp's events are scored: the model of its product, and what its run says of the goods."""

    model: Model
    goods: Goods
