"""Where a product is sold: sellers' links, pictures for listings, and what is written in English.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seller_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("seller", sa.String(200), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(100), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_seller_link_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_link")),
    )
    op.create_index(op.f("ix_seller_link_product_id"), "seller_link", ["product_id"])
    op.create_table(
        "product_photo",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_photo_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["digest"], ["attachment.digest"], name=op.f("fk_product_photo_digest_attachment")
        ),
        sa.PrimaryKeyConstraint("product_id", "digest", name=op.f("pk_product_photo")),
    )
    for table, name, length in (
        ("product", "description_en", 2000),
        ("product", "storage_en", 400),
        ("pack_form", "name_en", 200),
        ("party", "name_en", 200),
    ):
        op.add_column(table, sa.Column(name, sa.String(length), nullable=False, server_default=""))
