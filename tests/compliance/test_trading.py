"""Checks of trades, and what trading must not do alone."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from fake_books import FakeBooks
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance.trading import (
    Capture,
    ChangesOutsideTrading,
    CheckResult,
    Confirmation,
    CutOff,
    Handover,
    MarketPrice,
    NoAccessDuringHandover,
    Notice,
    PaymentRelease,
    PriceBand,
    SpecialTerms,
    TradingStaff,
    check_agreement,
    check_captures,
    check_confirmation,
    check_late,
    check_market,
    check_terms,
    confirmation_ageing,
    dormant_accounts,
    dummy_counterparties,
    is_late,
    missing_handovers,
    record_results,
    recorded_results,
    results_table,
    suspense_ageing,
    trading_day,
)
from backoffice_ledger.errors import (
    InexactNumber,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    UnknownAccount,
    UnknownDimension,
    UnknownRecord,
)
from backoffice_ledger.protocols import Decision, Vote
from backoffice_ledger.stores import PostgreSQLStore

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DUTIES = {
    "tina": {"trade.capture"},
    "theo": {"trade.capture", "journal.approve"},
    "rita": {"trade.read", "journal.approve"},
    "bert": {"confirm.match", "settle.release"},
    "nick": set(),
    "olaf": {"settle.release"},
    "robo": {"settle.release"},
}


class Authority:
    """Knows the duties of some people; Olaf sits with the traders."""

    def unit_of(self, actor: str) -> str:
        """Return somebody's unit."""
        self.duties_of(actor, AT)
        return "bank:trading:desk" if actor == "olaf" else "bank:tradingX"

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return somebody's duties."""
        if actor.casefold() not in DUTIES:
            raise UnknownRecord(field="actor", found=actor)
        return frozenset(DUTIES[actor.casefold()])

    def kind_of(self, actor: str) -> str:
        """Return whether it is a person."""
        return "service" if actor == "robo" else "human"


WHO = TradingStaff(Authority(), ["bank:trading"])


UNITS = bl.Amount("100", bl.Commodity("DE0001", 0))
EUR = bl.Commodity("EUR", 2)


@attrs.frozen
class Deal:
    """A trade with what the checks need."""

    id: str = "t1"
    traded_at: datetime = AT
    trade_date: date = date(2026, 1, 5)
    quantity: bl.Amount = UNITS
    price: Any = Fraction(100)
    currency: bl.Commodity = EUR
    own_ssi: str = "ssi-1"


class Weekdays:
    """Business days without holidays."""

    def is_business_day(self, day: date) -> bool:
        """Whether *day* is one."""
        return day.weekday() < 5


def outcome(result: CheckResult) -> tuple[str, str]:
    """Return what came out, and why."""
    return result.outcome, result.code


# --- late trades ---------------------------------------------------------------------

CUT_OFFS = [
    CutOff(date(2026, 1, 1), time(17, 30), BERLIN),
    CutOff(date(2026, 7, 1), time(18), BERLIN),
]


@pytest.mark.parametrize(
    ("local", "late"),
    [
        (datetime(2026, 1, 5, 17, 30), False),  # noqa: DTZ001
        (datetime(2026, 1, 5, 17, 30, 0, 1), True),  # noqa: DTZ001
        (datetime(2026, 6, 30, 17, 45), True),  # noqa: DTZ001
        (datetime(2026, 7, 1, 17, 45), False),  # noqa: DTZ001
        (datetime(2026, 1, 5, 0, 0), False),  # noqa: DTZ001
    ],
)
def test_a_trade_after_the_cut_off_is_late(local: datetime, late: bool) -> None:
    """By the clock of the place, and by the cut-off in force on that day."""
    deal = Deal(traded_at=local.replace(tzinfo=BERLIN).astimezone(UTC))
    assert is_late(deal, CUT_OFFS) is late
    assert trading_day(deal, CUT_OFFS) == local.date()


def test_without_a_cut_off_nothing_is_in_time() -> None:
    """It is an error, not a pass."""
    with pytest.raises(InvalidOption):
        is_late(Deal(traded_at=datetime(2025, 12, 31, tzinfo=UTC)), CUT_OFFS)


@pytest.mark.parametrize(
    ("notices", "expected"),
    [
        ([], ("failed", "not-handed-on")),
        ([Notice("t2", "bert", AT)], ("failed", "not-handed-on")),
        ([Notice("t1", "theo", AT)], ("failed", "handed-to-trading")),
        ([Notice("t1", "theo", AT), Notice("t1", "bert", AT)], ("passed", "late")),
    ],
)
def test_a_late_trade_is_handed_to_somebody_outside_trading(
    notices: list[Notice], expected: tuple[str, str]
) -> None:
    """It belongs to the positions of its day all the same."""
    late = Deal(traded_at=AT + timedelta(hours=9))
    assert outcome(check_late(late, CUT_OFFS, notices, WHO)) == expected
    assert trading_day(late, CUT_OFFS) == date(2026, 1, 5)
    assert outcome(check_late(Deal(), CUT_OFFS, [], WHO)) == ("passed", "in-time")


# --- market --------------------------------------------------------------------------

PRICES = [MarketPrice("DE0001", date(2026, 1, 5), "100", "EUR", "exchange")]
BANDS = [
    PriceBand(date(2026, 1, 1), "0.01"),
    PriceBand(date(2026, 1, 1), "0.02", "DE0002"),
    PriceBand(date(2027, 1, 1), "0.001", "DE0001"),
]
JUSTIFIED = SpecialTerms(
    trade="t1",
    is_off_market=True,
    requester="customer 7",
    reason="file 12: roll-over",
    disclosure="confirmation 9",
)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (100, ("passed", "in-band")),
        ("101", ("passed", "in-band")),
        (Decimal("99"), ("passed", "in-band")),
        ("101.0000000001", ("failed", "out-of-band")),
        (Fraction(9899, 100), ("failed", "out-of-band")),
    ],
)
def test_a_price_is_in_the_band_of_the_market(
    price: Any, expected: tuple[str, str]
) -> None:
    """The edge passes, and not a hair more."""
    assert outcome(check_market(Deal(price=price), PRICES, BANDS)) == expected


def test_what_is_off_the_market_must_be_justified() -> None:
    """Marked, asked for, reasoned and disclosed; for this trade."""
    deal = Deal(price=105)
    for terms, code in (
        (None, "out-of-band"),
        (JUSTIFIED, "off-market-justified"),
        (attrs.evolve(JUSTIFIED, reason=" "), "out-of-band"),
        (attrs.evolve(JUSTIFIED, is_off_market=False), "out-of-band"),
        (attrs.evolve(JUSTIFIED, trade="t2"), "out-of-band"),
    ):
        assert check_market(deal, PRICES, BANDS, terms).code == code
    assert check_market(deal, PRICES, BANDS).detail == "5.0000 % off exchange"


def test_without_a_price_of_the_market_the_check_stays_open() -> None:
    """Another day, instrument or currency is none."""
    for deal in (
        Deal(trade_date=date(2026, 1, 6)),
        Deal(currency=bl.Commodity("USD", 2)),
        Deal(quantity=bl.Amount("1", bl.Commodity("DE0009", 0))),
    ):
        result = check_market(deal, PRICES, BANDS)
        assert outcome(result) == ("open", "no-market-price")
        assert result.is_finding


def test_the_nearest_source_and_the_band_of_the_instrument_count() -> None:
    """A band of its own goes before the general one, from its day on."""
    day = date(2027, 1, 4)
    prices = [
        MarketPrice("DE0001", day, "100", "EUR", "exchange"),
        MarketPrice("DE0001", day, "100.5", "EUR", "broker"),
    ]
    for price, code in (("100.6", "in-band"), ("101", "out-of-band")):
        deal = Deal(price=price, trade_date=day)
        assert check_market(deal, prices, BANDS).code == code
    with pytest.raises(InvalidOption):
        check_market(Deal(), PRICES, [BANDS[2]])


@given(st.fractions(0, 1), st.fractions(1, 1000), st.fractions(1, 1000))
def test_the_band_is_exact(
    tolerance: Fraction, market: Fraction, price: Fraction
) -> None:
    """|price - market| <= tolerance x market, in whole numbers."""
    prices = [MarketPrice("DE0001", date(2026, 1, 5), market, "EUR", "x")]
    bands = [PriceBand(date(2026, 1, 1), tolerance)]
    result = check_market(Deal(price=price), prices, bands)
    low, high = market * (1 - tolerance), market * (1 + tolerance)
    assert (result.outcome == "passed") is (low <= price <= high)


@pytest.mark.parametrize(
    ("terms", "missing"),
    [
        (SpecialTerms(trade="t1"), ""),
        (JUSTIFIED, ""),
        (SpecialTerms(trade="t1", is_off_market=True), "requester, reason, disclosure"),
        (
            SpecialTerms(trade="t1", is_off_premises=True),
            "counterparty_confirmation",
        ),
        (
            SpecialTerms(
                trade="t1", is_off_premises=True, counterparty_confirmation="mail 3"
            ),
            "",
        ),
    ],
)
def test_special_terms_need_papers(terms: SpecialTerms, missing: str) -> None:
    """MaRisk BTO 2.2.1 Tz. 1 to 3."""
    result = check_terms(terms)
    assert result.detail == missing
    assert result.outcome == ("failed" if missing else "passed")


def test_two_descriptions_of_a_trade_must_agree() -> None:
    """Dealer against broker, or the standing routes of delivery."""
    other = Deal(own_ssi="ssi-2", price=Decimal(100))
    result = check_agreement("broker", Deal(), other, ["price", "currency"])
    assert outcome(result) == ("passed", "ok")
    result = check_agreement("ssi", Deal(), other, ["own_ssi", "price"])
    assert (result.code, result.detail) == ("differs", "own_ssi")
    missing = check_agreement("broker", Deal(), None, ["price"])
    assert outcome(missing) == ("open", "nothing-to-compare")


# --- capture -------------------------------------------------------------------------


def capture(deal_no: Any, **changes: Any) -> Capture:
    """Return a capture in order."""
    arguments: dict[str, Any] = {
        "trade": f"t{deal_no}",
        "deal_no": deal_no,
        "series": "bonds",
        "trader": "tina",
        "captured_by": "Tina",
        "traded_at": AT,
        "captured_at": AT + timedelta(minutes=2),
    }
    return Capture(**(arguments | changes))


def test_deals_are_captured_the_same_day_without_gaps() -> None:
    """Under the trader's own name, with running numbers by series."""
    results = check_captures(
        [
            capture(7),
            capture(8, captured_by="theo"),
            capture(9, captured_at=AT + timedelta(hours=15)),  # midnight in Berlin
            capture(9, trade="t9b"),
            capture(12),
            capture(13, captured_at=AT - timedelta(seconds=1)),
            capture(1, trade="s1", series="shares"),
            capture(14, captured_at=AT + timedelta(hours=13, minutes=59)),
        ],
        BERLIN,
    )
    assert [(each.trade, each.code, each.detail) for each in results] == [
        ("t7", "ok", ""),
        ("t8", "captured-by-another", "theo"),
        ("t9", "captured-late", "2026-01-05, captured 2026-01-06"),
        ("t9b", "number-twice", "bonds 9"),
        ("t12", "number-missing", "bonds 10"),
        ("t13", "captured-late", "2026-01-05, captured 2026-01-05"),
        ("t14", "ok", ""),
        ("s1", "ok", ""),
    ]


# --- confirmations -------------------------------------------------------------------


def confirmation(trade: str = "t1", **changes: Any) -> Confirmation:
    """Return a confirmation that is awaited since Friday, 2 January."""
    arguments = {"counterparty": "bank", "trade_date": date(2026, 1, 2)}
    return Confirmation(trade=trade, **(arguments | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("open", "unconfirmed")),
        ({"is_matched": True}, ("passed", "matched")),
        ({"confirmed_at": AT, "confirmed_by": "bert"}, ("passed", "confirmed")),
        (
            {"confirmed_at": AT, "confirmed_by": "tina"},
            ("failed", "not-independent"),
        ),
        ({"confirmed_at": AT, "confirmed_by": "rita"}, ("passed", "confirmed")),
    ],
)
def test_trading_does_not_confirm_its_own_deals(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Matched pairs need none."""
    assert outcome(check_confirmation(confirmation(**changes), WHO)) == expected


def test_unconfirmed_trades_age_in_business_days() -> None:
    """The oldest first; what is confirmed, matched or still to come is left out."""
    items = [
        confirmation("old", trade_date=date(2025, 12, 15)),
        confirmation("friday"),
        confirmation("today", trade_date=date(2026, 1, 6)),
        confirmation("matched", is_matched=True),
        confirmation("done", confirmed_at=AT, confirmed_by="bert"),
        confirmation("later", confirmed_at=AT + timedelta(5), confirmed_by="bert"),
        confirmation("future", trade_date=date(2026, 1, 7)),
    ]
    table = confirmation_ageing(items, as_of=date(2026, 1, 6), calendar=Weekdays())
    assert [(row["trade"], row["age_days"], row["bucket"]) for row in table.rows()] == [
        ("old", 16, "11 or more"),
        ("friday", 2, "2 to 5"),
        ("later", 2, "2 to 5"),
        ("today", 0, "0 to 1"),
    ]
    exact = confirmation_ageing(
        items[1:2], as_of=date(2026, 1, 6), calendar=Weekdays(), buckets=[1, 2, 3]
    )
    assert exact.rows()[0]["bucket"] == "2"


# --- controls ------------------------------------------------------------------------


def approval(voter: str) -> Vote:
    """Return a vote, of somebody or of one for another."""
    actor, _, other = voter.partition("/")
    return Vote(actor, Decision.APPROVE, "0" * 64, AT, on_behalf_of=other or None)


def proposal(maker: str, *voters: str, **changes: Any) -> bl.Proposal:
    """Return a proposal to pay from the bank, which is being released by its maker."""
    journal = changes.pop("journal", "general")
    amount = changes.pop("amount", "10.00 EUR")
    arguments: dict[str, Any] = {
        "id": "pay",
        "entry": bl.Entry(
            "pay",
            date(2026, 1, 5),
            [bl.debit("expenses:x", amount), bl.credit("assets:bank:giro", amount)],
            journal=journal,
        ),
        "digest": "0" * 64,
        "maker": maker,
        "proposed_at": AT,
        "votes": tuple(map(approval, voters)),
        "released_by": maker,
    }
    return bl.Proposal(**(arguments | changes))


def asks(control: Any, item: bl.Proposal) -> bool:
    """Whether the control wants somebody outside trading."""
    [finding] = control.examine(item, FakeBooks(AT))
    if finding == bl.Allow():
        return False
    assert finding.slots == ("somebody outside trading",)
    return True


@pytest.mark.parametrize(
    ("maker", "voters", "changes", "asked"),
    [
        ("tina", (), {}, True),
        ("tina", ("theo",), {}, True),
        ("tina", ("bert",), {}, False),
        ("tina", ("theo",), {"released_by": "bert"}, False),
        ("tina", ("theo",), {"released_by": "theo"}, True),
        ("bert", ("theo",), {}, False),
        ("bert", (), {}, False),
        ("rita", (), {}, False),
        ("olaf", (), {}, True),  # by the unit
        ("tina", ("olaf",), {}, True),
        ("tina", ("nick",), {}, True),  # without any duty nobody is a control
        ("nick", (), {}, False),
        ("tina", ("robo",), {}, True),  # a program is no person
        ("tina", ("bert/theo",), {}, True),  # who stands in counts as both
        ("tina", ("bert/rita",), {}, False),
        ("tina", (), {"released_by": None}, False),
        ("tina", (), {"amount": "-10.00 EUR"}, False),
    ],
)
def test_two_of_trading_never_release_a_payment(
    maker: str, voters: tuple[str, ...], changes: dict[str, Any], asked: bool
) -> None:
    """Only jointly with somebody who is independent of trading."""
    control = PaymentRelease(WHO, ["assets:bank"])
    assert asks(control, proposal(maker, *voters, **changes)) is asked


def test_other_accounts_are_no_payments() -> None:
    """Neither is one whose name only begins alike."""
    for path in ("assets:ban", "assets:bank:giro:x", "assets:cash"):
        assert not asks(PaymentRelease(WHO, [path]), proposal("tina"))


@pytest.mark.parametrize(
    ("voters", "changes", "asked"),
    [
        ((), {}, True),
        (("theo",), {}, True),
        (("theo", "bert"), {}, True),  # who made it is no other person
        (("theo", "rita"), {}, False),
        (("rita",), {}, False),
        ((), {"reverses": None}, False),
        ((), {"journal": "general"}, False),
    ],
)
def test_deals_are_taken_back_with_somebody_outside_trading(
    voters: tuple[str, ...], changes: dict[str, Any], asked: bool
) -> None:
    """Changes and cancellations are controlled outside trading."""
    arguments = {"reverses": "deal-1", "journal": "trades"} | changes
    control = ChangesOutsideTrading(WHO, ["trades"])
    assert asks(control, proposal("bert", *voters, **arguments)) is asked


def test_somebody_unknown_is_not_outside_trading() -> None:
    """The question raises, so that the control denies."""
    with pytest.raises(UnknownRecord):
        asks(PaymentRelease(WHO, ["assets:bank"]), proposal("tina", "nobody"))


AWAY = Handover("Tina", date(2026, 1, 5), date(2026, 1, 16))


@pytest.mark.parametrize(
    ("item", "denied"),
    [
        (proposal("tina"), 1),
        (proposal("bert"), 0),
        (proposal("bert", "tina"), 1),
        (proposal("bert", released_by="TINA"), 1),
        (proposal("tina", proposed_at=AT - timedelta(1), released_by=None), 0),
        (proposal("bert", released_by=None), 0),
    ],
    ids=["makes", "another", "votes", "releases", "made before", "waits"],
)
def test_who_has_handed_over_does_nothing(item: bl.Proposal, denied: int) -> None:
    """Neither make nor vote nor release, on these days."""
    findings = NoAccessDuringHandover([AWAY]).examine(item, FakeBooks(AT))
    assert sum(type(each) is bl.Deny for each in findings) == denied


def test_every_trader_hands_over_once_a_year() -> None:
    """For ten trading days on end; the longest one counts, by calendar year."""
    handovers = [
        AWAY,
        Handover("tina", date(2026, 3, 2), date(2026, 3, 3)),
        Handover("theo", date(2026, 1, 5), date(2026, 1, 15)),
        Handover("theo", date(2026, 5, 4), date(2026, 5, 5)),
        Handover("uma", date(2025, 12, 22), date(2026, 1, 6)),
    ]

    def missing(year: int, days_min: int = 10) -> tuple[str, ...]:
        return missing_handovers(
            ["tina", "theo", "uma"],
            handovers,
            year=year,
            calendar=Weekdays(),
            days_min=days_min,
        )

    assert missing(2026) == ("theo", "uma")
    assert missing(2026, 9) == ("uma",)
    assert missing(2025, 8) == ("tina", "theo")


# --- accounts ------------------------------------------------------------------------


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book with a suspense account."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        for path in ("assets:bank", "assets:suspense", "assets:old"):
            ledger.open_account(path, type="asset")
        ledger.open_journal("interest")
        ledger.declare_dimension("counterparty")
        yield ledger


def post(
    ledger: bl.Ledger,
    id: str,
    day: date,
    amount: str,
    account: str = "assets:suspense",
    **options: Any,
) -> None:
    """Move an amount onto an account, or off it."""
    dimensions = options.pop("dimensions", {})
    ledger.post(
        bl.Entry(
            id,
            day,
            [
                bl.debit(account, amount, dimensions=dimensions),
                bl.credit("assets:bank", amount),
            ],
            **options,
        )
    )


def test_suspense_ages_by_its_oldest_open_item(ledger: bl.Ledger) -> None:
    """Oldest first out, by commodity; the alarm is raised beyond the limit."""
    for id_, day, amount in (
        ("a", date(2026, 1, 1), "100.00 EUR"),
        ("b", date(2026, 1, 10), "50.00 EUR"),
        ("c", date(2026, 1, 12), "-120.00 EUR"),
        ("d", date(2026, 1, 20), "7.00 USD"),
        ("e", date(2026, 1, 21), "-9.00 USD"),
        ("f", date(2026, 2, 1), "5.00 EUR"),
        ("g", date(2026, 1, 2), "3 JPY"),
        ("h", date(2026, 1, 3), "-3 JPY"),
    ):
        post(ledger, id_, day, amount)

    def rows(as_of: date) -> list[tuple[Any, ...]]:
        table = suspense_ageing(ledger, ["assets:suspense"], as_of=as_of, days_max=12)
        return [
            (str(row["open_amount"]), row["since"], row["age_days"], row["alarm"])
            for row in table.rows()
        ]

    assert rows(date(2026, 1, 23)) == [
        ("30.00 EUR", date(2026, 1, 10), 13, "yes"),
        ("-2.00 USD", date(2026, 1, 21), 2, ""),
    ]
    assert rows(date(2026, 1, 11)) == [("150.00 EUR", date(2026, 1, 1), 10, "")]
    assert rows(date(2025, 12, 31)) == []


@settings(max_examples=40)
@given(st.lists(st.integers(-3, 3).filter(bool), max_size=12))
def test_open_items_sum_to_the_balance(moves: list[int]) -> None:
    """Whatever comes and goes; and no item is younger than what is left says."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        for path in ("assets:bank", "assets:suspense"):
            ledger.open_account(path, type="asset")
        first = date(2026, 1, 1)
        for n, move in enumerate(moves):
            post(ledger, str(n), first + timedelta(n), f"{move} JPY")
        last = first + timedelta(len(moves))
        table = suspense_ageing(ledger, ["assets:suspense"], as_of=last)
        total = sum(moves)
        # Last in, first left: the youngest items of the sign make up the balance.
        rest, since = total, None
        for n in reversed(range(len(moves))):
            if rest * total > 0 and moves[n] * total > 0:
                rest, since = rest - moves[n], first + timedelta(n)
        expected = [] if not total else [(total, since)]
        assert [
            (row["open_amount"].minor_units, row["since"])  # type: ignore[union-attr]
            for row in table.rows()
        ] == expected


def test_dormant_accounts_and_those_that_woke_up(ledger: bl.Ledger) -> None:
    """Interest wakes nothing; an empty account sleeps well."""
    first = date(2024, 1, 1)
    post(ledger, "a", first, "100.00 EUR", "assets:old")
    post(ledger, "i", date(2025, 6, 1), "1.00 EUR", "assets:old", journal="interest")

    def rows(as_of: date, *ignored: str) -> list[tuple[Any, ...]]:
        table = dormant_accounts(
            ledger,
            ["assets:old", "assets:suspense"],
            as_of=as_of,
            ignored_journals=ignored,
        )
        return [
            (row["finding"], row["last_movement"], row["idle_days"], row["entry"])
            for row in table.rows()
        ]

    assert rows(date(2024, 12, 30)) == []
    assert rows(date(2024, 12, 31)) == [("dormant", first, 365, "")]
    assert rows(date(2025, 6, 2)) == [("woken", date(2025, 6, 1), 517, "i")]
    assert rows(date(2025, 6, 2), "interest") == [("dormant", first, 518, "")]
    post(ledger, "b", date(2025, 6, 2), "-101.00 EUR", "assets:old")
    assert rows(date(2027, 1, 1)) == []
    post(ledger, "c", date(2025, 6, 2), "5.00 EUR", "assets:old")
    assert rows(date(2025, 6, 3), "interest") == [("woken", date(2025, 6, 2), 518, "b")]


def test_counterparties_that_stand_for_nobody(ledger: bl.Ledger) -> None:
    """Every posting against them is shown."""
    post(ledger, "a", date(2026, 1, 5), "1.00 EUR", dimensions={"counterparty": "TEST"})
    post(ledger, "b", date(2026, 1, 5), "2.00 EUR", dimensions={"counterparty": "bank"})
    post(ledger, "c", date(2026, 2, 5), "3.00 EUR", dimensions={"counterparty": "TEST"})
    january = (date(2026, 1, 1), date(2026, 1, 31))
    table = dummy_counterparties(ledger, ["TEST", "DUMMY"], dates=january)
    assert [(row["entry"], str(row["amount"])) for row in table.rows()] == [
        ("a", "1.00 EUR")
    ]
    with pytest.raises(UnknownDimension):
        dummy_counterparties(ledger, ["TEST"], dates=january, dimension="desk")


# --- results -------------------------------------------------------------------------

RESULTS = [
    CheckResult("terms", "t2", "passed", "ok"),
    CheckResult("market", "t1", "failed", "out-of-band", "5.0000 % off exchange"),
]


def life_cycle(open_: Any) -> None:
    """Record results, close the book, open it again and record others."""
    with open_() as ledger:
        assert record_results(ledger, RESULTS, at=AT) == 2
    with open_() as ledger:
        assert list(recorded_results(ledger)) == [RESULTS[1], RESULTS[0]]
        assert record_results(ledger, RESULTS, at=AT + timedelta(1)) == 0
        better = attrs.evolve(RESULTS[1], outcome="passed", code="in-band")
        assert record_results(ledger, [better], at=AT + timedelta(1)) == 1
        document = ledger.documents.get("trade-check", "market/t1")
        assert document.version == 2
        assert document.content["at"] == "2026-01-06T09:00:00+00:00"
        ledger.verify()


def test_results_are_recorded_and_survive(tmp_path: Path) -> None:
    """Each is a document; what is known already is not written again."""
    path = tmp_path / "books.db"
    life_cycle(lambda: bl.open_ledger(path, actor="bert", create=True))


def test_results_live_in_postgresql(database: str) -> None:
    """The same on the server."""
    with closing(PostgreSQLStore(database)) as store:
        life_cycle(lambda: bl.open_ledger(store, actor="bert", create=True))


def test_results_are_a_table() -> None:
    """In the order of trades."""
    assert [row["trade"] for row in results_table(RESULTS).rows()] == ["t1", "t2"]


# --- bad input -----------------------------------------------------------------------

DAY = date(2026, 1, 5)
BAD: list[tuple[Any, type[LedgerError]]] = [
    (lambda b: CutOff(AT, time(17), BERLIN), InvalidDate),
    (lambda b: CutOff(DAY, "17:00", BERLIN), InvalidOption),
    (lambda b: CutOff(DAY, time(17, tzinfo=UTC), BERLIN), InvalidOption),
    (lambda b: CutOff(DAY, time(17), "Europe/Berlin"), InvalidOption),
    (lambda b: is_late(Deal(), ["17:00"]), InvalidOption),
    (lambda b: is_late(Deal(traded_at=DAY), CUT_OFFS), InvalidDate),
    (lambda b: Notice("", "bert", AT), InvalidIdentifier),
    (lambda b: Notice("t1", "", AT), InvalidIdentifier),
    (lambda b: Notice("t1", "bert", DAY), InvalidDate),
    (lambda b: PriceBand(DAY, 0.01), InexactNumber),
    (lambda b: PriceBand(DAY, True), InexactNumber),
    (lambda b: PriceBand(DAY, "much"), InvalidOption),
    (lambda b: PriceBand(DAY, Decimal("NaN")), InvalidOption),
    (lambda b: PriceBand(DAY, "1/0"), InvalidOption),
    (lambda b: PriceBand(DAY, -1), InvalidOption),
    (lambda b: PriceBand(AT, 1), InvalidDate),
    (lambda b: PriceBand(DAY, 1, ""), InvalidIdentifier),
    (lambda b: MarketPrice("a", DAY, 0, "EUR", "x"), InvalidOption),
    (lambda b: MarketPrice("a", DAY, 1.5, "EUR", "x"), InexactNumber),
    (lambda b: MarketPrice("a", DAY, 1, "EUR", ""), InvalidIdentifier),
    (lambda b: MarketPrice("a", AT, 1, "EUR", "x"), InvalidDate),
    (lambda b: check_market(Deal(price=1.5), PRICES, BANDS), InexactNumber),
    (lambda b: check_market(Deal(), PRICES, ["1 %"]), InvalidOption),
    (lambda b: SpecialTerms(trade=""), InvalidIdentifier),
    (lambda b: check_agreement("", Deal(), Deal(), []), InvalidIdentifier),
    (lambda b: check_agreement("x", Deal(), Deal(), "price"), InvalidOption),
    (lambda b: capture("1"), InvalidOption),
    (lambda b: capture(1, captured_at=DAY), InvalidDate),
    (lambda b: capture(1, trader=""), InvalidIdentifier),
    (lambda b: check_captures(["t1"], BERLIN), InvalidOption),
    (lambda b: confirmation(confirmed_at=AT), InvalidOption),
    (lambda b: confirmation(confirmed_by="bert"), InvalidOption),
    (lambda b: confirmation(counterparty=""), InvalidIdentifier),
    (lambda b: confirmation(trade_date=AT), InvalidDate),
    (
        lambda b: confirmation_ageing(
            [], as_of=DAY, calendar=Weekdays(), buckets=[5, 1]
        ),
        InvalidOption,
    ),
    (lambda b: confirmation_ageing(7, as_of=DAY, calendar=Weekdays()), InvalidOption),
    (lambda b: PaymentRelease(WHO, "assets:bank"), InvalidOption),
    (lambda b: TradingStaff(Authority(), "bank"), InvalidOption),
    (lambda b: TradingStaff(Authority(), ["bank:"]), InvalidIdentifier),
    (lambda b: ChangesOutsideTrading(WHO, 7), InvalidOption),
    (lambda b: NoAccessDuringHandover(["tina"]), InvalidOption),
    (lambda b: Handover("tina", DAY, date(2026, 1, 4)), InvalidDate),
    (lambda b: Handover("", DAY, DAY), InvalidIdentifier),
    (
        lambda b: missing_handovers([], [], year=2026, calendar=Weekdays(), days_min=0),
        InvalidOption,
    ),
    (lambda b: suspense_ageing(b, ["assets:x"], as_of=DAY), UnknownAccount),
    (lambda b: suspense_ageing(b, [], as_of=AT), InvalidDate),
    (lambda b: suspense_ageing(b, [], as_of=DAY, days_max=-1), InvalidOption),
    (lambda b: dormant_accounts(b, ["assets:x"], as_of=DAY), UnknownAccount),
    (lambda b: dormant_accounts(b, [], as_of=DAY, days_min=0), InvalidOption),
    (lambda b: dummy_counterparties(b, "TEST", dates=(DAY, DAY)), InvalidOption),
    (lambda b: record_results(b, ["ok"], at=AT), InvalidOption),
    (lambda b: record_results(b, RESULTS, at=DAY), InvalidDate),
]


@pytest.mark.parametrize(("act", "error"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input(ledger: bl.Ledger, act: Any, error: type[LedgerError]) -> None:
    """It is an error of the library that names the field."""
    with pytest.raises(error) as caught:
        act(ledger)
    assert caught.value.field
