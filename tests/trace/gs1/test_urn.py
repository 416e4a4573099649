"""EPC URNs and Digital Links are two ways of writing one key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.gs1 import Gs1Error, NotGs1, identity, parse_urn, read_key, to_urn
from temthat_trace.gs1.checks import CSET82

PAIRS = [
    ("urn:epc:id:sgtin:4012345.011111.9876", "/01/04012345111118/21/9876"),
    ("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()", "/01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29"),
    ("urn:epc:id:sscc:4012345.3111111111", "/00/340123451111111111"),
    ("urn:epc:id:sgln:4012345.00005.122", "/414/4012345000054/254/122"),
    ("urn:epc:id:sgln:4012345.00005.0", "/414/4012345000054"),
    ("urn:epc:id:grai:4012345.00022.334455", "/8003/04012345000221334455"),
    ("urn:epc:id:giai:4012345.ABC345", "/8004/4012345ABC345"),
    ("urn:epc:id:gsrn:4012345.0000006765", "/8018/401234500000067657"),
    ("urn:epc:id:gsrnp:4012345.0000000007", "/8017/401234500000000074"),
    ("urn:epc:id:gdti:4012345.00009.PO-4711", "/253/4012345000092PO-4711"),
    ("urn:epc:id:gdti:987659999999..9", "/253/98765999999929"),
    ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", "/8010/061414111111111111111-A%23%2F/8011/1234"),
    ("urn:epc:id:sgcn:4012345.99999.44", "/255/401234599999044"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:4012345.222333444", "/402/40123452223334442"),
    ("urn:epc:id:itip:4012345.011111.01.02.987", "/8006/040123451111180102/21/987"),
    ("urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7'SDB", "/01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7'SDB"),
    ("urn:epc:id:pgln:999999999999.", "/417/9999999999994"),
    ("urn:epc:class:lgtin:4012345.012345.Lot987", "/01/04012345123456/10/Lot987"),
    ("urn:epc:idpat:sgtin:4054739.099914.*", "/01/04054739999148"),
    ("urn:epc:idpat:grai:4012345.66666.*", "/8003/04012345666663"),
    ("urn:epc:idpat:gdti:4012345.55555.*", "/253/4012345555554"),
    ("urn:epc:idpat:sgcn:4012345.99999.*", "/255/4012345999990"),
    ("urn:epc:idpat:cpi:4012345.ABC.*", "/8010/4012345ABC"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102"),
]  # fmt: skip


@pytest.mark.parametrize(("urn", "path"), PAIRS)
def test_a_urn_and_its_link_are_one_key_both_ways(urn: str, path: str) -> None:
    key = parse_urn(urn)
    assert key.path == path
    assert read_key("HTTPS://SHOP.VN/x" + path) == key
    length = urn.split(":")[4].index(".")
    assert to_urn(key, length) == urn
    assert identity(urn) == identity("http://a" + path + "?99=x") == "https://id.gs1.org" + path


def test_a_lot_beside_a_serial_does_not_make_another_thing() -> None:
    link = "https://x.vn/01/04012345111118/22/V/10/LOT/21/9876?17=250101"
    assert identity(link) == identity("urn:epc:id:sgtin:4012345.011111.9876")
    assert read_key(link).canonical != identity(link)


def test_classes_and_instances_are_told_apart() -> None:
    classes = [urn for urn, _ in PAIRS if parse_urn(urn).is_class]
    assert all(("idpat" in urn or ":class:" in urn) for urn in classes)
    assert len(classes) == 7


def test_the_company_prefix_is_looked_up_where_it_is_known() -> None:
    assert to_urn(read_key("https://a/01/04012345111118/21/9")) == "urn:epc:id:sgtin:4012345.011111.9"
    with pytest.raises(Gs1Error) as caught:
        to_urn(read_key("https://a/01/01700000000008"))
    assert caught.value.rule == "prefix"


@pytest.mark.parametrize(
    "urn",
    [
        "urn:epc:id:sgtin:4012345.01111.9",  # 12 digits
        "urn:epc:id:sgtin:40123.45011111.9",  # prefix of 5
        "urn:epc:id:sgtin:4012345.011111",  # no serial
        "urn:epc:id:sgtin:4012345.011111.",
        "urn:epc:id:sgtin:4012345.011111.a/b",
        "urn:epc:id:sgtin:4012345.011111." + "9" * 21,
        "urn:epc:id:sscc:4012345.0000000333.1",
        "urn:epc:id:itip:4012345.011111.02.01.9",
        "urn:epc:idpat:sgtin:4012345.*.*",
        "urn:epc:idpat:sgtin:4012345.011111.5",
        "urn:epc:id:sgtin:٤٠١٢٣٤٥.011111.9",
    ],
)
def test_urns_with_a_wrong_make_are_refused_with_words(urn: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        parse_urn(urn)
    assert caught.value.vi


@pytest.mark.parametrize("text", ["urn:epc:id:gid:1.2.3", "urn:uuid:1", "urn:epc:raw:1", "geo:1,2", "x", ""])
def test_other_identifiers_are_no_gs1_keys_and_keep_their_text(text: str) -> None:
    with pytest.raises(NotGs1):
        read_key(text)
    assert identity(text) == text


def test_what_others_wrote_is_joined_even_with_old_words_and_wrong_check_digits() -> None:
    assert (
        identity("https://id.gs1.org/gtin/9780345418913/ser/765tz")
        == "https://id.gs1.org/01/09780345418913/21/765tz"
    )
    assert identity("https://x.vn/00/040123451111111127") == "https://id.gs1.org/00/040123451111111127"


@given(st.text(alphabet="".join(sorted(CSET82)), min_size=1, max_size=20))
def test_property_any_serial_goes_to_a_urn_and_back(serial: str) -> None:
    key = parse_urn("urn:epc:id:sgtin:4012345.011111.1").levels()[1]
    full = type(key)((*key.elements, ("21", serial)))
    assert parse_urn(to_urn(full, 7)) == full


@given(
    st.text(max_size=60)
    | st.text(alphabet="urn:epcidsgt.*%0123", max_size=40).map(lambda t: "urn:epc:id:sgtin:" + t)
)
def test_hostile_text_never_breaks_the_reader(text: str) -> None:
    try:
        key = parse_urn(text)
    except Gs1Error:
        return
    assert read_key(key.canonical) == key
