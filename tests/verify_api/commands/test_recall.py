"""`temthat recall` on the sample workbook: find by a material, lists, hold and recall, and what is refused."""

import csv
import io
from pathlib import Path

import pypdf

from temthat_stamps.custody.order import request_from_json
from temthat_stamps.runs.records import NoticeRecord

from .test_office import ALLIANCE, HOLDER, LOT, office, order, temthat  # noqa: F401 - a fixture
from .test_own_commands import House, _sample, house, said  # noqa: F401 - fixtures

BOTTLES = ("--material", "chai thuy tinh", "--material-lot", "ch 2609a")


def test_from_a_bad_bottle_to_a_recall(office: Path) -> None:  # noqa: F811
    """The lot of bottles leads to the honey and to the gift boxes made of it, and to the shop that got some."""
    order(office, "--count", 12)
    files = [office / name for name in ("lo.csv", "goi.csv", "bien-ban.pdf")]
    told = said(temthat("recall", *BOTTLES, "--csv", files[0], "--customers", files[1], "--pdf", files[2]))
    for words in ("2 lô", "12 tem", LOT, "CB261110", "Cửa hàng HTX, chợ Mỏ Trạng", "giây"):
        assert words in told, words
    rows = list(csv.reader(io.StringIO(files[0].read_text("utf-8-sig"))))
    assert [(row[3], row[6], row[9]) for row in rows[1:]] == [(LOT, "0", "12"), ("CB261110", "1", "0")]
    assert "15 l" in files[1].read_text("utf-8-sig")
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(files[2]).pages)
    assert "CB261110" in text
    assert "chai thuy tinh" in text
    hold = ("recall", *BOTTLES, "--do", "hold", "--by", HOLDER, "--reason", "input_recalled")
    assert "Ký 1 thông báo giữ lại" in said(temthat(*hold, expect=1, stdin="n\n"))
    assert "Thông báo số 1" in said(temthat(*hold, "--yes"))
    assert "nặng hơn" in said(temthat(*hold, "--yes", expect=1))
    recall = (*hold[:6], "recall", "--by")
    assert "cùng ký" in said(temthat(*recall, HOLDER, "--reason", "other", "--yes", expect=1))
    assert "không được ra thông báo" in said(
        temthat(*recall, "LMHTX-LD", "--reason", "other", "--yes", expect=1)
    )
    assert "Thông báo số 2" in said(temthat(*recall, ALLIANCE, "--reason", "input_recalled", "--yes"))
    assert "Đang thu hồi" in said(temthat("recall", "--batch", f"{HOLDER}/MATONG/{LOT}"))


def test_the_record_says_what_was_asked_as_it_was_typed(office: Path) -> None:  # noqa: F811
    """The batch and the place by name, not by their codes in the database."""
    paper = office / "bien-ban.pdf"
    batch = f"{HOLDER}/MATONG/{LOT}"
    for asked in (("--batch", batch), ("--place", "tỉnh Bắc Ninh"), ("--since", "2026-01-01", "--lot", LOT)):
        temthat("recall", *asked, "--pdf", paper)
        text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(paper).pages).split())
        assert asked[1] in text, text


def test_what_is_not_understood_is_refused_in_words(office: Path) -> None:  # noqa: F811
    """Nothing said, an unknown place, an unknown act or reason: nothing happens."""
    for arguments, words in (
        ((), "Hãy cho biết có gì bị lỗi"),
        (("--place", "xã Không Có, tỉnh Lạng Sơn"), "Không tìm thấy nơi"),
        (("--lot", LOT, "--do", "lift"), "hold hoặc recall"),
        (("--lot", LOT, "--do", "hold", "--by", HOLDER), "--reason"),
        (("--lot", LOT, "--do", "hold", "--reason", "other"), "--by"),
        (("--lot", LOT, "--csv", office / "no" / "x.csv"), "Không đọc hoặc ghi được"),
    ):
        assert words in said(temthat("recall", *arguments, expect=1)), arguments
    assert "0 lô" in said(temthat("recall", "--material", "không có"))
    assert "2 lô" in said(temthat("recall", "--place", "tỉnh Bắc Ninh", "--lot", "PH261031"))
    assert "0 lô" in said(temthat("recall", "--lot", LOT, "--of", "HTX-TRUNGGA"))


def test_who_keeps_its_own_key_gets_a_file_to_sign(house: House, tmp_path: Path) -> None:  # noqa: F811
    """Nothing is logged; the file holds a notice on each root."""
    before = house.count(NoticeRecord)
    told = said(
        temthat("recall", *BOTTLES, "--do", "hold", "--by", HOLDER, "--reason", "input_recalled", "--yes")
    )
    assert "temthat own sign thong-bao-hold.json" in told
    request = request_from_json((tmp_path / "thong-bao-hold.json").read_bytes())
    assert len(request.all) == 1
    assert house.count(NoticeRecord) == before
