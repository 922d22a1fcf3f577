"""Cash penalties: the examples of ECSDA, and the rules of the regulations."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.calendars import (
    HolidayCalendar,
    Weekend,
    business_calendar,
)
from backoffice_ledger.errors import (
    BoundExceeded,
    CalendarHorizon,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.penalties import (
    PENALTY_RATES,
    Fail,
    Penalty,
    PenaltyRate,
    ReferenceData,
    bilateral_nets,
    compare_statement,
    daily_discount_percent,
    failing_sides,
    global_nets,
    instrument_type,
    late_matching_penalties,
    late_side,
    monthly_timetable,
    penalty_days,
    penalty_rate,
    rate_class,
    settlement_fail_penalties,
)

TARGET = business_calendar("TARGET")
DAY = date(2024, 3, 4)
NEXT = date(2024, 3, 5)
SHARES = bl.Commodity("SHARES", 0)


def fail(**options: Any) -> Fail:
    """Return a failing delivery of 5,000 shares of an SME growth market."""
    fields: dict[str, Any] = {
        "instruction": "i1",
        "kind": "against-payment",
        "deliverer": "D",
        "receiver": "R",
        "system": "I",
        "currency": "EUR",
        "quantity": bl.Amount(5000, SHARES),
        "rate_class": "sme-growth-market",
    }
    return Fail(**fields | options)


def data(price: Any = "25", discount: Any = "0.25") -> ReferenceData:
    """Return price and discount rate of a day."""
    return ReferenceData(price=price, discount_percent=discount)


def amounts(penalties: Iterable[Penalty]) -> list[str]:
    """Return payer and amount of penalties."""
    return [f"{one.payer} {one.amount}" for one in penalties]


def sefp(failing: Any, *, day: date = DAY, of: Any = None, **known: Any) -> list[str]:
    """Return the penalties for a day."""
    found = settlement_fail_penalties(
        of or fail(), day, failing=failing, data=data(**known)
    )
    return amounts(found)


# --- published examples --------------------------------------------------------------


def test_lack_of_securities() -> None:
    """ECSDA 7.1.1, example 1: 3.13 + 3.38 = 6.51 EUR, paid by the deliverer.

    Half-even would round 3.125 to 3.12.
    """
    assert sefp(["deliverer"], price="25") == ["D 3.13 EUR"]
    assert sefp(["deliverer"], price="27", day=NEXT) == ["D 3.38 EUR"]


def test_lack_of_cash() -> None:
    """ECSDA 7.1.1, example 2: 0.87 + 0.94 = 1.81 EUR, paid by the receiver.

    The framework prints a price of 25 for the second day too; its result is of 27.
    """
    assert sefp(["receiver"], price="25") == ["R 0.87 EUR"]
    assert sefp(["receiver"], price="27", day=NEXT) == ["R 0.94 EUR"]


@pytest.mark.parametrize(
    ("annual", "daily"),
    [
        ("0.05", "0.0001388889"),
        ("0.25", "0.0006944444"),
        ("0", "0E-10"),
        ("-0.6", "0E-10"),
        (Decimal("4.50"), "0.0125000000"),
        (Fraction(9, 50_000_000), "5E-10"),
        ("0.00000018", "5E-10"),
        ("0.000000018", "1E-10"),
        ("0.0000000179", "0E-10"),
    ],
)
def test_daily_discount_rates(annual: Any, daily: str) -> None:
    """ECSDA 5.7: over 360, ten places of a percent, half up, with a floor of zero."""
    assert daily_discount_percent(annual) == Decimal(daily)


@pytest.mark.parametrize(
    ("name", "basis_points"),
    [
        ("liquid-shares", "1.0"),
        ("illiquid-shares", "0.5"),
        ("sme-growth-market", "0.25"),
        ("public-debt", "0.10"),
        ("other-debt", "0.20"),
        ("sme-growth-market-debt", "0.15"),
        ("other", "0.5"),
    ],
)
def test_rates_of_the_annex(name: Any, basis_points: str) -> None:
    """Delegated Regulation (EU) 2017/389, Annex, rows 1 to 7."""
    rate = penalty_rate(name, DAY)
    assert rate.basis_points == Fraction(basis_points)
    assert rate.source.startswith("Delegated Regulation (EU) 2017/389, Annex")


ANNEX_IV = """
    1 I/A I/B -100 EUR I, 2 I/A I/B 50 EUR I, 3 I/A I/C -20 EUR I, 4 I/A I/C 10 DKK I,
    5 I/A II/Unknown -10 DKK I, 5 II/B I/A 10 DKK I,
    6 I/A II/Unknown 20 DKK I, 6 II/B I/A -20 DKK I,
    7 I/A I/B -150 EUR I, 8 I/B I/C -25 EUR I,
    9 I/C II/B 250 EUR II, 9 II/B I/Unknown -250 EUR II,
    10 I/C II/D -300 EUR II, 10 II/D I/Unknown 300 EUR II,
    11 I/A I/A -625 DKK I,
    12 I/B III/Unknown 28 EUR I, 12 III/C I/B -28 EUR I,
    13 I/B III/B -49 EUR III, 13 III/B I/Unknown 49 EUR III,
    14 I/A II/C 23 DKK II, 14 II/C I/Unknown -23 DKK II,
    15 IV/E V/Unknown -10 EUR T2S, 15 V/F IV/Unknown 10 EUR T2S,
    16 IV/G V/Unknown 25 EUR T2S, 16 V/F IV/Unknown -25 EUR T2S,
    17 V/H VI/Unknown 7 EUR T2S, 17 VI/I V/Unknown -7 EUR T2S,
    18 IV/E V/Unknown 50 EUR T2S, 18 V/F IV/Unknown -50 EUR T2S
"""
"""Instruction, party, counterparty, what the party gets, place of settlement.

A penalty within a CSD is given once, one across CSDs as each side sees it.
"""


def annex_iv(of: str) -> list[Penalty]:
    """Return the gross penalties of ECSDA's Annex IV 1 that a party can see."""
    found = []
    for line in ANNEX_IV.split(","):
        instruction, party, other, number, currency, system = line.split()
        is_within_csd = party.split("/")[0] == other.split("/")[0]
        if not is_within_csd and party != of:
            continue
        gets = int(number) > 0
        found.append(
            Penalty(
                instruction=instruction,
                kind="SEFP",
                fail_day=DAY,
                day=DAY,
                payer=other if gets else party,
                payee=party if gets else other,
                system=system,
                currency=currency,
                amount=bl.Amount(abs(int(number)), currency),
            )
        )
    return found


@pytest.mark.parametrize(
    ("party", "nets"),
    [
        (
            "I/A",
            [
                "I I/A 0.00 DKK",
                "I I/B -200.00 EUR",
                "I I/C 10.00 DKK",
                "I I/C -20.00 EUR",
                "I II/Unknown 10.00 DKK",
                "II II/C 23.00 DKK",
            ],
        ),
        (
            "I/B",
            [
                "I I/A 200.00 EUR",
                "I I/C -25.00 EUR",
                "I III/Unknown 28.00 EUR",
                "III III/B -49.00 EUR",
            ],
        ),
        ("II/B", ["I I/A -10.00 DKK", "II I/Unknown -250.00 EUR"]),
        ("III/B", ["III I/Unknown 49.00 EUR"]),
        (
            "I/C",
            [
                "I I/A -10.00 DKK",
                "I I/A 20.00 EUR",
                "I I/B 25.00 EUR",
                "II II/B 250.00 EUR",
                "II II/D -300.00 EUR",
            ],
        ),
        ("II/C", ["II I/Unknown -23.00 DKK"]),
        ("III/C", ["I I/B -28.00 EUR"]),
        ("II/D", ["II I/Unknown 300.00 EUR"]),
        ("IV/E", ["T2S V/Unknown 40.00 EUR"]),
        ("V/F", ["T2S IV/Unknown -65.00 EUR"]),
        ("IV/G", ["T2S V/Unknown 25.00 EUR"]),
        ("V/H", ["T2S VI/Unknown 7.00 EUR"]),
    ],
)
def test_published_daily_nets(party: str, nets: list[str]) -> None:
    """ECSDA, Annex IV 1: daily bilateral net per CSD, currency and counterparty."""
    found = bilateral_nets(annex_iv(party), party=party, first=DAY, last=DAY)
    assert [f"{one.system} {one.counterparty} {one.amount}" for one in found] == nets


def test_global_nets() -> None:
    """ECSDA 7.4.2: one amount for each CSD and currency."""
    nets = bilateral_nets(annex_iv("I/C"), party="I/C", first=DAY, last=DAY)
    assert [f"{one.system} {one.amount}" for one in global_nets(nets)] == [
        "I -10.00 DKK",
        "I 45.00 EUR",
        "II -50.00 EUR",
    ]


def test_monthly_timetable() -> None:
    """ECSDA 2.1: appeal until the 10th, report on the 14th, pay on the 18th day."""
    times = monthly_timetable(2024, 3, TARGET)
    april = [date(2024, 4, day) for day in (2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16, 17)]
    april += [date(2024, 4, day) for day in (18, 19, 22, 23, 24, 25)]
    assert times.appeals_until == april[9]
    assert times.cross_csd_appeals_until == april[10]
    assert times.adjustments_until == april[11]
    assert times.report_on == april[13]
    assert times.payment_instructions_on == april[15]
    assert times.pay_on == april[17]
    assert monthly_timetable(2024, 12, TARGET).appeals_until == date(2025, 1, 15)


def test_payment_waits_for_the_payment_system() -> None:
    """ECSDA 2.1.8: if it is closed on the 18th day, on the next possible day."""
    open_on_few_days = HolidayCalendar(
        "Payment system",
        closures=[date(2024, 4, 25)],
        valid_from=date(2024, 4, 1),
        valid_through=date(2024, 5, 31),
    )
    times = monthly_timetable(2024, 3, TARGET, payment_calendar=open_on_few_days)
    assert times.pay_on == date(2024, 4, 26)


# --- which days ----------------------------------------------------------------------

ISD = date(2024, 3, 4)
D2, D3, D4 = date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 7)


@pytest.mark.parametrize(
    ("matched", "is_after", "until", "late", "failed"),
    [
        (D3, False, D4, [ISD, D2], [D3]),
        (D3, True, D4, [ISD, D2, D3], []),
        (D3, True, date(2024, 3, 8), [ISD, D2, D3], [D4]),
        (D3, False, D3, [ISD, D2], []),
        (date(2024, 3, 1), False, D3, [], [ISD, D2]),
        (date(2024, 3, 1), True, D3, [], [ISD, D2]),
        (ISD, False, D2, [], [ISD]),
        (ISD, True, D2, [ISD], []),
        (ISD, True, D3, [ISD], [D2]),
        (date(2024, 3, 1), False, ISD, [], []),
    ],
)
def test_which_days_are_penalised(
    matched: date, is_after: bool, until: date, late: list[date], failed: list[date]
) -> None:
    """ECSDA 5.2 and 7.2.1: the day of matching is late only after its cut-off."""
    found = penalty_days(
        ISD, matched_on=matched, is_after_cut_off=is_after, until=until, calendar=TARGET
    )
    assert (found.late_matching, found.settlement_fail) == (tuple(late), tuple(failed))


def test_closed_days_are_not_penalised() -> None:
    """Over Easter 2024 the days from Thursday to Tuesday count two."""
    found = penalty_days(
        date(2024, 3, 28),
        matched_on=date(2024, 3, 27),
        is_after_cut_off=False,
        until=date(2024, 4, 3),
        calendar=TARGET,
    )
    assert found.settlement_fail == (date(2024, 3, 28), date(2024, 4, 2))


def test_the_rest_of_a_buy_in_is_not_late() -> None:
    """ECSDA ch. 7: instructed anew with the original date and BSSP on both legs."""
    found = penalty_days(
        ISD,
        matched_on=D3,
        is_after_cut_off=False,
        until=D4,
        calendar=TARGET,
        is_rest_of_buy_in=True,
    )
    assert (found.late_matching, found.settlement_fail) == ((), (D3,))


@given(
    st.dates(date(2024, 1, 1), date(2024, 6, 30)),
    st.integers(-10, 20),
    st.booleans(),
    st.integers(0, 20),
)
def test_no_day_is_penalised_twice(
    isd: date, matched_after: int, is_after_cut_off: bool, open_for: int
) -> None:
    """Late days and fail days are apart, and together all business days."""
    matched = isd + timedelta(matched_after)
    until = matched + timedelta(open_for)
    found = penalty_days(
        isd,
        matched_on=matched,
        is_after_cut_off=is_after_cut_off,
        until=until,
        calendar=TARGET,
    )
    end = max(isd, matched + timedelta(is_after_cut_off), until)
    both = (*found.late_matching, *found.settlement_fail)
    assert both == TARGET.business_days(isd, end)


# --- who pays ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_hold", "lacks", "sides"),
    [
        ([], [], ()),
        ([], ["securities"], ("deliverer",)),
        ([], ["cash"], ("receiver",)),
        ([], ["cash", "securities"], ("deliverer",)),
        (["receiver"], ["securities"], ("receiver",)),
        (["deliverer"], ["cash"], ("deliverer",)),
        (["receiver", "deliverer"], [], ("deliverer", "receiver")),
    ],
)
def test_who_fails(on_hold: Any, lacks: Any, sides: tuple[str, ...]) -> None:
    """ECSDA 4.2: hold before securities before cash; both pay if both are on hold."""
    assert failing_sides(on_hold=on_hold, lacks=lacks) == sides


def test_both_on_hold_pay_each_other() -> None:
    """ECSDA 4.2: the deliverer at the security rate, the receiver at the cash rate."""
    assert sefp(failing_sides(on_hold={"receiver", "deliverer"})) == [
        "D 3.13 EUR",
        "R 0.87 EUR",
    ]


def test_who_was_late() -> None:
    """ECSDA 4.1: who was last; already matched ones have one instant and an author."""
    early, late = (
        datetime(2024, 3, 5, 9, tzinfo=UTC),
        datetime(2024, 3, 5, 10, tzinfo=UTC),
    )

    def side(deliverer: datetime, receiver: datetime, **options: Any) -> str:
        return late_side(
            deliverer_accepted_at=deliverer, receiver_accepted_at=receiver, **options
        )

    assert side(late, early) == "deliverer"
    assert side(early, late) == "receiver"
    assert side(early, early, instructed_by="receiver") == "receiver"
    with pytest.raises(InvalidOption) as caught:
        side(early, early)
    assert caught.value.field == "instructed_by"
    with pytest.raises(InvalidDate):
        side(early, late.replace(tzinfo=None))


# --- how much ------------------------------------------------------------------------

BOTH = ["deliverer", "receiver"]
CASH = bl.Amount("100000.00", "EUR")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["D 3.13 EUR", "R 0.87 EUR"]),
        ({"kind": "free-of-payment"}, ["D 3.13 EUR", "R 3.13 EUR"]),
        ({"kind": "with-payment", "cash": CASH}, ["D 3.82 EUR", "R 3.82 EUR"]),
        (
            {
                "kind": "payment-only",
                "cash": CASH,
                "quantity": None,
                "rate_class": None,
            },
            ["D 0.70 EUR", "R 0.70 EUR"],
        ),
        ({"currency": "JPY"}, ["D 4 JPY", "R 1 JPY"]),
        ({"quantity": bl.Amount(0, SHARES)}, ["D 0.00 EUR", "R 0.00 EUR"]),
        ({"rate_class": "liquid-shares"}, ["D 12.50 EUR", "R 0.87 EUR"]),
    ],
)
def test_formulas(options: dict[str, Any], expected: list[str]) -> None:
    """ECSDA 7.1, i to iv: securities at their rate, a lack of cash at the discount."""
    assert sefp(BOTH, of=fail(**options)) == expected


@pytest.mark.parametrize(
    ("late", "is_already_matched", "expected"),
    [
        ("deliverer", False, ["D 3.13 EUR", "D 3.38 EUR"]),
        ("receiver", False, ["R 0.87 EUR", "R 0.94 EUR"]),
        ("receiver", True, ["R 3.13 EUR", "R 3.38 EUR"]),
    ],
)
def test_late_matching(
    late: Any, is_already_matched: bool, expected: list[str]
) -> None:
    """ECSDA 7.2.2: each day with its own price; already matched, the security rate."""
    found = late_matching_penalties(
        fail(),
        [DAY, NEXT],
        matched_on=D3,
        late=late,
        data={DAY: data("25"), NEXT: data("27")},
        is_already_matched=is_already_matched,
    )
    assert amounts(found) == expected
    assert [(one.kind, one.fail_day, one.day) for one in found] == [
        ("LMFP", DAY, D3),
        ("LMFP", NEXT, D3),
    ]


@pytest.mark.parametrize(
    ("failing", "known"),
    [
        (["deliverer"], {"price": None}),
        (["receiver"], {"price": None}),
        (["receiver"], {"discount": None}),
    ],
)
def test_missing_data_are_not_zero(failing: Any, known: dict[str, Any]) -> None:
    """ECSDA ch. 5: without price or rate the penalty has no amount until they come."""
    [found] = settlement_fail_penalties(
        fail(), DAY, failing=failing, data=data(**known)
    )
    assert (found.status, found.amount) == ("NCOM", None)
    [net] = bilateral_nets([found], party="D", first=DAY, last=DAY)
    assert (net.amount, net.not_computed) == (bl.Amount(0, "EUR"), 1)
    assert global_nets([net])[0].not_computed == 1


def test_missing_data_of_one_day() -> None:
    """A day whose data are missing is not computed; the others are."""
    found = late_matching_penalties(
        fail(), [DAY, NEXT], matched_on=D3, late="deliverer", data={NEXT: data("27")}
    )
    assert [one.status for one in found] == ["NCOM", "ACTV"]
    with_cash = fail(kind="with-payment", cash=CASH)
    assert sefp(["deliverer"], of=with_cash, discount=None) == ["D None"]
    assert sefp(["deliverer"], discount=None) == ["D 3.13 EUR"]


@pytest.mark.parametrize(
    "exemption",
    [
        "not-a-transfer-order",
        "corporate-action",
        "technical-instruction",
        "settlement-restriction",
        "principal-venue-in-third-country",
        "settled-in-third-country",
        "insolvency",
    ],
)
def test_exemptions(exemption: str) -> None:
    """ECSDA 3.1 to 3.3: what is exempt has no penalty, not one of zero."""
    exempt = fail(exemption=exemption)
    assert sefp(BOTH, of=exempt) == []
    assert (
        late_matching_penalties(
            exempt, [DAY], matched_on=D3, late="deliverer", data={DAY: data()}
        )
        == ()
    )


def test_new_rates_are_rows() -> None:
    """A rate that changes applies from its day on; before the first there is none."""
    dearer = PenaltyRate("liquid-shares", "1.5", date(2027, 1, 1), source="invented")
    rates = (*PENALTY_RATES, dearer)
    assert (
        penalty_rate("liquid-shares", date(2026, 12, 31), rates=rates).basis_points == 1
    )
    assert penalty_rate("liquid-shares", date(2027, 1, 1), rates=rates) is dearer
    with pytest.raises(CalendarHorizon):
        penalty_rate("liquid-shares", date(2022, 1, 31))


@pytest.mark.parametrize(
    ("cfi", "expected"),
    [
        ("ESVUFR", "SHRS"),
        ("DBFTFB", "SOVR"),
        ("DBFCFB", "SOVR"),
        ("DNFUFB", "SOVR"),
        ("DBFUFB", "DEBT"),
        ("DYFXXB", "MMKT"),
        ("DYFTXB", "SOVR"),
        ("RWSTCA", "SECU"),
        ("CEOGES", "ETFS"),
        ("CIOGES", "UCIT"),
        ("TTNXXX", "EMAL"),
        ("TCSXXX", "OTHR"),
        ("MMXXXX", "OTHR"),
    ],
)
def test_types_of_instruments(cfi: str, expected: str) -> None:
    """ECSDA 5.3: by positions 1, 2 and 4 of the CFI code."""
    assert instrument_type(cfi) == expected


@pytest.mark.parametrize(
    ("type", "options", "expected"),
    [
        ("SHRS", {"is_liquid": True}, "liquid-shares"),
        ("SHRS", {}, "illiquid-shares"),
        (
            "SHRS",
            {"is_sme_growth_market": True, "is_liquid": True},
            "sme-growth-market",
        ),
        ("ETFS", {}, "other"),
        ("ETFS", {"is_sme_growth_market": True}, "sme-growth-market"),
        ("SOVR", {}, "public-debt"),
        ("SOVR", {"is_sme_growth_market": True}, "public-debt"),
        (
            "SOVR",
            {
                "is_sme_growth_market": True,
                "public_debt_of_sme": "sme-growth-market-debt",
            },
            "sme-growth-market-debt",
        ),
        ("DEBT", {}, "other-debt"),
        ("DEBT", {"is_sme_growth_market": True}, "sme-growth-market-debt"),
        ("MMKT", {}, "other"),
        ("MMKT", {"money_market": "other-debt"}, "other-debt"),
    ],
)
def test_classes_of_the_annex(type: Any, options: Any, expected: str) -> None:
    """Each type has a row; two questions that the Annex leaves open are options."""
    assert rate_class(type, **options) == expected


# --- what becomes of a penalty -------------------------------------------------------


def penalty(**options: Any) -> Penalty:
    """Return an active penalty of 3.13."""
    fields: dict[str, Any] = {
        "instruction": "i1",
        "kind": "SEFP",
        "fail_day": DAY,
        "day": DAY,
        "payer": "D",
        "payee": "R",
        "system": "I",
        "currency": "EUR",
        "amount": bl.Amount("3.13", "EUR"),
    }
    return Penalty(**fields | options)


def test_the_life_of_a_penalty() -> None:
    """Computed late, removed on appeal, included again, given to another, switched."""
    one = penalty(status="NCOM", amount=None)
    one = one.updated(bl.Amount("3.13", "EUR"))
    assert (one.status, one.reason, str(one.amount)) == ("ACTV", "UPDT", "3.13 EUR")
    one = one.removed("TECH")
    assert (one.status, one.reason, str(one.amount)) == ("REMO", "TECH", "0.00 EUR")
    one = one.included_again(bl.Amount("3.20", "EUR"))
    assert (one.status, one.reason, str(one.amount)) == ("ACTV", "UPDT", "3.20 EUR")
    one = one.allocated(payer="X", payee="R")
    assert (one.payer, one.payee, one.reason) == ("X", "R", "RALO")
    one = one.switched()
    assert (one.payer, one.payee, one.reason) == ("R", "X", "SWIC")
    assert one.updated(bl.Amount("1.00", "EUR")).status == "ACTV"
    assert penalty(status="NCOM", amount=None).removed("INSO").status == "REMO"


def test_steps_that_are_not_open() -> None:
    """A removed penalty comes back only by being included again."""
    gone, none = penalty().removed("OTHR"), penalty(status="NCOM", amount=None)
    amount = bl.Amount("1.00", "EUR")
    steps = [
        lambda: gone.updated(amount),
        lambda: gone.removed("OTHR"),
        lambda: penalty().included_again(amount),
        lambda: none.included_again(amount),
        lambda: gone.allocated(payer="X", payee="R"),
        lambda: none.switched(),
    ]
    for step in steps:
        with pytest.raises(InvalidOption) as caught:
            step()
        assert caught.value.field == "status"
    with pytest.raises(InvalidOption) as caught:
        penalty().removed("UPDT")
    assert caught.value.field == "reason"


# --- nets and statements -------------------------------------------------------------


def test_the_month_is_that_of_the_day() -> None:
    """Late matching belongs to the day of matching, not to those that were missed."""
    late = penalty(kind="LMFP", fail_day=date(2024, 2, 29), day=date(2024, 3, 1))
    march = {"first": date(2024, 3, 1), "last": date(2024, 3, 31)}
    february = {"first": date(2024, 2, 1), "last": date(2024, 2, 29)}
    assert len(bilateral_nets([late], party="R", **march)) == 1
    assert bilateral_nets([late], party="R", **february) == ()
    assert bilateral_nets([late], party="Z", **march) == ()


def test_a_statement_is_compared() -> None:
    """What is missing, and the first thing that differs, is said."""
    same, ours, theirs = (
        penalty(instruction=name) for name in ("same", "ours", "theirs")
    )
    dear = penalty(instruction="amount")
    cheap = attrs.evolve(dear, amount=bl.Amount("3.12", "EUR"))
    mine = penalty(instruction="payee")
    other = attrs.evolve(mine, payee="S")
    active = penalty(instruction="status")
    found = compare_statement(
        [same, ours, dear, mine, active],
        [same, theirs, cheap, other, active.removed("SUSP")],
    )
    assert [(one.kind, one.ours, one.theirs) for one in found] == [
        ("amount", dear, cheap),
        ("only-ours", ours, None),
        ("payee", mine, other),
        ("status", active, active.removed("SUSP")),
        ("only-theirs", None, theirs),
    ]
    with pytest.raises(InvalidOption) as caught:
        compare_statement([same], [theirs, theirs])
    assert caught.value.field == "theirs"


NAMES = st.sampled_from("ABC")


@given(
    st.lists(
        st.tuples(
            NAMES, NAMES, st.integers(0, 999), st.sampled_from(["EUR", "DKK"]), NAMES
        ),
        max_size=20,
    )
)
def test_penalties_cost_nobody_in_sum(rows: list[Any]) -> None:
    """What one gets another pays, in each system and currency: none is revenue."""
    penalties = [
        penalty(
            instruction=str(index),
            payer=payer,
            payee=payee,
            amount=bl.Amount.from_minor(units, currency),
            currency=currency,
            system=system,
        )
        for index, (payer, payee, units, currency, system) in enumerate(rows)
    ]
    nets = [
        net
        for party in "ABC"
        for net in bilateral_nets(penalties, party=party, first=DAY, last=DAY)
    ]
    for total in global_nets(nets):
        assert total.amount.minor_units == 0


# --- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "field"),
    [
        ({"kind": "DVP"}, InvalidOption, "kind"),
        ({"deliverer": ""}, InvalidIdentifier, "deliverer"),
        ({"quantity": None}, InvalidOption, "quantity"),
        ({"rate_class": None}, InvalidOption, "rate_class"),
        ({"rate_class": "shares"}, InvalidOption, "rate_class"),
        ({"cash": CASH}, InvalidOption, "cash"),
        ({"quantity": 5000}, InvalidAmount, "quantity"),
        ({"quantity": bl.Amount(-1, SHARES)}, InvalidAmount, "quantity"),
        ({"exemption": "none"}, InvalidOption, "exemption"),
        (
            {"kind": "with-payment", "cash": bl.Amount(1, "USD")},
            InvalidOption,
            "cash",
        ),
    ],
)
def test_fails_that_cannot_be(
    options: dict[str, Any], kind: type[LedgerError], field: str
) -> None:
    """The field that is wrong is named."""
    with pytest.raises(kind) as caught:
        fail(**options)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("options", "kind", "field"),
    [
        ({"amount": None}, InvalidAmount, "amount"),
        ({"amount": bl.Amount(-1, "EUR")}, InvalidAmount, "amount"),
        ({"amount": bl.Amount(1, "USD")}, InvalidOption, "amount"),
        ({"status": "NCOM"}, InvalidOption, "amount"),
        ({"status": "SWIC"}, InvalidOption, "status"),
        ({"reason": "WHY"}, InvalidOption, "reason"),
        ({"kind": "FINE"}, InvalidOption, "kind"),
        ({"payer": " "}, InvalidIdentifier, "payer"),
        ({"day": "2024-03-04"}, InvalidDate, "day"),
    ],
)
def test_penalties_that_cannot_be(
    options: dict[str, Any], kind: type[LedgerError], field: str
) -> None:
    """The field that is wrong is named."""
    with pytest.raises(kind) as caught:
        penalty(**options)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (0.25, InexactNumber),
        (True, InexactNumber),
        (None, InexactNumber),
        ("1e5", InvalidAmount),
        ("", InvalidAmount),
        (Decimal("NaN"), InvalidAmount),
        (Decimal("1e99"), BoundExceeded),
        (10**80, BoundExceeded),
    ],
)
def test_numbers_that_cannot_be(number: Any, kind: type[LedgerError]) -> None:
    """Floats and what is no plain number are refused."""
    with pytest.raises(kind):
        daily_discount_percent(number)
    if number is not None:
        with pytest.raises((InexactNumber, InvalidAmount)):
            ReferenceData(price=number)
    for below_zero in (
        lambda: ReferenceData(price="-1"),
        lambda: PenaltyRate("other", "-1", DAY),
    ):
        with pytest.raises(InvalidAmount):
            below_zero()


JUNK: list[Any] = [
    lambda: settlement_fail_penalties(fail(), DAY, failing="deliverer", data=data()),
    lambda: settlement_fail_penalties(fail(), DAY, failing=["both"], data=data()),
    lambda: settlement_fail_penalties(fail(), DAY, failing=[[]], data=data()),  # type: ignore[list-item]
    lambda: settlement_fail_penalties(fail(), None, failing=[], data=data()),  # type: ignore[arg-type]
    lambda: late_matching_penalties(
        fail(), [None], matched_on=D3, late="receiver", data={}
    ),  # type: ignore[list-item]
    lambda: late_matching_penalties(fail(), [], matched_on=D3, late="us", data={}),  # type: ignore[arg-type]
    lambda: failing_sides(on_hold=5),  # type: ignore[arg-type]
    lambda: penalty_rate("shares", DAY),  # type: ignore[arg-type]
    lambda: penalty_rate("other", date(1, 1, 1)),
    lambda: instrument_type("ES"),
    lambda: instrument_type(None),  # type: ignore[arg-type]
    lambda: rate_class("SHRS", is_liquid="yes"),  # type: ignore[arg-type]
    lambda: rate_class("SHRS", money_market="debt"),  # type: ignore[arg-type]
    lambda: monthly_timetable(2024, 13, TARGET),
    lambda: monthly_timetable(9999, 12, TARGET),
    lambda: monthly_timetable(2024, 3, "TARGET"),  # type: ignore[arg-type]
    lambda: bilateral_nets([], party="A", first=NEXT, last=DAY),
    lambda: bilateral_nets(["penalty"], party="A", first=DAY, last=DAY),  # type: ignore[list-item]
    lambda: penalty_days(
        ISD, matched_on=D3, is_after_cut_off=False, until=D2, calendar=TARGET
    ),
    lambda: penalty_days(
        ISD,
        matched_on=D3,
        is_after_cut_off=None,  # type: ignore[arg-type]
        until=D4,
        calendar=TARGET,
    ),
]


@pytest.mark.parametrize("ask", JUNK, ids=range(len(JUNK)))
def test_arguments_that_cannot_be(ask: Any) -> None:
    """Junk is refused with an error of ours."""
    with pytest.raises(LedgerError):
        ask()


def test_a_calendar_without_weekends_counts_them() -> None:
    """The calendar decides, not the week."""
    every_day = HolidayCalendar(
        "Every day",
        closures=[],
        valid_from=date(2024, 1, 1),
        valid_through=date(2024, 12, 31),
        weekend=Weekend([]),
    )
    found = penalty_days(
        date(2024, 3, 8),
        matched_on=date(2024, 3, 8),
        is_after_cut_off=False,
        until=date(2024, 3, 11),
        calendar=every_day,
    )
    assert len(found.settlement_fail) == 3
