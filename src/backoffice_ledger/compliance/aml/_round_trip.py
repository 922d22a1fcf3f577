"""Money that comes back to where it started."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_count
from backoffice_ledger.compliance.aml._checks import check_share, check_window
from backoffice_ledger.compliance.aml._movement import AmlAlert, Movement, Observe
from backoffice_ledger.compliance.aml._rules import make_alert

STEPS_TRIED_MAX = 10_000
"""How many steps back are tried for one movement; a denser graph is cut off there."""


@final
@attrs.frozen(kw_only=True, order=False)
class RoundTrip:
    """A cycle of payments that brings back a share of what was sent.

    It is looked for among payments between parties: movements out with a counterparty.
    The payments follow one another in time, all within the window; no party but the
    first occurs twice.  The shortest cycle that fits is reported, among those the
    latest.  Groups that pool their cash are to be exempted.

    Args:
        length: how many payments at most.
        window: from the first payment to the last.
        share: how much of the first payment the last one must bring back.
        commodity: the currency that is looked at.
        exempt: parties through which a cycle does not count.
        id: of the rule.
        version: of the rule and its parameters.
    """

    length: int
    window: timedelta
    share: Fraction
    commodity: bl.Commodity
    exempt: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    id: str = "round-trip"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_count(self.length, "length", 1)
        check_window(self.window, "window")
        check_share(self.share, "share")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name = f"{self.id}@{self.version}"
        received: dict[str, deque[Movement]] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            payer, payee = movement.party, movement.counterparty
            if (
                movement.direction != "out"
                or payee is None
                or movement.amount.commodity != self.commodity
                or self.exempt & {payer, payee}
            ):
                return None
            begin = movement.at - self.window
            found = self._cycle(received, movement, begin)
            incoming = received.setdefault(payee, deque())
            while incoming and incoming[0].at <= begin:
                incoming.popleft()
            incoming.append(movement)
            if found is None:
                return None
            ids = (*(step.id for step in found), movement.id)
            reason = f"of {found[0].amount} came back after {len(ids)} payments"
            alert = make_alert(name, movement, ids, movement.amount.minor_units, reason)
            return attrs.evolve(alert, party=str(payee))

        return observe

    def _cycle(
        self,
        received: dict[str, deque[Movement]],
        last: Movement,
        begin: datetime,
    ) -> list[Movement] | None:
        """Return the payments that lead from the payee of *last* to its payer."""
        origin = last.counterparty
        tried = 0
        paths: list[list[Movement]] = [[last]]
        for _ in range(self.length - 1):
            longer: list[list[Movement]] = []
            for path in paths:
                for step in _before(received.get(path[0].party, deque()), path[0]):
                    tried += 1
                    if step.at <= begin or tried > STEPS_TRIED_MAX:
                        break
                    if step.party == origin:
                        if last.amount.minor_units >= (
                            self.share * step.amount.minor_units
                        ):
                            return [step, *path[:-1]]
                    elif all(step.party != later.party for later in path):
                        longer.append([step, *path])
            paths = longer
        return None


def _before(received: deque[Movement], later: Movement) -> Iterator[Movement]:
    """Yield the payments to a party that came before it paid, the latest first."""
    return (step for step in reversed(received) if step.at <= later.at)
