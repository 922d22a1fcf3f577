"""Posting inside the application's own transaction, whoever its driver is."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors

ORDER = "INSERT INTO app_order VALUES (1)"


def test_a_commit_keeps_both(host: Any, outside: Any, pay: Any) -> None:
    """The application's row and the posting become visible in one moment."""
    host.begin()
    host.run(ORDER)
    record = bl.open_ledger(host.connection, actor="app").post(pay(1))
    assert outside.orders() == outside.entries() == []
    host.commit()
    assert outside.orders() == [1]
    assert outside.entries() == ["payment-1"]
    with outside.ledger() as ledger:
        found = ledger.record("payment-1")
        assert found.leaf == record.leaf
        assert found.position == (record.position or found.position)


def test_a_posting_first(host: Any, outside: Any, pay: Any) -> None:
    """The transaction is the application's too if the posting comes before its row."""
    host.begin()
    bl.open_ledger(host.connection, actor="app").post(pay(1))
    host.run(ORDER)
    host.rollback()
    assert outside.orders() == outside.entries() == []


def test_a_rollback_leaves_nothing(host: Any, outside: Any, pay: Any) -> None:
    """No row, no total, no id, no number, nothing remembered."""
    ledger = bl.open_ledger(host.connection, actor="app")
    host.begin()
    host.run(ORDER)
    ledger.open_account("expenses:tax", type="expense")
    ledger.post(pay(1, "expenses:tax"))
    assert ledger.balance("expenses:tax")["EUR"] == bl.Amount("10.00", "EUR")
    host.rollback()
    host.begin()
    with pytest.raises(errors.UnknownAccount):
        ledger.post(pay(1, "expenses:tax"))
    ledger.post(pay(1))
    assert ledger.balance("expenses:rent")["EUR"] == bl.Amount("10.00", "EUR")
    host.commit()
    assert outside.orders() == []
    assert outside.entries() == ["payment-1"]
    assert outside.numbers() == [1]


def test_a_refusal_in_the_middle(host: Any, outside: Any, pay: Any) -> None:
    """It takes back its own command only; the application decides about the rest."""
    ledger = bl.open_ledger(host.connection, actor="app")
    host.begin()
    host.run(ORDER)
    ledger.post(pay(1))
    with pytest.raises(errors.UnknownAccount):
        ledger.post(pay(2, "expenses:nowhere"))
    with pytest.raises(errors.UnknownAccount):
        ledger.post_many(
            [pay(3), pay(4, "expenses:nowhere")], atomic=True, batch_size=1
        )
    host.run("INSERT INTO app_order VALUES (2)")
    ledger.post(pay(5))
    host.commit()
    assert outside.orders() == [1, 2]
    assert outside.entries() == ["payment-1", "payment-5"]


def test_several_postings(host: Any, outside: Any, pay: Any) -> None:
    """They build on one another, and are kept together."""
    ledger = bl.open_ledger(host.connection, actor="app")
    host.begin()
    ledger.open_account("expenses:tax", type="expense")
    first = [ledger.post(pay(number, "expenses:tax")) for number in (1, 2)]
    ledger.post_many(pay(number) for number in range(3, 6))
    assert ledger.post(pay(1, "expenses:tax")) == first[0]
    host.run(ORDER)
    host.commit()
    assert len(outside.entries()) == 5
    assert outside.numbers() == [1, 2, 3, 4, 5]


def test_a_savepoint_of_the_host(host: Any, outside: Any, pay: Any) -> None:
    """What it takes back is forgotten, although the transaction goes on."""
    ledger = bl.open_ledger(host.connection, actor="app")
    host.begin()
    host.run(ORDER)
    ledger.post(pay(1))
    host.run("SAVEPOINT app")
    ledger.open_account("expenses:tax", type="expense")
    ledger.post(pay(2, "expenses:tax"))
    host.run("ROLLBACK TO app")
    with pytest.raises(errors.UnknownAccount):
        ledger.post(pay(2, "expenses:tax"))
    ledger.post(pay(2))
    host.run("RELEASE app")
    host.commit()
    assert outside.entries() == ["payment-1", "payment-2"]
    assert outside.numbers() == [1, 2]


def test_two_books(host: Any, outside: Any, pay: Any) -> None:
    """Two ledgers share the transaction, and each has its own log."""
    host.begin()
    main = bl.open_ledger(host.connection, actor="app")
    other = bl.open_ledger(host.connection, actor="app", book="other", create=True)
    for path, type_ in (("assets:bank", "asset"), ("expenses:rent", "expense")):
        other.open_account(path, type=type_)
    main.post(pay(1))
    other.post(pay(1))
    host.run(ORDER)
    host.commit()
    assert outside.entries() == ["payment-1"]
    with outside.ledger("other") as ledger:
        ledger.verify()
        assert ledger.record("payment-1").journal_number == 1


def test_reading_leaves_no_lock_behind(host: Any, outside: Any, pay: Any) -> None:
    """What is looked up on an idle connection does not hide what others commit."""
    with bl.open_ledger(host.connection, actor="app") as ledger:
        assert not ledger.balance("assets:bank")
        host.commit()  # SQLAlchemy begins with the first look, whoever looks
        outside.post(pay(1))
        assert ledger.balance("assets:bank")["EUR"] == bl.Amount("-10.00", "EUR")
        host.commit()
        host.begin()
        ledger.post(pay(2))
        host.commit()
        ledger.verify()
    assert outside.entries() == ["payment-1", "payment-2"]


class Hoarding(dict[str, Any]):
    """Forgets nothing, whoever tells it to."""

    def clear(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_control_that_remembers(
    make: Any, outside: Any, pay: Any, is_broken: bool
) -> None:
    """A store that kept what it knows would post to an account that is not there.

    The mark of staleness does not help: after the rollback it comes back with the same
    number for something else.
    """
    host = make("sqlite3")
    ledger = bl.open_ledger(host.connection, actor="app")
    if is_broken:
        ledger._session.store._lane.books = Hoarding()
    ledger.open_account("expenses:tax", type="expense")
    host.rollback()
    other = bl.open_ledger(host.connection, actor="app")
    other.open_account("expenses:tea", type="expense")
    if is_broken:
        assert ledger.post(pay(1, "expenses:tax"))
    else:
        with pytest.raises(errors.UnknownAccount):
            ledger.post(pay(1, "expenses:tax"))


def test_a_recorded_refusal(host: Any, outside: Any, pay: Any) -> None:
    """It shares the fate of the host's transaction, and with it the id."""
    ledger = bl.open_ledger(host.connection, actor="app")
    entry = pay(1, "expenses:tax")
    for end in (host.rollback, host.commit):
        host.begin()
        host.run(ORDER)
        with pytest.raises(errors.UnknownAccount):
            ledger.post(entry, on_refusal="record")
        end()
    host.begin()
    ledger.open_account("expenses:tax", type="expense")
    with pytest.raises(errors.UnknownAccount):
        ledger.post(entry)
    host.commit()
    assert outside.orders() == [1]
    with outside.ledger() as other:
        types = [r.type for r in other.records() if r.id == entry.id]
        assert types == ["refusal"]
        other.verify()
