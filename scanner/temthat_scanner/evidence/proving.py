"""What is wrong with an evidence file, told by itself alone: signature, photos, order, numbers, marks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from temthat_scanner.evidence.form import Check, Evidence, How
from temthat_stamps import ed25519, number
from temthat_stamps.code import decode
from temthat_stamps.errors import BadSignature, Mistyped, NewerFormat, NotOurs
from temthat_stamps.keys import key_id
from temthat_stamps.texts import visible


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be in a whole file, in two languages. `check` counts from 1, 0: the file itself."""

    check: int
    vi: str
    en: str


def prove(evidence: Evidence) -> list[Finding]:
    """Everything that is wrong; empty: signed by the key it names, and unchanged since."""
    return [
        *_signature(evidence),
        *_photos(evidence),
        *_order(evidence),
        *_numbers(evidence),
        *_duplicates(evidence),
        *_strangers(evidence),
        *_services(evidence),
    ]


def number_of(text: str) -> tuple[int, int] | None:
    """Run and serial that a text states, whoever wrote it; None where it states none."""
    try:
        if number.looks_like_number(text):
            typed = number.parse(text)
            return typed.run, typed.serial
        header = decode(text).header
    except (Mistyped, NotOurs, NewerFormat):
        return None
    return header.run, header.serial


def _signature(evidence: Evidence) -> Iterator[Finding]:
    is_named = evidence.key_id == key_id(evidence.public_key)
    try:
        ed25519.verify(ed25519.load_public_key(evidence.public_key), evidence.signature, evidence.message)
    except BadSignature:
        is_named = False
    if not is_named:
        yield Finding(
            0,
            "Chữ ký không đúng: nội dung đã bị sửa sau khi ký, hoặc không do khóa này ký.",
            "The signature is wrong: changed after signing, or not signed by this key.",
        )


def _photos(evidence: Evidence) -> Iterator[Finding]:
    listed = {photo.sha256: photo for photo in evidence.photos}
    for name, photo in listed.items():
        data = evidence.pictures.get(name)
        if data is None:
            yield Finding(0, f"Thiếu ảnh {name[:12]}.", f"Photo {name[:12]} is missing.")
        elif hashlib.sha256(data).hexdigest() != name or len(data) != photo.length:
            yield Finding(
                0, f"Ảnh {name[:12]} đã bị thay.", f"Photo {name[:12]} is not the one that was signed."
            )
    for name in sorted(evidence.pictures.keys() - listed.keys()):
        # Anybody may have written this name: it must not steer a terminal.
        short = visible(name[:12])
        yield Finding(0, f"Ảnh {short} không được ký.", f"Photo {short} was not signed.")
    for place, check in enumerate(evidence.checks, 1):
        if not set(check.photos) <= listed.keys():
            yield Finding(place, "Nhắc tới ảnh không có.", "Names a photo that is not listed.")


def _order(evidence: Evidence) -> Iterator[Finding]:
    before = evidence.begun
    for place, check in enumerate(evidence.checks, 1):
        if not before <= check.at <= evidence.ended:
            yield Finding(place, "Giờ không theo thứ tự.", "Its time is out of order.")
        before = max(before, check.at)
    if evidence.begun > evidence.ended:
        yield Finding(0, "Kết thúc trước khi bắt đầu.", "It ended before it began.")


def _numbers(evidence: Evidence) -> Iterator[Finding]:
    for place, check in enumerate(evidence.checks, 1):
        if check.number != number_of(check.text):
            yield Finding(
                place, "Lô tem và số tem không phải của mã này.", "Run and serial are not those of the text."
            )
        has_data = evidence.data_of(check) is not None
        if has_data != (check.data is not None) or has_data != (check.how is How.OFFLINE):
            yield Finding(
                place, "Không nói rõ xét bằng dữ liệu nào.", "It does not say by which data it was judged."
            )


def _duplicates(evidence: Evidence) -> Iterator[Finding]:
    first: dict[tuple[int, int] | str, int] = {}
    for place, check in enumerate(evidence.checks):
        same = first.setdefault(_same(check), place)
        if check.duplicate_of != (None if same == place else same):
            yield Finding(
                place + 1,
                "Dấu “trùng” không đúng với các mã đã đọc.",
                "Its mark of a duplicate does not agree with the texts read.",
            )


def _same(check: Check) -> tuple[int, int] | str:
    return check.number or check.text


def _strangers(evidence: Evidence) -> Iterator[Finding]:
    for place, check in enumerate(evidence.checks, 1):
        is_stranger = check.issuer is not None and evidence.purpose.is_stranger(*check.issuer)
        if check.stranger != is_stranger:
            yield Finding(
                place,
                "Dấu “nơi khác” không đúng với nơi phát hành đã ghi.",
                "Its mark of a stranger does not agree with the issuer noted.",
            )


def _services(evidence: Evidence) -> Iterator[Finding]:
    for place, check in enumerate(evidence.checks, 1):
        service = check.service
        if service is None:
            continue
        if not check.at <= service.at <= evidence.ended:
            yield Finding(
                place,
                "Giờ máy chủ trả lời không nằm trong buổi kiểm tra.",
                "The service's answer is not from the time of the check.",
            )
        if not service.adds_up:
            yield Finding(
                place,
                "Số tem theo từng trạng thái cộng lại không bằng số tem đã đặt.",
                "The stamps by state do not add up to those ordered.",
            )
