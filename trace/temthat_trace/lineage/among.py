"""Lists of ids as one parameter of a query, so that ten thousand of them are as welcome as one."""

import json
import uuid
from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

Listed = TypeVar("Listed", uuid.UUID, str, int)


def among(
    session: Session,
    column: InstrumentedAttribute[Listed] | InstrumentedAttribute[Listed | None],
    values: Iterable[Listed],
) -> ColumnElement[bool]:
    """`column IN values` with a single parameter, however many there are: SQLite takes no more than 32,766."""
    wanted = list(values)
    if session.get_bind().dialect.name == "sqlite":
        plain = [value.hex if isinstance(value, uuid.UUID) else value for value in wanted]
        listed = func.json_each(json.dumps(plain)).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(wanted, ARRAY(column.type)))
