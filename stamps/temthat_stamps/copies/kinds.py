"""What can happen to one stamp after printing. Pure."""

from enum import StrEnum


class StampEventKind(StrEnum):
    """What can happen to one stamp after printing."""

    CHECK = "check"
    SOLD = "sold"
    APPLIED = "applied"
    SPOILED = "spoiled"
    PIN = "pin"
    RETURNED = "returned"
    """A customer brought the goods back: the sale (or a spoiling told by mistake) is taken back by who told it."""
