"""Two ways to pay, compared by what belongs to a year and by what is paid in it."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple, final

import attrs
from dateutil.relativedelta import relativedelta

import backoffice_ledger as bl
from backoffice_ledger.accruals._checks import check_not_zero
from backoffice_ledger.accruals._methods import allocate
from backoffice_ledger.accruals._span import ONE_DAY, Span
from backoffice_ledger.accruals._terms import Terms
from backoffice_ledger.checks import as_amount, check_date, check_instance
from backoffice_ledger.errors import CommodityMismatch, InvalidOption
from backoffice_ledger.reports import Column, Row, Table

_COLUMNS: Final = (
    Column("way", "Way"),
    Column("accrual", "Belongs to it", "amount"),
    Column("cash", "Paid in it", "amount"),
)


class Payment(NamedTuple):
    """Money on a day."""

    date: date
    amount: bl.Amount


def instalments(
    total: bl.Amount | str, *, first: date, count: int, months_apart: int = 1
) -> tuple[Payment, ...]:
    """Return payments that sum to *total*, on the same day of each month.

    Where a month is too short it is its last day.

    >>> rent = instalments("12000.00 USD", first=date(2026, 1, 1), count=4,
    ...                    months_apart=3)
    >>> print(rent[1].date, rent[1].amount)
    2026-04-01 3000.00 USD

    Args:
        total: of all payments.
        first: day of the first one.
        count: of payments, 1 to 1200.
        months_apart: months from one to the next, 1 to 1200.

    Raises:
        InvalidOption: no such count or distance, or a total of zero.
        InvalidDate: *first* is no date.
    """
    whole = check_not_zero(as_amount(total, "total"), "total")
    check_date(first, "first")
    for field, value in (("count", count), ("months_apart", months_apart)):
        if type(value) is not int or not 1 <= value <= 1200:
            raise InvalidOption(
                field=field, expected="an int from 1 to 1200", found=value
            )
    return tuple(
        Payment(first + relativedelta(months=index * months_apart), amount)
        for index, amount in enumerate(allocate(whole, [1] * count))
    )


def _as_terms(terms: Terms | Iterable[Terms]) -> tuple[Terms, ...]:
    return (terms,) if isinstance(terms, Terms) else tuple(terms)


def _as_payments(
    payments: Iterable[tuple[date, bl.Amount | str]],
) -> tuple[Payment, ...]:
    return tuple(
        Payment(check_date(day, "payments"), as_amount(amount, "payments"))
        for day, amount in payments
    )


@final
@attrs.frozen(order=False)
class WayToPay:
    """What something costs, and when it is paid.

    Args:
        name: what it is called in the comparison.
        terms: deferrals or accruals: which periods the cost belongs to.
        payments: pairs of day and amount, as `instalments` gives them.

    Raises:
        InvalidOption: no terms, or payments that do not sum to their totals.
        CommodityMismatch: different commodities.
    """

    name: str
    terms: tuple[Terms, ...] = attrs.field(converter=_as_terms)
    payments: tuple[Payment, ...] = attrs.field(converter=_as_payments)

    def __attrs_post_init__(self) -> None:
        for terms in self.terms:
            check_instance(terms, Terms, "terms")
        if not self.terms:
            raise InvalidOption(field="terms", expected="a Deferral or an Accrual")
        zero = self._zero()
        owed = sum((terms.total for terms in self.terms), start=zero)
        paid = sum((payment.amount for payment in self.payments), start=zero)
        if owed != paid:
            raise InvalidOption(
                field="payments", expected=f"payments of {owed} in all", found=paid
            )

    def _zero(self) -> bl.Amount:
        return bl.Amount.from_minor(0, self.terms[0].total.commodity)

    def accrual(self, span: Span) -> bl.Amount:
        """Return the cost that belongs to the days of a span."""
        found = self._zero()
        for terms in self.terms:
            found += terms.recognised(span.last)
            found -= terms.recognised(span.first - ONE_DAY)
        return found

    def cash(self, span: Span) -> bl.Amount:
        """Return what is paid on the days of a span."""
        paid = (p.amount for p in self.payments if span.first <= p.date <= span.last)
        return sum(paid, start=self._zero())


@final
@attrs.frozen(order=False)
class Comparison:
    """What one way saves against another in a year.

    Attributes:
        accrual: of what belongs to the year: the saving.
        cash: of what is paid in the year: what the bank account shows.
        table: the figures of both.
    """

    accrual: bl.Amount
    cash: bl.Amount
    table: Table

    def __str__(self) -> str:
        return str(self.table)


def compare(a: WayToPay, b: WayToPay, fiscal_year: Span) -> Comparison:
    """Return what *a* saves against *b* in a fiscal year; a loss is negative.

    Args:
        a: a way to pay.
        b: another one.
        fiscal_year: its days.

    Raises:
        InvalidOption: no ways, or no span.
        CommodityMismatch: the ways are priced in different commodities.
    """
    check_instance(a, WayToPay, "a")
    check_instance(b, WayToPay, "b")
    check_instance(fiscal_year, Span, "fiscal_year")
    units = [way.terms[0].total.commodity for way in (a, b)]
    if units[0] != units[1]:
        raise CommodityMismatch(field="b", expected=units[0].code, found=units[1].code)
    accruals = [way.accrual(fiscal_year) for way in (a, b)]
    payments = [way.cash(fiscal_year) for way in (a, b)]
    accrual = accruals[1] - accruals[0]
    cash = payments[1] - payments[0]
    rows = [
        Row([way.name, booked, paid])
        for way, booked, paid in zip((a, b), accruals, payments, strict=True)
    ]
    rows.append(Row([f"{a.name} saves", accrual, cash]))
    table = Table(f"{a.name} or {b.name}", _COLUMNS, rows, subtitle=str(fiscal_year))
    return Comparison(accrual, cash, table)
