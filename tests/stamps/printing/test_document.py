"""Documents to read: text that runs on, tables, pictures, links; the same calls give the same bytes."""

import io

from PIL import Image
from pypdf import PdfReader

from temthat_stamps.printing.document import ROOM, Cell, Document, Step, as_jpeg, readable, width_of, wrapped


def _picture(size: tuple[int, int] = (900, 600), kind: str = "WEBP") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "orange").save(out, kind)
    return out.getvalue()


def _made(lines: int = 3) -> bytes:
    out = io.BytesIO()
    document = Document(out, "Hồ sơ sản phẩm", footer="tem.example.vn")
    document.symbol("https://tem.example.vn/p/HTX/MATONG", 80)
    document.heading("Mật ong rừng ữ Ễ ặ", 20)
    document.facts(
        [("Đơn vị", "HTX An Sơn"), ("Trống", ""), ("Trang", Cell("xem", link="https://tem.example.vn/p"))]
    )
    assert document.picture(_picture(), 300, 200)
    document.table(["Ngày", "Nội dung"], [[f"{n}", "Bón phân hữu cơ"] for n in range(lines)], [1, 4])
    document.close()
    return out.getvalue()


def test_text_pictures_and_links_are_in_the_file() -> None:
    """Vietnamese can be searched, the picture is one, and both the code and the link open an address."""
    page = PdfReader(io.BytesIO(_made())).pages[0]
    said = page.extract_text()
    assert "Mật ong rừng ữ Ễ ặ" in said
    assert "HTX An Sơn" in said
    assert "Trống" not in said
    addresses = [a.get_object()["/A"]["/URI"] for a in page.annotations or ()]
    assert addresses == ["https://tem.example.vn/p/HTX/MATONG", "https://tem.example.vn/p"]
    assert len(page.images) == 1


def test_the_same_calls_give_the_same_bytes() -> None:
    assert _made() == _made()


def test_a_long_table_repeats_its_head_and_pages_are_counted() -> None:
    """Nothing is cut at the end of a page, and each page says how many there are."""
    pages = PdfReader(io.BytesIO(_made(200))).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) > 2
    assert all("Nội dung" in text for text in texts)
    assert all(f"Trang {n} / " in text for n, text in enumerate(texts, 1))
    assert sum(text.count("Bón phân hữu cơ") for text in texts) == 200


def test_a_way_shows_its_steps_with_their_pictures() -> None:
    """Every step is told on however many pages; what is no picture is left out."""
    out = io.BytesIO()
    document = Document(out, "x")
    document.steps(
        Step("Thu hoạch", f"{n}/10/2026", ["Hái tay"], "HTX tự khai", [_picture(), b"none"])
        for n in range(40)
    )
    document.close()
    pages = PdfReader(io.BytesIO(out.getvalue())).pages
    assert sum(page.extract_text().count("Hái tay") for page in pages) == 40
    assert sum(len(page.images) for page in pages) == 40
    assert len(pages) > 2


def test_a_cell_longer_than_a_page_goes_on() -> None:
    out = io.BytesIO()
    document = Document(out, "x")
    document.table(["a"], [["chữ " * 3000]], [1])
    document.close()
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(out.getvalue())).pages]
    assert sum(text.count("chữ") for text in texts) == 3000


def test_lines_fit_and_lose_nothing() -> None:
    """A word without blanks is cut where the line ends."""
    text = "x" * 500 + " và ngắn"
    lines = wrapped(text, 9, 200)
    assert all(width_of(line, 9) <= 200 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("", 9, ROOM) == [""]


def test_what_cannot_be_shown_does_not_break_the_page() -> None:
    """Control signs, direction marks and unknown scripts: gone, or a question mark."""
    assert readable("a\u202eb\x00c 漢 \u200bd\n e") == "abc ? d e"


def test_bytes_that_are_no_picture_are_left_out() -> None:
    assert as_jpeg(b"GIF89a not really", 100, 100) is None
    assert as_jpeg(_picture()[:200], 100, 100) is None
    made = as_jpeg(_picture((3000, 3000), "PNG"), 72, 72)
    assert made is not None
    assert made[1:] == (200, 200)
