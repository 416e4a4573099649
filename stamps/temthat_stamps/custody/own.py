"""What a cooperative signs with its own keys: runs it was sent an order for, requests, the closing of its stamp keys.

Signing twice gives the same statements; another content under a run's number is refused: two manifests for one run
would stand in the log as this issuer's doing.
"""

import calendar
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from temthat_stamps.custody import rules
from temthat_stamps.custody.errors import StampsRefused, StatementRefused
from temthat_stamps.custody.order import BadOrder, Order, Request, Signed, signed_from_json
from temthat_stamps.custody.own_folder import OwnFolder, StampKeyFile, destroy_file, write_file
from temthat_stamps.custody.state import Act, KeyKind, KnownKey, Line, SignerState
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import verify_proof
from temthat_stamps.logged import Stated
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, RunManifest, split_sources
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.signer import Signer
from temthat_stamps.signing import sign_serials
from temthat_stamps.statement import sign_statement, verify_statement

Stamps = Iterator[tuple[int, bytes, bytes]]


class OwnCustody:
    """The keys of one folder at work. Every refusal is a `TrustError` in words."""

    def __init__(self, folder: OwnFolder, now: Callable[[], dt.datetime]) -> None:
        self.folder = folder
        self.state = SignerState(folder.path)
        self._me = folder.identity
        self._now = now

    def sign_order(self, order: Order) -> Signed:
        """The statements to carry back: the stamp key's announcement, the batch's sources, a reprint's void, the run.

        Opens a stamp key for this month where there is none. Raises `BadOrder`, `CustodyError`.
        """
        self._check_order(order)
        path, now = self._run_file(order.run), self._now()
        if path.exists():
            signed = signed_from_json(path.read_bytes())
            self._manifest_of(order, signed)
            return signed
        with self.folder.issuer_signer() as signer:
            key = self._stamp_key_for(now)
            statements = [self._announce(signer, key)]
            for sources in split_sources(order.origin, order.issuer, order.batch, order.sources, now):
                statements.append(self._sign(signer, sources))
            if order.void is not None:
                statements.append(
                    self._sign(signer, replace(order.void, notice=replace(order.void.notice, at=now)))
                )
            statements.append(self._sign(signer, order.manifest(key.public_key, now), order.run))
        signed = Signed(self._me.origin, self._me.issuer, tuple(statements))
        write_file(path, signed.to_json())
        return signed

    def sign_request(self, request: Request) -> Signed:
        """Notices or an activation that the issuer was asked to sign. Raises `StatementRefused`, `CustodyError`."""
        checked = [self._check_asked(stated) for stated in request.all]
        with self.folder.issuer_signer() as signer:
            signed = tuple(self._sign(signer, stated) for stated in checked)
        return Signed(self._me.origin, self._me.issuer, signed)

    def _check_asked(self, asked: Stated) -> Stated:
        stated = rules.check_statement(
            asked.body(), self._me.issuer, self._me.public_key, self._me.origin, self._now()
        )
        if not isinstance(stated, IssuedNotice | Activated):
            raise StatementRefused(
                Fault.OPERATOR,
                "Tệp này xin ký một nội dung chỉ được ký theo đơn đặt in. Không ký; hỏi lại dịch vụ.",
                "This asks for a statement that is only signed by way of an order. Ask the service.",
            )
        return stated

    def stamps(self, order: Order, proof: bytes, first: int, last: int) -> Stamps:
        """The signed stamps `first` to `last` of an order, once its run is proved to stand in the witnessed log.

        Everything is checked and written down before the first is signed. Raises `TrustError`.
        """
        self._check_order(order)
        path = self._run_file(order.run)
        if not path.exists():
            raise StampsRefused(
                Fault.ISSUER,
                f"Đợt in {order.run} chưa được ký trên máy này. Chạy temthat own sign trước.",
                f"Run {order.run} was not signed on this computer. Run temthat own sign first.",
            )
        envelope, manifest = self._manifest_of(order, signed_from_json(path.read_bytes()))
        self._check_proof(envelope, proof)
        file = self._find_key(manifest.stamp_key)
        half, now = self.folder.open_stamp_key(file), self._now()
        rules.check_stamps(manifest, self._me.issuer, half, file.public_key, order.run, first, last)
        with self.state.transaction():
            rules.check_open(half, self.state.find(file.public_key), now)
            digest = hashlib.sha256(envelope).hexdigest()
            self.state.record(
                Line(now, self._me.issuer, Act.STAMPS, file.public_key, order.run, first, last, digest)
            )
        return sign_serials(half.key, order.run, range(first, last + 1))

    def closable(self, *, early: bool = False) -> list[StampKeyFile]:
        """Stamp keys whose month is over; all of them if `early`."""
        return [key for key in self.folder.stamp_keys() if early or self._now() > key.closes]

    def unprinted(self, key: StampKeyFile) -> set[int]:
        """Runs signed for this key of which nothing was printed yet: closing it would end them."""
        runs = {}
        for path in self.folder.path.glob("run-*.signed"):
            manifest = self._own_manifest(signed_from_json(path.read_bytes()))[1]
            runs[manifest.run] = manifest.stamp_key
        printed = {line.run for line in self.state.journal(last=10_000) if line.act is Act.STAMPS}
        return {run for run, name in runs.items() if name == key_id(key.public_key)} - printed

    def close(self, keys: list[StampKeyFile]) -> Signed:
        """State these keys' end and destroy their private files; the statements are kept before that."""
        now = self._now()
        with self.folder.issuer_signer() as signer:
            ends = [KeyClosed(self._me.origin, self._me.issuer, key_id(k.public_key), now) for k in keys]
            signed = Signed(self._me.origin, self._me.issuer, tuple(self._sign(signer, end) for end in ends))
        write_file(self.folder.path / f"closed-{now:%Y%m%dT%H%M%SZ}.signed", signed.to_json())
        for key in keys:
            with self.state.transaction():
                self.state.mark_closed(key.public_key, now)
                self.state.record(Line(now, self._me.issuer, Act.CLOSED, key.public_key))
            destroy_file(key.path)
        return signed

    def _check_order(self, order: Order) -> None:
        if order.origin != self._me.origin or order.issuer != self._me.issuer:
            raise BadOrder("đơn này của đơn vị hoặc sổ khác", "it is another issuer's or another log's")
        hosts = [host.lower() for host in self.folder.trust.hosts]
        if hosts and order.host.lower() not in hosts:
            raise BadOrder(
                f"địa chỉ in trên tem “{order.host}” không nằm trong danh sách của Liên minh",
                f"the address “{order.host}” is none of those the alliance allows on stamps",
            )

    def _stamp_key_for(self, now: dt.datetime) -> StampKeyFile:
        """This month's key, made if there is none. It never spans two months of the offline bundle."""
        for key in reversed(self.folder.stamp_keys()):
            known = self.state.find(key.public_key)
            if key.opens <= now <= key.closes and not (known and known.closed):
                return key
        made = self.folder.new_stamp_key(now, _end_of_month(now))
        with self.state.transaction():
            known = KnownKey(made.public_key, self._me.issuer, KeyKind.STAMP, made.opens, made.closes)
            self.state.learn(known)
            self.state.record(Line(now, self._me.issuer, Act.STAMP_KEY, made.public_key))
        return made

    def _announce(self, signer: Signer, key: StampKeyFile) -> bytes:
        """The key's announcement: the same bytes each time, so that a file lost on the way does no harm."""
        if not key.announcement.exists():
            opened = KeyOpened(
                self._me.origin, self._me.issuer, key.public_key, key.opens, key.closes, Custody.OWN
            )
            write_file(key.announcement, self._sign(signer, opened))
        return key.announcement.read_bytes()

    def _sign(self, signer: Signer, stated: Stated, run: int | None = None) -> bytes:
        envelope = sign_statement(stated.body(), signer)
        what = f"{stated.body()['type']} {hashlib.sha256(envelope).hexdigest()}"
        with self.state.transaction():
            self.state.record(
                Line(self._now(), self._me.issuer, Act.STATEMENT, signer.public_key, run, what=what)
            )
        return envelope

    def _run_file(self, run: int) -> Path:
        return self.folder.path / f"run-{run:09d}.signed"

    def _own_manifest(self, signed: Signed) -> tuple[bytes, RunManifest]:
        try:
            envelope = signed.statements[-1]
            keys = {key_id(self._me.public_key): self._me.public_key}
            return envelope, RunManifest.parse(verify_statement(envelope, keys).body)
        except (BadStatement, IndexError) as error:
            raise BadOrder("tệp đã ký trên máy này bị sửa", "the signed file was altered") from error

    def _manifest_of(self, order: Order, signed: Signed) -> tuple[bytes, RunManifest]:
        """The manifest that was signed for this order. Raises `BadOrder` if it said something else."""
        envelope, manifest = self._own_manifest(signed)
        again = replace(
            order.manifest(self._me.public_key, manifest.registered_at), stamp_key=manifest.stamp_key
        )
        if manifest != again:
            raise BadOrder(
                f"đợt in {order.run} đã ký với nội dung khác; cần số đợt in mới",
                f"run {order.run} was signed with another content; it needs a new run number",
            )
        return envelope, manifest

    def _check_proof(self, envelope: bytes, proof: bytes) -> None:
        trust = self.folder.trust
        try:
            policy = Policy.parse(trust.origin, trust.log_key, trust.witnesses, trust.quorum)
            verify_proof(proof, envelope, policy)
        except TrustError as error:
            raise rules.no_proof(error.vi, error.en) from error

    def _find_key(self, name: str) -> StampKeyFile:
        for key in self.folder.stamp_keys():
            if key_id(key.public_key) == name:
                return key
        raise StampsRefused(
            Fault.ISSUER,
            "Khóa tem của đợt in này không còn trên máy: đã đóng, hoặc đã mất. Đặt đợt in mới cho số tem còn cần; "
            "nếu khóa bị mất, báo Liên minh ra thông báo thu hồi khóa.",
            "The stamp key of this run is no longer here: closed, or lost. Order a new run for the stamps still "
            "needed; if the key was lost, have the alliance revoke it.",
        )


def _end_of_month(now: dt.datetime) -> dt.datetime:
    now = now.astimezone(dt.UTC)
    days = calendar.monthrange(now.year, now.month)[1]
    return now.replace(day=days, hour=23, minute=59, second=59, microsecond=0)
