"""What is open: after a split, and between the firm and its customers."""

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date
from fractions import Fraction
from pathlib import Path

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.interest import Number
from backoffice_ledger.settlement import (
    Instruction,
    RuleBooks,
    SettlementDesk,
    Trade,
    TradeState,
)
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    open_obligations,
)
from backoffice_ledger.settlement.corporate_actions import split
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.stores import PostgreSQLStore

Make = Callable[..., Trade]
Ready = Callable[[SettlementDesk, str], str]
TRADED, DUE, LATER = date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 12)
ACME = bl.Commodity("US0378331005")


def split_by(ledger: bl.Ledger, ratio: Number, split_id: str = "SP") -> None:
    """Book a split on the settlement date."""
    books = SettlementBooks(ledger)
    books.post(
        split(
            ledger.view(),
            books.accounts,
            split_id=split_id,
            instrument=ACME,
            ratio=ratio,
            date=DUE,
        )
    )


def open_units(ledger: bl.Ledger) -> dict[str, str]:
    """Return the units that are open, by trade."""
    rows = open_obligations(ledger.view(), SettlementAccounts())
    return {str(row["trade"]): str(row["units"]) for row in rows}


def tasks(desk: SettlementDesk, on: date) -> list[tuple[object, ...]]:
    """Return the lines of the worklist, in short."""
    return [
        (row["task"], row["id"], str(row["quantity"]), str(row["cash"]))
        for row in desk.worklist(on)
    ]


# --- splits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "units"),
    [(2, "2000"), (Fraction(1, 2), "500"), (Fraction(11, 10), "1100")],
)
def test_a_trade_that_was_split_is_instructed_again(
    ledger: bl.Ledger,
    desk: SettlementDesk,
    make: Make,
    ready: Ready,
    ratio: Number,
    units: str,
) -> None:
    """The old instruction cannot settle; a new one has the new units and can."""
    desk.capture(make())
    ready(desk, "T-1")
    split_by(ledger, ratio)
    new = f"{units} {ACME.code}"
    assert open_units(ledger) == {"T-1": new}
    assert tasks(desk, DUE) == [
        ("replace-instruction", "T-1", f"1000 {ACME.code}", "50010.00 USD")
    ]
    count = len(list(ledger.records()))
    verbs: list[Callable[[], object]] = [
        lambda: desk.settle("T-1", on=DUE),
        lambda: desk.settle("T-1", on=DUE, quantity=f"100 {ACME.code}", reference="P"),
        lambda: desk.fail("T-1", on=DUE),
    ]
    for verb in verbs:
        with pytest.raises(errors.TransitionRefused, match="instruct the trade again"):
            verb()
    assert len(list(ledger.records())) == count
    desk.cancel_instruction("T-1")
    desk.cancel_instruction("T-1", by="counterparty")
    assert tasks(desk, DUE) == [("instruct", "T-1", new, "50010.00 USD")]
    again = desk.instruct("T-1")
    assert again.id == "T-1.2"
    assert (again.instruction.kind, str(again.instruction.quantity)) == ("RVP", new)
    assert desk.instruct("T-1") == again
    desk.accept("T-1.2")
    desk.report_matched({"T-1.2": "THEIRS"})
    desk.settle("T-1.2", on=DUE)
    assert desk.status("T-1").state is TradeState.SETTLED
    assert open_units(ledger) == {}
    assert str(ledger.balance("stock:owner:firm")) == new
    assert str(ledger.balance("assets:nostro")) == "-50010.00 USD"
    assert ledger.verify()


def test_a_trade_is_split_before_it_is_instructed(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Its first instruction has the new units."""
    desk.capture(make())
    split_by(ledger, 2)
    ready(desk, "T-1")
    assert str(desk.instruction("T-1").remaining) == f"2000 {ACME.code}"
    desk.settle("T-1", on=DUE)
    assert open_units(ledger) == {}


def test_what_is_left_of_a_failing_trade_is_split(
    tmp_path: Path, make: Make, ready: Ready
) -> None:
    """The money that is left goes with twice the units; they still fail, and settle."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="anna", create=True) as ledger:
        SettlementAccounts().open_in(ledger)
        desk = SettlementDesk(ledger)
        desk.capture(make())
        ready(desk, "T-1")
        desk.settle("T-1", on=DUE, quantity=f"400 {ACME.code}", reference="P")
        desk.fail("T-1", on=DUE, lacks=["securities"])
        split_by(ledger, 2)
        desk.cancel_instruction("T-1", by="system")
    with bl.open_ledger(path, actor="bert") as ledger:
        desk = SettlementDesk(ledger)
        again = desk.instruct("T-1")
        assert str(again.instruction.quantity) == f"1200 {ACME.code}"
        assert str(again.instruction.cash) == "30006.00 USD"
        desk.accept("T-1.2")
        desk.report_matched({"T-1.2": "THEIRS"})
        desk.settle("T-1.2", on=LATER)
        assert desk.status("T-1").state is TradeState.SETTLED
        assert open_units(ledger) == {}
        assert str(ledger.balance("assets:nostro")) == "-50010.00 USD"
        assert str(ledger.balance("stock:owner:firm")) == f"2000 {ACME.code}"


def test_a_net_obligation_is_split(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Also one against no money; and the netting is not taken back any more."""
    sale = make(id="T-2", side="sell", quantity=f"600 {ACME.code}", price="83.3333")
    sale = attrs.evolve(
        sale, fees={}, consideration="50000.00 USD", net=None, price="83.3333333333"
    )
    desk.capture_many([make(fees={}), sale])
    for id_ in ("T-1", "T-2"):
        desk.enrich(id_)
        desk.confirm(id_)
        desk.match(id_)
    desk.net(
        ["T-1", "T-2"],
        netting_id="N",
        netting_set=NettingSet(DUE, "DTC", "A"),
        on=TRADED,
    )
    split_by(ledger, 2)
    with pytest.raises(errors.TransitionRefused, match="not what was netted"):
        desk.unwind("N", on=DUE)
    id_ = f"N.{ACME.code}"
    found = desk.instruct(id_).instruction
    assert (found.kind, str(found.quantity)) == ("RFP", f"800 {ACME.code}")
    assert found.depository == "DTC"
    desk.accept(id_)
    desk.report_matched({id_: "THEIRS"})
    desk.settle(id_, on=DUE)
    assert open_units(ledger) == {}


class OwnBooks:
    """Books that somebody else has made, of which the desk knows nothing."""

    def __init__(self, ledger: bl.Ledger) -> None:
        self.books = RuleBooks(ledger)

    def post(self, events: Iterable[SettlementEvent]) -> object:
        """Book events by the usual rules."""
        return self.books.post(events)


def test_books_that_somebody_else_made_are_not_asked(
    ledger: bl.Ledger, make: Make, ready: Ready
) -> None:
    """The desk goes by what it keeps itself."""
    desk = SettlementDesk(ledger, books=OwnBooks(ledger))
    desk.capture(make(owner="C-1", capacity="agent"))
    assert tasks(desk, DUE) == [("enrich", "T-1", f"1000 {ACME.code}", "50000.00 USD")]
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE, quantity=f"400 {ACME.code}", reference="P")
    desk.cancel_instruction("T-1", by="system")
    assert str(desk.instruct("T-1").instruction.quantity) == f"600 {ACME.code}"
    assert [row[0] for row in tasks(desk, DUE)] == ["accept"]
    desk.settle_customer("T-1", on=DUE)
    assert str(ledger.balance("assets:customers")) == "0"


def test_a_book_without_the_accounts_has_an_empty_worklist() -> None:
    """Nothing is open where nothing can be booked."""
    with bl.open_ledger(":memory:", actor="anna") as ledger:
        assert tasks(SettlementDesk(ledger), DUE) == []


# --- customers -----------------------------------------------------------------------


def agent(desk: SettlementDesk, trade: Trade) -> None:
    """Capture a trade as agent for a customer."""
    desk.capture(attrs.evolve(trade, owner="C-1", capacity="agent"))


def test_a_customer_pays_in_parts(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Each payment has its number; the last call pays what is open; nothing is lost."""
    agent(desk, make())
    with pytest.raises(errors.InvalidOption, match="look like a retry"):
        desk.settle_customer("T-1", on=DUE, cash="250.00 USD")
    for _ in range(2):  # once more is a retry
        desk.settle_customer("T-1", on=DUE, cash="250.00 USD", part=1)
    desk.settle_customer("T-1", on=DUE, cash=bl.Amount("250.00", "USD"), part=2)
    assert str(ledger.balance("assets:customers")) == "49510.00 USD"
    with pytest.raises(errors.IdempotencyConflict):
        desk.settle_customer("T-1", on=DUE, cash="251.00 USD", part=2)
    for part in (4, 0):
        with pytest.raises(errors.InvalidOption) as found:
            desk.settle_customer("T-1", on=DUE, cash="250.00 USD", part=part)
        assert found.value.field == "part"
    with pytest.raises(errors.InvalidOption, match="none without cash"):
        desk.settle_customer("T-1", on=DUE, part=3)
    desk.settle_customers(["T-1", "T-1"], on=LATER)
    assert str(ledger.balance("assets:customers")) == "0"
    count = len(list(ledger.records()))
    desk.settle_customers(["T-1"], on=date(2026, 10, 13))
    desk.settle_customer("T-1", on=date(2026, 10, 13))
    assert len(list(ledger.records())) == count
    assert str(ledger.balance("assets:nostro")) == "50010.00 USD"


def test_the_worklist_says_which_customers_are_to_pay_or_to_be_paid(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """Once it is due, whether the trade is settled or not; a claim is no such thing."""
    agent(desk, make())
    agent(desk, make(id="T-2", side="sell"))
    desk.capture(make(id="T-3"))
    for id_ in ("T-1", "T-2", "T-3"):
        ready(desk, id_)
        desk.settle(id_, on=DUE)
    assert tasks(desk, TRADED) == []
    sold = desk.trade("T-2").obligation
    claim = DividendClaim(
        claim_id="D", obligation=sold, date=DUE, amount=bl.Amount("7.00", "USD")
    )
    SettlementBooks(ledger).post([claim])
    desk.settle_customer("T-1", on=DUE, cash="10.00 USD", part=1)
    assert tasks(desk, DUE) == [
        ("customer-payment", "T-1", "0", "50000.00 USD"),
        ("customer-payment", "T-2", "0", "49990.00 USD"),
    ]
    [first, second] = desk.worklist(LATER)
    assert (first["kind"], second["kind"]) == ("receive", "pay")
    assert (first["counterparty"], first["days"]) == ("C-1", 3)
    desk.settle_customers(["T-1", "T-2"], on=LATER)
    assert tasks(desk, LATER) == []
    assert str(ledger.balance("assets:nostro")) == "-49990.00 USD"


def test_a_trade_whose_customer_has_paid_is_refunded_before_it_is_taken_back(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """The refund is the reversal of the payment; then nothing is left of the trade."""
    agent(desk, make())
    desk.settle_customer("T-1", on=DUE, cash="10.00 USD", part=1)
    desk.settle_customer("T-1", on=DUE)
    second = attrs.evolve(desk.trade("T-1"), version=2, own_ssi="OTHER")
    verbs: list[Callable[[], object]] = [
        lambda: desk.cancel("T-1", on=DUE),
        lambda: desk.amend(second, on=DUE),
    ]
    for verb in verbs:
        with pytest.raises(errors.TransitionRefused) as found:
            verb()
        assert "T-1/customer/1 and settlement/T-1/customer/2" in str(found.value)
    ledger.reverse("settlement/T-1/customer/1", date=DUE, reason="refund")
    with pytest.raises(errors.TransitionRefused, match=r"T-1/customer/2;"):
        desk.cancel("T-1", on=DUE)
    with pytest.raises(errors.InvalidOption, match="3: the next"):
        desk.settle_customer("T-1", on=DUE, cash="10.00 USD", part=1)
    desk.settle_customer("T-1", on=DUE, cash="10.00 USD", part=3)
    for part in (2, 3):
        ledger.reverse(f"settlement/T-1/customer/{part}", date=DUE, reason="refund")
    assert desk.cancel("T-1", on=DUE).state is TradeState.CANCELLED
    assert str(ledger.balance("assets:nostro")) == "0"
    assert str(ledger.balance("assets:customers")) == "0"
    with pytest.raises(errors.TransitionRefused, match="nothing is to be paid"):
        desk.settle_customer("T-1", on=DUE)


def test_nothing_is_taken_back_before_it_was_made(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Or the books of days before it would show the reversal alone."""
    desk.capture(make())
    count = len(list(ledger.records()))
    early = date(2026, 10, 7)
    with pytest.raises(errors.TransitionRefused, match="was made later"):
        desk.cancel("T-1", on=early)
    with pytest.raises(errors.TransitionRefused, match="was made later"):
        desk.amend(make(version=2, price="50.01"), on=early)
    assert len(list(ledger.records())) == count
    assert desk.cancel("T-1", on=TRADED).state is TradeState.CANCELLED


def test_customers_and_splits_on_postgresql(
    database: str, make: Make, ready: Ready
) -> None:
    """What was written in a transaction is seen in it: the same as in memory."""
    with (
        closing(PostgreSQLStore(database)) as store,
        bl.open_ledger(store, actor="anna", create=True) as ledger,
    ):
        SettlementAccounts().open_in(ledger, customers=["C-1"])
        desk = SettlementDesk(ledger)
        agent(desk, make())
        ready(desk, "T-1")

        def work() -> None:
            desk.settle_customer("T-1", on=DUE, cash="10.00 USD", part=1)
            desk.settle_customers(["T-1"], on=DUE)

        ledger.atomically(work)
        assert str(ledger.balance("assets:customers")) == "0"
        split_by(ledger, 2)
        with pytest.raises(errors.TransitionRefused):
            desk.settle("T-1", on=DUE)
        desk.cancel_instruction("T-1", by="system")
        desk.instruct("T-1")
        desk.accept("T-1.2")
        desk.report_matched({"T-1.2": "THEIRS"})
        desk.settle("T-1.2", on=DUE)
        assert open_units(ledger) == {}


# --- what is malformed ---------------------------------------------------------------


def test_what_is_no_list_is_named(
    desk: SettlementDesk, make: Make, order: Callable[..., Instruction]
) -> None:
    """One thing in the place of several, or the wrong kind of several."""
    desk.enter(order())
    for verb, field in (
        (lambda: desk.capture_many(make()), "trades"),  # type: ignore[arg-type]
        (lambda: desk.accept_many(1), "ids"),  # type: ignore[arg-type]
        (lambda: desk.report_matched(["I-1"]), "references"),  # type: ignore[arg-type]
        (lambda: desk.compare("I-1", "I-2"), "theirs"),  # type: ignore[arg-type]
    ):
        with pytest.raises(errors.InvalidOption) as found:
            verb()
        assert found.value.field == field


def test_amounts_may_be_text(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready
) -> None:
    """As in a trade; what is no amount is named."""
    desk.capture(make(side="buy"))
    ready(desk, "T-1")
    part = f"400 {ACME.code}"
    done = desk.settle("T-1", on=DUE, quantity=part, reference="P")
    assert str(done.remaining) == f"600 {ACME.code}"
    agent(desk, make(id="T-2", side="sell"))
    ready(desk, "T-2")
    desk.hold("T-2")
    assert str(desk.release("T-2", quantity=part).released) == part
    with pytest.raises(errors.InexactNumber) as found:
        desk.settle("T-1", on=DUE, quantity=1.5, reference="Q")  # type: ignore[arg-type]
    assert found.value.field == "quantity"


def test_a_trade_is_no_instruction(desk: SettlementDesk, make: Make) -> None:
    """But the error says that it is there, and what its instruction is."""
    desk.capture(make())
    with pytest.raises(errors.UnknownRecord, match="'T-1' is not instructed"):
        desk.settle("T-1", on=DUE)
    for step in (desk.enrich, desk.confirm, desk.match, desk.route):
        step("T-1")
    desk.instruct("T-1", instruction="I-7")
    with pytest.raises(errors.UnknownRecord, match="'T-1' has another instruction"):
        desk.settle("T-1", on=DUE)
    with pytest.raises(errors.UnknownRecord, match="the id of an instruction"):
        desk.settle("T-9", on=DUE)
