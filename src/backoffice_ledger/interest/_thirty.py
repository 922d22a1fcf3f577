"""Day counts in which every month has thirty days.

``days = 360 * years + 30 * months + (day 2 - day 1)``; the conventions differ in how
they adjust the two days first.
"""

from datetime import date

from backoffice_ledger.interest._dates import is_month_end


def _days(start: date, end: date, day_1: int, day_2: int) -> int:
    years, months = end.year - start.year, end.month - start.month
    return 360 * years + 30 * months + day_2 - day_1


def _is_february_end(day: date) -> bool:
    return day.month == 2 and is_month_end(day)


def bond(start: date, end: date) -> int:
    """Count by bond basis: the second 31st only after a 30th or 31st."""
    return _bond(start, end, start.day, end.day)


def _bond(start: date, end: date, day_1: int, day_2: int) -> int:
    day_1 = min(day_1, 30)
    if day_2 == 31 and day_1 == 30:
        day_2 = 30
    return _days(start, end, day_1, day_2)


def us(start: date, end: date) -> int:
    """Count by bond basis, the end of February being a 30th."""
    if not _is_february_end(start):
        return bond(start, end)
    return _bond(start, end, 30, 30 if _is_february_end(end) else end.day)


def psa(start: date, end: date) -> int:
    """Count by bond basis, the first end of February being a 30th."""
    return _bond(start, end, 30 if _is_february_end(start) else start.day, end.day)


def nasd(start: date, end: date) -> int:
    """Count by bond basis, where another second 31st is the first of a month."""
    if end.day == 31 and start.day < 30:
        return _days(start, end, start.day, 31)
    return bond(start, end)


def european(start: date, end: date) -> int:
    """Count with each 31st as a 30th."""
    return _days(start, end, min(start.day, 30), min(end.day, 30))


def european_plus(start: date, end: date) -> int:
    """Count with the first 31st as a 30th, the second as the first of a month."""
    return _days(start, end, min(start.day, 30), end.day)


def italian(start: date, end: date) -> int:
    """Count with each 31st, and each 28th or 29th of February, as a 30th."""
    return _days(start, end, _italian_day(start), _italian_day(end))


def _italian_day(day: date) -> int:
    return 30 if day.month == 2 and day.day >= 28 else min(day.day, 30)


def month_ends(start: date, end: date, termination: date | None = None) -> int:
    """Count with each end of a month as a 30th.

    Only a second date in February that is the *termination* date stays as it is.
    """
    day_2 = end.day if end == termination else _thirtieth(end)
    return _days(start, end, _thirtieth(start), min(day_2, 30))


def _thirtieth(day: date) -> int:
    return 30 if is_month_end(day) else day.day
