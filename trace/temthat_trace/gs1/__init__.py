"""GS1 keys, Digital Links and EPC URNs: read strictly, told apart exactly, one identity for all ways of writing."""

from temthat_trace.gs1.compressed import decompress
from temthat_trace.gs1.digital_link import DigitalLink, build, parse
from temthat_trace.gs1.errors import Gs1Error, NotGs1
from temthat_trace.gs1.identity import identity, read_key
from temthat_trace.gs1.key import Key, make_key
from temthat_trace.gs1.urn import parse_urn, to_urn

__all__ = [
    "DigitalLink",
    "Gs1Error",
    "Key",
    "NotGs1",
    "build",
    "decompress",
    "identity",
    "make_key",
    "parse",
    "parse_urn",
    "read_key",
    "to_urn",
]
