"""Anchors of our own: files that checkpoints are added to, and never taken from."""

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, final

import attrs

from backoffice_ledger._model.arguments import check_file
from backoffice_ledger._model.checkpoint import Checkpoint
from backoffice_ledger.audit._checkpoints import failed
from backoffice_ledger.errors import StorageFailure

_READ_ONLY: Final = 0o444


def _as_path(value: str | os.PathLike[str]) -> Path:
    return check_file(value, "path")


@final
@attrs.frozen
class FileAnchor:
    """Appends each checkpoint to a file, such as one on another machine.

    An empty line and its text; `read_checkpoints` reads them all.  It refuses one that
    contradicts what is there: a log that became shorter, or has another root.

    Args:
        path: of the file; it is made when it is needed.
    """

    path: Path = attrs.field(converter=_as_path)

    def __call__(self, checkpoint: Checkpoint) -> None:
        """Append *checkpoint*, unless it is there.

        Raises:
            VerificationFailed: it contradicts one that is there.
            StorageFailure: the file cannot be read or written.
        """
        try:
            known = read_checkpoints(self.path) if self.path.exists() else ()
            if checkpoint in known:
                return
            _check_goes_on(checkpoint, known)
            with self.path.open("ab") as file:
                file.write(f"{checkpoint}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageFailure(str(error), field="path") from error


@final
@attrs.frozen
class FolderAnchor:
    """Writes each checkpoint to a read-only file of its own in a folder.

    For storage that lets files be made and not changed.  The names begin with the
    origin's hash and the size.  It refuses what contradicts a file of the same log.

    Args:
        path: of the folder, which exists.
    """

    path: Path = attrs.field(converter=_as_path)

    def __call__(self, checkpoint: Checkpoint) -> None:
        """Write *checkpoint*, unless it is there.

        Raises:
            VerificationFailed: it contradicts one that is there.
            StorageFailure: the folder cannot be read or written.
        """
        text = str(checkpoint).encode()
        log = sha256(checkpoint.origin.encode()).hexdigest()[:16]
        name = f"{log}-{checkpoint.size:019}-{sha256(text).hexdigest()[:16]}.checkpoint"
        target = self.path / name
        try:
            if target.exists():
                return
            files = sorted(self.path.glob(f"{log}-*.checkpoint"))
            _check_goes_on(
                checkpoint, [Checkpoint.parse(file.read_bytes()) for file in files[-1:]]
            )
            self._write(target, text)
        except OSError as error:
            raise StorageFailure(str(error), field="path") from error

    def _write(self, target: Path, text: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(target, flags, _READ_ONLY), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _check_goes_on(new: Checkpoint, known: Iterable[Checkpoint]) -> None:
    """Check that *new* may follow those that are there.

    Raises:
        VerificationFailed: the same log was longer, or had another root.
    """
    for old in known:
        if old.origin != new.origin:
            continue
        if new.size < old.size:
            text = f"the log had {old.size} records, now {new.size}"
        elif new.size == old.size and new.root != old.root:
            text = f"the log of {old.size} records had another root"
        else:
            continue
        raise failed(text)


def read_checkpoints(path: str | os.PathLike[str]) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a file: those of a `FileAnchor`, or a single one.

    Raises:
        InvalidOption: it holds something else.
        StorageFailure: it cannot be read.
    """
    try:
        data = check_file(path, "path").read_bytes()
    except OSError as error:
        raise StorageFailure(str(error), field="path") from error
    return tuple(Checkpoint.parse(note) for note in _notes(data))


def _notes(data: bytes) -> Iterator[bytes]:
    """Yield notes, which end where a line of a signature is the last one."""
    note: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if line == b"\n" and (not note or _is_signature(note[-1])):
            if note:
                yield b"".join(note)
            note = []
            continue
        note.append(line)
    if note:
        yield b"".join(note)


def _is_signature(line: bytes) -> bool:
    return line.startswith("\u2014 ".encode())
