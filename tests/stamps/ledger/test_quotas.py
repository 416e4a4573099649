"""Quotas: the province sets them, orders keep within them, and nobody in between can go round."""

import datetime as dt
from decimal import Decimal

import pytest

from temthat_stamps.ledger.errors import BeyondQuota
from temthat_stamps.ledger.quotas import quota_history, rooms, set_quota
from temthat_stamps.ledger.records import StampQuota
from temthat_stamps.manifest import Replaced
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notify_stamps
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product

from .conftest import Shop, print_file

REASON = "Theo diện tích vùng trồng năm nay"


def allow(
    shop: Shop,
    most: int | None,
    product: Product | None = None,
    year: int = 2026,
    office: Party | None = None,
) -> StampQuota:
    shop.forward(seconds=1)
    by = office or shop.alliance
    return set_quota(shop.session, by, shop.coop, product, year, most, REASON, "Vi Thị Lan", shop.now)


def test_over_issue_is_refused_with_the_arithmetic_and_no_reason_overrides(shop: Shop) -> None:
    """The batch would allow 244; the province allows 100, and a written reason does not help."""
    allow(shop, 100)
    shop.run(60)
    with pytest.raises(BeyondQuota) as refused:
        shop.run(41, override_reason="Khách đặt thêm, xin in vượt")
    assert refused.value.vi == (
        "Không thể in 41 tem. Hạn mức năm 2026 cho mọi sản phẩm: 100 tem, đã đặt 60; còn 40. "
        "Cần thêm thì xin Liên minh Mẫu nâng hạn mức."
    )
    assert "100 stamps less 60 ordered; 40 left" in refused.value.en
    shop.run(40)
    with pytest.raises(BeyondQuota):
        shop.run(1)


def test_the_newest_quota_is_in_force_and_the_older_ones_stay_on_record(shop: Shop) -> None:
    """Raised, lowered below what is out already, lifted."""
    allow(shop, 10)
    shop.run(10)
    allow(shop, 30)
    shop.run(15)
    allow(shop, 5)
    with pytest.raises(BeyondQuota, match="0 left"):
        shop.run(1)
    allow(shop, None)
    shop.run(50)
    assert [q.most for q in quota_history(shop.session, shop.coop, 2026)] == [None, 5, 30, 10]
    [room] = rooms(shop.session, shop.coop, 2026)
    assert (room.used, room.left) == (75, None)
    assert room.explain() == "Hạn mức năm 2026 cho mọi sản phẩm: không giới hạn; đã đặt 75 tem."
    assert room.explain("en") == "Quota of 2026 for all products: no limit; 75 stamps ordered."


def test_a_quota_of_one_product_leaves_the_others_alone(sqlite_shop: Shop) -> None:
    """Both quotas hold for a product that has one of its own."""
    shop = sqlite_shop
    tea = Product(party_id=shop.coop.id, code="TRA", name="Trà", base_unit="KGM")
    shop.session.add(tea)
    shop.session.flush()
    allow(shop, 5, tea)
    shop.run(20)
    allow(shop, 30, shop.product)
    with pytest.raises(BeyondQuota, match="Mật ong"):
        shop.run(11)
    allow(shop, 22)
    with pytest.raises(BeyondQuota, match="for all products"):
        shop.run(3)
    shop.run(2)
    assert [room.quota.most for room in rooms(shop.session, shop.coop, 2026)] == [22, 30, 5]


def test_a_year_is_that_of_vietnam(sqlite_shop: Shop) -> None:
    """The last seven hours of 31 December UTC are next year's already; a new year starts afresh."""
    shop = sqlite_shop
    allow(shop, 10)
    shop.run(10)
    shop.now = dt.datetime(2026, 12, 31, 16, 59, tzinfo=dt.UTC)
    with pytest.raises(BeyondQuota):
        shop.run(1)
    shop.forward(minutes=2)
    allow(shop, 3, year=2027)
    shop.run(3)
    with pytest.raises(BeyondQuota, match="Quota of 2027"):
        shop.run(1)


def test_another_party_is_not_touched(sqlite_shop: Shop) -> None:
    """A quota names one party."""
    shop = sqlite_shop
    allow(shop, 0)
    with pytest.raises(BeyondQuota, match="0 stamps less 0 ordered"):
        shop.run(1)
    assert rooms(shop.session, shop.other, 2026) == []


def test_a_reprint_does_not_count_again(sqlite_shop: Shop) -> None:
    """The stamps it replaces were counted when they were ordered."""
    shop = sqlite_shop
    allow(shop, 50)
    run = shop.run(50)
    print_file(shop, run)
    notify_stamps(shop.session, shop.registry, run, 1, 24, NoticeKind.VOID, "misprint", shop.coop)
    shop.run(24, replaces=Replaced(run.run, 1, 24))
    assert [room.used for room in rooms(shop.session, shop.coop, 2026)] == [50]
    with pytest.raises(BeyondQuota):
        shop.run(25, replaces=Replaced(run.run, 25, 48))


def test_only_the_alliance_above_sets_a_quota(sqlite_shop: Shop) -> None:
    """Not the party itself, not another province, not an authority."""
    shop = sqlite_shop
    far = Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh xa", province="04")
    authority = Party(code="SNN", kind=PartyKind.GRANTING_AUTHORITY, name="Sở", province="96")
    national = Party(code="VN", kind=PartyKind.NATIONAL_ALLIANCE, name="Liên minh Việt Nam")
    shop.session.add_all([far, authority, national])
    shop.session.flush()
    for office in (shop.coop, shop.other, far, authority):
        with pytest.raises(RunRefused, match="Only the alliance"):
            allow(shop, 5, office=office)
    assert allow(shop, 5, office=national).office_id == national.id


def test_a_quota_that_says_nothing_sensible_is_refused(sqlite_shop: Shop) -> None:
    """Years, numbers, reasons, and whose product it is."""
    shop = sqlite_shop
    foreign = Product(party_id=shop.other.id, code="X", name="Của người khác", base_unit="KGM")
    shop.session.add(foreign)
    shop.session.flush()
    now, by = shop.now, "Lan"
    for product, year, most, reason in (
        (None, 2024, 5, REASON),
        (None, 2032, 5, REASON),
        (None, 2026, -1, REASON),
        (None, 2026, 3_000_000_000, REASON),
        (None, 2026, 5, "  ngắn  "),
        (foreign, 2026, 5, REASON),
    ):
        with pytest.raises(RunRefused):
            set_quota(shop.session, shop.alliance, shop.coop, product, year, most, reason, by, now)
    assert shop.batch.quantity == Decimal(120)
    assert quota_history(shop.session, shop.coop, 2026) == []
