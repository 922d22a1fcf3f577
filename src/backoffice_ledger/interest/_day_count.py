"""Day-count conventions: which part of a year lies between two days."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, final

import attrs

from backoffice_ledger.calendars import BusinessCalendar
from backoffice_ledger.checks import check_choice, check_date, check_flag
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import _actual, _thirty
from backoffice_ledger.interest._checks import check_order
from backoffice_ledger.interest._dates import add_months

Frequency = Literal[1, 2, 3, 4, 6, 12]
"""Coupons or instalments a year."""

_OPTIONS: Final = (
    "frequency",
    "reference",
    "end_of_month",
    "coupon_end",
    "termination",
    "calendar",
)
_SHIFT_MAX: Final = timedelta(days=7)
"""How far business days may have moved the end of a reference period."""


@final
@attrs.frozen
class Convention:
    """What is known of a day-count convention.

    Attributes:
        name: the canonical name.
        rule: how it counts, in a line.
        additive: whether two spans that meet always count what the whole counts, with
            the same options, and up to the termination if there is one.
        needs: the options that must be given; all others must not.
    """

    name: str
    rule: str
    additive: bool
    needs: tuple[str, ...] = ()


class _Rule(NamedTuple):
    convention: Convention
    fraction: Callable[[date, date, Any], Fraction]
    """Of a start, an end and the `DayCount` with the options."""


def _days(
    name: str,
    rule: str,
    count: Callable[[date, date], int],
    year: int,
    *,
    additive: bool = True,
    times: int = 1,
) -> _Rule:
    """Return a convention that divides a count of days by a fixed number."""

    def fraction(start: date, end: date, _: object) -> Fraction:
        return Fraction(times * count(start, end), year)

    return _Rule(Convention(name, rule, additive), fraction)


def _exact(
    name: str,
    rule: str,
    count: Callable[[date, date], Fraction],
    *,
    additive: bool = True,
) -> _Rule:
    """Return a convention that needs no more than the two days."""

    def fraction(start: date, end: date, _: object) -> Fraction:
        return count(start, end)

    return _Rule(Convention(name, rule, additive), fraction)


def _one(start: date, end: date) -> Fraction:
    del start, end
    return Fraction(1)


def _month_ends(start: date, end: date) -> int:
    return _thirty.month_ends(start, end)


def _with_termination(start: date, end: date, terms: Any) -> Fraction:
    return Fraction(_thirty.month_ends(start, end, terms.termination), 360)


def _within_coupon(start: date, end: date, terms: Any) -> Fraction:
    check_order(end, terms.coupon_end, "coupon_end")
    return _actual.actual_365l(start, end, terms.frequency, terms.coupon_end)


def _notional_periods(start: date, end: date, terms: Any) -> Fraction:
    return _actual.icma(
        start,
        end,
        terms.frequency,
        terms.reference,
        end_of_month=terms.end_of_month,
    )


def _business_days(start: date, end: date, terms: Any) -> Fraction:
    return Fraction(_actual.business_days(start, end, terms.calendar), 252)


_ALL: Final = (
    _days(
        "30/360-BOND",
        "a first 31st is a 30th, a second one too if the first is a 30th or 31st",
        _thirty.bond,
        360,
        additive=False,
    ),
    _days(
        "30/360-US",
        "30/360-BOND; a first end of February is a 30th, a second too if both are",
        _thirty.us,
        360,
        additive=False,
    ),
    _days(
        "30/360-PSA",
        "30/360-BOND; a first end of February is a 30th, a second never",
        _thirty.psa,
        360,
        additive=False,
    ),
    _days(
        "30/360-NASD",
        "30/360-BOND; any other second 31st is the 1st of the next month",
        _thirty.nasd,
        360,
        additive=False,
    ),
    _days("30E/360", "each 31st is a 30th", _thirty.european, 360),
    _Rule(
        Convention(
            "30E/360-ISDA",
            "each end of a month is a 30th, but not the termination in February",
            additive=True,
            needs=("termination",),
        ),
        _with_termination,
    ),
    _days("30/360-GERMAN", "each end of a month is a 30th", _month_ends, 360),
    _days(
        "30/360-ITALIAN",
        "each 31st, and each 28 or 29 February, is a 30th",
        _thirty.italian,
        360,
    ),
    _days(
        "30E+/360",
        "a first 31st is a 30th, a second the 1st of the next month",
        _thirty.european_plus,
        360,
        additive=False,
    ),
    _days("30/365", "the days of 30E/360 over 365", _thirty.european, 365),
    _days("30E/365", "the days of 30/360-GERMAN over 365", _month_ends, 365),
    _days("ACT/360", "days over 360", _actual.actual, 360),
    _days("ACT/364", "days over 364", _actual.actual, 364),
    _days("ACT/365F", "days over 365", _actual.actual, 365),
    _days("ACT/365.25", "days over 365.25", _actual.actual, 1461, times=4),
    _days("ACT/366", "days over 366", _actual.actual, 366),
    _Rule(
        Convention(
            "ACT/365L",
            "days over 366 if the coupon is of a leap year (a yearly one: if it has a "
            "29 February after the start), over 365 if not",
            additive=False,
            needs=("frequency", "coupon_end"),
        ),
        _within_coupon,
    ),
    _days("NL/365", "days without 29 Februaries over 365", _actual.no_leap, 365),
    _exact(
        "ACT/ACT-ISDA",
        "days in leap years over 366, all others over 365",
        _actual.isda,
    ),
    _Rule(
        Convention(
            "ACT/ACT-ICMA",
            "days in each notional period over its days times the frequency",
            additive=True,
            needs=("frequency", "reference", "end_of_month"),
        ),
        _notional_periods,
    ),
    _exact(
        "ACT/ACT-AFB",
        "whole years off the end, the rest over 366 with a 29 February, 365 without",
        _actual.afb,
        additive=False,
    ),
    _exact(
        "ACT/ACT-AFB-ISDA",
        "ACT/ACT-AFB; on the way back 28 February becomes the 29th where there is one",
        _actual.afb_isda,
        additive=False,
    ),
    _Rule(
        Convention(
            "BUS/252",
            "business days over 252",
            additive=True,
            needs=("calendar",),
        ),
        _business_days,
    ),
    _exact("1/1", "always 1", _one, additive=False),
)
_RULES: Final = {rule.convention.name: rule for rule in _ALL}

CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType(
    {name: rule.convention for name, rule in _RULES.items()}
)
"""Every convention by its canonical name."""

_AMBIGUOUS: Final = {
    "30/360": "30/360-BOND, 30/360-US, 30E/360 or 30/360-GERMAN",
    "30/360 ISDA": "30/360-BOND or 30E/360-ISDA; libraries mean either by this name",
    "30U/360": "30/360-US, or 30/360-BOND where ends of months do not count",
    "ACT/365": "ACT/365F, or ACT/ACT-ISDA as ISDA has it",
    "ACTUAL/365": "ACT/365F, or ACT/ACT-ISDA as ISDA has it",
    "ACT/ACT": "ACT/ACT-ISDA, ACT/ACT-ICMA or ACT/ACT-AFB",
    "ACTUAL/ACTUAL": "ACT/ACT-ISDA, ACT/ACT-ICMA or ACT/ACT-AFB",
}
"""Names in use that mean several things, and what to say instead."""


def _rule_of(convention: object) -> _Rule:
    name = convention if isinstance(convention, str) else ""
    rule = _RULES.get(name)
    if rule is None:
        raise InvalidOption(
            field="convention",
            expected=_AMBIGUOUS.get(name.upper(), ", ".join(_RULES)),
            found=convention,
        )
    return rule


@final
@attrs.frozen(order=False)
class DayCount:
    """A day-count convention with all that it needs; nothing is guessed.

    >>> DayCount("30E/360").fraction(date(2026, 1, 31), date(2026, 4, 30))
    Fraction(1, 4)

    Args:
        convention: a canonical name of `CONVENTIONS`.
        frequency: coupons a year: 1, 2, 3, 4, 6 or 12.
        reference: first and last day of a regular coupon period, the last not counted;
            the notional periods before and after are stepped from it.
        end_of_month: whether periods between ends of months stay at ends of months.
        coupon_end: last day of the coupon period, not counted.
        termination: the day on which the contract ends.
        calendar: knows the business days.

    Raises:
        InvalidOption: no canonical name; an option that the convention needs is
            missing, one that it does not know is given, or one is wrong.
        InvalidDate, BoundExceeded: the day named in the error is none, or too far off.
    """

    convention: str
    frequency: Frequency | None = attrs.field(default=None, kw_only=True)
    reference: tuple[date, date] | None = attrs.field(default=None, kw_only=True)
    end_of_month: bool | None = attrs.field(default=None, kw_only=True)
    coupon_end: date | None = attrs.field(default=None, kw_only=True)
    termination: date | None = attrs.field(default=None, kw_only=True)
    calendar: BusinessCalendar | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        needs = _rule_of(self.convention).convention.needs
        for name in _OPTIONS:
            value = getattr(self, name)
            if (value is not None) is not (name in needs):
                raise InvalidOption(
                    field=name,
                    expected=f"a value, since {self.convention} needs it"
                    if name in needs
                    else f"nothing, since {self.convention} does not know it",
                    found=value,
                )
            if value is not None:
                _CHECKS[name](self)

    def fraction(self, start: date, end: date) -> Fraction:
        """Return the years from *start* to *end*, the first day counted, not the last.

        From a day to itself it is zero, whatever the rule makes of that day; only 1/1
        says 1 there too.

        Raises:
            InvalidOption: the dates are reversed, or go beyond the coupon.
            InvalidDate, BoundExceeded: the day named in the error is none, or too far
                off.
        """
        check_order(check_date(start, "start"), check_date(end, "end"), "end")
        if start == end:
            return Fraction(self.convention == "1/1")
        return _RULES[self.convention].fraction(start, end, self)


def _check_frequency(terms: DayCount) -> None:
    check_choice(terms.frequency, Frequency, "frequency")


def _check_reference(terms: Any) -> None:
    reference = terms.reference
    if not isinstance(reference, tuple) or len(reference) != 2:
        raise InvalidOption(
            field="reference", expected="a tuple of two dates", found=reference
        )
    start, end = (check_date(day, "reference") for day in reference)
    regular = add_months(start, 12 // terms.frequency)
    if abs(end - regular) > _SHIFT_MAX:
        raise InvalidOption(
            field="reference",
            expected=f"a regular period, from {start} to {regular} or some days off",
            found=f"{start} to {end}",
        )


def _check_end_of_month(terms: DayCount) -> None:
    check_flag(terms.end_of_month, "end_of_month")


def _check_coupon_end(terms: DayCount) -> None:
    check_date(terms.coupon_end, "coupon_end")


def _check_termination(terms: DayCount) -> None:
    check_date(terms.termination, "termination")


def _check_calendar(terms: DayCount) -> None:
    calendar = terms.calendar
    method = getattr(calendar, "is_business_day", None)
    if isinstance(calendar, type) or not callable(method):
        raise InvalidOption(
            field="calendar",
            expected="an object with is_business_day()",
            found=calendar,
        )


_CHECKS: Final[dict[str, Callable[[DayCount], None]]] = {
    "frequency": _check_frequency,
    "reference": _check_reference,
    "end_of_month": _check_end_of_month,
    "coupon_end": _check_coupon_end,
    "termination": _check_termination,
    "calendar": _check_calendar,
}


def year_fraction(
    convention: str,
    start: date,
    end: date,
    *,
    frequency: Frequency | None = None,
    reference: tuple[date, date] | None = None,
    end_of_month: bool | None = None,
    coupon_end: date | None = None,
    termination: date | None = None,
    calendar: BusinessCalendar | None = None,
) -> Fraction:
    """Return the years from *start* to *end* by a convention, exactly.

    The options are those of `DayCount`, which serves for more than one question.

    >>> year_fraction("ACT/ACT-ISDA", date(2003, 11, 1), date(2004, 5, 1))
    Fraction(66491, 133590)

    Raises:
        InvalidOption: no canonical name; an option is missing, unknown to the
            convention or wrong; the dates are reversed.
        InvalidDate, BoundExceeded: the day named in the error is none, or too far off.
    """
    terms = DayCount(
        convention,
        frequency=frequency,
        reference=reference,
        end_of_month=end_of_month,
        coupon_end=coupon_end,
        termination=termination,
        calendar=calendar,
    )
    return terms.fraction(start, end)
