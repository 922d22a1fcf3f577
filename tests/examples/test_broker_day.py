"""A broker's day, checked against figures that plain Python makes from its trades.

What is expected here knows nothing of entries, instructions, nets or lots: it is
computed from the generated trades, from who is late, and from closing prices.
"""

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import broker_day
import pytest
from _broker.market import BY_ISIN, CAPITAL, FIRM, TRADE_DATE, Day, generate
from _broker.release import BANDS, CONTROLLER, OPERATIONS, TRADER, ReleaseControl
from tests.examples.html_page import Page

import backoffice_ledger as bl
from backoffice_ledger.settlement import FrontOffice, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import (
    SettlementAccounts,
    open_obligations,
    settlement_date_balances,
)

PROGRAM = Path(broker_day.__file__)
TRADES, SEED = 30, 1
ACCOUNTS = SettlementAccounts()
RATES = {"liquid-shares": Fraction(1, 10_000), "public-debt": Fraction(1, 100_000)}
"""Of Regulation (EU) 2018/389, Annex: 1.00 and 0.10 basis points a day."""


def run(folder: Path, seed: int = SEED) -> str:
    """Run the example in this process; return its report as text."""
    book, page = folder / "broker.db", folder / "page.html"
    arguments = ["--trades", str(TRADES), "--seed", str(seed)]
    arguments += ["--book", str(book), "--report", str(page), "--fresh"]
    assert broker_day.main(arguments) == 0
    return page.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the example once; return the folder with its book and its reports."""
    folder = tmp_path_factory.mktemp("broker")
    run(folder)
    return folder


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Iterator[bl.Ledger]:
    """Open the book that the example has left."""
    with bl.open_ledger(folder / "broker.db", read_only=True) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def day() -> Day:
    """Return what was generated."""
    return generate(TRADES, SEED)


@pytest.fixture(scope="module")
def trades(day: Day) -> list[Trade]:
    """Return the trades as they stand in the end: one was corrected."""
    return [day.correction if t.id == day.correction.id else t for t in day.trades]


def money(ledger: bl.Ledger, account: str) -> dict[str, int]:
    """Return a balance in minor units, without zeros."""
    return {a.commodity.code: a.minor_units for a in ledger.balance(account) if a}


def without_zeros(counts: Counter[str]) -> dict[str, int]:
    """Return what is not zero."""
    return {code: units for code, units in counts.items() if units}


def inventory_cost(day: Day, isin: str) -> int:
    """Return what the firm's opening units cost, in minor units."""
    each = BY_ISIN[isin]
    price = Fraction(each.price) / (100 if each.is_bond else 1)
    return math.floor(price * day.opening[FIRM, isin] * 100 + Fraction(1, 2))


def owned(day: Day, trades: list[Trade]) -> Counter[tuple[str, str]]:
    """Return the units of each owner after all trades; the block as it was split."""
    units = Counter(dict(day.opening))
    block = trades[-1]
    for trade in trades[:-1]:
        sign = 1 if trade.side == "buy" else -1
        units[trade.owner, trade.instrument.code] += sign * int(trade.quantity.decimal)
    for part in day.allocations:
        units[part.owner, block.instrument.code] += int(part.quantity.decimal)
    return units


def test_everybody_has_what_was_traded(
    ledger: bl.Ledger, day: Day, trades: list[Trade]
) -> None:
    """Opening units, plus what was bought, less what was sold."""
    expected = owned(day, trades)
    for owner in {owner for owner, _ in expected}:
        units = ledger.balance(ACCOUNTS.owner(owner))
        assert {a.commodity.code: a.minor_units for a in units if a} == {
            isin: count for (who, isin), count in expected.items() if who == owner
        }


def test_the_money(ledger: bl.Ledger, day: Day, trades: list[Trade]) -> None:
    """Own trades move their net; of those for customers the commission stays."""
    nostro = Counter(dict.fromkeys(BANDS, CAPITAL * 100))
    for isin, each in BY_ISIN.items():
        nostro[each.currency] -= inventory_cost(day, isin)
    for trade in trades:
        code = trade.currency.code
        if trade.capacity == "agent":
            nostro[code] += sum(fee.minor_units for fee in trade.fees.values())
        else:
            sign = -1 if trade.side == "buy" else 1
            nostro[code] += sign * trade.net.minor_units
    nostro["EUR"] += 235 * owned(day, trades)[FIRM, day.dividend]
    assert money(ledger, ACCOUNTS.nostro) == nostro
    assert money(ledger, ACCOUNTS.dividend_income) == {
        "EUR": 235 * owned(day, trades)[FIRM, day.dividend]
    }
    assert money(ledger, ACCOUNTS.customer_receivable) == {}
    assert money(ledger, ACCOUNTS.customer_payable) == {}


def test_commissions(ledger: bl.Ledger, trades: list[Trade]) -> None:
    """Customers pay them to the firm, and the firm to others."""
    for capacity, account in (
        ("agent", ACCOUNTS.commission_revenue),
        ("principal", ACCOUNTS.commission_expense),
    ):
        expected: Counter[str] = Counter()
        for trade in trades:
            if trade.capacity == capacity:
                for fee in trade.fees.values():
                    expected[trade.currency.code] += fee.minor_units
        assert money(ledger, account) == without_zeros(expected)


def test_realised_result(ledger: bl.Ledger, day: Day, trades: list[Trade]) -> None:
    """What the firm sold brought more or less than it had cost, first in, first out.

    Costs of parts of lots are rounded to the cent, so each part may be half of one off.
    """
    lots: defaultdict[str, deque[list[Fraction]]] = defaultdict(deque)
    for isin in BY_ISIN:
        units = day.opening[FIRM, isin]
        lots[isin].append([Fraction(units), Fraction(inventory_cost(day, isin), units)])
    result: defaultdict[str, Fraction] = defaultdict(Fraction)
    parts: Counter[str] = Counter()
    for trade in trades:
        if trade.capacity == "agent":
            continue
        left, code = Fraction(trade.quantity.decimal), trade.currency.code
        price = Fraction(trade.consideration.minor_units) / left
        queue = lots[trade.instrument.code]
        if trade.side == "buy":
            queue.append([left, price])
            continue
        while left:
            taken = min(left, queue[0][0])
            result[code] += taken * (price - queue[0][1])
            parts[code] += 1
            queue[0][0] -= taken
            left -= taken
            if not queue[0][0]:
                queue.popleft()
    booked = money(ledger, ACCOUNTS.realised)
    assert set(booked) == set(result)
    assert sum(parts.values()) >= 5
    for code, expected in result.items():
        assert abs(booked[code] - expected) <= parts[code]


def ceiling_of_penalty(isin: str, units: int, day: Day) -> int:
    """Return a day's penalty in minor units: value times rate, rounded up."""
    each = BY_ISIN[isin]
    price = Fraction(day.closes[1][isin]) / (100 if each.is_bond else 1)
    return math.ceil(units * price * RATES[each.rate_class] * 100)


def test_penalties_for_what_we_did_not_get(
    ledger: bl.Ledger, day: Day, trades: list[Trade]
) -> None:
    """Each late seller in Frankfurt pays for each business day."""
    expected = 0
    for trade in trades:
        late = day.late.get(trade.id)
        if late is not None and trade.market == "XETR":
            units = int(trade.quantity.decimal) - late.at_first
            expected += late.days * ceiling_of_penalty(
                trade.instrument.code, units, day
            )
    assert expected > 0
    assert money(ledger, ACCOUNTS.penalty_income) == {"EUR": expected}
    assert money(ledger, ACCOUNTS.penalties_receivable) == {"EUR": expected}


def test_what_could_not_be_delivered(ledger: bl.Ledger, day: Day) -> None:
    """Some owner sold on what did not come; the firm pays for each day of that.

    12, 13 and 14 October 2026 are business days, and no other delivery was due.
    """
    desk = SettlementDesk(ledger)
    expected = late_deliveries = 0
    for document in ledger.documents.all("settlement-instruction"):
        status = desk.instruction(document.id)
        terms, quantity = status.instruction, status.instruction.quantity
        if status.failing_since is None or not terms.is_delivery or quantity is None:
            continue
        late_deliveries += 1
        assert day.late.keys() & {
            t.id
            for t in day.trades
            if (t.owner, t.instrument) == (terms.owner, quantity.commodity)
        }
        for today in (date(2026, 10, 12), date(2026, 10, 13), date(2026, 10, 14)):
            left = sum(
                part.quantity.minor_units
                for part in status.parts
                if part.quantity is not None and part.date > today
            )
            if left and terms.depository == "CBF":
                expected += ceiling_of_penalty(quantity.commodity.code, left, day)
    assert late_deliveries > 0
    booked = money(ledger, ACCOUNTS.penalty_expense)
    assert booked == ({"EUR": expected} if expected else {})


def test_two_views_on_the_trade_date(ledger: bl.Ledger, day: Day) -> None:
    """By settlement date nothing has happened yet but a change of value.

    The firm has the units of the opening at their cost, and its capital for the rest.
    """
    view = ledger.view(as_of=TRADE_DATE)
    rows = {
        str(row["account"]): row["settlement_date"]
        for row in settlement_date_balances(view, ACCOUNTS)
    }
    cost: Counter[str] = Counter()
    for isin, each in BY_ISIN.items():
        cost[each.currency] += inventory_cost(day, isin)
    for account, expected in (
        (ACCOUNTS.securities_fvtpl, cost),
        (
            ACCOUNTS.owner(FIRM),
            {
                isin: units
                for (owner, isin), units in day.opening.items()
                if owner == FIRM
            },
        ),
        (ACCOUNTS.nostro, {code: CAPITAL * 100 - cost[code] for code in BANDS}),
    ):
        assert {a.commodity.code: a.minor_units for a in rows[account]} == expected
    assert not rows.get(ACCOUNTS.realised)


def test_gross_and_net(folder: Path, day: Day) -> None:
    """The report shows the sum of the netted trades' money, and what is left of it."""
    gross: Counter[str] = Counter()
    net: Counter[tuple[str, str]] = Counter()
    for trade in day.trades:
        if trade.id in day.netted:
            sign = 1 if trade.side == "sell" else -1
            gross[trade.currency.code] += trade.net.minor_units
            key = trade.currency.code, trade.instrument.code
            net[key] += sign * trade.net.minor_units
    report = (folder / "page.txt").read_text(encoding="utf-8")
    assert gross
    for code, amount in gross.items():
        left = [abs(units) for (own, _), units in net.items() if own == code and units]
        number = str(bl.Amount.from_minor(amount, code))
        rest = str(bl.Amount.from_minor(sum(left), code))
        line = rf"^{code} +\d+ +{re.escape(number)} +{len(left)} +{re.escape(rest)}$"
        assert re.search(line, report, re.MULTILINE), line


def test_nothing_is_left_open(ledger: bl.Ledger, day: Day) -> None:
    """Each trade is settled or netted, but for the block and the wrong version."""
    assert len(open_obligations(ledger.view(), ACCOUNTS)) == 0
    listed = FrontOffice(ledger=ledger).trades()
    states = Counter(row["state"] for row in listed if row["price"] is not None)
    assert states == {
        "netted": len(day.netted),
        "settled": TRADES - len(day.netted) + len(day.allocations),
        "block-allocated": 1,
        "corrected": 1,
    }
    assert ledger.verify().entries > 2 * TRADES


def test_two_pairs_of_eyes(ledger: bl.Ledger, day: Day) -> None:
    """The trader captures, operations go on; the controller releases what is large."""
    desk = SettlementDesk(ledger)
    actors = [row["actor"] for row in desk.history(day.correction.id)]
    assert actors[0] == TRADER
    assert set(actors[1:]) == {OPERATIONS}
    released = {
        proposal.entry.postings[0].dimensions["trade"]: proposal
        for proposal in ledger.proposals.all(status="posted")
    }
    large = {
        document.id
        for document in ledger.documents.all("settlement-instruction")
        if (cash := desk.instruction(document.id).instruction.cash) is not None
        and cash.decimal > 300_000
    }
    assert released.keys() == large
    assert large
    for proposal in released.values():
        assert proposal.maker == OPERATIONS
        assert list(proposal.approvers) == [CONTROLLER]


def test_a_release_needs_somebody_else(tmp_path: Path) -> None:
    """Nobody releases alone what is above the band, and the front office nothing."""
    with bl.open_ledger(
        tmp_path / "books.db", actor="a", create=True, controls=[ReleaseControl()]
    ) as ledger:
        ledger.declare_dimension("trade")
        for path in ("release:authorised", "release:instructions"):
            ledger.open_account(path, type="memorandum")
        at_most, above = (
            broker_day.work.release_entry(id_, bl.Amount(text, "EUR"), date(2026, 1, 5))
            for id_, text in (("I-1", "300000.00"), ("I-2", "300000.01"))
        )
        ledger.post(at_most)
        with pytest.raises(bl.errors.ApprovalRequired):
            ledger.post(above)
        with pytest.raises(bl.errors.ControlDenied):
            ledger.proposals.propose(above, actor=TRADER)


def test_report_is_one_page(folder: Path, ledger: bl.Ledger) -> None:
    """It is well-formed, loads nothing, and shows the root hash."""
    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == page.loaded == []
    assert page.names["script"] == page.names["link"] == page.names["img"] == 0
    assert not re.search(r"https?:|@import|url\(", text)
    assert page.names["svg"] == 2
    assert ledger.verify().root in text
    assert "\N{MULTIPLICATION SIGN}" not in text


def test_same_books_on_every_run(
    run_python: Callable[..., str], folder: Path, tmp_path: Path
) -> None:
    """Another process with other hashing makes the same log and the same page."""
    arguments = ["--trades", str(TRADES), "--seed", str(SEED), "--report", "page.html"]
    printed = run_python(PROGRAM, *arguments, cwd=tmp_path, PYTHONHASHSEED="4711")
    assert (folder / "page.txt").read_text(encoding="utf-8") in printed
    page = (tmp_path / "page.html").read_bytes()
    assert page == (folder / "page.html").read_bytes()


def test_another_seed_is_another_day() -> None:
    """All of the day follows from the seed."""
    assert generate(TRADES, SEED) == generate(TRADES, SEED)
    assert generate(TRADES, SEED).trades != generate(TRADES, SEED + 1).trades


def test_books_are_not_overwritten(folder: Path) -> None:
    """Without ``--fresh`` books that exist stay as they are."""
    before = (folder / "broker.db").read_bytes()
    assert broker_day.main(["--book", str(folder / "broker.db")]) == 1
    assert (folder / "broker.db").read_bytes() == before
