"""Open items by how long they are overdue, as of any day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final, Literal

import attrs

from backoffice_ledger._model.account import ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice, check_count
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports._cells import Column, Row
from backoffice_ledger.reports.table import Table

AgingBasis = Literal["due", "document"]
"""Count from the due date, or from the date of the document."""

DAYS: Final = (30, 60, 90)

_ItemKey = tuple[str | None, Commodity]


@attrs.define
class _Item:
    """An open item: what is left of it, and when it begins to count."""

    residual: int = 0
    begins: date | None = None
    party: str | None = None
    is_new: bool = True


def aging(
    chart: ChartOfAccounts,
    path: str,
    entries: Iterable[Entry],
    *,
    on: date,
    item: str,
    party: str | None = None,
    basis: AgingBasis = "due",
    due_dates: Mapping[str, date] | None = None,
    days: Sequence[int] = DAYS,
    title: str | None = None,
    subtitle: str = "",
) -> Table:
    """Return what is open on a control account, by how long it has been due.

    Postings with the same value of the dimension *item* (an invoice's number) are one
    item; what is left of it is their sum, on the account's normal side.  Only what is
    dated up to the day *on* counts, so that later payments change no earlier aging.
    Postings without that dimension are together one item that has no date (payments
    on account, for instance).  The sum of all items is therefore always the balance of
    the account on that day.

    An item is due on the value date of the posting that opened it, unless *due_dates*
    has another day for it.  On the due date itself it is not overdue.

    Totals by name: ``open``, ``not_due``, ``to_30`` and so on, ``over_90``,
    ``no_date``.

    Args:
        chart: the accounts.
        path: the control account; accounts below it belong to it.
        entries: in the order of the book, up to the day *on*.
        on: the day of the report.
        item: name of the dimension that tells items apart.
        party: name of a dimension to show beside the item (the customer).
        basis: count from the due date, or from the document's date (or else the
            booking date).
        due_dates: due dates by item, where the book does not have them.
        days: the last day of each bracket, rising.
        title: of the table.
        subtitle: entity and date, for instance.

    Raises:
        UnknownAccount: the chart does not hold *path*.
        InvalidOption: brackets that do not rise, an unknown *basis*.
    """
    check_choice(basis, AgingBasis, "basis")
    check_identifier(item, "item")
    if party is not None:
        check_identifier(party, "party")
    due = _check_due_dates({} if due_dates is None else due_dates)
    limits = _check_days(days)
    account = chart[path]
    sign = 1 if account.normal_side is Side.DEBIT else -1
    paths = {each.path for each in chart.below(path)}
    items: dict[_ItemKey, _Item] = {}
    for entry in entries:
        for posting in entry.postings:
            if posting.account in paths:
                key = (posting.dimensions.get(item), posting.amount.commodity)
                found = items.setdefault(key, _Item())
                moved = sign * posting.signed.minor_units
                if found.is_new or (found.residual == 0 and moved > 0):
                    _begin(found, entry, posting, key[0], basis, due, party)
                found.residual += moved
    names = ["not_due", *(f"to_{last}" for last in limits), f"over_{limits[-1]}"]
    names.append("no_date")
    rows: list[Row] = []
    sums: dict[str, dict[Commodity, int]] = {name: {} for name in ("open", *names)}
    for (value, unit), open_ in sorted(items.items(), key=_order):
        if not open_.residual:
            continue
        bracket = _bracket(open_.begins, on, limits, names)
        for name in ("open", bracket):
            sums[name][unit] = sums[name].get(unit, 0) + open_.residual
        left = Amount.from_minor(open_.residual, unit)
        cells = [left if name == bracket else left * 0 for name in names]
        overdue = None if open_.begins is None else (on - open_.begins).days
        rows.append(
            Row([value, open_.party, open_.begins, overdue, unit.code, left, *cells])
        )
    for unit in sorted(sums["open"], key=lambda unit: unit.code):
        amounts = [Amount.from_minor(s.get(unit, 0), unit) for s in sums.values()]
        cells_total = [None, None, None, None, unit.code, *amounts]
        rows.append(Row(cells_total, role="total", caption="Total"))
    return Table(
        f"Aging: {account.label or path}" if title is None else title,
        _columns(item, party, limits, basis),
        rows,
        subtitle=subtitle,
        totals={name: Balance.from_minor(values) for name, values in sums.items()},
    )


def _check_due_dates(due_dates: object) -> Mapping[str, date]:
    if not isinstance(due_dates, Mapping):
        raise InvalidOption(
            field="due_dates", expected="days by item", found=type(due_dates).__name__
        )
    return {key: check_date(day, "due_dates") for key, day in due_dates.items()}


def _check_days(days: Sequence[int]) -> tuple[int, ...]:
    if isinstance(days, str) or not isinstance(days, Sequence):
        raise InvalidOption(
            field="days", expected="a list of numbers", found=type(days).__name__
        )
    limits = tuple(check_count(last, "days", 1) for last in days)
    if not limits or any(later <= before for before, later in pairwise(limits)):
        raise InvalidOption(
            field="days", expected="rising numbers of days", found=list(days)
        )
    return limits


def _begin(
    item: _Item,
    entry: Entry,
    posting: Posting,
    value: str | None,
    basis: str,
    due_dates: Mapping[str, date],
    party: str | None,
) -> None:
    """Note what the posting that opens an item says of it."""
    item.is_new = False
    item.party = None if party is None else posting.dimensions.get(party)
    if value is None:
        item.begins = item.party = None
    elif basis == "document":
        item.begins = entry.document_date or entry.date
    else:
        item.begins = due_dates.get(value, posting.value_date)


def _bracket(
    begins: date | None, on: date, limits: Sequence[int], names: Sequence[str]
) -> str:
    if begins is None:
        return names[-1]
    overdue = (on - begins).days
    if overdue <= 0:
        return names[0]
    return names[1 + sum(overdue > last for last in limits)]


def _order(pair: tuple[_ItemKey, _Item]) -> tuple[str, bool, date, str]:
    (value, unit), item = pair
    return unit.code, item.begins is None, item.begins or date.max, value or ""


def _columns(
    item: str, party: str | None, limits: Sequence[int], basis: str
) -> list[Column]:
    starts = [1, *(last + 1 for last in limits)]
    return [
        Column("item", item.replace("_", " ").capitalize()),
        Column(
            "party", (party or "party").replace("_", " ").capitalize(), shown="filled"
        ),
        Column(basis, f"{basis.capitalize()} date", "date"),
        Column("days", "Days", "integer"),
        Column("commodity", "Commodity", "commodity"),
        Column("open", "Open", "amount"),
        Column("not_due", "Not due", "amount", zero="blank"),
        *(
            Column(f"to_{last}", f"{start} to {last}", "amount", zero="blank")
            for start, last in zip(starts, limits, strict=False)
        ),
        Column(f"over_{limits[-1]}", f"Over {limits[-1]}", "amount", zero="blank"),
        Column("no_date", "No date", "amount", shown="filled", zero="blank"),
    ]


def _title(dimension: str) -> str:
    return dimension.replace("_", " ").capitalize()
