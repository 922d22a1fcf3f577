"""Cut-offs: which trades were late for them."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from backoffice_ledger import errors
from backoffice_ledger.settlement import SettlementDesk, Trade
from backoffice_ledger.settlement.dates import cut_off

NAIVE = datetime.fromisoformat("2026-10-08T12:00:00")


def test_who_is_late_is_listed(
    desk: SettlementDesk, make: Callable[..., Trade]
) -> None:
    """Affirmed after the cut-off, or not at all by now; nothing else."""
    affirmation = cut_off("dtc-affirmation")  # 21:00 in New York
    ids = [f"T-{number}" for number in range(6)]
    desk.capture_many(make(id=id_) for id_ in ids)
    desk.enrich_many(ids)
    desk.advance_many(ids, "confirmed")
    in_time = datetime(2026, 10, 8, 20, tzinfo=UTC)
    late = datetime(2026, 10, 9, 1, 5, tzinfo=UTC)
    desk.affirm("T-0", at=in_time)
    desk.affirm("T-1", at=late)
    desk.affirm("T-2")  # nobody said when
    desk.match("T-3")  # needs no affirmation any more
    desk.cancel("T-4", on=date(2026, 10, 8))
    now = datetime(2026, 10, 9, 2, tzinfo=UTC)
    rows = desk.late(affirmation, now=now).rows()
    assert [(row["trade"], row["done"], row["minutes"]) for row in rows] == [
        ("T-1", "2026-10-09T01:05:00Z", 5),
        ("T-5", None, 60),
    ]
    assert desk.late(affirmation, now=in_time).rows() == rows[:1]
    with pytest.raises(errors.InvalidOption, match="kind"):
        desk.late(cut_off("dtc-allocation"), now=now)
    with pytest.raises(errors.InvalidDate, match="now"):
        desk.late(affirmation, now=NAIVE)
    with pytest.raises(errors.InvalidOption, match="cut_off"):
        desk.late("noon", now=now)  # type: ignore[arg-type]
