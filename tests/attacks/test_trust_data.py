"""Old, frozen, mixed and endless trust data: from a network, a stick or a mirror that the thief holds in his hands."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tuf.ngclient import FetcherInterface

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.installed import OlderBundle
from temthat_stamps.bundle.proof import WrongListing
from temthat_stamps.bundle.source import SiteSource
from temthat_stamps.errors import TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.notice import run_target
from temthat_stamps.trust.client import TrustClient
from temthat_stamps.trust.errors import NotTogether, Rollback, TrustExpired
from temthat_stamps.trust.source import BASE
from temthat_stamps.verdict import NoticeKind, Word

from ..stamps.bundle.house import House, Producer
from .conftest import Scanner

PLENTY = 8_000_000
"""Bytes after which a source without end ends after all, so that a test without its defence ends too."""


def copied(house: House, folder: Path) -> Path:
    """The public folder as it is at this moment, kept by the thief."""
    shutil.copytree(house.public, folder)
    return folder


def client(house: House, folder: Path) -> TrustClient:
    return TrustClient(folder, (house.public / "trust" / "1.root.json").read_bytes())


def publish_two(house: House, coop: Producer, folder: Path) -> Path:
    """A run, published and copied; then it is voided, and that is published as well. The copy."""
    house.run(coop, run=1)
    house.publish()
    old = copied(house, folder)
    house.notice(coop, run_target(1), NoticeKind.VOID)
    house.publish()
    return old


# -- rollback --


def test_rollback_of_trust_metadata(house: House, coop: Producer, tmp_path: Path) -> None:
    """The thief serves the trust files of before a revocation, every signature good: refused, the newer are kept."""
    old = copied(house, tmp_path / "old")
    house.revoke(coop, len(house.entries) - 1)
    device = client(house, tmp_path / "device")
    device.update(house.public / "trust", house.now)
    with pytest.raises(Rollback):
        device.update(old / "trust", house.now)
    keys = device.load(house.now).accepted.keys
    assert keys[key_id(coop.signer.public_key)].last_good is not None


def test_rollback_of_the_bundle(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """The thief serves the bundle of before a run was voided, with its good proof and today's trust files.

    `OlderBundle`; the scanner keeps what it has and says `revoked`. The limit: a device that was never updated takes
    what it is given first, and the age bands end that.
    """
    old = publish_two(house, coop, tmp_path / "old")
    scanner.update()
    shutil.rmtree(old / "trust")
    shutil.copytree(house.public / "trust", old / "trust")
    with pytest.raises(OlderBundle):
        scanner.update(old)
    assert scanner.word(coop, 1) is Word.REVOKED


# -- freeze --


def test_freeze_of_trust_metadata(house: House, coop: Producer, tmp_path: Path) -> None:
    """The thief goes on serving what was new once: after two weeks the timestamp has run out, and it is refused."""
    frozen = copied(house, tmp_path / "frozen")
    device = client(house, tmp_path / "device")
    device.update(frozen / "trust", house.now + dt.timedelta(days=13))
    with pytest.raises(TrustExpired) as refusal:
        device.update(frozen / "trust", house.now + dt.timedelta(days=15))
    assert refusal.value.role == "timestamp"


def test_freeze_of_the_bundle(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """The thief withholds every newer bundle. The verdict ages: said after 7 days, `cannot_tell` after 30.

    Setting the device's clock back makes nothing fresher: the newest signed time that it accepted is the floor.
    """
    house.run(coop, run=1)
    house.publish()
    scanner.update()
    ages = [(6, "data_of"), (8, "data_old"), (31, "data_too_old")]
    for days, said in ages:
        assert said in scanner.judge(coop, 1, now=house.now + dt.timedelta(days=days)).keys
    assert scanner.word(coop, 1, now=house.now + dt.timedelta(days=31)) is Word.CANNOT_TELL
    assert "clock_behind" in scanner.judge(coop, 1, now=house.now - dt.timedelta(days=400)).keys


def test_a_bundle_dated_ahead(house: House, coop: Producer, scanner: Scanner) -> None:
    """The operator dates a bundle a year ahead, so that it never grows old: the witnesses' clocks say otherwise."""
    house.run(coop, run=1)
    house.publish(at=house.now + dt.timedelta(days=365))
    with pytest.raises(BadBundle, match="later"):
        scanner.update()


# -- mix and match --


def test_mix_and_match_of_trust_metadata(house: House, coop: Producer, tmp_path: Path) -> None:
    """The thief puts the province's metadata of before the revocation under the name of the newest: `NotTogether`."""
    role = next((house.public / "trust").glob("*.96-issuers.json"))
    old = max((house.public / "trust").glob("*.96-issuers.json"), key=version).read_bytes()
    house.revoke(coop, len(house.entries) - 1)
    mixed = copied(house, tmp_path / "mixed") / "trust"
    newest = max(mixed.glob("*.96-issuers.json"), key=version)
    assert newest.name != role.name
    newest.write_bytes(old)
    with pytest.raises(NotTogether):
        client(house, tmp_path / "device").update(mixed, house.now)


def version(path: Path) -> int:
    return int(path.name.partition(".")[0])


@pytest.mark.parametrize("name", ["notices", "bundle.json"])
def test_mix_and_match_of_the_bundle(
    house: House, coop: Producer, scanner: Scanner, tmp_path: Path, name: str
) -> None:
    """The thief serves the newest proof with the list of files, or the notices, of before the run was voided."""
    old = publish_two(house, coop, tmp_path / "old")
    mixed = copied(house, tmp_path / "mixed")
    shutil.copy(old / "bundle" / name, mixed / "bundle" / name)
    with pytest.raises(WrongListing):
        scanner.update(mixed)
    scanner.update()
    assert scanner.word(coop, 1) is Word.REVOKED


def test_a_bundle_under_another_proof(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """A mirror's owner adds a run of his own to a shard and signs the list of files with a key of his own.

    The statement in the proof is not the operator's: nothing of it is looked at.
    """
    house.run(coop, run=1)
    house.publish(operator=coop.signer)
    with pytest.raises(BadBundle, match="operator"):
        scanner.update()


# -- endless data --


class Endless(FetcherInterface):
    """The trust files of a folder, one of which never ends. `sent` counts its bytes."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self.sent = 0

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(BASE)
        path = self._folder / name
        if name.endswith(self._name):
            return self._stream()
        if not path.is_file():
            from tuf.api.exceptions import DownloadHTTPError

            raise DownloadHTTPError(name, 404)
        return iter((path.read_bytes(),))

    def _stream(self) -> Iterator[bytes]:
        while self.sent < PLENTY:
            self.sent += 4096
            yield b" " * 4096


@pytest.mark.parametrize("name", ["2.root.json", "timestamp.json", "snapshot.json", "log.json"])
def test_endless_trust_metadata(house: House, coop: Producer, tmp_path: Path, name: str) -> None:
    """The thief's server sends one of the trust files without end: cut off at that file's limit, nothing is kept."""
    source = Endless(house.public / "trust", name)
    with pytest.raises(TrustError):
        client(house, tmp_path / "device").update(source, house.now)
    assert source.sent < 300_000


class EndlessSite(httpx.BaseTransport):
    """The public folder as a site, where one file of the bundle never ends, range or no range."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self.sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = self._folder / request.url.path.removeprefix("/log/")
        if path.name == self._name:
            return httpx.Response(200, stream=Stream(self))
        if not path.is_file():
            return httpx.Response(404)
        return httpx.Response(200, stream=httpx.ByteStream(path.read_bytes()))


class Stream(httpx.SyncByteStream):
    def __init__(self, site: EndlessSite) -> None:
        self._site = site

    def __iter__(self) -> Iterator[bytes]:
        while self._site.sent < PLENTY:
            self._site.sent += 65_536
            yield b"\0" * 65_536


@pytest.mark.parametrize("name", ["bundle.proof", "notices"])
def test_endless_bundle(house: House, coop: Producer, scanner: Scanner, name: str) -> None:
    """The thief's server sends a file of the bundle without end: cut off at the length the list of files states."""
    house.run(coop, run=1)
    house.publish()
    site = EndlessSite(house.public, name)
    source = SiteSource("https://qr.temthat.example/log", httpx.Client(transport=site))
    source.trust = str(house.public / "trust")
    with pytest.raises(TrustError):
        scanner.update(source)
    assert site.sent <= 5 * 65_536
