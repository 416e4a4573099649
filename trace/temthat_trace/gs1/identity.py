"""From any way of writing an identifier to the one text it is indexed and hashed by."""

from temthat_trace.gs1.digital_link import parse
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.key import Key, is_event_key
from temthat_trace.gs1.quick import quick_identity
from temthat_trace.gs1.remember import remembered
from temthat_trace.gs1.urn import parse_urn

_MAY_HAVE_A_KEY = ("urn:epc:", "http://", "https://", "HTTP://", "HTTPS://")


def read_key(text: str, *, lenient: bool = False) -> Key:
    """The key in an EPC URN or a Digital Link. Raises Gs1Error; NotGs1 for a URI of another kind.

    `lenient`: no check digits, short GTINs and the old words for AIs; for identifiers in events others wrote.
    """
    if text.startswith("urn:"):
        return parse_urn(text, with_check_digits=not lenient)
    return parse(text, lenient=lenient).key


@remembered(32768)
def identity(text: str) -> str:
    """The canonical Digital Link of the finest thing an identifier names; any other text comes back as it is.

    `urn:epc:id:sgtin:4012345.011111.9` and `HTTPS://X.VN/01/04012345111118/10/A/21/9` give the same text.
    """
    return quick_identity(text) or full_identity(text)


@remembered(8192)
def full_identity(text: str) -> str:
    """`identity` without the short cut."""
    if not text.startswith(_MAY_HAVE_A_KEY):
        return text
    try:
        return identity_by(read_key(text, lenient=True), text)
    except Gs1Error:
        return text


def identity_by(key: Key, text: str) -> str:
    """`identity` of a text whose key was read already; what is read strictly is read alike leniently."""
    return key.finest().canonical if is_event_key(key) and text.startswith(_MAY_HAVE_A_KEY) else text
