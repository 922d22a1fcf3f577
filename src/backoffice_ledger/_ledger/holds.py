"""Holds and what is available: ``ledger.holds``, and conditions on postings."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

import attrs

from backoffice_ledger._engine.commands import (
    NO_CONDITIONS,
    Capture,
    Conditions,
    Expire,
    Reserve,
    Void,
)
from backoffice_ledger._engine.hold_records import hold_from_history
from backoffice_ledger._engine.limits import (
    is_debit_account,
    spendable,
    version_of,
)
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice, check_count
from backoffice_ledger._model.balance import AccountBalances, Balance
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.entry import DEFAULT_JOURNAL, check_postings
from backoffice_ledger._model.hold import Hold, HoldStatus, Remainder
from backoffice_ledger._model.limit import Limit, limits_by_code
from backoffice_ledger._model.posting import Posting, as_amount
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import check_identifier, check_path, check_text
from backoffice_ledger.errors import InvalidOption, UnknownHold

T = TypeVar("T")

SWEEP_BATCH: Final = 500
"""Holds whose expiry is recorded in one transaction."""


def make_conditions(
    conditions: Mapping[str, Limit | Iterable[Limit]] | None,
    versions: Mapping[str, int] | None,
) -> Conditions:
    """Return the checked conditions of a posting.

    Raises:
        InvalidOption: something else than mappings of limits and versions.
        InvalidIdentifier: a key that is no path.
    """
    if conditions is None and versions is None:
        return NO_CONDITIONS
    return Conditions(
        {
            check_path(path, "conditions"): limits_by_code(
                [given] if type(given) is Limit else given, "conditions"
            )
            for path, given in _check_mapping(conditions, "conditions").items()
        },
        {
            check_path(path, "versions"): check_count(version, "versions")
            for path, version in _check_mapping(versions, "versions").items()
        },
    )


def _check_mapping(value: Mapping[str, T] | None, field: str) -> Mapping[str, T]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidOption(
            field=field,
            expected="a mapping by account path",
            found=type(value).__name__,
        )
    return value


def read_balances(session: Session, path: str) -> AccountBalances:
    """Return what an account holds now; see `Accounts.balances`."""
    at = session.instant()
    with session.transaction(write=False) as transaction:
        state = transaction.state
        missing = state.missing(facts=[("account", path)])
        if missing:
            transaction.load(missing)
        is_debit = is_debit_account(state, path)
        cells = transaction.current(path, at)
    sign = 1 if is_debit else -1
    return AccountBalances(
        Balance.from_minor({u: sign * (c.debit - c.credit) for u, c in cells.items()}),
        Balance.from_minor(
            {
                unit: sign
                * (cell.debit + cell.pending_debit - cell.credit - cell.pending_credit)
                for unit, cell in cells.items()
            }
        ),
        Balance.from_minor(
            {unit: spendable(cell, is_debit=is_debit) for unit, cell in cells.items()}
        ),
        version_of({unit.code: cell for unit, cell in cells.items()}),
    )


@attrs.frozen
class Holds:
    """Reservations of money: authorisations, blocked funds, orders.

    A hold counts as pending from its reservation until it is captured, voided or
    expired; each of these happens once.  Limits are checked when it is reserved, so a
    capture of what is reserved cannot fail for lack of money.
    """

    _session: Session

    def reserve(self, hold: Hold) -> Hold:
        """Reserve what *hold* names; reserving the same again returns the first one.

        Raises:
            LimitBreached: an account would move beyond its limit.
            IdempotencyConflict: the id is taken by another hold.
            Refused: an account is unknown, closed, or does not take the commodity.
            InvalidOption: it would expire before it begins.
        """
        if type(hold) is not Hold:
            raise InvalidOption(
                field="hold", expected="a Hold", found=type(hold).__name__
            )
        return self._session.execute_and_read(Reserve(hold), lambda: self.get(hold.id))

    def capture(
        self,
        id: str,
        *,
        date: date,
        amount: Amount | str | None = None,
        postings: Iterable[Posting] | None = None,
        remainder: Remainder | None = None,
        entry_id: str | None = None,
        description: str | None = None,
        journal: str = DEFAULT_JOURNAL,
    ) -> Record:
        """Post what a hold reserves, or a part of it; return the entry's record.

        More than is reserved is never captured: post the rest as an entry of its own.

        Args:
            id: of the hold.
            date: booking date of the entry.
            amount: of a hold with two postings, how much of it; None is all.
            postings: of any hold, which postings; None is all that remain.
            remainder: what a partial capture does with the rest: ``release`` it, or
                ``keep`` it for further captures.
            entry_id: id of the entry; ``capture:<id>`` if not given.  Repeating the
                capture with the same id returns the first record.
            description: of the entry; the hold's if None.
            journal: of the entry.

        Raises:
            UnknownHold: there is no such hold.
            HoldNotOpen: it is captured, voided or expired.
            HoldExceeded: more than it reserves.
            InvalidOption: a partial capture without *remainder*.
            Refused: the book does not take the entry on that date.
        """
        if amount is not None and postings is not None:
            raise InvalidOption(field="amount", expected="an amount or postings")
        check_identifier(id, "id")
        command = Capture(
            id,
            check_identifier(
                f"capture:{id}" if entry_id is None else entry_id, "entry_id"
            ),
            check_date(date, "date"),
            None if amount is None else as_amount(amount),
            None if postings is None else check_postings(postings),
            None
            if remainder is None
            else check_choice(remainder, Remainder, "remainder"),
            None if description is None else check_text(description, "description"),
            check_identifier(journal, "journal"),
        )
        return self._session.execute_one(command)

    def void(self, id: str) -> Hold:
        """Release what a hold reserves; voiding it again changes nothing.

        Raises:
            UnknownHold: there is no such hold.
            HoldNotOpen: it is captured or expired.
        """
        command = Void(check_identifier(id, "id"))
        return self._session.execute_and_read(command, lambda: self.get(id))

    def get(self, id: str) -> Hold:
        """Return a hold as it stands now.

        Raises:
            UnknownHold: there is none.
        """
        check_identifier(id, "id")
        at = self._session.instant()
        with self._session.transaction(write=False) as transaction:
            history = transaction.history("hold", id)
        if not history:
            raise UnknownHold(field="id", found=id)
        return hold_from_history(history, at)

    def all(self, status: HoldStatus | None = None) -> tuple[Hold, ...]:
        """Return the holds, or those of one status, by id."""
        if status is not None:
            check_choice(status, HoldStatus, "status")
        at = self._session.instant()
        with self._session.transaction(write=False) as transaction:
            holds = [
                hold_from_history(transaction.history("hold", id_), at)
                for id_, fact in transaction.facts("hold").items()
                if status is None or fact.content["status"] in (status, "open")
            ]
        return tuple(hold for hold in holds if status in (None, hold.status))

    def sweep(self) -> int:
        """Record the expiry of holds that have expired; return how many.

        This is housekeeping: an expired hold does not count, swept or not.
        """
        swept = 0
        while True:
            at = self._session.instant()
            with self._session.transaction(write=False) as transaction:
                due = tuple(transaction.due_holds(at, SWEEP_BATCH))
            expired = len(self._session.execute(Expire(due))) if due else 0
            if not expired:
                return swept
            swept += expired
