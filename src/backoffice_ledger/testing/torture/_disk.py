"""A disk that remembers what was synced: the images that a power failure may leave.

The model is harsher than most file systems.  What was not synced since it was written
may be there, in any order, or not; a write may be torn at any 512 bytes; a name that
was made or removed may or may not be so, until its folder is synced; a sync of a file
says nothing about its name.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final, TypeVar

import attrs

from backoffice_ledger.testing.torture._strace import Call

SECTOR_BYTES: Final = 512
STDOUT: Final = "1"

T = TypeVar("T")
Image = dict[str, bytes]
"""The files of the folder, by name."""


@attrs.frozen
class Write:
    """Bytes that went to a place in a file."""

    node: int
    offset: int
    data: bytes


@attrs.frozen
class Truncate:
    """A file that got another size."""

    node: int
    size: int


@attrs.frozen
class Sync:
    """A file whose content is safe from here on."""

    node: int


@attrs.frozen
class SyncFolder:
    """The folder, whose names are safe from here on."""


@attrs.frozen
class Name:
    """A name that stands for a file from here on, or for none."""

    name: str
    node: int | None


@attrs.frozen
class Said:
    """A line that the writer said: somebody relies on it from here on."""

    line: str


Operation = Write | Truncate | Sync | SyncFolder | Name | Said


def operations(calls: Iterable[Call], folder: str) -> Iterator[Operation]:
    """Yield what the system calls of a process did to the files of a folder.

    Raises:
        ValueError: it did something that this model does not know.
    """
    return _Reader(PurePosixPath(folder)).read(calls)


class _Reader:
    """Follows the names and the descriptors of one process."""

    def __init__(self, folder: PurePosixPath) -> None:
        self._folder = folder
        self._names: dict[str, int] = {}
        self._open: dict[str, int | None] = {}
        self._nodes = 0

    def read(self, calls: Iterable[Call]) -> Iterator[Operation]:
        for call in calls:
            if call.result is None or call.result < 0:
                continue
            yield from self._read_one(call)

    def _read_one(self, call: Call) -> Iterator[Operation]:
        match call.name, call.arguments:
            case "openat", (_, bytes() as path, *_):
                yield from self._opened(path, str(call.result))
            case "close", (str() as descriptor,):
                self._open.pop(descriptor, None)
            case "write", ("1", bytes() as data, _):
                yield Said(data.decode())
            case "pwrite64", (str() as descriptor, bytes() as data, _, str() as at):
                if (node := self._open.get(descriptor)) is not None:
                    yield Write(node, int(at), data)
            case "ftruncate", (str() as descriptor, str() as size):
                if (node := self._open.get(descriptor)) is not None:
                    yield Truncate(node, int(size))
            case (("fsync" | "fdatasync"), (str() as descriptor,)):
                if descriptor in self._open:
                    synced = self._open[descriptor]
                    yield SyncFolder() if synced is None else Sync(synced)
            case "unlink", (bytes() as path,):
                if self._names.pop(name := self._name(path), 0):
                    yield Name(name, None)
            case "link", (bytes() as old, bytes() as new):
                if (name := self._name(new)) and (known := self._name(old)):
                    self._names[name] = self._names[known]
                    yield Name(name, self._names[name])
            case _ if call.name not in ("pread64", "write"):
                raise ValueError(f"not in the model: {call.name}")

    def _opened(self, path: bytes, descriptor: str) -> Iterator[Operation]:
        self._open.pop(descriptor, None)
        if PurePosixPath(path.decode()) == self._folder:
            self._open[descriptor] = None
        name = self._name(path)
        if not name:
            return
        if name not in self._names:
            self._nodes += 1
            self._names[name] = self._nodes
            yield Name(name, self._nodes)
        self._open[descriptor] = self._names[name]

    def _name(self, path: bytes) -> str:
        """Return a name in the folder; empty for what does not matter."""
        place = PurePosixPath(path.decode(errors="surrogateescape"))
        is_ours = place.parent == self._folder and not place.name.endswith("-shm")
        return place.name if is_ours else ""


# --- what a power failure leaves -----------------------------------------------------

Change = Write | Truncate
Choose = Callable[[Sequence[Change]], Iterable[Change]]
"""Chooses which unsynced changes of a file reached the disk, in what order."""
ChooseNames = Callable[[Sequence[Name]], Iterable[Name]]


@attrs.define
class _File:
    durable: bytearray = attrs.field(factory=bytearray)
    pending: list[Change] = attrs.field(factory=list)


class Disk:
    """What is safe, and what was only written, after some operations."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._pending: list[Name] = []

    def apply(self, operation: Operation) -> None:
        """Carry out an operation."""
        match operation:
            case Write() | Truncate():
                self._file(operation.node).pending.append(operation)
            case Sync():
                file = self._file(operation.node)
                _carry_out(file.durable, file.pending)
                file.pending.clear()
            case SyncFolder():
                _rename(self._names, self._pending)
                self._pending.clear()
            case Name():
                self._pending.append(operation)
            case _:
                self.said.append(operation.line)

    def image(self, choose: Choose, choose_names: ChooseNames) -> Image:
        """Return what is there after a failure, given what of the rest got there."""
        names = dict(self._names)
        _rename(names, choose_names(self._pending))
        contents = {}
        for name, node in sorted(names.items()):
            file = self._file(node)
            content = bytearray(file.durable)
            _carry_out(content, choose(file.pending))
            contents[name] = bytes(content)
        return contents

    def _file(self, node: int) -> _File:
        return self._files.setdefault(node, _File())


def _carry_out(content: bytearray, changes: Iterable[Change]) -> None:
    for change in changes:
        if isinstance(change, Truncate):
            del content[change.size :]
            content.extend(bytes(change.size - len(content)))
        else:
            content.extend(bytes(max(0, change.offset - len(content))))
            content[change.offset : change.offset + len(change.data)] = change.data


def _rename(names: dict[str, int], changes: Iterable[Name]) -> None:
    for change in changes:
        if change.node is None:
            names.pop(change.name, None)
        else:
            names[change.name] = change.node


def nothing(changes: Sequence[T]) -> Iterable[T]:  # noqa: ARG001
    """Choose: nothing that was not synced got there."""
    return ()


def everything(changes: Sequence[T]) -> Iterable[T]:
    """Choose: all of it got there, as after the death of the process alone."""
    return changes


def some_names(random_: random.Random) -> ChooseNames:
    """Choose some of the changes of names, in their order."""
    return lambda changes: [c for c in changes if random_.random() < 0.5]


def some(random_: random.Random) -> Choose:
    """Choose at random: a beginning, or any of them in any order, torn or whole."""

    def choose(changes: Sequence[Change]) -> list[Change]:
        kind = random_.choice(("nothing", "everything", "beginning", "any", "any"))
        if kind == "nothing" or not changes:
            return []
        if kind == "everything":
            return list(changes)
        if kind == "beginning":
            count = random_.randrange(len(changes))
            return [*changes[:count], *_torn(changes[count], random_)]
        share = random_.choice((0.1, 0.5, 0.9))
        chosen = [c for c in changes if random_.random() < share]
        if random_.random() < 0.5:
            random_.shuffle(chosen)
        return [
            part
            for change in chosen
            for part in (_torn(change, random_) if random_.random() < 0.2 else [change])
        ]

    return choose


def _torn(change: Change, random_: random.Random) -> list[Change]:
    """Return some of the sectors of a write; a new size is there or not."""
    if isinstance(change, Truncate):
        return [change] if random_.random() < 0.5 else []
    parts: list[Change] = []
    begin, end = change.offset, change.offset + len(change.data)
    while begin < end:
        stop = min(end, (begin // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if random_.random() < 0.5:
            data = change.data[begin - change.offset : stop - change.offset]
            parts.append(Write(change.node, begin, data))
        begin = stop
    return parts
