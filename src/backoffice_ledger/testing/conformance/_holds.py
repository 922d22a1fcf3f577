"""Holds: reserved, then captured or voided, each once; retries; what they refuse."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._model.hold import HoldStatus
from backoffice_ledger.stores import Store
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.conformance._money import (
    DAY,
    capture,
    change_limits,
    entry,
    hold,
    hold_of,
    ids_of,
    lines,
    manual_clock,
    open_customers,
    pays,
    refuses,
    refuses_capture,
    reserve,
    shows,
    size_of,
    standing,
    stands,
    text_of,
    types_of,
)
from backoffice_ledger.testing.conformance._twins import (
    StoreCase,
    Twins,
    open_chart,
    open_twins,
)

HOUR = timedelta(hours=1)
LATER = date(2026, 2, 3)
SPLIT = (
    "Dr liabilities:alice 60.00 EUR / Cr liabilities:shop 54.00 EUR"
    " / Cr income:fees 6.00 EUR"
)
HUGE = "99999999999999999999999.00 EUR"


class _Interruption(Exception):
    """What a host's transaction ends with."""


class Deny:
    """A control that denies what is described as dubious."""

    id = "dubious"
    version = "1"

    def examine(self, proposal: bl.Proposal, books: Any) -> list[Any]:  # noqa: ARG002
        """Return what speaks against it."""
        is_dubious = proposal.entry.description == "dubious"
        return [bl.Deny("dubious") if is_dubious else bl.Allow()]


@contextmanager
def _reopened(store: Store, clock: ManualClock) -> Iterator[bl.Ledger]:
    """Open the book in a store that was just opened, and close the store again."""
    try:
        yield bl.open_ledger(store, actor="clerk", clock=clock)
    finally:
        store.close()


def void(books: Twins, id: str) -> bl.Hold:
    """Void a hold in both books."""
    return books.do(lambda ledger: ledger.holds.void(id))


class HoldTests(StoreCase):
    """Reserving, capturing and voiding."""

    # --- what a hold does ------------------------------------------------------------

    def test_a_hold_counts_as_pending(self, tmp_path: Path) -> None:
        """What leaves is not available; what comes is only pending; nothing is posted.

        Posted, pending and available are shown in this order.
        """
        with self.books(tmp_path) as books:
            books.do(open_customers)
            after = size_of(books)
            made = reserve(books, "auth", pays("60.00 EUR"), description="Dinner")
            assert (made.status, made.captures) == ("open", ())
            assert (made.expires_at, made.description) == (None, "Dinner")
            assert made.reserved_at is not None
            assert text_of(made.remaining) == pays("60.00 EUR")
            assert types_of(books, after) == ["hold auth open"]
            shows(
                books,
                alice="100.00 EUR | 40.00 EUR | 40.00 EUR",
                shop="0 | 60.00 EUR | 0",
            )
            balance = books.do(lambda ledger: ledger.balance("liabilities:alice"))
            assert str(balance) == "100.00 EUR"

    def test_a_full_capture_posts_what_is_reserved(self, tmp_path: Path) -> None:
        """The entry refers to the hold; nothing is pending any more."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), description="Dinner")
            after = size_of(books)
            record = capture(books, "auth", date=LATER)
            assert record.id == "capture:auth"
            assert text_of(record.entry.postings) == pays("60.00 EUR")
            assert record.entry.references == ("auth",)
            assert (record.entry.description, record.entry.date) == ("Dinner", LATER)
            assert types_of(books, after) == [
                "entry capture:auth",
                "hold auth captured",
            ]
            stands(books, "auth", "captured")
            assert hold_of(books, "auth").captures == ("capture:auth",)
            shows(
                books,
                alice="40.00 EUR | 40.00 EUR | 40.00 EUR",
                shop="60.00 EUR | 60.00 EUR | 60.00 EUR",
            )

    def test_a_partial_capture_releases_the_rest(self, tmp_path: Path) -> None:
        """The hold is resolved, and the rest is available again."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            capture(books, "auth", amount="22.50 EUR", remainder="release")
            stands(books, "auth", "captured")
            shows(
                books,
                alice="77.50 EUR | 77.50 EUR | 77.50 EUR",
                shop="22.50 EUR | 22.50 EUR | 22.50 EUR",
            )
            refuses_capture(
                books, errors.HoldNotOpen, "id", "auth", entry_id="once-more"
            )

    def test_a_partial_capture_keeps_the_rest(self, tmp_path: Path) -> None:
        """The rest stays reserved, and can be captured bit by bit."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            first = {"amount": "20.00 EUR", "remainder": "keep", "entry_id": "first"}
            capture(books, "auth", **first)
            stands(books, "auth", "open", pays("40.00 EUR"))
            shows(
                books,
                alice="80.00 EUR | 40.00 EUR | 40.00 EUR",
                shop="20.00 EUR | 60.00 EUR | 20.00 EUR",
            )
            second = first | {"amount": "15.00 EUR", "entry_id": "second"}
            capture(books, "auth", **second)
            stands(books, "auth", "open", pays("25.00 EUR"))
            capture(books, "auth", entry_id="third")
            stands(books, "auth", "captured")
            assert hold_of(books, "auth").captures == ("first", "second", "third")
            shows(books, alice="40.00 EUR | 40.00 EUR | 40.00 EUR")

    def test_what_is_kept_can_be_voided(self, tmp_path: Path) -> None:
        """What was captured stays captured."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            capture(books, "auth", amount="20.00 EUR", remainder="keep")
            assert void(books, "auth").captures == ("capture:auth",)
            shows(books, alice="80.00 EUR | 80.00 EUR | 80.00 EUR")

    def test_postings_say_what_is_captured(self, tmp_path: Path) -> None:
        """Of a hold of any shape; the rest is worked out line by line."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "split", SPLIT)
            part = (
                "Dr liabilities:alice 22.00 EUR / Cr income:fees 2.00 EUR"
                " / Cr liabilities:shop 20.00 EUR"
            )
            rest = (
                "Dr liabilities:alice 38.00 EUR / Cr liabilities:shop 34.00 EUR"
                " / Cr income:fees 4.00 EUR"
            )
            capture(books, "split", postings=lines(part), remainder="keep")
            stands(books, "split", "open", rest)
            shows(
                books,
                alice="78.00 EUR | 40.00 EUR | 40.00 EUR",
                shop="20.00 EUR | 54.00 EUR | 20.00 EUR",
            )
            assert standing(books, "income:fees") == "2.00 EUR | 6.00 EUR | 2.00 EUR"
            record = capture(books, "split", postings=lines(rest), entry_id="rest")
            assert text_of(record.entry.postings) == rest
            stands(books, "split", "captured")

    def test_lines_on_one_account_are_taken_together(self, tmp_path: Path) -> None:
        """Two lines of one account and side are one reservation of it."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(
                books,
                "twice",
                "Dr liabilities:alice 10.00 EUR / Dr liabilities:alice 15.00 EUR"
                " / Cr liabilities:shop 25.00 EUR",
            )
            capture(books, "twice", postings=lines(pays("12.00 EUR")), remainder="keep")
            stands(books, "twice", "open", _with_two_lines("10.00", "3.00", "13.00"))
            shows(books, alice="88.00 EUR | 75.00 EUR | 75.00 EUR")

    def test_a_hold_of_several_commodities(self, tmp_path: Path) -> None:
        """Each is pending by itself; new ones are declared."""
        text = (
            f"{pays('10.00 EUR')} / Dr liabilities:bob 500 JPY"
            " / Cr liabilities:shop 500 JPY"
        )
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "mixed", text)
            shows(
                books,
                alice="100.00 EUR | 90.00 EUR | 90.00 EUR",
                bob="0 | -500 JPY | -500 JPY",
                shop="0 | 10.00 EUR, 500 JPY | 0",
            )
            capture(
                books,
                "mixed",
                postings=lines(pays("200 JPY", "bob")),
                remainder="release",
            )
            shows(
                books,
                alice="100.00 EUR | 100.00 EUR | 100.00 EUR",
                bob="-200 JPY | -200 JPY | -200 JPY",
            )

    def test_memorandum_units_can_be_held(self, tmp_path: Path) -> None:
        """Securities that are blocked; they balance among themselves."""
        delivery = "Dr stock:customers 5.00 EUR / Cr stock:vault 5.00 EUR"
        with self.books(tmp_path) as books:
            reserve(books, "block", delivery)
            assert standing(books, "stock:vault") == "0 | -5.00 EUR | -5.00 EUR"
            assert standing(books, "stock:customers") == "0 | 5.00 EUR | 0"
            capture(books, "block")
            assert standing(books, "stock:customers") == (
                "5.00 EUR | 5.00 EUR | 5.00 EUR"
            )
            crossing = hold("x", "Dr stock:vault 5.00 EUR / Cr assets:bank 5.00 EUR")
            refuses(
                books,
                errors.Unbalanced,
                lambda ledger: ledger.holds.reserve(crossing),
                "postings (memorandum)",
            )

    def test_amounts_past_64_bits(self, tmp_path: Path) -> None:
        """Pending sums are exact, however large."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            for key in ("one", "two", "three"):
                reserve(books, key, pays(HUGE, "bob"))
            shows(books, shop="0 | 299999999999999999999997.00 EUR | 0")
            capture(books, "two")
            void(books, "three")
            shows(
                books,
                bob="-99999999999999999999999.00 EUR | -199999999999999999999998.00 EUR"
                " | -199999999999999999999998.00 EUR",
            )

    def test_debit_accounts_are_on_their_own_side(self, tmp_path: Path) -> None:
        """Of an asset a credit leaves and a debit comes."""
        with self.books(tmp_path) as books:
            reserve(books, "draw", "Dr assets:cash 5.00 EUR / Cr assets:bank 5.00 EUR")
            assert standing(books, "assets:cash") == "0 | 5.00 EUR | 0"
            assert standing(books, "assets:bank") == "0 | -5.00 EUR | -5.00 EUR"

    # --- each hold is resolved once --------------------------------------------------

    def test_a_hold_is_resolved_once(self, tmp_path: Path) -> None:
        """After a capture or a void there is neither; a void may be repeated."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "captured", pays("10.00 EUR"))
            reserve(books, "voided", pays("10.00 EUR"))
            capture(books, "captured")
            void(books, "voided")
            for status in ("captured", "voided"):
                error = refuses_capture(
                    books, errors.HoldNotOpen, "id", status, entry_id="again"
                )
                assert error.found == f"'{status}'"
            refuses(
                books,
                errors.HoldNotOpen,
                lambda ledger: ledger.holds.void("captured"),
                "id",
                "'captured'",
            )
            before = books.snapshot()
            assert void(books, "voided").status == "voided"
            assert books.snapshot() == before

    def test_a_reversal_does_not_reserve_again(self, tmp_path: Path) -> None:
        """The money is back; the hold stays captured."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            capture(books, "auth")
            books.do(
                lambda ledger: ledger.reverse("capture:auth", date=DAY, reason="return")
            )
            stands(books, "auth", "captured")
            shows(books, alice="100.00 EUR | 100.00 EUR | 100.00 EUR")

    def test_an_interrupted_transaction_reserves_nothing(self, tmp_path: Path) -> None:
        """Nor does it capture or void."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "one", pays("10.00 EUR"))
            reserve(books, "two", pays("20.00 EUR"))
            before = books.snapshot()
            for ledger in (books.tested, books.oracle):
                try:
                    with ledger._session.transaction(write=True):
                        ledger.holds.capture("one", date=DAY)
                        ledger.holds.void("two")
                        ledger.holds.reserve(hold("three", pays("30.00 EUR")))
                        raise _Interruption
                except _Interruption:
                    pass
            assert books.snapshot() == before
            shows(books, alice="100.00 EUR | 70.00 EUR | 70.00 EUR")
            stands(books, "one", "open", pays("10.00 EUR"))

    def test_holds_come_back(self, tmp_path: Path) -> None:
        """Closed and opened again, a store knows what is reserved."""
        if not self.is_durable:
            return
        with open_twins(self.make_store(tmp_path)) as books:
            books.do(open_chart)
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            capture(books, "auth", amount="20.00 EUR", remainder="keep")
            before = books.snapshot()
        with bl.open_ledger(self.make_store(tmp_path), actor="clerk") as ledger:
            balances = ledger.accounts.balances("liabilities:alice")
            assert str(balances.available) == "40.00 EUR"
            assert before["pending"]["holds"].keys() == {"auth"}
            ledger.holds.capture("auth", date=DAY, entry_id="rest")
            assert str(ledger.balance("liabilities:alice")) == "40.00 EUR"
            ledger.verify()

    def test_a_hold_can_be_resolved_by_whoever_comes_next(self, tmp_path: Path) -> None:
        """A store that was just opened has read nothing of what the hold is about."""
        if not self.is_durable:
            return
        clock = manual_clock()
        with open_twins(self.make_store(tmp_path), clock=clock) as books:
            books.do(open_chart)
            books.do(open_customers)
            for key in ("captured", "voided"):
                reserve(books, key, pays("10.00 EUR"))
            reserve(books, "swept", pays("10.00 EUR"), expires=HOUR)
        spend = entry("x", "Dr liabilities:alice 90.00 EUR / Cr assets:bank 90.00 EUR")
        ways: dict[str, Callable[[bl.Ledger], object]] = {
            "captured": lambda ledger: ledger.holds.capture("captured", date=DAY),
            "voided": lambda ledger: ledger.holds.void("voided"),
            "swept": lambda ledger: ledger.holds.sweep(),
            "relied on": lambda ledger: ledger.post(spend),
        }
        for key, resolve in ways.items():
            with _reopened(self.make_store(tmp_path), clock) as ledger:
                if key == "relied on":
                    wanted = hold(key, pays("20.00 EUR"), expires=HOUR)
                    ledger.holds.reserve(wanted)
            if key in ("swept", "relied on"):
                clock.move(HOUR)
            with _reopened(self.make_store(tmp_path), clock) as ledger:
                resolve(ledger)
                clock.move(-HOUR)
                status = key if key in ("captured", "voided") else "expired"
                assert ledger.holds.get(key).status == status
                ledger.verify()
            clock.move(HOUR)

    # --- retries ---------------------------------------------------------------------

    def test_reserving_again_changes_nothing(self, tmp_path: Path) -> None:
        """Not even when the hold was resolved meanwhile; it says where it stands."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), description="Dinner")
            before = books.snapshot()
            assert reserve(
                books, "auth", pays("60.00 EUR"), description="Dinner"
            ).status == ("open")
            assert books.snapshot() == before
            capture(books, "auth", amount="1.00 EUR", remainder="release")
            again = reserve(books, "auth", pays("60.00 EUR"), description="Dinner")
            assert (again.status, again.captures) == ("captured", ("capture:auth",))

    def test_another_hold_under_the_same_id(self, tmp_path: Path) -> None:
        """The first difference is named."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            for other, field in (
                (hold("auth", pays("61.00 EUR")), "postings"),
                (hold("auth", pays("60.00 EUR", "bob")), "postings"),
                (hold("auth", pays("60.00 EUR"), description="Other"), "description"),
            ):
                refuses(
                    books,
                    errors.IdempotencyConflict,
                    lambda ledger: ledger.holds.reserve(other),
                    field,
                )

    def test_capturing_again_returns_the_first_record(self, tmp_path: Path) -> None:
        """Of a full capture, and of each partial one."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"), description="Dinner")
            part = {"amount": "20.00 EUR", "remainder": "keep", "entry_id": "part"}
            first = capture(books, "auth", **part)
            rest = capture(books, "auth", date=LATER, description="Rest")
            before = books.snapshot()
            assert capture(books, "auth", **part) == first
            assert capture(books, "auth", date=LATER, description="Rest") == rest
            explicit = part | {"amount": None, "postings": lines(pays("20.00 EUR"))}
            assert capture(books, "auth", **explicit) == first
            assert capture(
                books, "auth", date=LATER, description="Rest", amount="40.00 EUR"
            ) == (rest)
            assert books.snapshot() == before

    def test_another_capture_under_the_same_id(self, tmp_path: Path) -> None:
        """The first difference is named; "all of it" is not what a part was."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            part = {"amount": "20.00 EUR", "remainder": "keep", "entry_id": "part"}
            capture(books, "auth", **part)
            for change, field in (
                ({"date": LATER}, "date"),
                ({"description": "Dinner"}, "description"),
                ({"journal": "settlement"}, "journal"),
                ({"amount": "21.00 EUR"}, "postings[0].amount"),
                ({"amount": None}, "postings[0].amount"),
                ({"amount": None, "remainder": None}, "postings[0].amount"),
                ({"remainder": "release"}, "remainder"),
                ({"remainder": None}, "remainder"),
            ):
                refuses_capture(
                    books, errors.IdempotencyConflict, field, "auth", **(part | change)
                )

    def test_the_entry_of_a_capture_has_an_id_of_its_own(self, tmp_path: Path) -> None:
        """Neither another entry's nor that of another hold's capture."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "one", pays("10.00 EUR"))
            reserve(books, "two", pays("10.00 EUR"))
            capture(books, "one")
            for taken in ("paid-in", "capture:one"):
                refuses_capture(
                    books,
                    errors.IdempotencyConflict,
                    "entry_id",
                    "two",
                    entry_id=taken,
                )
            # the id comes first, whether there is such a hold or not
            refuses_capture(
                books,
                errors.IdempotencyConflict,
                "entry_id",
                "nowhere",
                entry_id="paid-in",
            )
            refuses(
                books,
                errors.IdempotencyConflict,
                lambda ledger: ledger.post(entry("capture:one", pays("1.00 EUR"))),
                "postings[0].amount",
            )

    # --- what is refused -------------------------------------------------------------

    def test_a_capture_takes_what_is_reserved(self, tmp_path: Path) -> None:
        """Not more, nothing else, and no turning round."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            for amount in ("60.01 EUR", "0.00 EUR", "-1.00 EUR"):
                refuses_capture(
                    books,
                    errors.HoldExceeded,
                    "postings[0].amount",
                    "auth",
                    amount=amount,
                    remainder="release",
                )
            for text, field in (
                (pays("10.00 EUR", "bob"), "postings[0].amount"),
                (pays("10.00 EUR", "alice", "bob"), "postings[1].amount"),
                (pays("10.00 EUR", "shop", "alice"), "postings[0].amount"),
                (pays("10 JPY"), "postings[0].amount"),
                (f"{pays('40.00 EUR')} / {pays('21.00 EUR')}", "postings[2].amount"),
            ):
                refuses_capture(
                    books,
                    errors.HoldExceeded,
                    field,
                    "auth",
                    postings=lines(text),
                    remainder="keep",
                )
            stands(books, "auth", "open", pays("60.00 EUR"))

    def test_a_kept_rest_is_all_that_can_be_captured(self, tmp_path: Path) -> None:
        """Not what the hold reserved at first."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            capture(books, "auth", amount="20.00 EUR", remainder="keep")
            refuses_capture(
                books,
                errors.HoldExceeded,
                "postings[0].amount",
                "auth",
                amount="41.00 EUR",
                remainder="keep",
                entry_id="more",
            )

    def test_a_part_says_what_becomes_of_the_rest(self, tmp_path: Path) -> None:
        """Nobody has to guess; a full capture needs not say."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            reserve(books, "split", SPLIT.replace("60", "10").replace("54", "4"))
            refuses_capture(
                books, errors.InvalidOption, "remainder", "auth", amount="1.00 EUR"
            )
            refuses_capture(
                books, errors.InvalidOption, "amount", "split", amount="10.00 EUR"
            )
            refuses_capture(
                books, errors.InvalidOption, "amount", "auth", amount="10 JPY"
            )
            refuses_capture(
                books,
                errors.Unbalanced,
                "postings",
                "auth",
                postings=[*lines(pays("9.00 EUR"))[:1], *lines(pays("8.00 EUR"))[1:]],
                remainder="keep",
            )
            capture(books, "auth", remainder="keep")
            stands(books, "auth", "captured")

    def test_a_hold_that_is_not_there(self, tmp_path: Path) -> None:
        """It cannot be read, captured or voided."""
        with self.books(tmp_path) as books:
            for command in (
                lambda ledger: ledger.holds.get("nothing"),
                lambda ledger: ledger.holds.void("nothing"),
                lambda ledger: ledger.holds.capture("nothing", date=DAY),
            ):
                refuses(books, errors.UnknownHold, command, "id", "'nothing'")

    def test_accounts_must_take_what_is_reserved(self, tmp_path: Path) -> None:
        """Known, open today, and of this commodity."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            for ledger in (books.tested, books.oracle):
                ledger.open_account(
                    "liabilities:euro", type="liability", commodities=["EUR"]
                )
                ledger.open_account(
                    "liabilities:new", type="liability", opened=date(2027, 1, 1)
                )
            for payer, amount, error in (
                ("nowhere", "1.00 EUR", errors.UnknownAccount),
                ("new", "1.00 EUR", errors.AccountNotOpen),
                ("euro", "1 JPY", errors.CommodityRefused),
            ):
                wanted = hold("x", pays(amount, payer))
                books.refuse(error, lambda ledger: ledger.holds.reserve(wanted))

    def test_the_period_of_a_capture_must_be_open(self, tmp_path: Path) -> None:
        """The hold waits; reserving itself has no period."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            reserve(books, "auth", pays("60.00 EUR"))
            refuses_capture(books, errors.PeriodNotOpen, "date", "auth")
            refuses_capture(
                books, errors.UnknownJournal, "journal", "auth", journal="nowhere"
            )
            stands(books, "auth", "open", pays("60.00 EUR"))
            record = capture(books, "auth", date=LATER, journal="settlement")
            assert (record.entry.journal, record.journal_number) == ("settlement", 1)

    def test_an_account_with_open_holds_stays_open(self, tmp_path: Path) -> None:
        """Whether money is to leave or to come; then it may be closed and reopened."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("1.00 EUR", "bob"))
            for path in ("liabilities:bob", "liabilities:shop"):
                refuses(
                    books,
                    errors.AccountNotEmpty,
                    lambda ledger: ledger.accounts.close(path, on=DAY),
                    "account",
                )
            void(books, "auth")
            books.do(lambda ledger: ledger.accounts.close("liabilities:bob", on=DAY))
            late = entry("late", pays("1.00 EUR", "bob"), LATER)
            books.refuse(errors.AccountNotOpen, lambda ledger: ledger.post(late))
            books.do(lambda ledger: ledger.accounts.reopen("liabilities:bob"))
            books.post(late)

    def test_a_control_sees_the_capture(self, tmp_path: Path) -> None:
        """What it denies stays reserved."""
        with self.books(tmp_path, controls=[Deny()]) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            books.refuse(
                errors.ControlDenied,
                lambda ledger: ledger.holds.capture(
                    "auth", date=DAY, description="dubious"
                ),
            )
            stands(books, "auth", "open", pays("60.00 EUR"))
            assert capture(books, "auth", description="fine").controls == ("dubious@1",)

    # --- limits ----------------------------------------------------------------------

    def test_what_is_reserved_cannot_be_reserved_again(self, tmp_path: Path) -> None:
        """Nor spent; the last cent can."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            wanted = hold("more", pays("40.01 EUR"))
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.holds.reserve(wanted),
                "postings[0].amount",
                "-0.01 EUR",
            )
            reserve(books, "last", pays("40.00 EUR"))
            shows(books, alice="100.00 EUR | 0 | 0")
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.post(entry("cent", pays("0.01 EUR"))),
                "postings[0].amount",
            )

    def test_a_capture_never_fails_for_lack_of_money(self, tmp_path: Path) -> None:
        """Not even if the minimum was raised after the reservation."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            change_limits(books, "alice", bl.Limit(minimum="90.00 EUR"))
            change_limits(books, "shop", bl.Limit(maximum="0.00 EUR"))
            capture(books, "auth", amount="25.00 EUR", remainder="keep")
            shows(books, alice="75.00 EUR | 40.00 EUR | 40.00 EUR")
            capture(books, "auth", entry_id="rest")
            shows(books, alice="40.00 EUR | 40.00 EUR | 40.00 EUR")

    # --- texts and lists -------------------------------------------------------------

    def test_the_description_can_be_erased(self, tmp_path: Path) -> None:
        """A retry compares the rest; later captures have none; earlier ones stay."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            wanted: dict[str, Any] = {"description": "Dr Smith, surgery"}
            reserve(books, "auth", pays("60.00 EUR"), **wanted)
            part = {"amount": "20.00 EUR", "remainder": "keep", "entry_id": "part"}
            first = capture(books, "auth", **part)
            books.do(
                lambda ledger: ledger.redact(
                    "auth", field="description", basis="GDPR Art. 17", type="hold"
                )
            )
            assert hold_of(books, "auth").description == ""
            before = books.snapshot()
            reserve(books, "auth", pays("60.00 EUR"), **wanted)
            reserve(books, "auth", pays("60.00 EUR"))
            assert capture(books, "auth", **part) == first
            assert first.entry.description == "Dr Smith, surgery"
            assert books.snapshot() == before
            wanted_amount = hold("auth", pays("61.00 EUR"))
            refuses(
                books,
                errors.IdempotencyConflict,
                lambda ledger: ledger.holds.reserve(wanted_amount),
                "postings",
            )
            assert capture(books, "auth", entry_id="rest").entry.description == ""

    def test_holds_are_listed(self, tmp_path: Path) -> None:
        """By id, all or those of one status."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            for key in ("c", "a", "b"):
                reserve(books, key, pays("1.00 EUR"))
            capture(books, "a")
            void(books, "c")
            cases: dict[HoldStatus | None, list[str]] = {
                None: ["a", "b", "c"],
                "open": ["b"],
                "captured": ["a"],
                "voided": ["c"],
                "expired": [],
            }
            for status, ids in cases.items():
                assert ids_of(books, status) == ids


def _with_two_lines(first: str, second: str, credited: str) -> str:
    return (
        f"Dr liabilities:alice {first} EUR / Dr liabilities:alice {second} EUR"
        f" / Cr liabilities:shop {credited} EUR"
    )
