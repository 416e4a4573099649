"""Asking witnesses: over HTTP, or one in this process; and collecting as many cosignatures as a policy needs."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.add_checkpoint import SIZE_TYPE, AddCheckpoint, WitnessRefused, parse_size
from temthat_stamps.log.checkpoint import CLOCK_TOLERANCE
from temthat_stamps.log.cosignature import verify_cosignature
from temthat_stamps.log.note import BadNote, Line, Note, VerifierKey, parse_lines
from temthat_stamps.log.policy import TooFewWitnesses

if TYPE_CHECKING:
    import httpx

    from temthat_stamps.log.witness import WitnessState

ANSWER_LIMIT = 64 * 1024
"""Largest answer taken from a witness, bytes."""
GRACE = 1.0
"""Seconds other witnesses are waited for once there are enough."""
PATIENCE = 30.0
"""Seconds in which there must be enough."""

Prove = Callable[[int], Sequence[bytes]]
"""The consistency proof from the size a witness knows to the checkpoint's; called from several threads."""

_log = logging.getLogger(__name__)


class WitnessSilent(TrustError):
    """A witness does not answer, or answers something else than a cosignature of this checkpoint."""

    def __init__(self, name: str, detail: str, fault: Fault = Fault.NETWORK) -> None:
        super().__init__(
            fault,
            f"Bên chứng kiến “{name}” không xác nhận được ({detail}). Thử lại sau; nếu vẫn vậy, báo cho họ",
            f"The witness “{name}” gives no cosignature ({detail}). Try again later; if it stays so, tell them",
        )


class LogFellBack(TrustError):
    """A witness has cosigned a larger tree than this log now has: its store was put back from an old copy."""

    def __init__(self, name: str, seen: int, size: int) -> None:
        super().__init__(
            Fault.STORE,
            f"“{name}” đã xác nhận sổ có {seen} mục, nhưng sổ này chỉ còn {size}: kho lưu đã bị lùi lại. Đừng công bố "
            "gì; khôi phục bản mới nhất của sổ",
            f"“{name}” has cosigned {seen} entries, this log has only {size}: its store was put back to an older "
            "state. Publish nothing; restore the newest copy of the log",
        )
        self.seen = seen


class Witness(ABC):
    """Someone who remembers the largest tree seen of a log and cosigns only what extends it."""

    def __init__(self, key: VerifierKey) -> None:
        self._key = key
        self._known = 0

    @property
    def key(self) -> VerifierKey:
        """Its verifier key."""
        return self._key

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what it holds; it may be asked again."""

    @abstractmethod
    def send(self, request: AddCheckpoint) -> bytes:
        """Its answer: signature lines, unverified. Raises `WitnessRefused`, `TrustError`."""

    def cosign(self, checkpoint: bytes, size: int, prove: Prove) -> Line:
        """Its verified cosignature of a signed checkpoint of that size.

        The first request starts from the size it cosigned for us last (0 at first); if it knows another size it says
        so, and is asked once more with the proof from there.

        Raises:
            LogFellBack: it has seen a larger tree; nothing must be published.
            WitnessRefused: it does not cosign.
            WitnessSilent: no answer, or not a good one.
        """
        try:
            answer = self._ask(checkpoint, size, prove, min(self._known, size))
        except WitnessRefused as refusal:
            if refusal.size is None:
                raise
            if refusal.size > size:
                raise LogFellBack(self.key.name, refusal.size, size) from refusal
            answer = self._ask(checkpoint, size, prove, refusal.size)
        line = self._verified(checkpoint, answer)
        self._known = size
        return line

    def _ask(self, checkpoint: bytes, size: int, prove: Prove, old_size: int) -> bytes:
        proof = tuple(prove(old_size)) if 0 < old_size < size else ()
        return self.send(AddCheckpoint(old_size, proof, checkpoint))

    def _verified(self, checkpoint: bytes, answer: bytes) -> Line:
        """The one line of the answer that is this witness's; others are ignored."""
        key = self.key
        text = Note.parse(checkpoint).text
        try:
            for line in parse_lines(answer):
                if (line.name, line.key_id) == (key.name, key.id):
                    at = verify_cosignature(text, key, line.signature)
                    if at > time.time() + CLOCK_TOLERANCE:
                        raise WitnessSilent(key.name, "its clock or ours is wrong", Fault.CLOCK)
                    return line
        except BadNote as error:
            raise WitnessSilent(key.name, error.en) from error
        raise WitnessSilent(key.name, "no line by its key")


class LocalWitness(Witness):
    """A witness in this process: for a demo and for tests. Being the same hands, it is no witness for anybody else."""

    def __init__(self, state: "WitnessState") -> None:
        super().__init__(state.key)
        self._state = state

    @classmethod
    def new(cls, folder: Path, name: str, logs: Iterable[VerifierKey]) -> Self:
        """Make a witness that knows these logs. Raises `WitnessStoreError` if one is there already."""
        from temthat_stamps.log.witness_folder import WitnessFolder

        WitnessFolder.create(folder, name, logs)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The witness that lies in this folder. Raises `WitnessStoreError`."""
        from temthat_stamps.log.witness import WitnessState
        from temthat_stamps.log.witness_folder import WitnessFolder

        return cls(WitnessState(WitnessFolder(folder)))

    def send(self, request: AddCheckpoint) -> bytes:
        """Its answer."""
        return self._state.add_checkpoint(request.old_size, request.proof, request.checkpoint)


class WitnessClient(Witness):
    """A witness at `url`, its submission prefix, known by its key. `timeout` in seconds, for the whole answer."""

    def __init__(self, url: str, key: VerifierKey, timeout: float = 10.0) -> None:
        super().__init__(key)
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._timeout = timeout
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def send(self, request: AddCheckpoint) -> bytes:
        """Its answer."""
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=self._timeout, headers={"Accept-Encoding": "identity"})
        try:
            with self._client.stream("POST", self._url, content=bytes(request)) as response:
                answer = self._read(response)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise WitnessSilent(self.key.name, str(error) or type(error).__name__) from error
        if response.status_code == httpx.codes.OK:
            return answer
        size = None
        if response.status_code == httpx.codes.CONFLICT and response.headers.get("content-type") == SIZE_TYPE:
            try:
                size = parse_size(answer)
            except BadNote as error:
                raise WitnessSilent(self.key.name, error.en) from error
        raise WitnessRefused(response.status_code, size)

    def _read(self, response: "httpx.Response") -> bytes:
        """The body, within bounds of size and time."""
        until = time.monotonic() + self._timeout
        answer = b""
        for part in response.iter_raw():
            answer += part
            if len(answer) > ANSWER_LIMIT or time.monotonic() > until:
                raise WitnessSilent(self.key.name, "its answer is too long or too slow")
        return answer


def collect(
    checkpoint: bytes,
    size: int,
    witnesses: Sequence[Witness],
    quorum: int,
    prove: Prove,
    grace: float = GRACE,
    patience: float = PATIENCE,
) -> bytes:
    """The checkpoint with cosignatures of at least `quorum` witnesses, all asked at once.

    Once there are enough, the others have `grace` seconds left, so that one dead witness does not slow the log down.

    Raises:
        LogFellBack: too few cosign, and one says that it has seen a larger tree. (One alone cannot stop the log by it.)
        TooFewWitnesses: with the fault of the network, and what each of the others said.
    """
    pool = ThreadPoolExecutor(max(len(witnesses), 1), thread_name_prefix="witness")
    asked = {pool.submit(witness.cosign, checkpoint, size, prove): witness for witness in witnesses}
    lines: dict[str, Line] = {}
    problems: list[str] = []
    fell_back: LogFellBack | None = None
    pending: set[Future[Line]] = set(asked)
    until = time.monotonic() + patience
    while pending:
        left = max(until - time.monotonic(), 0)
        done, pending = wait(pending, min(grace, left) if len(lines) >= quorum else left, FIRST_COMPLETED)
        if not done:
            problems.extend(f"{asked[future].key.name}: slow" for future in pending)
            break
        for future in done:
            try:
                lines[asked[future].key.name] = future.result()
            except TrustError as error:
                problems.append(f"{asked[future].key.name}: {error.en}")
                fell_back = error if isinstance(error, LogFellBack) else fell_back
    pool.shutdown(wait=False, cancel_futures=True)
    if len(lines) < quorum:
        if fell_back is not None:
            raise fell_back
        raise TooFewWitnesses(len(lines), quorum, Fault.NETWORK, "; ".join(problems))
    for problem in problems:
        _log.warning("witness %s", problem)
    return bytes(Note.parse(checkpoint).with_lines(lines.values()))
