"""The Merkle log of RFC 6962 / RFC 9162: leaf hashes, roots, proofs.

Plain functions over leaf hashes; they need no ledger, so that somebody who only holds
an export can check it.  The leaf hashes of a book are ``record.leaf`` of its records.
"""

from backoffice_ledger._engine.canonical import leaf_hash
from backoffice_ledger._engine.merkle import (
    MerkleTree,
    inclusion_proof,
    merkle_root,
    node_hash,
    root_from_inclusion_proof,
)

__all__ = [
    "MerkleTree",
    "inclusion_proof",
    "leaf_hash",
    "merkle_root",
    "node_hash",
    "root_from_inclusion_proof",
]
