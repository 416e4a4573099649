"""Goods that were sold, returned or spoiled, told unit by unit.

Revision ID: 0012
Revises: 0011
"""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the module."""
