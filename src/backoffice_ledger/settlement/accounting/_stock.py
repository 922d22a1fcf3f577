"""The control of the stock record: what owners have against where it is."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts

_COLUMNS: Final = (
    Column("instrument", "Instrument"),
    Column("owner", "Owner"),
    Column("owned", "Owned", "amount"),
    Column("depository", "Depository", "amount"),
    Column("to_receive", "To receive", "amount"),
    Column("to_deliver", "To deliver", "amount"),
    Column("elsewhere", "Elsewhere", "amount"),
    Column("difference", "Difference", "amount"),
    Column("breaks", "Breaks"),
)
_TO_RECEIVE: Final = ("pending-receive", "fail-receive")
_TO_DELIVER: Final = ("pending-deliver", "fail-deliver")
_BELOW_ZERO: Final = (*_TO_DELIVER, "borrowed")
_PENDING: Final = (_TO_RECEIVE, _TO_DELIVER)

Units = defaultdict[str, int]
"""Minor units by location; positive ones are the owner's."""


def stock_record(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    instrument: bl.Commodity | None = None,
) -> Table:
    """Return what each owner has of each instrument against where it is.

    Of each owner the units at all locations must sum to what is owned; a customer must
    not have less than nothing, and nobody less than nothing at a place; what is pending
    must go the way of its account, and what is borrowed is owed.  What does not hold is
    named under *breaks*; where all holds, that is empty.  Units at a location that are
    nobody's stand under the owner ``-``.

    Units at a place below zero are those of somebody else: they were delivered for an
    owner who did not have them.

    Args:
        view: of the book, as of a day.
        accounts: of the book.
        instrument: the only one to read; None reads all.
    """
    rows: list[Row] = []
    for (unit, owner), (owned, units) in sorted(
        _read(view, accounts, instrument).items(), key=lambda item: _key(item[0])
    ):
        whole = sum(units.values())
        if not (owned or whole or any(units.values())):
            continue
        amounts = [owned, units["depository"]]
        amounts += [sum(units[name] for name in names) for names in _PENDING]
        amounts += [whole - sum(amounts[1:]), owned - whole]
        cells = [bl.Amount.from_minor(amount, unit) for amount in amounts]
        may_be_short = owner in accounts.house
        breaks = "; ".join(_breaks(owned, units, may_be_short=may_be_short))
        rows.append(Row([unit.code, owner, *cells, breaks]))
    return Table(
        "Stock record",
        _COLUMNS,
        rows,
        subtitle="" if view.as_of is None else f"as of {view.as_of}",
    )


def _key(key: tuple[bl.Commodity, str]) -> tuple[str, int, str]:
    return key[0].code, key[0].scale, key[1]


def _read(
    view: bl.LedgerView, accounts: SettlementAccounts, instrument: bl.Commodity | None
) -> dict[tuple[bl.Commodity, str], tuple[int, Units]]:
    """Return what is owned, and what is where, by instrument and owner."""
    owners, places = f"{accounts.stock_owner}:", f"{accounts.stock_location}:"
    found: dict[tuple[bl.Commodity, str], tuple[int, Units]] = {}
    for record in view.entries():  # also those that do not name the instrument
        for posting in record.entry.postings:
            path, unit = posting.account, posting.amount.commodity
            if instrument not in (None, unit):
                continue
            moved = posting.signed.minor_units
            if path.startswith(owners):
                key = unit, path.removeprefix(owners)
                owned, units = found.get(key, (0, defaultdict(int)))
                found[key] = owned + moved, units
            elif path.startswith(places):
                key = unit, posting.dimensions.get("owner", "-")
                _, units = found.setdefault(key, (0, defaultdict(int)))
                units[path.removeprefix(places)] -= moved
    return found


def _breaks(owned: int, units: Units, *, may_be_short: bool) -> Iterator[str]:
    """Yield what does not hold."""
    if owned != sum(units.values()):
        yield "owner and locations differ"
    if owned < 0 and not may_be_short:
        yield "owner has less than nothing"
    for location, count in sorted(units.items()):
        if location in _BELOW_ZERO:
            if count > 0:
                yield f"{location} the wrong way"
        elif count < 0:
            wrong = "the wrong way" if location in _TO_RECEIVE else "below zero"
            yield f"{location} {wrong}"
