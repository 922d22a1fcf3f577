"""A state machine that runs any store against the memory store (needs hypothesis).

Whatever is done, both must do alike, and what the book promises must hold after every
step.  Most steps are directed, so that most of them succeed; the others must be refused
by both and leave everything as it was.

    class Machine(StoreMachine):
        def make_store(self, folder):
            return MyStore(folder / "books.my")

    TestMyStore = Machine.TestCase
"""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

import backoffice_ledger as bl
from backoffice_ledger._ledger.view import ReportPhase
from backoffice_ledger.errors import IdempotencyConflict
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import strategies
from backoffice_ledger.testing.conformance._twins import (
    PHASES,
    Opener,
    Outcome,
    Twins,
    open_chart,
    outcome_of,
)

MONTHS: Final = tuple(f"2026-{month:02}" for month in range(1, 7))
FINANCIAL: Final = ("assets:bank", "assets:cash", "equity:trading", "income:fees")
STOCK: Final = ("stock:vault", "stock:customers")
UNITS: Final = (bl.Commodity("EUR"), bl.Commodity("JPY"), bl.Commodity("TOKEN", 18))
JOURNALS: Final = ("general", "settlement")
BASIS: Final = "GDPR Art. 17(1)(a)"

seldom: Final = st.sampled_from([False] * 5 + [True])
_VALUES: Final = st.sampled_from(["a", "b", "ä", "\U0001f600"])
"""Whether a step should go wrong."""


class _Interruption(Exception):
    """What ends a transaction in the middle."""


class _TwinMachine(RuleBasedStateMachine):
    """One book in two stores: how it is opened, drawn for, compared and closed."""

    is_durable = True

    def make_store(self, folder: Path) -> Store:
        """Return a store that keeps its data in *folder*; the same one each time.

        Raises:
            NotImplementedError: this is to be overridden.
        """
        raise NotImplementedError("say how to make a store")

    _books: Twins
    _log: list[bytes]
    _closed: set[tuple[str, str]]
    _entries: dict[str, bl.Entry]
    _accounts: list[str]
    _count: int

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._opener = self._make_opener()
        self._log = []
        self._closed = set()
        self._entries = {}
        self._accounts = list(FINANCIAL)
        self._count = 0
        try:
            self._kept = self._store()
        except BaseException:
            self._folder.cleanup()
            raise
        self._books = Twins(
            self._opener(self._kept), self._make_opener()(bl.MemoryStore())
        )
        self._books.do(open_chart)

    def _make_opener(self) -> Opener:
        return Opener()

    def _store(self) -> Store:
        return self.make_store(Path(self._folder.name))

    def step(self, name: str, command: Callable[[bl.Ledger], Any]) -> Outcome:
        """Do the same to both; check that a refusal changes nothing."""
        before = self._leaves()
        found = outcome_of(command, self._books.tested)
        assert found == outcome_of(command, self._books.oracle)
        error = found.error
        event(f"{name}: {'done' if error is None else error.code}")
        if error is not None and not name.startswith(("post_many", "record")):
            assert self._leaves() == before
        return found

    def _leaves(self) -> list[bytes]:
        return [record.leaf for record in self._books.tested.records()]

    # --- what is drawn ---------------------------------------------------------------

    def _new_id(self) -> str:
        self._count += 1
        return f"e{self._count:04}"

    def _open_months(self, journal: str) -> list[str]:
        periods = self._books.oracle.periods
        return [
            month
            for month in MONTHS
            if periods.get(month, journal=journal).state is bl.PeriodState.OPEN
        ]

    def _day(self, data: st.DataObject, journal: str, *, is_wrong: bool) -> date:
        """Draw a day that is open for *journal*, or any day."""
        months = MONTHS if is_wrong else self._open_months(journal) or ["2026-12"]
        month = data.draw(st.sampled_from(months), label="month")
        return date.fromisoformat(f"{month}-{data.draw(st.integers(1, 28)):02}")

    def _entry(self, data: st.DataObject) -> bl.Entry:
        """Draw an entry that the book takes, but for every tenth."""
        is_wrong = data.draw(seldom, label="wrong")
        journal = data.draw(st.sampled_from(JOURNALS))
        accounts = STOCK if data.draw(seldom) else tuple(self._accounts)
        if is_wrong and data.draw(st.booleans()):
            accounts += ("assets:nowhere",)
        return data.draw(
            strategies.entries(
                ids=st.just(self._new_id()),
                dates=st.just(self._day(data, journal, is_wrong=is_wrong)),
                accounts=st.sampled_from(accounts),
                commodities=st.sampled_from(UNITS),
                journals=st.just(journal),
                dimensions=st.sampled_from([{}, {"cost_centre": "B7"}]),
            ),
            label="entry",
        )

    def _posted(self, data: st.DataObject) -> bl.Entry:
        return self._entries[data.draw(st.sampled_from(sorted(self._entries)))]

    def _in_state(self, *states: str) -> list[str]:
        get = self._books.oracle.periods.get
        return [month for month in MONTHS if get(month).state.value in states]

    def _proposed(self) -> list[str]:
        """Return the ids of the proposals that are open."""
        found = self._books.oracle.proposals.all(status="open")
        return [proposal.id for proposal in found]

    def teardown(self) -> None:
        """Compare and verify everything, on both axes of time."""
        try:
            self._compare_views()
            self._books.check()
        finally:
            self._kept.close()
            self._books.oracle.close()
            self._folder.cleanup()

    def _compare_views(self) -> None:
        size = len(self._log)
        for month in MONTHS[::2]:
            for known_at in (None, size // 2, size - 1):
                phase: ReportPhase
                for phase in PHASES:
                    bounds: dict[str, Any] = {
                        "as_of": date.fromisoformat(f"{month}-15"),
                        "known_at": known_at,
                    }
                    self._books.do(
                        lambda ledger: (
                            ledger.view(**bounds)
                            .trial_balance(phase=phase)
                            .rows(totals=True)
                        )
                    )
                    sheet = self._books.do(
                        lambda ledger: ledger.view(**bounds).balance_sheet(phase=phase)
                    )
                    self._books.do(
                        lambda ledger: ledger.view(**bounds).balances_by("cost_centre")
                    )
                    sides = sheet.total("liabilities") + sheet.total("equity")
                    assert sheet.total("assets") == sides


class StoreMachine(_TwinMachine):
    """Random steps on one book in two stores; override `make_store`.

    Attributes:
        is_durable: whether a store can be closed and made again with what it held.
    """

    # --- posting ---------------------------------------------------------------------

    @rule(data=st.data())
    def post(self, data: st.DataObject) -> None:
        """Post an entry."""
        entry = self._entry(data)
        self.step("post", lambda ledger: ledger.post(entry))

    @rule(data=st.data())
    def try_first(self, data: st.DataObject) -> None:
        """Decide without writing, then write; both say the same."""
        entry = self._entry(data)
        tried = self.step("dry run", lambda ledger: ledger.post(entry, dry_run=True))
        posted = self.step("after dry run", lambda ledger: ledger.post(entry))
        assert tried.says == posted.says
        places = [getattr(found.value, "position", None) for found in (tried, posted)]
        assert places[0] == places[1]

    @precondition(lambda self: self._entries)
    @rule(data=st.data())
    def post_before_others(self, data: st.DataObject) -> None:
        """Post an entry that is dated before all others."""
        entry = self._entry(data)
        first = min(known.date for known in self._entries.values()).replace(day=1)
        early = bl.Entry(entry.id, first, entry.postings, journal=entry.journal)
        self.step("back-date", lambda ledger: ledger.post(early))

    @rule(data=st.data())
    def post_many(self, data: st.DataObject) -> None:
        """Post new entries and known ones, in batches or all in one."""
        new = [self._entry(data) for _ in range(data.draw(st.integers(1, 4)))]
        known = list(self._entries.values())[-2:]
        entries = data.draw(st.permutations([*new, *known, new[0]]))
        batch_size = data.draw(st.integers(1, 5), label="batch size")
        is_atomic = data.draw(st.booleans(), label="atomic")
        self.step(
            f"post_many{' atomic' if is_atomic else ''}",
            lambda ledger: ledger.post_many(
                iter(entries), batch_size=batch_size, atomic=is_atomic
            ),
        )
        held = {record.id for record in self._books.oracle.view().entries()}
        posted = {entry.id for entry in new} & held
        assert not is_atomic or len(posted) in (0, len(new))

    @rule(data=st.data())
    def post_columns(self, data: st.DataObject) -> None:
        """Post entries of two postings as columns."""
        size = data.draw(st.integers(1, 4))
        ids = [self._new_id() for _ in range(size)]
        day = self._day(data, "general", is_wrong=data.draw(seldom))
        amounts = data.draw(
            st.lists(
                st.integers(-(10**27) + 1, 10**27 - 1).filter(bool),
                min_size=size,
                max_size=size,
            )
        )
        texts = data.draw(
            st.none() | st.lists(strategies.texts(), min_size=size, max_size=size)
        )
        accounts = st.sampled_from(self._accounts)
        left, right = data.draw(accounts), data.draw(accounts)
        self.step(
            "post_columns",
            lambda ledger: ledger.post_columns(
                ids=ids,
                dates=[day] * size,
                debits=[left] * size,
                credits=[right] * size,
                amounts=amounts,
                commodity="EUR",
                descriptions=texts,
            ),
        )

    @precondition(lambda self: self._entries)
    @rule(data=st.data())
    def post_again(self, data: st.DataObject) -> None:
        """A retry returns the first record, whatever happened since."""
        entry = self._posted(data)
        before = self._leaves()
        found = self.step("retry", lambda ledger: ledger.post(entry))
        assert found.value == self._books.tested.record(entry.id)
        assert self._leaves() == before

    @precondition(lambda self: self._entries)
    @rule(data=st.data())
    def post_something_else(self, data: st.DataObject) -> None:
        """Other content under a known id is refused."""
        entry = self._posted(data)
        other = bl.Entry(entry.id, entry.date, entry.postings, rule="another@1")
        found = self.step("conflict", lambda ledger: ledger.post(other))
        assert isinstance(found.error, IdempotencyConflict)

    @precondition(lambda self: self._entries)
    @rule(
        data=st.data(),
        style=st.sampled_from(["opposite", "same-side"]),
        is_twice=seldom,
    )
    def reverse(self, data: st.DataObject, style: Any, *, is_twice: bool) -> None:
        """Take back an entry that stands."""
        oracle = self._books.oracle
        standing = [id_ for id_ in self._entries if not oracle.record(id_).reversed_by]
        ids = sorted(self._entries) if is_twice or not standing else standing
        id_ = data.draw(st.sampled_from(ids))
        day = self._day(data, self._entries[id_].journal, is_wrong=False)
        reversal_id = self._new_id()
        self.step(
            "reverse",
            lambda ledger: ledger.reverse(
                id_, date=day, reason="wrong", style=style, reversal_id=reversal_id
            ),
        )

    @precondition(lambda self: self._entries)
    @rule(data=st.data())
    def redact(self, data: st.DataObject) -> None:
        """Erase a text that is there, or one that is not."""
        record = self._books.oracle.record(self._posted(data).id)
        texts = ["description"] if record.entry.description else []
        texts += [
            f"postings.{line}.memo"
            for line, posting in enumerate(record.entry.postings)
            if posting.memo is not None
        ]
        field = data.draw(st.sampled_from(texts or ["description"]))
        self.step(
            "redact", lambda ledger: ledger.redact(record.id, field=field, basis=BASIS)
        )

    # --- periods ---------------------------------------------------------------------

    def _move(self, data: st.DataObject, verb: str, months: list[str]) -> None:
        is_wrong = data.draw(seldom, label="wrong")
        month = data.draw(st.sampled_from(list(MONTHS) if is_wrong else months))
        self.step(
            verb, lambda ledger: getattr(ledger.periods, verb)(month, reason="audit")
        )

    @precondition(lambda self: len(self._in_state("open")) > 2)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """Close the earliest open period, while later ones are left."""
        self._move(data, "close", self._in_state("open", "adjusting")[:1])

    @precondition(lambda self: self._in_state("closed", "adjusting"))
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        """Open a closed period again."""
        self._move(data, "reopen", self._in_state("closed", "adjusting"))

    @precondition(lambda self: len(self._in_state("open")) > 2)
    @rule(data=st.data())
    def adjust(self, data: st.DataObject) -> None:
        """Let a period take adjusting entries only."""
        self._move(data, "adjust", self._in_state("open", "closed")[:1])

    @precondition(lambda self: self._in_state("closed"))
    @rule(data=st.data())
    def lock(self, data: st.DataObject) -> None:
        """Lock the first closed period for ever."""
        self._move(data, "lock", self._in_state("closed")[:1])

    @precondition(lambda self: len(self._open_months("settlement")) > 2)
    @rule(data=st.data())
    def close_for_a_journal(self, data: st.DataObject) -> None:
        """Close a period for one journal."""
        month = data.draw(st.sampled_from(self._open_months("settlement")))
        self.step(
            "close journal",
            lambda ledger: ledger.periods.close(month, journal="settlement"),
        )

    @rule(month=st.sampled_from(MONTHS))
    def reopen_for_a_journal(self, month: str) -> None:
        """Open a period again for one journal, if it is open for the book."""
        self.step(
            "reopen journal",
            lambda ledger: ledger.periods.reopen(
                month, journal="settlement", reason="late"
            ),
        )

    # --- accounts and documents ------------------------------------------------------

    @rule(label=st.none() | strategies.texts())
    def open_account(self, label: str | None) -> None:
        """Open one more account."""
        path = f"assets:a{len(self._accounts)}"
        self._accounts.append(path)
        self.step(
            "open account",
            lambda ledger: ledger.open_account(path, type="asset", label=label),
        )

    @rule(data=st.data())
    def close_account(self, data: st.DataObject) -> None:
        """Close an account with a balance of zero, or try one with another."""
        oracle = self._books.oracle
        empty = [path for path in self._accounts if not oracle.balance(path)]
        is_wrong = data.draw(seldom, label="wrong")
        own = [path for path in empty if path not in FINANCIAL]
        path = data.draw(
            st.sampled_from(own if own and not is_wrong else self._accounts)
        )
        self.step(
            "close account",
            lambda ledger: ledger.accounts.close(path, on=date(2026, 12, 31)),
        )
        self.step(
            "reopen account", lambda ledger: ledger.accounts.change(path, closed=None)
        )

    @rule(
        data=st.data(),
        content=st.dictionaries(st.just("name"), strategies.texts()),
        index=st.dictionaries(st.sampled_from(["state", "due"]), _VALUES),
    )
    def store_document(
        self, data: st.DataObject, content: dict[str, str], index: dict[str, str]
    ) -> None:
        """Store the next version of a document, or a wrong one."""
        id_ = data.draw(st.sampled_from(["D-1", "D-2"]))
        known = [
            d.version for d in self._books.oracle.documents.all("note") if d.id == id_
        ]
        document = bl.Document(
            "note",
            id_,
            content,
            personal=sorted(content),
            version=sum(known) + 1 + data.draw(seldom),
            index={n: v for n, v in index.items() if v not in content.values()},
        )
        self.step("store document", lambda ledger: ledger.documents.store(document))

    @rule(state=_VALUES, last=_VALUES, undeclared=st.booleans())
    def find_documents(self, state: str, last: str, *, undeclared: bool) -> None:
        """Find documents by what their latest versions declare."""
        for where in ({"state": state}, {}):
            self._books.do(
                lambda ledger, where=where: ledger.documents.find(  # type: ignore[misc]
                    "note", where, between={"due": (None, last)}, undeclared=undeclared
                )
            )

    # --- four eyes -------------------------------------------------------------------

    @rule(data=st.data())
    def propose(self, data: st.DataObject) -> None:
        """Keep an entry as a proposal."""
        entry = self._entry(data)
        self.step("propose", lambda ledger: ledger.propose(entry))

    @precondition(lambda self: self._proposed())
    @rule(data=st.data(), verb=st.sampled_from(["approve", "approve", "reject"]))
    def vote(self, data: st.DataObject, verb: str) -> None:
        """Vote on a proposal."""
        id_ = data.draw(st.sampled_from(self._proposed()))
        seen = self._books.oracle.proposals.get(id_).digest
        actor = data.draw(st.sampled_from(["controller", "auditor"]))
        self.step(
            verb,
            lambda ledger: getattr(ledger.proposals, verb)(id_, seen=seen, actor=actor),
        )

    @precondition(lambda self: self._proposed())
    @rule(data=st.data(), verb=st.sampled_from(["post", "post", "withdraw"]))
    def end_a_proposal(self, data: st.DataObject, verb: str) -> None:
        """Post a proposal, or withdraw it."""
        id_ = data.draw(st.sampled_from(self._proposed()))
        self.step(
            f"{verb} proposal", lambda ledger: getattr(ledger.proposals, verb)(id_)
        )

    # --- the store -------------------------------------------------------------------

    @rule(data=st.data())
    def interrupt(self, data: st.DataObject) -> None:
        """What an interrupted transaction did is undone."""
        entry = self._entry(data)
        before = self._leaves()
        for ledger in (self._books.tested, self._books.oracle):
            try:
                with ledger._session.transaction(write=True):
                    ledger.open_account("assets:gone", type="asset")
                    ledger.post(entry)
                    raise _Interruption
            except (_Interruption, bl.LedgerError):
                pass
        assert self._leaves() == before

    @precondition(lambda self: self.is_durable)
    @rule()
    def restart(self) -> None:
        """Close the store and open it again."""
        event("restart: done")
        self._kept.close()
        self._kept = self._store()
        self._books = Twins(self._opener(self._kept), self._books.oracle)

    # --- what always holds -----------------------------------------------------------

    @invariant()
    def the_log_only_grows(self) -> None:
        """Both hold the same records, without gaps, and none has changed."""
        records = list(self._books.tested.records(after=len(self._log)))
        assert records == list(self._books.oracle.records(after=len(self._log)))
        first = len(self._log) + 1
        assert [r.position for r in records] == list(range(first, first + len(records)))
        entries = [record for record in records if record.type == "entry"]
        for record in entries:
            month = record.entry.date.isoformat()[:7]
            assert (record.entry.journal, month) not in self._closed
        self._entries |= {r.id: r.entry for r in entries if r.reverses is None}
        assert self._leaves()[: len(self._log)] == self._log
        self._log += [record.leaf for record in records]
        get = self._books.oracle.periods.get
        self._closed = {
            (journal, month)
            for journal in JOURNALS
            for month in MONTHS
            if get(month, journal=journal).state.value in ("closed", "locked", "future")
        }

    @invariant()
    def the_book_balances(self) -> None:
        """Debits are credits, memorandum or not; both stores say how much."""
        tested, oracle = self._books.tested.view(), self._books.oracle.view()
        for part in (STOCK, FINANCIAL):
            rest = bl.Balance()
            for path, account in tested.accounts().items():
                if (account.type is bl.AccountType.MEMORANDUM) is (part is STOCK):
                    turnover = tested.turnover(path)
                    assert turnover == oracle.turnover(path)
                    rest += turnover[0] - turnover[1]
            assert not rest

    @invariant()
    def journals_have_no_gaps(self) -> None:
        """Entries are numbered from 1 in each journal, in the order of the log."""
        for journal in JOURNALS:
            listed = self._books.tested.view().entries(journal=journal)
            numbers = sorted(record.journal_number or 0 for record in listed)
            assert numbers == list(range(1, len(numbers) + 1))
