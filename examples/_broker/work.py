"""The work of the day, as a firm would do it: through public names only.

Each function opens no book and keeps nothing: what it needs, it reads from the book.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.settlement import (
    InstructionStatus,
    SettlementDesk,
    SettlementState,
)
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    DividendClaimPaid,
    DividendPaid,
    PenaltyAccrued,
    SettlementAccounts,
    SettlementBooks,
    TradeExecuted,
    TradeSettled,
)
from backoffice_ledger.settlement.corporate_actions import (
    dividend,
    pay_customers,
)
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.settlement.penalties import (
    Fail,
    Penalty,
    ReferenceData,
    failing_sides,
    settlement_fail_penalties,
)

from .market import (
    BLOCK,
    BY_ISIN,
    CAPITAL,
    CUSTOMERS,
    FIRM,
    INSTRUMENTS,
    MARKETS,
    OPENED,
    TRADE_DATE,
    US_PARTICIPANT,
    Day,
    Market,
)
from .outside import Depositories
from .release import AUTHORISED, BANDS, CONTROLLER, INSTRUCTIONS, release_entry

ACCOUNTS: Final = SettlementAccounts()
BY_MIC: Final = {market.mic: market for market in MARKETS}
DIVIDEND_PER_SHARE: Final = "2.35"
EX_DATE: Final = date(2026, 10, 12)
RECORD_DATE: Final = date(2026, 10, 13)
PAYMENT_DATE: Final = date(2026, 10, 14)


# --- before the day ------------------------------------------------------------------


def open_books(desk: SettlementDesk, day: Day) -> None:
    """Open the accounts, and book what the firm and its customers have."""
    ledger = desk.ledger
    ACCOUNTS.open_in(ledger, customers=CUSTOMERS)
    ledger.open_account("equity:capital", type="equity")
    for path in (AUTHORISED, INSTRUCTIONS):
        ledger.open_account(path, type="memorandum")
    for currency in BANDS:
        capital = bl.Amount(CAPITAL, currency)
        postings = [
            bl.debit(ACCOUNTS.nostro, capital),
            bl.credit("equity:capital", capital),
        ]
        ledger.post(bl.Entry(f"opening/{currency}", OPENED, postings))
    for (owner, isin), units in day.opening.items():
        if owner == FIRM:
            _buy_inventory(desk, isin, units)
        else:
            _transfer_in(ledger, owner, isin, units)


def _buy_inventory(desk: SettlementDesk, isin: str, units: int) -> None:
    """Book what the firm has as bought, and settled, on the day of the opening."""
    each = BY_ISIN[isin]
    quantity = bl.Amount(units, each.unit)
    paid = each.priced(each.price).value_of(quantity)
    bought = TradeExecuted(
        trade_id=f"OPEN-{isin}",
        date=OPENED,
        settlement_date=OPENED,
        side="buy",
        quantity=quantity,
        consideration=bl.Amount.rounded(paid, each.currency, rounding="half-up"),
        counterparty="OPENING",
    )
    desk.books.post([bought, TradeSettled(obligation=bought.obligation, date=OPENED)])


def _transfer_in(ledger: bl.Ledger, owner: str, isin: str, units: int) -> None:
    """Book units that a customer brought; the stock record knows them, no statement."""
    amount = bl.Amount(units, BY_ISIN[isin].unit)
    dimensions = {"owner": owner, "instrument": isin}
    postings = [
        bl.debit(ACCOUNTS.owner(owner), amount, dimensions=dimensions),
        bl.credit(ACCOUNTS.location("depository"), amount, dimensions=dimensions),
    ]
    ledger.post(bl.Entry(f"opening/{owner}/{isin}", OPENED, postings))


# --- the trade date ------------------------------------------------------------------


def capture(desk: SettlementDesk, day: Day) -> None:
    """Take in the trades; the trader sees a wrong price and corrects it."""
    desk.capture_many(day.trades)
    desk.amend(day.correction, on=TRADE_DATE, reason="price was mistyped")


def process(desk: SettlementDesk, day: Day) -> None:
    """Carry the trades through the middle office, as far as their instructions."""
    by_market: dict[Market, list[str]] = defaultdict(list)
    for trade in day.trades:
        by_market[BY_MIC[str(trade.market)]].append(trade.id)
    ids = [trade.id for trade in day.trades]
    desk.enrich_many(ids)
    parts = desk.allocate(BLOCK, day.allocations)
    ids.remove(BLOCK)
    ids += [part.trade for part in parts]
    desk.advance_many(ids, "confirmed", at=datetime(2026, 10, 8, 20, 30, tzinfo=UTC))
    _affirm(desk, by_market[BY_MIC["XNYS"]], day.affirmed_late)
    desk.advance_many(ids, "matched")
    for market, members in by_market.items():
        cleared = [id_ for id_ in members if id_ in day.netted]
        if cleared:
            net(desk, market, cleared)
        own = [id_ for id_ in members if id_ not in day.netted and id_ != BLOCK]
        if BLOCK in members:
            own += [part.trade for part in parts]
        desk.route_many(own)
        made = desk.instruct_many(
            own, participant=US_PARTICIPANT, depository=market.depository
        )
        desk.accept_many([one.id for one in made])
        desk.report_matched({one.id: f"{market.depository}-{one.id}" for one in made})


def _affirm(desk: SettlementDesk, ids: list[str], late: Iterable[str]) -> None:
    """Affirm in the United States, where the cut-off is at nine in the evening."""
    missed = sorted(late)
    in_time = [id_ for id_ in ids if id_ not in set(missed)]
    evening = datetime(2026, 10, 8, 23, 15, tzinfo=UTC)
    desk.advance_many(in_time, "affirmed", at=evening)
    night = datetime(2026, 10, 9, 2, 40, tzinfo=UTC)
    desk.advance_many(missed, "affirmed", at=night)


# --- netting -------------------------------------------------------------------------


def net(desk: SettlementDesk, market: Market, ids: Iterable[str]) -> None:
    """Have the central counterparty net our trades, one obligation for each ISIN."""
    day = market.settlement_date(TRADE_DATE)
    netting = desk.net(
        ids,
        netting_id=f"{market.ccp}-{day}",
        netting_set=NettingSet(day, market.depository, market.ccp),
        on=TRADE_DATE,
        ccp=market.ccp,
    )
    made = desk.instruct_many(
        [one.id for one in netting.obligations if not one.is_set_off],
        participant=US_PARTICIPANT,
    )
    desk.accept_many([one.id for one in made])
    desk.report_matched({one.id: f"{market.ccp}-{one.id}" for one in made})


# --- releases ------------------------------------------------------------------------


def hold_large(desk: SettlementDesk) -> list[str]:
    """Put what moves more than its band on hold; return the ids."""
    large = [
        status.id
        for status in unsettled(desk, date(2026, 10, 31))
        if (cash := status.instruction.cash) is not None
        and cash > BANDS[cash.commodity.code]
    ]
    return [status.id for status in desk.hold_many(large)]


def propose_releases(desk: SettlementDesk, held: Iterable[str]) -> list[bl.Proposal]:
    """Ask for the release of what is on hold."""
    return [
        desk.ledger.propose(
            release_entry(id_, desk.instruction(id_).instruction.cash, TRADE_DATE)
        )
        for id_ in held
    ]


def release(desk: SettlementDesk) -> int:
    """Look at what waits, approve it and release it; the controller does."""
    ledger = desk.ledger
    waiting = ledger.proposals.all(status="open")
    for proposal in waiting:

        def work(proposal: bl.Proposal = proposal) -> None:
            ledger.proposals.approve(
                proposal.id, actor=CONTROLLER, seen=proposal.digest
            )
            ledger.proposals.post(proposal.id, actor=CONTROLLER)
            desk.release(proposal.entry.postings[0].dimensions["trade"])

        ledger.atomically(work)
    return len(waiting)


# --- settlement days -----------------------------------------------------------------


def unsettled(desk: SettlementDesk, on: date) -> list[InstructionStatus]:
    """Return the instructions that are due and not settled, from the book."""
    return [desk.instruction(str(row["instruction"])) for row in desk.ageing(on)]


def settle_day(desk: SettlementDesk, csd: Depositories, day: date) -> None:
    """Have a day settled where it can be, and book what the depositories report."""
    pending = {
        status.id: status
        for status in unsettled(desk, day)
        if _market_of(status).calendar.is_business_day(day)
    }
    desk.recycle_many(
        id_
        for id_, status in pending.items()
        if status.settlement is SettlementState.FAILING
    )
    whole = []
    for report in csd.run(day, pending.values()):
        if report.is_whole:
            whole.append(report.instruction)
            continue
        if report.quantity:
            desk.settle(
                report.instruction,
                on=day,
                quantity=report.quantity,
                reference=f"{report.instruction}-{day}",
            )
        desk.fail(report.instruction, on=day, lacks=["securities"])
    desk.settle_many(whole, on=day)
    owners = {id_: pending[id_].instruction.owner for id_ in whole}
    desk.settle_customers([id_ for id_ in whole if owners[id_] != FIRM], on=day)


def _market_of(status: InstructionStatus) -> Market:
    depository = status.instruction.depository
    return next(market for market in MARKETS if market.depository == depository)


# --- what fails costs ----------------------------------------------------------------


def penalties(
    desk: SettlementDesk, day: date, closes: Mapping[str, Decimal]
) -> list[Penalty]:
    """Book the penalties for what failed in the European Union on a day (CSDR)."""
    computed: list[Penalty] = []
    events = []
    for status in unsettled(desk, day):
        if _market_of(status).area != "EU" or status.failing_since is None:
            continue
        for found in day_penalties(status, day, closes):
            instruction = status.instruction
            computed.append(found)
            events.append(
                PenaltyAccrued(
                    penalty_id=f"{status.id}-{day}",
                    obligation_id=str(instruction.trade),
                    date=day,
                    amount=found.amount,
                    counterparty=instruction.counterparty,
                    payer="us" if found.payer == US_PARTICIPANT else "counterparty",
                )
            )
    desk.books.post(events)
    return computed


def day_penalties(
    status: InstructionStatus, day: date, closes: Mapping[str, Decimal]
) -> tuple[Penalty, ...]:
    """Return the penalties for one day of a fail, at the closing price."""
    instruction = status.instruction
    each = BY_ISIN[status.remaining.commodity.code]
    parties = US_PARTICIPANT, instruction.counterparty
    deliverer, receiver = parties if instruction.is_delivery else parties[::-1]
    price = each.priced(closes[each.isin])
    return settlement_fail_penalties(
        Fail(
            instruction=status.id,
            kind="against-payment",
            deliverer=deliverer,
            receiver=receiver,
            system=str(instruction.depository),
            currency=each.currency,
            quantity=status.remaining,
            rate_class=each.rate_class,
        ),
        day,
        failing=failing_sides(lacks=["securities"]),
        data=ReferenceData(price=price),
    )


# --- corporate action, valuation -----------------------------------------------------


def dividend_events(
    ledger: bl.Ledger, isin: str
) -> tuple[DividendPaid | DividendClaim, ...]:
    """Return what a dividend brings, and who claims it for an open trade."""
    each = BY_ISIN[isin]
    return dividend(
        ledger.view(as_of=RECORD_DATE),
        ACCOUNTS,
        dividend_id=f"DIV-{isin}",
        instrument=each.unit,
        per_unit=DIVIDEND_PER_SHARE,
        currency=each.currency,
        ex_date=EX_DATE,
        payment_date=PAYMENT_DATE,
    )


def claim_dividends(desk: SettlementDesk, isin: str) -> None:
    """Book the market claims at the end of the record date."""
    found = dividend_events(desk.ledger, isin)
    desk.books.post(one for one in found if isinstance(one, DividendClaim))


def pay_dividends(desk: SettlementDesk, isin: str) -> None:
    """Book the dividend of the issuer, and the claims, as paid; pay the customers."""
    found = dividend_events(desk.ledger, isin)
    desk.books.post(
        DividendClaimPaid(claim=one, date=PAYMENT_DATE)
        if isinstance(one, DividendClaim)
        else one
        for one in found
    )
    each = BY_ISIN[isin]
    paid_on = pay_customers(
        desk.ledger.view(),
        ACCOUNTS,
        payment_id=f"DIV-{isin}-customers",
        instrument=each.unit,
        currency=each.currency,
        date=PAYMENT_DATE,
    )
    desk.books.post(paid_on)


def mark(books: SettlementBooks, day: date, closes: Mapping[str, Decimal]) -> None:
    """Value the firm's own positions at the close."""
    books.mark(
        day,
        {each.isin: each.priced(closes[each.isin]) for each in INSTRUMENTS},
    )
