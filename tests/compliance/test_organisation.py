"""Who may do what: units, roles, grants, and duties that do not go together."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice_ledger.compliance.organisation import (
    CONFLICT_MATRIX,
    RECERTIFICATION_PERIODS,
    Actor,
    ConflictSet,
    Grant,
    Organisation,
    RecertificationPeriod,
    Role,
    Unit,
    Waiver,
    conflict_report,
    recertification_report,
)
from backoffice_ledger.errors import (
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    UnknownRecord,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAIR = ConflictSet("pair", ["trade.capture", ["confirm.*", "settle.release"]])

UNITS = (
    Unit("bank", head="chief"),
    Unit("bank:market", head="maria", is_management=True),
    Unit("bank:market:north", head="nora"),
    Unit("bank:office", head="otto", is_management=True),
    Unit("bank:office:credit", head="carl"),
)
ACTORS = (
    Actor("chief", "bank", level=3),
    Actor("maria", "bank:market", level=2),
    Actor("nora", "bank:market:north", level=1),
    Actor("otto", "bank:office", level=2),
    Actor("carl", "bank:office:credit", level=1),
    Actor("batch", "bank:office", kind="service"),
)
ROLES = (
    Role("trader", ["trade.capture"], criticality="critical"),
    Role("clerk", ["confirm.match"]),
    Role("payer", ["settle.release"], criticality="material"),
    Role("senior-clerk", ["journal.read"], inherits=["clerk"]),
    Role("reader", ["trade.read"]),
)


def grant(actor: str, role: str, **changes: Any) -> Grant:
    """Return a grant from the start, certified for a year."""
    arguments: dict[str, Any] = {
        "id": role,
        "actor": actor,
        "role": role,
        "valid_from": START,
        "certified_until": START + 365 * DAY,
        "granted_by": "chief" if actor != "chief" else "otto",
        "certified_by": "chief" if actor != "chief" else "otto",
    }
    return Grant(**(arguments | changes))


def firm(*grants: Grant, **changes: Any) -> Organisation:
    """Return a small bank with these grants."""
    arguments: dict[str, Any] = {
        "units": UNITS,
        "actors": ACTORS,
        "roles": ROLES,
        "grants": grants,
        "conflicts": [PAIR],
    }
    return Organisation(**(arguments | changes))


def waiver(**changes: Any) -> Waiver:
    """Return a waiver of the pair for Nora, for thirty days."""
    arguments: dict[str, Any] = {
        "id": "w",
        "conflict": "pair",
        "actor": "nora",
        "reason": "two people in all",
        "approver": "chief",
        "compensating_control": "monthly sample",
        "valid_from": START,
        "expires": START + 30 * DAY,
    }
    return Waiver(**(arguments | changes))


# --- rights --------------------------------------------------------------------------


def test_an_authority_answers_for_each_actor() -> None:
    """Unit, level and kind are those of the actor, however the name is written."""
    bank = firm(grant("nora", "senior-clerk"))
    assert bank.unit_of("NORA") == "bank:market:north"
    assert (bank.level_of("maria"), bank.kind_of("batch")) == (2, "service")
    assert bank.kind_of("nora") == "human"
    assert bank.roles_of("nora", START) == {"senior-clerk", "clerk"}
    assert bank.duties_of("Nora", START) == {"journal.read", "confirm.match"}
    assert bank.duties_of("carl", START) == frozenset()


@pytest.mark.parametrize("name", ["nobody", "", None])
def test_an_unknown_actor_has_no_answer(name: Any) -> None:
    """A control that asks for somebody unknown must not get "no duties"."""
    bank = firm()
    for ask in (bank.unit_of, bank.level_of, bank.kind_of):
        with pytest.raises(UnknownRecord):
            ask(name)
    with pytest.raises(UnknownRecord):
        bank.duties_of(name, START)
    with pytest.raises(UnknownRecord):
        bank.roles_of(name, START)


def test_a_right_needs_an_instant() -> None:
    """A day, or a time without zone, is none."""
    with pytest.raises(InvalidDate):
        firm().duties_of("nora", datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("changes", "at", "holds"),
    [
        ({}, START - DAY, False),
        ({}, START, True),
        ({}, START + 365 * DAY - timedelta(microseconds=1), True),
        ({}, START + 365 * DAY, False),
        ({"valid_to": START + DAY}, START + DAY, False),
        ({"valid_to": START + DAY}, START + DAY - timedelta(microseconds=1), True),
        ({"valid_to": START}, START, False),
        ({"certified_until": START + DAY}, START + DAY, False),
    ],
)
def test_a_right_begins_and_ends(
    changes: dict[str, Any], at: datetime, holds: bool
) -> None:
    """Spans are half-open; the end of the certification removes the right."""
    bank = firm(grant("nora", "trader", **changes))
    assert bank.duties_of("nora", at) == ({"trade.capture"} if holds else set())


def test_who_has_left_holds_nothing() -> None:
    """Whatever the grants say."""
    actors = [*ACTORS[:2], attrs.evolve(ACTORS[2], left=START + DAY), *ACTORS[3:]]
    bank = firm(grant("nora", "trader"), actors=actors)
    assert bank.duties_of("nora", START) == {"trade.capture"}
    assert bank.duties_of("nora", START + DAY) == frozenset()
    assert bank.violations(START + DAY) == ()


# --- units ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "separated"),
    [
        ("nora", "carl", True),
        ("maria", "otto", True),
        ("nora", "otto", True),
        ("nora", "maria", False),
        ("nora", "nora", False),
        ("nora", "chief", False),
        ("carl", "batch", False),
    ],
)
def test_units_are_separated_up_to_management(
    one: str, other: str, separated: bool
) -> None:
    """What both units have in common stands above two areas of management."""
    bank = firm()
    assert bank.are_separated(one, other) is separated
    assert bank.are_separated(other, one) is separated


@pytest.mark.parametrize(
    "unit",
    [
        Unit("bank:office", head="maria", is_management=True),
        Unit("bank:office", is_management=True),
        Unit("bank:office", head="otto"),
        Unit("bank:office:credit", head="Nora"),
    ],
    ids=["same head", "no head", "not management", "head of a unit on the other side"],
)
def test_units_that_one_person_leads_are_not_separated(unit: Unit) -> None:
    """The two heads are different persons, and there are two."""
    assert not firm().revised(unit).are_separated("nora", "carl")


def test_units_can_be_compared_before_anybody_votes() -> None:
    """Slots of a competence order name units; an unknown one has no answer."""
    bank = firm()
    assert bank.are_units_separated("bank:market", "bank:office:credit")
    assert not bank.are_units_separated("bank:market", "bank")
    with pytest.raises(UnknownRecord):
        bank.are_units_separated("bank:market", "bank:risk")


def test_somebody_belongs_to_the_units_above_too() -> None:
    """But not to one whose name only begins alike."""
    bank = firm().revised(Unit("bank:mark"))
    units = ("bank", "bank:market", "bank:market:north", "bank:mark", "bank:office")
    assert [bank.is_in_unit("nora", unit) for unit in units] == [
        True,
        True,
        True,
        False,
        False,
    ]


# --- conflicts -----------------------------------------------------------------------


def test_roles_in_conflict_give_no_right() -> None:
    """An inherited role counts; what does not clash stays."""
    bank = firm(
        grant("nora", "trader"), grant("nora", "senior-clerk"), grant("nora", "reader")
    )
    assert bank.duties_of("nora", START) == {"trade.read"}
    [found] = bank.violations(START)
    assert (found.conflict, found.actors) == (PAIR, ("nora",))
    assert found.duties == ("confirm.match", "trade.capture")
    assert found.waiver is None


def test_a_waiver_lets_them_stand_until_it_expires() -> None:
    """Then the roles in conflict give no right any more."""
    allowed = waiver()
    bank = firm(grant("nora", "trader"), grant("nora", "payer"), waivers=[allowed])
    both = {"trade.capture", "settle.release"}
    assert bank.duties_of("nora", START) == both
    assert bank.duties_of("nora", START + 30 * DAY) == frozenset()
    assert [each.waiver for each in bank.violations(START)] == [allowed]
    assert bank.waiver_of("pair", "NORA", START) == allowed
    assert bank.waiver_of("pair", "carl", START) is None
    assert bank.waiver_of("other", "nora", START) is None


def test_a_role_counts_for_a_while_after_it_ended() -> None:
    """Who moves from the market to a control unit waits first."""
    cooling = attrs.evolve(PAIR, cooling_off_days=90)
    bank = firm(
        grant("nora", "trader", valid_to=START + 10 * DAY),
        grant("nora", "payer", valid_from=START + 10 * DAY),
        conflicts=[cooling],
    )
    assert bank.duties_of("nora", START + 10 * DAY) == frozenset()
    assert bank.duties_of("nora", START + 99 * DAY) == frozenset()
    assert bank.duties_of("nora", START + 100 * DAY) == {"settle.release"}


def test_units_of_those_who_hold_conflicting_duties_are_compared() -> None:
    """Trading and its control belong to separated units."""
    units = attrs.evolve(PAIR, id="units", mode="unit")
    apart = firm(grant("nora", "trader"), grant("carl", "payer"), conflicts=[units])
    assert apart.violations(START) == ()
    near = firm(
        grant("nora", "trader"),
        grant("maria", "payer"),
        grant("carl", "clerk"),
        conflicts=[units],
        waivers=[waiver(conflict="units", actor="maria")],
    )
    [found] = near.violations(START)
    assert (found.actors, found.duties) == (
        ("maria", "nora"),
        ("settle.release", "trade.capture"),
    )
    assert found.waiver is not None
    assert near.violations(START + 40 * DAY)[0].waiver is None
    assert near.duties_of("nora", START) == {"trade.capture"}


def test_a_session_must_not_use_duties_together() -> None:
    """Holding them is allowed where the mode is dynamic."""
    dynamic = ConflictSet(
        "session", ["trade.capture", "settle.release"], mode="dynamic"
    )
    bank = firm(grant("nora", "trader"), grant("nora", "payer"), conflicts=[dynamic])
    assert bank.duties_of("nora", START) == {"trade.capture", "settle.release"}
    assert bank.session_conflicts(["trade.capture", "trade.read"]) == ()
    assert bank.session_conflicts(["trade.capture", "settle.release"]) == (dynamic,)


@pytest.mark.parametrize(
    ("duties", "conflicts"),
    [
        (["trade.capture", "confirm.send"], ["trade-control"]),
        (["trade.capture", "riskctrl.limit"], ["trade-control"]),
        (["trade.capture", "confirm.read"], []),
        (["confirm.send", "settle.release"], []),
        (["coa.maintain", "journal.create"], ["certify-execute"]),
        (["coa.maintain", "journal.read", "rules.maintain"], []),
        (["coa.maintain", "trade.capture"], ["front-rules"]),
        (["audit.read", "journal.create"], ["audit-write"]),
        (["audit.read", "journal.read"], []),
        (["portfolio.order", "riskctrl.report"], ["portfolio-risk"]),
        (["ssi.maintain", "settle.release"], ["master-data-payment"]),
        (["aml.review", "sales.open"], ["monitoring-sale"]),
        (["period.close", "journal.create"], ["close-make"]),
        (["journal.create", "journal.approve"], []),
    ],
)
def test_the_shipped_matrix(duties: list[str], conflicts: list[str]) -> None:
    """Row by row; making and approving are kept apart by object, not by person."""
    static = (each for each in CONFLICT_MATRIX if each.mode == "static")
    assert [each.id for each in static if each.is_broken_by(duties)] == conflicts


# --- properties ----------------------------------------------------------------------

DUTIES = ("a.1", "a.2", "b.1", "b.2", "c.1", "c.read")
spans = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)
patterns = st.sampled_from([*DUTIES, "a.*", "b.*", "c.*"])
conflict_sets = st.builds(
    lambda groups, n: ConflictSet("set", groups, n=min(n, len(groups))),
    st.lists(st.sets(patterns, min_size=1, max_size=2), min_size=2, max_size=4),
    st.integers(2, 3),
)
role_duties = st.lists(
    st.sets(st.sampled_from(DUTIES), max_size=2), min_size=4, max_size=4
)
held_spans = st.lists(st.tuples(st.integers(0, 3), spans), max_size=5)


def roles_of(duties: Iterable[Iterable[str]]) -> list[Role]:
    """Return roles, each of which inherits the one before the last."""
    return [
        Role(f"r{n}", each, inherits=[f"r{n - 2}"] if n > 1 else [])
        for n, each in enumerate(duties)
    ]


def fits(pattern: str, duty: str) -> bool:
    """Say it once more, differently, for the comparison."""
    if pattern[-1] == "*":
        return duty.split(".")[0] == pattern.split(".")[0] and duty[-5:] != ".read"
    return pattern == duty


@settings(max_examples=100)
@given(conflict_sets, role_duties, held_spans)
def test_the_analysis_is_that_of_brute_force(
    conflict: ConflictSet,
    duties: list[set[str]],
    spans_held: list[tuple[int, list[int]]],
) -> None:
    """Somebody is in conflict exactly if some n items have a duty each (SSD)."""
    grants = [
        grant(
            "nora",
            f"r{role}",
            id=str(n),
            valid_from=START + first * DAY,
            valid_to=START + last * DAY,
        )
        for n, (role, (first, last)) in enumerate(spans_held)
    ]
    bank = firm(*grants, roles=roles_of(duties), conflicts=[conflict])
    for day in range(8):
        held: set[str] = set()
        for role, (first, last) in spans_held:
            if first <= day < last:
                while role >= 0:
                    held |= duties[role]
                    role -= 2
        clash = any(
            all(any(fits(p, d) for p in group for d in held) for group in chosen)
            for chosen in combinations(conflict.duties, conflict.n)
        )
        at = START + day * DAY
        assert [v.conflict for v in bank.violations(at)] == [conflict] * clash
        assert not conflict.is_broken_by(bank.duties_of("nora", at))


@settings(max_examples=60)
@given(role_duties, held_spans, st.integers(0, 7))
def test_no_actor_certifies_and_executes(
    duties: list[set[str]], spans_held: list[tuple[int, list[int]]], day: int
) -> None:
    """Clark and Wilson, E4: whatever is granted, no right to both is left."""
    names = dict(
        zip(DUTIES, ("coa.maintain", "role.admin", "journal.create", "settle.release",
                     "approve.credit", "journal.read"), strict=True)
    )  # fmt: skip
    roles = roles_of([{names[duty] for duty in each} for each in duties])
    grants = [
        grant("nora", f"r{role}", id=str(n), valid_from=START + first * DAY,
              valid_to=START + last * DAY)
        for n, (role, (first, last)) in enumerate(spans_held)
    ]  # fmt: skip
    bank = firm(*grants, roles=roles, conflicts=CONFLICT_MATRIX)
    held = bank.duties_of("nora", START + day * DAY)
    certifies = held & {"coa.maintain", "role.admin"}
    executes = held & {"journal.create", "settle.release", "approve.credit"}
    assert not (certifies and executes)


# --- reports -------------------------------------------------------------------------


def test_the_conflict_report_says_what_is_wrong_or_will_be() -> None:
    """Violations, waivers, what ends soon, what is over, and what has no owner."""
    actors = [
        attrs.evolve(each, left=START) if each.id == "otto" else each for each in ACTORS
    ]
    bank = firm(
        grant("maria", "trader"),
        grant("maria", "payer"),
        grant("nora", "trader"),
        grant("nora", "clerk", valid_to=START + 20 * DAY),
        grant("carl", "reader", certified_until=START + 5 * DAY),
        grant("batch", "reader", certified_until=START + DAY),
        grant("otto", "reader"),
        grant("chief", "reader", valid_to=START),
        waivers=[waiver()],
        actors=actors,
        units=[*UNITS, Unit("bank:empty")],
    )
    table = conflict_report(bank, at=START + DAY, horizon_days=29)
    assert [
        (row["finding"], row["actor"], row["subject"], row["until"], row["detail"])
        for row in table.rows()
    ] == [
        ("violation", "maria", "pair", None, ""),
        ("waived", "nora", "pair", date(2026, 1, 31), "monthly sample (chief)"),
        ("expiring", "carl", "reader", date(2026, 1, 6), "certification"),
        ("expiring", "nora", "pair", date(2026, 1, 31), "waiver"),
        ("expiring", "nora", "clerk", date(2026, 1, 21), "grant"),
        ("uncertified", "batch", "reader", date(2026, 1, 2), ""),
        ("orphaned", "", "bank:empty", None, "no head"),
        ("orphaned", "otto", "reader", None, "has left"),
        ("orphaned", "otto", "bank:office", None, "head has left"),
    ]
    assert table.rows()[0]["severity"] == "high"
    assert table.rows()[0]["duties"] == "settle.release, trade.capture"
    soon = conflict_report(bank, at=START + DAY, horizon_days=4)
    assert [row["actor"] for row in soon.rows() if row["finding"] == "expiring"] == [
        "carl"
    ]


def test_the_recertification_report_names_who_must_look() -> None:
    """The head of the unit; for a head, the next one above."""
    bank = firm(
        grant("nora", "trader", certified_until=START + 10 * DAY),
        grant("carl", "clerk"),
        grant("chief", "reader", certified_until=START),
    )
    table = recertification_report(bank, at=START, horizon_days=10)
    assert [
        (row["state"], row["actor"], row["criticality"], row["reviewer"], row["until"])
        for row in table.rows()
    ] == [
        ("expired", "chief", "normal", "", date(2026, 1, 1)),
        ("due", "nora", "critical", "maria", date(2026, 1, 11)),
        ("certified", "carl", "normal", "otto", date(2027, 1, 1)),
    ]


def test_certifications_last_as_long_as_the_period_in_force() -> None:
    """The periods are dated: stricter ones hold from their day on."""
    bank = firm(
        periods=[
            *RECERTIFICATION_PERIODS,
            RecertificationPeriod("normal", 24, date(2027, 1, 1)),
        ]
    )
    before, after = START, START + 365 * DAY
    assert bank.months_certified("critical", before) == 6
    assert bank.months_certified("material", before) == 12
    assert bank.months_certified("normal", before) == 36
    assert bank.months_certified("normal", after) == 24
    with pytest.raises(InvalidOption):
        firm(periods=()).months_certified("normal", before)


# --- bad input -----------------------------------------------------------------------

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001


BAD: list[tuple[Any, type[LedgerError]]] = [
    (lambda: Unit(""), InvalidIdentifier),
    (lambda: Unit("a::b"), InvalidIdentifier),
    (lambda: Unit("a", head=" b"), InvalidIdentifier),
    (lambda: Unit("a", is_management=1), InvalidOption),
    (lambda: Actor(7, "a"), InvalidIdentifier),
    (lambda: Actor("a", "b", kind="robot"), InvalidOption),
    (lambda: Actor("a", "b", level=-1), InvalidOption),
    (lambda: Actor("a", "b", level=True), InvalidOption),
    (lambda: Actor("a", "b", left=NAIVE), InvalidDate),
    (lambda: Role("r", "journal.create"), InvalidOption),
    (lambda: Role("r", ["journal.*"]), InvalidOption),
    (lambda: Role("r", [""]), InvalidIdentifier),
    (lambda: Role("r", [], criticality="high"), InvalidOption),
    (lambda: grant("a", "b", valid_from=NAIVE), InvalidDate),
    (lambda: grant("a", "b", valid_to=START - DAY), InvalidDate),
    (lambda: grant("a", ""), InvalidIdentifier),
    (lambda: RecertificationPeriod("normal", 0, date(2026, 1, 1)), InvalidOption),
    (lambda: RecertificationPeriod("normal", 1, START), InvalidDate),
    (lambda: ConflictSet("c", "a.b"), InvalidOption),
    (lambda: ConflictSet("c", 7), InvalidOption),
    (lambda: ConflictSet("c", ["a"]), InvalidOption),
    (lambda: ConflictSet("c", ["a", []]), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], n=3), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], n=1), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b", "c"], n=3, mode="unit"), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], mode="maybe"), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], severity="dire"), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], cooling_off_days=-1), InvalidOption),
    (lambda: ConflictSet("c", ["a", "b"], mitigations="x"), InvalidOption),
    (lambda: waiver(approver="NORA"), InvalidOption),
    (lambda: waiver(reason=""), InvalidIdentifier),
    (lambda: waiver(expires=START), InvalidDate),
    (lambda: waiver(expires=NAIVE), InvalidDate),
    (lambda: firm(units=[*UNITS, Unit("bank")]), InvalidOption),
    (lambda: firm(units=[*UNITS, Unit("x:y")]), InvalidOption),
    (lambda: firm(units=[*UNITS, Unit("x", head="nobody")]), InvalidOption),
    (lambda: firm(units=["bank"]), InvalidOption),
    (lambda: firm(units="bank"), InvalidOption),
    (lambda: firm(actors=[*ACTORS, Actor("NORA", "bank")]), InvalidOption),
    (lambda: firm(actors=[*ACTORS, Actor("x", "y")]), InvalidOption),
    (lambda: firm(roles=[*ROLES, Role("clerk", [])]), InvalidOption),
    (lambda: firm(roles=[Role("r", [], inherits=["s"])]), InvalidOption),
    (
        lambda: firm(
            roles=[Role("r", [], inherits=["s"]), Role("s", [], inherits=["r"])]
        ),
        InvalidOption,
    ),
    (lambda: firm(conflicts=[PAIR, PAIR]), InvalidOption),
    (lambda: firm(grant("nora", "king")), InvalidOption),
    (lambda: firm(grant("nobody", "clerk")), InvalidOption),
    (lambda: firm(grant("nora", "clerk", granted_by="x")), InvalidOption),
    (lambda: firm(grant("nora", "clerk", granted_by="Nora")), InvalidOption),
    (lambda: firm(grant("nora", "clerk", certified_by="nora")), InvalidOption),
    (lambda: firm(grant("nora", "clerk"), grant("nora", "clerk")), InvalidOption),
    (lambda: firm(waivers=[waiver(conflict="x")]), InvalidOption),
    (lambda: firm(waivers=[waiver(actor="x")]), InvalidOption),
    (lambda: firm(waivers=[waiver(approver="x")]), InvalidOption),
    (lambda: firm().revised("clerk"), InvalidOption),
    (lambda: conflict_report(firm(), at=NAIVE), InvalidDate),
    (lambda: conflict_report(firm(), at=START, horizon_days=-1), InvalidOption),
    (lambda: recertification_report(firm(), at=NAIVE), InvalidDate),
]


@pytest.mark.parametrize(("make", "error"), BAD, ids=map(str, range(len(BAD))))
def test_bad_input_is_an_error_of_the_library(
    make: Any, error: type[LedgerError]
) -> None:
    """It names the field, and nothing is guessed."""
    with pytest.raises(error) as caught:
        make()
    assert caught.value.field


def test_an_organisation_is_a_value() -> None:
    """Equal whatever the order, and nothing can be changed in it."""
    one = firm(grant("nora", "clerk"), grant("carl", "clerk"))
    other = firm(grant("carl", "clerk"), grant("nora", "clerk"), actors=ACTORS[::-1])
    assert one == other
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.units = ()  # type: ignore[misc]
    assert one.revised(Actor("Nora", "bank")).unit_of("nora") == "bank"
