"""What the service says of a code, in words: an answer, or that it is none; never anything else."""

import io
import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from temthat_scanner.judging import OnlineJudge, ServiceUnreachable
from temthat_scanner.reporting import fill_screen, line_of, report
from temthat_stamps.verdict import Asker, Word

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("name", "pack_form", "lot", "expires_on", "hotline", "last", "on", "province", "checks", "run")
NAMED = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, st.text(max_size=8) | VALUES))
WORDS = st.sampled_from([word.value for word in Word])
REASONS = st.lists(
    st.fixed_dictionaries({"key": st.text(max_size=8)}, optional={"value": st.text(max_size=8)}), max_size=3
)
BODIES = st.fixed_dictionaries(
    {"verdict": WORDS, "reasons": REASONS},
    optional=dict.fromkeys(("issuer", "history", "stamp", "batch", "product"), NAMED | VALUES),
) | st.fixed_dictionaries(
    {"verdict": WORDS | VALUES, "reasons": st.lists(NAMED | VALUES, max_size=3) | VALUES}
)


@given(BODIES)
def test_property_whatever_the_service_says_is_an_answer_or_none(body: dict[str, Any]) -> None:
    """A proxy's JSON, another program's, a newer service's."""
    with (
        OnlineJudge("http://127.0.0.1:9", Asker.TILL, "vi", None, None) as judge,
        suppress(ServiceUnreachable),
    ):
        answer = judge.answer_of("x", body)
        assert answer.verdict is not None
        assert answer.verdict.word.value == body["verdict"]
        assert json.loads(json.dumps(line_of("-", answer)))["title"] == answer.saying.title
        console = Console(file=io.StringIO())
        report("-", answer, json_lines=False, console=console)
        fill_screen(answer, console, "vi")
