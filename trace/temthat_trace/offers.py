"""Where a product is sold (bán chính hãng tại): links a producer vouches for, and pictures for its listings."""

import datetime as dt
import re
import unicodedata
import uuid
from collections.abc import Iterable
from urllib.parse import urlsplit

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base
from temthat_trace.ids import uuid7
from temthat_trace.products import Product

MOST_LINKS = 12
"""Links in force of one product: a list nobody reads protects nobody."""

MOST_PHOTOS = 8
LONGEST_URL = 500
LONGEST_DAYS = 731
"""A link holds two years at most; after that the producer has to look at it again."""

_HOST = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})"
)
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class BadLink(ValueError):
    """No address a shopper could be sent to; says why in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class SellerLink(Base):
    """One shop that sells the real product, as its producer says. Never erased: an ended one stays on record."""

    __tablename__ = "seller_link"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"), index=True)
    seller: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    valid_until: Mapped[dt.date] = mapped_column()
    added_at: Mapped[dt.datetime] = mapped_column()
    added_by: Mapped[str] = mapped_column(String(100), default="")
    ended_at: Mapped[dt.datetime | None] = mapped_column()

    product: Mapped[Product] = relationship()

    def holds(self, today: dt.date) -> bool:
        """Whether it is shown on that day."""
        return self.ended_at is None and today <= self.valid_until

    @property
    def host(self) -> str:
        """The name the link leads to, as pages print it beside the link."""
        return host_of(self.url)


class ProductPhoto(Base):
    """A picture large enough for a marketplace; the small one of shoppers' pages is `Product.picture`."""

    __tablename__ = "product_photo"

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("attachment.digest"), primary_key=True)
    position: Mapped[int] = mapped_column()


def host_of(url: str) -> str:
    """The host of a link that `checked_url` let pass."""
    return urlsplit(url).hostname or ""


def checked_url(text: str) -> str:
    """A link as it may be shown, or why not.

    https and a registered name only: no user, port or bare number, through which a link looks like what it is not.
    A name in another script stays in its `xn--` form, which cannot be mistaken for a Latin one. Raises `BadLink`.
    """
    url = unicodedata.normalize("NFC", text).strip()
    if not url or len(url) > LONGEST_URL:
        raise BadLink(
            f"Hãy dán địa chỉ trang bán hàng, dài không quá {LONGEST_URL} ký tự.",
            f"Paste the address of the sales page, of at most {LONGEST_URL} characters.",
        )
    if not url.lower().startswith("https://"):
        raise BadLink(
            "Địa chỉ phải bắt đầu bằng https://. Hãy mở trang bán hàng rồi sao chép địa chỉ trên thanh địa chỉ.",
            "The address must begin with https://. Open the sales page and copy what the address bar says.",
        )
    if not _VISIBLE.fullmatch(url) or "\\" in url or any(c in url for c in '<>"`{}|^'):
        raise BadLink(
            "Địa chỉ có dấu cách, chữ có dấu hoặc ký tự lạ. Hãy sao chép lại từ thanh địa chỉ của trình duyệt.",
            "The address has blanks, accented letters or odd signs. Copy it again from the browser's address bar.",
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port, parts = "", None, None
    if parts is None or parts.username is not None or parts.password is not None or port not in (None, 443):
        raise BadLink(
            "Địa chỉ không được có tên người dùng hay số cổng.",
            "The address must not have a user name or a port number.",
        )
    if not _HOST.fullmatch(host):
        raise BadLink(
            "Tên trang không đúng. Cần một tên miền như vcamart.vn, không phải dãy số.",
            "That is no site's name. It takes a name such as vcamart.vn, not a row of numbers.",
        )
    return parts._replace(scheme="https", netloc=host).geturl()


def in_order(links: Iterable[SellerLink], today: dt.date) -> list[SellerLink]:
    """Those that hold on that day, by seller."""
    return sorted((link for link in links if link.holds(today)), key=lambda link: (link.seller, str(link.id)))
