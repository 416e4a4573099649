"""A public folder once more: TUF metadata, log, witnesses and the bundle's proof, from their specifications and the
standard library alone.

The provinces' own metadata is left out: who judges stamps reads the alliance's, which names log, witnesses, operator.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from vectors import keys
from vectors.bundle import Files
from vectors.country import AS_OF, ORIGIN, Entry, entries
from vectors.dsse import b64, canonical, envelope, instant
from vectors.keys import PublishedKey

HOST = "tem.example.vn"
WITNESSES = {"witness-a.example": keys.WITNESS_A, "witness-b.example": keys.WITNESS_B}
QUORUM = 2
EXPIRES = "2099-01-01T00:00:00Z"
"""Far away, so that the cases can be asked at any time; the real periods are in docs/ceremony.md."""
COSIGNED = AS_OF + dt.timedelta(minutes=1)


def verifier_key(name: str, kind: int, key: PublishedKey) -> str:
    """C2SP signed-note: name+id+base64(kind | key)."""
    return f"{name}+{key_id(name, kind, key).hex()}+{b64(bytes([kind]) + key.public)}"


def key_id(name: str, kind: int, key: PublishedKey) -> bytes:
    """The four bytes that begin a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key.public).digest()[:4]


def metadata(signed: Mapping[str, Any], *signers: PublishedKey) -> bytes:
    """TUF metadata. For ASCII texts and integers its canonical JSON is that of RFC 8785."""
    message = canonical(signed)
    signatures = [{"keyid": tuf_id(key), "sig": key.sign(message).hex()} for key in signers]
    return canonical({"signatures": signatures, "signed": signed})


def tuf_key(key: PublishedKey) -> dict[str, Any]:
    """A key as TUF writes it."""
    return {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": key.public.hex()}}


def tuf_id(key: PublishedKey) -> str:
    """SHA-256 of that, hex."""
    return hashlib.sha256(canonical(tuf_key(key))).hexdigest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + root_hash(leaves[:k]) + root_hash(leaves[k:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root_hash(leaves[k:])]
    return [*path(index - k, leaves[k:]), root_hash(leaves[:k])]


def split(size: int) -> int:
    """The largest power of two below it."""
    return 1 << (size - 1).bit_length() - 1


class Publication:
    """Everything in the folder, by path."""

    def trust(self) -> dict[str, bytes]:
        """The trust files but those that name them: root, targets, log.json."""
        log = canonical(
            {
                "v": 1,
                "origin": ORIGIN,
                "log_key": verifier_key(ORIGIN, 1, keys.LOG),
                "witnesses": [verifier_key(name, 4, key) for name, key in WITNESSES.items()],
                "quorum": QUORUM,
                "operator": [b64(keys.OPERATOR.public)],
                "hosts": [HOST],
            }
        )
        targets = self._signed("targets") | {"targets": {"log.json": _meta(log)}}
        root = self._signed("root") | {
            "consistent_snapshot": True,
            "keys": {tuf_id(key): tuf_key(key) for key in _ROOT_KEYS},
            "roles": {
                role: {"keyids": [tuf_id(key) for key in held], "threshold": len(held)}
                for role, held in _ROLES.items()
            },
        }
        return {
            "trust/1.root.json": metadata(root, *_ROLES["root"]),
            "trust/1.targets.json": metadata(targets, *_ROLES["targets"]),
            f"trust/targets/{hashlib.sha256(log).hexdigest()}.log.json": log,
        }

    @staticmethod
    def _signed(role: str) -> dict[str, Any]:
        return {"_type": role, "spec_version": "1.0.31", "version": 1, "expires": EXPIRES}

    @cached_property
    def entries(self) -> list[Entry]:
        """The log but for the bundle's own statement."""
        root, targets, log = self.trust().values()
        named = {"root": root, "targets": targets, "log.json": log}
        return entries({name: _published(data) for name, data in named.items()})

    @cached_property
    def bundle(self) -> Files:
        """The bundle's files."""
        return Files(self.entries)

    @cached_property
    def listing(self) -> bytes:
        """`bundle.json`."""
        return self.bundle.listing(len(self.entries), [HOST])

    @cached_property
    def stated(self) -> dict[str, Any]:
        """What the operator states of the bundle."""
        return {
            "v": 1,
            "type": "bundle",
            "origin": ORIGIN,
            "size": len(self.entries),
            "sha256": hashlib.sha256(self.listing).hexdigest(),
            "complete_to_run": self.bundle.last_run,
            "at": instant(AS_OF),
        }

    def logged(self) -> list[bytes]:
        """Every envelope of the log; the last states the bundle."""
        logged = [envelope(entry.body, entry.signers) for entry in self.entries]
        return [*logged, envelope(self.stated, (keys.OPERATOR,))]

    @cached_property
    def leaves(self) -> list[bytes]:
        """What the tree is made of."""
        return self.logged()

    def proof(self, witnesses: int = QUORUM, log_key: PublishedKey = keys.LOG) -> bytes:
        """`bundle.proof`, with as many cosignatures."""
        index = len(self.leaves) - 1
        head = [
            "c2sp.org/tlog-proof@v1",
            f"extra {b64(self.leaves[-1])}",
            f"index {index}",
            *map(b64, path(index, self.hashes)),
        ]
        return ("\n".join(head) + "\n\n").encode() + self.checkpoint(witnesses, log_key)

    def checkpoint(self, witnesses: int = QUORUM, log_key: PublishedKey = keys.LOG) -> bytes:
        """The signed head of the tree, with as many cosignatures."""
        text = f"{ORIGIN}\n{len(self.leaves)}\n{b64(root_hash(self.hashes))}\n"
        signed = key_id(ORIGIN, 1, log_key) + log_key.sign(text.encode())
        lines = [f"\u2014 {ORIGIN} {b64(signed)}\n"]
        at = int(COSIGNED.timestamp())
        for name, key in list(WITNESSES.items())[:witnesses]:
            cosigned = key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
            lines.append(f"\u2014 {name} {b64(key_id(name, 4, key) + at.to_bytes(8) + cosigned)}\n")
        return (text + "\n" + "".join(lines)).encode()

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes of the tree."""
        return [hashlib.sha256(b"\x00" + leaf).digest() for leaf in self.leaves]

    def files(self) -> dict[str, bytes]:
        """The folder, as far as a scanner of province 96 needs it."""
        trust = self.trust()
        targets = trust["trust/1.targets.json"]
        snapshot = metadata(
            self._signed("snapshot") | {"meta": {"targets.json": _meta(targets) | {"version": 1}}},
            keys.SNAPSHOT,
        )
        timestamp = metadata(
            self._signed("timestamp") | {"meta": {"snapshot.json": _meta(snapshot) | {"version": 1}}},
            keys.TIMESTAMP,
        )
        bundle = {name: data for name, data in self.bundle.data().items() if not name.startswith("31-")}
        bundle |= {"bundle.json": self.listing, "bundle.proof": self.proof()}
        return {
            **trust,
            "trust/1.snapshot.json": snapshot,
            "trust/timestamp.json": timestamp,
            **{f"bundle/{name}": data for name, data in bundle.items()},
        }

    def pack(self) -> dict[str, Any]:
        """The trust pack."""
        files = {name: b64(data) for name, data in self.files().items()}
        return {"v": 1, "type": "trust pack", "provinces": ["96"], "files": files}


_ROLES = {
    "root": (keys.ROOT_A, keys.ROOT_B),
    "targets": (keys.TARGETS_A, keys.TARGETS_B),
    "snapshot": (keys.SNAPSHOT,),
    "timestamp": (keys.TIMESTAMP,),
}
_ROOT_KEYS = [key for held in _ROLES.values() for key in held]


def _meta(data: bytes) -> dict[str, Any]:
    return {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}


def _published(data: bytes) -> dict[str, Any]:
    return {"version": 1, "length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
