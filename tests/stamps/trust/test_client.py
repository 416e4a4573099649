"""A device that follows the present from a source the thief owns: each trick refused, the last accepted set kept."""

import copy
import datetime as dt
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.api.metadata import Metadata, MetaFile
from tuf.ngclient import FetcherInterface

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.accepted import LIMITS, LOG_FILE_LIMIT, metadata_name
from temthat_stamps.trust.client import TrustClient
from temthat_stamps.trust.errors import (
    BadTrustData,
    NoTrustYet,
    NotTogether,
    Rollback,
    SourceUnreachable,
    TrustExpired,
    WrongSignature,
)
from temthat_stamps.trust.online import OnlineKeys
from temthat_stamps.trust.source import BASE, WebFetcher

from .conftest import ORIGIN, Alliance


@pytest.fixture
def device(alliance: Alliance, tmp_path: Path) -> TrustClient:
    """A device that pinned the first root and accepted what is published."""
    made = TrustClient(tmp_path / "device", (alliance.repository.folder / "1.root.json").read_bytes())
    made.update(alliance.repository.folder, alliance.now)
    return made


def held(device: TrustClient, alliance: Alliance) -> dict[str, int]:
    """The versions in use."""
    accepted = device.load(alliance.now, allow_expired=True).accepted
    return {role: signed.version for role, signed in accepted.roles()}


def online(alliance: Alliance, folder: Path, change: Callable[[Any, Any], object]) -> None:
    """What a thief with the operator's two online keys can make of a folder."""
    snapshot, timestamp = alliance.base.snapshot, alliance.base.timestamp
    change(snapshot, timestamp)
    timestamp.snapshot_meta = MetaFile(snapshot.version)
    for signed, name, signer in (
        (snapshot, metadata_name("snapshot", snapshot.version), alliance.online.snapshot),
        (timestamp, "timestamp.json", alliance.online.timestamp),
    ):
        metadata = Metadata[Any](signed)
        metadata.sign(signer)
        (folder / name).write_bytes(metadata.to_bytes())


def test_what_is_accepted_is_loaded_again_without_any_network(
    alliance: Alliance, device: TrustClient
) -> None:
    """Another process, the source gone: the same keys, the same log, and when that was found current."""
    name = key_id(alliance.approve().public_key)
    device.update(alliance.repository.folder, alliance.now)
    shutil.rmtree(alliance.repository.folder)
    again = TrustClient(device._folder)
    set_ = again.load(alliance.now + dt.timedelta(days=2))
    assert (set_.accepted.log.origin, set_.accepted_at) == (ORIGIN, alliance.now)
    assert name in set_.accepted.keys


def test_only_the_provinces_that_were_asked_for(alliance: Alliance, device: TrustClient) -> None:
    """An inspector's phone of one province holds that one's keys."""
    alliance.approve("31")
    alliance.approve("37")
    accepted = device.update(alliance.repository.folder, alliance.now, provinces=["37"])
    assert set(accepted.provinces) == {"37-issuers"}
    assert [key.province for key in device.load(alliance.now).accepted.keys.values()] == ["37"]


def test_rollback(alliance: Alliance, device: TrustClient, tmp_path: Path) -> None:
    """A copy from before a revocation, every signature of it good: refused, the newer set stays."""
    name = key_id(alliance.approve().public_key)
    before = alliance.copy(tmp_path / "before")
    alliance.publish(ceremony.revoke(alliance.base, name, 12, "key_compromised", alliance.now))
    device.update(alliance.repository.folder, alliance.now)
    with pytest.raises(Rollback, match="older trust data") as refusal:
        device.update(before, alliance.now)
    assert "đổi nguồn" in refusal.value.vi
    assert device.load(alliance.now).accepted.keys[name].last_good == 12


def test_rollback_by_a_thief_with_the_online_keys(
    alliance: Alliance, device: TrustClient, tmp_path: Path
) -> None:
    """They sign a newer snapshot that names the province's older metadata: the device remembers what it has seen."""
    name = key_id(alliance.approve().public_key)
    alliance.publish(ceremony.revoke(alliance.base, name, 12, "key_compromised", alliance.now))
    device.update(alliance.repository.folder, alliance.now)
    folder = alliance.copy(tmp_path / "thief")

    def back(snapshot: Any, timestamp: Any) -> None:
        snapshot.version += 1
        timestamp.version += 1
        snapshot.meta["31-issuers.json"] = MetaFile(2)

    online(alliance, folder, back)
    with pytest.raises(Rollback):
        device.update(folder, alliance.now)
    assert device.load(alliance.now).accepted.keys[name].last_good == 12


def test_a_role_that_vanishes_from_the_snapshot(
    alliance: Alliance, device: TrustClient, tmp_path: Path
) -> None:
    """The same thief leaves the province out, revocation and all: what was named once stays named."""
    folder = alliance.copy(tmp_path / "thief")

    def without(snapshot: Any, timestamp: Any) -> None:
        snapshot.version += 1
        timestamp.version += 1
        del snapshot.meta["31-issuers.json"]

    online(alliance, folder, without)
    with pytest.raises(BadTrustData):
        device.update(folder, alliance.now)
    assert "31-issuers" in held(device, alliance)


def test_freeze(alliance: Alliance, device: TrustClient) -> None:
    """A source that goes on serving what was new once: after two weeks that is told, with the role and the day."""
    expires = alliance.base.timestamp.expires
    device.update(alliance.repository.folder, expires - dt.timedelta(seconds=1))
    with pytest.raises(TrustExpired, match=f"{expires:%Y-%m-%d}") as refusal:
        device.update(alliance.repository.folder, expires + dt.timedelta(seconds=1))
    assert (refusal.value.role, refusal.value.fault) == ("timestamp", Fault.CLOCK)
    assert "đồng hồ" in refusal.value.vi
    with pytest.raises(TrustExpired) as aged:
        device.load(expires + dt.timedelta(days=3))
    assert aged.value.accepted_at is not None
    assert "3 days old" in str(aged.value)
    assert device.load(expires + dt.timedelta(days=3), allow_expired=True).accepted.keys == {}


@pytest.mark.parametrize("role", ["root", "targets", "31-issuers", "snapshot"])
def test_each_role_that_ran_out_is_named(alliance: Alliance, device: TrustClient, role: str) -> None:
    """The operator keeps its roles fresh, but one holder did not renew: which, and since when."""
    expires = dict(alliance.base.roles())[role].expires
    if role != "snapshot":
        alliance.now = expires - dt.timedelta(days=3)
        others = {"root", "targets", "31-issuers", "37-issuers"} - {role}
        alliance.publish(ceremony.renew(alliance.base, sorted(others), alliance.now))
        device.update(alliance.repository.folder, expires - dt.timedelta(seconds=1))
    else:
        # A thief with the timestamp's key alone keeps that fresh; the snapshot runs out all the same.
        timestamp = alliance.base.timestamp
        timestamp.version, timestamp.expires = timestamp.version + 1, expires + dt.timedelta(days=14)
        metadata = Metadata[Any](timestamp)
        metadata.sign(alliance.online.timestamp)
        (alliance.repository.folder / "timestamp.json").write_bytes(metadata.to_bytes())
    with pytest.raises(TrustExpired) as refusal:
        device.update(alliance.repository.folder, expires + dt.timedelta(seconds=1))
    assert refusal.value.role == role


def test_a_clock_set_back_does_not_thaw_what_expired(alliance: Alliance, device: TrustClient) -> None:
    """The floor, the newest signed time this device ever accepted, counts when the clock is behind it."""
    expires = alliance.base.timestamp.expires
    with pytest.raises(TrustExpired):
        device.update(alliance.repository.folder, alliance.now, floor=expires + dt.timedelta(days=1))
    with pytest.raises(TrustExpired):
        device.load(alliance.now, floor=expires + dt.timedelta(days=1))


@pytest.mark.parametrize("role", ["31-issuers", "targets", "snapshot"])
def test_mix_and_match(alliance: Alliance, device: TrustClient, tmp_path: Path, role: str) -> None:
    """An older version under the newest one's name, or one byte more: not what its superior named."""
    old = dict(alliance.base.roles())[role].version
    alliance.approve()
    alliance.publish(ceremony.renew(alliance.base, ["targets"], alliance.now))
    new = dict(alliance.base.roles())[role].version
    folder, before = alliance.copy(tmp_path / "mixed"), held(device, alliance)
    shutil.copy(folder / metadata_name(role, old), folder / metadata_name(role, new))
    with pytest.raises((NotTogether, Rollback)):
        device.update(folder, alliance.now)
    good = (alliance.repository.folder / metadata_name(role, new)).read_bytes()
    (folder / metadata_name(role, new)).write_bytes(good + b" ")
    with pytest.raises((NotTogether, SourceUnreachable)):
        device.update(folder, alliance.now)
    assert held(device, alliance) == before
    device.update(alliance.repository.folder, alliance.now)


def test_another_log_json_under_its_name(alliance: Alliance, tmp_path: Path) -> None:
    """The operator's mirror swaps the witnesses: the national alliance signed other bytes."""
    folder = alliance.copy(tmp_path / "mixed")
    [path] = (folder / "targets").glob("*.log.json")
    path.write_bytes(path.read_bytes().replace(b"tem.example.vn", b"tem.thief.vn.x"))
    client = TrustClient(tmp_path / "new", (folder / "1.root.json").read_bytes())
    with pytest.raises(NotTogether):
        client.update(folder, alliance.now)
    with pytest.raises(NoTrustYet):
        client.load(alliance.now)


class Endless(FetcherInterface):
    """A folder, one of whose files never ends; `sent` counts its bytes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.sent = folder, name, 0

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url.removeprefix(BASE)
        if path.name.endswith(self.name):
            return self._pour()
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        return iter([path.read_bytes()])

    def _pour(self) -> Iterator[bytes]:
        while self.sent < 100_000_000:
            self.sent += 4096
            yield b" " * 4096


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("2.root.json", LIMITS.root_max_length),
        ("timestamp.json", LIMITS.timestamp_max_length),
        ("snapshot.json", LIMITS.snapshot_max_length),
        ("targets.json", LIMITS.targets_max_length),
        ("31-issuers.json", LIMITS.targets_max_length),
        (".log.json", LOG_FILE_LIMIT),
    ],
)
def test_endless_data_is_cut_off_by_size(alliance: Alliance, tmp_path: Path, name: str, most: int) -> None:
    """Each file has a limit, and where its superior names the length that is the limit. Nothing is kept."""
    source = Endless(alliance.repository.folder, name)
    client = TrustClient(tmp_path / "new", (alliance.repository.folder / "1.root.json").read_bytes())
    with pytest.raises((SourceUnreachable, NotTogether)):
        client.update(source, alliance.now)
    assert 0 < source.sent <= most + 2 * 4096
    with pytest.raises(NoTrustYet):
        client.load(alliance.now)


@contextmanager
def dripping(pause: float, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Iterator[str]:
    """A server that answers every request with one byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def serve() -> None:
            server.settimeout(0.05)
            while not stop.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                with client:
                    client.recv(4096)
                    try:
                        client.sendall(head)
                        while not stop.wait(pause):
                            client.sendall(b"x")
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def test_data_that_drips_is_cut_off_by_time(alliance: Alliance, device: TrustClient) -> None:
    """A byte now and then keeps a connection alive for ever; the deadline is for the whole file."""
    begun = time.monotonic()
    with (
        dripping(0.02) as address,
        httpx.Client(timeout=5) as web,
        pytest.raises(SourceUnreachable, match="longer than") as refusal,
    ):
        device.update(WebFetcher(address, web, deadline=0.3), alliance.now)
    assert time.monotonic() - begun < 30
    assert refusal.value.fault is Fault.NETWORK
    assert held(device, alliance)["timestamp"] == 1


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", b"SSH-2.0\r\n"]
)
def test_whatever_answers_in_the_networks_place(alliance: Alliance, device: TrustClient, head: bytes) -> None:
    """A sign-in page of a hotel, another protocol, a hung-up line: the network's fault, and the old set stays."""
    with dripping(0.01, head) as address, httpx.Client(timeout=0.3) as web:
        source = WebFetcher(address, web, deadline=0.3)
        with pytest.raises(SourceUnreachable) as refusal:
            device.update(source, alliance.now)
    assert refusal.value.fault is Fault.NETWORK
    assert "mạng" in refusal.value.vi
    with pytest.raises(SourceUnreachable):
        device.update(address, alliance.now)


def test_fast_forward_and_the_way_back(alliance: Alliance, device: TrustClient, tmp_path: Path) -> None:
    """A thief with the online keys signs version 2^31 - 1, so that nothing genuine is newer.

    Root names new online keys, and the device forgets what the old ones said.
    """
    folder = alliance.copy(tmp_path / "thief")

    def far(snapshot: Any, timestamp: Any) -> None:
        snapshot.version = timestamp.version = 2**31 - 1

    online(alliance, folder, far)
    device.update(folder, alliance.now)
    name = key_id(alliance.approve().public_key)
    with pytest.raises(Rollback):
        device.update(alliance.repository.folder, alliance.now)
    alliance.online = OnlineKeys(alliance.new_signer(), alliance.new_signer())
    alliance.publish(ceremony.change_operator(alliance.base, alliance.operator_card(), alliance.now))
    assert name in device.update(alliance.repository.folder, alliance.now).keys
    with pytest.raises(BadTrustData):
        device.update(folder, alliance.now)


def test_a_wrong_root(alliance: Alliance, device: TrustClient, tmp_path: Path) -> None:
    """Another system's root: as the pinned one it accepts nothing here; against the pinned one it is refused."""
    other = Alliance(tmp_path / "other", seed=99)
    other.publish(other.draft_founding())
    root = (other.repository.folder / "1.root.json").read_bytes()
    stranger = TrustClient(tmp_path / "stranger", root)
    with pytest.raises((WrongSignature, Rollback)):
        stranger.update(alliance.repository.folder, alliance.now)
    with pytest.raises(WrongSignature) as refusal:
        device.update(other.repository.folder, alliance.now)
    assert refusal.value.fault is Fault.OPERATOR
    with pytest.raises(BadTrustData, match="another root is pinned"):
        TrustClient(device._folder, root)
    with pytest.raises(NoTrustYet, match="fingerprints"):
        TrustClient(tmp_path / "nothing")


def rotate_root(alliance: Alliance) -> None:
    """One holder of root goes, one comes."""
    gone, come = alliance.holders["root"][0], alliance.new_signer()
    card = alliance.card("root", come)
    made = ceremony.rotate(alliance.base, "root", [card], [gone.public_key.keyid], alliance.now)
    for signer in (gone, *alliance.holders["root"][1:], come):
        made, _ = made.sign(signer)
    alliance.holders["root"] = [*alliance.holders["root"][1:], come]
    alliance.publish(made)


def test_after_a_long_absence_every_root_is_followed(alliance: Alliance, device: TrustClient) -> None:
    """Six years in a drawer: no holder of the first root is left, most roots have expired, and the chain holds."""
    first = set(alliance.base.root.roles["root"].keyids)
    for _ in range(6):
        alliance.now += dt.timedelta(days=365)
        rotate_root(alliance)
        alliance.publish(ceremony.renew(alliance.base, ["targets", "31-issuers", "37-issuers"], alliance.now))
    accepted = device.update(alliance.repository.folder, alliance.now)
    assert accepted.root.version == 7
    assert not first & set(accepted.root.roles["root"].keyids)
    assert TrustClient(device._folder).load(alliance.now).accepted.root.version == 7


def test_a_missing_root_breaks_the_chain(alliance: Alliance, device: TrustClient, tmp_path: Path) -> None:
    """Between the root it knows and the newest one is missing: what the unknown root's keys signed does not count."""
    rotate_root(alliance)
    alliance.online = OnlineKeys(alliance.new_signer(), alliance.new_signer())
    alliance.publish(ceremony.change_operator(alliance.base, alliance.operator_card(), alliance.now))
    folder = alliance.copy(tmp_path / "gap")
    (folder / "2.root.json").unlink()
    with pytest.raises(WrongSignature):
        device.update(folder, alliance.now)
    shutil.copy(folder / "3.root.json", folder / "2.root.json")
    with pytest.raises((Rollback, WrongSignature)):
        device.update(folder, alliance.now)
    assert held(device, alliance)["root"] == 1
    assert device.update(alliance.repository.folder, alliance.now).root.version == 3


def test_a_root_signed_by_the_new_holders_only(
    alliance: Alliance, device: TrustClient, tmp_path: Path
) -> None:
    """Somebody writes the next root with keys of their own: the holders of the last one did not sign it."""
    folder, thief = alliance.copy(tmp_path / "thief"), Alliance(tmp_path / "none", seed=5)
    root = copy.deepcopy(alliance.base.root)
    root.version = 2
    for holder in thief.holders["root"]:
        root.keys[holder.public_key.keyid] = holder.public_key
    root.roles["root"].keyids = [holder.public_key.keyid for holder in thief.holders["root"]]
    metadata = Metadata[Any](root)
    for holder in thief.holders["root"]:
        metadata.sign(holder, append=True)
    (folder / "2.root.json").write_bytes(metadata.to_bytes())
    with pytest.raises(WrongSignature):
        device.update(folder, alliance.now)
    assert held(device, alliance)["root"] == 1


class Failing(FetcherInterface):
    """A line that breaks at the n-th file, in the middle of it."""

    def __init__(self, folder: Path, good: int) -> None:
        self.folder, self.left = folder, good

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url.removeprefix(BASE)
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        self.left -= 1
        return iter([path.read_bytes()]) if self.left >= 0 else self._broken(path.read_bytes())

    @staticmethod
    def _broken(data: bytes) -> Iterator[bytes]:
        yield data[: len(data) // 2]
        raise DownloadError("the line broke")


def test_an_interrupted_update_leaves_the_last_accepted_set(alliance: Alliance, device: TrustClient) -> None:
    """Broken off at every file in turn: the old set, whole, until an update goes through to its end."""
    before = held(device, alliance)
    rotate_root(alliance)
    name = key_id(alliance.approve().public_key)
    alliance.publish(ceremony.renew(alliance.base, ["targets", "37-issuers"], alliance.now))
    broken = 0
    while True:
        try:
            device.update(Failing(alliance.repository.folder, broken), alliance.now)
            break
        except SourceUnreachable:
            broken += 1
            assert held(TrustClient(device._folder), alliance) == before
            assert name not in device.load(alliance.now).accepted.keys
    assert broken >= 4
    assert name in device.load(alliance.now).accepted.keys


def test_a_device_whose_own_file_is_damaged_says_so(alliance: Alliance, device: TrustClient) -> None:
    """Its store's fault, never read as an empty set; the next update mends it."""
    path = device._folder / "accepted.json"
    whole = path.read_bytes()
    for damaged in (whole[:-20], whole.replace(b'"v": 1', b'"v": 2'), b"[]", whole[: len(whole) // 2], b""):
        path.write_bytes(damaged)
        with pytest.raises(TrustError, match="damaged") as refusal:
            device.load(alliance.now)
        assert refusal.value.fault is Fault.STORE
        assert "cập nhật lại" in refusal.value.vi
    device.update(alliance.repository.folder, alliance.now)
    assert held(device, alliance)["root"] == 1
