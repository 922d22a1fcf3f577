"""Customers' money: how the tests of holds, limits and refusals write it down."""

# ruff: noqa: S101 - tests assert

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import backoffice_ledger as bl
from backoffice_ledger._ledger.topics import ReversalStyle
from backoffice_ledger._model.entry import Refusal
from backoffice_ledger._model.hold import HoldStatus
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.conformance._twins import Twins
from backoffice_ledger.testing.notation import ledger_text

E = TypeVar("E", bound=LedgerError)

DAY: Final = date(2026, 1, 5)
NOON: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
OVERDRAWN: Final = [bl.Limit(minimum="0.00 EUR")]


def lines(text: str) -> tuple[bl.Posting, ...]:
    """Return the postings of ``Dr a 1.00 EUR / Cr b 1.00 EUR``."""
    [entry] = ledger_text(f"{DAY} * lines / {text}")
    return entry.postings


def entry(id: str, text: str, day: date = DAY, **fields: Any) -> bl.Entry:
    """Return the entry of these postings."""
    return bl.Entry(id, day, lines(text), **fields)


def hold(id: str, text: str, **fields: Any) -> bl.Hold:
    """Return the hold of these postings."""
    return bl.Hold(id, lines(text), **fields)


def text_of(postings: Iterable[bl.Posting]) -> str:
    """Return postings as `lines` reads them."""
    return " / ".join(
        f"{'Dr' if posting.side is bl.Side.DEBIT else 'Cr'} "
        f"{posting.account} {posting.amount}"
        for posting in postings
    )


def pays(amount: str, payer: str = "alice", payee: str = "shop") -> str:
    """Return the postings by which one customer pays another."""
    return f"Dr liabilities:{payer} {amount} / Cr liabilities:{payee} {amount}"


def open_customers(ledger: bl.Ledger) -> None:
    """Open the accounts of customers; Alice has 100 euros and cannot overdraw them."""
    ledger.open_account("liabilities:alice", type="liability", limits=OVERDRAWN)
    ledger.open_account("liabilities:bob", type="liability")
    ledger.open_account("liabilities:shop", type="liability")
    ledger.post(
        entry("paid-in", "Dr assets:bank 100.00 EUR / Cr liabilities:alice 100.00 EUR")
    )


def manual_clock() -> ManualClock:
    """Return a clock that stands at noon."""
    return ManualClock(NOON)


def standing(books: Twins, who: str) -> str:
    """Return what an account holds: posted, pending, available."""
    path = who if ":" in who else f"liabilities:{who}"
    found = books.do(lambda ledger: ledger.accounts.balances(path))
    return f"{found.posted} | {found.pending} | {found.available}"


def shows(books: Twins, **expected: str) -> None:
    """Check what customers hold: ``alice="100.00 EUR | 40.00 EUR | 40.00 EUR"``."""
    assert {who: standing(books, who) for who in expected} == expected


def reserve(books: Twins, id: str, text: str, **fields: Any) -> bl.Hold:
    """Reserve a hold in both books."""
    wanted = hold(id, text, **fields)
    return books.do(lambda ledger: ledger.holds.reserve(wanted))


def capture(books: Twins, id: str, **options: Any) -> bl.Record:
    """Capture a hold in both books."""
    given: dict[str, Any] = {"date": DAY, **options}
    return books.do(lambda ledger: ledger.holds.capture(id, **given))


def ids_of(books: Twins, status: HoldStatus | None) -> list[str]:
    """Return the ids of the holds of a status."""
    found = books.do(lambda ledger: ledger.holds.all(status=status))
    return [each.id for each in found]


def reversal(id: str, style: ReversalStyle) -> Callable[[bl.Ledger], bl.Record]:
    """Return the command that reverses an entry."""
    return lambda ledger: ledger.reverse(id, date=DAY, reason="recalled", style=style)


def hold_of(books: Twins, id: str) -> bl.Hold:
    """Return a hold as it stands."""
    return books.do(lambda ledger: ledger.holds.get(id))


def stands(books: Twins, id: str, status: str, remaining: str = "") -> None:
    """Check where a hold stands, and what it still reserves."""
    found = hold_of(books, id)
    assert (found.status, text_of(found.remaining)) == (status, remaining)


def refuses(
    books: Twins,
    error: type[E],
    command: Callable[[bl.Ledger], Any],
    field: str | None,
    found: str | None = None,
) -> E:
    """Check that both books refuse *command*, stay as they were, and say why."""
    caught = books.refuse(error, command)
    assert caught.field == field, caught
    assert found is None or found in (caught.found or ""), caught
    return caught


def refuses_capture(
    books: Twins, error: type[E], field: str | None, id: str, **options: Any
) -> E:
    """Check that both books refuse a capture."""
    given: dict[str, Any] = {"date": DAY, **options}
    return refuses(
        books, error, lambda ledger: ledger.holds.capture(id, **given), field
    )


def refuses_entry(
    books: Twins,
    error: type[E],
    refused: bl.Entry,
    field: str | None,
    found: str | None = None,
    **options: Any,
) -> E:
    """Check that both books refuse an entry."""
    return refuses(
        books, error, lambda ledger: ledger.post(refused, **options), field, found
    )


def change_limits(books: Twins, who: str, *limits: bl.Limit) -> None:
    """Give a customer other limits."""
    path = who if ":" in who else f"liabilities:{who}"
    books.do(lambda ledger: ledger.accounts.change(path, limits=limits))


def types_of(books: Twins, after: int) -> list[str]:
    """Return what was recorded after a position: type, id and status."""
    return [
        " ".join(
            part
            for part in (record.type, record.id, record.content.get("status"))
            if part
        )
        for record in books.tested.records(after=after)
    ]


def size_of(books: Twins) -> int:
    """Return the number of records."""
    return sum(1 for _ in books.tested.records())


def codes_of(refusals: Sequence[Refusal]) -> list[str]:
    """Return refusals as ``index id code``."""
    return [f"{r.index} {r.id} {r.error.code}" for r in refusals]
