"""Day counts by the days that there are."""

from calendar import isleap
from datetime import date, timedelta
from fractions import Fraction

from backoffice_ledger.calendars import BusinessCalendar, HolidayCalendar
from backoffice_ledger.interest._dates import add_months, is_month_end

ONE_DAY = timedelta(days=1)


def actual(start: date, end: date) -> int:
    """Count the days, the first included, the last not."""
    return (end - start).days


def leap_days(start: date, end: date) -> int:
    """Count the 29ths of February after *start*, up to and with *end*."""
    return _leap_days_through(end) - _leap_days_through(start)


def _leap_days_through(day: date) -> int:
    """Count the 29ths of February from the year 1 to *day*, it included."""
    years = day.year if (day.month, day.day) >= (2, 29) else day.year - 1
    return years // 4 - years // 100 + years // 400


def no_leap(start: date, end: date) -> int:
    """Count the days without 29ths of February."""
    return actual(start, end) - leap_days(start, end)


def _year_days(year: int) -> int:
    return 366 if isleap(year) else 365


def isda(start: date, end: date) -> Fraction:
    """Divide the days in leap years by 366, all others by 365."""
    days, years = _year_days(start.year), end.year - start.year
    if not years:
        return Fraction(actual(start, end), days)
    rest = Fraction(actual(start, date(start.year + 1, 1, 1)), days)
    begun = Fraction(actual(date(end.year, 1, 1), end), _year_days(end.year))
    return rest + (years - 1) + begun


def afb(start: date, end: date) -> Fraction:
    """Take whole years off the end, always from the given end itself."""
    years = end.year - start.year
    reduced = add_months(end, -12 * years)
    if reduced < start:
        years -= 1
        reduced = add_months(end, -12 * years)
    return years + _afb_rest(start, reduced)


def afb_isda(start: date, end: date) -> Fraction:
    """Take whole years off the end; 28 February becomes the 29th where there is one."""
    years = 0
    while (earlier := _a_year_before(end)) >= start:
        end, years = earlier, years + 1
    return years + _afb_rest(start, end)


def _a_year_before(day: date) -> date:
    return add_months(day, -12, to_month_end=(day.month, day.day) == (2, 28))


def _afb_rest(start: date, end: date) -> Fraction:
    """Divide by 366 if a 29th of February is among the days."""
    has_leap_day = leap_days(start - ONE_DAY, end - ONE_DAY) > 0
    return Fraction(actual(start, end), 366 if has_leap_day else 365)


def actual_365l(start: date, end: date, frequency: int, coupon_end: date) -> Fraction:
    """Divide by 366 if the coupon is of a leap year, by 365 if not."""
    if frequency == 1:
        is_leap = leap_days(start, coupon_end) > 0
    else:
        is_leap = isleap(coupon_end.year)
    return Fraction(actual(start, end), 366 if is_leap else 365)


def business_days(start: date, end: date, calendar: BusinessCalendar) -> int:
    """Count the business days, the first day included, the last not."""
    if isinstance(calendar, HolidayCalendar):
        return calendar.between(start, end)
    days = (start + index * ONE_DAY for index in range(actual(start, end)))
    return sum(1 for day in days if calendar.is_business_day(day))


def icma(
    start: date,
    end: date,
    frequency: int,
    reference: tuple[date, date],
    *,
    end_of_month: bool,
) -> Fraction:
    """Divide the days in each notional period by its own days and the frequency.

    Notional periods lie side by side before and after the *reference* period, each
    stepped from its neighbour.
    """
    months = 12 // frequency
    early, late = reference
    to_month_end = end_of_month and is_month_end(early) and is_month_end(late)
    total = _overlap(start, end, early, late)
    while early > start:
        before = add_months(early, -months, to_month_end=to_month_end)
        total += _overlap(start, end, before, early)
        early = before
    while late < end:
        after = add_months(late, months, to_month_end=to_month_end)
        total += _overlap(start, end, late, after)
        late = after
    return total / frequency


def _overlap(start: date, end: date, first: date, last: date) -> Fraction:
    """Return how much of a notional period lies between two days."""
    days = actual(max(start, first), min(end, last))
    return Fraction(max(days, 0), actual(first, last))
