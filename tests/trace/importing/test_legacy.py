"""Old fonts are recognised by their letters or the font's name, and Unicode never is."""

import unicodedata

import pytest

from temthat_trace import places
from temthat_trace.importing.csvs import decode
from temthat_trace.importing.legacy import Legacy, legacy_signs, legacy_text

UNICODE = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
TCVN3 = "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ"
VNI_PAIRS = {
    "á": "aù", "à": "aø", "ả": "aû", "ã": "aõ", "ạ": "aï", "ă": "aê", "ắ": "aé", "ằ": "aè", "ẳ": "aú", "ẵ": "aü",
    "ặ": "aë", "â": "aâ", "ấ": "aá", "ầ": "aà", "ẩ": "aå", "ẫ": "aã", "ậ": "aä", "é": "eù", "è": "eø", "ẻ": "eû",
    "ẽ": "eõ", "ẹ": "eï", "ê": "eâ", "ế": "eá", "ề": "eà", "ể": "eå", "ễ": "eã", "ệ": "eä", "ỉ": "æ", "ĩ": "ó",
    "ị": "ò", "ó": "où", "ò": "oø", "ỏ": "oû", "õ": "oõ", "ọ": "oï", "ô": "oâ", "ố": "oá", "ồ": "oà", "ổ": "oå",
    "ỗ": "oã", "ộ": "oä", "ơ": "ô", "ớ": "ôù", "ờ": "ôø", "ở": "ôû", "ỡ": "ôõ", "ợ": "ôï", "ú": "uù", "ù": "uø",
    "ủ": "uû", "ũ": "uõ", "ụ": "uï", "ư": "ö", "ứ": "öù", "ừ": "öø", "ử": "öû", "ữ": "öõ", "ự": "öï", "đ": "ñ",
    "ý": "yù", "ỳ": "yø", "ỷ": "yû", "ỹ": "yõ", "ỵ": "î",
}  # fmt: skip

PHRASES = [
    "Hợp tác xã nông nghiệp Đồng Tiến",
    "Mật ong rừng nguyên chất",
    "Trứng gà đồi",
    "Thanh long ruột đỏ",
    "Nguyễn Thị Hồng",
    "Bón phân hữu cơ, cách ly mười lăm ngày",
    "Thu hoạch buổi sáng",
    "Nước mắm cá cơm",
    "Chè xanh Thái Nguyên",
]


def to_tcvn3(text: str) -> str:
    return text.lower().translate(str.maketrans(UNICODE, TCVN3))


def to_vni(text: str) -> str:
    return "".join(VNI_PAIRS.get(c, c) for c in text.lower())


@pytest.mark.parametrize("phrase", PHRASES)
def test_tcvn3_is_recognised_by_its_letters(phrase: str) -> None:
    """Text from a .VnTime cell is named as such even when the font's name is lost."""
    assert legacy_text(to_tcvn3(phrase)) is Legacy.TCVN3


@pytest.mark.parametrize("phrase", PHRASES)
def test_vni_is_recognised_by_its_letters(phrase: str) -> None:
    """Text from a VNI-Times cell is named as such even when the font's name is lost."""
    assert legacy_text(to_vni(phrase)) is Legacy.VNI


@pytest.mark.parametrize("phrase", PHRASES)
def test_utf8_read_as_western_is_recognised(phrase: str) -> None:
    """Mojibake is refused instead of stored."""
    assert legacy_text(phrase.encode().decode("cp1252", errors="replace")) is Legacy.BROKEN


@pytest.mark.parametrize(
    "text",
    [
        *PHRASES,
        "HTX01",
        "Café Robusta",
        "Müller & Söhne GmbH"[:6],
        "500 g × 12",
        "© 2026",
        "Sản phẩm OCOP®",
        "25 °C",
        "10 m²",
        "½ kg",
        "Yên Thế",
        "yêu",
        "TRÀ XANH",
        "quở",
        "thuở",
    ],
)
def test_good_text_is_left_alone(text: str) -> None:
    """Unicode Vietnamese, codes, signs and a foreign name are no old font."""
    assert legacy_text(text) is None


def test_the_font_decides_for_text_without_certain_signs() -> None:
    """A short word is ambiguous; .VnTime and VNI-Times tell. Plain ASCII is the same in every font."""
    assert legacy_text("cá", ".VnTime") is Legacy.TCVN3
    assert legacy_text("cá", "VNI-Times") is Legacy.VNI
    assert legacy_text("HTX 01", ".VnArial") is None
    assert legacy_text("Cà phê sữa", ".VnTime") is None


def test_no_name_of_a_place_looks_like_an_old_font() -> None:
    """Every province and commune of the country passes, in Unicode and as Windows-1258 bytes."""
    names = [c.full_name for c in places.communes().values()] + [
        p.full_name for p in places.provinces().values()
    ]
    assert [n for n in names if legacy_text(n)] == []
    as_bytes = [to_cp1258(n) for n in names]
    assert [b for b in as_bytes if legacy_signs(b.decode("latin-1"))] == []


def to_cp1258(text: str) -> bytes:
    """Windows-1258 as Vietnamese Windows writes it: a base letter, then its tone."""
    out = []
    for letter in text:
        try:
            out.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            marks = unicodedata.normalize("NFD", letter)
            tone = next(m for m in marks if m in "\u0300\u0301\u0303\u0309\u0323")
            base = unicodedata.normalize("NFC", marks.replace(tone, ""))
            out.append(base.encode("cp1258") + tone.encode("cp1258"))
    return b"".join(out)


@pytest.mark.parametrize("phrase", PHRASES)
def test_single_bytes_of_an_old_font_are_not_taken_for_windows_1258(phrase: str) -> None:
    """A CSV in TCVN3 or VNI keeps the letters that betray it; one in Windows-1258 is read."""
    assert legacy_text(decode(to_tcvn3(phrase).encode("latin-1"))) is Legacy.TCVN3
    assert legacy_text(decode(to_vni(phrase).encode("latin-1"))) is Legacy.VNI
    assert unicodedata.normalize("NFC", decode(to_cp1258(phrase))) == phrase
