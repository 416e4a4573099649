"""What an identifier names is read once, and is the identity everything else goes by."""

from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.identifiers import _identify, identify
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.identity import full_identity, read_key

_heads = st.sampled_from(
    [
        "urn:epc:id:giai:4012345.",
        "urn:epc:id:grai:4012345.55555.",
        "urn:epc:id:gsrn:4012345.",
        "urn:epc:id:itip:4012345.011111.01.02.",
        "urn:epc:idpat:sgtin:4012345.011111.",
        "Urn:epc:id:giai:4012345.",
        "https://x.vn/8004/4012345",
        "https://x.vn/8004/401",
        "https://x.vn/8003/04012345555554",
        "https://x.vn/8003/04012345555553",
        "https://x.vn/253/4012345000092",
        "https://x.vn/01/09506000134352/10/A/21/",
        "urn:epc:id:gdti:4012345.00009.",
        "https://x.vn/gtin/",
        "https://x.vn/01/09506000134352/lot/",
        "https://x.vn/01/9506000134352/10/",
        "https://x.vn/a/01/09506000134353/21/",
        "Https://x.vn/8004/4012345",
        "HTTPS://x.vn/8003/04012345111118",
        "https://x.vn/gtin/01/00/",
        "https://x.vn/",
        "urn:epc:id:sgln:4012345.00000.",
        "urn:epc:id:pgln:4012345.00000",
        "https://x.vn/414/4012345000009/254/",
        "https://x.vn/415/4012345000009/8020/",
        "urn:uuid:",
    ]
)
_tails = st.sampled_from(["", "*", "1", "9506000134352", "09506000134352", "1234567890"]) | st.text(
    "AZaz09._-%2F*/?=&", max_size=20
)


@given(_heads, _tails)
def test_property_the_canonical_form_is_the_identity(head: str, tail: str) -> None:
    assert identify(head + tail).canonical == full_identity(head + tail)


@given(_heads, _tails)
def test_property_what_is_read_strictly_is_read_alike_leniently(head: str, tail: str) -> None:
    try:
        key = read_key(head + tail)
    except Gs1Error:
        return
    assert read_key(head + tail, lenient=True) == key


@given(_heads, _tails)
def test_property_the_short_cut_says_what_the_long_way_says(head: str, tail: str) -> None:
    known, long_way = identify(head + tail), _identify(head + tail)
    assert known[:3] == long_way[:3]
    assert (known.fault is None) == (long_way.fault is None)
