"""The stamp ledger: recorded acts, quotas, reprints; what a plot is expected to give.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.run"], name=op.f("fk_ledger_act_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_act")),
    )
    op.create_index(op.f("ix_ledger_act_run_first"), "ledger_act", ["run", "first"])
    op.create_table(
        "stamp_quota",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("set_by", sa.String(100), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_stamp_quota_party_id_party")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_stamp_quota_product_id_product")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["party.id"], name=op.f("fk_stamp_quota_office_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamp_quota")),
    )
    op.create_index(op.f("ix_stamp_quota_party_id_year"), "stamp_quota", ["party_id", "year"])
    op.create_table(
        "reprint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("explanation", sa.String(400), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_name", sa.String(100), nullable=False),
        sa.Column("asked_phone", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_name", sa.String(100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_run", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.run"], name=op.f("fk_reprint_run_run")),
        sa.ForeignKeyConstraint(["new_run"], ["run.run"], name=op.f("fk_reprint_new_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reprint")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_reprint_link_hash")),
    )
    op.create_index(op.f("ix_reprint_run"), "reprint", ["run"])
    op.create_index(op.f("ix_run_replaces_run"), "run", ["replaces_run"])
    op.add_column("plot", sa.Column("yield_kg_per_ha", sa.BigInteger(), nullable=True))
    op.add_column("plot", sa.Column("seasons_per_year", sa.Integer(), nullable=True))
