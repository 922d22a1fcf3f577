"""What is spread: deferrals and accruals, and the parts of each period."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, final, get_args

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._checks import check_not_zero
from backoffice_ledger.accruals._kinds import AccrualKind, Framework
from backoffice_ledger.accruals._methods import (
    MONTHS,
    Method,
    Overlap,
    Residual,
    allocate,
    method_weights,
    overlaps,
)
from backoffice_ledger.accruals._span import Span
from backoffice_ledger.calendars import BookCalendar, calendar_content
from backoffice_ledger.checks import as_amount, check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidOption

KIND: Final = "accrual-schedule"
"""Kind of the documents that keep schedules."""
VERSION_MAX: Final = 9999
"""Ids leave room for as many versions of a schedule."""

Style = Literal["balance-sheet-first", "cut-off"]
"""Where the money is booked first.

``balance-sheet-first``: on the asset or liability; each period books its part.
``cut-off``: in the result; each period end books what does not belong there, and the
next day takes that back.  Balances at period ends are the same.
"""

Reversal = Literal["opposite", "same-side"]
"""How a cut-off is taken back: sides swapped, or amounts negated (Generalumkehr)."""

Shares = Iterable[int | Fraction | Decimal] | Mapping[str, int | Fraction | Decimal]


@final
@attrs.frozen(order=False)
class Part:
    """What falls into one period.

    Attributes:
        period: name of the period, such as ``2026-08``.
        first: first day of the span in this period.
        last: last day of the span in this period; the part is booked on it.
        amount: the part; it may be zero.
        base: the part of the base amount, or None where there is none.
    """

    period: str
    first: date
    last: date
    amount: bl.Amount
    base: bl.Amount | None = None


def _as_total(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "total")


def _as_base(value: bl.Amount | str | None) -> bl.Amount | None:
    return None if value is None else as_amount(value, "base")


def _as_lines(value: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        # `attrs.evolve` passes on what it found.
        value = dict(check_instance(value, tuple, "lines"))
    return tuple(sorted(value.items()))


def as_shares(value: Shares | None) -> Any:
    """Return shares as nobody can change them; they are checked with the span."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        shares: dict[Any, Any] = dict(value)
        return MappingProxyType(shares)
    if not isinstance(value, Iterable):
        raise InvalidOption(field="shares", expected="a list or mapping", found=value)
    return tuple(value)


@attrs.frozen(order=False)
class Terms:
    """What `Deferral` and `Accrual` have in common; use one of these."""

    kinds: ClassVar[tuple[AccrualKind, ...]] = ()
    """The kinds that it may be of; the accounts decide which."""

    id: str
    total: bl.Amount = attrs.field(converter=_as_total)
    span: Span
    method: Method
    from_account: str
    to_account: str
    description: str = attrs.field(default="", kw_only=True)
    journal: str = attrs.field(default="general", kw_only=True)
    residual: Residual = attrs.field(default="cumulative", kw_only=True)
    shares: tuple[Fraction, ...] | None = attrs.field(
        default=None, kw_only=True, converter=as_shares
    )
    units: int | None = attrs.field(default=None, kw_only=True)
    style: Style = attrs.field(default="balance-sheet-first", kw_only=True)
    reversal: Reversal = attrs.field(default="opposite", kw_only=True)
    booked: date | None = attrs.field(default=None, kw_only=True)
    lines: tuple[tuple[str, str], ...] = attrs.field(
        default=(), kw_only=True, converter=_as_lines
    )
    base: bl.Amount | None = attrs.field(default=None, kw_only=True, converter=_as_base)
    exchange_account: str | None = attrs.field(default=None, kw_only=True)
    calendar: BookCalendar | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self.span, Span, "span")
        for field, (choices, names) in _CHOICES.items():
            value = getattr(self, field)
            if type(value) is not str or value not in names:
                check_choice(value, choices, field)
        check_not_zero(self.total, "total")
        if self.from_account == self.to_account:
            raise InvalidOption(
                field="to_account", expected="another account", found=self.to_account
            )
        if self.calendar is not None:
            calendar_content(self.calendar)  # refuses what cannot be kept
        if self.booked is not None:
            check_date(self.booked, "booked")
        for framework, line in self.lines:
            check_choice(framework, Framework, "lines")
            bl.Document(KIND, line, {})  # refuses what is no identifier
        self._check_base()
        self._check_method()
        # Whatever a document or an entry would refuse is refused here already.
        if type(self.id) is not str or not self.id:
            bl.Document(KIND, self.id, {})
        accounts = [self.from_account, self.to_account]
        if self.exchange_account is not None:
            accounts.append(self.exchange_account)
        bl.EntryDraft(
            self.span.last,
            [bl.debit(name, self.total) for name in accounts],
            id=entry_id(self.id, VERSION_MAX, self.periods.period_of(self.span.last)),
            description=self.description,
            journal=self.journal,
        )

    @property
    def periods(self) -> BookCalendar:
        """The calendar that names the periods."""
        return MONTHS if self.calendar is None else self.calendar

    def overlaps(self) -> tuple[Overlap, ...]:
        """Return the days that fall into each period, in order."""
        return overlaps(self.span, self.periods)

    def _check_base(self) -> None:
        if (self.base is None) != (self.exchange_account is None):
            raise InvalidOption(
                field="exchange_account",
                expected="a base amount and an exchange account, or neither",
            )
        if self.base is None:
            return
        bl.debit(self.to_account, self.base)
        same_sign = (self.base.minor_units > 0) is (self.total.minor_units > 0)
        if not self.base or not same_sign:
            raise InvalidOption(
                field="base", expected="the sign of the total", found=self.base
            )
        if self.base.commodity.code == self.total.commodity.code:
            raise InvalidOption(
                field="base", expected="another commodity", found=self.base
            )

    def _check_method(self) -> None:
        if (self.method == "given") != (self.shares is not None):
            raise InvalidOption(
                field="shares", expected="shares with method given, and only then"
            )
        if (self.method == "usage") != (self.units is not None):
            raise InvalidOption(
                field="units", expected="units with method usage, and only then"
            )
        if self.units is not None:
            check_units(self.units)
            return
        if self.shares is not None:
            shares = self._aligned(self.shares)
            self.total.allocate(shares)  # refuses what are no weights
            exact = tuple(map(Fraction, shares))
            object.__setattr__(self, "shares", exact)
        elif not any(self.weights()):
            raise InvalidOption(
                field="span",
                expected=f"a span that has days by {self.method}",
                found=self.span,
            )

    def _aligned(self, shares: object) -> list[Fraction]:
        """Return one share for each period, whether given as list or by name."""
        names = [overlap.period for overlap in self.overlaps()]
        if isinstance(shares, Mapping):
            unknown = [name for name in shares if name not in names]
            if unknown:
                raise InvalidOption(
                    field="shares", expected="periods of the span", found=unknown[0]
                )
            return [shares.get(name, 0) for name in names]
        listed = list(check_instance(shares, tuple, "shares"))
        if len(listed) != len(names):
            raise InvalidOption(
                field="shares",
                expected=f"{len(names)} shares, one for each period",
                found=len(listed),
            )
        return listed

    def weights(self) -> tuple[int, ...]:
        """Return what the total is spread by: one weight for each period, in order.

        Raises:
            InvalidOption: usage has no weights before it is reported.
        """
        if self.shares is not None:
            scale = lcm(*(share.denominator for share in self.shares))
            return tuple(int(share * scale) for share in self.shares)
        if self.method == "usage":
            raise InvalidOption(
                field="method",
                expected="a method that is known ahead; usage is reported to the book",
                found=self.method,
            )
        return method_weights(self.span, self.method, self.periods)

    def parts(self) -> tuple[Part, ...]:
        """Return what falls into each period, in order; zero parts are included.

        By the residual policy ``cumulative`` the running sum is rounded, half away
        from zero, and never a part by itself: the parts sum to the total, none has
        another sign, and any number of periods taken together gets what it would get
        as one.

        Raises:
            InvalidOption: usage has no parts before it is reported.
        """
        weights = self.weights()
        amounts = allocate(self.total, weights, residual=self.residual)
        if self.base is None:
            return tuple(
                Part(overlap.period, overlap.first, overlap.last, amount)
                for overlap, amount in zip(self.overlaps(), amounts, strict=True)
            )
        bases = allocate(self.base, weights, residual=self.residual)
        return tuple(
            Part(overlap.period, overlap.first, overlap.last, amount, base)
            for overlap, amount, base in zip(
                self.overlaps(), amounts, bases, strict=True
            )
        )

    def recognised(self, through: date) -> bl.Amount:
        """Return the sum of the parts booked on or before a day.

        Raises:
            InvalidDate: *through* is no date.
        """
        check_date(through, "through")
        zero = bl.Amount.from_minor(0, self.total.commodity)
        due = (part.amount for part in self.parts() if part.last <= through)
        return sum(due, start=zero)

    def remaining(self, through: date) -> bl.Amount:
        """Return the total less what is booked on or before a day.

        Raises:
            InvalidDate: *through* is no date.
        """
        return self.total - self.recognised(through)


_CHOICES: Final = {
    field: (choices, frozenset(get_args(choices)))
    for field, choices in (
        ("method", Method),
        ("residual", Residual),
        ("style", Style),
        ("reversal", Reversal),
    )
}
"""Thousands of schedules are read in a run: a set is quicker than a ``Literal``."""


def check_units(units: object) -> int:
    """Return *units* if they are counted.

    Raises:
        InvalidOption: no int from 1 to 10^15.
    """
    if type(units) is not int or not 1 <= units <= 10**15:
        raise InvalidOption(
            field="units", expected="an int from 1 to 10^15", found=units
        )
    return units


@final
@attrs.frozen(order=False)
class Deferral(Terms):
    """Something paid or received once, for a service over a span of days.

    Prepaid expense: from an asset to an expense.  Unearned income: from a liability
    to income.  A negative total takes back, as a credit note does.

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
        method: how much falls into a calendar month, see `Method`.
        from_account: the asset or liability that holds the rest.
        to_account: the expense or income account that receives the parts.
        description: erasable free text, which each entry carries.
        journal: the named series that numbers the entries.
        residual: who gets what rounding leaves over, see `Residual`.
        shares: with method ``given``, what each month gets in proportion: a list, or
            a mapping by the months' names where others get nothing.
        units: with method ``usage``, how many units are expected in all.
        style: ``balance-sheet-first`` or ``cut-off``, see `Style`.
        reversal: with style ``cut-off``, how it is taken back, see `Reversal`.
        booked: the day on which the money was booked, where that is not the first day
            of the service; cut-offs begin with it.
        lines: where the balance is shown, by framework, if not where `PRESENTATION`
            says.
        base: the same total in the base currency, at the rate of the day it was paid;
            it is spread by the same weights, and the result gets its parts.
        exchange_account: the trading account between the two, with *base*.
        calendar: what names the periods; None for the calendar of the book in which
            it is kept, or calendar months away from a book.

    Raises:
        InvalidOption: a total of zero, an unknown method, no `Span`, the same account
            twice, shares that do not fit the span or sum to zero.
        InexactNumber, InvalidAmount, InvalidIdentifier, InvalidText, BoundExceeded:
            the field named in the error is wrong.
    """

    kinds: ClassVar[tuple[AccrualKind, ...]] = (
        AccrualKind.DEFERRED_EXPENSE,
        AccrualKind.DEFERRED_INCOME,
    )


@final
@attrs.frozen(order=False)
class Accrual(Terms):
    """Something owed or earned over a span of days, and paid later.

    Accrued expense: from a liability to an expense.  Accrued income: from an asset to
    income.  The balance grows with each period, until a `Settlement` takes it.

    >>> allowance = Accrual(
    ...     id="allowance-2026",
    ...     total="6000.00 USD",
    ...     span=Span.months(date(2026, 1, 1), 12),
    ...     method="equal",
    ...     from_account="liabilities:accrued",
    ...     to_account="expenses:allowance",
    ... )
    >>> allowance.recognised(date(2026, 3, 31))
    Amount('1500.00', 'USD')

    The arguments are those of `Deferral`; *from_account* is the liability or asset
    that collects the parts, *to_account* the expense or income.
    """

    kinds: ClassVar[tuple[AccrualKind, ...]] = (
        AccrualKind.ACCRUED_EXPENSE,
        AccrualKind.ACCRUED_INCOME,
    )


def schedule_name(id: str, version: int) -> str:
    """Return what entries name as their reference: a version of a schedule."""
    return f"{KIND}/{id}/v{version}"


def entry_id(id: str, version: int, key: str) -> str:
    """Return the id of the entry for one period of one version of a schedule."""
    return f"{schedule_name(id, version)}/{key}"
