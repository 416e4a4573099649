"""A day of consent in a row of the older version becomes a recorded consent; without one nothing personal stays."""

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import command
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.consent import How, Purpose
from temthat_trace.database import make_engine
from temthat_trace.parties import Member
from temthat_trace.privacy.texts import asked
from temthat_verify_api import migrate

OLD = [("TV1", "Trần Thị Tư", dt.date(2026, 9, 1)), ("TV2", "Lý Văn Ba", None), ("TV3", None, None)]


def test_a_day_of_consent_becomes_a_recorded_consent(empty_database_url: str) -> None:
    """For keeping name and telephone, with its day and the words that are shown; on both databases."""
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        migrate.begin_alone(connection)
        command.upgrade(migrate._config(connection), "0008")
        party = uuid.uuid4()
        kinds: dict[str, sa.types.TypeEngine[Any]] = {
            "id": sa.Uuid(),
            "party_id": sa.Uuid(),
            "consented_on": sa.Date(),
            "is_sample": sa.Boolean(),
        }

        def insert(table: str, **values: object) -> None:
            columns: list[sa.ColumnClause[Any]] = [
                sa.column(name, kinds.get(name, sa.String())) for name in values
            ]
            connection.execute(sa.insert(sa.table(table, *columns)).values(**values))

        insert(
            "party", id=party, code="HTX", kind="cooperative", name="HTX", search="", hotline="", email="",
            tax_code="", is_sample=False, address="",
        )  # fmt: skip
        for code, name, day in OLD:
            insert(
                "member", id=uuid.uuid4(), party_id=party, code=code, alias=code, commune_text="",
                full_name=name, phone="0912" if name else None, consented_on=day,
            )  # fmt: skip
        connection.commit()
    migrate.upgrade(empty_database_url)
    with Session(engine) as session:
        first, second, third = session.scalars(select(Member).order_by(Member.code))
        assert (first.full_name, first.phone, first.consented_on) == (
            "Trần Thị Tư",
            "0912",
            dt.date(2026, 9, 1),
        )
        [consent] = first.consents
        assert (consent.purpose, consent.how, consent.withdrawn_at) == (Purpose.STORE, How.WORKBOOK, None)
        assert asked(consent.purpose, "vi", consent.text).text
        assert [(m.full_name, m.phone, m.consents) for m in (second, third)] == [(None, None, [])] * 2
    engine.dispose()
