"""Proofs that a log holds one record, for people who see no other."""

from base64 import b64encode
from collections.abc import Collection, Mapping
from typing import Any, Final, final

import attrs

from backoffice_ledger._engine.canonical import leaf_hash
from backoffice_ledger._engine.contents import commitments_of
from backoffice_ledger._engine.merkle import (
    inclusion_proof,
    merkle_root,
    root_from_inclusion_proof,
)
from backoffice_ledger._engine.store import DAMAGE
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._model.arguments import check_count, check_flag
from backoffice_ledger._model.checkpoint import Checkpoint, decode_base64
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger.audit._checkpoints import (
    check_checkpoint,
    check_same,
    failed,
    leaves_of,
    session_of,
    verify_checkpoint,
)
from backoffice_ledger.audit._lines import lines_of, opened, read_json
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.protocols import VerifyingKey

_TITLE: Final = "c2sp.org/tlog-proof@v1"


@final
@attrs.frozen
class ProvenRecord:
    """A record of which a proof showed that a log holds it.

    Attributes:
        position: its place in the log.
        record_type: what it is: ``entry``, ``account``, ...
        actor: who acted.
        content: what was recorded, with commitments in the place of texts.
        texts: the texts that the proof shows, by name.
        checkpoint: of the log, and who signed.
    """

    position: int
    record_type: str
    actor: str
    content: Mapping[str, Any]
    texts: Mapping[str, str]
    checkpoint: Checkpoint


def prove(
    ledger: Ledger, position: int, *, checkpoint: Checkpoint, texts: bool = True
) -> str:
    """Return a proof that a log holds a record, in the text form of C2SP (tlog-proof).

    It shows the record, with its texts if wanted, and nothing of any other.

    Args:
        ledger: the book.
        position: of the record.
        checkpoint: of this log, with that position.
        texts: show descriptions, memos and personal fields.

    Raises:
        UnknownRecord: the checkpoint has no such position.
        VerificationFailed: the log is not that of the checkpoint.
    """
    session = session_of(ledger)
    check_count(position, "position", 1)
    check_checkpoint(checkpoint)
    check_flag(texts, "texts")
    if position > checkpoint.size:
        raise UnknownRecord(
            field="position", expected=f"up to {checkpoint.size}", found=position
        )
    with session.transaction(write=False) as transaction:
        leaves = list(leaves_of(transaction, 0, checkpoint.size))
        check_same(checkpoint, len(leaves), merkle_root(leaves))
        [row] = transaction.log(position - 1, 1)
    extra = b"\n".join(lines_of(row, texts=texts))
    lines = [
        _TITLE,
        f"extra {b64encode(extra).decode()}",
        f"index {position - 1}",
        *(b64encode(n).decode() for n in inclusion_proof(leaves, position - 1)),
    ]
    return "\n".join(lines) + f"\n\n{checkpoint}"


def verify_proof(
    proof: str, *, keys: Collection[VerifyingKey], origin: str | None = None
) -> ProvenRecord:
    """Return the record that a proof shows, if a trusted log holds it.

    Args:
        proof: what `prove` returned.
        keys: which are trusted, see `read_key`.
        origin: the identity of the log, as for `verify_checkpoint`.

    Raises:
        VerificationFailed: the log does not hold it, or no trusted key signed.
        InvalidOption: it is no such proof.
    """
    extra, index, path, note = _parts(proof)
    checkpoint = verify_checkpoint(note, keys=keys, origin=origin)
    line, *openings = extra.split(b"\n")
    root = root_from_inclusion_proof(leaf_hash(line), index, checkpoint.size, path)
    if root != checkpoint.root:
        raise failed("the proof does not lead to the root of the checkpoint")
    try:
        record = read_json(line)
        hidden = commitments_of(record["type"], record["content"])
        texts = FrozenMapping(opened(opening, hidden) for opening in openings)
    except (*DAMAGE, RecursionError) as error:
        raise failed(f"the record that is shown makes no sense: {error}") from error
    return ProvenRecord(
        index + 1,
        record["type"],
        record["actor"],
        stored_json(record["content"]),
        texts,
        checkpoint,
    )


def _parts(proof: object) -> tuple[bytes, int, list[bytes], str]:
    """Return the record with its texts, its index, the audit path and the note."""
    head, _, note = proof.partition("\n\n") if isinstance(proof, str) else ("", "", "")
    title, *lines = head.split("\n")
    if title != _TITLE or len(lines) < 2:
        raise InvalidOption(
            field="proof", expected=f"a text that begins with {_TITLE}", found=proof
        )
    extra, index, *path = lines
    number = index.removeprefix("index ")
    if (
        not extra.startswith("extra ")
        or not index.startswith("index ")
        or not (number.isascii() and number.isdigit() and len(number) < 20)
    ):
        raise InvalidOption(
            field="proof", expected="lines 'extra ...' and 'index ...'", found=proof
        )
    return (
        decode_base64(extra.removeprefix("extra "), "proof"),
        int(number),
        [decode_base64(node, "proof") for node in path],
        note,
    )
