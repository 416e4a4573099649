"""Hosted custody after a loss, as docs/custody.md tells it: what goes on, and how."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.custody.errors import KeyNotOpened, NoProof, StampsRefused
from temthat_stamps.custody.masterkey import make_master_key, read_master_key, read_policy
from temthat_stamps.custody.state import Quota, SignerState
from temthat_stamps.custody.vault import Vault
from temthat_stamps.errors import CustodyError
from temthat_stamps.sealing import Sealer

if TYPE_CHECKING:
    from tests.stamps.custody.conftest import Clock, Desk, TinyLog

ORIGIN = "tem.example.vn/log"
QUOTA = Quota(stamps_per_day=1_000)


@pytest.fixture
def home(tmp_path: Path, log: "TinyLog") -> Path:
    """A signer's folder as `temthat signer new` leaves it."""
    folder = tmp_path / "home"
    make_master_key(folder)
    log.write_policy(folder / "log.json")
    return folder


class Signer:
    """A signer started on a folder."""

    def __init__(self, home: Path, clock: "Clock") -> None:
        policy = read_policy(home / "log.json")
        self.vault = Vault(read_master_key(home), policy.origin, policy, home, QUOTA, clock)

    def close(self) -> None:
        self.vault.state.close()


@pytest.fixture
def working(home: Path, log: "TinyLog", clock: "Clock", make_desk: Callable[..., "Desk"]) -> "Desk":
    """A service with an issuer key, whose signer has just stopped."""
    with closing(Signer(home, clock)) as signer:
        return make_desk(signer.vault, log, clock)


def test_recovery_signer_machine_lost_its_key_and_records_restored(
    working: "Desk", home: Path, tmp_path: Path, clock: "Clock"
) -> None:
    """signer.key and signer.db from the backup, on another machine: everything goes on as before."""
    with closing(Signer(home, clock)) as signer:
        working.custody = signer.vault
        key = working.open_stamp_key()
        registered = working.register(working.manifest(key, 900))
    elsewhere = shutil.copytree(home, tmp_path / "elsewhere")
    shutil.rmtree(home)
    with closing(Signer(elsewhere, clock)) as signer:
        working.custody = signer.vault
        assert len(list(signer.vault.sign_stamps(working.issuer, key, 1, 1, 900, *registered))) == 900
        with pytest.raises(CustodyError, match="900 registered today"):
            working.register(working.manifest(key, 101))


def test_recovery_only_the_master_key_was_backed_up(working: "Desk", home: Path, clock: "Clock") -> None:
    """signer.db is lost: quotas begin anew; a run under way is printed after its manifest was signed once more."""
    with closing(Signer(home, clock)) as signer:
        working.custody = signer.vault
        key = working.open_stamp_key()
        manifest = working.manifest(key, 900)
        envelope, proof = working.register(manifest)
    for path in home.glob("signer.db*"):
        path.unlink()
    with closing(Signer(home, clock)) as signer:
        with pytest.raises(StampsRefused, match="sign the same manifest again"):
            signer.vault.sign_stamps(working.issuer, key, 1, 1, 900, envelope, proof)
        signer.vault.sign_statement(working.issuer, working.key, manifest.body())
        assert len(list(signer.vault.sign_stamps(working.issuer, key, 1, 1, 900, envelope, proof))) == 900
        working.custody = signer.vault
        with pytest.raises(CustodyError, match="900 registered today"):
            working.register(working.manifest(key, 101))


def test_recovery_master_key_lost_every_issuer_enrols_a_new_key(
    working: "Desk", home: Path, log: "TinyLog", clock: "Clock", make_desk: Callable[..., "Desk"]
) -> None:
    """No sealed key opens any more; with a new master key new issuer and stamp keys sign as before."""
    with closing(Signer(home, clock)) as signer:
        working.custody = signer.vault
        key = working.open_stamp_key()
        registered = working.register(working.manifest(key))
    (home / "signer.key").unlink()
    with pytest.raises(CustodyError, match="signer new"):
        Signer(home, clock)
    make_master_key(home)
    with closing(Signer(home, clock)) as signer:
        with pytest.raises(KeyNotOpened):
            signer.vault.sign_statement(working.issuer, working.key, working.manifest(key).body())
        with pytest.raises(KeyNotOpened):
            signer.vault.sign_stamps(working.issuer, key, 1, 1, 1, *registered)
        anew = make_desk(signer.vault, log, clock)
        again = anew.open_stamp_key()
        registered = anew.register(anew.manifest(again))
        assert len(list(signer.vault.sign_stamps(anew.issuer, again, 1, 1, 100, *registered))) == 100


def test_recovery_witnesses_changed_a_new_policy_is_taken_at_the_next_start(
    working: "Desk", home: Path, clock: "Clock", make_log: Callable[..., "TinyLog"]
) -> None:
    """The old policy refuses what the new witnesses signed; the alliance's new log.json lets it pass."""
    newer = make_log(seed=60)
    with closing(Signer(home, clock)) as signer:
        working.custody, working.log = signer.vault, newer
        key = working.open_stamp_key()
        registered = working.register(working.manifest(key))
        with pytest.raises(NoProof):
            signer.vault.sign_stamps(working.issuer, key, 1, 1, 1, *registered)
    newer.write_policy(home / "log.json")
    with closing(Signer(home, clock)) as signer:
        assert list(signer.vault.sign_stamps(working.issuer, key, 1, 1, 1, *registered))


def test_recovery_a_stolen_database_is_worth_nothing_without_the_master_key(
    working: "Desk", tmp_path: Path, clock: "Clock", log: "TinyLog"
) -> None:
    """Every sealed key in it, a signer of the thief's own, even the right origin and policy: nothing opens."""
    thief = Vault(Sealer(bytes(range(7, 39))), ORIGIN, log.policy, tmp_path / "thief", QUOTA, clock)
    with closing(thief.state), pytest.raises(KeyNotOpened):
        thief.sign_statement(working.issuer, working.key, working.manifest(working.key).body())


def test_a_damaged_record_file_is_said_in_words(home: Path) -> None:
    """signer.db that is no database: words, and nothing is served from it."""
    (home / "signer.db").write_bytes(b"not a database at all, though long enough to be looked at" * 20)
    with pytest.raises(CustodyError, match="Check its disk and folder"):
        SignerState(home)


@pytest.mark.parametrize("content", ["", "zz", "00" * 32, "ab" * 31])
def test_a_master_key_that_is_none_is_refused(home: Path, content: str) -> None:
    """Empty, not hex, not random, too short."""
    (home / "signer.key").write_text(content)
    with pytest.raises(CustodyError, match=r"signer\.key"):
        read_master_key(home)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"origin":"o","log_key":"x","witnesses":[1]}']
)
def test_a_policy_that_is_none_is_refused(home: Path, content: bytes) -> None:
    """In words that name the file to fetch."""
    (home / "log.json").write_bytes(content)
    with pytest.raises(CustodyError, match=r"log\.json"):
        read_policy(home / "log.json")


def test_a_master_key_is_never_overwritten(home: Path) -> None:
    """A second `signer new` would lose every hosted key."""
    before = (home / "signer.key").read_bytes()
    with pytest.raises(CustodyError, match="already"):
        make_master_key(home)
    assert (home / "signer.key").read_bytes() == before
    assert (home / "signer.key").stat().st_mode & 0o777 == 0o600
