"""Reading a log from strangers: names that reach nothing else, limits, sites that never end or lie about themselves."""

import gzip
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.reader import (
    MAX_CHECKPOINT,
    FolderReader,
    SiteReader,
    Unreachable,
    Unreadable,
    limit_of,
    open_log,
)
from temthat_stamps.log.tiles import BadTile, NotInLog

TILE = "tile/0/000"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def site(answer: Answer, timeout: float = 30.0, deadline: float = 60.0) -> Iterator[SiteReader]:
    """A reader of a site that answers so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            with suppress(OSError):  # the reader has hung up, as it should
                answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/log/"
    try:
        with SiteReader(address, timeout=timeout, deadline=deadline, attempts=2) as reader:
            yield reader
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def body(data: bytes, status: int = 200, **headers: str) -> Answer:
    """An answer with that body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return answer


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "/checkpoint",
        "../checkpoint",
        "a/../b",
        ".unfinished/lock",
        "bundle/.hidden",
        "a//b",
        "a/",
        "checkpoint?x",
        "checkpoint#x",
        "a\\b",
        "a\0",
        "checkpoint\n",
        "đợt",
        "a" * 129,
        "/".join("a" * 10),
        "tile/0/1",
        "tile/0/000.p/256",
        "tile/entries/x001",
    ],
)
def test_hostile_names_reach_no_file(path: str, tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "checkpoint").write_bytes(b"not public")
    with pytest.raises(NotInLog):
        FolderReader(tmp_path / "public").read(path)


def test_a_file_may_be_as_long_as_its_name_allows(tmp_path: Path) -> None:
    assert limit_of(TILE) == 256 * 32
    assert limit_of("tile/0/000.p/7") == 7 * 32
    assert limit_of("tile/entries/000.p/2") == 2 * 65_537
    file = tmp_path / TILE
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(256 * 32))
    assert FolderReader(tmp_path).read(TILE) == bytes(256 * 32)
    file.write_bytes(bytes(256 * 32 + 1))
    with pytest.raises(BadTile, match="longer than 8192"):
        FolderReader(tmp_path).read(TILE)
    (tmp_path / "checkpoint").write_bytes(bytes(11))
    with pytest.raises(BadTile, match="longer than 10"):
        FolderReader(tmp_path).read("checkpoint", 10)


def test_what_is_no_file_is_not_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(NotInLog):
            FolderReader(tmp_path).read("pipe")  # and does not wait for ever
    for path in ("checkpoint", "nothing", "checkpoint/below"):
        with pytest.raises((NotInLog, Unreadable)):
            FolderReader(tmp_path).read(path)


def test_an_address_or_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_log(tmp_path), FolderReader)
    assert isinstance(open_log("some/folder"), FolderReader)
    with open_log("HTTPS://log.example/") as reader:
        assert isinstance(reader, SiteReader)
        assert reader.url == "HTTPS://log.example"


def test_a_site_gives_the_files_bytes() -> None:
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        body(b"x" * 64)(request)

    with site(answer) as reader:
        assert reader.read("tile/0/000.p/2") == reader.read("tile/0/000.p/2") == b"x" * 64
        assert reader.read("checkpoint") == b"x" * 64
    assert asked == ["/log/tile/0/000.p/2", "/log/checkpoint"]


def test_a_packed_answer_is_unpacked() -> None:
    with site(body(gzip.compress(b"x" * 64), content_encoding="gzip")) as reader:
        assert reader.read("tile/0/000.p/2") == b"x" * 64


def test_what_a_site_does_not_have_is_not_in_the_log() -> None:
    for status in (404, 410):
        with site(body(b"", status)) as reader, pytest.raises(NotInLog):
            reader.read("checkpoint")


@pytest.mark.parametrize("status", [204, 301, 302, 307, 403, 429, 500, 503])
def test_any_other_answer_is_the_networks_fault_and_redirects_lead_nowhere(status: int) -> None:
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        body(b"", status, location="/elsewhere")(request)

    with site(answer) as reader, pytest.raises(Unreachable, match=f"HTTP {status}") as refused:
        reader.read("checkpoint")
    assert refused.value.fault is Fault.NETWORK
    assert asked == ["/log/checkpoint"] * 2


def test_hostile_an_answer_that_never_ends_is_cut_off() -> None:
    """Endless data stops at the limit of the name; endless dripping at the deadline."""

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65_536)

    def dripping(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x")
            threading.Event().wait(0.1)

    with site(endless) as reader:
        for path in ("checkpoint", TILE):
            with pytest.raises(BadTile, match="longer than"):
                reader.read(path)
    with site(dripping, deadline=0.5) as reader, pytest.raises(Unreachable, match="not finished"):
        reader.read("checkpoint")


def test_hostile_a_site_that_says_nothing_is_given_up() -> None:
    def silent(_: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(2)

    with site(silent, timeout=0.2) as reader, pytest.raises(Unreachable, match="timed out"):
        reader.read("checkpoint")


def test_hostile_a_packed_bomb_is_not_unpacked() -> None:
    """Ten megabytes in ten kilobytes: never more in memory than the name allows."""
    bomb = gzip.compress(bytes(10 * MAX_CHECKPOINT))
    with site(body(bomb, content_encoding="gzip")) as reader, pytest.raises(BadTile, match="longer than"):
        reader.read("checkpoint")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"not gzip", "gzip"),
        (gzip.compress(b"x" * 64, mtime=0)[:-4], "gzip"),
        (gzip.compress(b"x" * 32, mtime=0) + b"more", "gzip"),
        (zlib.compress(b"x" * 64), "deflate"),
        (b"x" * 64, "br"),
    ],
)
def test_hostile_packing_is_refused(data: bytes, encoding: str) -> None:
    with site(body(data, content_encoding=encoding)) as reader, pytest.raises(BadTile, match="pack"):
        reader.read("tile/0/000.p/2")


def test_hostile_a_body_shorter_than_announced_is_asked_for_again() -> None:
    answers = iter([body(b"x" * 10, content_length="64"), body(b"x" * 64)])

    def answer(request: BaseHTTPRequestHandler) -> None:
        next(answers)(request)

    with site(answer) as reader:
        assert reader.read("tile/0/000.p/2") == b"x" * 64
