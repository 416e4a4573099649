"""A witness: it remembers the last tree it saw of each log and cosigns only what extends it (C2SP tlog-witness).

The rules, in the order in which they are asked:

- 400: malformed, or the old size is above the checkpoint's;
- 404: of no log we know; 403: not signed by that log's key, or a line naming the key does not fit;
- 409 with the size we know: the old size is not the one we cosigned last (0 if never);
- 409: the size we know with another root; 422: the consistency proof does not fit;
- else the checkpoint is on the disk before its cosignature leaves. A crash in between is harmless: asked again, with
  the same size and root, the witness cosigns again.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from temthat_stamps.log.add_checkpoint import AddCheckpoint, WitnessRefused
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.merkle import EMPTY_ROOT, BadProof, verify_consistency
from temthat_stamps.log.note import BadNote, Line, Note, VerifierKey, verify_note
from temthat_stamps.log.policy import BadPolicy
from temthat_stamps.log.witness_folder import WitnessFolder, WitnessStoreError

_log = logging.getLogger(__name__)


class WitnessState:
    """A witness with its folder and the logs it knows: those written there, and `logs`.

    A log's key is named after its origin; several keys of one name are an old and a new key of that log. `clock` gives
    seconds since 1970. Raises `BadPolicy` for the witness's own key among them, `WitnessStoreError` for a folder it
    cannot use.
    """

    def __init__(
        self, folder: WitnessFolder, logs: Iterable[VerifierKey] = (), clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._cosigner = folder.cosigner()
        self._clock = clock
        self._logs: dict[str, list[VerifierKey]] = {}
        for key in dict.fromkeys((*folder.known(), *logs)):
            if key.public_key == self.key.public_key:
                raise BadPolicy("sổ tự chứng kiến cho mình", "the log is its own witness")
            self._logs.setdefault(key.name, []).append(key)

    @property
    def key(self) -> VerifierKey:
        """The witness's own key."""
        return self._cosigner.key

    @property
    def origins(self) -> list[str]:
        """The logs it knows."""
        return sorted(self._logs)

    def last(self, origin: str) -> Note | None:
        """The checkpoint of a log cosigned last, with the log's lines and ours. Raises `WitnessStoreError`."""
        return self._folder.last(origin, self._cosigner)

    def handle(self, body: bytes) -> bytes:
        """Answer the body of an add-checkpoint request. Raises as `add_checkpoint`."""
        try:
            request = AddCheckpoint.parse(body)
        except BadNote as error:
            raise WitnessRefused(400) from error
        return self.add_checkpoint(request.old_size, request.proof, request.checkpoint)

    def add_checkpoint(self, old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
        """Cosign a checkpoint, a signed note, that extends what was cosigned before: our signature line.

        `proof` is the RFC 6962 consistency proof from `old_size` to the checkpoint's size.

        Raises:
            WitnessRefused: it does not get a cosignature; `status` and `size` say why.
            WitnessStoreError: our folder is unusable; nothing was cosigned.
        """
        try:
            note = Note.parse(checkpoint)
            head = Checkpoint.parse(note.text)
        except BadNote as error:
            raise WitnessRefused(400) from error
        seen = Note(note.text, self._lines_of_log(note, head.origin))
        if old_size > head.size:
            raise WitnessRefused(400)
        with self._folder.locked():
            last = self.last(head.origin)
            try:
                _check(head, old_size, proof, None if last is None else Checkpoint.parse(last.text))
            except WitnessRefused as refusal:
                # A log that was started again asks once with an old size: that is how it learns the newer one.
                level = logging.WARNING if refusal.size is None else logging.INFO
                _log.log(level, "refused (%d): %s, size %d", refusal.status, head.origin, head.size)
                self._record(refusal, head, seen, last)
                raise
            line = self._cosigner.cosign(note.text, int(self._clock()))
            if last is None or last.text != note.text:
                self._folder.keep(head.origin, seen.with_lines([line]))
        _log.info("cosigned: %s, size %d", head.origin, head.size)
        return str(line).encode()

    def _lines_of_log(self, note: Note, origin: str) -> tuple[Line, ...]:
        """The verified lines of the log it names; anybody else's are left out."""
        keys = self._logs.get(origin)
        if keys is None:
            _log.warning("refused (404): unknown log %a", origin[:200])
            raise WitnessRefused(404)
        lines: list[Line] = []
        for key in keys:
            if signatures := note.by(key):
                try:
                    verify_note(note, key)
                except BadNote as error:
                    _log.warning("refused (403): a wrong signature of %s", origin)
                    raise WitnessRefused(403) from error
                lines.extend(Line(key.name, key.id, signature) for signature in signatures)
        if not lines:
            _log.warning("refused (403): not signed by %s", origin)
            raise WitnessRefused(403)
        return tuple(lines)

    def _record(self, refusal: WitnessRefused, head: Checkpoint, seen: Note, last: Note | None) -> None:
        """Keep both sides of a contradiction. Two signed roots of one size prove a fork to anybody."""
        if last is None:
            return
        known = Checkpoint.parse(last.text)
        forked = head.size == known.size and head.root != known.root
        if not forked and refusal.status != 422:
            return
        kind = "fork" if forked else "unproved"
        with suppress(WitnessStoreError):  # refused anyway
            self._folder.record(kind, seen)
            self._folder.record(kind, last)


def _check(head: Checkpoint, old_size: int, proof: Sequence[bytes], last: Checkpoint | None) -> None:
    """Raise `WitnessRefused` unless `head` extends what was cosigned last."""
    known = last.size if last else 0
    if old_size != known:
        raise WitnessRefused(409, known)
    if last and head.size == last.size and head.root != last.root:
        raise WitnessRefused(409)
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise WitnessRefused(422)
    if old_size == 0:
        # Every tree extends the empty one, and there is nothing to prove.
        if proof:
            raise WitnessRefused(422)
        return
    assert last is not None
    try:
        verify_consistency(old_size, head.size, last.root, head.root, proof)
    except BadProof as error:
        raise WitnessRefused(422) from error
