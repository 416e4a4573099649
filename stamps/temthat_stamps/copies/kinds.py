"""What can happen to one stamp after printing. Pure."""

from enum import StrEnum


class StampEventKind(StrEnum):
    """What can happen to one stamp after printing."""

    CHECK = "check"
    SOLD = "sold"
    APPLIED = "applied"
    SPOILED = "spoiled"
    PIN = "pin"
