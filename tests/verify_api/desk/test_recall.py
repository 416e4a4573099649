"""From a bad lot to stamps that say so: finding, the list, hold and recall, and who may do which."""

import csv
import datetime as dt
import io
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from httpx import Response
from sqlalchemy import func, select

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.copies.records import StampState
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notices_for_run
from temthat_stamps.runs.records import NoticeRecord, Run
from temthat_stamps.runs.register import register_run
from temthat_stamps.verdict import Word
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Party
from temthat_trace.products import PackForm
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.sessions import open_session

from .conftest import CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Browser, Office
from .test_lineage import copy, link

if TYPE_CHECKING:
    from tests.verify_api.conftest import World


def drill(office: Office) -> tuple[int, int]:
    """A field's lot, packs made from it, and stamps of both; the runs."""
    field = copy(office, "RUONG-A")
    link(office, office.batch_id(), field, 40)
    runs = office.printed(20, lot="RUONG-A"), office.printed(100)
    with office.session() as session:
        for serial, checks, sold in ((1, 1, None), (2, 3, NOW), (3, 0, None)):
            session.add(StampState(run=runs[1], serial=serial, checks=checks, sold_at=sold))
        session.commit()
    return runs


def send(browser: Browser, **fields: str) -> Response:
    """Find, then press the button with what the page gave."""
    asked = {name: value for name, value in fields.items() if name not in ("kind", "reason", "sure")}
    page = f"/desk/recall?{urlencode(asked)}"
    found = re.search(r'name="seen" value="(\w+)"', browser.open(page).text)
    data = {"sure": "1", "reason": "contamination", **fields, "seen": found[1] if found else ""}
    return browser.submit("/desk/recall", at=page, **data)


def kinds(office: Office, run: int) -> list[str]:
    """What stands on a run."""
    with office.session() as session:
        return [notice.kind.value for notice in notices_for_run(session, session.get_one(Run, run))]


def test_a_bad_lot_is_followed_to_every_stamp(any_office: Office) -> None:
    """Batches, runs, stamps checked and sold, whom to call, and how long it took; without script."""
    drill(any_office)
    page = any_office.browser(CLERK).open("/desk/recall?lot=ruong-a").text
    said = re.sub(r"<[^>]+>|\s+", " ", page).replace("  ", " ")
    assert "RUONG-A" in page
    assert "DE-2611" in page
    assert re.search(r"2 +lô · +120 +tem", said)
    assert "2 tem đã có người kiểm tra, 1 tem đã ghi nhận bán" in said
    assert re.search(r"Tìm trong 0,\d giây", said)
    assert "HTX Nông nghiệp Đồi Dẻ (mẫu)" in said
    assert "<script" not in page
    assert " style=" not in page


def test_words_of_the_diary_a_place_and_a_paper_lead_there_too(office: Office) -> None:
    """As recorded: the diary speaks of drying, the place is Lạng Sơn, the paper is that of the chestnuts."""
    drill(office)
    browser = office.browser(CLERK)
    for asked in ({"words": "hat rung phoi nang"}, {"province": "20"}, {"paper": "1234/QĐ-UBND"}):
        assert "DE-2611" in browser.open(f"/desk/recall?{urlencode(asked)}").text, asked
    assert "DE-2611" not in browser.open("/desk/recall?words=thuoc+sau+la").text
    assert browser.open("/desk/recall?since=hôm-qua").status_code == 422
    assert "Không tìm thấy xã" in browser.open("/desk/recall?commune=xã+không+có").text


def test_the_list_opens_in_excel_and_computes_nothing(office: Office) -> None:
    """UTF-8 with BOM; a lot that looks like a formula stays text."""
    drill(office)
    bad = copy(office, "=1+1")
    link(office, bad, office.batch_id(), 1)
    answer = office.browser(CLERK).open("/desk/recall.csv?lot=RUONG-A")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:4] == ["Đơn vị", "Điện thoại", "Sản phẩm", "Lô"]
    assert [(row[3], row[6], row[9], row[10], row[11]) for row in rows] == [
        ("RUONG-A", "0", "20", "0", "0"),
        ("DE-2611", "1", "100", "2", "1"),
        ("'=1+1", "2", "0", "0", "0"),
    ]


def test_the_producer_holds_alone_and_the_alliance_recalls(office: Office) -> None:
    """One notice at the root speaks for all; the producer has no button to recall, and cannot post one either."""
    runs = drill(office)
    clerk = office.browser(CLERK)
    assert 'value="recall"' not in clerk.open("/desk/recall?lot=RUONG-A").text
    assert send(clerk, lot="RUONG-A", kind="recall").status_code == 422
    assert [kinds(office, run) for run in runs] == [[], []]
    done = clerk.follow(send(clerk, lot="RUONG-A", kind="hold"))
    assert "Đã ký thông báo giữ lại" in done.text
    assert [kinds(office, run) for run in runs] == [["hold"], ["hold"]]
    officer = office.browser(OFFICER)
    done = officer.follow(send(officer, lot="RUONG-A", kind="recall"))
    assert done.text.count("Đang thu hồi") == 2  # the lot, and what was made of it
    assert [kinds(office, run) for run in runs] == [["recall"], ["recall"]]
    for again in ("hold", "recall"):
        assert send(officer, lot="RUONG-A", kind=again).status_code == 422
    with office.session() as session:
        assert session.scalar(select(func.count()).select_from(NoticeRecord)) == 2


def test_a_yes_counts_only_for_what_was_seen(office: Office) -> None:
    """Without the tick, or when a batch came in between, nothing happens and the page says why."""
    runs = drill(office)
    browser = office.browser(CLERK)
    page = "/desk/recall?lot=RUONG-A"
    fields = {"lot": "RUONG-A", "kind": "hold", "reason": "other"}
    assert "Chưa có gì thay đổi" in browser.submit("/desk/recall", at=page, **fields).text
    stale = browser.submit("/desk/recall", at=page, **fields, sure="1", seen="0" * 16)
    assert "Danh sách vừa thay đổi" in stale.text
    assert '<option value="other" selected>' in stale.text
    for wrong in ({"kind": "lift"}, {"reason": "resolved"}):
        assert browser.submit("/desk/recall", at=page, **{**fields, **wrong}, sure="1").status_code == 400
    assert kinds(office, runs[1]) == []


def test_who_sees_and_who_may_act(office: Office) -> None:
    """A neighbour and a far alliance find nothing; an inspector sees all and signs nothing."""
    runs = drill(office)
    for phone in (NEIGHBOUR, FAR_OFFICER):
        browser = office.browser(phone)
        assert "DE-2611" not in browser.open("/desk/recall?lot=RUONG-A").text
        assert send(browser, lot="RUONG-A", kind="hold").status_code == 422
    inspector = office.browser(INSPECTOR)
    page = inspector.open("/desk/recall?lot=RUONG-A").text
    assert "DE-2611" in page
    assert 'name="sure"' not in page
    assert send(inspector, lot="RUONG-A", kind="hold").status_code == 403
    assert kinds(office, runs[1]) == []


def test_goods_that_others_made_of_it_are_counted_not_named(office: Office) -> None:
    """The producer learns that there are some; its alliance sees them, and only with it a notice can fall on them."""
    link(office, office.batch_id("NA-2609"), office.batch_id(), 5)
    clerk = office.browser(CLERK)
    page = clerk.open("/desk/recall?lot=DE-2611").text
    assert "Còn 1 lô của đơn vị khác" in page
    assert "NA-2609" not in page
    assert send(clerk, lot="DE-2611", kind="hold").status_code == 422
    assert "NA-2609" in office.browser(OFFICER).open("/desk/recall?lot=DE-2611").text


@pytest.mark.anyio
async def test_from_a_bad_fertiliser_to_a_stamp_refused(founded_world: "World", tmp_path: Path) -> None:
    """The drill whole: a bag in a field's diary, a hold by the producer, a recall by the alliance, the next check.

    Online at once; without a network with the next bundle.
    """
    world, now = founded_world, founded_world.now
    services = world.services
    with services.sessions() as session:
        form = session.scalars(select(PackForm)).one()
        party, alliance = (
            session.scalars(select(Party).where(Party.code == c)).one() for c in ("HTX-MAU", "LM")
        )
        field, pack = (
            Batch(party_id=party.id, product_id=form.product_id, lot=lot, quantity=Decimal(50), unit="KGM",
                  made_on=dt.date(2026, 5, 1), expires_on=dt.date(2026, 12, 31), province="01")
            for lot in ("DOI-1", "GOI-1")
        )  # fmt: skip
        bag = line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-B", quantity=Decimal(50), unit="KGM")
        entry = Event(step=Step.CARE, at=now, text="Bón thúc", actor="", recorded_by=party.id, recorded_at=now,
                      lines=[bag])  # fmt: skip
        entry.seal()
        field.events.append(entry)
        session.add_all([field, pack])
        session.flush()
        session.add(BatchSource(batch_id=pack.id, source_id=field.id, quantity=Decimal(50), unit="KGM"))
        people = [
            Person(phone=f"+8491200000{n}", name="Người", party_id=p.id, role=role, created_at=now)
            for n, (p, role) in enumerate(((party, Role.CLERK), (alliance, Role.OFFICER)))
        ]
        session.add_all(people)
        session.flush()
        run = register_run(session, services.registry, pack, form, 40).run
        clerk, officer = (open_session(session, person, now) for person in people)
        session.commit()
    code = world.code(run, 7)
    services.record.publish(bundle_now=True)
    store = TrustStore(
        tmp_path / "scanner", (services.settings.public_dir / "trust" / "1.root.json").read_bytes(), now
    )
    store.update(parse_pack(make_pack(services.settings.public_dir)), now)
    assert judge_offline(code, store.load(), now).verdict.word is Word.GENUINE_OFFLINE
    cookie = "__Host-temthat_desk" if services.settings.secure_cookies else "temthat_desk"
    began = time.perf_counter()
    async with world.client() as phone:
        assert (await phone.post("/api/v1/verify", json={"code": code})).json()["verdict"] == "genuine"
        for token, kind, verdict in ((clerk, "hold", "not_applied"), (officer, "recall", "recalled")):
            async with world.again(cookies={cookie: token}) as desk:
                page = (
                    await desk.get("/desk/recall", params={"material": "npk", "material_lot": "2609 b"})
                ).text
                assert "GOI-1" in page
                hidden = dict(
                    re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page[page.index('id="act"') :])
                )
                data = {**hidden, "kind": kind, "reason": "input_recalled", "sure": "1"}
                assert (await desk.post("/desk/recall", data=data)).status_code == 303
            assert (await phone.post("/api/v1/verify", json={"code": code})).json()["verdict"] == verdict
        assert time.perf_counter() - began < 60
        assert judge_offline(code, store.load(), now).verdict.word is Word.GENUINE_OFFLINE
        services.record.publish(bundle_now=True)
        store.update(parse_pack(make_pack(services.settings.public_dir)), now)
        assert judge_offline(code, store.load(), now).verdict.word is Word.RECALLED


def test_the_desk_says_that_a_batch_is_recalled_and_sends_nobody_to_stamp_it(office: Office) -> None:
    """On its page, in the list, and for what was made from it; the next step is another one."""
    field = copy(office, "RUONG-A")
    link(office, office.batch_id(), field, 40)
    office.printed(20, lot="RUONG-A")
    clerk = office.browser(CLERK)
    source, made = f"/desk/batches/{field}", f"/desk/batches/{office.batch_id()}"
    assert "Đang thu hồi" not in clerk.open(source).text
    assert made in re.findall(r'class="button main" href="([^"]+)"', clerk.open("/desk").text)
    send(office.browser(OFFICER), lot="RUONG-A", kind="recall")
    assert "Thông báo trên chính lô này." in clerk.open(source).text
    assert "Thông báo trên một lô nguồn của lô này." in clerk.open(made).text
    assert "button main" not in clerk.open(made).text
    with pytest.raises(RunRefused, match="being recalled"):
        office.printed(1)
    home = clerk.open("/desk").text
    assert home.count("Đang thu hồi") == 2
    assert made not in re.findall(r'class="button main" href="([^"]+)"', home)


def test_a_search_for_nothing_says_so(office: Office) -> None:
    """The button with every field empty; the page opened for the first time says nothing."""
    browser = office.browser(CLERK)
    assert "Chưa ghi gì để tìm" not in browser.open("/desk/recall").text
    answer = browser.open("/desk/recall?lot=&words=+&since=")
    assert answer.status_code == 422
    assert "Chưa ghi gì để tìm" in answer.text
