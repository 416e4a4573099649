"""The recall drill on phones: a clerk holds, an officer recalls, a shopper's page says so each time; no script."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from temthat_stamps.runs.records import Run
from temthat_stamps.texts import say
from temthat_stamps.verdict import Verdict, Word
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.sessions import open_session

from ..conftest import build_world
from .test_in_browser import chromium, pytestmark, site  # noqa: F401 - fixtures, and the mark for want of a browser

if TYPE_CHECKING:
    from ..conftest import World

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator["World"]:
    """A world whose desk takes a session over plain HTTP."""
    built = build_world(sqlite_url, tmp_path / "data", secure_cookies=False)
    yield built
    built.services.close()


def written(world: "World", run: int) -> dict[Role, str]:
    """The diary of a run's batch: a bag of fertiliser, and goods sent to a shop. The sessions of two people."""
    with world.services.sessions() as session:
        batch = session.get_one(Run, run).batch
        lines = {
            Step.CARE: line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-B"),
            Step.TRANSPORT: line(LineRole.SENT, "", partner="Cửa hàng Sạch", quantity=Decimal(9), unit="KGM"),
        }
        for step, one in lines.items():
            entry = Event(batch_id=batch.id, step=step, at=world.now, text="", recorded_by=batch.party_id,
                          recorded_at=world.now, lines=[one])  # fmt: skip
            entry.seal()
            session.add(entry)
        tokens: dict[Role, str] = {}
        for code, role in (("HTX-MAU", Role.CLERK), ("LM", Role.OFFICER)):
            party = session.query(Party).filter_by(code=code).one()
            person = Person(phone=f"+849120000{len(tokens)}", name="Người", party_id=party.id, role=role,
                            created_at=world.now)  # fmt: skip
            session.add(person)
            session.flush()
            tokens[role] = open_session(session, person, world.now)
        session.commit()
    return tokens


def phone(chromium: Browser, address: str, token: str = "") -> Page:  # noqa: F811
    """A small phone without script, signed in or not."""
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False, locale="vi-VN")
    if token:
        context.add_cookies([{"name": "temthat_desk", "value": token, "url": address}])
    return context.new_page()


def fits(page: Page) -> bool:
    """Whether nothing stands out at the side."""
    box = page.locator("main").bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


def title(word: Word) -> str:
    """What the page of such a verdict is headed with."""
    return say(Verdict(word, ()), "vi").title


def test_from_a_bad_bag_to_a_phone_that_refuses_the_pack(
    chromium: Browser, world: "World", site: str  # noqa: F811
) -> None:  # fmt: skip
    """By the bag's name and number; the customer to call is named; each yes changes what the shopper is told."""
    run = world.run()
    people = written(world, run)
    stamp = f"{site}/T/{world.code(run, 7)}"

    def shopper() -> str:
        page = phone(chromium, site)
        page.goto(stamp)
        assert fits(page)
        return page.locator("h1").inner_text()

    assert shopper() == title(Word.GENUINE)
    for role, button, word in (
        (Role.CLERK, "Giữ lại", Word.NOT_APPLIED),
        (Role.OFFICER, "Thu hồi", Word.RECALLED),
    ):
        page = phone(chromium, site, people[role])
        page.goto(f"{site}/desk/recall")
        page.get_by_label(re.compile("^Vật tư")).fill("phân npk")
        page.get_by_label("Số lô của vật tư").fill("2609 b")
        page.get_by_role("button", name="Tìm", exact=True).click()
        page.get_by_text("Cửa hàng Sạch").wait_for()
        assert fits(page)
        page.get_by_label(re.compile("Tôi đã xem")).check()
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_text(re.compile("Đã ký thông báo")).first.wait_for()
        assert shopper() == title(word)
