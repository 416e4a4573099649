"""Hosted custody in one process: keys wrapped per issuer, and the rules of what they sign.

The service may hold it in its own process (a demo), or speak to one in another process (`server`, `client`).
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.custody import rules
from temthat_stamps.custody.errors import StampsRefused
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.custody.state import Act, KeyKind, KnownKey, Line, Quota, SignerState
from temthat_stamps.custody.wrapping import (
    unwrap_issuer_key,
    unwrap_stamp_key,
    wrap_issuer_key,
    wrap_stamp_key,
)
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.fields import Fields
from temthat_stamps.keys import key_id
from temthat_stamps.manifest import KeyOpened, RunManifest
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import sign_serials
from temthat_stamps.statement import StatementType, message_for, verify_statement

if TYPE_CHECKING:
    from temthat_stamps.log.policy import Policy


class Vault:
    """Implements `Custody`. `folder` keeps what it must not forget; without a `policy` it signs no stamp at all."""

    def __init__(
        self,
        sealer: Sealer,
        origin: str,
        policy: "Policy | None",
        folder: Path,
        quota: Quota | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._sealer = sealer
        self._origin = origin
        self._policy = policy
        self._quota = quota or Quota()
        self._now = now
        self.state = SignerState(folder)

    def new_issuer_key(self, issuer: str) -> Wrapped:
        """See `Custody`."""
        wrapped = wrap_issuer_key(self._sealer, issuer, Ed25519PrivateKey.generate())
        with self.state.transaction():
            self.state.learn(KnownKey(wrapped.public_key, issuer, KeyKind.ISSUER))
            self.state.record(Line(self._now(), issuer, Act.ISSUER_KEY, wrapped.public_key))
        return wrapped

    def new_stamp_key(self, issuer: str, opens: dt.datetime, closes: dt.datetime) -> Wrapped:
        """See `Custody`."""
        opens, closes = opens.replace(microsecond=0), closes.replace(microsecond=0)
        rules.check_period(opens, closes, self._now())
        wrapped = wrap_stamp_key(self._sealer, issuer, Ed25519PrivateKey.generate(), opens, closes)
        with self.state.transaction():
            self.state.learn(KnownKey(wrapped.public_key, issuer, KeyKind.STAMP, opens, closes))
            self.state.record(Line(self._now(), issuer, Act.STAMP_KEY, wrapped.public_key))
        return wrapped

    def sign_statement(self, issuer: str, wrapped: Wrapped, body: Mapping[str, Any]) -> bytes:
        """See `Custody`. A run counts against the quota here, when its manifest is signed."""
        key, now = unwrap_issuer_key(self._sealer, issuer, wrapped), self._now()
        stated = rules.check_statement(body, issuer, wrapped.public_key, self._origin, now)
        message = message_for(body)
        what = f"{body['type']} {hashlib.sha256(message).hexdigest()}"
        run = stated.run if isinstance(stated, RunManifest) else None
        with self.state.transaction():
            quota = self.state.quota(issuer) or self._quota
            lately = self.state.statements_since(issuer, now - dt.timedelta(minutes=1))
            rules.check_statement_rate(lately, quota, now)
            if isinstance(stated, KeyOpened):
                rules.check_opened(stated, self.state.find(stated.public_key))
            if isinstance(stated, RunManifest):
                rules.check_stamp_key_of(stated, self.state.find_by_id(stated.stamp_key))
                self._promise(stated, quota, now)
            # A key that opened is this signer's own; after a loss of the state it is known again from here on.
            self.state.learn(KnownKey(wrapped.public_key, issuer, KeyKind.ISSUER))
            self.state.record(Line(now, issuer, Act.STATEMENT, wrapped.public_key, run, what=what))
        return key.sign(message)

    def sign_stamps(
        self, issuer: str, wrapped: Wrapped, run: int, first: int, last: int, manifest: bytes, proof: bytes
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """See `Custody`. Everything is checked, and written down, before the first stamp is signed."""
        half, now = unwrap_stamp_key(self._sealer, issuer, wrapped), self._now()
        rules.check_stamps(
            self._read_manifest(issuer, manifest), issuer, half, wrapped.public_key, run, first, last
        )
        self._check_proof(manifest, proof)
        with self.state.transaction():
            rules.check_open(half, self.state.find(wrapped.public_key), now)
            self.state.learn(KnownKey(wrapped.public_key, issuer, KeyKind.STAMP, half.opens, half.closes))
            digest = hashlib.sha256(manifest).hexdigest()
            self.state.record(
                Line(now, issuer, Act.STAMPS, wrapped.public_key, run, first, last, what=f"manifest {digest}")
            )
        return sign_serials(half.key, run, range(first, last + 1))

    def close(self, issuer: str, public_key: bytes) -> None:
        """See `Custody`."""
        now = self._now()
        with self.state.transaction():
            self.state.learn(KnownKey(public_key, issuer, KeyKind.STAMP))
            known = self.state.find(public_key)
            if known is None or known.issuer != issuer or known.kind is not KeyKind.STAMP:
                raise StampsRefused(
                    Fault.OPERATOR,
                    "Khóa cần đóng không phải khóa tem của đơn vị này.",
                    "The key to close is no stamp key of this issuer.",
                )
            if known.closed is None:
                self.state.mark_closed(public_key, now)
                self.state.record(Line(now, issuer, Act.CLOSED, public_key))

    def _promise(self, manifest: RunManifest, quota: Quota, now: dt.datetime) -> None:
        """Count a manifest's stamps; one that was not logged and is signed again is counted once."""
        more = manifest.count - self.state.promised_of(manifest.issuer, manifest.run)
        if more <= 0:
            return
        today, this_month = (self.state.promised_since(manifest.issuer, at) for at in rules.starts_of(now))
        rules.check_stamp_quota(more, today, this_month, quota, now)
        self.state.promise(manifest.issuer, manifest.run, more, now)

    def _read_manifest(self, issuer: str, manifest: bytes) -> RunManifest:
        """A manifest by an issuer key of this signer: what a stranger logs in an issuer's name gives no stamps."""
        with self.state.transaction():
            keys = {key_id(raw): raw for raw in self.state.issuer_keys(issuer)}
        try:
            statement = verify_statement(manifest, keys)
            Fields(statement.body).equal("type", StatementType.RUN.value)
            Fields(statement.body).equal("origin", self._origin)
            return RunManifest.parse(statement.body)
        except BadStatement as error:
            raise StampsRefused(
                Fault.OPERATOR,
                "Bản kê của đợt in không do khóa của đơn vị này ký qua bộ ký này. Nếu bộ ký vừa được khôi phục mà mất "
                "sổ, hãy ký lại bản kê đó qua bộ ký rồi thử lại.",
                f"The run's manifest was not signed by a key of this issuer in this signer ({error}). If the signer "
                "was restored without its records, have it sign the same manifest again, then try again.",
            ) from error

    def _check_proof(self, manifest: bytes, proof: bytes) -> None:
        from temthat_stamps.log.proof import verify_proof

        if self._policy is None:
            raise rules.no_proof(
                "bộ ký chưa được giao khóa của sổ và các bên chứng kiến",
                "the signer was not told the log's and the witnesses' keys",
            )
        try:
            verify_proof(proof, manifest, self._policy)
        except TrustError as error:
            raise rules.no_proof(error.vi, error.en) from error
