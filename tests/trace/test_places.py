"""Provinces, communes, old names, and finding a place in a written address."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.places import (
    Ambiguous,
    Place,
    commune,
    communes,
    current_province,
    find_place,
    old_provinces,
    province,
    province_label,
    provinces,
    search_provinces,
)
from temthat_trace.search import fold


def test_the_country_is_whole() -> None:
    """34 provinces and 3,321 communes since 1 July 2025, 63 provinces before."""
    assert (len(provinces()), len(communes()), len(old_provinces())) == (34, 3321, 63)
    assert {c.province for c in communes().values()} == set(provinces())


def test_current_codes_lead_to_themselves() -> None:
    """A current code is never taken for an old code of some other province."""
    for code in provinces():
        found = current_province(code)
        assert found is not None
        assert found.code == code


def test_old_codes_lead_to_the_current_province() -> None:
    """Hà Giang's 02 is Tuyên Quang's 08 today; a code never given out is nothing."""
    assert current_province("02") == province("08")
    assert current_province("27") == province("24")
    assert current_province("99") is None


def test_names_are_dated() -> None:
    """Every current province says since when, every old one until when."""
    assert province("24").valid_from == dt.date(2025, 7, 1)
    assert old_provinces()["27"].valid_to == dt.date(2025, 6, 30)
    assert province("24").merged == ("Bắc Giang",)
    assert province("46").full_name == "Thành phố Huế"


@pytest.mark.parametrize(
    ("text", "label", "old"),
    [
        # Two answers published with the data set's own converter.
        ("xã Đồng Tiến, huyện Yên Thế, Bắc Giang", "Xã Xuân Lương, Bắc Ninh", "24"),
        ("phường Thanh Bình, TP Hải Dương, tỉnh Hải Dương", "Phường Lê Thanh Nghị, Hải Phòng", "30"),
        # No commas, no diacritics.
        ("xa Dong Tien huyen Yen The tinh Bac Giang", "Xã Xuân Lương, Bắc Ninh", "24"),
        # Today's names.
        ("Xã Xuân Lương, tỉnh Bắc Ninh", "Xã Xuân Lương, Bắc Ninh", None),
        ("phường Xuân Hương - Đà Lạt, Lâm Đồng", "Phường Xuân Hương - Đà Lạt, Lâm Đồng", None),
        # Numbered wards, short types, a street named like something else.
        ("P.12, Q. Gò Vấp, TP.HCM", "Phường An Hội Tây, Hồ Chí Minh", None),
        ("Số 5 Lê Lợi, Phường 05, Quận 3, Thành phố Hồ Chí Minh", "Phường Bàn Cờ, Hồ Chí Minh", None),
        ("Xa lộ Hà Nội, phường Thảo Điền, TP Thủ Đức, TP Hồ Chí Minh", "Phường An Khánh, Hồ Chí Minh", None),
        # Hyphens as separators and inside names.
        ("Thôn 3 - xã Cư Suê - huyện Cư M'gar - tỉnh Đắk Lắk", "Xã Quảng Phú, Đắk Lắk", None),
        ("Phường Đô Vinh, TP Phan Rang - Tháp Chàm, Ninh Thuận", "Phường Đô Vinh, Khánh Hòa", "58"),
        # An island that had no communes.
        ("Côn Đảo, Bà Rịa - Vũng Tàu", "Đặc khu Côn Đảo, Hồ Chí Minh", "77"),
        # Names that differ only by a tone.
        ("xã Mỹ Thọ, Đồng Tháp", "Xã Mỹ Thọ, Đồng Tháp", None),
        ("phường Mỹ Tho, Đồng Tháp", "Phường Mỹ Tho, Đồng Tháp", None),
        # Both spellings of the tone's place.
        ("Xã Hoà Bình, tỉnh Hoà Bình", "Phường Tân Hòa, Phú Thọ", "17"),
        # Nothing but a province, in several dresses.
        ("Hà Nội 100000, Việt Nam", "Hà Nội", None),
        ("TP. HCM", "Hồ Chí Minh", None),
        ("Thừa Thiên Huế", "Huế", None),
        ("Dak Nong", "Lâm Đồng", "67"),
        # A district alone says the province only.
        ("huyện Yên Thế, Bắc Ninh", "Bắc Ninh", None),
        ("TP Đà Lạt", "Lâm Đồng", None),
        # A commune whose name is unique needs no province.
        ("xã Xuân Lương", "Xã Xuân Lương, Bắc Ninh", None),
    ],
)
def test_addresses_are_found(text: str, label: str, old: str | None) -> None:
    """Old and new names, with types long or short, lead to today's unit."""
    place = find_place(text)
    assert isinstance(place, Place)
    assert (place.label(), place.old_province) == (label, old)


def test_a_ward_that_was_split_is_ambiguous_with_the_main_part_first() -> None:
    """Phường Đa Kao went to two wards; the larger share comes first and the province is certain."""
    place = find_place("Phường Đa Kao, Quận 1, TP.HCM")
    assert isinstance(place, Ambiguous)
    assert place.candidates[0].commune == "26740"
    assert place.province == "79"


def test_a_name_that_was_a_town_and_is_a_ward_is_ambiguous() -> None:
    """Quảng Yên, Quảng Ninh was a whole town; written with its type it is certain."""
    assert isinstance(find_place("Quảng Yên, Quảng Ninh"), Ambiguous)
    assert isinstance(find_place("phường Quảng Yên, Quảng Ninh"), Place)


@pytest.mark.parametrize("text", ["", "abc", "12345", "Số 5 Lê Lợi", "🥚", ",,,"])
def test_a_text_without_a_place_gives_none(text: str) -> None:
    """Nothing is guessed."""
    assert find_place(text) is None


def test_the_label_tells_the_old_name_the_address_used() -> None:
    """A label printed before the merger stays understandable."""
    old = "xã Đồng Tiến, huyện Yên Thế, Bắc Giang"
    assert province_label("24", old) == "Bắc Ninh (trước 1/7/2025: Bắc Giang)"
    assert province_label("24", old, "en") == "Bắc Ninh (before 1 July 2025: Bắc Giang)"
    assert province_label("24", "Xã Xuân Lương, Bắc Ninh") == "Bắc Ninh"


def test_provinces_are_searched_by_old_names_without_diacritics() -> None:
    """Typing an old name finds the province of today."""
    assert [p.name for p in search_provinces("bac gi")] == ["Bắc Ninh"]
    assert "Hà Nội" in {p.name for p in search_provinces("ha")}


@pytest.mark.parametrize("code", sorted(communes())[::97])
def test_every_commune_is_found_by_its_own_full_address(code: str) -> None:
    """A commune's full name with its province's gives its own code, with and without diacritics."""
    unit = commune(code)
    text = f"{unit.full_name}, {province(unit.province).full_name}"
    found = find_place(text)
    assert isinstance(found, Place)
    assert found.commune == code
    bare = find_place(", ".join(fold(part) for part in text.split(", ")))
    assert bare is not None
    assert bare.province == unit.province


@given(st.text(max_size=200))
def test_property_no_text_breaks_the_finder(text: str) -> None:
    """Any text gives a place, several, or none."""
    found = find_place(text)
    assert found is None or isinstance(found, (Place, Ambiguous))
