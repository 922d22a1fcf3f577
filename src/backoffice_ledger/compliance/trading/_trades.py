"""Checks of single trades: each gives a result that can be recorded."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instances, check_instant
from backoffice_ledger.compliance._checks import (
    check_name,
    check_names,
    folded,
    in_force,
)
from backoffice_ledger.compliance.trading._rights import TradingStaff
from backoffice_ledger.errors import InexactNumber, InvalidOption, UnknownRecord
from backoffice_ledger.reports import Column, Row, Table


class Executed(Protocol):
    """What the checks need of a trade; `settlement.Trade` has it."""

    @property
    def id(self) -> str:
        """The id of the trade."""
        ...

    @property
    def traded_at(self) -> datetime:
        """The instant of the execution."""
        ...


class Priced(Protocol):
    """A trade with a price; `settlement.Trade` has it."""

    @property
    def id(self) -> str:
        """The id of the trade."""
        ...

    @property
    def trade_date(self) -> date:
        """The day of the execution where the market is."""
        ...

    @property
    def quantity(self) -> bl.Amount:
        """The units; their commodity is the instrument."""
        ...

    @property
    def price(self) -> Fraction | Decimal | int:
        """The price that was agreed."""
        ...

    @property
    def currency(self) -> bl.Commodity:
        """The currency of the price."""
        ...


Outcome = Literal["passed", "failed", "open"]
"""What came out; ``open``: it could not be checked yet."""


@final
@attrs.frozen(order=False)
class CheckResult:
    """What one check of one trade came to.

    Attributes:
        check: which check.
        trade: the id of the trade.
        outcome: ``passed``, ``failed`` or ``open``.
        code: stable name of what was found, in kebab-case.
        detail: for people.
    """

    check: str
    trade: str
    outcome: Outcome
    code: str
    detail: str = ""

    @property
    def is_finding(self) -> bool:
        """Whether somebody must look at it."""
        return self.outcome != "passed"


def _passed(check: str, trade: str, code: str = "ok", detail: str = "") -> CheckResult:
    return CheckResult(check, trade, "passed", code, detail)


def _failed(check: str, trade: str, code: str, detail: str = "") -> CheckResult:
    return CheckResult(check, trade, "failed", code, detail)


# --- late trades ---------------------------------------------------------------------


@final
@attrs.frozen(order=False)
class CutOff:
    """Until when the back office takes the trades of a day.

    Args:
        effective: the first day on which it holds.
        closes: the local time; a trade of that very moment is still in time.
        zone: the time zone, such as ``ZoneInfo("Europe/Berlin")``.

    Raises:
        InvalidDate: *effective* is no day.
        InvalidOption: no time, or no time zone.
    """

    effective: date
    closes: time
    zone: tzinfo

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        if not isinstance(self.closes, time) or self.closes.tzinfo is not None:
            raise InvalidOption(
                field="closes", expected="a time without zone", found=self.closes
            )
        if not isinstance(self.zone, tzinfo):
            raise InvalidOption(field="zone", expected="a time zone", found=self.zone)


def trading_day(trade: Executed, cut_offs: Iterable[CutOff]) -> date:
    """Return the day to whose positions a trade belongs, late or not.

    Raises:
        InvalidOption: no cut-off is in force.
    """
    return _local(trade, tuple(cut_offs))[0].date()


def is_late(trade: Executed, cut_offs: Iterable[CutOff]) -> bool:
    """Whether a trade was made after the cut-off of its day (*Spätgeschäft*).

    Raises:
        InvalidOption: no cut-off is in force.
    """
    local, cut_off = _local(trade, tuple(cut_offs))
    return local.time() > cut_off.closes


def _local(trade: Executed, cut_offs: Sequence[CutOff]) -> tuple[datetime, CutOff]:
    """Return when it was traded by the clock of the cut-off in force on that day."""
    check_instances(cut_offs, CutOff, "cut_offs")
    at = check_instant(trade.traded_at, "traded_at")
    # The day depends on the zone, and the zone on the day: the latest that fits.
    for each in sorted(cut_offs, key=lambda each: each.effective, reverse=True):
        local = at.astimezone(each.zone)
        if each.effective <= local.date():
            return local, each
    raise InvalidOption(
        field="cut_offs", expected=f"one that is in force at {at}", found="none"
    )


@final
@attrs.frozen(order=False)
class Notice:
    """That a late trade was handed on at once.

    Args:
        trade: its id.
        to: who took it: somebody outside trading.
        at: when.
    """

    trade: str
    to: str
    at: datetime

    def __attrs_post_init__(self) -> None:
        check_name(self.trade, "trade")
        check_name(self.to, "to")
        check_instant(self.at, "at")


def check_late(
    trade: Executed,
    cut_offs: Iterable[CutOff],
    notices: Iterable[Notice],
    staff: TradingStaff,
) -> CheckResult:
    """Check that a late trade was handed to somebody outside trading.

    An assumption after MaRisk BTO 2.2.1, whose text was not at hand.

    Raises:
        InvalidOption: no cut-off is in force.
    """
    if not is_late(trade, cut_offs):
        return _passed("late-trade", trade.id, "in-time")
    own = [each for each in notices if each.trade == trade.id]
    if not own:
        return _failed("late-trade", trade.id, "not-handed-on")
    if not any(staff.independent([each.to], each.at) for each in own):
        return _failed("late-trade", trade.id, "handed-to-trading", own[0].to)
    return _passed("late-trade", trade.id, "late", "handed on")


# --- terms in line with the market ---------------------------------------------------


def exact(value: object, field: str) -> Fraction:
    """Return a number exactly.

    Raises:
        InexactNumber: a float, a bool or no number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal, Fraction)):
        raise InexactNumber(
            field=field,
            expected="str, int, Decimal or Fraction",
            found=type(value).__name__,
        )
    try:
        return Fraction(value)
    except (ArithmeticError, ValueError):
        raise InvalidOption(field=field, expected="a number", found=value) from None


def _as_tolerance(value: object) -> Fraction:
    return exact(value, "tolerance")


def _as_price(value: object) -> Fraction:
    return exact(value, "price")


@final
@attrs.frozen(order=False)
class PriceBand:
    """How far a price may be from the market's.

    Args:
        effective: the first day on which it holds.
        tolerance: part of the market's price, such as ``"0.005"`` for half a percent;
            a price at its very edge passes.
        instrument: the code of the instrument; None for all without a band of
            their own.

    Raises:
        InexactNumber: a float.
        InvalidOption: a negative tolerance, or no number.
        InvalidDate: *effective* is no day.
    """

    effective: date
    tolerance: Fraction = attrs.field(converter=_as_tolerance)
    instrument: str | None = None

    def __attrs_post_init__(self) -> None:
        check_date(self.effective, "effective")
        if self.tolerance < 0:
            raise InvalidOption(
                field="tolerance", expected="from zero", found=self.tolerance
            )
        if self.instrument is not None:
            check_name(self.instrument, "instrument")


@final
@attrs.frozen(order=False)
class MarketPrice:
    """What the market paid on a day, and who says so.

    Args:
        instrument: its code.
        day: the trade date that it is for.
        price: exact.
        currency: its code.
        source: where it is from, such as ``ECB reference rate``.

    Raises:
        InexactNumber: a float.
        InvalidOption: not above zero, or no number.
        InvalidDate: *day* is no day.
        InvalidIdentifier: a malformed name, or no source.
    """

    instrument: str
    day: date
    price: Fraction = attrs.field(converter=_as_price)
    currency: str
    source: str

    def __attrs_post_init__(self) -> None:
        for field in ("instrument", "currency", "source"):
            check_name(getattr(self, field), field)
        check_date(self.day, "day")
        if self.price <= 0:
            raise InvalidOption(
                field="price", expected="more than zero", found=self.price
            )


@final
@attrs.frozen(order=False, kw_only=True)
class SpecialTerms:
    """What was agreed beside the usual terms.

    Terms that are not the market's need a customer who asks for them, a reason that
    can be seen in the papers, and disclosure in the confirmation; a deal off the
    premises needs the counterparty's confirmation (MaRisk BTO 2.2.1 Tz. 1 to 3).

    Args:
        trade: the id of the trade.
        is_off_market: whether the terms are not the market's.
        requester: the customer who asked.
        reason: why, and where it is written down.
        disclosure: the reference of the confirmation that says so.
        is_off_premises: whether it was made elsewhere than at the desk.
        counterparty_confirmation: the reference of the counterparty's confirmation.
    """

    trade: str
    is_off_market: bool = False
    requester: str = ""
    reason: str = ""
    disclosure: str = ""
    is_off_premises: bool = False
    counterparty_confirmation: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.trade, "trade")

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the fields that must be filled and are not."""
        wanted: tuple[str, ...] = ()
        if self.is_off_market:
            wanted += ("requester", "reason", "disclosure")
        if self.is_off_premises:
            wanted += ("counterparty_confirmation",)
        return tuple(name for name in wanted if not getattr(self, name).strip())


def check_terms(terms: SpecialTerms) -> CheckResult:
    """Check that special terms are justified."""
    if terms.missing:
        return _failed("terms", terms.trade, "unjustified", ", ".join(terms.missing))
    return _passed("terms", terms.trade)


def check_market(
    trade: Priced,
    prices: Iterable[MarketPrice],
    bands: Iterable[PriceBand],
    terms: SpecialTerms | None = None,
) -> CheckResult:
    """Check a price against the market's of the trade date.

    A price outside the band fails, unless it is marked as off-market and justified.
    Without a price of the market the result is ``open``, never ``passed``.

    Raises:
        InvalidOption: no band is in force.
        InexactNumber: the trade's price is a float.
    """
    code = trade.quantity.commodity.code
    found = [
        each
        for each in prices
        if (each.instrument, each.day, each.currency)
        == (code, trade.trade_date, trade.currency.code)
    ]
    if not found:
        detail = f"{code} in {trade.currency.code} on {trade.trade_date}"
        return CheckResult("market", trade.id, "open", "no-market-price", detail)
    choices = check_instances(bands, PriceBand, "bands")
    own = [each for each in choices if each.instrument == code]
    general = [each for each in choices if each.instrument is None]
    begun = [each for each in own if each.effective <= trade.trade_date]
    band = in_force(begun or general, trade.trade_date, "bands")
    price = exact(trade.price, "price")
    nearest = min(found, key=lambda each: abs(each.price - price))
    off = abs(price - nearest.price) / nearest.price
    detail = f"{_percent(off)} off {nearest.source}"
    if off <= band.tolerance:
        return _passed("market", trade.id, "in-band", detail)
    is_marked = terms is not None and terms.trade == trade.id and terms.is_off_market
    if terms is not None and is_marked and not terms.missing:
        return _passed("market", trade.id, "off-market-justified", detail)
    return _failed("market", trade.id, "out-of-band", detail)


def _percent(part: Fraction) -> str:
    """Return a part as percent with four digits, rounded half-even, for people."""
    return f"{Decimal(round(part * 1_000_000)).scaleb(-4)} %"


# --- data that must agree ------------------------------------------------------------


def check_agreement(
    check: str, trade: Any, other: object, fields: Iterable[str]
) -> CheckResult:
    """Check that two descriptions of a trade agree, field for field.

    The dealer's data against the broker's, the routes of payment and delivery against
    the standing ones.

    Args:
        check: what is compared, such as ``broker`` or ``ssi``.
        trade: the trade.
        other: any object with the same fields; None where there is none yet.
        fields: names of the fields.
    """
    check_name(check, "check")
    names = check_names(fields, "fields")
    if other is None:
        return CheckResult(check, trade.id, "open", "nothing-to-compare")
    differing = [n for n in names if getattr(trade, n) != getattr(other, n)]
    if differing:
        return _failed(check, trade.id, "differs", ", ".join(differing))
    return _passed(check, trade.id)


# --- capture -------------------------------------------------------------------------


@final
@attrs.frozen(order=False, kw_only=True)
class Capture:
    """How a deal came into the books.

    Args:
        trade: the id of the trade.
        deal_no: the running number that the system gave it, within its series.
        series: such as the trading book.
        trader: who made the deal.
        captured_by: who entered it.
        traded_at: when it was made.
        captured_at: when it was entered, by the clock of the system.
    """

    trade: str
    deal_no: int
    series: str
    trader: str
    captured_by: str
    traded_at: datetime
    captured_at: datetime

    def __attrs_post_init__(self) -> None:
        for field in ("trade", "series", "trader", "captured_by"):
            check_name(getattr(self, field), field)
        if type(self.deal_no) is not int:
            raise InvalidOption(field="deal_no", expected="an int", found=self.deal_no)
        check_instant(self.traded_at, "traded_at")
        check_instant(self.captured_at, "captured_at")


def check_captures(
    captures: Iterable[Capture], zone: tzinfo
) -> tuple[CheckResult, ...]:
    """Check that deals were entered the same day, under own names, without gaps.

    An assumption after MaRisk BTO 2.2.1, whose text was not at hand.  Each
    capture gets one result, for the first thing that is wrong with it.

    Args:
        captures: all of the series, from some number on.
        zone: where the trading day is.
    """
    ordered = sorted(
        check_instances(captures, Capture, "captures"),
        key=lambda each: (each.series, each.deal_no, each.trade),
    )
    last: dict[str, int] = {}
    results = []
    for each in ordered:
        expected = last.get(each.series, each.deal_no - 1) + 1
        last[each.series] = each.deal_no
        results.append(_captured(each, expected, zone))
    return tuple(results)


def _captured(capture: Capture, expected: int, zone: tzinfo) -> CheckResult:
    def failed(code: str, detail: str) -> CheckResult:
        return _failed("capture", capture.trade, code, detail)

    if capture.deal_no < expected:
        return failed("number-twice", f"{capture.series} {capture.deal_no}")
    if capture.deal_no > expected:
        return failed("number-missing", f"{capture.series} {expected}")
    if folded(capture.captured_by) != folded(capture.trader):
        return failed("captured-by-another", capture.captured_by)
    traded = capture.traded_at.astimezone(zone).date()
    captured = capture.captured_at.astimezone(zone).date()
    if capture.captured_at < capture.traded_at or traded != captured:
        return failed("captured-late", f"{traded}, captured {captured}")
    return _passed("capture", capture.trade)


# --- results -------------------------------------------------------------------------

_KIND: Final = "trade-check"
_COLUMNS: Final = (
    Column("trade", "Trade"),
    Column("check", "Check"),
    Column("outcome", "Outcome"),
    Column("code", "Code"),
    Column("detail", "Detail", shown="filled"),
)


def results_table(results: Iterable[CheckResult]) -> Table:
    """Return results of checks as a table, in the order of trades and checks."""
    ordered = sorted(
        check_instances(results, CheckResult, "results"),
        key=lambda each: (each.trade, each.check),
    )
    rows = [
        Row([each.trade, each.check, each.outcome, each.code, each.detail])
        for each in ordered
    ]
    return Table("Checks of trades", _COLUMNS, rows)


def record_results(
    ledger: bl.Ledger, results: Iterable[CheckResult], *, at: datetime
) -> int:
    """Keep results in the book, each a version of a document; all or nothing.

    A result that is kept already is not kept again.  Returns how many were new.

    Args:
        ledger: the book; its actor has done the checks.
        results: of any checks.
        at: when they were done.

    Raises:
        DocumentConflict: somebody else recorded the same check; try again.
    """
    items = check_instances(results, CheckResult, "results")
    check_instant(at, "at")
    return ledger.atomically(lambda: sum(_recorded(ledger, each, at) for each in items))


def _recorded(ledger: bl.Ledger, result: CheckResult, at: datetime) -> bool:
    own = {"outcome": result.outcome, "code": result.code, "detail": result.detail}
    content = {**own, "at": at.astimezone(UTC).isoformat()}
    new = bl.Document(_KIND, f"{result.check}/{result.trade}", content)
    try:
        latest = ledger.documents.get(new.kind, new.id)
    except UnknownRecord:
        ledger.documents.store(new)
        return True
    if all(latest.content[name] == value for name, value in own.items()):
        return False
    ledger.documents.store(latest.revise(content))
    return True


def recorded_results(ledger: bl.Ledger) -> Iterator[CheckResult]:
    """Yield the latest results that a book keeps, by check and trade."""
    for document in ledger.documents.all(_KIND):
        check, _, trade = document.id.partition("/")
        content = document.content
        yield CheckResult(
            check, trade, content["outcome"], content["code"], content["detail"]
        )
