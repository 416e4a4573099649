"""A lineage names households and their plots as they agreed, and nothing else of them."""

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.consent import How, Purpose
from temthat_trace.lineage.repository import facts_of
from temthat_trace.parties import Member, Party, PartyKind, Plot
from temthat_trace.privacy.consenting import give, set_fields
from temthat_trace.products import Product

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)


def test_a_lineage_shows_what_was_agreed_to(session: Session) -> None:
    """Alias and commune at first; the full name and the exact plot each with its consent; a common plot as written."""
    party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", address="Xã Ba Vì")
    session.add(party)
    session.flush()
    member = Member(party_id=party.id, code="TV1", alias="Hộ bà Tư", commune_text="Xã Minh Châu")
    product = Product(party_id=party.id, code="C", name="Chè", base_unit="KGM")
    session.add_all([member, product])
    session.flush()
    own = Plot(party_id=party.id, member_id=member.id, code="V1", name="Vườn nhà", address="Số 3, ngõ 5")
    common = Plot(party_id=party.id, code="V2", name="Đồi chung", address="Thôn 2")
    session.add_all([own, common])
    session.flush()
    batches = [
        Batch(
            party_id=party.id, product_id=product.id, lot=plot.code, quantity=Decimal(1), unit="KGM",
            made_on=NOW.date(), plot_id=plot.id, member_id=member.id,
        )
        for plot in (own, common)
    ]  # fmt: skip
    session.add_all(batches)
    session.flush()

    def told() -> list[tuple[str, str, str]]:
        facts = facts_of(session, [batch.id for batch in batches])
        return [(facts[b.id].member, facts[b.id].plot, facts[b.id].place) for b in batches]

    assert told() == [("Hộ bà Tư", "V1", "Xã Minh Châu"), ("Hộ bà Tư", "Đồi chung", "Thôn 2")]
    for purpose in (Purpose.STORE, Purpose.SHOW_NAME, Purpose.SHOW_PLOT):
        give(member, purpose, How.PAPER, NOW.date(), "Lan", NOW)
    set_fields(member, full_name="Trần Thị Tư")
    session.flush()
    assert told() == [("Trần Thị Tư", "Vườn nhà", "Số 3, ngõ 5"), ("Trần Thị Tư", "Đồi chung", "Thôn 2")]
