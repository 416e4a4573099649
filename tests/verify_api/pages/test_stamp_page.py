"""The page a stamp opens: for every code from the moment it exists, without script, small, kind, in two languages."""

import datetime as dt
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from temthat_stamps.code import encode
from temthat_stamps.texts import say
from temthat_stamps.verdict import NoticeKind, Reason, Verdict, Word
from temthat_trace.parties import Party
from temthat_verify_api.accounts import KeyRole

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8"}


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


async def look(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, Outline]:
    response = await client.get(path, headers=BROWSER | headers)
    return response, Outline(response.text)


def every_verdict(world: "World") -> dict[Word, str]:
    """A path for each verdict a shopper can get in this version."""
    run = world.run()
    world.notify(run, NoticeKind.VOID, serials=(10, 10), reason="misprint")
    world.notify(run, NoticeKind.HOLD, serials=(11, 11), reason="under_inspection")
    recalled, expired = world.run(lot="L2"), world.run(lot="L3", expires_on=dt.date(2026, 5, 20))
    world.notify(recalled, NoticeKind.RECALL)
    codes = {
        Word.GENUINE: world.code(run),
        Word.FORGED: world.forged(run),
        Word.REVOKED: world.code(run, 10),
        Word.NOT_APPLIED: world.code(run, 11),
        Word.RECALLED: world.code(recalled),
        Word.EXPIRED: world.code(expired),
        Word.CANNOT_TELL: encode(b"\x02" + bytes(11), bytes(64)),
        Word.NOT_OURS: "whatever",
    }
    return {word: f"/T/{code}" for word, code in codes.items()}


async def test_every_verdict_has_its_page(world: "World") -> None:
    """Title and colour class of the verdict, one h1, no script, nothing from elsewhere, below 50 kB; both languages."""
    async with world.client() as client:
        for word, path in every_verdict(world).items():
            for lang in ("vi", "en"):
                response, page = await look(client, f"{path}?lang={lang}")
                assert response.status_code == 200
                assert len(response.content) < 38_000, "with a picture of 12 kB it stays below 50"
                assert page.all("html") == [{"lang": lang}]
                assert len(page.all("h1")) == 1
                saying = say(Verdict(word, (Reason("newer_format"),)), lang)
                assert saying.title in page.text
                assert f'class="verdict {saying.tone}"' in response.text
                assert not page.all("script")
                loaded = [a.get("src") or a.get("href") or "" for t in ("img", "link") for a in page.all(t)]
                assert all(url.startswith(("/T/seen/", "data:,")) for url in loaded), loaded


async def test_headers_let_nothing_in_or_out(world: "World") -> None:
    """Not kept, not indexed, no referrer, a policy whose style hash fits the page's own style."""
    import base64
    import hashlib

    async with world.client() as client:
        response, _ = await look(client, f"/T/{world.code(world.run())}")
    headers = response.headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["referrer-policy"] == "no-referrer"
    style = re.search("<style>(.*)</style>", response.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in headers["content-security-policy"]
    assert "server" not in headers


async def test_the_page_tells_who_made_it_and_who_vouches(world: "World") -> None:
    """Product, pack, dates, steps, papers as the maker's word until confirmed, whom to call; marked as a sample."""
    async with world.client() as client:
        _, page = await look(client, f"/T/{world.code(world.run())}")
    for text in (
        "Chè búp",
        "Gói 100 g",
        "HTX Chè mẫu",
        "01/05/2026",
        "31/12/2026",
        "Thu hoạch",
        "Hái tay lúc sáng",
    ):
        assert text in page.text
    assert "OCOP 4 sao" in page.text
    assert "HTX tự khai" in page.text
    assert "★" not in page.text, "stars only when confirmed and valid"
    assert {a["href"] for a in page.all("a") if str(a.get("href")).startswith("tel:")} == {
        "tel:0900111222",
        "tel:0241111",
        "tel:19001234",
    }
    assert "Dữ liệu mẫu" in page.text
    assert page.all("details")
    assert "Ed25519" in page.text.split("Vì sao tin được?")[1]
    assert "Ed25519" not in page.text.split("Vì sao tin được?")[0]


async def test_an_address_printed_before_the_merger_names_both_provinces(world: "World") -> None:
    """The label says Bắc Giang, the province is Bắc Ninh today: the page says so instead of contradicting the pack."""
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        party.address, party.province = "Xã Đồng Tiến, huyện Yên Thế, Bắc Giang", "24"
        session.commit()
    async with world.client() as client:
        _, page = await look(client, f"/T/{world.code(world.run())}")
    assert "Bắc Ninh (trước 1/7/2025: Bắc Giang)" in page.text


async def test_confirmed_stars_show_while_valid(world: "World") -> None:
    """The alliance's confirmation makes stars of words; the paper's last day ends them, whatever is cached."""
    world.confirm_paper()
    path = f"/T/{world.code(world.run(expires_on=None))}"
    async with world.client() as client:
        assert "★★★★" in (await look(client, path))[1].text
        world.clock[0] = dt.datetime(2027, 12, 31, 16, 59, tzinfo=dt.UTC)
        assert "★★★★" in (await look(client, path))[1].text
        world.clock[0] = dt.datetime(2027, 12, 31, 17, 0, tzinfo=dt.UTC)
        page = (await look(client, path))[1]
    assert "★" not in page.text
    assert "Đã hết hiệu lực" in page.text


async def test_what_is_forged_borrows_no_product(world: "World") -> None:
    """No name, picture or hotline of the real producer beside a code that is not theirs."""
    run = world.run()
    async with world.client() as client:
        _, page = await look(client, f"/T/{world.forged(run)}")
    assert "HTX Chè mẫu" not in page.text
    assert "Chè búp" not in page.text
    assert "1900 1234" in page.text


async def test_recall_and_expiry_are_always_shown(world: "World") -> None:
    """A recalled stamp past its date says both."""
    run = world.run(expires_on=dt.date(2026, 5, 20))
    world.notify(run, NoticeKind.RECALL)
    async with world.client() as client:
        _, page = await look(client, f"/T/{world.code(run)}")
    assert "Sản phẩm đang được thu hồi" in page.text
    assert "Đã quá hạn dùng: đến hết ngày 20/05/2026." in page.text


async def test_language_by_choice_then_by_browser(world: "World") -> None:
    """Vietnamese unless English is chosen or preferred to Vietnamese."""
    path = f"/T/{world.code(world.run())}"
    cases = {
        "": "vi",
        "vi-VN,vi;q=0.9,en;q=0.8": "vi",
        "en-GB,en;q=0.9": "en",
        "fr-FR,fr;q=0.9": "vi",
        "en;q=0.5,vi;q=0.4": "en",
        "en;q=x": "vi",
        ",;;q=,": "vi",
    }
    async with world.client() as client:
        for header, lang in cases.items():
            assert (await look(client, path, **{"Accept-Language": header}))[1].all("html") == [
                {"lang": lang}
            ]
        response, page = await look(client, f"{path}?lang=en")
        assert page.all("html") == [{"lang": "en"}]
        assert "Green tea" in page.text
        assert response.headers["content-language"] == "en"


async def test_json_for_programs_at_the_same_address(world: "World") -> None:
    """Accept: application/json gives the API's answer; nothing is counted."""
    run = world.run()
    async with world.client() as client:
        for path in (f"/T/{world.code(run)}", f"/t/{world.code(run).lower()}", f"/T/{world.number(run)}"):
            answer = (await client.get(path, headers={"Accept": "application/json"})).json()
            assert (answer["verdict"], answer["history"]["checks"]) == ("genuine", 0)
        posted = (await client.post("/api/v1/verify", json={"code": world.code(run)})).json()
    assert answer == posted


async def test_a_mistyped_number_offers_to_try_again(world: "World") -> None:
    """No verdict, 422, the typed text in the field."""
    async with world.client() as client:
        response, page = await look(client, "/T/0000-0400-00B1-BVCU")
    assert response.status_code == 422
    assert "ký tự thứ 16" in page.text
    assert page.all("input")[0]["value"] == "0000-0400-00B1-BVCU"


async def test_a_foreign_host_is_warned_of(world: "World") -> None:
    """Opened under another name, the page says so and says ours; the verdict stays."""
    path = f"/T/{world.code(world.run())}"
    async with world.client() as client:
        _, page = await look(client, path, Host="tem-that.example")
        _, pasted = await look(client, f"{path}?host=tem-that.example")
        _, own = await look(client, path)
    for shown in (page, pasted):
        assert "Coi chừng địa chỉ" in shown.text
        assert "tem-that.example" in shown.text
        assert "Tem thật" in shown.text
    assert "Coi chừng" not in own.text


async def test_what_was_scanned_is_shown_as_text(world: "World") -> None:
    """Markup in a code or host is never markup on the page."""
    async with world.client() as client:
        response, page = await look(client, "/T/%3Cscript%3Ealert(1)%3C%2Fscript%3E-")
        assert response.status_code in (200, 404)
        response, page = await look(client, "/T/%3Cb%20onload=x%3E")
        assert {} in page.all("b")
        assert not any(attrs for attrs in page.all("b"))
        assert "<b onload=x>" in page.text
        response, page = await look(client, f"/T/{world.code(world.run())}", Host='"><script>x')
        assert not page.all("script")


async def test_a_sale_is_neutral_for_a_shopper(world: "World") -> None:
    """Rung up on a day, in a province; the stamp stays genuine."""
    from temthat_trace.ids import uuid7

    run = world.run()
    sale = {"id": str(uuid7()), "code": world.code(run), "event": "sold", "kind": "till", "place": "79"}
    headers = {"Authorization": f"Bearer {world.api_key(KeyRole.TILL)}"}
    async with world.client() as client:
        assert (await client.post("/api/v1/events", json=sale, headers=headers)).status_code == 200
        _, page = await look(client, f"/T/{world.code(run)}")
    assert "Tem thật" in page.text
    assert "Đã thanh toán ngày 26/05/2026 tại Hồ Chí Minh" in page.text
