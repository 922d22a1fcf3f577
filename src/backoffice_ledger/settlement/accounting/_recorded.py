"""What the entry of a trade says of its lots."""

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.lots import LotPart


def recorded_lots(entry: bl.Entry, accounts: SettlementAccounts) -> tuple[LotPart, ...]:
    """Return the lots that the entry of a trade names, in its order."""
    units: dict[str, bl.Amount] = {}
    cost: dict[str, bl.Amount] = {}
    change: dict[str, bl.Amount] = {}
    for posting in entry.postings:
        lot = posting.dimensions.get("lot")
        if lot is None:
            continue
        if posting.account in accounts.lots.cost:
            cost[lot] = posting.amount
        elif posting.account in accounts.lots.adjustment:
            is_short = posting.account == accounts.fair_value_short
            change[lot] = posting.signed if is_short else -posting.signed
        else:
            units[lot] = posting.amount
    return tuple(
        LotPart(
            lot,
            quantity,
            cost[lot],
            change.get(lot, bl.Amount.from_minor(0, cost[lot].commodity)),
        )
        for lot, quantity in units.items()
    )
