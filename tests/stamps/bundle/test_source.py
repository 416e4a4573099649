"""Sources are strangers: no more is read than was asked for, and what goes wrong has a name."""

import time
from pathlib import Path

import httpx
import pytest

from temthat_stamps.bundle import source as module
from temthat_stamps.bundle.source import FolderSource, NotThere, PackSource, SiteSource, open_source
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.reader import Unreachable, Unreadable

from .serving import Site

DATA = bytes(range(200))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "notices").write_bytes(DATA)
    return tmp_path


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_of_a_file(folder: Path, ranges: bool) -> None:
    """From a folder, a pack, a web site that knows ranges and one that does not: the same bytes."""
    with Site(folder, ranges=ranges) as site, SiteSource(site.url) as web:
        pack = PackSource({"bundle/notices": DATA}, None)
        for length, start in ((200, 0), (10, 0), (10, 190), (50, 190), (10, 200), (10, 500), (0, 5)):
            for source in (FolderSource(folder), pack, web):
                assert source.read("bundle/notices", length, start) == DATA[start : start + length]


def test_a_file_that_is_not_there(folder: Path) -> None:
    with Site(folder) as site, SiteSource(site.url) as web:
        for source in (FolderSource(folder), PackSource({}, None), web):
            with pytest.raises(NotThere):
                source.read("bundle/none", 10)


def test_an_endless_file_is_not_read_to_its_end(folder: Path) -> None:
    """A server that ignores the range and sends a gigabyte."""
    with Site(folder, ranges=False) as site, SiteSource(site.url) as web:
        site.fault = lambda _, data: data * 1_000_000
        began = time.monotonic()
        assert web.read("bundle/notices", 300) == (DATA * 2)[:300]
        assert time.monotonic() - began < 20


def test_a_file_that_drips_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow enough never to time out, for ever."""

    def dripping() -> "list[bytes]":
        return [b"x"] * 1_000

    monkeypatch.setattr(module, "_PATIENCE", -1.0)
    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=iter(dripping())))
    )
    with pytest.raises(Unreachable, match="not finished"), SiteSource("http://x/log", client) as web:
        web.read("bundle/notices", 2_000)


@pytest.mark.parametrize("status", [301, 403, 500, 503])
def test_other_answers_are_unreachable(status: int) -> None:
    """Redirects are not followed: whose data it is must not depend on where one is sent."""
    answers = httpx.MockTransport(
        lambda _: httpx.Response(status, headers={"Location": "http://evil.example/"})
    )
    with SiteSource("http://x/log", httpx.Client(transport=answers)) as web:
        with pytest.raises(Unreachable) as refused:
            web.read("bundle/notices", 10)
        assert refused.value.fault is Fault.NETWORK


def test_a_line_that_fails_once_is_tried_again(folder: Path) -> None:
    with Site(folder) as site, SiteSource(site.url) as web:
        answers = iter([None, DATA])
        site.fault = lambda _, __: next(answers)
        assert web.read("bundle/notices", 10) == DATA[:10]


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://\x00", "https://user@:99999", "http://tem..vn"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(TrustError), open_source(url) as web:
        web.read("bundle/notices", 10)


def test_the_services_own_address_means_the_folder_below_log() -> None:
    """An address with a path is that folder."""
    assert SiteSource("https://tem.example.vn/").trust == "https://tem.example.vn/log/trust"
    assert SiteSource("https://mirror.example/tem/").trust == "https://mirror.example/tem/trust"


def test_a_folder_in_place_of_a_file_is_not_there_and_an_unreadable_one_is_told(folder: Path) -> None:
    with pytest.raises(NotThere):
        FolderSource(folder).read("bundle", 10)
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises((NotThere, Unreadable)):
        FolderSource(folder).read("loop", 10)
