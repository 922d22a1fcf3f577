"""Tables: what they hold, how they look, and what leaves them."""

import csv
import importlib
import io
import json
import sys
import tomllib
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidOption,
    MissingExtra,
)
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.reports._text import visible_width
from backoffice_ledger.reports.table import ROWS_SHOWN_MAX

PROJECT = Path(__file__).parents[2]

EUR = Commodity("EUR")
JPY = Commodity("JPY")
BTC = Commodity("BTC", 8)

COLUMNS = [
    Column("date", "Date", "date"),
    Column("position", "No.", "integer"),
    Column("text", "Text"),
    Column("commodity", "Commodity", "commodity"),
    Column("debit", "Debit", "amount", zero="blank"),
    Column("balance", "Balance", "amount"),
]
DAY = date(2026, 1, 31)


def row(text: str | None, debit: str, balance: str, code: str = "EUR") -> Row:
    """Return a detail row of `COLUMNS`."""
    cells = (DAY, 7, text, code, Amount(debit, code), Amount(balance, code))
    return Row(cells)


def total(caption: str, balance: str, code: str = "EUR") -> Row:
    """Return a total row of `COLUMNS`."""
    cells = (None, None, None, code, None, Amount(balance, code))
    return Row(cells, role="total", caption=caption)


SAMPLE = Table(
    "Sample",
    COLUMNS,
    [
        Row((None,) * 6, role="heading", caption="January"),
        row("rent", "1000.00", "1000.00"),
        row("refund", "0.00", "-0.50"),
        total("Total", "999.50"),
    ],
    subtitle="at 2026-01-31",
    totals={"balance": Balance([Amount("999.50", EUR)])},
)


# --- what a table holds --------------------------------------------------------------


def test_iteration_length_and_rows_are_the_details() -> None:
    """Totals in the data would be added up a second time."""
    assert len(SAMPLE) == 2
    assert [item["text"] for item in SAMPLE] == ["rent", "refund"]
    assert SAMPLE.rows() == list(SAMPLE)
    assert SAMPLE.rows()[0] == {
        "date": DAY,
        "position": 7,
        "text": "rent",
        "commodity": "EUR",
        "debit": Amount("1000.00", "EUR"),
        "balance": Amount("1000.00", "EUR"),
    }


def test_rows_with_totals_tell_what_they_are() -> None:
    """Headings hold no data and stay out."""
    rows = SAMPLE.rows(totals=True)
    assert [(item["role"], item["caption"]) for item in rows] == [
        ("detail", None),
        ("detail", None),
        ("total", "Total"),
    ]


def test_total_by_name() -> None:
    """Callers need not search the rows."""
    assert SAMPLE.total("balance")["EUR"] == Amount("999.50", "EUR")
    with pytest.raises(InvalidOption, match="expected balance"):
        SAMPLE.total("assets")
    with pytest.raises(InvalidOption, match="no totals"):
        Table("Empty", COLUMNS, []).total("assets")


def test_a_table_is_frozen_and_can_be_compared() -> None:
    """Equal content is an equal table, whatever sequences it was built from."""
    again = Table(
        SAMPLE.title,
        tuple(COLUMNS),
        iter(SAMPLE.lines),
        subtitle=SAMPLE.subtitle,
        totals=dict(SAMPLE.totals),
    )
    assert again == SAMPLE
    assert hash(again) == hash(SAMPLE)
    assert again != attrs.evolve(SAMPLE, title="Other")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SAMPLE.title = "Other"
    assert repr(SAMPLE) == "<Table 'Sample', 2 rows>"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [(1.5, InexactNumber), (True, InexactNumber), (1, InvalidOption)],
    ids=["float", "bool", "int"],
)
def test_wrong_cell_is_refused(cell: object, kind: type[Exception]) -> None:
    """A cell is what its column holds; a float is nowhere allowed."""
    with pytest.raises(kind, match=r"lines\[0\]\.amount"):
        Table("Bad", [Column("amount", "Amount", "amount")], [Row((cell,))])


def test_rows_fit_the_columns() -> None:
    """A cell too few, or an amount of another commodity than its row's."""
    with pytest.raises(InvalidOption, match="6 cells"):
        Table("Bad", COLUMNS, [Row((DAY,))])
    wrong = Row((DAY, 1, "x", "USD", Amount(1, "EUR"), None))
    with pytest.raises(InvalidOption, match="an amount of USD"):
        Table("Bad", COLUMNS, [wrong])


@pytest.mark.parametrize(
    "columns",
    [
        [Column("a", "A"), Column("a", "B")],
        [Column("a", "A", "amount"), Column("a_commodity", "B")],
        [Column("a", "A", "commodity"), Column("b", "B", "commodity")],
    ],
    ids=["twice", "clash in exports", "two commodities"],
)
def test_columns_that_clash_are_refused(columns: list[Column]) -> None:
    """Each name is one column, in flat exports too."""
    with pytest.raises(InvalidOption, match="columns"):
        Table("Bad", columns, [])


@pytest.mark.parametrize("name", ["", "a b", "role", "caption", "1st"])
def test_column_names_are_identifiers(name: str) -> None:
    """They become attributes of frames; two are taken."""
    with pytest.raises(InvalidOption, match="name"):
        Column(name, "Title")


@pytest.mark.parametrize("field", ["kind", "shown", "zero"])
def test_column_options_are_checked(field: str) -> None:
    """The error names the option."""
    with pytest.raises(InvalidOption) as caught:
        Column("a", "A", **{field: "other"})
    assert caught.value.field == field


# --- text ----------------------------------------------------------------------------


def test_text_of_a_table() -> None:
    """Numbers stand under one another at the decimal mark, one commodity on top."""
    assert str(SAMPLE) == (
        "Sample\n"
        "at 2026-01-31, in EUR\n"
        "\n"
        "Date        No.  Text      Debit  Balance\n"
        "=========================================\n"
        "January\n"
        "2026-01-31    7  rent    1000.00  1000.00\n"
        "2026-01-31    7  refund             -0.50\n"
        "                         -------  -------\n"
        "Total                              999.50"
    )


def test_text_in_a_locale() -> None:
    """The parenthesis hangs out on the right, zero may be a dash."""
    text = SAMPLE.to_text(locale="de_DE", style="parentheses", zero="dash")
    assert text.splitlines()[3:] == [
        "Date        No.  Text       Debit    Balance",
        "============================================",
        "January",
        "31.01.2026    7  rent    1.000,00  1.000,00",
        "31.01.2026    7  refund      \u2013        (0,50)",
        "                         --------  ---------",
        "Total                                999,50",
    ]


def test_commodities_have_a_column_where_they_differ() -> None:
    """Scales differ, decimal marks are still in one line."""
    table = Table(
        "Mixed",
        COLUMNS,
        [
            row("a", "1.00", "-12.50"),
            row("b", "100", "5", "JPY"),
            Row((DAY, 7, "c", "BTC", None, Amount("0.12345678", BTC))),
        ],
    )
    assert table.to_text().splitlines()[2:] == [
        "Date        No.  Text  Commodity   Debit       Balance",
        "======================================================",
        "2026-01-31    7  a     EUR          1.00  -12.50",
        "2026-01-31    7  b     JPY        100       5",
        "2026-01-31    7  c     BTC                  0.12345678",
    ]


def test_amounts_name_their_commodity_where_no_column_does() -> None:
    """Balances do always; a negative one is marked as asked."""
    table = Table(
        "Held",
        [Column("amount", "Amount", "amount"), Column("all", "All", "balance")],
        [
            Row((Amount("1.00", EUR), Balance([Amount(-5, JPY), Amount(2, EUR)]))),
            Row((Amount(5, JPY), Balance())),
            Row((None, None)),
        ],
    )
    assert table.to_text(style="parentheses").split("\n")[4:] == [
        "1.00 EUR  2.00 EUR, (5 JPY)",
        "5 JPY                     0",
        "",
    ]
    assert table.to_text(zero="dash").splitlines()[5].endswith("\u2013")
    assert table.to_text(zero="blank").splitlines()[5].endswith("JPY")


def test_columns_are_shown_when_they_are_filled() -> None:
    """Blank and zero columns say nothing; export columns are not for people."""
    table = Table(
        "Shown",
        [
            Column("a", "A"),
            Column("b", "B", shown="filled"),
            Column("c", "C", "amount", shown="filled"),
            Column("d", "D", shown="export"),
        ],
        [Row(("x", None, Amount(0, EUR), "y")), Row(("x", "", None, "y"))],
    )
    assert table.to_text().splitlines()[3:] == ["A", "=", "x", "x"]
    assert list(table.rows()[0]) == ["a", "b", "c", "d"]


def test_nested_rows_are_indented() -> None:
    """The first text and every caption, by two spaces a level."""
    columns = [Column("line", ""), Column("amount", "Amount", "amount")]
    table = Table(
        "Nested",
        columns,
        [
            Row((None, None), role="heading", caption="Assets"),
            Row((None, None), role="heading", caption="bank", level=1),
            Row(("giro", Amount(1, EUR)), level=2),
            Row((None, Amount(1, EUR)), role="subtotal", caption="All bank", level=1),
            Row((None, Amount(1, EUR)), role="total", caption="Total assets"),
            Row((None, Amount(1, EUR)), role="total", caption="Again"),
            Row((None, None), role="heading", caption="Liabilities"),
        ],
    )
    assert table.to_text().splitlines()[4:] == [
        "====================",
        "Assets",
        "  bank",
        "    giro        1.00",
        "              ------",
        "  All bank      1.00",
        "              ------",
        "Total assets    1.00",
        "Again           1.00",
        "",
        "Liabilities",
    ]


def test_a_hundred_thousand_rows_stay_readable() -> None:
    """Head and tail are shown with a note; asking for all gives all."""
    columns = [Column("n", "N", "integer")]
    table = Table("Long", columns, [Row((n,)) for n in range(100_000)])
    lines = str(table).splitlines()
    assert len(lines) == ROWS_SHOWN_MAX + 5
    assert "... 99,940 rows not shown ..." in lines
    assert lines[4].strip() == "0"
    assert lines[-1].strip() == "99999"
    assert len(table.to_text().splitlines()) == 100_004
    assert "99,940 rows not shown" in table._repr_html_()
    assert table.to_text(rows_max=1).splitlines()[-1] == "... 99,999 rows not shown ..."
    assert len(table.to_text(rows_max=3).splitlines()) == 8


def test_long_texts_are_cut_by_print_only() -> None:
    """A cut text ends in three dots and is never wider than asked."""
    table = Table("Wide", [Column("text", "Text")], [Row(("x" * 500,))])
    assert str(table).splitlines()[-1] == "x" * 45 + "..."
    assert "x" * 500 in table.to_text()
    wide = Table("Wide", [Column("text", "Text")], [Row(("\u91d1" * 9,))])
    assert wide.to_text(text_max=8).splitlines()[-1] == "\u91d1\u91d1..."


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("\u91d1\u878d", 4),
        ("e\u0301", 1),
        ("1\u20dd", 1),
        ("\u200e\u05d0\u200e", 1),
    ],
    ids=["ascii", "wide", "combining", "enclosing", "bidi"],
)
def test_visible_width(text: str, width: int) -> None:
    """Chinese takes two columns, marks take none."""
    assert visible_width(text) == width


@pytest.mark.parametrize("locale", [None, "en_US", "ar", "he", "fa", "sv", "hi"])
def test_columns_are_aligned_on_visible_width(locale: str | None) -> None:
    """Whatever marks a locale adds, all lines end at the same column."""
    table = Table(
        "Aligned",
        [Column("text", "Text"), Column("amount", "Amount", "amount")],
        [
            Row((text, Amount(number, EUR)))
            for text in (
                "abc",
                "\u91d1\u878d",
                "\u05e9\u05dc\u05d5\u05dd",
                "cafe\u0301",
            )
            for number in ("-1234.50", "1.00")
        ],
    )
    lines = table.to_text(locale=locale).splitlines()[4:]
    assert len({visible_width(line) for line in lines}) == 1


def test_right_to_left_text_cannot_reorder_a_line() -> None:
    """A mark on both sides keeps it apart from the number beside it."""
    table = Table("Bidi", [Column("text", "Text")], [Row(("\u05e9\u05dc",))])
    assert table.to_text().splitlines()[-1] == "\u200e\u05e9\u05dc\u200e"


def test_nothing_steers_the_terminal() -> None:
    """Escapes, line breaks and bidi overrides are shown as what they are."""
    text = "a\x1b[31m\r\nb\u202ec\u2028d\ud800"
    table = Table("Bad\x07", [Column("text", "Text")], [Row((text,))])
    shown = table.to_text()
    assert shown.splitlines()[-1] == r"a\x1b[31m\r\nb\u202ec\u2028d\ud800"
    assert shown.splitlines()[0] == r"Bad\x07"
    assert "\x1b" not in table.to_html()


def test_empty_tables_show_their_columns() -> None:
    """No rows and no columns are no error."""
    assert "Date" in str(Table("Empty", COLUMNS, []))
    assert str(Table("Empty", [], [])) == "Empty\n\n\n"
    assert "<tbody>" in Table("Empty", COLUMNS, [])._repr_html_()
    assert Table("Empty", [], []).to_html()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("locale", "xx"),
        ("style", "other"),
        ("zero", "other"),
        ("rows_max", 0),
        ("text_max", 3),
    ],
)
def test_options_of_text_are_checked(option: str, value: object) -> None:
    """The error names the option."""
    with pytest.raises(InvalidOption) as caught:
        SAMPLE.to_text(**{option: value})
    assert caught.value.field == option


# --- HTML ----------------------------------------------------------------------------


def test_html_is_escaped() -> None:
    """Title, subtitle, column titles, captions and cells."""
    evil = "<script>alert('x')</script>&\""
    table = Table(
        evil,
        [Column("text", evil), Column("more", evil)],
        [
            Row((evil, evil)),
            Row((evil, evil), level=1),
            Row((None, None), caption=evil),
        ],
        subtitle=evil,
    )
    html = table.to_html()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 9


def test_html_aligns_numbers_at_the_decimal_mark() -> None:
    """Right aligned; blanks as wide as digits stand in for missing ones."""
    table = Table(
        "Mixed",
        [Column("commodity", "C", "commodity"), Column("amount", "A", "amount")],
        [
            Row(("EUR", Amount("-12.50", EUR))),
            Row(("JPY", Amount("5", JPY))),
            Row(("JPY", None)),
        ],
    )
    html = table.to_html(style="parentheses")
    assert "(12.50)</td>" in html
    assert "5\u2008\u2007\u2007\u2008</td>" in html
    assert "text-align:right" in html


def test_html_indents_nested_rows() -> None:
    """Texts and captions alike, on the side where the script begins."""
    table = Table(
        "Nested",
        [Column("text", "Text")],
        [Row(("x",), level=1), Row((None,), level=2, caption="y")],
    )
    html = table.to_html()
    assert 'padding-inline-start:28px">x<' in html
    assert 'padding-inline-start:48px">y<' in html


def test_a_caption_takes_the_first_cell_even_where_it_is_filled() -> None:
    """In text and HTML alike; exports still hold the cell."""
    columns = [Column("text", "Text"), Column("more", "More")]
    table = Table("Caption", columns, [Row(("hidden", "seen"), caption="caption")])
    assert table.to_text().splitlines()[-1] == "caption  seen"
    assert "hidden" not in table.to_html()
    assert table.rows()[0]["text"] == "hidden"


def test_html_has_rules_captions_and_direction() -> None:
    """A caption spans the cells that it takes; a locale may run right to left."""
    html = SAMPLE.to_html()
    assert '<td colspan="5"' in html  # the heading takes the whole line
    assert '<td colspan="4"' in html  # the total all cells but the balance
    assert html.count("border-top") == 1
    assert 'dir="rtl"' not in html
    assert SAMPLE.to_html(locale="ar").startswith('<table dir="rtl"')
    assert "1.000,00" in SAMPLE.to_html(locale="de_DE")


# --- CSV -----------------------------------------------------------------------------


def test_csv_of_a_table() -> None:
    """Plain decimals, the commodity in its own column, text quoted."""
    assert SAMPLE.to_csv() == (
        '"date","position","text","commodity","debit","balance"\n'
        '2026-01-31,7,"rent","EUR",1000.00,1000.00\n'
        '2026-01-31,7,"refund","EUR",0.00,-0.50\n'
    )


def test_csv_with_totals() -> None:
    """Two columns more tell totals from details."""
    lines = (SAMPLE.to_csv(totals=True) or "").splitlines()
    assert lines[0].startswith('"role","caption","date"')
    assert lines[-1] == '"total","Total",,,,"EUR",,999.50'


def test_csv_without_a_commodity_column() -> None:
    """Each amount is followed by its own; a balance is a text."""
    table = Table(
        "Held",
        [Column("amount", "Amount", "amount"), Column("all", "All", "balance")],
        [
            Row((Amount("-1.00", EUR), Balance([Amount(-5, JPY), Amount(2, EUR)]))),
            Row((None, None)),
        ],
    )
    assert table.to_csv() == (
        '"amount","amount_commodity","all"\n-1.00,"EUR","2.00 EUR, -5 JPY"\n,,\n'
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_formulas_are_guarded_in_text_only(start: str) -> None:
    """Spreadsheets run what begins so; a negative number is no formula."""
    table = Table(
        "Evil",
        [Column("text", "Text"), Column("amount", "Amount", "amount")],
        [Row((f"{start}1+1", Amount(-1, EUR)))],
    )
    (guarded,) = list(csv.DictReader(io.StringIO(table.to_csv(), newline="")))
    assert guarded["text"] == f"'{start}1+1"
    assert guarded["amount"] == "-1.00"
    text = table.to_csv(guard=False)
    (exact,) = list(csv.DictReader(io.StringIO(text, newline="")))
    assert exact["text"] == f"{start}1+1"


def test_files_are_written_to_paths_and_streams(tmp_path: Path) -> None:
    """UTF-8 with LF whatever the platform; the text is what is returned otherwise."""
    table = Table("One", [Column("text", "Text")], [Row(("caf\u00e9",))])
    for write, name in ((table.to_csv, "a.csv"), (table.to_json_lines, "a.jsonl")):
        path = tmp_path / name
        assert write(path) is None
        assert path.read_bytes() == (write() or "").encode()
        assert write(str(path)) is None
        stream = io.StringIO()
        assert write(stream) is None
        assert stream.getvalue() == write()


# --- JSON lines ----------------------------------------------------------------------


def test_json_lines_of_a_table() -> None:
    """An amount is a number as text with its commodity: no reader makes it a float."""
    first, second = (SAMPLE.to_json_lines() or "").splitlines()
    assert json.loads(first) == {
        "date": "2026-01-31",
        "position": 7,
        "text": "rent",
        "commodity": "EUR",
        "debit": {"number": "1000.00", "commodity": "EUR"},
        "balance": {"number": "1000.00", "commodity": "EUR"},
    }
    assert json.loads(second)["balance"]["number"] == "-0.50"
    last = (SAMPLE.to_json_lines(totals=True) or "").splitlines()[-1]
    assert json.loads(last)["role"] == "total"


def test_json_lines_of_balances_and_unicode() -> None:
    """A balance is a list of amounts; text is not escaped to ASCII."""
    table = Table(
        "Held",
        [Column("text", "Text"), Column("all", "All", "balance")],
        [
            Row(("\u91d1", Balance([Amount(-5, JPY), Amount(2, EUR)]))),
            Row((None, None)),
        ],
    )
    first, second = (table.to_json_lines() or "").splitlines()
    assert "\u91d1" in first
    assert json.loads(first)["all"] == [
        {"number": "2.00", "commodity": "EUR"},
        {"number": "-5", "commodity": "JPY"},
    ]
    assert json.loads(second) == {"text": None, "all": None}


# --- properties ----------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
AMOUNTS = st.builds(
    Amount.from_minor,
    st.integers(-(10**30), 10**30),
    st.sampled_from([EUR, JPY, BTC]),
)
DATES = st.dates(date(1900, 1, 1), date(2199, 12, 31))
FREE_COLUMNS = [
    Column("day", "Day", "date"),
    Column("number", "Number", "integer"),
    Column("text", "Text"),
    Column("amount", "Amount", "amount"),
]
FREE_ROWS = st.lists(
    st.tuples(
        DATES | st.none(),
        st.integers(-(10**20), 10**20) | st.none(),
        TEXTS | st.none(),
        AMOUNTS | st.none(),
    ),
    max_size=8,
)


@given(FREE_ROWS)
def test_csv_round_trip_is_exact(rows: list[tuple[Any, ...]]) -> None:
    """Every cell comes back from a standard reader; empty text reads as None there."""
    table = Table("Any", FREE_COLUMNS, [Row(cells) for cells in rows])
    text = table.to_csv(guard=False) or ""
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    back = [
        (
            date.fromisoformat(item["day"]) if item["day"] else None,
            int(item["number"]) if item["number"] else None,
            item["text"] or None,
            _amount(item["amount"], item["amount_commodity"]),
        )
        for item in read
    ]
    assert back == [(*cells[:2], cells[2] or None, cells[3]) for cells in rows]


def _amount(number: str, code: str) -> Amount | None:
    if not number:
        return None
    commodity = {"EUR": EUR, "JPY": JPY, "BTC": BTC}[code]
    whole, _, fraction = number.partition(".")
    assert len(fraction) == commodity.scale
    return Amount.from_minor(int(whole + fraction), commodity)


@given(FREE_ROWS)
def test_guarded_csv_differs_by_apostrophes_only(rows: list[tuple[Any, ...]]) -> None:
    """No text begins like a formula any more, and no number has changed."""
    table = Table("Any", FREE_COLUMNS, [Row(cells) for cells in rows])
    read = list(csv.DictReader(io.StringIO(table.to_csv() or "", newline="")))
    exact = list(
        csv.DictReader(io.StringIO(table.to_csv(guard=False) or "", newline=""))
    )
    for guarded, plain in zip(read, exact, strict=True):
        assert not guarded["text"].startswith(tuple("=+-@\t\r\n"))
        assert guarded["text"] in (plain["text"], "'" + plain["text"])
        assert {**guarded, "text": ""} == {**plain, "text": ""}


@given(FREE_ROWS)
def test_json_round_trip_is_exact(rows: list[tuple[Any, ...]]) -> None:
    """One line per row, each with the same values."""
    table = Table("Any", FREE_COLUMNS, [Row(cells) for cells in rows])
    lines = (table.to_json_lines() or "").split("\n")[:-1]
    for line, (day, number, text, amount) in zip(lines, rows, strict=True):
        item = json.loads(line)
        assert item["day"] == (day and day.isoformat())
        assert item["number"] == number
        assert item["text"] == text
        read = item["amount"]
        if amount is None:
            assert read is None
        else:
            assert read == {"number": amount.number, "commodity": amount.commodity.code}


@given(FREE_ROWS, st.sampled_from([None, "de_DE", "en_IN", "ar", "sv"]))
def test_any_table_can_be_shown(
    rows: list[tuple[Any, ...]], locale: str | None
) -> None:
    """One line per row, no control character, amounts with all their digits."""
    table = Table("Any", FREE_COLUMNS, [Row(cells) for cells in rows])
    lines = table.to_text(locale=locale).split("\n")
    html = table.to_html(locale=locale)
    assert len(lines) - len(rows) in (4, 5)  # the heading may tell the commodity
    for line, (*_, amount) in zip(lines[len(lines) - len(rows) :], rows, strict=True):
        assert not any(unicodedata.category(character) == "Cc" for character in line)
        if amount is not None:
            digits = amount.number.lstrip("-").replace(".", "")
            assert digits in "".join(filter(str.isdigit, line))
    assert html.count("<tr") == len(rows) + 1


# --- data frames ---------------------------------------------------------------------

FRAME = Table(
    "Frame",
    COLUMNS,
    [
        row("rent", "1000.00", "1000.00"),
        Row((None, None, None, "BTC", None, Amount("-0.12345678", BTC))),
    ],
)
DECIMALS = [Decimal("1000.00"), Decimal("-0.12345678")]


@pytest.mark.parametrize(
    ("method", "module", "extra"),
    [
        ("to_pandas", "pandas", "pandas"),
        ("to_polars", "polars", "polars"),
        ("to_arrow", "pyarrow", "pandas"),
    ],
)
def test_missing_library_is_named(
    method: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is an ImportError that says what to install, and that would help."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        getattr(FRAME, method)()
    assert isinstance(caught.value, ImportError)
    assert f"pip install 'backoffice-ledger[{extra}]'" in str(caught.value)
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    packages = project["optional-dependencies"][extra]
    assert any(package.startswith(module) for package in packages)


class FakeLibrary:
    """Stands in for a frame library: remembers what it is asked to build."""

    String, Int64, Date = "String", "Int64", "Date"

    def __getattr__(self, name: str) -> Any:
        def build(*arguments: Any, **options: Any) -> SimpleNamespace:
            built = SimpleNamespace(name=name, arguments=arguments, options=options)
            built.astype = lambda dtype: SimpleNamespace(text=arguments[0], dtype=dtype)
            built.__arrow_c_stream__ = lambda schema: (built, schema)
            return built

        return build


def test_pandas_gets_decimal_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of column has its type, also where all of it is None."""
    monkeypatch.setitem(sys.modules, "pandas", FakeLibrary())
    (columns,) = FRAME.to_pandas().arguments
    assert list(columns) == [column.name for column in COLUMNS]
    assert columns["balance"].arguments == (DECIMALS,)
    assert columns["balance"].options == {"dtype": object}
    assert columns["position"].options == {"dtype": "Int64"}
    assert columns["date"].options == {"dtype": "datetime64[ns]"}
    assert columns["text"].text == ["rent", None]
    assert columns["text"].dtype == "string"


def test_polars_gets_decimals_of_one_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest scale of the column, 38 digits."""
    monkeypatch.setitem(sys.modules, "polars", FakeLibrary())
    (series,) = FRAME.to_polars().arguments
    by_name = {item.arguments[0]: item for item in series}
    assert by_name["balance"].arguments[1] == DECIMALS
    assert by_name["balance"].options["dtype"].arguments == (38, 8)
    assert by_name["debit"].options["dtype"].arguments == (38, 2)
    assert by_name["date"].options["dtype"] == "Date"


def test_arrow_gets_decimal128(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through the Arrow PyCapsule protocol."""
    monkeypatch.setitem(sys.modules, "pyarrow", FakeLibrary())
    table = FRAME.to_arrow(totals=True)
    names = ["role", "caption", *(column.name for column in COLUMNS)]
    assert table.options == {"names": names}
    balance = table.arguments[0][-1]
    assert balance.arguments == (DECIMALS,)
    assert balance.options["type"].name == "decimal128"
    assert balance.options["type"].arguments == (38, 8)
    assert FRAME.__arrow_c_stream__("schema")[1] == "schema"


def test_numbers_that_38_digits_cannot_hold_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never rounded, never a float: the error names the column."""
    monkeypatch.setitem(sys.modules, "pyarrow", FakeLibrary())
    columns = [Column("amount", "Amount", "amount")]
    fine = Row((Amount.from_minor(1, Commodity("ETH", 18)),))
    large = Row((Amount.from_minor(10**27, JPY),))
    with pytest.raises(BoundExceeded) as caught:
        Table("Large", columns, [fine, large]).to_arrow()
    assert caught.value.field == "amount"
    assert Table("Large", columns, [large]).to_arrow()
    least = Row((Amount.from_minor(10**20, JPY),))  # 10^38 at scale 18
    with pytest.raises(BoundExceeded):
        Table("Large", columns, [fine, least]).to_arrow()
    most = Row((Amount.from_minor(10**20 - 1, JPY),))
    assert Table("Large", columns, [fine, most]).to_arrow()


@pytest.mark.parametrize(
    ("method", "module"),
    [("to_pandas", "pandas"), ("to_polars", "polars"), ("to_arrow", "pyarrow")],
)
def test_integers_that_64_bits_cannot_hold_are_refused(
    method: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same error from every frame library; the bounds themselves fit."""
    monkeypatch.setitem(sys.modules, module, FakeLibrary())
    columns = [Column("number", "Number", "integer")]
    for number in (-(2**63), 2**63 - 1, None):
        assert getattr(Table("Fits", columns, [Row((number,))]), method)()
    for number in (-(2**63) - 1, 2**63):
        with pytest.raises(BoundExceeded) as caught:
            getattr(Table("Large", columns, [Row((number,))]), method)()
        assert caught.value.field == "number"


LARGE = Table(
    "Large",
    [Column("amount", "Amount", "amount")],
    [Row((Amount.from_minor(sign * (10**37 + 1), EUR),)) for sign in (1, -1)],
)
LARGE_DECIMALS = [cells["amount"].decimal for cells in LARGE]


def test_real_pandas_holds_exact_decimals() -> None:
    """Values, types and missing ones as pandas itself gives them back."""
    pandas = pytest.importorskip("pandas")
    frame = FRAME.to_pandas()
    assert list(frame["balance"]) == DECIMALS
    assert all(type(value) is Decimal for value in frame["balance"])
    assert frame["date"][0] == pandas.Timestamp(2026, 1, 31)
    assert frame["date"].isna().tolist() == [False, True]
    assert frame["position"].dtype == "Int64"
    assert frame["text"].isna().tolist() == [False, True]
    assert frame["balance"].sum() == sum(DECIMALS)
    assert list(LARGE.to_pandas()["amount"]) == LARGE_DECIMALS
    empty = Table("Empty", COLUMNS, []).to_pandas()
    assert [str(kind) for kind in empty.dtypes] == [str(kind) for kind in frame.dtypes]


def test_real_polars_holds_exact_decimals() -> None:
    """The type is Decimal(38, 8), the values are the same."""
    polars = pytest.importorskip("polars")
    frame = FRAME.to_polars()
    assert frame.schema["balance"] == polars.Decimal(38, 8)
    assert frame["balance"].to_list() == DECIMALS
    assert frame["date"].to_list() == [DAY, None]
    assert frame["text"].to_list() == ["rent", None]
    assert LARGE.to_polars()["amount"].to_list() == LARGE_DECIMALS
    assert Table("Empty", COLUMNS, []).to_polars().schema["debit"] == polars.Decimal(38)


def test_real_arrow_holds_exact_decimals() -> None:
    """The type is decimal128(38, 8); a reader of the protocol sees the same."""
    pyarrow = pytest.importorskip("pyarrow")
    table = FRAME.to_arrow()
    assert table.schema.field("balance").type == pyarrow.decimal128(38, 8)
    assert table["balance"].to_pylist() == DECIMALS
    assert table["date"].to_pylist() == [DAY, None]
    assert LARGE.to_arrow()["amount"].to_pylist() == LARGE_DECIMALS
    assert pyarrow.table(FRAME).equals(table)
    assert Table("Empty", COLUMNS, []).to_arrow().num_rows == 0


def test_frame_libraries_are_not_imported_with_the_module() -> None:
    """Only asking for a frame loads one."""
    module = importlib.import_module("backoffice_ledger.reports._exporting")
    assert not {"pandas", "polars", "pyarrow"} & set(vars(module))
