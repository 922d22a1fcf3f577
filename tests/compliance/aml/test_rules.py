"""The patterns, with the cases whose results are known, and against brute force."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.compliance import aml

EUR = bl.Commodity("EUR")
TEN_THOUSAND = aml.DatedAmount.always("10000.00 EUR")
NEW_YORK = ZoneInfo("America/New_York")


class Weekdays:
    """A calendar with weekends and one holiday."""

    def is_business_day(self, day: date) -> bool:
        """Whether it is a weekday, and not the holiday."""
        return day.weekday() < 5 and day != date(2026, 7, 3)


def instant(text: str, zone: Any = UTC) -> datetime:
    """Return ``08-01`` or ``08-01 18:30`` of 2026 as an instant."""
    day, _, clock = text.partition(" ")
    return datetime.fromisoformat(f"2026-{day}T{clock or '12:00'}").replace(tzinfo=zone)


def stream(*lines: str, zone: Any = UTC, **more: Any) -> list[aml.Movement]:
    """Return movements from lines such as ``08-01 in 4000.00 EUR``."""
    made = []
    for number, line in enumerate(lines, 1):
        when, direction, amount = (
            line.replace(" in ", " | in | ").replace(" out ", " | out | ").split(" | ")
        )
        made.append(
            aml.Movement(
                id=f"m{number}",
                at=instant(when, zone),
                party="P",
                direction=direction,  # type: ignore[arg-type]
                amount=bl.Amount.parse(amount),
                **more,
            )
        )
    return made


def found(rule: Any, movements: list[aml.Movement]) -> list[tuple[str, str]]:
    """Return which movement completed a pattern, and the amount of the alert."""
    return [(a.movements[-1], str(a.amount)) for a in aml.scan([rule], movements)]


# --- single movements -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "day", "amount", "is_hit"),
    [
        ("check", "2027-07-09", "12000.00 EUR", False),
        ("check", "2027-07-10", "12000.00 EUR", True),
        ("check", "2027-07-09", "15000.00 EUR", True),
        ("check", "2027-07-10", "10000.00 EUR", True),
        ("check", "2027-07-10", "9999.99 EUR", False),
        ("limit", "2027-07-10", "10000.00 EUR", False),
        ("limit", "2027-07-10", "10000.01 EUR", True),
        ("limit", "2027-07-09", "99999.00 EUR", False),
        ("limit", "2027-07-10", "99999.00 USD", False),
        ("us", "2026-01-02", "10000.00 USD", False),
        ("us", "2026-01-02", "10000.01 USD", True),
        ("ca", "2026-01-02", "10000.00 CAD", True),
    ],
)
def test_thresholds_have_dates(rule: str, day: str, amount: str, is_hit: bool) -> None:
    """The EU's thresholds change on 10 July 2027; a check and a ban differ by a cent.

    Source: GwG section 10(3); Regulation (EU) 2024/1624 Art. 19 and 80.
    """
    rules = {
        "check": aml.LargeMovement(threshold=aml.CUSTOMER_CHECK_EU, cash_only=False),
        "limit": aml.LargeMovement(threshold=aml.CASH_LIMIT_EU, comparison="more than"),
        "us": aml.LargeMovement(threshold=aml.CASH_REPORT_US, comparison="more than"),
        "ca": aml.LargeMovement(threshold=aml.CASH_REPORT_CA),
    }
    movement = aml.Movement(
        id="m",
        at=datetime.fromisoformat(f"{day}T12:00:00+00:00"),
        party="P",
        direction="in",
        amount=bl.Amount.parse(amount),
        is_cash=rule != "check",
    )
    assert bool(found(rules[rule], [movement])) is is_hit


def test_other_money_is_no_cash() -> None:
    """A transfer of any size is not large cash."""
    rule = aml.LargeMovement(threshold=TEN_THOUSAND)
    assert found(rule, stream("08-01 in 20000.00 EUR")) == []
    [alert] = aml.scan([rule], stream("08-01 in 20000.00 EUR", is_cash=True))
    assert alert == aml.AmlAlert(
        rule="large-cash@1",
        party="P",
        at=instant("08-01"),
        movements=("m1",),
        amount=bl.Amount("20000.00", "EUR"),
        reason="20000.00 EUR is at least 10000.00 EUR",
    )
    assert alert.id == "large-cash@1/m1"


# --- windows --------------------------------------------------------------------------

CTR = aml.BusinessDayCash(
    threshold=aml.CASH_REPORT_US, calendar=Weekdays(), close=time(17), zone=NEW_YORK
)


@pytest.mark.parametrize(
    ("lines", "hits"),
    [
        (
            [  # a Friday evening, a Saturday and the Monday after
                "06-26 18:30 in 4000.00 USD",
                "06-27 in 3000.00 USD",
                "06-29 in 3000.01 USD",
            ],
            [("m3", "10000.01 USD")],
        ),
        (["06-29 09:00 in 4000.00 USD", "06-29 10:00 in 6000.00 USD"], []),
        (["06-29 09:00 in 6000.00 USD", "06-29 10:00 out 6000.00 USD"], []),
        (
            ["07-02 18:00 in 6000.00 USD", "07-06 10:00 in 6000.00 USD"],
            [("m2", "12000.00 USD")],
        ),
        (
            [
                "06-29 09:00 in 11000.00 USD",
                "06-29 10:00 in 1.00 USD",
                "06-30 10:00 in 2.00 USD",
            ],
            [("m1", "11000.00 USD")],
        ),
        (["06-29 09:00 in 11000.00 EUR"], []),
    ],
    ids=["weekend", "exactly", "in-and-out", "holiday", "once-a-day", "currency"],
)
def test_cash_of_a_business_day(lines: list[str], hits: Any) -> None:
    """Nights, weekends and holidays count on the next business day.

    Source: 31 CFR 1010.313(b).
    """
    movements = stream(*lines, zone=NEW_YORK, is_cash=True)
    assert found(CTR, movements) == hits
    assert found(CTR, stream(*lines, zone=NEW_YORK)) == []


@pytest.mark.parametrize(
    ("second", "hits"),
    [
        ("08-02 08:59", [("m2", "10000.00 CAD")]),
        ("08-02 09:00", []),
    ],
)
def test_cash_of_a_day_and_a_night(second: str, hits: Any) -> None:
    """A movement exactly 24 hours ago has left the window."""
    rule = aml.RollingCash(threshold=aml.CASH_REPORT_CA)
    lines = ["08-01 09:00 in 6000.00 CAD", f"{second} in 4000.00 CAD"]
    assert found(rule, stream(*lines, is_cash=True)) == hits
    assert found(rule, stream(*lines)) == []
    out = aml.RollingCash(threshold=aml.CASH_REPORT_CA, direction="out")
    assert found(out, stream(*lines, is_cash=True)) == []


MONTH = aml.Structuring(threshold=TEN_THOUSAND, window=timedelta(days=31))


@pytest.mark.parametrize(
    ("lines", "hits"),
    [
        (
            ["08-01 in 4000.00 EUR", "08-12 in 3500.00 EUR", "08-30 in 2500.00 EUR"],
            [("m3", "10000.00 EUR")],
        ),
        (
            ["08-01 in 4000.00 EUR", "08-12 in 3500.00 EUR", "09-02 in 2500.00 EUR"],
            [],
        ),
        (["08-01 in 5000.00 EUR", "09-01 in 5000.00 EUR"], []),
        (["08-01 in 5000.00 EUR", "08-31 in 5000.00 EUR"], [("m2", "10000.00 EUR")]),
        (["08-01 in 10000.00 EUR", "08-02 in 5000.00 EUR"], []),
        (["08-01 out 5000.00 EUR", "08-02 in 5000.00 EUR"], []),
        (
            [
                "08-01 in 6000.00 EUR",
                "08-02 in 6000.00 EUR",
                "08-03 in 1.00 EUR",
                "10-01 in 6000.00 EUR",
                "10-02 in 6000.00 EUR",
            ],
            [("m2", "12000.00 EUR"), ("m5", "12000.00 EUR")],
        ),
    ],
    ids=["hit", "too-late", "31-days", "30-days", "large", "out", "again"],
)
def test_structuring(lines: list[str], hits: Any) -> None:
    """Small movements that reach the threshold together within 31 days."""
    assert found(MONTH, stream(*lines)) == hits


def test_structuring_may_look_closer() -> None:
    """Only at cash, or only at movements near the threshold."""
    lines = ["08-01 in 9500.00 EUR", "08-02 in 600.00 EUR"]
    near = aml.Structuring(
        threshold=TEN_THOUSAND, window=timedelta(days=31), share=Fraction(4, 5)
    )
    cash = aml.Structuring(
        threshold=TEN_THOUSAND, window=timedelta(days=31), cash_only=True
    )
    assert found(MONTH, stream(*lines)) == [("m2", "10100.00 EUR")]
    assert found(near, stream(*lines)) == []
    assert found(near, stream(lines[0], "08-02 in 8000.00 EUR")) == [
        ("m2", "17500.00 EUR")
    ]
    assert found(cash, stream(*lines)) == []
    assert found(cash, stream(*lines, is_cash=True)) == [("m2", "10100.00 EUR")]
    not_yet = aml.Structuring(threshold=aml.CASH_LIMIT_EU, window=timedelta(days=31))
    assert found(not_yet, stream(*lines)) == []


def test_velocity() -> None:
    """With a limit of ten in an hour the eleventh is too many."""
    rule = aml.Velocity(limit=10, window=timedelta(hours=1))
    lines = [f"08-01 12:{minute:02} in 1.00 EUR" for minute in range(11)]
    assert found(rule, stream(*lines)) == [("m11", "1.00 EUR")]
    assert found(rule, stream(*lines[:10], "08-01 13:00 out 1.00 EUR")) == []


def test_an_unusual_day() -> None:
    """A day far above the past of the same party, judged exactly."""
    rule = aml.UnusualDay(commodity=EUR, days=10, least_days=4)
    lines = [f"08-{day:02} in {100 + day % 2}.00 EUR" for day in range(1, 9)]
    quiet = stream(*lines, "08-09 in 101.00 EUR")
    loud = stream(*lines, "08-09 in 60.00 EUR", "08-09 13:00 in 60.00 EUR")
    assert found(rule, quiet) == []
    assert found(rule, loud) == [("m10", "120.00 EUR")]
    assert found(rule, stream("08-01 in 1.00 EUR", "08-02 in 9000.00 EUR")) == []
    assert found(rule, stream("08-01 in 1.00 USD")) == []
    later = stream(*lines, "12-01 in 100.00 EUR")
    assert found(rule, later) == [("m9", "100.00 EUR")]  # ten days of nothing


def test_pass_through() -> None:
    """What came leaves again within hours."""
    rule = aml.PassThrough(
        share=Fraction(9, 10),
        window=timedelta(hours=24),
        minimum=bl.Amount("1000.00", "EUR"),
    )
    lines = ["08-01 10:00 in 10000.00 EUR", "08-01 12:00 out 9500.00 EUR"]
    assert found(rule, stream(*lines)) == [("m2", "9500.00 EUR")]
    slow = stream(lines[0], "08-02 12:00 out 9500.00 EUR")
    part = stream(lines[0], "08-01 12:00 out 8999.99 EUR")
    small = stream("08-01 10:00 in 10.00 EUR", "08-01 12:00 out 10.00 EUR")
    other = stream("08-01 10:00 in 10000.00 USD", "08-01 12:00 out 9500.00 USD")
    for movements in (slow, part, small, other):
        assert found(rule, movements) == []


def test_a_dormant_account() -> None:
    """Interest does not wake it; a small movement is not worth a look."""
    rule = aml.DormantAccount(days=180, threshold=aml.DatedAmount.always("500.00 EUR"))
    lines = ["01-02 in 10.00 EUR", "06-01 in 1.00 EUR", "08-01 out 600.00 EUR"]
    own, interest, large = stream(*lines)
    interest = attrs.evolve(interest, is_own=False)
    assert found(rule, [own, interest, large]) == [("m3", "600.00 EUR")]
    assert found(rule, stream(*lines)) == []
    for amount in ("499.99 EUR", "600.00 USD"):
        assert found(rule, stream(lines[0], f"08-01 out {amount}")) == []
    assert found(rule, [large]) == []


def test_a_fan() -> None:
    """Money from many; the same counterparty counts once, and leaves the window."""
    rule = aml.Fan(counterparties=3, window=timedelta(days=2), direction="in")
    names = ["a", "b", "a", "c", None]
    lines = ["08-01", "08-02", "08-02 13:00", "08-02 14:00", "08-02 15:00"]
    movements = [
        attrs.evolve(movement, counterparty=name)
        for movement, name in zip(
            stream(*(f"{line} in 5.00 EUR" for line in lines)), names, strict=True
        )
    ]
    assert found(rule, movements) == [("m4", "5.00 EUR")]
    late = attrs.evolve(movements[3], at=instant("08-04 12:30"))
    assert found(rule, [*movements[:2], late]) == []
    again = attrs.evolve(movements[3], at=instant("08-03 12:30"))
    assert found(rule, [*movements[:3], again]) == [("m4", "5.00 EUR")]


# --- round trips ----------------------------------------------------------------------


def payments(*lines: str) -> list[aml.Movement]:
    """Return payments from lines such as ``08-01 A>B 10000.00 EUR``."""
    made = []
    for number, line in enumerate(lines, 1):
        *when, parties, amount, unit = line.split()
        payer, payee = parties.split(">")
        made.append(
            aml.Movement(
                id=f"m{number}",
                at=instant(" ".join(when)),
                party=payer,
                counterparty=payee or None,
                direction="out",
                amount=bl.Amount(amount, unit),
            )
        )
    return made


def trip(**changes: Any) -> aml.RoundTrip:
    """Return the rule of the example."""
    parameters: dict[str, Any] = {
        "length": 3,
        "window": timedelta(hours=72),
        "share": Fraction(9, 10),
        "commodity": EUR,
    }
    return aml.RoundTrip(**(parameters | changes))


CYCLE = ["08-01 A>B 10000.00 EUR", "08-02 B>C 9800.00 EUR", "08-03 C>A 9700.00 EUR"]


def test_a_round_trip() -> None:
    """97 % came back: enough for nine tenths, not for 98 %."""
    [alert] = aml.scan([trip()], payments(*CYCLE))
    assert (alert.party, alert.movements) == ("A", ("m1", "m2", "m3"))
    assert str(alert.amount) == "9700.00 EUR"
    assert found(trip(share=Fraction(98, 100)), payments(*CYCLE)) == []


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"length": 2}, CYCLE),
        ({"window": timedelta(hours=48)}, CYCLE),
        ({"exempt": ["C"]}, CYCLE),
        ({"commodity": bl.Commodity("USD")}, CYCLE),
        ({}, ["08-01 B>C 9800.00 EUR", "08-02 A>B 10000.00 EUR", CYCLE[2]]),
        ({}, ["08-01 A> 10000.00 EUR"]),
        ({}, ["08-01 A>B 1.00 EUR", "08-02 B>C 1.00 EUR"]),
    ],
    ids=["length", "window", "exempt", "currency", "order", "unknown", "open"],
)
def test_no_round_trip(changes: Any, lines: list[str]) -> None:
    """Too long, too slow, through an exempted party, or against time."""
    assert found(trip(**changes), payments(*lines)) == []


def test_money_in_is_no_payment() -> None:
    """Only payments out are steps; their other side is the same money."""
    assert found(trip(), stream("08-01 in 1.00 EUR", counterparty="B")) == []


edges = st.lists(
    st.tuples(
        st.sampled_from("ABCD"),
        st.sampled_from("ABCD"),
        st.integers(1, 20),
        st.integers(0, 6),
    ).filter(lambda edge: edge[0] != edge[1]),
    max_size=9,
)


@given(edges)
def test_round_trips_against_brute_force(raw: Any) -> None:
    """A payment completes a trip exactly where some path of earlier ones allows it."""
    hours, steps = 0, []
    for number, (payer, payee, amount, wait) in enumerate(raw):
        hours += wait
        steps.append((number, payer, payee, amount, hours))
    start = datetime(2026, 8, 1, tzinfo=UTC)
    movements = [
        aml.Movement(
            id=f"m{number}",
            at=start + timedelta(hours=at),
            party=payer,
            counterparty=payee,
            direction="out",
            amount=bl.Amount(amount, "EUR"),
        )
        for number, payer, payee, amount, at in steps
    ]

    def closes(last: Any, path: list[Any]) -> bool:
        head = path[0]
        if last[4] - head[4] >= 10:
            return False
        if head[1] == last[2]:
            return len(path) > 1 and 10 * last[3] >= 9 * head[3]
        if len(path) == 3 or head[1] in [step[1] for step in path[1:]]:
            return False
        return any(
            closes(last, [step, *path])
            for step in steps
            if step[0] < head[0] and step[2] == head[1]
        )

    expected = [f"m{last[0]}" for last in steps if closes(last, [last])]
    rule = trip(window=timedelta(hours=10))
    assert [hit for hit, _ in found(rule, movements)] == expected


# --- windows against brute force ------------------------------------------------------

histories = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12), st.sampled_from(["P", "Q"])),
    max_size=14,
)


@given(histories)
def test_windows_against_brute_force(raw: Any) -> None:
    """A rolling sum crosses the threshold where summing anew says so."""
    hours, movements = 0, []
    for number, (wait, thousands, party) in enumerate(raw):
        hours += wait
        movements.append(
            aml.Movement(
                id=str(number),
                at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours),
                party=party,
                direction="in",
                amount=bl.Amount(thousands * 1000, "EUR"),
                is_cash=True,
            )
        )
    day = timedelta(hours=24)
    for rule, counts in (
        (aml.RollingCash(threshold=TEN_THOUSAND), lambda m: True),
        (
            aml.Structuring(threshold=TEN_THOUSAND, window=day),
            lambda m: m.amount.minor_units < 1_000_000,
        ),
    ):
        expected, over = [], {"P": False, "Q": False}
        seen = [m for m in movements if counts(m)]
        for index, last in enumerate(seen):
            total = sum(
                m.amount.minor_units
                for m in seen[: index + 1]
                if m.party == last.party and m.at > last.at - day
            )
            if total >= 1_000_000 and not over[last.party]:
                expected.append(last.id)
            over[last.party] = total >= 1_000_000
        assert [hit for hit, _ in found(rule, movements)] == expected


# --- bad input ------------------------------------------------------------------------


def test_movements_come_in_order() -> None:
    """A late one is an error, since windows would be wrong."""
    with pytest.raises(errors.InvalidDate) as caught:
        list(aml.scan([], stream("08-02 in 1.00 EUR", "08-01 in 1.00 EUR")))
    assert caught.value.field == "at"


day = timedelta(days=1)


BAD_INPUT: list[tuple[Callable[[], object], type[errors.LedgerError], str]] = [
    (lambda: stream("08-01 in 0.00 EUR"), errors.InvalidOption, "amount"),
    (lambda: movement(direction="up"), errors.InvalidOption, "direction"),
    (lambda: movement(at=datetime(2026, 1, 1)), errors.InvalidDate, "at"),  # noqa: DTZ001
    (lambda: movement(at=date(2026, 1, 1)), errors.InvalidDate, "at"),
    (lambda: movement(amount="1 EUR"), errors.InvalidOption, "amount"),
    (lambda: aml.DatedAmount(()), errors.InvalidOption, "steps"),
    (
        lambda: aml.DatedAmount(aml.CUSTOMER_CHECK_EU.steps[::-1]),
        errors.InvalidOption,
        "steps",
    ),
    (
        lambda: aml.LargeMovement(threshold=TEN_THOUSAND, comparison=">"),
        errors.InvalidOption,
        "comparison",
    ),
    (lambda: aml.Velocity(limit=0, window=day), errors.InvalidOption, "limit"),
    (lambda: aml.Velocity(limit=1, window=-day), errors.InvalidOption, "window"),
    (
        lambda: aml.Structuring(threshold=TEN_THOUSAND, window=day, share=0.8),
        errors.InexactNumber,
        "share",
    ),
    (
        lambda: aml.Structuring(
            threshold=TEN_THOUSAND, window=day, share=Fraction(3, 2)
        ),
        errors.InvalidOption,
        "share",
    ),
    (
        lambda: aml.UnusualDay(commodity=EUR, deviations=3),
        errors.InvalidOption,
        "deviations",
    ),
    (
        lambda: aml.Fan(counterparties=3, window=day, direction="both"),
        errors.InvalidOption,
        "direction",
    ),
]


def test_bad_input() -> None:
    """A clear error says what was expected."""
    for make, error, field in BAD_INPUT:
        with pytest.raises(error) as caught:
            make()
        assert caught.value.field == field


def movement(**changes: Any) -> aml.Movement:
    """Return a movement with something changed."""
    good: dict[str, Any] = {
        "id": "m",
        "at": instant("08-01"),
        "party": "P",
        "direction": "in",
        "amount": bl.Amount("1.00", "EUR"),
    }
    return aml.Movement(**(good | changes))
