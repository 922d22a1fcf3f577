"""The end of a year: income and expenses are emptied into equity."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.closing._checks import (
    RESULT_TYPES,
    check_declared,
    check_dimensions,
    check_equity,
)
from backoffice_ledger.closing._sums import (
    Sums,
    balances_of,
    total_of,
    totals_at,
    transfers,
)
from backoffice_ledger.errors import UnknownRecord


@final
@attrs.frozen
class YearEnd:
    """The closing of income and expense accounts as of a day.

    Reports close a book virtually: a balance sheet shows the result that is not yet
    closed as a line of its own.  `post` makes the same explicit, by entries of kind
    closing, which sort last on their day and which reports leave out before the phase
    ``post-closing``.  Several commodities are closed each by itself.

    Args:
        ledger: the book.
        last: last day of the year; what is dated later does not count.
        to: the equity account that takes the result, such as ``equity:retained``.
        through: an account that all passes through (income summary, GuV-Konto), or
            None.  It ends at zero.
        dimensions: names whose values the closing keeps apart: each account is emptied
            for each cost centre by itself, and equity has a posting for each.
        journal: takes the entries.

    Raises:
        UnknownAccount, UnknownDimension: the book does not have it.
        InvalidOption: *to* or *through* is no equity account.
        InvalidDate: *last* is no day.
    """

    _ledger: bl.Ledger
    last: date = attrs.field(kw_only=True)
    to: str = attrs.field(kw_only=True)
    through: str | None = attrs.field(default=None, kw_only=True)
    dimensions: tuple[str, ...] = attrs.field(
        default=(), converter=check_dimensions, kw_only=True
    )
    journal: str = attrs.field(default="general", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self._ledger, bl.Ledger, "ledger")
        check_date(self.last, "last")
        chart = self._ledger.accounts.all()
        check_equity(chart, self.to, "to")
        if self.through is not None:
            check_equity(chart, self.through, "through")
        check_declared(self._ledger, self.dimensions)

    def result(self) -> bl.Balance:
        """Return the result that is not closed yet, a profit being positive."""
        return -total_of(self._open())

    def plan(self) -> tuple[bl.Entry, ...]:
        """Return the closing entries that are still to be posted, in order.

        What they carry to equity is `result`.  There are none where all is closed, and
        several where an account in between is wanted or one entry cannot hold all.
        """
        sums = self._open()
        passed = {} if self.through is None else totals_at(self.through, sums)
        steps = [*transfers(sums, self.through or self.to, self.dimensions)]
        steps += transfers(passed, self.to, self.dimensions)
        return tuple(
            bl.Entry(
                id_,
                self.last,
                postings,
                description=f"Result carried to {self.to}",
                kind=bl.EntryKind.CLOSING,
                journal=self.journal,
            )
            for id_, postings in zip(self._free_ids(), steps, strict=False)
        )

    def post(self) -> tuple[bl.Record, ...]:
        """Post what `plan` says, all or nothing; return the records.

        Called again it posts what has come to the year meanwhile, or nothing.

        Raises:
            PeriodNotOpen: the last day is in a period that takes no closing entry.
            Refused: the book does not take an entry for another reason.
        """
        ledger = self._ledger
        return ledger.atomically(lambda: tuple(map(ledger.post, self.plan())))

    def records(self) -> tuple[bl.Record, ...]:
        """Return the closing entries of this year end that stand, in order."""
        return tuple(r for r in self._posted() if r.reversed_by is None)

    def take_back(self, *, reason: str) -> tuple[bl.Record, ...]:
        """Reverse the closing entries that stand, before something is corrected.

        Args:
            reason: erasable free text.

        Raises:
            PeriodNotOpen: the last day is in a period that takes nothing.
        """
        ledger = self._ledger
        return ledger.atomically(
            lambda: tuple(
                ledger.reverse(record.id, date=self.last, reason=reason)
                for record in self.records()
            )
        )

    def _open(self) -> Sums:
        """Return what is on income and expense accounts, debits positive."""
        view = self._ledger.view(as_of=self.last)
        chart = view.accounts()
        accounts = [
            account for type_ in RESULT_TYPES for account in chart.of_type(type_)
        ]
        return balances_of(view, accounts, self.dimensions)

    def _posted(self) -> Iterator[bl.Record]:
        ids = map(self._id, count(1))
        with suppress(UnknownRecord):
            while True:
                yield self._ledger.record(next(ids))

    def _free_ids(self) -> Iterator[str]:
        used = sum(1 for _ in self._posted())
        return map(self._id, count(used + 1))

    def _id(self, number: int) -> str:
        return f"closing:{self.last}:{number}"
