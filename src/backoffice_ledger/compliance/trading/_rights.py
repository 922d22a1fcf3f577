"""Who belongs to trading: told by duties, not by names of units."""

from collections.abc import Iterable
from datetime import datetime

from backoffice_ledger.compliance._authority import Authority

TRADING_DUTY = "trade."
"""Authority that begin so are those of trading (*Handel*)."""


def is_trading(authority: Authority, actor: str, at: datetime) -> bool:
    """Whether somebody holds a duty of trading, other than to read."""
    return any(
        duty.startswith(TRADING_DUTY) and not duty.endswith(".read")
        for duty in authority.duties_of(actor, at)
    )


def outside(
    authority: Authority, actors: Iterable[str], at: datetime
) -> tuple[str, ...]:
    """Return those of *actors* who do not belong to trading."""
    return tuple(name for name in actors if not is_trading(authority, name, at))
