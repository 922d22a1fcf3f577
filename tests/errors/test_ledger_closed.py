"""When ``ledger-closed`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import LedgerClosed


def test_a_closed_ledger_answers_nothing(
    ledger: bl.Ledger, entry: Any, raises: Any
) -> None:
    """Neither questions nor commands."""
    ledger.close()
    for use in (
        lambda: ledger.post(entry()),
        lambda: ledger.balance("assets:bank"),
        lambda: ledger.periods.all(),
        ledger.verify,
    ):
        with raises(LedgerClosed, "ledger-closed"):
            use()
