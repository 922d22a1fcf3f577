"""Makes ``periods_2.db`` and ``periods_2.json``: calendars, classes and exceptions.

They came with format 2.  It ran once; never run it to make a failing test pass.

    python tests/golden/make_periods_2.py FOLDER
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger.calendars import (
    FiscalMonths,
    FiscalWeeks,
    FiscalYear,
    SuccessiveCalendars,
)
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import ManualClock, SeededSalts, SequentialIds

START = datetime(2026, 3, 2, 8, 0, 0, 250_001, tzinfo=UTC)
RETAIL = FiscalWeeks("saturday", rule="nearest", month=1, named_by="start")
LONG_YEAR = FiscalYear.of_months("LY2027", date(2027, 1, 31), date(2028, 3, 31))
FOLLOWING = SuccessiveCalendars(
    LONG_YEAR, [(date(2028, 4, 1), FiscalMonths(first_month=4, prefix="GJ"))]
)


def sale(id_: str, day: date, journal: str = "invoices") -> bl.Entry:
    """Return an entry of a journal."""
    pair = [bl.debit("assets:bank", "5.00 EUR"), bl.credit("income:sales", "5.00 EUR")]
    return bl.Entry(id_, day, pair, journal=journal)


def build(store: Store) -> None:
    """Make the book in *store*."""
    clock = ManualClock(START)
    salts, ids = SeededSalts("main"), SequentialIds("main-")
    ledger, accountant = (
        bl.open_ledger(
            store, actor=actor, create=True, clock=clock, ids=ids, salts=salts
        )
        for actor in ("clerk", "accountant")
    )
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("income:sales", type="income")
    ledger.open_journal("invoices", description="Rechnungen")
    ledger.open_journal("invoices", journal_class="sales")
    ledger.periods.use(RETAIL, reason="Beschluss vom 3. Mai")
    ledger.periods.close("FY2026-P01", journal_class="sales")
    ledger.periods.close("FY2026-P01")
    ledger.periods.use(FOLLOWING, since=LONG_YEAR.first)
    for id_, scope in (
        ("all", {}),
        ("journal", {"journal": "invoices"}),
        ("class", {"journal_class": "sales"}),
    ):
        ledger.periods.allow(
            "FY2026-P01",
            actors=["auditor", "accountant"] if id_ == "class" else ["auditor"],
            until=START + timedelta(hours=1),
            reason=f"Prüfung {id_}",
            id=id_,
            **scope,
        )
    accountant.post(sale("late", date(2026, 2, 28)))
    clock.move(timedelta(minutes=5))
    ledger.periods.revoke("journal", reason="erledigt")
    ledger.post(sale("in-time", date(2026, 3, 1)))


def vectors(store: Store) -> list[dict[str, object]]:
    """Return the canonical text and the leaf hash of every record."""
    with store.transaction("main", write=False) as transaction:
        return [
            {
                "position": row.record.position,
                "type": row.record.type,
                "id": row.record.id,
                "canonical": row.data.decode(),
                "leaf": row.record.leaf.hex(),
            }
            for row in transaction.log(0, 1000)
        ]


def main(folder: Path) -> None:
    """Write both files."""
    store = bl.SQLiteStore(folder / "periods_2.db", create=True)
    build(store)
    text = json.dumps(vectors(store), indent=1, ensure_ascii=False)
    (folder / "periods_2.json").write_text(text + "\n", encoding="utf-8")
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
