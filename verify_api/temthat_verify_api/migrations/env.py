"""Alembic's entry: how the tables of the house are compared with a database, written out and brought up to date.

The connection comes from `temthat_verify_api.migrate`, already in the one transaction that holds the whole upgrade.
There is no way down: a database goes back by restoring a backup.
"""

from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.operations import MigrationScript
from alembic.operations.ops import CreateTableOp

from temthat_verify_api.migrations.furnishing import PARTITIONED, is_partition
from temthat_verify_api.tables import metadata


def _render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Our column types are written as what the database sees: a migration must outlive the classes of today."""
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def _partition(_context: Any, _revision: Any, directives: Iterable[MigrationScript]) -> None:
    """On PostgreSQL the checks are kept in months; see `furnishing`."""
    for script in directives:
        for step in script.upgrade_ops.ops if script.upgrade_ops else ():
            if isinstance(step, CreateTableOp) and step.table_name == PARTITIONED:
                step.kw["postgresql_partition_by"] = "RANGE (id)"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,
    render_item=_render,
    process_revision_directives=_partition,
    include_name=lambda name, kind, _parents: not (kind == "table" and is_partition(name or "")),
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
