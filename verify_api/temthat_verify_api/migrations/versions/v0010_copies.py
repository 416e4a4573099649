"""What the copy model remembers of a stamp, and signals for people.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("copy_live", "copy_frozen"):
        op.add_column("stamp_state", sa.Column(name, sa.LargeBinary(97), nullable=True))
    op.add_column("stamp_state", sa.Column("copy_horizon", sa.Integer(), nullable=True))
    op.create_table(
        "copy_signal",
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("province", sa.String(2), nullable=True),
        sa.PrimaryKeyConstraint("run", "serial", "kind", name=op.f("pk_copy_signal")),
    )
    op.create_index(op.f("ix_copy_signal_at"), "copy_signal", ["at"])
