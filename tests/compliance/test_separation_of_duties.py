"""Duties kept apart on one object: what was done counts, whoever one has become."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from fake_books import NOON, FakeBooks
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance.organisation import (
    CONFLICT_MATRIX,
    SETTLEMENT_DUTIES,
    Actor,
    BookOrganisation,
    ConflictSet,
    DutyNames,
    Grant,
    Organisation,
    OrganisationDesk,
    Role,
    SeparationOfDuties,
    Unit,
    Waiver,
    WithOrganisation,
    deeds,
)
from backoffice_ledger.errors import (
    InvalidIdentifier,
    InvalidOption,
    UnknownRecord,
)
from backoffice_ledger.protocols import Decision, Vote

AT = NOON
DAY = timedelta(days=1)
PEOPLE = ("ada", "ben", "cid", "dan")


def entry(
    id: str, journal: str = "general", references: Iterable[str] = ()
) -> bl.Entry:
    """Return an entry that pays the rent."""
    return bl.Entry(
        id,
        date(2026, 1, 5),
        [bl.debit("expenses:rent", "1.00 EUR"), bl.credit("assets:bank", "1.00 EUR")],
        journal=journal,
        references=references,
    )


def vote(actor: str, decision: str = "approve", **more: Any) -> Vote:
    """Return a vote."""
    return Vote(actor, Decision(decision), "0" * 64, AT, **more)


def proposal(id: str, maker: str, *votes: Vote, **changes: Any) -> bl.Proposal:
    """Return a proposal with votes."""
    journal = changes.pop("journal", "general")
    references = changes.pop("references", ())
    return bl.Proposal(
        id=id,
        entry=entry(id, journal, references),
        digest="0" * 64,
        maker=maker,
        proposed_at=AT,
        votes=votes,
        **changes,
    )


def posted(books: FakeBooks, id: str, by: str, **changes: Any) -> None:
    """Put the record of an entry into the book."""
    books.records[id] = bl.Record(
        1, "entry", id, AT, by, b"", entry=entry(id), **changes
    )


def organisation(**changes: Any) -> Organisation:
    """Return a firm of four people in one unit."""
    arguments: dict[str, Any] = {
        "units": [Unit("firm")],
        "actors": [Actor(name, "firm") for name in PEOPLE],
        "conflicts": CONFLICT_MATRIX,
    }
    return Organisation(**(arguments | changes))


def denials(
    item: bl.Proposal, books: FakeBooks, firm: Organisation | None = None, **more: Any
) -> list[str]:
    """Return what the control says against it."""
    control = SeparationOfDuties(firm or organisation(), **more)
    return [f.reason for f in control.examine(item, books) if isinstance(f, bl.Deny)]


# --- one entry -----------------------------------------------------------------------


def test_others_may_approve_and_release() -> None:
    """Three people, three duties."""
    item = proposal("rent", "ada", vote("ben"), released_by="cid")
    assert [(d.actor, d.duty, d.object) for d in deeds(item, FakeBooks())] == [
        ("ada", "journal.create", "rent"),
        ("ben", "journal.approve", "rent"),
        ("cid", "journal.post", "rent"),
    ]
    assert denials(item, FakeBooks()) == []


@pytest.mark.parametrize("decision", ["approve", "reject", "override"])
def test_who_made_it_does_not_vote(decision: str) -> None:
    """In no spelling of the name, and in no way."""
    item = proposal("rent", "ada", vote("ADA", decision))
    assert denials(item, FakeBooks()) == ["ada: journal.create, journal.approve"]


def test_who_changed_it_does_not_vote() -> None:
    """Everybody who wrote a revision is a maker."""
    item = proposal("rent", "ada", vote("ben"), makers=("ada", "ben"))
    assert denials(item, FakeBooks()) == ["ben: journal.create, journal.approve"]


def test_who_stands_in_for_the_maker_does_not_vote() -> None:
    """The vote counts for both."""
    item = proposal("rent", "ada", vote("ben", on_behalf_of="ada"))
    assert denials(item, FakeBooks()) == ["ada: journal.create, journal.approve"]


def test_the_maker_may_withdraw() -> None:
    """That is no vote on it."""
    item = proposal("rent", "ada", vote("ada", "withdraw"))
    assert denials(item, FakeBooks()) == []


def test_the_maker_does_not_release_what_was_voted_on() -> None:
    """But may post alone what needs no votes: other controls decide about that."""
    item = proposal("rent", "ada", vote("ben"), released_by="ada")
    assert denials(item, FakeBooks()) == ["ada: journal.create, journal.post"]
    alone = proposal("rent", "ada", released_by="ada")
    assert denials(alone, FakeBooks()) == []
    waiting = attrs.evolve(alone, position=7)
    assert denials(waiting, FakeBooks()) == ["ada: journal.create, journal.post"]


def test_a_waiver_lets_one_person_do_it_for_a_time() -> None:
    """The others still may not, and later neither may the first."""
    waiver = Waiver(
        id="w",
        conflict="make-approve",
        actor="ada",
        reason="alone",
        approver="ben",
        compensating_control="sample",
        valid_from=AT,
        expires=AT + DAY,
    )
    firm = organisation(waivers=[waiver])
    own = proposal("rent", "ada", vote("ada"))
    assert denials(own, FakeBooks(), firm) == []
    assert len(denials(own, FakeBooks(AT + DAY), firm)) == 1
    assert len(denials(proposal("x", "cid", vote("cid")), FakeBooks(), firm)) == 1


# --- lineage -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requester", "voter", "broken"),
    [
        ("ben", "cid", []),  # who approved may ask for the reversal
        ("ada", "cid", []),
        ("cid", "ben", ["ben: reverse.approve, journal.approve"]),
        ("cid", "ada", ["ada: reverse.approve, journal.create"]),
        ("cid", "cid", ["cid: reverse.request, reverse.approve"]),
        ("cid", "dan", []),
    ],
)
def test_a_reversal_is_judged_with_what_it_takes_back(
    requester: str, voter: str, broken: list[str]
) -> None:
    """Ada made the entry and Ben approved it."""
    books = FakeBooks()
    books.proposals["rent"] = proposal("rent", "ada", vote("ben"))
    posted(books, "rent", "dan", proposal="rent")
    item = proposal("back", requester, vote(voter), reverses="rent")
    assert denials(item, books) == broken


def test_what_was_posted_without_votes_has_a_maker_too() -> None:
    """And the reversal of a reversal looks at both."""
    books = FakeBooks()
    posted(books, "rent", "ada")
    posted(books, "back", "ben", reverses="rent")
    item = proposal("again", "cid", vote("ada"), reverses="back")
    assert [(d.actor, d.duty) for d in deeds(item, books)] == [
        ("cid", "reverse.request"),
        ("ada", "reverse.approve"),
        ("ben", "reverse.request"),
        ("ada", "journal.create"),
    ]
    assert denials(item, books) == ["ada: reverse.approve, journal.create"]


def test_a_new_attempt_is_judged_with_the_old_ones() -> None:
    """It names them as references; other references are none of its lineage."""
    books = FakeBooks()
    books.proposals["one"] = proposal("one", "ada", vote("ben", "reject"))
    books.proposals["two"] = proposal(
        "two", "ben", references=["one", "two", "invoice-7"]
    )
    books.proposals["other"] = attrs.evolve(
        proposal("other", "ada"), entry=None, action="close-period"
    )
    item = proposal("three", "cid", vote("ada"), references=["two", "other"])
    assert denials(item, books) == [
        "ada: journal.approve, journal.create",
        "ben: journal.create, journal.approve",
    ]


def test_a_circle_of_references_ends() -> None:
    """Everybody is looked at once."""
    books = FakeBooks()
    for one, other in (("a", "b"), ("b", "a")):
        books.proposals[one] = proposal(one, "ada", references=[other])
    posted(books, "x", "ada", reverses="y")
    posted(books, "y", "ada", reverses="x")
    item = proposal("c", "ben", references=["a"], reverses="x")
    assert {d.object for d in deeds(item, books)} == {"a", "b", "c", "x", "y"}


def test_duties_have_names_of_their_own_by_journal() -> None:
    """Preparing and releasing a payment exclude each other on one payment."""
    item = proposal("pay", "ada", vote("ben"), journal="payments", released_by="ada")
    names = {"payments": SETTLEMENT_DUTIES}
    assert denials(item, FakeBooks(), duties=names) == [
        "ada: settle.prepare, settle.release"
    ]


# --- properties ----------------------------------------------------------------------

people = st.sampled_from(PEOPLE)
votes = st.lists(
    st.builds(vote, people, st.sampled_from(["approve", "reject"])), max_size=3
)
makers = st.lists(people, min_size=1, max_size=2, unique=True).map(tuple)
roles = st.lists(
    st.tuples(people, st.sampled_from(["journal.approve", "journal.create", "a.read"])),
    max_size=4,
)


@given(makers, votes, makers, votes, roles, st.booleans())
def test_a_change_of_roles_launders_nothing(
    made: tuple[str, ...],
    cast: list[Vote],
    undone: tuple[str, ...],
    cast_on_reversal: list[Vote],
    held: list[tuple[str, str]],
    moved: bool,
) -> None:
    """Whatever roles and units become, what was denied by history stays denied."""
    books = FakeBooks()
    books.proposals["rent"] = proposal("rent", made[0], *cast, makers=made)
    posted(books, "rent", "dan", proposal="rent")
    item = proposal(
        "back", undone[0], *cast_on_reversal, makers=undone, reverses="rent"
    )
    units = [Unit("firm"), Unit("firm:other")]
    changed = organisation(
        units=units,
        actors=[Actor(name, units[moved].path) for name in PEOPLE],
        roles=[Role(duty, [duty]) for duty in {duty for _, duty in held}],
        grants=[
            Grant(
                id=str(n),
                actor=name,
                role=duty,
                valid_from=AT - DAY,
                certified_until=AT + DAY,
                granted_by="dan" if name != "dan" else "ada",
                certified_by="dan" if name != "dan" else "ada",
            )
            for n, (name, duty) in enumerate(held)
        ],
    )
    before = denials(item, books)
    assert denials(item, books, changed) == before
    more = proposal(
        "back",
        undone[0],
        *cast_on_reversal,
        vote("cid"),
        makers=undone,
        reverses="rent",
    )
    assert {each.split(":")[0] for each in denials(more, books, changed)} >= {
        each.split(":")[0] for each in before
    }


@given(makers, votes)
def test_the_control_agrees_with_the_rule(
    made: tuple[str, ...], cast: list[Vote]
) -> None:
    """Nobody who wrote any revision is among the voters."""
    item = proposal("rent", made[0], *cast, makers=made)
    overlap = {*made} & {each.actor for each in cast}
    found = {each.split(":")[0] for each in denials(item, FakeBooks())}
    assert found == overlap


# --- the organisation in the book ----------------------------------------------------


def kept(*, known: bool = True) -> FakeBooks:
    """Return a book that holds a small organisation."""
    books = FakeBooks()
    if not known:
        return books
    with bl.open_ledger(":memory:", actor="hr") as ledger:
        desk = OrganisationDesk(ledger)
        desk.store(
            Unit("firm"),
            Actor("Ada", "firm", level=2),
            Actor("ben", "firm", kind="service"),
            Role("base", ["journal.create"]),
            Role("clerk", ["journal.read"], inherits=["base"]),
            Role("head", [], inherits=["clerk", "base"]),
            Role("auditor", ["audit.read"]),
            *CONFLICT_MATRIX,
            by="hr",
            at=AT,
            founding=True,
        )
        waiver = Waiver(
            id="w",
            conflict="audit-write",
            actor="ben",
            reason="alone",
            approver="ada",
            compensating_control="sample",
            valid_from=AT,
            expires=AT + DAY,
        )
        desk.store(waiver, by="hr", at=AT, founding=True)
        desk.grant("ada", "head", by="ben", at=AT, founding=True)
        end = AT + DAY
        for role in ("head", "auditor"):
            desk.grant("ben", role, by="ada", at=AT, valid_to=end, founding=True)
        for kind in ("actor", "conflicts", "role", "unit"):
            books.keep(*ledger.documents.all(f"organisation-{kind}"))
    return books


def test_the_book_answers_as_the_organisation_does() -> None:
    """Rights, unit, level and kind, with inherited roles and waivers."""
    found = BookOrganisation(kept())
    assert found.roles_of("ADA", AT) == {"head", "clerk", "base"}
    assert found.duties_of("ada", AT) == {"journal.create", "journal.read"}
    assert (found.unit_of("ada"), found.level_of("ada")) == ("firm", 2)
    assert found.kind_of("ben") == "service"
    assert found.duties_of("ben", AT) == {
        "journal.create",
        "journal.read",
        "audit.read",
    }
    assert found.waiver_of("audit-write", "ben", AT) is not None
    assert found.waiver_of("audit-write", "ada", AT) is None
    assert tuple(sorted(each.id for each in found.conflicts)) == tuple(
        sorted(each.id for each in CONFLICT_MATRIX)
    )


def test_a_book_without_an_organisation_knows_nobody() -> None:
    """And has no conflict sets."""
    found = BookOrganisation(kept(known=False))
    assert found.conflicts == ()
    with pytest.raises(UnknownRecord):
        found.duties_of("ada", AT)


def test_a_control_can_ask_the_book_itself() -> None:
    """It is made anew for each decision, and keeps its name."""
    control = WithOrganisation(
        lambda found: SeparationOfDuties(found, id="sod", version="3")
    )
    assert (control.id, control.version) == ("sod", "3")
    assert control.actions == {"post-entry"}
    assert control.confidential_to is None
    item = proposal("rent", "ada", vote("ada"))
    [finding] = control.examine(item, kept())
    assert finding == bl.Deny(
        "duties-on-one-object", "ada: journal.create, journal.approve"
    )
    [nothing] = control.examine(item, kept(known=False))
    assert nothing == bl.Allow()


def test_a_control_keeps_what_it_examines_and_who_may_read_it() -> None:
    """These attributes of the control pass through."""

    @attrs.frozen
    class Watch:
        organisation: BookOrganisation
        id: str = "watch"
        version: str = "1"
        actions: tuple[str, ...] = ("close-period",)
        confidential_to: str = "aml.review"

        def examine(self, proposal: bl.Proposal, books: Any) -> list[bl.Allow]:
            return [bl.Allow()]

    control = WithOrganisation(Watch)
    assert control.actions == ("close-period",)
    assert control.confidential_to == "aml.review"


@pytest.mark.parametrize(
    "make",
    [
        lambda: WithOrganisation(7),  # type: ignore[arg-type]
        lambda: WithOrganisation(lambda found: found.unit_of("ada")),  # type: ignore[arg-type,return-value]
        lambda: SeparationOfDuties(organisation(), duties=7),  # type: ignore[arg-type]
        lambda: SeparationOfDuties(organisation(), duties={"general": "x"}),  # type: ignore[dict-item]
    ],
    ids=["no function", "asks at once", "no mapping", "no names"],
)
def test_bad_input(make: Any) -> None:
    """It is told when the control is made."""
    with pytest.raises(InvalidOption):
        make()


def test_duties_need_names() -> None:
    """An empty one would clash with nothing."""
    with pytest.raises(InvalidIdentifier):
        DutyNames(make="")


def test_other_modes_say_nothing_about_an_object() -> None:
    """What is static or dynamic is judged elsewhere."""
    sets = [
        ConflictSet("s", ["journal.create", "journal.approve"]),
        ConflictSet("d", ["journal.create", "journal.approve"], mode="dynamic"),
    ]
    item = proposal("rent", "ada", vote("ada"))
    assert denials(item, FakeBooks(), organisation(conflicts=sets)) == []
