"""Projections of an instrument's entries, kept from call to call.

They lie in the cache of the book (`Ledger.cache`), which is emptied whenever something
is rolled back.  Only what was recorded since is read, and taken in.
"""

from collections.abc import Callable, Iterable
from typing import Final, Generic, Protocol, TypeVar

import attrs

import backoffice_ledger as bl
from backoffice_ledger.interest import Rounding
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._open import OpenTrades, in_log_order
from backoffice_ledger.settlement.lots import Positions

_KEY: Final = "backoffice_ledger.settlement"


class Holdings:
    """The positions in one instrument, and the interest on it that is booked.

    Args:
        accounts: of the book.
        code: of the instrument.
        rounding: of what a part of a lot costs.
    """

    def __init__(
        self, accounts: SettlementAccounts, code: str, rounding: Rounding
    ) -> None:
        self.positions = Positions(accounts.lots, rounding=rounding, instrument=code)
        self.is_known = False
        self.interest: dict[tuple[str, str | None, bl.Commodity], int] = {}
        self._code = code
        self._interest = accounts.interest

    def apply(self, record: bl.Record) -> None:
        """Take in an entry."""
        self.add(record.entry)

    def add(self, entry: bl.Entry) -> None:
        """Take in an entry that may not have been posted yet."""
        self.is_known = True
        self.positions.apply(entry)
        for posting in entry.postings:
            named = posting.dimensions
            if (
                posting.account in self._interest
                and named.get("instrument") == self._code
            ):
                unit = posting.amount.commodity
                key = posting.account, named.get("owner"), unit
                units = self.interest.get(key, 0) + posting.signed.minor_units
                self.interest[key] = units


class _Projection(Protocol):
    def apply(self, record: bl.Record) -> object: ...


P = TypeVar("P", bound=_Projection)


@attrs.define
class _Kept(Generic[P]):
    """A projection of an instrument's entries, and which of them it has taken in.

    Attributes:
        projection: what was made of them.
        position: of the last one that has its place in the log.
        ahead: ids of those that have none yet.
    """

    projection: P
    position: int = 0
    ahead: set[str] = attrs.field(factory=set)

    def note(self, record: bl.Record) -> None:
        """Note that an entry has been taken in."""
        if record.is_provisional:
            self.ahead.add(record.id)
        else:
            self.position = max(self.position, record.position)

    def follow(self, records: Iterable[bl.Record]) -> None:
        """Take in entries that are new, in the order of the log."""
        for record in records:
            if record.id not in self.ahead:
                self.projection.apply(record)
            elif not record.is_provisional:
                self.ahead.discard(record.id)
            self.note(record)


@attrs.define
class _Content:
    """What is kept of a book, by code of the instrument."""

    holdings: dict[str, _Kept[Holdings]] = attrs.field(factory=dict)
    trades: dict[str, _Kept[OpenTrades]] = attrs.field(factory=dict)


class Shelf:
    """What is kept of a book, as it can be used inside one transaction.

    Args:
        ledger: the book.
        accounts: of the book.
        rounding: of what a part of a lot costs.
    """

    def __init__(
        self, ledger: bl.Ledger, accounts: SettlementAccounts, rounding: Rounding
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._rounding: Rounding = rounding
        # Accounts hold a mapping and have no hash; their text says the same.
        key = (_KEY, repr(accounts), rounding)
        self._content: _Content = ledger.cache().setdefault(key, _Content())

    def holdings(self, code: str) -> Holdings:
        """Return the positions in an instrument as they are now."""
        return self._current(
            self._content.holdings,
            code,
            lambda: Holdings(self._accounts, code, self._rounding),
        )

    def open_trades(self, code: str) -> OpenTrades:
        """Return the trades in an instrument as they are now."""
        return self._current(
            self._content.trades, code, lambda: OpenTrades(self._accounts)
        )

    def _current(
        self, kept: dict[str, _Kept[P]], code: str, make: Callable[[], P]
    ) -> P:
        found = kept.get(code)
        if found is None:
            found = kept[code] = _Kept(make())
        new = self._ledger.view().entries(
            dimension={"instrument": code}, known_after=found.position
        )
        found.follow(in_log_order(new))
        return found.projection

    def note(self, record: bl.Record, codes: Iterable[str]) -> None:
        """Note that an entry was posted, which holdings have taken in as a draft."""
        for code in codes:
            self._content.holdings[code].note(record)


def instruments(entry: bl.Entry) -> set[str]:
    """Return the codes of the instruments that an entry is about."""
    found = {posting.dimensions.get("instrument") for posting in entry.postings}
    return {code for code in found if code is not None}
