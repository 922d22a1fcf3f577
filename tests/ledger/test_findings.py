"""What a review by fresh eyes found; each case broke the ledger once."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    BookExists,
    CommodityRefused,
    InvalidOption,
    PeriodTransition,
    ProposalState,
    StorageFailure,
    StoreError,
    UnknownAccount,
)
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import ManualClock

DAY = date(2026, 1, 31)
BASIS = "GDPR Art. 17(1)(a)"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty store of each kind."""
    made: dict[str, Callable[[], Store]] = {
        "memory": bl.MemoryStore,
        "sqlite": lambda: bl.SQLiteStore(tmp_path / "books.db", create=True),
    }
    kept = made[request.param]()
    yield kept
    kept.close()


def opened(store: Store, book: str = "main") -> bl.Ledger:
    """Return a book with two accounts."""
    ledger = bl.open_ledger(store, actor="clerk", book=book, create=True)
    for path in ("assets:a", "assets:b"):
        ledger.open_account(path, type="asset", label=f"Jane Roe, {path}")
    return ledger


def entry(id_: str, amount: bl.Amount | str = "1.00 EUR", **fields: str) -> bl.Entry:
    """Return an entry between the two accounts."""
    postings = [bl.debit("assets:a", amount), bl.credit("assets:b", amount)]
    return bl.Entry(id_, DAY, postings, **fields)


def bitcoin(scale: int) -> bl.Amount:
    """Return one unit of a commodity counted with *scale* places."""
    return bl.Amount("1", bl.Commodity("BTC", scale))


def test_the_scale_of_a_commodity_is_checked_every_time(store: Store) -> None:
    """Also when the account has taken the commodity before, and within a batch."""
    ledger = opened(store)
    for number in range(3):
        ledger.post(entry(f"e{number}", bitcoin(0)))
        with pytest.raises(CommodityRefused):
            ledger.post(entry("wrong", bitcoin(8)))
    with pytest.raises(CommodityRefused):
        ledger.post_many([entry("e3", bitcoin(0)), entry("wrong", bitcoin(8))])
    assert ledger.verify().entries == 3


def test_an_erasure_reaches_what_others_have_read(tmp_path: Path) -> None:
    """A second connection does not write an erased text back into the log."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True) as one:
        for name in ("assets:a", "assets:b"):
            one.open_account(name, type="asset", label="Jane Roe")
        one.propose(entry("p1", description="for Jane Roe"))
        with bl.open_ledger(path, actor="other") as other:
            assert other.accounts.all()["assets:a"].label == "Jane Roe"
            seen = other.proposals.get("p1").digest
            other.proposals.approve("p1", seen=seen)
            one.redact("assets:a", field="label", basis=BASIS, type="account")
            one.redact("p1", field="description", basis=BASIS)
            assert other.accounts.all()["assets:a"].label is None
            other.accounts.change("assets:a", attributes={"line": "Cash"})
            with pytest.raises(ProposalState):
                other.proposals.post("p1")
        assert one.accounts.all()["assets:a"].label is None
        one.verify()


def test_a_retry_after_an_erasure_is_safe(store: Store) -> None:
    """For accounts, documents and proposals as for entries."""
    ledger = opened(store)
    document = bl.Document("party", "4711", {"name": "Jane Roe"}, personal=["name"])
    ledger.documents.store(document)
    ledger.propose(entry("p1", description="for Jane Roe"))
    ledger.redact("assets:a", field="label", basis=BASIS, type="account")
    ledger.redact("party/4711", field="personal.name", basis=BASIS, type="document")
    ledger.redact("p1", field="description", basis=BASIS)
    before = ledger.verify()
    ledger.open_account("assets:a", type="asset", label="Jane Roe, assets:a")
    ledger.documents.store(document)
    ledger.propose(entry("p1", description="for Jane Roe"))
    assert ledger.verify() == before


def test_an_erased_text_leaves_the_log_of_the_file(tmp_path: Path) -> None:
    """As soon as nobody reads any more: the next commit tries again."""
    path = tmp_path / "books.db"
    store = bl.SQLiteStore(path, create=True)
    ledger = opened(store)
    ledger.post(entry("e1", description="SECRET-4711"))
    reader = bl.SQLiteStore(path, read_only=True)
    with reader.transaction("main", write=False) as transaction:
        transaction.size()
        ledger.redact("e1", field="description", basis=BASIS)
    reader.close()
    ledger.post(entry("e2"))
    log = path.with_name("books.db-wal")
    assert not log.exists() or log.stat().st_size < 100_000
    store.close()
    assert b"SECRET-4711" not in path.read_bytes()


def test_half_a_command_is_never_committed(store: Store) -> None:
    """Whoever swallows a refusal in the middle loses the outer transaction too."""
    ledger = opened(store)
    bad = bl.Entry(
        "bad", DAY, [bl.debit("x:y", "1 EUR"), bl.credit("assets:a", "1 EUR")]
    )
    many = [entry("e1"), entry("e2"), bad]
    before = ledger.verify()
    with (
        pytest.raises(StorageFailure),
        store.transaction("main", write=True),
        pytest.raises(UnknownAccount),
    ):
        ledger.post_many(many, batch_size=1, atomic=True)
    assert ledger.verify() == before
    with store.transaction("main", write=True):
        with pytest.raises(UnknownAccount):
            ledger.post(bad)  # wrote nothing, so it dooms nothing
        ledger.post(entry("e1"))
    assert ledger.record("e1").position == before.records + 2  # after its commodity


def test_all_books_of_a_transaction_share_its_fate(store: Store) -> None:
    """A rollback reaches every book, also one that was begun in it."""
    one, other = opened(store, "one"), opened(store, "other")
    before = one.verify(), other.verify()
    with pytest.raises(ZeroDivisionError), store.transaction("one", write=True):
        one.post(entry("e1"))
        other.post(entry("e1"))
        opened(store, "new")
        raise ZeroDivisionError
    assert (one.verify(), other.verify()) == before
    assert store.books() == ("one", "other")
    third = opened(store, "third")
    third.post(entry("e1"))
    new = opened(store, "new")
    assert new.verify().entries == 0


def test_a_read_does_not_become_a_write(store: Store) -> None:
    """What is written in a reading transaction would never be undone."""
    ledger = opened(store)
    with pytest.raises(StoreError), store.transaction("main", write=False):
        ledger.post(entry("e1"))


def test_closing_a_ledger_leaves_a_shared_store_open(store: Store) -> None:
    """The ledger is closed; the store belongs to whoever made it."""
    one, other = opened(store, "one"), opened(store, "other")
    one.close()
    assert other.verify().entries == 0
    for use in (one.verify, lambda: one.balance("assets:a")):
        with pytest.raises(bl.errors.LedgerClosed):
            use()


def test_only_close_closes_an_account(store: Store) -> None:
    """Changing it cannot pass the check of the balance by."""
    ledger = opened(store)
    ledger.post(entry("e1"))
    with pytest.raises(InvalidOption):
        ledger.accounts.change("assets:a", closed=DAY)  # type: ignore[arg-type]
    ledger.reverse("e1", date=DAY, reason="typo")
    ledger.accounts.close("assets:a", on=DAY)
    assert ledger.accounts.change("assets:a", closed=None).closed is None


def test_nothing_stays_open_before_a_closed_period(store: Store) -> None:
    """Neither an adjusting month without entries, nor one before a locked one."""
    ledger = opened(store)
    ledger.periods.adjust("2026-01")
    with pytest.raises(PeriodTransition):
        ledger.periods.close("2026-03")
    ledger.periods.close("2026-01")
    ledger.periods.close("2026-03")
    ledger.periods.reopen("2026-01", reason="late invoice")
    with pytest.raises(PeriodTransition):
        ledger.periods.lock("2026-03")
    ledger.periods.close("2026-01")
    ledger.periods.lock("2026-03")
    with pytest.raises(PeriodTransition):
        ledger.periods.reopen("2026-01", reason="late invoice")


def test_a_store_refuses_what_would_lose_a_book(store: Store) -> None:
    """A second book of one name, and closing in the middle of a transaction."""
    ledger = opened(store)
    with pytest.raises(BookExists):
        store.create_book("main")
    with store.transaction("main", write=True), pytest.raises(StoreError):
        store.close()
    assert ledger.verify().entries == 0


def test_a_backup_never_replaces_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one that was made while the copy was written."""
    with opened(bl.SQLiteStore(tmp_path / "books.db", create=True)) as ledger:
        target = tmp_path / "copy.db"
        link = os.link

        def overtaken(source: Path, name: Path) -> None:
            name.write_text("somebody else's")
            link(source, name)

        monkeypatch.setattr(os, "link", overtaken)
        with pytest.raises(BookExists):
            ledger.backup(target)
    assert target.read_text() == "somebody else's"
    assert not list(tmp_path.glob("*.part"))


def test_a_closed_store_keeps_no_books(store: Store) -> None:
    """It neither lists nor makes nor opens any."""
    opened(store)
    store.close()
    for use in (store.books, lambda: store.create_book("new"), lambda: opened(store)):
        with pytest.raises(bl.errors.LedgerClosed):
            use()


def test_a_hold_ends_where_its_accounts_were_not_met(tmp_path: Path) -> None:
    """A ledger that has just been opened voids a hold, and sweeps an expired one."""
    clock = ManualClock(datetime(2026, 1, 31, tzinfo=UTC))
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True, clock=clock) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("liabilities:card", type="liability")
        for id_, expires in (("void", None), ("old", timedelta(1))):
            postings = [
                bl.debit("liabilities:card", "5 EUR"),
                bl.credit("assets:bank", "5 EUR"),
            ]
            ledger.holds.reserve(bl.Hold(id_, postings, expires=expires))
    with bl.open_ledger(path, actor="clerk", clock=clock) as ledger:
        assert ledger.holds.void("void").status == "voided"
    clock.move(timedelta(2))
    with bl.open_ledger(path, actor="clerk", clock=clock) as ledger:
        assert ledger.holds.sweep() == 1
        ledger.verify()
