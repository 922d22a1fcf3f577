"""Postings from signed amounts."""

from collections.abc import Iterable, Mapping

import backoffice_ledger as bl

Line = tuple[str, bl.Amount, Mapping[str, str]]
"""An account, what it gets (debits positive, credits negative), and dimensions."""


def postings(lines: Iterable[Line]) -> list[bl.Posting]:
    """Return the postings of lines, those of zero left out."""
    return [
        bl.debit(account, amount, dimensions=dimensions)
        if amount.minor_units > 0
        else bl.credit(account, -amount, dimensions=dimensions)
        for account, amount, dimensions in lines
        if amount
    ]


def negated(lines: Iterable[Line]) -> list[Line]:
    """Return lines that take *lines* back."""
    return [(account, -amount, dimensions) for account, amount, dimensions in lines]


def total(amounts: Iterable[bl.Amount], unit: bl.Commodity) -> bl.Amount:
    """Return the sum of amounts of one commodity, of which there may be none."""
    return sum(amounts, bl.Amount.from_minor(0, unit))
