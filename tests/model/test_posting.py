"""Postings: an amount on one side of one account."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.posting import (
    Posting,
    Side,
    credit,
    debit,
    stored_posting,
)
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    InvalidText,
    LedgerError,
    UnknownCommodity,
)

DAY = date(2026, 1, 31)
FIVE = Amount("5.00", "EUR")


def test_debit_and_credit_are_the_usual_way() -> None:
    """Text amounts or `Amount`s, and nothing else to say."""
    assert debit("assets:bank", "5.00 EUR") == Posting("assets:bank", Side.DEBIT, FIVE)
    assert credit("assets:bank", FIVE) == Posting("assets:bank", Side.CREDIT, FIVE)
    assert debit("assets:bank", FIVE) != credit("assets:bank", FIVE)


@pytest.mark.parametrize("make", [debit, credit])
def test_all_fields_are_kept(make: type[Posting]) -> None:
    """The optional ones by name only."""
    given = {"cost_centre": "B7"}
    posting = make("a", FIVE, value_date=DAY, memo="x", dimensions=given)
    given["cost_centre"] = "B8"
    assert posting.account == "a"
    assert posting.amount is FIVE
    assert posting.value_date == DAY
    assert posting.memo == "x"
    assert posting.dimensions == {"cost_centre": "B7"}
    with pytest.raises(TypeError):
        make("a", FIVE, DAY)


def test_what_is_not_said_is_none() -> None:
    """No value date of its own, no memo, no dimensions; an empty memo is a memo."""
    posting = debit("a", FIVE)
    assert (posting.value_date, posting.memo) == (None, None)
    assert posting.dimensions is EMPTY_MAPPING
    assert debit("a", FIVE, dimensions=None).dimensions is EMPTY_MAPPING
    assert debit("a", FIVE, memo="").memo == ""


@pytest.mark.parametrize(
    ("posting", "signed"),
    [
        (debit("a", "5.00 EUR"), "5.00 EUR"),
        (credit("a", "5.00 EUR"), "-5.00 EUR"),
        (debit("a", "-5.00 EUR"), "-5.00 EUR"),
        (credit("a", "-5.00 EUR"), "5.00 EUR"),
    ],
    ids=str,
)
def test_the_amount_is_signed_on_its_side(posting: Posting, signed: str) -> None:
    """A negative debit moves the balance as a credit does, and stays a debit."""
    assert str(posting.signed) == signed


def test_a_posting_shows_as_bookkeepers_write() -> None:
    """Dr or Cr, account, amount."""
    assert str(debit("assets:bank", "5.00 EUR")) == "Dr assets:bank 5.00 EUR"
    assert str(credit("assets:bank", "-1 JPY")) == "Cr assets:bank -1 JPY"


def test_sides_are_opposite() -> None:
    """Each is the other's."""
    assert Side.DEBIT.opposite is Side.CREDIT
    assert Side.CREDIT.opposite is Side.DEBIT


BAD_AMOUNTS = {
    "float": (1.15, InexactNumber),
    "bool": (True, InexactNumber),
    "int without a commodity": (5, InexactNumber),
    "Decimal without a commodity": (Decimal(5), InexactNumber),
    "None": (None, InexactNumber),
    "text without a commodity": ("5.00", InvalidAmount),
    "too fine": ("5.001 EUR", InvalidAmount),
    "exponent": ("1e999999 EUR", InvalidAmount),
    "unknown": ("5 NOPE", UnknownCommodity),
    "10^27 as text": ("1" + "0" * 27 + " JPY", BoundExceeded),
    "10^27 as a total": (Amount.from_minor(10**27, "JPY"), BoundExceeded),
    "minus 10^27": (Amount.from_minor(-(10**27), "JPY"), BoundExceeded),
}


@pytest.mark.parametrize("name", BAD_AMOUNTS)
@pytest.mark.parametrize("make", [debit, credit])
def test_bad_amounts_are_refused(make: type[Posting], name: str) -> None:
    """Exact, with a commodity, and below 10^27 minor units."""
    value, error = BAD_AMOUNTS[name]
    with pytest.raises(LedgerError) as caught:
        make("assets:bank", value)
    assert type(caught.value) is error
    assert caught.value.field in {"amount", "commodity"}


def test_the_largest_amount_is_accepted() -> None:
    """10^27 - 1, on either side of zero."""
    for minor_units in (10**27 - 1, 1 - 10**27):
        amount = Amount.from_minor(minor_units, "JPY")
        assert debit("a", amount).amount == amount


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"account": "a::b"}, "account", InvalidIdentifier),
        ({"account": None}, "account", InvalidIdentifier),
        ({"account": "a" * 256}, "account", BoundExceeded),
        ({"side": "debit"}, "side", InvalidOption),
        ({"side": None}, "side", InvalidOption),
        ({"side": True}, "side", InvalidOption),
        ({"value_date": "2026-01-31"}, "value_date", InvalidDate),
        ({"value_date": datetime(2026, 1, 31, tzinfo=UTC)}, "value_date", InvalidDate),
        ({"value_date": date(1066, 10, 14)}, "value_date", BoundExceeded),
        ({"value_date": 0}, "value_date", InvalidDate),
        ({"memo": "a\nb"}, "memo", InvalidText),
        ({"memo": 0}, "memo", InvalidText),
        ({"memo": "x" * 10**6}, "memo", BoundExceeded),
        ({"dimensions": "B7"}, "dimensions", InvalidIdentifier),
        ({"dimensions": 0}, "dimensions", InvalidIdentifier),
        ({"dimensions": []}, "dimensions", InvalidIdentifier),
        ({"dimensions": {"a": 1}}, "dimensions['a']", InvalidIdentifier),
        (
            {"dimensions": {f"k{n}": "v" for n in range(65)}},
            "dimensions",
            BoundExceeded,
        ),
    ],
    ids=range(18),
)
def test_bad_fields_are_named(
    fields: dict[str, object], field: str, error: type[LedgerError]
) -> None:
    """Nothing is converted, nothing falsy slips through."""
    good = {"account": "a", "side": Side.DEBIT, "amount": FIVE}
    with pytest.raises(LedgerError) as caught:
        Posting(**good | fields)
    assert type(caught.value) is error
    assert caught.value.field == field


def test_the_first_bad_field_is_named() -> None:
    """In the order of the fields."""
    with pytest.raises(InvalidIdentifier):
        debit("", 1.5, memo=0)
    with pytest.raises(InexactNumber):
        debit("a", 1.5, memo=0)


def test_a_store_rebuilds_what_it_has_checked() -> None:
    """Equal in every field."""
    posting = debit("a", FIVE, value_date=DAY, memo="x", dimensions={"b": "c"})
    again = stored_posting(
        posting.account,
        posting.side,
        posting.amount,
        posting.value_date,
        posting.memo,
        posting.dimensions,
    )
    assert again == posting
    assert hash(again) == hash(posting)
