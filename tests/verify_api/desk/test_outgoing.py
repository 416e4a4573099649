"""Dossier, listing pack, badge, sellers, large pictures, English texts: who may take and who may change what."""

import io
import uuid
import zipfile
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import select

from temthat_trace.approvals.proposing import DecidedMeanwhile
from temthat_trace.offers import MOST_LINKS, MOST_PHOTOS, ProductPhoto, SellerLink
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product

if TYPE_CHECKING:
    from tests.verify_api.desk.conftest import Office

CLERK, ADMIN, OFFICER, NEIGHBOUR, FAR_OFFICER, INSPECTOR = (f"091200000{n}" for n in range(1, 7))


def product_id(office: "Office", code: str = "DE") -> uuid.UUID:
    with office.session() as session:
        return session.scalars(select(Product.id).where(Product.code == code)).one()


def photo(colour: str = "brown", size: tuple[int, int] = (1500, 1100)) -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGB", size, colour)
    exif = Image.Exif()
    exif[0x010E] = "Nhà bà Tư, thôn 2"
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    "phone", [CLERK, ADMIN, OFFICER, INSPECTOR], ids=["clerk", "admin", "officer", "inspector"]
)
def test_whoever_may_see_a_product_may_take_it_along(office: "Office", phone: str) -> None:
    """Dossier as PDF and ZIP, listing pack, neutral facts; with names that any disk takes."""
    browser, of = office.browser(phone), product_id(office)
    page = browser.open(f"/desk/products/{of}/out").text
    assert "/badge/vi.svg" in page
    assert "&lt;a href=" in page
    pdf = browser.open(f"/desk/products/{of}/dossier?kind=pdf&language=vi&batch={office.batch_id()}")
    assert pdf.headers["content-disposition"] == 'attachment; filename="ho-so-hat-de-say-20261122.pdf"'
    assert "Hạt dẻ sấy" in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    for path in (
        f"/desk/products/{of}/dossier?kind=zip&language=en&batch=",
        f"/desk/products/{of}/listing.zip?channel=postmart",
        f"/desk/organisations/{office.party_id('HTX-DE')}/exchange.zip",
        f"/desk/organisations/{office.party_id('HTX-DE')}/exchange.zip?system=nong-san",
    ):
        answer = browser.open(path)
        assert answer.headers["content-type"] == "application/zip", path
        assert answer.headers["cache-control"] == "no-store"
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


@pytest.mark.parametrize("phone", [NEIGHBOUR, FAR_OFFICER], ids=["neighbour", "far_officer"])
def test_nobody_else_learns_that_there_is_one(office: "Office", phone: str) -> None:
    browser, of = office.browser(phone), product_id(office)
    for path in ("out", "dossier", "listing.zip?channel=khac", "english", "sellers", "photos"):
        assert browser.open(f"/desk/products/{of}/{path}").status_code == 404
    assert browser.open(f"/desk/organisations/{office.party_id('HTX-DE')}/exchange.zip").status_code == 404


def test_what_was_not_on_the_form_is_refused(office: "Office") -> None:
    """Another product's batch, an unknown channel, kind, language or system."""
    browser, of = office.browser(CLERK), product_id(office)
    other = office.batch_id("MAT-2610")
    for path, status in (
        (f"/desk/products/{of}/dossier?batch={other}", 404),
        (f"/desk/products/{of}/dossier?batch=x", 404),
        (f"/desk/products/{of}/dossier?kind=exe", 400),
        (f"/desk/products/{of}/dossier?language=fr", 400),
        (f"/desk/products/{of}/listing.zip", 400),
        (f"/desk/organisations/{office.party_id('HTX-DE')}/exchange.zip?system=x", 400),
    ):
        assert browser.open(path).status_code == status, path


def test_a_clerk_names_shops_and_takes_them_down(office: "Office") -> None:
    """With name, https address and last day; twice the same or anything that could mislead is told, nothing kept."""
    browser, of = office.browser(CLERK), product_id(office)
    page = f"/desk/products/{of}/sellers"
    good = {"seller": "Gian hàng HTX", "url": "https://vcamart.vn/htx", "valid_until": "2027-11-22"}
    for change, says in (
        ({"url": "http://vcamart.vn/htx"}, "https://"),
        ({"url": "https://vcamart.vn@evil.example/"}, "tên người dùng"),
        ({"seller": ""}, "tên cửa hàng"),
        ({"valid_until": "mai"}, "ngày cuối"),
        ({"valid_until": "2026-11-21"}, "hai năm"),
        ({"valid_until": "2030-01-01"}, "hai năm"),
    ):
        answer = browser.client.post(page, data={"form": browser.token(page), **good, **change})
        assert (answer.status_code, says in answer.text) == (422, True), change
    added = browser.client.post(page, data={"form": browser.token(page), **good})
    assert added.status_code == 303
    twice = browser.client.post(page, data={"form": browser.token(page), **good})
    assert "đã có trong danh sách" in twice.text
    with office.session() as session:
        [link] = session.scalars(select(SellerLink)).all()
        assert (link.host, link.added_by) == ("vcamart.vn", "Hoàng Thị Mai")
    assert "vcamart.vn" in office.browser(OFFICER).open("/desk/sellers").text
    assert "vcamart.vn" not in office.browser(FAR_OFFICER).open("/desk/sellers").text
    shown = office.browser(OFFICER).open(page).text
    assert "Gỡ nơi bán này" not in shown
    ended = browser.client.post(f"{page}/{link.id}/end", data={"form": browser.token(page)})
    assert ended.status_code == 303
    with office.session() as session:
        assert session.get_one(SellerLink, link.id).ended_at is not None
    assert "đã gỡ" in browser.open(page).text
    assert "vcamart.vn" not in office.browser(OFFICER).open("/desk/sellers").text


def test_a_product_has_only_so_many_shops(office: "Office") -> None:
    browser, of = office.browser(CLERK), product_id(office)
    page = f"/desk/products/{of}/sellers"
    with office.session() as session:
        for number in range(MOST_LINKS):
            session.add(
                SellerLink(
                    product_id=of, seller=f"S{number}", url=f"https://a.vn/{number}",
                    valid_until=office.clock[0].date(), added_at=office.clock[0],
                )
            )  # fmt: skip
        session.commit()
    more = {"seller": "x", "url": "https://b.vn", "valid_until": "2027-01-01"}
    answer = browser.client.post(page, data={"form": browser.token(page), **more})
    assert "gỡ bớt" in answer.text
    office.forward(days=1)  # theirs is over, so there is room again
    browser = office.browser(CLERK)  # the session is over as well
    assert browser.client.post(page, data={"form": browser.token(page), **more}).status_code == 303


def test_only_the_producer_changes_what_is_shown(office: "Office") -> None:
    """An alliance and an inspector look; another product's link and picture are not found."""
    of = product_id(office)
    for phone in (OFFICER, INSPECTOR):
        browser = office.browser(phone)
        token = {"form": browser.token("/desk/account")}
        fields = {"seller": "x", "url": "https://b.vn", "valid_until": "2027-01-01", **token}
        for path in ("sellers", "english", f"sellers/{uuid.uuid4()}/end", "photos/x/remove"):
            assert browser.client.post(f"/desk/products/{of}/{path}", data=fields).status_code == 403, path
        files = {"photos": ("a.jpg", photo(), "image/jpeg")}
        assert browser.client.post(f"/desk/products/{of}/photos", data=token, files=files).status_code == 403
    clerk = office.browser(CLERK)
    token = {"form": clerk.token("/desk/account")}
    for path in (f"sellers/{uuid.uuid4()}/end", "photos/" + "0" * 64 + "/remove"):
        assert clerk.client.post(f"/desk/products/{of}/{path}", data=token).status_code == 404


def test_large_pictures_are_kept_without_what_else_was_in_the_file(office: "Office") -> None:
    """Several at once; none too many; one that is none leaves nothing behind; taken away, its bytes go."""
    browser, of = office.browser(CLERK), product_id(office)
    page = f"/desk/products/{of}/photos"

    def send(*pictures: bytes) -> int:
        files = [("photos", (f"{n}.jpg", data, "image/jpeg")) for n, data in enumerate(pictures)]
        return browser.client.post(page, data={"form": browser.token(page)}, files=files).status_code

    assert send(photo(), b"not a picture") == 422
    with office.session() as session:
        assert session.scalars(select(ProductPhoto)).all() == []
    assert send(photo("red"), photo("blue")) == 303
    with office.session() as session:
        kept = session.scalars(select(ProductPhoto).order_by(ProductPhoto.position)).all()
        data = session.get_one(Attachment, kept[0].digest).data
    assert len(kept) == 2
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (1500, 1100)
        assert not picture.getexif()
    assert send(*[photo(f"#{n}{n}{n}") for n in range(MOST_PHOTOS - 1)]) == 422
    assert browser.open(f"{page}/{kept[0].digest}").content == data
    gone = browser.client.post(f"{page}/{kept[0].digest}/remove", data={"form": browser.token(page)})
    assert gone.status_code == 303
    with office.session() as session:
        assert session.get(Attachment, kept[0].digest) is None


def test_english_texts_are_kept_as_typed(office: "Office") -> None:
    """For the product, its packs and the producer; an empty field takes a text away; the English name finds it."""
    browser, of = office.browser(CLERK), product_id(office)
    page = f"/desk/products/{of}/english"
    with office.session() as session:
        form = session.scalars(select(PackForm.id).where(PackForm.code == "TUI500")).one()
    fields = {
        "name_en": "Dried chestnuts", "description_en": "Sun-dried.", "storage_en": "Keep dry",
        f"pack_{form.hex}": "500 g bag", "party_name_en": "Doi De Cooperative",
    }  # fmt: skip
    assert browser.client.post(page, data={"form": browser.token(page), **fields}).status_code == 303
    with office.session() as session:
        product = session.get_one(Product, of)
        assert (product.name_en, product.storage_en) == ("Dried chestnuts", "Keep dry")
        assert "dried chestnuts" in product.search
        assert session.get_one(PackForm, form).name_en == "500 g bag"
        assert (
            session.scalars(select(Party).where(Party.code == "HTX-DE")).one().name_en == "Doi De Cooperative"
        )
    assert browser.client.post(page, data={"form": browser.token(page), "name_en": ""}).status_code == 303
    with office.session() as session:
        assert session.get_one(Product, of).name_en == ""


def test_english_texts_that_meet_a_decision_are_not_lost(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody decided in the same moment: it is said, nothing is kept, and the form stands there as it was typed."""

    def decided_meanwhile(*_: object) -> None:
        raise DecidedMeanwhile

    browser, of = office.browser(CLERK), product_id(office)
    page = f"/desk/products/{of}/english"
    fields = {"name_en": "Dried chestnuts", "storage_en": "Keep dry", "party_name_en": "Chestnut Hill Co-op"}
    monkeypatch.setattr("temthat_verify_api.desk.views.outgoing.change_product", decided_meanwhile)
    answer = browser.submit(page, at=page, **fields)
    assert answer.status_code == 409
    assert all(f'value="{text}"' in answer.text for text in fields.values())
    assert "Chestnut Hill Co-op" not in browser.open(page).text
