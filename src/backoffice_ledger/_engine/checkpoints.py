"""Checkpoints as a book keeps them: documents, so that the history shows them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from backoffice_ledger._engine.merkle import MerkleTree
from backoffice_ledger._model.checkpoint import (
    Checkpoint,
    NoteSignature,
    decode_base64,
)

KIND: Final = "log-checkpoint"
"""Kind of the documents that keep checkpoints; the id is the origin."""

_ORIGIN: Final = "backoffice-ledger/"


def origin_of(first_leaf: bytes) -> str:
    """Return the identity of a log by itself: its first leaf names and dates it."""
    return _ORIGIN + first_leaf.hex()


def is_own_origin(origin: str) -> bool:
    """Whether an identity was made by `origin_of`, and not chosen by somebody."""
    return origin.startswith(_ORIGIN)


def checkpoint_content(checkpoint: Checkpoint, tree: MerkleTree) -> dict[str, Any]:
    """Return what a document keeps of a checkpoint, and of the tree under it.

    From the tree's parts the next checkpoint goes on, so that one that was signed
    before is always continued.
    """
    return {
        "origin": checkpoint.origin,
        "parts": [b64encode(part).decode() for part in tree.parts],
        "root": b64encode(checkpoint.root).decode(),
        "signatures": [signature.line for signature in checkpoint.signatures],
        "size": checkpoint.size,
    }


def checkpoint_from_content(content: Mapping[str, Any]) -> Checkpoint:
    """Return the checkpoint of such a document.

    Raises:
        InvalidOption, LookupError, TypeError: it is another document.
    """
    return Checkpoint(
        content["origin"],
        content["size"],
        decode_base64(content["root"], "root"),
        [NoteSignature.parse(line) for line in content["signatures"]],
    )


def tree_from_content(content: Mapping[str, Any]) -> MerkleTree:
    """Return the tree that a checkpoint was made of, to go on with."""
    parts = [decode_base64(part, "parts") for part in content["parts"]]
    return MerkleTree(content["size"], parts)
