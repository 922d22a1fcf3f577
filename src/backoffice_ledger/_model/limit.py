"""Limits: what an account may hold of one commodity."""

from collections.abc import Mapping
from typing import final

import attrs

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_iterable
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.posting import as_amount
from backoffice_ledger._model.text import EMPTY_MAPPING, FrozenMapping
from backoffice_ledger.errors import CommodityMismatch, InvalidOption


@final
@attrs.frozen(init=False, order=False)
class Limit:
    """The least and the most that an account may hold of one commodity.

    Amounts are on the account's normal side, as balances are: a customer's deposit (a
    liability) with ``minimum="0.00 EUR"`` cannot be overdrawn.  Money that is reserved
    to leave counts as gone for the minimum, money that is reserved to come counts as
    there for the maximum; so capturing a hold never breaks a limit.

    Only what moves towards a limit is refused: a deposit is always taken, even while
    the account is below a minimum that was raised later.

    Args:
        minimum: an `Amount` or text such as ``"-500.00 EUR"``, or None.
        maximum: likewise.

    Raises:
        InvalidOption: neither is given, or the minimum exceeds the maximum.
        CommodityMismatch: they are of different commodities.
        InvalidAmount, InexactNumber: an amount is malformed.
    """

    minimum: Amount | None
    maximum: Amount | None

    def __init__(
        self,
        *,
        minimum: "Amount | str | None" = None,
        maximum: "Amount | str | None" = None,
    ) -> None:
        low = None if minimum is None else as_amount(minimum, "minimum")
        high = None if maximum is None else as_amount(maximum, "maximum")
        if low is None and high is None:
            raise InvalidOption(field="minimum", expected="a minimum or a maximum")
        if low is not None and high is not None:
            if low.commodity != high.commodity:
                raise CommodityMismatch(
                    field="maximum", expected=low.commodity.code, found=str(high)
                )
            if low.minor_units > high.minor_units:
                raise InvalidOption(
                    field="maximum", expected=f"{low} or more", found=high
                )
        set_field(self, "minimum", low)
        set_field(self, "maximum", high)

    @property
    def commodity(self) -> Commodity:
        """The commodity of the amounts."""
        amount = self.maximum if self.minimum is None else self.minimum
        assert amount is not None  # noqa: S101 - the constructor sees to it
        return amount.commodity


def limits_by_code(value: object, field: str) -> Mapping[str, Limit]:
    """Return limits by the code of their commodity, in the order of the codes.

    Raises:
        InvalidOption: something else than limits, or two of one commodity.
    """
    if value is None:
        return EMPTY_MAPPING
    by_code: dict[str, Limit] = {}
    for item in check_iterable(value, field):
        if type(item) is not Limit:
            raise InvalidOption(
                field=field, expected="Limits", found=type(item).__name__
            )
        code = item.commodity.code
        if code in by_code:
            raise InvalidOption(
                field=field, expected="one limit for each commodity", found=code
            )
        by_code[code] = item
    return FrozenMapping(sorted(by_code.items())) if by_code else EMPTY_MAPPING
