"""The specifications name what the code has: examples are vectors, lists are whole."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.bundle import issuers, notices, shard
from temthat_stamps.bundle.encoding import FILE_LIMIT, MAGIC, Kind
from temthat_stamps.bundle.listing import LISTING_LIMIT
from temthat_stamps.bundle.pack import PACK_LIMIT, PACK_TYPE
from temthat_stamps.code import TEXT_LIMIT
from temthat_stamps.manifest import Names
from temthat_stamps.notice import REASONS
from temthat_stamps.signing import CONTEXT, KEYS_PER_HINT, NUMBER_CONTEXT, PIN_CONTEXT
from temthat_stamps.statement import PAYLOAD_TYPE, STATEMENT_LIMIT, StatementType
from temthat_stamps.texts import texts
from temthat_stamps.verdict import Asker, Coverage, NoticeKind, Proof, Registration, Word

ROOT = Path(__file__).parents[2]
STAMP, VERDICT, STATEMENTS, BUNDLE = (
    (ROOT / "docs" / "spec" / f"{name}.md").read_text("utf-8")
    for name in ("stamp", "verdict", "statements", "bundle")
)


def vectors(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "stamps" / "vectors" / name).read_bytes())
    return loaded


def test_the_stamps_example_is_a_vector() -> None:
    """Whoever decodes the page's example finds it in the vectors, with its number."""
    assert vectors("code.json")["good"][0]["text"] in STAMP
    number = next(n for n in vectors("number.json")["good"] if (n["run"], n["serial"]) == (7, 1))
    assert number["grouped"] in STAMP


def test_the_stamps_page_has_every_limit_and_context() -> None:
    """Numbers and strings that both sides must share."""
    for value in (str(TEXT_LIMIT), f"after {KEYS_PER_HINT}"):
        assert value in STAMP
    for context in (CONTEXT, PIN_CONTEXT, NUMBER_CONTEXT):
        assert json.dumps(context.decode()) in STAMP


def test_the_verdicts_table_has_every_word_in_its_order() -> None:
    """The rows of the table are the vocabulary."""
    assert re.findall(r"^\| \d+ \| `(\w+)` \|", VERDICT, re.MULTILINE) == list(Word)


@pytest.mark.parametrize("enum", [Proof, Coverage, Registration, Asker])
def test_the_verdicts_page_has_every_value_of_its_facts(enum: Any) -> None:
    """Nothing can be a fact that the page does not name."""
    assert [value.value for value in enum if f"`{value.value}`" not in VERDICT] == []


def test_the_verdicts_page_has_every_reason() -> None:
    """Each reason with words for people stands on the page, but those of the copy judge, which are its own."""
    keys = [key for key in texts()["reasons"] if not key.startswith("copy_")]
    assert [key for key in keys if f"`{key}`" not in VERDICT] == []


def test_the_statements_page_has_every_type_kind_and_reason() -> None:
    """And the limits."""
    named = [*StatementType, *(kind.value for kind in NoticeKind), *REASONS]
    assert [word for word in named if f"`{word}`" not in STATEMENTS] == []
    assert PAYLOAD_TYPE in STATEMENTS
    assert f"{STATEMENT_LIMIT:,}".replace(",", " ") in STATEMENTS


def test_the_bundles_page_has_every_limit_kind_and_code() -> None:
    """Bytes that two implementations must share: kinds of files and records, codes by their places, limits."""
    for limit in (FILE_LIMIT, LISTING_LIMIT, PACK_LIMIT):
        assert f"{limit // 2**20} MiB" in BUNDLE
    for kind in Kind:
        assert f"| {kind.value} | `{kind.name.lower()}" in BUNDLE
    for codes in (notices.KIND_CODES, notices.REASON_CODES, issuers.KINDS):
        assert " ".join(f"{place} `{code}`" for place, code in enumerate(codes)) in " ".join(BUNDLE.split())
    for tag, form in notices._FORMS.items():
        assert f"| {tag} | {form.size} |" in BUNDLE
    for tag, size in issuers._SIZES.items():
        assert f"| {tag} | {size} |" in BUNDLE
    assert f"`{MAGIC.decode()}`" in BUNDLE
    assert f'"{PACK_TYPE}"' in BUNDLE
    for flags in shard._FLAGS.values():
        assert f"{flags:#010b}" in BUNDLE


def test_the_commitment_is_as_the_page_says() -> None:
    """The members it names, and no others."""
    for name in (*Names.__dataclass_fields__, "salt"):
        assert f'"{name}"' in STATEMENTS
