"""Goods that were sold, returned or spoiled, told unit by unit.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("spoiled_at", "returned_at"):
        op.add_column("stamp_state", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
