"""The short cut answers exactly as the long way does, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.gs1.identity import full_identity
from temthat_trace.gs1.quick import quick_identity, quick_key

digits = st.text("0123456789", max_size=15)
serials = st.text("AZaz09._-%2F*/", max_size=22)
kinds = st.sampled_from(
    [
        f"urn:epc:{k}"
        for k in (
            "id:sgtin",
            "class:lgtin",
            "id:sscc",
            "id:sgln",
            "id:pgln",
            "class:sgtin",
            "id:lgtin",
            "id:gdti",
            "id:giai",
            "id:grai",
        )
    ]
)
urns = st.builds(lambda k, *p: f"{k}:" + ".".join(p), kinds, digits, digits, serials) | st.builds(
    lambda kind, n, d, s: f"{kind}:{d[:n]}.{d[n:]}" + (f".{s}" if s else ""),
    kinds,
    st.integers(5, 13),
    st.sampled_from([12, 13, 17]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)),
    serials,
)
links = st.builds(
    lambda host, *parts: "https://" + host + "".join(parts),
    st.sampled_from(["a", "id.gs1.org", "a:80", "a/b", "u@a"]),
    *[
        st.sampled_from(["", f"/{ai}/"]).flatmap(lambda t: serials.map(lambda s, t=t: t + s if t else ""))  # type: ignore[misc]
        if ai in ("22", "10", "21", "254")
        else st.sampled_from(["", f"/{ai}/"]).flatmap(
            lambda t: st.integers(12, 18).flatmap(
                lambda n: st.text("0123456789", min_size=n, max_size=n).map(lambda d, t=t: t + d if t else "")  # type: ignore[misc]
            )
        )
        for ai in ("414", "00", "01", "22", "10", "21", "254")
    ],
)


typed = st.builds(
    lambda host, ai, digits, serial: f"https://{host}/{ai}/{digits}{serial}",
    st.sampled_from(["a", "a:80", "a/b", "a" * 300]),
    st.sampled_from(["253", "8003", "8003", "8004", "8004"]),
    st.integers(3, 15)
    .flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))
    .map(lambda d: "0" + d if len(d) == 13 else d),
    serials,
)


@given(urns | links | typed)
def test_property_the_short_cut_is_the_long_way(text: str) -> None:
    quick = quick_identity(text)
    assert quick is None or quick == full_identity(text)


def test_the_usual_identifiers_take_the_short_cut() -> None:
    for text in (
        "urn:epc:id:sgtin:4012345.011111.9876",
        "urn:epc:class:lgtin:4012345.012345.Lot987",
        "urn:epc:id:sscc:4012345.3111111111",
        "urn:epc:id:sgln:4012345.00005.0",
        "urn:epc:id:sgln:4012345.00005.122",
        "urn:epc:id:pgln:999999999999.",
        "urn:epc:id:gdti:4012345.00009.PO-4711",
        "urn:epc:id:gdti:987659999999..9",
        "urn:epc:id:giai:4012345.12-A",
        "urn:epc:id:giai:4012345.1.2.A",
        "urn:epc:id:grai:4012345.55555.987",
        "https://x.vn/01/04012345111118/10/L/21/9876",
        "https://x.vn/414/4012345000054",
        "https://x.vn/253/4012345000092PO-4711",
        "https://x.vn/8003/04012345555554A-1",
        "https://x.vn/8003/04012345555554",
        "https://x.vn/8004/4012345.A-1",
    ):
        assert quick_identity(text) == full_identity(text) != text


@pytest.mark.parametrize("key", ["253/893456700002", "8003/0401234555555"])
def test_a_wrong_check_digit_is_seen_whatever_serial_follows(key: str) -> None:
    for serial in ("", "1", "A12", "1234567890123456"):
        right, wrong = (quick_key(f"https://id.gs1.org/{key}{digit}{serial}") for digit in "43")
        assert right is not None
        assert right.is_right
        assert right.is_class == (serial == "")
        assert wrong is not None
        assert not wrong.is_right
