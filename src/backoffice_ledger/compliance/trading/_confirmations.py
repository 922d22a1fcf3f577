"""Confirmations: who confirmed, what is still open, and since when."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, Protocol, final

import attrs

from backoffice_ledger.checks import check_count, check_date, check_instances
from backoffice_ledger.compliance._checks import check_name, check_optional_instant
from backoffice_ledger.compliance.trading._rights import TradingStaff
from backoffice_ledger.compliance.trading._trades import CheckResult
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table


class BusinessDays(Protocol):
    """Knows on which days business is done."""

    def is_business_day(self, day: date) -> bool:
        """Whether *day* is a business day."""
        ...


@final
@attrs.frozen(order=False, kw_only=True)
class Confirmation:
    """Where the confirmation of a trade stands.

    Args:
        trade: the id of the trade.
        counterparty: who must confirm.
        trade_date: from when on it is awaited.
        confirmed_at: when it was confirmed; None while it is open.
        confirmed_by: who noted that: somebody, or a feed, outside trading.
        is_matched: whether a system matched both sides, so that none is awaited.

    Raises:
        InvalidOption: only one of *confirmed_at* and *confirmed_by*.
        InvalidIdentifier, InvalidDate: a malformed field.
    """

    trade: str
    counterparty: str
    trade_date: date
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    is_matched: bool = False

    def __attrs_post_init__(self) -> None:
        check_name(self.trade, "trade")
        check_name(self.counterparty, "counterparty")
        check_date(self.trade_date, "trade_date")
        check_optional_instant(self.confirmed_at, "confirmed_at")
        if (self.confirmed_at is None) is not (self.confirmed_by is None):
            raise InvalidOption(
                field="confirmed_by",
                expected="both confirmed_at and confirmed_by, or neither",
                found=self.confirmed_by,
            )


def check_confirmation(confirmation: Confirmation, staff: TradingStaff) -> CheckResult:
    """Check that a trade is confirmed, by somebody independent of trading.

    An assumption after MaRisk BTO 2.2.2, whose text was not at hand.
    """
    trade = confirmation.trade
    if confirmation.is_matched:
        return CheckResult("confirmation", trade, "passed", "matched")
    by, at = confirmation.confirmed_by, confirmation.confirmed_at
    if by is None or at is None:
        return CheckResult("confirmation", trade, "open", "unconfirmed")
    if not staff.independent([by], at):
        return CheckResult("confirmation", trade, "failed", "not-independent", by)
    return CheckResult("confirmation", trade, "passed", "confirmed", by)


_COLUMNS: Final = (
    Column("bucket", "Business days"),
    Column("age_days", "Age", "integer"),
    Column("trade_date", "Trade date", "date"),
    Column("counterparty", "Counterparty"),
    Column("trade", "Trade"),
)


def confirmation_ageing(
    confirmations: Iterable[Confirmation],
    *,
    as_of: date,
    calendar: BusinessDays,
    buckets: Iterable[int] = (1, 5, 10),
) -> Table:
    """Return the trades that are not confirmed, the oldest first.

    Args:
        confirmations: of all trades; those that are matched or confirmed are left out.
        as_of: the day to which the age is counted, in business days after the trade
            date.
        calendar: says which days are business days.
        buckets: the greatest ages of the groups, rising; an assumption, as MaRisk BTO
            2.2.2 names no days.

    Raises:
        InvalidDate: *as_of* is no day.
        InvalidOption: buckets that do not rise.
    """
    check_date(as_of, "as_of")
    edges = [check_count(edge, "buckets") for edge in buckets]
    if edges != sorted(set(edges)):
        raise InvalidOption(field="buckets", expected="rising ages", found=edges)
    items = check_instances(confirmations, Confirmation, "confirmations")
    found = [
        (_age(each.trade_date, as_of, calendar), each)
        for each in items
        if not each.is_matched
        and each.trade_date <= as_of
        and (each.confirmed_at is None or each.confirmed_at.date() > as_of)
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1].trade))
    rows = [
        Row([_bucket(age, edges), age, each.trade_date, each.counterparty, each.trade])
        for age, each in found
    ]
    return Table("Unconfirmed trades", _COLUMNS, rows, subtitle=f"as of {as_of}")


def _age(day: date, as_of: date, calendar: BusinessDays) -> int:
    days = (day + timedelta(days=n) for n in range(1, (as_of - day).days + 1))
    return sum(calendar.is_business_day(each) for each in days)


def _bucket(age: int, edges: list[int]) -> str:
    lowest = 0
    for edge in edges:
        if age <= edge:
            return str(edge) if lowest == edge else f"{lowest} to {edge}"
        lowest = edge + 1
    return f"{lowest} or more"
