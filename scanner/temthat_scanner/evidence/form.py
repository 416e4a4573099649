"""What an evidence file holds (docs/spec/evidence.md): read strictly, nothing proved yet."""

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import rfc8785
from securesystemslib.dsse import Envelope

from temthat_scanner.evidence.service import Service, parse_service
from temthat_stamps.bundle.listing import read_object
from temthat_stamps.code import RUN_MAX
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import SAFE_INTEGER, Fields
from temthat_stamps.trust.roles import is_province
from temthat_stamps.verdict import Reason, Verdict, Word

PAYLOAD_TYPE = "application/vnd.temthat.evidence+json"
FILE_LIMIT = 80 * 1024 * 1024
"""Largest file read, bytes."""
BODY_LIMIT = 16 * 1024 * 1024
CHECKS_LIMIT = 2_000
PHOTOS_LIMIT = 40
PHOTO_LIMIT = 1024 * 1024
"""Largest photo, bytes."""
_DATA_LIMIT = 20
_REASONS_LIMIT = 40
_TEXT_LIMIT = 2_000
_JPEG = "image/jpeg"

T = TypeVar("T")


class BadEvidence(Exception):
    """Not an evidence file that can be read. `vi` and `en` say why."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class How(StrEnum):
    """Who judged a text."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNAIDED = "unaided"
    """The device, which had no trust data."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Whose stamps were looked for: one producer's (an opaque id) or one province's; the other is empty."""

    producer: str = ""
    province: str = ""
    name: str = ""
    """The producer's name as the device showed it."""

    def is_stranger(self, issuer: str, province: str) -> bool:
        """Whether a stamp of this issuer and province was not looked for."""
        return issuer != self.producer if self.producer else province != self.province


@dataclass(frozen=True, slots=True)
class Data:
    """Trust data the device judged by: the bundle's place in the log, its list of files, the tree it was proved in."""

    index: int
    size: int
    sha256: str
    at: dt.datetime
    tree_size: int
    tree_root: bytes


@dataclass(frozen=True, slots=True)
class Check:
    """One pack. `number` is run and serial as the text states them; `issuer` id and province, as the data did.

    `data` and `duplicate_of` are places in the file's lists, from 0.
    """

    text: str
    at: dt.datetime
    how: How
    verdict: Verdict
    number: tuple[int, int] | None
    issuer: tuple[str, str] | None
    data: int | None
    duplicate_of: int | None
    stranger: bool
    product: str
    note: str
    photos: tuple[str, ...]
    service: Service | None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo by its SHA-256, hex; `length` in bytes."""

    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """An evidence file as read. `message` is what `signature` must be of; `pictures`: bytes by claimed hash."""

    public_key: bytes
    label: str
    origin: str
    purpose: Purpose
    place_province: str
    place_words: str
    begun: dt.datetime
    ended: dt.datetime
    program: str
    data: tuple[Data, ...]
    checks: tuple[Check, ...]
    photos: tuple[Photo, ...]
    key_id: str
    signature: bytes
    message: bytes
    pictures: Mapping[str, bytes]

    def data_of(self, check: Check) -> Data | None:
        """What a check was judged by; None where it names none, or one that the file does not list."""
        if check.data is None or check.data >= len(self.data):
            return None
        return self.data[check.data]


def parse_evidence(data: bytes) -> Evidence:
    """Read a file. Raises `BadEvidence`."""
    if len(data) > FILE_LIMIT:
        raise BadEvidence("tệp quá lớn", "the file is too large")
    try:
        file = Fields(read_object(data))
        envelope, key_id, signature = _envelope(file.mapping("envelope"))
        body = _canonical(envelope.payload)
        f = Fields(body)
        if (version := f.count("v", 1)) != 1:
            raise BadEvidence(
                f"phiên bản {version} mới hơn chương trình này: hãy cập nhật",
                f"version {version} is newer than this program: update it",
            )
        f.equal("type", "evidence")
        place = Fields({}) if f.absent("place") else f.record("place")
        purpose = _purpose(f.record("purpose"))
        return Evidence(
            public_key=f.record("who").raw("public_key", 32),
            label=f.record("who").text("label"),
            origin="" if f.absent("origin") else f.text("origin"),
            purpose=purpose,
            place_province="" if place.absent("province") else _province(place, "province"),
            place_words="" if place.absent("words") else place.text("words"),
            begun=f.instant("begun"),
            ended=f.instant("ended"),
            program=f.text("program"),
            data=tuple(_data(one) for one in _list(body, "data", _DATA_LIMIT, dict)),
            checks=tuple(_check(one) for one in _list(body, "checks", CHECKS_LIMIT, dict)),
            photos=tuple(_photo(one) for one in _list(body, "photos", PHOTOS_LIMIT, dict)),
            key_id=key_id,
            signature=signature,
            message=envelope.pae(),
            pictures=_pictures(file.mapping("photos")),
        )
    except BadStatement as error:
        raise BadEvidence(
            f"không phải tệp bằng chứng, hoặc tệp bị đứt ({error})",
            f"no evidence file, or a torn one ({error})",
        ) from error


def _envelope(found: Mapping[str, Any]) -> tuple[Envelope, str, bytes]:
    try:
        [signed] = found["signatures"]
        envelope = Envelope(_base64(found["payload"]), found["payloadType"], {})
        key_id, signature = signed["keyid"], _base64(signed["sig"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadStatement("not a DSSE envelope with one signature") from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise BadStatement(f"payload type {envelope.payload_type!r} is not evidence")
    if len(envelope.payload) > BODY_LIMIT:
        raise BadStatement("the body is too large")
    return envelope, key_id, signature


def _canonical(payload: bytes) -> dict[str, Any]:
    """Two programs must see the same in it: one form only."""
    body = read_object(payload)
    try:
        is_same = rfc8785.dumps(body) == payload
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise BadStatement("the body is not in the form of RFC 8785") from error
    if not is_same:
        raise BadStatement("the body is not in the form of RFC 8785")
    return body


def _purpose(f: Fields) -> Purpose:
    if not f.absent("producer"):
        return Purpose(producer=f.identity("producer"), name=f.text("name"))
    return Purpose(province=_province(f, "province"))


def _data(body: dict[str, Any]) -> Data:
    f = Fields(body)
    tree = f.record("tree")
    return Data(
        f.count("index"),
        f.count("size"),
        f.hex("sha256", 32),
        f.instant("at"),
        tree.count("size"),
        tree.raw("root", 32),
    )


def _check(body: dict[str, Any]) -> Check:
    f = Fields(body)
    issuer = None if f.absent("issuer") else f.record("issuer")
    return Check(
        text=f.text("text", _TEXT_LIMIT),
        at=f.instant("at"),
        how=f.word("how", How),
        verdict=Verdict(f.word("verdict", Word), tuple(_reasons(body))),
        number=None
        if f.absent("run") and f.absent("serial")
        else (f.count("run", 0, RUN_MAX), f.count("serial", 0, SAFE_INTEGER)),
        issuer=(issuer.identity("id"), issuer.text("province", 2)) if issuer else None,
        data=None if f.absent("data") else f.count("data", 0, _DATA_LIMIT),
        duplicate_of=None if f.absent("duplicate_of") else f.count("duplicate_of", 0, CHECKS_LIMIT),
        stranger=not f.absent("stranger") and f.flag("stranger"),
        product="" if f.absent("product") else f.text("product", 400),
        note="" if f.absent("note") else f.text("note", 500),
        photos=() if f.absent("photos") else tuple(_list(body, "photos", PHOTOS_LIMIT, str)),
        service=None if f.absent("service") else parse_service(f.mapping("service")),
    )


def _reasons(body: Mapping[str, Any]) -> list[Reason]:
    reasons = []
    for pair in _list(body, "reasons", _REASONS_LIMIT, list):
        if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise BadStatement("a reason is a pair of texts")
        reasons.append(Reason(pair[0][:100], pair[1][:_TEXT_LIMIT]))
    return reasons


def _photo(body: dict[str, Any]) -> Photo:
    f = Fields(body)
    f.equal("type", _JPEG)
    return Photo(f.hex("sha256", 32), f.count("length", 1, PHOTO_LIMIT))


def _pictures(found: Mapping[str, Any]) -> dict[str, bytes]:
    if len(found) > PHOTOS_LIMIT:
        raise BadStatement(f"more than {PHOTOS_LIMIT} photos")
    try:
        return {name: _base64(text) for name, text in found.items()}
    except (TypeError, ValueError) as error:
        raise BadStatement("a photo is not in base64") from error


def _province(f: Fields, name: str) -> str:
    code = f.text(name, 2)
    if not is_province(code):
        raise BadStatement(f"member “{name}” is not a province code")
    return code


def _list(body: Mapping[str, Any], name: str, most: int, kind: type[T]) -> list[T]:
    values = body.get(name)
    if not isinstance(values, list) or len(values) > most or not all(isinstance(one, kind) for one in values):
        raise BadStatement(f"member “{name}” is not a list of at most {most} of its kind")
    return values


def _base64(text: object) -> bytes:
    """In its one canonical spelling. Raises `ValueError`, `TypeError`."""
    if not isinstance(text, str):
        raise TypeError("not text")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64 in its canonical form")
    return data
