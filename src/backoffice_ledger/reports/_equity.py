"""The statement of changes in equity."""

from collections.abc import Iterable, Mapping
from typing import Final

from backoffice_ledger._model.account import AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Phase
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.record import Record
from backoffice_ledger.reports._cells import Column, Row
from backoffice_ledger.reports._totals import Totals, Values
from backoffice_ledger.reports.table import Table

ATTRIBUTE: Final = "equity_movement"
OWNERS: Final = "owners"
RESULT: Final = "result"
TRANSFERS: Final = "transfers"
RESULT_CAPTION: Final = "Result not yet closed"

_RESULT_TYPES: Final = (AccountType.INCOME, AccountType.EXPENSE)
_Key = tuple[str, Commodity]


def changes_in_equity(
    chart: ChartOfAccounts,
    records: Iterable[Record],
    opening: Totals,
    *,
    title: str = "Changes in equity",
    subtitle: str = "",
) -> Table:
    """Return how each component of equity came from its opening to its closing.

    A component is an equity account; what income and expense accounts hold is one more,
    "Result not yet closed".  The columns are the result of the span, what the attribute
    ``equity_movement`` of the account says (such as ``oci``; without it ``owners``),
    and transfers: closing entries, and entries whose equity postings sum to zero.
    Transfers sum to zero over all components; the closing balances are those of the
    balance sheet.

    Totals by name: ``opening``, ``result``, each movement, ``transfers``, ``closing``.

    Source: IAS 1.106, from 2027 IFRS 18.107.

    Args:
        chart: the accounts.
        records: the entries of the span, closing entries included.
        opening: totals before the span.
        title: of the table.
        subtitle: entity and span, for instance.
    """
    component = {
        account.path: account.path if account.type is AccountType.EQUITY else ""
        for account in chart.values()
        if account.type is AccountType.EQUITY or account.type in _RESULT_TYPES
    }
    cells: dict[_Key, dict[str, int]] = {}

    def add(path: str, unit: Commodity, column: str, number: int) -> None:
        columns = cells.setdefault((component[path], unit), {})
        columns[column] = columns.get(column, 0) + number

    for (path, unit), (debit, credit) in opening.items():
        if path in component:
            add(path, unit, "opening", credit - debit)
    for record in records:
        postings = [p for p in record.entry.postings if p.account in component]
        within = _equity_sums(chart, postings)
        for posting in postings:
            unit = posting.amount.commodity
            account = chart[posting.account]
            if account.type in _RESULT_TYPES:
                column = TRANSFERS if record.phase is Phase.CLOSING else RESULT
            elif record.phase is Phase.CLOSING or not within[unit]:
                column = TRANSFERS
            else:
                column = account.attributes.get(ATTRIBUTE, OWNERS)
            add(posting.account, unit, column, -posting.signed.minor_units)
    return _table(chart, cells, title, subtitle)


def _equity_sums(chart: ChartOfAccounts, postings: Iterable[Posting]) -> Values:
    """Return what an entry's postings to equity accounts come to."""
    sums: Values = {}
    for posting in postings:
        unit = posting.amount.commodity
        if chart[posting.account].type is AccountType.EQUITY:
            sums[unit] = sums.get(unit, 0) + posting.signed.minor_units
    return sums


def _table(
    chart: ChartOfAccounts,
    cells: Mapping[_Key, Mapping[str, int]],
    title: str,
    subtitle: str,
) -> Table:
    found = {column for columns in cells.values() for column in columns}
    moved = sorted(found - {"opening", RESULT, TRANSFERS})
    names = ["opening", RESULT, *moved, TRANSFERS]
    sums: dict[str, Values] = {name: {} for name in [*names, "closing"]}
    rows: list[Row] = []
    for path, unit in sorted(cells, key=lambda key: (not key[0], key[0], key[1].code)):
        numbers = [cells[path, unit].get(name, 0) for name in names]
        if not any(numbers):
            continue
        numbers.append(sum(numbers))
        for name, number in zip(sums, numbers, strict=True):
            sums[name][unit] = sums[name].get(unit, 0) + number
        caption = (chart[path].label or path) if path else RESULT_CAPTION
        amounts = (Amount.from_minor(number, unit) for number in numbers)
        rows.append(Row([caption, path or None, unit.code, *amounts]))
    for unit in sorted(sums["closing"], key=lambda unit: unit.code):
        amounts = (Amount.from_minor(values[unit], unit) for values in sums.values())
        rows.append(
            Row([None, None, unit.code, *amounts], role="total", caption="Total equity")
        )
    return Table(
        title,
        [
            Column("component", "Component"),
            Column("account", "Account", shown="export"),
            Column("commodity", "Commodity", "commodity"),
            *(
                Column(name, name.replace("_", " ").capitalize(), "amount")
                for name in sums
            ),
        ],
        rows,
        subtitle=subtitle,
        totals={name: Balance.from_minor(values) for name, values in sums.items()},
    )
