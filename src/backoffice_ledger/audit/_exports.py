"""A book's log as a file that a stranger can verify with a public key."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, final

import attrs

from backoffice_ledger._engine.canonical import canonical_json
from backoffice_ledger._engine.checkpoints import is_own_origin, origin_of
from backoffice_ledger._engine.merkle import MerkleTree
from backoffice_ledger._engine.store import PAGE_ROWS, LogRow
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model.arguments import check_file, check_flag
from backoffice_ledger._model.checkpoint import Checkpoint
from backoffice_ledger.audit._checkpoints import (
    check_checkpoint,
    check_same,
    failed,
    session_of,
    verify_checkpoint,
)
from backoffice_ledger.audit._lines import (
    LINE_BYTES_MAX,
    Reading,
    lines_of,
    read_json,
)
from backoffice_ledger.errors import (
    BookExists,
    LedgerError,
    StorageFailure,
    VerificationFailed,
)
from backoffice_ledger.protocols import VerifyingKey

FORMAT: Final = "backoffice-ledger-log"
VERSION: Final = 1


@final
@attrs.frozen
class ExportVerification:
    """What `verify_export` found to be true.

    Attributes:
        checkpoint: whose records they are, and who signed.
        records: how many records the file holds: all of the checkpoint.
        entries: how many of them are entries; each one balances.
        texts: how many texts are shown; each one is what was committed to.
        erased: how many texts were erased, by records that say so.
        withheld: how many texts are not shown for another reason: the export left them
            out, or they were erased after the checkpoint.
    """

    checkpoint: Checkpoint
    records: int
    entries: int
    texts: int
    erased: int
    withheld: int

    def __str__(self) -> str:
        return (
            f"verified: {self.records} records of {self.checkpoint.origin}, "
            f"{self.entries} entries, {self.texts} texts shown, {self.erased} erased, "
            f"{self.withheld} withheld, root {self.checkpoint.root.hex()}"
        )


def export(
    ledger: Ledger,
    target: str | os.PathLike[str],
    *,
    checkpoint: Checkpoint,
    texts: bool = True,
) -> Path:
    """Write the records of a checkpoint to a new file, as JSON lines.

    The first line says what the file is, the last one holds the checkpoint.  Between
    them stands each record on a line that is its canonical bytes, followed by a line
    for each of its texts.  `verify_export` needs that file and a key, and no ledger.

    Args:
        ledger: the book.
        target: path of the file.
        checkpoint: of this log; `checkpoint()` makes one.
        texts: show descriptions, memos and personal fields; without, the file holds
            only the commitments to them, and proves as much.

    Raises:
        VerificationFailed: the log is not that of the checkpoint; no file is left.
        BookExists: there is such a file.
        StorageFailure: it could not be written; no file is left.
    """
    session = session_of(ledger)
    path = check_file(target, "target")
    check_checkpoint(checkpoint)
    check_flag(texts, "texts")
    try:
        if path.exists():
            raise BookExists(field="target", found=path)
        _write_file(session, path, checkpoint, texts=texts)
    except LedgerError:
        raise
    except OSError as error:
        raise StorageFailure(str(error), field="target") from error
    return path


def _write_file(
    session: Session, path: Path, checkpoint: Checkpoint, *, texts: bool
) -> None:
    """Write a file that appears only when it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            _write(session, file, checkpoint, texts=texts)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _write(
    session: Session, file: BinaryIO, checkpoint: Checkpoint, *, texts: bool
) -> None:
    file.write(canonical_json(_header(checkpoint)).encode() + b"\n")
    tree = MerkleTree()
    for row in _rows(session, checkpoint.size):
        tree.append(row.record.leaf)
        file.writelines(line + b"\n" for line in lines_of(row, texts=texts))
    check_same(checkpoint, tree.size, tree.root())
    file.write(canonical_json({"checkpoint": str(checkpoint)}).encode() + b"\n")


def _header(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the first line of an export."""
    return {
        "format": FORMAT,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "version": VERSION,
    }


def _rows(session: Session, size: int) -> Iterator[LogRow]:
    after = 0
    while after < size:
        with session.transaction(write=False) as transaction:
            page = transaction.log(after, min(PAGE_ROWS, size - after))
        yield from page
        if not page:
            return
        after += len(page)


def verify_export(
    source: str | os.PathLike[str],
    *,
    keys: Collection[VerifyingKey],
    origin: str | None = None,
) -> ExportVerification:
    """Verify a file that `export` wrote; no ledger is needed.

    It proves that the file holds all records of a checkpoint that a trusted key signed,
    unchanged and in their order; that every entry balances; that every text that is
    shown is what was committed to when it was recorded.

    Args:
        source: path of the file.
        keys: which are trusted, see `read_key`.
        origin: the identity of the log, as for `verify_checkpoint`.

    Raises:
        VerificationFailed: something of that is not so; ``position`` is the first bad
            record.
        StorageFailure: the file cannot be read.
    """
    path = check_file(source, "source")
    reading = Reading()
    try:
        with path.open("rb") as file:
            header, note = _read(file, reading)
    except OSError as error:
        raise StorageFailure(str(error), field="source") from error
    if reading.problems:
        raise _problems(reading)
    checkpoint = verify_checkpoint(note, keys=keys, origin=origin)
    check_same(checkpoint, reading.position, reading.tree.root())
    own = origin_of(reading.first_leaf)
    if is_own_origin(checkpoint.origin) and checkpoint.origin != own:
        raise failed(f"the checkpoint is of log {checkpoint.origin}, this is {own}")
    if header != _header(checkpoint):
        raise failed("the first line does not agree with the checkpoint")
    return ExportVerification(
        checkpoint,
        reading.position,
        reading.entries,
        reading.texts,
        reading.erased,
        reading.withheld,
    )


def _read(file: BinaryIO, reading: Reading) -> tuple[dict[str, Any], str]:
    """Read all lines; return the first one and the note at the end."""
    lines = _lines(file)
    header = _own_line(next(lines, b""))
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise failed(f"the file is not a {FORMAT} of version {VERSION}")
    last = b""
    for line in lines:
        if last:
            reading.take(last)
        last = line
    reading.finish()
    note = _own_line(last).get("checkpoint")
    if not isinstance(note, str):
        raise failed("the file does not end with a checkpoint: it was cut off")
    return header, note


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES_MAX):
        if not line.endswith(b"\n"):
            raise failed("a line does not end: the file was cut off")
        yield line[:-1]


def _own_line(line: bytes) -> dict[str, Any]:
    try:
        return read_json(line)
    except (ValueError, RecursionError):
        return {}


def _problems(reading: Reading) -> VerificationFailed:
    texts = [f"position {at}: {text}" for at, text in reading.problems]
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return VerificationFailed(
        texts[0] + more, position=reading.problems[0][0], problems=tuple(texts)
    )
