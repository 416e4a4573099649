"""Levels as a linkset (RFC 9264, GS1's schema), the resolver's description of itself, and the Link header. Pure."""

from collections.abc import Sequence
from typing import Any

from temthat_verify_api.resolver.addresses import PRIMARY_KEYS
from temthat_verify_api.resolver.choosing import VOCABULARY, Level, Link

LINKSET_JSON = "application/linkset+json"
CONTEXT_PATH = "/.well-known/gs1resolver/context.jsonld"


def linkset_of(levels: Sequence[Level], base: str) -> dict[str, Any]:
    """The linkset; `base` is scheme and host, `https://tem.example.vn`."""
    return {"linkset": [_context_object(level, base) for level in levels]}


def _context_object(level: Level, base: str) -> dict[str, Any]:
    body: dict[str, Any] = {"anchor": base + level.path, "itemDescription": level.description}
    default = "defaultLink" if len(level.defaults) == 1 else "defaultLinkMulti"
    body[VOCABULARY + default] = [_target(link, base) for link in level.defaults]
    for link in level.links:
        body.setdefault(VOCABULARY + link.relation, []).append(_target(link, base))
    return body


def _target(link: Link, base: str) -> dict[str, Any]:
    target: dict[str, Any] = {"href": base + link.href, "title": link.title}
    if link.language:
        target["hreflang"] = [link.language]
    if link.media:
        target["type"] = link.media
    return target


def link_header(path: str, base: str, same_as: str = "", *, with_context: bool = False) -> str:
    """The Link header of every answer about `path`: its linkset, and its other name if it has one."""
    links = [f'<{base}{path}?linkType=linkset>; rel="linkset"; type="{LINKSET_JSON}"']
    if same_as:
        links.append(f'<{base}{same_as}>; rel="http://www.w3.org/2002/07/owl#sameAs"')
    if with_context:
        rel = "http://www.w3.org/ns/json-ld#context"
        links.append(f'<{base}{CONTEXT_PATH}>; rel="{rel}"; type="application/ld+json"')
    return ", ".join(links)


def description(base: str, name: str, hotline: str) -> dict[str, Any]:
    """The resolver description file, `/.well-known/gs1resolver`."""
    contact: dict[str, Any] = {"fn": name}
    # A tel URI (RFC 3966) holds no words such as “giờ hành chính”.
    if number := "".join(sign for sign in hotline if sign in "+0123456789"):
        contact["hasTelephone"] = f"tel:{number}"
    return {
        "name": f"{name} (TemThật)",
        "resolverRoot": base,
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "supportedPrimaryKeys": list(PRIMARY_KEYS),
        "supportedContextValuesEnumerated": [],
        "linkTypeDefaultCanBeLinkset": False,
        "linkTypeDefaultCanBeAll": False,
        "supportsLanguageVariants": True,
        "supportsSemanticInterpretation": False,
        "validatesAIcombinations": True,
        "jsonldContext": base + CONTEXT_PATH,
        "contact": contact,
    }


def context() -> dict[str, Any]:
    """What makes JSON-LD of our linksets (RFC 9264, appendix A, as far as they go)."""
    dc = "http://purl.org/dc/terms/"
    return {
        "@context": {
            "@version": 1.1,
            "linkset": "@graph",
            "anchor": "@id",
            "href": "@id",
            "itemDescription": f"{dc}description",
            "title": f"{dc}title",
            "hreflang": {"@id": f"{dc}language", "@container": "@set"},
            "type": f"{dc}format",
        }
    }
