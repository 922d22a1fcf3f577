"""Cash flow by both methods, and the changes in equity."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports._cells import Column, Row
from backoffice_ledger.reports._totals import (
    Totals,
    Values,
    by_code,
    sorted_keys,
    summed,
)
from backoffice_ledger.reports.table import Table

CashFlowMethod = Literal["direct", "indirect"]
CashFlowStart = Literal["result", "operating-profit"]
"""Where the indirect method begins: IAS 7.18(b), or as amended by IFRS 18."""

CASH: Final = "cash"
"""Value of the attribute that makes an account one of cash and cash equivalents."""

SECTIONS: Final = {
    "operating": "Operating activities",
    "investing": "Investing activities",
    "financing": "Financing activities",
    "fx": "Effect of exchange rate changes",
}
RESULT_TYPES: Final = (AccountType.INCOME, AccountType.EXPENSE)

_COLUMNS: Final = (
    Column("line", ""),
    Column("section", "Section", shown="export"),
    Column("account", "Account", shown="export"),
    Column("commodity", "Commodity", "commodity"),
    Column("amount", "Amount", "amount"),
)
_Flows = dict[tuple[str, Commodity], int]
"""Minor units by account and commodity; money that comes in is positive."""


def _category(account: Account, attribute: str) -> str:
    """Return the section of an account, or ``cash``.

    Raises:
        InvalidOption: its attribute names none.
    """
    default = "financing" if account.type is AccountType.EQUITY else "operating"
    found = account.attributes.get(attribute, default)
    if found != CASH and found not in SECTIONS:
        raise InvalidOption(
            field=f"{account.path}.attributes.{attribute}",
            expected=" or ".join([CASH, *SECTIONS]),
            found=found,
        )
    return found


def cash_flow(
    chart: ChartOfAccounts,
    entries: Iterable[Entry],
    opening: Totals,
    movement: Totals,
    *,
    method: CashFlowMethod = "direct",
    start: CashFlowStart = "result",
    attribute: str = "cash_flow",
    title: str = "Cash flow statement",
    subtitle: str = "",
) -> Table:
    """Return where cash came from and where it went.

    The attribute ``cash_flow`` of an account says what it is: ``cash``, or the section
    its movements belong to (``operating``, ``investing``, ``financing``, ``fx``).
    Without it equity accounts are financing, all others operating.

    Direct: each entry that touches cash is divided by its other postings.  Indirect:
    the result is corrected by what did not move cash and by the change of each
    operating account.  Both give the same for each section, from different figures:
    the direct one from entries, the indirect one from balances; a total
    ``difference`` says by how much the sections miss the change of cash.  An entry that
    moves cash and, at once, something without cash (a purchase paid in part by a new
    loan) counts gross; post two entries where that matters (IAS 7.43).

    Totals by name: ``operating``, ``investing``, ``financing``, ``fx``, ``change``,
    ``opening``, ``closing``, ``difference``.

    Source: IAS 7.18 to 7.20 (both methods), 7.28 (exchange rates); IFRS 18 begins the
    indirect method with operating profit.

    Args:
        chart: the accounts.
        entries: of the span, without closing entries.
        opening: totals before the span.
        movement: totals of the same entries.
        method: how the operating section is shown.
        start: where the indirect method begins.
        attribute: name of the account attribute; another one serves another regime.
        title: of the table.
        subtitle: entity and span, for instance.

    Raises:
        InvalidOption: an attribute names no section; no account is cash.
    """
    check_choice(method, CashFlowMethod, "method")
    check_choice(start, CashFlowStart, "start")
    check_identifier(attribute, "attribute")
    of = {
        account.path: _category(account, attribute)
        for account in chart.values()
        if account.type is not AccountType.MEMORANDUM
    }
    if CASH not in of.values():
        raise InvalidOption(
            "no account is cash",
            field="chart",
            expected=f"accounts with attributes={{{attribute!r}: 'cash'}}",
        )
    with_cash, without_cash = _flows(entries, of)
    sections: dict[str, Values] = {}
    rows: list[Row] = []
    for name, caption in SECTIONS.items():
        lines = {key: n for key, n in with_cash.items() if of[key[0]] == name}
        total = _total(lines)
        if name == "operating" and method == "indirect":
            shown = _indirect(chart, of, movement, without_cash, start)
            total = {}
            for _, _, unit, n in shown:
                total = summed(total, {unit: n})
        else:
            shown = _lines(chart, lines)
        sections[name] = total
        if shown:
            rows.append(_caption(caption))
            rows += (_row(line, name, path, unit, n) for line, path, unit, n in shown)
            rows += _sums(f"Net cash: {caption.lower()}", total, "subtotal")
    before, moved = (
        _total({k: d - c for k, (d, c) in totals.items() if of.get(k[0]) == CASH})
        for totals in (opening, movement)
    )
    return Table(
        title,
        _COLUMNS,
        [*rows, *_closing_rows(sections, before, moved)],
        subtitle=subtitle,
        totals={
            name: Balance.from_minor(values)
            for name, values in _all_totals(sections, before, moved).items()
        },
    )


def _all_totals(
    sections: Mapping[str, Values], before: Values, moved: Values
) -> dict[str, Values]:
    """Return the totals of the statement by name."""
    change: Values = {}
    for total in sections.values():
        change = summed(change, total)
    return {
        **sections,
        "change": change,
        "opening": before,
        "closing": summed(before, moved),
        "difference": summed(moved, change, sign=-1),
    }


def _closing_rows(
    sections: Mapping[str, Values], before: Values, moved: Values
) -> list[Row]:
    """Return the last rows: how cash changed from its beginning to its end."""
    totals = _all_totals(sections, before, moved)
    missed = {unit: n for unit, n in totals["difference"].items() if n}
    return [
        *_sums("Change in cash", totals["change"], "total"),
        *_sums("Cash at the beginning", before, "balance"),
        *_sums("Cash at the end", totals["closing"], "balance"),
        *_sums("Difference", missed, "total"),
    ]


def _flows(entries: Iterable[Entry], of: Mapping[str, str]) -> tuple[_Flows, _Flows]:
    """Return what accounts other than cash moved, with cash in the entry or without.

    Without cash only entries that touch an operating account are of interest.
    """
    with_cash: _Flows = {}
    without_cash: _Flows = {}
    for entry in entries:
        postings = [p for p in entry.postings if p.account in of]
        touched = {of[posting.account] for posting in postings}
        if CASH in touched:
            flows = with_cash
        elif "operating" in touched:
            flows = without_cash
        else:
            continue
        for posting in postings:
            if of[posting.account] != CASH:
                key = (posting.account, posting.amount.commodity)
                flows[key] = flows.get(key, 0) - posting.signed.minor_units
    return with_cash, without_cash


_Line = tuple[str, str | None, Commodity, int]
"""Caption, account, commodity, minor units."""


def _lines(chart: ChartOfAccounts, flows: _Flows) -> list[_Line]:
    return [
        (account.label or account.path, account.path, unit, flows[account.path, unit])
        for account, unit in sorted_keys(chart, flows)
        if flows[account.path, unit]
    ]


def _indirect(
    chart: ChartOfAccounts,
    of: Mapping[str, str],
    movement: Totals,
    without_cash: _Flows,
    start: str,
) -> list[_Line]:
    """Return the operating section from the result and the changes of balances."""
    flows = {key: credit - debit for key, (debit, credit) in movement.items()}
    result: Values = {}
    corrections: _Flows = {}
    for key, moved in flows.items():
        path, unit = key
        section = of.get(path, CASH)
        if section == CASH:
            continue
        if chart[path].type in RESULT_TYPES:
            if section == "operating" or start == "result":
                result = summed(result, {unit: moved})
            if section != "operating":
                # Shown elsewhere as far as it moved cash; the rest is no cash at all.
                left_out = moved if start == "result" else 0
                corrections[key] = without_cash.get(key, 0) - left_out
        elif section == "operating":
            corrections[key] = moved
        else:
            corrections[key] = without_cash.get(key, 0)
    caption = "Result" if start == "result" else "Operating profit"
    head: list[_Line] = [(caption, None, unit, n) for unit, n in by_code(result)]
    return head + _lines(chart, corrections)


def _total(flows: _Flows) -> Values:
    total: Values = {}
    for (_, unit), number in flows.items():
        total[unit] = total.get(unit, 0) + number
    return total


def _row(line: str, section: str, path: str | None, unit: Commodity, n: int) -> Row:
    return Row((line, section, path, unit.code, Amount.from_minor(n, unit)), level=1)


def _caption(caption: str) -> Row:
    return Row((None,) * len(_COLUMNS), role="heading", caption=caption)


def _sums(
    caption: str, total: Values, role: Literal["subtotal", "total", "balance"]
) -> list[Row]:
    return [
        Row(
            (None, None, None, unit.code, Amount.from_minor(number, unit)),
            role=role,
            caption=caption,
        )
        for unit, number in by_code(total)
    ]
