"""A workbook where an office wants to be asked first: what waits, what shows, and that nothing is lost or half done."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.approvals.deciding import approve, refuse, take_back
from temthat_trace.approvals.proposing import as_proposed, change_product, form_as_proposed, waiting_for
from temthat_trace.approvals.records import Proposal, Reason, State
from temthat_trace.approvals.rule import changes_wait, product_is_public, set_rule
from temthat_trace.approvals.values import from_json
from temthat_trace.batches import Batch
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_trace.repository import TraceRefused, confirm_paper
from temthat_trace.search import clean

from ..conftest import NOW, Import, Sheets


@dataclasses.dataclass
class Province:
    """An alliance that wants to be asked, a cooperative with the small world, and their hands."""

    session: Session
    run: Import
    alliance: Party
    htx: Party

    def bring(self, sheets: Sheets, **options: Any) -> Any:
        """The cooperative's own import."""
        report = self.run(sheets, acting=self.htx, recorded_name="Hoàng Thị Mai", **options)
        assert report.ok, report.problems
        return report

    def waiting(self) -> list[Proposal]:
        return list(waiting_for(self.session, [self.htx.id]))

    def only(self) -> Proposal:
        [proposal] = self.waiting()
        return proposal

    def product(self, code: str = "CAM") -> Product:
        return self.session.scalars(select(Product).where(Product.code == code)).one()

    def form(self, code: str = "TUI") -> PackForm | None:
        return self.session.scalars(select(PackForm).where(PackForm.code == code)).first()

    def approve(self, proposal: Proposal | None = None, frozen: Any = frozenset()) -> None:
        approve(self.session, proposal or self.only(), self.alliance, "Vi Thị Lan", NOW, frozen)

    def refuse(self, proposal: Proposal | None = None) -> None:
        refuse(self.session, proposal or self.only(), self.alliance, "Vi Thị Lan", NOW, Reason.MISLEADING, "")


@pytest.fixture
def province(session: Session, run: Import, world: dict[str, Any]) -> Province:
    """All of the small world was there before the alliance began to ask."""
    alliance = Party(code="LM", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh HTX")
    session.add(alliance)
    session.flush()
    assert run(world).applied
    htx = session.scalars(select(Party).where(Party.code == "HTX1")).one()
    htx.alliance_id = alliance.id
    set_rule(session, alliance, waits=True, person="Vi Thị Lan", now=NOW)
    return Province(session, run, alliance, htx)


def products(
    *rows: list[Any], head: tuple[str, ...] = ("Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính")
) -> dict[str, Any]:
    return {"Sản phẩm": [list(head), *rows]}


def of_htx1(name: str) -> dict[str, Any]:
    return products(
        ["HTX1", "CAM", name, "kg"], head=("Mã đơn vị", "Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính")
    )


def forms(*rows: list[Any]) -> dict[str, Any]:
    return {
        "Quy cách": [["Mã sản phẩm", "Mã quy cách", "Tên quy cách", "Lượng tịnh", "Đơn vị lượng tịnh"], *rows]
    }


def test_a_change_waits_and_the_old_state_stands(province: Province) -> None:
    """The report says so; before and after are on record with who and when."""
    report = province.bring(products(["CAM", "Cam sành Hàm Yên", "kg"]))
    assert report.applied
    assert report.notes[-1].vi.startswith("Thay đổi của “Cam sành” chờ duyệt")
    assert province.product().name == "Cam sành"
    proposal = province.only()
    assert (proposal.by_person, proposal.at, proposal.is_new) == ("Hoàng Thị Mai", NOW, False)
    [record] = from_json(proposal.entries)
    assert (record.before, record.after) == ({"name": "Cam sành"}, {"name": "Cam sành Hàm Yên"})
    province.approve()
    assert province.product().name == "Cam sành Hàm Yên"
    assert "ham yen" in province.product().search
    assert (proposal.state, proposal.decided_person, proposal.decided_at) == (
        State.APPROVED,
        "Vi Thị Lan",
        NOW,
    )


def test_refused_means_nothing_changed_and_the_reason_is_kept(province: Province) -> None:
    """And a second office that comes late is told."""
    province.bring(products(["CAM", "Cam thần dược", "kg"]))
    proposal = province.only()
    province.refuse()
    assert province.product().name == "Cam sành"
    assert (proposal.state, proposal.reason) == (State.REFUSED, "misleading")
    with pytest.raises(TraceRefused, match="decided"):
        province.approve(proposal)
    with pytest.raises(TraceRefused, match="words"):
        refuse(province.session, proposal, province.alliance, "Lan", NOW, Reason.OTHER, "")


def test_the_same_workbook_twice_changes_nothing(province: Province) -> None:
    """What waits counts as said."""
    sheets = products(["CAM", "Cam vàng", "kg"])
    province.bring(sheets)
    first = province.only()
    report = province.bring(sheets)
    assert [(c.new, c.changed) for c in report.counts.values()] == [(0, 0)]
    assert province.only() is first


def test_a_later_change_joins_what_waits(province: Province) -> None:
    """Another field of the same product: one change to decide; the first stays as history."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    first = province.only()
    head = ("Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính", "Tiêu chuẩn")
    province.bring(
        products(["CAM", "Cam vàng", "kg", "TCCS 01"], head=head)
        | forms(["CAM", "TUI1", "Túi 1 kg", 1, "kg"])
    )
    both = province.only()
    assert first.state is State.SUPERSEDED
    assert province.form("TUI1") is None
    with pytest.raises(TraceRefused):
        province.approve(first)
    province.approve(both)
    assert (province.product().name, province.product().standard) == ("Cam vàng", "TCCS 01")
    assert province.form("TUI1") is not None


def test_what_is_put_back_waits_no_longer(province: Province) -> None:
    """The clerk writes the old name again: nothing is left to decide."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    first = province.only()
    province.bring(products(["CAM", "Cam sành", "kg"]))
    assert province.waiting() == []
    assert first.state is State.WITHDRAWN
    assert province.product().name == "Cam sành"


def test_batches_and_events_never_wait(province: Province) -> None:
    """The same workbook's batch is there at once; its pack form waits."""
    lots = {"Lô": [["Mã sản phẩm", "Số lô", "Số lượng", "Ngày sản xuất"], ["CAM", "L9", 10, "02/11/2026"]]}
    province.bring(forms(["CAM", "TUI", "Túi nửa cân", 500, "g"]) | lots)
    form = province.form()
    assert form is not None
    assert form.name == "Túi 500 g"
    assert province.session.scalars(select(Proposal)).one().product_id == province.product().id


def test_a_new_product_is_written_and_waits_as_a_whole(province: Province) -> None:
    """With its pack form; it is not public before. Refused and mended, it is proposed again."""
    province.bring(products(["BUOI", "Bưởi", "kg"]) | forms(["BUOI", "TUI2", "Túi", 2, "kg"]))
    proposal = province.only()
    assert proposal.is_new
    assert {r.sheet for r in from_json(proposal.entries)} == {"product", "pack_form"}
    assert not product_is_public(province.session, province.product("BUOI").id)
    province.refuse()
    assert not product_is_public(province.session, province.product("BUOI").id)
    province.bring(products(["BUOI", "Bưởi da xanh", "kg"]))
    assert province.product("BUOI").name == "Bưởi da xanh"
    again = province.only()
    assert again.is_new
    assert {(r.sheet, r.after["name"]) for r in from_json(again.entries)} == {
        ("product", "Bưởi da xanh"), ("pack_form", "Túi"),
    }  # fmt: skip
    province.approve()
    assert product_is_public(province.session, province.product("BUOI").id)
    province.bring(products(["BUOI", "Bưởi đỏ", "kg"]))
    assert province.product("BUOI").name == "Bưởi da xanh"


def test_a_combo_of_a_part_that_waits_is_told_at_once(province: Province) -> None:
    """A new combo cannot hold a pack form that is not there yet: nothing is brought in."""
    province.bring(forms(["CAM", "TUI3", "Túi 3 kg", 3, "kg"]))
    combo = products(["TET", "Giỏ Tết", "combo"]) | {
        "Quy cách": [["Mã sản phẩm", "Mã quy cách", "Tên quy cách", "Loại quy cách"], ["TET", "GIO", "Giỏ", "Combo"]],
        "Combo": [["Mã sản phẩm combo", "Mã quy cách combo", "Mã sản phẩm thành phần", "Mã quy cách thành phần",
                   "Số lượng"], ["TET", "GIO", "CAM", "TUI3", 2]],
    }  # fmt: skip
    report = province.run(combo, acting=province.htx)
    assert not report.applied
    assert "chờ duyệt" in report.problems[0].reason_vi
    assert province.session.scalars(select(Product).where(Product.code == "TET")).first() is None
    province.approve()
    province.bring(combo)


def test_what_was_changed_elsewhere_meanwhile_is_not_written_over(province: Province) -> None:
    """The alliance itself changed the name: the change that waits cannot be approved unseen."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    assert province.run(of_htx1("Cam xanh"), acting=province.alliance).applied
    assert province.product().name == "Cam xanh"
    with pytest.raises(TraceRefused, match="elsewhere"):
        province.approve()
    assert province.product().name == "Cam xanh"


def test_other_fields_changed_meanwhile_stay(province: Province) -> None:
    """Only what the change says is written."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    province.product().standard = "TCCS 9"
    province.session.flush()
    province.approve()
    assert (province.product().name, province.product().standard) == ("Cam vàng", "TCCS 9")


def test_stamps_printed_meanwhile_freeze_the_pack(province: Province) -> None:
    """As the workbook's own rule would: the content of a pack form with stamps stands."""
    province.bring(forms(["CAM", "TUI", "Túi 400 g", 400, "g"]))
    lot = province.session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    with pytest.raises(TraceRefused, match="printed"):
        province.approve(frozen={lot.id})


def test_the_unit_batches_are_counted_in_never_waits(province: Province) -> None:
    """No shopper sees it, and the workbook's own batches are counted by it."""
    province.bring(products(["TRUNG", "Trứng gà ta", "kg"]))
    assert (province.product("TRUNG").base_unit, province.product("TRUNG").name) == ("KGM", "Trứng gà")
    [record] = from_json(province.only().entries)
    assert set(record.after) == {"name"}


def test_a_confirmed_paper_stays_as_confirmed_until_its_change_is_approved(province: Province) -> None:
    """Approving confirms it anew; an unconfirmed one is simply changed, and a new one is written."""
    paper = province.session.scalars(select(Paper)).one()
    head = ["Mã giấy tờ", "Loại giấy tờ", "Số giấy", "Mã sản phẩm", "Ngày cấp", "Số sao"]
    rows: dict[str, Any] = {"Giấy tờ": [head, ["OCOP1", "OCOP", "99/QĐ", "CAM", "15/03/2025", 4]]}
    province.bring(rows)
    assert paper.number == "99/QĐ"
    confirm_paper(province.session, paper, province.product().id, province.alliance, "Lan", NOW)
    more: list[Any] = ["VG", "VietGAP", "1/VG", "CAM", "15/03/2025", None]
    province.bring({"Giấy tờ": [head, ["OCOP1", "OCOP", "100/QĐ", "CAM", "15/03/2025", 5], more]})
    assert (paper.number, paper.stars) == ("99/QĐ", 4)
    assert province.session.scalars(select(Paper).where(Paper.code == "VG")).one().number == "1/VG"
    standing = PaperConfirmation.withdrawn_at.is_(None)
    assert len(province.session.scalars(select(PaperConfirmation).where(standing)).all()) == 1
    province.approve()
    assert (paper.number, paper.stars) == ("100/QĐ", 5)
    assert len(province.session.scalars(select(PaperConfirmation).where(standing)).all()) == 1
    assert len(province.session.scalars(select(PaperConfirmation)).all()) == 2


def test_without_an_office_that_asks_changes_apply_and_are_on_record(province: Province) -> None:
    """The default; the office may look at them later. What waited goes on waiting."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    set_rule(province.session, province.alliance, waits=False, person="Lan", now=NOW.replace(minute=5))
    assert not changes_wait(province.session, province.htx)
    province.bring(products(["TRUNG", "Trứng gà ta", "quả"], ["MIT", "Mít", "kg"]))
    assert province.product("TRUNG").name == "Trứng gà ta"
    told = {
        (p.product.code, p.is_new, p.state)
        for p in province.session.scalars(select(Proposal))
        if p.product is not None
    }
    assert told == {
        ("CAM", False, State.WAITING), ("TRUNG", False, State.APPLIED), ("MIT", True, State.APPLIED),
    }  # fmt: skip
    assert product_is_public(province.session, province.product("MIT").id)
    province.approve()


def test_an_offices_own_import_never_waits(province: Province) -> None:
    """Neither does the operator's."""
    assert province.run(of_htx1("Cam vàng")).applied
    assert province.product().name == "Cam vàng"
    assert province.session.scalars(select(Proposal)).all() == []


def test_a_picture_waits_and_joins(province: Province) -> None:
    """From the desk; together with what the workbook said."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    province.session.add(Attachment(digest="a" * 64, media_type="image/webp", data=b"x"))
    waits = change_product(
        province.session, province.product(), {"picture": "a" * 64}, province.htx, "Mai", NOW
    )
    assert waits is province.only()
    assert province.product().picture is None
    province.approve()
    product = province.product()
    assert (product.picture, product.name) == ("a" * 64, "Cam vàng")


def test_a_picture_put_back_leaves_the_rest(province: Province) -> None:
    """What is as stored is no change."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    change_product(province.session, province.product(), {"picture": None}, province.htx, "Mai", NOW)
    [record] = from_json(province.only().entries)
    assert record.after == {"name": "Cam vàng"}


def test_a_form_begins_with_what_waits_and_pack_forms_join(province: Province) -> None:
    """So that saving it again loses nothing: fields of the product and of its pack forms, one change to decide."""
    product, form = province.product(), province.form()
    assert form is not None
    english = ("name_en", "description_en")
    change_product(
        province.session, product, {"name_en": "Orange", "description_en": ""}, province.htx, "Mai", NOW
    )
    again = as_proposed(province.session, product, english)
    assert again == {"name_en": "Orange", "description_en": ""}
    again["description_en"] = "Sweet."
    pack = {"TUI": {"name_en": "Bag of 500 g"}}
    change_product(province.session, product, again, province.htx, "Mai", NOW, pack)
    assert form_as_proposed(province.session, form, ["name_en"]) == {"name_en": "Bag of 500 g"}
    assert (product.name_en, form.name_en) == ("", "")
    province.approve()
    assert (product.name_en, product.description_en, form.name_en) == ("Orange", "Sweet.", "Bag of 500 g")
    assert as_proposed(province.session, product, english) == {
        "name_en": "Orange",
        "description_en": "Sweet.",
    }


def test_a_new_products_form_changes_what_waits(province: Province) -> None:
    """It is applied, and proposed again whole."""
    province.bring(products(["BUOI", "Bưởi", "kg"]) | forms(["BUOI", "TUI2", "Túi", 2, "kg"]))
    product = province.product("BUOI")
    pack = {"TUI2": {"name_en": "Bag"}}
    change_product(province.session, product, {"name_en": "Pomelo"}, province.htx, "Mai", NOW, pack)
    assert product.name_en == "Pomelo"
    proposal = province.only()
    assert proposal.is_new
    assert {r.sheet: r.after["name_en"] for r in from_json(proposal.entries)} == {
        "product": "Pomelo",
        "pack_form": "Bag",
    }


def test_the_cooperative_takes_its_change_back(province: Province) -> None:
    """Then there is nothing to approve; a new product cannot be taken back."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    proposal = province.only()
    take_back(province.session, proposal, "Mai", NOW)
    with pytest.raises(TraceRefused):
        province.approve(proposal)
    province.bring(products(["MIT", "Mít", "kg"]))
    with pytest.raises(TraceRefused, match="workbook"):
        take_back(province.session, province.only(), "Mai", NOW)


@pytest.mark.parametrize("act", [Province.approve, Province.refuse], ids=["approve", "refuse"])
def test_only_an_office_that_looks_after_it_decides(province: Province, act: Callable[..., None]) -> None:
    """Neither another alliance nor the cooperative itself."""
    province.bring(products(["CAM", "Cam vàng", "kg"]))
    for office in (Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Xa"), province.htx):
        stranger = dataclasses.replace(province, alliance=office)
        with pytest.raises(TraceRefused, match="look after"):
            act(stranger)


def test_a_dry_run_stores_nothing(province: Province) -> None:
    """It tells that the change would wait."""
    report = province.bring(products(["CAM", "Cam vàng", "kg"]), dry_run=True)
    assert "chờ duyệt" in report.notes[-1].vi
    assert province.waiting() == []


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "{name}", "+84 {0}", "a" * 200, "🍊 \u202e"])
def test_hostile_names_survive_the_way(province: Province, name: str) -> None:
    """Through JSON and back, as typed and cleaned like any cell."""
    province.bring(products(["CAM", name, "kg"]))
    province.approve()
    assert province.product().name == clean(name)
