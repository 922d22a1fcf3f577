"""Batches: all or nothing, with pledges that are locked and sides that agree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityMismatch,
    InvalidAmount,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.settlement.batches import (
    AcknowledgeOffLedger,
    Batch,
    CreditReceiver,
    DebitSender,
    Holding,
    Holdings,
    PassThroughFrom,
    PassThroughTo,
    Pledge,
    SettleOffLedger,
    Step,
    TakeDelivery,
    allocate,
    approve,
    cancel,
    settle,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHARES = bl.Amount(100, bl.Commodity("ACME", 0))
CASH = bl.Amount("1000.00", "EUR")
HOLDINGS = Holdings(
    [Holding("shares", "CSD", "Ann", SHARES), Holding("cash", "Bank", "Bob", CASH)]
)
ALL = {"desk", "Ann", "Bob"}


def delivery(**options: Any) -> Batch:
    """Return a delivery against payment: Ann sells to Bob."""
    steps = [
        Step("deliver", "Ann", "Bob", "CSD", SHARES),
        Step("pay", "Bob", "Ann", "Bank", CASH),
    ]
    fields: dict[str, Any] = {
        "instructor": "desk",
        "consenters": {"Ann", "Bob"},
        "settlers": {"desk", "agent"},
    }
    return Batch("b1", steps, **fields | options)


def ready(batch: Batch | None = None) -> tuple[Batch, Holdings]:
    """Return the delivery with both sides of both steps in place."""
    batch, holdings = batch or delivery(), HOLDINGS
    batch, holdings = allocate(
        batch, holdings, "deliver", Pledge("shares"), actors={"Ann"}
    )
    batch, holdings = allocate(batch, holdings, "pay", Pledge("cash"), actors={"Bob"})
    batch = approve(batch, "deliver", TakeDelivery(), actors={"Bob"})
    return approve(batch, "pay", TakeDelivery(), actors={"Ann"}), holdings


def with_step(batch: Batch, id: str, **changes: Any) -> Batch:
    """Return a batch with a step that somebody meddled with."""
    steps = [
        attrs.evolve(step, **changes) if step.id == id else step for step in batch.steps
    ]
    return attrs.evolve(batch, steps=steps)


def test_delivery_against_payment() -> None:
    """Both holdings change hands at once, and are free again."""
    batch, holdings = ready()
    assert holdings["shares"].locked_by == "b1/deliver"
    batch, holdings = settle(batch, holdings, actors=ALL, at=NOW)
    assert batch.status == "settled"
    assert list(holdings) == [
        Holding("cash", "Bank", "Ann", CASH),
        Holding("shares", "CSD", "Bob", SHARES),
    ]
    assert holdings.of("Bob") == bl.Balance([SHARES])
    assert len(holdings) == 2


def test_nothing_happens_unless_all_can() -> None:
    """A side that is missing aborts the batch; batch and holdings stay as they were."""
    for missing in ("allocation", "approval"):
        batch, holdings = ready()
        batch = with_step(batch, "pay", **{missing: None})
        before = (batch, holdings)
        with pytest.raises(InvalidOption) as caught:
            settle(batch, holdings, actors=ALL, at=NOW)
        assert caught.value.field == missing
        assert (batch, holdings) == before


@pytest.mark.parametrize(
    ("actors", "at"),
    [
        ({"desk", "Ann"}, NOW),
        ({"Ann", "Bob", "agent"}, NOW),
        (set(), NOW),
        ({"desk", "Ann", "Bob"}, NOW - timedelta(seconds=1)),
    ],
)
def test_who_settles_and_when(actors: set[str], at: datetime) -> None:
    """Instructor and consenters, one of the settlers, and not before the time."""
    batch, holdings = ready(delivery(settlement_time=NOW))
    with pytest.raises((NotPermitted, InvalidOption)):
        settle(batch, holdings, actors=actors, at=at)
    settle(batch, holdings, actors=ALL, at=NOW)


def test_a_settler_is_needed() -> None:
    """Who instructs and who consents may not settle alone, if another is to."""
    batch, holdings = ready(delivery(settlers={"agent"}))
    with pytest.raises(NotPermitted) as caught:
        settle(batch, holdings, actors=ALL, at=NOW)
    assert caught.value.expected == "agent"
    settle(batch, holdings, actors=ALL | {"agent"}, at=NOW)


def test_cancelling_frees_what_was_pledged() -> None:
    """The batch ends, the holdings are their owners' own again."""
    batch, holdings = ready()
    with pytest.raises(NotPermitted):
        cancel(batch, holdings, actors={"desk"})
    batch, holdings = cancel(batch, holdings, actors=ALL)
    assert (batch.status, holdings) == ("cancelled", HOLDINGS)


def test_the_end_is_the_end() -> None:
    """Nothing leads on from a batch that is settled or cancelled."""
    batch, holdings = ready()
    for done, left in (
        settle(batch, holdings, actors=ALL, at=NOW),
        cancel(batch, holdings, actors=ALL),
    ):
        steps: list[Callable[[], object]] = [
            lambda b=done, h=left: settle(b, h, actors=ALL, at=NOW),
            lambda b=done, h=left: cancel(b, h, actors=ALL),
            lambda b=done, h=left: allocate(b, h, "pay", None, actors={"Bob"}),
            lambda b=done: approve(b, "pay", None, actors={"Ann"}),
        ]
        for step in steps:
            with pytest.raises(InvalidOption) as caught:
                step()
            assert caught.value.field == "status"


def test_a_pledge_is_locked_for_one_step() -> None:
    """It serves no other batch, and is free when another takes its place."""
    batch, holdings = ready()
    other = attrs.evolve(delivery(), id="b2")
    with pytest.raises(InvalidOption) as caught:
        allocate(other, holdings, "deliver", Pledge("shares"), actors={"Ann"})
    assert "lock of holding shares" in str(caught.value)
    batch, holdings = allocate(batch, holdings, "deliver", None, actors={"CSD"})
    assert holdings["shares"].locked_by is None
    other, holdings = allocate(
        other, holdings, "deliver", Pledge("shares"), actors={"Ann"}
    )
    assert holdings["shares"].locked_by == "b2/deliver"


@pytest.mark.parametrize(
    ("holding", "what"),
    [
        (Holding("h", "CSD", "Eve", SHARES), "owner"),
        (Holding("h", "Other", "Ann", SHARES), "custodian"),
        (Holding("h", "CSD", "Ann", bl.Amount(99, SHARES.commodity)), "amount"),
        (Holding("h", "CSD", "Ann", bl.Amount(100, "EUR")), "amount"),
        (Holding("h", "CSD", "Ann", SHARES, locked_by="x"), "lock"),
    ],
)
def test_pledges_that_do_not_fit(holding: Holding, what: str) -> None:
    """Owner, custodian and amount must be those of the step, and it must be free."""
    with pytest.raises(InvalidOption) as caught:
        allocate(
            delivery(), Holdings([holding]), "deliver", Pledge("h"), actors={"Ann"}
        )
    assert caught.value.message == f"{what} of holding h"


def test_who_may_allocate_and_approve() -> None:
    """Sender or custodian on one side, receiver or custodian on the other."""
    with pytest.raises(NotPermitted) as caught:
        allocate(delivery(), HOLDINGS, "deliver", Pledge("shares"), actors={"Bob"})
    assert caught.value.expected == "Ann or CSD"
    with pytest.raises(NotPermitted):
        approve(delivery(), "deliver", TakeDelivery(), actors={"Ann"})
    batch = approve(delivery(), "deliver", TakeDelivery(), actors={"CSD"})
    with pytest.raises(InvalidOption) as again:
        approve(batch, "deliver", TakeDelivery(), actors={"Bob"})
    assert again.value.expected == "another than the present one"


def test_a_custodian_credits_and_debits() -> None:
    """A deposit makes a holding, a withdrawal ends one; both are the custodian's."""
    steps = [
        Step("deposit", "Bank", "Ann", "Bank", CASH),
        Step("withdraw", "Bob", "Bank", "Bank", CASH),
    ]
    batch = Batch("b1", steps, instructor="Bank", settlers=["Bank"])
    holdings = HOLDINGS
    bank = {"actors": {"Bank"}}
    batch, holdings = allocate(batch, holdings, "deposit", CreditReceiver(), **bank)
    batch = approve(batch, "deposit", TakeDelivery(), actors={"Ann"})
    batch, holdings = allocate(
        batch, holdings, "withdraw", Pledge("cash"), actors={"Bob"}
    )
    batch = approve(batch, "withdraw", DebitSender(), **bank)
    settled, after = settle(batch, holdings, at=NOW, **bank)
    assert list(after) == [
        Holding("b1/deposit", "Bank", "Ann", CASH),
        Holding("shares", "CSD", "Ann", SHARES),
    ]
    taken = holdings.with_changes([Holding("b1/deposit", "Bank", "Eve", CASH)])
    with pytest.raises(InvalidOption) as caught:
        settle(batch, taken, at=NOW, **bank)
    assert caught.value.field == "holdings"
    assert settled.status == "settled"


def test_nobody_else_makes_or_ends_holdings() -> None:
    """Only the custodian as sender credits, only as receiver debits."""
    with pytest.raises(InvalidOption) as caught:
        allocate(delivery(), HOLDINGS, "deliver", CreditReceiver(), actors={"Ann"})
    assert caught.value.field == "allocation"
    with pytest.raises(InvalidOption) as caught:
        approve(delivery(), "deliver", DebitSender(), actors={"Bob"})
    assert caught.value.field == "approval"
    for step, changes in (
        ("deliver", {"allocation": CreditReceiver()}),
        ("deliver", {"approval": DebitSender()}),
    ):
        batch, holdings = ready()
        with pytest.raises(InvalidOption):
            settle(with_step(batch, step, **changes), holdings, actors=ALL, at=NOW)


def test_what_is_neither_credited_nor_debited() -> None:
    """A custodian that pays itself moves nothing."""
    step = Step("loop", "Bank", "Bank", "Bank", CASH)
    batch = Batch("b1", [step], instructor="Bank", settlers={"Bank"})
    bank = {"actors": {"Bank"}}
    batch, holdings = allocate(batch, HOLDINGS, "loop", CreditReceiver(), **bank)
    batch = approve(batch, "loop", DebitSender(), **bank)
    assert settle(batch, holdings, at=NOW, **bank)[1] == HOLDINGS


def chain() -> tuple[Batch, Holdings]:
    """Return a batch in which Ann's shares go through Bob to Eve."""
    steps = [
        Step("first", "Ann", "Bob", "CSD", SHARES),
        Step("second", "Bob", "Eve", "CSD", SHARES),
    ]
    batch = Batch("b1", steps, instructor="desk", settlers={"desk"})
    batch, holdings = allocate(
        batch, HOLDINGS, "first", Pledge("shares"), actors={"Ann"}
    )
    batch = approve(batch, "first", PassThroughTo("second"), actors={"Bob"})
    batch, holdings = allocate(
        batch, holdings, "second", PassThroughFrom("first"), actors={"Bob"}
    )
    return approve(batch, "second", TakeDelivery(), actors={"Eve"}), holdings


def test_what_is_passed_through() -> None:
    """What the first sender gives, the last receiver gets."""
    _, holdings = settle(*chain(), actors={"desk"}, at=NOW)
    assert holdings["shares"] == Holding("shares", "CSD", "Eve", SHARES)


@pytest.mark.parametrize(
    ("id", "changes"),
    [
        ("second", {"allocation": PassThroughFrom("second")}),
        ("second", {"amount": bl.Amount(99, SHARES.commodity)}),
        ("second", {"custodian": "Other"}),
        ("second", {"sender": "Ann"}),
        ("first", {"approval": PassThroughTo("first")}),
        ("first", {"approval": TakeDelivery()}),
        ("first", {"allocation": PassThroughFrom("second")}),
        ("second", {"allocation": Pledge("cash")}),
    ],
)
def test_chains_that_do_not_hold(id: str, changes: dict[str, Any]) -> None:
    """Each link passes on the same amount; a chain begins with a pledge or a credit."""
    batch, holdings = chain()
    with pytest.raises(InvalidOption):
        settle(with_step(batch, id, **changes), holdings, actors={"desk"}, at=NOW)


def test_a_link_that_is_not_there() -> None:
    """A step that is named must be of the batch."""
    batch, holdings = chain()
    meddled = with_step(batch, "first", approval=PassThroughTo("third"))
    with pytest.raises(UnknownRecord):
        settle(meddled, holdings, actors={"desk"}, at=NOW)


def test_off_the_ledger() -> None:
    """Both sides say so, or neither; then nothing moves here."""
    batch, holdings = ready()
    batch, holdings = allocate(
        batch, holdings, "pay", SettleOffLedger(), actors={"Bob"}
    )
    with pytest.raises(InvalidOption) as caught:
        settle(batch, holdings, actors=ALL, at=NOW)
    assert caught.value.expected == "both sides off the ledger, or neither"
    batch = approve(batch, "pay", AcknowledgeOffLedger(), actors={"Ann"})
    _, after = settle(batch, holdings, actors=ALL, at=NOW)
    assert after["cash"] == Holding("cash", "Bank", "Bob", CASH)
    assert after["shares"].owner == "Bob"
    batch, holdings = ready()
    meddled = with_step(batch, "pay", approval=AcknowledgeOffLedger())
    with pytest.raises(InvalidOption):
        settle(meddled, holdings, actors=ALL, at=NOW)


def test_a_lock_that_was_lost() -> None:
    """What is not as it was locked does not settle; what is not ours is not freed."""
    batch, holdings = ready()
    for meddled in (
        attrs.evolve(holdings["shares"], locked_by=None),
        attrs.evolve(holdings["shares"], locked_by="b2/deliver"),
        attrs.evolve(holdings["shares"], owner="Eve"),
    ):
        lost = holdings.with_changes([meddled])
        with pytest.raises(InvalidOption) as caught:
            settle(batch, lost, actors=ALL, at=NOW)
        assert caught.value.expected == "the holding as it was locked"
    stolen = holdings.with_changes(
        [attrs.evolve(holdings["shares"], locked_by="b2/deliver")]
    )
    _, after = cancel(batch, stolen, actors=ALL)
    assert after["shares"].locked_by == "b2/deliver"
    with pytest.raises(UnknownRecord):
        cancel(batch, Holdings(), actors=ALL)


def test_a_part_is_split_off_first() -> None:
    """A pledge is of the whole holding; a part becomes a holding of its own."""
    large = Holdings([Holding("h", "CSD", "Ann", bl.Amount(150, SHARES.commodity))])
    parts = large.split("h", SHARES, "h2")
    assert [(one.id, one.amount.number) for one in parts] == [
        ("h", "50"),
        ("h2", "100"),
    ]
    for amount in (0, 150, 151, -1):
        with pytest.raises(InvalidOption):
            large.split("h", bl.Amount(amount, SHARES.commodity), "h2")
    with pytest.raises(CommodityMismatch):
        large.split("h", CASH, "h2")
    with pytest.raises(InvalidOption):
        parts.split("h", bl.Amount(10, SHARES.commodity), "h2")
    locked = Holdings([attrs.evolve(large["h"], locked_by="b1/deliver")])
    with pytest.raises(InvalidOption):
        locked.split("h", SHARES, "h2")


JUNK: list[tuple[Callable[[], object], type[LedgerError]]] = [
    (lambda: Holding("", "CSD", "Ann", SHARES), InvalidIdentifier),
    (lambda: Holding("h", "CSD", "Ann", 5), InvalidAmount),  # type: ignore[arg-type]
    (lambda: Holding("h", "CSD", "Ann", bl.Amount(0, "EUR")), InvalidAmount),
    (lambda: Holding("h", "CSD", "Ann", CASH, locked_by=""), InvalidIdentifier),
    (lambda: Holdings(["h"]), InvalidOption),  # type: ignore[list-item]
    (lambda: Holdings([HOLDINGS["cash"]] * 2), InvalidOption),
    (lambda: HOLDINGS["other"], UnknownRecord),
    (lambda: Step("s", "", "Bob", "CSD", SHARES), InvalidIdentifier),
    (lambda: Step("s", "Ann", "Bob", "CSD", None), InvalidAmount),  # type: ignore[arg-type]
    (lambda: Batch("b", [], instructor="a", settlers={"a"}), InvalidOption),
    (lambda: Batch("b", ["s"], instructor="a", settlers={"a"}), InvalidOption),  # type: ignore[list-item]
    (lambda: attrs.evolve(delivery(), steps=delivery().steps * 2), InvalidOption),
    (lambda: delivery(settlers=[]), InvalidOption),
    (lambda: delivery(settlers="desk"), InvalidOption),
    (lambda: delivery(consenters=[5]), InvalidIdentifier),
    (lambda: delivery(settlement_time="noon"), InvalidDate),
    (lambda: delivery(settlement_time=NOW.replace(tzinfo=None)), InvalidDate),
    (lambda: delivery(status="failed"), InvalidOption),
    (lambda: delivery().step("other"), UnknownRecord),
    (
        lambda: allocate(delivery(), HOLDINGS, "pay", "cash", actors={"Bob"}),  # type: ignore[arg-type]
        InvalidOption,
    ),
    (
        lambda: allocate(delivery(), HOLDINGS, "pay", Pledge("x"), actors={"Bob"}),
        UnknownRecord,
    ),
    (lambda: approve(delivery(), "pay", Pledge("cash"), actors={"Ann"}), InvalidOption),  # type: ignore[arg-type]
    (lambda: settle(*ready(), actors=ALL, at="now"), InvalidDate),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("ask", "kind"), JUNK, ids=range(len(JUNK)))
def test_what_cannot_be(ask: Callable[[], object], kind: type[LedgerError]) -> None:
    """Junk is refused with an error that says what is wrong."""
    with pytest.raises(kind):
        ask()


PARTIES = ["Ann", "Bob", "Eve"]


@given(
    st.lists(
        st.tuples(st.permutations(PARTIES), st.booleans(), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_settling_moves_all_or_nothing(rows: list[Any]) -> None:
    """Totals stay; if any side is missing, holdings stay exactly as they were."""
    steps, held = [], []
    for index, (parties, _, _) in enumerate(rows):
        amount = bl.Amount(index + 1, "EUR")
        held.append(Holding(f"h{index}", "Bank", parties[0], amount))
        steps.append(Step(f"s{index}", parties[0], parties[1], "Bank", amount))
    batch = Batch("b", steps, instructor="desk", settlers={"desk"})
    before = holdings = Holdings(held)
    for index, (parties, is_allocated, is_approved) in enumerate(rows):
        if is_allocated:
            batch, holdings = allocate(
                batch, holdings, f"s{index}", Pledge(f"h{index}"), actors=parties[:1]
            )
        if is_approved:
            batch = approve(batch, f"s{index}", TakeDelivery(), actors=[parties[1]])
    if all(allocated and approved for _, allocated, approved in rows):
        _, after = settle(batch, holdings, actors={"desk"}, at=NOW)
        assert [one.owner for one in after] == [parties[1] for parties, _, _ in rows]
        assert all(one.locked_by is None for one in after)
        assert [one.amount for one in after] == [one.amount for one in before]
    else:
        with pytest.raises(InvalidOption):
            settle(batch, holdings, actors={"desk"}, at=NOW)
        assert cancel(batch, holdings, actors={"desk"})[1] == before
