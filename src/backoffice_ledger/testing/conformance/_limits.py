"""Limits, conditions, versions, and amounts that are lowered to what is available."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._money import (
    DAY,
    OVERDRAWN,
    change_limits,
    entry,
    hold,
    lines,
    open_customers,
    pays,
    refuses,
    refuses_entry,
    reserve,
    reversal,
    shows,
    standing,
    text_of,
)
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins

ALICE = "liabilities:alice"
SHOP = "liabilities:shop"
FIRST_LINE = "postings[0].amount"
POINTS = bl.Commodity("POINTS", 2)


def versions_of(books: Twins, *paths: str) -> dict[str, int]:
    """Return the versions of accounts."""
    return {
        path: books.do(lambda ledger: ledger.accounts.balances(path)).version
        for path in paths
    }


def moves(account: str, amount: str, *, is_debit: bool) -> bl.Entry:
    """Return an entry that debits or credits an account."""
    text = f"Dr {account} {amount} / Cr equity:capital {amount}"
    if not is_debit:
        text = f"Dr equity:capital {amount} / Cr {account} {amount}"
    return entry(f"{account} {amount} {is_debit}", text)


class LimitTests(StoreCase):
    """What accounts may hold."""

    def test_a_minimum_is_the_least(self, tmp_path: Path) -> None:
        """The last cent can be spent, one more cannot."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            error = refuses_entry(
                books,
                errors.LimitBreached,
                entry("much", pays("100.01 EUR")),
                FIRST_LINE,
                "-0.01 EUR",
            )
            assert error.expected == "at least 0.00 EUR afterwards"
            books.post(entry("all", pays("100.00 EUR")))
            shows(books, alice="0 | 0 | 0")
            error = refuses_entry(
                books,
                errors.LimitBreached,
                entry("cent", f"Cr {SHOP} 0.01 EUR / Dr {ALICE} 0.01 EUR"),
                "postings[1].amount",
            )

    def test_a_maximum_is_the_most(self, tmp_path: Path) -> None:
        """A wallet that may hold 150 euros."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(books, "alice", bl.Limit(maximum="150.00 EUR"))
            error = refuses_entry(
                books,
                errors.LimitBreached,
                entry("much", pays("50.01 EUR", "bob", "alice")),
                "postings[1].amount",
                "150.01 EUR",
            )
            assert error.expected == "at most 150.00 EUR afterwards"
            books.post(entry("full", pays("50.00 EUR", "bob", "alice")))
            shows(books, alice="150.00 EUR | 150.00 EUR | 150.00 EUR")

    def test_each_type_has_its_normal_side(self, tmp_path: Path) -> None:
        """Debits must not exceed credits, or the converse, whichever is normal."""
        with self.books(tmp_path) as books:
            for type_, is_debit in (
                ("asset", True),
                ("expense", True),
                ("liability", False),
                ("equity", False),
                ("income", False),
            ):
                path = f"{type_}:limited"
                limits = [bl.Limit(minimum="-5.00 EUR", maximum="7.00 EUR")]
                books.do(
                    lambda ledger: ledger.open_account(path, type=type_, limits=limits)
                )
                for amount, towards, is_fine in (
                    ("7.01 EUR", is_debit, False),
                    ("5.01 EUR", not is_debit, False),
                    ("7.00 EUR", is_debit, True),
                    ("12.00 EUR", not is_debit, True),
                ):
                    wanted = moves(path, amount, is_debit=towards)
                    if is_fine:
                        books.post(wanted)
                        continue
                    books.refuse(
                        errors.LimitBreached, lambda ledger: ledger.post(wanted)
                    )
                assert standing(books, path) == "-5.00 EUR | -5.00 EUR | -5.00 EUR"

    def test_limits_of_memorandum_accounts(self, tmp_path: Path) -> None:
        """A depot that cannot deliver what it does not hold."""
        acme = bl.Commodity("ACME", 0)
        postings = [
            bl.debit("stock:customers", bl.Amount(5, acme)),
            bl.credit("stock:vault", bl.Amount(5, acme)),
        ]
        with self.books(tmp_path) as books:
            change_limits(books, "stock:vault", bl.Limit(minimum=bl.Amount(-5, acme)))
            books.post(bl.Entry("one", DAY, postings))
            again = bl.Entry("two", DAY, postings)
            refuses_entry(books, errors.LimitBreached, again, "postings[1].amount")

    def test_pending_money_counts_on_one_side(self, tmp_path: Path) -> None:
        """What is to leave for the minimum, what is to come for the maximum."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(
                books, "alice", bl.Limit(minimum="0.00 EUR", maximum="150.00 EUR")
            )
            reserve(books, "out", pays("60.00 EUR"))
            reserve(books, "in", pays("30.00 EUR", "bob", "alice"))
            shows(books, alice="100.00 EUR | 70.00 EUR | 40.00 EUR")
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("out", pays("40.01 EUR")),
                FIRST_LINE,
                "-0.01 EUR",
            )
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("in", pays("20.01 EUR", "bob", "alice")),
                "postings[1].amount",
                "150.01 EUR",
            )
            more = hold("more", pays("20.01 EUR", "bob", "alice"))
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.holds.reserve(more),
                "postings[1].amount",
            )
            books.post(entry("out", pays("40.00 EUR")))
            books.post(entry("in", pays("60.00 EUR", "bob", "alice")))

    def test_limits_are_of_one_commodity(self, tmp_path: Path) -> None:
        """Others are not limited by it; each may have its own."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("usd", pays("5.00 USD")))
            change_limits(books, "alice", *OVERDRAWN, bl.Limit(minimum="-700 JPY"))
            mixed = f"{pays('100.01 EUR')} / {pays('700 JPY')}"
            refuses_entry(books, errors.LimitBreached, entry("mix", mixed), FIRST_LINE)
            mixed = f"{pays('100.00 EUR')} / {pays('701 JPY')}"
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("mix", mixed),
                "postings[2].amount",
                "-701 JPY",
            )
            books.post(entry("mix", f"{pays('100.00 EUR')} / {pays('700 JPY')}"))

    def test_a_limit_counts_as_the_book_does(self, tmp_path: Path) -> None:
        """One with another scale than the book's cannot be compared, so it refuses."""
        whole = bl.Commodity("POINTS", 0)
        with self.books(tmp_path) as books:
            change_limits(
                books, "assets:cash", bl.Limit(maximum=bl.Amount("5.00", POINTS))
            )
            gift = [
                bl.debit("assets:cash", bl.Amount(6, whole)),
                bl.credit("equity:capital", bl.Amount(6, whole)),
            ]
            refuses_entry(
                books, errors.CommodityRefused, bl.Entry("gift", DAY, gift), "limits"
            )
            elsewhere = [bl.debit("assets:bank", bl.Amount(6, whole)), gift[1]]
            books.post(bl.Entry("elsewhere", DAY, elsewhere))
            refuses_entry(
                books,
                errors.CommodityRefused,
                entry("x", "Dr assets:bank 1.00 EUR / Cr equity:capital 1.00 EUR"),
                "conditions",
                conditions={"assets:bank": bl.Limit(minimum=bl.Amount("1", POINTS))},
            )

    def test_what_counts_is_the_net_of_an_entry(self, tmp_path: Path) -> None:
        """Not its single lines, in whichever order they stand."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            text = (
                f"Dr {ALICE} 180.00 EUR / Cr {SHOP} 100.00 EUR / Cr {ALICE} 80.00 EUR"
            )
            books.post(entry("net", text))
            shows(books, alice="0 | 0 | 0")
            text = f"Cr {ALICE} 5.00 EUR / Dr {ALICE} 5.01 EUR / Cr {SHOP} 0.01 EUR"
            refuses_entry(books, errors.LimitBreached, entry("over", text), FIRST_LINE)
            negative = f"Cr {ALICE} -1.00 EUR / Cr {SHOP} 1.00 EUR"
            refuses_entry(
                books, errors.LimitBreached, entry("negative", negative), FIRST_LINE
            )

    def test_a_minimum_above_the_balance(self, tmp_path: Path) -> None:
        """It may be set; from then on only what moves away from it is refused."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(books, "alice", bl.Limit(minimum="500.00 EUR"))
            for key, text in (
                ("out", pays("0.01 EUR")),
                ("net", f"{pays('2.00 EUR')} / {pays('1.99 EUR', 'bob', 'alice')}"),
            ):
                refuses_entry(books, errors.LimitBreached, entry(key, text), FIRST_LINE)
            wanted = hold("out", pays("0.01 EUR"))
            books.refuse(
                errors.LimitBreached, lambda ledger: ledger.holds.reserve(wanted)
            )
            books.post(
                entry("in", pays("1.00 EUR", "bob", "alice")),
                entry(
                    "round", f"{pays('2.00 EUR')} / {pays('2.00 EUR', 'bob', 'alice')}"
                ),
            )
            shows(books, alice="101.00 EUR | 101.00 EUR | 101.00 EUR")
            refuses_entry(
                books, errors.LimitBreached, entry("out", pays("1.00 EUR")), FIRST_LINE
            )

    def test_a_maximum_below_the_balance(self, tmp_path: Path) -> None:
        """Likewise: money may leave."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(books, "alice", bl.Limit(maximum="10.00 EUR"))
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("in", pays("0.01 EUR", "bob", "alice")),
                "postings[1].amount",
            )
            books.post(entry("out", pays("50.00 EUR")))
            shows(books, alice="50.00 EUR | 50.00 EUR | 50.00 EUR")

    def test_limits_can_be_lowered_and_lifted(self, tmp_path: Path) -> None:
        """What was refused is taken then."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            out = entry("out", pays("120.00 EUR"))
            refuses_entry(books, errors.LimitBreached, out, FIRST_LINE)
            change_limits(books, "alice", bl.Limit(minimum="-20.00 EUR"))
            books.post(out)
            more = entry("more", pays("1000.00 EUR"))
            refuses_entry(books, errors.LimitBreached, more, FIRST_LINE)
            change_limits(books, "alice")
            books.post(more)
            shows(books, alice="-1020.00 EUR | -1020.00 EUR | -1020.00 EUR")
            change_limits(books, "alice", *OVERDRAWN)
            refuses_entry(
                books, errors.LimitBreached, entry("z", pays("0.01 EUR")), FIRST_LINE
            )

    def test_the_chart_shows_limits(self, tmp_path: Path) -> None:
        """They are the account's; other changes keep them; opening again compares."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            account = books.do(
                lambda ledger: ledger.accounts.change(ALICE, label="Alice")
            )
            assert account.limits == {"EUR": bl.Limit(minimum="0.00 EUR")}
            assert books.do(lambda ledger: ledger.accounts.all())[ALICE] == account
            before = books.snapshot()
            change_limits(books, "alice", *OVERDRAWN)
            books.do(
                lambda ledger: ledger.open_account(
                    ALICE, type="liability", label="Alice", limits=OVERDRAWN
                )
            )
            assert books.snapshot() == before
            refuses(
                books,
                errors.AccountConflict,
                lambda ledger: ledger.open_account(
                    ALICE, type="liability", label="Alice"
                ),
                "limits",
            )

    def test_limits_outlive_closing_and_reopening(self, tmp_path: Path) -> None:
        """A reopened account is the same account."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("out", pays("100.00 EUR")))
            closed = books.do(lambda ledger: ledger.accounts.close(ALICE, on=DAY))
            assert (closed.closed, list(closed.limits.values())) == (DAY, OVERDRAWN)
            opened = books.do(lambda ledger: ledger.accounts.reopen(ALICE))
            assert opened.closed is None
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("cent", pays("0.01 EUR"), date(2026, 1, 6)),
                FIRST_LINE,
            )

    def test_the_date_does_not_matter(self, tmp_path: Path) -> None:
        """What was posted counts, whatever its date, and whatever is earlier."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("later", pays("100.00 EUR"), date(2027, 5, 5)))
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("earlier", pays("0.01 EUR"), date(2025, 5, 5)),
                FIRST_LINE,
            )

    def test_a_reversal_obeys_limits(self, tmp_path: Path) -> None:
        """Money that was spent cannot be taken back, in either style."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("spend", pays("30.00 EUR")))
            for style in ("opposite", "same-side"):
                refuses(
                    books,
                    errors.LimitBreached,
                    reversal("paid-in", style),
                    "postings[1].amount",
                )
            books.do(lambda ledger: ledger.reverse("spend", date=DAY, reason="wrong"))
            books.do(lambda ledger: ledger.reverse("paid-in", date=DAY, reason="wrong"))
            shows(books, alice="0 | 0 | 0")

    def test_entries_of_a_batch_feel_one_another(self, tmp_path: Path) -> None:
        """One lets or refuses the next, wherever the batches are cut."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            for size in (1, 2, 10):
                run = [
                    entry(f"{size} in", pays("50.00 EUR", "bob", "alice")),
                    entry(f"{size} out", pays("150.00 EUR")),
                    entry(f"{size} back", pays("100.00 EUR", "bob", "alice")),
                ]
                books.do(lambda ledger: ledger.post_many(run, batch_size=size))
                shows(books, alice="100.00 EUR | 100.00 EUR | 100.00 EUR")
                wrong = [
                    entry(f"{size} a", pays("60.00 EUR")),
                    entry(f"{size} b", pays("40.01 EUR")),
                ]
                error = books.refuse(
                    errors.LimitBreached,
                    lambda ledger: ledger.post_many(
                        wrong, batch_size=size, atomic=True
                    ),
                )
                assert error.field == (f"entries[1] (id '{size} b').postings[0].amount")

    def test_columns_obey_limits(self, tmp_path: Path) -> None:
        """As entries do."""
        with self.books(tmp_path) as books:
            books.do(open_customers)

            def post(ledger: bl.Ledger, cents: int) -> bl.PostSummary:
                return ledger.post_columns(
                    ids=[f"a{cents}", f"b{cents}"],
                    dates=[DAY, DAY],
                    debits=[ALICE, ALICE],
                    credits=[SHOP, SHOP],
                    amounts=[cents, cents],
                    commodity="EUR",
                )

            books.do(lambda ledger: post(ledger, 3000))
            error = books.refuse(
                errors.LimitBreached, lambda ledger: post(ledger, 2001)
            )
            assert error.field == "entries[1] (id 'b2001').postings[0].amount"
            books.do(lambda ledger: post(ledger, 2000))

    def test_a_proposal_is_held_to_limits_when_it_is_posted(
        self, tmp_path: Path
    ) -> None:
        """Money may come before that."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.do(lambda ledger: ledger.propose(entry("p", pays("150.00 EUR"))))
            refuses(
                books,
                errors.LimitBreached,
                lambda ledger: ledger.proposals.post("p"),
                FIRST_LINE,
            )
            books.post(entry("in", pays("50.00 EUR", "bob", "alice")))
            books.do(lambda ledger: ledger.proposals.post("p"))

    def test_a_dry_run_feels_limits_and_leaves_nothing(self, tmp_path: Path) -> None:
        """What it says is what posting says then."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            before = books.snapshot()
            out = entry("out", pays("100.00 EUR"))
            books.do(lambda ledger: ledger.post(out, dry_run=True))
            books.do(lambda ledger: ledger.post(out, dry_run=True))
            assert books.snapshot() == before
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("much", pays("100.01 EUR")),
                FIRST_LINE,
                dry_run=True,
            )
            books.post(out)


class ConditionTests(StoreCase):
    """Conditions, versions and balancing: what one entry asks of the moment."""

    def test_conditions_are_about_what_follows(self, tmp_path: Path) -> None:
        """The account need not be one of the entry's; pending money counts."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            wanted = entry("out", pays("10.00 EUR"))
            for path, limit, found in (
                (ALICE, bl.Limit(minimum="30.01 EUR"), "30.00 EUR"),
                (SHOP, bl.Limit(maximum="69.99 EUR"), "70.00 EUR"),
                ("assets:bank", bl.Limit(maximum="99.99 EUR"), "100.00 EUR"),
                ("assets:bank", bl.Limit(minimum="1 JPY"), "0 JPY"),
            ):
                refuses_entry(
                    books,
                    errors.ConditionFailed,
                    wanted,
                    "conditions",
                    found,
                    conditions={path: limit},
                )
            met: dict[str, Any] = {
                ALICE: bl.Limit(minimum="30.00 EUR", maximum="90.00 EUR"),
                SHOP: [bl.Limit(maximum="70.00 EUR"), bl.Limit(maximum="0 JPY")],
                "assets:bank": bl.Limit(minimum="100.00 EUR"),
            }
            books.do(lambda ledger: ledger.post(wanted, conditions=met))

    def test_versions_of_many_are_checked_once(self, tmp_path: Path) -> None:
        """Before the first new entry: the others follow it, and may move on."""
        with self.books(tmp_path) as books:
            books.do(open_customers)

            def post(ledger: bl.Ledger, version: int, *names: str) -> int:
                entries = [entry(name, pays("1.00 EUR")) for name in names]
                ledger.post_all(entries, versions={ALICE: version})
                return ledger.accounts.balances(ALICE).version

            version = books.do(lambda ledger: ledger.accounts.balances(ALICE).version)
            after = books.do(lambda ledger: post(ledger, version, "a", "b"))
            assert after == version + 2
            books.do(lambda ledger: post(ledger, version, "b", "a"))  # a retry
            error = books.refuse(
                errors.ConditionFailed,
                lambda ledger: post(ledger, version, "a", "c", "d"),
            )
            assert error.field == "entries[1] (id 'c').versions"

    def test_conditions_are_strict(self, tmp_path: Path) -> None:
        """Unlike limits they must hold, whichever way the entry moves."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            refuses_entry(
                books,
                errors.ConditionFailed,
                entry("in", pays("1.00 EUR", "bob", "alice")),
                "conditions",
                "101.00 EUR",
                conditions={ALICE: bl.Limit(minimum="500.00 EUR")},
            )

    def test_conditions_need_known_accounts(self, tmp_path: Path) -> None:
        """For limits and for versions; an account may be given as any path."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            wanted = entry("out", pays("1.00 EUR"))
            cases: list[dict[str, Any]] = [
                {"conditions": {"assets:nowhere": bl.Limit(minimum="0.00 EUR")}},
                {"versions": {"assets:nowhere": 0}},
                {"balancing": "assets:nowhere"},
            ]
            for options in cases:
                books.refuse(
                    errors.UnknownAccount
                    if "balancing" not in options
                    else errors.InvalidOption,
                    lambda ledger: ledger.post(wanted, **options),
                )

    def test_a_repeated_entry_asks_nothing(self, tmp_path: Path) -> None:
        """It is posted already; the conditions were of that moment."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            wanted = entry("out", pays("60.00 EUR"))
            asked: dict[str, Any] = {
                "conditions": {ALICE: bl.Limit(minimum="40.00 EUR")},
                "versions": versions_of(books, ALICE),
            }
            first = books.do(lambda ledger: ledger.post(wanted, **asked))
            books.post(entry("more", pays("40.00 EUR")))
            assert books.do(lambda ledger: ledger.post(wanted, **asked)) == first
            assert books.post(wanted) == [first]

    def test_a_version_stands_for_what_was_seen(self, tmp_path: Path) -> None:
        """Whatever touches the account makes it another one."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            seen = versions_of(books, ALICE, SHOP, "assets:bank")
            wanted = entry("out", pays("10.00 EUR"))
            touches: list[Any] = [
                lambda ledger: ledger.post(entry("a", pays("1.00 EUR"))),
                lambda ledger: ledger.post(entry("b", pays("1 JPY", "alice"))),
                lambda ledger: ledger.reverse("a", date=DAY, reason="r"),
                lambda ledger: ledger.holds.reserve(hold("h", pays("1.00 EUR"))),
                lambda ledger: ledger.holds.capture(
                    "h", date=DAY, amount="0.50 EUR", remainder="keep"
                ),
                lambda ledger: ledger.holds.void("h"),
            ]
            for touch in touches:
                books.do(touch)
                for path in (ALICE, SHOP):
                    error = refuses_entry(
                        books,
                        errors.ConditionFailed,
                        wanted,
                        "versions",
                        versions=seen | versions_of(books, *({ALICE, SHOP} - {path})),
                    )
                    assert error.expected == str(seen[path])
                seen = versions_of(books, ALICE, SHOP, "assets:bank")
            books.do(lambda ledger: ledger.post(wanted, versions=seen))

    def test_a_version_stays_while_nothing_happens(self, tmp_path: Path) -> None:
        """Reading, failing and repeating are nothing."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            seen = versions_of(books, ALICE)
            books.post(
                entry("paid-in", f"Dr assets:bank 100.00 EUR / Cr {ALICE} 100.00 EUR")
            )
            refuses_entry(
                books, errors.LimitBreached, entry("x", pays("200.00 EUR")), FIRST_LINE
            )
            books.do(
                lambda ledger: ledger.post(entry("x", pays("1.00 EUR")), dry_run=True)
            )
            books.post(entry("other", pays("1.00 EUR", "bob")))
            assert versions_of(books, ALICE) == seen

    def test_conditions_come_before_limits(self, tmp_path: Path) -> None:
        """And versions before conditions."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            wanted = entry("out", pays("500.00 EUR"))
            failing = {ALICE: bl.Limit(minimum="0.00 EUR")}
            refuses_entry(
                books,
                errors.ConditionFailed,
                wanted,
                "conditions",
                conditions=failing,
            )
            refuses_entry(
                books,
                errors.ConditionFailed,
                wanted,
                "versions",
                conditions=failing,
                versions={ALICE: 0},
            )

    # --- as much as available --------------------------------------------------------

    def test_as_much_as_available(self, tmp_path: Path) -> None:
        """Money leaves down to what is there, less what is reserved."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            reserve(books, "auth", pays("60.00 EUR"))
            some = _balanced(books, "some", pays("15.00 EUR"), ALICE)
            assert some == pays("15.00 EUR")
            rest = _balanced(books, "rest", pays("500.00 EUR"), ALICE)
            assert rest == pays("25.00 EUR")
            shows(books, alice="60.00 EUR | 0 | 0")
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("none", pays("500.00 EUR")),
                "balancing",
                "0.00 EUR",
                balancing=ALICE,
            )

    def test_available_goes_to_the_minimum(self, tmp_path: Path) -> None:
        """To zero where there is none, also of an account without limits."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(books, "alice", bl.Limit(minimum="30.00 EUR"))
            assert _balanced(books, "a", pays("90.00 EUR"), ALICE) == pays("70.00 EUR")
            change_limits(books, "alice", bl.Limit(minimum="-5.00 EUR"))
            assert _balanced(books, "b", pays("90.00 EUR"), ALICE) == pays("35.00 EUR")
            bank = "Dr expenses:rent 500.00 EUR / Cr assets:bank 500.00 EUR"
            assert _balanced(books, "c", bank, "assets:bank") == (
                "Dr expenses:rent 100.00 EUR / Cr assets:bank 100.00 EUR"
            )
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("d", bank),
                "balancing",
                balancing="assets:bank",
            )

    def test_room_is_left_up_to_the_maximum(self, tmp_path: Path) -> None:
        """Of the account on the incoming side; without a maximum there is no bound."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            top_up = pays("500.00 EUR", "bob", "shop")
            change_limits(books, "shop", bl.Limit(maximum="80.00 EUR"))
            reserve(books, "auth", pays("60.00 EUR"))
            assert _balanced(books, "a", top_up, SHOP) == (
                pays("20.00 EUR", "bob", "shop")
            )
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("b", top_up),
                "balancing",
                balancing=SHOP,
            )
            change_limits(books, "shop", *OVERDRAWN)
            assert _balanced(books, "c", top_up, SHOP) == top_up

    def test_the_other_account_keeps_its_limits(self, tmp_path: Path) -> None:
        """Only the named account bounds the amount."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            change_limits(books, "shop", bl.Limit(maximum="80.00 EUR"))
            refuses_entry(
                books,
                errors.LimitBreached,
                entry("all", pays("500.00 EUR")),
                "postings[1].amount",
                "100.00 EUR",
                balancing=ALICE,
            )

    def test_a_bounded_entry_can_be_repeated(self, tmp_path: Path) -> None:
        """With what it asked for, and with any other amount above what it moved."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            options: dict[str, Any] = {"balancing": ALICE}
            asked = entry("all", pays("500.00 EUR"))
            first = books.do(lambda ledger: ledger.post(asked, **options))
            assert text_amount(first) == "100.00 EUR"
            books.post(entry("in", pays("9.00 EUR", "bob", "alice")))
            for amount in ("500.00 EUR", "900.00 EUR", "100.00 EUR"):
                again = entry("all", pays(amount))
                found = books.do(lambda ledger: ledger.post(again, **options))
                assert found == first
            for text in (pays("99.99 EUR"), pays("100 JPY")):
                refuses_entry(
                    books,
                    errors.IdempotencyConflict,
                    entry("all", text),
                    FIRST_LINE,
                    balancing=ALICE,
                )
            refuses_entry(books, errors.IdempotencyConflict, asked, FIRST_LINE)
            refuses_entry(
                books,
                errors.IdempotencyConflict,
                entry("all", pays("500.00 EUR", "alice", "bob")),
                "postings[1].account",
                balancing=ALICE,
            )

    def test_balancing_is_for_plain_entries(self, tmp_path: Path) -> None:
        """One debit and one credit, one of them on the account, of positive amount."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            for text, path in (
                (f"{pays('1.00 EUR')} / {pays('1 JPY')}", ALICE),
                (f"Dr {ALICE} 1.00 EUR / Dr {SHOP} -1.00 EUR", ALICE),
                (f"Dr {ALICE} -1.00 EUR / Cr {SHOP} -1.00 EUR", ALICE),
                (f"Dr {ALICE} 1.00 EUR / Cr {ALICE} 1.00 EUR", ALICE),
                (pays("1.00 EUR"), "assets:bank"),
            ):
                refuses_entry(
                    books,
                    errors.InvalidOption,
                    entry("x", text),
                    "balancing",
                    balancing=path,
                )

    def test_a_bounded_entry_is_refused_like_others(self, tmp_path: Path) -> None:
        """What comes first by precedence is reported, though nothing is available."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("all", pays("100.00 EUR")))
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            for wanted, error in (
                (entry("x", pays("1.00 EUR")), errors.PeriodNotOpen),
                (entry("x", pays("1.00 EUR"), journal="no"), errors.UnknownJournal),
                (
                    entry("x", pays("1.00 EUR", "alice", "no"), date(2026, 2, 1)),
                    errors.UnknownAccount,
                ),
            ):
                books.refuse(error, lambda ledger: ledger.post(wanted, balancing=ALICE))

    def test_a_dry_run_shows_the_bounded_amount(self, tmp_path: Path) -> None:
        """And conditions are about that."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            before = books.snapshot()
            record = books.do(
                lambda ledger: ledger.post(
                    entry("all", pays("500.00 EUR")),
                    balancing=ALICE,
                    conditions={SHOP: bl.Limit(maximum="100.00 EUR")},
                    dry_run=True,
                )
            )
            assert text_amount(record) == "100.00 EUR"
            assert books.snapshot() == before


def text_amount(record: bl.Record) -> str:
    """Return the amount of the first posting of an entry."""
    return str(record.entry.postings[0].amount)


def _balanced(books: Twins, id: str, text: str, path: str) -> str:
    """Post with *balancing*; return the postings that were recorded."""
    wanted = bl.Entry(id, DAY, lines(text))
    record = books.do(lambda ledger: ledger.post(wanted, balancing=path))
    return text_of(record.entry.postings)
