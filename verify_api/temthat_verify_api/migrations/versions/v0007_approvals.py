"""Changes of products and papers with what an office decided; a product's brand and safety warning.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("by_party_id", sa.Uuid(), nullable=False),
        sa.Column("by_person", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_person", sa.String(100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("words", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_proposal_party_id_party")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_proposal_product_id_product")),
        sa.ForeignKeyConstraint(["by_party_id"], ["party.id"], name=op.f("fk_proposal_by_party_id_party")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["party.id"], name=op.f("fk_proposal_decided_by_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_party_id_state"), "proposal", ["party_id", "state"])
    op.create_index(op.f("ix_proposal_subject_id_at"), "proposal", ["subject_id", "at"])
    op.create_index(op.f("ix_proposal_product_id"), "proposal", ["product_id"])
    op.create_index(
        "uq_proposal_waiting",
        "proposal",
        ["subject_id"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "approval_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(100), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["party.id"], name=op.f("fk_approval_rule_office_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rule")),
    )
    op.create_index(op.f("ix_approval_rule_office_id_set_at"), "approval_rule", ["office_id", "set_at"])
    for name in ("brand", "warning"):
        op.add_column("product", sa.Column(name, sa.String(200), nullable=False, server_default=""))
