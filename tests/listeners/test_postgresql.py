"""Listeners of books on a server, where several processes deliver at a time."""

import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import date

import postgresql_server

import backoffice_ledger as bl
from backoffice_ledger.stores import PostgreSQLStore

WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def payment(number: int) -> bl.Entry:
    """Return a payment of one day."""
    return bl.Entry(
        f"payment-{number}",
        date(2026, 3, 2),
        [bl.debit("expenses:rent", "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
    )


def test_one_delivery_at_a_time(database: str) -> None:
    """The second one waits for the first, and then finds nothing left to tell."""
    heard: list[str] = []

    class Slow:
        name = "slow"

        def __call__(self, records: Sequence[bl.Record]) -> None:
            heard.extend(record.id for record in records)
            if records[-1].id == "payment-1":
                second.start()
                while not postgresql_server.execute(database, WAITING)[0][0]:
                    assert second.is_alive()

    def deliver() -> None:
        with closing(PostgreSQLStore(database)) as store:
            ledger = bl.open_ledger(store, actor="clerk", listeners=[Slow()])
            delivered.append(ledger.deliver())

    delivered: list[int] = []
    second = threading.Thread(target=deliver)
    with closing(PostgreSQLStore(database)) as store:
        ledger = bl.open_ledger(store, actor="clerk", create=True, listeners=[Slow()])
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        ledger.post(payment(1))
        second.join()
        assert delivered == [0]
        assert heard.count("payment-1") == 1
        assert heard == [record.id for record in ledger.records(after=2)]


def test_posters_do_not_wait_for_listeners(database: str) -> None:
    """What is known of a listener is looked at, not locked, by those who post."""
    seen: list[int] = []

    class Ear:
        name = "ear"

        def __call__(self, records: Sequence[bl.Record]) -> None:
            if records[-1].id == "payment-1":
                with closing(PostgreSQLStore(database)) as other:
                    bl.open_ledger(other, actor="rival").post(payment(2))
            seen.extend(record.position for record in records)

    with closing(PostgreSQLStore(database)) as store:
        ledger = bl.open_ledger(store, actor="clerk", create=True, listeners=[Ear()])
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        ledger.post(payment(1))
        assert ledger.deliver() == 0
        assert seen == [record.position for record in ledger.records(after=2)]
