"""Calendars: which period a booking date belongs to, and which days are worked.

Business days come from a `HolidayCalendar`, which raises outside the days that it
knows: a library that answers "open" for a year that nobody has announced yet mis-dates
payments without a word.
"""

from backoffice_ledger.calendars._adapters import (
    from_exchange_calendar,
    from_holidays,
)
from backoffice_ledger.calendars._business import (
    BusinessCalendar,
    CalendarChange,
    HolidayCalendar,
    joint,
)
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
from backoffice_ledger.calendars._holidays import (
    BUSINESS_CALENDARS,
    business_calendar,
)
from backoffice_ledger.calendars._months import CalendarMonths
from backoffice_ledger.calendars._rolls import (
    MonthEnd,
    RollConvention,
    add_months,
    roll,
)
from backoffice_ledger.calendars._weekend import (
    FRIDAY_SATURDAY,
    SATURDAY_SUNDAY,
    Weekend,
)

__all__ = [
    "BUSINESS_CALENDARS",
    "FRIDAY_SATURDAY",
    "SATURDAY_SUNDAY",
    "BookCalendar",
    "BusinessCalendar",
    "CalendarChange",
    "CalendarMonths",
    "FiscalMonths",
    "FiscalWeeks",
    "FiscalYear",
    "HolidayCalendar",
    "MonthEnd",
    "NamedBy",
    "Pattern",
    "RollConvention",
    "SuccessiveCalendars",
    "WeekRule",
    "Weekday",
    "Weekend",
    "add_months",
    "business_calendar",
    "calendar_content",
    "calendar_from_content",
    "from_exchange_calendar",
    "from_holidays",
    "joint",
    "roll",
]
