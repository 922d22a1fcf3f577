"""Making checkpoints, keeping them in the book, and verifying those of others."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from backoffice_ledger._engine.checkpoints import (
    KIND,
    checkpoint_content,
    checkpoint_from_content,
    origin_of,
    tree_from_content,
)
from backoffice_ledger._engine.commands import StoreDocument
from backoffice_ledger._engine.merkle import MerkleTree
from backoffice_ledger._engine.state import Fact
from backoffice_ledger._engine.store import DAMAGE, Transaction
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.session import ATTEMPTS, Session
from backoffice_ledger._ledger.verify import kept_checkpoints
from backoffice_ledger._model.arguments import check_list, check_methods
from backoffice_ledger._model.checkpoint import Checkpoint, NoteSignature
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import (
    Corrupt,
    DocumentConflict,
    InvalidOption,
    StoreError,
    VerificationFailed,
)
from backoffice_ledger.protocols import Anchor, Signer, VerifyingKey

LEAVES_AT_ONCE: Final = 50_000

T = TypeVar("T")


def checkpoint(
    ledger: Ledger,
    *,
    signers: Collection[Signer],
    anchors: Collection[Anchor] = (),
    origin: str | None = None,
) -> Checkpoint:
    """Sign what the log is now, keep that in the book, and publish it.

    Where nothing was recorded since the last checkpoint of the same keys, that one is
    published again and returned; so the call can be repeated after an anchor failed.
    Only what came since then is read: a checkpoint always continues the one before.

    Args:
        ledger: open for writing, outside a transaction.
        signers: at least one; see `Ed25519Signer`, `HmacKey`, `RemoteSigner`.
        anchors: where to publish it, once it is committed; see `FileAnchor`.
        origin: the identity of the log, such as ``example.com/books``.  Without one,
            that of before; for the first one a name that follows from the first record.

    Raises:
        InvalidOption: no signers, or the log has another origin by now.
        StoreError: a transaction is open, or no record has its position yet.
        VerificationFailed: the last checkpoint in the book is not what these signed, or
            records are missing since.
        Exception: what an anchor raised, once the others had their turn.
    """
    session = session_of(ledger)
    signing = _checked(signers, "signers", "sign")
    publishing = _checked(anchors, "anchors", "__call__")
    if not signing:
        raise InvalidOption(field="signers", expected="at least one", found="none")
    if origin is not None:
        check_identifier(origin, "origin")
        if any(c.isspace() for c in origin):
            raise InvalidOption(field="origin", expected="no spaces", found=origin)
    if session.store.in_transaction:
        raise StoreError("a transaction is open: what it wrote may never have been")
    made = _made(session, signing, origin)
    publish(made, anchors=publishing)
    return made


def session_of(ledger: object) -> Session:
    """Return the session of a ledger.

    Raises:
        InvalidOption: it is something else.
    """
    if not isinstance(ledger, Ledger):
        raise InvalidOption(
            field="ledger", expected="a Ledger", found=type(ledger).__name__
        )
    return ledger._session


def _checked(items: Collection[T], field: str, *methods: str) -> tuple[T, ...]:
    given: tuple[T, ...] = tuple(check_list(items, field))
    for item in given:
        check_methods(item, field, *methods)
    return given


def _made(
    session: Session, signers: Sequence[Signer], origin: str | None
) -> Checkpoint:
    """Make a checkpoint, again where another process was quicker to make one."""
    for _ in range(ATTEMPTS):
        try:
            return _make(session, signers, origin)
        except DocumentConflict:
            continue
    return _make(session, signers, origin)


@attrs.frozen
class _Found:
    """What a new checkpoint begins with."""

    tree: MerkleTree
    origin: str
    last: Checkpoint | None
    version: int
    news: int


def _make(
    session: Session, signers: Sequence[Signer], origin: str | None
) -> Checkpoint:
    with session.transaction(write=False) as transaction:
        found = _found(transaction, origin)
    last, tree = found.last, found.tree
    if last is not None:
        _check_own(last, signers)
    if last is not None and found.news == 0 and _is_signed_by(last, signers):
        return last
    bare = Checkpoint(found.origin, tree.size, tree.root())
    text = bare.text.encode()
    made = bare.signed(
        NoteSignature(signer.name, signer.key_id, signer.sign(text))
        for signer in signers
    )
    document = Document(
        KIND, made.origin, checkpoint_content(made, tree), version=found.version
    )
    session.execute(StoreDocument(document))
    return made


def _found(transaction: Transaction, origin: str | None) -> _Found:
    """Go on from the last checkpoint in the book, or begin with its first record."""
    facts = kept_checkpoints(transaction)
    size = transaction.size()
    if size == 0:
        raise StoreError("no record has its position in the log yet")
    if not facts:
        tree, last, version = MerkleTree(), None, 0
        chosen = origin or origin_of(transaction.leaves(0, 1)[0])
    else:
        tree, last = _resumed(facts[-1])
        version, chosen = facts[-1].content["version"], last.origin
        if origin not in (None, chosen):
            raise InvalidOption(
                "a log has one identity", field="origin", expected=chosen, found=origin
            )
    begun = tree.size
    for leaf in leaves_of(transaction, begun, size):
        tree.append(leaf)
    if tree.size != size:
        raise failed(f"the log ends at {size}; there are {tree.size} records to sign")
    own = sum(begun < fact.position <= size for fact in facts)
    return _Found(tree, chosen, last, version + 1, size - begun - own)


def leaves_of(transaction: Transaction, after: int, last: int) -> Iterator[bytes]:
    """Yield the leaf hashes after a position, up to *last* or to the first hole."""
    while after < last:
        until = min(after + LEAVES_AT_ONCE, last)
        leaves = transaction.leaves(after, until)
        yield from leaves
        if len(leaves) != until - after:
            return
        after = until


def _resumed(fact: Fact) -> tuple[MerkleTree, Checkpoint]:
    """Return the tree and the checkpoint of a document, which agree.

    Raises:
        Corrupt: they do not.
    """
    content = fact.content["content"]
    try:
        tree, last = tree_from_content(content), checkpoint_from_content(content)
    except DAMAGE as error:
        raise Corrupt(f"no checkpoint: {error!r}", field="log") from error
    if len(tree.parts) != tree.size.bit_count() or tree.root() != last.root:
        raise Corrupt("the last checkpoint contradicts itself", field="log")
    return tree, last


def _check_own(kept: Checkpoint, signers: Sequence[Signer]) -> None:
    """Check signatures on the last checkpoint before it is continued.

    Those who sign must never sign what contradicts what they signed before.

    Raises:
        VerificationFailed: it is not what these keys signed.
    """
    for signer in signers:
        key = getattr(signer, "key", signer)
        verify = getattr(key, "verify", None)
        for each in kept.signatures:
            if (
                verify is not None
                and (each.name, each.key_id) == (signer.name, signer.key_id)
                and not verify(kept.text.encode(), each.signature)
            ):
                raise failed(f"the last checkpoint is not what {signer.name} signed")


def _is_signed_by(kept: Checkpoint, signers: Sequence[Signer]) -> bool:
    signed = {(each.name, each.key_id) for each in kept.signatures}
    return {(each.name, each.key_id) for each in signers} <= signed


def publish(checkpoint: Checkpoint, *, anchors: Iterable[Anchor]) -> None:
    """Give a checkpoint to every anchor; one that fails keeps the others from nothing.

    Raises:
        Exception: what the first anchor that failed raised.
    """
    failures: list[Exception] = []
    for anchor in anchors:
        try:
            anchor(checkpoint)
        except Exception as error:  # noqa: BLE001 - it is raised below
            failures.append(error)
    if failures:
        raise failures[0]


def checkpoints(ledger: Ledger) -> tuple[Checkpoint, ...]:
    """Return the checkpoints that the book itself keeps, the oldest first.

    Whoever can rewrite the book can rewrite them; to hold a book against a checkpoint
    take one that was kept elsewhere.
    """
    with session_of(ledger).transaction(write=False) as transaction:
        facts = kept_checkpoints(transaction)
    return tuple(_resumed(fact)[1] for fact in facts)


def verify_checkpoint(
    note: str | bytes | Checkpoint,
    *,
    keys: Collection[VerifyingKey],
    origin: str | None = None,
) -> Checkpoint:
    """Return a checkpoint whose signatures hold; pin who signed and for which log.

    Signatures of unknown keys are passed over, as C2SP demands; those of known keys
    must all hold, and there must be one.

    Args:
        note: the text, or a checkpoint.
        keys: which are trusted; any one is enough.
        origin: the identity of the log.  Without one the name of the key must be it.

    Raises:
        VerificationFailed: no trusted key signed it, or it is of another log.
        InvalidOption: it is no checkpoint, or there are no keys.
    """
    parsed = note if isinstance(note, Checkpoint) else Checkpoint.parse(note)
    trusted = _checked(keys, "keys", "verify")
    if origin is not None and not isinstance(origin, str):
        raise InvalidOption(
            field="origin", expected="a text", found=type(origin).__name__
        )
    if not trusted:
        raise InvalidOption(field="keys", expected="at least one", found="none")
    known = {(key.name, key.key_id): key for key in trusted}
    text = parsed.text.encode()
    names = set()
    for signature in parsed.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verify(text, signature.signature):
            raise failed(f"the signature of {key.name} does not hold")
        names.add(key.name)
    if not names:
        raise failed("no trusted key has signed the checkpoint")
    if origin is None and parsed.origin not in names:
        raise failed(f"it is of log {parsed.origin}, and no key of this name signed")
    if origin is not None and parsed.origin != origin:
        raise failed(f"it is of log {parsed.origin}, not of {origin}")
    return parsed


def check_checkpoint(value: object) -> None:
    """Check that *value* is a checkpoint.

    Raises:
        InvalidOption: it is something else, such as the text of one.
    """
    if not isinstance(value, Checkpoint):
        raise InvalidOption(
            field="checkpoint", expected="a Checkpoint", found=type(value).__name__
        )


def check_same(checkpoint: Checkpoint, size: int, root: bytes) -> None:
    """Check that a log of this size and root is that of the checkpoint.

    Raises:
        VerificationFailed: it is another one.
    """
    if size != checkpoint.size:
        raise failed(f"there are {size} records, the checkpoint has {checkpoint.size}")
    if root != checkpoint.root:
        raise failed(f"the {size} records are not those of the checkpoint")


def failed(text: str) -> VerificationFailed:
    """Return the error for what does not hold as a whole."""
    return VerificationFailed(text, position=None, problems=(text,))
