"""`contacts.json`: names and telephone numbers of issuers, for display. The operator's word; nothing commits to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.listing import read_object
from temthat_stamps.errors import BadStatement

TEXT_LIMIT = 400
"""Characters of the longest name or number kept."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How an issuer is called, and called up."""

    name: str
    hotline: str


def write_contacts(contacts: Mapping[str, Contact]) -> bytes:
    """The file, by issuer ids."""
    body = {issuer: {"name": c.name, "hotline": c.hotline} for issuer, c in sorted(contacts.items())}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def read_contacts(data: bytes) -> dict[str, Contact]:
    """What the file says; entries of a kind it does not know are passed over. Raises `BadBundle` if it is no JSON."""
    try:
        body = read_object(data)
    except BadStatement as error:
        raise BadBundle("tệp liên hệ hỏng", "the file of contacts is damaged") from error
    found = {}
    for issuer, entry in body.items():
        texts = [entry.get(part) for part in ("name", "hotline")] if isinstance(entry, dict) else []
        if texts and all(isinstance(text, str) for text in texts):
            name, hotline = (str(text)[:TEXT_LIMIT] for text in texts)
            found[issuer] = Contact(name, hotline)
    return found
