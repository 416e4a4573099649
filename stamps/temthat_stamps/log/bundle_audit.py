"""Whether the published offline bundle is what the entries make: rebuilt with the audit, compared byte for byte."""

from hashlib import sha256

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.listing import LISTING_FILE, PROOF_FILE, Listed, Listing
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.finding import Breach, Finding, FindingCode
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import verify_proof
from temthat_stamps.log.reader import LogReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.tiles import NotInLog
from temthat_stamps.logged import BundlePublished, Delegation, Stated

FOLDER = "bundle"


class BundleAudit:
    """The bundle at hand beside the log, and its like made anew from the first `size` entries.

    Only the newest bundle is published; as its files only grow, it speaks for all before it. Names and contacts are no
    function of the log: of them only length and SHA-256 are compared.
    """

    def __init__(self, reader: LogReader, origin: str) -> None:
        """Reads the list of files; where it cannot be had is told by `finish`, for a log of others has none."""
        self._reader = reader
        self._builder = BundleBuilder(origin)
        self._differing: list[str] = []
        self._missing: list[str] = []
        self._listing: Listing | None = None
        self._data = b""
        self._entry: tuple[int, bytes] | None = None
        self._statement: BundlePublished | None = None
        self._trouble: TrustError | None = None
        self.compared = 0
        """Files compared byte for byte."""
        try:
            self._data = reader.read(f"{FOLDER}/{LISTING_FILE}")
            self._listing = Listing.parse(self._data)
        except NotInLog:
            pass
        except BadBundle:
            self._differing.append(LISTING_FILE)
        except TrustError as error:
            self._trouble = error

    @property
    def listing(self) -> Listing | None:
        """The published list of files; None where there is none, or none to read."""
        return self._listing

    @property
    def logged_at(self) -> int | None:
        """The entry that states this bundle."""
        return self._entry[0] if self._entry is not None else None

    def apply(self, index: int, entry: bytes, stated: Stated, replay: Replay) -> None:
        """An accepted statement, just applied to `replay`."""
        if self._listing is None:
            return
        if index < self._listing.size and replay.log_time is not None:
            self._builder.apply(index, stated, replay.log_time)
            if isinstance(stated, Delegation):
                self._builder.delegate(index, replay.changed_keys, replay.taken_back)
        if isinstance(stated, BundlePublished) and stated.sha256 == sha256(self._data).hexdigest():
            self._entry, self._statement = (index, entry), stated

    def finish(self, policy: Policy) -> list[Finding]:
        """What differs. `policy` is that of the checkpoint the bundle's proof is under.

        Raises `TrustError` where a file cannot be reached.
        """
        if self._trouble is not None:
            if self._trouble.fault is Fault.NETWORK:
                raise self._trouble
            self._missing.append(LISTING_FILE)
        if self._listing is not None:
            self._compare(self._listing)
            self._check_proof(policy)
        codes = [(FindingCode.BUNDLE_DIFFERS, name) for name in self._differing]
        codes += [(FindingCode.BUNDLE_MISSING, name) for name in self._missing]
        if self._listing is not None and self._statement is None:
            codes.append((FindingCode.BUNDLE_UNLOGGED, LISTING_FILE))
        return [Breach(code, name=name).finding(self.logged_at) for code, name in codes]

    def _compare(self, listing: Listing) -> None:
        rebuilt = self._builder.files()
        unlogged = {name: listed for name, listed in listing.files.items() if name not in rebuilt}
        if self._builder.listing(listing.size, listing.at, listing.hosts, unlogged) != self._data or not (
            all(_is_unlogged(name) for name in unlogged)
        ):
            self._differing.append(LISTING_FILE)
        if self._statement is not None and (
            (self._statement.size, self._statement.complete_to_run) != (listing.size, listing.complete_to_run)
        ):
            self._differing.append(LISTING_FILE)
        for name, listed in listing.files.items():
            self._compare_file(name, listed, rebuilt.get(name))

    def _compare_file(self, name: str, listed: Listed, rebuilt: bytes | None) -> None:
        try:
            # A newer bundle may be published meanwhile: files only grow, so that the beginning still is this one's.
            published = self._reader.read(f"{FOLDER}/{name}")[: listed.length]
        except TrustError as error:
            if error.fault is Fault.NETWORK:
                raise
            self._missing.append(name)
            return
        self.compared += rebuilt is not None
        if sha256(published).hexdigest() != listed.sha256 or rebuilt not in (None, published):
            self._differing.append(name)

    def _check_proof(self, policy: Policy) -> None:
        if self._entry is None:
            return
        index, entry = self._entry
        try:
            if verify_proof(self._reader.read(f"{FOLDER}/{PROOF_FILE}"), entry, policy).index != index:
                self._differing.append(PROOF_FILE)
        except NotInLog:
            self._missing.append(PROOF_FILE)
        except TrustError as error:
            if error.fault is Fault.NETWORK:
                raise
            self._differing.append(PROOF_FILE)


def _is_unlogged(name: str) -> bool:
    return name.endswith(".names") or name == "contacts.json"
