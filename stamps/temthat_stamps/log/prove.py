"""A proof that an entry is in a log, made from its public files by whoever wants one."""

from temthat_stamps.log.checkpoint import open_checkpoint
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import TlogProof, verify_proof
from temthat_stamps.log.reader import CHECKPOINT, LogReader
from temthat_stamps.log.tiles import TiledTree


def prove(reader: LogReader, index: int, policy: Policy) -> tuple[bytes, bytes]:
    """Entry `index` and its tlog-proof under the published checkpoint, which is verified here.

    Raises `BadProof` where the log has no such entry, and what reading and verifying a log raises.
    """
    data = reader.read(CHECKPOINT)
    head = open_checkpoint(data, policy).checkpoint
    tree = TiledTree(reader, head.size, head.root)
    hashes = tuple(tree.inclusion_proof(index))
    entry = next(tree.entries(index, index + 1))
    proof = TlogProof(index, hashes, data).format()
    verify_proof(proof, entry, policy)
    return entry, proof
