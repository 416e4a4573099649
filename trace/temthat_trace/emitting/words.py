"""What our events say beyond the standard's own words: a namespace, business steps of a farm, and extensions.

All of it is explained in docs/epcis-records.md. No name of a person is ever among them.
"""

from typing import Any

from temthat_trace.events import Step

NAMESPACE = "urn:temthat:epcis:"
CONTEXT: list[Any] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"temthat": NAMESPACE, "cbvmda": "urn:epcglobal:cbv:mda"},
]

BATCH, RECORD, FACTS = "temthat:batch", "temthat:record", "temthat:facts"
"""Extensions of every event: the batch and record it tells of (urn:uuid), and the digest of what was told."""
STEP, VOUCHING, LINES, REVISION = "temthat:step", "temthat:vouching", "temthat:lines", "temthat:revision"
SERIALS = "temthat:serials"


def own(word: str) -> str:
    """A business step of ours, which CBV has no word for."""
    return f"{NAMESPACE}BizStep-{word}"


BIZ_STEPS: dict[Step, str] = {
    Step.SOWING: own("sowing"),
    Step.CARE: own("caring"),
    Step.HARVEST: own("harvesting"),
    Step.PURCHASE: "receiving",
    Step.PRELIMINARY: own("preliminary_processing"),
    Step.PROCESSING: own("processing"),
    Step.TESTING: "inspecting",
    Step.PACKING: "packing",
    Step.STORAGE: "storing",
    Step.TRANSPORT: "transporting",
    Step.OTHER: "other",
}
"""The step's word; a transport of which something was sent to somebody is `shipping`."""
