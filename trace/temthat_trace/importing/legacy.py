"""Text in fonts from before Unicode: TCVN3 (.VnTime ...) and VNI, and text broken by a wrong encoding.

Such text looks right on the clerk's screen and is rubbish everywhere else, so a cell that has it is named and refused.
The signs are letters that no Unicode Vietnamese word contains at that place: `t¸c` and `x·` (TCVN3 for tác, xã),
`taùc` and `Hôïp` (VNI for tác, Hợp), `xÃ£` (UTF-8 read as Windows-1252).
"""

import re
from enum import StrEnum


class Legacy(StrEnum):
    """Which old encoding a text seems to be in."""

    TCVN3 = "TCVN3 (.VnTime)"
    VNI = "VNI"
    BROKEN = "UTF-8"


# Signs that TCVN3 uses as letters, standing inside a word or at its end.
_TCVN3_SIGN = re.compile(
    r"[A-Za-z][¸¶¹¨¾¼½¬\u00ad«»®©µ·÷ª±²¦§¡¢£¥](?=[A-Za-z])|[A-Za-z][¸¶¨¾¼½¬µ·](?![A-Za-z0-9])"
)
# A sign first in its word, as in ®ång (đồng) and ¨n (ăn); ® and © have honest uses, but not before a small letter.
_TCVN3_FIRST = re.compile(r"(?<![A-Za-z0-9])[®¨¬\u00ad©](?=[a-z\u00a1-\u00ff])")
# Letters of western languages that are Vietnamese letters in TCVN3; one may be a foreign name, two are not.
_TCVN3_LETTER = re.compile(r"[ÆÇËÎÏÐÑÖØÛÜÞßäåæçëîïñöøûüþ]")
# VNI writes a vowel and then its marks as a second letter; đ is ñ.
_VNI_PAIR = re.compile(
    r"[aAeE][ùøûõïâáàåãäêéèúüëÙØÛÕÏÂÁÀÅÃÄÊÉÈÚÜË]|[yY][ùøûõïÙØÛÕÏ]"
    r"|[oOuU][øûïåäëØÛÏÅÄË]|[ôöÔÖ][ùøûõïâáàãêéèúÙØÛÕÏÂÁÀÃ]"
)
_VNI_D = re.compile(r"(?<![A-Za-z])[ñÑ](?=[aeiouyAEIOUYôöÔÖòæ])")
_MOJIBAKE = re.compile(r"Ã[\u00a0-\u00bf]|á[º»][\u0080-\u00bf\u0152-\u2122]|Ä[‘©¨ƒ]|Æ[°¡]|â€|\ufffd")
# Letters only Unicode Vietnamese has: where they stand, the text is not in an old font.
_UNICODE = re.compile(r"[ăĂđĐĩĨũŨơƠưƯ\u1ea0-\u1ef9\u0300\u0301\u0303\u0309\u0323]")


def font_of(font: str) -> Legacy | None:
    """The old encoding a font's name stands for: .VnTime and its kin, VNI-Times and its kin."""
    name = font.strip().lower()
    if name.startswith(".vn"):
        return Legacy.TCVN3
    return Legacy.VNI if name.startswith(("vni-", "vni ")) else None


def legacy_text(text: str, font: str = "") -> Legacy | None:
    """Which old encoding a text as it stands in the file is in, None for good text.

    An old font alone proves nothing for plain ASCII: codes and numbers are the same in it. It does for everything
    else, unless the letters are ones that only Unicode has.
    """
    if text.isascii():
        return None
    if _MOJIBAKE.search(text):
        return Legacy.BROKEN
    if _UNICODE.search(text):
        return None
    by_font = font_of(font)
    if by_font:
        return by_font
    return legacy_signs(text) or (Legacy.TCVN3 if len(_TCVN3_LETTER.findall(text)) > 1 else None)


def legacy_signs(text: str) -> Legacy | None:
    """Only the certain signs of an old encoding, which single bytes in Windows-1258 never look like."""
    if _VNI_PAIR.search(text) or _VNI_D.search(text):
        return Legacy.VNI
    return Legacy.TCVN3 if _TCVN3_SIGN.search(text) or _TCVN3_FIRST.search(text) else None


def doubtful(text: str) -> bool:
    """Has a letter that means trouble in a workbook where other cells are in an old font."""
    return not text.isascii() and not _UNICODE.search(text) and bool(_TCVN3_LETTER.search(text))


def reason(found: Legacy) -> tuple[str, str]:
    """What to tell the person, in Vietnamese and English."""
    if found is Legacy.BROKEN:
        return (
            "Chữ bị vỡ do tệp đã mở sai bảng mã. Hãy mở lại tệp gốc và lưu thành .xlsx hoặc CSV UTF-8.",
            "The text is broken: the file was opened in a wrong encoding. Save the original as .xlsx or CSV UTF-8.",
        )
    return (
        f"Chữ gõ bằng phông cũ {found}, máy khác không đọc được. "
        "Hãy đổi sang Unicode (Unikey: Ctrl+Shift+F6) rồi lưu lại.",
        f"The text is in the old font encoding {found}. Convert it to Unicode and save again.",
    )
