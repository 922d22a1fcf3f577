"""Holds that expire: by the clock, exactly once, swept or not."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._model.hold import HoldStatus
from backoffice_ledger.testing.conformance._money import (
    DAY,
    MICROSECOND,
    NOON,
    capture,
    change_limits,
    entry,
    hold,
    hold_of,
    ids_of,
    manual_clock,
    open_customers,
    pays,
    refuses,
    refuses_capture,
    refuses_entry,
    reserve,
    shows,
    size_of,
    stands,
    types_of,
)
from backoffice_ledger.testing.conformance._twins import StoreCase

HOUR = timedelta(hours=1)
RESERVED = "100.00 EUR | 40.00 EUR | 40.00 EUR"
FREE = "100.00 EUR | 100.00 EUR | 100.00 EUR"


class ExpiryTests(StoreCase):
    """Expiry is decided by the ledger's clock; recording it is only housekeeping."""

    def test_a_hold_expires_at_its_instant(self, tmp_path: Path) -> None:
        """Not a microsecond before; then it counts nowhere, though nobody swept."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            made = reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            assert made.expires_at == datetime(2026, 1, 5, 13, tzinfo=UTC)
            clock.set(NOON + HOUR - MICROSECOND)
            stands(books, "auth", "open", pays("60.00 EUR"))
            shows(books, alice=RESERVED, shop="0 | 60.00 EUR | 0")
            size = size_of(books)
            clock.move(MICROSECOND)
            stands(books, "auth", "expired")
            shows(books, alice=FREE, shop="0 | 0 | 0")
            assert size_of(books) == size

    def test_a_posting_that_relies_on_it_records_it(self, tmp_path: Path) -> None:
        """From then on the clock may say what it likes."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            after = size_of(books)
            clock.set(NOON + HOUR)
            books.post(entry("spend", pays("100.00 EUR", "alice", "bob")))
            assert types_of(books, after) == ["hold auth expired", "entry spend"]
            clock.set(NOON)
            stands(books, "auth", "expired")
            shows(books, alice="0 | 0 | 0", bob=FREE)
            refuses_capture(books, errors.HoldNotOpen, "id", "auth")

    def test_a_reservation_that_relies_on_it_records_it(self, tmp_path: Path) -> None:
        """As a posting does; several in the order in which they expired."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "a", pays("30.00 EUR"), expires=2 * HOUR)
            reserve(books, "b", pays("30.00 EUR"), expires=HOUR)
            reserve(books, "c", pays("30.00 EUR"), expires=3 * HOUR)
            after = size_of(books)
            clock.set(NOON + 2 * HOUR)
            reserve(books, "new", pays("70.00 EUR"))
            assert types_of(books, after) == [
                "hold b expired",
                "hold a expired",
                "hold new open",
            ]
            shows(books, alice="100.00 EUR | 0 | 0")

    def test_what_does_not_rely_on_it_records_nothing(self, tmp_path: Path) -> None:
        """Nor does a refusal that is raised; so the clock may still be set back."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            clock.set(NOON + HOUR)
            after = size_of(books)
            books.post(entry("elsewhere", pays("1.00 EUR", "bob")))
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("much", pays("100.01 EUR")),
                "postings[0].amount",
                "-0.01 EUR",
            )
            refuses_capture(books, errors.HoldNotOpen, "id", "auth")
            refuses(
                books,
                errors.HoldNotOpen,
                lambda ledger: ledger.holds.void("auth"),
                "id",
                "expired",
            )
            assert types_of(books, after) == ["entry elsewhere"]
            clock.set(NOON)
            capture(books, "auth")
            shows(books, alice="40.00 EUR | 40.00 EUR | 40.00 EUR")

    def test_a_dry_run_records_nothing(self, tmp_path: Path) -> None:
        """Though it relies on the expiry."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            clock.set(NOON + HOUR)
            before = books.snapshot()
            spend = entry("spend", pays("100.00 EUR"))
            books.do(lambda ledger: ledger.post(spend, dry_run=True))
            assert books.snapshot() == before
            clock.set(NOON)
            stands(books, "auth", "open", pays("60.00 EUR"))
            refuses_entry(books, errors.LimitBreached, spend, "postings[0].amount")

    def test_sweeping_records_what_has_expired(self, tmp_path: Path) -> None:
        """Once; what is open or resolved is left alone; the oldest first."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            for key, hours in (("a", 3), ("b", 2), ("c", 1), ("d", 1), ("e", 1)):
                reserve(books, key, pays("10.00 EUR"), expires=hours * HOUR)
            reserve(books, "never", pays("10.00 EUR"))
            capture(books, "d")
            books.do(lambda ledger: ledger.holds.void("e"))
            clock.set(NOON + 2 * HOUR)
            after = size_of(books)
            assert books.do(lambda ledger: ledger.holds.sweep()) == 2
            assert types_of(books, after) == ["hold c expired", "hold b expired"]
            assert books.do(lambda ledger: ledger.holds.sweep()) == 0
            shows(books, alice="90.00 EUR | 70.00 EUR | 70.00 EUR")
            clock.set(NOON)
            stands(books, "b", "expired")
            stands(books, "a", "open", pays("10.00 EUR"))

    def test_a_sweep_of_many(self, tmp_path: Path) -> None:
        """More than fit into one transaction."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            for ledger in (books.tested, books.oracle):
                with ledger._session.transaction(write=True):
                    for index in range(510):
                        wanted = hold(f"h{index:03}", pays("0.01 EUR"), expires=HOUR)
                        ledger.holds.reserve(wanted)
            clock.set(NOON + HOUR)
            assert books.do(lambda ledger: ledger.holds.sweep()) == 510
            shows(books, alice=FREE)

    def test_holds_are_listed_as_the_clock_has_them(self, tmp_path: Path) -> None:
        """Expired ones as expired, whether that is recorded or not."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "a", pays("10.00 EUR"), expires=HOUR)
            reserve(books, "b", pays("10.00 EUR"), expires=2 * HOUR)
            reserve(books, "c", pays("10.00 EUR"))
            clock.set(NOON + HOUR)
            books.do(lambda ledger: ledger.holds.sweep())
            clock.set(NOON + 2 * HOUR)
            cases: dict[HoldStatus, list[str]] = {"expired": ["a", "b"], "open": ["c"]}
            for status, ids in cases.items():
                assert ids_of(books, status) == ids
                assert {hold_of(books, id_).status for id_ in ids} == {status}

    def test_what_is_kept_expires_with_its_hold(self, tmp_path: Path) -> None:
        """A partial capture does not make it live longer; what was taken stays."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            capture(books, "auth", amount="20.00 EUR", remainder="keep")
            clock.set(NOON + HOUR)
            stands(books, "auth", "expired")
            assert hold_of(books, "auth").captures == ("capture:auth",)
            shows(books, alice="80.00 EUR | 80.00 EUR | 80.00 EUR")
            again = capture(books, "auth", amount="20.00 EUR", remainder="keep")
            assert again.id == "capture:auth"
            books.post(entry("spend", pays("80.00 EUR")))
            stands(books, "auth", "expired")

    def test_a_retry_does_not_prolong_a_hold(self, tmp_path: Path) -> None:
        """A span counts from the first reservation."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            first = reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            clock.set(NOON + HOUR / 2)
            again = reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            assert (again.reserved_at, again.expires_at) == (
                first.reserved_at,
                first.expires_at,
            )
            for other in (2 * HOUR, NOON + HOUR, None):
                wanted = hold("auth", pays("60.00 EUR"), expires=other)
                refuses(
                    books,
                    errors.IdempotencyConflict,
                    lambda ledger: ledger.holds.reserve(wanted),
                    "expires",
                )
            clock.set(NOON + HOUR)
            again = reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            assert again.status == "expired"

    def test_an_instant_is_the_same_in_every_zone(self, tmp_path: Path) -> None:
        """And it must lie ahead."""
        clock = manual_clock()
        tokyo = timezone(timedelta(hours=9))
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), expires=NOON + HOUR)
            there = (NOON + HOUR).astimezone(tokyo)
            again = reserve(books, "auth", pays("60.00 EUR"), expires=there)
            assert again.expires_at == NOON + HOUR
            late = hold("late", pays("1.00 EUR"), expires=NOON)
            refuses(
                books,
                errors.InvalidOption,
                lambda ledger: ledger.holds.reserve(late),
                "expires",
            )
            reserve(books, "soon", pays("1.00 EUR"), expires=NOON + MICROSECOND)

    def test_an_expired_hold_does_not_keep_an_account_open(
        self, tmp_path: Path
    ) -> None:
        """Closing relies on the expiry, and so records it."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR", "bob"), expires=HOUR)
            refuses(
                books,
                errors.AccountNotEmpty,
                lambda ledger: ledger.accounts.close("liabilities:bob", on=DAY),
                "account",
            )
            clock.set(NOON + HOUR)
            after = size_of(books)
            books.do(lambda ledger: ledger.accounts.close("liabilities:bob", on=DAY))
            assert types_of(books, after) == [
                "hold auth expired",
                "account liabilities:bob",
            ]
            clock.set(NOON)
            stands(books, "auth", "expired")

    def test_what_was_to_come_makes_room_when_it_expires(self, tmp_path: Path) -> None:
        """Under a maximum; a reversal and a capture rely on it too."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            change_limits(books, "shop", bl.Limit(maximum="60.00 EUR"))
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            reserve(books, "back", pays("0.50 EUR", "shop", "bob"))
            deposit = entry("deposit", pays("60.00 EUR", "bob"))
            refuses_entry(books, errors.LimitBreached, deposit, "postings[1].amount")
            clock.set(NOON + HOUR)
            after = size_of(books)
            capture(books, "back")
            assert types_of(books, after) == [
                "hold auth expired",
                "entry capture:back",
                "hold back captured",
            ]
            books.post(deposit)
            shows(books, shop="59.50 EUR | 59.50 EUR | 59.50 EUR")

    def test_an_expiry_is_a_change_of_the_account(self, tmp_path: Path) -> None:
        """Its version moves with the clock, and nobody has to sweep to go on."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            path = "liabilities:alice"
            reserve(books, "auth", pays("60.00 EUR"), expires=HOUR)
            seen = books.do(lambda ledger: ledger.accounts.balances(path))
            clock.set(NOON + HOUR)
            wanted = entry("spend", pays("10.00 EUR"))
            refuses_entry(
                books,
                errors.ConditionFailed,
                wanted,
                "versions",
                versions={path: seen.version},
            )
            seen = books.do(lambda ledger: ledger.accounts.balances(path))
            books.do(lambda ledger: ledger.post(wanted, versions={path: seen.version}))
            stands(books, "auth", "expired")

    def test_a_reversal_and_a_release_rely_on_it(self, tmp_path: Path) -> None:
        """Every way of posting looks at the same clock."""
        clock = manual_clock()
        with self.books(tmp_path, clock=clock) as books:
            books.do(open_customers)
            books.post(entry("in", pays("20.00 EUR", "bob", "alice")))
            reserve(books, "one", pays("100.01 EUR"), expires=HOUR)
            back: dict[str, Any] = {"date": date(2026, 1, 6), "reason": "error"}
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.reverse("in", **back),
                "postings[1].amount",
            )
            clock.set(NOON + HOUR)
            after = size_of(books)
            books.do(lambda ledger: ledger.reverse("in", **back))
            assert types_of(books, after) == ["hold one expired", "entry reversal:in"]
            reserve(books, "two", pays("100.00 EUR"), expires=HOUR)
            books.do(lambda ledger: ledger.propose(entry("p", pays("1.00 EUR"))))
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.proposals.post("p"),
                "postings[0].amount",
            )
            clock.set(NOON + 2 * HOUR)
            after = size_of(books)
            books.do(lambda ledger: ledger.proposals.post("p"))
            assert types_of(books, after) == ["hold two expired", "entry p"]
