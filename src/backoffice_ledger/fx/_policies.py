"""What becomes of unrealised differences: three policies."""

from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.fx._items import check_type

Movements = dict[str, int]
"""Debits less credits by account, in minor units of the functional currency."""

_RESULT: Final = (bl.AccountType.INCOME, bl.AccountType.EXPENSE)
_TYPES: Final = {
    "gain_account": _RESULT,
    "loss_account": _RESULT,
    "expense_account": _RESULT,
    "release_account": _RESULT,
    "deferred_gain_account": (bl.AccountType.LIABILITY,),
    "deferred_loss_account": (bl.AccountType.ASSET,),
    "provision_account": (bl.AccountType.LIABILITY,),
}


@final
@attrs.frozen(order=False)
class ProfitAndLoss:
    """Gains and losses go to the result, as IAS 21 wants it for monetary items.

    Args:
        gain_account: receives what makes the item worth more.
        loss_account: receives what makes it worth less; it may be the same account.
    """

    gain_account: str
    loss_account: str


@final
@attrs.frozen(order=False)
class LossesOnly:
    """An item is never carried above its cost, nor a liability below it.

    Losses go to the result at once; later gains only as far as they take losses back.
    Items with a remaining term of a year or less (``is_short_term``) take gains too:
    HGB §256a.

    Args:
        gain_account: receives losses taken back, and gains of short-term items.
        loss_account: receives losses.
    """

    gain_account: str
    loss_account: str


@final
@attrs.frozen(order=False)
class Provision:
    """Differences wait in the balance sheet; a provision covers the losses.

    The item is carried at the closing rate.  Unrealised gains stand as a liability,
    unrealised losses as an asset, and for the losses a provision is made from the
    result and released to it.

    Args:
        deferred_gain_account: unrealised gains, such as 477 of a French chart.
        deferred_loss_account: unrealised losses, such as 476.
        provision_account: the provision, such as 1515.
        expense_account: to make it, such as 6865.
        release_account: to release it.
    """

    deferred_gain_account: str
    deferred_loss_account: str
    provision_account: str
    expense_account: str
    release_account: str

    def __attrs_post_init__(self) -> None:
        accounts = attrs.astuple(self)
        if len(set(accounts[:3])) < 3:
            raise InvalidOption(
                field="provision_account",
                expected="three accounts of the balance sheet",
                found=self.provision_account,
            )


Policy = ProfitAndLoss | LossesOnly | Provision
"""What becomes of unrealised differences."""


def target(policy: Policy, unrealised: int, *, is_short_term: bool) -> int:
    """Return what the valuation account of an item is to hold."""
    if isinstance(policy, LossesOnly) and not is_short_term:
        return min(unrealised, 0)
    return unrealised


def counters(policy: Policy, before: int, after: int) -> Movements:
    """Return the other side of a change of the valuation account."""
    if isinstance(policy, Provision):
        return _deferred(policy, before, after)
    return to_result(policy.gain_account, policy.loss_account, after - before)


def to_result(gain_account: str, loss_account: str, gain: int) -> Movements:
    """Return where a gain goes, or a loss if negative."""
    return {gain_account if gain > 0 else loss_account: -gain}


def _deferred(policy: Provision, before: int, after: int) -> Movements:
    gain = max(after, 0) - max(before, 0)
    loss = max(-after, 0) - max(-before, 0)
    result = policy.expense_account if loss > 0 else policy.release_account
    return {
        policy.deferred_gain_account: -gain,
        policy.deferred_loss_account: loss,
        policy.provision_account: -loss,
        result: loss,
    }


def check_accounts(policy: Policy, chart: bl.ChartOfAccounts) -> None:
    """Check that the chart has a policy's accounts, of the types that they need.

    Raises:
        UnknownAccount: it has not.
        InvalidOption: an account of another type.
    """
    for name, path in attrs.asdict(policy).items():
        check_type(chart[path], _TYPES[name], name)


def plain_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as a document holds it."""
    names = {ProfitAndLoss: "profit-and-loss", LossesOnly: "losses-only"}
    return {"type": names.get(type(policy), "provision"), **attrs.asdict(policy)}


def check_policy(policy: object) -> Policy:
    """Return *policy* if it is one.

    Raises:
        InvalidOption: it is not.
    """
    if isinstance(policy, (ProfitAndLoss, LossesOnly, Provision)):
        return policy
    raise InvalidOption(
        field="policy",
        expected="ProfitAndLoss, LossesOnly or Provision",
        found=type(policy).__name__,
    )
