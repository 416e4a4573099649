"""What OpenAPI says is true: generated questions, good and bad, get documented answers from the real server."""

from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from temthat_stamps.verdict import Word
from temthat_verify_api.app import create_app

from .asking import JSON, Client, check_sound, examples
from .conftest import House
from .serving import Server

load_all_checks()
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
]
"""Without `not_a_server_error`, which takes the documented 501 for a fault: looked for here in words of our own."""

OPERATIONS = [
    "GET /T/{code}",
    "POST /api/v1/verify",
    "POST /api/v1/verify/bulk",
    "POST /api/v1/events",
    "POST /api/v1/events/batch",
    "GET /api/v1/balance",
    "GET /api/v1/checklists",
    "GET /api/v1/inspect",
    "GET /api/v1/keys",
    "GET /api/v1/lineage",
    "POST /api/v1/reports",
    "GET /api/v1/trust",
    "GET /log/proof/{index}",
    "GET /healthz",
    "GET /metrics",
]

FORMS = {"GET /T/{code}": {"POST"}}
"""Methods of pages at the same address, which are no part of the API: the form of a stamp's PIN."""


@pytest.fixture(scope="session")
def operations(house: House) -> Any:
    """Every operation by its label, as the service publishes them."""
    schema = schemathesis.openapi.from_dict(create_app(house.world.services).openapi())
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.label: operation for operation in found}


def test_every_operation_is_tested(operations: Any) -> None:
    """A new one has to be put on the list."""
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_property_answers_are_as_documented(
    label: str, house: House, server: Server, operations: Any
) -> None:
    """Status, type and body of every answer stand in the document, with any key or none, and none is a fault."""
    operation = operations[label]
    # No wrong printed numbers: a few dozen, and the server, which other tests ask as well, would take no more.
    code = st.sampled_from(
        [c for c, word in house.stamps.items() if len(c) == 122 or word is not Word.FORGED]
    )

    @examples(40 if operation.body or "{" in label else 3)
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        real = mode is GenerationMode.POSITIVE and data.draw(st.booleans())
        if real and isinstance(case.body, dict) and "code" in case.body:
            case.body["code"] = data.draw(code)
            if case.body.get("event") == "spoiled":  # for other tests it would not be on sale any more
                case.body["event"] = "check"
        if real and "code" in case.path_parameters:
            case.path_parameters["code"] = data.draw(code)
        if token := data.draw(st.sampled_from(["", "made-up", *house.tokens.values()])):
            case.headers["Authorization"] = f"Bearer {token}"
        if accept := data.draw(st.sampled_from(["", "application/json", "text/html", "*/*;q=x"])):
            case.headers["Accept"] = accept
        response = case.call(base_url=server.url)
        case.validate_response(response, checks=CHECKED)
        assert response.status_code < 500 or response.status_code == 501
        assert "Traceback" not in response.text

    ask()


@pytest.mark.parametrize("label", OPERATIONS)
def test_other_methods_are_refused(label: str, client: Client) -> None:
    """405 with the ones allowed, in the shape of every refusal."""
    method, path = label.split()
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get", "\xff"}
    for other in others - {method} - FORMS.get(label, set()):
        reply = client.ask(other, path.replace("{code}", "x").replace("{index}", "1"), headers=JSON)
        check_sound(reply)
        assert (reply.status, reply.json()["error"]) == (405, "method_not_allowed")
        assert method in reply.headers["allow"]
