"""The public log: statements move from the records they made into the log's one table, in order of time.

Their place in it is counted from 1; entry 0 is written, and signed, when the service opens the log, and says how many
entries are older than the log. Stamp keys of before are closed and destroyed: the new custody keeps its own.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD = (
    ("stamp_key", "id", "announcement", "key_opened", "party_id", "opened_at"),
    ("run", "run", "manifest", "run", "party_id", "registered_at"),
    ("notice", "id", "envelope", "notice", "by_party_id", "at"),
)
"""Table, its key, the column with the envelope, the statement's type, whose it is, when: in the order of a tie."""


def upgrade() -> None:
    _new_tables()
    with op.batch_alter_table("issuer_key") as table:
        table.add_column(sa.Column("custody", sa.String(32), nullable=False, server_default="hosted"))
        table.add_column(sa.Column("enrolment", sa.LargeBinary(), nullable=False, server_default=""))
        table.add_column(sa.Column("delegated_from", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("last_good", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("revoked_reason", sa.String(32), nullable=False, server_default=""))
        table.alter_column("sealed", existing_type=sa.LargeBinary(), nullable=True)
    # SQLite's default is a text, which equals no bytes.
    keys = sa.table("issuer_key", sa.column("enrolment", sa.LargeBinary))
    op.get_bind().execute(sa.update(keys).values(enrolment=b""))
    for name, *_ in _OLD:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("log_index", sa.BigInteger(), nullable=True))
    _move_statements()
    with op.batch_alter_table("notice") as table:
        table.alter_column("log_index", existing_type=sa.BigInteger(), nullable=False)
        table.drop_column("envelope")
    with op.batch_alter_table("run") as table:
        table.alter_column("stamp_key_id", existing_type=sa.Uuid(), nullable=True)
        table.add_column(sa.Column("packs", sa.Integer(), nullable=True))
        table.add_column(sa.Column("beyond", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("proof", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("replaces_run", sa.Integer(), nullable=True))
        table.add_column(sa.Column("replaces_first", sa.Integer(), nullable=True))
        table.add_column(sa.Column("replaces_last", sa.Integer(), nullable=True))
        table.drop_column("manifest")
    with op.batch_alter_table("stamp_key") as table:
        table.alter_column("log_index", existing_type=sa.BigInteger(), nullable=False)
        table.add_column(sa.Column("custody", sa.String(32), nullable=False, server_default="hosted"))
        table.drop_column("announcement")
    _close_old_keys()


def _new_tables() -> None:
    op.create_table(
        "log_entry",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_log_entry_party_id_party")),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entry")),
    )
    op.create_index(op.f("ix_log_entry_party_id"), "log_entry", ["party_id"])
    op.create_table(
        "run_block",
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_run_block_party_id_party")),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_run_block")),
    )
    op.create_index(op.f("ix_run_block_party_id"), "run_block", ["party_id"])


def _move_statements() -> None:
    connection = op.get_bind()
    found = []
    for rank, (name, key, column, kind, owner, at) in enumerate(_OLD):
        table = _table(name, key, column, owner, at)
        for row in connection.execute(sa.select(table.c[key], table.c[column], table.c[owner], table.c[at])):
            found.append((row[3], rank, row[0], row[1], row[2], kind))
    entries = _table("log_entry", "index", "envelope", "party_id", "at", sa.column("kind", sa.String))
    for index, (at, rank, key, envelope, owner, kind) in enumerate(sorted(found, key=lambda f: f[:3]), 1):
        connection.execute(
            sa.insert(entries).values(index=index, kind=kind, party_id=owner, at=at, envelope=envelope)
        )
        name, key_column, column, _, owner_column, at_column = _OLD[rank]
        table = _table(
            name, key_column, column, owner_column, at_column, sa.column("log_index", sa.BigInteger)
        )
        connection.execute(sa.update(table).where(table.c[key_column] == key).values(log_index=index))


def _table(
    name: str, key: str, data: str, owner: str, at: str, *more: sa.ColumnClause[object]
) -> sa.TableClause:
    key_type = sa.Integer() if name in ("run", "log_entry") else sa.Uuid()
    columns = (
        sa.column(key, key_type),
        sa.column(data, sa.LargeBinary),
        sa.column(owner, sa.Uuid),
        sa.column(at, sa.DateTime(timezone=True)),
    )
    return sa.table(name, *columns, *more)


def _close_old_keys() -> None:
    op.execute("update stamp_key set sealed = null, closed_at = coalesce(closed_at, closes_at)")
