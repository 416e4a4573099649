"""What the compact names of a document mean: its `@context`, as far as EPCIS needs it.

No JSON-LD processor and no network: the EPCIS context is known here, a document adds prefixes of its own
(`{"example": "https://ns.example.com/"}`), and both say what `example:field` stands for.
"""

import re
from collections.abc import Mapping
from typing import Any

GS1_VOC = "https://gs1.org/voc/"
GS1_VOC_LATER = "https://ref.gs1.org/voc/"
_VERSION = re.compile(r"/epcis/(\d+(?:\.\d+)*)/")
# Prefixes of the EPCIS 2.0.0 context. XML writes the namespace of master data attributes without a colon at its end,
# and an event has one hash in both syntaxes.
_KNOWN = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
_MOST_NAMES = 1000
_LONGEST = 256
_IN_VALUES = ("gs1", "epcis", "cbv")


class Context:
    """Prefixes and terms in force. `gs1`: where the GS1 web vocabulary lives, by the version of the EPCIS context."""

    def __init__(self, contexts: Any = None, *, parent: "Context | None" = None) -> None:
        self.gs1: str = parent.gs1 if parent else GS1_VOC
        self._own: dict[str, str] = dict(parent._own) if parent else {}
        for entry in contexts if isinstance(contexts, list) else [contexts]:
            if isinstance(entry, str):
                self._named(entry)
            elif isinstance(entry, Mapping):
                self._define(entry)
        self._names: dict[str, str] = {}
        self.canonical: dict[str, str] = {}
        """Values met before and their normal form in this context (`eventhash.canonical_value`)."""

    def remember(self, value: str, canonical: str) -> None:
        """Keep the normal form of a value, unless it is long or there are very many."""
        if len(self.canonical) < _MOST_NAMES and len(value) <= _LONGEST:
            self.canonical[value] = canonical

    def _named(self, url: str) -> None:
        version = _VERSION.search(url)
        if version and tuple(map(int, version.group(1).split(".")[:4])) > (2, 0, 0):
            self.gs1 = GS1_VOC_LATER

    def _define(self, entry: Mapping[str, Any]) -> None:
        for name, meaning in entry.items():
            iri = meaning.get("@id") if isinstance(meaning, Mapping) else meaning
            if isinstance(iri, str) and not name.startswith("@"):
                self._own[name] = iri

    def extended(self, contexts: Any) -> "Context":
        """This context with that of an event inside the document on top."""
        return Context(contexts, parent=self)

    def namespace(self, prefix: str) -> str | None:
        """What a prefix stands for."""
        if prefix == "gs1":
            return self._own.get(prefix, self.gs1)
        return self._own.get(prefix) or _KNOWN.get(prefix)

    def name(self, key: str) -> str:
        """A member's name as the hash writes it: `{namespace}local` for an extension, others as they are."""
        found = self._names.get(key)
        if found is None:
            found = self._name(key)
            if len(self._names) < _MOST_NAMES:
                self._names[key] = found
        return found

    def _name(self, key: str) -> str:
        prefix, colon, local = key.partition(":")
        if not colon:
            iri = self._own.get(key)
            cut = max(iri.rfind("/"), iri.rfind("#")) + 1 if iri else 0
            return f"{{{iri[:cut]}}}{iri[cut:]}" if iri and cut and cut < len(iri) else key
        space = None if local.startswith("//") else self.namespace(prefix)
        return key if space is None else f"{{{space}}}{local}"

    def value(self, text: str) -> str:
        """A value with its compact URI expanded; any other text as it is."""
        prefix, colon, local = text.partition(":")
        if not colon or local.startswith("//") or not (prefix in self._own or prefix in _IN_VALUES):
            return text
        space = self.namespace(prefix)
        return text if space is None else space + local
