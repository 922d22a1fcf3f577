"""Whether entries are captured, and periods locked, in time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, timedelta, tzinfo
from typing import Final, final

import attrs
from dateutil.relativedelta import relativedelta

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidOption
from backoffice_ledger.reports import Column, Row, Table


def _as_paths(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise InvalidOption(field="accounts", expected="a list of paths", found=value)
    return tuple(value)


@final
@attrs.frozen(kw_only=True)
class CaptureLimit:
    """How many days may pass from an event to its entry, from a day on.

    Args:
        name: of the limit; a later row of the same name replaces it.
        days_max: days between the event and its recording that give no finding.
        effective: first day of events to which it applies.
        accounts: the limit is for entries that touch one of these, or one below; none
            for all entries.
        source: where it comes from.

    Raises:
        InvalidOption: a number of days that is no int from 0.
        InvalidDate: *effective* is no date.
    """

    name: str
    days_max: int
    effective: date
    accounts: tuple[str, ...] = attrs.field(default=(), converter=_as_paths)
    source: str

    def __attrs_post_init__(self) -> None:
        if type(self.days_max) is not int or self.days_max < 0:
            raise InvalidOption(
                field="days_max", expected="an int from 0", found=self.days_max
            )
        if type(self.effective) is not date:
            raise InvalidDate(
                field="effective", expected="a date", found=self.effective
            )

    def concerns(self, entry: bl.Entry) -> bool:
        """Whether the limit is for an entry."""
        return not self.accounts or any(
            posting.account == path or posting.account.startswith(f"{path}:")
            for posting in entry.postings
            for path in self.accounts
        )


CAPTURE_LIMITS: Final = (
    CaptureLimit(
        name="non-cash",
        days_max=10,
        effective=date(2015, 1, 1),
        source="GoBD: within ten days unobjectionable",
    ),
)
"""The general limit.  Those for cash (daily: ``days_max=0``) and for accounts current
(eight days) need the paths of your accounts; see `CaptureLimit`."""

_DELAYS: Final = (
    Column("position", "Position", "integer"),
    Column("id", "Id"),
    Column("event", "Event", "date"),
    Column("recorded", "Recorded", "date"),
    Column("days", "Days", "integer"),
    Column("limit", "Limit"),
    Column("days_max", "Allowed", "integer"),
    Column("actor", "Actor"),
)


def capture_delays(
    records: Iterable[bl.Record],
    *,
    limits: Iterable[CaptureLimit] = CAPTURE_LIMITS,
    zone: tzinfo = UTC,
) -> Table:
    """Return entries that were recorded later after their event than a limit allows.

    The event is the day of the document, else the economic date, else the booking date.
    Of the limits that concern an entry the shortest counts.  Adjusting and closing
    entries, reversals and openings have no event of their own and are left out.

    Args:
        records: of the book, ``ledger.records()``.
        limits: dated rows.
        zone: whose midnight ends the day on which an entry was recorded.

    Raises:
        InvalidOption: other limits.
    """
    rows = tuple(limits)
    for row in rows:
        if not isinstance(row, CaptureLimit):
            raise InvalidOption(
                field="limits", expected="CaptureLimits", found=type(row).__name__
            )
    lines = []
    for record in records:
        if record.type != "entry" or record.entry.kind is not bl.EntryKind.NORMAL:
            continue
        entry = record.entry
        event = entry.document_date or entry.economic_date or entry.date
        recorded = record.recorded_at.astimezone(zone).date()
        limit = _limit(rows, entry, event)
        days = (recorded - event).days
        if limit is not None and days > limit.days_max:
            lines.append(
                Row(
                    [
                        record.position,
                        entry.id,
                        event,
                        recorded,
                        days,
                        limit.name,
                        limit.days_max,
                        record.actor,
                    ]
                )
            )
    return Table("Entries captured late", _DELAYS, lines)


def _limit(
    rows: Sequence[CaptureLimit], entry: bl.Entry, event: date
) -> CaptureLimit | None:
    in_force: dict[str, CaptureLimit] = {}
    for row in sorted(rows, key=lambda row: row.effective):
        if row.effective <= event:
            in_force[row.name] = row
    found = [row for row in in_force.values() if row.concerns(entry)]
    return min(found, key=lambda row: row.days_max, default=None)


_UNLOCKED: Final = (
    Column("period", "Period"),
    Column("state", "State"),
    Column("last", "Last day", "date"),
    Column("due", "Lock due", "date"),
    Column("days_overdue", "Days overdue", "integer"),
    Column("entries", "Entries", "integer"),
)


def unlocked_periods(
    records: Iterable[bl.Record],
    periods: Iterable[bl.Period],
    *,
    on: date,
    months_after: int = 1,
    states: Iterable[bl.PeriodState] = (bl.PeriodState.LOCKED,),
) -> Table:
    """Return periods with entries that should be locked by now and are not.

    A period is due at the end of the month that follows it: with the advance return of
    value added tax.  What was recorded is fixed at once here; an unlocked period still
    takes entries.

    Args:
        records: of the book, ``ledger.records()``.
        periods: of the book, ``ledger.periods.all()``; those of single journals are
            left out.
        on: day of the question.
        months_after: months from the end of a period to the day that is due.
        states: in which a period is done: add ``CLOSED`` where that is enough.
    """
    if type(on) is not date:
        raise InvalidDate(field="on", expected="a date", found=on)
    done = frozenset(states)
    days = Counter(record.entry.date for record in records if record.type == "entry")
    lines = []
    for period in periods:
        if period.journal is not None or period.state in done:
            continue
        entries = sum(count for day, count in days.items() if day in period)
        due = _month_end(period.last, months_after)
        if entries and on > due:
            lines.append(
                Row(
                    [
                        period.name,
                        period.state.value,
                        period.last,
                        due,
                        (on - due).days,
                        entries,
                    ]
                )
            )
    return Table("Periods not locked in time", _UNLOCKED, lines, subtitle=f"on {on}")


def _month_end(day: date, months: int) -> date:
    """Return the last day of the month that lies so many months after *day*."""
    first = day.replace(day=1) + relativedelta(months=months + 1)
    return first - timedelta(days=1)
