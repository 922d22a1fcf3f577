"""Straight-line deferrals: a total, a span, and what falls into each period."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from math import lcm
from typing import Final, Literal, NamedTuple, final, get_args

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._span import ONE_DAY, Span, check_day
from backoffice_ledger.calendars import CalendarMonths
from backoffice_ledger.errors import InexactNumber, InvalidDocument, InvalidOption

KIND: Final = "accrual-schedule"
"""Kind of the documents that keep schedules."""
VERSION_MAX: Final = 9999
"""Ids leave room for as many versions of a schedule."""

Method = Literal["full-months", "months", "days", "equal"]

_CALENDAR: Final = CalendarMonths()


@final
@attrs.frozen(order=False)
class Part:
    """What falls into one period.

    Attributes:
        period: name of the period, such as ``2026-08``.
        first: first day of the span in this period.
        last: last day of the span in this period; the part is booked on it.
        amount: the part; it may be zero.
    """

    period: str
    first: date
    last: date
    amount: bl.Amount


class _Overlap(NamedTuple):
    """The days that a span and a period share."""

    period: str
    first: date
    last: date
    period_days: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@lru_cache(maxsize=4096)
def _period_span(name: str) -> tuple[date, date]:
    return _CALENDAR.span(name)


def _overlaps(span: Span) -> list[_Overlap]:
    overlaps = []
    day = span.first
    last_day = span.last
    while day <= last_day:
        period = _CALENDAR.period_of(day)
        first, last = _period_span(period)
        days = (last - first).days + 1
        overlaps.append(_Overlap(period, day, min(last, last_day), days))
        day = last + ONE_DAY
    return overlaps


def _equal(overlaps: list[_Overlap]) -> list[int]:
    return [1] * len(overlaps)


def _days(overlaps: list[_Overlap]) -> list[int]:
    return [overlap.days for overlap in overlaps]


def _months(overlaps: list[_Overlap]) -> list[int]:
    whole = lcm(*(overlap.period_days for overlap in overlaps))
    return [whole * overlap.days // overlap.period_days for overlap in overlaps]


def _full_months(overlaps: list[_Overlap]) -> list[int]:
    weights = [1] * len(overlaps)
    final_one = overlaps[-1]
    reaches_end = (final_one.last + ONE_DAY).day == 1
    if not reaches_end and len(weights) > 1:
        weights[-1] = 0
    return weights


_WEIGHTS: Final[dict[str, Callable[[list[_Overlap]], list[int]]]] = {
    "full-months": _full_months,
    "months": _months,
    "days": _days,
    "equal": _equal,
}


def _as_amount(value: bl.Amount | str) -> bl.Amount:
    if isinstance(value, bl.Amount):
        return value
    if isinstance(value, str):
        return bl.Amount.parse(value)
    raise InexactNumber(
        field="total",
        expected="an Amount or text such as '360.00 EUR'",
        found=type(value).__name__,
    )


@final
@attrs.frozen(order=False)
class Deferral:
    """Something paid or received once, for a service over a span of days.

    Prepaid expense: from an asset to an expense.  Unearned income: from a liability
    to income.  A negative total takes back, as a credit note does.

    How much falls into a calendar month is decided by *method*:

    * ``full-months``: the same for every month that has begun; the last month counts
      only if the span reaches its last day (a span within one month counts as one).
    * ``months``: by months, a part of a month by its days over that month's days.
    * ``days``: by days, both ends included.
    * ``equal``: the same for every month that the span touches.

    >>> insurance = Deferral(
    ...     id="insurance-2026",
    ...     total="360.00 EUR",
    ...     span=Span.inclusive(date(2026, 8, 1), date(2027, 7, 31)),
    ...     method="full-months",
    ...     from_account="assets:prepaid",
    ...     to_account="expenses:insurance",
    ... )
    >>> insurance.remaining(date(2026, 12, 31))
    Amount('210.00', 'EUR')

    Args:
        id: your own id, kept for ever; the ids of the entries begin with it.
        total: what is spread, an `Amount` or text such as ``"360.00 EUR"``.
        span: the days of the service.
        method: ``full-months``, ``months``, ``days`` or ``equal``.
        from_account: the asset or liability that holds the rest.
        to_account: the expense or income account that receives the parts.
        description: erasable free text, which each entry carries.
        journal: the named series that numbers the entries.

    Raises:
        InvalidOption: a total of zero, an unknown method, no `Span`, or the same
            account twice.
        InexactNumber, InvalidAmount, InvalidIdentifier, InvalidText, BoundExceeded:
            the field named in the error is wrong.
    """

    id: str
    total: bl.Amount = attrs.field(converter=_as_amount)
    span: Span
    method: Method
    from_account: str
    to_account: str
    description: str = attrs.field(default="", kw_only=True)
    journal: str = attrs.field(default="general", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.span, Span):
            raise InvalidOption(field="span", expected="a Span", found=self.span)
        if not isinstance(self.method, str) or self.method not in _WEIGHTS:
            raise InvalidOption(
                field="method",
                expected=" or ".join(get_args(Method)),
                found=self.method,
            )
        if not self.total:
            raise InvalidOption(
                field="total", expected="an amount that is not zero", found=self.total
            )
        if self.from_account == self.to_account:
            raise InvalidOption(
                field="to_account", expected="another account", found=self.to_account
            )
        # Whatever an entry or a document would refuse is refused here already.
        bl.EntryDraft(
            self.span.last,
            [
                bl.debit(name, self.total)
                for name in (self.from_account, self.to_account)
            ],
            id=entry_id(self.id, VERSION_MAX, _CALENDAR.period_of(self.span.last)),
            description=self.description,
            journal=self.journal,
        )
        to_document(self)

    def weights(self) -> tuple[int, ...]:
        """Return what the total is spread by: one weight for each period, in order."""
        return tuple(_WEIGHTS[self.method](_overlaps(self.span)))

    def parts(self) -> tuple[Part, ...]:
        """Return what falls into each period, in order; zero parts are included.

        The running sum is rounded, half away from zero, and never a part by itself:
        the parts sum to the total, none has another sign, and any number of periods
        taken together gets what it would get as one.
        """
        overlaps = _overlaps(self.span)
        amounts = self.total.allocate(_WEIGHTS[self.method](overlaps))
        return tuple(
            Part(overlap.period, overlap.first, overlap.last, amount)
            for overlap, amount in zip(overlaps, amounts, strict=True)
        )

    def recognised(self, through: date) -> bl.Amount:
        """Return the sum of the parts booked on or before a day.

        Raises:
            InvalidDate: *through* is no date.
        """
        check_day(through, "through")
        zero = bl.Amount.from_minor(0, self.total.commodity)
        due = (part.amount for part in self.parts() if part.last <= through)
        return sum(due, start=zero)

    def remaining(self, through: date) -> bl.Amount:
        """Return the total less what is booked on or before a day.

        Raises:
            InvalidDate: *through* is no date.
        """
        return self.total - self.recognised(through)


def schedule_name(id: str, version: int) -> str:
    """Return what entries name as their reference: a version of a schedule."""
    return f"{KIND}/{id}/v{version}"


def entry_id(id: str, version: int, period: str) -> str:
    """Return the id of the entry for one period of one version of a schedule."""
    return f"{schedule_name(id, version)}/{period}"


def to_document(deferral: Deferral) -> bl.Document:
    """Return the document that keeps *deferral*; its description can be erased."""
    content = {
        "commodity": deferral.total.commodity.code,
        "end": deferral.span.end.isoformat(),
        "first": deferral.span.first.isoformat(),
        "from_account": deferral.from_account,
        "journal": deferral.journal,
        "method": deferral.method,
        "scale": deferral.total.commodity.scale,
        "to_account": deferral.to_account,
        "total": deferral.total.number,
        "type": "deferral",
    }
    if not deferral.description:
        return bl.Document(KIND, deferral.id, content)
    content["description"] = deferral.description
    return bl.Document(KIND, deferral.id, content, personal=["description"])


def from_document(document: bl.Document) -> Deferral:
    """Return the deferral that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    if document.version != 1 or content.get("type") != "deferral":
        raise InvalidDocument(
            f"the schedule {document.id!r} is none that this release can run",
            field="document",
            expected="version 1 of a deferral",
            found=f"version {document.version} of a {content.get('type')}",
        )
    return Deferral(
        document.id,
        bl.Amount(
            content["total"], bl.Commodity(content["commodity"], content["scale"])
        ),
        Span.until(
            date.fromisoformat(content["first"]), date.fromisoformat(content["end"])
        ),
        content["method"],
        content["from_account"],
        content["to_account"],
        description=content.get("description", ""),
        journal=content["journal"],
    )
