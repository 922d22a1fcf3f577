"""Postings: an amount on one side of one account."""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import final

import attrs

from backoffice_ledger._model.amount import Amount, check_minor_units
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.text import (
    EMPTY_MAPPING,
    check_path,
    check_text,
    string_mapping,
)
from backoffice_ledger.errors import InexactNumber, InvalidOption


class Side(Enum):
    """Debit (left) or credit (right)."""

    DEBIT = "debit"
    CREDIT = "credit"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


def as_amount(value: object, field: str = "amount") -> Amount:
    """Return *value*, an amount or its text, as an amount.

    Raises:
        InexactNumber: it is neither.
        InvalidAmount: the text is malformed.
    """
    if type(value) is Amount:
        check_minor_units(value.minor_units)
        return value
    if isinstance(value, str):
        return Amount.parse(value)
    raise InexactNumber(
        field=field,
        expected="an Amount or text such as '1000.00 EUR'",
        found=type(value).__name__,
    )


@final
@attrs.frozen(init=False, order=False)
class Posting:
    """One line of an entry, as `debit` and `credit` build it.

    *amount* is signed on its side: a negative debit lowers the debit turnover (a
    same-side reversal, Generalumkehr) and moves the balance as a credit would.

    Args:
        account: the path of an account.
        side: `Side.DEBIT` or `Side.CREDIT`.
        amount: an `Amount`, or text such as ``"1000.00 EUR"``.
        value_date: the day from which the amount counts (settlement, interest);
            None means the entry's date.
        memo: erasable free text.
        dimensions: declared names with their values, such as a cost centre.

    Raises:
        InvalidIdentifier, InvalidAmount, InexactNumber, InvalidDate, InvalidText,
        BoundExceeded: the field named in the error is wrong.
    """

    account: str
    side: Side
    amount: Amount
    value_date: date | None = None
    memo: str | None = None
    dimensions: Mapping[str, str] = EMPTY_MAPPING

    def __init__(
        self,
        account: str,
        side: Side,
        amount: "Amount | str",
        *,
        value_date: date | None = None,
        memo: str | None = None,
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        if type(side) is not Side:
            raise InvalidOption(field="side", expected="a Side", found=side)
        set_field(self, "account", check_path(account, "account"))
        set_field(self, "side", side)
        set_field(self, "amount", as_amount(amount))
        if value_date is not None:
            value_date = check_date(value_date, "value_date")
        if memo is not None:
            memo = check_text(memo, "memo")
        named = EMPTY_MAPPING
        if dimensions is not None:
            named = string_mapping(dimensions, "dimensions")
        set_field(self, "value_date", value_date)
        set_field(self, "memo", memo)
        set_field(self, "dimensions", named)

    @property
    def signed(self) -> Amount:
        """The amount as it moves the balance: debits positive, credits negative."""
        return self.amount if self.side is Side.DEBIT else -self.amount

    def __str__(self) -> str:
        side = "Dr" if self.side is Side.DEBIT else "Cr"
        return f"{side} {self.account} {self.amount}"


def debit(
    account: str,
    amount: "Amount | str",
    *,
    value_date: date | None = None,
    memo: str | None = None,
    dimensions: Mapping[str, str] | None = None,
) -> Posting:
    """Return a debit posting; the arguments are those of `Posting`."""
    return Posting(
        account,
        Side.DEBIT,
        amount,
        value_date=value_date,
        memo=memo,
        dimensions=dimensions,
    )


def credit(
    account: str,
    amount: "Amount | str",
    *,
    value_date: date | None = None,
    memo: str | None = None,
    dimensions: Mapping[str, str] | None = None,
) -> Posting:
    """Return a credit posting; the arguments are those of `Posting`."""
    return Posting(
        account,
        Side.CREDIT,
        amount,
        value_date=value_date,
        memo=memo,
        dimensions=dimensions,
    )


def stored_posting(
    account: str,
    side: Side,
    amount: Amount,
    value_date: date | None,
    memo: str | None,
    dimensions: Mapping[str, str],
) -> Posting:
    """Build a posting from parts that a store has checked before."""
    self = Posting.__new__(Posting)
    set_field(self, "account", account)
    set_field(self, "side", side)
    set_field(self, "amount", amount)
    set_field(self, "value_date", value_date)
    set_field(self, "memo", memo)
    set_field(self, "dimensions", dimensions)
    return self
