"""Customers' money: before identity is known, and after a report."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from fake_books import FakeBooks

import backoffice_ledger as bl
from backoffice_ledger.compliance.customers import (
    Identification,
    NoOutflowBeforeIdentification,
    executable_from,
)
from backoffice_ledger.errors import (
    InvalidDate,
    InvalidDocument,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
)

MINE = "liabilities:customers:4711"
OTHER = "liabilities:customers:4712"
IBAN = {"counterparty": "iban-1"}


class Days:
    """Business days: all days, or none, save for holidays."""

    def __init__(self, *holidays: date, works: bool = True) -> None:
        self.holidays, self.works = holidays, works

    def is_business_day(self, day: date) -> bool:
        """Whether *day* is one; Saturdays are."""
        return self.works and day not in self.holidays and day.weekday() < 6


# --- GwG 46 --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dispatched", "executable"),
    [
        (date(2026, 4, 30), date(2026, 5, 7)),  # Thursday before the first of May
        (date(2026, 4, 27), date(2026, 5, 1)),  # Monday: Tue, Wed, Thu
        (date(2026, 5, 8), date(2026, 5, 14)),  # Friday: Mon, Tue, Wed
        (date(2026, 5, 9), date(2026, 5, 14)),  # Saturday
        (date(2026, 5, 10), date(2026, 5, 14)),  # Sunday
    ],
)
def test_a_reported_transaction_waits_three_working_days(
    dispatched: date, executable: date
) -> None:
    """GwG 46(1): the third Werktag after the dispatch has elapsed; no Saturday is one.

    The first line is the worked case of the holiday of 1 May 2026.
    """
    assert executable_from(dispatched, Days(date(2026, 5, 1))) == executable


def test_it_never_waits_for_ever() -> None:
    """A calendar without working days is an error, not an endless search."""
    with pytest.raises(InvalidOption):
        executable_from(date(2026, 5, 1), Days(works=False))


# --- KWG 25j -------------------------------------------------------------------------


def proposal(*postings: bl.Posting) -> bl.Proposal:
    """Return a proposal to post them."""
    return bl.Proposal(
        id="x",
        entry=bl.Entry("x", date(2026, 1, 5), postings),
        digest="0" * 64,
        maker="anna",
        proposed_at=datetime(2026, 1, 5, tzinfo=UTC),
    )


def books(*identifications: Identification) -> FakeBooks:
    """Return a book that keeps them."""
    found = FakeBooks()
    found.keep(*(each.to_document() for each in identifications))
    return found


def dr(account: str, amount: str = "10.00 EUR", **dimensions: str) -> bl.Posting:
    """Return a debit."""
    return bl.debit(account, amount, dimensions=dimensions)


def cr(account: str, amount: str = "10.00 EUR", **dimensions: str) -> bl.Posting:
    """Return a credit."""
    return bl.credit(account, amount, dimensions=dimensions)


PENDING = Identification(MINE, "pending", source="assets:bank")


@pytest.mark.parametrize(
    ("postings", "allowed"),
    [
        ([dr("assets:bank"), cr(MINE)], True),
        ([dr(MINE), cr("assets:bank")], True),
        ([dr(MINE), cr(OTHER)], False),
        ([dr(MINE), cr("income:fees")], False),
        ([cr(MINE, "-10.00 EUR"), dr(OTHER, "-10.00 EUR")], False),
        ([dr(MINE), cr("assets:bank", "6.00 EUR"), cr(OTHER, "4.00 EUR")], False),
        ([dr(OTHER), cr("income:fees")], True),
    ],
    ids=["in", "refund", "to another", "fee", "negative credit", "part", "not mine"],
)
def test_nothing_leaves_an_account_before_identification(
    postings: list[bl.Posting], allowed: bool
) -> None:
    """KWG 25j: credit yes, debit no, refund to the source yes."""
    control = NoOutflowBeforeIdentification()
    findings = control.examine(proposal(*postings), books(PENDING))
    assert findings == [bl.Allow()] if allowed else bl.Deny in map(type, findings)
    complete = Identification(MINE, "complete", source="assets:bank")
    assert control.examine(proposal(*postings), books(complete)) == [bl.Allow()]


def test_a_refund_goes_to_the_payers_own_account() -> None:
    """Where many pay through one account, a dimension tells them apart."""
    own = Identification(MINE, "pending", source="assets:bank", source_dimensions=IBAN)
    control = NoOutflowBeforeIdentification()
    for iban, allowed in (("iban-1", True), ("iban-2", False)):
        item = proposal(dr(MINE), cr("assets:bank", counterparty=iban))
        assert (control.examine(item, books(own)) == [bl.Allow()]) is allowed
    item = proposal(dr(MINE), cr("assets:bank"))
    assert control.examine(item, books(own)) != [bl.Allow()]


def test_without_a_source_nothing_goes_back() -> None:
    """Nobody knows where to."""
    control = NoOutflowBeforeIdentification()
    item = proposal(dr(MINE), cr("assets:bank"))
    [finding] = control.examine(item, books(Identification(MINE, "pending")))
    assert finding == bl.Deny(
        "identification-pending", f"{MINE}: the holder is not identified yet"
    )


def test_accounts_may_need_an_identification() -> None:
    """Below a path, one that is missing counts as pending; elsewhere it does not."""
    control = NoOutflowBeforeIdentification("liabilities:customers")
    item = proposal(dr(OTHER), cr("assets:bank"))
    assert control.examine(item, books()) != [bl.Allow()]
    assert NoOutflowBeforeIdentification().examine(item, books()) == [bl.Allow()]
    elsewhere = proposal(dr("liabilities:customersX:1"), cr("assets:bank"))
    assert control.examine(elsewhere, books()) == [bl.Allow()]


def test_an_identification_is_a_document_with_versions() -> None:
    """It comes back as it was."""
    first = Identification(
        MINE, "pending", source="assets:bank", source_dimensions=IBAN
    )
    document = first.to_document()
    assert Identification.from_document(document) == first
    done = Identification(MINE, "complete")
    second = document.revise(done.content)
    assert (Identification.from_document(second), second.version) == (done, 2)


BAD: list[tuple[Any, type[LedgerError]]] = [
    (lambda: Identification("", "pending"), InvalidIdentifier),
    (lambda: Identification(MINE, "perhaps"), InvalidOption),
    (lambda: Identification(MINE, "pending", source=""), InvalidIdentifier),
    (lambda: Identification(MINE, "pending", source_dimensions=7), InvalidOption),
    (lambda: NoOutflowBeforeIdentification(""), InvalidIdentifier),
    (lambda: executable_from(datetime(2026, 1, 1, tzinfo=UTC), Days()), InvalidDate),
    (
        lambda: executable_from(date(2026, 1, 1), Days(), working_days=0),
        InvalidOption,
    ),
    (
        lambda: Identification.from_document(
            bl.Document("identification", MINE, {"status": "perhaps"})
        ),
        InvalidDocument,
    ),
    (
        lambda: Identification.from_document(
            bl.Document("identification", MINE, {"colour": "red"})
        ),
        InvalidDocument,
    ),
]


@pytest.mark.parametrize(("make", "error"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input(make: Any, error: type[LedgerError]) -> None:
    """It is an error of the library that names the field."""
    with pytest.raises(error) as caught:
        make()
    assert caught.value.field
