"""`bundle.proof`: that the operator stated this bundle in the log, and that witnesses saw the log with it.

A C2SP tlog-proof of the `bundle` statement, whose envelope it carries as its extra data. Without it no file of a bundle
is ever looked at.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.errors import BadStatement
from temthat_stamps.keys import key_id
from temthat_stamps.log.checkpoint import CLOCK_TOLERANCE, Checkpoint
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import TlogProof, verify_proof
from temthat_stamps.logged import BundlePublished, read_body
from temthat_stamps.statement import verify_statement


def enclose_statement(proof: bytes, envelope: bytes) -> bytes:
    """`bundle.proof`, from the tlog-proof of the `bundle` statement and its envelope. Raises `BadNote`."""
    return replace(TlogProof.parse(proof), extra=envelope).format()


def enclosed_statement(proof: bytes) -> bytes:
    """The envelope that a `bundle.proof` carries, unchecked. Raises `BadNote`."""
    return TlogProof.parse(proof).extra


@dataclass(frozen=True, slots=True)
class ProvedBundle:
    """A bundle as stated at `index` of the log, under a checkpoint that enough witnesses have cosigned."""

    stated: BundlePublished
    index: int
    checkpoint: Checkpoint
    cosigned: Mapping[str, int]

    def read(self, listing: bytes) -> Listing:
        """The list of files, if it is the one that was stated. Raises `BadBundle`, `WrongListing`."""
        if hashlib.sha256(listing).hexdigest() != self.stated.sha256:
            raise WrongListing(
                "danh sách tệp không phải danh sách đã ghi vào sổ", "the list of files is not the one logged"
            )
        read = Listing.parse(listing)
        said = (read.origin, read.size, read.complete_to_run, read.at)
        stated = self.stated
        if said != (stated.origin, stated.size, stated.complete_to_run, stated.at):
            raise BadBundle(
                "danh sách tệp khác với văn bản trong sổ", "the list of files says other than its statement"
            )
        return read


class WrongListing(BadBundle):
    """The list of files is another than the proof's: mixed from two bundles, or replaced between two reads."""


def open_proof(data: bytes, policy: Policy, operators: Iterable[bytes]) -> ProvedBundle:
    """Check a `bundle.proof` as received; `operators` are the operator's raw keys.

    Raises `BadNote`, `TooFewWitnesses`, `BadProof`; `BadBundle` where what is proved is no fitting statement.
    """
    envelope = TlogProof.parse(data).extra
    included = verify_proof(data, envelope, policy)
    try:
        statement = verify_statement(envelope, {key_id(key): key for key in operators})
        stated = read_body(statement.body)
    except BadStatement as error:
        raise BadBundle(
            "văn bản công bố không do đơn vị vận hành ký", "its statement is not signed by the operator"
        ) from error
    if (
        not isinstance(stated, BundlePublished)
        or stated.origin != policy.origin
        or stated.size > included.index
    ):
        raise BadBundle("văn bản trong sổ nói về điều khác", "the statement proved is about something else")
    _check_date(stated.at, included.cosigned)
    return ProvedBundle(stated, included.index, included.checkpoint, included.cosigned)


def _check_date(at: dt.datetime, cosigned: Mapping[str, int]) -> None:
    """A bundle dated ahead would never grow old. The witnesses' clocks are others' than the operator's."""
    if cosigned and at.timestamp() > max(cosigned.values()) + CLOCK_TOLERANCE:
        raise BadBundle(
            "dữ liệu ghi ngày muộn hơn ngày người làm chứng đã thấy sổ",
            "it is dated later than the witnesses saw the log",
        )
