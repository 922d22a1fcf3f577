"""The pinned ISO 4217 table."""

import csv
from datetime import date, timedelta
from pathlib import Path
from string import ascii_uppercase

import pytest

from backoffice_ledger._model import iso4217
from backoffice_ledger._model.iso4217 import (
    CurrencyFact,
    currency_codes,
    currency_fact,
)

CSV = Path(__file__).parents[1] / "data" / "currency_digits.csv"
with CSV.open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))

FACTS = [fact for code in sorted(currency_codes()) if (fact := currency_fact(code))]

WITHDRAWN = [
    CurrencyFact(
        "ANG", 2, "532", "Netherlands Antillean Guilder", None, date(2025, 3, 31)
    ),
    CurrencyFact("BGN", 2, "975", "Bulgarian Lev", None, date(2026, 1, 31)),
    CurrencyFact("DEM", 2, "276", "Deutsche Mark", None, date(2002, 3, 31)),
    CurrencyFact("FRF", 2, "250", "French Franc", None, date(2002, 3, 31)),
    CurrencyFact("HRK", 2, "191", "Kuna", None, date(2023, 1, 31)),
    CurrencyFact("ITL", 0, "380", "Italian Lira", None, date(2002, 3, 31)),
    CurrencyFact("XFU", None, "", "UIC-Franc", None, date(2013, 11, 30)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_digits_are_those_of_iso(row: dict[str, str]) -> None:
    """A code in use has ISO's digits, whatever CLDR says, and no last day."""
    fact = currency_fact(row["code"])
    expected = row["iso4217_minor_units"]
    assert fact is not None
    assert fact.digits == (int(expected) if expected else None)
    assert fact.valid_until is None


def test_codes_in_use_are_exactly_those_of_the_file() -> None:
    """Every code that is not in the file is withdrawn and has a last day."""
    in_use = {fact.code for fact in FACTS if fact.valid_until is None}
    assert in_use == {row["code"] for row in ROWS}


@pytest.mark.parametrize("expected", WITHDRAWN, ids=lambda fact: fact.code)
def test_withdrawn_code_stays_readable(expected: CurrencyFact) -> None:
    """A withdrawn code keeps its digits and tells its last day."""
    assert currency_fact(expected.code) == expected


def test_last_day_ends_a_month() -> None:
    """ISO gives a month of withdrawal; we take its last day."""
    for fact in FACTS:
        if fact.valid_until is not None:
            assert (fact.valid_until + timedelta(days=1)).day == 1, fact


def test_fields_are_well_formed() -> None:
    """Codes, digits, numbers, names and dates have the form that they promise."""
    for fact in FACTS:
        assert len(fact.code) == 3, fact
        assert set(fact.code) <= set(ascii_uppercase), fact
        assert fact.digits is None or 0 <= fact.digits <= 4, fact
        assert fact.numeric == "" or fact.numeric.isdecimal(), fact
        assert len(fact.numeric) in (0, 3), fact
        assert fact.name, fact
        assert fact.name == " ".join(fact.name.split()), fact
        first, last = fact.valid_from or date.min, fact.valid_until or date.max
        assert first <= last, fact


def test_table_is_sorted_without_duplicates() -> None:
    """One line per code, in code order, and none is lost in parsing."""
    codes = [line.split("|")[0] for line in iso4217._TABLE.splitlines()]
    assert codes == sorted(set(codes))
    assert currency_codes() == set(codes)


@pytest.mark.parametrize(
    "code", ["", "eur", "EU", "EURO", "EUR|2", "ZZZ", "US0378331005"]
)
def test_unknown_code_has_no_fact(code: str) -> None:
    """A code that is not in the table gives None, never an error or a guess."""
    assert currency_fact(code) is None
    assert code not in currency_codes()
