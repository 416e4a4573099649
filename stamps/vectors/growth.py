"""growth.json: whether one tree of the log continues another; and the offline pack's log, grown, and forked.

From RFC 6962, section 2.1.2, and C2SP tlog-tiles as they stand there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from vectors import country
from vectors.country import EXPIRED, ORIGIN, Entry
from vectors.dsse import b64, envelope
from vectors.keys import LOG, OPERATOR
from vectors.publication import Publication, root_hash, split, verifier_key

SIZES = (
    *((old, new) for new in range(1, 10) for old in range(1, new + 1)),
    *((1, 256), (128, 300), (255, 257), (256, 257), (256, 300), (257, 300), (299, 300)),
)  # fmt: skip
TILED = 300
"""Entries of the tree whose tiles are given: one tile is full, one is not."""


def build() -> dict[str, object]:
    """The file's contents."""
    later, forked = Later(), Forked()
    first = Publication()
    return {
        "about": "Entry i of the trees is i in four bytes, big-endian. `good`: the hashes (base64) that show the new "
        "tree to begin with the old one; `refused`: hashes that show no such thing. `tiles` are the hash tiles of a "
        "tree. `log`: the log of offline.json's pack (`known`) in which two more entries and a bundle were stated: "
        "`later` are the files that replace the pack's, with the tiles that prove it to be the same log; `forked` "
        "those of a log in which one old entry is another one. Only `later` may be accepted after `known`. "
        "`fork` is the file that proves the fork to who has the log's `key`.",
        "how": "stamps/vectors/: RFC 6962 by recursion over all leaves; log and bundle as for offline.json.",
        "good": list(_good()),
        "refused": list(_refused()),
        "tiles": {"size": TILED, "root": b64(root_hash(leaves(TILED))), "files": tiles(leaves(TILED))},
        "log": {
            "known": {"size": len(first.leaves), "root": b64(root_hash(first.hashes))},
            "later": _published(later),
            "forked": _published(forked),
            "key": verifier_key(ORIGIN, 1, LOG),
            "fork": _evidence(first, forked),
        },
    }


def leaves(size: int) -> list[bytes]:
    """The leaf hashes of a tree."""
    return [hashlib.sha256(b"\x00" + i.to_bytes(4)).digest() for i in range(size)]


def consistency(old: int, all_leaves: Sequence[bytes], is_whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2: SUBPROOF."""
    if old == len(all_leaves):
        return [] if is_whole else [root_hash(all_leaves)]
    k = split(len(all_leaves))
    if old <= k:
        return [*consistency(old, all_leaves[:k], is_whole), root_hash(all_leaves[k:])]
    return [*consistency(old - k, all_leaves[k:], False), root_hash(all_leaves[:k])]


def tiles(row: Sequence[bytes]) -> dict[str, str]:
    """The hash tiles of a tree of fewer than a million entries, by path."""
    files = {}
    for level in range(3):
        for index in range(0, len(row), 256):
            hashes = row[index : index + 256]
            partial = f".p/{len(hashes)}" if len(hashes) < 256 else ""
            files[f"tile/{level}/{index // 256:03d}{partial}"] = b64(b"".join(hashes))
        row = [root_hash(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
    return files


def _case(name: str, old: int, new: int, hashes: Sequence[bytes], **other: Any) -> dict[str, Any]:
    case = {
        "name": name,
        "old_size": old,
        "new_size": new,
        "old_root": b64(root_hash(leaves(old))) if old else b64(hashlib.sha256().digest()),
        "new_root": b64(root_hash(leaves(new))),
        "hashes": [b64(each) for each in hashes],
    }
    return case | other


def _good() -> Iterator[dict[str, Any]]:
    for old, new in SIZES:
        yield _case(f"{old} to {new}", old, new, consistency(old, leaves(new)))


def _refused() -> Iterator[dict[str, Any]]:
    proof = consistency(6, leaves(9))
    other = b64(hashlib.sha256(b"another tree").digest())
    yield _case("another old root", 6, 9, proof, old_root=other)
    yield _case("another old root, a power of two", 4, 9, consistency(4, leaves(9)), old_root=other)
    yield _case("another new root", 6, 9, proof, new_root=other)
    yield _case("one root for two", 9, 9, [], new_root=other)
    yield _case("hashes to no purpose", 9, 9, proof[:1])
    yield _case("a hash is missing", 6, 9, proof[:-1])
    yield _case("the first hash is missing", 6, 9, proof[1:])
    yield _case("a hash too many", 6, 9, [*proof, proof[0]])
    yield _case("no hashes", 6, 9, [])
    yield _case("two hashes swapped", 6, 9, [proof[1], proof[0], *proof[2:]])
    yield _case("of another old size", 5, 9, proof)
    yield _case("of another new size", 6, 10, proof)
    yield _case("from nothing", 0, 9, [])
    yield _case("back", 9, 6, consistency(6, leaves(9)))
    yield _case("a hash cut off", 6, 9, [proof[0][:31], *proof[1:]])


class Later(Publication):
    """The same service afterwards: its first bundle's statement is an entry like others, and a run was recalled."""

    @cached_property
    def entries(self) -> list[Entry]:
        """Two more."""
        first = Publication()
        stated = Entry(first.stated, (OPERATOR,))
        return [*first.entries, stated, country.recall(EXPIRED)]


class Forked(Later):
    """What somebody would show who wants one old entry never to have been: all signed, all witnessed."""

    @cached_property
    def leaves(self) -> list[bytes]:
        """One of them is another."""
        old = self.entries[7]
        changed = envelope(old.body | {"packs": 4}, old.signers)
        return [changed if at == 7 else leaf for at, leaf in enumerate(self.logged())]


def _evidence(known: Publication, offered: Publication) -> dict[str, Any]:
    """Both signed checkpoints, and the hashes that lead to the second and not to the first (RFC 9162, 2.1.4.2)."""
    old, hashes = len(known.leaves), offered.hashes
    assert old & (old - 1), "of a perfect tree its hash would stand before the proof's"
    return {
        "type": "temthat forked log",
        "known": b64(known.checkpoint()),
        "offered": b64(offered.checkpoint()),
        "path": [b64(each) for each in consistency(old, hashes)],
    }


def _published(public: Publication) -> dict[str, Any]:
    known = Publication().files()
    files = {name: b64(data) for name, data in public.files().items() if known.get(name) != data}
    return {"files": files, "tiles": tiles(public.hashes)}
