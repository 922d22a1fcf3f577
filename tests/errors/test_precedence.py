"""When several things are wrong, the first by `PRECEDENCE` is reported."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.errors import PRECEDENCE

Fault = Callable[[dict[str, Any]], None]


def first_of(*kinds: type[bl.LedgerError]) -> type[bl.LedgerError]:
    """Return the error that is to be reported."""
    return min(kinds, key=PRECEDENCE.index)


def pairs(faults: dict[type[bl.LedgerError], Any]) -> Any:
    """Parametrize a test with every two of *faults*."""
    return pytest.mark.parametrize(
        "kinds",
        list(combinations(faults, 2)),
        ids=lambda two: "-".join(k.code for k in two),
    )


class Asks:
    """A control that denies, or wants approval, when an entry's references say so."""

    id = "asks"
    version = "1"

    def examine(self, proposal: bl.Proposal, books: Any) -> list[Any]:
        """Return what the entry's references ask for."""
        wanted = proposal.entry.references
        findings: list[Any] = [bl.Allow()]
        if "approve" in wanted:
            findings.append(bl.NeedApproval(1))
        if "deny" in wanted:
            findings.append(bl.Deny("asked"))
        return findings


def adds(
    account: str, amount: str = "1.00 EUR", **dimensions: str
) -> Callable[[dict[str, Any]], None]:
    """Return the fault of one more debit."""

    def add(fields: dict[str, Any]) -> None:
        fields["postings"] += [
            bl.debit(account, amount, dimensions=dimensions),
            bl.credit("assets:bank", amount),
        ]

    return add


ENTRY_FAULTS: dict[type[bl.LedgerError], Fault] = {
    errors.IdempotencyConflict: lambda fields: fields.update(id="rent-2026-02"),
    errors.UnknownJournal: lambda fields: fields.update(journal="nowhere"),
    errors.PeriodNotOpen: lambda fields: fields.update(date=date(2026, 1, 15)),
    errors.UnknownAccount: adds("expenses:nowhere"),
    errors.AccountNotOpen: adds("assets:new"),
    errors.CommodityRefused: adds("expenses:euro", "1.00 USD"),
    errors.UnknownDimension: adds("expenses:rent", nowhere="x"),
    errors.LimitBreached: adds("expenses:capped"),
    errors.ControlDenied: lambda fields: fields["references"].append("deny"),
    errors.ApprovalRequired: lambda fields: fields["references"].append("approve"),
}


def faulty_entry(*faults: Fault) -> bl.Entry:
    """Return an entry with these faults."""
    fields: dict[str, Any] = {
        "id": "rent-2026-03",
        "date": date(2026, 3, 31),
        "postings": [],
        "references": [],
    }
    adds("expenses:rent")(fields)
    for fault in faults:
        fault(fields)
    return bl.Entry(**fields)


@pytest.fixture
def ledger(store: Any) -> bl.Ledger:
    """Return the small book under a control, with an account that takes nothing."""
    ledger = bl.open_ledger(store, actor="clerk", controls=[Asks()])
    nothing = [bl.Limit(maximum="0.00 EUR")]
    ledger.open_account("expenses:capped", type="expense", limits=nothing)
    return ledger


@pairs(ENTRY_FAULTS)
def test_two_faults_of_an_entry(ledger: bl.Ledger, kinds: Any) -> None:
    """The book's checks run in one order, whichever way the entry comes in."""
    entry = faulty_entry(*(ENTRY_FAULTS[kind] for kind in kinds))
    before = ledger.verify()
    for use in (ledger.post, lambda e: ledger.post_many([e])):
        with pytest.raises(bl.LedgerError) as caught:
            use(entry)
        assert type(caught.value) is first_of(*kinds)
    assert ledger.verify() == before


@pytest.mark.parametrize("kind", ENTRY_FAULTS, ids=lambda kind: kind.code)
@pytest.mark.parametrize("options", [{}, {"balancing": "expenses:rent"}], ids=str)
def test_a_condition_and_another_fault(
    ledger: bl.Ledger, kind: type[bl.LedgerError], options: dict[str, Any]
) -> None:
    """Conditions come after what the entry is, and before limits and controls."""
    entry = faulty_entry(ENTRY_FAULTS[kind])
    if options and len(entry.postings) != 2:
        options = {}
    unmet = {"assets:bank": bl.Limit(minimum="1000000.00 EUR")}
    with pytest.raises(bl.LedgerError) as caught:
        ledger.post(entry, conditions=unmet, **options)
    assert type(caught.value) is first_of(errors.ConditionFailed, kind)


CAPTURE_FAULTS: dict[type[bl.LedgerError], dict[str, Any]] = {
    errors.IdempotencyConflict: {"entry_id": "rent-2026-02"},
    errors.UnknownHold: {"id": "nothing"},
    errors.HoldNotOpen: {"id": "voided"},
    errors.HoldExceeded: {"amount": "1000.00 EUR", "remainder": "keep"},
    errors.UnknownJournal: {"journal": "nowhere"},
    errors.PeriodNotOpen: {"date": date(2026, 1, 15)},
    errors.ControlDenied: {"id": "deny"},
}


@pairs(CAPTURE_FAULTS)
def test_two_faults_of_a_capture(ledger: bl.Ledger, kinds: Any) -> None:
    """Which entry, which hold, its state, the amount, and then as for any entry."""
    for name in ("open", "voided", "deny"):
        postings = [
            bl.debit("expenses:rent", "1.00 EUR"),
            bl.credit("assets:bank", "1.00 EUR"),
        ]
        ledger.holds.reserve(bl.Hold(name, postings))
    ledger.holds.void("voided")
    wanted: dict[str, Any] = {"id": "open", "date": date(2026, 3, 31)}
    for kind in reversed(kinds):
        wanted |= CAPTURE_FAULTS[kind]
    before = ledger.verify()
    with pytest.raises(bl.LedgerError) as caught:
        ledger.holds.capture(wanted.pop("id"), **wanted)
    assert type(caught.value) is first_of(*kinds)
    assert ledger.verify() == before


@pytest.mark.parametrize("kind", ENTRY_FAULTS, ids=lambda kind: kind.code)
def test_the_state_of_the_store_comes_first(
    file_store: bl.SQLiteStore, path: Path, kind: type[bl.LedgerError]
) -> None:
    """Closed, read-only and busy, in this order, come before all that the book says."""
    entry = faulty_entry(ENTRY_FAULTS[kind])
    ledger = bl.open_ledger(file_store, actor="clerk", controls=[Asks()])
    reader = bl.open_ledger(path, actor="clerk", read_only=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        for use, expected in (
            (ledger, errors.Busy),
            (reader, errors.ReadOnlyBook),
        ):
            with pytest.raises(bl.LedgerError) as caught:
                use.post(entry)
            assert type(caught.value) is expected
            use.close()
            with pytest.raises(errors.LedgerClosed):
                use.post(entry)


SHAPE_FAULTS: dict[str, Any] = {
    "id": "",
    "date": "2026-03-31",
    "postings": [],
    "description": "\n",
    "kind": "monthly",
    "journal": "",
    "document_number": "",
    "document_date": "2026-03-31",
    "economic_date": "2026-03-31",
    "references": [""],
    "rule": "",
}


@pytest.mark.parametrize("fields", list(combinations(SHAPE_FAULTS, 2)), ids="-".join)
def test_the_shape_is_checked_in_the_order_of_the_fields(
    entry: Any, fields: tuple[str, str]
) -> None:
    """A malformed entry cannot even be built; its first wrong field is named."""
    with pytest.raises(errors.InvalidInput) as caught:
        entry(**{field: SHAPE_FAULTS[field] for field in fields})
    assert caught.value.field == fields[0]


@pytest.mark.parametrize("field", [f for f in SHAPE_FAULTS if f != "postings"])
def test_the_balance_is_checked_last(entry: Any, field: str) -> None:
    """Sums mean nothing before the fields do."""
    postings = [
        bl.debit("expenses:rent", "1.00 EUR"),
        bl.credit("assets:bank", "2.00 EUR"),
    ]
    with pytest.raises(errors.InvalidInput) as caught:
        entry(postings=postings, **{field: SHAPE_FAULTS[field]})
    assert caught.value.field == field


def test_the_shape_comes_before_the_store(ledger: bl.Ledger) -> None:
    """What is malformed is so in every book, even in a closed one."""
    ledger.close()
    for use in (
        lambda: ledger.post("entry"),  # type: ignore[arg-type]
        lambda: ledger.post_many([], batch_size=0),
        lambda: ledger.reverse("a", date="2026-03-31", reason=""),  # type: ignore[arg-type]
        lambda: ledger.redact("a", field="", basis="law"),
        lambda: ledger.periods.close("March"),
        lambda: ledger.periods.reopen("2026-01", reason=""),
        lambda: ledger.proposals.approve("", seen="x"),
        lambda: ledger.documents.get("trade", ""),
        lambda: ledger.view(known_at=-1),
        lambda: ledger.records(after=-1),
    ):
        with pytest.raises(errors.InvalidInput):
            use()


VOTE_FAULTS: dict[type[bl.LedgerError], dict[str, str]] = {
    errors.UnknownProposal: {"id": "rent-1999-01"},
    errors.ProposalState: {"id": "withdrawn"},
    errors.DigestMismatch: {"seen": "0" * 64},
    errors.NotPermitted: {"actor": "clerk"},
}


@pairs(VOTE_FAULTS)
def test_two_faults_of_a_vote(ledger: bl.Ledger, entry: Any, kinds: Any) -> None:
    """Which proposal, its state, its content, and then who votes."""
    proposal = ledger.propose(entry())
    ledger.propose(entry(id="withdrawn"))
    ledger.proposals.withdraw("withdrawn")
    vote = {"id": proposal.id, "seen": proposal.digest, "actor": "controller"}
    for kind in reversed(kinds):
        vote |= VOTE_FAULTS[kind]
    before = ledger.verify()
    with pytest.raises(bl.LedgerError) as caught:
        ledger.proposals.approve(vote.pop("id"), **vote)
    assert type(caught.value) is first_of(*kinds)
    assert ledger.verify() == before


def test_a_second_vote_on_other_content(ledger: bl.Ledger, entry: Any) -> None:
    """Who has voted is told so, whatever they have seen since."""
    proposal = ledger.propose(entry())
    ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="controller")
    with pytest.raises(errors.ProposalState):
        ledger.proposals.reject(proposal.id, seen="0" * 64, actor="controller")


REVERSAL_FAULTS: dict[type[bl.LedgerError], dict[str, Any]] = {
    errors.IdempotencyConflict: {"reversal_id": "rent-2026-02"},
    errors.UnknownRecord: {"id": "rent-1999-01"},
    errors.AlreadyReversed: {"id": "reversed"},
    errors.PeriodNotOpen: {"date": date(2026, 1, 15)},
}


@pairs(REVERSAL_FAULTS)
def test_two_faults_of_a_reversal(ledger: bl.Ledger, entry: Any, kinds: Any) -> None:
    """Which reversal, which entry, whether it was reversed, and then the day."""
    ledger.post(entry(id="reversed"))
    ledger.reverse("reversed", date=date(2026, 3, 31), reason="twice")
    wanted = {
        "id": "rent-2026-02",
        "date": date(2026, 3, 31),
        "reason": "twice",
        "reversal_id": "once-more",
    }
    for kind in reversed(kinds):
        wanted |= REVERSAL_FAULTS[kind]
    before = ledger.verify()
    with pytest.raises(bl.LedgerError) as caught:
        ledger.reverse(wanted.pop("id"), **wanted)
    assert type(caught.value) is first_of(*kinds)
    assert ledger.verify() == before


def test_closing_a_period_twice_wrong(ledger: bl.Ledger) -> None:
    """The journal comes before the state of the period."""
    with pytest.raises(errors.UnknownJournal):
        ledger.periods.close("2026-03", journal="nowhere")
