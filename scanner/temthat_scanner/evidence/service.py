"""What the service told a device of one pack, as the device wrote it down (docs/spec/evidence.md, `service`)."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import SAFE_INTEGER, Fields
from temthat_stamps.ledger.ledger import State, state_words
from temthat_stamps.trust.roles import is_province
from temthat_stamps.verdict import Word
from temthat_trace import formats
from temthat_trace.places import current_province

_STATES_LIMIT = 20
_QUESTIONS_LIMIT = 10
_PAPERS_LIMIT = 20
_QUESTION_LIMIT = 600
"""Characters."""
_WORD_LIMIT = 40

_STANDING = {
    "in_force": ("còn hiệu lực", "in force"),
    "not_in_force": ("không trong thời hạn", "not within its dates"),
    "refused": ("cơ quan không chấp nhận", "refused by an office"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A day in Vietnam, and the code of a province or an empty text."""

    on: dt.date
    province: str

    def text(self, lang: str = "vi") -> str:
        """Day and name of the province."""
        return ", ".join(filter(None, (formats.date(self.on, lang), province_name(self.province))))


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as it stood then; `valid_until` None: without an end."""

    kind: str
    number: str
    valid_until: dt.date | None
    standing: str


@dataclass(frozen=True, slots=True)
class Service:
    """The service's answer on one stamp. Whatever is None or empty was not told.

    `at`: by the device's clock. `state`: of this stamp; `states`: how many of its run's `ordered` stamps are in each.
    `questions`: what does not add up, as rule and sentence in both languages. `missing`: items the law asks for that
    are not recorded.
    """

    at: dt.datetime
    verdict: Word
    checks: int | None
    first: Mark | None
    last: Mark | None
    sold: Mark | None
    state: str
    ordered: int | None
    states: tuple[tuple[str, int], ...]
    questions: tuple[tuple[str, str, str], ...]
    papers: tuple[Paper, ...]
    missing: int | None

    @property
    def adds_up(self) -> bool:
        """Whether the states make up the run, where both are told."""
        return self.ordered is None or not self.states or sum(n for _, n in self.states) == self.ordered

    def of_stamp(self) -> tuple[str, str]:
        """What a person reads of this one stamp, in Vietnamese and English; empty where nothing was told."""
        told: list[tuple[str, str]] = []
        if self.state:
            vi, en = _state(self.state)
            told.append((f"theo sổ tem, tem này {vi}", f"by the ledger this stamp is {en}"))
        if self.checks is not None:
            told.append((f"đã quét {self.checks} lượt", f"{self.checks} scans"))
        if self.last is not None:
            told.append((f"quét gần nhất {self.last.text()}", f"latest scan {self.last.text('en')}"))
        if self.sold is not None:
            told.append((f"ghi đã bán {self.sold.text()}", f"marked sold {self.sold.text('en')}"))
        return "; ".join(vi for vi, _ in told), "; ".join(en for _, en in told)

    def of_batch(self) -> Iterator[tuple[str, str]]:
        """What a person reads of its run and batch; other packs may have the same."""
        if self.ordered is not None and self.states:
            told = [(formats.number(n), formats.number(n, "en"), *_state(state)) for state, n in self.states]
            vi, en = (
                " + ".join(f"{n} {s}" for n, _, s, _ in told),
                " + ".join(f"{n} {s}" for _, n, _, s in told),
            )
            yield (
                f"{formats.number(self.ordered)} tem đã đặt = {vi}",
                f"{formats.number(self.ordered, 'en')} stamps ordered = {en}",
            )
        yield from (pair[1:] for pair in self.questions)
        for paper in self.papers:
            vi, en = _STANDING.get(paper.standing, (paper.standing, paper.standing))
            until = paper.valid_until
            yield (
                f"Giấy {paper.number}: {vi}" + (f", đến hết {formats.date(until)}" if until else ""),
                f"Paper {paper.number}: {en}" + (f", until {formats.date(until, 'en')}" if until else ""),
            )
        if self.missing:
            yield (
                f"Hồ sơ theo luật còn thiếu {self.missing} mục",
                f"{self.missing} items the law asks for are missing",
            )


def parse_service(body: Mapping[str, Any]) -> Service:
    """Raises `BadStatement`."""
    f = Fields(body)
    return Service(
        at=f.instant("at"),
        verdict=f.word("verdict", Word),
        checks=None if f.absent("checks") else f.count("checks"),
        first=_mark(body, "first"),
        last=_mark(body, "last"),
        sold=_mark(body, "sold"),
        state="" if f.absent("state") else f.text("state", _WORD_LIMIT),
        ordered=None if f.absent("ordered") else f.count("ordered"),
        states=tuple((s, n) for s, n in _rows(body, "states", _STATES_LIMIT, (_WORD_LIMIT, int))),
        questions=tuple(
            (rule, vi, en)
            for rule, vi, en in _rows(
                body, "questions", _QUESTIONS_LIMIT, (_WORD_LIMIT, _QUESTION_LIMIT, _QUESTION_LIMIT)
            )
        ),
        papers=tuple(
            Paper(kind, number, _day(until) if until else None, standing)
            for kind, number, until, standing in _rows(
                body, "papers", _PAPERS_LIMIT, (_WORD_LIMIT, 100, 10, _WORD_LIMIT)
            )
        ),
        missing=None if f.absent("missing") else f.count("missing"),
    )


def province_name(code: str) -> str:
    """A province's name; an unknown code as it is."""
    province = current_province(code) if code else None
    return province.name if province else code


def _state(word: str) -> tuple[str, str]:
    try:
        return state_words(State(word)), state_words(State(word), "en")
    except ValueError:
        return word, word


def _mark(body: Mapping[str, Any], name: str) -> Mark | None:
    if body.get(name) is None:
        return None
    [(on, province)] = _rows({name: [body[name]]}, name, 1, (10, 2))
    if province and not is_province(province):
        raise BadStatement(f"member “{name}” names no province")
    return Mark(_day(on), province)


def _day(text: str) -> dt.date:
    return Fields({"day": text}).day("day")


def _rows(
    body: Mapping[str, Any], name: str, most: int, kinds: tuple[int | type[int], ...]
) -> list[tuple[Any, ...]]:
    """A list of rows of fixed kinds: texts of at most so many characters, or a count."""
    found = body.get(name, [])
    if not isinstance(found, list) or len(found) > most:
        raise BadStatement(f"member “{name}” is not a list of at most {most}")
    for row in found:
        if not isinstance(row, list) or len(row) != len(kinds) or not all(map(_fits, row, kinds)):
            raise BadStatement(f"member “{name}” has a row that is not of its kinds")
    return [tuple(row) for row in found]


def _fits(value: object, kind: int | type[int]) -> bool:
    if isinstance(kind, int):
        return isinstance(value, str) and len(value) <= kind
    return type(value) is int and 0 <= value <= SAFE_INTEGER
