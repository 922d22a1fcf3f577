"""The service object on a book."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Literal, TypeVar, cast, final

from backoffice_ledger._engine.columns import make_columns
from backoffice_ledger._engine.commands import (
    DeclareDimension,
    OpenAccount,
    OpenJournal,
    PostEntries,
    Redact,
)
from backoffice_ledger._engine.limits import bounded_posting
from backoffice_ledger._engine.store import PAGE_ROWS
from backoffice_ledger._ledger.bulk import OnRefusal, post_columns, post_many
from backoffice_ledger._ledger.holds import Holds, make_conditions
from backoffice_ledger._ledger.periods import Periods
from backoffice_ledger._ledger.proposals import Proposals
from backoffice_ledger._ledger.session import Session, atomically
from backoffice_ledger._ledger.topics import (
    Accounts,
    Documents,
    ReversalStyle,
    reversal_command,
)
from backoffice_ledger._ledger.verify import Verification, verify
from backoffice_ledger._ledger.view import LedgerView
from backoffice_ledger._model.account import Account, AccountType
from backoffice_ledger._model.arguments import (
    check_choice,
    check_count,
    check_entry,
    check_file,
    check_flag,
    check_iterable,
    check_list,
    check_methods,
)
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.checkpoint import Checkpoint
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import DEFAULT_JOURNAL, Entry, PostSummary
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.proposal import Proposal
from backoffice_ledger._model.record import Journal, Record
from backoffice_ledger._model.text import check_identifier, check_path, check_text
from backoffice_ledger.errors import InvalidOption, StoreError, UnknownRecord
from backoffice_ledger.protocols import Progress

TextType = Literal[
    "entry",
    "account",
    "calendar",
    "decision",
    "document",
    "exception",
    "hold",
    "journal",
    "period",
    "vote",
]
"""Types of records that hold erasable texts.

Those of an entry stand for its proposal's and its refusal's too.
"""

T = TypeVar("T")


@final
class Ledger:
    """A book that can be written and read; `open_ledger` makes one.

    Every command is all or nothing and is recorded with who acted and when.  Commands
    that name what they make (an entry's id, an account's path) may be repeated: the
    second time they change nothing and return the first result.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # --- chart -----------------------------------------------------------------------

    def open_account(
        self,
        path: str,
        *,
        type: AccountType | str,
        commodities: Iterable[str] | None = None,
        label: str | None = None,
        opened: date | None = None,
        attributes: Mapping[str, str] | None = None,
        limits: Iterable[Limit] | None = None,
    ) -> Account:
        """Add an account to the chart; arguments as for `Account`.

        Raises:
            AccountConflict: it exists with other properties, or an account above or
                below it is of another type.
            InvalidInput: an argument is malformed.
        """
        account = Account(
            path,
            type,
            commodities=commodities,
            label=label,
            opened=opened,
            attributes=attributes,
            limits=limits,
        )
        self._session.execute(OpenAccount(account))
        return account

    def open_journal(
        self, name: str, *, description: str = "", journal_class: str | None = None
    ) -> Journal:
        """Begin a named series of entries with gapless numbers of its own.

        Opening it again changes nothing, but gives a class to a journal without one.

        Args:
            name: what entries call it.
            description: erasable text.
            journal_class: the class, such as ``sales``, whose periods are closed
                together.

        Raises:
            InvalidOption: the journal has another class.
        """
        if journal_class is not None:
            check_identifier(journal_class, "journal_class")
        journal = Journal(
            check_identifier(name, "name"),
            check_text(description, "description"),
            journal_class,
        )
        self._session.execute(OpenJournal(journal))
        return journal

    def declare_dimension(self, name: str) -> None:
        """Allow postings to carry a dimension, such as ``cost_centre``."""
        self._session.execute(DeclareDimension(check_identifier(name, "name")))

    # --- entries ---------------------------------------------------------------------

    def post(
        self,
        entry: Entry,
        *,
        conditions: Mapping[str, Limit | Iterable[Limit]] | None = None,
        versions: Mapping[str, int] | None = None,
        balancing: str | None = None,
        on_refusal: Literal["raise", "record"] = "raise",
        dry_run: bool = False,
    ) -> Record:
        """Post an entry and return its record.

        Posting the same content under the same id again returns the first record.
        With *dry_run* everything is checked and nothing is written; the record then
        says where the entry would stand, without a journal number.

        Args:
            entry: what to post.
            conditions: what accounts must hold after the entry, by path, besides their
                own limits: a `Limit`, or one for each commodity.
            versions: versions of accounts by path, as ``ledger.accounts.balances()``
                gave them: nothing may have touched them since (optimistic locking).
            balancing: an account of a plain entry (one debit, one credit): the amount
                is lowered to what that account can still move, to its limit or, for
                money that leaves, to zero where it has none ("as much as available").
                Repeating the call returns the first record, whatever it moved.
            on_refusal: ``record`` writes a refusal of the book into the log; it then
                consumes the id, and a retry gets the same refusal again.
            dry_run: check only.

        Raises:
            Refused: the book does not take it; nothing was written, or only that.
            LimitBreached: an account would move beyond its limit.
            ConditionFailed: a condition or a version does not hold.
            ControlDenied: a control denies it.
            ApprovalRequired: a control wants approvals; see `propose`.
            Contention: others were quicker, again and again; try again.
            OutcomeUnknown: the commit failed half-way; repeat the same call.
        """
        check_entry(entry, "entry")
        if balancing is not None:
            bounded_posting(entry, check_path(balancing, "balancing"))
        command = PostEntries(
            (entry,),
            conditions=make_conditions(conditions, versions),
            balancing=balancing,
            on_refusal=check_choice(
                on_refusal, Literal["raise", "record"], "on_refusal"
            ),
        )
        check_flag(dry_run, "dry_run")
        return self._session.execute_one(command, dry_run=dry_run)

    def post_all(
        self,
        entries: Iterable[Entry],
        *,
        versions: Mapping[str, int] | None = None,
    ) -> tuple[Record, ...]:
        """Post some entries, all of them or none, and return their records in order.

        They are one command, and cost less than as many calls of `post`; entries that
        the book has are its first records.  `post_many` is for any number of entries.

        Args:
            entries: what to post.
            versions: versions of accounts, as for `post`: nothing may have touched
                them before the first of these entries that is new.

        Raises:
            Refused: the book does not take one of them, as for `post`; it is named,
                and nothing was written.
            ConditionFailed: a version does not hold.
        """
        found = tuple(
            check_entry(entry, f"entries[{index}]")
            for index, entry in enumerate(check_iterable(entries, "entries"))
        )
        command = PostEntries(found, 0, make_conditions(None, versions))
        records = self._session.execute(command) if found else []
        return tuple(cast("Record", record) for record in records)

    def post_many(
        self,
        entries: Iterable[Entry],
        *,
        batch_size: int = 10_000,
        progress: Progress | None = None,
        atomic: bool = False,
        on_refusal: OnRefusal = "raise",
    ) -> PostSummary:
        """Post any number of entries, in batches that are all or nothing.

        A refusal stops the run and names the entry; the batches before it stay.
        Repeating the run skips what the book holds already.  Memory does not grow
        with the number of entries.

        With *on_refusal* ``collect`` the entries are independent of one another: what
        the book does not take is left out and reported in the summary, the others are
        posted.  ``record`` does the same and writes the refusals into the log; each
        consumes its id.

        Args:
            entries: any iterable; it is read once.
            batch_size: entries per transaction.
            progress: ``tqdm.tqdm``, ``rich.progress.track`` or alike.
            atomic: one transaction for all batches.
            on_refusal: ``raise``, ``collect`` or ``record``.
        """
        return post_many(
            self._session,
            entries,
            batch_size,
            progress,
            atomic=atomic,
            on_refusal=on_refusal,
        )

    def post_columns(
        self,
        *,
        ids: Sequence[str],
        dates: Sequence[date],
        debits: Sequence[str],
        credits: Sequence[str],
        amounts: Sequence[int],
        commodity: str | Commodity,
        descriptions: Sequence[str] | None = None,
        journal: str = DEFAULT_JOURNAL,
        batch_size: int = 10_000,
        progress: Progress | None = None,
    ) -> PostSummary:
        """Post entries of one debit and one credit each, given as columns.

        The same as `post_many` with such entries, record for record, at less cost.

        Args:
            ids: of the entries.
            dates: booking dates.
            debits: paths of the debited accounts.
            credits: paths of the credited accounts.
            amounts: integers of minor units (cents), not zero.
            commodity: of all amounts.
            descriptions: erasable free texts; None for none.
            journal: of all entries.
            batch_size: entries per transaction.
            progress: as for `post_many`; it sees batches.

        Raises:
            InvalidOption: columns of different lengths.
            InexactNumber: an amount that is no integer.
            Refused: as for `post_many`.
        """
        columns = make_columns(
            ids, dates, debits, credits, amounts, commodity, descriptions, journal
        )
        return post_columns(self._session, columns, batch_size, progress)

    def reverse(
        self,
        id: str,
        *,
        date: date,
        reason: str,
        style: ReversalStyle = "opposite",
        reversal_id: str | None = None,
    ) -> Record:
        """Take an entry back, once, by an entry of its own.

        Args:
            id: of the entry to reverse.
            date: booking date of the reversal, in an open period.
            reason: erasable free text, kept as the reversal's description.
            style: ``opposite`` swaps the sides; ``same-side`` negates the amounts, so
                that turnover shrinks as well (Generalumkehr).
            reversal_id: id of the reversal; ``reversal:<id>`` if not given.

        Raises:
            UnknownRecord: there is no such entry.
            AlreadyReversed: another reversal took it back.
            Refused: the book does not take the reversal on that date.
        """
        command = reversal_command(id, date, reason, style, reversal_id)
        return self._session.execute_one(command)

    def atomically(
        self, work: Callable[[], T], *, others: "Iterable[Ledger]" = ()
    ) -> T:
        """Do *work*, which may give any commands, in one database transaction.

        All of it is recorded, or nothing if *work* raises.  It is done again where
        others were quicker, so it must be a function that can be repeated: no e-mails.
        Inside a larger transaction it joins that one.

        With *others*, ledgers on other books of the same store, their commands are in
        the same transaction: one event in parallel accounts, each book with a log of
        its own.

        Args:
            work: a function without arguments.
            others: opened on the same store object as this ledger.

        Raises:
            InvalidOption: *others* are not ledgers on the same store.
            Exception: what *work* raised; nothing was written.
        """
        check_methods(work, "work", "__call__")
        sessions = [self._session]
        for other in others:
            if not isinstance(other, Ledger):
                raise InvalidOption(
                    field="others", expected="ledgers", found=type(other).__name__
                )
            if other._session.store is not self._session.store:
                raise InvalidOption(
                    "one transaction needs one store: open_ledger(store, book=...)",
                    field="others",
                    expected=f"a ledger on the same store as {self!r}",
                    found=other,
                )
            sessions.append(other._session)
        return atomically(sessions, work)

    def cache(self) -> dict[Hashable, Any]:
        """Return where to keep what was worked out from the records of the book.

        It is empty at first, and again whenever a transaction is rolled back: what is
        kept in it was never worked out from records that the book does not have.  What
        others record does not empty it; `view().entries(known_after=...)` has that.

        It belongs to the database connection, so ask for it anew in each `atomically`
        and use it there only.  On a connection of the host it is always empty at first.

        Raises:
            StoreError: outside `atomically`.
        """
        if not self._session.store.in_transaction:
            raise StoreError("a cache is of a transaction: see atomically()")
        with self._session.transaction(write=False) as transaction:
            return transaction.state.cache

    def redact(self, id: str, *, field: str, basis: str, type: str = "entry") -> None:
        """Erase a text for good; its commitment and the basis stay.

        Args:
            id: of the entry (or of its proposal), or of the records of another type,
                as `records` shows it: the path of an account.
            field: ``description``, or ``postings.0.memo`` for the first posting's;
                ``label`` of an account, ``reason`` of a period, a calendar or an
                exception, ``revocation`` of one, ``description`` of a hold or a
                journal, ``personal.<name>`` of a document, ``effect.0.label`` of a
                proposed account, ``reason`` of a vote, ``findings`` of controls'
                decisions.  All versions lose it.
            basis: the legal basis, such as ``GDPR Art. 17(1)(a)``.
            type: ``entry`` (also for proposals), ``account``, ``calendar``,
                ``decision``, ``document``, ``exception``, ``hold``, ``journal``,
                ``period`` or ``vote``.

        Raises:
            UnknownRecord: there is no such record or text.
        """
        command = Redact(
            check_choice(type, TextType, "type"),
            check_identifier(id, "id"),
            check_identifier(field, "field"),
            check_identifier(basis, "basis"),
        )
        self._session.execute(command)

    def record(self, id: str) -> Record:
        """Return the record of the entry *id*.

        Raises:
            UnknownRecord: there is none.
        """
        check_identifier(id, "id")
        with self._session.transaction(write=False) as transaction:
            record = transaction.entry(id)
        if record is None:
            raise UnknownRecord(field="id", expected="the id of an entry", found=id)
        return record

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Yield every record of the log after a position: entries, accounts, votes."""
        return self._records(check_count(after, "after"))

    def _records(self, after: int) -> Iterator[Record]:
        while True:
            with self._session.transaction(write=False) as transaction:
                page = transaction.records(after, PAGE_ROWS)
            yield from page
            if len(page) < PAGE_ROWS:
                return
            after = page[-1].position

    # --- reading ---------------------------------------------------------------------

    def balance(self, account: str) -> Balance:
        """Return the balance of an account, positive on its normal side."""
        return self.view().balance(account)

    def view(
        self, *, as_of: date | None = None, known_at: int | None = None
    ) -> LedgerView:
        """Return the book as of a booking date, as known at a log position."""
        return LedgerView(self._session, as_of, known_at)

    # --- topics ----------------------------------------------------------------------

    @property
    def accounts(self) -> Accounts:
        """The chart of accounts: changing and closing accounts, listing them."""
        return Accounts(self._session)

    @property
    def periods(self) -> Periods:
        """Opening and closing of periods."""
        return Periods(self._session)

    @property
    def holds(self) -> Holds:
        """Reservations of money."""
        return Holds(self._session)

    @property
    def documents(self) -> Documents:
        """Versioned business objects."""
        return Documents(self._session)

    @property
    def proposals(self) -> Proposals:
        """Entries that wait for votes."""
        return Proposals(self._session, Ledger)

    def propose(self, entry: Entry) -> Proposal:
        """Keep an entry as a proposal; the same as ``proposals.propose(entry)``."""
        return self.proposals.propose(check_entry(entry, "entry"))

    # --- the book --------------------------------------------------------------------

    def verify(self, *, checkpoints: Sequence[Checkpoint] = ()) -> Verification:
        """Rebuild everything from the log and compare it with what is kept.

        With *checkpoints* that were kept elsewhere it is also certain that the log is
        still the same one: not rewritten, not cut off, not another one.

        Args:
            checkpoints: whose signatures were checked, see `audit.verify_checkpoint`;
                several narrow down where a rewritten log begins to differ.

        Raises:
            VerificationFailed: they differ; ``position`` is the first bad one.
        """
        self._session.check_open()
        given = tuple(check_list(checkpoints, "checkpoints"))
        for each in given:
            if not isinstance(each, Checkpoint):
                raise InvalidOption(
                    field="checkpoints",
                    expected="Checkpoints, see audit.verify_checkpoint()",
                    found=type(each).__name__,
                )
        return verify(self._session.store, self._session.book, given)

    def deliver(self) -> int:
        """Tell the listeners what was committed since they were last told.

        This happens by itself after each commit of the ledger's own, of a Session of
        SQLAlchemy and of Django.  With other connections of the application call it
        after the commit; call it when the program starts, for what a crash has left
        undone.  Returns how many records were delivered, counted by listener.

        Raises:
            StoreError: a transaction is open on the connection.
            Exception: what a listener raised, once the others had their turn; it gets
                the same records with the next delivery.
        """
        return self._session.deliver()

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a consistent copy of the database to a new file, while in use.

        Raises:
            BookExists: the target exists.
            StorageFailure: it could not be written; nothing is left behind.
        """
        self._session.check_open()
        self._session.store.backup(os.fspath(check_file(target, "target")))

    def close(self) -> None:
        """Close the book; further use raises `LedgerClosed`.

        A store that was passed to `open_ledger` stays open: others may be using it.
        """
        self._session.end()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Ledger {self._session.book!r}>"
