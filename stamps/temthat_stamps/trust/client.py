"""A device's own trust data: updated from anywhere, kept whole, never older than it was.

`tuf`'s client (`Updater`) does the updating in a folder of its own, which remembers every version it has seen. Only
when all that was wanted is there and checked does the set replace the one in use, in one step: an interrupted update
leaves the last good one.
"""

import base64
import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Snapshot, Targets
from tuf.ngclient import Updater

from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.fields import Fields, instant
from temthat_stamps.files import replace_file
from temthat_stamps.trust.accepted import (
    LIMITS,
    LOG_FILE_LIMIT,
    LONG_AGO,
    Accepted,
    Reader,
    accept,
    province_roles,
)
from temthat_stamps.trust.errors import NoTrustYet, SourceUnreachable, bad, translated
from temthat_stamps.trust.logtrust import LOG_TARGET
from temthat_stamps.trust.roles import ROOT, province_of
from temthat_stamps.trust.source import BASE, Source, opened

_STATE_LIMIT = 200_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """The set in use, and when it was found current."""

    accepted: Accepted
    accepted_at: dt.datetime


class TrustClient:
    """Trust data below `folder`. `root` is the root metadata trusted from the start; the first one given is pinned.

    Raises `BadTrustData` if another root is pinned here already, `NoTrustYet` if there is none at all.
    """

    def __init__(self, folder: Path, root: bytes | None = None) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        pinned = folder / "root.json"
        if not pinned.exists():
            if root is None:
                raise NoTrustYet(
                    Fault.STORE,
                    f"Chưa có root nào được tin trong {folder}. Hãy lấy root.json từ nhà vận hành và so dấu vân tay.",
                    f"No root is trusted in {folder} yet. Take root.json from the operator and compare fingerprints.",
                )
            replace_file(pinned, root)
        self.root = pinned.read_bytes()
        if root not in (None, self.root):
            raise bad("máy này đã ghim một root khác", "another root is pinned on this device")

    def update(
        self,
        source: Source,
        now: dt.datetime,
        *,
        floor: dt.datetime | None = None,
        provinces: Collection[str] | None = None,
    ) -> Accepted:
        """Take what is newest at `source`, with the keys of these provinces (None: all), and keep it.

        The time is the later of `now` and `floor`, the newest time signed in anything this device accepted. Raises
        `SourceUnreachable`, `TrustExpired` (a source that is frozen, or a wrong clock), `Rollback`, `WrongSignature`,
        `NotTogether`, `BadTrustData`; what was in use then stays in use.
        """
        at = _later(now, floor)
        cache = self._folder / "tuf"
        cache.mkdir(exist_ok=True)
        read = _cached(cache)
        try:
            with opened(source) as fetcher:
                updater = Updater(
                    str(cache), BASE, str(cache), BASE + "targets", fetcher, LIMITS, bootstrap=self.root
                )
                # Expiry is judged below, of the whole set and with the floor, so that role and day can be told.
                updater._trusted_set.reference_time = LONG_AGO
                _refresh(updater, read, provinces)
        except exceptions.RepositoryError as error:
            raise translated(error) from error
        except exceptions.DownloadError as error:
            raise _unreachable(error) from error
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise translated(error) from error
        accepted = accept(read, self.root, at, provinces)
        self._keep(accepted, at)
        return accepted

    def load(
        self, now: dt.datetime, *, floor: dt.datetime | None = None, allow_expired: bool = False
    ) -> Held:
        """The set in use, checked again from the pinned root; without any network.

        Raises `NoTrustYet`; `TrustExpired`, which tells its age, unless `allow_expired` (whose data is too old has age
        bands to answer by); `BadTrustData` if this device's own file is damaged.
        """
        held = self._held()
        if not allow_expired:
            held.accepted.check_current(_later(now, floor), held.accepted_at)
        return held

    def _held(self) -> Held:
        try:
            data = (self._folder / "accepted.json").read_bytes()
        except FileNotFoundError:
            raise NoTrustYet(
                Fault.NETWORK,
                "Máy này chưa có dữ liệu tin cậy. Hãy nối mạng, hoặc lấy tệp dữ liệu từ nhà vận hành.",
                "This device has no trust data yet. Go online, or fetch the file from the operator.",
            ) from None
        try:
            body = json.loads(data)
            f = Fields(body)
            f.equal("v", 1)
            at = f.instant("accepted_at")
            files = {name: base64.b64decode(text, validate=True) for name, text in f.mapping("files").items()}
            provinces = body["provinces"]
            accepted = accept(files.get, self.root, None, provinces)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            RecursionError,
            BadStatement,
            TrustError,
        ) as error:
            raise TrustError(
                Fault.STORE,
                f"Dữ liệu tin cậy trên máy bị hỏng ({error}). Hãy nối mạng và cập nhật lại.",
                f"The trust data on this device is damaged ({error}). Go online and update again.",
            ) from error
        return Held(accepted, at)

    def _keep(self, accepted: Accepted, at: dt.datetime) -> None:
        body = {
            "v": 1,
            "accepted_at": instant(at),
            "provinces": sorted(province_of(role) for role in accepted.provinces),
            "files": {name: base64.b64encode(data).decode() for name, data in accepted.files.items()},
        }
        replace_file(self._folder / "accepted.json", json.dumps(body).encode())


def _refresh(updater: Updater, read: Reader, provinces: Collection[str] | None) -> None:
    """Everything wanted into the updater's folder."""
    updater.refresh()
    targets = Metadata[Targets].from_bytes(read("0.targets.json") or b"").signed
    snapshot = Metadata[Snapshot].from_bytes(read("0.snapshot.json") or b"").signed
    for role in province_roles(targets, snapshot):
        if provinces is None or province_of(role) in provinces:
            updater.get_targetinfo(f"{province_of(role)}/-/-")  # names no key: the role is loaded to see that
    log = updater.get_targetinfo(LOG_TARGET)
    if log is None or log.length > LOG_FILE_LIMIT:
        raise bad(f"không có {LOG_TARGET} dùng được", f"there is no usable {LOG_TARGET}")
    if updater.find_cached_target(log) is None:
        updater.download_target(log)


def _cached(cache: Path) -> Reader:
    """The updater's folder by public names: it keeps all versions of root, and the newest of all else."""

    def read(name: str) -> bytes | None:
        version, _, rest = name.partition(".")
        if name.startswith("targets/"):
            path = cache / LOG_TARGET
        elif rest == f"{ROOT}.json":
            path = cache / "root_history" / name
        else:
            path = cache / (rest if version.isdigit() else name)
        return path.read_bytes() if path.is_file() else None

    return read


def _later(now: dt.datetime, floor: dt.datetime | None) -> dt.datetime:
    return now if floor is None else max(now, floor)


def _unreachable(error: exceptions.DownloadError) -> SourceUnreachable:
    return SourceUnreachable(
        Fault.NETWORK,
        f"Không lấy được dữ liệu tin cậy ({error}). Kiểm tra mạng hoặc đổi nguồn; dữ liệu đã nhận vẫn được dùng.",
        f"Cannot fetch trust data ({error}). Look at the network or use another source; what was accepted is kept.",
    )
