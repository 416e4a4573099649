"""What an operator's own stamps taught, and the roll-ups it is learned from.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the module."""
    op.create_table(
        "learned_habits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stamps", sa.Integer(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_learned_habits_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_habits")),
        sa.UniqueConstraint("product_id", name=op.f("uq_learned_habits_product_id")),
    )
    op.create_table(
        "run_copies",
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scanned", sa.Integer(), nullable=False),
        sa.Column("suspect", sa.Integer(), nullable=False),
        sa.Column("evident", sa.Integer(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.run"], name=op.f("fk_run_copies_run_run")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_run_copies")),
    )
    op.create_table(
        "stamp_day",
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.run"], name=op.f("fk_stamp_day_run_run")),
        sa.PrimaryKeyConstraint("run", "day", "province", "event", "kind", name=op.f("pk_stamp_day")),
    )
    op.create_table(
        "night",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("learned", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_night")),
    )
