"""Checks of arguments that several modules need."""

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption


def check_not_zero(amount: bl.Amount, field: str) -> bl.Amount:
    """Return *amount* if it is not zero.

    Raises:
        InvalidOption: it is zero.
    """
    if not amount:
        raise InvalidOption(
            field=field, expected="an amount that is not zero", found=amount
        )
    return amount
