"""What an operator's own stamps taught, and the roll-ups it is learned from.

Revision ID: 0014
Revises: 0013
"""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the module."""
