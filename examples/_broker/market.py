"""The day that is generated: markets, instruments, trades, and who will be late.

Everything follows from a seed and a number of trades.  Companies and ISINs are real,
prices, parties and trades are invented.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

import attrs

import backoffice_ledger as bl
from backoffice_ledger.calendars import HolidayCalendar
from backoffice_ledger.settlement import Allocation, Price, Trade
from backoffice_ledger.settlement.dates import settlement_cycle, settlement_date
from backoffice_ledger.settlement.penalties import RateClass

FIRM: Final = "firm"
US_PARTICIPANT: Final = "BROKER"
"""How depositories and central counterparties know the firm."""

TRADE_DATE: Final = date(2026, 10, 8)
OPENED: Final = date(2026, 9, 30)
"""The day of the opening balances."""

CUSTOMERS: Final = tuple(f"C-{number}" for number in range(1, 10))
"""The last of them has nothing in the beginning."""
BANKS: Final = tuple(f"BANK-{number:02}" for number in range(1, 13))
CAPITAL: Final = 250_000_000
"""Of each currency, in whole units."""

BLOCK: Final = "B-1"


@attrs.frozen
class Market:
    """Where is traded, and where that is settled."""

    mic: str
    area: str
    instrument_class: str
    depository: str
    ccp: str
    opens_hour_utc: int

    def settlement_date(self, traded: date) -> date:
        """Return the intended settlement date."""
        return settlement_date(traded, self.area, self.instrument_class)

    @property
    def calendar(self) -> HolidayCalendar:
        """The days on which it settles."""
        return settlement_cycle(TRADE_DATE, self.area, self.instrument_class).calendar()


XETRA: Final = Market("XETR", "EU", "transferable-securities", "CBF", "ECAG", 7)
LONDON: Final = Market("XLON", "UK", "transferable-securities", "CREST", "LCH", 7)
NEW_YORK: Final = Market("XNYS", "US", "equities", "DTC", "NSCC", 13)
MARKETS: Final = (XETRA, LONDON, NEW_YORK)


@attrs.frozen
class Instrument:
    """What is traded."""

    isin: str
    name: str
    market: Market
    currency: str
    price: Decimal
    """Of yesterday's close; of the bond in percent."""
    rate_class: RateClass = "liquid-shares"
    coupon_percent: Decimal | None = None
    coupon_paid: date | None = None
    """The day of the last coupon."""

    @property
    def unit(self) -> bl.Commodity:
        """The commodity."""
        return bl.Commodity(self.isin, scale=0)

    @property
    def is_bond(self) -> bool:
        """Whether prices are in percent and interest accrues."""
        return self.coupon_percent is not None

    def priced(self, number: Decimal) -> Price:
        """Return a number as the price that it is."""
        return Price(number, "percent" if self.is_bond else "unit")

    def accrued(self, nominal: int, on: date) -> bl.Amount | None:
        """Return the interest that a buyer pays: actual/actual, one coupon a year."""
        if self.coupon_percent is None or self.coupon_paid is None:
            return None
        share = Fraction((on - self.coupon_paid).days, 365)
        exact = nominal * Fraction(self.coupon_percent) / 100 * share
        return bl.Amount.rounded(exact, self.currency, rounding="half-up")


def _share(isin: str, name: str, market: Market, price: str) -> Instrument:
    currency = {"EU": "EUR", "UK": "GBP", "US": "USD"}[market.area]
    return Instrument(isin, name, market, currency, Decimal(price))


BUND: Final = Instrument(
    "DE000BU2Z007",
    "Bund 2.3 % 2033",
    XETRA,
    "EUR",
    Decimal("98.40"),
    "public-debt",
    Decimal("2.3"),
    date(2026, 2, 15),
)
INSTRUMENTS: Final = (
    _share("DE0007164600", "SAP", XETRA, "231.50"),
    _share("DE0007236101", "Siemens", XETRA, "214.20"),
    _share("DE0008404005", "Allianz", XETRA, "352.60"),
    _share("DE000BASF111", "BASF", XETRA, "45.83"),
    BUND,
    _share("GB00BH4HKS39", "Vodafone", LONDON, "0.8640"),
    _share("GB0005405286", "HSBC", LONDON, "10.27"),
    _share("GB0007980591", "BP", LONDON, "4.318"),
    _share("US0378331005", "Apple", NEW_YORK, "254.10"),
    _share("US5949181045", "Microsoft", NEW_YORK, "517.30"),
    _share("US46625H1005", "JPMorgan", NEW_YORK, "309.40"),
)
BY_ISIN: Final = {each.isin: each for each in INSTRUMENTS}
_WEIGHTS: Final = (9, 6, 6, 7, 4, 5, 5, 5, 7, 6, 4)

Style = Literal["netted", "ccp", "bilateral"]
"""Own trades through a central counterparty, customers' through one, and bilateral."""


@attrs.frozen
class Lateness:
    """How a counterparty will fail to deliver what we bought.

    Attributes:
        days: settlement days after the intended one.
        at_first: units that it delivers in time all the same.
    """

    days: int
    at_first: int = 0


@attrs.frozen
class Day:
    """What happens, before it does.

    Attributes:
        trades: in the order of the day; the block comes last.
        netted: ids of trades that a central counterparty nets.
        allocations: what the block is split into.
        correction: the trade that was captured with a wrong price, as it is right.
        late: purchases that will not be delivered in time.
        affirmed_late: trades that are affirmed after the cut-off.
        opening: units by owner and ISIN on the day before.
        closes: closing prices of the trade date and of the last day.
        dividend: ISIN of the share whose dividend meets an open trade.
    """

    trades: tuple[Trade, ...]
    netted: frozenset[str]
    allocations: tuple[Allocation, ...]
    correction: Trade
    late: Mapping[str, Lateness]
    affirmed_late: frozenset[str]
    opening: Mapping[tuple[str, str], int]
    closes: tuple[Mapping[str, Decimal], Mapping[str, Decimal]]
    dividend: str


def generate(count: int, seed: int) -> Day:
    """Return a day of so many trades, and a block.

    Three of them happen every day: a customer sells on at once what will not come in
    time, and another purchase of theirs is captured with a wrong price.
    """
    rng = random.Random(seed)
    opening = dict(_opening(rng))
    maker = _Maker(rng, opening)
    names = [f"T-{number:05}" for number in range(1, count + 1)]
    trades = [maker.trade(id_, at / count) for at, id_ in enumerate(names[:-3])]
    bought, sold_on, right = maker.told(names[-3:])
    price = Price(right.price.number + 1, right.price.basis)
    wrong = attrs.evolve(right, price=price, consideration=None, net=None)
    late = {bought.id: Lateness(2, at_first=800)}
    late |= _late(rng, trades, maker.netted, opening)
    american = [t.id for t in trades if t.market == "XNYS"]
    return Day(
        trades=(*trades, bought, sold_on, wrong, maker.block()),
        netted=frozenset(maker.netted),
        allocations=(
            Allocation("B-1-a", "C-1", "3333 DE000BASF111"),
            Allocation("B-1-b", "C-2", "3333 DE000BASF111"),
            Allocation("B-1-c", "C-3", "5334 DE000BASF111"),
        ),
        correction=attrs.evolve(right, version=2),
        late=late,
        affirmed_late=frozenset(rng.sample(american, -(-len(american) // 15))),
        opening=opening,
        closes=(_closes(rng), _closes(rng)),
        dividend=bought.instrument.code,
    )


def _opening(rng: random.Random) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield what everybody has before; a customer has some of the shares."""
    for each in INSTRUMENTS:
        size = 2_000_000 if each.is_bond else 200 * (1 + int(2_000 / each.price))
        if each.is_bond:
            yield (FIRM, each.isin), size
            for customer in CUSTOMERS[:4]:
                yield (customer, each.isin), size // 2
            continue
        yield (FIRM, each.isin), size * rng.randint(2, 5)
        for customer in CUSTOMERS[:-1]:
            if rng.random() < 0.4:
                yield (customer, each.isin), size * rng.randint(1, 2)


class _Maker:
    """Makes trades; nobody sells more than they have.

    What the firm sells through a central counterparty it had before the day, for such
    deliveries must not fail.
    """

    def __init__(
        self, rng: random.Random, opening: Mapping[tuple[str, str], int]
    ) -> None:
        self._rng = rng
        self._held: defaultdict[tuple[str, str], int] = defaultdict(int, opening)
        self._free: defaultdict[tuple[str, str], int] = defaultdict(int, opening)
        self.netted: set[str] = set()

    def trade(self, id_: str, passed: float) -> Trade:
        """Return the next trade, when so much of the day has passed (0 to 1)."""
        rng = self._rng
        [each] = rng.choices(INSTRUMENTS, _WEIGHTS)
        is_agent = rng.random() < 0.45
        owner = rng.choice(CUSTOMERS[:-1]) if is_agent else FIRM
        cleared = rng.random() < 0.6 and not each.is_bond
        style: Style = "bilateral"
        if cleared:
            style = "ccp" if is_agent else "netted"
        price = self._price(each)
        units = self._units(each, price)
        side: Literal["buy", "sell"] = "buy"
        key = owner, each.isin
        room = self._free[key] if style == "netted" else self._held[key]
        room = min(room, self._held[key])
        may_sell = room >= units and not (each.is_bond and not is_agent)
        if may_sell and rng.random() < 0.55:
            side = "sell"
            self._held[key] -= units
            if style == "netted":
                self._free[key] -= units
        else:
            self._held[key] += units
        if style == "netted":
            self.netted.add(id_)
        minutes = int(8 * 60 * passed)
        traded_at = datetime(2026, 10, 8, tzinfo=UTC) + timedelta(
            hours=each.market.opens_hour_utc, minutes=minutes, seconds=rng.randrange(60)
        )
        return make_trade(
            id_,
            each,
            traded_at=traded_at,
            side=side,
            units=units,
            price=price,
            owner=owner,
            counterparty=each.market.ccp if style == "ccp" else rng.choice(BANKS),
            clearing="ccp" if style == "ccp" else "bilateral",
        )

    def _price(self, each: Instrument) -> Decimal:
        step = Decimal(self._rng.randint(-120, 120)) / 10_000
        digits = "0.0001" if each.price < 5 else "0.01"
        return (each.price * (1 + step)).quantize(Decimal(digits))

    def _units(self, each: Instrument, price: Decimal) -> int:
        if each.is_bond:
            return self._rng.randint(1, 12) * 100_000
        money = self._rng.choice((8_000, 15_000, 30_000, 60_000, 120_000, 400_000))
        return max(1, int(money * self._rng.randint(60, 140) / (100 * price)))

    def told(self, ids: list[str]) -> tuple[Trade, Trade, Trade]:
        """Return a purchase, what is sold on of it, and another purchase."""
        siemens, basf = BY_ISIN["DE0007236101"], BY_ISIN["DE000BASF111"]
        at = datetime(2026, 10, 8, 15, tzinfo=UTC)

        def made(
            id_: str,
            each: Instrument,
            side: Literal["buy", "sell"],
            units: int,
            counterparty: str,
        ) -> Trade:
            return make_trade(
                id_,
                each,
                traded_at=at,
                side=side,
                units=units,
                price=self._price(each),
                owner=CUSTOMERS[-1],
                counterparty=counterparty,
                clearing="ccp" if counterparty == each.market.ccp else "bilateral",
            )

        return (
            made(ids[0], siemens, "buy", 2_000, "BANK-03"),
            made(ids[1], siemens, "sell", 1_500, "BANK-05"),
            made(ids[2], basf, "buy", 400, basf.market.ccp),
        )

    def block(self) -> Trade:
        """Return the order of three customers that is executed at once."""
        each = BY_ISIN["DE000BASF111"]
        return make_trade(
            BLOCK,
            each,
            traded_at=datetime(2026, 10, 8, 15, 20, tzinfo=UTC),
            side="buy",
            units=12_000,
            price=self._price(each),
            owner="C-1",
            counterparty="BANK-01",
            clearing="bilateral",
        )


def make_trade(
    id_: str,
    each: Instrument,
    *,
    traded_at: datetime,
    side: Literal["buy", "sell"],
    units: int,
    price: Decimal,
    owner: str,
    counterparty: str,
    clearing: Literal["bilateral", "ccp"],
) -> Trade:
    """Return a trade of the day; customers pay a commission, the firm a fee."""
    is_agent = owner != FIRM
    settles = each.market.settlement_date(TRADE_DATE)
    fee = "12.50" if is_agent else "1.80"
    return Trade(
        id=id_,
        traded_at=traded_at,
        trade_date=TRADE_DATE,
        settlement_date=settles,
        side=side,
        quantity=bl.Amount(units, each.unit),
        price=each.priced(price),
        currency=each.currency,
        accrued=each.accrued(units, settles),
        fees={"commission": bl.Amount(fee, each.currency)},
        counterparty=counterparty,
        owner=owner,
        capacity="agent" if is_agent else "principal",
        clearing=clearing,
        market=each.market.mic,
        own_ssi=f"SSI-{each.market.depository}-{owner}",
        counterparty_ssi=f"SSI-{each.market.depository}-{counterparty}",
    )


def _late(
    rng: random.Random,
    trades: list[Trade],
    netted: Collection[str],
    opening: Mapping[tuple[str, str], int],
) -> dict[str, Lateness]:
    """Choose the purchases that fail too.

    Some are of owners who sold on what they bought, and so cannot deliver either.
    """
    others = [
        t
        for t in trades
        if t.side == "buy" and t.clearing == "bilateral" and t.id not in netted
    ]
    sold: Counter[tuple[str, str]] = Counter()
    for trade in trades:
        if trade.side == "sell" and trade.id not in netted:
            sold[trade.owner, trade.instrument.code] += int(trade.quantity.decimal)
    wanted = [
        t for t in others if _key(t) in sold and sold[_key(t)] > opening.get(_key(t), 0)
    ]
    chosen = rng.sample(wanted, min(len(wanted), max(1, len(trades) // 100)))
    rest = [t for t in others if t not in chosen]
    chosen += rng.sample(rest, min(len(rest), max(2, len(trades) // 40)))
    return {trade.id: Lateness(rng.choice((1, 1, 2))) for trade in chosen}


def _key(trade: Trade) -> tuple[str, str]:
    return trade.owner, trade.instrument.code


def _closes(rng: random.Random) -> dict[str, Decimal]:
    return {
        each.isin: (
            each.price * (1 + Decimal(rng.randint(-200, 200)) / 10_000)
        ).quantize(Decimal("0.0001"))
        for each in INSTRUMENTS
    }
