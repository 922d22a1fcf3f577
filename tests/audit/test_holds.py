"""Verification of holds: of what is kept of them, and of the way that they went."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._engine.hold_records import hold_record
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger.stores import migrate
from backoffice_ledger.testing import ManualClock, SeededSalts

GOLDEN = Path(__file__).parents[1] / "golden" / "format_2.db"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = instant_to_microseconds(NOON, "at")
HOUR = 3_600_000_000
PAIR = (bl.debit("assets:a", "5.00 EUR"), bl.credit("assets:b", "5.00 EUR"))
MORE = (bl.debit("assets:a", "6.00 EUR"), bl.credit("assets:b", "6.00 EUR"))

CHANGES = {
    "hold": "hold || 'x'",
    "line": "line + 7",
    "account_no": "account_no + 1",
    "account that is none": "account_no = 99",
    "commodity_no": "commodity_no + 5",
    "side": "1 - side",
    "high": "high + 1",
    "low": "low + 1",
    "expires_at": "coalesce(expires_at, 0) + 1",
    "never": "expires_at = NULL",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the released file with holds in every state, in the present format."""
    folder = tmp_path_factory.mktemp("sample")
    path = Path(shutil.copyfile(GOLDEN, folder / "sample.db"))
    migrate(path)
    return path


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_what_is_pending_is_noticed(
    name: str, sample: Path, tmp_path: Path
) -> None:
    """Each column, in each row."""
    text = CHANGES[name]
    change = text if "=" in text else f"{name} = {text}"
    with closing(sqlite3.connect(sample)) as connection:
        rows = connection.execute(
            "SELECT hold, line FROM bl_pending WHERE ? <> 'never'"
            " OR expires_at IS NOT NULL",
            (name,),
        ).fetchall()
    assert rows
    for row in rows:
        path = Path(shutil.copyfile(sample, tmp_path / "changed.db"))
        with closing(sqlite3.connect(path)) as connection, connection:
            where = "WHERE hold = ? AND line = ?"
            connection.execute(f"UPDATE bl_pending SET {change} {where}", row)
        with (
            bl.open_ledger(path, read_only=True) as ledger,
            pytest.raises((errors.VerificationFailed, errors.Corrupt)),
        ):
            ledger.verify()


def test_a_line_that_is_gone_is_noticed(sample: Path, tmp_path: Path) -> None:
    """What is pending is what the records of the holds say."""
    path = Path(shutil.copyfile(sample, tmp_path / "changed.db"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM bl_pending WHERE hold = 'open' AND line = 1")
    with (
        bl.open_ledger(path, read_only=True) as ledger,
        pytest.raises(errors.VerificationFailed, match="hold open"),
    ):
        ledger.verify()


Steps = Sequence[dict[str, Any]]
FIRST: dict[str, Any] = {
    "status": "open",
    "before": (),
    "after": PAIR,
    "captures": (),
    "expires_at": AT + HOUR,
}
HISTORIES: dict[str, tuple[Steps, str]] = {
    "begins voided": (
        [FIRST | {"status": "voided", "after": ()}],
        "a hold begins open and without captures",
    ),
    "voided twice": (
        [FIRST, *[{"status": "voided", "before": PAIR, "after": ()}] * 2],
        "the hold was voided before",
    ),
    "another expiry": (
        [FIRST, {"status": "voided", "before": PAIR, "after": (), "expires_at": AT}],
        "a hold does not change its expiry",
    ),
    "voided and captured": (
        [FIRST, {"status": "voided", "before": PAIR, "after": (), "captures": ("e",)}],
        "a hold is voided without another capture",
    ),
    "expired too early": (
        [FIRST, {"status": "expired", "before": PAIR, "after": ()}],
        "the hold was not due",
    ),
    "captured by nothing": (
        [
            FIRST,
            {"status": "captured", "before": PAIR, "after": (), "captures": ("e",)},
        ],
        "the entry before it is not the capture that it names",
    ),
    "captured too much": (
        [
            FIRST,
            {"entry": MORE},
            {"status": "captured", "before": PAIR, "after": (), "captures": ("e",)},
        ],
        "more was captured, or kept, than was reserved",
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_way_that_no_hold_goes_is_noticed(name: str) -> None:
    """Whoever wrote it: the position is named."""
    steps, expected = HISTORIES[name]
    store = bl.MemoryStore()
    clock = ManualClock(NOON)
    ledger = bl.open_ledger(store, actor="clerk", clock=clock)
    for path in ("assets:a", "assets:b"):
        ledger.open_account(path, type="asset")
    ledger.post(bl.Entry("first", date(2026, 3, 1), PAIR))
    stamp = Stamp("clerk", AT, SeededSalts("holds"))
    for step in steps:
        if "entry" in step:
            ledger.post(bl.Entry("e", date(2026, 3, 1), step["entry"]))
            continue
        record = hold_record(stamp, "h", **FIRST | step)
        with store.transaction("main", write=True) as transaction:
            transaction.append([record])
    with pytest.raises(errors.VerificationFailed) as caught:
        ledger.verify()
    assert expected in str(caught.value)
    assert caught.value.position is not None


def test_a_sweep_passes_over_what_somebody_was_quicker_to_end() -> None:
    """Between the question which holds are due and the record that they expired."""
    store = bl.MemoryStore()
    clock = ManualClock(NOON)
    ledger = bl.open_ledger(store, actor="clerk", clock=clock)
    for path in ("assets:a", "assets:b"):
        ledger.open_account(path, type="asset")
    ledger.holds.reserve(bl.Hold("h", PAIR, expires=timedelta(hours=1)))
    clock.move(timedelta(hours=2))
    calls = iter([NOON + timedelta(hours=2), NOON])

    class Back:
        """A clock that goes back between the two."""

        def now(self) -> datetime:
            """Return the next instant."""
            return next(calls)

    late = bl.open_ledger(store, actor="clerk", clock=clock)
    object.__setattr__(late._session, "clock", Back())
    assert late.holds.sweep() == 0
    assert ledger.holds.sweep() == 1


def test_a_hold_with_all_that_a_posting_can_carry_is_sound(tmp_path: Path) -> None:
    """Dimensions and value dates wait in the record; the capture has them."""
    with bl.open_ledger(tmp_path / "h.db", actor="clerk", create=True) as ledger:
        ledger.declare_dimension("cost_centre")
        for path in ("assets:a", "assets:b"):
            ledger.open_account(path, type="asset")
        full = bl.debit(
            "assets:a",
            "5.00 EUR",
            value_date=date(2026, 3, 2),
            dimensions={"cost_centre": "B7"},
        )
        ledger.holds.reserve(bl.Hold("h", [full, PAIR[1]]))
        ledger.verify()
        record = ledger.holds.capture("h", date=date(2026, 3, 1))
        assert record.entry.postings == (full, PAIR[1])
        ledger.verify()
