"""The injector itself: it fails what it is told to, and nothing else."""

import sqlite3

import pytest

from backoffice_ledger.testing.faults import FaultInjector


def test_the_plan_is_carried_out() -> None:
    """From one statement on, those that match, as often as asked, before or after."""
    faults = FaultInjector()
    ran: list[str] = []

    def run(sql: str) -> None:
        faults(sql, lambda: ran.append(sql) or [])

    faults.arm("SQLITE_FULL", statement=1, matching="INSERT", times=2, after=True)
    run("INSERT a")
    run("SELECT b")
    for left in (1, 0):
        with pytest.raises(sqlite3.OperationalError) as caught:
            run("INSERT c")
        assert caught.value.sqlite_errorcode == sqlite3.SQLITE_FULL
        assert faults.left == left
    run("INSERT d")
    assert faults.statements == ran
    assert len(ran) == 5
    assert faults.disarm()
    faults.arm("SQLITE_CORRUPT")
    with pytest.raises(sqlite3.DatabaseError):
        run("SELECT e")
    assert len(ran) == 5
    faults.arm("SQLITE_BUSY")
    assert not faults.disarm()
    run("SELECT f")
