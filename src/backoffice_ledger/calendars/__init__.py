"""Calendars: which period a booking date belongs to, and which days are worked."""

from backoffice_ledger.calendars._months import CalendarMonths

__all__ = ["CalendarMonths"]
