"""Whether a fetched file of a bundle can be read at all, before it takes the place of one that can."""

from temthat_stamps.bundle.contacts import read_contacts
from temthat_stamps.bundle.encoding import BadBundle, Month
from temthat_stamps.bundle.index import Index
from temthat_stamps.bundle.issuers import ISSUERS_FILE, Issuers
from temthat_stamps.bundle.listing import CONTACTS_FILE, NAMES, Listing, shard_file
from temthat_stamps.bundle.names import NamesFile
from temthat_stamps.bundle.notices import NOTICES_FILE, Notices
from temthat_stamps.bundle.shard import Shard


def check_file(name: str, data: bytes, listing: Listing) -> None:
    """Raise `BadBundle` unless the file is of the kind its name says; names must also open their commitments."""
    if name == ISSUERS_FILE:
        Issuers(data).check()
    elif name == NOTICES_FILE:
        Notices(data)
    elif name == CONTACTS_FILE:
        read_contacts(data)
    elif shard := shard_file(name):
        Shard(data, shard.province, shard.month)
    elif name.endswith(NAMES):
        _check_names(name.removesuffix(NAMES), data, listing)
    else:
        Index(data, Month.parse(name.removeprefix("index-")))


def _check_names(shard_name: str, data: bytes, listing: Listing) -> None:
    shard = shard_file(shard_name)
    commitments = listing.files[shard_name].commitments if shard_name in listing.files else None
    if shard is None or commitments is None:
        raise BadBundle("tên của tỉnh và tháng không có", "names of a province and month that are not there")
    NamesFile(data, shard.province, shard.month).check(commitments)
