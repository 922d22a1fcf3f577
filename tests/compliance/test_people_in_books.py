"""Organisation, separation of duties and trade controls together, in a real book."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.compliance import (
    Authority,
    FourEyes,
    MakerChecker,
    Policy,
    Slot,
    VotingBand,
)
from backoffice_ledger.compliance.barriers import (
    Barriers,
    ConflictClass,
    InformationBarrier,
    Item,
)
from backoffice_ledger.compliance.customers import (
    Identification,
    NoOutflowBeforeIdentification,
)
from backoffice_ledger.compliance.organisation import (
    CONFLICT_MATRIX,
    Actor,
    Organisation,
    OrganisationDesk,
    OrganisationGuard,
    Role,
    SeparationOfDuties,
    Unit,
    WithOrganisation,
)
from backoffice_ledger.compliance.trading import PaymentRelease, TradingStaff
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    ControlMissing,
    NotPermitted,
)
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import FrozenClock

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = {
    "ada": ("bank", "administrator"),
    "tina": ("bank:trading", "trader"),
    "theo": ("bank:trading", "trader"),
    "bert": ("bank:office", "payer"),
    "olga": ("bank:office", "payer"),
}
WALLS = [ConflictClass("banks", ["bank-a", "bank-b"])]
CONTROLS = [
    FourEyes(),
    OrganisationGuard(),
    NoOutflowBeforeIdentification("liabilities:customers"),
    InformationBarrier(WALLS),
    WithOrganisation(lambda found: SeparationOfDuties(found)),
    WithOrganisation(
        lambda found: PaymentRelease(
            TradingStaff(found, ["bank:trading"]), ["assets:bank"]
        )
    ),
]
Reopen = Callable[..., bl.Ledger]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Return a function that opens the book, and first closes it if it is open."""
    where: Any = bl.MemoryStore()
    if request.param == "sqlite":
        where = tmp_path / "books.db"
    elif request.param == "postgresql":
        where = PostgreSQLStore(request.getfixturevalue("database"))
        request.addfinalizer(where.close)
    open_now: list[bl.Ledger] = []

    def reopen_(*controls: Any, actor: str = "ada", at: datetime = AT) -> bl.Ledger:
        while open_now:
            open_now.pop().close()
        ledger = bl.open_ledger(
            where, actor=actor, create=True, clock=FrozenClock(at), controls=controls
        )
        open_now.append(ledger)
        return ledger

    yield reopen_
    while open_now:
        open_now.pop().close()


def found(ledger: bl.Ledger) -> OrganisationDesk:
    """Set up a bank of five people, and its accounts."""
    for path, type_ in (
        ("assets:bank", "asset"),
        ("expenses:fees", "expense"),
        ("liabilities:customers:7", "liability"),
    ):
        ledger.open_account(path, type=type_)
    ledger.declare_dimension("data_set")
    desk = OrganisationDesk(ledger)
    desk.store(
        Unit("bank", head="ada"),
        Unit("bank:trading", head="tina", is_management=True),
        Unit("bank:office", head="bert", is_management=True),
        *(Actor(name, unit) for name, (unit, _) in PEOPLE.items()),
        Role("administrator", ["role.admin"], criticality="critical"),
        Role("trader", ["trade.capture"]),
        Role("payer", ["settle.release"], criticality="material"),
        *CONFLICT_MATRIX,
        by="ada",
        at=AT,
        founding=True,
    )
    desk.grant("ada", "administrator", by="ada", at=AT, founding=True)
    for name, (_, role) in PEOPLE.items():
        if name != "ada":
            desk.grant(name, role, by="ada", at=AT)
    return desk


def fee(id: str, **dimensions: str) -> bl.Entry:
    """Return an entry that pays a fee."""
    return bl.Entry(
        id,
        date(2026, 1, 5),
        [
            bl.debit("expenses:fees", "10.00 EUR", dimensions=dimensions),
            bl.credit("assets:bank", "10.00 EUR"),
        ],
    )


def approve(ledger: bl.Ledger, id: str, *actors: str) -> None:
    """Let people approve what they have seen."""
    digest = ledger.proposals.get(id).digest
    for actor in actors:
        ledger.proposals.approve(id, seen=digest, actor=actor)


def test_a_payment_and_its_reversal(reopen: Reopen) -> None:
    """Two of trading do not pay; who approved an entry does not approve its reversal.

    The book is closed and opened again between the steps.
    """
    found(reopen())
    ledger = reopen(*CONTROLS, actor="tina")
    ledger.propose(fee("fee"))
    approve(ledger, "fee", "theo")
    with pytest.raises(ApprovalRequired, match="only trading has signed"):
        ledger.proposals.post("fee", actor="theo")
    ledger = reopen(*CONTROLS, actor="bert")
    approve(ledger, "fee", "bert")
    ledger.proposals.post("fee", actor="olga")
    proposals = ledger.proposals
    back = proposals.propose_reversal(
        "fee", date=date(2026, 1, 6), reason="twice", actor="bert"
    )
    approve(ledger, back.id, "theo")
    with pytest.raises(ControlDenied, match="theo: reverse"):
        proposals.post(back.id, actor="olga")
    ledger.verify()


def test_a_super_checker_does_not_approve_their_own_request(reopen: Reopen) -> None:
    """However many rights; and what is withdrawn stays in the log."""
    desk = found(reopen())
    desk.store(
        Role("super", ["journal.create", "journal.approve", "journal.post"]),
        by="ada",
        at=AT,
    )
    desk.grant("bert", "super", by="ada", at=AT)
    ledger = reopen(*CONTROLS, actor="bert")
    ledger.propose(fee("own"))
    with pytest.raises(NotPermitted):
        approve(ledger, "own", "BERT")
    with pytest.raises(ApprovalRequired):
        ledger.post(fee("direct"))
    ledger.proposals.withdraw("own", actor="bert")
    assert ledger.proposals.get("own").status is bl.ProposalStatus.WITHDRAWN
    kinds = {record.type for record in ledger.records() if "own" in record.id}
    assert kinds == {"decision", "proposal", "vote"}


def test_a_right_that_is_revoked_is_gone_at_once(reopen: Reopen) -> None:
    """The controls ask the book, not what it once said."""
    found(reopen())
    ledger = reopen(*CONTROLS, actor="tina", at=AT + DAY)
    ledger.propose(fee("fee"))
    approve(ledger, "fee", "theo", "bert")
    office = reopen(*CONTROLS, at=AT + DAY)
    OrganisationDesk(office).revoke("bert", "payer", by="ada", at=AT + DAY)
    ledger = reopen(*CONTROLS, actor="tina", at=AT + 2 * DAY)
    with pytest.raises(ApprovalRequired):
        ledger.proposals.post("fee", actor="theo")
    ledger.proposals.post("fee", actor="olga")


def test_nobody_else_writes_the_organisation(reopen: Reopen) -> None:
    """Not past the desk either, and not without the control."""
    found(reopen())
    ledger = reopen(*CONTROLS, actor="bert")
    with pytest.raises(ControlDenied, match="not-an-administrator"):
        OrganisationDesk(ledger).grant("bert", "payer", by="ada", at=AT, id="x")
    own = ledger.documents.get("organisation-actor", "bert")
    with pytest.raises(ControlDenied):
        ledger.documents.store(own.revise({**own.content, "level": 9}))
    ledger.documents.store(bl.Document("note", "1", {"text": "mine"}))
    with pytest.raises(ControlMissing):
        reopen(actor="bert")
    admin = OrganisationDesk(reopen(*CONTROLS, actor="ada"))
    assert admin.grant("bert", "payer", by="ada", at=AT, id="more").role == "payer"


def test_what_was_seen_and_who_is_not_identified(reopen: Reopen) -> None:
    """Barriers and identifications are kept in the same book."""
    found(reopen())
    ledger = reopen(*CONTROLS, actor="bert")
    Barriers(ledger, WALLS).access("tina", Item("file", "bank-b"), at=AT)
    customer = "liabilities:customers:7"
    identification = Identification(customer, "pending", source="assets:bank")
    document = ledger.documents.store(identification.to_document())

    def posted(id: str, entry: bl.Entry) -> None:
        ledger.propose(entry)
        approve(ledger, id, "olga")
        ledger.proposals.post(id, actor="olga")

    with pytest.raises(ControlDenied, match="conflict-class"):
        ledger.proposals.propose(fee("x", data_set="bank-a"), actor="tina")
    posted("y", fee("y", data_set="bank-a"))

    def move(id: str, debit: str, credit: str) -> bl.Entry:
        postings = [bl.debit(debit, "5.00 EUR"), bl.credit(credit, "5.00 EUR")]
        return bl.Entry(id, date(2026, 1, 5), postings)

    posted("in", move("in", "assets:bank", customer))
    with pytest.raises(ControlDenied, match="identification-pending"):
        posted("out", move("out", customer, "expenses:fees"))
    posted("refund", move("refund", customer, "assets:bank"))
    done = Identification(customer, "complete")
    ledger.documents.store(document.revise(done.content))
    posted("out", move("out", customer, "expenses:fees"))
    ledger.verify()


MARKET = Slot(name="Markt", roles=["trader"], within="bank:trading")
BACK_OFFICE = Slot(name="Marktfolge", within="bank:office")
ORDER = Policy(
    version="1",
    effective_from=date(2026, 1, 1),
    bands=[
        VotingBand(above="0.00 EUR", slots=[BACK_OFFICE]),
        VotingBand(above="5.00 EUR", slots=[MARKET, BACK_OFFICE]),
    ],
    escalation=[Slot(name="board", roles=["administrator"], level_min=1)],
)


def test_the_two_votes_come_from_separated_units(reopen: Reopen) -> None:
    """Markt yes and Marktfolge no is no approval: it is escalated.

    MakerChecker asks the organisation in the book.
    """
    desk = found(reopen())
    desk.store(Actor("ada", "bank", level=1), by="ada", at=AT)
    assert desk.load().are_units_separated(str(MARKET.within), str(BACK_OFFICE.within))
    ledger = reopen(
        WithOrganisation(lambda it: MakerChecker(policies=[ORDER], authority=it)),
        actor="tina",
    )
    for id_ in ("credit", "other"):
        ledger.propose(fee(id_))
    approve(ledger, "credit", "theo")
    with pytest.raises(ApprovalRequired, match="Marktfolge"):
        ledger.proposals.post("credit", actor="olga")
    digest = ledger.proposals.get("credit").digest
    rejected = ledger.proposals.reject("credit", seen=digest, actor="bert")
    assert rejected.status is bl.ProposalStatus.ESCALATED
    with pytest.raises(ApprovalRequired):
        ledger.proposals.post("credit", actor="olga")
    approve(ledger, "credit", "ada")
    ledger.proposals.post("credit", actor="olga")
    approve(ledger, "other", "theo", "bert")
    ledger.proposals.post("other", actor="olga")
    ledger.verify()


def test_an_organisation_is_an_authority() -> None:
    """What MakerChecker and other controls ask, it answers."""
    authority: Authority = Organisation(
        units=[Unit("firm")], actors=[Actor("ada", "firm", level=1)]
    )
    assert authority.roles_of("ada", AT) == frozenset()
    assert authority.duties_of("ada", AT) == frozenset()
    assert authority.unit_of("ada") == "firm"
    assert authority.level_of("ada") == 1
    assert authority.kind_of("ada") == "human"
