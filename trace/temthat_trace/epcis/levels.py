"""Which rules keep an event out and which are only told: every rule by name, and what an operator may change.

Nothing is ever silent: a rule is an error or a warning. What is wrong with the form of an event is always an error,
because such an event could not be stored; the life of a thing is told by default, because a partner's goods were
made, packed and unpacked where nobody told us.
"""

from collections.abc import Mapping

from temthat_trace.epcis.problems import Level

ERROR, WARNING = Level.ERROR, Level.WARNING

FORM = frozenset(
    {
        "json",
        "size",
        "depth",
        "shape",
        "context",
        "version",
        "event_type",
        "unknown_member",
        "required",
        "time",
        "hash",
    }
)
"""Rules without which there is no event: always errors."""

FIELD: Mapping[str, Level] = {
    **dict.fromkeys(
        ("action", "check_digit", "duplicate", "duplicate_epc", "gs1_key", "ilmd", "ilmd_namespace", "own_parent",
         "parent", "quantity", "sensor", "unit", "uri", "vocabulary", "vocabulary_form", "zone"),
        ERROR,
    ),
    **dict.fromkeys(
        ("duplicate_identity", "duplicate_member", "event_kind", "future", "granularity", "nothing_named", "old_link",
         "prefix", "set_and_unset", "time_order", "unit_unknown", "whole_number", "zero_quantity"),
        WARNING,
    ),
}  # fmt: skip
"""Rules one event breaks by itself."""

LIFE: Mapping[str, Level] = dict.fromkeys(
    ("after_end", "already_inside", "commission_twice", "contradicts_later", "in_each_other", "late", "long_history",
     "not_commissioned", "not_inside", "two_parents"),
    WARNING,
)  # fmt: skip
"""Rules about the life of a thing: they need what was stored of it before."""

STORE: Mapping[str, Level] = {
    "event_id_taken": ERROR,
    "declaration_differs": WARNING,
    "duplicate_differs": WARNING,
    "hash_differs": WARNING,
}
"""Rules about an event among those of its repository."""

DEFAULT_LEVELS: Mapping[str, Level] = {**FIELD, **LIFE, **STORE}
"""All rules whose level may be set."""


class UnknownRuleError(ValueError):
    """A setting names a rule that does not exist, or one that is always an error."""

    def __init__(self, name: str) -> None:
        is_form = name in FORM
        self.vi = (
            f"Quy tắc “{name}” luôn là lỗi, không đổi được."
            if is_form
            else f"Không có quy tắc “{name}”; các quy tắc: {', '.join(sorted(DEFAULT_LEVELS))}, hoặc “life”."
        )
        self.en = (
            f"The rule “{name}” is always an error."
            if is_form
            else f"There is no rule “{name}”; rules: {', '.join(sorted(DEFAULT_LEVELS))}, or “life”."
        )
        super().__init__(self.en)


def levels_of(chosen: Mapping[str, Level | str]) -> dict[str, Level]:
    """All levels, with those chosen in place; `life` stands for all rules of a thing's life.

    Raises UnknownRuleError for a name that is none, ValueError for a level that is none.
    """
    found = dict(DEFAULT_LEVELS)
    if "life" in chosen:
        found |= dict.fromkeys(LIFE, Level(chosen["life"]))
    for name, level in chosen.items():
        if name in DEFAULT_LEVELS:
            found[name] = Level(level)
        elif name != "life":
            raise UnknownRuleError(name)
    return found
