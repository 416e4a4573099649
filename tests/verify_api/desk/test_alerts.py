"""Alerts at the desk: who sees them, what they say, moving one on, holding one stamp; nothing is held by itself."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.records import StampEvent, signal
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.records import IssuerKey, NoticeRecord
from temthat_stamps.verdict import Asker, NoticeKind
from temthat_trace.ids import uuid7
from temthat_verify_api.alerts.records import Alert, AlertStep, AlertSubscription, What
from temthat_verify_api.alerts.rounds import sweep
from temthat_verify_api.desk import provincemap
from temthat_verify_api.desk.words import texts
from temthat_verify_api.receivers import SubscriptionState

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Office


@dataclass
class Case:
    """An office with one alert about a run of chestnuts."""

    office: Office
    run: int
    alert: uuid.UUID

    @property
    def path(self) -> str:
        return f"/desk/alerts/{self.alert}"

    def steps(self) -> list[tuple[What, AlertState, str, str]]:
        with self.office.session() as session:
            found = session.scalars(select(AlertStep).order_by(AlertStep.at, AlertStep.id))
            return [(s.what, s.state, s.note, s.by_person) for s in found]

    def seen(self, browser: object) -> str:
        found = re.search(r'name="seen" value="([^"]+)"', browser.open(self.path).text)  # type: ignore[attr-defined]
        assert found
        return found[1]


def evidence(office: Office, run: int, *signals: tuple[int, str, str, int]) -> None:
    """Signals (serial, kind, province, days before now), then a round."""
    with office.session() as session:
        for serial, kind, province, days in signals:
            signal(session, run, serial, kind, NOW - dt.timedelta(days=days), province)
        session.commit()
    sweep(office.services)


def checked(office: Office, run: int, serial: int, *places: str) -> None:
    with office.session() as session:
        for place in places:
            session.add(
                StampEvent(
                    run=run, serial=serial, id=uuid7(), at=NOW, event=StampEventKind.CHECK, kind=Asker.CONSUMER,
                    place=place, verdict="genuine",
                )
            )  # fmt: skip
        session.commit()


@pytest.fixture
def case(office: Office) -> Case:
    run = office.printed()
    office.clock[0] = NOW
    checked(office, run, 7, *["79"] * 5, *["92"] * 2, *["62"] * 4, "8a194ad32187fff")
    evidence(
        office,
        run,
        (7, "suspect", "79", 9),
        (7, "sales", "79", 3),
        (9, "suspect", "01", 2),
        (12, "report", "01", 1),
    )
    with office.session() as session:
        return Case(office, run, session.scalars(select(Alert.id)).one())


def test_the_page_tells_why_where_and_which_stamps(case: Case) -> None:
    """Evidence in words with its ordinary reasons, provinces with their old names, printed numbers, a time line."""
    page = case.office.browser(CLERK).open(case.path).text
    words = texts("vi")
    assert words["alerts.kind.sales"].format(n=1) in page
    assert words["alerts.ordinary.sales"] in page
    assert words["alerts.suspects"].format(n=2) in page
    assert "Hồ Chí Minh, Bình Dương, Bà Rịa - Vũng Tàu" in page
    assert re.search(r'<th scope="row">Hồ Chí Minh <.*?</th><td>5</td>', page, re.S)
    assert re.search(r'<th scope="row">Cần Thơ <.*?</th><td>dưới 3</td>', page, re.S)
    assert re.search(r'<th scope="row">Quảng Ngãi <.*?</th><td>4</td>', page, re.S)  # 62 was Kon Tum
    assert words["alerts.unknown_few"] in page
    assert (
        len(re.findall(r'<span class="mono">[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}</span>', page))
        == 3
    )
    assert page.index(f"{case.run}</a> / 7") < page.index(f"{case.run}</a> / 12")
    assert f"/desk/recall?batch={case.office.batch_id()}" in page
    assert words["alerts.what.opened"] in page
    assert f"/desk/reports?run={case.run}&amp;serial=12" in page
    assert "<script" not in page


def test_who_sees_it(case: Case) -> None:
    """The producer, its alliance, inspectors; no neighbour and no other province."""
    for phone in (CLERK, ADMIN, OFFICER, INSPECTOR):
        browser = case.office.browser(phone)
        assert browser.open(case.path).status_code == 200
        assert case.path in browser.open("/desk/alerts").text
        assert texts("vi")["alerts.home"].format(n=1) in browser.open("/desk").text
    for phone in (NEIGHBOUR, FAR_OFFICER):
        browser = case.office.browser(phone)
        assert browser.open(case.path).status_code == 404
        assert case.path not in browser.open("/desk/alerts").text


def test_a_person_moves_it_on_with_a_reason(case: Case) -> None:
    """Who, when, why; without a reason nothing changes; done alerts stand in their own list."""
    browser = case.office.browser(OFFICER)
    to = case.path + "/state"
    seen = case.seen(browser)
    refused = browser.submit(to, at=case.path, state="explained", note="  ", seen=seen)
    assert refused.status_code == 422
    assert texts("vi")["alerts.no_note"] in refused.text
    assert len(case.steps()) == 1
    answer = browser.submit(to, at=case.path, state="explained", note="Máy tính tiền ghi trùng", seen=seen)
    assert texts("vi")["done.alert_state"] in browser.follow(answer).text
    assert case.steps()[1:] == [(What.CHANGED, AlertState.EXPLAINED, "Máy tính tiền ghi trùng", "Vi Thị Lan")]
    assert case.path not in browser.open("/desk/alerts").text
    assert case.path in browser.open("/desk/alerts?show=done").text
    assert "Máy tính tiền ghi trùng" in case.office.browser(CLERK).open(case.path).text


def test_nobody_decides_on_what_they_have_not_seen(case: Case) -> None:
    """New evidence between page and button: nothing changes, what was typed stays."""
    browser = case.office.browser(CLERK)
    seen = case.seen(browser)
    evidence(case.office, case.run, (20, "gone", "20", 0))
    answer = browser.submit(case.path + "/state", at=case.path, state="closed", note="xong", seen=seen)
    assert answer.status_code == 422
    assert texts("vi")["alerts.changed"] in answer.text
    assert ">xong</textarea>" in answer.text
    assert len(case.steps()) == 1


def test_new_evidence_reopens_it(case: Case) -> None:
    """The page says that it is open again, and why it was closed before."""
    browser = case.office.browser(INSPECTOR)
    browser.submit(case.path + "/state", at=case.path, state="closed", note="đã xem", seen=case.seen(browser))
    case.office.forward(hours=1)
    evidence(case.office, case.run, (9, "pins", "48", -1))
    assert [what for what, *_ in case.steps()] == [What.OPENED, What.CHANGED, What.REOPENED]
    page = browser.open(case.path).text
    assert texts("vi")["alerts.what.reopened"] in page
    assert "đã xem" in page
    assert case.path in browser.open("/desk/alerts").text


def test_a_merged_alert_leads_to_the_older_one(case: Case) -> None:
    """An address in an old mail still works."""
    evidence(case.office, case.run, (30, "sales", "01", -40))
    with case.office.session() as session:
        other = session.scalars(select(Alert.id).where(Alert.id != case.alert)).one()
    evidence(case.office, case.run, (31, "sales", "01", -20))
    browser = case.office.browser(CLERK)
    assert browser.open(f"/desk/alerts/{other}").headers["location"].startswith(case.path)
    assert f"/desk/alerts/{other}" not in browser.open("/desk/alerts").text


def notices(office: Office) -> list[tuple[str, NoticeKind]]:
    with office.session() as session:
        return [(n.target, n.kind) for n in session.scalars(select(NoticeRecord))]


def test_nothing_is_held_but_one_stamp_by_a_person(case: Case) -> None:
    """The alert itself gave no notice; the form holds one serial after a yes; the page says so."""
    assert notices(case.office) == []
    browser = case.office.browser(CLERK)
    at = f"{case.path}/hold?run={case.run}&serial=7"
    fields = {"run": str(case.run), "serial": "7", "reason": "under_inspection"}
    refused = browser.submit(case.path + "/hold", at=at, **fields)
    assert refused.status_code == 422
    assert notices(case.office) == []
    answer = browser.submit(case.path + "/hold", at=at, sure="1", **fields)
    page = browser.follow(answer).text
    assert notices(case.office) == [(f"stamps:{case.run}:7-7", NoticeKind.HOLD)]
    assert texts("vi")["alerts.what.held"].format(stamp=f"{case.run}/7") in page
    assert texts("vi")["alerts.notice.hold"] in page
    assert case.steps()[-1] == (What.HELD, AlertState.OPEN, f"{case.run}/7", "Hoàng Thị Mai")


def test_only_stamps_of_the_alert_are_held_and_only_by_who_may(case: Case) -> None:
    """Another serial is not found; an inspector looks and does not sign."""
    browser = case.office.browser(CLERK)
    assert browser.open(f"{case.path}/hold?run={case.run}&serial=8").status_code == 404
    inspector = case.office.browser(INSPECTOR)
    assert inspector.open(f"{case.path}/hold?run={case.run}&serial=7").status_code == 403
    assert texts("vi")["alerts.hold_one"] not in inspector.open(case.path).text
    assert case.office.browser(OFFICER).open(f"{case.path}/hold?run={case.run}&serial=7").status_code == 200


def test_who_keeps_its_own_key_signs_at_home(case: Case) -> None:
    """The form gives a file to sign; nothing is held before it comes back."""
    with case.office.session() as session:
        party = case.office.party_id("HTX-DE")
        for key in session.scalars(select(IssuerKey).where(IssuerKey.party_id == party)):
            key.custody = Custody.OWN
        session.commit()
    browser = case.office.browser(ADMIN)
    at = f"{case.path}/hold?run={case.run}&serial=7"
    fields = {"run": str(case.run), "serial": "7", "reason": "complaint", "sure": "1"}
    page = browser.submit(case.path + "/hold", at=at, **fields).text
    found = re.search(r'href="(/desk/alerts/[^"]+request\.json[^"]+)"', page)
    assert found
    file = browser.open(found[1].replace("&amp;", "&"))
    assert f"stamps:{case.run}:7-7" in file.text
    assert notices(case.office) == []


def test_words_never_accuse() -> None:
    """The words that no answer about a copied code may have are not in these pages either."""
    forbidden = (
        "hàng giả",
        "làm giả",
        "gian lận",
        "lừa",
        "kẻ ",
        "thủ phạm",
        "counterfeit",
        "fake",
        "fraud",
        "criminal",
    )
    for lang in ("vi", "en"):
        said = " ".join(v.lower() for k, v in texts(lang).items() if k.startswith("alerts."))
        assert [word for word in forbidden if word in said] == []


def test_every_province_has_its_tile() -> None:
    """34 tiles, none twice on one place, and the land of every old code counts on one of them."""
    from temthat_trace.places import old_provinces, provinces

    tiles = provincemap.tiles(dict.fromkeys(old_provinces(), 1))
    assert {tile.code for tile in tiles} == set(provinces())
    assert len({(tile.x, tile.y) for tile in tiles}) == 34
    assert sum(tile.count for tile in tiles) == 63


def number_of(case: Case, serial: int) -> str:
    page = case.office.browser(CLERK).open(case.path).text
    found = re.search(
        rf'<span class="mono">([^<]+)</span></th>\s*<td[^>]*><a[^>]*>{case.run}</a> / {serial}<', page
    )
    assert found
    return found[1]


def test_an_inspector_who_had_the_pack_in_hand_makes_evidence(case: Case) -> None:
    """By the printed number, with a reason; it joins the alert, and who said it stands there. No stamp is held."""
    browser = case.office.browser(INSPECTOR)
    fields = {"stamp": number_of(case, 9).lower(), "province": "48", "note": "PIN không khớp", "sure": "1"}
    for change, why in (
        ({"sure": ""}, "alerts.find_not_sure"),
        ({"note": " "}, "alerts.find_no_note"),
        ({"stamp": "0000 0000 0000 0000"}, "alerts.find_unknown"),
        ({"stamp": "https://elsewhere.vn/T/ABC"}, "alerts.find_unknown"),
    ):
        refused = browser.submit("/desk/alerts/found", **{**fields, **change})
        assert (refused.status_code, texts("vi")[why] in refused.text) == (422, True)
    assert len(case.steps()) == 1
    answer = browser.submit("/desk/alerts/found", **fields)
    page = browser.follow(answer).text
    assert answer.headers["location"].startswith(case.path)
    assert texts("vi")["alerts.kind.inspector"].format(n=1) in page
    assert case.steps()[1:] == [
        (What.FOUND, AlertState.OPEN, f"{case.run}/9: PIN không khớp", "Trần Văn Kiểm")
    ]
    assert notices(case.office) == []


def test_only_offices_and_inspectors_find(case: Case) -> None:
    """A producer's own word is no evidence about its goods; another province's office is not heard."""
    assert case.office.browser(CLERK).open("/desk/alerts/found").status_code == 403
    far = case.office.browser(FAR_OFFICER)
    fields = {"stamp": number_of(case, 9), "note": "x", "sure": "1"}
    assert far.submit("/desk/alerts/found", **fields).status_code == 422
    assert len(case.steps()) == 1


def test_addresses_are_made_resumed_and_ended(case: Case) -> None:
    """The secret is shown once; what is no address is refused; nobody touches another organisation's."""
    browser, path = case.office.browser(CLERK), "/desk/alerts/addresses"
    made = browser.submit(path, way="webhook", dest="https://he-thong.example.vn/nhan")
    secret = re.search(r'<b class="mono">([\w-]{43})</b>', made.text)
    assert secret
    assert secret[1] not in browser.open(path).text
    for dest in ("https://he-thong.example.vn/nhan", "ftp://x.vn", ""):
        assert browser.submit(path, way="webhook", dest=dest).status_code == 422
    assert browser.submit(path, way="email", dest="a@example.vn").status_code == 400  # no mail server is set
    with case.office.session() as session:
        one = session.query(AlertSubscription).one()
        assert secret[1].encode() not in (one.sealed_secret or b"")
        one.state, one.failures, one.problem = SubscriptionState.PAUSED, 20, "hỏng / broken"
        session.commit()
    assert texts("vi")["alerts.paused"] in browser.open(path).text
    other = case.office.browser(OFFICER)
    assert other.submit(f"{path}/{one.id}/end", at=path).status_code == 404
    browser.submit(f"{path}/{one.id}/resume", at=path)
    with case.office.session() as session:
        assert session.query(AlertSubscription).one().state is SubscriptionState.ACTIVE
    browser.submit(f"{path}/{one.id}/end", at=path)
    with case.office.session() as session:
        assert session.query(AlertSubscription).count() == 0


def test_what_people_found_stays_when_it_is_closed(case: Case) -> None:
    """Confirmed, then closed: it was confirmed. New evidence asks again."""
    browser = case.office.browser(OFFICER)
    for state in ("confirmed", "closed"):
        browser.submit(case.path + "/state", at=case.path, state=state, note="x", seen=case.seen(browser))

    def outcome() -> AlertState | None:
        with case.office.session() as session:
            return session.get_one(Alert, case.alert).outcome

    assert outcome() is AlertState.CONFIRMED
    page = browser.open("/desk/alerts/model").text
    assert re.search(rf"{texts('vi')['alerts.state.confirmed']}</th><td>1<", page)
    evidence(case.office, case.run, (30, "gone", "20", 0))
    assert outcome() is None


def test_how_well_it_works_is_for_offices(case: Case) -> None:
    """EMVS's rate beside ours, thresholds, what the model cannot tell; a producer has no such page."""
    page = case.office.browser(OFFICER).open("/desk/alerts/model").text
    words = texts("vi")
    assert "2.100" in page
    assert words["alerts.limit.1"] in page
    assert words["alerts.rule.not_learned"] in page
    assert case.office.browser(INSPECTOR).open("/desk/alerts/model").status_code == 200
    assert case.office.browser(CLERK).open("/desk/alerts/model").status_code == 404
