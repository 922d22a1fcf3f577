"""The report: as text, and as one self-contained HTML page."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger.reports import Table

from .gather import Facts, percent
from .market import TRADE_DATE

STYLE = Path(__file__).parents[1] / "_bank" / "report.css"
OK, BAD = "\N{CHECK MARK}", "\N{MULTIPLICATION SIGN}"

Section = tuple[str, str, Sequence[Table]]
"""Title, words, tables."""


def as_text(facts: Facts) -> str:
    """Return the report as text."""
    lines = [
        f"A broker's day: {TRADE_DATE:%A, %-d %B %Y}",
        "",
        *(f"{value:>14}  {words}" for value, words in figures(facts)),
    ]
    for title, words, tables in sections(facts):
        lines += ["", "", title.upper(), "", words]
        for table in tables:
            lines += ["", table.to_text(zero="dash")]
    lines += ["", "", "PROOF", ""]
    lines += [f"{mark(proof.holds)} {proof.words}" for proof in facts.proofs]
    lines += ["", f"root {facts.root}", ""]
    return "\n".join(line.rstrip() for line in "\n".join(lines).split("\n"))


def mark(holds: bool) -> str:  # noqa: FBT001 - what it is about
    """Return a check mark, or a cross."""
    return OK if holds else BAD


def figures(facts: Facts) -> list[tuple[str, str]]:
    """Return the day in numbers."""
    rows = list(facts.netting)
    before = sum(int(row["moves_before"]) for row in rows)
    after = sum(int(row["moves_after"]) for row in rows)
    worst = min(facts.rates.values())
    return [
        (f"{facts.trades:,}", "trades captured, a block and a mistyped one among them"),
        (f"{before:,} to {after:,}", "moves of own cleared trades, gross to net"),
        (percent(worst), "settled on the intended day at the slowest depository"),
        (f"{len(facts.fails):,}", "instructions failed, and were settled later"),
        (_text(facts.penalties.total("amount")), "penalties to us, net"),
        (f"{facts.releases:,}", "large instructions released by a second person"),
        (f"{len(facts.late_affirmations):,}", "affirmations after the cut-off"),
        (f"{facts.records:,}", "records in the log, all verified"),
    ]


def _text(balance: bl.Balance) -> str:
    return ", ".join(map(str, balance)) or "none"


def sections(facts: Facts) -> list[Section]:
    """Return the panels of the report."""
    return [
        (
            "The day",
            "Own trades and trades for customers in three markets. New York settles on"
            " the next day; Frankfurt and London after two, with a weekend between.",
            [facts.markets, facts.states],
        ),
        (
            "Affirmation",
            "The depository in New York wants trades affirmed by nine in the evening"
            " there. These came later; they were settled in time all the same.",
            [facts.late_affirmations],
        ),
        (
            "Gross and net",
            "Own share trades are novated to central counterparties, which net them:"
            " one obligation is left for each ISIN. What each side of a trade moves is"
            " a move.",
            [facts.netting],
        ),
        (
            "Settlement efficiency",
            "Instructions by depository, and what of them was settled on the intended"
            " day. Parts that came in time count with their money.",
            [facts.efficiency],
        ),
        (
            "Fails",
            "LACK: we lack securities, for what we bought had not come. CLAC: the"
            " counterparty lacks them. All were tried again on each settlement day. On"
            " Monday, 12 October the Fed was closed, so in New York the second try was"
            " on Tuesday. Below: what was open in the evenings.",
            [facts.fails, *facts.ageing],
        ),
        (
            "Penalties",
            "Under the CSDR a fail in the European Union costs the failing side for"
            " each business day. They are collected, and distributed, on"
            f" {facts.penalty_payment:%-d %B %Y}.",
            [facts.penalties],
        ),
        (
            "Dividend",
            "The issuer pays who had the shares at the end of the record date. The"
            " buyer whose shares had not come has a claim on the seller.",
            [facts.dividend],
        ),
        (
            "Positions and result",
            "The firm's own, by lots, first in, first out. Positions were valued at the"
            " closes of the first and the last day.",
            [facts.holdings, facts.result],
        ),
        (
            "Two views of one book",
            "By trade date everything is recognised when it is agreed; by settlement"
            " date when it is settled (IFRS 9 3.1.2). In between is what is open. In"
            " the evening of the trade date, and at the end:",
            [facts.at_trade_date, facts.at_the_end],
        ),
        (
            "Two pairs of eyes",
            f"{facts.releases} instructions above 300,000.00 were on hold until"
            " somebody else had approved. When the trader tried, the book refused:"
            f" {facts.refusal or 'nobody tried'}.",
            [],
        ),
    ]


# --- as HTML -------------------------------------------------------------------------


def as_html(facts: Facts) -> str:
    """Return the report as a page that loads nothing."""
    cards = "".join(
        f"<div><strong>{escape(value)}</strong><span>{escape(words)}</span></div>"
        for value, words in figures(facts)
    )
    plots = {
        "Gross and net": netting_plot(facts.netting),
        "Settlement efficiency": efficiency_plot(facts),
    }
    body = "".join(
        _panel(title, words, plots.get(title, ""), tables)
        for title, words, tables in sections(facts)
    )
    day = f"{TRADE_DATE:%A, %-d %B %Y}"
    seal = "reconciled and verified" if facts.is_proved else "does not agree"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>A broker's day</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}"
        "caption { text-align: left; padding: 14px 0 6px; color: var(--soft); }\n"
        "</style>\n</head>\n<body>\n"
        f'<header><div><p class="over">{day}</p>'
        "<h1>A broker's day, from the first trade to the settled book</h1>"
        '<p class="lead">Captured, confirmed, matched, netted, instructed and settled;'
        " what failed was tried again and paid for. Every figure is read from one"
        " append-only log.</p>"
        f'<p class="seal"><b>{mark(facts.is_proved)} {seal}</b>'
        f"<code>{facts.root}</code></p></div></header>\n<main>\n"
        f'<div class="figures">{cards}</div>\n{body}{_proofs(facts)}</main>\n'
        "<footer><div>The day is generated: companies and ISINs are real, prices,"
        " parties and trades are invented. Made by"
        " <code>examples/broker_day.py</code>.</div></footer>\n</body>\n</html>\n"
    )


def _panel(title: str, words: str, plot: str, tables: Iterable[Table]) -> str:
    parts = list(tables)
    shown = "".join(map(_table, parts[:2]))
    if parts[2:]:
        more = "".join(map(_table, parts[2:]))
        shown += f"<details><summary>Evening by evening</summary>{more}</details>"
    return (
        f"<section><h2>{escape(title)}</h2><p>{escape(words)}</p>{plot}{shown}"
        "</section>\n"
    )


def _table(table: Table) -> str:
    return f'<div class="table">{table.to_html(zero="dash")}</div>'


def _proofs(facts: Facts) -> str:
    items = "".join(
        f'<p class="{"ok" if proof.holds else "bad"}">{mark(proof.holds)}'
        f" {escape(proof.words)}</p>"
        for proof in facts.proofs
    )
    return (
        f"<section><h2>Proof</h2>{items}"
        f'<code class="root">{facts.root}</code>'
        "<p>To check it again, without trusting this page:</p>"
        "<pre>import backoffice_ledger as bl\n"
        'with bl.open_ledger("broker.db", read_only=True) as ledger:\n'
        "    print(ledger.verify().root)</pre></section>\n"
    )


Bar = tuple[str, Fraction, str, str]
"""Label, length from 0 to 1, look, and what is written behind it."""


def _bars(bars: Sequence[Bar]) -> str:
    height = 26
    rows = []
    for number, (label, length, look, words) in enumerate(bars):
        y, width = number * height, float(length) * 520
        rows.append(
            f'<text x="110" y="{y + 16}" text-anchor="end">{escape(label)}</text>'
            f'<rect class="{look}" x="120" y="{y + 3}" width="{width:.1f}" height="18"'
            f' rx="3"/><text x="{width + 128:.1f}" y="{y + 16}">{escape(words)}</text>'
        )
    return (
        f'<div class="plot"><svg viewBox="0 0 860 {height * len(bars)}" role="img">'
        f"{''.join(rows)}</svg></div>"
    )


def netting_plot(netting: Table) -> str:
    """Return gross and net money as bars, each currency on its own scale."""
    bars: list[Bar] = []
    for row in netting:
        gross, net = row["amount_before"], row["amount_after"]
        if not isinstance(gross, bl.Amount) or not isinstance(net, bl.Amount):
            continue
        if len(gross.commodity.code) != 3:
            continue
        share = Fraction(net.minor_units, gross.minor_units)
        bars.append((f"{gross.commodity} gross", Fraction(1), "c5", str(gross)))
        words = f"{net}, {percent(share)} of it"
        bars.append((f"{gross.commodity} net", share, "c1", words))
    return _bars(bars)


def efficiency_plot(facts: Facts) -> str:
    """Return the shares that were settled in time as bars."""
    return _bars(
        [(name, rate, "c2", percent(rate)) for name, rate in facts.rates.items()]
    )
