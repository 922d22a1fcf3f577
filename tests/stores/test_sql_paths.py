"""What a store answers below the ledger: its transactions, damage, swallowed errors."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._engine.state import NewRecord
from backoffice_ledger._engine.store import EntryQuery, TotalsQuery
from backoffice_ledger.testing.faults import FaultInjector


def tamper(path: Path, sql: str) -> None:
    """Change rows behind the library's back, without its triggers and checks."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        triggers = raw.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        assert raw.execute(sql).rowcount > 0
        for _, text in triggers:
            raw.execute(text)


@contextmanager
def loosened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that may store anything anywhere, as a bad disk does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        read = "SELECT name, sql FROM sqlite_schema WHERE type = "
        tables = raw.execute(f"{read}'table'").fetchall()
        triggers = raw.execute(f"{read}'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT, ', ') ')")
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        yield raw
        raw.execute("PRAGMA writable_schema = ON")
        raw.executemany(
            "UPDATE sqlite_schema SET sql = ? WHERE name = ?",
            [(sql, name) for name, sql in tables],
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for _, text in triggers:
            raw.execute(text)


# --- the store itself -----------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_says_whether_it_writes(path: Path, read_only: bool) -> None:
    """It is what it was opened for, whatever the file would allow."""
    with closing(bl.SQLiteStore(path, read_only=read_only)) as store:
        assert store.read_only is read_only


def test_documents_are_held_in_a_transaction_that_only_reads(path: Path) -> None:
    """They are read, those that are not there as well, though nothing was before."""
    key = ("document", "note/n")
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        ledger.documents.store(bl.Document("note", "n", {}))
    with (
        closing(bl.SQLiteStore(path)) as store,
        store.transaction("main", write=False) as transaction,
    ):
        transaction.hold([key, ("document", "note/other")])
        assert transaction.state.fact(*key) is not None
        assert transaction.state.fact("document", "note/other") is None


def test_a_book_that_is_not_there_has_no_transactions(path: Path) -> None:
    """No store begins a book by being asked about it."""
    for opened in (bl.MemoryStore(), bl.SQLiteStore(path)):
        with closing(opened) as store:
            names = store.books()
            with (
                pytest.raises(errors.BookNotFound) as caught,
                store.transaction("other", write=False),
            ):
                pytest.fail("there is no such book")
            assert (caught.value.field, caught.value.found) == ("book", "'other'")
            assert store.books() == names


# --- transactions ---------------------------------------------------------------------


def test_a_transaction_answers_without_having_read_names(path: Path) -> None:
    """A question may come first: nothing has to be loaded before it."""
    with (
        closing(bl.SQLiteStore(path)) as store,
        store.transaction("main", write=False) as transaction,
    ):
        totals = transaction.totals(TotalsQuery(frozenset({"assets:bank", "x"})))
    assert totals == {("assets:bank", bl.Commodity("EUR", 2)): (0, 3000)}


def test_a_query_without_bounds_finds_every_entry(path: Path) -> None:
    """No bound of what was known means all that is known."""
    with (
        closing(bl.SQLiteStore(path)) as store,
        store.transaction("main", write=False) as transaction,
    ):
        found = [record.id for record in transaction.entries(EntryQuery())]
    assert found == ["rent-0", "rent-1", "rent-2"]


def test_a_name_keeps_its_number(path: Path) -> None:
    """A record about a known account, recorded unread, concerns the same account."""
    with (
        closing(bl.SQLiteStore(path)) as store,
        store.transaction("main", write=False) as transaction,
    ):
        rows = {row.record.id: row for row in transaction.log(0, 100)}
    row = rows["assets:bank"]
    again = NewRecord(
        "account",
        "assets:bank",
        "clerk",
        0,
        json.dumps(dict(row.record.content)),
        row.record.leaf,
        row.facts,
    )
    with (
        closing(bl.SQLiteStore(path)) as store,
        store.transaction("main", write=True) as transaction,
    ):
        [(position, _)] = transaction.append([again])
        totals = transaction.totals(TotalsQuery(frozenset({"assets:bank"})))
        assert transaction.facts("account")["assets:bank"].position == position
    assert totals == {("assets:bank", bl.Commodity("EUR", 2)): (0, 3000)}


def test_a_failed_statement_that_is_swallowed_commits_nothing(
    path: Path, entry: Callable[[int], bl.Entry]
) -> None:
    """Whoever goes on after the disk failed is told at the end of the block."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        before = ledger.verify()
        with (
            pytest.raises(errors.StorageFailure, match="rolled the transaction back"),
            store.transaction("main", write=True) as transaction,
        ):
            ledger.post(entry(7))
            faults.arm("SQLITE_IOERR")
            with pytest.raises(errors.StorageFailure):
                transaction.facts("account")
        assert faults.disarm()
        assert ledger.verify() == before
        assert ledger.post(entry(7)).position == before.records + 1


# --- damage ---------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_without_its_last_byte_is_not_opened(
    path: Path, entry: Callable[[int], bl.Entry], read_only: bool
) -> None:
    """The header says how long the file is; a shorter one is damaged."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.post_many(entry(number) for number in range(3, 103))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(errors.Corrupt, match="truncated") as caught:
        bl.SQLiteStore(path, read_only=read_only)
    assert caught.value.expected == f"{len(whole)} bytes"
    assert path.read_bytes() == whole[:-1]


def test_a_fact_that_cannot_be_read_is_named(path: Path) -> None:
    """Damaged content is the file's fault, and the error says where it stands."""
    tamper(path, "UPDATE bl_record SET content = '{' WHERE id = 'assets:bank'")
    with (
        bl.open_ledger(path, read_only=True) as ledger,
        pytest.raises(errors.Corrupt, match=r"position \d+ cannot be read") as caught,
    ):
        ledger.balance("assets:bank")
    assert caught.value.field == "log"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE bl_record SET content = '{' WHERE id = 'assets:bank'",
        "UPDATE bl_record SET controls = '[' WHERE id = 'rent-0'",
        "UPDATE bl_record SET kind = 'odd' WHERE id = 'rent-0'",
    ],
    ids=["content", "controls", "kind"],
)
def test_a_record_that_cannot_be_read_is_named(path: Path, damage: str) -> None:
    """Whoever lists the log learns at which position it is damaged."""
    tamper(path, damage)
    with (
        bl.open_ledger(path, read_only=True) as ledger,
        pytest.raises(errors.Corrupt, match=r"position \d+ cannot be read") as caught,
    ):
        list(ledger.records())
    assert caught.value.field == "log"


@pytest.fixture
def loose_path(path: Path) -> Path:
    """Return a book whose columns take values of any type, with a dimension."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.declare_dimension("place")
        postings = [
            bl.debit(
                "expenses:rent", "1.00 EUR", memo="desk", dimensions={"place": "1"}
            ),
            bl.credit("assets:bank", "1.00 EUR"),
        ]
        ledger.post(bl.Entry("desk", date(2026, 3, 9), postings))
    return path


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE bl_record SET actor = x'41' WHERE id = 'desk'",
        "UPDATE bl_record SET document_number = x'41' WHERE id = 'desk'",
        "UPDATE bl_record SET rule = x'41' WHERE id = 'desk'",
        "UPDATE bl_record SET reference_list = '[1]' WHERE id = 'desk'",
        "UPDATE bl_record SET reference_list = '[\"\\ud800\"]' WHERE id = 'desk'",
        "UPDATE bl_record SET controls = '[1]' WHERE id = 'desk'",
        "UPDATE bl_record SET date = 20260309.5 WHERE id = 'desk'",
        "UPDATE bl_posting SET low = 1.5",
        "UPDATE bl_dimension SET value = x'41'",
        "UPDATE bl_opening SET value = x'41' WHERE field = 'postings.0.memo'",
    ],
)
def test_a_value_of_another_type_is_never_read(loose_path: Path, damage: str) -> None:
    """Reading an entry does not prove it, but gives no value that there cannot be."""
    with loosened(loose_path) as raw:
        assert raw.execute(damage).rowcount > 0
    with (
        bl.open_ledger(loose_path, read_only=True) as ledger,
        pytest.raises(errors.Corrupt, match=r"position \d+ cannot be read"),
    ):
        list(ledger.view().entries())


def test_verification_names_the_first_hundred_problems(path: Path) -> None:
    """A file that is wrong everywhere gives a report that can still be read."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.post_many(
            bl.Entry(
                f"fee-{number}",
                date(2026, 4, 1),
                [
                    bl.debit("expenses:rent", "1.00 EUR"),
                    bl.credit("assets:bank", "1.00 EUR"),
                ],
            )
            for number in range(150)
        )
    tamper(path, "UPDATE bl_record SET actor = 'thief' WHERE id LIKE 'fee-%'")
    with (
        bl.open_ledger(path, read_only=True) as ledger,
        pytest.raises(errors.VerificationFailed) as caught,
    ):
        ledger.verify()
    assert len(caught.value.problems) == 100


def test_an_erased_text_that_is_back(path: Path) -> None:
    """A text beside its own redaction was put there by other means."""
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        for name in ("assets:bank", "assets:drawer"):
            ledger.open_account(name, type="asset")
        postings = [
            bl.debit("assets:bank", "1 EUR"),
            bl.credit("assets:drawer", "1 EUR"),
        ]
        ledger.post(bl.Entry("e", date(2026, 1, 1), postings, description="Jane Roe"))
        ledger.redact("e", field="description", basis="GDPR Art. 17")
        position = ledger.record("e").position
    tamper(
        path,
        "INSERT INTO bl_opening (book_id, position, field, salt, value)"
        f" VALUES (1, {position}, 'description', zeroblob(16), 'Jane Roe')",
    )
    with bl.open_ledger(path, actor="clerk") as ledger:
        with pytest.raises(errors.VerificationFailed) as caught:
            ledger.verify()
        assert "is there and erased" in str(caught.value)
