"""The Merkle tree of RFC 6962, section 2: hashes, roots, and the two proofs, made and verified.

    leaf = SHA-256(0x00 | entry)    node = SHA-256(0x01 | left | right)    root of nothing = SHA-256("")

A tree of n > 1 leaves is split at the largest power of two below n, so its left parts are perfect and never change.
Perfect subtrees are named (level, index): the hash over leaves [index * 2^level, (index + 1) * 2^level). The proofs are
made from such hashes alone, whoever keeps them; verifying follows RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from temthat_stamps.errors import Fault, TrustError

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1
"""Entries a log may have: what a signed 64-bit number holds, in which others keep sizes."""
EMPTY_ROOT = sha256(b"").digest()

HashAt = Callable[[int, int], bytes]
"""The hash of the perfect subtree at (level, index)."""


class BadProof(TrustError):
    """A proof does not show what it says."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Bằng chứng không khớp với sổ công khai ({detail}). Không dùng dữ liệu này; tải lại, nếu vẫn sai "
            "thì báo liên minh hợp tác xã: đơn vị vận hành có thể đã sửa sổ.",
            f"the proof does not fit the public log ({detail}). Do not use what it came with; fetch it again, "
            "and if it is still wrong tell the alliance: the operator may have changed the log.",
        )


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def parents(row: bytes) -> bytes:
    """The hashes above a row of hashes, joined as they are in it; an odd last one is left out.

    One string of hashes instead of a list of them: this is where building and auditing a log spend their time.
    """
    return b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row) - 63, 64)])


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, or over those of subtrees of one perfect size, of which the last may be smaller."""
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)] + odd
    return row[0]


class Frontier:
    """A tree that only grows and keeps no more than its perfect subtrees' hashes: at most 63 of them."""

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[bytes] = []  # one for each bit set in `size`, the largest first

    def append(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        merging = self.size
        while merging & 1:
            leaf = node_hash(self._perfect.pop(), leaf)
            merging >>= 1
        self._perfect.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Take leaf hashes in order."""
        for leaf in leaves:
            self.append(leaf)

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _fold(self._perfect)


def _fold(perfect: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, the largest first."""
    if not perfect:
        return EMPTY_ROOT
    *rest, root = perfect
    for left in reversed(rest):
        root = node_hash(left, root)
    return root


def range_hash(start: int, end: int, hash_at: HashAt) -> bytes:
    """The root over leaves [start, end). `start` must be a multiple of the largest power of two within the range."""
    perfect = []
    while start < end:
        level = (end - start).bit_length() - 1
        perfect.append(hash_at(level, start >> level))
        start += 1 << level
    return _fold(perfect)


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """The hashes beside the path from a leaf to the root of a tree of `size`, lowest first (RFC 6962, 2.1.1).

    Raises `BadProof` unless 0 <= index < size.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise BadProof(f"no entry {index} in a tree of {size}")
    proof, level, last = [], 0, size - 1
    while last >> level:
        at = index >> level
        if at & 1:
            proof.append(hash_at(level, at - 1))
        elif at < last >> level:
            proof.append(range_hash((at + 1) << level, min((at + 2) << level, size), hash_at))
        level += 1
    return proof


def consistency_proof(old_size: int, new_size: int, hash_at: HashAt) -> list[bytes]:
    """The hashes that show a tree to begin with an older one (RFC 6962, 2.1.2); none for equal sizes.

    Raises `BadProof` unless 0 < old_size <= new_size: every tree begins with the empty one, which proves nothing.
    """
    if not 0 < old_size <= new_size <= MAX_SIZE:
        raise BadProof(f"no proof from size {old_size} to size {new_size}")
    proof: list[bytes] = []
    start, end, whole = 0, new_size, True
    while old_size != end:
        half = 1 << ((end - start - 1).bit_length() - 1)
        if old_size <= start + half:
            proof.append(range_hash(start + half, end, hash_at))
            end = start + half
        else:
            proof.append(hash_at(half.bit_length() - 1, start // half))
            start += half
            whole = False
    if not whole:
        proof.append(range_hash(start, end, hash_at))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `BadProof` unless `proof` shows the leaf hash at `index` of the tree of `size` with that root."""
    if not 0 <= index < size <= MAX_SIZE:
        raise BadProof(f"no entry {index} in a tree of {size}")
    meeting, height = _path(index, size)
    _check_hashes(proof, height, leaf, root)
    found = leaf
    for level, beside in enumerate(proof):
        is_left = level >= meeting or index >> level & 1
        found = node_hash(beside, found) if is_left else node_hash(found, beside)
    if found != root:
        raise BadProof(f"entry {index} is not in the tree of {size}")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `BadProof` unless `proof` shows that the tree of `new_size` begins with that of `old_size`.

    An old size of 0 is refused: whoever starts from nothing has nothing to compare and must say so itself.
    """
    if not 0 < old_size <= new_size <= MAX_SIZE:
        raise BadProof(f"no proof from size {old_size} to size {new_size}")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise BadProof(f"two roots, or hashes to no purpose, for size {old_size}")
        return
    path = (old_root, *proof) if _is_perfect(old_size) else proof
    if consistency_roots(old_size, new_size, path) != (old_root, new_root):
        raise BadProof(f"the tree of {new_size} does not begin with that of {old_size}")


def consistency_path(old_size: int, new_size: int, hash_at: HashAt) -> list[bytes]:
    """A consistency proof as it stands after step 2 of RFC 9162, section 2.1.4.2.

    It begins with the hash, in the new tree, of the old one's last perfect subtree, also where that is the whole of the
    old tree. So hashes that do not give the new root are merely wrong, while hashes that give it and not the old root
    prove that the new tree does not begin with the old one. Raises `BadProof` unless 0 < old_size < new_size.
    """
    proof = consistency_proof(old_size, new_size, hash_at)
    return [hash_at(old_size.bit_length() - 1, 0), *proof] if _is_perfect(old_size) else proof


def consistency_roots(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree that such a path leads to (RFC 9162, 2.1.4.2, from step 3 on).

    Raises `BadProof` for sizes that no path leads between, and for a path of another length.
    """
    if not 0 < old_size < new_size <= MAX_SIZE:
        raise BadProof(f"no proof from size {old_size} to size {new_size}")
    bottom = (old_size & -old_size).bit_length() - 1
    meeting, height = _path(old_size - 1, new_size)
    _check_hashes(path, height - bottom + 1)
    old = new = path[0]
    for level, beside in enumerate(path[1:], bottom):
        if level >= meeting or (old_size - 1) >> level & 1:
            old, new = node_hash(beside, old), node_hash(beside, new)
        else:
            new = node_hash(new, beside)
    return old, new


def _is_perfect(size: int) -> bool:
    """Whether a tree of this size is one perfect subtree."""
    return size & (size - 1) == 0


def _path(index: int, size: int) -> tuple[int, int]:
    """Where the paths from leaf `index` and from the last leaf meet, and how many hashes stand beside the first.

    Below the meeting each level has a hash beside the path; above it only where something stands to the left.
    """
    meeting = (index ^ (size - 1)).bit_length()
    return meeting, meeting + (index >> meeting).bit_count()


def _check_hashes(proof: Sequence[bytes], count: int, *others: bytes) -> None:
    if len(proof) != count:
        raise BadProof(f"{len(proof)} hashes, not {count}")
    if any(len(each) != HASH_SIZE for each in (*proof, *others)):
        raise BadProof("a hash is not 32 bytes")
