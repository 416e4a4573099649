"""Headers on every answer a person may see, and what never counts as a check."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from temthat_stamps.copies.records import StampEvent

from .asking import HTML, JSON, Client, Reply, check_sound
from .conftest import House

PREVIEWS = [
    "facebookexternalhit/1.1", "Facebot", "Mozilla/5.0 (compatible; ZaloBot/1.0)", "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23", "Slackbot-LinkExpanding 1.0", "Twitterbot/1.0", "LinkedInBot/1.0", "Discordbot/2.0",
    "SkypeUriPreview", "Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 (compatible; bingbot/2.0)",
    "coccocbot-web/1.0", "Applebot/0.1",
]  # fmt: skip


def pages(house: House) -> list[tuple[str, str]]:
    """Every address that answers a browser with a page, good and bad."""
    stamps = [f"/T/{code}" for code in house.stamps]
    return [
        *(("GET", path) for path in ("/", "/?lang=en", "/privacy", "/docs", "/p/HTX-MAU/CHE", "/p/x/y", "/nowhere")),
        *(("GET", path) for path in (*stamps, "/T/x", "/t/x", "/T/" + "U" * 16, "/T/a/b", "/01/1/10/2/21/3")),
        *(("GET", path) for path in ("/desk", "/desk/sign-in", "/desk/code", "/desk/nowhere", "/desk?q=%00")),
        ("GET", "/picture/x"),
        *(("POST", path) for path in ("/", "/T/x", "/check", "/place", "/desk", "/desk/sign-in", "/desk/nowhere")),
        ("DELETE", "/"),
        ("HEAD", "/"),
    ]  # fmt: skip


def test_every_page_is_kept_by_nobody_and_framed_by_nobody(house: House, client: Client) -> None:
    """Not stored, not indexed, no referrer, no framing, nothing loaded from elsewhere, nothing inline but one style."""
    for method, path in pages(house):
        reply = client.ask(method, path, headers=HTML)
        check_sound(reply)
        headers = reply.headers
        assert headers["x-robots-tag"] == "noindex", path
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert not re.search(r"https?:|\*", policy), path
        assert "server" not in headers
        if reply.status == 200 and method != "HEAD":
            assert headers["content-type"] == "text/html; charset=utf-8", path
            check_nothing_from_elsewhere(reply)


def check_nothing_from_elsewhere(reply: Reply) -> None:
    """No address of another host is loaded, no handler and no style stands in a tag; a data block is no script."""
    assert not re.search(
        r'<(?:script(?! type="application/ld\+json">)|iframe|object|embed|base|link[^>]+href="https?:)',
        reply.text,
    )
    assert not re.search(r'(?:src|srcset|action)="(?:https?:)?//', reply.text)
    assert not re.search(r"<[^>]+\s(?:on\w+|style)=", reply.text)


def test_only_pictures_and_styles_may_be_kept(client: Client) -> None:
    """Their addresses change with their content; everything else is asked for again."""
    assert "immutable" in client.ask("GET", "/desk/static/desk.css").headers["cache-control"]
    for path in ("/T/seen/x", "/api/v1/openapi.json", "/robots.txt", "/healthz", "/metrics", "/api/v1/keys"):
        assert client.ask("GET", path).headers["cache-control"] == "no-store", path
    assert client.ask("GET", "/api/v1/trust").headers["cache-control"] == "no-cache"


def checks(house: House, serial: int) -> int:
    with house.world.services.sessions() as session:
        return session.query(StampEvent).filter_by(run=house.runs["plain"], serial=serial).count()


def picture_of(reply: Reply) -> list[str]:
    return re.findall(r'src="(/T/seen/[\w-]+)"', reply.text)


@pytest.mark.parametrize("agent", PREVIEWS)
def test_previews_and_crawlers_count_nothing(agent: str, house: House, client: Client) -> None:
    """Messengers, social networks and search engines open a link to show a card of it."""
    reply = client.ask("GET", f"/T/{house.fresh(80)}", headers={**HTML, "user-agent": agent})
    assert "Tem thật" in reply.text
    assert picture_of(reply) == []
    assert "set-cookie" not in reply.headers
    assert checks(house, 80) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"}, {"sec-purpose": "prefetch;anonymous-client-ip"}, {"sec-purpose": "Prefetch"},
        {"purpose": "prefetch"}, {"purpose": "preview"}, {"x-purpose": "preview"}, {"x-moz": "prefetch"},
    ],
)  # fmt: skip
def test_prefetching_counts_nothing(headers: dict[str, str], house: House, client: Client) -> None:
    """Neither the page nor, if a browser takes it along, its picture."""
    path = f"/T/{house.fresh(81)}"
    assert picture_of(client.ask("GET", path, headers={**HTML, **headers})) == []
    [picture] = picture_of(client.ask("GET", path, headers=HTML))
    client.ask("GET", picture, headers=headers)
    for method in ("HEAD", "POST", "PUT", "OPTIONS"):
        client.ask(method, path, headers=HTML)
        client.ask(method, picture, headers=HTML)
    assert checks(house, 81) == 0


def test_json_and_head_count_nothing(house: House, client: Client) -> None:
    """Only a person's page or a POST is a check."""
    for headers in (JSON, HTML, {}):
        client.ask("HEAD", f"/T/{house.fresh(82)}", headers=headers)
    client.ask("GET", f"/T/{house.fresh(82)}", headers=JSON)
    assert checks(house, 82) == 0


def test_the_counting_picture_counts_once_however_often(house: House, client: Client) -> None:
    """Replayed by forty at once, by other phones and with other spellings: one check of one stamp."""
    path = f"/T/{house.fresh(83)}"
    [picture] = picture_of(client.ask("GET", path, headers=HTML))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: client.ask("GET", picture), range(40)))
    assert {reply.status for reply in replies} == {200}
    for spelling in (
        picture + "=",
        picture + "%3D",
        picture + "?x=1",
        picture.replace("/T/", "/t/"),
        picture[:-1],
        picture + "A",
    ):
        client.ask("GET", spelling, headers={"cookie": "receipt=" + "B" * 22})
    assert checks(house, 83) == 1


def test_one_page_opened_by_forty_is_forty_checks_and_no_more(house: House, client: Client) -> None:
    """Every page has a picture of its own; each counts once."""
    path = f"/T/{house.fresh(84)}"

    def look(_: int) -> None:
        [picture] = picture_of(client.ask("GET", path, headers=HTML))
        for _again in range(3):
            client.ask("GET", picture)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(40)))
    assert checks(house, 84) == 40
    assert client.ask("GET", path, headers=JSON).json()["history"]["checks"] == 40
