"""Who belongs to trading, and who is independent of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, final

import attrs

from backoffice_ledger.compliance._authority import Authority
from backoffice_ledger.compliance._checks import check_names, check_unit

_TRADING: Final = "trade."


def _as_units(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(check_unit(each, "units") for each in check_names(values, "units"))


@final
@attrs.frozen(order=False)
class TradingStaff:
    """Those who belong to trading (*Handel*): by their duties, or by their units.

    A duty of trading begins with ``trade.`` and does not end in ``.read``.  Name the
    units too: somebody whose right to trade has just ended is no control of trading.

    Args:
        authority: knows the actors; an `Organisation` does.
        units: paths of the units of trading, with all that is below them.

    Raises:
        InvalidOption, InvalidIdentifier: *units* are no list of paths.
    """

    authority: Authority
    units: tuple[str, ...] = attrs.field(default=(), converter=_as_units)

    def includes(self, actor: str, at: datetime) -> bool:
        """Whether somebody belongs to trading at an instant.

        Raises:
            UnknownRecord: there is no such actor.
        """
        unit = f"{self.authority.unit_of(actor)}:"
        return any(unit.startswith(f"{path}:") for path in self.units) or any(
            duty.startswith(_TRADING) and not duty.endswith(".read")
            for duty in self.authority.duties_of(actor, at)
        )

    def independent(self, actors: Iterable[str], at: datetime) -> tuple[str, ...]:
        """Return those who do not belong to trading, and hold some duty.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return tuple(
            actor
            for actor in actors
            if not self.includes(actor, at) and self.authority.duties_of(actor, at)
        )

    def signs_for(self, actors: Iterable[str], at: datetime) -> bool:
        """Whether all who stand behind one signature are independent persons.

        Raises:
            UnknownRecord: there is no such actor.
        """
        names = tuple(actors)
        are_human = all(self.authority.kind_of(name) == "human" for name in names)
        return are_human and self.independent(names, at) == names
