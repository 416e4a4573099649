"""Make the shared vectors: `python -m vectors.make` writes the JSON files beside this one.

Nothing here imports the package it tests. Formats, signatures and verdicts are worked out a second time from the
specifications and the standard library; tests/stamps/test_vectors.py holds both against each other.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from vectors import codes, growth, numbers, offline, signatures, verdicts

FOLDER = Path(__file__).parent
SPECIFICATIONS = {
    "code.json": "docs/spec/stamp.md",
    "ed25519.json": "docs/spec/stamp.md",
    "number.json": "docs/spec/stamp.md",
    "verdict.json": "docs/spec/verdict.md",
    "offline.json": "docs/spec/bundle.md",
    "growth.json": "docs/spec/log.md",
}
BUILDERS = {
    "code.json": codes.build,
    "ed25519.json": signatures.build,
    "number.json": numbers.build,
    "verdict.json": verdicts.build,
    "offline.json": offline.build,
    "growth.json": growth.build,
}


def make() -> Mapping[str, bytes]:
    """Every file's name and bytes."""
    return {
        name: (json.dumps({"spec": SPECIFICATIONS[name]} | build(), indent=1) + "\n").encode("ascii")
        for name, build in BUILDERS.items()
    }


def main() -> None:
    """Write them."""
    for name, data in make().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
