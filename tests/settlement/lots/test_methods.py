"""Which method is valid since when, as the book keeps it."""

from collections.abc import Iterator
from datetime import date

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidIdentifier, InvalidOption
from backoffice_ledger.settlement.lots import LotMethods


@pytest.fixture
def methods() -> Iterator[LotMethods]:
    """Return the methods of a new book."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        yield LotMethods(ledger)


def test_first_in_first_out_unless_chosen(methods: LotMethods) -> None:
    """Nothing chosen, or nothing yet, is fifo."""
    methods.choose("hifo", since=date(2026, 7, 1))
    on = {
        day: methods.on(day, owner="firm", instrument="ACME")
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    }
    assert list(on.values()) == ["fifo", "hifo"]


def test_an_instrument_may_have_its_own(methods: LotMethods) -> None:
    """What is chosen for an instrument goes before what is chosen for its owner."""
    methods.choose("lifo", since=date(2026, 1, 1))
    methods.choose("specific", since=date(2026, 7, 1), instrument="ACME")
    day = date(2026, 8, 1)
    assert methods.on(day, owner="firm", instrument="ACME") == "specific"
    assert methods.on(day, owner="firm", instrument="OTHER") == "lifo"
    assert methods.on(date(2026, 6, 1), owner="firm", instrument="ACME") == "lifo"
    assert methods.on(day, owner="bank", instrument="ACME") == "fifo"


def test_a_choice_is_a_version(methods: LotMethods) -> None:
    """Choices follow one another; repeating the last one changes nothing."""
    methods.choose("fifo", since=date(2026, 1, 1))
    second = methods.choose("hifo", since=date(2027, 1, 1))
    assert methods.choose("hifo", since=date(2027, 1, 1)) == second
    assert second.version == 2
    assert methods.on(date(2026, 12, 31), owner="firm", instrument="ACME") == "fifo"
    with pytest.raises(InvalidOption, match="a day after 2027-01-01"):
        methods.choose("lifo", since=date(2026, 6, 1))


def test_arguments_are_checked(methods: LotMethods) -> None:
    """A method, a day and an owner are what they must be."""
    with pytest.raises(InvalidOption):
        methods.choose("best", since=date(2026, 1, 1))  # type: ignore[arg-type]
    with pytest.raises(InvalidDate):
        methods.choose("fifo", since="2026")  # type: ignore[arg-type]
    with pytest.raises(InvalidIdentifier):
        methods.choose("fifo", since=date(2026, 1, 1), owner="")
