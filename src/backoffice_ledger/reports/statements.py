"""The statements: pure functions from totals and lines to tables.

All of them take gross debits and credits by account and commodity (`Totals`) or the
postings themselves (`StatementLine`), in integers of minor units, and a chart of
accounts; none reads a store.  Which entries count (dates, phase, what was known when)
is decided by whoever adds up the totals: an income statement wants the movement
without closing entries, a balance sheet the balances at a date.

Nothing is converted: every total is per commodity.  Memorandum accounts appear in no
statement; `trial_balance` and `general_ledger` list them alone when asked.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import attrs

from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.posting import Side
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports._cells import Column, Role, Row
from backoffice_ledger.reports._ledgers import (
    StatementLine,
    account_statement,
    general_ledger,
)
from backoffice_ledger.reports._totals import (
    Totals,
    Values,
    by_code,
    sorted_keys,
    summed,
)
from backoffice_ledger.reports.table import Table

__all__ = [
    "GroupBy",
    "StatementLine",
    "Totals",
    "account_statement",
    "balance_sheet",
    "general_ledger",
    "income_statement",
    "trial_balance",
]

GroupBy = Literal["path", "line"]
"""Group accounts by their paths, or by their attribute ``line``."""

LINE_ATTRIBUTE: Final = "line"
LINE_MISSING: Final = "Other"
RESULT_CAPTION: Final = "Result not yet closed"


# --- trial balance -------------------------------------------------------------------

_TRIAL_COLUMNS: Final = (
    Column("account", "Account"),
    Column("label", "Label", shown="filled"),
    Column("commodity", "Commodity", "commodity"),
    Column("opening_debit", "Opening Dr", "amount", shown="filled", zero="blank"),
    Column("opening_credit", "Opening Cr", "amount", shown="filled", zero="blank"),
    Column("debit", "Debit", "amount", zero="blank"),
    Column("credit", "Credit", "amount", zero="blank"),
    Column("closing_debit", "Closing Dr", "amount", zero="blank"),
    Column("closing_credit", "Closing Cr", "amount", zero="blank"),
)


def trial_balance(
    chart: ChartOfAccounts,
    opening: Totals,
    movement: Totals,
    *,
    title: str = "Trial balance",
    subtitle: str = "",
    memorandum: bool = False,
) -> Table:
    """Return opening balance, turnover and closing balance of every account.

    Balances stand on the side to which they net, turnover is gross.  Debits equal
    credits in each pair of columns and in every commodity if the totals come from
    whole entries.  Accounts with neither balance nor turnover are left out.

    Totals by name: ``opening_debit``, ``opening_credit``, ``debit``, ``credit``,
    ``closing_debit``, ``closing_credit``.

    Args:
        chart: the accounts.
        opening: totals before the span; empty if the span begins with the book.
        movement: totals within the span.
        title: of the table.
        subtitle: entity, span and phase, for instance.
        memorandum: list the memorandum accounts instead of all others.

    Raises:
        UnknownAccount: a total of an account that the chart does not hold.
    """
    by_unit: dict[Commodity, list[tuple[int, ...]]] = {}
    rows: list[Row] = []
    for account, unit in sorted_keys(chart, {**opening, **movement}):
        if (account.type is AccountType.MEMORANDUM) is not memorandum:
            continue
        key = (account.path, unit)
        debit_before, credit_before = opening.get(key, (0, 0)) if opening else (0, 0)
        debit, credit = movement.get(key, (0, 0))
        net = debit_before - credit_before
        if not (net or debit or credit):
            continue
        numbers = (*_on_sides(net), debit, credit, *_on_sides(net + debit - credit))
        by_unit.setdefault(unit, []).append(numbers)
        cells = (account.path, account.label, unit.code, *_amounts(numbers, unit))
        rows.append(Row(cells))
    sums = {
        unit: tuple(map(sum, zip(*numbers, strict=True)))
        for unit, numbers in by_unit.items()
    }
    for unit, total in by_code(sums):
        totals_cells = (None, None, unit.code, *_amounts(total, unit))
        rows.append(Row(totals_cells, role="total", caption="Total"))
    totals = {
        column.name: Balance.from_minor(
            {unit: total[index] for unit, total in sums.items()}
        )
        for index, column in enumerate(_TRIAL_COLUMNS[3:])
    }
    return Table(title, _TRIAL_COLUMNS, rows, subtitle=subtitle, totals=totals)


def _on_sides(net: int) -> tuple[int, int]:
    return (net, 0) if net > 0 else (0, -net)


def _amounts(numbers: Iterable[int], unit: Commodity) -> list[Amount]:
    zero = Amount.from_minor(0, unit)
    return [Amount.from_minor(n, unit) if n else zero for n in numbers]


# --- balance sheet and income statement ----------------------------------------------

_STATEMENT_COLUMNS: Final = (
    Column("line", ""),
    Column("section", "Section", shown="export"),
    Column("account", "Account", shown="export"),
    Column("commodity", "Commodity", "commodity"),
    Column("amount", "Amount", "amount"),
)


def balance_sheet(
    chart: ChartOfAccounts,
    closing: Totals,
    *,
    title: str = "Balance sheet",
    subtitle: str = "",
    group_by: GroupBy = "path",
    depth: int | None = None,
) -> Table:
    """Return assets, liabilities and equity, each on its normal side.

    What income and expense accounts still hold is a line of equity of its own,
    "Result not yet closed", so that assets equal liabilities and equity before and
    after a closing entry, in every commodity.  Should they differ (totals of a part of
    the book, such as one cost centre), the last lines say by how much.  Accounts with
    a balance of zero are left out.

    Totals by name: ``assets``, ``liabilities``, ``equity`` (with the result),
    ``result``, ``liabilities_and_equity``, ``difference``.

    Args:
        chart: the accounts.
        closing: totals from the beginning of the book to the date.
        title: of the table.
        subtitle: entity, date and phase, for instance.
        group_by: nest accounts by path, or under their attribute ``line``.
        depth: levels below the section to show; deeper accounts are added up.

    Raises:
        UnknownAccount: a total of an account that the chart does not hold.
        InvalidOption: an unknown *group_by*, or a *depth* below 1.
    """
    layout = _Layout(chart, group_by, depth)
    assets = layout.section("assets", closing, AccountType.ASSET)
    liabilities = layout.section("liabilities", closing, AccountType.LIABILITY)
    equity = layout.section("equity", closing, AccountType.EQUITY)
    result = {unit: n for unit, n in _result(chart, closing).items() if n}
    equity_total = summed(equity.total, result)
    claims = summed(liabilities.total, equity_total)
    difference = {
        unit: n for unit, n in summed(assets.total, claims, sign=-1).items() if n
    }
    result_node = _Node(RESULT_CAPTION, own=result)
    rows = [
        *assets.rows,
        *_total_rows("Total assets", assets.total, "total"),
        *liabilities.rows,
        *_total_rows("Total liabilities", liabilities.total, "subtotal"),
        *equity.rows,
        *_node_rows(result_node, "equity", 1),
        *_total_rows("Total equity", equity_total, "subtotal"),
        *_total_rows("Total liabilities and equity", claims, "total"),
        *_total_rows("Difference", difference, "total"),
    ]
    totals = {
        "assets": assets.total,
        "liabilities": liabilities.total,
        "equity": equity_total,
        "result": result,
        "liabilities_and_equity": claims,
        "difference": difference,
    }
    return _statement(title, subtitle, rows, totals)


def income_statement(
    chart: ChartOfAccounts,
    movement: Totals,
    *,
    title: str = "Income statement",
    subtitle: str = "",
    group_by: GroupBy = "path",
    depth: int | None = None,
) -> Table:
    """Return income, expenses and the result (income less expenses).

    Totals by name: ``income``, ``expenses``, ``result``.

    Args:
        chart: the accounts.
        movement: totals within the span, without closing entries.
        title: of the table.
        subtitle: entity, span and phase, for instance.
        group_by: nest accounts by path, or under their attribute ``line``.
        depth: levels below the section to show; deeper accounts are added up.

    Raises:
        UnknownAccount: a total of an account that the chart does not hold.
        InvalidOption: an unknown *group_by*, or a *depth* below 1.
    """
    layout = _Layout(chart, group_by, depth)
    income = layout.section("income", movement, AccountType.INCOME)
    expenses = layout.section("expenses", movement, AccountType.EXPENSE)
    result = summed(income.total, expenses.total, sign=-1)
    rows = [
        *income.rows,
        *_total_rows("Total income", income.total, "subtotal"),
        *expenses.rows,
        *_total_rows("Total expenses", expenses.total, "subtotal"),
        *_total_rows("Result", result, "total"),
    ]
    totals = {"income": income.total, "expenses": expenses.total, "result": result}
    return _statement(title, subtitle, rows, totals)


def _statement(
    title: str, subtitle: str, rows: list[Row], totals: Mapping[str, Values]
) -> Table:
    return Table(
        title,
        _STATEMENT_COLUMNS,
        rows,
        subtitle=subtitle,
        totals={name: Balance.from_minor(values) for name, values in totals.items()},
    )


def _result(chart: ChartOfAccounts, totals: Totals) -> Values:
    """Return income less expenses."""
    result: Values = {}
    for (path, unit), (debit, credit) in totals.items():
        if chart[path].type in (AccountType.INCOME, AccountType.EXPENSE):
            result[unit] = result.get(unit, 0) + credit - debit
    return result


@attrs.define
class _Node:
    """A line of a statement with those below it.

    *account* is the path of an account or of a node above accounts; a presentation
    line has none, and is never joined with the one below it.
    """

    key: str
    account: str | None = None
    label: str | None = None
    own: Values = attrs.field(factory=dict[Commodity, int])
    below: "dict[str, _Node]" = attrs.field(factory=lambda: dict[str, _Node]())

    def total(self) -> Values:
        """Return the sum of this line and all below."""
        total = self.own
        for node in self.below.values():
            total = summed(total, node.total())
        return total


@attrs.frozen
class _Section:
    """One section of a statement: its rows, and its total in each commodity."""

    rows: list[Row]
    total: Values


@attrs.frozen
class _Layout:
    """How a statement groups its accounts."""

    chart: ChartOfAccounts
    group_by: GroupBy
    depth: int | None

    def __attrs_post_init__(self) -> None:
        check_choice(self.group_by, GroupBy, "group_by")
        if self.depth is not None and self.depth < 1:
            raise InvalidOption(
                field="depth", expected="1 or more, or None", found=self.depth
            )

    def section(self, name: str, totals: Totals, type: AccountType) -> _Section:
        """Return the section of all accounts of one type, on their normal side."""
        sign = 1 if type.normal_side is Side.DEBIT else -1
        keys = [
            (account, unit)
            for account, unit in sorted_keys(self.chart, totals)
            if account.type is type
        ]
        shared = _shared_top(account.path for account, _ in keys)
        root = _Node("")
        for account, unit in keys:
            debit, credit = totals[account.path, unit]
            if debit != credit:
                node = self._place(root, account, shared)
                node.own = summed(node.own, {unit: sign * (debit - credit)})
        rows = [_caption_row(name.capitalize(), "heading")]
        for node in root.below.values():
            rows += _node_rows(node, name, 1)
        return _Section(rows, root.total())

    def _place(self, root: _Node, account: Account, shared: int) -> _Node:
        """Return the node for *account*, as deep as the layout allows."""
        parts = account.path.split(":")
        skipped = min(shared, len(parts) - 1)
        steps: list[tuple[str, str | None]]
        if self.group_by == "line":
            line = account.attributes.get(LINE_ATTRIBUTE, LINE_MISSING)
            steps = [(line, None), (":".join(parts[skipped:]), account.path)]
        else:
            steps = [
                (parts[index], ":".join(parts[: index + 1]))
                for index in range(skipped, len(parts))
            ]
        node = root
        for key, path in steps[: self.depth]:
            label = self.chart[path].label if path and path in self.chart else None
            node = node.below.setdefault(key, _Node(key, path, label))
        return node


def _shared_top(paths: Iterable[str]) -> int:
    """Return 1 if all paths begin with the same part, which says nothing then."""
    return int(len({path.split(":")[0] for path in paths}) == 1)


def _node_rows(node: _Node, section: str, level: int, above: str = "") -> list[Row]:
    """Return the rows of a line and all below it."""
    if node.account and not node.own and len(node.below) == 1:
        (child,) = node.below.values()
        return _node_rows(child, section, level, f"{above}{node.key}:")
    caption = node.label or above + node.key
    own_level = level + 1 if node.below else level
    own = [
        Row(
            (caption, section, node.account, unit.code, Amount.from_minor(n, unit)),
            level=own_level,
        )
        for unit, n in by_code(node.own)
    ]
    if not node.below:
        return own
    rows = [_caption_row(caption, "heading", level), *own]
    for child in node.below.values():
        rows += _node_rows(child, section, level + 1)
    if len(rows) > 2:  # more than the heading and one line
        rows += _total_rows(f"Total {caption}", node.total(), "subtotal", level)
    return rows


def _caption_row(caption: str, role: Role, level: int = 0) -> Row:
    cells = (None,) * len(_STATEMENT_COLUMNS)
    return Row(cells, role=role, level=level, caption=caption)


def _total_rows(
    caption: str, total: Mapping[Commodity, int], role: Role, level: int = 0
) -> list[Row]:
    return [
        Row(
            (None, None, None, unit.code, Amount.from_minor(number, unit)),
            role=role,
            level=level,
            caption=caption,
        )
        for unit, number in by_code(total)
    ]
