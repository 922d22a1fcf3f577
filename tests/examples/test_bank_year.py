"""The main job: a year of a real bank, checked against numbers from its raw files.

What is expected here is computed by plain Python from ``examples/data/berka``, by
other means than the example's: all orders of a day's transactions are tried.
"""

import csv
import gzip
import itertools
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import bank_year
import pytest
from _bank.reconcile import AccountDay, Verdict, account_days, chain, reconcile, signed
from _bank.source import Transaction, parse_haler, read_bank
from tests.examples.html_page import Page

import backoffice_ledger as bl

PROGRAM = Path(bank_year.__file__)
DATA = PROGRAM.parent / "data" / "berka"
YEAR_END = date(1993, 12, 31)
ROUNDED = {"UROK", "SANKC. UROK", "UVER"}

Row = tuple[str, str, str, int, int]
"""Account, day (YYMMDD), purpose, what it adds and the balance after; in 0.10 CZK."""


# --- the bank's own numbers, without the example's code ------------------------------


@pytest.fixture(scope="module")
def raw() -> list[Row]:
    """Return the published transactions."""

    def tenths(text: str) -> int:
        digits, zero = text[:-1].replace(".", ""), text[-1]
        assert zero == "0"
        return int(digits)

    with gzip.open(DATA / "trans.asc.gz", "rt", encoding="utf-8") as file:
        return [
            (
                row["account_id"],
                row["date"],
                row["k_symbol"],
                tenths(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1),
                tenths(row["balance"]),
            )
            for row in csv.DictReader(file, delimiter=";")
        ]


def closing_balances(opening: int, day: list[Row]) -> set[int]:
    """Return where the day may have ended, over all orders of its transactions."""
    found = set()
    for order in itertools.permutations(day):
        balance = opening
        for *_, amount, after in order:
            if abs(after - amount - balance) > 1:
                break
            balance = after
        else:
            found.add(balance)
    return found


@pytest.fixture(scope="module")
def expected_verdicts(raw: list[Row]) -> Counter[str]:
    """Count the account-days by how posted and reported balances compare."""
    days: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in raw:
        days[row[0]][row[1]].append(row)
    counts: Counter[str] = Counter()
    for account in days.values():
        posted = reported = rounded = 0
        for day, rows in sorted(account.items()):
            posted += sum(row[3] for row in rows)
            rounded += sum(row[2] in ROUNDED for row in rows)
            closings = closing_balances(reported, rows)
            assert len(closings) <= 1, "a day's orders disagree about its end"
            if not closings:
                counts["cut-off" if day == "940331" else "break"] += 1
                continue
            (reported,) = closings
            difference = reported - posted
            if 2 * abs(difference) > rounded + 1:
                counts["break"] += 1
            else:
                counts["rounding" if difference else "exact"] += 1
    return counts


# --- a whole run ------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_run(
    run_python: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Run the example as the README does; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("first")
    return folder, run_python(PROGRAM, cwd=folder)


@pytest.fixture(scope="module")
def ledger(first_run: tuple[Path, str]) -> Iterator[bl.Ledger]:
    """Open the books of the first run."""
    with bl.open_ledger(first_run[0] / "books.db", read_only=True) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def root(ledger: bl.Ledger) -> str:
    """Verify the books of the first run; return the root hash of their log."""
    verification = ledger.verify()
    assert verification.entries == 49_102 + 38 + 3
    return verification.root


def czk(balance: bl.Balance) -> str:
    """Return the koruna of a balance as text."""
    return str(balance["CZK"].decimal)


def test_every_transaction_is_posted(ledger: bl.Ledger, raw: list[Row]) -> None:
    """Each published row has its entry, and nothing else touches a customer."""
    ids = [record.entry.id for record in ledger.view().entries()]
    kinds = Counter(re.sub(r"\d+$", "", id_) for id_ in ids)
    assert len(raw) == kinds["berka-trans-"] == 49_102
    assert kinds["berka-loan-"] == 38
    customers = list(ledger.view().entries(account="liabilities:deposits"))
    assert len(customers) == 49_102


def test_reconciliation(
    first_run: tuple[Path, str], expected_verdicts: Counter[str]
) -> None:
    """Every account-day agrees with the bank but for rounding and the file's end."""
    assert expected_verdicts == {"exact": 23_633, "rounding": 16_299, "cut-off": 28}
    assert (
        "reconciled 39,960 account-days: "
        "23,633 exact, 16,299 rounding, 28 cut-off, 0 break" in first_run[1]
    )


def test_customer_balances(ledger: bl.Ledger, raw: list[Row]) -> None:
    """At the year end and at the end each customer holds the sum of the raw rows."""
    for last, view in (
        ("931231", ledger.view(as_of=YEAR_END)),
        ("940331", ledger.view()),
    ):
        expected: Counter[str] = Counter()
        for account, day, _, amount, _ in raw:
            if day <= last:
                expected[f"liabilities:deposits:{account}"] += 10 * amount
        posted = {
            row["account"]: row["closing_credit"].minor_units
            - row["closing_debit"].minor_units
            for row in view.trial_balance()
            if row["account"].startswith("liabilities:deposits:")
        }
        assert posted == expected


def test_year_end(ledger: bl.Ledger) -> None:
    """The statements of 1993 hold the numbers of the raw files."""
    view = ledger.view(as_of=YEAR_END)
    sheet, result = view.balance_sheet(), view.income_statement()
    assert czk(sheet.total("assets")) == "35815079.80"
    assert czk(sheet.total("liabilities")) == "36585129.50"
    assert czk(view.balance("liabilities:deferred-statement-fees")) == "9183.40"
    assert czk(result.total("income")) == "40813.20"
    assert czk(result.total("expenses")) == "810862.90"
    assert czk(result.total("result")) == "-770049.70"
    assert czk(view.balance("equity:retained-earnings")) == "-770049.70"
    assert czk(view.balance("income:statement-fees")) == "0.00"
    after = ledger.view(as_of=date(1994, 1, 31))
    assert czk(after.balance("liabilities:deferred-statement-fees")) == "0.00"


def test_deferred_fees(raw: list[Row]) -> None:
    """What is deferred are the 629 monthly fees that the raw files show that day."""
    fees = [row[3] for row in raw if row[1] == "931231" and row[2] == "SLUZBY"]
    assert fees.count(-146) == 629
    assert 629 * 1_460 == 918_340


def test_assets_equal_liabilities_and_equity(ledger: bl.Ledger) -> None:
    """The balance sheet balances at every month end."""
    day, ends = date(1993, 1, 31), 0
    while day <= date(1994, 3, 31):
        sheet = ledger.view(as_of=day).balance_sheet()
        assert sheet.total("assets") == (
            sheet.total("liabilities") + sheet.total("equity")
        )
        ends += 1
        day = (day + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    assert ends == 15


def test_1993_is_closed(ledger: bl.Ledger) -> None:
    """Its twelve months are closed, the next three are open."""
    states = [period.state.value for period in ledger.view().periods()]
    assert states == ["closed"] * 12 + ["open"] * 3


def test_same_books_on_every_run(
    run_python: Callable[..., str],
    first_run: tuple[Path, str],
    root: str,
    tmp_path: Path,
) -> None:
    """Another process with other hashing makes the same log."""
    assert f"root {root}\n" in first_run[1]
    roots = set()
    for seed in ("1", "4711"):
        folder = tmp_path / seed
        folder.mkdir()
        limit = ("--limit", "2000")
        printed = run_python(PROGRAM, *limit, cwd=folder, PYTHONHASHSEED=seed)
        roots.add(printed.rpartition("root ")[2])
    assert len(roots) == 1


def test_books_are_not_overwritten(first_run: tuple[Path, str]) -> None:
    """Without ``--fresh`` books that exist stay as they are."""
    book = first_run[0] / "books.db"
    before = book.read_bytes()
    finished = subprocess.run(
        [sys.executable, PROGRAM], cwd=first_run[0], capture_output=True, text=True
    )
    assert finished.returncode == 1
    assert "--fresh" in finished.stderr
    assert book.read_bytes() == before


def test_report_is_one_page(first_run: tuple[Path, str], root: str) -> None:
    """It is well-formed, loads nothing, draws its plots, and shows the root hash."""
    text = (first_run[0] / "bank_year.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.loaded == []
    assert page.names["script"] == page.names["link"] == page.names["img"] == 0
    assert not re.search(r"https?:|@import|url\(", text)
    assert page.names["svg"] >= 9
    assert root in text


def test_quick_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--limit`` posts the first rows only, into books that may be made afresh."""
    arguments = ["--book", str(tmp_path / "books.db"), "--limit", "200", "--fresh"]
    roots = set()
    for _ in range(2):
        assert bank_year.main(arguments) == 0
        printed = capsys.readouterr().out
        roots.add(printed.rpartition("root ")[2])
        assert "posted 200 entries" in printed
    assert len(roots) == 1


# --- the reconciliation itself -------------------------------------------------------

DAY = date(1993, 2, 1)
NEXT_DAY = date(1993, 2, 2)


def deposit(day: date, amount: str, balance: str, purpose: str = "") -> Transaction:
    """Return a payment into an account."""
    return Transaction(
        id="1",
        account="7",
        day=day,
        type="PRIJEM",
        operation="" if purpose else "VKLAD",
        purpose=purpose,
        amount=parse_haler(amount),
        balance=parse_haler(balance),
        bank="",
        counter_account="",
    )


def compared(
    *rows: Transaction, wrong_by: int = 0, last_day: date = date.max
) -> list[AccountDay]:
    """Reconcile *rows*, with every posted balance *wrong_by* so many haler."""
    balance, posted = 0, {}
    for key, day in account_days(rows):
        balance += sum(signed(row) for row in day)
        posted[key] = balance + wrong_by
    return reconcile(list(rows), posted, last_day)


def test_order_within_a_day_does_not_matter() -> None:
    """The order that the reported balances form is found."""
    rows = [deposit(DAY, "5.00", "15.00"), deposit(DAY, "10.00", "10.00")]
    assert chain(0, rows) == chain(0, rows[::-1]) == (15_00, 0, 0)
    (day,) = compared(*rows)
    assert day.verdict is Verdict.EXACT


def test_rounding_needs_a_rounded_amount() -> None:
    """0.10 is rounding beside interest, and a break without it."""
    start = deposit(DAY, "10.00", "10.00")
    _, interest = compared(start, deposit(NEXT_DAY, "1.00", "11.10", "UROK"))
    assert interest.verdict is Verdict.ROUNDING
    assert (interest.difference, interest.bound) == (10, 10)
    _, cash = compared(start, deposit(NEXT_DAY, "1.00", "11.10"))
    assert cash.verdict is Verdict.BREAK


@pytest.mark.parametrize("wrong_by", [-100_00, -20, -10, 10, 20, 100_00])
def test_wrong_postings_are_breaks(wrong_by: int) -> None:
    """Before the first rounded amount every wrong haler is found."""
    days = compared(
        deposit(DAY, "10.00", "10.00"),
        deposit(NEXT_DAY, "5.00", "15.00"),
        wrong_by=wrong_by,
    )
    assert [day.verdict for day in days] == [Verdict.BREAK, Verdict.BREAK]


def test_a_missing_row_is_a_break_before_the_last_day_and_cut_off_on_it() -> None:
    """The posting that would explain the gap is named."""
    rows = [deposit(DAY, "10.00", "10.00"), deposit(NEXT_DAY, "5.00", "18.00")]
    assert compared(*rows)[1].verdict is Verdict.BREAK
    (_, cut) = compared(*rows, last_day=NEXT_DAY)
    assert (cut.verdict, cut.missing, cut.reported) == (Verdict.CUT_OFF, 3_00, None)


def test_one_wrong_posting_among_all_is_found() -> None:
    """In the real data, one amount moved by 0.20 CZK shows on its day."""
    bank = read_bank(DATA, limit=3_000)
    balances: Counter[str] = Counter()
    posted = {}
    for row in bank.transactions:
        balances[row.account] += signed(row)
        posted[row.account, row.day] = balances[row.account]
    wrong = "2378", date(1993, 1, 22)
    posted[wrong] += 20
    found = [
        (day.account, day.day)
        for day in reconcile(bank.transactions, posted, bank.last_day)
        if day.verdict is Verdict.BREAK
    ]
    assert found == [wrong, ("2378", date(1993, 1, 23))]
