"""The privacy note says what the code does: its numbers are the code's, in both languages and in the documents."""

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from temthat_verify_api.pages.privacy import facts
from temthat_verify_api.settings import Settings

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[3] / "docs"
NOT_OURS = {91, 2025, 15, 30}
"""Law 91/2025/QH15, and the days that operators are told to keep backups."""


def numbers(page: str) -> set[int]:
    """Every number a reader of the page's body sees."""
    main = page[page.index("<main") : page.index("</main>")]
    return {int(number) for number in re.findall(r"\d+", html.unescape(re.sub(r"<[^>]*>", " ", main)))}


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_every_number_on_the_page_is_the_codes(world: "World", lang: str) -> None:
    """None is typed into a text, and none of the code's is left out."""
    settings = world.services.settings.model_copy(
        update={"checks_kept_days": 77, "hotline": "", "operator_name": "Liên minh"}
    )
    object.__setattr__(world.services, "settings", settings)
    async with world.client() as client:
        page = (await client.get("/privacy", params={"lang": lang})).text
    told = {value for value in facts(settings).values() if type(value) is int}
    assert 77 in told
    assert numbers(page) - NOT_OURS == told - NOT_OURS


def test_the_numbers_are_what_people_were_promised() -> None:
    """Whoever changes one changes what shoppers were told: the page does it by itself, operators have to know."""
    known = facts(Settings(mode="demo"))
    assert {name: value for name, value in known.items() if type(value) is int} == {
        "kept_days": 90,
        "receipt_days": 90,
        "province_days": 30,
        "same_minutes": 30,
        "view_minutes": 10,
        "memory_minutes": 60,
        "contact_days": 180,
        "photo_days": 365,
        "words_days": 730,
        "told_from": 3,
        "answer_days": 2,
    }


@pytest.mark.parametrize("name", ["privacy.md", "privacy-impact.md"])
def test_the_documents_tell_the_same_days(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    known = facts(Settings(mode="demo"))
    for days in ("kept_days", "receipt_days", "contact_days", "photo_days", "words_days"):
        assert f"{known[days]} days" in text, days


async def test_a_gateway_for_sms_is_told_of_where_there_is_one(world: "World") -> None:
    async with world.client() as client:
        assert "SMS" not in (await client.get("/privacy")).text
        settings = world.services.settings.model_copy(update={"sms_secret": SecretStr("s" * 16)})
        object.__setattr__(world.services, "settings", settings)
        assert "Nhắn tin SMS" in (await client.get("/privacy")).text
        assert "You send an SMS" in (await client.get("/privacy?lang=en")).text


async def test_the_page_is_for_everybody(world: "World") -> None:
    """Vietnamese first, no script, tables and headings that can be read aloud, a way to ask."""
    async with world.client() as client:
        page = (await client.get("/privacy")).text
        assert (await client.head("/privacy")).status_code == 200
    assert '<html lang="vi">' in page
    assert "<script" not in page
    assert page.count("<h1") == 1
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    for said in ("Không lưu", "khiếu nại", "không xét người", world.services.settings.hotline):
        assert said in page
