"""What the books say at the end, and what proves it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from fractions import Fraction

import attrs

import backoffice_ledger as bl
from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement import (
    FrontOffice,
    InstructionStatus,
    SettlementDesk,
)
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    Obligation,
    open_obligations,
    settlement_date_balances,
)
from backoffice_ledger.settlement.dates import cut_off
from backoffice_ledger.settlement.lots import reconcile
from backoffice_ledger.settlement.netting import Transfer, netting_effect
from backoffice_ledger.settlement.penalties import (
    Penalty,
    bilateral_nets,
    monthly_timetable,
)

from . import work
from .market import (
    BY_ISIN,
    CAPITAL,
    CUSTOMERS,
    FIRM,
    TRADE_DATE,
    US_PARTICIPANT,
    Day,
)
from .outside import Depositories
from .release import BANDS
from .work import ACCOUNTS, BY_MIC


@attrs.frozen
class Evening:
    """What was seen in the evening of a settlement day."""

    day: date
    ageing: Table
    penalties: list[Penalty]


@attrs.frozen
class Proof:
    """Something that must hold, and whether it does."""

    words: str
    holds: bool


@attrs.frozen(kw_only=True)
class Facts:
    """All that the report tells."""

    trades: int
    markets: Table
    states: Table
    releases: int
    refusal: str
    late_affirmations: Table
    netting: Table
    efficiency: Table
    rates: Mapping[str, Fraction]
    """Share of instructions that were settled on the intended day, by depository."""
    fails: Table
    ageing: Sequence[Table]
    penalties: Table
    penalty_payment: date
    dividend: Table
    holdings: Table
    result: Table
    at_trade_date: Table
    at_the_end: Table
    proofs: Sequence[Proof]
    root: str
    records: int

    @property
    def is_proved(self) -> bool:
        """Whether everything holds that must."""
        return all(proof.holds for proof in self.proofs)


def gather(
    desk: SettlementDesk,
    csd: Depositories,
    day: Day,
    evenings: Sequence[Evening],
    refusal: str,
) -> Facts:
    """Read the books, and compare them with what is known of elsewhere."""
    ledger = desk.ledger
    last = evenings[-1].day
    instructions = [
        desk.instruction(document.id)
        for document in ledger.documents.all("settlement-instruction")
    ]
    states = Counter(str(row["state"]) for row in FrontOffice(ledger=ledger).trades())
    late = desk.late(cut_off("dtc-affirmation"), now=ledger_now(last))
    penalties = [one for evening in evenings for one in evening.penalties]
    timetable = monthly_timetable(
        TRADE_DATE.year, TRADE_DATE.month, business_calendar("TARGET")
    )
    at_the_end = _two_views(ledger.view(as_of=last))
    verification = ledger.verify()
    return Facts(
        trades=len(day.trades),
        markets=_markets(day),
        states=Table(
            "Where the trades are",
            [Column("state", "State"), Column("trades", "Trades", "integer")],
            [Row(item) for item in sorted(states.items())],
        ),
        releases=len(ledger.proposals.all(status="posted")),
        refusal=refusal,
        late_affirmations=late,
        netting=_netting(desk, day),
        efficiency=_efficiency(instructions),
        rates=dict(_rates(instructions)),
        fails=_fails(instructions, evenings),
        ageing=[evening.ageing for evening in evenings if len(evening.ageing)],
        penalties=_penalties(penalties),
        penalty_payment=timetable.pay_on,
        dividend=_dividend(desk, day.dividend),
        holdings=FrontOffice(ledger=ledger).holdings(FIRM),
        result=ledger.view().income_statement(),
        at_trade_date=_two_views(ledger.view(as_of=TRADE_DATE)),
        at_the_end=at_the_end,
        proofs=[
            *_proofs(ledger, csd, day, states),
            Proof(
                "trade-date and settlement-date accounting agree once all is settled",
                not any(row["open"] for row in at_the_end),
            ),
            Proof(
                f"the log of {verification.records:,} records is verified, and every"
                " balance rebuilt from it",
                verification.entries == sum(1 for _ in ledger.view().entries()),
            ),
        ],
        root=verification.root,
        records=verification.records,
    )


# --- tables --------------------------------------------------------------------------


def ledger_now(day: date) -> datetime:
    """Return an instant on the evening of a day."""
    return datetime.combine(day, time(18), tzinfo=UTC)


def _markets(day: Day) -> Table:
    """Return what was traded where, for whom."""
    counts: Counter[tuple[str, str]] = Counter()
    money: defaultdict[tuple[str, str], bl.Balance] = defaultdict(bl.Balance)
    for trade in day.trades:
        for who in (trade.capacity, "all"):
            counts[str(trade.market), who] += 1
        money[str(trade.market), "all"] += trade.consideration
    rows = [
        Row(
            [
                mic,
                counts[mic, "principal"],
                counts[mic, "agent"],
                counts[mic, "all"],
                BY_MIC[mic].settlement_date(TRADE_DATE),
                money[mic, "all"],
            ]
        )
        for mic in sorted({mic for mic, _ in counts})
    ]
    columns = [
        Column("market", "Market"),
        Column("principal", "Own trades", "integer"),
        Column("agent", "For customers", "integer"),
        Column("trades", "All", "integer"),
        Column("settles", "Settles", "date"),
        Column("consideration", "Consideration", "balance"),
    ]
    return Table("What was traded", columns, rows)


def _netting(desk: SettlementDesk, day: Day) -> Table:
    """Return gross against net, of what the central counterparties netted."""
    gross = [
        one
        for trade in day.trades
        if trade.id in day.netted
        for one in _moves(trade.obligation)
    ]
    nets = {
        str(status["reference"]).rpartition(".")[0]
        for id_ in sorted(day.netted)
        if (status := desk.status(id_).details("netted")) is not None
    }
    net = [
        one
        for id_ in sorted(nets)
        for obligation in desk.netting(id_).obligations
        for one in _moves(obligation.obligation)
    ]
    return netting_effect(gross, net)


def _moves(obligation: Obligation) -> Iterator[Transfer]:
    """Yield units and money of an obligation as what one party gives the other."""
    for amount in (obligation.quantity, obligation.cash):
        if amount:
            parties = obligation.counterparty, FIRM
            if amount.minor_units < 0:
                parties = FIRM, obligation.counterparty
            yield Transfer(f"{obligation.id}/{amount}", *parties, abs(amount))


def _two_views(view: bl.LedgerView) -> Table:
    """Return money by trade date and by settlement date; units are left out."""
    table = settlement_date_balances(view, ACCOUNTS)
    money = ("assets", "liabilities", "equity", "income", "expenses")
    rows = [
        Row(list(row.values()))
        for row in table
        if str(row["account"]).partition(":")[0] in money
    ]
    return Table(table.title, table.columns, rows, subtitle=table.subtitle)


def _settled_on(status: InstructionStatus) -> date:
    return status.parts[-1].date


def _is_in_time(status: InstructionStatus) -> bool:
    return _settled_on(status) == status.instruction.settlement_date


def _rates(
    instructions: Iterable[InstructionStatus],
) -> Iterator[tuple[str, Fraction]]:
    """Yield the share of instructions that were in time, by depository."""
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    for status in instructions:
        counts[str(status.instruction.depository)].append(_is_in_time(status))
    for depository, found in sorted(counts.items()):
        yield depository, Fraction(sum(found), len(found))


def _efficiency(instructions: Sequence[InstructionStatus]) -> Table:
    """Return how much was settled on the intended day, by number and by money.

    A part that was settled in time counts with its money.
    """
    due: Counter[str] = Counter()
    done: Counter[str] = Counter()
    money_due: defaultdict[str, bl.Balance] = defaultdict(bl.Balance)
    money_done: defaultdict[str, bl.Balance] = defaultdict(bl.Balance)
    for status in instructions:
        terms = status.instruction
        depository = str(terms.depository)
        due[depository] += 1
        done[depository] += _is_in_time(status)
        if terms.cash is not None:
            money_due[depository] += terms.cash
        for part in status.parts:
            if part.cash is not None and part.date == terms.settlement_date:
                money_done[depository] += part.cash
    rows = []
    for depository in sorted(due):
        [amount] = money_due[depository]
        settled = money_done[depository][amount.commodity]
        rows.append(
            Row(
                [
                    depository,
                    due[depository],
                    done[depository],
                    percent(Fraction(done[depository], due[depository])),
                    amount,
                    settled,
                    percent(Fraction(settled.minor_units, amount.minor_units)),
                ]
            )
        )
    columns = [
        Column("depository", "Depository"),
        Column("due", "Due", "integer"),
        Column("in_time", "In time", "integer"),
        Column("rate", "by number"),
        Column("money_due", "Money due", "amount"),
        Column("money_in_time", "In time", "amount"),
        Column("money_rate", "by money"),
    ]
    return Table("Settlement efficiency", columns, rows)


def percent(share: Fraction) -> str:
    """Return a share in percent, rounded down: 100 % is all of it."""
    return f"{int(share * 1000) / 10:.1f} %"


def _fails(
    instructions: Iterable[InstructionStatus], evenings: Sequence[Evening]
) -> Table:
    """Return what was late, why, and when it was settled."""
    reasons = {
        str(row["instruction"]): str(row["reason"])
        for evening in evenings
        for row in evening.ageing
    }
    rows = []
    for status in instructions:
        terms, since = status.instruction, status.failing_since
        if since is None or terms.quantity is None:
            continue
        in_time = sum(
            part.quantity.minor_units
            for part in status.parts
            if part.quantity is not None and part.date == terms.settlement_date
        )
        rows.append(
            Row(
                [
                    status.id,
                    "deliver" if terms.is_delivery else "receive",
                    BY_ISIN[terms.quantity.commodity.code].name,
                    terms.owner,
                    terms.counterparty,
                    int(terms.quantity.decimal),
                    in_time,
                    terms.settlement_date,
                    _settled_on(status),
                    (_settled_on(status) - terms.settlement_date).days,
                    reasons[status.id],
                ]
            )
        )
    columns = [
        Column("instruction", "Instruction"),
        Column("side", "We"),
        Column("instrument", "Instrument"),
        Column("owner", "For"),
        Column("counterparty", "Counterparty"),
        Column("units", "Units", "integer"),
        Column("in_time", "of it in time", "integer"),
        Column("intended", "Intended", "date"),
        Column("settled", "Settled", "date"),
        Column("days", "Days late", "integer"),
        Column("reason", "Reason"),
    ]
    return Table("What failed", columns, rows)


def _penalties(penalties: Iterable[Penalty]) -> Table:
    """Return what the penalties leave between us and the others."""
    nets = bilateral_nets(
        penalties,
        party=US_PARTICIPANT,
        first=TRADE_DATE.replace(day=1),
        last=TRADE_DATE.replace(day=31),
    )
    columns = [
        Column("depository", "Depository"),
        Column("counterparty", "Counterparty"),
        Column("amount", "To us", "amount"),
    ]
    rows = [Row([one.system, one.counterparty, one.amount]) for one in nets]
    total = bl.Balance(one.amount for one in nets)
    return Table("Penalties of the month, net", columns, rows, totals={"amount": total})


def _dividend(desk: SettlementDesk, isin: str) -> Table:
    """Return who gets the dividend, and through whom."""
    rows = []
    for one in work.dividend_events(desk.ledger, isin):
        if isinstance(one, DividendClaim):
            units = one.obligation.quantity
            words = "claim on" if units.minor_units > 0 else "debt to"
            source = f"{words} {one.obligation.counterparty}, trade {one.obligation.id}"
            rows.append(Row([one.obligation.owner, source, one.amount]))
        else:
            rows.append(Row([one.owner, "the issuer", one.amount]))
    columns = [
        Column("owner", "Owner"),
        Column("source", "From"),
        Column("amount", "Amount", "amount"),
    ]
    return Table(f"Dividend of {BY_ISIN[isin].name}", columns, rows)


# --- proofs --------------------------------------------------------------------------


def _proofs(
    ledger: bl.Ledger, csd: Depositories, day: Day, states: Mapping[str, int]
) -> Iterator[Proof]:
    """Yield what must hold of the books."""
    view = ledger.view()
    over = {"settled", "netted", "block-allocated", "corrected"}
    yield Proof(
        f"{states['settled']} trades are settled, {states['netted']} were netted and"
        " settled as nets; none is in another state but the block and the corrected"
        " one",
        set(states) <= over and states["block-allocated"] == states["corrected"] == 1,
    )
    open_by_trade = _open_by_trade(view)
    yield Proof(
        f"suspense is zero for each of {len(open_by_trade)} trades and nets, read"
        " posting by posting",
        not any(open_by_trade.values()) and not len(open_obligations(view, ACCOUNTS)),
    )
    lots = reconcile(view, ACCOUNTS.lots, ACCOUNTS.house)
    yield Proof(
        f"the lots of {len(lots)} positions are the units of the stock record, and"
        " their cost is what the accounts of securities hold",
        not lots.total("difference") and not lots.total("cost difference"),
    )
    recorded = {
        (owner, amount.commodity.code): amount.minor_units
        for owner in (FIRM, *CUSTOMERS)
        for amount in view.balance(ACCOUNTS.owner(owner))
        if amount
    }
    stated = {key: units for key, units in csd.units.items() if units}
    yield Proof(
        f"the stock record agrees with the depositories on {len(stated)} holdings",
        recorded == stated and not any(csd_difference(view, stated)),
    )
    nostro = view.balance(ACCOUNTS.nostro)
    yield Proof(
        "the nostro accounts agree with the money that depositories, customers and the"
        " issuer moved",
        all(
            nostro[code].minor_units == expected
            for code, expected in _money(csd, day, view).items()
        ),
    )
    yield Proof(
        "customers owe nothing and are owed nothing",
        not view.balance(ACCOUNTS.customer_receivable)
        and not view.balance(ACCOUNTS.customer_payable),
    )


def _open_by_trade(view: bl.LedgerView) -> dict[str, bl.Balance]:
    """Return what stands on suspense accounts, money and units, by trade."""
    suspense = ACCOUNTS.open_money | ACCOUNTS.open_locations
    found: defaultdict[str, bl.Balance] = defaultdict(bl.Balance)
    for record in view.entries():
        for posting in record.entry.postings:
            if posting.account in suspense:
                found[posting.dimensions["trade"]] += posting.signed
    return dict(found)


def csd_difference(
    view: bl.LedgerView, stated: Mapping[tuple[str, str], int]
) -> list[int]:
    """Return units at the depositories by the stock record less those they state."""
    at_depositories = view.balance(ACCOUNTS.location("depository"))
    totals: Counter[str] = Counter()
    for (_, isin), units in stated.items():
        totals[isin] += units
    return [
        -at_depositories[each.unit].minor_units - totals[isin]
        for isin, each in BY_ISIN.items()
    ]


def _money(csd: Depositories, day: Day, view: bl.LedgerView) -> dict[str, int]:
    """Return what the nostro accounts should hold, in minor units by currency."""
    found: Counter[str] = Counter(dict.fromkeys(BANDS, CAPITAL * 100))
    found.update(csd.cash)
    for isin, each in BY_ISIN.items():
        held = bl.Amount(day.opening[FIRM, isin], each.unit)
        cost = each.priced(each.price).value_of(held)
        paid = bl.Amount.rounded(cost, each.currency, rounding="half-up")
        found[each.currency] -= paid.minor_units
    for trade in day.trades:
        if trade.id == day.correction.id:
            trade = day.correction
        if trade.capacity == "agent":
            sign = 1 if trade.side == "buy" else -1
            found[trade.currency.code] += sign * trade.net.minor_units
    for amount in view.balance(ACCOUNTS.dividend_income):
        found[amount.commodity.code] += amount.minor_units
    return dict(found)
