"""Whatever GS1's JSON schema refuses is refused here too, with a place and words."""

import json
from typing import Any

import jsonschema

from temthat_trace.epcis.document import document_of
from temthat_trace.epcis.problems import EpcisError
from temthat_trace.epcis.rules import check_document

from .conformance import EXAMPLES, FOLDER, needs_data


@needs_data
def test_conformance_what_the_schema_refuses_we_refuse_too() -> None:
    """Every example with one thing spoilt: whatever GS1's schema refuses has a problem of ours, shape or rule."""
    schema = json.loads((FOLDER / "epcis" / "EPCIS-JSON-Schema.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    spoilt = refused = 0
    # Every seventh, and those that show every member there is.
    for path in [*EXAMPLES[::7], *(p for p in EXAMPLES if "all_possible" in p.name)]:
        for value in spoils(json.loads(path.read_text("utf-8"))):
            spoilt += 1
            if not validator.is_valid(value):
                refused += 1
                try:
                    found = check_document(document_of(value))
                except EpcisError as error:
                    found = list(error.problems)
                assert found, (path.stem, next(iter(validator.iter_errors(value))).message[:300])
    assert len(EXAMPLES) == 47
    assert refused > spoilt / 3


def spoils(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Copies of a document, each with one member of the first event missing, of another type or misnamed."""
    made = []
    changes: list[Any] = ["gone", 7, []]
    text = json.dumps(value)
    body = value["epcisBody"]
    event = (body.get("queryResults", {}).get("resultsBody") or body)["eventList"][0]
    for name in event:
        for change in changes:
            copy = json.loads(text)
            body = copy["epcisBody"]
            at = (body.get("queryResults", {}).get("resultsBody") or body)["eventList"][0]
            if change == "gone":
                del at[name]
            else:
                at[name] = change
            made.append(copy)
    return made
