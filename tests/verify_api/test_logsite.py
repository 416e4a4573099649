"""/log/: what auditors, mirrors and browsers get from the service, byte for byte and with the right headers."""

import asyncio
import html
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from temthat_stamps.log.audit import audit
from temthat_stamps.log.checkpoint import open_checkpoint
from temthat_stamps.log.entries import entry
from temthat_stamps.log.log_command import app as log_app
from temthat_stamps.log.proof import verify_proof
from temthat_stamps.log.reader import SiteReader
from temthat_stamps.verdict import NoticeKind
from temthat_verify_api.app import create_app

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

SITE = "https://tem.example.vn"
FOREVER = "public, max-age=31536000, immutable"


class Straight(httpx.BaseTransport):
    """Into the application without a network, each request by itself."""

    def __init__(self, world: "World") -> None:
        self._asgi = httpx.ASGITransport(create_app(world.services), raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `BaseTransport`."""

        async def ask() -> httpx.Response:
            asked = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
            answer = await self._asgi.handle_async_request(asked)
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=httpx.ByteStream(await answer.aread())
            )

        return asyncio.run(ask())


def published(world: "World") -> "World":
    """A run, a notice on it, and all of it published."""
    run = world.run()
    world.notify(run, NoticeKind.VOID, serials=(5, 9), reason="misprint")
    world.services.record.publish()
    return world


def logged(world: "World", index: int) -> bytes:
    """An entry as the database has it."""
    with world.services.sessions() as session:
        return entry(session, index)


def size(world: "World") -> int:
    """Entries published."""
    latest = world.services.book.latest()
    assert latest is not None
    return latest.checkpoint.size


@pytest.fixture
def client(world: "World") -> Iterator[httpx.Client]:
    """A browser, on a world that has published; without the publisher's thread."""
    with httpx.Client(transport=Straight(published(world)), base_url=SITE) as client:
        yield client


def test_an_auditor_finds_nothing_in_what_the_service_serves(founded_world: "World") -> None:
    """Over HTTP, with trust files and bundle, by the one key that the log's page shows."""
    world = published(founded_world)
    policy = world.services.book.policy
    with SiteReader(f"{SITE}/log", client=httpx.Client(transport=Straight(world))) as reader:
        report = audit(
            reader,
            policy.origin,
            str(policy.log_key),
            witnesses=[str(key) for key in policy.witnesses],
            now=world.now,
        )
    assert report.findings == []
    assert report.size == size(world)
    assert (report.ledger.runs, report.ledger.stamps) == (1, 100)
    assert report.bundle_files >= 4
    assert len(report.cosigned) == 2


def test_files_have_their_type_and_are_kept_as_long_as_they_last(
    client: httpx.Client, world: "World"
) -> None:
    """Anyone may read them from any page; full tiles never change."""
    octets, edge = "application/octet-stream", size(world)
    for path, kind, cache in (
        ("checkpoint", "text/plain; charset=utf-8", "no-cache"),
        (f"tile/0/000.p/{edge}", octets, "no-cache"),
        (f"tile/entries/000.p/{edge}", octets, "no-cache"),
        ("tile/0/000", octets, FOREVER),
        ("tile/entries/x001/234", octets, FOREVER),
    ):
        file = world.services.settings.public_dir / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"a full tile")
        answer = client.get(f"/log/{path}")
        assert (answer.status_code, answer.content) == (200, file.read_bytes())
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == cache
        assert answer.headers["access-control-allow-origin"] == "*"
        again = client.get(f"/log/{path}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.head(f"/log/{path}").headers["content-length"] == str(len(answer.content))


HOSTILE = (
    *("tile/0/001", "tile/0/000.p/255", "tile", "tile/", ".unfinished/lock", ".publishing", "bundle/.hidden"),
    *("../temthat.db", "%2e%2e/temthat.db", "..%2ftemthat.db", "tile/../../temthat.db", "a%00b", "%ff"),
)


def test_hostile_paths_reach_nothing_but_the_folder(client: httpx.Client, world: "World") -> None:
    public = world.services.settings.public_dir
    (public / "bundle").mkdir(exist_ok=True)
    for secret in (public / "bundle" / ".hidden", public.parent / "temthat.db"):
        secret.write_bytes(b"secret")
    for path in HOSTILE:
        answer = client.get(f"{SITE}/log/{path}")
        assert answer.status_code == 404, path
        assert b"secret" not in answer.content


def test_a_link_out_of_the_folder_is_not_followed(
    client: httpx.Client, world: "World", tmp_path: Path
) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    (world.services.settings.public_dir / "inside").symlink_to(tmp_path / "outside")
    assert client.get("/log/inside").status_code == 404


def test_a_proof_and_its_entry_fit(client: httpx.Client, world: "World") -> None:
    policy = world.services.book.policy
    for index in range(size(world)):
        proof, envelope = client.get(f"/log/proof/{index}"), client.get(f"/log/entry/{index}.json")
        assert proof.headers["content-type"].startswith("text/plain")
        assert envelope.headers["content-type"] == "application/json"
        assert envelope.content == logged(world, index)
        assert verify_proof(proof.content, envelope.content, policy).index == index


def test_what_is_not_published_yet_has_no_proof(client: httpx.Client, world: "World") -> None:
    """The entry is there to be seen, and says that it waits."""
    before = size(world)
    world.run(lot="L02")
    answer = client.get(f"/log/proof/{before}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_published"
    assert "thử lại sau" in answer.json()["message_vi"]
    page = client.get(f"/log/entry/{before}").text
    assert f"/log/proof/{before}" not in page
    assert client.get(f"/log/entry/{before}.json").content == logged(world, before)


def test_there_is_no_such_entry(client: httpx.Client) -> None:
    for index in ("-1", "999", str(2**63), str(10**30), "x", "1.5"):
        for path in (f"/log/entry/{index}", f"/log/entry/{index}.json", f"/log/proof/{index}"):
            assert 400 <= client.get(path).status_code < 500, path


def test_the_form_leads_to_the_entry(client: httpx.Client) -> None:
    answer = client.get("/log/entry", params={"index": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"].partition("?")[0] == "/log/entry/2"


def commands(page: str) -> list[list[str]]:
    """The commands a page tells people to type."""
    found = re.findall(r"<pre>(temthat log .*?)</pre>", page, re.DOTALL)
    return [shlex.split(html.unescape(text).replace("\\\n", " "))[2:] for text in found]


def test_what_the_pages_tell_people_to_type_works(
    client: httpx.Client, world: "World", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry's page: download two files, check them. The log's page: audit its address."""
    index = size(world) - 1
    page = client.get(f"/log/entry/{index}").text
    monkeypatch.chdir(tmp_path)
    for link, name in re.findall(r'href="(/log/[^"]+)" download="([^"]+)"', page):
        (tmp_path / name).write_bytes(client.get(link).content)
    (check,) = commands(page)
    checked = CliRunner().invoke(log_app, check)
    assert checked.exit_code == 0, checked.output
    assert f"✔ Mục {index} có trong sổ" in checked.output
    (told,) = commands(client.get("/log/").text)
    assert told[:2] == ["audit", f"{SITE}/log"]
    folder = str(world.services.settings.public_dir)
    audited = CliRunner().invoke(log_app, ["audit", folder, *told[2:], "--json"])
    assert audited.exit_code in (0, 1), audited.output  # this world has no ceremony: no key is delegated to
    assert '"hashes": "ok"' in audited.stdout


def test_the_logs_page_says_what_is_signed(client: httpx.Client, world: "World") -> None:
    data = client.get("/log/checkpoint").content
    head = open_checkpoint(data, world.services.book.policy).checkpoint
    for lang in ("vi", "en"):
        page = client.get("/log/", params={"lang": lang}).text
        assert head.root.hex() in page
        assert html.escape(str(world.services.book.policy.log_key)) in page
        assert all(witness.name in page for witness in world.services.book.policy.witnesses)


def test_a_log_that_has_published_nothing_says_so(world: "World") -> None:
    with httpx.Client(transport=Straight(world), base_url=SITE) as client:
        assert client.get("/log/checkpoint").status_code == 404
        assert client.get("/log/").status_code == 200
        assert client.get("/log/proof/0").json()["error"] == "not_published"
