"""Why whoever keeps a key does not sign. Each says whose affair it is and what to do, in Vietnamese and English."""

from temthat_stamps.errors import CustodyError


class StatementRefused(CustodyError):
    """This key does not state this: another issuer's, another log's, or nothing an issuer states."""


class NoProof(CustodyError):
    """The run is not proved to stand in the witnessed log, so not one stamp of it is signed."""


class StampsRefused(CustodyError):
    """These stamps are not what the manifest allows this key to sign."""


class KeyIsClosed(CustodyError):
    """The stamp key's period is over, or it was closed: it signs nothing any more."""


class OverQuota(CustodyError):
    """More than the issuer may have signed in this time; the texts show the arithmetic and when it ends."""


class KeyNotOpened(CustodyError):
    """A wrapped key that this signer's master key does not open, or not as what it is said to be."""


class SignerUnreachable(CustodyError):
    """The signer process does not answer, or not in a way that makes sense."""
