"""Calendars: which period a booking date belongs to, and which days are worked."""

from backoffice_ledger.calendars._fiscal import (
    FiscalMonths,
    FiscalWeeks,
    FiscalYear,
    NamedBy,
    Pattern,
    Weekday,
    WeekRule,
)
from backoffice_ledger.calendars._fiscal_content import (
    BookCalendar,
    calendar_content,
    calendar_from_content,
)
from backoffice_ledger.calendars._fiscal_successive import SuccessiveCalendars
from backoffice_ledger.calendars._months import CalendarMonths

__all__ = [
    "BookCalendar",
    "CalendarMonths",
    "FiscalMonths",
    "FiscalWeeks",
    "FiscalYear",
    "NamedBy",
    "Pattern",
    "SuccessiveCalendars",
    "WeekRule",
    "Weekday",
    "calendar_content",
    "calendar_from_content",
]
