"""The clear text of a GS1 form against what is signed: the same rule online and offline."""

from temthat_stamps import number
from temthat_stamps.code import Gs1Path, Header
from temthat_stamps.errors import Mistyped
from temthat_stamps.verdict import PathMatch


def match_path(path: Gs1Path | None, header: Header, manifest: tuple[str | None, str] | None) -> PathMatch:
    """Run and serial must be the header's, GTIN and lot the manifest's: `manifest` is (GTIN, lot), None if not at hand.

    The printed number is compared by run and serial only: its MAC is the server's to check, and a scanner without a
    network must not answer otherwise.
    """
    if path is None:
        return PathMatch.NONE
    try:
        typed = number.parse(path.number)
    except Mistyped:
        return PathMatch.MISMATCH
    if (typed.run, typed.serial) != (header.run, header.serial):
        return PathMatch.MISMATCH
    if manifest is None:
        return PathMatch.UNKNOWN
    return PathMatch.MATCH if (path.gtin, path.lot) == manifest else PathMatch.MISMATCH
