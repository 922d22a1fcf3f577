"""The statements: definitions, identities, and one published cycle."""

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Posting, Side, credit, debit
from backoffice_ledger.errors import InvalidOption, UnknownAccount
from backoffice_ledger.reports import (
    StatementLine,
    Table,
    account_statement,
    balance_sheet,
    general_ledger,
    income_statement,
    trial_balance,
)

EUR = Commodity("EUR")
USD = Commodity("USD")
JPY = Commodity("JPY")
SHARES = Commodity("US0378331005")

Sums = dict[tuple[str, Commodity], tuple[int, int]]

PAIRS = [
    ("opening_debit", "opening_credit"),
    ("debit", "credit"),
    ("closing_debit", "closing_credit"),
]


def chart_of(**paths: str) -> ChartOfAccounts:
    """Return a chart; each type names its accounts, apart by spaces."""
    return ChartOfAccounts(
        Account(path, kind) for kind, names in paths.items() for path in names.split()
    )


def add(sums: Sums, more: Sums) -> Sums:
    """Return both totals together."""
    total = dict(sums)
    for key, (dr, cr) in more.items():
        before = total.get(key, (0, 0))
        total[key] = (before[0] + dr, before[1] + cr)
    return total


def move(from_account: str, to_account: str, number: int, unit: Commodity) -> Sums:
    """Return the totals of one entry: debit *to_account*, credit *from_account*."""
    return add({(to_account, unit): (number, 0)}, {(from_account, unit): (0, number)})


def lines_of(table: Table) -> list[tuple[str, str, str]]:
    """Return role, indented caption or first cell, and last cell of every line."""
    return [
        (
            row.role,
            "  " * row.level + str(row.caption or row.cells[0]),
            str(row.cells[-1] or ""),
        )
        for row in table.lines
    ]


# --- random books --------------------------------------------------------------------

CHART = chart_of(
    asset="assets assets:bank assets:bank:giro assets:bank:safe assets:receivable",
    liability="liabilities:loan liabilities:tax:vat liabilities:tax:wages",
    equity="equity:capital equity:trading:EUR-USD retained",
    income="income:fees income:interest",
    expense="expenses:rent expenses:wages",
    memorandum="custody:client custody:vault",
)
MONEY = [path for path, a in CHART.items() if a.type is not AccountType.MEMORANDUM]
CUSTODY = [path for path, a in CHART.items() if a.type is AccountType.MEMORANDUM]

NUMBERS = st.integers(-(10**27) + 1, 10**27 - 1)


@st.composite
def entries(draw: st.DrawFn, count_max: int = 12) -> list[Entry]:
    """Draw balanced entries, negative (same-side reversal) ones included."""
    days = st.dates(date(2026, 1, 1), date(2026, 1, 31))
    drawn: list[Entry] = []
    for index in range(draw(st.integers(0, count_max))):
        accounts = draw(st.sampled_from([MONEY, MONEY, CUSTODY]))
        unit = draw(st.sampled_from([EUR, JPY] if accounts is MONEY else [SHARES]))
        number = draw(NUMBERS.filter(bool))
        amount = Amount.from_minor(number, unit)
        postings = [
            debit(draw(st.sampled_from(accounts)), amount),
            credit(draw(st.sampled_from(accounts)), amount),
        ]
        drawn.append(Entry(f"e{index}", draw(days), postings))
    return drawn


def totals_of(items: Iterable[Entry]) -> Sums:
    """Add up gross debits and credits."""
    sums: Sums = {}
    for entry in items:
        for posting in entry.postings:
            number = posting.amount.minor_units
            on_debit = posting.side is Side.DEBIT
            both = (number, 0) if on_debit else (0, number)
            sums = add(sums, {(posting.account, posting.amount.commodity): both})
    return sums


def statement_lines(items: Iterable[Entry]) -> list[StatementLine]:
    """Return the lines of all entries, numbered as they come."""
    return [
        line
        for position, entry in enumerate(items)
        for line in StatementLine.of_entry(entry, position)
    ]


def details(table: Table, section: str) -> Balance:
    """Add up the detail rows of one section."""
    amounts = [row["amount"] for row in table if row["section"] == section]
    return Balance(amount for amount in amounts if isinstance(amount, Amount))


# --- trial balance -------------------------------------------------------------------


def test_trial_balance_of_one_entry() -> None:
    """Turnover is gross, balances stand on the side to which they net."""
    chart = chart_of(asset="assets:bank", expense="expenses:rent", equity="capital")
    opening = move("capital", "assets:bank", 100_00, EUR)
    movement = move("assets:bank", "expenses:rent", 30_00, EUR)
    table = trial_balance(chart, opening, movement, subtitle="January")
    assert str(table).splitlines() == [
        "Trial balance",
        "January, in EUR",
        "",
        "Account        Opening Dr  Opening Cr  Debit  Credit  Closing Dr  Closing Cr",
        "============================================================================",
        "assets:bank        100.00                      30.00       70.00",
        "capital                        100.00                                 100.00",
        "expenses:rent                          30.00               30.00",
        "               ----------  ----------  -----  ------  ----------  ----------",
        "Total              100.00      100.00  30.00   30.00      100.00      100.00",
    ]
    assert table.rows()[0] == {
        "account": "assets:bank",
        "label": None,
        "commodity": "EUR",
        "opening_debit": Amount("100.00", EUR),
        "opening_credit": Amount(0, EUR),
        "debit": Amount(0, EUR),
        "credit": Amount("30.00", EUR),
        "closing_debit": Amount("70.00", EUR),
        "closing_credit": Amount(0, EUR),
    }


def test_trial_balance_without_opening_has_no_opening_columns() -> None:
    """People see four columns; programs always find six amounts."""
    chart = chart_of(asset="a b")
    table = trial_balance(chart, {}, move("a", "b", 1, EUR))
    assert "Opening" not in str(table)
    assert table.rows()[0]["opening_debit"] == Amount(0, EUR)


def test_trial_balance_leaves_out_what_never_moved() -> None:
    """An account that moved and came back to zero is shown."""
    chart = chart_of(asset="a b c")
    there_and_back = add(move("a", "b", 5, EUR), move("b", "a", 5, EUR))
    opening: Sums = {("c", EUR): (7, 7)}
    table = trial_balance(chart, opening, {**there_and_back, ("c", EUR): (0, 0)})
    assert [row["account"] for row in table] == ["a", "b"]


def test_trial_balance_shows_labels_where_there_are_some() -> None:
    """A path is an id; the label is the readable name."""
    chart = ChartOfAccounts(
        [Account("a", "asset", label="Cash"), Account("b", "asset")]
    )
    assert "Cash" in str(trial_balance(chart, {}, move("a", "b", 1, EUR)))


def test_memorandum_accounts_have_a_trial_balance_of_their_own() -> None:
    """They balance among themselves and count in no statement."""
    chart = chart_of(asset="a b", memorandum="vault client")
    sums = add(move("a", "b", 5, EUR), move("client", "vault", 10, SHARES))
    assert [row["account"] for row in trial_balance(chart, {}, sums)] == ["a", "b"]
    own = trial_balance(chart, {}, sums, memorandum=True)
    assert [row["account"] for row in own] == ["client", "vault"]
    assert not list(balance_sheet(chart, move("client", "vault", 10, SHARES)))
    assert not list(income_statement(chart, move("client", "vault", 10, SHARES)))


@given(entries(), entries())
def test_debits_equal_credits(before: list[Entry], within: list[Entry]) -> None:
    """In each pair of columns, in every commodity; and the rows add up to it."""
    opening, movement = totals_of(before), totals_of(within)
    for memorandum in (False, True):
        table = trial_balance(CHART, opening, movement, memorandum=memorandum)
        for left, right in PAIRS:
            assert table.total(left) == table.total(right)
            for name in (left, right):
                amounts = [row[name] for row in table]
                assert Balance(a for a in amounts if isinstance(a, Amount)) == (
                    table.total(name)
                )


@given(entries(), entries())
def test_closing_is_the_next_opening(before: list[Entry], within: list[Entry]) -> None:
    """Roll forward: closing of one span = opening of the next, per account."""
    opening, movement = totals_of(before), totals_of(within)
    one = {
        (row["account"], row["commodity"]): (
            row["closing_debit"],
            row["closing_credit"],
        )
        for row in trial_balance(CHART, opening, movement)
        if row["closing_debit"] or row["closing_credit"]
    }
    two = {
        (row["account"], row["commodity"]): (
            row["opening_debit"],
            row["opening_credit"],
        )
        for row in trial_balance(CHART, add(opening, movement), {})
    }
    assert one == two


# --- balance sheet -------------------------------------------------------------------


def test_balance_sheet_nests_accounts_by_path() -> None:
    """The section stands for the first part; a chain of one is one line."""
    sums = add(
        move("equity:capital", "assets:bank:giro", 100_00, EUR),
        add(
            move("liabilities:tax:vat", "assets:bank:safe", 20_00, EUR),
            add(
                move("income:fees", "assets:bank", 5_00, EUR),
                move("liabilities:loan", "assets:receivable", 1_00, EUR),
            ),
        ),
    )
    assert lines_of(balance_sheet(CHART, sums)) == [
        ("heading", "Assets", ""),
        ("heading", "  bank", ""),
        ("detail", "    bank", "5.00 EUR"),
        ("detail", "    giro", "100.00 EUR"),
        ("detail", "    safe", "20.00 EUR"),
        ("subtotal", "  Total bank", "125.00 EUR"),
        ("detail", "  receivable", "1.00 EUR"),
        ("total", "Total assets", "126.00 EUR"),
        ("heading", "Liabilities", ""),
        ("detail", "  loan", "1.00 EUR"),
        ("detail", "  tax:vat", "20.00 EUR"),
        ("subtotal", "Total liabilities", "21.00 EUR"),
        ("heading", "Equity", ""),
        ("detail", "  capital", "100.00 EUR"),
        ("detail", "  Result not yet closed", "5.00 EUR"),
        ("subtotal", "Total equity", "105.00 EUR"),
        ("total", "Total liabilities and equity", "126.00 EUR"),
    ]


def test_balance_sheet_rows_are_tidy() -> None:
    """Each detail row names section, account and commodity."""
    sums = move("income:fees", "assets:bank:giro", 5_00, EUR)
    assert balance_sheet(CHART, sums).rows() == [
        {
            "line": "bank:giro",
            "section": "assets",
            "account": "assets:bank:giro",
            "commodity": "EUR",
            "amount": Amount("5.00", EUR),
        },
        {
            "line": "Result not yet closed",
            "section": "equity",
            "account": None,
            "commodity": "EUR",
            "amount": Amount("5.00", EUR),
        },
    ]


def test_balance_sheet_totals_by_name() -> None:
    """Assets 5, of which 2 borrowed and 3 earned."""
    sums = add(
        move("income:fees", "assets:bank", 3_00, EUR),
        move("liabilities:loan", "assets:bank", 2_00, EUR),
    )
    table = balance_sheet(CHART, sums)
    names = ["assets", "liabilities", "equity", "result", "liabilities_and_equity"]
    assert [str(table.total(name)) for name in names] == [
        "5.00 EUR",
        "2.00 EUR",
        "3.00 EUR",
        "3.00 EUR",
        "5.00 EUR",
    ]
    assert not table.total("difference")


def test_contra_accounts_are_negative_lines_of_their_section() -> None:
    """Accumulated depreciation lowers the assets."""
    chart = chart_of(asset="machine depreciation", expense="expense", equity="capital")
    sums = add(
        move("capital", "machine", 100_00, EUR),
        move("depreciation", "expense", 10_00, EUR),
    )
    table = balance_sheet(chart, sums)
    assert ("detail", "  depreciation", "-10.00 EUR") in lines_of(table)
    assert table.total("assets")["EUR"] == Amount("90.00", EUR)


def test_a_part_of_the_book_shows_its_difference() -> None:
    """Totals of one cost centre need not balance; the statement says so."""
    table = balance_sheet(CHART, {("assets:bank", EUR): (5_00, 0)})
    assert lines_of(table)[-1] == ("total", "Difference", "5.00 EUR")
    assert str(table.total("difference")) == "5.00 EUR"


def test_balances_of_zero_are_left_out() -> None:
    """Also the result, once it is closed."""
    sums = add(
        move("assets:bank", "assets", 5, EUR), move("assets", "assets:bank", 5, EUR)
    )
    assert len(balance_sheet(CHART, sums)) == 0


def test_balance_sheet_by_presentation_line() -> None:
    """Accounts without the attribute go under Other; a line keeps its name."""
    chart = ChartOfAccounts(
        [
            Account("assets:bank:a", "asset", attributes={"line": "Cash"}),
            Account("assets:till", "asset", attributes={"line": "Cash"}),
            Account("assets:car", "asset", label="The car"),
            Account("equity:capital", "equity", attributes={"line": "Capital"}),
        ]
    )
    sums = add(
        move("equity:capital", "assets:bank:a", 3_00, EUR),
        add(
            move("equity:capital", "assets:till", 1_00, EUR),
            move("equity:capital", "assets:car", 9_00, EUR),
        ),
    )
    assert lines_of(balance_sheet(chart, sums, group_by="line"))[:9] == [
        ("heading", "Assets", ""),
        ("heading", "  Cash", ""),
        ("detail", "    bank:a", "3.00 EUR"),
        ("detail", "    till", "1.00 EUR"),
        ("subtotal", "  Total Cash", "4.00 EUR"),
        ("heading", "  Other", ""),
        ("detail", "    The car", "9.00 EUR"),
        ("total", "Total assets", "13.00 EUR"),
        ("heading", "Liabilities", ""),
    ]
    short = balance_sheet(chart, sums, group_by="line", depth=1)
    assert [(row["line"], row["account"], str(row["amount"])) for row in short] == [
        ("Cash", None, "4.00 EUR"),
        ("Other", None, "9.00 EUR"),
        ("Capital", None, "13.00 EUR"),
    ]


def test_depth_adds_up_what_is_deeper() -> None:
    """A bank with many customers wants one line for them."""
    sums = add(
        move("liabilities:tax:vat", "assets:bank:giro", 3_00, EUR),
        move("liabilities:tax:wages", "assets:bank:safe", 2_00, EUR),
    )
    table = balance_sheet(CHART, sums, depth=1)
    assert [(row["line"], row["account"], str(row["amount"])) for row in table] == [
        ("bank", "assets:bank", "5.00 EUR"),
        ("tax", "liabilities:tax", "5.00 EUR"),
    ]


@pytest.mark.parametrize(
    ("field", "value"), [("group_by", "type"), ("depth", 0), ("depth", -1)]
)
@pytest.mark.parametrize("report", [balance_sheet, income_statement])
def test_layout_options_are_checked(report: object, field: str, value: object) -> None:
    """The error names the option."""
    with pytest.raises(InvalidOption) as caught:
        report(CHART, {}, **{field: value})
    assert caught.value.field == field


LAYOUTS = st.fixed_dictionaries(
    {
        "group_by": st.sampled_from(["path", "line"]),
        "depth": st.none() | st.integers(1, 3),
    }
)


@given(entries(), LAYOUTS)
def test_assets_equal_liabilities_and_equity(
    items: list[Entry], layout: dict[str, object]
) -> None:
    """In every commodity, for any balanced totals, however they are laid out."""
    table = balance_sheet(CHART, totals_of(items), **layout)
    assert table.total("assets") == table.total("liabilities_and_equity")
    assert not table.total("difference")
    sections = [details(table, n) for n in ("assets", "liabilities", "equity")]
    assert sections == [table.total(n) for n in ("assets", "liabilities", "equity")]
    assert sections[0] == sections[1] + sections[2]
    assert not any("custody" in str(row["account"]) for row in table)


@given(entries(), LAYOUTS)
def test_layout_changes_no_total(items: list[Entry], layout: dict[str, object]) -> None:
    """Grouping and depth move lines about, the totals stay."""
    sums = totals_of(items)
    for report in (balance_sheet, income_statement):
        assert report(CHART, sums, **layout).totals == report(CHART, sums).totals


@given(entries())
def test_a_closing_entry_moves_the_result_and_nothing_else(items: list[Entry]) -> None:
    """The virtual close and the explicit one show the same equity."""
    sums = totals_of(items)
    open_sheet = balance_sheet(CHART, sums)
    closing: Sums = {}
    for (path, unit), (dr, cr) in sums.items():
        if CHART[path].type in (AccountType.INCOME, AccountType.EXPENSE):
            closing = add(closing, move(path, "retained", dr - cr, unit))
    closed_sheet = balance_sheet(CHART, add(sums, closing))
    assert not closed_sheet.total("result")
    for name in ("assets", "liabilities", "equity"):
        assert closed_sheet.total(name) == open_sheet.total(name)


# --- income statement ----------------------------------------------------------------


def test_income_statement() -> None:
    """Income and expenses both positive, the result their difference."""
    sums = add(
        move("income:fees", "assets:bank", 9_00, EUR),
        add(
            move("assets:bank", "expenses:rent", 4_00, EUR),
            move("assets:bank", "expenses:wages", 6_00, EUR),
        ),
    )
    table = income_statement(CHART, sums, subtitle="January")
    assert lines_of(table) == [
        ("heading", "Income", ""),
        ("detail", "  fees", "9.00 EUR"),
        ("subtotal", "Total income", "9.00 EUR"),
        ("heading", "Expenses", ""),
        ("detail", "  rent", "4.00 EUR"),
        ("detail", "  wages", "6.00 EUR"),
        ("subtotal", "Total expenses", "10.00 EUR"),
        ("total", "Result", "-1.00 EUR"),
    ]
    assert str(table.total("result")) == "-1.00 EUR"


@given(entries(), entries())
def test_result_is_the_change_of_equity(
    before: list[Entry], within: list[Entry]
) -> None:
    """Less what owners put in: postings to equity accounts."""
    opening, movement = totals_of(before), totals_of(within)
    result = income_statement(CHART, movement).total("result")
    first = balance_sheet(CHART, opening)
    last = balance_sheet(CHART, add(opening, movement))
    owners = Balance(
        Amount.from_minor(cr - dr, unit)
        for (path, unit), (dr, cr) in movement.items()
        if CHART[path].type is AccountType.EQUITY
    )
    assert last.total("equity") - first.total("equity") == result + owners
    assert last.total("result") - first.total("result") == result


@pytest.mark.parametrize(
    "report",
    [
        balance_sheet,
        income_statement,
        lambda chart, sums: trial_balance(chart, sums, {}),
    ],
    ids=["balance sheet", "income statement", "trial balance"],
)
def test_unknown_account_is_refused(report: object) -> None:
    """A total that no statement shows would go unnoticed."""
    with pytest.raises(UnknownAccount):
        report(CHART, {("nowhere", EUR): (1, 0)})


# --- account statement and general ledger --------------------------------------------

RENT = Entry(
    "rent-1",
    date(2026, 1, 31),
    [
        debit("expenses:rent", "30.00 EUR", memo="floor 2"),
        credit("assets:bank", "30.00 EUR", value_date=date(2026, 2, 2)),
    ],
    description="Office rent",
)
FEE = Entry(
    "fee-1",
    date(2026, 1, 15),
    [debit("assets:bank", "5.00 EUR"), credit("income:fees", "5.00 EUR")],
)


def test_account_statement() -> None:
    """Opening, postings in the total order with running balance, closing."""
    opening = move("equity:capital", "assets:bank", 100_00, EUR)
    lines = [*StatementLine.of_entry(RENT, 8), *StatementLine.of_entry(FEE, 9)]
    table = account_statement(CHART, "assets:bank", opening, lines)
    assert table.title == "Account statement: assets:bank"
    assert lines_of(table) == [
        ("balance", "Opening balance", "100.00 EUR"),
        ("detail", "2026-01-15", "105.00 EUR"),
        ("detail", "2026-01-31", "75.00 EUR"),
        ("total", "Closing balance", "75.00 EUR"),
    ]
    assert table.rows()[1] == {
        "date": date(2026, 1, 31),
        "value_date": date(2026, 2, 2),
        "position": 8,
        "entry": "rent-1",
        "description": "Office rent",
        "memo": None,
        "counter_accounts": "expenses:rent",
        "account": "assets:bank",
        "commodity": "EUR",
        "debit": Amount(0, EUR),
        "credit": Amount("30.00", EUR),
        "balance": Amount("75.00", EUR),
    }
    names = ["opening", "debit", "credit", "closing"]
    assert [str(table.total(name)) for name in names] == [
        "100.00 EUR",
        "5.00 EUR",
        "30.00 EUR",
        "75.00 EUR",
    ]


def test_balance_is_on_the_normal_side() -> None:
    """A loan taken up has a positive balance."""
    entry = Entry(
        "loan",
        date(2026, 1, 1),
        [debit("assets:bank", "9.00 EUR"), credit("liabilities:loan", "9.00 EUR")],
    )
    table = account_statement(
        CHART, "liabilities:loan", {}, StatementLine.of_entry(entry), title="Loan"
    )
    assert table.title == "Loan"
    assert table.total("closing")["EUR"] == Amount("9.00", EUR)
    assert table.rows()[0]["position"] is None


def test_a_same_side_reversal_lowers_the_turnover() -> None:
    """Generalumkehr: debit and credit columns end at zero, not at twice the sum."""
    undo = Entry(
        "undo",
        date(2026, 1, 31),
        [debit("assets:bank", "-5.00 EUR"), credit("income:fees", "-5.00 EUR")],
    )
    lines = [*StatementLine.of_entry(FEE, 1), *StatementLine.of_entry(undo, 2)]
    table = account_statement(CHART, "assets:bank", {}, lines)
    assert [str(row["debit"]) for row in table] == ["5.00 EUR", "-5.00 EUR"]
    assert not table.total("debit")
    assert not table.total("closing")
    assert table.rows()[1]["counter_accounts"] == "income:fees"


def test_order_is_date_then_position() -> None:
    """What has no position yet comes last of its day."""
    day = date(2026, 1, 15)
    postings = FEE.postings
    lines = [
        StatementLine(day, None, "pending", postings[0]),
        StatementLine(day, 2, "second", postings[0]),
        StatementLine(day, 0, "first", postings[0]),
        StatementLine(date(2026, 1, 14), 3, "back-dated", postings[0]),
    ]
    table = account_statement(CHART, "assets:bank", {}, lines)
    assert [row["entry"] for row in table] == [
        "back-dated",
        "first",
        "second",
        "pending",
    ]


def test_counter_accounts_are_those_on_the_other_side() -> None:
    """In the same commodity, each once, never the account itself."""
    entry = Entry(
        "exchange",
        date(2026, 1, 1),
        [
            credit("assets:bank", "8.00 EUR"),
            credit("assets:bank", "1.00 EUR"),
            debit("equity:trading:EUR-USD", "8.00 EUR"),
            debit("expenses:rent", "0.50 EUR"),
            debit("expenses:rent", "0.50 EUR"),
            credit("equity:trading:EUR-USD", "9.00 USD"),
            debit("assets:bank", "9.00 USD"),
        ],
    )
    counter = [line.counter_accounts for line in StatementLine.of_entry(entry)]
    assert counter[0] == ("equity:trading:EUR-USD", "expenses:rent")
    assert counter[2] == ("assets:bank",)
    assert counter[6] == ("equity:trading:EUR-USD",)


def test_general_ledger() -> None:
    """One statement after the other, in path order; idle accounts are left out."""
    opening = move("equity:capital", "assets:bank", 100_00, EUR)
    table = general_ledger(CHART, opening, statement_lines([RENT]))
    assert lines_of(table) == [
        ("heading", "assets:bank", ""),
        ("balance", "Opening balance", "100.00 EUR"),
        ("detail", "2026-01-31", "70.00 EUR"),
        ("total", "Closing balance", "70.00 EUR"),
        ("heading", "equity:capital", ""),
        ("balance", "Opening balance", "100.00 EUR"),
        ("total", "Closing balance", "100.00 EUR"),
        ("heading", "expenses:rent", ""),
        ("detail", "2026-01-31", "30.00 EUR"),
        ("total", "Closing balance", "30.00 EUR"),
    ]
    assert table.total("debit") == table.total("credit")
    assert [row["account"] for row in table] == ["assets:bank", "expenses:rent"]


def test_general_ledger_names_labels_and_leaves_zero_openings_out() -> None:
    """An opening of zero is no line, and an account with nothing else no heading."""
    chart = ChartOfAccounts(
        [
            Account("a", "asset", label="Cash"),
            Account("b", "asset"),
            Account("c", "asset"),
        ]
    )
    opening: Sums = {**move("a", "b", 5, EUR), ("c", EUR): (3, 3)}
    captions = [row.caption for row in general_ledger(chart, opening, []).lines]
    assert captions == [
        "a  Cash",
        "Opening balance",
        "Closing balance",
        "b",
        "Opening balance",
        "Closing balance",
    ]


def test_general_ledger_refuses_unknown_accounts() -> None:
    """In lines as in totals."""
    posting = Posting("nowhere", Side.DEBIT, "1.00 EUR")
    line = StatementLine(date(2026, 1, 1), 1, "x", posting)
    with pytest.raises(UnknownAccount):
        general_ledger(CHART, {}, [line])
    with pytest.raises(UnknownAccount):
        account_statement(CHART, "nowhere", {}, [])


@given(entries(), entries(), st.booleans())
def test_last_balance_is_that_of_the_trial_balance(
    before: list[Entry], within: list[Entry], memorandum: bool
) -> None:
    """General ledger, account statements and trial balance agree."""
    opening, lines = totals_of(before), statement_lines(within)
    ledger = general_ledger(CHART, opening, lines, memorandum=memorandum)
    trial = trial_balance(CHART, opening, totals_of(within), memorandum=memorandum)
    assert ledger.total("debit") == trial.total("debit")
    assert ledger.total("credit") == trial.total("credit")
    closing = {
        (row["account"], row["commodity"]): row["balance"]
        for row in ledger.rows(totals=True)
        if row["caption"] == "Closing balance" and row["balance"]
    }
    expected = {}
    for row in trial:
        account = CHART[str(row["account"])]
        dr, cr = row["closing_debit"], row["closing_credit"]
        assert isinstance(dr, Amount)
        assert isinstance(cr, Amount)
        balance = dr - cr if account.normal_side is Side.DEBIT else cr - dr
        if balance:
            expected[account.path, balance.commodity.code] = balance
    assert closing == expected
    for path in {path for path, _ in closing}:
        statement = account_statement(CHART, str(path), opening, lines)
        for amount in statement.total("closing"):
            assert closing[path, amount.commodity.code] == amount


# --- a published cycle ---------------------------------------------------------------

PRINTING_PLUS = chart_of(
    asset="Cash Accounts-Receivable Interest-Receivable Supplies Equipment "
    "Accumulated-Depreciation",
    liability="Accounts-Payable Salaries-Payable Unearned-Service-Revenue",
    equity="Common-Stock Dividends Retained-Earnings",
    income="Service-Revenue Interest-Revenue",
    expense="Salaries-Expense Utility-Expense Supplies-Expense Depreciation-Expense",
)
UNADJUSTED = {
    "Cash": 24800,
    "Accounts-Receivable": 1200,
    "Supplies": 500,
    "Equipment": 3500,
    "Dividends": 100,
    "Salaries-Expense": 3600,
    "Utility-Expense": 300,
    "Accounts-Payable": -500,
    "Unearned-Service-Revenue": -4000,
    "Common-Stock": -20000,
    "Service-Revenue": -9500,
}
ADJUSTMENTS = [
    ("Supplies-Expense", "Supplies", 100),
    ("Depreciation-Expense", "Accumulated-Depreciation", 75),
    ("Unearned-Service-Revenue", "Service-Revenue", 600),
    ("Interest-Receivable", "Interest-Revenue", 140),
    ("Salaries-Expense", "Salaries-Payable", 1500),
]


def test_printing_plus() -> None:
    """The accounting cycle of an open textbook (OpenStax, Principles of Accounting).

    Quoted from memory, the arithmetic checked: a test of consistency.
    """
    unadjusted: Sums = {
        (path, USD): (max(number, 0) * 100, max(-number, 0) * 100)
        for path, number in UNADJUSTED.items()
    }
    table = trial_balance(PRINTING_PLUS, {}, unadjusted)
    assert str(table.total("closing_debit")) == "34000.00 USD"
    adjusted = unadjusted
    for debited, credited, number in ADJUSTMENTS:
        adjusted = add(adjusted, move(credited, debited, number * 100, USD))
    table = trial_balance(PRINTING_PLUS, {}, adjusted)
    assert str(table.total("closing_debit")) == "35715.00 USD"
    income = income_statement(PRINTING_PLUS, adjusted)
    assert str(income.total("result")) == "4665.00 USD"
    sheet = balance_sheet(PRINTING_PLUS, adjusted)
    assert str(sheet.total("assets")) == "29965.00 USD"
    assert not sheet.total("difference")

    closed = adjusted
    for (path, unit), (dr, cr) in adjusted.items():
        kind = PRINTING_PLUS[path].type
        if kind in (AccountType.INCOME, AccountType.EXPENSE) or path == "Dividends":
            closed = add(closed, move(path, "Retained-Earnings", dr - cr, unit))
    table = trial_balance(PRINTING_PLUS, {}, closed)
    assert str(table.total("closing_debit")) == "30040.00 USD"
    retained = [row for row in table if row["account"] == "Retained-Earnings"]
    assert str(retained[0]["closing_credit"]) == "4565.00 USD"
    assert balance_sheet(PRINTING_PLUS, closed).total("assets") == sheet.total("assets")
