"""Runs whose stamps carry a hidden PIN, who took the lists of PINs, which PINs were entered.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the module."""
    op.add_column("run", sa.Column("has_pins", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "pin_fetch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["print_job.id"], name=op.f("fk_pin_fetch_job_id_print_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin_fetch")),
    )
    op.create_index(op.f("ix_pin_fetch_job_id"), "pin_fetch", ["job_id"])
    op.create_table(
        "pin_entry",
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("province", sa.String(2), nullable=True),
        sa.PrimaryKeyConstraint("run", "serial", name=op.f("pk_pin_entry")),
    )
