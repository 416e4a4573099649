"""Every linkset we emit is valid by GS1's schema and says all there is; the resolver describes itself."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from temthat_verify_api.resolver.linkset import description

from .records import add_batch, add_product

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parents[4] / "shared" / "conformance" / "linkset"
needs_schema = pytest.mark.skipif(not FOLDER.exists(), reason=f"no linkset schema in {FOLDER}")
GTIN = "08938505974194"
BASE = "https://tem.example.vn"
VOC = "https://gs1.org/voc/"
LINKSET = {"Accept": "application/linkset+json"}


def check(linkset: dict[str, Any]) -> None:
    """Raises `ValidationError` unless both schemas take it."""
    for name in ("gs1-linkset-schema.json", "linkset-schema.json"):
        schema = json.loads((FOLDER / name).read_text("utf-8"))
        if name == "linkset-schema.json":  # the basic one does not know GS1's own member
            linkset = {
                "linkset": [
                    {k: v for k, v in c.items() if k != "itemDescription"} for c in linkset["linkset"]
                ]
            }
        jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(linkset)


@needs_schema
def test_the_schemas_tell_good_from_bad() -> None:
    """The check itself can fail: the examples beside the schema."""
    schema = json.loads((FOLDER / "gs1-linkset-schema.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    assert validator.is_valid(json.loads((FOLDER / "valid-gs1-example.json").read_text("utf-8")))
    assert not validator.is_valid(json.loads((FOLDER / "invalid-gs1-example.json").read_text("utf-8")))


@needs_schema
async def test_every_linkset_is_valid(world: "World") -> None:
    """Of each level, by GTIN and by codes, with odd characters, disputed, and with 300."""
    run = world.run(gs1=True, lot="L01")
    add_product(world, "Ố/1", "Mật ong", None)
    add_batch(world, '!"%&<>?', product="CHE")
    number = world.number(run)
    addresses = [
        f"/01/{GTIN}",
        f"/01/{GTIN}/10/L01",
        f"/01/{GTIN}/22/V/10/L01/21/{number}",
        f"/01/{GTIN}/10/%21%22%25%26%3C%3E%3F",
        "/x/HTX-MAU/CHE/L01/" + number,
        "/x/%E1%BB%90%2F1/M%E1%BA%ADt%20ong",
    ]
    async with world.client() as client:
        for address in addresses:
            for query in ("?linkType=linkset", "?linkType=all", ""):
                answer = await client.get(address + query, headers=LINKSET if not query else {})
                assert (answer.status_code, answer.headers["content-type"]) == (
                    200,
                    "application/linkset+json",
                )
                check(answer.json())
        check((await client.get(f"/01/{GTIN}?linkType=gs1:pip", headers={"Accept-Language": "fr"})).json())
        add_product(world, "HTX-HAI", "CHE2", GTIN)
        check((await client.get(f"/01/{GTIN}?linkType=linkset")).json())


async def test_every_level_up_to_the_primary_key_is_in_it(world: "World") -> None:
    """Serial, lot and GTIN, each under its own uncompressed address with its own default and typed links."""
    run = world.run(gs1=True, lot="L01")
    number = world.number(run)
    async with world.client() as client:
        address = f"/01/{GTIN}/10/L01/21/{number}"
        serial, lot, product = (await client.get(address, headers=LINKSET)).json()["linkset"]
    assert serial["anchor"] == f"{BASE}{address}"
    assert lot["anchor"] == f"{BASE}/01/{GTIN}/10/L01"
    assert product["anchor"] == f"{BASE}/01/{GTIN}"
    assert {VOC + w for w in ("pip", "masterData", "certificationInfo")} < product.keys()
    assert {VOC + w for w in ("traceability", "recallStatus")} < lot.keys()
    assert VOC + "verificationService" in serial
    for level in (serial, lot, product):
        [default] = level[VOC + "defaultLink"]
        assert default.keys() == {"href", "title"}, "a default link has no optional attributes"
        typed = [
            link
            for name, links in level.items()
            if name.startswith(VOC) and "default" not in name
            for link in links
        ]
        assert default["href"] in {link["href"].partition("?")[0] for link in typed}
        for link in typed:
            assert link["href"].startswith(BASE)
            assert link["title"]
            assert link["type"] in ("text/html", "application/json", "application/ld+json")
            assert link.get("hreflang", ["vi"]) in (["vi"], ["en"])


async def test_every_link_leads_somewhere(world: "World") -> None:
    """Each target of a full linkset answers 200 with the media type and language it promises."""
    run = world.run(gs1=True, lot="L/1")
    address = f"/01/{GTIN}/10/L%2F1/21/{world.number(run)}"
    async with world.client() as client:
        for level in (await client.get(address, headers=LINKSET)).json()["linkset"]:
            for links in (links for name, links in level.items() if name.startswith(VOC)):
                for link in links:
                    target = link["href"].removeprefix(BASE)
                    got = await client.get(target, headers={"Accept": link.get("type", "text/html")})
                    assert got.status_code == 200, target
                    assert got.headers["content-type"].startswith(link.get("type", "text/html"))
                    if lang := link.get("hreflang"):
                        assert got.headers["content-language"] == lang[0]
                    fragment = target.partition("#")[2]
                    assert not fragment or f'id="{fragment}"' in got.text


def test_a_telephone_is_told_as_a_uri() -> None:
    """Whatever stands around the digits; what has none is left out."""
    told = description(BASE, "Sở", "+84 (24) 3825.1234 (giờ hành chính)")
    assert told["contact"] == {"fn": "Sở", "hasTelephone": "tel:+842438251234"}
    assert description(BASE, "Sở", "chưa có")["contact"] == {"fn": "Sở"}


async def test_the_resolver_describes_itself(world: "World") -> None:
    """Root, primary keys, vocabulary and a JSON-LD context that is there, as application/ld+json."""
    async with world.client() as client:
        told = await client.get("/.well-known/gs1resolver")
        assert (told.status_code, told.headers["content-type"]) == (200, "application/json")
        assert told.headers["access-control-allow-origin"] == "*"
        body = told.json()
        assert (body["resolverRoot"], body["supportedPrimaryKeys"]) == (BASE, ["01", "414", "417"])
        assert body["supportedLinkType"] == [{"namespace": VOC, "prefix": "gs1:"}]
        linkset = await client.get(f"/01/{GTIN}?linkType=linkset")
        rel = 'rel="http://www.w3.org/ns/json-ld#context"'
        [context] = re.findall(rf"<([^>]+)>; {re.escape(rel)}", linkset.headers["link"])
        assert context == body["jsonldContext"]
        given = await client.get(context)
        assert given.headers["content-type"] == "application/ld+json"
        terms = given.json()["@context"]
        [level] = linkset.json()["linkset"]
        for member in level.keys() | level[VOC + "pip"][0].keys() | {"linkset"}:
            assert member in terms or member.startswith(VOC)
        assert (await client.head("/.well-known/gs1resolver")).status_code == 200
