"""When ``idempotency-conflict`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import IdempotencyConflict


def test_an_id_is_taken_by_other_content(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """The error names the first field that differs."""
    with refuses(
        ledger,
        IdempotencyConflict,
        "idempotency-conflict",
        field="postings[0].amount",
        expected="1000.00 EUR",
        found="'900.00 EUR'",
    ):
        ledger.post(
            entry(
                id="rent-2026-02",
                date=date(2026, 2, 28),
                description="Office, February",
                amount="900.00 EUR",
            )
        )


def test_an_id_twice_in_one_batch(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """The whole batch is refused, and the error says where."""
    with refuses(
        ledger,
        IdempotencyConflict,
        "idempotency-conflict",
        field="entries[1] (id 'rent-2026-03').description",
        expected="''",
        found="'other'",
    ):
        ledger.post_many([entry(), entry(description="other")])
