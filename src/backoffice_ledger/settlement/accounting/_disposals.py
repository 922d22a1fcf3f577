"""What is booked when units go for money: sold, redeemed, or paid out as fractions."""

from collections.abc import Iterable, Mapping

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._lines import Line, total
from backoffice_ledger.settlement.accounting._trade_events import Category
from backoffice_ledger.settlement.lots._lot import LotPart


def disposed(
    accounts: SettlementAccounts,
    category: Category,
    lots: Iterable[LotPart],
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
    """
    parts, money = tuple(lots), proceeds.commodity
    adjustment = total((part.adjustment for part in parts), money)
    cost = total((part.cost for part in parts), money)
    result, change = proceeds - cost, proceeds - cost - adjustment
    lines: list[Line] = [
        (
            accounts.fair_value(category),
            -part.adjustment,
            {**dimensions, "lot": part.lot},
        )
        for part in parts
        if part.adjustment
    ]
    if category == "fvoci-equity":
        ends: list[Line] = [
            (accounts.value_change(category), -change, dimensions),
            (accounts.value_change(category), result, dimensions),
            (accounts.retained_earnings, -result, dimensions),
        ]
    else:
        if adjustment:
            lines.append((accounts.value_change(category), adjustment, dimensions))
        ends = [(accounts.realised, -result, dimensions)]
    for part in parts:
        held = {**dimensions, "lot": part.lot}
        lines.append((accounts.securities(category), -part.cost, held))
    return [*lines, *fees, *ends]
