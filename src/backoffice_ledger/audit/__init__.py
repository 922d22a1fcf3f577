"""Proofs about the log: the Merkle tree, checkpoints, exports, proofs of one record.

The functions over leaf hashes (RFC 6962 / RFC 9162) need no ledger, nor do
`verify_checkpoint`, `verify_export` and `verify_proof`: somebody who only holds a file
and a public key can check it.  The leaf hashes of a book are ``record.leaf`` of its
records.
"""

from backoffice_ledger._engine.canonical import leaf_hash
from backoffice_ledger._engine.merkle import (
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    merkle_root,
    node_hash,
    root_from_inclusion_proof,
)
from backoffice_ledger._model.checkpoint import Checkpoint, NoteSignature
from backoffice_ledger.audit._anchors import (
    FileAnchor,
    FolderAnchor,
    read_checkpoints,
)
from backoffice_ledger.audit._checkpoints import (
    checkpoint,
    checkpoints,
    publish,
    verify_checkpoint,
)
from backoffice_ledger.audit._exports import (
    ExportVerification,
    export,
    verify_export,
)
from backoffice_ledger.audit._keys import (
    Ed25519Key,
    Ed25519Signer,
    HmacKey,
    RemoteSigner,
    read_key,
    read_signer,
)
from backoffice_ledger.audit._proofs import ProvenRecord, prove, verify_proof

__all__ = [
    "Checkpoint",
    "Ed25519Key",
    "Ed25519Signer",
    "ExportVerification",
    "FileAnchor",
    "FolderAnchor",
    "HmacKey",
    "MerkleTree",
    "NoteSignature",
    "ProvenRecord",
    "RemoteSigner",
    "checkpoint",
    "checkpoints",
    "consistency_proof",
    "export",
    "inclusion_proof",
    "is_consistent",
    "leaf_hash",
    "merkle_root",
    "node_hash",
    "prove",
    "publish",
    "read_checkpoints",
    "read_key",
    "read_signer",
    "root_from_inclusion_proof",
    "verify_checkpoint",
    "verify_export",
    "verify_proof",
]
