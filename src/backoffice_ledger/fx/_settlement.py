"""Settlement of a foreign item: what was realised, and what leaves with it. Pure."""

from datetime import date
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import as_amount, check_date, check_instance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.fx._items import MonetaryItem, Position, signed
from backoffice_ledger.fx._policies import (
    Movements,
    Policy,
    ProfitAndLoss,
    counters,
    to_result,
)

KIND: Final = "fx-settlement"
"""Kind of the documents that keep settlements as they were asked for."""
RULE: Final = "fx.settlement@1"


def _as_amount(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "amount")


def _as_value(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "value")


@final
@attrs.frozen(order=False)
class Settlement:
    """A foreign item is paid, collected or exchanged, all of it or a part.

    Args:
        id: your own id, kept for ever; it becomes the id of the entry.
        item: what is settled.
        date: booking date.
        amount: how much of it, in its commodity, more than zero.
        value: what came in or went out for it, in the functional currency: the money
            itself, or the amount at the rate of the day.
        to: the account that gives or takes the value; or another item of the same
            commodity, such as a foreign bank account, that takes the amount over at
            that value.
        account: the account below the item's that is settled, where it is not its own.
        to_account: likewise of the other item.
        description: erasable free text.

    Raises:
        InvalidOption: amounts not more than zero, of other commodities, or an item
            of another one.
        InexactNumber, InvalidAmount, InvalidDate, InvalidText, InvalidIdentifier: the
            field named in the error is wrong.
    """

    id: str
    item: MonetaryItem
    date: date
    amount: bl.Amount = attrs.field(converter=_as_amount)
    value: bl.Amount = attrs.field(converter=_as_value)
    to: "str | MonetaryItem"
    account: str = attrs.field(default="", kw_only=True)
    to_account: str = attrs.field(default="", kw_only=True)
    description: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self.item, MonetaryItem, "item")
        check_date(self.date, "date")
        for name in ("amount", "value"):
            if getattr(self, name).minor_units <= 0:
                raise InvalidOption(
                    field=name, expected="more than zero", found=getattr(self, name)
                )
        self.item.postings(self.amount, self.value, account=self.account)
        if isinstance(self.to, MonetaryItem):
            if self.to == self.item:
                raise InvalidOption(field="to", expected="another item")
            self.to.postings(self.amount, self.value, account=self.to_account)
        else:
            check_instance(self.to, str, "to")
            bl.debit(self.to, self.value)
        bl.EntryDraft(
            self.date,
            [bl.debit(self.item.account, self.amount)],
            id=self.id,
            description=self.description,
        )

    def document(self) -> bl.Document:
        """Return the document that tells a repeated settlement from another one."""
        content: dict[str, Any] = {
            "account": self.account or self.item.account,
            "amount": str(self.amount),
            "cost_account": self.item.cost_account,
            "date": self.date.isoformat(),
            "value": str(self.value),
        }
        if isinstance(self.to, MonetaryItem):
            content["to"] = self.to_account or self.to.account
            content["to_cost_account"] = self.to.cost_account
        else:
            content["to"] = self.to
        return bl.Document(KIND, self.id, content)


@final
@attrs.frozen(order=False)
class Release:
    """What leaves with a settlement, in minor units, debits positive.

    Attributes:
        foreign: of the item's balance.
        cost: of its cost.
        valuation: of what revaluations had added.
        value: what came for it.
    """

    foreign: int
    cost: int
    valuation: int
    value: int

    @property
    def realised(self) -> int:
        """The gain since the item was first booked, or the loss if negative."""
        return self.value - self.cost


def check_available(settlement: Settlement, held: Position, latest: Position) -> None:
    """Check that an item holds the amount, on its day and after all that came later.

    Raises:
        InvalidOption: it does not.
    """
    is_one_side = held.foreign * latest.foreign > 0
    available = min(abs(held.foreign), abs(latest.foreign)) if is_one_side else 0
    if settlement.amount.minor_units > available:
        left = bl.Amount.from_minor(available, held.item.commodity)
        raise InvalidOption(
            field="amount",
            expected=f"at most what the item holds on {settlement.date} and later: "
            f"{left}",
            found=settlement.amount,
        )


def release(settlement: Settlement, held: Position) -> Release:
    """Return the share of cost and valuation that leaves with an amount.

    It is in proportion, so that the cost is the weighted average; the last part takes
    what is left, exactly.
    """
    units = settlement.amount.minor_units
    sign = 1 if held.foreign > 0 else -1
    whole = abs(held.foreign)
    return Release(
        sign * units,
        _share(held.cost, units, whole),
        _share(held.valuation, units, whole),
        sign * settlement.value.minor_units,
    )


def _share(total: int, units: int, whole: int) -> int:
    """Return a share, rounded half away from zero."""
    size = (2 * abs(total) * units + whole) // (2 * whole)
    return size if total >= 0 else -size


def settlement_entry(
    settlement: Settlement,
    held: Position,
    policy: Policy,
    realised: ProfitAndLoss,
    functional: bl.Commodity,
    journal: str,
) -> bl.Entry:
    """Return the entry that settles; its postings sum to zero by construction."""
    item, to = settlement.item, settlement.to
    out = release(settlement, held)

    def foreign(units: int) -> bl.Amount:
        return bl.Amount.from_minor(units, item.commodity)

    def money(units: int) -> bl.Amount:
        return bl.Amount.from_minor(units, functional)

    if isinstance(to, MonetaryItem):
        postings = to.postings(
            foreign(out.foreign), money(out.value), account=settlement.to_account
        )
    else:
        postings = [signed(to, money(out.value))]
    postings += item.postings(
        foreign(-out.foreign), money(-out.cost), account=settlement.account
    )
    gain = to_result(realised.gain_account, realised.loss_account, out.realised)
    postings += _postings(gain, functional)
    left = held.valuation - out.valuation
    taken_back = counters(policy, held.valuation, left)
    postings += _postings(
        {item.valuation_account: -out.valuation, **taken_back}, functional
    )
    return bl.Entry(
        settlement.id,
        settlement.date,
        postings,
        description=settlement.description,
        journal=journal,
        references=[f"{KIND}/{settlement.id}"],
        rule=RULE,
    )


def _postings(movements: Movements, unit: bl.Commodity) -> list[bl.Posting]:
    """Return the postings of movements by account, those of zero left out."""
    return [
        signed(path, bl.Amount.from_minor(units, unit))
        for path, units in movements.items()
        if units
    ]
