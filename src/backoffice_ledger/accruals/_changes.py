"""What may happen to a schedule after it was made."""

from datetime import date
from typing import Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._checks import check_not_zero
from backoffice_ledger.accruals._methods import Method
from backoffice_ledger.accruals._span import Span
from backoffice_ledger.accruals._terms import KIND, Shares, as_shares, check_units
from backoffice_ledger.checks import as_amount, check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidOption

Policy = Literal["prospective", "catch-up", "restate"]
"""What a change of the contract does to what was recognised before.

* ``prospective``: nothing; the new rest goes over the remaining weights.
* ``catch-up``: all is computed anew, and the difference is booked on the day from
  which the change counts.
* ``restate``: the same, against equity, as an entry of kind ``restatement``: for
  errors of earlier periods only.
"""

Against = Literal["recognised", "deferred", "proportional"]
"""What a credit note takes back first: what was recognised, what was not, or both."""

Rest = Literal["recognise", "release"]
"""What becomes of the rest when a service ends early."""


def _as_amount(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "amount")


def _optional_amount(value: bl.Amount | str | None) -> bl.Amount | None:
    return None if value is None else _as_amount(value)


def _check_common(id: str, reason: str, *accounts: str | None) -> None:
    """Check an id and a text as documents do, and accounts as postings do."""
    bl.Document(KIND, id, {"reason": reason})
    for account in accounts:
        if account is not None:
            bl.debit(account, "1 JPY")


@final
@attrs.frozen(order=False, kw_only=True)
class Amendment:
    """Another total, span or method, from a day on.

    The period that holds the day follows the new terms as a whole; earlier periods
    stay as they are.  What is not given stays too.

    Args:
        id: your own id, such as the number of the amended contract.
        effective: the day from which the change counts.
        policy: what it does to earlier periods, see `Policy`.
        total: the whole total, with what was recognised before.
        span: the whole span, with the periods before.
        method: how the total is spread.
        shares: with method ``given``.
        base: the whole base amount, for a schedule that has one.
        account: the equity account, with policy ``restate``.
        reason: erasable free text.

    Raises:
        InvalidOption: nothing is changed, or an account where none belongs.
        InvalidInput: another field is wrong.
    """

    id: str
    effective: date
    policy: Policy
    total: bl.Amount | None = attrs.field(default=None, converter=_optional_amount)
    span: Span | None = None
    method: Method | None = None
    shares: Shares | None = attrs.field(default=None, converter=as_shares)
    base: bl.Amount | None = attrs.field(default=None, converter=_optional_amount)
    account: str | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        check_choice(self.policy, Policy, "policy")
        _check_common(self.id, self.reason, self.account)
        if self.span is not None:
            check_instance(self.span, Span, "span")
        if (self.policy == "restate") != (self.account is not None):
            raise InvalidOption(
                field="account",
                expected="an equity account with policy restate, and only then",
            )
        if not self.given():
            raise InvalidOption(
                field="total", expected="a total, a span, a method, shares or a base"
            )

    def given(self) -> dict[str, object]:
        """Return the terms that it changes."""
        names = ("total", "span", "method", "shares", "base")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


@final
@attrs.frozen(order=False, kw_only=True)
class Cancellation:
    """The service ends before its time.

    Args:
        id: your own id.
        effective: the first day without the service.
        rest: ``recognise`` books the rest on that day; ``release`` takes back what
            was deferred (parts up to the day before are recognised), or stops
            accruing.
        account: who gives or gets the rest of a deferral that is released.
        reason: erasable free text.

    Raises:
        InvalidInput: a field is wrong.
    """

    id: str
    effective: date
    rest: Rest
    account: str | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        check_choice(self.rest, Rest, "rest")
        _check_common(self.id, self.reason, self.account)


@final
@attrs.frozen(order=False, kw_only=True)
class CreditNote:
    """A part of the price is given back.

    Args:
        id: your own id, such as the number of the credit note.
        effective: its booking date.
        amount: what is given back, without tax, of the sign of the total.
        against: what it takes back first, see `Against`.
        account: who gives or gets it.
        reason: erasable free text.

    Raises:
        InvalidOption: an amount of zero.
        InvalidInput: another field is wrong.
    """

    id: str
    effective: date
    amount: bl.Amount = attrs.field(converter=_as_amount)
    against: Against
    account: str
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        check_not_zero(self.amount, "amount")
        check_choice(self.against, Against, "against")
        _check_common(self.id, self.reason, self.account)


@final
@attrs.frozen(order=False, kw_only=True)
class Settlement:
    """The invoice for what was accrued.

    Where the style is ``balance-sheet-first`` it takes the accrued balance and books
    the difference in the result; where it is ``cut-off`` the accrual was taken back on
    the first day of the period, and the invoice goes into the result as any other.

    Args:
        id: your own id, such as the number of the invoice.
        effective: its booking date.
        amount: of the invoice, without tax.
        account: the payable or receivable, or the bank.
        accrued: what it settles; all that is accrued on that day if not given.
        tax: what is added to the invoice; it is never accrued.
        tax_account: takes the tax.
        reason: erasable free text.

    Raises:
        InvalidOption: a tax without an account, or an account without a tax.
        InvalidInput: another field is wrong.
    """

    id: str
    effective: date
    amount: bl.Amount = attrs.field(converter=_as_amount)
    account: str
    accrued: bl.Amount | None = attrs.field(default=None, converter=_optional_amount)
    tax: bl.Amount | None = attrs.field(default=None, converter=_optional_amount)
    tax_account: str | None = None
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        if (self.tax is None) != (self.tax_account is None):
            raise InvalidOption(
                field="tax_account", expected="a tax and its account, or neither"
            )
        _check_common(self.id, self.reason, self.account, self.tax_account)


@final
@attrs.frozen(order=False, kw_only=True)
class Usage:
    """Units that were used in a period, for method ``usage``.

    Args:
        id: your own id, such as the number of the meter reading.
        period: such as ``2026-08``, by the calendar of the schedule; each is reported
            once, in order.  The last period of the span is not reported: it takes the
            rest.
        units: how many.
        reason: erasable free text.

    Raises:
        InvalidInput: a field is wrong.
    """

    id: str
    period: str
    units: int
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.period, str) or "-" not in self.period:
            raise InvalidOption(
                field="period",
                expected="a period such as 2026-08",
                found=self.period,
            )
        check_units(self.units)
        _check_common(self.id, self.reason)


@final
@attrs.frozen(order=False, kw_only=True)
class Relocation:
    """Entries that came too late for their period are booked later.

    The ledger module makes it, when a schedule is kept or run while periods are
    closed; the entries keep their economic dates.

    Attributes:
        keys: what is moved, such as ``v1/2026-01``.
        date: when it is booked.
    """

    keys: tuple[str, ...]
    date: date


Change = Amendment | Cancellation | CreditNote | Settlement | Usage
"""What a user may ask for."""
