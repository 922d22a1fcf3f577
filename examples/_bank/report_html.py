"""The report: one self-contained HTML page."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from . import plots
from .facts import Facts, Line
from .plots import millions, money
from .reconcile import AccountDay, Verdict

STYLE = Path(__file__).with_name("report.css")


def render(facts: Facts) -> str:
    """Return the whole page."""
    body = "".join(
        (
            figures(facts),
            growth(facts),
            balance_sheets(facts),
            flows(facts),
            reconciliation(facts),
            interest_and_customers(facts),
            year_end(facts),
            statements(facts),
            loans(facts),
            proof(facts),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>A bank's books, 1993</title>\n"
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"{header(facts)}<main>\n{body}</main>\n{footer()}</body>\n</html>\n"
    )


def header(facts: Facts) -> str:
    """Return the title and the seal."""
    first, last = facts.days[0].day, facts.days[-1].day
    return (
        '<header><div><p class="over">Books of a Czech bank</p>'
        "<h1>The first fifteen months of a real bank, to the haler</h1>"
        f'<p class="lead">{facts.transactions:,} published transactions from'
        f" {first:%-d %B %Y} to {last:%-d %B %Y}, posted in double entry, reconciled"
        " day by day with the balances that the bank itself reported, closed for 1993"
        " and proved.</p>"
        f'<p class="seal"><b>\N{CHECK MARK} log verified</b>'
        f"<code>{facts.proof.root}</code></p></div></header>\n"
    )


def figures(facts: Facts) -> str:
    """Return the headline figures."""
    new_year = year_end_sheet(facts)
    balanced = sum(end.balanced for end in facts.month_ends)
    agreed = len(facts.verdicts(Verdict.EXACT)) + len(facts.verdicts(Verdict.ROUNDING))
    result = sum(end.result for end in facts.month_ends if end.day.year == 1993)
    cards = [
        (f"{facts.transactions:,}", "transactions posted"),
        (f"{facts.month_ends[-1].customers:,}", "customer accounts"),
        (f"{facts.proof.records:,}", "records in the log, all verified"),
        (f"{millions(new_year.deposits)} M", "CZK held for customers at 31 Dec 1993"),
        (f"{millions(result, 2)} M", "CZK result of 1993, deposits and fees alone"),
        (
            f"{100 * agreed / len(facts.account_days):.2f} %",
            f"of {len(facts.account_days):,} account-days agree with the bank",
        ),
        (f"{len(facts.verdicts(Verdict.BREAK))}", "real breaks"),
        (
            f"{balanced} of {len(facts.month_ends)}",
            "month ends with assets = liabilities + equity",
        ),
    ]
    items = "".join(
        f"<div><strong>{value}</strong><span>{escape(words)}</span></div>"
        for value, words in cards
    )
    return f'<div class="figures">{items}</div>\n'


def year_end_sheet(facts: Facts) -> plots.MonthEnd:
    """Return the balance sheet at the end of 1993, or the last there is."""
    closing = [end for end in facts.month_ends if end.day.year == 1993]
    return closing[-1]


def section(title: str, words: str, *content: str) -> str:
    """Return a panel; *words* is markup."""
    return f"<section><h2>{title}</h2><p>{words}</p>{''.join(content)}</section>\n"


def pair(*sections: str) -> str:
    """Set two panels side by side where there is room."""
    return f'<div class="pair">{"".join(sections)}</div>\n'


def growth(facts: Facts) -> str:
    """Return how the bank grew."""
    busiest = max(facts.days, key=lambda day: day.entries)
    return section(
        "What customers hold, and where it lies",
        "From nothing to 40 million within a year. The waves are months: salaries and"
        " pensions arrive between the 5th and the 14th and are spent until the next."
        " January 1994 is the only month in which customers took more out than they"
        " brought.",
        plots.deposits_plot(facts.days),
        "<h3>The rhythm of the counter</h3>",
        f"<p>Entries by day; the busiest is {busiest.day:%-d %B %Y} with"
        f" {busiest.entries:,}. On the last day of each month the bank credits interest"
        " and charges its fees.</p>",
        plots.rhythm_plot(facts.days),
    )


def balance_sheets(facts: Facts) -> str:
    """Return the balance sheets of all month ends."""
    return section(
        "Assets = liabilities + equity, every month",
        "Left bar: what the bank has. Right bar: whose it is. The published data hold"
        " the customers' side only: neither the bank's capital nor what it earned on"
        " its money, so equity is the interest paid to customers less their fees, and"
        " it is negative.",
        plots.balance_plot(facts.month_ends),
    )


def flows(facts: Facts) -> str:
    """Return volumes and results by month."""
    return pair(
        section(
            "Money in, money out",
            "Everything that moved customers' balances, month by month.",
            plots.flows_plot(facts),
        ),
        section(
            "What it cost",
            "Interest for deposits, less than a tenth of it earned back by fees."
            " December and January show the fees deferred at the year end.",
            plots.result_plot(facts.month_ends),
        ),
    )


def reconciliation(facts: Facts) -> str:
    """Return the comparison with the bank's own balances."""
    whole = len(facts.account_days)
    words = {
        Verdict.EXACT: "equal to the haler",
        Verdict.ROUNDING: "within what rounding to 0.10 CZK can do",
        Verdict.CUT_OFF: "on the last day, where the published file stops",
        Verdict.BREAK: "that nothing explains",
    }
    boxes = "".join(
        f'<div class="{look}"><strong>{len(facts.verdicts(verdict)):,}</strong>'
        f"<span>{100 * len(facts.verdicts(verdict)) / whole:.2f} % {verdict.value}:"
        f" {words[verdict]}</span></div>"
        for verdict, look in plots.VERDICT_LOOKS.items()
    )
    worst = max(abs(day.difference) for day in facts.account_days)
    return section(
        "Reconciled with the bank itself",
        f"The bank reports a balance after every transaction. For each of {whole:,}"
        " account-days we look for the order of the day's transactions in which every"
        " reported balance follows from the one before, and compare its end with the"
        " posted balance.",
        plots.verdict_bar(facts),
        f'<div class="verdicts">{boxes}</div>',
        '<div class="pair"><div><h3>How far apart</h3>',
        plots.difference_plot(facts),
        "</div><div><h3>Why that is rounding</h3>",
        plots.drift_plot(facts),
        "</div></div>",
        "<p>Interest, penalty interest and some instalments were published rounded to"
        " 0.10 CZK, so each may be 0.05 off, and so may the reported balance itself."
        f" The largest difference is {money(worst)} CZK; none leaves the wedge, and"
        " before its first rounded amount every account agrees exactly.</p>",
        break_list(facts.verdicts(Verdict.BREAK), "No real breaks"),
        break_list(facts.verdicts(Verdict.CUT_OFF), "No account-day is cut off"),
    )


def break_list(days: Sequence[AccountDay], none: str) -> str:
    """Return the account-days that do not agree, or that there are *none*."""
    if not days:
        return f'<p class="ok">\N{CHECK MARK} {none}.</p>'
    body = "".join(
        f"<tr><td>{day.account}</td><td>{day.day}</td>"
        f'<td class="n">{money(day.posted)}</td>'
        f'<td class="n">{"none" if day.reported is None else money(day.reported)}</td>'
        f'<td class="n">{money(day.missing or day.difference)}</td></tr>'
        for day in days
    )
    return (
        f"<details><summary>{len(days):,} account-days:"
        f" {days[0].verdict.value}</summary>"
        "<p>No order of the day explains the reported balances, but one missing posting"
        " would. Where the file stops, each is about a month of interest at 5 %: the"
        " interest credit of that evening is among the rows that were never"
        " published.</p>"
        '<div class="table"><table><tr><th>account</th><th>day</th>'
        '<th class="n">posted</th><th class="n">reported</th>'
        f'<th class="n">missing or different</th></tr>{body}</table></div></details>'
    )


def interest_and_customers(facts: Facts) -> str:
    """Return the implied interest rate and the distribution of balances."""
    ordered = sorted(facts.customer_balances)
    middle = ordered[len(ordered) // 2]
    overdrawn = sum(balance < 0 for balance in ordered)
    return pair(
        section(
            "5 %, thirty days to the month",
            "The data set does not say what interest the bank pays; its postings do."
            " Only with 30/360 days is the rate the same in every month. So the credit"
            " of 31 December pays for all of December, and no interest is left to"
            " accrue.",
            plots.rate_plot(facts),
        ),
        section(
            "Who holds how much",
            f"{len(ordered):,} customers at the end of 1993: half of them hold less"
            f" than <b>{money(middle)}</b> CZK, the largest holds"
            f" <b>{money(ordered[-1])}</b>, and {overdrawn or 'none'} overdrawn.",
            plots.balances_plot(ordered),
        ),
    )


def year_end(facts: Facts) -> str:
    """Return what was done to close the year."""
    end = facts.year_end
    entries = ", ".join(f"<code>{escape(entry)}</code>" for entry in end.entry_ids)
    return section(
        "The year end",
        f"On 31 December 1993 the bank charged {end.statements:,} customers 14.60 CZK"
        " for a monthly statement. A statement of December can be made only after"
        f" December is over, so <b>{money(end.deferred)} CZK</b> are earned in January"
        " 1994: taken out of 1993 by an adjusting entry, and released in January by a"
        " deferral. Weekly statements and those after each transaction were made within"
        " the year, but for the last week's, and stay in it. Months within the year are"
        " left as charged.",
        f"<p>Entries: {entries}. Then 1993 was closed: whatever else is to be booked"
        f" into it is refused with the code <code>{escape(end.refusal)}</code>.</p>",
    )


def statement_table(lines: Sequence[Line], columns: Sequence[str]) -> str:
    """Return a statement."""
    head = "".join(f'<th class="n">{escape(name)}</th>' for name in columns)
    body = []
    for line in lines:
        cells = "".join(
            f'<td class="n">{"" if amount is None else money(amount)}</td>'
            for amount in line.amounts
        )
        look = ' class="top"' if line.level == 0 else ""
        label = ' class="sub"' if line.level else ""
        body.append(f"<tr{look}><td{label}>{escape(line.label)}</td>{cells}</tr>")
    return (
        f'<div class="table"><table><tr><th>CZK</th>{head}</tr>{"".join(body)}'
        "</table></div>"
    )


def statements(facts: Facts) -> str:
    """Return the financial statements of the year."""
    year, quarter = "1993", "Jan\u2013Mar 1994"
    both = pair(
        section(
            "Balance sheet",
            "At 31 December 1993, after closing.",
            statement_table(facts.balance_sheet, ["31 Dec 1993"]),
        ),
        section(
            "Income statement",
            "Before the closing entry.",
            statement_table(facts.income_statement, [year, quarter]),
        ),
    )
    trial = section(
        "Trial balance",
        "At 31 December 1993, before closing; all customers, all other banks and all"
        " loans in one line each.",
        statement_table(facts.trial_balance, ["debit", "credit"]),
    )
    return both + trial


def loans(facts: Facts) -> str:
    """Return the loans that the bank granted."""
    body = "".join(
        f"<tr><td>{loan.id}</td><td>{loan.account}</td><td>{loan.granted}</td>"
        f'<td class="n">{money(loan.amount)}</td>'
        f'<td class="n">{money(loan.repaid)}</td>'
        f'<td class="n">{money(loan.amount - loan.repaid)}</td>'
        f'<td class="n">{loan.instalments_paid} of {loan.instalments_due}</td></tr>'
        for loan in facts.loans
    )
    behind = "; ".join(
        f"loan {loan.id} has paid {loan.instalments_paid} of {loan.instalments_due}"
        for loan in facts.loans
        if loan.instalments_paid < loan.instalments_due
    )
    outstanding = sum(loan.amount - loan.repaid for loan in facts.loans)
    return section(
        "Loans",
        f"{len(facts.loans)} loans, <b>{money(outstanding)} CZK</b> outstanding at the"
        " end of the data. Instalments fall due on the 12th and repay the amount"
        " exactly, so the published loans carry no interest. Behind:"
        f" {behind or 'none'}.",
        "<details><summary>All loans</summary>"
        '<div class="table"><table><tr><th>loan</th><th>account</th><th>granted</th>'
        '<th class="n">amount</th><th class="n">repaid</th>'
        '<th class="n">outstanding</th>'
        f'<th class="n">instalments</th></tr>{body}</table></div></details>',
    )


def proof(facts: Facts) -> str:
    """Return what the log proves, and how to check it."""
    return section(
        "Proof",
        f"{facts.proof.records:,} records, {facts.proof.entries:,} of them entries on"
        f" {facts.proof.accounts:,} accounts, stand in one append-only log. Every"
        " balance was rebuilt from it and compared. Its Merkle root, the same on every"
        " run:",
        f'<code class="root">{facts.proof.root}</code>',
        "<p>To check it again, without trusting this page:</p>"
        "<pre>import backoffice_ledger as bl\n"
        'with bl.open_ledger("books.db", read_only=True) as ledger:\n'
        "    print(ledger.verify().root)</pre>",
    )


def footer() -> str:
    """Return where the data come from."""
    return (
        "<footer><div>Data: the anonymised Czech bank data set of the PKDD'99 Discovery"
        " Challenge (\u201cBerka\u201d). Amounts in Czech koruna (CZK); 1 koruna = 100"
        " haler. Made by <code>examples/bank_year.py</code>.</div></footer>\n"
    )
