"""GS1 Digital Link: the linksets the resolver emits, and the list of what a resolver shall do."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import httpx

from bench.conformance.findings import ROOT, Count, Json, validator
from temthat_trace.batches import Batch
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_verify_api.wiring import Services

GTIN = "08938505974194"
_WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("?linkType=linkset", {}),
    ("?linkType=all", {}),
    ("", {"Accept": "application/linkset+json"}),
)


async def linksets(services: Services, asking: httpx.AsyncClient) -> Count:
    """Linksets of each level, by GTIN and by internal codes, with odd characters and with papers."""
    _records(services)
    odd = "%21%22%25%26%3C%3E%3F"
    addresses = [
        f"/01/{GTIN}", f"/01/{GTIN}/10/L01", f"/01/{GTIN}/10/{odd}", f"/01/{GTIN}/22/V/10/L01/21/1", f"/01/{GTIN}/21/1",
        "/x/HTX-LINK/CHE", "/x/HTX-LINK/CHE/L01", f"/x/HTX-LINK/CHE/{odd}", "/x/HTX-LINK/M%E1%BA%ACT%2F1",
    ]  # fmt: skip
    schemas = [validator(f"linkset/{name}.json") for name in ("gs1-linkset-schema", "linkset-schema")]
    valid, total, misses = 0, 0, []
    for address in addresses:
        for query, headers in _WAYS:
            answer = await asking.get(address + query, headers=headers)
            if answer.status_code == 404:
                continue  # nothing is emitted: a level that nobody recorded
            total += 1
            if answer.status_code == 200 and _is_linkset(answer.json(), schemas):
                valid += 1
            else:
                misses.append(address + query)
    return Count("linksets emitted valid by RFC 9264's and GS1's schemas", valid, total, tuple(misses))


def _is_linkset(value: Json, schemas: list[Any]) -> bool:
    """By GS1's schema as it is, by the basic one without GS1's own member."""
    basic = {"linkset": [{k: v for k, v in c.items() if k != "itemDescription"} for c in value["linkset"]]}
    return bool(schemas[0].is_valid(value) and schemas[1].is_valid(basic))


def _records(services: Services) -> None:
    """A producer with a product of a GTIN and one without, batches and a paper."""
    with services.sessions() as session:
        party = Party(code="HTX-LINK", kind=PartyKind.COOPERATIVE, name="HTX Chè mẫu", province="01")
        session.add(party)
        session.flush()
        made = []
        for code, gtin in (("CHE", GTIN), ("MẬT/1", None)):
            product = Product(party_id=party.id, code=code, name=f"Hàng {code}", gtin=gtin, base_unit="KGM")
            session.add(product)
            made.append(product)
        session.flush()
        session.add_all(
            Batch(
                party_id=party.id, product_id=made[0].id, lot=lot, quantity=Decimal(10), unit="KGM",
                made_on=dt.date(2026, 5, 1), address="Hà Nội", province="01",
            )
            for lot in ("L01", '!"%&<>?')
        )  # fmt: skip
        session.add(
            Paper(
                party_id=party.id, product_id=made[0].id, code="OCOP1", kind=PaperKind.OCOP, number="1/QĐ",
                authority="UBND mẫu", issued_on=dt.date(2026, 1, 1), stars=4,
            )
        )  # fmt: skip
        session.commit()


def resolver() -> Count:
    """Each SHALL of the resolver's conformance lists, by the table of docs/resolver.md, whose tests are there."""
    page = (ROOT / "docs" / "resolver.md").read_text("utf-8")
    table = page.split("| SHALL | test |\n|---|---|\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.M)
    folder = ROOT / "tests" / "verify_api" / "resolver"
    code = "\n".join(path.read_text("utf-8") for path in folder.glob("test_*.py"))
    misses, answered = [], True
    for what, how in rows:
        named = re.findall(r"::(test_[a-z0-9_]+)", how)
        answered = all(f"def {name}(" in code for name in named) if named else answered
        is_met = (
            answered
            and "not met" not in how
            and (named or how.startswith(("the same", "met", "does not apply")))
        )
        if not is_met:
            misses.append(what)
    what = "SHALLs of GS1's lists for Digital Link resolvers, each with its test ([table](resolver.md#conformance))"
    return Count(what, len(rows) - len(misses), len(rows), tuple(misses))
