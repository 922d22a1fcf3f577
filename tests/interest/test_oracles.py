"""Day counts, row by row, against QuantLib and OpenGamma Strata."""

import csv
import json
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import CONVENTIONS, year_fraction

DATA = Path(__file__).parents[1] / "data"
Row = dict[str, str]


def read(name: str) -> list[Row]:
    """Return the rows of a file."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


QUANTLIB = read("daycount_quantlib.csv")
STRATA = read("daycount_strata.csv")

NOT_OURS = {
    "quantlib": {"ACT/360-INCL": 5, "ACT/365-CAN": 6},
    "strata": {"Act/365 Actual": 9, "Act/Act Year": 13, "NL/360": 10},
}
"""What the files hold beyond the conventions that we have, and how many rows."""

QUANTLIB_NAMES = {"ACT/ACT-AFB": "ACT/ACT-AFB-ISDA"}
"""Elsewhere the file uses our names."""

STRATA_NAMES = {
    "30/360 PSA": "30/360-PSA",
    "30E+/360": "30E+/360",
    "30E/360 ISDA": "30E/360-ISDA",
    "30E/365": "30E/365",
    "Act/365L": "ACT/365L",
    "Act/Act AFB": "ACT/ACT-AFB",
    "Act/Act ICMA": "ACT/ACT-ICMA",
}

GUESSED = {"dc0166": Fraction(181, 365), "dc0167": Fraction(1)}
"""Rows of a yearly coupon with a short first period of 181 days, 2017-08-31 to
2018-02-28: QuantLib guesses from the days that it is half-yearly.  We guess nothing.
"""


class Brazil:
    """Business days of Brazil's settlement calendar, from its law."""

    FIXED = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25))

    def is_business_day(self, day: date) -> bool:
        """Tell weekends and holidays from the rest."""
        from_easter = (day - easter(day.year)).days
        return not (
            day.weekday() >= 5
            or (day.month, day.day) in self.FIXED
            or (day.year >= 2024 and (day.month, day.day) == (11, 20))
            or from_easter in (-48, -47, -2, 60)
        )


def day_of(text: str) -> date | None:
    """Read a date, or nothing."""
    return date.fromisoformat(text) if text else None


def both(start: date | None, end: date | None) -> tuple[date, date]:
    """Return two dates that must be there."""
    assert start is not None
    assert end is not None
    return start, end


def quantlib_reference(row: Row) -> tuple[date, date]:
    """Return a regular period of the row's schedule.

    A schedule runs backwards from its end, or from the last regular date before it.
    """
    if row["ref_start"]:
        return both(day_of(row["ref_start"]), day_of(row["ref_end"]))
    schedule = json.loads(row["schedule"])
    last = date.fromisoformat(schedule["next_to_last"] or schedule["end"])
    first = last - relativedelta(months=schedule["months"])
    if schedule["eom"] and (last + timedelta(1)).day == 1:
        first += relativedelta(day=31)
    return first, last


def quantlib_options(row: Row) -> dict[str, Any]:
    """Return the options of a row."""
    match row["convention"]:
        case "30E/360-ISDA":
            return {"termination": day_of(row["termination"])}
        case "BUS/252":
            return {"calendar": Brazil()}
        case "ACT/ACT-ICMA":
            schedule = json.loads(row["schedule"] or "{}")
            return {
                "frequency": int(row["frequency"]),
                "reference": quantlib_reference(row),
                "end_of_month": schedule.get("eom", False),
            }
    return {}


def strata_options(row: Row) -> dict[str, Any]:
    """Return the options of a row."""
    match row["convention"]:
        case "30E/360 ISDA":
            return {"termination": day_of(row["schedule_end"])}
        case "Act/365L":
            return {
                "frequency": 12 // int(row["freq_months"]),
                "coupon_end": day_of(row["period_end"]),
            }
        case "Act/Act ICMA":
            return {
                "frequency": 12 // int(row["freq_months"]),
                "reference": strata_reference(row),
                "end_of_month": row["eom"] == "1",
            }
    return {}


def strata_reference(row: Row) -> tuple[date, date]:
    """Return the regular period that ends with the coupon, or follows on the last one.

    The last period of a schedule is counted forwards from its own start.
    """
    months = relativedelta(months=int(row["freq_months"]))
    start, end = both(day_of(row["start"]), day_of(row["period_end"]))
    is_last = row["period_end"] == row["schedule_end"]
    anchor, step = (start, months) if is_last else (end, -months)
    other = anchor + step
    if row["eom"] == "1" and (anchor + timedelta(1)).day == 1:
        other += relativedelta(day=31)
    return (anchor, other) if is_last else (other, anchor)


def strata_name(row: Row) -> str:
    """Return our name of a row's convention."""
    if row["convention"] == "30U/360":
        return "30/360-US" if row["eom"] == "1" else "30/360-BOND"
    return STRATA_NAMES[row["convention"]]


def fraction_of(row: Row, name: str, options: dict[str, Any]) -> Fraction:
    """Return what we make of a row."""
    start, end = both(day_of(row["start"]), day_of(row["end"]))
    return year_fraction(name, start, end, **options)


def ours(rows: list[Row], source: str) -> list[Row]:
    """Return the rows of the conventions that we have."""
    return [row for row in rows if row["convention"] not in NOT_OURS[source]]


def test_the_files_hold_what_we_think() -> None:
    """All rows are compared, but those of the conventions named above."""
    for rows, source in ((QUANTLIB, "quantlib"), (STRATA, "strata")):
        counted = Counter(row["convention"] for row in rows)
        left_out = {name: counted[name] for name in NOT_OURS[source]}
        assert left_out == NOT_OURS[source]
    assert (len(QUANTLIB), len(STRATA)) == (413, 300)
    tested = {
        QUANTLIB_NAMES.get(row["convention"], row["convention"])
        for row in ours(QUANTLIB, "quantlib")
    }
    tested |= {strata_name(row) for row in ours(STRATA, "strata")}
    assert tested == set(CONVENTIONS)


@pytest.mark.parametrize("row", ours(QUANTLIB, "quantlib"), ids=lambda row: row["id"])
def test_quantlib(row: Row) -> None:
    """Each fraction is exactly that of QuantLib; reversed dates are refused."""
    name = QUANTLIB_NAMES.get(row["convention"], row["convention"])
    options = quantlib_options(row)
    if row["tag"] == "reversed":
        with pytest.raises(InvalidOption) as caught:
            fraction_of(row, name, options)
        assert caught.value.field == "end"
        return
    found = fraction_of(row, name, options)
    if row["id"] in GUESSED:
        assert found == GUESSED[row["id"]]
        assert Fraction(row["exact"]) - found == Fraction(1, 2) - Fraction(181, 365)
        return
    assert found == Fraction(row["exact"])


@pytest.mark.parametrize("row", ours(STRATA, "strata"), ids=lambda row: row["id"])
def test_strata(row: Row) -> None:
    """Each fraction is exactly that of Strata."""
    found = fraction_of(row, strata_name(row), strata_options(row))
    assert found == Fraction(row["exact"])


# --- QuantLib itself, on dates that nobody chose -------------------------------------

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its generated wrapper
        import QuantLib
except ImportError:
    QuantLib = None

needs_quantlib = pytest.mark.skipif(
    QuantLib is None, reason="QuantLib has no wheel for this machine"
)

PEERS: dict[str, Callable[[], Any]] = {
    "30/360-BOND": lambda: QuantLib.Thirty360(QuantLib.Thirty360.BondBasis),
    "30/360-US": lambda: QuantLib.Thirty360(QuantLib.Thirty360.USA),
    "30/360-NASD": lambda: QuantLib.Thirty360(QuantLib.Thirty360.NASD),
    "30/360-GERMAN": lambda: QuantLib.Thirty360(QuantLib.Thirty360.German),
    "30/360-ITALIAN": lambda: QuantLib.Thirty360(QuantLib.Thirty360.Italian),
    "30E/360": lambda: QuantLib.Thirty360(QuantLib.Thirty360.EurobondBasis),
    "30/365": lambda: QuantLib.Thirty365(),
    "ACT/360": lambda: QuantLib.Actual360(),
    "ACT/364": lambda: QuantLib.Actual364(),
    "ACT/365F": lambda: QuantLib.Actual365Fixed(),
    "ACT/365.25": lambda: QuantLib.Actual36525(),
    "ACT/366": lambda: QuantLib.Actual366(),
    "NL/365": lambda: QuantLib.Actual365Fixed(QuantLib.Actual365Fixed.NoLeap),
    "ACT/ACT-ISDA": lambda: QuantLib.ActualActual(QuantLib.ActualActual.ISDA),
    "ACT/ACT-AFB-ISDA": lambda: QuantLib.ActualActual(QuantLib.ActualActual.AFB),
    "1/1": lambda: QuantLib.OneDayCounter(),
}


@st.composite
def days(draw: st.DrawFn) -> date:
    """Draw days, half of them at or near the end of a month."""
    day = draw(st.dates(date(1902, 1, 1), date(2190, 12, 31)))
    if draw(st.booleans()):
        day = day + relativedelta(day=31) - timedelta(draw(st.integers(0, 3)))
    if draw(st.integers(0, 3)) == 0:
        day += relativedelta(month=2, day=draw(st.sampled_from([28, 29, 31])))
    return day


spans = st.tuples(days(), days()).map(sorted)


def quantlib_fraction(counter: Any, *dates: date) -> float:
    """Ask QuantLib; the third and the fourth date are the reference period."""
    return float(
        counter.yearFraction(*(QuantLib.Date(d.day, d.month, d.year) for d in dates))
    )


@needs_quantlib
@pytest.mark.parametrize("name", PEERS)
@given(span=spans)
def test_random_dates(name: str, span: list[date]) -> None:
    """To the last bit that a float shows."""
    found = year_fraction(name, *span)
    assert float(found) == pytest.approx(
        quantlib_fraction(PEERS[name](), *span), rel=1e-14, abs=1e-14
    )


@needs_quantlib
@given(dates=st.tuples(days(), days(), days()).map(sorted), ends=st.booleans())
def test_random_dates_before_a_termination(dates: list[date], ends: bool) -> None:
    """The termination is the end, or later.

    QuantLib finds -2 days from 28 February to itself, if that is the termination.
    """
    start, end, later = dates
    assume(start < end)
    termination = end if ends else later
    counter = QuantLib.Thirty360(
        QuantLib.Thirty360.ISDA,
        QuantLib.Date(termination.day, termination.month, termination.year),
    )
    found = year_fraction("30E/360-ISDA", start, end, termination=termination)
    assert float(found) == pytest.approx(quantlib_fraction(counter, start, end))


@needs_quantlib
@given(start=days(), frequency=st.sampled_from([1, 2, 4]), data=st.data())
def test_random_dates_within_a_coupon(
    start: date, frequency: int, data: st.DataObject
) -> None:
    """The days over those of the coupon, times the frequency."""
    end = start + relativedelta(months=12 // frequency)
    first, last = sorted(
        data.draw(st.tuples(st.dates(start, end), st.dates(start, end)))
    )
    counter = QuantLib.ActualActual(QuantLib.ActualActual.ISMA)
    found = year_fraction(
        "ACT/ACT-ICMA",
        first,
        last,
        frequency=frequency,
        reference=(start, end),
        end_of_month=data.draw(st.booleans()),
    )
    expected = quantlib_fraction(counter, first, last, start, end)
    assert float(found) == pytest.approx(expected, rel=1e-14, abs=1e-14)


@needs_quantlib
@given(
    span=st.tuples(st.dates(date(2002, 1, 1), date(2030, 12, 31)), st.integers(0, 900))
)
def test_random_business_days(span: tuple[date, int]) -> None:
    """Brazil's calendar, by its law and by QuantLib."""
    start, length = span
    end = start + timedelta(length)
    counter = QuantLib.Business252(QuantLib.Brazil())
    found = year_fraction("BUS/252", start, end, calendar=Brazil())
    assert float(found) == pytest.approx(quantlib_fraction(counter, start, end))
