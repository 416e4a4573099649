"""A log is audited by its address."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.log.audit import audit
from temthat_stamps.log.reader import Unreachable, open_log

from ..bundle.house import ORIGIN as HOUSE_ORIGIN
from ..bundle.house import House
from .auditing import found
from .published import ForeignLog, publish
from .world import ORIGIN, World


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; `refusing` answers 403 for what is not there, as object stores do."""

    refusing = False

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """See `refusing`."""
        super().send_error(403 if self.refusing and code == 404 else code, message, explain)


@contextmanager
def site(folder: Path, handler: type[_Quiet] = _Quiet) -> Iterator[str]:
    """The folder's address while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_log_is_audited_by_its_address(house: House) -> None:
    house.publish()
    with site(house.public) as url, open_log(url + "/") as reader:
        report = audit(reader, HOUSE_ORIGIN, house.log_signer.vkey, now=house.now)
    assert found(report) == []
    assert report.bundle_files > 3


def test_a_store_that_refuses_what_it_does_not_have(tmp_path: Path, world: World) -> None:
    """Others' logs have no bundle, and nobody asks for it; ours cannot be judged without an answer."""
    refusing = type("Refusing", (_Quiet,), {"refusing": True})
    log = ForeignLog(tmp_path / "foreign", [b"one"])
    with site(log.folder, refusing) as url, open_log(url) as reader:
        assert audit(reader, log.name, log.vkey).size == 1
    publish(world, tmp_path / "ours")
    with site(tmp_path / "ours", refusing) as url, open_log(url) as reader, pytest.raises(Unreachable):
        audit(reader, ORIGIN, world.log_signer.vkey)
