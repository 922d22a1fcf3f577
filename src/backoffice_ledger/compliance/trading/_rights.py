"""Who belongs to trading: told by duties, not by names of units."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

TRADING_DUTY = "trade."
"""Duties that begin so are those of trading (*Handel*)."""


class Duties(Protocol):
    """Knows who has which duties, as every `compliance.Authority` does."""

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the duties of somebody at an instant; an unknown name raises."""
        ...


def is_trading(authority: Duties, actor: str, at: datetime) -> bool:
    """Whether somebody holds a duty of trading, other than to read."""
    return any(
        duty.startswith(TRADING_DUTY) and not duty.endswith(".read")
        for duty in authority.duties_of(actor, at)
    )


def outside(authority: Duties, actors: Iterable[str], at: datetime) -> tuple[str, ...]:
    """Return those of *actors* who do not belong to trading."""
    return tuple(name for name in actors if not is_trading(authority, name, at))
