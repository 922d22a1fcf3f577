"""A refusal that was recorded answers every retry, and stands in the log once."""

from datetime import date
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_retry_of_a_recorded_refusal(kind: str, tmp_path: Path) -> None:
    """It gets the same answer, writes nothing, and whatever changed does not matter."""
    where = ":memory:" if kind == "memory" else tmp_path / "books.db"
    ledger = bl.open_ledger(where, actor="clerk", create=True)
    ledger.open_account("assets:bank", type="asset")
    limits = [bl.Limit(minimum="0.00 EUR")]
    ledger.open_account("liabilities:anna", type="liability", limits=limits)
    entry = bl.Entry(
        "payout",
        date(2026, 3, 2),
        [bl.debit("liabilities:anna", "1 EUR"), bl.credit("assets:bank", "1 EUR")],
    )
    for _ in range(3):
        with pytest.raises(errors.LimitBreached):
            ledger.post(entry, on_refusal="record")
        ledger.accounts.change("liabilities:anna", limits=[])
    refusals = [record for record in ledger.records() if record.type == "refusal"]
    assert [record.id for record in refusals] == ["payout"]
    ledger.verify()
    ledger.close()
