"""The desk: a trade from its capture to its settlement, and what is refused."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    STEPS,
    Allocation,
    Instruction,
    Processing,
    RuleBooks,
    SettlementDesk,
    SettlementState,
    Trade,
    TradeState,
)
from backoffice_ledger.settlement import _life as life
from backoffice_ledger.settlement.dates import settlement_date
from backoffice_ledger.stores import PostgreSQLStore

Make = Callable[..., Trade]
Ready = Callable[[SettlementDesk, str], str]
S = TradeState
TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
ACME = "US0378331005"

NAIVE = datetime.fromisoformat("2026-10-08T12:00:00")


def balances(ledger: bl.Ledger) -> dict[str, str]:
    """Return what is not zero, by account."""
    view = ledger.view()
    found = {path: str(view.balance(path)) for path in view.accounts()}
    return {path: balance for path, balance in found.items() if balance != "0"}


SETTLED = {
    "assets:nostro": "-50010.00 USD",
    "assets:securities:fvtpl:cost": "50000.00 USD",
    "expenses:commission": "10.00 USD",
    "stock:location:depository": f"-1000 {ACME}",
    "stock:owner:firm": f"1000 {ACME}",
}
"""JE-1 and JE-3: a dealer has bought 1 000 at 50.00 with commission 10.00."""


# --- the whole life ------------------------------------------------------------------


def test_a_purchase_is_carried_to_its_settlement(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Each step is a version; trade date and settlement date are booked."""
    assert desk.capture(make()).state is S.CAPTURED
    assert balances(ledger)["liabilities:unsettled:payable"] == "50010.00 USD"
    assert balances(ledger)["stock:location:pending-receive"] == f"-1000 {ACME}"
    assert desk.enrich("T-1").state is S.ENRICHED
    assert desk.confirm("T-1").state is S.CONFIRMED
    assert desk.affirm("T-1").state is S.AFFIRMED
    assert desk.match("T-1").state is S.MATCHED
    assert desk.route("T-1").state is S.BILATERAL
    instruction = desk.instruct("T-1")
    assert instruction.instruction.kind == "RVP"
    assert str(instruction.instruction.cash) == "50010.00 USD"
    assert instruction.instruction.account == "SSI-US"
    desk.accept("T-1")
    desk.report_matched({"T-1": "THEIRS"})
    assert desk.settle("T-1", on=DUE).settlement is SettlementState.SETTLED
    assert desk.status("T-1").state is S.SETTLED
    assert balances(ledger) == SETTLED
    assert ledger.verify()


def test_the_same_command_again_changes_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Not one record is written, and each verb returns what it returned."""
    trade = make()
    steps: list[Callable[[], Any]] = [
        lambda: desk.capture(trade),
        lambda: desk.enrich("T-1"),
        lambda: desk.confirm("T-1"),
        lambda: desk.match("T-1"),
        lambda: desk.route("T-1"),
        lambda: desk.instruct("T-1"),
        lambda: desk.accept("T-1"),
        lambda: desk.report_matched({"T-1": "THEIRS"}),
        lambda: desk.hold("T-1"),
        lambda: desk.release("T-1"),
        lambda: desk.fail("T-1", on=DUE, lacks=["securities"]),
        lambda: desk.recycle("T-1"),
        lambda: desk.settle("T-1", on=date(2026, 10, 12)),
    ]
    for step in steps:
        first = step()
        count = len(list(ledger.records()))
        assert step() == first
        assert len(list(ledger.records())) == count
    for step in steps[:7]:  # nor does what was done long ago
        step()
    assert len(list(ledger.records())) == count


def test_a_day_in_bulk_is_the_same_as_one_by_one(make: Make) -> None:
    """The bulk verbs make the records that the single ones make."""
    found = []
    for is_bulk in (True, False):
        with bl.open_ledger(":memory:", actor="anna") as ledger:
            RuleBooks(ledger).rules.accounts.open_in(ledger)
            desk = SettlementDesk(ledger)
            trades = [
                make(id=f"T-{number}", quantity=f"{number + 1} {ACME}")
                for number in range(5)
            ]
            ids = [trade.id for trade in trades]
            if is_bulk:
                desk.capture_many(trades)
                desk.enrich_many(ids)
                desk.advance_many(ids, "confirmed")
                desk.advance_many(ids, "matched")
                desk.route_many(ids)
                desk.instruct_many(ids)
                desk.accept_many(ids)
                desk.report_matched({id_: f"X-{id_}" for id_ in ids})
                desk.settle_many(ids, on=DUE)
            for trade in [] if is_bulk else trades:
                desk.capture(trade)
                desk.enrich(trade.id)
                desk.confirm(trade.id)
                desk.match(trade.id)
                desk.route(trade.id)
                desk.instruct(trade.id)
                desk.accept(trade.id)
                desk.report_matched({trade.id: f"X-{trade.id}"})
                desk.settle(trade.id, on=DUE)
            documents = [
                document
                for kind in (
                    "trade",
                    "trade-status",
                    "settlement-instruction",
                    "instruction-status",
                )
                for document in ledger.documents.all(kind)
            ]
            found.append((documents, balances(ledger)))
    assert found[0] == found[1]


def test_it_goes_on_after_a_restart(
    tmp_path: Path, make: Make, accounts: Callable[[bl.Ledger], None]
) -> None:
    """A SQLite file is closed in the middle and opened again by somebody else."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="anna", create=True) as ledger:
        accounts(ledger)
        desk = SettlementDesk(ledger)
        desk.capture(make())
        desk.enrich("T-1")
        desk.confirm("T-1")
    with bl.open_ledger(path, actor="bert") as ledger:
        desk = SettlementDesk(ledger)
        desk.match("T-1")
        desk.route("T-1")
        desk.instruct("T-1")
        desk.accept("T-1")
        desk.hold("T-1")
    with bl.open_ledger(path, actor="carl") as ledger:
        desk = SettlementDesk(ledger)
        assert desk.instruction("T-1").is_on_hold
        desk.report_matched({"T-1": "THEIRS"})
        desk.release("T-1")
        desk.settle("T-1", on=DUE)
        assert desk.trade("T-1") == make()
        assert balances(ledger) == SETTLED
        assert ledger.verify()
        rows = desk.history("T-1").rows()
        assert [(row["state"], row["actor"]) for row in rows] == [
            ("captured", "anna"),
            ("enriched", "anna"),
            ("confirmed", "anna"),
            ("matched", "bert"),
            ("bilateral", "bert"),
            ("instructed", "bert"),
            ("settled", "carl"),
        ]


def test_it_lives_on_postgresql(
    database: str,
    make: Make,
    ready: Ready,
    accounts: Callable[[bl.Ledger], None],
) -> None:
    """The whole life, in two connections, with a sale, a fail and a cancellation."""
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="anna", create=True) as ledger,
    ):
        accounts(ledger)
        desk = SettlementDesk(ledger)
        desk.capture_many([make(), make(id="T-2")])
        ready(desk, "T-1")
        desk.fail("T-1", on=DUE, lacks=["cash"])
        desk.cancel("T-2", on=DUE, reason="booked twice")
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="bert") as ledger,
    ):
        desk = SettlementDesk(ledger)
        desk.settle("T-1", on=date(2026, 10, 12))
        sale = make(id="T-3", side="sell", quantity=f"400 {ACME}", fees={})
        desk.capture(sale)
        ready(desk, "T-3")
        desk.settle("T-3", on=DUE)
        assert balances(ledger) == SETTLED | {
            "assets:nostro": "-30010.00 USD",
            "assets:securities:fvtpl:cost": "30000.00 USD",
            "stock:location:depository": f"-600 {ACME}",
            "stock:owner:firm": f"600 {ACME}",
        }
        assert ledger.verify()


def test_two_clerks_do_the_same_at_once(
    tmp_path: Path, make: Make, ready: Ready, accounts: Callable[[bl.Ledger], None]
) -> None:
    """Each gets the same answer, and it is booked once."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="anna", create=True) as ledger:
        accounts(ledger)
        desk = SettlementDesk(ledger)
        desk.capture(make())
        ready(desk, "T-1")
    start = threading.Barrier(2)

    def settle(actor: str) -> object:
        with bl.open_ledger(path, actor=actor) as ledger:
            desk = SettlementDesk(ledger)
            start.wait()
            return desk.settle("T-1", on=DUE)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(settle, ["bert", "carl"])
    assert one == other
    with bl.open_ledger(path, actor="anna") as ledger:
        assert balances(ledger) == SETTLED
        assert len(list(ledger.view().entries())) == 2
        assert ledger.verify()


def test_settled_and_taken_back_is_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """The reversals of all entries leave every account at zero."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE)
    for record in list(ledger.view().entries()):
        ledger.reverse(record.entry.id, date=DUE, reason="all of it")
    assert balances(ledger) == {}


# --- capture -------------------------------------------------------------------------


def test_another_trade_under_the_same_id_is_refused(
    desk: SettlementDesk, make: Make
) -> None:
    """In the book, or within one call; the first field that differs is named."""
    desk.capture(make())
    with pytest.raises(errors.IdempotencyConflict) as found:
        desk.capture(make(price=51))
    assert found.value.field == "price"
    with pytest.raises(errors.IdempotencyConflict):
        desk.capture_many([make(id="T-2"), make(id="T-2", price=51)])
    [one, other] = desk.capture_many([make(id="T-2"), make(id="T-2")])
    assert one == other


def test_only_a_first_version_is_captured(desk: SettlementDesk, make: Make) -> None:
    """Anything else is an amendment, or no trade at all."""
    with pytest.raises(errors.InvalidOption, match=r"trades\[0\]\.version"):
        desk.capture(make(version=2))
    with pytest.raises(errors.InvalidOption, match=r"trades\[0\]"):
        desk.capture("T-1")  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidOption, match="a list of ids"):
        desk.enrich_many("T-1")


def test_what_the_book_refuses_leaves_no_document(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """A trade of an unknown owner is neither booked nor kept."""
    with pytest.raises(errors.UnknownAccount):
        desk.capture(make(owner="C-9", capacity="agent"))
    with pytest.raises(errors.UnknownRecord):
        desk.status("T-1")
    assert ledger.documents.all("trade") == ()


def test_a_trade_gets_the_market_of_the_desk(desk: SettlementDesk, make: Make) -> None:
    """Unless it names one."""
    desk.capture_many([make(), make(id="T-2", market="XNAS")])
    assert desk.trade("T-1").market == "XNYS"
    assert desk.trade("T-2").market == "XNAS"


def test_a_trade_gets_the_settlement_date_of_its_market(
    ledger: bl.Ledger, make: Make
) -> None:
    """Unless it names one; a retry keeps what was found, a horizon is an error."""
    us = partial(settlement_date, market="US", instrument_class="equities")
    desk = SettlementDesk(ledger, market="XNYS", cycles={"XNYS": us})
    undated = make(settlement_date=None)
    desk.capture_many([undated, make(id="T-2", settlement_date=date(2026, 10, 15))])
    assert desk.trade("T-1").settlement_date == DUE
    assert desk.trade("T-2").settlement_date == date(2026, 10, 15)
    other = SettlementDesk(ledger, market="XNYS", cycles={"XNYS": lambda day: day})
    count = len(list(ledger.records()))
    other.capture(undated)  # a retry, after the calendars were corrected
    assert len(list(ledger.records())) == count
    second = make(version=2, settlement_date=None, market="XNYS", price="50.10")
    assert other.amend(second, on=DUE).booking_id == "T-1.v2"
    assert other.trade("T-1").settlement_date == TRADED
    assert desk.amend(second, on=DUE).booking_id == "T-1.v2"
    for changes, error in (
        ({"market": "XETR"}, errors.InvalidOption),
        ({"trade_date": date(2040, 1, 2)}, errors.CalendarHorizon),
    ):
        with pytest.raises(error):
            desk.capture(make(id="T-3", settlement_date=None, **changes))
    with pytest.raises(errors.InvalidOption, match="give it cycles="):
        SettlementDesk(ledger).capture(make(id="T-3", settlement_date=None))
    with pytest.raises(errors.UnknownRecord):
        desk.status("T-3")


def test_a_desk_is_well_made(ledger: bl.Ledger) -> None:
    """A ledger, books that post, a market's name, tolerances."""
    for wrong in (
        {"books": object()},
        {"market": "a/b"},
        {"tolerances": ["2.00 EUR"]},
        {"cycles": {"XNYS": ("US", "equities")}},
        {"cycles": "XNYS"},
    ):
        with pytest.raises(errors.InvalidInput):
            SettlementDesk(ledger, **wrong)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidOption):
        SettlementDesk("books.db")  # type: ignore[arg-type]


def test_a_batch_may_be_booked_by_rules_alone(
    ledger: bl.Ledger, make: Make, ready: Ready
) -> None:
    """The entries are those that the usual books make."""
    books = RuleBooks(ledger)
    desk = SettlementDesk(ledger, books=books)
    assert books.post([]).posted == 0
    desk.capture_many([make(), make(id="T-2", owner="C-1", capacity="agent")])
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE)
    desk.cancel("T-2", on=DUE)
    assert balances(ledger) == SETTLED


# --- steps ---------------------------------------------------------------------------


def test_no_step_is_skipped_and_none_is_taken_back(
    desk: SettlementDesk, make: Make
) -> None:
    """The refusal names what should have come before."""
    desk.capture(make())
    for step in (
        lambda: desk.confirm("T-1"),
        lambda: desk.affirm("T-1"),
        lambda: desk.match("T-1"),
        lambda: desk.route("T-1"),
        lambda: desk.instruct("T-1"),
        lambda: desk.allocate("T-1", [Allocation("A", "C-1", f"1000 {ACME}")]),
    ):
        with pytest.raises(errors.TransitionRefused, match="cannot be"):
            step()
    desk.enrich("T-1")
    desk.confirm("T-1", at=datetime(2026, 10, 8, 20, tzinfo=UTC))
    with pytest.raises(errors.TransitionRefused, match="other details"):
        desk.confirm("T-1")


def test_a_stale_version_is_refused(desk: SettlementDesk, make: Make) -> None:
    """Who has not seen the last step must look again."""
    seen = desk.capture(make()).version
    desk.enrich("T-1", seen=seen)
    for step in (
        lambda: desk.advance("T-1", "confirmed", seen=seen),
        lambda: desk.cancel("T-1", on=DUE, seen=seen),
        lambda: desk.amend(make(version=2), on=DUE, seen=seen),
        lambda: desk.allocate("T-1", [Allocation("A", "C-1", f"1000 {ACME}")], seen=1),
    ):
        with pytest.raises(errors.DocumentConflict, match="seen"):
            step()
    desk.advance("T-1", "confirmed", seen=2)


def test_both_standing_instructions_are_needed(
    desk: SettlementDesk, make: Make
) -> None:
    """Those of the trade count, and what is given comes first."""
    desk.capture(make(own_ssi=None))
    with pytest.raises(errors.InvalidOption, match="own_ssi"):
        desk.enrich("T-1")
    status = desk.enrich("T-1", own_ssi="SSI-9")
    assert status.details("enriched") == {
        "own_ssi": "SSI-9",
        "counterparty_ssi": "SSI-BROKER",
    }
    assert status.details("confirmed") is None
    with pytest.raises(errors.TransitionRefused):
        desk.enrich("T-1", own_ssi="SSI-8")


def test_netting_and_novation_end_a_life(desk: SettlementDesk, make: Make) -> None:
    """They say what takes its place."""
    desk.capture_many([make(id=id_) for id_ in ("T-1", "T-2")])
    for id_ in ("T-1", "T-2"):
        desk.enrich(id_)
        desk.confirm(id_)
        desk.match(id_)
    with pytest.raises(errors.InvalidOption, match="reference"):
        desk.route("T-1", "netted")
    with pytest.raises(errors.InvalidOption, match="reference"):
        desk.route("T-1", reference="N-1")
    assert desk.route("T-1", "netted", reference="N-1").state is S.NETTED
    assert desk.route("T-2", "novated", reference="N-2").state is S.NOVATED
    with pytest.raises(errors.TransitionRefused):
        desk.instruct("T-1")
    with pytest.raises(errors.TransitionRefused):
        desk.cancel("T-2", on=DUE)


def test_bad_arguments_are_refused(desk: SettlementDesk) -> None:
    """Before anything is read."""
    dollar = bl.Amount(1, "USD")
    wrong: list[Callable[[Any], object]] = [
        lambda desk: desk.advance("T-1", "settled"),
        lambda desk: desk.route("T-1", "elsewhere"),
        lambda desk: desk.confirm("T-1", at=NAIVE),
        lambda desk: desk.confirm("T-1", at="noon"),
        lambda desk: desk.cancel("T-1", on="2026-10-09"),
        lambda desk: desk.amend("T-1", on=DUE),
        lambda desk: desk.ageing("2026-10-09"),
        lambda desk: desk.hold("I-1", by="fate"),
        lambda desk: desk.cancel_instruction("I-1", by="fate"),
        lambda desk: desk.fail("I-1", on=DUE, lacks=["luck"]),
        lambda desk: desk.report_matched({"I-1": "X", "I-2": "Y"}, cash=dollar),
    ]
    for step in wrong:
        with pytest.raises(errors.InvalidInput):
            step(desk)


def test_what_is_not_there_is_not_found(desk: SettlementDesk) -> None:
    """Neither a trade nor an instruction."""
    for ask in (desk.trade, desk.status, desk.history, desk.confirm):
        with pytest.raises(errors.UnknownRecord, match="a trade"):
            ask("T-9")
    for tell in (desk.instruction, desk.accept, desk.hold):
        with pytest.raises(errors.UnknownRecord, match="an instruction"):
            tell("T-9")


# --- allocation ----------------------------------------------------------------------


def test_a_block_becomes_trades_of_its_accounts(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """The block is taken back; its parts go on by themselves."""
    block = make(own_ssi=None, owner="C-1", capacity="agent")
    desk.capture(block)
    desk.enrich("T-1", own_ssi="SSI-US")
    parts = [
        Allocation("A-1", "C-1", f"600 {ACME}"),
        Allocation("A-2", "C-2", f"400 {ACME}", own_ssi="SSI-C2"),
    ]
    begun = desk.allocate("T-1", parts)
    assert [status.state for status in begun] == [S.ALLOCATED, S.ALLOCATED]
    assert begun[0].details("allocated") == {"block": "T-1"}
    assert desk.status("T-1").state is S.BLOCK_ALLOCATED
    assert balances(ledger) == {
        "assets:customers": "50010.00 USD",
        "income:commission": "10.00 USD",
        "liabilities:unsettled:payable": "50000.00 USD",
        "stock:location:pending-receive": f"-1000 {ACME}",
        "stock:owner:C-1": f"600 {ACME}",
        "stock:owner:C-2": f"400 {ACME}",
    }
    count = len(list(ledger.records()))
    assert desk.allocate("T-1", parts) == begun
    assert len(list(ledger.records())) == count
    assert desk.trade("A-2").own_ssi == "SSI-C2"
    assert desk.trade("A-1").own_ssi == "SSI-US"
    with pytest.raises(errors.IdempotencyConflict):
        desk.allocate("T-1", [attrs.evolve(parts[0], owner="C-3"), parts[1]])
    for id_ in ("A-1", "A-2"):
        desk.confirm(id_)
        desk.match(id_)
        desk.route(id_)
        desk.instruct(id_)
        desk.accept(id_)
        desk.report_matched({id_: f"X-{id_}"})
        desk.settle(id_, on=DUE)
        desk.settle_customer(id_, on=DUE)
    assert balances(ledger) == {
        "assets:nostro": "10.00 USD",
        "income:commission": "10.00 USD",
        "stock:location:depository": f"-1000 {ACME}",
        "stock:owner:C-1": f"600 {ACME}",
        "stock:owner:C-2": f"400 {ACME}",
    }


def test_only_an_agent_has_a_customer_to_settle_with(
    desk: SettlementDesk, make: Make
) -> None:
    """A trade for the firm's own account has none."""
    desk.capture(make())
    with pytest.raises(errors.InvalidOption, match="agent"):
        desk.settle_customer("T-1", on=DUE)


# --- cancellation and amendment ------------------------------------------------------


def test_a_cancelled_trade_leaves_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Its entries are reversed, its life is over."""
    desk.capture(make())
    desk.enrich("T-1")
    first = desk.cancel("T-1", on=DUE, reason="wrong side")
    assert first.state is S.CANCELLED
    assert desk.cancel("T-1", on=DUE) == first
    assert balances(ledger) == {}
    for step in (
        lambda: desk.confirm("T-1"),
        lambda: desk.amend(make(version=2), on=DUE),
        lambda: desk.cancel("T-1", on=TRADED),
    ):
        with pytest.raises(errors.TransitionRefused):
            step()


def test_an_instructed_trade_is_cancelled_after_its_instruction(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Failing or not, its accounts end at zero."""
    desk.capture_many([make(), make(id="T-2")])
    for id_, is_failing in (("T-1", True), ("T-2", False)):
        ready(desk, id_)
        if is_failing:
            desk.fail(id_, on=DUE)
        with pytest.raises(errors.TransitionRefused, match="has an instruction"):
            desk.cancel(id_, on=DUE)
        desk.cancel_instruction(id_)
        with pytest.raises(errors.TransitionRefused, match="has an instruction"):
            desk.cancel(id_, on=DUE)
        desk.cancel_instruction(id_, by="counterparty")
        assert desk.cancel(id_, on=DUE).state is S.CANCELLED
    assert balances(ledger) == {}


def test_an_amended_trade_begins_anew(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """The first version is taken back, the next one is booked, under the same id."""
    desk.capture(make())
    desk.enrich("T-1")
    second = make(version=2, price="50.10", market="XNYS")
    status = desk.amend(second, on=DUE, reason="price was wrong")
    assert (status.state, status.booking_id, status.trade_version) == (
        S.CAPTURED,
        "T-1.v2",
        2,
    )
    assert desk.amend(second, on=DUE) == status
    assert desk.trade("T-1") == second
    assert ledger.documents.get("trade", "T-1", version=1).content["price"] == "50"
    third = attrs.evolve(second, version=3, net=None, consideration=None, price=51)
    desk.amend(third, on=DUE)
    assert balances(ledger)["liabilities:unsettled:payable"] == "51010.00 USD"
    with pytest.raises(errors.DocumentConflict, match="version"):
        desk.amend(attrs.evolve(third, version=5), on=DUE)
    assert desk.capture(make()).state is S.CAPTURED  # a late retry of the first
    old = life.from_document(ledger.documents.get("trade-status", "T-1"))
    assert old.state is S.CORRECTED
    instruction = ready(desk, "T-1")
    assert instruction == "T-1.v3"
    desk.settle(instruction, on=DUE)
    assert balances(ledger)["assets:nostro"] == "-51010.00 USD"


def test_what_is_settled_in_part_is_not_taken_back(
    desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Not even once the rest of the instruction is cancelled."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE, quantity=bl.Amount(400, ACME), reference="P")
    desk.cancel_instruction("T-1", by="system")
    with pytest.raises(errors.TransitionRefused, match="a part of the trade"):
        desk.cancel("T-1", on=DUE)


# --- instructions --------------------------------------------------------------------


def test_a_trade_is_instructed_again_with_what_is_left(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Once the first instruction is over; the books go on where they were."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.fail("T-1", on=DUE)
    desk.settle(
        "T-1", on=date(2026, 10, 12), quantity=bl.Amount(333, ACME), reference="P"
    )
    with pytest.raises(errors.TransitionRefused, match="rejected or cancelled"):
        desk.instruct("T-1", instruction="I-2")
    desk.cancel_instruction("T-1", by="system")
    again = desk.instruct("T-1", instruction="I-2")
    assert str(again.instruction.quantity) == f"667 {ACME}"
    assert str(again.instruction.cash) == "33356.67 USD"
    assert desk.instruct("T-1", instruction="I-2") == again
    with pytest.raises(errors.IdempotencyConflict) as found:
        desk.instruct("T-1", instruction="I-2", partial_allowed=False)
    assert found.value.field == "partial_allowed"
    desk.accept("I-2")
    desk.report_matched({"I-2": "THEIRS-2"})
    desk.settle("I-2", on=date(2026, 10, 13))
    assert desk.status("T-1").state is S.SETTLED
    assert balances(ledger) == SETTLED
    with pytest.raises(errors.TransitionRefused, match="has an instruction"):
        desk.instruct("T-1", instruction="I-3")


def test_a_rejected_instruction_is_replaced(desk: SettlementDesk, make: Make) -> None:
    """Such as after a wrong standing instruction."""
    desk.capture(make(side="buy"))
    desk.enrich("T-1")
    desk.confirm("T-1")
    desk.match("T-1")
    desk.route("T-1")
    desk.instruct("T-1")
    assert desk.reject("T-1").processing is Processing.REJECTED
    first = desk.instruct("T-1", instruction="T-1")  # a retry by its id
    assert first.processing is Processing.REJECTED
    [again] = desk.instruct_many(["T-1"])
    assert (again.id, again.processing) == ("T-1.2", Processing.RECEIVED)
    assert str(again.instruction.quantity) == f"1000 {ACME}"
    assert desk.instruct("T-1") == again  # a retry
    desk.reject("T-1.2")
    assert desk.instruct("T-1", depository="ELSEWHERE").id == "T-1.3"
    assert desk.cancel_instruction("T-1.3").is_terminal
    last = desk.instruct("T-1")
    assert (last.id, last.instruction.depository) == ("T-1.4", "ELSEWHERE")


def test_an_instruction_without_a_trade_books_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, order: Callable[..., Instruction]
) -> None:
    """A move of own units between depositories: statuses, and no entries."""
    move = order(kind="DFP", cash=None)
    first = desk.enter(move)
    assert desk.enter(move) == first
    with pytest.raises(errors.DocumentConflict):
        desk.enter(order(kind="DFP", cash=None, quantity=f"2 {ACME}"))
    with pytest.raises(errors.InvalidOption, match="trade"):
        desk.enter(order(trade="T-1"))
    desk.accept("I-1")
    theirs = order(
        id="I-9", kind="RFP", cash=None, participant="THEM", counterparty="US"
    )
    assert desk.compare("I-1", theirs)
    desk.fail("I-1", on=DUE)
    assert desk.settle("I-1", on=DUE).settlement is SettlementState.SETTLED
    assert balances(ledger) == {}


def test_a_match_within_tolerance_is_booked_with_its_difference(
    ledger: bl.Ledger,
    desk: SettlementDesk,
    make: Make,
    order: Callable[..., Instruction],
) -> None:
    """JE-6c: we deliver for 25 000.00, 25 001.50 settles: 1.50 to us."""
    desk.capture(make(currency="EUR", fees={}, price=25))
    trade = make(id="T-2", side="sell", currency="EUR", fees={}, price=25)
    desk.capture(trade)
    for id_ in ("T-2",):
        desk.enrich(id_)
        desk.confirm(id_)
        desk.match(id_)
        desk.route(id_)
        desk.instruct(id_, participant="US", depository="CSD")
        desk.accept(id_)
    theirs = order(
        id="I-9",
        cash="25001.50 EUR",
        participant="BROKER",
        counterparty="US",
    )
    found = desk.compare("T-2", theirs)
    assert found and str(found.cash) == "25000.00 EUR"  # the deliverer's: ours
    again = desk.compare("T-2", attrs.evolve(theirs, cash="99.00 EUR"))
    assert not again
    assert [each.field for each in again.differences] == ["cash"]
    assert desk.settle("T-2", on=DUE).parts[0].difference is None
    assert balances(ledger)["assets:nostro"] == "25000.00 EUR"


def test_the_other_sides_amount_may_settle(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """JE-6c: what comes beyond our amount goes to the tolerance difference."""
    buy = make(currency="EUR", fees={}, price=25)
    sell = make(id="T-2", side="sell", currency="EUR", fees={}, price=25)
    desk.capture_many([buy, sell])
    for id_, cash in (("T-1", "25000.50 EUR"), ("T-2", "25001.50 EUR")):
        desk.enrich(id_)
        desk.confirm(id_)
        desk.match(id_)
        desk.route(id_)
        desk.instruct(id_)
        desk.accept(id_)
        desk.report_matched({id_: f"X-{id_}"}, cash=bl.Amount.parse(cash))
        desk.settle(id_, on=DUE)
    assert balances(ledger) == {
        "assets:nostro": "1.00 EUR",
        "income:tolerance-difference": "1.00 EUR",
    }


# --- the machine itself --------------------------------------------------------------


def test_the_states_are_those_of_the_field() -> None:
    """Terminal states, who acts, and codes of other vocabularies."""
    assert {state for state in S if state.is_terminal} == {
        S.BLOCK_ALLOCATED,
        S.NETTED,
        S.NOVATED,
        S.SETTLED,
        S.CANCELLED,
        S.CORRECTED,
    }
    assert all(state.step.actor for state in S)
    assert S.CONFIRMED.step.codes["fix"] == "ConfirmStatus 4 CONFIRMED"
    assert S.NETTED.step.codes["cdm"] == "TransferStatus.Netted"
    assert STEPS[S.CAPTURED].after == frozenset()


def test_a_status_that_is_none_is_refused() -> None:
    """Another hand wrote it."""
    for content in ({}, {"trade": "T-1", "steps": ["nowhere"]}):
        with pytest.raises(errors.InvalidDocument, match="T-1"):
            life.from_document(bl.Document("trade-status", "T-1", content))


def test_a_life_begins_once() -> None:
    """No step leads to its beginning."""
    status = life.begin("T-1", "T-1")
    for state in (S.CAPTURED, S.ALLOCATED):
        with pytest.raises(errors.TransitionRefused):
            status.moved(state, {"block": "B"})
