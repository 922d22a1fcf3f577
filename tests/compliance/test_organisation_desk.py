"""The organisation in a book: every change a version, conflicts refused, restarts."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.compliance.organisation import (
    CONFLICT_MATRIX,
    Actor,
    ConflictSet,
    Organisation,
    OrganisationDesk,
    RecertificationPeriod,
    Role,
    Unit,
    Waiver,
)
from backoffice_ledger.errors import (
    DocumentConflict,
    InvalidDate,
    InvalidDocument,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import FrozenClock

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
FIRM = (
    Unit("firm", head="ada"),
    Unit("firm:desk", head="tom", is_management=True),
    Unit("firm:office", head="olga", is_management=True),
    Actor("ada", "firm", level=2),
    Actor("tom", "firm:desk"),
    Actor("olga", "firm:office"),
    Role("administrator", ["role.admin"], criticality="critical"),
    Role("trader", ["trade.capture"]),
    Role("payer", ["settle.release"], criticality="material"),
    *CONFLICT_MATRIX,
)
Open = Callable[[datetime], bl.Ledger]


def found(ledger: bl.Ledger) -> OrganisationDesk:
    """Set up the firm, with Ada as its administrator."""
    desk = OrganisationDesk(ledger)
    desk.store(*FIRM, by="ada", at=AT, founding=True)
    desk.grant("ada", "administrator", by="ada", at=AT, founding=True)
    return desk


@pytest.fixture
def ledger() -> Any:
    """Return a book in memory."""
    with bl.open_ledger(":memory:", actor="ada", clock=FrozenClock(AT)) as ledger:
        yield ledger


@pytest.fixture
def desk(ledger: bl.Ledger) -> OrganisationDesk:
    """Return the desk of a firm that is set up."""
    return found(ledger)


def waiver(**changes: Any) -> Waiver:
    """Return a waiver that lets Tom trade and pay for thirty days."""
    arguments: dict[str, Any] = {
        "id": "small-firm",
        "conflict": "trade-control",
        "actor": "tom",
        "reason": "two people in all",
        "approver": "ada",
        "compensating_control": "monthly sample by Ada",
        "valid_from": AT,
        "expires": AT + 30 * DAY,
    }
    return Waiver(**(arguments | changes))


def test_what_is_stored_is_loaded(desk: OrganisationDesk) -> None:
    """Everything comes back as it was, times in whatever zone."""
    items = [
        waiver(valid_from=AT.astimezone(datetime.now().astimezone().tzinfo)),
        RecertificationPeriod("normal", 24, date(2026, 6, 1)),
        Actor("Zoe", "firm:desk", kind="service", left=AT + DAY),
        Role("senior", ["trade.limit"], inherits=["trader"]),
        ConflictSet("more", ["a.b", ["c.*", "d.e"]], mode="dynamic", mitigations=["m"]),
    ]
    after = desk.store(*items, by="ada", at=AT)
    assert desk.load() == after
    assert after.months_certified("normal", AT + 365 * DAY) == 24
    assert after.actor("zoe").id == "Zoe"


def test_storing_again_changes_nothing(
    desk: OrganisationDesk, ledger: bl.Ledger
) -> None:
    """Neither does granting again."""
    desk.grant("tom", "trader", by="ada", at=AT)
    size = ledger.verify().records
    desk.store(*FIRM, by="ada", at=AT + DAY)
    desk.grant("TOM", "trader", by="ada", at=AT)
    assert found(ledger) == desk  # founding again is a repetition too
    assert ledger.verify().records == size
    with pytest.raises(InvalidOption):
        desk.grant("tom", "trader", by="ada", at=AT + DAY)
    desk.grant("tom", "trader", by="ada", at=AT + DAY, id="again")
    assert len(desk.load().grants) == 3


def test_only_an_administrator_changes_rights(desk: OrganisationDesk) -> None:
    """Founding is over once there is one; others may not."""
    for by, founding in (("tom", False), ("nobody", False), ("ada", True)):
        with pytest.raises(NotPermitted):
            desk.grant("tom", "trader", by=by, at=AT, founding=founding)
        with pytest.raises(NotPermitted):
            desk.store(Unit("x"), by=by, at=AT, founding=founding)
    with pytest.raises(NotPermitted):
        desk.grant("tom", "trader", by="ada", at=AT - DAY)
    assert desk.load().duties_of("tom", AT) == frozenset()


def test_founding_is_marked(desk: OrganisationDesk) -> None:
    """Who gave themselves a role can be found for ever."""
    [grant] = desk.load().grants
    assert (grant.is_founding, grant.granted_by, grant.actor) == (True, "ada", "ada")


def test_a_founder_must_say_so(ledger: bl.Ledger) -> None:
    """Without it nobody may change what nobody has yet."""
    with pytest.raises(NotPermitted):
        OrganisationDesk(ledger).store(*FIRM, by="ada", at=AT)


def test_a_grant_that_clashes_is_refused(desk: OrganisationDesk) -> None:
    """Static separation of duties, inherited roles included (ANSI INCITS 359)."""
    desk.store(Role("senior", [], inherits=["payer"]), by="ada", at=AT)
    desk.grant("tom", "trader", by="ada", at=AT)
    with pytest.raises(NotPermitted) as caught:
        desk.grant("tom", "senior", by="ada", at=AT)
    assert "trade-control" in str(caught.value.expected)
    with pytest.raises(NotPermitted):  # not now, but later
        desk.grant("tom", "senior", by="ada", at=AT, valid_from=AT + 90 * DAY)
    assert desk.load().roles_of("tom", AT) == {"trader"}


def test_a_grant_after_the_other_ended_is_no_conflict(desk: OrganisationDesk) -> None:
    """What clashes is held at one time."""
    desk.grant("tom", "trader", by="ada", at=AT, valid_to=AT + DAY)
    desk.grant("tom", "payer", by="ada", at=AT, valid_from=AT + DAY)
    assert desk.load().roles_of("tom", AT + DAY) == {"payer"}


def test_a_role_that_would_clash_is_refused(desk: OrganisationDesk) -> None:
    """A role changes for all who hold it."""
    desk.grant("tom", "trader", by="ada", at=AT)
    with pytest.raises(NotPermitted):
        desk.store(Role("trader", ["trade.capture", "price.maintain"]), by="ada", at=AT)
    desk.store(Role("trader", ["trade.capture", "trade.read"]), by="ada", at=AT)
    assert desk.load().duties_of("tom", AT) == {"trade.capture", "trade.read"}


def test_a_waiver_allows_a_grant_as_long_as_it_lasts(desk: OrganisationDesk) -> None:
    """A grant that would outlive it is refused; at its end the rights are gone."""
    desk.grant("tom", "trader", by="ada", at=AT)
    desk.store(waiver(), by="ada", at=AT)
    with pytest.raises(NotPermitted):
        desk.grant("tom", "payer", by="ada", at=AT)
    desk.grant("tom", "payer", by="ada", at=AT, valid_to=AT + 30 * DAY)
    firm = desk.load()
    assert firm.duties_of("tom", AT) == {"trade.capture", "settle.release"}
    assert firm.duties_of("tom", AT + 30 * DAY) == {"trade.capture"}
    early = desk.store(waiver(expires=AT + DAY), by="ada", at=AT)
    assert early.duties_of("tom", AT + DAY) == frozenset()


def test_stricter_rules_are_always_taken(desk: OrganisationDesk) -> None:
    """Who then holds duties that clash has lost them."""
    desk.store(Role("both", ["journal.create", "journal.approve"]), by="ada", at=AT)
    desk.grant("tom", "both", by="ada", at=AT)
    strict = ConflictSet("strict", ["journal.create", "journal.approve"])
    firm = desk.store(strict, by="ada", at=AT)
    assert firm.duties_of("tom", AT) == frozenset()
    assert [each.conflict for each in firm.violations(AT)] == [strict]
    # What was wrong before is no reason to refuse something else.
    desk.grant("tom", "trader", by="ada", at=AT)
    assert desk.load().duties_of("tom", AT) == {"trade.capture"}


def test_certifying_prolongs_a_right(desk: OrganisationDesk) -> None:
    """By somebody else, by the period of the role's criticality."""
    grant = desk.grant("olga", "payer", by="ada", at=AT)
    assert grant.certified_until == datetime(2027, 1, 5, 9, tzinfo=UTC)
    later = datetime(2026, 7, 1, tzinfo=UTC)
    certified = desk.certify("OLGA", "payer", by="ada", at=later)
    assert certified.certified_until == datetime(2027, 7, 1, tzinfo=UTC)
    assert desk.load().roles_of("olga", datetime(2027, 3, 1, tzinfo=UTC)) == {"payer"}
    with pytest.raises(NotPermitted):
        desk.certify("ada", "administrator", by="ADA", at=later)


def test_the_last_administrator_who_lapses_is_founded_again(
    desk: OrganisationDesk,
) -> None:
    """The door that is left is marked, and open only while there is none."""
    late = AT + 365 * DAY
    with pytest.raises(NotPermitted):
        desk.certify("ada", "administrator", by="olga", at=late)
    desk.certify("ada", "administrator", by="olga", at=late, founding=True)
    assert desk.load().duties_of("ada", late) == {"role.admin"}


def test_revoking_ends_a_right_at_once(desk: OrganisationDesk) -> None:
    """It never begins if it is revoked before; revoking twice keeps the first end."""
    desk.grant("tom", "trader", by="ada", at=AT)
    desk.grant("tom", "trader", by="ada", at=AT, id="next", valid_from=AT + 90 * DAY)
    desk.revoke("tom", "trader", by="ada", at=AT + DAY)
    assert desk.revoke("tom", "next", by="ada", at=AT + DAY).valid_to == AT + 90 * DAY
    again = desk.revoke("tom", "trader", by="ada", at=AT + 2 * DAY)
    assert again.valid_to == AT + DAY
    firm = desk.load()
    assert firm.roles_of("tom", AT) == {"trader"}
    assert firm.roles_of("tom", AT + DAY) == frozenset()
    assert firm.roles_of("tom", AT + 90 * DAY) == frozenset()


BAD: list[tuple[Callable[[OrganisationDesk], object], type[LedgerError]]] = [
    (lambda d: d.grant("tom", "king", by="ada", at=AT), InvalidOption),
    (lambda d: d.grant("nobody", "trader", by="ada", at=AT), UnknownRecord),
    (lambda d: d.grant("ada", "trader", by="ada", at=AT), InvalidOption),
    (lambda d: d.grant("tom", "trader", by="", at=AT), InvalidIdentifier),
    (lambda d: d.grant("tom", "trader", by="ada", at=date(2026, 1, 1)), InvalidDate),
    (lambda d: d.certify("tom", "trader", by="ada", at=AT), UnknownRecord),
    (lambda d: d.revoke("nobody", "trader", by="ada", at=AT), UnknownRecord),
    (lambda d: d.store(d.load().grants[0], by="ada", at=AT), InvalidOption),
    (lambda d: d.store("tom", by="ada", at=AT), InvalidOption),
    (lambda d: d.store(Unit("a:b"), by="ada", at=AT), InvalidOption),
    (lambda d: d.load(known_at=date(2026, 1, 1)), InvalidDate),
]


@pytest.mark.parametrize(("act", "error"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input_writes_nothing(
    desk: OrganisationDesk,
    ledger: bl.Ledger,
    act: Callable[[OrganisationDesk], object],
    error: type[LedgerError],
) -> None:
    """It is an error of the library that names the field."""
    size = ledger.verify().records
    with pytest.raises(error) as caught:
        act(desk)
    assert caught.value.field
    assert ledger.verify().records == size


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("organisation-unit", {"head": 7, "is_management": False}),
        ("organisation-role", {"duties": ["a.b"], "colour": "red"}),
        ("organisation-actor", {"id": "x"}),
        ("organisation-conflicts", {"conflicts": [{"id": "x", "duties": [7, 8]}]}),
        ("organisation-conflicts", {"conflicts": 7}),
        ("organisation-recertification", {"effective": "soon"}),
    ],
)
def test_documents_of_other_hands_are_told(
    ledger: bl.Ledger, kind: str, content: dict[str, Any]
) -> None:
    """They are not guessed at."""
    ledger.documents.store(bl.Document(kind, "x", content))
    with pytest.raises(InvalidDocument):
        OrganisationDesk(ledger).load()


# --- stores --------------------------------------------------------------------------


def test_it_survives_a_restart_and_can_be_seen_as_it_was(tmp_path: Path) -> None:
    """Each change is a version in the log, with its instant and its actor."""

    def open_at(at: datetime) -> bl.Ledger:
        return bl.open_ledger(
            tmp_path / "books.db", actor="hr", create=True, clock=FrozenClock(at)
        )

    with open_at(AT) as ledger:
        found(ledger).grant("tom", "trader", by="ada", at=AT)
    with open_at(AT + DAY) as ledger:
        OrganisationDesk(ledger).revoke("tom", "trader", by="ada", at=AT + DAY)
    with open_at(AT + 2 * DAY) as ledger:
        desk = OrganisationDesk(ledger)
        now = desk.load()
        assert now == desk.load(known_at=AT + 2 * DAY)
        assert now.roles_of("tom", AT + DAY) == frozenset()
        assert desk.load(known_at=AT).roles_of("tom", AT + DAY) == {"trader"}
        assert desk.load(known_at=AT - DAY) == Organisation()
        versions = [r for r in ledger.records() if r.content.get("id") == "tom"]
        assert [each.actor for each in versions] == ["hr", "hr", "hr"]
        ledger.verify()


def test_it_lives_in_postgresql(database: str) -> None:
    """The same life cycle, on the server."""
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="hr", create=True) as ledger,
    ):
        desk = found(ledger)
        desk.grant("tom", "trader", by="ada", at=AT)
        with pytest.raises(NotPermitted):
            desk.grant("tom", "payer", by="ada", at=AT)
        desk.store(waiver(), by="ada", at=AT)
        desk.grant("tom", "payer", by="ada", at=AT, valid_to=AT + DAY)
        before = desk.load()
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="hr") as ledger,
    ):
        desk = OrganisationDesk(ledger)
        assert desk.load() == before
        desk.revoke("tom", "trader", by="ada", at=AT + DAY)
        assert desk.load().roles_of("tom", AT + DAY) == frozenset()
        ledger.verify()


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_two_grants_at_once_never_clash(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Of two roles that exclude each other, one is given and one refused."""
    if store == "postgresql":
        where: Any = PostgreSQLStore(request.getfixturevalue("database"))
        request.addfinalizer(where.close)
    else:
        where = tmp_path / "books.db"
    with bl.open_ledger(where, actor="hr", create=True) as ledger:
        found(ledger)
    barrier = threading.Barrier(2)
    outcomes: list[object] = []

    def give(role: str) -> None:
        with bl.open_ledger(where, actor="hr") as own:
            barrier.wait(timeout=30)
            try:
                outcomes.append(
                    OrganisationDesk(own).grant("tom", role, by="ada", at=AT)
                )
            except (DocumentConflict, NotPermitted) as error:
                outcomes.append(error)

    threads = [threading.Thread(target=give, args=(r,)) for r in ("trader", "payer")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(isinstance(each, LedgerError) for each in outcomes) == [False, True]
    with bl.open_ledger(where, actor="hr") as ledger:
        assert len(OrganisationDesk(ledger).load().duties_of("tom", AT)) == 1
        ledger.verify()
