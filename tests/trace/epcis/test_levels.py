"""Every rule has a level and a line in the docs, and settings speak of rules that exist."""

import ast
import re
from pathlib import Path

import pytest

import temthat_trace.epcis
from temthat_trace.epcis import lifecycle
from temthat_trace.epcis.levels import DEFAULT_LEVELS, FORM, LIFE, UnknownRuleError, levels_of
from temthat_trace.epcis.problems import Level

SOURCES = sorted(Path(temthat_trace.epcis.__file__).parent.glob("*.py"))
# The functions that make findings, and which argument names the rule.
PLACES = {"Problem": 1, "_error": 1, "_tell": 2, "told": 2}
DOCS = Path(__file__).parents[3] / "docs" / "epcis.md"


def test_every_rule_in_the_code_has_a_level() -> None:
    """Rules named where findings are made are those of `levels`; nothing has a level that no code names."""
    named: set[str] = set()
    for path in SOURCES:
        if path.name == "levels.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
    known = {*DEFAULT_LEVELS, *FORM}
    made = {
        argument.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (place := PLACES.get(getattr(node.func, "id", getattr(node.func, "attr", "")))) is not None
        and len(node.args) > place
        and isinstance(argument := node.args[place], ast.Constant)
    }
    assert made - known == {"interrupted"}  # a job, not a rule
    assert known <= named


def test_the_docs_have_every_rule_with_its_level() -> None:
    """The table of docs/epcis.md says what the code does."""
    found: dict[str, str] = {}
    for names, level in re.findall(
        r"^\| (`[a-z0-9_`, ]+`) \| (always an error|error|warning) \|", DOCS.read_text("utf-8"), re.M
    ):
        found.update(dict.fromkeys(re.findall(r"`([a-z0-9_]+)`", names), level))
    assert found == {
        **{name: level.value for name, level in DEFAULT_LEVELS.items()},
        **dict.fromkeys(FORM, "always an error"),
    }


def test_the_rules_of_a_life_alone_are_among_all() -> None:
    """What is stricter where no repository chooses is named as everywhere."""
    assert set(lifecycle.DEFAULT_LEVELS) <= set(LIFE)


def test_levels_are_chosen_one_by_one_or_a_life_at_a_time() -> None:
    """`life` first, single rules on top."""
    found = levels_of({"life": "error", "late": "warning", "check_digit": Level.WARNING})
    assert found["after_end"] is Level.ERROR
    assert found["late"] is Level.WARNING
    assert found["check_digit"] is Level.WARNING
    assert found["unit"] is Level.ERROR


@pytest.mark.parametrize("name", ["", "lates", "json", "required"])
def test_no_level_for_what_is_no_rule_or_always_an_error(name: str) -> None:
    """The message says so in both languages."""
    with pytest.raises(UnknownRuleError) as caught:
        levels_of({name: "warning"})
    assert name in caught.value.vi
    assert name in caught.value.en
    with pytest.raises(ValueError, match="silent"):
        levels_of({"late": "silent"})
