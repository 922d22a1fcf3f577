"""Information barriers: what somebody has seen decides what they may see."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_books import FakeBooks
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance.barriers import (
    Barriers,
    ConflictClass,
    InformationBarrier,
    Item,
    Seen,
    Verdict,
    issuer_classes,
    may_read,
    may_write,
)
from backoffice_ledger.errors import (
    InvalidDate,
    InvalidDocument,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    NotPermitted,
)
from backoffice_ledger.protocols import Decision, Vote
from backoffice_ledger.stores import PostgreSQLStore

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
BANKS = ConflictClass("banks", ["bank-a", "bank-b"])
OILS = ConflictClass("oils", ["oil-a", "oil-b", "oil-c"])
WALLS = (BANKS, OILS)
ACME = issuer_classes(["ACME", "ZETA"])


def item(data_set: str, *, is_sanitised: bool = False) -> Item:
    """Return a piece of information."""
    return Item(f"report on {data_set}", data_set, is_sanitised=is_sanitised)


# --- the rules -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "reads", "writes"),
    [
        (item("bank-a"), [], "allowed", "allowed"),
        (item("bank-a"), ["bank-a"], "allowed", "allowed"),
        (item("bank-a"), ["bank-b"], "conflict-class", "conflict-class"),
        (item("bank-a"), ["oil-a"], "allowed", "other-data-set"),
        (item("bank-a"), ["bank-a", "oil-a"], "allowed", "other-data-set"),
        (item("bank-a", is_sanitised=True), ["bank-b"], "allowed", "other-data-set"),
        (item("bank-a", is_sanitised=True), [], "allowed", "allowed"),
        (item("free"), ["bank-a", "oil-a"], "allowed", "other-data-set"),
    ],
)
def test_the_chinese_wall(
    wanted: Item, seen: list[str], reads: str, writes: str
) -> None:
    """Brewer and Nash 1989: simple security, and the star property."""
    assert may_read(wanted, seen, WALLS).code == reads
    assert may_write(wanted, seen, WALLS).code == writes


def test_a_verdict_says_what_stands_in_the_way() -> None:
    """And is true exactly if it allows."""
    verdict = may_read(item("oil-a"), ["oil-c", "oil-b"], WALLS)
    assert verdict == Verdict("conflict-class", "oil-b")
    assert not verdict
    assert may_read(item("oil-a"), [], WALLS)


@pytest.mark.parametrize(
    ("wanted", "seen", "allowed"),
    [
        ("ACME/research", "ACME/issuance", False),
        ("ACME/research", "ACME/advice", False),
        ("ACME/research", "ZETA/issuance", True),
        ("ACME/research", "ACME/research", True),
    ],
)
def test_research_advice_and_issuance_are_apart_by_issuer(
    wanted: str, seen: str, allowed: bool
) -> None:
    """Delegated Regulation (EU) 2017/565 Art. 37: analysts know no more than others."""
    assert bool(may_read(item(wanted), [seen], ACME)) is allowed


names = st.sampled_from(["bank-a", "bank-b", "oil-a", "oil-b", "oil-c", "free"])


@given(st.lists(st.tuples(names, st.booleans(), st.booleans())))
def test_nobody_ever_sees_two_of_a_class(
    tries: list[tuple[str, bool, bool]],
) -> None:
    """And what is written into a data set came from no other one."""
    seen: set[str] = set()
    for data_set, writes, is_sanitised in tries:
        wanted = item(data_set, is_sanitised=is_sanitised)
        if (may_write if writes else may_read)(wanted, seen, WALLS):
            if writes:
                assert seen <= {data_set}
            if not is_sanitised:
                seen.add(data_set)
        assert all(len(seen & each.data_sets) <= 1 for each in WALLS)


# --- the log -------------------------------------------------------------------------


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book in memory."""
    with bl.open_ledger(":memory:", actor="gate") as ledger:
        yield ledger


def test_what_was_seen_first_is_noted(ledger: bl.Ledger) -> None:
    """Once for each data set; what is sanitised leaves no trace."""
    walls = Barriers(ledger, WALLS)
    first = walls.access("anna", item("bank-a"), at=AT)
    assert first == Seen("bank-a", "read", "report on bank-a", AT)
    later = AT + timedelta(days=1)
    assert walls.access("ANNA", Item("other", "bank-a"), "write", at=later) == first
    assert walls.access("anna", item("bank-b", is_sanitised=True), at=AT) is None
    walls.access("anna", item("oil-c"), at=later)
    assert [each.data_set for each in walls.seen_by("Anna")] == ["bank-a", "oil-c"]
    assert walls.seen_by("ben") == ()
    assert ledger.documents.get("barrier-access", "anna").version == 2


def test_a_denial_is_noted_too(ledger: bl.Ledger) -> None:
    """Each try is a version, with who, what, when and why."""
    walls = Barriers(ledger, WALLS)
    walls.access("anna", item("bank-a"), at=AT)
    for mode in ("read", "write"):
        with pytest.raises(NotPermitted, match="bank-a was seen before"):
            walls.access("anna", item("bank-b"), mode, at=AT)  # type: ignore[arg-type]
    document = ledger.documents.get("barrier-denial", "anna")
    assert document.version == 2
    assert dict(document.content) == {
        "at": "2026-01-05T09:00:00+00:00",
        "code": "conflict-class",
        "data_set": "bank-b",
        "item": "report on bank-b",
        "mode": "write",
        "seen": "bank-a",
    }
    assert [each.data_set for each in walls.seen_by("anna")] == ["bank-a"]
    ledger.verify()


def test_the_log_survives_a_restart(tmp_path: Path) -> None:
    """The wall stands where it stood."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="gate", create=True) as ledger:
        Barriers(ledger, WALLS).access("anna", item("bank-a"), at=AT)
    with bl.open_ledger(path, actor="gate") as ledger:
        with pytest.raises(NotPermitted):
            Barriers(ledger, WALLS).access("anna", item("bank-b"), at=AT)
        ledger.verify()


def test_the_log_lives_in_postgresql(database: str) -> None:
    """The same on the server."""
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="gate", create=True) as ledger,
    ):
        walls = Barriers(ledger, WALLS)
        walls.access("anna", item("bank-a"), at=AT)
        with pytest.raises(NotPermitted):
            walls.access("anna", item("bank-b"), at=AT)
        assert len(walls.seen_by("anna")) == 1
        ledger.verify()


# --- the control ---------------------------------------------------------------------


def proposal(
    maker: str, *voters: str, data_sets: Any = ("bank-a",), releases: bool = True
) -> bl.Proposal:
    """Return a proposal whose postings name data sets."""
    debits = [
        bl.debit("expenses:research", "1.00 EUR", dimensions={"data_set": name})
        for name in data_sets
    ] or [bl.debit("expenses:research", "1.00 EUR")]
    total = f"{len(debits)}.00 EUR"
    return bl.Proposal(
        id="fee",
        entry=bl.Entry("fee", date(2026, 1, 5), [*debits, bl.credit("a:b", total)]),
        digest="0" * 64,
        maker=maker,
        proposed_at=AT,
        votes=tuple(Vote(name, Decision.APPROVE, "0" * 64, AT) for name in voters),
        released_by=maker if releases else None,
    )


def books(**seen: str) -> FakeBooks:
    """Return a book in which people have seen a data set each."""
    found = FakeBooks()
    with bl.open_ledger(":memory:", actor="gate") as ledger:
        walls = Barriers(ledger, WALLS)
        for actor, data_set in seen.items():
            walls.access(actor, item(data_set), at=AT)
        found.keep(*ledger.documents.all("barrier-access"))
    return found


@pytest.mark.parametrize(
    ("who", "seen", "codes"),
    [
        (("anna",), {}, []),
        (("anna",), {"anna": "bank-a"}, []),
        (("ANNA",), {"anna": "bank-b"}, ["conflict-class"]),
        (("anna",), {"anna": "oil-a"}, ["other-data-set"]),
        (("anna", "ben"), {"ben": "oil-a"}, []),
        (("anna", "ben"), {"ben": "bank-b"}, ["conflict-class"]),
        (("anna", "ben"), {"carl": "bank-b"}, []),
    ],
)
def test_who_makes_an_entry_writes_and_who_votes_reads(
    who: tuple[str, ...], seen: dict[str, str], codes: list[str]
) -> None:
    """What they have seen elsewhere stands in the way, or does not."""
    for releases in (True, False):
        item = proposal(*who, releases=releases)
        findings = InformationBarrier(WALLS).examine(item, books(**seen))
        assert [f.code for f in findings if isinstance(f, bl.Deny)] == codes


def test_an_entry_does_not_join_two_of_a_class() -> None:
    """Whoever makes it; without data sets it is no business of the control."""
    control = InformationBarrier(WALLS)
    joined = proposal("anna", data_sets=["bank-a", "bank-b"])
    findings = control.examine(joined, books())
    assert {f.code for f in findings if isinstance(f, bl.Deny)} == {"conflict-class"}
    assert control.examine(proposal("anna", data_sets=[]), books()) == [bl.Allow()]


# --- bad input -----------------------------------------------------------------------

BAD: list[tuple[Any, type[LedgerError]]] = [
    (lambda b: ConflictClass("", ["a"]), InvalidIdentifier),
    (lambda b: ConflictClass("a", "abc"), InvalidOption),
    (lambda b: issuer_classes("ACME"), InvalidOption),
    (lambda b: issuer_classes(["ACME"], functions=7), InvalidOption),
    (lambda b: Item("", "a"), InvalidIdentifier),
    (lambda b: Item("a", ""), InvalidIdentifier),
    (lambda b: Item("a", "b", is_sanitised=1), InvalidOption),
    (lambda b: InformationBarrier(["a"]), InvalidOption),
    (lambda b: InformationBarrier(WALLS, dimension=""), InvalidIdentifier),
    (lambda b: b.access("", item("a"), at=AT), InvalidIdentifier),
    (lambda b: b.access("a", item("a"), "look", at=AT), InvalidOption),
    (lambda b: b.access("a", item("a"), at=date(2026, 1, 5)), InvalidDate),
    (lambda b: b.access("a", "bank-a", at=AT), InvalidOption),
    (lambda b: b.seen_by(""), InvalidIdentifier),
]


@pytest.mark.parametrize(("act", "error"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input(ledger: bl.Ledger, act: Any, error: type[LedgerError]) -> None:
    """It is an error of the library that names the field."""
    with pytest.raises(error) as caught:
        act(Barriers(ledger, WALLS))
    assert caught.value.field


@pytest.mark.parametrize(
    "content",
    [{}, {"seen": 7}, {"seen": [{"at": "soon"}]}, {"seen": [{"at": AT.isoformat()}]}],
    ids=["nothing", "no list", "no time", "too little"],
)
def test_a_log_of_other_hands_is_told(
    ledger: bl.Ledger, content: dict[str, Any]
) -> None:
    """It is not guessed at."""
    ledger.documents.store(bl.Document("barrier-access", "anna", content))
    with pytest.raises(InvalidDocument):
        Barriers(ledger, WALLS).seen_by("anna")
