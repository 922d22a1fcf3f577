"""The runner: keeps deferrals in a book and posts what has become due."""

from collections.abc import Iterator
from datetime import date
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._deferral import (
    KIND,
    Deferral,
    entry_id,
    from_document,
    to_document,
)
from backoffice_ledger.accruals._rule import DeferralRule, PartDue
from backoffice_ledger.accruals._span import check_day
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table

_PLAN_COLUMNS = (
    Column("period", "Period"),
    Column("date", "Date", "date"),
    Column("amount", "Amount", "amount"),
    Column("recognised", "Recognised", "amount"),
    Column("remaining", "Remaining", "amount"),
    Column("entry", "Entry", shown="export"),
)


@final
@attrs.frozen
class Accruals:
    """The deferrals of a book.

    Args:
        ledger: the book; entries are posted by its actor and under its controls.
    """

    _ledger: bl.Ledger

    def schedule(self, deferral: Deferral) -> bl.Document:
        """Keep a deferral in the book; keeping the same one again changes nothing.

        Nothing is posted yet, the payment itself least of all: see `run`.

        Raises:
            UnknownAccount: the book does not have an account.
            InvalidOption: neither from asset to expense nor from liability to income.
            DocumentConflict: the id is taken by another deferral.
        """
        if not isinstance(deferral, Deferral):
            raise InvalidOption(
                field="deferral", expected="a Deferral", found=type(deferral).__name__
            )
        DeferralRule(self._ledger.accounts.all()).check(deferral)
        return self._ledger.documents.store(to_document(deferral))

    def get(self, id: str) -> Deferral:
        """Return a deferral of the book.

        Raises:
            UnknownRecord: there is none of this id.
        """
        return from_document(self._ledger.documents.get(KIND, id))

    def all(self) -> tuple[Deferral, ...]:
        """Return all deferrals of the book, by id."""
        return tuple(map(from_document, self._documents()))

    def _documents(self) -> tuple[bl.Document, ...]:
        return self._ledger.documents.all(KIND)

    def plan(self, id: str) -> Table:
        """Return what each period gets, whether posted already or not.

        Raises:
            UnknownRecord: there is no deferral of this id.
        """
        document = self._ledger.documents.get(KIND, id)
        deferral = from_document(document)
        rows = []
        remaining = deferral.total
        for part in deferral.parts():
            remaining -= part.amount
            name = entry_id(id, document.version, part.period)
            recognised = deferral.total - remaining
            rows.append(
                Row([part.period, part.last, part.amount, recognised, remaining, name])
            )
        return Table(
            f"Deferral {id}",
            _PLAN_COLUMNS,
            rows,
            subtitle=f"{deferral.from_account} to {deferral.to_account}, "
            f"{deferral.span}, {deferral.method}",
        )

    def due(self, *, through: date) -> Iterator[bl.Entry]:
        """Yield the entries of all parts due on or before a day, posted or not.

        They are what `run` posts; where controls want approvals, propose them.

        Raises:
            InvalidDate: *through* is no date.
            InvalidDocument: a schedule that this release cannot run.
        """
        check_day(through, "through")
        rule = DeferralRule(self._ledger.accounts.all())
        for document in self._documents():
            deferral = from_document(document)
            for part in deferral.parts():
                if part.amount and part.last <= through:
                    event = PartDue(deferral, part, document.version)
                    for draft in rule.entries(event):
                        yield draft.to_entry()

    def run(self, *, through: date) -> bl.PostSummary:
        """Post every part that is due on or before a day, all of them or none.

        A part is dated the last day of its period, the last one the last day of the
        span.  Running again posts nothing twice; a run that was left out is made up
        for by the next.

        Raises:
            PeriodNotOpen: a part not posted yet belongs to a period that is closed.
            ApprovalRequired: a control wants approvals; propose what `due` yields.
            Refused: the book does not take an entry for another reason.
            InvalidDate: *through* is no date.
        """
        return self._ledger.post_many(self.due(through=through), atomic=True)
