"""Junk goes in, and nothing but an error of ours comes out."""

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit

JUNK: dict[str, Any] = {
    "none": None,
    "true": True,
    "minus": -1,
    "huge": 10**1_000_000,
    "float": 1.5,
    "nan": math.nan,
    "decimal": Decimal("sNaN"),
    "empty": "",
    "space": " ",
    "zero byte": "a\0b",
    "newlines": "a\n1\nb\n\n\u2014 a b\n",
    "surrogate": "\ud800",
    "long": "x" * 10**6,
    "digits": "1" * 10**6,
    "bytes": b"\xff",
    "array": bytearray(10),
    "object": object(),
    "class": object,
    "list": [1],
    "endless": iter(int, 1),
    "mapping": {"a": 1},
    "function": len,
}


@pytest.mark.parametrize("junk", JUNK)
def test_junk(
    junk: str, memory: Any, signer: audit.Ed25519Signer, tmp_path: Path
) -> None:
    """In every argument of every function and class."""
    value = JUNK[junk]
    ledger = memory.ledger
    made = audit.checkpoint(ledger, signers=[signer], origin=signer.name)
    path = audit.export(ledger, tmp_path / "log.jsonl", checkpoint=made)
    proof = audit.prove(ledger, 1, checkpoint=made)
    line = made.signatures[0]
    calls: dict[Callable[..., Any], dict[str, Any]] = {
        audit.Checkpoint: {"origin": "a", "size": 1, "root": bytes(32)},
        audit.Checkpoint.parse: {"note": str(made)},
        audit.NoteSignature: {
            "name": line.name,
            "key_id": line.key_id,
            "signature": line.signature,
        },
        audit.Ed25519Key: {"name": "a", "public": signer.key.public},
        audit.Ed25519Signer: {"name": "a", "seed": bytes(32)},
        audit.HmacKey: {"name": "a", "secret_bytes": bytes(32)},
        audit.RemoteSigner: {"key": signer.key, "function": signer.sign},
        audit.read_key: {"text": str(signer.key)},
        audit.read_signer: {"text": signer.secret},
        audit.FileAnchor: {"path": tmp_path / "a"},
        audit.FolderAnchor: {"path": tmp_path},
        audit.read_checkpoints: {"path": tmp_path / "log.jsonl"},
        audit.checkpoint: {
            "ledger": ledger,
            "signers": [signer],
            "anchors": [],
            "origin": signer.name,
        },
        audit.checkpoints: {"ledger": ledger},
        audit.verify_checkpoint: {
            "note": made,
            "keys": [signer.key],
            "origin": signer.name,
        },
        audit.export: {
            "ledger": ledger,
            "target": tmp_path / "more",
            "checkpoint": made,
            "texts": True,
        },
        audit.verify_export: {
            "source": path,
            "keys": [signer.key],
            "origin": signer.name,
        },
        audit.prove: {
            "ledger": ledger,
            "position": 1,
            "checkpoint": made,
            "texts": True,
        },
        audit.verify_proof: {
            "proof": proof,
            "keys": [signer.key],
            "origin": signer.name,
        },
    }
    for use, arguments in calls.items():
        for name in arguments:
            try:
                use(**arguments | {name: value})
            except bl.LedgerError:
                continue
            finally:
                (tmp_path / "more").unlink(missing_ok=True)
    ledger.verify(checkpoints=[made])
