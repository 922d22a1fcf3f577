"""The four-eyes principle, from the first proposal to the entry in the book."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance import Band, FourEyes
from backoffice_ledger.errors import (
    AlreadyReversed,
    ApprovalRequired,
    ControlDenied,
    ControlMissing,
    DigestMismatch,
    IdempotencyConflict,
    InexactNumber,
    InvalidAmount,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    NotPermitted,
    PeriodNotOpen,
    ProposalState,
    UnknownCommodity,
    UnknownProposal,
    UnknownRecord,
)
from backoffice_ledger.protocols import Books, Control
from backoffice_ledger.testing import FrozenClock

Reopen = Callable[..., bl.Ledger]
CLOCK = FrozenClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
JANUARY = date(2026, 1, 31)
BANDS = [
    Band(above="0.00 EUR", approvals=0),
    Band(above="1000.00 EUR", approvals=1),
    Band(above="1000000.00 EUR", approvals=2),
    Band(above="100000 JPY", approvals=1),
]


def rent(amount: str = "1500.00 EUR", id: str = "rent") -> bl.Entry:
    """Return an entry for the rent of January."""
    return bl.Entry(
        id,
        JANUARY,
        [
            bl.debit("expenses:rent", amount, memo="third floor"),
            bl.credit("assets:bank", amount),
        ],
        description="Office rent, January",
    )


def size(ledger: bl.Ledger) -> int:
    """Return how many records the log holds; it must be sound."""
    return ledger.verify().records


# --- bands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "approvals"),
    [
        ("0.01 EUR", 0),
        ("1000.00 EUR", 0),
        ("1000.01 EUR", 1),
        ("1000000.00 EUR", 1),
        ("1000000.01 EUR", 2),
        ("100000 JPY", 0),
        ("100001 JPY", 1),
        ("0.01 USD", 2),
    ],
)
def test_bands_begin_just_above_their_amount(amount: str, approvals: int) -> None:
    """A commodity without bands is in the highest one of all."""
    assert FourEyes(bands=BANDS).approvals_for(bl.Amount.parse(amount)) == approvals


def test_a_commodity_of_another_scale_is_unknown() -> None:
    """Its amounts mean something else."""
    points = [
        bl.Amount("5", bl.Commodity("POINTS", 0)),
        bl.Amount("5", bl.Commodity("POINTS", 2)),
    ]
    control = FourEyes(bands=[Band(above=points[0], approvals=3)])
    assert [control.approvals_for(amount) for amount in points] == [0, 3]


def test_without_bands_every_entry_needs_one_approval() -> None:
    """The shortest form is a strict one."""
    assert FourEyes().approvals_for(bl.Amount("0.01", "EUR")) == 1


@given(st.lists(st.integers(1, 10**9), min_size=2))
def test_larger_amounts_never_need_fewer_approvals(units: list[int]) -> None:
    """band(a) <= band(b) for a <= b."""
    control = FourEyes(bands=BANDS)
    amounts = [bl.Amount.from_minor(unit, "EUR") for unit in sorted(units)]
    needed = [control.approvals_for(amount) for amount in amounts]
    assert needed == sorted(needed)


@pytest.mark.parametrize(
    ("bands", "error"),
    [
        (lambda: [], InvalidOption),
        (lambda: ["1000.00 EUR"], InvalidOption),
        (lambda: [BANDS[1], BANDS[0]], InvalidOption),
        (lambda: [BANDS[1], BANDS[1]], InvalidOption),
        (lambda: [BANDS[1], Band(above="2000.00 EUR", approvals=0)], InvalidOption),
        (lambda: [Band(above="-1.00 EUR", approvals=1)], InvalidOption),
        (lambda: [Band(above="1.00 EUR", approvals=-1)], InvalidOption),
        (lambda: [Band(above="1.00 EUR", approvals=True)], InvalidOption),
        (lambda: [Band(above="1.00 EUR", approvals=1.5)], InvalidOption),  # type: ignore[arg-type]
        (lambda: [Band(above=1000, approvals=1)], InexactNumber),  # type: ignore[arg-type]
        (lambda: [Band(above="1000", approvals=1)], InvalidAmount),
        (lambda: [Band(above="1000.00 EURO", approvals=1)], UnknownCommodity),
    ],
    ids=range(12),
)
def test_bands_that_make_no_sense(
    bands: Callable[[], list[Band]], error: type[LedgerError]
) -> None:
    """They rise within each commodity, in amount and in approvals."""
    with pytest.raises(error):
        FourEyes(bands=bands())


@pytest.mark.parametrize(
    "postings",
    [
        # two debits add up
        [
            bl.debit("expenses:rent", "600.00 EUR"),
            bl.debit("expenses:rent", "600.00 EUR"),
            bl.credit("assets:bank", "1200.00 EUR"),
        ],
        # a negative credit is a debit
        [
            bl.credit("expenses:rent", "-1200.00 EUR"),
            bl.credit("assets:bank", "1200.00 EUR"),
        ],
        # the signs of a same-side reversal hide nothing
        [
            bl.debit("expenses:rent", "-1200.00 EUR"),
            bl.credit("assets:bank", "-1200.00 EUR"),
        ],
        # nor does a debit that is netted by a negative one
        [
            bl.debit("expenses:rent", "1200.00 EUR"),
            bl.debit("assets:bank", "-1200.00 EUR"),
        ],
        # the commodity that needs more decides
        [
            bl.debit("expenses:rent", "1.00 EUR"),
            bl.credit("assets:bank", "1.00 EUR"),
            bl.debit("expenses:rent", "100001 JPY"),
            bl.credit("assets:bank", "100001 JPY"),
        ],
    ],
    ids=range(5),
)
def test_the_gross_debit_decides(reopen: Reopen, postings: list[bl.Posting]) -> None:
    """However the entry is written."""
    ledger = reopen(FourEyes(bands=BANDS))
    with pytest.raises(ApprovalRequired):
        ledger.post(bl.Entry("rent", JANUARY, postings))


# --- the whole life ------------------------------------------------------------------


def test_made_approved_released_with_a_restart_between(reopen: Reopen) -> None:
    """Each step finds what the steps before it left in the book."""
    control = FourEyes(bands=BANDS)
    proposal = reopen(control).propose(rent())
    assert (proposal.maker, proposal.status) == ("clerk", bl.ProposalStatus.OPEN)

    ledger = reopen(control, actor="controller")
    [waiting] = ledger.proposals.all(status=bl.ProposalStatus.OPEN)
    assert waiting == proposal
    ledger.proposals.approve("rent", seen=waiting.digest)

    ledger = reopen(control, actor="cashier")
    assert ledger.proposals.get("rent").approvers == ("controller",)
    record = ledger.proposals.post("rent")
    assert record == ledger.record("rent")
    assert (record.entry, record.actor) == (rent(), "cashier")
    assert (record.proposal, record.controls) == ("rent", ("four-eyes@1",))
    assert ledger.balance("expenses:rent")["EUR"] == bl.Amount("1500.00", "EUR")

    ledger = reopen(control)
    assert ledger.proposals.get("rent").status is bl.ProposalStatus.POSTED
    ledger.verify()


def test_what_was_voted_on_is_what_is_posted(reopen: Reopen) -> None:
    """The digest is the SHA-256 of the canonical content that the log holds."""
    ledger = reopen(FourEyes())
    proposal = ledger.propose(rent())
    ledger.proposals.approve("rent", actor="controller", seen=proposal.digest)
    position = ledger.proposals.post("rent", actor="controller").position
    session = ledger._session
    with session.store.transaction(session.book, write=False) as transaction:
        [row] = transaction.log(position - 1, 1)
    content = json.dumps(
        json.loads(row.data)["content"],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert sha256(content.encode()).hexdigest() == proposal.digest
    assert b"third floor" not in row.data


def test_a_retry_of_any_step_changes_nothing(reopen: Reopen) -> None:
    """Propose, approve, release, and even a direct posting return what is there."""
    ledger = reopen(FourEyes())
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    record = ledger.proposals.post("rent", actor="controller")
    before = size(ledger)
    assert ledger.propose(rent()).status is bl.ProposalStatus.POSTED
    assert ledger.proposals.approve("rent", actor="controller", seen=seen).votes
    assert ledger.proposals.post("rent", actor="controller") == record
    assert ledger.proposals.post("rent", actor="clerk") == record
    assert ledger.post(rent()) == record
    assert ledger.post_many([rent()]).repeated == 1
    assert size(ledger) == before


def test_other_content_under_the_same_id(reopen: Reopen) -> None:
    """Votes bind to the first content; other content needs another id."""
    reopen().post(rent(id="posted"))
    ledger = reopen(FourEyes())
    ledger.propose(rent())
    with pytest.raises(IdempotencyConflict):
        ledger.propose(rent("1501.00 EUR"))
    with pytest.raises(IdempotencyConflict):
        ledger.propose(rent(id="posted"))


def test_after_erasure_a_retry_compares_what_remains(reopen: Reopen) -> None:
    """The proposal lost the text as well."""
    ledger = reopen(FourEyes())
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    ledger.proposals.post("rent", actor="controller")
    ledger.redact("rent", field="description", basis="GDPR Art. 17(1)(a)")
    assert ledger.proposals.get("rent").entry.description == ""
    assert ledger.propose(rent()).digest == seen
    ledger.verify()


# --- direct postings -----------------------------------------------------------------


def test_a_direct_posting_is_refused(reopen: Reopen) -> None:
    """Whichever door it takes."""
    ledger = reopen(FourEyes())
    before = size(ledger)
    for attempt in (
        lambda: ledger.post(rent()),
        lambda: ledger.post(rent(), dry_run=True),
        lambda: ledger.post_many([rent()]),
        lambda: ledger.post_many([rent()], atomic=True),
    ):
        with pytest.raises(ApprovalRequired):
            attempt()
    assert size(ledger) == before


def test_a_reversal_is_a_posting_too(reopen: Reopen) -> None:
    """Neither the verb nor the kind of an entry leads around the control."""
    reopen().post(rent())
    ledger = reopen(FourEyes())
    with pytest.raises(ApprovalRequired):
        ledger.reverse("rent", date=JANUARY, reason="paid twice")
    with pytest.raises(InvalidOption):
        ledger.propose(with_changes(rent(id="back"), kind="reversing"))


def with_changes(entry: bl.Entry, **changes: Any) -> bl.Entry:
    """Return *entry* with other fields."""
    fields = {
        field.name: getattr(entry, field.name) for field in attrs.fields(bl.Entry)
    }
    return bl.Entry(**(fields | changes))


def test_below_the_bands_nobody_is_asked(reopen: Reopen) -> None:
    """The record names the control that let it pass."""
    ledger = reopen(FourEyes(bands=BANDS, version="2026-01"))
    record = ledger.post(rent("1000.00 EUR"))
    assert record.controls == ("four-eyes@2026-01",)
    assert record.proposal is None


def test_many_postings_stop_at_the_first_that_needs_approval(reopen: Reopen) -> None:
    """The error names it, and nothing of its batch is written."""
    ledger = reopen(FourEyes(bands=BANDS))
    before = size(ledger)
    entries = [rent("1.00 EUR", "a"), rent("2.00 EUR", "b"), rent("1500.00 EUR", "c")]
    with pytest.raises(ApprovalRequired) as caught:
        ledger.post_many(entries)
    assert caught.value.field == "entries[2] (id 'c').id"
    assert size(ledger) == before
    summary = ledger.post_many([*entries[:2], entries[0]])
    assert (summary.posted, summary.repeated) == (2, 1)
    assert summary.last_position == size(ledger)


def test_columns_pass_the_controls_too(reopen: Reopen) -> None:
    """The fastest door is no side door."""
    ledger = reopen(FourEyes(bands=BANDS))
    columns = {
        "ids": ["a", "b"],
        "dates": [JANUARY, JANUARY],
        "debits": ["expenses:rent"] * 2,
        "credits": ["assets:bank"] * 2,
    }
    with pytest.raises(ApprovalRequired):
        ledger.post_columns(**columns, amounts=[1, 150_000], commodity="EUR")
    summary = ledger.post_columns(**columns, amounts=[1, 2], commodity="EUR")
    assert summary.posted == 2
    assert ledger.record("b").controls == ("four-eyes@1",)


# --- votes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tamper", "error"),
    [
        (lambda digest: "0" * 64, DigestMismatch),
        (lambda digest: digest[::-1], DigestMismatch),
        (lambda digest: digest[:-1], DigestMismatch),
        (lambda digest: digest.upper() + "x", DigestMismatch),
        (lambda digest: "", InvalidIdentifier),
        (lambda digest: None, InvalidIdentifier),
    ],
    ids=range(6),
)
def test_a_vote_on_other_content_is_refused(
    reopen: Reopen, tamper: Callable[[str], Any], error: type[LedgerError]
) -> None:
    """Nobody approves what they have not seen."""
    ledger = reopen(FourEyes())
    seen = tamper(ledger.propose(rent()).digest)
    for vote in (ledger.proposals.approve, ledger.proposals.reject):
        with pytest.raises(error):
            vote("rent", actor="controller", seen=seen)
    assert ledger.proposals.get("rent").votes == ()


def test_a_vote_on_a_neighbours_digest_is_refused(reopen: Reopen) -> None:
    """The digest holds the id as well."""
    ledger = reopen(FourEyes())
    one = ledger.propose(rent(id="one"))
    two = ledger.propose(rent(id="two"))
    assert one.digest != two.digest
    with pytest.raises(DigestMismatch):
        ledger.proposals.approve("one", actor="controller", seen=two.digest)


@pytest.mark.parametrize("maker", ["Alice", "straße", "J\u030c."])
@pytest.mark.parametrize("change", [str, str.lower, str.upper, str.casefold])
def test_makers_do_not_approve_their_own(
    reopen: Reopen, maker: str, change: Callable[[str], str]
) -> None:
    """Nor in capital or small letters, nor do they reject or release it."""
    ledger = reopen(FourEyes(), actor=maker)
    seen = ledger.propose(rent()).digest
    same = change(maker)
    for vote in (ledger.proposals.approve, ledger.proposals.reject):
        with pytest.raises((NotPermitted, InvalidIdentifier)):
            vote("rent", actor=same, seen=seen)
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    with pytest.raises((ControlDenied, InvalidIdentifier)):
        ledger.proposals.post("rent", actor=same)
    assert ledger.proposals.get("rent").status is bl.ProposalStatus.OPEN
    ledger.proposals.post("rent", actor="controller")


@pytest.mark.parametrize("name", ["\uff21lice", "Alice ", "Ali\u200bce", ""])
def test_names_in_disguise_are_no_names(reopen: Reopen, name: str) -> None:
    """Full-width letters, spaces at the end, characters without width."""
    ledger = reopen(FourEyes(), actor="Alice")
    seen = ledger.propose(rent()).digest
    with pytest.raises(InvalidIdentifier):
        ledger.proposals.approve("rent", actor=name, seen=seen)


def test_one_person_votes_once(reopen: Reopen) -> None:
    """Two spellings of a name are one approval; a changed mind is refused."""
    ledger = reopen(FourEyes(bands=[Band(above="0.00 EUR", approvals=2)]))
    seen = ledger.propose(rent()).digest
    for actor in ("Bob", "bob", "BOB"):
        ledger.proposals.approve("rent", actor=actor, seen=seen)
    assert ledger.proposals.get("rent").approvers == ("Bob",)
    with pytest.raises(ApprovalRequired):
        ledger.proposals.post("rent", actor="bob")
    with pytest.raises(ProposalState):
        ledger.proposals.reject("rent", actor="bob", seen=seen)


@pytest.mark.parametrize("order", [*permutations(["ann", "bob", "cid"])])
def test_the_order_of_votes_is_irrelevant(reopen: Reopen, order: Sequence[str]) -> None:
    """Any two of three are enough."""
    ledger = reopen(FourEyes(bands=[Band(above="0.00 EUR", approvals=2)]))
    seen = ledger.propose(rent()).digest
    for index, actor in enumerate(order):
        if index < 2:
            with pytest.raises(ApprovalRequired) as caught:
                ledger.proposals.post("rent", actor="releaser")
            assert caught.value.found == str(index)
        ledger.proposals.approve("rent", actor=actor, seen=seen)
    assert ledger.proposals.post("rent", actor="releaser").proposal == "rent"


def test_votes_on_a_longer_id_do_not_count(reopen: Reopen) -> None:
    """``rent`` and ``rent/2`` are two proposals, whoever votes on them."""
    ledger = reopen(FourEyes())
    ledger.propose(rent())
    seen = ledger.propose(rent(id="rent/2")).digest
    ledger.proposals.approve("rent/2", actor="controller", seen=seen)
    assert ledger.proposals.get("rent").votes == ()
    with pytest.raises(ApprovalRequired):
        ledger.proposals.post("rent", actor="controller")
    # And nobody's name makes a vote on the one a vote on the other.
    seen = ledger.proposals.get("rent").digest
    ledger.proposals.approve("rent", actor="2/controller", seen=seen)
    assert ledger.proposals.get("rent").approvers == ("2/controller",)
    assert ledger.proposals.get("rent/2").approvers == ("controller",)
    ledger.verify()


def test_a_rejection_stands(reopen: Reopen) -> None:
    """However many approve; a rejected proposal stays in the log."""
    control = FourEyes()
    ledger = reopen(control)
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    ledger.proposals.reject("rent", actor="auditor", seen=seen)
    ledger = reopen(control)
    assert ledger.proposals.get("rent").status is bl.ProposalStatus.REJECTED
    with pytest.raises(ProposalState):
        ledger.proposals.approve("rent", actor="director", seen=seen)
    with pytest.raises(ProposalState):
        ledger.proposals.post("rent", actor="controller")
    assert ledger.propose(rent()).status is bl.ProposalStatus.REJECTED
    ledger.verify()


def test_makers_withdraw(reopen: Reopen) -> None:
    """Only they; and nothing is deleted."""
    ledger = reopen(FourEyes(), actor="Alice")
    seen = ledger.propose(rent()).digest
    with pytest.raises(NotPermitted):
        ledger.proposals.withdraw("rent", actor="controller")
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    ledger.proposals.withdraw("rent", actor="alice")
    assert ledger.proposals.get("rent").status is bl.ProposalStatus.WITHDRAWN
    with pytest.raises(ProposalState):
        ledger.proposals.post("rent", actor="controller")
    ledger.verify()


def test_an_unknown_proposal(reopen: Reopen) -> None:
    """It can be neither read nor approved nor posted."""
    ledger = reopen(FourEyes())
    for attempt in (
        lambda: ledger.proposals.get("none"),
        lambda: ledger.proposals.approve("none", seen="0" * 64),
        lambda: ledger.proposals.withdraw("none"),
        lambda: ledger.proposals.post("none"),
    ):
        with pytest.raises(UnknownProposal):
            attempt()


# --- at the moment of posting --------------------------------------------------------


def test_a_stricter_policy_applies_at_once(reopen: Reopen) -> None:
    """What was approved under the old one waits for more votes."""
    ledger = reopen(FourEyes())
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    strict = FourEyes(bands=[Band(above="0.00 EUR", approvals=2)], version="2")
    ledger = reopen(strict)
    with pytest.raises(ApprovalRequired):
        ledger.proposals.post("rent", actor="controller")
    ledger.proposals.approve("rent", actor="director", seen=seen)
    record = ledger.proposals.post("rent", actor="controller")
    assert record.controls == ("four-eyes@2",)


def test_a_period_closed_after_the_approval(reopen: Reopen) -> None:
    """Approval does not open it; reopened, it takes the entry."""
    ledger = reopen(FourEyes())
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    ledger.periods.close("2026-01")
    with pytest.raises(PeriodNotOpen):
        ledger.proposals.post("rent", actor="controller")
    ledger.periods.reopen("2026-01", reason="late rent")
    ledger.proposals.post("rent", actor="controller")
    ledger.verify()


def test_an_entry_posted_meanwhile_is_not_posted_again(reopen: Reopen) -> None:
    """A policy without approvals let it in by the other door."""
    ledger = reopen(FourEyes())
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    ledger = reopen(FourEyes(bands=[Band(above="0.00 EUR", approvals=0)]))
    ledger.post(rent())
    before = size(ledger)
    with pytest.raises(IdempotencyConflict):
        ledger.proposals.post("rent", actor="controller")
    assert size(ledger) == before


# --- controls that fail --------------------------------------------------------------


@attrs.frozen
class Scripted:
    """A control that does what it was told."""

    behave: Callable[[bl.Proposal, Books], Any]
    id: str = "scripted"
    version: str = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Any:
        """Return, or raise, what the script says."""
        return self.behave(proposal, books)


def fail(*_: object) -> None:
    """Raise an error that is none of ours."""
    raise ZeroDivisionError("1 / 0")


class Unprintable(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError


def fail_silently(*_: object) -> None:
    """Raise an error that cannot be shown."""
    raise Unprintable


class Forged(bl.NeedApproval):  # type: ignore[misc]
    """A finding that changes its mind."""


def endless() -> Iterator[bl.Allow]:
    """Break off after the first finding."""
    yield bl.Allow()
    raise RuntimeError


FAILURES: dict[str, Callable[[bl.Proposal, Books], Any]] = {
    "raises": fail,
    "raises something unprintable": fail_silently,
    "breaks off": lambda *_: endless(),
    "nothing": lambda *_: None,
    "no findings": lambda *_: [],
    "no list": lambda *_: bl.Allow(),
    "a class": lambda *_: [bl.Allow],
    "a text": lambda *_: "allow",
    "a flag": lambda *_: [True],
    "one wrong among right": lambda *_: [bl.Allow(), None],
    "a float": lambda *_: [bl.NeedApproval(float("nan"))],  # type: ignore[arg-type]
    "a negative number": lambda *_: [bl.NeedApproval(-1)],
    "a number as text": lambda *_: [bl.NeedApproval("0")],  # type: ignore[arg-type]
    "a subclass": lambda *_: [Forged(0)],
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_control_that_fails_denies(reopen: Reopen, failure: str) -> None:
    """It fails closed, and what others allow or approve does not help."""
    broken: list[bool] = []

    def behave(proposal: bl.Proposal, books: Books) -> Any:
        return FAILURES[failure](proposal, books) if broken else [bl.Allow()]

    ledger = reopen(FourEyes(), Scripted(behave))
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=seen)
    broken.append(True)
    before = size(ledger)
    with pytest.raises(ControlDenied) as caught:
        ledger.proposals.post("rent", actor="controller")
    assert "scripted denies: control-error" in str(caught.value)
    with pytest.raises(ControlDenied):
        ledger.post(rent(id="direct"))
    with pytest.raises(ControlDenied):
        ledger.propose(rent(id="proposed"))
    assert size(ledger) == before
    broken.clear()
    ledger.proposals.post("rent", actor="controller")


@pytest.mark.parametrize("order", [1, -1])
def test_a_denial_overrides_everything(reopen: Reopen, order: int) -> None:
    """In whatever order the controls are listed."""
    controls: list[Control] = [
        Scripted(lambda *_: [bl.Allow()], "allow"),
        Scripted(lambda *_: [bl.Allow()], "second"),
        Scripted(lambda *_: [bl.Deny("off-market", "no reason given")], "deny"),
        FourEyes(),
    ]
    ledger = reopen(*controls[::order])
    with pytest.raises(ControlDenied) as caught:
        ledger.post(rent())
    assert "deny denies: off-market (no reason given)" in str(caught.value)


def test_the_control_that_wants_most_approvals_decides(reopen: Reopen) -> None:
    """One approval serves several controls; one that allows changes nothing."""
    ledger = reopen(
        FourEyes(),
        Scripted(lambda *_: [bl.NeedApproval(2, "new counterparty")]),
        Scripted(lambda *_: [bl.Allow()], "second"),
    )
    seen = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="ann", seen=seen)
    with pytest.raises(ApprovalRequired) as caught:
        ledger.proposals.post("rent", actor="ann")
    assert "scripted: new counterparty" in str(caught.value)
    ledger.proposals.approve("rent", actor="bob", seen=seen)
    record = ledger.proposals.post("rent", actor="ann")
    assert record.controls == ("four-eyes@1", "scripted@1", "second@1")


def test_controls_see_who_proposes_and_who_releases(reopen: Reopen) -> None:
    """Nobody releases while an entry is only proposed."""
    seen: list[tuple[str, str | None, int]] = []

    def watch(proposal: bl.Proposal, books: Books) -> list[bl.Allow]:
        seen.append((proposal.maker, proposal.released_by, len(proposal.votes)))
        return [bl.Allow()]

    ledger = reopen(Scripted(watch))
    digest = ledger.propose(rent()).digest
    ledger.proposals.approve("rent", actor="controller", seen=digest)
    ledger.proposals.post("rent", actor="cashier")
    ledger.post(rent(id="direct"))
    assert seen == [("clerk", None, 0), ("clerk", "cashier", 1), ("clerk", "clerk", 0)]


def test_controls_see_the_book_as_it_will_be(reopen: Reopen) -> None:
    """Each of many entries meets the balances that those before it have made."""

    def cap(proposal: bl.Proposal, books: Books) -> list[bl.Allow | bl.Deny]:
        spent = books.balance("expenses:rent")["EUR"]
        owed = -books.balance("assets:bank")["EUR"]
        assert spent == owed
        return [bl.Deny("budget") if spent >= bl.Amount("3", "EUR") else bl.Allow()]

    ledger = reopen(Scripted(cap))
    entries = [rent("1.00 EUR", f"rent-{number}") for number in range(5)]
    for atomic in (False, True):
        with pytest.raises(ControlDenied) as caught:
            ledger.post_many(entries, atomic=atomic)
        assert caught.value.field == "entries[3] (id 'rent-3').id"
    assert ledger.post_many(entries[:3]).posted == 3


def test_a_control_that_asks_for_an_unknown_account_denies(reopen: Reopen) -> None:
    """A misspelt account must not look like an empty one."""
    ledger = reopen(Scripted(lambda _, books: [books.balance("assets:none")]))
    with pytest.raises(ControlDenied) as caught:
        ledger.post(rent())
    assert "UnknownAccount" in str(caught.value)


# --- the manifest --------------------------------------------------------------------


def test_the_book_does_not_open_without_its_controls(reopen: Reopen) -> None:
    """Nor with another one under another id; reading needs none."""
    reopen(FourEyes()).propose(rent())
    for controls in ((), (FourEyes(id="two-eyes"),)):
        with pytest.raises(ControlMissing) as caught:
            reopen(*controls)
        assert caught.value.expected == "four-eyes"
    reopen(FourEyes(version="2"), FourEyes(id="six-eyes"))
    with pytest.raises(ControlMissing):
        reopen(FourEyes())


def test_a_ledger_that_was_open_already_meets_the_new_control(
    tmp_path: Any,
) -> None:
    """Another process adds the control; from then on nothing passes without it."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True, clock=CLOCK) as early:
        early.open_account("assets:bank", type="asset")
        early.open_account("expenses:rent", type="expense")
        early.post(rent(id="before"))
        controls = [FourEyes()]
        with bl.open_ledger(
            path, actor="controller", clock=CLOCK, controls=controls
        ) as late:
            for attempt in (
                lambda: early.post(rent()),
                lambda: early.post(rent(), dry_run=True),
                lambda: early.post_many([rent()]),
                lambda: early.propose(rent()),
                lambda: early.periods.close("2026-01"),
                lambda: early.open_account("assets:cash", type="asset"),
            ):
                with pytest.raises(ControlMissing):
                    attempt()
            assert early.balance("expenses:rent")["EUR"].number == "1500.00"
            late.verify()
    with bl.open_ledger(path, read_only=True) as reader:
        assert reader.verify().entries == 1


def test_ledgers_on_one_store_share_the_manifest() -> None:
    """In memory too."""
    store = bl.MemoryStore()
    early = bl.open_ledger(store, actor="clerk", clock=CLOCK)
    bl.open_ledger(store, actor="controller", clock=CLOCK, controls=[FourEyes()])
    with pytest.raises(ControlMissing):
        early.open_account("assets:bank", type="asset")


@pytest.mark.parametrize("control", [object(), FourEyes, "four-eyes", None])
def test_something_else_is_no_control(reopen: Reopen, control: object) -> None:
    """It is refused before the book is touched."""
    with pytest.raises((InvalidOption, InvalidIdentifier)):
        reopen(control)


# --- reversals -----------------------------------------------------------------------


def approved(ledger: bl.Ledger, proposal: bl.Proposal) -> bl.Record:
    """Let the controller approve and release a proposal."""
    ledger.proposals.approve(proposal.id, actor="controller", seen=proposal.digest)
    return ledger.proposals.post(proposal.id, actor="controller")


@pytest.mark.parametrize("style", ["opposite", "same-side"])
def test_a_reversal_is_proposed_and_released(reopen: Reopen, style: Any) -> None:
    """It links both ways, counts in the phase of the first, and happens once."""
    ledger = reopen(FourEyes(bands=BANDS))
    approved(ledger, ledger.propose(rent()))
    with pytest.raises(ApprovalRequired):
        ledger.reverse("rent", date=JANUARY, reason="paid twice", style=style)
    fields = {"date": JANUARY, "reason": "paid twice", "style": style}
    proposal = ledger.proposals.propose_reversal("rent", **fields)
    assert proposal.reverses == "rent"
    assert ledger.proposals.propose_reversal("rent", **fields) == proposal
    ledger = reopen(FourEyes(bands=BANDS))
    record = approved(ledger, proposal)
    assert (record.reverses, record.proposal) == ("rent", proposal.id)
    assert ledger.record("rent").reversed_by == record.id
    assert not ledger.balance("assets:bank")
    assert ledger.reverse("rent", **fields).position == record.position
    with pytest.raises(AlreadyReversed):
        ledger.proposals.propose_reversal("rent", reversal_id="again", **fields)
    ledger.verify()


def test_of_two_proposed_reversals_one_is_released(reopen: Reopen) -> None:
    """An entry is reversed once, whoever approved what."""
    ledger = reopen(FourEyes(bands=BANDS))
    approved(ledger, ledger.propose(rent()))
    first, second = (
        ledger.proposals.propose_reversal(
            "rent", date=JANUARY, reason="paid twice", reversal_id=id_
        )
        for id_ in ("first", "second")
    )
    approved(ledger, first)
    before = size(ledger)
    ledger.proposals.approve("second", actor="controller", seen=second.digest)
    with pytest.raises(AlreadyReversed):
        ledger.proposals.post("second", actor="controller")
    assert size(ledger) == before + 1


def test_only_what_exists_can_be_reversed(reopen: Reopen) -> None:
    """Neither an unknown entry, nor by an entry of kind reversing."""
    ledger = reopen(FourEyes(bands=BANDS))
    with pytest.raises(UnknownRecord):
        ledger.proposals.propose_reversal("none", date=JANUARY, reason="typo")
    entry = bl.Entry("r", JANUARY, rent().postings, kind="reversing")
    with pytest.raises(InvalidOption):
        ledger.propose(entry)


def test_a_control_may_ask_twice() -> None:
    """What it has seen does not change while it looks."""

    class Twice:
        id = "twice"
        version = "1"

        def examine(self, proposal: bl.Proposal, books: Any) -> list[bl.Allow]:
            """Look at the same account again."""
            assert books.balance("assets:bank") == books.balance("assets:bank")
            return [bl.Allow()]

    ledger = bl.open_ledger(":memory:", actor="clerk", controls=[Twice()])
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    postings = [bl.debit("expenses:rent", "1 EUR"), bl.credit("assets:bank", "1 EUR")]
    assert ledger.post(bl.Entry("e", date(2026, 3, 1), postings)).controls == (
        "twice@1",
    )
