"""The one write path: begin, read what is needed, decide, append, commit."""

import random
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from typing import Final, TypeVar, cast

import attrs

from backoffice_ledger._engine.approvals import read_proposal
from backoffice_ledger._engine.book import account_from_fact
from backoffice_ledger._engine.columns import (
    Columns,
    columns_needs,
    decide_columns,
)
from backoffice_ledger._engine.commands import (
    Command,
    PostEntries,
    RequireControls,
    StoreDocument,
    StoreDocuments,
)
from backoffice_ledger._engine.controls import (
    Rule,
    Verdict,
    enforce,
    rules_of,
    run_controls,
)
from backoffice_ledger._engine.decide import decide, needs
from backoffice_ledger._engine.decisions import decision_record
from backoffice_ledger._engine.documents import document_from_fact, document_key
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Fact, NewRecord, Outcome, State
from backoffice_ledger._engine.store import (
    EntryQuery,
    Place,
    Store,
    TotalsQuery,
    Transaction,
)
from backoffice_ledger._ledger import delivery
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.document import Document, stored_json
from backoffice_ledger._model.entry import Refusal
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.proposal import Proposal, check_actor
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger._stores.host import HostStore
from backoffice_ledger.errors import (
    BoundExceeded,
    Contention,
    ControlMissing,
    InvalidOption,
    LedgerClosed,
    ReadOnlyBook,
    Refused,
    StoreError,
    UnknownAccount,
    UnknownRecord,
)
from backoffice_ledger.protocols import Clock, Control, IdSource, Listener, SaltSource


class SystemClock:
    """The clock of the machine, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)


def random_id() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


T = TypeVar("T")


@attrs.define
class Life:
    """Whether a session was ended; the only thing of it that changes."""

    is_ended: bool = False


ENTRIES_MAX: Final = 10_000
"""How many entries a control may look at in one question."""

ATTEMPTS: Final = 12
"""How often a command is tried where others are quicker; the waits grow."""


Seat = tuple[Sequence[Place], int]
"""Places of records, and which of them; read it after the transaction."""


@attrs.frozen
class Appended:
    """What became of a command on the bulk path.

    Attributes:
        posted: how many entries were written.
        first: where the first of them stands.
        last: where the last of them stands.
        refusals: the entries that were not taken.
    """

    posted: int = 0
    first: Seat | None = None
    last: Seat | None = None
    refusals: Sequence[Refusal] = ()


@attrs.frozen
class Session:
    """A book in a store, with who acts on it and where time and chance come from."""

    store: Store
    book: str
    actor: str | None
    controls: Sequence[Control] = ()
    clock: Clock = attrs.field(factory=SystemClock)
    ids: IdSource = random_id
    salts: SaltSource = secrets.token_bytes
    read_only: bool = False
    owns_store: bool = True
    listeners: Sequence[Listener] = ()
    life: Life = attrs.field(factory=Life)
    rules: tuple[Rule, ...] = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: rules_of(self.controls), takes_self=True),
    )

    def transaction(self, *, write: bool) -> AbstractContextManager[Transaction]:
        """Begin a transaction on the book.

        Raises:
            LedgerClosed: the session was ended.
            ReadOnlyBook: the ledger was opened read-only, whatever the store allows.
        """
        self.check_open()
        if write and self.read_only:
            with self.store.transaction(self.book, write=False):
                raise ReadOnlyBook(
                    field="read_only", expected="a ledger opened to write"
                )
        if write and (self.listeners or isinstance(self.store, HostStore)):
            return delivery.announced(self)
        return self.store.transaction(self.book, write=write)

    def deliver(self) -> int:
        """Tell the listeners what was committed; return how many records."""
        self.check_open()
        return delivery.deliver(self)

    def deliver_quietly(self) -> None:
        """Do so after a commit: what fails is logged and tried again later."""
        delivery.deliver_quietly(self)

    def check_open(self) -> None:
        """Raise `LedgerClosed` if the session was ended."""
        if self.life.is_ended:
            raise LedgerClosed

    def end(self) -> None:
        """Refuse everything from now on, and close a store that is only ours."""
        if self.owns_store:
            self.store.close()
        self.life.is_ended = True

    def stamp(self, actor: str | None = None) -> Stamp:
        """Return the stamp of a decision made now.

        Raises:
            InvalidOption: nobody is named as acting.
            InvalidDate: the clock gave an instant without a time zone.
        """
        who = self.actor if actor is None else actor
        if who is None:
            raise InvalidOption(field="actor", expected="who acts; nobody is named")
        return Stamp(who, self.instant(), self.salts)

    def instant(self) -> int:
        """Return what the clock says, in microseconds since 1970 UTC.

        Raises:
            InvalidDate: the clock gave an instant without a time zone.
        """
        return instant_to_microseconds(self.clock.now(), "clock")

    def retried(self, work: Callable[[], T]) -> T:
        """Do *work*, a whole transaction, again where others were quicker.

        Inside a larger transaction only who began that one could try again.

        Raises:
            Contention: they were quicker every time.
        """
        if self.store.in_transaction:
            return work()
        for attempt in range(ATTEMPTS):
            try:
                return work()
            except Contention:
                time.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311
        return work()

    def append(self, command: Command, stamp: Stamp | None = None) -> Appended:
        """Carry out *command* without building records: this is the bulk path."""
        with self._keeping() as withheld:
            return self.retried(lambda: self._append(command, stamp, withheld))

    @contextmanager
    def _keeping(self, *, dry_run: bool = False) -> Iterator[list[NewRecord]]:
        """Put into the log what a refusal inside does not say.

        In a transaction of its own, unless there is a larger one: that of the command
        is rolled back.
        """
        withheld: list[NewRecord] = []
        try:
            yield withheld
        except Refused:
            if withheld and not dry_run:
                self.retried(lambda: self._append_records(withheld))
            raise
        if withheld:
            self.retried(lambda: self._append_records(withheld))

    def _append_records(self, records: Sequence[NewRecord]) -> None:
        with self.transaction(write=True) as transaction:
            transaction.enter(None)
            transaction.append(records)

    def _append(
        self, command: Command, stamp: Stamp | None, withheld: list[NewRecord]
    ) -> Appended:
        with self.transaction(write=True) as transaction:
            stamp = stamp or self.stamp()
            match command:
                case PostEntries([_, _, *_]) if self.controls:
                    return self._append_one_by_one(command, stamp)
                case StoreDocuments(documents) if self.controls:
                    for document in documents:
                        self.append(StoreDocument(document), stamp)
                    return Appended()
            outcome = self._decide(command, transaction, stamp, withheld)
            if not outcome.records:
                return Appended(refusals=outcome.refusals)
            places = transaction.append(outcome.records)
        entries = [
            index for index, new in enumerate(outcome.records) if new.entry is not None
        ]
        if not entries:
            return Appended(refusals=outcome.refusals)
        return Appended(
            len(entries),
            (places, entries[0]),
            (places, entries[-1]),
            outcome.refusals,
        )

    def _append_one_by_one(self, command: PostEntries, stamp: Stamp) -> Appended:
        """Post entries so that controls see the book with those before them."""
        made: list[Appended] = []
        refusals: list[Refusal] = []
        for index, entry in enumerate(command.entries):
            one = attrs.evolve(
                command, entries=(entry,), offset=(command.offset or 0) + index
            )
            appended = self.append(one, stamp)
            refusals += appended.refusals
            if appended.posted:
                made.append(appended)
        if not made:
            return Appended(refusals=refusals)
        return Appended(len(made), made[0].first, made[-1].last, refusals)

    def append_columns(self, columns: Columns, offset: int) -> Appended:
        """Post entries in columns; return as `append` does."""
        return self.retried(lambda: self._append_columns(columns, offset))

    def _append_columns(self, columns: Columns, offset: int) -> Appended:
        with self.transaction(write=True) as transaction:
            stamp = self.stamp()
            state = transaction.state
            transaction.enter(None)
            while missing := columns_needs(columns, state):
                transaction.load(missing)
            load_manifest(transaction)
            self._check_manifest(None, state)
            decided = None if self.controls else decide_columns(state, columns, stamp)
            if decided is None:
                entries = tuple(columns.entries())
                return self.append(PostEntries(entries, offset), stamp)
            places = transaction.append_columns(decided)
        return Appended(len(columns), (places, 0), (places, -1))

    def _decide(
        self,
        command: Command,
        transaction: Transaction,
        stamp: Stamp,
        withheld: list[NewRecord],
    ) -> Outcome:
        state = transaction.state
        state.now, state.actor = stamp.at, stamp.actor
        transaction.enter(command)
        while missing := needs(command, state):
            transaction.load(missing)
        load_manifest(transaction)
        self._check_manifest(command, state)
        withheld.clear()
        examine = self._examiner(command, transaction, stamp, withheld)
        return decide(state, command, stamp, examine)

    def _check_manifest(self, command: Command | None, state: State) -> None:
        """Refuse to write without a control that the book needs by now.

        Another ledger may have added one since this one was opened, or another
        version; bringing another version is itself a command.
        """
        required = state.of_kind("control")
        if not required or isinstance(command, RequireControls):
            return
        given = {control.id: control.version for control in self.controls}
        missing = sorted(
            id_ if id_ not in given else f"{id_}@{fact.content['version']}"
            for id_, fact in required.items()
            if given.get(id_) != fact.content["version"]
        )
        if missing:
            raise ControlMissing(
                field="controls",
                expected=", ".join(missing),
                found=", ".join(sorted(rule.name for rule in self.rules)) or "none",
            )

    def execute_and_read(
        self, command: Command, read: Callable[[], T], *, actor: str | None = None
    ) -> T:
        """Carry out *command* and return what *read* finds, in one transaction.

        A question after the commit could fail, and look as if the command had failed.
        """
        if actor is not None:
            check_actor(actor)

        def work() -> T:
            with self.transaction(write=True):
                self._execute(command, actor, withheld, dry_run=False)
                return read()

        with self._keeping() as withheld:
            return self.retried(work)

    def execute(
        self, command: Command, *, actor: str | None = None, dry_run: bool = False
    ) -> list[Record | None]:
        """Carry out *command*; return a record for each thing that it asked for.

        None stands for what the book holds already, other than entries.

        Raises:
            Refused: the book does not take it, and may have recorded that.
        """
        if actor is not None:
            check_actor(actor)
        with self._keeping(dry_run=dry_run) as withheld:
            outcome, places = self.retried(
                lambda: self._execute(command, actor, withheld, dry_run=dry_run)
            )
            for refusal in outcome.refusals:
                raise refusal.error
        placed: dict[int, Record] = {
            id(new): placed_record(new, *place)
            for new, place in zip(outcome.records, places, strict=True)
        }
        results = [
            result if isinstance(result, Record) else placed.get(id(result))
            for result in outcome.results
        ]
        if dry_run or self.store.in_transaction:
            return results
        return [record and self._with_place(record) for record in results]

    def _with_place(self, record: Record) -> Record:
        """Return an entry that another thread is about to place, with its place."""
        if record.is_provisional and record.type == "entry":
            with suppress(StoreError), self.transaction(write=False) as transaction:
                return transaction.entry(record.id) or record
        return record

    def _execute(
        self,
        command: Command,
        actor: str | None,
        withheld: list[NewRecord],
        *,
        dry_run: bool,
    ) -> tuple[Outcome, Sequence[Place]]:
        with self.transaction(write=not dry_run) as transaction:
            stamp = self.stamp(actor)
            outcome = self._decide(command, transaction, stamp, withheld)
            if not dry_run:
                places = transaction.append(outcome.records) if outcome.records else []
                return outcome, places
            transaction.state.forget_facts()
            first = transaction.size() + 1
            return outcome, [
                (first + index, None) for index in range(len(outcome.records))
            ]

    def execute_one(
        self, command: Command, *, actor: str | None = None, dry_run: bool = False
    ) -> Record:
        """Carry out a command that asks for one entry; return its record."""
        [record] = self.execute(command, actor=actor, dry_run=dry_run)
        return cast("Record", record)

    def _examiner(
        self,
        command: Command,
        transaction: Transaction,
        stamp: Stamp,
        withheld: list[NewRecord],
    ) -> "Examiner | None":
        """Return what asks the controls, or None where there are none.

        About the manifest those decide that it names already.
        """
        rules = self.rules
        if isinstance(command, RequireControls):
            known = transaction.state.of_kind("control")
            rules = tuple(rule for rule in rules if rule.control.id in known)
        return Examiner(rules, transaction, stamp, withheld) if rules else None


def load_manifest(transaction: Transaction) -> None:
    """Read which controls the book needs."""
    state = transaction.state
    if ("control", "") not in state.prefixes:
        transaction.load(state.missing(prefixes=[("control", "")]))


@attrs.frozen
class Examiner:
    """Asks the controls within the transaction that decides.

    A refusal that says less than was found adds to *withheld* what the log is to keep.
    """

    _rules: Sequence[Rule]
    _transaction: Transaction
    _stamp: Stamp
    _withheld: list[NewRecord]

    def wants(self, action: str) -> bool:
        """Whether any control examines an action."""
        return any(action in rule.actions for rule in self._rules)

    def __call__(self, proposal: Proposal, step: str) -> Verdict:
        """Return what was found, or raise what it amounts to."""
        asked = [rule for rule in self._rules if proposal.action in rule.actions]
        books = BookReader(self._transaction, self._stamp.at)
        findings = run_controls([rule.control for rule in asked], proposal, books)
        names = tuple(sorted(rule.name for rule in asked))
        verdict = Verdict(names, tuple(findings), tuple(books.reads))
        try:
            enforce(verdict, proposal, submits=step == "submit")
        except Refused:
            if verdict.says_more:
                self._withheld.append(
                    decision_record(self._stamp, proposal, "denied", verdict)
                )
            raise
        return verdict


class _Captured(Refused):
    """Carries a command out of the verb that gave it."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command


class _Capturing(Session):
    """A session that carries nothing out, but says what it was asked to do."""

    def transaction(self, *, write: bool) -> AbstractContextManager[Transaction]:  # noqa: ARG002
        """Begin a transaction that only reads."""
        self.check_open()
        return self.store.transaction(self.book, write=False)

    def execute(
        self,
        command: Command,
        *,
        actor: str | None = None,  # noqa: ARG002
        dry_run: bool = False,  # noqa: ARG002
    ) -> list[Record | None]:
        """Hand *command* out."""
        raise _Captured(command)

    def execute_and_read(
        self,
        command: Command,
        read: Callable[[], T],  # noqa: ARG002
        *,
        actor: str | None = None,  # noqa: ARG002
    ) -> T:
        """Hand *command* out."""
        raise _Captured(command)

    def append(self, command: Command, stamp: Stamp | None = None) -> Appended:  # noqa: ARG002
        """Hand *command* out."""
        raise _Captured(command)

    def append_columns(self, columns: Columns, offset: int) -> Appended:
        """Hand out the entries in the columns."""
        raise _Captured(PostEntries(tuple(columns.entries()), offset))


def captured(session: Session, work: Callable[[Session], object]) -> Command:
    """Return the first command that *work* gives to the session that it gets.

    Raises:
        InvalidOption: it gives none.
        Exception: what *work* raises before that.
    """
    try:
        work(
            _Capturing(
                session.store,
                session.book,
                session.actor,
                clock=session.clock,
                ids=session.ids,
                salts=session.salts,
                owns_store=False,
                life=session.life,
            )
        )
    except _Captured as found:
        return found.command
    raise InvalidOption(field="what", expected="a function that gives one command")


def atomically(sessions: Sequence[Session], work: Callable[[], T]) -> T:
    """Do *work* in one transaction of several books, whose locks come in order."""
    ordered = sorted(sessions, key=lambda session: session.book)

    def attempt() -> T:
        with ExitStack() as stack:
            for session in ordered:
                stack.enter_context(session.transaction(write=True))
            return work()

    is_outermost = not sessions[0].store.in_transaction
    result = sessions[0].retried(attempt)
    if is_outermost:
        for session in ordered[1:]:  # the outermost has told its own listeners
            session.deliver_quietly()
    return result


@attrs.frozen
class BookReader:
    """What controls may look at: the book within the transaction that decides.

    ``reads`` has what was looked at, in order.
    """

    _transaction: Transaction
    _now: int
    reads: dict[str, None] = attrs.field(factory=dict)

    @property
    def at(self) -> datetime:
        """The instant of the decision."""
        return instant_from_microseconds(self._now)

    def balance(self, account: str) -> Balance:
        """Return the balance of an account, positive on its normal side.

        It stays what it is until the posting that is examined is committed.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        fact = self._hold_account(account)
        totals = self._transaction.totals(TotalsQuery(frozenset({account})))
        balance = Balance.from_minor(
            {unit: debit - credit for (_, unit), (debit, credit) in totals.items()}
        )
        is_debit = account_from_fact(fact).normal_side is Side.DEBIT
        balance = balance if is_debit else -balance
        self.reads[f"balance {account}: {balance}"] = None
        return balance

    def _hold_account(self, account: str) -> Fact:
        """Keep others from posting on an account until the end."""
        state = self._transaction.state
        missing = state.missing(facts=[("account", account)], cells=[account])
        if missing:
            self._transaction.load(missing)
        fact = state.fact("account", account)
        if fact is None:
            raise UnknownAccount(field="account", found=account)
        return fact

    def document(self, kind: str, id: str) -> Document:
        """Return the latest version of a document; it stays the latest until then.

        Raises:
            UnknownRecord: there is none.
        """
        key = ("document", document_key(kind, id))
        self._transaction.hold([key])
        fact = self._transaction.state.fact(*key)
        if fact is None:
            self.reads[f"document {key[1]}: none"] = None
            raise UnknownRecord(
                field="id", expected=f"a document of kind {kind}", found=id
            )
        self.reads[f"document {key[1]}: version {fact.content['version']}"] = None
        return document_from_fact(fact)

    def entry(self, id: str) -> Record:
        """Return the record of an entry.

        Raises:
            UnknownRecord: there is no such entry.
        """
        self.reads[f"entry {id}"] = None
        record = self._transaction.entry(id)
        if record is None:
            raise UnknownRecord(field="id", expected="the id of an entry", found=id)
        return record

    def entries(self, account: str, first: date, last: date) -> list[Record]:
        """Return the entries of an account in a span of booking dates, in order.

        No others come until the posting that is examined is committed.

        Raises:
            UnknownAccount: the book does not have the account.
            BoundExceeded: there are too many of them to look at in time.
        """
        self._hold_account(account)
        self.reads[f"entries {account}: {first} to {last}"] = None
        found = self._transaction.entries(
            EntryQuery(frozenset({account}), first, last, limit=ENTRIES_MAX + 1)
        )
        if len(found) > ENTRIES_MAX:
            raise BoundExceeded(
                field="entries",
                expected=f"at most {ENTRIES_MAX} in the span",
                found=len(found),
            )
        return found

    def proposal(self, id: str) -> Proposal:
        """Return a proposal as it stands at the instant of the decision.

        Raises:
            UnknownProposal: there is none of this id.
        """
        self.reads[f"proposal {id}"] = None
        state = self._transaction.state
        missing = state.missing(
            facts=[(kind, id) for kind in ("proposal", "release", "submission")],
            prefixes=[("vote", f"{id}/")],
        )
        if missing:
            self._transaction.load(missing)
        return read_proposal(state, id)


def placed_record(new: NewRecord, position: int, number: int | None) -> Record:
    """Return the record that *new* has become at its place in the log."""
    is_entry = new.entry is not None
    content = EMPTY_MAPPING if is_entry else stored_json(new.parsed())
    return Record(
        position,
        new.type,
        new.id,
        instant_from_microseconds(new.at),
        new.actor,
        new.leaf,
        content,
        new.entry,
        number,
        new.phase,
        new.reverses,
        None,
        new.proposal,
        new.controls,
    )
