"""Reports of suspect stamps.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suspect_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(9), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(300), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("province", sa.String(2), nullable=True),
        sa.Column("shop", sa.String(200), nullable=False),
        sa.Column("odd", sa.String(100), nullable=False),
        sa.Column("told", sa.String(2000), nullable=False),
        sa.Column("photo", sa.String(64), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_suspect_report_party_id_party")),
        sa.ForeignKeyConstraint(
            ["photo"], ["attachment.digest"], name=op.f("fk_suspect_report_photo_attachment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspect_report")),
        sa.UniqueConstraint("reference", name=op.f("uq_suspect_report_reference")),
    )
    op.create_index(op.f("ix_suspect_report_run_serial"), "suspect_report", ["run", "serial"])
    op.create_index(op.f("ix_suspect_report_party_id_state"), "suspect_report", ["party_id", "state"])
    op.create_index(op.f("ix_suspect_report_photo"), "suspect_report", ["photo"])
    op.create_table(
        "report_contact",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("text", sa.String(16), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["suspect_report.id"], name=op.f("fk_report_contact_report_id_suspect_report")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_contact")),
    )
    op.create_table(
        "report_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("by_party_id", sa.Uuid(), nullable=False),
        sa.Column("by_person", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["suspect_report.id"], name=op.f("fk_report_step_report_id_suspect_report")
        ),
        sa.ForeignKeyConstraint(["by_party_id"], ["party.id"], name=op.f("fk_report_step_by_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_step")),
    )
    op.create_index(op.f("ix_report_step_report_id"), "report_step", ["report_id"])
