"""Files that nobody else on the machine may read: whoever has unprinted stamps can put them on anything."""

import os
from pathlib import Path
from typing import BinaryIO


def private_file(path: Path) -> BinaryIO:
    """A new file for its owner alone (mode 0600), open for writing and reading back; what lay there is gone."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
