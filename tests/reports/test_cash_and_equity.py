"""Cash flow by both methods, changes in equity, aging: identities and figures."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing import ledger_text

YEAR = (date(2025, 1, 1), date(2025, 12, 31))
CHART: dict[str, tuple[str, dict[str, str]]] = {
    "assets:bank": ("asset", {"cash_flow": "cash"}),
    "assets:till": ("asset", {"cash_flow": "cash"}),
    "assets:receivables": ("asset", {}),
    "assets:machines": ("asset", {"cash_flow": "investing"}),
    "liabilities:payables": ("liability", {}),
    "liabilities:loan": ("liability", {"cash_flow": "financing"}),
    "equity:capital": ("equity", {}),
    "equity:retained": ("equity", {}),
    "equity:reserve": ("equity", {"equity_movement": "oci"}),
    "income:sales": ("income", {}),
    "income:gains": ("income", {"cash_flow": "investing"}),
    "expenses:wages": ("expense", {}),
    "expenses:interest": ("expense", {"cash_flow": "financing"}),
    "expenses:depreciation": ("expense", {}),
    "expenses:exchange": ("expense", {"cash_flow": "fx"}),
    "stock:vault": ("memorandum", {}),
    "stock:customers": ("memorandum", {}),
}
BUSINESS = """
    2024-12-30 * capital / Dr assets:bank 1000 EUR / Cr equity:capital 1000 EUR
    2024-12-31 * sale-0 / Dr assets:receivables 40 EUR / Cr income:sales 40 EUR
    2025-01-10 * sale-1 / Dr assets:receivables 500 EUR / Cr income:sales 500 EUR
    2025-02-10 * paid-1 / Dr assets:bank 420 EUR / Cr assets:receivables 420 EUR
    2025-03-01 * wages / Dr expenses:wages 200 EUR / Cr liabilities:payables 200 EUR
    2025-04-01 * paid-2 / Dr liabilities:payables 150 EUR / Cr assets:bank 150 EUR
    2025-05-01 * machine / Dr assets:machines 300 EUR / Cr assets:bank 300 EUR
    2025-05-02 * lathe / Dr assets:machines 90 EUR / Cr liabilities:loan 90 EUR
    2025-06-01 * loan / Dr assets:bank 250 EUR / Cr liabilities:loan 250 EUR
    2025-07-01 * interest / Dr expenses:interest 12 EUR / Cr assets:bank 12 EUR
    2025-08-01 * till / Dr assets:till 30 EUR / Cr assets:bank 30 EUR
    2025-09-01 * sold / Dr assets:bank 55 EUR / Cr assets:machines 50 EUR
        Cr income:gains 5 EUR
    2025-12-31 * wear / Dr expenses:depreciation 60 EUR / Cr assets:machines 60 EUR
    2025-12-31 * rates / Dr expenses:exchange 4 EUR / Cr assets:till 4 EUR
    2025-12-31 * revalued / Dr assets:machines 25 EUR / Cr equity:reserve 25 EUR
    2025-12-31 * dividend / Dr equity:retained 20 EUR / Cr assets:bank 20 EUR
    2025-12-31 * bonus / Dr equity:capital 7 EUR / Cr equity:retained 7 EUR
"""


def open_book() -> bl.Ledger:
    """Return a book with accounts that say what they are."""
    ledger = bl.open_ledger(":memory:", actor="clerk")
    for path, (type_, attributes) in CHART.items():
        ledger.open_account(path, type=type_, attributes=attributes)
    for name in ("invoice", "customer"):
        ledger.declare_dimension(name)
    return ledger


@pytest.fixture
def ledger() -> bl.Ledger:
    """Return a book with a year of business."""
    book = open_book()
    for entry in ledger_text(BUSINESS):
        book.post(entry)
    bars = bl.Amount(5, bl.Commodity("BARS", scale=0))
    postings = [bl.debit("stock:vault", bars), bl.credit("stock:customers", bars)]
    book.post(bl.Entry("gold", date(2025, 4, 1), postings))
    return book


def totals(table: Any) -> dict[str, str]:
    """Return all totals of a report as text."""
    return {name: str(balance) for name, balance in table.totals.items()}


# --- cash flow -----------------------------------------------------------------------

SECTIONS = {
    "operating": "270.00 EUR",
    "investing": "-245.00 EUR",
    "financing": "218.00 EUR",
    "fx": "-4.00 EUR",
    "change": "239.00 EUR",
    "opening": "1000.00 EUR",
    "closing": "1239.00 EUR",
    "difference": "0",
}


@pytest.mark.parametrize("method", ["direct", "indirect"])
@pytest.mark.parametrize("start", ["result", "operating-profit"])
def test_both_methods_agree(ledger: bl.Ledger, method: Any, start: Any) -> None:
    """Each section is the same, and all together are the change of cash."""
    table = ledger.view().cash_flow(YEAR, method=method, start=start)
    assert totals(table) == SECTIONS


def test_the_direct_method(ledger: bl.Ledger) -> None:
    """What came in and went out, by the accounts it was for."""
    rows = ledger.view().cash_flow(YEAR).rows()
    assert [(r["section"], r["account"], str(r["amount"])) for r in rows] == [
        ("operating", "assets:receivables", "420.00 EUR"),
        ("operating", "liabilities:payables", "-150.00 EUR"),
        ("investing", "assets:machines", "-250.00 EUR"),
        ("investing", "income:gains", "5.00 EUR"),
        ("financing", "equity:retained", "-20.00 EUR"),
        ("financing", "expenses:interest", "-12.00 EUR"),
        ("financing", "liabilities:loan", "250.00 EUR"),
        ("fx", "expenses:exchange", "-4.00 EUR"),
    ]


def test_the_indirect_method(ledger: bl.Ledger) -> None:
    """The result, corrected by what moved no cash and by the working capital."""
    view = ledger.view()
    result = view.income_statement(YEAR).total("result")
    rows = view.cash_flow(YEAR, method="indirect").rows()
    operating = [r for r in rows if r["section"] == "operating"]
    assert [(r["account"] or r["line"], str(r["amount"])) for r in operating] == [
        ("Result", str(result)),
        ("assets:machines", "60.00 EUR"),
        ("assets:receivables", "-80.00 EUR"),
        ("expenses:exchange", "4.00 EUR"),
        ("expenses:interest", "12.00 EUR"),
        ("income:gains", "-5.00 EUR"),
        ("liabilities:payables", "50.00 EUR"),
    ]
    later = view.cash_flow(YEAR, method="indirect", start="operating-profit").rows()
    assert later[0]["line"] == "Operating profit"
    assert str(later[0]["amount"]) == "240.00 EUR"


def test_closing_entries_do_not_count(ledger: bl.Ledger) -> None:
    """The statement of a year is the same after its closing."""
    before = ledger.view().cash_flow(YEAR, method="indirect").rows()
    postings = [
        bl.debit("income:sales", "540 EUR"),
        bl.credit("equity:retained", "540 EUR"),
    ]
    ledger.post(bl.Entry("closing", YEAR[1], postings, kind="closing"))
    assert ledger.view().cash_flow(YEAR, method="indirect").rows() == before
    assert not ledger.view().cash_flow(YEAR).total("difference")


def test_from_the_beginning_of_the_book(ledger: bl.Ledger) -> None:
    """Without dates cash begins at nothing."""
    table = ledger.view(as_of=YEAR[1]).cash_flow()
    assert str(table.total("closing")) == "1239.00 EUR"
    assert not table.total("opening")


def test_what_is_cash_must_be_said() -> None:
    """Without a cash account there is no statement, nor with an unknown section."""
    ledger = bl.open_ledger(":memory:", actor="clerk")
    ledger.open_account("assets:bank", type="asset")
    with pytest.raises(errors.InvalidOption) as caught:
        ledger.view().cash_flow()
    assert caught.value.field == "chart"
    ledger.open_account("assets:x", type="asset", attributes={"cash_flow": "savings"})
    with pytest.raises(errors.InvalidOption) as caught:
        ledger.view().cash_flow()
    assert caught.value.field == "assets:x.attributes.cash_flow"
    with pytest.raises(errors.InvalidOption):
        ledger.view().cash_flow(attribute="other")


# --- equity --------------------------------------------------------------------------


def test_the_changes_in_equity(ledger: bl.Ledger) -> None:
    """Rows and columns add up; the closing is that of the balance sheet."""
    table = ledger.view().changes_in_equity(YEAR)
    assert str(table) == (
        "Changes in equity\n"
        "main, from 2025-01-01, to 2025-12-31, in EUR\n"
        "\n"
        "Component              Opening  Result    Oci  Owners  Transfers  Closing\n"
        "=========================================================================\n"
        "equity:capital         1000.00    0.00   0.00    0.00      -7.00   993.00\n"
        "equity:reserve            0.00    0.00  25.00    0.00       0.00    25.00\n"
        "equity:retained           0.00    0.00   0.00  -20.00       7.00   -13.00\n"
        "Result not yet closed    40.00  229.00   0.00    0.00       0.00   269.00\n"
        "                       -------  ------  -----  ------  ---------  -------\n"
        "Total equity           1040.00  229.00  25.00  -20.00       0.00  1274.00"
    )
    sheet = ledger.view(as_of=YEAR[1]).balance_sheet()
    assert table.total("closing") == sheet.total("equity")


def test_what_did_not_change_is_left_out() -> None:
    """A component that had come and gone before the span has no row."""
    book = open_book()
    for entry in ledger_text(
        """
        2024-05-01 * in / Dr assets:bank 9 EUR / Cr equity:capital 9 EUR
        2024-06-01 * out / Dr equity:capital 9 EUR / Cr assets:bank 9 EUR
        """
    ):
        book.post(entry)
    assert book.view().changes_in_equity(YEAR).rows() == []


def test_closing_is_a_transfer(ledger: bl.Ledger) -> None:
    """It moves the result within equity."""
    postings = [
        bl.debit("income:sales", "540 EUR"),
        bl.credit("equity:retained", "540 EUR"),
    ]
    ledger.post(bl.Entry("closing", YEAR[1], postings, kind="closing"))
    table = ledger.view().changes_in_equity(YEAR)
    rows = {row["account"]: row for row in table}
    assert str(rows[None]["transfers"]) == "-540.00 EUR"
    assert str(rows["equity:retained"]["transfers"]) == "547.00 EUR"
    assert str(table.total("transfers")) == "0"
    assert str(table.total("result")) == "229.00 EUR"


# --- both, whatever happened ----------------------------------------------------------

accounts = st.sampled_from([path for path in CHART if not path.startswith("stock")])
moves = st.lists(
    st.tuples(
        st.lists(st.tuples(accounts, st.integers(-500, 500)), min_size=1, max_size=4),
        accounts,
        st.sampled_from([YEAR[0] - timedelta(days=1), YEAR[0], YEAR[1]]),
        st.sampled_from(["normal", "adjusting", "closing"]),
    ),
    max_size=8,
)


@given(moves)
def test_the_identities_hold(history: Any) -> None:
    """Direct = indirect; sections = change of cash; equity = balance sheet."""
    ledger = open_book()
    for number, (lines, to, day, kind) in enumerate(history):
        draft = bl.EntryDraft(
            day,
            [bl.debit(path, bl.Amount.from_minor(n, "EUR")) for path, n in lines],
            id=str(number),
            balance_to=to,
            kind=kind,
        )
        touches_cash = {path for path, _ in lines} | {to}
        if kind == "closing" and touches_cash & {"assets:bank", "assets:till"}:
            continue  # a closing entry moves no cash
        try:
            entry = draft.to_entry()
        except errors.InvalidEntry:
            continue
        ledger.post(entry)
    view = ledger.view()
    direct = view.cash_flow(YEAR)
    for start in ("result", "operating-profit"):
        indirect = view.cash_flow(YEAR, method="indirect", start=start)  # type: ignore[arg-type]
        assert totals(indirect) == totals(direct)
    assert totals(direct)["difference"] == "0"
    equity = view.changes_in_equity(YEAR)
    sheet = ledger.view(as_of=YEAR[1]).balance_sheet()
    assert equity.total("closing") == sheet.total("equity")
    moved = [equity.total(name) for name in equity.totals if name != "closing"]
    assert sum(moved, bl.Balance()) == equity.total("closing")


# --- aging ---------------------------------------------------------------------------


def invoice(
    number: str, day: date, amount: str, due: date | None = None, **more: Any
) -> bl.Entry:
    """Return an invoice to a customer."""
    named = {"invoice": number, "customer": f"C{number}"}
    return bl.Entry(
        f"invoice-{number}",
        day,
        [
            bl.debit("assets:receivables", amount, value_date=due, dimensions=named),
            bl.credit("income:sales", amount),
        ],
        **more,
    )


def payment(id: str, day: date, amount: str, number: str | None = None) -> bl.Entry:
    """Return a payment, for an invoice or on account."""
    named = {"invoice": number} if number else None
    return bl.Entry(
        id,
        day,
        [
            bl.debit("assets:bank", amount),
            bl.credit("assets:receivables", amount, dimensions=named),
        ],
    )


@pytest.fixture
def invoices() -> bl.Ledger:
    """Return a book with invoices, some of them paid."""
    book = open_book()
    for entry in (
        invoice("1", date(2025, 1, 5), "100 EUR", date(2025, 2, 4)),
        invoice("2", date(2025, 3, 1), "200 EUR", date(2025, 3, 31)),
        invoice("3", date(2025, 3, 20), "300 EUR", date(2025, 5, 31)),
        invoice("4", date(2025, 4, 1), "400 EUR", document_date=date(2025, 3, 15)),
        invoice("5", date(2025, 4, 2), "50 USD", date(2025, 4, 10)),
        payment("p1", date(2025, 3, 2), "30 EUR", "1"),
        payment("p2", date(2025, 4, 15), "200 EUR", "2"),
        payment("advance", date(2025, 4, 20), "25 EUR"),
    ):
        book.post(entry)
    return book


def brackets(table: Any) -> dict[str, str]:
    """Return in which bracket each item is, with what is open."""
    return {
        f"{row['item']} {name}": str(row[name])
        for row in table
        for name in row
        if name not in {"item", "party", "due", "document", "days", "commodity", "open"}
        and row[name]
    }


def test_the_open_items(invoices: bl.Ledger) -> None:
    """By how long they are overdue; payments without an invoice have no date."""
    view = invoices.view(as_of=date(2025, 5, 31))
    table = view.aging("assets:receivables", item="invoice", party="customer")
    assert brackets(table) == {
        "1 over_90": "70.00 EUR",
        "3 not_due": "300.00 EUR",
        "4 no_date": "400.00 EUR",
        "None no_date": "-25.00 EUR",
        "5 to_60": "50.00 USD",
    }
    assert table.total("open") == view.balance("assets:receivables")
    assert [(row["party"], row["days"]) for row in table][:2] == [
        ("C1", 116),
        ("C3", 0),
    ]


def test_an_earlier_day_does_not_see_later_payments(invoices: bl.Ledger) -> None:
    """As of a day only what was allocated by then counts."""
    view = invoices.view(as_of=date(2025, 4, 10))
    table = view.aging("assets:receivables", item="invoice")
    assert brackets(table) == {
        "1 to_90": "70.00 EUR",
        "2 to_30": "200.00 EUR",
        "3 not_due": "300.00 EUR",
        "4 no_date": "400.00 EUR",
        "5 not_due": "50.00 USD",
    }
    assert table.total("open") == view.balance("assets:receivables")


def test_due_dates_from_elsewhere(invoices: bl.Ledger) -> None:
    """They take precedence over value dates; the document's date is another basis."""
    view = invoices.view(as_of=date(2025, 5, 31))
    given_ = view.aging(
        "assets:receivables", item="invoice", due_dates={"4": date(2025, 5, 30)}
    )
    assert brackets(given_)["4 to_30"] == "400.00 EUR"
    document = view.aging(
        "assets:receivables", item="invoice", basis="document", days=[10, 77]
    )
    assert brackets(document)["4 to_77"] == "400.00 EUR"
    assert brackets(document)["3 to_77"] == "300.00 EUR"
    assert brackets(document)["1 over_77"] == "70.00 EUR"


def test_an_item_that_opens_again(invoices: bl.Ledger) -> None:
    """A paid invoice that is debited anew counts from then."""
    again = bl.Entry(
        "again",
        date(2025, 5, 1),
        [
            bl.debit(
                "assets:receivables",
                "200 EUR",
                value_date=date(2025, 5, 20),
                dimensions={"invoice": "2"},
            ),
            bl.credit("assets:bank", "200 EUR"),
        ],
    )
    invoices.post(again)
    table = invoices.view(as_of=date(2025, 5, 31)).aging(
        "assets:receivables", item="invoice"
    )
    assert brackets(table)["2 to_30"] == "200.00 EUR"


def test_payables_are_on_their_side() -> None:
    """What is owed is positive on a liability account, with those below it."""
    book = open_book()
    book.open_account("liabilities:payables:trade", type="liability")
    book.post(
        bl.Entry(
            "bill",
            date(2025, 1, 1),
            [
                bl.debit("expenses:wages", "9 EUR"),
                bl.credit(
                    "liabilities:payables:trade",
                    "9 EUR",
                    value_date=date(2025, 1, 31),
                    dimensions={"invoice": "b"},
                ),
            ],
        )
    )
    table = book.view(as_of=date(2025, 2, 28)).aging(
        "liabilities:payables", item="invoice"
    )
    assert brackets(table) == {"b to_30": "9.00 EUR"}


def test_bad_questions(invoices: bl.Ledger) -> None:
    """A clear error says what was expected."""
    view = invoices.view(as_of=date(2025, 5, 31))
    for call, error in (
        (
            lambda: invoices.view().aging("assets:receivables", item="invoice"),
            errors.InvalidOption,
        ),
        (lambda: view.aging("assets:nowhere", item="invoice"), errors.UnknownAccount),
        (
            lambda: view.aging("assets:receivables", item="desk"),
            errors.UnknownDimension,
        ),
        (
            lambda: view.aging("assets:receivables", item="invoice", party="desk"),
            errors.UnknownDimension,
        ),
        (
            lambda: view.aging("assets:receivables", item="invoice", days=[30, 30]),
            errors.InvalidOption,
        ),
        (
            lambda: view.aging("assets:receivables", item="invoice", days=[]),
            errors.InvalidOption,
        ),
        (
            lambda: view.aging("assets:receivables", item="invoice", basis="x"),  # type: ignore[arg-type]
            errors.InvalidOption,
        ),
    ):
        with pytest.raises(error):
            call()


items = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", None]),
        st.integers(-300, 300).filter(bool),
        st.dates(date(2025, 1, 1), date(2025, 6, 1)),
        st.none() | st.dates(date(2025, 1, 1), date(2025, 6, 1)),
    ),
    max_size=10,
)


@given(items, st.dates(date(2025, 1, 1), date(2025, 6, 1)))
def test_the_brackets_are_the_control_account(history: Any, on: date) -> None:
    """Whatever was posted: the sum of all brackets is the balance on that day."""
    book = open_book()
    for number, (value, minor, day, due) in enumerate(history):
        named = {"invoice": value} if value else None
        amount = bl.Amount.from_minor(minor, "EUR")
        postings = [
            bl.debit("assets:receivables", amount, value_date=due, dimensions=named),
            bl.credit("income:sales", amount),
        ]
        book.post(bl.Entry(str(number), day, postings))
    view = book.view(as_of=on)
    table = view.aging("assets:receivables", item="invoice")
    balance = view.balance("assets:receivables")
    assert table.total("open") == balance
    parts = [table.total(name) for name in table.totals if name != "open"]
    assert sum(parts, bl.Balance()) == balance
