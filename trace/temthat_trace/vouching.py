"""Who vouches for a fact: the maker alone, a paper the maker shows, or an authority that looked at that paper."""

from enum import StrEnum


class Vouching(StrEnum):
    """How far a fact is backed, weakest first."""

    SELF_DECLARED = "self_declared"
    PAPER_ATTACHED = "paper_attached"
    CONFIRMED = "confirmed"
