"""Traces of system calls, and the disks that a power failure leaves."""

import random
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.testing.torture import (
    Damage,
    _power,
    _strace,
    _syscalls,
    io_faults,
    power_loss,
    system_calls,
)
from backoffice_ledger.testing.torture._disk import (
    Disk,
    Name,
    Said,
    Sync,
    SyncFolder,
    Truncate,
    Write,
    everything,
    nothing,
    operations,
    some,
    some_names,
)
from backoffice_ledger.testing.torture._strace import Call, Traced, read_calls
from backoffice_ledger.testing.torture._syscalls import Point


def coded(text: str) -> str:
    """Return a text as strace writes it."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def traced(folder: Path, *lines: str) -> Traced:
    """Return a trace of these lines."""
    log = folder / "log"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return Traced((), 0, "", log)


# --- traces --------------------------------------------------------------------------


def test_a_trace_is_read(tmp_path: Path) -> None:
    """Names, arguments and results; texts as bytes; how a process ended is no call."""
    log = traced(
        tmp_path,
        f"12 openat(AT_FDCWD, {coded('/b/x, y')}, O_RDWR|O_CREAT, 0644) = 3",
        f"12 pwrite64(3, {coded('a')}, 1, 0) = -1 EIO (Input/output error) (INJECTED)",
        "12 fdatasync(3)                 = ?",
        "12 +++ killed by SIGKILL +++",
    ).log
    assert list(read_calls(log)) == [
        Call("openat", ("AT_FDCWD", b"/b/x, y", "O_RDWR|O_CREAT", "0644"), 3),
        Call("pwrite64", ("3", b"a", "1", "0"), -1),
        Call("fdatasync", ("3",), None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"12 pwrite64(3, {coded('a')}..., 9, 0) = 9",
        "12 fdatasync(3 <unfinished ...>",
    ],
    ids=["cut", "unfinished"],
)
def test_a_trace_that_is_not_whole(tmp_path: Path, line: str) -> None:
    """It is refused: a history with a gap proves nothing."""
    with pytest.raises(ValueError, match=r"cut|not a system call"):
        list(read_calls(traced(tmp_path, line).log))


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that says what the machine has, and asks why not."""

    def ask(path: str | None, finished: Any = None) -> str:
        _strace.why_not.cache_clear()
        monkeypatch.setattr(_strace.shutil, "which", lambda _: path)
        monkeypatch.setattr(_strace.subprocess, "run", lambda *_, **__: finished)
        return _strace.why_not()

    yield ask
    monkeypatch.undo()
    _strace.why_not.cache_clear()


def test_why_nothing_can_be_traced(probe: Any) -> None:
    """No strace, or one that may not trace, each with its reason."""
    assert probe(None) == "strace is not installed"
    denied = subprocess.CompletedProcess((), 1, b"", b"x\nstrace: ptrace: denied\n")
    assert probe("strace", denied) == (
        "strace does not work here: strace: ptrace: denied"
    )
    assert probe("strace", subprocess.CompletedProcess((), 0, b"", b"")) == ""


@pytest.mark.parametrize("tool", [power_loss, system_calls], ids=["power", "syscalls"])
def test_without_strace_it_is_not_run(
    probe: Any, tool: Callable[[Path], Any], tmp_path: Path
) -> None:
    """The figures say so, and are not taken for good ones."""
    probe(None)
    figures = tool(tmp_path)
    assert figures.verdict == "not run: strace is not installed"
    assert list(tmp_path.iterdir()) == []


# --- histories -----------------------------------------------------------------------

FOLDER = "/books"


def history(*calls: tuple[Any, ...]) -> list[Any]:
    """Return what calls, each a name, arguments and a result, did to the folder."""
    return list(
        operations(
            (
                Call(name, args, result)
                for name, *args_, result in calls
                for args in [tuple(args_)]
            ),
            FOLDER,
        )
    )


def test_calls_become_operations() -> None:
    """Files by name, through whatever descriptor; the folder; and what was said."""
    assert history(
        ("openat", "AT_FDCWD", b"/etc/passwd", "O_RDONLY", 3),
        ("pread64", "3", b"root", "4", "0", 4),
        ("fsync", "3", 0),
        ("ftruncate", "3", "0", 0),
        ("pwrite64", "3", b"x", "1", "0", 1),
        ("openat", "AT_FDCWD", b"/books/a", "O_RDWR|O_CREAT", "0644", 3),
        ("openat", "AT_FDCWD", b"/books/a-shm", "O_RDWR|O_CREAT", "0644", 4),
        ("pwrite64", "4", b"x", "1", "0", 1),
        ("pwrite64", "3", b"xyz", "3", "7", 3),
        ("openat", "AT_FDCWD", b"/books", "O_RDONLY", 5),
        ("fsync", "5", 0),
        ("close", "5", 0),
        ("fdatasync", "5", 0),
        ("openat", "AT_FDCWD", b"/books/a", "O_RDWR", 6),
        ("ftruncate", "6", "2", 0),
        ("fdatasync", "6", 0),
        ("fdatasync", "6", -1),
        ("fdatasync", "6", None),
        ("write", "1", b"done 1\n", "7", 7),
        ("write", "2", b"oh", "2", 2),
        ("link", b"/books/a", b"/books/b", 0),
        ("link", b"/books/a", b"/elsewhere/b", 0),
        ("unlink", b"/books/a", 0),
        ("unlink", b"/elsewhere/a", 0),
    ) == [
        Name("a", 1),
        Write(1, 7, b"xyz"),
        SyncFolder(),
        Truncate(1, 2),
        Sync(1),
        Said("done 1\n"),
        Name("b", 1),
        Name("a", None),
    ]


def test_a_call_that_the_model_does_not_know() -> None:
    """It is refused, before wrong images are made."""
    with pytest.raises(ValueError, match="renameat2"):
        history(("renameat2", "AT_FDCWD", b"/books/a", "AT_FDCWD", b"/books/b", 0))


# --- disks ---------------------------------------------------------------------------


def disk_after(*steps: Any) -> Disk:
    """Return a disk after some operations."""
    disk = Disk()
    for step in steps:
        disk.apply(step)
    return disk


def test_what_was_synced_stays() -> None:
    """Content and names are each safe from their own sync on, and not before."""
    disk = disk_after(Name("a", 1), Write(1, 2, b"xy"), Said("hello"))
    assert disk.said == ["hello"]
    assert disk.image(nothing, nothing) == {}
    assert disk.image(everything, nothing) == {}
    assert disk.image(nothing, everything) == {"a": b""}
    assert disk.image(everything, everything) == {"a": b"\0\0xy"}
    disk.apply(SyncFolder())
    disk.apply(Sync(1))
    disk.apply(Truncate(1, 3))
    disk.apply(Truncate(1, 5))
    disk.apply(Name("a", None))
    assert disk.image(nothing, nothing) == {"a": b"\0\0xy"}
    assert disk.image(everything, nothing) == {"a": b"\0\0x\0\0"}
    assert disk.image(nothing, everything) == {}


def test_what_was_not_synced_may_be_anything() -> None:
    """Any of the writes, in any order, torn at sectors; never anything else."""
    old, new = b"o" * 1024, b"n" * 1024
    disk = disk_after(
        Name("a", 1), SyncFolder(), Write(1, 0, old), Sync(1), Name("b", 2)
    )
    for step in (Write(1, 0, new), Write(1, 1024, new), Truncate(1, 512)):
        disk.apply(step)
    random_ = random.Random(1)
    seen = {
        tuple(sorted(disk.image(some(random_), some_names(random_)).items()))
        for _ in range(400)
    }
    contents = {dict(image)["a"] for image in seen}
    assert {len(dict(image)) for image in seen} == {1, 2}
    assert {old, new, old + new, new + new, new[:512]} <= contents
    assert new[:512] + old[512:] in contents, "torn"
    sectors = {old[:512], new[:512], bytes(512)}
    for content in contents:
        assert {content[i : i + 512] for i in range(0, len(content), 512)} <= sectors


def test_images_come_with_what_was_said() -> None:
    """They are spread over the whole history, in its order."""
    steps = [Name("a", 1), SyncFolder(), Said("try 1\n"), Said("done 1\n")]
    disks = list(_power.disks(steps, 20, random.Random(1)))
    assert len(disks) == 20
    assert disks[0][0] == {}
    known = [(len(w.tried), len(w.acknowledged)) for _, w in disks]
    assert known == sorted(known)
    assert set(known) == {(0, 0), (1, 0), (1, 1)}


def test_a_writer_that_fails_is_no_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is concluded from half a run."""
    broken = Traced((), 1, "no space left", tmp_path / "log")
    monkeypatch.setattr(_power, "trace", lambda *_: broken)
    with pytest.raises(RuntimeError, match="no space left"):
        _power.record(_power._Plan(tmp_path, 1, 0, "posting", "honest", 1))


# --- points --------------------------------------------------------------------------


def test_points_touch_the_folder(tmp_path: Path) -> None:
    """Calls are counted by name over the whole life, and kept where they matter."""
    ours, other = coded(f"{tmp_path.absolute()}/a"), coded("/etc/passwd")
    log = traced(
        tmp_path,
        f"1 openat(AT_FDCWD, {other}, O_RDONLY) = 3",
        f"1 pread64(3, {coded('x')}, 1, 0) = 1",
        f"1 openat(AT_FDCWD, {ours}, O_RDWR) = 3",
        f"1 pread64(3, {coded('x')}, 1, 0) = 1",
        f"1 openat(AT_FDCWD, {other}, O_RDONLY) = 3",
        f"1 pread64(3, {coded('x')}, 1, 0) = 1",
        f"1 unlink({ours}) = 0",
    )
    names = ("openat", "pread64", "unlink")
    assert _syscalls.points_of(log, tmp_path, names) == [
        Point("openat", 2),
        Point("pread64", 2),
        Point("unlink", 1),
    ]
    assert _syscalls.points_of(log, tmp_path, ("unlink",)) == [Point("unlink", 1)]


def test_a_sample_is_even() -> None:
    """All points if there are no more; otherwise one of each stretch."""
    every = [Point("pwrite64", number) for number in range(10)]
    assert _syscalls.sample(every, None, 1) == every
    assert _syscalls.sample(every, 10, 1) == every
    chosen = [point.number for point in _syscalls.sample(every, 5, 1)]
    assert [number // 2 for number in chosen] == list(range(5))


@pytest.fixture
def backed_up(place: Path) -> Any:
    """Return a book with its backup, as a writer leaves them."""
    plan = _syscalls._Plan(place, "backup", None, "EIO", "retry", False)
    book = _syscalls._prepared(plan)
    with _syscalls.open_book(book.path) as ledger:
        ledger.backup(book.backup)
    return plan, book


def judged(backed_up: Any, *said: str, code: int = 0, complaint: str = "") -> Damage:
    """Return what is wrong after a writer that said this."""
    plan, book = backed_up
    traced = Traced(said, code, complaint, book.path)
    return _syscalls._judge(plan, book, traced, Counter(), "")


def test_a_backup_is_judged(backed_up: Any) -> None:
    """It is whole or absent, and there if it was said to be."""
    _, book = backed_up
    assert judged(backed_up) == Damage()
    book.backup.unlink()
    assert judged(backed_up) == Damage()
    assert book.backup.exists(), "it was made again"
    book.backup.unlink()
    assert judged(backed_up, "done backup\n").lost == 1
    with _syscalls.open_book(book.path) as ledger:
        ledger.backup(book.backup)
        _syscalls.post_batch(ledger, 9)
    book.witness.tried.add(9)
    assert judged(backed_up).notes == ("the backup differs from the book",)
    book.backup.write_bytes(b"")
    assert judged(backed_up).partial == 1


@pytest.fixture
def old_file(project: Path) -> Path:
    """Return a file of an older format."""
    return project / "tests" / "golden" / "format_1.db"


def test_a_migration_is_judged(old_file: Path, place: Path) -> None:
    """It has happened if it was said so, and nothing else is different."""
    plan = _syscalls._Plan(place, "migration", old_file, "kill", "retry", False)
    book = _syscalls._prepared(plan)
    root = _syscalls._migrated_root(book.path)

    def found(*said: str) -> Damage:
        traced = Traced(said, 0, "", book.path)
        return _syscalls._judge(plan, book, traced, Counter(), root)

    assert found("done migration\n") == Damage()
    book = _syscalls._prepared(plan)
    assert found() == Damage()
    book = _syscalls._prepared(plan)
    assert found("done migration\n").lost == 1
    with bl.open_ledger(book.path, actor="somebody") as ledger:
        ledger.open_journal("more")
    assert found().notes == ("the migrated book differs",)
    book.path.write_bytes(b"no database" * 100)
    assert found().partial == 1


def test_a_writer_that_breaks_is_an_anomaly(backed_up: Any) -> None:
    """An error that is none of ours must not come out of the library."""
    found = judged(
        backed_up, code=1, complaint="Traceback\n  ...\nOSError: [Errno 5]\n"
    )
    assert found == Damage(anomalies=1, notes=("the writer broke: OSError: [Errno 5]",))


def test_points_that_were_missed_do_not_count(
    monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    """A fault that never happened has tested nothing."""
    if _strace.why_not():
        pytest.skip(_strace.why_not())
    monkeypatch.setattr(_syscalls, "points_of", lambda *_: [Point("fdatasync", 10**4)])
    figures = system_calls(place, work="backup")
    assert figures.details["missed"] == 1
    assert figures.verdict == "WRONG: nothing was tried"


def test_a_migration_needs_an_old_file(tmp_path: Path) -> None:
    """Without one it is refused."""
    with pytest.raises(InvalidOption) as caught:
        system_calls(tmp_path, work="migration")
    assert caught.value.field == "old"


# --- options -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "option", "value"),
    [
        (system_calls, "work", "sleeping"),
        (power_loss, "work", "sleeping"),
        (system_calls, "fault", "EAGAIN"),
        (system_calls, "after", "hope"),
        (power_loss, "device", "floppy"),
        (io_faults, "after", "hope"),
        (io_faults, "commands", ["delete"]),
    ],
)
def test_an_option_that_is_none(
    tool: Callable[..., Any], option: str, value: Any, tmp_path: Path
) -> None:
    """It is refused by name, before anything is done."""
    with pytest.raises(InvalidOption) as caught:
        tool(tmp_path, **{option: value})
    assert caught.value.field == option
