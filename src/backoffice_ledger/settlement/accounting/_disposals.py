"""What is booked when units go for money: sold, redeemed, or paid out as fractions."""

from collections.abc import Iterable, Mapping, Sequence

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._lines import Line, negated, total
from backoffice_ledger.settlement.accounting._trade_events import Category

Gone = tuple[str, bl.Amount, bl.Amount]
"""A lot, and what goes of its cost and of its changes of fair value; signed."""


def disposed(
    accounts: SettlementAccounts,
    category: Category,
    gone: Sequence[Gone],
    proceeds: bl.Amount,
    dimensions: Mapping[str, str],
    *,
    fees: Iterable[Line] = (),
) -> list[Line]:
    """Return the lines of lots that go for *proceeds*, without the money itself.

    What was booked of their fair value is taken back, and the result since they were
    bought is realised.  An equity instrument at FVOCI is valued at the proceeds, in
    other comprehensive income; its whole change since then moves to retained earnings,
    and nothing of it reaches the result (IFRS 9 5.7.5, B5.7.1).

    A short position that is bought back is the same the other way round: *proceeds* is
    what that costs.

    Args:
        accounts: of the book.
        category: how the asset is measured.
        gone: of each lot, what goes of its cost and of its changes of fair value.
        proceeds: what is received for them.
        dimensions: of the postings; those on a lot carry it too.
        fees: lines that stand before the result.
    """
    money = proceeds.commodity
    cost = total((part for _, part, _ in gone), money)
    adjustment = total((part for _, _, part in gone), money)
    result, change = proceeds - cost, proceeds - cost - adjustment
    lines: list[Line] = []
    for lot, _, part in gone:
        if part:
            held = {**dimensions, "lot": lot}
            lines.append((accounts.fair_value(category), -part, held))
    if category == "fvoci-equity":
        account = accounts.value_change(category)
        ends: list[Line] = [
            (account, -change, dimensions),
            (account, result, dimensions),
            (accounts.retained_earnings, -result, dimensions),
        ]
    else:
        if adjustment:
            lines.append((accounts.value_change(category), adjustment, dimensions))
        ends = [(accounts.realised, -result, dimensions)]
    for lot, part, _ in gone:
        lines.append((accounts.securities(category), -part, {**dimensions, "lot": lot}))
    if category == "short":
        lines, ends = negated(lines), negated(ends)
    return [*lines, *fees, *ends]
