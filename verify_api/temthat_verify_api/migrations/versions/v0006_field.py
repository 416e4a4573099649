"""field records: lines and photos of events, purchase slips, steps taken over from an earlier batch.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _event()
    _parts_of_events()
    _slips()


def _event() -> None:
    with op.batch_alter_table("event") as table:
        table.add_column(sa.Column("plot_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("member_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("recorded_name", sa.String(100), nullable=False, server_default=""))
        table.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("withdrawn_name", sa.String(100), nullable=False, server_default=""))
        table.create_foreign_key(op.f("fk_event_plot_id_plot"), "plot", ["plot_id"], ["id"])
        table.create_foreign_key(op.f("fk_event_member_id_member"), "member", ["member_id"], ["id"])
        table.create_index(op.f("ix_event_plot_id"), ["plot_id"])
        table.create_index(op.f("ix_event_member_id"), ["member_id"])


def _parts_of_events() -> None:
    op.create_table(
        "event_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("search", sa.String(400), nullable=False),
        sa.Column("lot", sa.String(64), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("partner", sa.String(200), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.String(3), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_line_event_id_event")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_event_line_batch_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_line")),
    )
    for column in ("event_id", "search", "batch_id"):
        op.create_index(op.f(f"ix_event_line_{column}"), "event_line", [column])
    op.create_table(
        "event_photo",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("small", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_event_photo_event_id_event")),
        sa.ForeignKeyConstraint(
            ["digest"], ["attachment.digest"], name=op.f("fk_event_photo_digest_attachment")
        ),
        sa.ForeignKeyConstraint(
            ["small"], ["attachment.digest"], name=op.f("fk_event_photo_small_attachment")
        ),
        sa.PrimaryKeyConstraint("event_id", "digest", name=op.f("pk_event_photo")),
    )
    for column in ("digest", "small"):
        op.create_index(op.f(f"ix_event_photo_{column}"), "event_photo", [column])
    op.create_table(
        "step_draft",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_step_draft_batch_id_batch")),
        sa.ForeignKeyConstraint(["model_id"], ["event.id"], name=op.f("fk_step_draft_model_id_event")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_step_draft_event_id_event")),
        sa.PrimaryKeyConstraint("batch_id", "model_id", name=op.f("pk_step_draft")),
    )
    for column in ("model_id", "event_id"):
        op.create_index(op.f(f"ix_step_draft_{column}"), "step_draft", [column])


def _slips() -> None:
    op.create_table(
        "purchase_slip",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("plot_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(2000), nullable=False),
        sa.Column("recorded_name", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_name", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_purchase_slip_party_id_party")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_purchase_slip_member_id_member")),
        sa.ForeignKeyConstraint(["plot_id"], ["plot.id"], name=op.f("fk_purchase_slip_plot_id_plot")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_purchase_slip_product_id_product")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_purchase_slip_batch_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_slip")),
        sa.UniqueConstraint("party_id", "number", name=op.f("uq_purchase_slip_party_id_number")),
    )
    for column in ("party_id", "member_id", "plot_id", "batch_id"):
        op.create_index(op.f(f"ix_purchase_slip_{column}"), "purchase_slip", [column])
