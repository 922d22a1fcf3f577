"""The desk: values and settles the foreign items of a book."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.fx._book import RateBook
from backoffice_ledger.fx._items import (
    MonetaryItem,
    Position,
    check_items,
    position,
    sums_of,
)
from backoffice_ledger.fx._policies import (
    Policy,
    ProfitAndLoss,
    check_accounts,
    check_policy,
)
from backoffice_ledger.fx._rates import LookUp, Rounding
from backoffice_ledger.fx._revaluation import KIND, Revaluation, value
from backoffice_ledger.fx._settlement import KIND as SETTLEMENT
from backoffice_ledger.fx._settlement import (
    Settlement,
    check_available,
    settlement_entry,
)
from backoffice_ledger.reports import Table

_ONE_DAY: Final = timedelta(days=1)


def _as_commodity(value: bl.Commodity | str) -> bl.Commodity:
    return bl.Commodity.of(value)


def _as_items(value: Iterable[MonetaryItem]) -> tuple[MonetaryItem, ...]:
    return tuple(check_instance(item, MonetaryItem, "items") for item in value)


@final
@attrs.frozen
class CurrencyDesk:
    """The foreign items of a book: revalues them at closing rates, settles them.

    Only what is listed is touched.  What is not monetary (prepayments, inventories)
    is left out, and so stays at the rate of the day on which it was booked.

    Args:
        ledger: the book; entries are posted by its actor and under its controls.
        functional: the currency that the book is kept in.
        items: the foreign balances, see `MonetaryItem`.
        policy: what becomes of unrealised differences.
        realised: where realised differences go.
        rates: where the rates are kept; None for the book's own ``RateBook(ledger)``.
        look_up: which rate stands for a day.
        journal: the named series that numbers the entries.
        rounding: of values at a rate.

    Raises:
        InvalidOption: an argument is not one of the allowed values.
    """

    _ledger: bl.Ledger
    functional: bl.Commodity = attrs.field(converter=_as_commodity, kw_only=True)
    items: tuple[MonetaryItem, ...] = attrs.field(converter=_as_items, kw_only=True)
    policy: Policy = attrs.field(kw_only=True)
    realised: ProfitAndLoss = attrs.field(kw_only=True)
    rates: RateBook | None = attrs.field(default=None, kw_only=True)
    look_up: LookUp = attrs.field(factory=LookUp, kw_only=True)
    journal: str = attrs.field(default="general", kw_only=True)
    rounding: Rounding = attrs.field(default="half-up", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self._ledger, bl.Ledger, "ledger")
        check_policy(self.policy)
        check_instance(self.realised, ProfitAndLoss, "realised")
        check_instance(self.look_up, LookUp, "look_up")
        check_choice(self.rounding, Rounding, "rounding")
        if self.rates is not None:
            check_instance(self.rates, RateBook, "rates")

    def plan(self, on: date, *, name: str = "all") -> Table:
        """Return what `revalue` would do to each item; nothing is written.

        Raises:
            RateMissing: there is no rate for a commodity of which something is held.
            CarryingMismatch: an item was moved past its trading account.
            UnknownAccount, InvalidOption: the accounts do not fit.
            InvalidDate: *on* is no date.
        """
        return self._revaluation(on, name).table()

    def revalue(
        self, on: date, *, reverse_next_day: bool = False, name: str = "all"
    ) -> tuple[bl.Record, ...]:
        """Carry every item at the rate of a day; all of them or none.

        What is posted is the difference to what is carried already, so running again
        posts nothing; after a late posting or a corrected rate it posts the rest,
        under the next version.  The document of a version says which rates were used,
        of which version, and how each item was valued.

        Args:
            on: the day; the entry is dated so.
            reverse_next_day: take the entry back on the day after.
            name: of the run, where a book has several desks.

        Returns:
            The records of the entries, one for a hundred items; none where there was
            nothing to post.

        Raises:
            PeriodNotOpen: the day, or the one after if it is to be taken back, lies
                in a period that is closed; nothing was written.
            RateMissing, CarryingMismatch, UnknownAccount, InvalidOption, InvalidDate:
                as for `plan`.
            ApprovalRequired, Refused: the book does not take the entry.
            DocumentConflict: somebody else was quicker; run again.
        """
        check_instance(reverse_next_day, bool, "reverse_next_day")

        def work() -> list[str]:
            return [
                self._post_part(part, reverse_next_day=reverse_next_day)
                for part in self._revaluation(on, name).parts()
            ]

        return tuple(map(self._ledger.record, self._ledger.atomically(work)))

    def position(self, item: MonetaryItem, on: date) -> tuple[bl.Amount, bl.Amount]:
        """Return what an item holds on a day, and what it is carried at.

        Debits are positive: an asset is, a liability is negative.

        Raises:
            CarryingMismatch: the item was moved past its trading account.
            UnknownAccount, InvalidOption: the accounts do not fit.
            InvalidDate: *on* is no date.
        """
        held = self._position(check_instance(item, MonetaryItem, "item"), on)
        return (
            bl.Amount.from_minor(held.foreign, item.commodity),
            bl.Amount.from_minor(held.cost + held.valuation, self.functional),
        )

    def settle(self, settlement: Settlement) -> bl.Record:
        """Book a settlement; booking the same one again returns the first record.

        The share of the cost leaves with the amount; value less cost is the realised
        difference.  The share of what revaluations added is taken back the way it
        came, by the policy, so that no difference counts twice.

        Raises:
            InvalidOption: an item of another desk, more than it holds, on the day or
                after all that came later, or a value of another currency.
            CarryingMismatch: the item was moved past its trading account.
            DocumentConflict: another settlement has its id.
            ConditionFailed: the item was moved meanwhile; try again.
            UnknownAccount, Refused: the book does not take the entry.
        """
        check_instance(settlement, Settlement, "settlement")
        items = [settlement.item]
        if isinstance(settlement.to, MonetaryItem):
            items.append(settlement.to)
        for item in items:
            if item not in self.items:
                raise InvalidOption(
                    field="item", expected="an item of the desk", found=item.account
                )

        if settlement.value.commodity != self.functional:
            raise InvalidOption(
                field="value",
                expected=f"an amount of {self.functional.code}",
                found=settlement.value,
            )

        def work() -> None:
            is_new = self._is_new(settlement.id)
            self._ledger.documents.store(settlement.document())
            if is_new:
                self._post(settlement)

        self._ledger.atomically(work)
        return self._ledger.record(settlement.id)

    # --- reading ---------------------------------------------------------------------

    def _post_part(self, part: Revaluation, *, reverse_next_day: bool) -> str:
        version = self._version(part.id) + 1
        self._ledger.documents.store(
            part.document(version, reverse_next_day=reverse_next_day)
        )
        entry = part.entry(version, self.journal)
        self._ledger.post(entry)
        if reverse_next_day:
            self._ledger.reverse(
                entry.id, date=part.on + _ONE_DAY, reason=f"revaluation of {part.on}"
            )
        return entry.id

    def _post(self, settlement: Settlement) -> None:
        item = settlement.item
        versions = {
            path: self._ledger.accounts.balances(path).version
            for path in (item.cost_account, item.valuation_account)
        }
        held = self._position(item, settlement.date)
        latest = position(
            item, self.functional, sums_of(self._ledger.view()), settlement.date
        )
        check_available(settlement, held, latest)
        entry = settlement_entry(
            settlement,
            held,
            self.policy,
            self.realised,
            self.functional,
            self.journal,
        )
        self._ledger.post(entry, versions=versions)

    def _is_new(self, id: str) -> bool:
        try:
            self._ledger.documents.get(SETTLEMENT, id)
        except UnknownRecord:
            return True
        return False

    def _check(self, items: tuple[MonetaryItem, ...]) -> None:
        chart = self._ledger.accounts.all()
        check_items(items, self.functional, chart)
        check_accounts(self.policy, chart)
        check_accounts(self.realised, chart)

    def _position(self, item: MonetaryItem, on: date) -> Position:
        self._check((item,))
        sums = sums_of(self._ledger.view(as_of=check_date(on, "on")))
        return position(item, self.functional, sums, on)

    def _revaluation(self, on: date, name: str) -> Revaluation:
        check_date(on, "on")
        bl.Document(KIND, name, {})  # refuses what is no identifier
        self._check(self.items)
        sums = sums_of(self._ledger.view(as_of=on))
        positions = [position(item, self.functional, sums, on) for item in self.items]
        held = [each for each in positions if each.holds]
        book = RateBook(self._ledger) if self.rates is None else self.rates
        first = on - timedelta(days=self.look_up.days_back_max)
        first_year = max(first.year, bl.BOUNDS.date_min.year)
        rates = book.table(years=(first_year, on.year))
        quotes = {
            unit.code: rates.quote(unit, self.functional, on, self.look_up)
            for unit in sorted(
                {each.item.commodity for each in held}, key=lambda unit: unit.code
            )
        }
        rows = value(held, quotes, self.policy, self.rounding)
        return Revaluation(name, on, self.functional, self.policy, rows)

    def _version(self, id: str) -> int:
        try:
            return self._ledger.documents.get(KIND, id).version
        except UnknownRecord:
            return 0
