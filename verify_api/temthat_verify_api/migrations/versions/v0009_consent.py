"""Recorded consent, members' requests and who looked; GLNs; indexes to find GTINs by.

Revision ID: 0009
Revises: 0008
"""

import datetime as dt
import os
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = "2026-11"
"""The version of the consent's words when this migration was written."""


def upgrade() -> None:
    _tables()
    _move_consents()
    with op.batch_alter_table("member") as table:
        table.drop_column("consented_on")
        table.add_column(sa.Column("photo", sa.String(64), nullable=True))
        table.add_column(sa.Column("story", sa.String(2000), nullable=False, server_default=""))
        table.add_column(sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("former", sa.LargeBinary(32), nullable=True))
        table.create_foreign_key(op.f("fk_member_photo_attachment"), "attachment", ["photo"], ["digest"])
    for name in ("party", "plot"):
        op.add_column(name, sa.Column("gln", sa.String(13), nullable=True))
        op.create_index(op.f(f"ix_{name}_gln"), name, ["gln"])
    for name in ("product", "pack_form"):
        op.create_index(op.f(f"ix_{name}_gtin"), name, ["gtin"])


def _tables() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("text", sa.String(16), nullable=False),
        sa.Column("how", sa.String(32), nullable=False),
        sa.Column("witness", sa.String(100), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_member_id"), "consent", ["member_id"])
    op.create_table(
        "personal_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("ask", sa.String(32), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(100), nullable=False),
        sa.Column("answer", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_personal_request_party_id_party")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_personal_request_member_id_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_request")),
    )
    op.create_index(op.f("ix_personal_request_member_id"), "personal_request", ["member_id"])
    op.create_index(
        op.f("ix_personal_request_party_id_answered_at"), "personal_request", ["party_id", "answered_at"]
    )
    op.create_table(
        "personal_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_personal_look_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_look")),
    )
    op.create_index(op.f("ix_personal_look_member_id_at"), "personal_look", ["member_id", "at"])


def _move_consents() -> None:
    """The day of consent in a member's row becomes a recorded consent to keeping name and telephone.

    Name and telephone without such a day were never accepted; should some be there all the same, they are emptied.
    """
    member = sa.table(
        "member",
        sa.column("id", sa.Uuid()),
        sa.column("full_name", sa.String()),
        sa.column("phone", sa.String()),
        sa.column("consented_on", sa.Date()),
    )
    consent = sa.table(
        "consent",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("id", sa.Uuid()), ("member_id", sa.Uuid()), ("purpose", sa.String()), ("text", sa.String()),
                ("how", sa.String()), ("witness", sa.String()), ("given_on", sa.Date()),
                ("recorded_at", sa.DateTime(timezone=True)), ("recorded_by", sa.String()),
                ("withdrawn_by", sa.String()),
            )
        ),
    )  # fmt: skip
    connection = op.get_bind()
    found = connection.execute(
        sa.select(member.c.id, member.c.consented_on).where(member.c.consented_on.is_not(None))
    ).all()
    now = dt.datetime.now(dt.UTC)
    rows = [
        {
            "id": _uuid7(now), "member_id": member_id, "purpose": "store", "text": TEXT, "how": "workbook",
            "witness": "", "given_on": day, "recorded_at": now, "recorded_by": "", "withdrawn_by": "",
        }
        for member_id, day in found
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(consent), rows)
    unagreed = sa.update(member).where(member.c.consented_on.is_(None))
    connection.execute(unagreed.values(full_name=None, phone=None))


def _uuid7(now: dt.datetime) -> uuid.UUID:
    """As the application makes its ids (RFC 9562, section 5.7)."""
    value = int(now.timestamp() * 1000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
