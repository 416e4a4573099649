"""Products and their pack forms (quy cách đóng gói)."""

import uuid
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.database import Base, Code, Text, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party


class ProductKind(StrEnum):
    """Goods carry stamps; a service (community tourism) has a page and never a stamp."""

    GOODS = "goods"
    SERVICE = "service"


class PackKind(StrEnum):
    """An item is sold to a shopper; a case holds n equal packs; a combo bundles different ones."""

    ITEM = "item"
    CASE = "case"
    COMBO = "combo"


class Product(Base):
    """A product of one party. `base_unit` is the UN/ECE Recommendation 20 code its batches are counted in."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("party_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    code: Mapped[str] = mapped_column(Code)
    kind: Mapped[ProductKind] = mapped_column(words(ProductKind), default=ProductKind.GOODS)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    search: Mapped[str] = mapped_column(String(400), default="", index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    group: Mapped[str] = mapped_column(String(32), default="")
    gtin: Mapped[str | None] = mapped_column(String(14), index=True)
    base_unit: Mapped[str] = mapped_column(String(3))
    storage: Mapped[str] = mapped_column(String(400), default="")
    standard: Mapped[str] = mapped_column(String(200), default="")
    brand: Mapped[str] = mapped_column(String(200), default="", server_default="")
    warning: Mapped[str] = mapped_column(String(200), default="", server_default="")
    shelf_life_months: Mapped[int | None] = mapped_column()
    sold_in: Mapped[str] = mapped_column(String(400), default="")
    description_en: Mapped[str] = mapped_column(Text, default="", server_default="")
    storage_en: Mapped[str] = mapped_column(String(400), default="", server_default="")
    picture: Mapped[str | None] = mapped_column(ForeignKey("attachment.digest"))

    party: Mapped[Party] = relationship()
    pack_forms: Mapped[list["PackForm"]] = relationship(back_populates="product", order_by="PackForm.code")


class PackForm(Base):
    """How a product is packed: the net content of an item, what a case holds, what a combo bundles."""

    __tablename__ = "pack_form"
    __table_args__ = (UniqueConstraint("product_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    code: Mapped[str] = mapped_column(Code)
    kind: Mapped[PackKind] = mapped_column(words(PackKind), default=PackKind.ITEM)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="", server_default="")
    net_content: Mapped[Decimal | None] = mapped_column()
    net_unit: Mapped[str | None] = mapped_column(String(3))
    gtin: Mapped[str | None] = mapped_column(String(14), index=True)
    inner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pack_form.id"))
    holds: Mapped[int | None] = mapped_column()

    product: Mapped[Product] = relationship(back_populates="pack_forms")
    inner: Mapped["PackForm | None"] = relationship(remote_side=[id])
    components: Mapped[list["PackComponent"]] = relationship(foreign_keys="PackComponent.combo_id")


class PackComponent(Base):
    """One line of a combo: `quantity` packs of another pack form."""

    __tablename__ = "pack_component"

    combo_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pack_form.id"), primary_key=True)
    part_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pack_form.id"), primary_key=True)
    quantity: Mapped[int] = mapped_column()

    part: Mapped[PackForm] = relationship(foreign_keys=[part_id])
