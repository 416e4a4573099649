"""`temthat gs1 parse` says for each URI what it holds, or which rule it breaks."""

import json

from typer.testing import CliRunner

from temthat_trace.gs1.command import app

GOOD = "https://a.vn/01/09520123456788/10/A%2FB"
BAD = "https://a.vn/01/09520123456789"


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["parse", *args])
    return result.exit_code, result.stdout


def test_json_lines_in_the_order_given() -> None:
    code, out = run("--json", GOOD, BAD)
    first, second = map(json.loads, out.splitlines())
    assert code == 1
    assert first == {"uri": GOOD, "valid": True, "ai": {"01": "09520123456788", "10": "A/B"}, "error": None}
    assert second["uri"] == BAD
    assert second["valid"] is False
    assert second["ai"] == {}
    assert "số kiểm tra" in second["error"]
    assert "check digit" in second["error"]


def test_all_right_is_exit_code_zero_and_urns_are_read_too() -> None:
    code, out = run("--json", GOOD, "urn:epc:id:sgtin:4012345.011111.9876")
    assert code == 0
    assert json.loads(out.splitlines()[1])["ai"] == {"01": "04012345111118", "21": "9876"}


def test_for_people_vietnamese_then_english() -> None:
    code, out = run(GOOD, BAD)
    assert code == 1
    assert "(10) BATCH/LOT: A/B" in out
    assert out.index("Sai:") < out.index("Wrong:")


def test_arguments_that_are_not_utf8_are_refused_in_words() -> None:
    code, out = run("--json", "https://a.vn/01/\udcff")
    assert code == 1
    assert json.loads(out)["valid"] is False
