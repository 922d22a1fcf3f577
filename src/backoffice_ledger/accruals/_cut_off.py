"""Cut-offs: one entry per period end for all schedules of this style, and back."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._methods import period_end
from backoffice_ledger.accruals._rule import cut_off_legs, kind_of, postings
from backoffice_ledger.accruals._schedule import Plan
from backoffice_ledger.accruals._span import ONE_DAY
from backoffice_ledger.errors import InvalidDocument

CUT_OFF: Final = "accrual-cut-off"
"""Kind of the documents that say which schedules a cut-off covers."""
_BYTES_MAX: Final = 48_000
"""Ids that one document lists; the limit of a document leaves room for the rest."""
_RULE: Final = "accruals.cut-off@1"

Sums = dict[tuple[str, str, bl.Commodity], int]
"""Minor units by account, side and commodity."""


@final
@attrs.frozen(order=False)
class CutOff:
    """What a period end moves from the result to the balance sheet.

    Attributes:
        journal: the named series that numbers the entry.
        reversal: how it is taken back.
        period: its name, by the calendar of the schedules.
        number: of the period's cut-offs: schedules that come late make another one.
        date: the last day of the period.
        schedules: ids of the schedules that it covers.
        sums: what it moves.
    """

    journal: str
    reversal: str
    period: str
    number: int
    date: date
    schedules: tuple[str, ...]
    sums: Mapping[tuple[str, str, bl.Commodity], int]

    @property
    def id(self) -> str:
        """Id of the document."""
        return f"{self.journal}/{self.reversal}/{self.period}/{self.number}"

    @property
    def entry_id(self) -> str:
        """Id of the entry."""
        return f"{CUT_OFF}/{self.id}"

    def to_document(self) -> bl.Document:
        """Return the document that keeps it."""
        content = {
            "date": self.date.isoformat(),
            "journal": self.journal,
            "number": self.number,
            "period": self.period,
            "reversal": self.reversal,
            "schedules": list(self.schedules),
            "sums": [
                [account, side, str(units), unit.code, unit.scale]
                for (account, side, unit), units in self.sums.items()
            ],
        }
        return bl.Document(CUT_OFF, self.id, content)

    @classmethod
    def from_document(cls, document: bl.Document) -> "CutOff":
        """Return the cut-off that a document keeps.

        Raises:
            InvalidDocument: it was changed, and a cut-off never is.
        """
        if document.version != 1:
            raise InvalidDocument(
                field="document",
                expected="version 1 of a cut-off",
                found=f"version {document.version} of {document.id}",
            )
        content: Mapping[str, Any] = document.content
        return cls(
            content["journal"],
            content["reversal"],
            content["period"],
            content["number"],
            date.fromisoformat(content["date"]),
            content["schedules"],
            {
                (account, side, bl.Commodity(code, scale)): int(units)
                for account, side, units, code, scale in content["sums"]
            },
        )

    def entry(self) -> bl.Entry:
        """Return the entry that books it."""
        return bl.Entry(
            self.entry_id,
            self.date,
            [
                bl.Posting(account, bl.Side(side), bl.Amount.from_minor(units, unit))
                for (account, side, unit), units in self.sums.items()
            ],
            kind=bl.EntryKind.ADJUSTING,
            journal=self.journal,
            references=[f"{CUT_OFF}/{self.id}"],
            rule=_RULE,
        )


def period_ends(plan: Plan, through: date) -> Iterator[date]:
    """Yield the period ends at which a schedule may have a position, in order.

    Those that were closed when the schedule came are left out: what was late then is
    booked later.
    """
    calendar = plan.terms.periods
    day = period_end(calendar, plan.terms.booked or plan.terms.span.first)
    last = max((line.date for line in plan.lines), default=day)
    while day <= through and (day <= last or any(plan.position(day))):
        if not any(line.last <= day < line.date for line in plan.lines):
            yield day
        day = period_end(calendar, day + ONE_DAY)


def schedule_postings(
    plan: Plan, chart: bl.ChartOfAccounts, day: date
) -> list[bl.Posting]:
    """Return what moves the position of a schedule at a period end, balanced."""
    terms = plan.terms
    position = plan.position(day)
    if not any(position):
        return []
    found = postings(terms, kind_of(terms, chart), cut_off_legs(terms, position))
    draft = bl.EntryDraft(day, found, id="-", balance_to=terms.exchange_account)
    return list(draft.to_entry().postings)


def collect(
    journal: str,
    reversal: str,
    period: str,
    first_number: int,
    day: date,
    items: Iterable[tuple[str, list[bl.Posting]]],
) -> Iterator[CutOff]:
    """Yield the cut-offs that cover the *items*: one id or more, with postings."""
    number, size = first_number, 0
    ids: list[str] = []
    sums: Sums = {}
    for id_, found in items:
        if ids and size + len(id_.encode()) + 3 > _BYTES_MAX:
            yield CutOff(journal, reversal, period, number, day, tuple(ids), sums)
            number, size, ids, sums = number + 1, 0, [], {}
        size += len(id_.encode()) + 3
        ids.append(id_)
        for posting in found:
            amount = posting.amount
            key = posting.account, posting.side.value, amount.commodity
            sums[key] = sums.get(key, 0) + amount.minor_units
    yield CutOff(journal, reversal, period, number, day, tuple(ids), sums)
