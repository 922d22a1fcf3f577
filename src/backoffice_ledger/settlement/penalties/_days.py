"""Which business days are penalised, and when a month's penalties are paid."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final, Literal, final

import attrs

from backoffice_ledger.calendars import HolidayCalendar
from backoffice_ledger.checks import check_choice, check_date, check_flag, check_instant
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.dates._checks import check_calendar
from backoffice_ledger.settlement.penalties._checks import check_choices

Side = Literal["deliverer", "receiver"]
"""Who delivers securities or is paid, and who receives securities or pays."""

Lack = Literal["securities", "cash"]
"""What a side is short of."""

_ONE_DAY: Final = timedelta(days=1)


@final
@attrs.frozen
class PenaltyDays:
    """The business days for which penalties are due; no day is in both.

    Attributes:
        late_matching: days of late matching (LMFP).
        settlement_fail: days of a fail (SEFP).
    """

    late_matching: tuple[date, ...]
    settlement_fail: tuple[date, ...]


def penalty_days(
    settlement_date: date,
    *,
    matched_on: date,
    is_after_cut_off: bool,
    until: date,
    calendar: HolidayCalendar,
    is_rest_of_buy_in: bool = False,
) -> PenaltyDays:
    """Return the business days for which an instruction is penalised.

    Matched before the cut-off of a day, that day is one on which it could have
    settled; matched after it, the day still counts as late.

    Source: ECSDA CSDR Penalties Framework 4.1, 4.2, 7.2.1; ch. 7 for buy-ins.

    Args:
        settlement_date: the intended settlement date.
        matched_on: business day of matching.
        is_after_cut_off: whether it was matched after that day's cut-off.
        until: day on which it was settled or cancelled, or the first day that has not
            ended; it is not counted.
        calendar: days on which it can settle: those of the CSD, and against payment
            those of the payment system too (a `joint` calendar).
        is_rest_of_buy_in: whether both legs say that this is what a partly successful
            buy-in left over (BSSP): then nothing is late.

    Raises:
        InvalidOption: *until* is before the day of matching, or a flag is none.
        CalendarHorizon: the calendar does not know the days.
        InvalidDate, BoundExceeded: a day is none, or too far off.
    """
    check_date(settlement_date, "settlement_date")
    check_date(matched_on, "matched_on")
    check_flag(is_after_cut_off, "is_after_cut_off")
    check_flag(is_rest_of_buy_in, "is_rest_of_buy_in")
    if check_date(until, "until") < matched_on:
        raise InvalidOption(field="until", expected=f"from {matched_on}", found=until)
    check_calendar(calendar, "calendar")
    can_settle_from = matched_on + _ONE_DAY if is_after_cut_off else matched_on
    first_fail = max(settlement_date, can_settle_from)
    late: tuple[date, ...] = ()
    if not is_rest_of_buy_in and first_fail > settlement_date:
        late = calendar.business_days(settlement_date, first_fail)
    failed = calendar.business_days(first_fail, max(first_fail, until))
    return PenaltyDays(late, failed)


def failing_sides(
    *, on_hold: Collection[Side] = (), lacks: Collection[Lack] = ()
) -> tuple[Side, ...]:
    """Return who fails, from what is found at the cut-off.

    A hold comes before a lack of securities, and that before a lack of cash; what
    comes first leaves no room for asking further.  Both sides fail if both are on hold.

    Source: ECSDA CSDR Penalties Framework 4.2.

    Args:
        on_hold: sides whose instructions are on hold.
        lacks: ``securities`` if the deliverer is short, ``cash`` if the receiver is.

    Raises:
        InvalidOption: something else in one of them.
    """
    check_choices(on_hold, Side, "on_hold")
    check_choices(lacks, Lack, "lacks")
    if on_hold:
        sides: tuple[Side, ...] = ("deliverer", "receiver")
        return tuple(side for side in sides if side in on_hold)
    if "securities" in lacks:
        return ("deliverer",)
    return ("receiver",) if "cash" in lacks else ()


def late_side(
    *,
    deliverer_accepted_at: datetime,
    receiver_accepted_at: datetime,
    instructed_by: Side | None = None,
) -> Side:
    """Return who matched late: the last to enter or to modify an instruction.

    Source: ECSDA CSDR Penalties Framework 4.1.

    Args:
        deliverer_accepted_at: when the deliverer's instruction was accepted.
        receiver_accepted_at: when the receiver's was.
        instructed_by: who sent instructions that came already matched, and so at one
            instant.  If it was a third party, the deliverer pays unless the penalty
            is allocated to another (`Penalty.allocated`).

    Raises:
        InvalidDate: an instant without a time zone.
        InvalidOption: the instants are equal, and nobody is named.
    """
    check_instant(deliverer_accepted_at, "deliverer_accepted_at")
    check_instant(receiver_accepted_at, "receiver_accepted_at")
    if deliverer_accepted_at == receiver_accepted_at:
        check_choice(instructed_by, Side, "instructed_by")
        return instructed_by or "deliverer"
    later = deliverer_accepted_at > receiver_accepted_at
    return "deliverer" if later else "receiver"


@final
@attrs.frozen
class Timetable:
    """What happens when to the penalties of a month, in the month after.

    Attributes:
        appeals_until: last day on which a participant may appeal.
        cross_csd_appeals_until: last day on which a CSD may pass an appeal on.
        adjustments_until: last day of changes.
        report_on: day of the monthly report.
        payment_instructions_on: day on which payments are announced.
        pay_on: day of payment.
    """

    appeals_until: date
    cross_csd_appeals_until: date
    adjustments_until: date
    report_on: date
    payment_instructions_on: date
    pay_on: date


def monthly_timetable(
    year: int,
    month: int,
    calendar: HolidayCalendar,
    *,
    payment_calendar: HolidayCalendar | None = None,
) -> Timetable:
    """Return the timetable for the penalties of a month.

    The days are the 10th, 11th, 12th, 14th, 16th and 18th penalties business day of
    the next month.

    Source: ECSDA CSDR Penalties Framework 2.1.5 to 2.1.8, 2.2.6.

    Args:
        year: of the penalties.
        month: of the penalties.
        calendar: the penalties business days.
        payment_calendar: days on which the CSD and the payment system of the currency
            are open; payment waits for one.

    Raises:
        InvalidOption: no such month, or no calendar.
        CalendarHorizon: the calendar does not know the days.
    """
    check_calendar(calendar, "calendar")
    if type(year) is not int or type(month) is not int or not 1 <= month <= 12:
        raise InvalidOption(field="month", expected="1 to 12", found=month)
    following = (year + month // 12, month % 12 + 1)
    try:
        last_day_before = date(*following, 1) - _ONE_DAY
    except ValueError:
        raise InvalidOption(field="year", expected="a year", found=year) from None
    days = [calendar.add(last_day_before, nth) for nth in (10, 11, 12, 14, 16, 18)]
    if payment_calendar is not None:
        check_calendar(payment_calendar, "payment_calendar")
        days[-1] = payment_calendar.next(days[-1], or_same=True)
    return Timetable(*days)
