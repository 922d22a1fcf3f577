"""Transfers: who is to give what to whom, and against what."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import as_amount
from backoffice_ledger.errors import (
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
)

_NAME_LENGTH_MAX: Final = 255


def check_name(value: object, field: str) -> str:
    """Return *value* if it is a name: text that is neither empty nor very long.

    Raises:
        InvalidIdentifier: it is something else.
    """
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > _NAME_LENGTH_MAX
        or not value.isprintable()
    ):
        raise InvalidIdentifier(
            field=field,
            expected=f"a printable name of at most {_NAME_LENGTH_MAX} characters",
            found=value,
        )
    return value


def positive_amount(value: object, field: str) -> bl.Amount:
    """Return an `Amount` above zero, or text such as ``"360.00 EUR"``, as an amount.

    Raises:
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: no amount.
        InvalidOption: zero or below.
    """
    amount = as_amount(value, field)
    if amount.minor_units <= 0:
        raise InvalidOption(field=field, expected="an amount above zero", found=amount)
    return amount


def _to_amount(value: "bl.Amount | str") -> bl.Amount:
    return positive_amount(value, "amount")


def _to_against(value: "bl.Amount | str | None") -> bl.Amount | None:
    return None if value is None else positive_amount(value, "against")


@final
@attrs.frozen(order=False, cache_hash=True)
class NettingSet:
    """What must agree before transfers may be netted.

    Commodities need not be named: nothing is ever netted across them.

    Args:
        settlement_date: the day on which the transfers are to settle.
        system: where they settle: a CSD, a payment system.
        agreement: id of the agreement that allows netting.

    Raises:
        InvalidDate: not a date.
        InvalidIdentifier: an empty or unprintable name.
    """

    settlement_date: date = attrs.field()
    system: str = attrs.field()
    agreement: str = attrs.field()

    def __attrs_post_init__(self) -> None:
        if type(self.settlement_date) is not date:
            raise InvalidDate(
                field="settlement_date",
                expected="datetime.date",
                found=self.settlement_date,
            )
        check_name(self.system, "system")
        check_name(self.agreement, "agreement")


@final
@attrs.frozen(order=False)
class Transfer:
    """An amount that one party is to give to another, free or against another amount.

    A delivery against payment, a payment, and an exchange of two currencies are all
    transfers.

    Args:
        id: unique among the transfers that are looked at together.
        sender: who gives *amount*.  A party is what is netted by itself: a member, or
            a customer's segregated account with a member.
        receiver: who receives it, and gives *against*.
        amount: of a security or a currency, above zero.
        against: of another commodity, above zero; None for free of payment.
        netting_set: with which others it may be netted.

    Raises:
        InvalidOption: amounts that are not above zero or are of one commodity, twice
            the same party, or no netting set.
        InvalidIdentifier: an empty or unprintable name.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: no amount.
    """

    id: str = attrs.field()
    sender: str = attrs.field()
    receiver: str = attrs.field()
    amount: bl.Amount = attrs.field(converter=_to_amount)
    against: bl.Amount | None = attrs.field(
        default=None, converter=_to_against, kw_only=True
    )
    netting_set: NettingSet | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for field in ("id", "sender", "receiver"):
            check_name(getattr(self, field), field)
        if self.sender == self.receiver:
            raise InvalidOption(
                field="receiver",
                expected="another party than the sender",
                found=self.receiver,
            )
        if self.against and self.against.commodity.code == self.amount.commodity.code:
            raise InvalidOption(
                field="against", expected="another commodity", found=self.against
            )
        _check_set(self.netting_set)


def _check_set(value: Any) -> None:
    if value is not None and not isinstance(value, NettingSet):
        raise InvalidOption(
            field="netting_set", expected="a NettingSet or None", found=value
        )


def check_transfer(value: object, field: str) -> Transfer:
    """Return *value* if it is a transfer.

    Raises:
        InvalidOption: it is something else.
    """
    if not isinstance(value, Transfer):
        raise InvalidOption(
            field=field, expected="a Transfer", found=type(value).__name__
        )
    return value


_SETTERS: Final[tuple[Callable[[Transfer, Any], None], ...]] = tuple(
    vars(Transfer)[field.name].__set__ for field in attrs.fields(Transfer)
)
_set_id, _set_sender, _set_receiver, _set_amount, _set_against, _set_netting_set = (
    _SETTERS
)


def unchecked_transfer(
    id: str, sender: str, receiver: str, amount: bl.Amount, netting_set: NettingSet
) -> Transfer:
    """Return a transfer of what was checked already; there may be a million of them."""
    transfer = object.__new__(Transfer)
    _set_id(transfer, id)
    _set_sender(transfer, sender)
    _set_receiver(transfer, receiver)
    _set_amount(transfer, amount)
    _set_against(transfer, None)
    _set_netting_set(transfer, netting_set)
    return transfer
