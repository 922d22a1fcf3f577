"""Entries balance by construction; drafts may wait."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import (
    PHASE_OF_KIND,
    Entry,
    EntryDraft,
    EntryKind,
    Phase,
    PostSummary,
    at_index,
    check_balanced,
    residual,
    stored_entry,
)
from backoffice_ledger._model.posting import Posting, credit, debit
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityConflict,
    InvalidDate,
    InvalidEntry,
    InvalidIdentifier,
    InvalidOption,
    InvalidText,
    LedgerError,
    Unbalanced,
)

DAY = date(2026, 1, 31)
RENT = [debit("expenses:rent", "5.00 EUR"), credit("assets:bank", "5.00 EUR")]
POINTS = [Commodity("POINTS", scale) for scale in (0, 2)]
FULL: dict[str, Any] = {
    "description": "Miete für Januar",
    "kind": EntryKind.ADJUSTING,
    "journal": "accruals",
    "document_number": "R-17/2026",
    "document_date": date(2026, 1, 28),
    "economic_date": date(2025, 12, 31),
    "references": ("lease-7", "R-17"),
    "rule": "rent@1",
}


def refusal(call: Callable[[], object]) -> LedgerError:
    """Return the error that *call* raises."""
    with pytest.raises(LedgerError) as caught:
        call()
    return caught.value


def test_the_fields_of_an_entry() -> None:
    """Postings become a tuple; what is not said has its default."""
    entry = Entry("rent-2026-01", DAY, RENT)
    assert entry.id == "rent-2026-01"
    assert entry.date == DAY
    assert entry.postings == tuple(RENT)
    assert entry.description == ""
    assert entry.kind is EntryKind.NORMAL
    assert entry.journal == "general"
    assert entry.document_number is None
    assert entry.document_date is None
    assert entry.economic_date is None
    assert entry.references == ()
    assert entry.rule is None


@pytest.mark.parametrize("make", [Entry, EntryDraft])
def test_optional_fields_are_kept(make: type[Entry | EntryDraft]) -> None:
    """By name only; a kind may be given by its name, references as any list."""
    fields = FULL | {"kind": "adjusting", "references": list(FULL["references"])}
    value = make(id="x", date=DAY, postings=iter(RENT), **fields)
    assert {name: getattr(value, name) for name in FULL} == FULL
    with pytest.raises(TypeError):
        Entry("x", DAY, RENT, "Miete")  # type: ignore[misc]


@pytest.mark.parametrize("make", [list, tuple, iter])
def test_postings_come_in_any_order_of_their_own(make: Callable[..., Any]) -> None:
    """Lists, tuples and generators are kept in order."""
    assert Entry("x", DAY, make(RENT)).postings == tuple(RENT)


TABLE = {
    "balanced in two commodities": (
        [
            *(debit("a", "5 EUR"), debit("b", "7 JPY")),
            *(credit("c", "5 EUR"), credit("d", "7 JPY")),
        ],
        None,
    ),
    "negative debit against a debit": (
        [debit("a", "-5 EUR"), debit("b", "5 EUR")],
        None,
    ),
    "three postings": (
        [debit("a", "5 EUR"), credit("b", "3 EUR"), credit("c", "2 EUR")],
        None,
    ),
    "one posting is zero": (
        [debit("a", "5 EUR"), credit("b", "5 EUR"), debit("c", "0 EUR")],
        None,
    ),
    "a cent off": ([debit("a", "5.01 EUR"), credit("b", "5 EUR")], "0.01 EUR"),
    "credits exceed": ([debit("a", "5 EUR"), credit("b", "6 EUR")], "-1.00 EUR"),
    "two debits": ([debit("a", "5 EUR"), debit("b", "5 EUR")], "10.00 EUR"),
    "another commodity": (
        [debit("a", "5 EUR"), credit("b", "5 USD")],
        "5.00 EUR, -5.00 USD",
    ),
    "one of two commodities": (
        [debit("a", "5 EUR"), credit("b", "5 EUR"), debit("a", "7 JPY")],
        "7 JPY",
    ),
    "a unit in 10^27": (
        [
            debit("a", Amount.from_minor(10**27 - 1, "JPY")),
            credit("b", Amount.from_minor(10**27 - 2, "JPY")),
        ],
        "1 JPY",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_every_commodity_sums_to_exactly_zero(name: str) -> None:
    """No tolerance."""
    postings, difference = TABLE[name]
    if difference is None:
        check_balanced(postings)
        assert Entry("x", DAY, postings).postings == tuple(postings)
        assert residual(postings) == {}
    else:
        caught = refusal(lambda: Entry("x", DAY, postings))
        assert type(caught) is Unbalanced
        assert caught.field == "postings"
        assert caught.found == repr(difference)


@pytest.mark.parametrize(
    ("postings", "error", "field"),
    [
        ([], InvalidEntry, "postings"),
        ([debit("a", "0 EUR")], InvalidEntry, "postings"),
        ([debit("a", "0 EUR"), credit("b", "0 EUR")], InvalidEntry, "postings"),
        (RENT * 5_001, BoundExceeded, "postings"),
        (itertools.repeat(RENT[0]), BoundExceeded, "postings"),
        (set(RENT), InvalidEntry, "postings"),
        (frozenset(RENT), InvalidEntry, "postings"),
        ("Dr a 5 EUR", InvalidEntry, "postings"),
        ("x" * 10**6, InvalidEntry, "postings"),
        (b"Dr a 5 EUR", InvalidEntry, "postings"),
        (None, InvalidEntry, "postings"),
        (RENT[0], InvalidEntry, "postings"),
        (1 << 3_400_000, InvalidEntry, "postings"),
        ([RENT[0], None], InvalidEntry, "postings[1]"),
        ([1 << 3_400_000], InvalidEntry, "postings[0]"),
        ([("a", "5 EUR")], InvalidEntry, "postings[0]"),
        ({"a": RENT[0]}, InvalidEntry, "postings[0]"),
    ],
    ids=range(17),
)
def test_bad_postings_are_refused(
    postings: Any, error: type[LedgerError], field: str
) -> None:
    """Too few, too many, all zero, without an order, or no postings at all."""
    caught = refusal(lambda: Entry("x", DAY, postings))
    assert type(caught) is error
    assert caught.field == field


def test_ten_thousand_postings_are_accepted() -> None:
    """And not one more."""
    assert len(Entry("x", DAY, RENT * 5_000).postings) == 10_000


def test_one_code_has_one_scale() -> None:
    """Even where each of the two sums to zero."""
    lines = [make("a", Amount(1, unit)) for unit in POINTS for make in (debit, credit)]
    for make in (Entry, EntryDraft):
        caught = refusal(lambda make=make: make(id="x", date=DAY, postings=lines))
        assert type(caught) is CommodityConflict
        assert caught.field == "commodity"


DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]

BAD_FIELDS = [
    ("id", "", InvalidIdentifier),
    ("id", " x", InvalidIdentifier),
    ("id", "x\n", InvalidIdentifier),
    ("id", "x\0", InvalidIdentifier),
    ("id", "\uff42\uff4f\uff42", InvalidIdentifier),
    ("id", 7, InvalidIdentifier),
    ("id", "x" * 256, BoundExceeded),
    ("id", "x" * 10**6, BoundExceeded),
    ("date", "2026-01-31", InvalidDate),
    ("date", "01/02/2025", InvalidDate),
    ("date", "10:36", InvalidDate),
    ("date", "20250131", InvalidDate),
    ("date", datetime(2026, 1, 31, tzinfo=UTC), InvalidDate),
    ("date", None, InvalidDate),
    ("date", 1 << 3_400_000, InvalidDate),
    ("date", DEEP, InvalidDate),
    ("date", date(1899, 12, 31), BoundExceeded),
    ("description", None, InvalidText),
    ("description", 0, InvalidText),
    ("description", [], InvalidText),
    ("description", "ok\nINFO approved by bob", InvalidText),
    ("description", "x" * 4097, BoundExceeded),
    ("kind", "payment", InvalidOption),
    ("kind", None, InvalidOption),
    ("kind", [], InvalidOption),
    ("kind", "x" * 10**6, InvalidOption),
    ("kind", 1 << 3_400_000, InvalidOption),
    ("journal", "", InvalidIdentifier),
    ("journal", None, InvalidIdentifier),
    ("document_number", "", InvalidIdentifier),
    ("document_number", 17, InvalidIdentifier),
    ("document_date", "2026-01-28", InvalidDate),
    ("document_date", 0, InvalidDate),
    ("economic_date", datetime(2026, 1, 31, tzinfo=UTC), InvalidDate),
    ("references", "lease-7", InvalidEntry),
    ("references", b"lease-7", InvalidEntry),
    ("references", None, InvalidEntry),
    ("references", {"lease-7"}, InvalidEntry),
    ("references", [""], InvalidIdentifier),
    ("references", [7], InvalidIdentifier),
    ("references", ["x"] * 65, BoundExceeded),
    ("references", itertools.repeat("x"), BoundExceeded),
    ("rule", "", InvalidIdentifier),
]


@pytest.mark.parametrize(("field", "value", "error"), BAD_FIELDS, ids=range(43))
@pytest.mark.parametrize("make", [Entry, EntryDraft])
def test_bad_fields_are_named(
    make: type[Entry | EntryDraft], field: str, value: Any, error: type[LedgerError]
) -> None:
    """At once, whatever is given; nothing falsy slips through."""
    fields = {"id": "x", "date": DAY, "postings": RENT} | {field: value}
    caught = refusal(lambda: make(**fields))
    assert type(caught) is error
    assert caught.field == field
    assert len(caught.found or "") <= 80
    assert str(caught).isprintable()


def test_the_first_bad_field_is_named() -> None:
    """In the order of the fields; the balance comes last."""
    off = [debit("a", "5 EUR"), debit("a", "5 EUR")]
    assert refusal(lambda: Entry("", "x", off)).field == "id"
    assert refusal(lambda: Entry("x", "x", off)).field == "date"
    assert refusal(lambda: Entry("x", DAY, off, rule="")).field == "rule"
    assert refusal(lambda: Entry("x", DAY, off)).field == "postings"


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_has_a_phase(kind: EntryKind) -> None:
    """Which decides the reports that show it."""
    assert Entry("x", DAY, RENT, kind=kind).phase is PHASE_OF_KIND[kind]


def test_phases() -> None:
    """Closing entries close, adjustments adjust, all others are normal."""
    by_phase = {
        phase: {kind.value for kind, its in PHASE_OF_KIND.items() if its is phase}
        for phase in Phase
    }
    assert by_phase == {
        Phase.NORMAL: {"normal", "opening", "reversing"},
        Phase.ADJUSTING: {"adjusting", "restatement", "revaluation"},
        Phase.CLOSING: {"closing"},
    }


def test_evolve_checks_again() -> None:
    """A changed copy is held to the same rules."""
    entry = Entry("x", DAY, RENT, **FULL)
    assert attrs.evolve(entry, id="y").id == "y"
    with pytest.raises(Unbalanced):
        attrs.evolve(entry, postings=[RENT[0], RENT[0]])


def test_a_draft_need_not_balance() -> None:
    """It shows what is missing."""
    draft = EntryDraft(DAY, [debit("a", "5 EUR"), credit("b", "7 JPY")])
    assert draft.id is None
    assert draft.balance_to is None
    assert draft.residual == Balance([Amount(5, "EUR"), Amount(-7, "JPY")])
    assert EntryDraft(DAY, RENT).residual == Balance()


def test_a_draft_becomes_an_entry() -> None:
    """With the id of the draft or of the call, and all other fields."""
    expected = Entry("x", DAY, RENT, **FULL)
    assert EntryDraft(DAY, RENT, id="x", **FULL).to_entry() == expected
    assert EntryDraft(DAY, RENT, id="x", **FULL).to_entry("x") == expected
    assert EntryDraft(DAY, RENT, **FULL).to_entry("x") == expected


def test_one_account_takes_the_difference() -> None:
    """Of every commodity, on the side where it is missing."""
    draft = EntryDraft(
        DAY, [debit("a", "5 EUR"), credit("b", "7 JPY")], balance_to="equity:opening"
    )
    assert draft.to_entry("x").postings == (
        *draft.postings,
        credit("equity:opening", "5 EUR"),
        debit("equity:opening", "7 JPY"),
    )


@pytest.mark.parametrize(
    ("draft", "id", "error", "field"),
    [
        (EntryDraft(DAY, RENT), None, InvalidEntry, "id"),
        (EntryDraft(DAY, RENT, id="x"), "y", InvalidEntry, "id"),
        (EntryDraft(DAY, RENT), "", InvalidIdentifier, "id"),
        (EntryDraft(DAY, RENT[:1]), "x", InvalidEntry, "postings"),
        (EntryDraft(DAY, [RENT[0], RENT[0]]), "x", Unbalanced, "postings"),
    ],
    ids=range(5),
)
def test_a_draft_that_cannot_become_an_entry(
    draft: EntryDraft, id: str | None, error: type[LedgerError], field: str
) -> None:
    """Without an id, with two of them, or out of balance."""
    caught = refusal(lambda: draft.to_entry(id))
    assert type(caught) is error
    assert caught.field == field


def test_a_difference_can_be_too_large_for_one_posting() -> None:
    """Then the account that should take it cannot."""
    largest = Amount.from_minor(10**27 - 1, "JPY")
    draft = EntryDraft(DAY, [debit("a", largest)] * 2, balance_to="b")
    assert type(refusal(lambda: draft.to_entry("x"))) is BoundExceeded


def test_a_draft_checks_what_it_knows() -> None:
    """Its own fields as well."""
    assert refusal(lambda: EntryDraft(DAY, [])).field == "postings"
    assert refusal(lambda: EntryDraft(DAY, RENT, id="")).field == "id"
    assert (
        refusal(lambda: EntryDraft(DAY, RENT, balance_to="a::b")).field == "balance_to"
    )


def test_a_store_rebuilds_what_it_has_checked() -> None:
    """Equal in every field, and complete."""
    entry = Entry("x", DAY, RENT, **FULL)
    fields = [getattr(entry, field.name) for field in attrs.fields(Entry)]
    assert stored_entry(*fields) == entry
    with pytest.raises(ValueError, match="shorter"):
        stored_entry(*fields[:-1])


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, "entries[3] (id 'x')"),
        ("postings", "entries[3] (id 'x').postings"),
    ],
)
def test_an_error_in_a_batch_says_which_entry(field: str | None, expected: str) -> None:
    """By index and id, in front of the field that it already names."""
    error = Unbalanced(field=field)
    at_index(error, 3, "x")
    assert error.field == expected


def test_a_summary_starts_at_nothing() -> None:
    """Nothing posted, nothing repeated, no positions."""
    assert PostSummary() == PostSummary(0, 0, 0, None, None)


def test_postings_of_another_make_are_refused() -> None:
    """Even if they look like one."""
    fake = type("Posting", (), {"amount": RENT[0].amount, "side": RENT[0].side})()
    assert not isinstance(fake, Posting)
    assert refusal(lambda: Entry("x", DAY, [RENT[0], fake])).field == "postings[1]"
