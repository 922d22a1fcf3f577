"""The one write path: begin, read what is needed, decide, append, commit."""

import json
import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from backoffice_ledger._engine.approvals import proposal_from_facts
from backoffice_ledger._engine.columns import (
    Columns,
    columns_needs,
    decide_columns,
)
from backoffice_ledger._engine.commands import Command, PostEntries, Propose
from backoffice_ledger._engine.controls import (
    Examine,
    Prepared,
    control_name,
    direct_proposal,
    enforce,
    run_controls,
)
from backoffice_ledger._engine.decide import decide, needs
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import NewRecord, Outcome
from backoffice_ledger._engine.store import Store, TotalsQuery, Transaction
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.document import freeze_json
from backoffice_ledger._model.proposal import Deny, check_actor
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger.errors import InvalidOption, LedgerError
from backoffice_ledger.protocols import Clock, Control, IdSource, SaltSource


class SystemClock:
    """The clock of the machine, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)


def random_id() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


Appended = tuple[int, tuple[int, int] | None]
"""How many entries were written, with their first and last position."""


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

    def stamp(self, actor: str | None = None) -> Stamp:
        """Return the stamp of a decision made now.

        Raises:
            InvalidOption: nobody is named as acting.
            InvalidDate: the clock gave an instant without a time zone.
        """
        who = self.actor if actor is None else check_actor(actor)
        if who is None:
            raise InvalidOption(field="actor", expected="who acts; nobody is named")
        return Stamp(
            who, instant_to_microseconds(self.clock.now(), "clock"), self.salts
        )

    def append(self, command: Command) -> Appended:
        """Carry out *command* without building records: this is the bulk path."""
        stamp = self.stamp()
        with self.store.transaction(self.book, write=True) as transaction:
            outcome = self._decide(command, transaction, stamp)
            if not outcome.records:
                return 0, None
            places = transaction.append(outcome.records)
        made = [
            position
            for new, (position, _) in zip(outcome.records, places, strict=True)
            if new.entry is not None
        ]
        return len(made), (made[0], made[-1])

    def append_columns(self, columns: Columns, offset: int) -> Appended:
        """Post entries in columns; return as `append` does."""
        stamp = self.stamp()
        with self.store.transaction(self.book, write=True) as transaction:
            state = transaction.state
            while missing := columns_needs(columns, state):
                transaction.load(missing)
            decided = None if self.controls else decide_columns(state, columns, stamp)
            if decided is not None:
                return len(columns), transaction.append_columns(decided)
            return self.append(PostEntries(tuple(columns.entries()), offset))

    def _decide(
        self, command: Command, transaction: Transaction, stamp: Stamp
    ) -> Outcome:
        state = transaction.state
        while missing := needs(command, state):
            transaction.load(missing)
        return decide(
            state, command, stamp, self._examiner(command, transaction, stamp)
        )

    def execute(
        self, command: Command, *, actor: str | None = None, dry_run: bool = False
    ) -> list[Record | None]:
        """Carry out *command*; return a record for each thing that it asked for.

        None stands for what the book holds already, other than entries.
        """
        stamp = self.stamp(actor)
        with self.store.transaction(self.book, write=not dry_run) as transaction:
            outcome = self._decide(command, transaction, stamp)
            if dry_run:
                first = transaction.size() + 1
                places: list[tuple[int, int | None]] = [
                    (first + index, None) for index in range(len(outcome.records))
                ]
                transaction.state.forget_facts()
            else:
                places = transaction.append(outcome.records) if outcome.records else []
        placed: dict[int, Record] = {
            id(new): placed_record(new, *place)
            for new, place in zip(outcome.records, places, strict=True)
        }
        return [
            result if isinstance(result, Record) else placed.get(id(result))
            for result in outcome.results
        ]

    def execute_one(
        self, command: Command, *, actor: str | None = None, dry_run: bool = False
    ) -> Record:
        """Carry out a command that asks for one entry; return its record."""
        for record in self.execute(command, actor=actor, dry_run=dry_run):
            if record is not None:
                return record
        raise LedgerError("the decision holds no entry")

    def _examiner(
        self, command: Command, transaction: Transaction, stamp: Stamp
    ) -> Examine | None:
        """Return what asks the controls, or None where there are none."""
        if not self.controls:
            return None
        names = tuple(sorted(control_name(control) for control in self.controls))
        at = instant_from_microseconds(stamp.at)

        def examine(prepared: Prepared) -> tuple[str, ...]:
            proposal = direct_proposal(prepared, stamp.actor, at)
            if prepared.proposal is not None:
                fact = transaction.state.known("proposal", prepared.proposal)
                votes = transaction.state.of_kind("vote", f"{prepared.proposal}/")
                proposal = attrs.evolve(
                    proposal_from_facts(prepared.proposal, fact, votes, None),
                    released_by=stamp.actor,
                )
            findings = run_controls(self.controls, proposal, BookReader(transaction))
            if isinstance(command, Propose):
                findings = [found for found in findings if isinstance(found[1], Deny)]
            enforce(findings, proposal)
            return names

        return examine


@attrs.frozen
class BookReader:
    """What controls may look at: the book within the transaction that decides."""

    _transaction: Transaction

    def balance(self, account: str) -> Balance:
        """Return debits less credits of an account."""
        totals = self._transaction.totals(TotalsQuery(frozenset({account})))
        return Balance.from_minor(
            {unit: debit - credit for (_, unit), (debit, credit) in totals.items()}
        )


def placed_record(new: NewRecord, position: int, number: int | None) -> Record:
    """Return the record that *new* has become at its place in the log."""
    is_entry = new.entry is not None
    content = EMPTY_MAPPING if is_entry else freeze_json(json.loads(new.content))
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
