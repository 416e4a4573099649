"""Whatever is stated in somebody's name, told as it appears in the log: runs nobody ordered, a key nobody asked for.

Each look proves that the log only grew since the last one; two signed heads that do not fit are kept as evidence. It
tells what is stated and judges none of it: that takes an `audit`.
"""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.fields import instant
from temthat_stamps.files import replace_file
from temthat_stamps.keys import key_id
from temthat_stamps.log.checkpoint import Checkpoint, open_checkpoint
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.merkle import BadProof, verify_consistency
from temthat_stamps.log.note import Note
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.reader import CHECKPOINT, LogReader
from temthat_stamps.log.tiles import BadTile, TiledTree
from temthat_stamps.log.told import in_words
from temthat_stamps.log.trust_files import trust_file, trust_path
from temthat_stamps.logged import Block, Delegation, PublishedFile, Stated, read_body
from temthat_stamps.manifest import KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, Notice
from temthat_stamps.statement import open_envelope


class Equivocation(TrustError):
    """The log shows different people different entries, and has signed both.

    `evidence`: the file that proves it; None where it could not be written.
    """

    def __init__(self, evidence: Path | None, detail: str) -> None:
        kept_vi = (
            f"Bằng chứng giữ ở {evidence}. Hãy gửi tệp này"
            if evidence
            else "Không ghi được bằng chứng. Hãy báo"
        )
        kept_en = (
            f"The evidence is kept in {evidence}. Send it"
            if evidence
            else "No evidence could be written. Tell this"
        )
        super().__init__(
            Fault.OPERATOR,
            f"SỔ BỊ RẼ NHÁNH: đơn vị vận hành đã ký hai mốc sổ trái ngược nhau ({detail}). {kept_vi} cho liên minh và "
            "các bên chứng kiến; đừng dùng dữ liệu mới.",
            f"THE LOG IS FORKED: its operator has signed two heads that contradict each other ({detail}). {kept_en} to "
            "the alliance and the witnesses; use no newer data.",
        )
        self.evidence = evidence


class WentBack(TrustError):
    """The log has fewer entries than seen before: an old copy, or entries taken away."""

    def __init__(self, size: int, seen: int) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Sổ chỉ có {size} mục, trước đây đã thấy {seen}. Đây là bản sao cũ, hoặc có người đã bỏ bớt mục. Hãy đọc "
            "từ nơi khác; nếu vẫn vậy thì báo liên minh.",
            f"The log has {size} entries where {seen} were seen before: an old copy, or entries were taken away. Read "
            "it from another place; if it stays so, tell the alliance.",
        )


class StateDamaged(TrustError):
    """The watcher's own file cannot be used."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            Fault.STORE,
            f"Không dùng được tệp trạng thái {path} ({detail}). Xóa tệp đó để xem lại sổ từ đầu.",
            f"The state file {path} cannot be used ({detail}). Remove it to look at the log from its beginning.",
        )


@dataclass(frozen=True, slots=True)
class Told:
    """One entry that concerns who is watched. `issuer` stated it (None: the operator); `about` whom it is."""

    index: int
    type: str
    issuer: str | None
    about: tuple[str, ...]
    at: dt.datetime
    vi: str
    en: str

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "index": self.index,
            "type": self.type,
            "issuer": self.issuer,
            "about": list(self.about),
            "at": instant(self.at),
            "vi": self.vi,
            "en": self.en,
        }


@dataclass
class Names:
    """Whom to watch, and what of theirs was seen: to know whose run a notice is about.

    With neither issuers nor provinces everything is told. `keys`: delegated issuer keys by id, with their last good
    entry; `owned`: runs, batches and stamp keys as notices name them, by issuer.
    """

    issuers: set[str] = field(default_factory=set)
    provinces: set[str] = field(default_factory=set)
    keys: dict[str, int | None] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)

    @property
    def everyone(self) -> bool:
        """Whether nobody in particular is watched."""
        return not (self.issuers or self.provinces)

    def own(self, issuer: str, target: str) -> None:
        """Remember whose something is, if it is of somebody watched."""
        if issuer in self.issuers:
            self.owned.setdefault(target, issuer)

    def owner(self, notice: Notice) -> str | None:
        """Whose run, batch or key a notice is about."""
        return self.owned.get(notice.target if notice.run is None else f"run:{notice.run}")


class Watch:
    """Looks at a log from time to time. `state` is a file of its own, replaced in one step after each look."""

    def __init__(
        self,
        reader: LogReader,
        policy: Policy,
        state: Path,
        issuers: Iterable[str] = (),
        provinces: Iterable[str] = (),
    ) -> None:
        """Raises `StateDamaged`, also for a file of another log or of other names."""
        self._reader = reader
        self._policy = policy
        self._state = state
        self._names = Names(set(issuers), set(provinces))
        self._watched = {"issuers": sorted(self._names.issuers), "provinces": sorted(self._names.provinces)}
        self._head: bytes | None = None
        self._hidden = ""
        """The trust file of the entry at hand that cannot be read."""
        self._load()

    @property
    def size(self) -> int:
        """Entries seen and proved so far."""
        return self._seen.size if self._seen is not None else 0

    @property
    def _seen(self) -> Checkpoint | None:
        return None if self._head is None else Checkpoint.parse(Note.parse(self._head).text)

    def look(self) -> Iterator[Told]:
        """What is new since the last look. The state is kept once all of it was taken.

        Raises `Equivocation`, `WentBack`, or what reading and verifying a log raises; then the state stays as it was.
        """
        head = self._reader.read(CHECKPOINT)
        checkpoint = open_checkpoint(head, self._policy).checkpoint
        tree = TiledTree(self._reader, checkpoint.size, checkpoint.root)
        seen = self._seen
        if seen is not None:
            self._compare(seen, checkpoint, head, tree)
        before = deepcopy(self._names)
        try:
            for index, entry in enumerate(tree.entries(self.size), self.size):
                told = self._tell(index, entry)
                if told is not None:
                    yield told
        except BaseException:
            self._names = before  # what a look cut short has learned, the next one learns anew
            raise
        self._head = head
        self._save()

    def _compare(self, seen: Checkpoint, now: Checkpoint, head: bytes, tree: TiledTree) -> None:
        if now.size < seen.size:
            raise WentBack(now.size, seen.size)
        if seen.size == 0:
            return
        try:
            proof = tree.consistency_proof(seen.size)
            verify_consistency(seen.size, now.size, seen.root, now.root, proof)
        except BadProof as error:
            path = tree.consistency_path(seen.size) if seen.size < now.size else ()
            raise Equivocation(self._keep_evidence(head, path), f"{seen.size} → {now.size}") from error

    def _keep_evidence(self, head: bytes, path: Sequence[bytes]) -> Path | None:
        """What proves the fork to anybody, beside the state file. Without room for it the fork is told all the same."""
        assert self._head is not None
        file = self._state.with_name(f"{self._state.name}.fork")
        try:
            replace_file(file, ForkEvidence(self._head, head, tuple(path)).format())
        except OSError:
            return None
        return file

    def _tell(self, index: int, entry: bytes) -> Told | None:
        try:
            body = open_envelope(entry).body
            stated = read_body(body)
        except BadStatement:
            return None
        about = self._about(stated)
        if not (about or self._names.everyone):
            return None
        issuer = getattr(stated, "issuer", None)
        vi, en = in_words(stated)
        if hidden := self._hidden:
            vi += f". Không đọc được {hidden}: có thể giấu một khóa đứng tên bạn; hãy hỏi liên minh"
            en += f". {hidden} cannot be read and may hide a key in your name: ask the alliance"
        return Told(index, str(body["type"]), issuer, about, stated.at, vi, en)

    def _about(self, stated: Stated) -> tuple[str, ...]:
        """Which of those watched a statement concerns."""
        names = self._names
        self._hidden = ""
        if isinstance(stated, Delegation):
            found = self._delegated(stated)
            if self._hidden:
                found |= names.issuers or names.provinces
            return tuple(sorted(found))
        found = set()
        issuer = getattr(stated, "issuer", None)
        if issuer in names.issuers:
            found.add(issuer)
        if isinstance(stated, IssuedNotice):
            found |= {owner} if (owner := names.owner(stated.notice)) else set()
        elif isinstance(stated, RunManifest):
            names.own(stated.issuer, f"run:{stated.run}")
            names.own(stated.issuer, f"batch:{stated.batch}")
        elif isinstance(stated, KeyOpened):
            names.own(stated.issuer, f"key:{key_id(stated.public_key)}")
        elif isinstance(stated, Sources):
            names.own(stated.issuer, f"batch:{stated.batch}")
        elif isinstance(stated, Block) and stated.issuer in names.issuers:
            found.add(stated.issuer)
        return tuple(sorted(found))

    def _delegated(self, stated: Delegation) -> set[str]:
        """Issuers watched of whom a publication brings a key or changes one; all of a watched province are."""
        if self._names.everyone:
            return set()
        from temthat_stamps.trust.delegates import delegated_keys
        from temthat_stamps.trust.roles import NATIONAL, TARGETS, province_of

        read, found = trust_file(self._reader), set()
        for name, file in stated.files.items():
            try:
                province = NATIONAL if name == TARGETS else province_of(name)
            except ValueError:
                continue
            try:
                keys = delegated_keys(_published(read(name, file), name, file), province)
            except TrustError as error:
                if error.fault is Fault.NETWORK:
                    raise
                self._hidden = f"“{name}”"  # whoever publishes garbage must not blind who watches
                continue
            for key in keys:
                if province in self._names.provinces:
                    self._names.issuers.add(key.issuer)
                if key.issuer not in self._names.issuers:
                    continue
                known = key.key_id in self._names.keys and self._names.keys[key.key_id] == key.last_good
                self._names.keys[key.key_id] = key.last_good
                if not known:
                    found.add(key.issuer)
        return found

    def _load(self) -> None:
        try:
            data = self._state.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StateDamaged(self._state, error.strerror or "unreadable") from error
        try:
            body = json.loads(data)
            if body["origin"] != self._policy.origin or body["watched"] != self._watched:
                raise StateDamaged(self._state, "another log, or other names / sổ khác hoặc tên khác")
            self._head = base64.b64decode(body["checkpoint"], validate=True)
            self._names.issuers |= set(body["issuers"])
            self._names.keys = dict(body["keys"])
            self._names.owned = dict(body["owned"])
            assert self._seen is not None
        except (ValueError, KeyError, TypeError, TrustError) as error:
            if isinstance(error, StateDamaged):
                raise
            raise StateDamaged(self._state, "not a state file") from error

    def _save(self) -> None:
        assert self._head is not None
        body: Mapping[str, Any] = {
            "v": 1,
            "origin": self._policy.origin,
            "watched": self._watched,
            "checkpoint": base64.b64encode(self._head).decode(),
            "issuers": sorted(self._names.issuers),
            "keys": self._names.keys,
            "owned": self._names.owned,
        }
        replace_file(self._state, json.dumps(body).encode())


def _published(data: bytes, name: str, file: PublishedFile) -> bytes:
    """A trust file's bytes, if they are those the log names. Raises `BadTile`."""
    if len(data) != file.length or hashlib.sha256(data).hexdigest() != file.sha256:
        raise BadTile(trust_path(name, file), "not the bytes that were published")
    return data
