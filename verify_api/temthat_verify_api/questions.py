"""What somebody asks about: a scanned URL, a bare code, or a printed number as typed."""

from dataclasses import dataclass

from temthat_stamps import number
from temthat_stamps.code import CODE_LENGTH, Code, decode
from temthat_stamps.errors import NewerFormat, NotOurs
from temthat_stamps.number import Number
from temthat_stamps.verdict import Proof


@dataclass(frozen=True, slots=True)
class Question:
    """A text taken apart. Exactly one of `code`, `number` and `settled` says what it is."""

    text: str
    code: Code | None = None
    number: Number | None = None
    settled: Proof | None = None
    """`NOT_OURS` or `NEWER_FORMAT`: nothing more can be asked about it."""


def read_question(text: str) -> Question:
    """Take a text apart. Raises `Mistyped` for a printed number with a slip in it."""
    if len(text) < CODE_LENGTH and number.looks_like_number(text):
        return Question(text, number=number.parse(text))
    try:
        return Question(text, code=decode(text))
    except NotOurs:
        return Question(text, settled=Proof.NOT_OURS)
    except NewerFormat:
        return Question(text, settled=Proof.NEWER_FORMAT)
