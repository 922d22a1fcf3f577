"""What a day of a fail costs: rates by class, as dated data."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final, Literal, final

import attrs

from backoffice_ledger.checks import Number, check_choice, check_date, check_flag
from backoffice_ledger.errors import CalendarHorizon, InvalidOption
from backoffice_ledger.settlement.penalties._checks import exact_rate

RateClass = Literal[
    "liquid-shares",
    "illiquid-shares",
    "sme-growth-market",
    "public-debt",
    "other-debt",
    "sme-growth-market-debt",
    "other",
]
"""The rows 1 to 7 of the Annex of Delegated Regulation (EU) 2017/389, in its order."""

InstrumentType = Literal[
    "SHRS", "SOVR", "DEBT", "SECU", "ETFS", "UCIT", "MMKT", "EMAL", "OTHR"
]
"""The type of a financial instrument, as ECSDA and FIRDS name it."""

_CFI: Final = re.compile(r"[A-Z]{6}", re.ASCII)
_PLACES: Final = 10


def _to_rate(value: Number) -> Fraction:
    return exact_rate(value, "basis_points")


@final
@attrs.frozen(order=False)
class PenaltyRate:
    """What a day costs, for a class of instruments, from a day on.

    Args:
        rate_class: the class.
        basis_points: of the value, for each business day.
        applies_from: first business day.
        source: where the rate is from.

    Raises:
        InvalidOption: no such class.
        InexactNumber, InvalidAmount: no exact number from zero.
        InvalidDate, BoundExceeded: not a date, or too far off.
    """

    rate_class: RateClass
    basis_points: Fraction = attrs.field(converter=_to_rate)
    applies_from: date
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_choice(self.rate_class, RateClass, "rate_class")
        check_date(self.applies_from, "applies_from")


_ANNEX: Final = "Delegated Regulation (EU) 2017/389, Annex, as enacted"
_ACTIVATED: Final = date(2022, 2, 1)

_ROWS: Final[tuple[tuple[int, RateClass, str], ...]] = (
    (1, "liquid-shares", "1.0"),
    (2, "illiquid-shares", "0.5"),
    (3, "sme-growth-market", "0.25"),
    (4, "public-debt", "0.10"),
    (5, "other-debt", "0.20"),
    (6, "sme-growth-market-debt", "0.15"),
    (7, "other", "0.5"),
)
PENALTY_RATES: Final = tuple(
    PenaltyRate(rate_class, basis_points, _ACTIVATED, source=f"{_ANNEX}, {row}")
    for row, rate_class, basis_points in _ROWS
)
"""The rates in force since penalties began, on 2022-02-01.

ESMA advised higher ones on 2024-11-19; no amending act was found.  When there is one,
its rates are more rows.
"""


def penalty_rate(
    rate_class: RateClass, day: date, *, rates: Iterable[PenaltyRate] = PENALTY_RATES
) -> PenaltyRate:
    """Return the rate of a class for a business day: the latest that applies.

    Raises:
        InvalidOption: there is no such class.
        CalendarHorizon: there was no rate on that day.
        InvalidDate, BoundExceeded: not a date, or too far off.
    """
    check_choice(rate_class, RateClass, "rate_class")
    check_date(day, "day")
    found = [
        rate
        for rate in rates
        if rate.rate_class == rate_class and rate.applies_from <= day
    ]
    if not found:
        raise CalendarHorizon(
            f"penalty rates of {rate_class}",
            field="day",
            expected="a day from which on a rate applies",
            found=day,
        )
    return max(found, key=lambda rate: rate.applies_from)


def daily_discount_percent(annual_percent: Number) -> Decimal:
    """Return the daily rate for lack of cash, in percent, of a yearly rate in percent.

    It is the yearly rate over 360, rounded half up to ten places of a percent.  Of a
    rate below zero it is zero.

    >>> daily_discount_percent("0.05")
    Decimal('0.0001388889')

    Source: ECSDA CSDR Penalties Framework 5.6 (row 8) and 5.7, rule RE11.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: no number.
    """
    annual = exact_rate(annual_percent, "annual_percent", floor=True)
    units = annual * 10**_PLACES / 360
    return Decimal(floor(units + Fraction(1, 2))).scaleb(-_PLACES)


def instrument_type(cfi: str) -> InstrumentType:
    """Return the type of an instrument by its classification code (ISO 10962).

    Source: ECSDA CSDR Penalties Framework 5.3.

    Raises:
        InvalidOption: not six capital letters.
    """
    if not isinstance(cfi, str) or not _CFI.fullmatch(cfi):
        raise InvalidOption(field="cfi", expected="six letters, ESVUFR", found=cfi)
    category, group = cfi[0], cfi[1]
    if category == "D":
        if cfi[3] in "TC" or group == "N":
            return "SOVR"
        return "MMKT" if group == "Y" else "DEBT"
    if cfi.startswith("TTN"):
        return "EMAL"
    if category == "C":
        return "ETFS" if group == "E" else "UCIT"
    types: dict[str, InstrumentType] = {"E": "SHRS", "R": "SECU"}
    return types.get(category, "OTHR")


def rate_class(
    type: InstrumentType,
    *,
    is_liquid: bool = False,
    is_sme_growth_market: bool = False,
    public_debt_of_sme: Literal[
        "public-debt", "sme-growth-market-debt"
    ] = "public-debt",
    money_market: Literal["other-debt", "other"] = "other",
) -> RateClass:
    """Return the row of the Annex for an instrument.

    Two questions the Annex leaves open are the caller's to answer.

    Args:
        type: see `instrument_type`.
        is_liquid: whether a share has a liquid market; not listed in FITRS means no.
        is_sme_growth_market: whether both instructions name one and the same place of
            trading, and it is an SME growth market.
        public_debt_of_sme: which of rows 4 and 6 public debt belongs to if it was
            traded on an SME growth market.
        money_market: which of rows 5 and 7 money-market instruments belong to.

    Raises:
        InvalidOption: no such type, or an answer that is none.
    """
    check_choice(type, InstrumentType, "type")
    check_flag(is_liquid, "is_liquid")
    check_flag(is_sme_growth_market, "is_sme_growth_market")
    check_choice(
        public_debt_of_sme,
        Literal["public-debt", "sme-growth-market-debt"],
        "public_debt_of_sme",
    )
    check_choice(money_market, Literal["other-debt", "other"], "money_market")
    if type == "SOVR":
        return public_debt_of_sme if is_sme_growth_market else "public-debt"
    is_debt = type == "DEBT" or (type == "MMKT" and money_market == "other-debt")
    if is_debt:
        return "sme-growth-market-debt" if is_sme_growth_market else "other-debt"
    if is_sme_growth_market:
        return "sme-growth-market"
    if type == "SHRS":
        return "liquid-shares" if is_liquid else "illiquid-shares"
    return "other"
