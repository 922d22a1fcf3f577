"""Monetary items: foreign balances, and the accounts that carry their cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import cast, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import as_amount, check_instance
from backoffice_ledger.errors import CarryingMismatch, InvalidOption, UnknownAccount

Sums = Mapping[str, Mapping[str, int]]
"""Debits less credits in minor units, by account (those below it included) and code."""

_MONETARY = (bl.AccountType.ASSET, bl.AccountType.LIABILITY)
_CARRYING = (*_MONETARY, bl.AccountType.EQUITY)


def _as_commodity(value: bl.Commodity | str) -> bl.Commodity:
    return bl.Commodity.of(value)


@final
@attrs.frozen(order=False)
class MonetaryItem:
    """A foreign balance that is revalued as one: a bank account, a customer, a loan.

    The balance is kept in its own commodity.  What it cost in the functional currency
    lies in a trading account of its own, as the other side of every exchange; what
    revaluations have added or taken lies in the valuation account.  Cost and valuation
    together are the carrying amount.  Gains and losses within one item are netted, so
    what is to be valued by itself is an item by itself.

    Args:
        account: an asset or a liability; what lies below it counts along.
        commodity: the foreign one, a `Commodity` or its code.
        cost_account: the trading account of this item alone.
        valuation_account: the account for revaluations of this item alone.
        is_short_term: whether the remaining term is a year or less; `LossesOnly` then
            takes gains too.

    Raises:
        InvalidOption: one account for two purposes.
        UnknownCommodity, InvalidIdentifier: the field named in the error is wrong.
    """

    account: str
    commodity: bl.Commodity = attrs.field(converter=_as_commodity)
    cost_account: str
    valuation_account: str
    is_short_term: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self.is_short_term, bool, "is_short_term")
        zero = bl.Amount.from_minor(0, self.commodity)
        for name in ("account", "cost_account", "valuation_account"):
            bl.debit(getattr(self, name), zero)  # refuses what is no path
        if self.cost_account == self.valuation_account:
            raise InvalidOption(
                field="valuation_account",
                expected="another account",
                found=self.valuation_account,
            )
        for name in ("cost_account", "valuation_account"):
            path = getattr(self, name)
            if path == self.account or path.startswith(f"{self.account}:"):
                raise InvalidOption(
                    field=name, expected=f"an account not below {self.account}"
                )

    def postings(
        self, foreign: bl.Amount | str, cost: bl.Amount | str, *, account: str = ""
    ) -> list[bl.Posting]:
        """Return the postings that move the item; their rest is *cost*, to be balanced.

        >>> item = MonetaryItem("assets:due", "USD", "equity:trading:due", "equity:fx")
        >>> for posting in item.postings("10000.00 USD", "9000.00 EUR"):
        ...     print(posting)
        Dr assets:due 10000.00 USD
        Cr equity:trading:due 10000.00 USD
        Dr equity:trading:due 9000.00 EUR

        Args:
            foreign: what the balance gains, negative where it shrinks or a liability
                grows: debits are positive.
            cost: the same in the functional currency, at the rate of the day.
            account: the account below that is moved, if it is not the item's itself.

        Raises:
            InvalidOption: an amount of another commodity, or an account that does not
                belong to the item.
            InexactNumber, InvalidAmount: no amount.
        """
        moved = as_amount(foreign, "foreign")
        if moved.commodity != self.commodity:
            raise InvalidOption(
                field="foreign",
                expected=f"an amount of {self.commodity.code}",
                found=moved,
            )
        path = account or self.account
        if path != self.account and not path.startswith(f"{self.account}:"):
            raise InvalidOption(
                field="account", expected=f"{self.account} or below", found=path
            )
        return [
            signed(path, moved),
            signed(self.cost_account, -moved),
            signed(self.cost_account, as_amount(cost, "cost")),
        ]


def signed(account: str, amount: bl.Amount) -> bl.Posting:
    """Return a debit of a positive amount, a credit of a negative one."""
    return (
        bl.debit(account, amount)
        if amount.minor_units >= 0
        else bl.credit(account, -amount)
    )


@final
@attrs.frozen(order=False)
class Position:
    """An item on a day, in minor units; debits are positive.

    Attributes:
        item: whose.
        foreign: in the item's commodity.
        cost: in the functional currency.
        valuation: what revaluations have added to the cost.
    """

    item: MonetaryItem
    foreign: int
    cost: int
    valuation: int

    @property
    def holds(self) -> bool:
        """Whether there is anything to value."""
        return bool(self.foreign or self.cost or self.valuation)


def balances(view: bl.LedgerView) -> Iterator[tuple[str, str, int]]:
    """Yield account, code, and debits less credits in minor units."""
    for row in view.trial_balance():
        debit = cast(bl.Amount, row["closing_debit"])
        credit = cast(bl.Amount, row["closing_credit"])
        net = debit.minor_units - credit.minor_units
        yield str(row["account"]), str(row["commodity"]), net


def sums_of(view: bl.LedgerView) -> Sums:
    """Return the balances of all accounts of a view, in one consistent read."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, code, units in balances(view):
        sums[path][code] += units
        while ":" in path:
            path = path.rpartition(":")[0]
            sums[path][code] += units
    return sums


def position(
    item: MonetaryItem, functional: bl.Commodity, sums: Sums, on: date
) -> Position:
    """Return an item's position.

    Raises:
        CarryingMismatch: the trading account holds something else than the other side
            of the item.
    """
    code = item.commodity.code
    foreign = sums.get(item.account, {}).get(code, 0)
    carried = sums.get(item.cost_account, {})
    other_side = -carried.get(code, 0)
    if foreign != other_side:
        held, found = (
            bl.Amount.from_minor(units, item.commodity)
            for units in (foreign, other_side)
        )
        raise CarryingMismatch(
            field=item.cost_account,
            expected=f"the other side of {held} in {item.account} on {on}",
            found=f"of {found}",
        )
    for other, units in carried.items():
        if units and other not in (code, functional.code):
            raise CarryingMismatch(
                field=item.cost_account,
                expected=f"only {code} and {functional.code}",
                found=other,
            )
    return Position(
        item,
        foreign,
        carried.get(functional.code, 0),
        sums.get(item.valuation_account, {}).get(functional.code, 0),
    )


def check_items(
    items: Iterable[MonetaryItem], functional: bl.Commodity, chart: bl.ChartOfAccounts
) -> None:
    """Check that the chart has the accounts of the items, of the types they need.

    Raises:
        UnknownAccount: it has not.
        InvalidOption: an account of another type, or one that two items share.
    """
    taken: set[str] = set()
    for item in items:
        if item.commodity == functional:
            raise InvalidOption(
                field="commodity",
                expected=f"another one than {functional.code}",
                found=item.commodity.code,
            )
        below = chart.below(item.account)
        if not below:
            raise UnknownAccount(field="account", found=item.account)
        check_type(below[0], _MONETARY, "account")
        for name in ("cost_account", "valuation_account"):
            path = getattr(item, name)
            check_type(chart[path], _CARRYING, name)
            if path in taken:
                raise InvalidOption(
                    field=name, expected="an account for each item", found=path
                )
            taken.add(path)
    by_commodity: dict[str, list[str]] = defaultdict(list)
    for item in items:
        by_commodity[item.commodity.code].append(item.account)
    for accounts in by_commodity.values():
        ordered = sorted(accounts, key=lambda path: path.split(":"))
        for one, other in pairwise(ordered):
            if other == one or other.startswith(f"{one}:"):
                raise InvalidOption(
                    field="items", expected="each balance in one item", found=other
                )


def check_type(
    account: bl.Account, types: tuple[bl.AccountType, ...], field: str
) -> None:
    """Check the type of an account.

    Raises:
        InvalidOption: it is of another type.
    """
    if account.type not in types:
        raise InvalidOption(
            field=field,
            expected="an account of type " + " or ".join(kind.value for kind in types),
            found=f"{account.path} of type {account.type.value}",
        )
