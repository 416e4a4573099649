"""Where the public folder keeps the trust files that `delegation` statements name, every version of them."""

from temthat_stamps.log.reader import LogReader
from temthat_stamps.log.rules.signers import TrustFile
from temthat_stamps.logged import PublishedFile

_LOG_FILE = "log.json"


def trust_path(name: str, file: PublishedFile) -> str:
    """The path of a file: metadata goes by its version, `log.json`, a TUF target, by its digest."""
    if name == _LOG_FILE:
        return f"trust/targets/{file.sha256}.{name}"
    return f"trust/{file.version}.{name}.json"


def trust_file(reader: LogReader) -> TrustFile:
    """Trust files read beside the log; their digests are the replay's to check."""
    return lambda name, file: reader.read(trust_path(name, file), file.length)
