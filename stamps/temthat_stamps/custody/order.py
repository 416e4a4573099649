"""The files that travel between the service and a cooperative that keeps its own keys.

    order      service -> cooperative   everything needed to sign one run and print it; holds the run's secret
    request    service -> cooperative   statements to sign (notices, an activation)
    signed     cooperative -> service   statements to log, in this order; those already in the log are passed over
    proof      service -> cooperative   the run's tlog-proof (C2SP), as it is

Whoever reads an order can print that run's numbers and knows its PINs: it is carried like money and deleted after use.
"""

import base64
import binascii
import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from temthat_stamps.code import RUN_MAX, SERIAL_MAX, lot_fits_gs1
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.fields import Fields
from temthat_stamps.keys import key_id
from temthat_stamps.logged import Stated, read_body
from temthat_stamps.manifest import SALT_SIZE, Names, Replaced, RunManifest
from temthat_stamps.notice import IssuedNotice, stamps_target
from temthat_stamps.printing.job import Kind, PrintJob
from temthat_stamps.printing.layout import Printer, find_layout
from temthat_stamps.statement import STATEMENT_LIMIT
from temthat_stamps.verdict import NoticeKind

FILE_LIMIT = 16 * 1024 * 1024
"""Largest file read, bytes: an order naming hundreds of thousands of sources has a few."""
SECRET_SIZE = 32
LINES_LIMIT = 8
SOURCES_MOST = 200_000
STATEMENTS_MOST = 1_000
REQUEST_MOST = 50
"""Most statements one request asks for: as many as stretches of stamps are recorded at once."""


class BadOrder(TrustError):
    """A file that is not what it should be, or not for this issuer or log."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Không dùng được tệp này: {vi}. Xin dịch vụ xuất lại tệp.",
            f"This file cannot be used: {en}. Ask the service for a new one.",
        )


@dataclass(frozen=True, slots=True)
class PrintChoice:
    """How it is to be printed. `layout` is the id of a named layout; offsets in millimetres."""

    kind: Kind = "pdf"
    layout: str = "a4-24"
    level: Literal["M", "Q"] = "M"
    dpi: int = 600
    dx_mm: float = 0.0
    dy_mm: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    start_position: int = 1
    cut_marks: bool = False

    def job(self, host: str) -> PrintJob:
        """As the printing package takes it. Raises `PrintingError`."""
        printer = Printer(self.dpi, self.dx_mm, self.dy_mm, self.scale_x, self.scale_y)
        layout = find_layout(self.layout)
        return PrintJob(self.kind, layout, printer, self.level, host, self.start_position, self.cut_marks)


@dataclass(frozen=True, slots=True)
class Order:
    """One run to be signed and printed where the keys are. The stamp key is the signer's to choose.

    `names` and `salt` open the manifest's commitment; `sources` are stated before the run where the batch's first run
    needs them; `lines` stand beside the code, the most important first; `secret` gives numbers and PINs; `void` is the
    notice on the stamps that a reprint replaces, signed with it.
    """

    origin: str
    issuer: str
    run: int
    count: int
    pack_form: str
    batch: str
    gtin: str | None
    gs1: bool
    made_on: dt.date
    expires_on: dt.date | None
    needs_activation: bool
    packs: int
    beyond: bool
    replaces: Replaced | None
    names: Names
    salt: bytes
    events: str
    secret: bytes
    host: str
    lines: tuple[str, ...]
    sources: tuple[str, ...] = ()
    scheme: Literal["HTTPS", "HTTP"] = "HTTPS"
    printing: PrintChoice = field(default_factory=PrintChoice)
    void: IssuedNotice | None = None

    def manifest(self, stamp_key: bytes, at: dt.datetime) -> RunManifest:
        """What is signed: nothing but what this order says, the key and the time."""
        return RunManifest(
            origin=self.origin,
            run=self.run,
            count=self.count,
            stamp_key=key_id(stamp_key),
            issuer=self.issuer,
            pack_form=self.pack_form,
            batch=self.batch,
            gtin=self.gtin,
            gs1=self.gs1,
            made_on=self.made_on,
            expires_on=self.expires_on,
            needs_activation=self.needs_activation,
            packs=self.packs,
            beyond=self.beyond,
            replaces=self.replaces,
            commitment=self.names.commitment(self.salt),
            events=self.events,
            registered_at=at,
        )

    def to_json(self) -> bytes:
        """The file's bytes."""
        body: dict[str, Any] = {"v": 1, "type": "order"} | asdict(replace(self, void=None))
        body["void"] = self.void.body() if self.void else None
        body["made_on"] = self.made_on.isoformat()
        body["expires_on"] = self.expires_on.isoformat() if self.expires_on else None
        body["salt"] = self.salt.hex()
        body["secret"] = base64.b64encode(self.secret).decode()
        return _dump(body)


def order_from_json(data: bytes) -> Order:
    """Read an order. Raises `BadOrder`."""
    body = _load(data, "order")
    try:
        return _order(body)
    except (BadStatement, ValueError) as error:
        raise BadOrder(f"đơn đặt in sai ({error})", f"the order is wrong ({error})") from error


def _order(body: Mapping[str, Any]) -> Order:
    f = Fields(body)
    names = f.record("names")
    gs1, gtin = f.flag("gs1"), None if f.absent("gtin") else f.digits("gtin", 14)
    lot = names.text("lot")
    issuer, replaces = f.identity("issuer"), None if f.absent("replaces") else _replaced(f.record("replaces"))
    void = None if body.get("void") is None else IssuedNotice.parse(f.mapping("void"))
    if void is not None and not _voids(void, f.text("origin"), issuer, replaces):
        raise BadStatement("the notice in it does not void what the run replaces")
    if gs1 and (gtin is None or not lot_fits_gs1(lot)):
        raise BadStatement("a stamp in GS1 form needs a GTIN and a lot that fits it")
    return Order(
        origin=f.text("origin"),
        issuer=issuer,
        run=f.count("run", 1, RUN_MAX),
        count=f.count("count", 1, SERIAL_MAX),
        pack_form=f.identity("pack_form"),
        batch=f.identity("batch"),
        gtin=gtin,
        gs1=gs1,
        made_on=f.day("made_on"),
        expires_on=None if f.absent("expires_on") else f.day("expires_on"),
        needs_activation=f.flag("needs_activation"),
        packs=f.count("packs"),
        beyond=f.flag("beyond"),
        replaces=replaces,
        names=Names(names.text("issuer"), names.text("product"), names.text("pack_form"), lot),
        salt=bytes.fromhex(f.hex("salt", SALT_SIZE)),
        events=f.hex("events", 32),
        secret=f.raw("secret", SECRET_SIZE),
        host=f.text("host"),
        lines=_texts(body, "lines", LINES_LIMIT),
        sources=f.identities("sources", SOURCES_MOST),
        scheme="HTTP" if f.text("scheme") == "HTTP" else "HTTPS",
        printing=_choice(f.record("printing"), f.mapping("printing")),
        void=void,
    )


def _voids(void: IssuedNotice, origin: str, issuer: str, replaces: Replaced | None) -> bool:
    """Whether a notice voids exactly the stamps that are replaced, in this issuer's name."""
    if (
        replaces is None
        or (void.origin, void.issuer) != (origin, issuer)
        or void.notice.kind is not NoticeKind.VOID
    ):
        return False
    return void.notice.target == stamps_target(replaces.run, replaces.first, replaces.last)


def _replaced(f: Fields) -> Replaced:
    first = f.count("first", 1, SERIAL_MAX)
    return Replaced(f.count("run", 1, RUN_MAX), first, f.count("last", first, SERIAL_MAX))


def _choice(f: Fields, body: Mapping[str, Any]) -> PrintChoice:
    kind, level = f.text("kind"), f.text("level")
    if kind not in get_args(Kind) or level not in ("M", "Q"):
        raise BadStatement("member “printing” names a kind or level there is not")
    numbers = {}
    for name in ("dx_mm", "dy_mm", "scale_x", "scale_y"):
        value = body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadStatement(f"member “{name}” is not a number")
        numbers[name] = float(value)
    return PrintChoice(
        kind=kind,  # type: ignore[arg-type]
        layout=f.text("layout"),
        level=level,  # type: ignore[arg-type]
        dpi=f.count("dpi", 1, 5_000),
        start_position=f.count("start_position", 1, 1_000),
        cut_marks=f.flag("cut_marks"),
        **numbers,
    )


@dataclass(frozen=True, slots=True)
class Request:
    """A statement that the issuer is asked to sign, as the log will hold it; `more` go into the log after it."""

    stated: Stated
    more: tuple[Stated, ...] = ()

    @property
    def all(self) -> tuple[Stated, ...]:
        """Every statement, in the order they are logged."""
        return (self.stated, *self.more)

    def to_json(self) -> bytes:
        """The file's bytes."""
        body: dict[str, Any] = {"v": 1, "type": "request", "body": self.stated.body()}
        if self.more:
            body["more"] = [stated.body() for stated in self.more]
        return _dump(body)


def request_from_json(data: bytes) -> Request:
    """Read a request. Raises `BadOrder`."""
    body = _load(data, "request")
    try:
        return Request(read_body(Fields(body).mapping("body")), tuple(map(read_body, _more(body))))
    except BadStatement as error:
        raise BadOrder(
            f"nội dung cần ký sai ({error})", f"the statement to sign is wrong ({error})"
        ) from error


def _more(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    more = body.get("more", [])
    if not isinstance(more, list) or len(more) >= REQUEST_MOST or not all(isinstance(m, dict) for m in more):
        raise BadStatement(f"member “more” is not a list of less than {REQUEST_MOST} statements")
    return more


@dataclass(frozen=True, slots=True)
class Signed:
    """Statements of one issuer to be logged in this order: envelopes' bytes."""

    origin: str
    issuer: str
    statements: tuple[bytes, ...]

    def to_json(self) -> bytes:
        """The file's bytes."""
        texts = [base64.b64encode(envelope).decode() for envelope in self.statements]
        body = {"v": 1, "type": "signed", "origin": self.origin, "issuer": self.issuer, "statements": texts}
        return _dump(body)


def signed_from_json(data: bytes) -> Signed:
    """Read what a cooperative signed; the envelopes themselves are unverified. Raises `BadOrder`."""
    body = _load(data, "signed")
    try:
        f, texts = Fields(body), _texts(body, "statements", STATEMENTS_MOST, STATEMENT_LIMIT * 2)
        envelopes = tuple(base64.b64decode(text, validate=True) for text in texts)
        return Signed(f.text("origin"), f.identity("issuer"), envelopes)
    except (BadStatement, ValueError, binascii.Error) as error:
        raise BadOrder(f"tệp đã ký sai ({error})", f"the signed file is wrong ({error})") from error


def kind_of(data: bytes) -> str:
    """What kind of file this says it is: order, request or signed. Raises `BadOrder`."""
    return str(_load(data, None).get("type"))


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, indent=1).encode() + b"\n"


def _load(data: bytes, kind: str | None) -> dict[str, Any]:
    try:
        if len(data) > FILE_LIMIT:
            raise ValueError("too large")  # noqa: TRY301
        body = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise BadOrder("không phải JSON", "not JSON") from error
    if not isinstance(body, dict) or body.get("v") != 1 or (kind and body.get("type") != kind):
        raise BadOrder(f"không phải tệp loại “{kind or ''}”", f"not a file of type “{kind or ''}”")
    return body


def _texts(body: Mapping[str, Any], name: str, most: int, longest: int = 200) -> tuple[str, ...]:
    values = body.get(name)
    if not isinstance(values, list) or len(values) > most:
        raise BadStatement(f"member “{name}” is not a list of at most {most} texts")
    if not all(isinstance(value, str) and len(value) <= longest for value in values):
        raise BadStatement(f"member “{name}” has something else than texts of at most {longest} characters")
    return tuple(values)
