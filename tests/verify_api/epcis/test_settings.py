"""What an operator sets of EPCIS: levels of rules, the largest document."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from temthat_trace.epcis.problems import Level
from temthat_verify_api.settings import Settings

from ..conftest import build_world
from .conftest import BASE, a_document, an_event, captured, key_of


@pytest.mark.anyio
async def test_a_rule_is_as_strict_as_it_was_set(sqlite_url: str, tmp_path: Path) -> None:
    """The life of things as errors: used before it was made is refused; a wrong unit only told."""
    rules = {"life": "error", "unit": "warning"}
    world = build_world(sqlite_url, tmp_path / "data", epcis_rules=rules)
    key = key_of(world, "HTX-MAU")
    lot = {"epcClass": "urn:epc:class:lgtin:8934567.022222.A", "quantity": 1, "uom": "kg"}
    async with world.client() as client:
        document = a_document(an_event(1, action="OBSERVE"), an_event(2, quantityList=[lot]))
        job = await captured(client, key, document, "proceed")
        assert [e["outcome"] for e in job["events"]] == ["rejected", "accepted"]
        assert [p["rule"] for p in job["events"][0]["problems"]] == ["not_commissioned"]
        assert [(p["rule"], p["level"]) for p in job["events"][1]["problems"]] == [("unit", "warning")]
    world.services.close()


@pytest.mark.anyio
async def test_of_very_many_findings_the_first_are_listed(sqlite_url: str, tmp_path: Path) -> None:
    """Errors before warnings, and how many are not."""
    world = build_world(sqlite_url, tmp_path / "data")
    key = key_of(world, "HTX-MAU")
    epcs = [f"urn:epc:id:sgtin:8934567.011111.{n}" for n in range(60)] + ["no uri"]
    async with world.client() as client:
        job = await captured(client, key, a_document(an_event(1, epcList=epcs * 2)))
        [event] = job["events"]
        assert event["outcome"] == "rejected"
        assert len(event["problems"]) == 50
        assert event["problems_not_listed"] == 13  # 61 stand twice, two are no URI
        assert {p["level"] for p in event["problems"]} == {"error"}
        answer = await client.get(f"{BASE}/capture", headers=key)
        assert "events" not in answer.json()[0]
    world.services.close()


def test_rules_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON; a rule that does not exist, or a level, is told at the start."""
    monkeypatch.setenv("TEMTHAT_EPCIS_RULES", '{"late": "error"}')
    assert Settings(mode="demo").epcis_rules == {"late": Level.ERROR}
    for wrong in ('{"lates": "error"}', '{"late": "off"}', '{"json": "warning"}'):
        monkeypatch.setenv("TEMTHAT_EPCIS_RULES", wrong)
        with pytest.raises(ValidationError):
            Settings(mode="demo")
