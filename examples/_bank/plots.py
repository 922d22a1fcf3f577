"""The charts of the report, one function each."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from .charts import Chart, figure, legend, share_bar, ticks
from .facts import DayTotals, Facts, MonthEnd
from .mapping import Kind
from .reconcile import HALF_STEP, Verdict

MILLION = 100_000_000  # haler
THOUSAND = 100_000  # haler
HALF = {"width": 500, "height": 290}
"""The size of a chart that shares its row with another."""
VERDICT_LOOKS = {
    Verdict.EXACT: "c1",
    Verdict.ROUNDING: "c2",
    Verdict.CUT_OFF: "c3",
    Verdict.BREAK: "c4",
}


def money(haler: int) -> str:
    """Write an amount exactly: ``-1,234.50``."""
    sign = "\N{MINUS SIGN}" if haler < 0 else ""
    crowns, rest = divmod(abs(haler), 100)
    return f"{sign}{crowns:,}.{rest:02}"


def millions(haler: int, digits: int = 1) -> str:
    """Write an amount in millions, rounded: for headlines."""
    text = f"{haler / MILLION:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def axis(value: float) -> str:
    """Write a value of an axis."""
    return f"{value:,.6g}".replace("-", "\N{MINUS SIGN}")


def month_name(day: date) -> str:
    """Name a month: ``Jan 93``."""
    return f"{day:%b %y}"


def deposits_plot(days: Sequence[DayTotals]) -> str:
    """Draw what customers hold, and where the bank keeps it, day by day."""
    chart = Chart(
        0,
        max(day.deposits for day in days) / MILLION,
        "Customer deposits, cash, other banks and loans by day",
        unit="million CZK",
        label=axis,
    )
    first, span = days[0].day, (days[-1].day - days[0].day).days
    places = [(day.day - first).days / span for day in days]
    looks = {"deposits": "c1", "other_banks": "c2", "cash": "c3", "loans": "c4"}
    for name, look in looks.items():
        points = [
            (place, getattr(day, name) / MILLION)
            for place, day in zip(places, days, strict=True)
        ]
        if name == "deposits":
            chart.area(points, look)
        chart.line(points, look)
    for place, day in zip(places, days, strict=True):
        if (day.day + timedelta(1)).day == 1:
            about = f"{day.day:%d %b %Y}: {money(day.deposits)} CZK of deposits"
            chart.dot(place, day.deposits / MILLION, "c1", about)
        if day.day.day == 1 and day.day.month % 3 == 1:
            chart.text(chart.x(place) + 18, chart.height - 14, month_name(day.day))
    key = ["customer deposits", "with other banks", "cash", "loans"]
    return legend(list(zip(looks.values(), key, strict=True))) + chart.svg()


def rhythm_plot(days: Sequence[DayTotals]) -> str:
    """Draw how much was booked on each day, as a calendar of weeks."""
    cell, gap, left = 9.6, 1.6, 30
    start = days[0].day - timedelta(days[0].day.weekday())
    weeks = (days[-1].day - start).days // 7 + 1
    parts = [
        f'<text x="{left - 6}" y="{row * (cell + gap) + 24:.1f}"'
        f' text-anchor="end">{name}</text>'
        for row, name in ((0, "Mo"), (2, "We"), (4, "Fr"), (6, "Su"))
    ]
    steps = (25, 50, 100, 200, 400, 1_000)
    key = ["fewer than 25", "25", "50", "100", "200", "400", "1,000 entries or more"]
    for day in days:
        week, row = divmod((day.day - start).days, 7)
        level = bisect_right(steps, day.entries)
        x, y = left + week * (cell + gap), 16 + row * (cell + gap)
        parts.append(
            f'<rect class="heat{level}" x="{x:.1f}" y="{y:.1f}" width="{cell}"'
            f' height="{cell}" rx="1.5"><title>{day.day:%a %d %b %Y}:'
            f" {day.entries:,} entries</title></rect>"
        )
        if day.day.day == 1:
            parts.append(f'<text x="{x:.1f}" y="10">{day.day:%b}</text>')
    width = left + weeks * (cell + gap)
    looks = legend([(f"heat{level}", words) for level, words in enumerate(key)])
    return looks + figure(width, 98, "Entries by day", parts, "plot scroll")


def balance_plot(month_ends: Sequence[MonthEnd]) -> str:
    """Draw the balance sheet of every month end: assets beside what funds them."""
    low = min(end.equity for end in month_ends) / MILLION
    high = max(end.deposits for end in month_ends) / MILLION
    chart = Chart(
        min(low, 0),
        high,
        "Balance sheets at month ends",
        unit="million CZK",
        label=axis,
        marks=ticks(0, high),
        height=370,
        bottom=52,
    )
    for index, end in enumerate(month_ends):
        x, width = chart.slot(index, len(month_ends), 0.78)
        half = width / 2 - 1
        name = f"{end.day:%d %b %Y}"
        assets = [
            (end.other_banks, "c2", "with other banks"),
            (end.cash, "c3", "cash"),
            (end.loans, "c4", "loans"),
        ]
        funds = [
            (end.deposits, "c1", "customer deposits"),
            (end.deferred_fees, "c5", "deferred fees"),
            (end.equity, "c6", "equity"),
        ]
        for place, side in ((x, assets), (x + half + 2, funds)):
            chart.stack(
                place,
                half,
                [
                    (value / MILLION, look, f"{name}: {what} {money(value)} CZK")
                    for value, look, what in side
                ],
            )
        middle, foot = x + width / 2, chart.height - 12
        if end.balanced:
            chart.text(middle, foot, "\N{CHECK MARK}", look="good")
        else:
            chart.text(middle, foot, "\N{BALLOT X}", look="bad")
    chart.below([month_name(end.day) for end in month_ends])
    key = legend(
        [
            ("c2", "with other banks"),
            ("c3", "cash"),
            ("c4", "loans"),
            ("c1", "customer deposits"),
            ("c6", "equity"),
        ]
    )
    return key + chart.svg()


FLOWS = {
    Kind.CASH_IN: ("c3", 1),
    Kind.RECEIVED: ("c2", 1),
    Kind.INTEREST: ("c6", 1),
    Kind.CASH_OUT: ("c3", -1),
    Kind.CARD: ("c3", -1),
    Kind.SENT: ("c2", -1),
    Kind.INSTALMENT: ("c4", -1),
    Kind.FEE: ("c5", -1),
    Kind.PENALTY: ("c5", -1),
}


def flows_plot(facts: Facts) -> str:
    """Draw what came in and went out in each month, by kind."""
    months = [(end.day.year, end.day.month) for end in facts.month_ends]
    flows = {
        month: [
            (facts.volumes[month, kind], kind, look, sign)
            for kind, (look, sign) in FLOWS.items()
            if (month, kind) in facts.volumes
        ]
        for month in months
    }

    def total(wanted: int) -> float:
        sums = (
            sum(volume.amount for volume, _, _, sign in flow if sign == wanted)
            for flow in flows.values()
        )
        return max(sums) / MILLION

    chart = Chart(
        -total(-1),
        total(1),
        "Money in and out by month",
        unit="million CZK",
        label=axis,
        **HALF,
    )
    for index, end in enumerate(facts.month_ends):
        month = months[index]
        x, width = chart.slot(index, len(months))
        chart.stack(
            x,
            width,
            [
                (
                    sign * volume.amount / MILLION,
                    look,
                    f"{month_name(end.day)}: {kind}, {volume.count:,} entries,"
                    f" {money(volume.amount)} CZK",
                )
                for volume, kind, look, sign in flows[month]
            ],
        )
    chart.below([month_name(end.day) for end in facts.month_ends])
    key = [("c3", "cash"), ("c2", "other banks"), ("c4", "loan instalments")]
    return legend([*key, ("c6", "interest"), ("c5", "fees")]) + chart.svg()


def result_plot(month_ends: Sequence[MonthEnd]) -> str:
    """Draw income, expense and result of each month."""
    chart = Chart(
        -max(end.interest for end in month_ends) / THOUSAND,
        max(end.fees + end.penalties for end in month_ends) / THOUSAND,
        "Income and expense by month",
        unit="thousand CZK",
        label=axis,
        **HALF,
    )
    points = []
    for index, end in enumerate(month_ends):
        x, width = chart.slot(index, len(month_ends))
        name = month_name(end.day)
        chart.stack(
            x,
            width,
            [
                (end.fees / THOUSAND, "c2", f"{name}: fees {money(end.fees)} CZK"),
                (
                    end.penalties / THOUSAND,
                    "c4",
                    f"{name}: penalty interest {money(end.penalties)} CZK",
                ),
                (
                    -end.interest / THOUSAND,
                    "c6",
                    f"{name}: interest paid {money(end.interest)} CZK",
                ),
            ],
        )
        points.append(((index + 0.5) / len(month_ends), end.result / THOUSAND))
    chart.line(points, "ink")
    for (place, value), end in zip(points, month_ends, strict=True):
        about = f"{month_name(end.day)}: result {money(end.result)} CZK"
        chart.dot(place, value, "ink", about)
    chart.below([month_name(end.day) for end in month_ends])
    key = [("c2", "statement fees"), ("c4", "penalty interest")]
    return legend([*key, ("c6", "interest paid"), ("ink", "result")]) + chart.svg()


def verdict_bar(facts: Facts) -> str:
    """Draw which share of the account-days agrees."""
    counts = Counter(day.verdict for day in facts.account_days)
    whole = len(facts.account_days)
    return share_bar(
        [
            (counts[verdict], look, f"{verdict}: {counts[verdict]:,} of {whole:,}")
            for verdict, look in VERDICT_LOOKS.items()
        ]
    )


def difference_plot(facts: Facts) -> str:
    """Draw how many account-days differ by how much, on a logarithmic scale."""
    counts = Counter(
        day.difference for day in facts.account_days if day.reported is not None
    )
    steps = range(min(counts), max(counts) + 1, 10)
    most = max(counts.values())
    chart = Chart(
        0.5,
        1.3 * most,
        "Account-days by difference",
        unit="account-days, by difference in CZK",
        label=axis,
        scale=math.log10,
        marks=[10**power for power in range(len(str(most)))],
        **HALF,
    )
    for index, step in enumerate(steps):
        x, width = chart.slot(index, len(steps), 0.8)
        look = VERDICT_LOOKS[Verdict.ROUNDING if step else Verdict.EXACT]
        about = f"{money(step)} CZK: {counts[step]:,} account-days"
        if counts[step]:
            chart.box(x, width, (0.5, counts[step]), look, about)
    chart.below([money(step)[:-1] for step in steps])
    return chart.svg()


def drift_plot(facts: Facts) -> str:
    """Draw the largest difference against the number of rounded amounts so far."""
    worst: Counter[int] = Counter()
    for day in facts.account_days:
        seen = max(worst[day.rounded_postings], abs(day.difference))
        worst[day.rounded_postings] = seen
    last = max(worst)
    bound = [HALF_STEP * (1 + count) / 100 for count in range(last + 1)]
    chart = Chart(
        0,
        bound[-1],
        "Largest difference by number of rounded amounts",
        unit="CZK, by number of rounded amounts",
        label="{:.1f}".format,
        **HALF,
    )
    points = [((n + 0.5) / (last + 1), value) for n, value in enumerate(bound)]
    chart.area(points, "c2")
    chart.line(points, "c2")
    for count, seen in sorted(worst.items()):
        about = f"after {count} rounded amounts: at most {money(seen)} CZK"
        chart.dot((count + 0.5) / (last + 1), seen / 100, "c1", about)
    chart.below([str(count) for count in range(last + 1)])
    key = [("c2", "what rounding can explain"), ("c1", "largest difference found")]
    return chart.svg() + legend(key)


def balances_plot(balances: Sequence[int], step: int = 5 * THOUSAND) -> str:
    """Draw how many customers hold how much."""
    counts = Counter(balance // step for balance in balances)
    slots = range(min(counts), max(counts) + 1)
    chart = Chart(
        0,
        max(counts.values()),
        "Customers by balance",
        unit="customers, by balance in thousand CZK",
        width=HALF["width"],
        height=380,
    )
    for index, slot in enumerate(slots):
        x, width = chart.slot(index, len(slots), 0.84)
        about = (
            f"{slot * step // 100:,} to {(slot + 1) * step // 100:,} CZK:"
            f" {counts[slot]:,} customers"
        )
        if counts[slot]:
            chart.box(x, width, (0, counts[slot]), "c1", about)
    chart.below([str(slot * step // THOUSAND) for slot in slots])
    return chart.svg()


def rate_plot(facts: Facts) -> str:
    """Draw the yearly rate that each month's interest credits imply."""

    def percent(rate: Fraction) -> float:
        return float(rate * 100)

    chart = Chart(
        4.0,
        5.6,
        "Implied yearly rate by month",
        unit="per cent a year",
        label="{:.1f}".format,
        marks=[4.0, 4.5, 5.0, 5.5],
        **HALF,
    )
    rates = [rate for rate in facts.rates if percent(rate.lower_quartile) >= 4]
    middle = [(index + 0.5) / len(rates) for index in range(len(rates))]
    chart.line(
        [(x, percent(r.actual_365)) for x, r in zip(middle, rates, strict=True)], "c3"
    )
    for x, rate in zip(middle, rates, strict=True):
        name = month_name(rate.month_end)
        chart.box(
            chart.x(x) - 7,
            14,
            (percent(rate.lower_quartile), percent(rate.upper_quartile)),
            "c2 soft",
            f"{name}: half of {rate.accounts:,} accounts lie between"
            f" {percent(rate.lower_quartile):.2f} and"
            f" {percent(rate.upper_quartile):.2f} %",
        )
        about = f"{name}: {percent(rate.thirty_360):.2f} %, days as 30/360"
        chart.dot(x, percent(rate.thirty_360), "c1", about)
        about = f"{name}: {percent(rate.actual_365):.2f} %, actual days over 365"
        chart.dot(x, percent(rate.actual_365), "c3", about)
    chart.below([month_name(rate.month_end) for rate in rates])
    key = [
        ("c1", "30 days a month over 360"),
        ("c2 soft", "middle half of the accounts"),
        ("c3", "actual days over 365"),
    ]
    return legend(key) + chart.svg()
