"""Pack arithmetic: content of items, cases and combos; how many stamps a batch allows."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.packing import PackingError, allowed, content
from temthat_trace.products import PackComponent, PackForm, PackKind
from temthat_trace.units import UnitError

EGGS, HONEY = uuid.uuid4(), uuid.uuid4()


def item(net: str, unit: str, product: uuid.UUID = EGGS) -> PackForm:
    return PackForm(
        product_id=product, name=f"{net} {unit}", kind=PackKind.ITEM, net_content=Decimal(net), net_unit=unit
    )


def test_an_item_holds_its_net_content_in_the_base_unit() -> None:
    """500 g of a product counted in kilograms is half a kilogram."""
    assert content(item("500", "GRM"), "KGM") == Decimal("0.5")


def test_a_case_holds_its_inner_packs() -> None:
    """A case of 12 trays of 10 eggs holds 120 eggs, a pallet of 5 cases 600."""
    tray = item("10", "H87")
    case = PackForm(product_id=EGGS, name="thùng", kind=PackKind.CASE, inner=tray, holds=12)
    pallet = PackForm(product_id=EGGS, name="kiện", kind=PackKind.CASE, inner=case, holds=5)
    assert content(case, "H87") == 120
    assert content(pallet, "H87") == 600


def test_a_combo_of_one_product_is_the_sum_of_its_parts() -> None:
    """Two trays of 10 and one of 6 are 26 eggs."""
    combo = PackForm(product_id=EGGS, name="combo", kind=PackKind.COMBO)
    combo.components = [
        PackComponent(part=item("10", "H87"), quantity=2),
        PackComponent(part=item("6", "H87"), quantity=1),
    ]
    assert content(combo, "H87") == 26


def test_a_combo_of_several_products_counts_as_one_combo() -> None:
    """Eggs and honey together are counted in combos, never in kilograms."""
    combo = PackForm(product_id=uuid.uuid4(), name="combo", kind=PackKind.COMBO)
    combo.components = [
        PackComponent(part=item("10", "H87"), quantity=1),
        PackComponent(part=item("500", "MLT", HONEY), quantity=1),
    ]
    assert content(combo, "KT") == 1
    with pytest.raises(PackingError):
        content(combo, "KGM")


def test_a_form_that_does_not_say_what_it_holds_is_refused() -> None:
    """An item without net content and a case without count have no content."""
    with pytest.raises(PackingError) as e:
        content(PackForm(product_id=EGGS, name="gói", kind=PackKind.ITEM), "KGM")
    assert "chưa ghi đủ" in e.value.vi


def test_a_form_that_holds_itself_is_refused() -> None:
    """A case inside itself ends in an error, not in endless recursion."""
    case = PackForm(product_id=EGGS, name="thùng", kind=PackKind.CASE, holds=2)
    case.inner = case
    with pytest.raises(PackingError, match="nested"):
        content(case, "H87")


def test_a_unit_that_does_not_fit_is_refused() -> None:
    """A bottle in millilitres of a product counted in kilograms is an error of units."""
    with pytest.raises(UnitError):
        content(item("500", "MLT"), "KGM")


def test_the_arithmetic_of_the_specification() -> None:
    """120 kg in 0.5 kg packs allow 240 and 2 % more, less what was issued."""
    a = allowed(Decimal(120), Decimal("0.5"), "KGM", already_issued=100)
    assert (a.packs, a.extra, a.left) == (240, 4, 144)


def test_overage_is_rounded_down() -> None:
    """49 packs get no extra stamp, 50 get one."""
    assert allowed(Decimal(49), Decimal(1), "XBX").extra == 0
    assert allowed(Decimal(50), Decimal(1), "XBX").extra == 1


def test_other_pack_forms_take_their_share() -> None:
    """What is packed otherwise is no longer there."""
    a = allowed(Decimal(100), Decimal(1), "KGM", elsewhere=Decimal("40.5"))
    assert a.packs == 59


def test_the_explanation_shows_every_number() -> None:
    """A refusal can be checked by hand in either language."""
    a = allowed(Decimal(1200), Decimal("0.5"), "KGM", already_issued=100)
    assert a.explain() == (
        "Lô 1.200 kg ÷ 0,5 kg mỗi gói = 2.400 gói; cộng 2 % dự phòng tem hỏng = 48; "
        "đã đặt in 100; còn được in 2.348 tem."
    )
    assert "2,400 packs" in a.explain("en")
    assert "2,348 left" in a.explain("en")


def test_nothing_is_left_below_zero() -> None:
    """An over-issued batch has zero left, not a debt."""
    assert allowed(Decimal(10), Decimal(1), "XBX", already_issued=50).left == 0


@pytest.mark.parametrize("net", ["0", "-1"])
def test_a_net_content_of_nothing_is_refused(net: str) -> None:
    """Division by nothing is refused before it happens."""
    with pytest.raises(PackingError):
        allowed(Decimal(1), Decimal(net), "KGM")


@given(st.decimals("0", "1000000", places=3), st.decimals("0.001", "1000", places=3), st.integers(0, 100000))
def test_property_stamps_never_exceed_the_goods(quantity: Decimal, net: Decimal, issued: int) -> None:
    """All stamps ever allowed, less the overage, never need more goods than the batch has."""
    a = allowed(quantity, net, "KGM", already_issued=issued)
    assert a.packs * net <= quantity < (a.packs + 1) * net
    assert a.extra <= a.packs * Decimal("0.02")
