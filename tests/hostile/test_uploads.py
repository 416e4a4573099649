"""Hostile uploads at the desk: a clear page with 4xx in Vietnamese, and nothing of it kept."""

import io
import random
import re
import resource
import struct
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from temthat_trace.papers import Attachment
from temthat_trace.products import Product
from temthat_trace.tables import Base
from temthat_verify_api.accounts import WorkbookImport
from temthat_verify_api.desk.pictures import MEDIA_TYPE

from ..verify_api.desk.conftest import ADMIN, CLERK, OFFICER, Browser, Office, build_office
from ..verify_api.desk.test_workbook import GOOD, workbook
from .asking import examples

BOMB = bytes(60_000_000)
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module", autouse=True)
def before_all() -> int:
    """Most memory this process ever held before, in kB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(scope="module")
def office(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all: nothing here may change it."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "temthat.db").write_bytes(_sqlite_template.read_bytes())
    office = build_office(f"sqlite:///{folder / 'temthat.db'}", folder / "data")
    yield office
    office.press.close()
    office.services.engine.dispose()


@pytest.fixture(scope="module")
def clerk(office: Office) -> Browser:
    return office.browser(CLERK)


@cache
def good() -> bytes:
    """A workbook without fault; made once, for it carries the time it was made."""
    return workbook(GOOD)


def records(office: Office) -> dict[str, int]:
    """How many rows each table has; what was looked at and refused is no record."""
    with office.session() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if name not in ("workbook_import", "web_session", "alembic_version")
        }


def kept_files(office: Office) -> list[bytes]:
    """What is kept of uploads until somebody confirms them."""
    with office.session() as session:
        return [kept for kept in session.scalars(select(WorkbookImport.files)) if kept]


def send(clerk: Browser, data: bytes, name: str = "sổ.xlsx") -> str:
    """Upload a file as a workbook; the page that tells what is wrong with it."""
    answer = clerk.submit("/desk/workbooks", files={"files": (name, data)})
    if answer.status_code == 303:  # it was read, and the report is a page of its own
        answer = clerk.follow(answer)
        assert "chỗ cần sửa" in answer.text, answer.text
    else:
        assert answer.status_code in (413, 422)
        assert 'role="alert"' in answer.text or "<h1>" in answer.text
    assert 'lang="vi"' in answer.text
    assert "Traceback" not in answer.text
    return str(answer.text)


def repacked(change: dict[str, bytes | None], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The good workbook with some of its parts exchanged, added or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good())) as whole, zipfile.ZipFile(out, "w", compression) as bad:
        for name in {**dict.fromkeys(whole.namelist()), **change}:
            data = change[name] if name in change else whole.read(name)
            if data is not None:
                bad.writestr(name, data)
    return out.getvalue()


def sheet(inside: str, head: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{main}">{inside}</worksheet>'.encode()


def lying(data: bytes, size: int) -> bytes:
    """A zip whose directory states another size than its members have."""
    found = data.index(b"PK\x01\x02")
    return data[: found + 24] + struct.pack("<I", size) + data[found + 28 :]


def nested(depth: int) -> bytes:
    data = b"a;b\n1;2\n"
    for level in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(f"{level}.zip" if level else "Lô.csv", data)
        data = out.getvalue()
    return data


ENTITIES = (
    "<!DOCTYPE x ["
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10 if n else "ha" * 10}">' for n in range(9))
    + "]>"
)
ROW = '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row></sheetData>'

WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: random.Random(4).randbytes(100_000),
    "zeros": lambda: bytes(100_000),
    "PDF": lambda: b"%PDF-1.7\n" + bytes(1_000),
    "old Excel": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000),
    "HTML": lambda: b"<html><script>alert(1)</script></html>",
    "an empty zip": lambda: b"PK\x05\x06" + bytes(18),
    "half a zip": lambda: good()[:3_000],
    "a bomb": lambda: repacked({SHEET: BOMB}),
    "a bomb aside": lambda: repacked({"xl/media/image1.png": BOMB}),
    "a bomb that says it is small": lambda: lying(repacked({"[Content_Types].xml": BOMB}), 100),
    "a small one that says it is a bomb": lambda: lying(good(), 4_000_000_000),
    "a bomb of LZMA": lambda: repacked({SHEET: BOMB}, zipfile.ZIP_LZMA),
    "a zip in a zip": lambda: nested(40),
    "ten thousand members": lambda: repacked({f"xl/{n}.xml": b"" for n in range(10_000)}),
    "names that climb": lambda: repacked({"../../../../tmp/x": b"x", "/etc/passwd": b"x", SHEET: None}),
    "entities": lambda: repacked({SHEET: sheet(ROW % "&a9;", ENTITIES)}),
    "an outside entity": lambda: repacked({SHEET: sheet(ROW % "&x;", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>')}),
    "an outside part": lambda: repacked({"xl/_rels/workbook.xml.rels": (
        b'<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="file:///etc/passwd"/></Relationships>'
    )}),
    "deep tags": lambda: repacked({SHEET: sheet("<a>" * 200_000 + "</a>" * 200_000)}),
    "many tags": lambda: repacked({SHEET: sheet("<a/>" * 5_000_000)}),
    "a long attribute": lambda: repacked({SHEET: sheet(f'<row r="{"9" * 2_000_000}"/>')}),
    "no row": lambda: repacked({SHEET: sheet('<sheetData><row r="-1"><c r="ZZZZZZ0"><v>1</v></c></row></sheetData>')}),
    "a text that is not there": lambda: repacked({SHEET: sheet('<row><c t="s"><v>99999999</v></c></row>')}),
    "a long text": lambda: repacked({SHEET: sheet(ROW % ("x" * 3_000_000))}),
    "all merged": lambda: repacked({SHEET: sheet('<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>' * 9_000)}),
    "UTF-16 said to be UTF-8": lambda: repacked({SHEET: sheet(ROW % "x").decode().encode("utf-16")}),
    "no workbook in it": lambda: repacked({"xl/workbook.xml": None}),
    "an unclosed quote": lambda: b'"' + b"a;b\n" * 1_000_000,
    "one long line": lambda: b"a;" * 5_000_000,
    "many lines": lambda: b"a;b\n" * 2_000_000,
    "null bytes": lambda: "Mã;Tên\n".encode("utf-16") * 3 + bytes(501),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks(name: str, office: Office, clerk: Browser) -> None:
    """Refused in words within a minute on any machine and within memory; no record made, no file kept."""
    data = WORKBOOKS[name]()
    before, kept_before, began = records(office), kept_files(office), time.monotonic()
    send(clerk, data)
    assert time.monotonic() - began < 60
    assert records(office) == before
    assert kept_files(office) == kept_before


def test_memory_was_bounded(before_all: int) -> None:
    """After all of them (tests of this file run in order) this process held little more at once than before."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_all < 600_000


@examples(40)
@given(data=st.data())
def test_property_damaged_workbooks(office: Office, clerk: Browser, data: st.DataObject) -> None:
    """Cut anywhere, or with bytes exchanged: refused, or read as it was; never half."""
    bad = bytearray(good())
    if data.draw(st.booleans()):
        bad = bad[: data.draw(st.integers(1, len(bad) - 1))]
    for _ in range(data.draw(st.integers(0, 3))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    answer = clerk.submit("/desk/workbooks", files={"files": (data.draw(NAMES), bytes(bad))})
    assert answer.status_code in (303, 400, 422), answer.text
    assert "Traceback" not in answer.text


NAMES = st.one_of(
    st.sampled_from(
        [
            "../../etc/passwd",
            "C:\\Windows\\x.xlsx",
            "<script>.xlsx",
            "a" * 5_000,
            ".",
            "..",
            "\u202excod.exe",
            "[/red].csv",
            " ",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
)


def test_too_many_and_too_much(office: Office, clerk: Browser) -> None:
    """More files than there are sheets, more than the limit, fields without end."""
    token = clerk.token("/desk/workbooks")
    many = [("files", (f"{n}.csv", b"a;b")) for n in range(50)]
    assert clerk.client.post("/desk/workbooks", data={"form": token}, files=many).status_code == 400
    big = clerk.client.post(
        "/desk/workbooks", data={"form": token}, files={"files": ("a.xlsx", bytes(50_000_000))}
    )
    assert big.status_code == 413
    assert "Tệp quá lớn" in big.text
    fields = {"form": token, **{f"f{n}": "x" for n in range(500)}}
    assert clerk.client.post("/desk/workbooks", data=fields, files={"files": ("a", b"x")}).status_code == 400
    long = {"form": token, "x": "y" * 1_000_000}
    assert clerk.client.post("/desk/workbooks", data=long, files={"files": ("a", b"x")}).status_code in (
        400,
        413,
    )


def png(width: int, height: int, chunks: bytes = b"") -> bytes:
    """A PNG of one bit a pixel that says it has this size, with a little data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(min((width // 8 + 1) * height, 3_000_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunks + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    data = b"Comment\0\0" + zlib.compress(BOMB * 2, 9)
    return struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))


def drawn(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, kind, **options)
    return out.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PICTURES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: random.Random(5).randbytes(10_000),
    "SVG": lambda: SVG,
    "HTML": lambda: b"<html><script>alert(1)</script></html>",
    "PDF": lambda: b"%PDF-1.7\n" + bytes(1_000),
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    "a GIF": lambda: drawn("GIF"),
    "a TIFF": lambda: drawn("TIFF"),
    "a BMP": lambda: drawn("BMP"),
    "half a JPEG": lambda: drawn("JPEG")[:200],
    "a bomb": lambda: png(60_000, 60_000),
    "a wide bomb": lambda: png(2_000_000_000, 1),
    "no pixels": lambda: png(0, 0),
    "a size below zero": lambda: png(0xFFFFFFFF, 0xFFFFFFFF),
    "a text that is a bomb": lambda: png(8, 8, text_bomb()),
    "less data than pixels": lambda: png(7_000, 7_000),
    "a ZIP": good,
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str, office: Office, clerk: Browser) -> None:
    """Refused in words; the product keeps what it had."""
    data = PICTURES[name]()
    before = records(office)
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "DE")).one()
    path = f"/desk/products/{product}"
    answer = clerk.submit(f"{path}/picture", at=path, files={"picture": ("a.png", data, "image/png")})
    assert answer.status_code == 422, answer.headers
    assert 'role="alert"' in answer.text
    assert records(office) == before


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_polyglots_are_drawn_anew(kind: str, office: Office) -> None:
    """A good picture that is a script, a zip and an SVG as well: only its pixels are kept, whatever it says it is."""
    payload = b"<script>alert(1)</script>" + SVG + good()
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    options: dict[str, Any] = {"exif": exif}
    if kind == "JPEG":
        options["comment"] = payload[:25]
    data = drawn(kind, **options) + payload
    office_browser = office.browser(ADMIN)
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "MAT")).one()
    path = f"/desk/products/{product}"
    upload = {"picture": ("x.svg", data, "image/svg+xml")}
    assert office_browser.submit(f"{path}/picture", at=path, files=upload).status_code == 303
    shown = office_browser.open(f"{path}/picture")
    assert shown.headers["content-type"] == MEDIA_TYPE
    assert shown.headers["x-content-type-options"] == "nosniff"
    for part in (b"script", b"alert", b"svg", b"PK\x03\x04"):
        assert part not in shown.content
    with office.session() as session:
        for attachment in session.scalars(select(Attachment)):
            assert attachment.data.startswith(b"RIFF")


HOSTILE_IDS = [
    "../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fmaster.key", "..\\..\\master.key",
    "%00", "0",     "null", "{", "' or '1'='1", "00000000-0000-0000-0000-000000000000", "x" * 3_000, "٣", "%ff",
]  # fmt: skip


@pytest.mark.parametrize("identity", HOSTILE_IDS)
def test_ids_and_downloads_lead_nowhere(identity: str, office: Office) -> None:
    """Whatever stands where an id should: not found, and never a file of the server."""
    (office.services.settings.data_dir / "master.key").chmod(0o600)
    secret = (office.services.settings.data_dir / "master.key").read_text().strip()
    for phone in (CLERK, OFFICER):
        browser = office.browser(phone)
        for pattern in (
            "/desk/jobs/{}/file", "/desk/jobs/{}", "/desk/batches/{}", "/desk/workbooks/{}/problems.xlsx",
            "/desk/papers/{}/scan", "/desk/products/{}/picture", "/desk/static/{}",
            "/desk/organisations/{}", "/desk/{}",
        ):  # fmt: skip
            answer = browser.open(pattern.format(identity))
            assert answer.status_code in (303, 404), (pattern, answer.status_code)
            assert secret not in answer.text
            assert "root:" not in answer.text


GARBAGE = ["", "x", "\x00", "ÿ" * 50, "A" * 60_000, '";=', "..", "%00", "null", "0" * 43]


@pytest.mark.parametrize("cookie", GARBAGE)
def test_cookies_of_any_content(cookie: str, office: Office) -> None:
    """No session is found by them, and no page breaks."""
    header = f"temthat_desk={cookie}; temthat_form={cookie}; temthat_language={cookie}".encode("latin-1")
    browser = office.browser()
    for path in ("/desk", "/desk/sign-in", "/desk/account", "/desk/static/desk.css"):
        answer = browser.client.get(path, headers=[(b"cookie", header)])
        assert answer.status_code in (200, 303)
    answer = browser.client.post("/desk/sign-in", data={"form": cookie}, headers=[(b"cookie", header)])
    assert answer.status_code == 403


def test_no_form_is_taken_without_its_token(office: Office) -> None:
    """Every address that takes a POST, found among the routes: missing, wrong, another person's, another session's."""
    browser, other = office.browser(CLERK), office.browser(OFFICER)
    foreign = other.token("/desk/account")
    before = records(office)
    paths = sorted(
        {
            route.path
            for route in _routes(office)
            if "POST" in (route.methods or ()) and route.path != "/desk/{anything:path}"
        }
    )
    assert len(paths) >= 10
    known = {"batch_id": office.batch_id(), "pack_form_id": office.form_id("TUI500")}
    for path in paths:
        filled = re.sub(r"{(\w+)}", lambda found: str(known.get(found[1], uuid.uuid4())), path)
        for token in ("", "x", "0" * 32, foreign, foreign[::-1]):
            for fields in ({"form": token}, {}, {"form": [token, token]}):
                answer = browser.client.post(filled, data={**fields, "count": "5", "phone": CLERK})
                assert answer.status_code in (403, 404), (path, answer.status_code)
    assert records(office) == before


def _routes(office: Office) -> list[Any]:
    return [route for route in office.app.routes if getattr(route, "path", "").startswith("/desk")]
