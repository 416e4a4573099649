"""Listing packs: within the channel's limits, nothing made up, nothing that a spreadsheet would run."""

import csv
import datetime as dt
import io
import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from PIL import Image

from temthat_trace.papers import Paper
from temthat_trace.products import PackForm, PackKind, Product
from temthat_trace.search import clean
from temthat_verify_api.outgoing.listing import ELLIPSIS, HEADS, channels, shortened
from temthat_verify_api.outgoing.listing_pack import write_listing
from temthat_verify_api.outgoing.pack import Pack, slug

from .conftest import Goods, unzipped

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def packed(goods: Goods, channel: str = "vcamart") -> dict[str, bytes]:
    """The files of a pack."""
    out = io.BytesIO()
    with goods.world.services.sessions() as session:
        product = session.query(Product).filter_by(code="CHE").one()
        write_listing(session, goods.world.services, product, channels()[channel], out)
    return unzipped(out.getvalue())


def line(files: dict[str, bytes]) -> dict[str, str]:
    """The first line, by column."""
    head, row, *_ = csv.reader(io.StringIO(files["dang-ban.csv"].decode("utf-8-sig"), newline=""))
    assert head == list(HEADS.values())
    return dict(zip(HEADS, row, strict=True))


def test_a_pack_has_what_a_form_asks_for(goods: Goods) -> None:
    """Title, texts, content, origin, papers, large picture, page and its code; the price is the clerk's."""
    files = packed(goods)
    said = line(files)
    assert said["title"] == "Chè búp – Gói 100 g"
    assert said["title_en"] == "Green tea"
    assert said["long_en"] == ""
    assert said["price"] == ""
    assert said["content"] == "0,1 kg"
    assert said["origin"] == "Hà Nội, Việt Nam"
    assert said["page"] == "https://tem.example.vn/p/HTX-MAU/CHE"
    assert "OCOP 123/QĐ-UBND" in said["papers"].replace("Giấy chứng nhận ", "")
    with Image.open(io.BytesIO(files["anh/che-1.jpg"])) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1200, 900))
    assert files["giay-to/ocop1.webp"]
    assert "ước chừng" in files["DOC-TRUOC.txt"].decode()
    assert packed(goods) == files


def test_stars_only_while_confirmed_and_valid(goods: Goods) -> None:
    assert line(packed(goods))["ocop"] == ""
    goods.world.confirm_paper()
    assert line(packed(goods))["ocop"] == "OCOP 4 sao (123/QĐ-UBND, đến 31/12/2027)"

    def lapse(session: "Session", _: Product) -> None:
        session.query(Paper).one().valid_until = dt.date(2026, 5, 25)

    goods.change(lapse)
    said = line(packed(goods))
    assert (said["ocop"], said["papers"]) == ("", "")
    assert "sao" not in said["long"]


def test_hostile_names_are_text_in_every_file(hostile: Goods) -> None:
    """No formula in CSV or XLSX, no path in a file's name; a case is not for shoppers."""

    def add_case(session: "Session", product: Product) -> None:
        item = session.query(PackForm).one()
        session.add(
            PackForm(
                product_id=product.id, code="T", name="Thùng", kind=PackKind.CASE, inner_id=item.id, holds=9
            )
        )

    hostile.change(add_case)
    files = packed(hostile)
    assert all(name.isascii() and ".." not in name for name in files)
    assert not line(files)["title"].startswith("=")
    sheet = load_workbook(io.BytesIO(files["dang-ban.xlsx"])).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert len(rows) == 2
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    assert str(rows[1][1].value).startswith("=1+1")
    assert (
        "\u202e" not in files["bai-dang/" + next(n for n in files if n.startswith("bai-dang/"))[9:]].decode()
    )


def test_limits_are_kept_and_told(hostile: Goods) -> None:
    """What does not fit is cut between words; the pack says so."""

    def grow(_: "Session", product: Product) -> None:
        product.name = "Chè " * 50
        product.description = "Một câu rất dài. " * 110
        product.name_en = "Tea " * 50
        product.description_en = "A very long sentence. " * 200

    hostile.change(grow)
    for channel in channels().values():
        files = packed(hostile, channel.key)
        said = line(files)
        assert len(said["title"]) <= channel.title
        assert len(said["short"]) <= channel.short
        assert len(said["long"]) <= channel.long
        assert said["title"].endswith(ELLIPSIS)
        assert len(said["title_en"]) <= channel.title
        assert len(said["long_en"]) <= channel.long
        assert {"tên", "tên tiếng Anh", "mô tả tiếng Anh"} <= set(said["cut"].split(", "))
        assert "rút gọn" in files["DOC-TRUOC.txt"].decode()


@given(st.text(max_size=300), st.integers(10, 200))
def test_shortened_never_passes_the_limit_and_keeps_what_fits(text: str, most: int) -> None:
    short, cut = shortened(text, most)
    assert len(short) <= most
    assert cut == (len(clean(text)) > most)
    if not cut:
        assert short == clean(text)


@given(st.text(max_size=100))
def test_a_slug_is_a_name_for_every_disk(text: str) -> None:
    made = slug(text)
    assert made
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(made) <= 60
    assert not made.startswith("-")


def test_two_files_of_one_name_are_both_kept() -> None:
    out = io.BytesIO()
    pack = Pack(out)
    assert [pack.add("a/b.txt", [b"1"]), pack.add("a/b.txt", [b"2"])] == ["a/b.txt", "a/b-2.txt"]
    pack.finish()
    files = unzipped(out.getvalue())
    assert (files["a/b.txt"], files["a/b-2.txt"]) == (b"1", b"2")
    assert set(json.loads(files["manifest.json"])["files"]) == {"a/b.txt", "a/b-2.txt"}


def test_every_channel_says_which_of_its_limits_are_guesses() -> None:
    for channel in channels().values():
        assert set(channel.assumed) <= {"title", "short", "long", "photos", "photo_side"}
        assert min(channel.title, channel.short, channel.long, channel.photos, channel.photo_side) > 0
