"""The short cut answers exactly as the long way does, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.gs1.identity import full_identity
from temthat_trace.gs1.quick import has_right_check_digit, quick_identity

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


papers = st.builds(
    lambda host, digits, paper: f"https://{host}/253/{digits}{paper}",
    st.sampled_from(["a", "a:80", "a/b"]),
    st.integers(12, 14).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)),
    serials,
)


@given(urns | links | papers)
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
        "https://x.vn/01/04012345111118/10/L/21/9876",
        "https://x.vn/414/4012345000054",
        "https://x.vn/253/4012345000092PO-4711",
    ):
        assert quick_identity(text) == full_identity(text) != text


def test_papers_as_links_take_the_short_cut_whatever_their_serial() -> None:
    for serial in ("1", "A12", "12345678901234567"):
        assert has_right_check_digit(f"https://id.gs1.org/253/8934567000024{serial}")
        assert not has_right_check_digit(f"https://id.gs1.org/253/8934567000023{serial}")
