"""A cooperative's own keys on its own computer, as files in one folder. Nothing here needs a network.

own.json            who this is: issuer, province, the log's name, the public key, where the token is (if any)
issuer.key          the issuer key under a pass phrase; not there if it is on a token
enrolment.json      the request to carry to the alliance
stamp-<id>.key      a stamp key under the same pass phrase; destroyed when closed, and never backed up
stamp-<id>.opened   its announcement as it was signed
run-<n>.signed      the statements of a run as they were signed
log.json            which log, witnesses and hosts count, as the alliance handed it over
signer.db           what was signed with which key, and when (`state`)
"""

import base64
import contextlib
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.custody.keyfile import WORK, open_key, read_about, seal_key
from temthat_stamps.custody.wrapping import StampKeyHalf
from temthat_stamps.errors import BadStatement, CustodyError, Fault
from temthat_stamps.fields import Fields, instant
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.manifest import Custody
from temthat_stamps.signer import KeySigner, Signer
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.logtrust import LogTrust

if TYPE_CHECKING:
    from temthat_stamps.custody.token import TokenSigner

IDENTITY, ISSUER_KEY, ENROLMENT, LOG = "own.json", "issuer.key", "enrolment.json", "log.json"


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where an issuer key lies on a token: the PKCS#11 module, the token's label, the key's label."""

    module: str
    token: str
    label: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Asks the person at the computer for the key files' pass phrase, and for the token's PIN."""

    passphrase: Callable[[], str]
    pin: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a folder's keys speak for."""

    origin: str
    issuer: str
    province: str
    public_key: bytes
    token: TokenPlace | None = None

    def to_json(self) -> bytes:
        """The file's bytes."""
        body = {"v": 1} | asdict(self) | {"public_key": base64.b64encode(self.public_key).decode()}
        return json.dumps(body, indent=1, ensure_ascii=False).encode()

    @classmethod
    def parse(cls, data: bytes) -> "Identity":
        """Read the file. Raises `BadStatement`, `ValueError`."""
        body = json.loads(data.decode())
        f = Fields(body if isinstance(body, dict) else {})
        f.equal("v", 1)
        token = None
        if not f.absent("token"):
            place = f.record("token")
            token = TokenPlace(place.text("module", 4000), place.text("token"), place.text("label"))
        return cls(f.text("origin"), f.identity("issuer"), f.text("province"), f.raw("public_key", 32), token)


@dataclass(frozen=True, slots=True)
class StampKeyFile:
    """A stamp key of the folder, as its file says in clear; what it says is authenticated when it is opened."""

    path: Path
    public_key: bytes
    opens: dt.datetime
    closes: dt.datetime

    @property
    def announcement(self) -> Path:
        """Where its signed announcement lies."""
        return self.path.with_suffix(".opened")


class OwnFolder:
    """The files. Raises `CustodyError` in words for whatever is missing or does not open."""

    def __init__(self, path: Path, secrets: Secrets, work: int = WORK) -> None:
        self.path = path
        self._secrets = secrets
        self._work = work
        try:
            self.identity = Identity.parse((path / IDENTITY).read_bytes())
        except (OSError, ValueError, BadStatement) as error:
            raise CustodyError(
                Fault.ISSUER,
                f"{path} không phải thư mục khóa của đơn vị. Tạo mới bằng temthat own new, hoặc lấy bản sao lưu.",
                f"{path} is no folder of own keys. Make one with temthat own new, or take the backup.",
            ) from error
        self.trust = LogTrust.parse(self._read(LOG))

    @contextlib.contextmanager
    def issuer_signer(self) -> Iterator[Signer]:
        """The issuer key, from its file or on its token, while the context lasts."""
        place = self.identity.token
        if place is None:
            opened = open_key(self._read(ISSUER_KEY), self._secrets.passphrase())
            yield self._checked(KeySigner(opened.key))
            return
        signer = _token_signer(place, self._secrets.pin())
        try:
            yield self._checked(signer)
        finally:
            signer.close()

    def stamp_keys(self) -> list[StampKeyFile]:
        """The stamp keys that are there, the newest last. Files that are none are passed over."""
        found = []
        for path in self.path.glob("stamp-*.key"):
            with contextlib.suppress(CustodyError, BadStatement, ValueError):
                about = Fields(read_about(path.read_bytes()))
                public = bytes.fromhex(about.hex("public_key", 32))
                found.append(StampKeyFile(path, public, about.instant("opens"), about.instant("closes")))
        return sorted(found, key=lambda key: (key.opens, key.public_key))

    def new_stamp_key(self, opens: dt.datetime, closes: dt.datetime) -> StampKeyFile:
        """A new stamp key, in a file under the pass phrase."""
        key = Ed25519PrivateKey.generate()
        public = public_bytes(key)
        about = {"kind": "stamp", "issuer": self.identity.issuer, "origin": self.identity.origin}
        about |= {"opens": instant(opens), "closes": instant(closes)}
        path = self.path / f"stamp-{key_id(public)[:16]}.key"
        write_file(path, seal_key(key, about, self._secrets.passphrase(), self._work))
        return StampKeyFile(path, public, opens.replace(microsecond=0), closes.replace(microsecond=0))

    def open_stamp_key(self, file: StampKeyFile) -> StampKeyHalf:
        """Its signing half."""
        opened = open_key(self._read(file.path.name), self._secrets.passphrase())
        about = Fields(opened.about)
        return StampKeyHalf(opened.key, about.instant("opens"), about.instant("closes"))

    def replace_log(self, data: bytes) -> None:
        """Take another `log.json` of the same log: new witnesses, new hosts. Raises `TrustError`."""
        trust = LogTrust.parse(data)
        _check_origin(trust.origin, self.identity.origin)
        write_file(self.path / LOG, data)
        self.trust = trust

    def _checked(self, signer: Signer) -> Signer:
        if signer.public_key != self.identity.public_key:
            raise CustodyError(
                Fault.ISSUER,
                "Khóa này không phải khóa đã đăng ký của đơn vị. Dùng đúng tệp khóa hoặc token.",
                "This is not the key the issuer enrolled. Use the right key file or token.",
            )
        return signer

    def _read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise CustodyError(
                Fault.ISSUER,
                f"Không đọc được {self.path / name}. Lấy lại từ bản sao lưu; khóa mất hẳn thì đăng ký khóa mới.",
                f"{self.path / name} cannot be read. Take it from the backup; if a key is lost, enrol a new one.",
            ) from error


def make_folder(
    path: Path,
    log: bytes,
    issuer: str,
    province: str,
    secrets: Secrets,
    now: dt.datetime,
    token: TokenPlace | None = None,
    kind: IssuerKind = IssuerKind.PRODUCER,
    work: int = WORK,
) -> OwnFolder:
    """A new issuer key, in a file or on a token, and its enrolment request. Never over a folder that has one."""
    trust = LogTrust.parse(log)
    if (path / IDENTITY).exists():
        raise CustodyError(
            Fault.ISSUER,
            f"{path} đã có khóa của đơn vị; không ghi đè. Hãy chọn thư mục khác.",
            f"{path} has an issuer's key already and is left as it is. Choose another folder.",
        )
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if token:
        public = _make_token_key(token, secrets.pin())
    else:
        key, about = (
            Ed25519PrivateKey.generate(),
            {"kind": "issuer", "issuer": issuer, "origin": trust.origin},
        )
        write_file(path / ISSUER_KEY, seal_key(key, about, secrets.passphrase(), work))
        public = public_bytes(key)
    identity = Identity(trust.origin, issuer, province, public, token)
    write_file(path / LOG, log)
    write_file(path / IDENTITY, identity.to_json())
    folder = OwnFolder(path, secrets, work)
    request = Enrolment(trust.origin, issuer, kind, province, public, Custody.OWN, now)
    with folder.issuer_signer() as signer:
        write_file(path / ENROLMENT, sign_enrolment(request, signer))
    return folder


def write_file(path: Path, data: bytes) -> None:
    """All of it under its name, durable, readable by its owner alone; or nothing."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def destroy_file(path: Path) -> None:
    """Overwrite and remove. Flash storage may keep old blocks: the pass phrase is what protects those."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)


def _check_origin(origin: str, expected: str) -> None:
    if origin != expected:
        raise CustodyError(
            Fault.OPERATOR,
            f"Tệp này của sổ “{origin}”, còn khóa của đơn vị dùng cho sổ “{expected}”. Xin đúng tệp.",
            f"This file is of the log “{origin}”; the issuer's key is for “{expected}”. Ask for the right one.",
        )


def _make_token_key(place: TokenPlace, pin: str) -> bytes:
    with _token_extra():
        from temthat_stamps.custody.token import make_token_key
    return make_token_key(place.module, place.token, place.label, pin)


def _token_signer(place: TokenPlace, pin: str) -> "TokenSigner":
    with _token_extra():
        from temthat_stamps.custody.token import TokenSigner
    return TokenSigner(place.module, place.token, place.label, pin)


@contextlib.contextmanager
def _token_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise CustodyError(
            Fault.ISSUER,
            'Chưa cài phần đọc token: pip install "temthat[token]"',
            'Reading tokens is not installed: pip install "temthat[token]"',
        ) from error
