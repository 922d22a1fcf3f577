"""Nettings: net obligations in the place of trades, and trades novated to a CCP."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import as_amount, check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidDocument, InvalidOption
from backoffice_ledger.settlement._life import TradeStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement._values import (
    amount_content,
    read_amount_content,
)
from backoffice_ledger.settlement.accounting import Clearing, Netted, Obligation
from backoffice_ledger.settlement.lots._checks import check_name
from backoffice_ledger.settlement.netting import (
    NettingSet,
    Transfer,
    bilateral,
    multilateral,
)

KIND: Final = "netting"
"""The kind of the documents that keep nettings; a second version unwinds one."""

OBLIGATION_KIND: Final = "net-obligation"
"""The kind of the documents that keep net obligations; each has one version."""

NettingKind = Literal["netted", "novated"]
"""Whether trades were set off against each other, or only got another counterparty."""

US: Final = "us"
"""The party that the book belongs to."""


def _as_quantity(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "quantity")


def _as_cash(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "cash")


@final
@attrs.frozen(order=False, kw_only=True)
class NetObligation:
    """What took the place of trades: units of one security against one sum of money.

    Units and money are signed as its party sees them: positive ones come in.  Either
    may be zero, and both may go the same way.

    Attributes:
        id: unique among the trades and net obligations of the book; it is booked so.
        netting: id of the netting that made it.
        trade_date: the latest of the trades that it replaced.
        settlement_date: the day on which it is to be settled.
        quantity: units.
        cash: money.
        party: whose obligation it is: ``us``, or who our counterparty was.
        counterparty: whom it is with.
        clearing: ``ccp`` where that is a central counterparty.
        owner: whose units they are.
        own_ssi: our standing settlement instruction, that of the trades.
        system: where it is settled: a depository.
        trades: how many trades it replaced.
    """

    id: str
    netting: str
    trade_date: datetime.date
    settlement_date: datetime.date
    quantity: bl.Amount = attrs.field(converter=_as_quantity)
    cash: bl.Amount = attrs.field(converter=_as_cash)
    party: str = US
    counterparty: str
    clearing: Clearing
    owner: str
    own_ssi: str | None = None
    system: str
    trades: int

    @property
    def booking_id(self) -> str:
        """The id under which it is booked."""
        return self.id

    @property
    def instrument(self) -> bl.Commodity:
        """The security."""
        return self.quantity.commodity

    @property
    def is_ours(self) -> bool:
        """Whether we have it, and not somebody else."""
        return self.party == US

    @property
    def is_set_off(self) -> bool:
        """Whether nothing is left to be settled."""
        return not self.quantity and not self.cash

    @property
    def obligation(self) -> Obligation:
        """What is to be settled, as we see it."""
        return Obligation(
            self.id,
            self.quantity,
            self.cash,
            self.counterparty,
            self.clearing,
            self.owner,
        )


Deal = Trade | NetObligation
"""What obliges us, and can be netted, novated and instructed."""


def _by_id(values: Iterable[NetObligation]) -> tuple[NetObligation, ...]:
    return tuple(sorted(values, key=lambda one: one.id))


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values))


@final
@attrs.frozen(order=False)
class Case:
    """A trade or a net obligation, and where it is.

    Attributes:
        deal: what was agreed, or what took its place.
        status: where it is.
    """

    deal: Deal
    status: TradeStatus

    @property
    def id(self) -> str:
        """The id under which it is booked."""
        return self.status.booking_id


@final
@attrs.frozen(order=False, kw_only=True)
class Netting:
    """Trades that were replaced by net obligations, all at once.

    Attributes:
        id: unique among the nettings of the book.
        kind: ``netted``, or ``novated`` where each trade got one of its own.
        date: the day on which it is booked.
        netting_set: which trades could be netted with each other.
        ccp: the central counterparty that is put between; None nets two parties.
        trades: booking ids of the trades and net obligations that were replaced.
        obligations: what took the place of the trades, by id.
        unwound_on: the day on which it was taken back; None if it was not.
    """

    id: str
    kind: NettingKind = "netted"
    date: datetime.date
    netting_set: NettingSet
    ccp: str | None = None
    trades: tuple[str, ...] = attrs.field(default=(), converter=_sorted)
    obligations: tuple[NetObligation, ...] = attrs.field(default=(), converter=_by_id)
    unwound_on: datetime.date | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "netting_id")
        check_choice(self.kind, NettingKind, "kind")
        check_date(self.date, "on")
        check_instance(self.netting_set, NettingSet, "netting_set")
        if self.ccp is not None:
            check_name(self.ccp, "ccp")
        if self.ccp == US or (self.ccp is None and self.kind == "novated"):
            raise InvalidOption(
                field="ccp", expected="a central counterparty", found=self.ccp
            )


def members_of(netting: Netting, deals: Sequence[Deal]) -> dict[str, list[Deal]]:
    """Return the deals that each net obligation replaces, by its id.

    Raises:
        InvalidOption: a deal does not belong into the netting set, or comes twice.
    """
    _check_set(netting, deals)
    found: dict[str, list[Deal]] = {}
    for deal in deals:
        what = deal.quantity.commodity.code
        if netting.kind == "novated":
            what = deal.booking_id
        found.setdefault(f"{netting.id}.{what}", []).append(deal)
    return dict(sorted(found.items()))


def _check_set(netting: Netting, deals: Sequence[Deal]) -> None:
    if not deals:
        raise InvalidOption(field="ids", expected="at least one trade")
    if len({deal.booking_id for deal in deals}) != len(deals):
        raise InvalidOption(field="ids", expected="each of them once")
    key = netting.netting_set
    for index, deal in enumerate(deals):
        check_equal = partial(_check_equal, index, deal)
        check_equal("settlement_date", deal.settlement_date, key.settlement_date)
        if isinstance(deal, NetObligation):
            check_equal("system", deal.system, key.system)
        if netting.kind == "novated" and deal.counterparty == netting.ccp:
            raise InvalidOption(
                f"{deal.booking_id!r} is with it already",
                field=f"ids[{index}].counterparty",
                expected="another one than the central counterparty",
                found=deal.counterparty,
            )
        if netting.kind == "netted":
            check_equal("currency", _money(deal), _money(deals[0]))
            names = ["owner", "own_ssi"]
            if netting.ccp is None:
                names += ["counterparty", "clearing"]
            for name in names:
                check_equal(name, getattr(deal, name), getattr(deals[0], name))


def _check_equal(
    index: int, deal: Deal, name: str, found: object, expected: object
) -> None:
    if found != expected:
        raise InvalidOption(
            f"{deal.booking_id!r} may not be netted with the others",
            field=f"ids[{index}].{name}",
            expected=str(expected),
            found=found,
        )


def _money(deal: Deal) -> str:
    return deal.obligation.cash.commodity.code


def with_obligations(
    netting: Netting, members: Mapping[str, Sequence[Deal]]
) -> Netting:
    """Return the netting with what takes the place of its members."""
    if netting.kind == "novated":
        made = [
            one for id_, deals in members.items() for one in _legs(netting, id_, deals)
        ]
    else:
        made = [_net(netting, id_, deals) for id_, deals in members.items()]
    trades = [deal.booking_id for deals in members.values() for deal in deals]
    return attrs.evolve(netting, obligations=made, trades=trades)


def _net(netting: Netting, id_: str, deals: Sequence[Deal]) -> NetObligation:
    """Return what is left of deals in one security for us."""
    code = deals[0].quantity.commodity.code
    netting_set = attrs.evolve(
        netting.netting_set, agreement=f"{netting.netting_set.agreement}/{code}"
    )
    transfers = (one for deal in deals for one in transfers_of(deal, netting_set))
    if netting.ccp is None:
        left = bilateral(transfers)
    else:
        left = multilateral(transfers, center=netting.ccp)
    obligation = deals[0].obligation
    quantity = obligation.quantity - obligation.quantity
    cash = obligation.cash - obligation.cash
    for one in left:
        if US in (one.sender, one.receiver):
            amount = one.amount if one.receiver == US else -one.amount
            if amount.commodity == quantity.commodity:
                quantity = amount
            else:
                cash = amount
    return _obligation(netting, id_, deals, quantity, cash)


def _legs(netting: Netting, id_: str, deals: Sequence[Deal]) -> Iterator[NetObligation]:
    """Yield our side of a novated trade, and that of who was our counterparty."""
    [deal] = deals
    ours = deal.obligation
    yield _obligation(netting, id_, deals, ours.quantity, ours.cash)
    yield attrs.evolve(
        _obligation(netting, f"{id_}.other", deals, -ours.quantity, -ours.cash),
        party=deal.counterparty,
        own_ssi=deal.counterparty_ssi if isinstance(deal, Trade) else None,
    )


def _obligation(
    netting: Netting,
    id_: str,
    deals: Sequence[Deal],
    quantity: bl.Amount,
    cash: bl.Amount,
) -> NetObligation:
    first = deals[0]
    return NetObligation(
        id=id_,
        netting=netting.id,
        trade_date=max(deal.trade_date for deal in deals),
        settlement_date=netting.netting_set.settlement_date,
        quantity=quantity,
        cash=cash,
        counterparty=netting.ccp or first.counterparty,
        clearing="ccp" if netting.ccp else first.clearing,
        owner=first.owner,
        own_ssi=first.own_ssi,
        system=netting.netting_set.system,
        trades=len(deals),
    )


def transfers_of(deal: Deal, netting_set: NettingSet) -> Iterator[Transfer]:
    """Yield what a deal moves: units against money, or each by itself."""
    whole = deal.obligation
    units, money = whole.quantity, whole.cash
    is_exchange = units.minor_units * money.minor_units < 0
    for amount, against in (
        [(units, money)] if is_exchange else [(units, None), (money, None)]
    ):
        if amount:
            is_coming = amount.minor_units > 0
            yield Transfer(
                f"{whole.id}/{amount.commodity.code}",
                whole.counterparty if is_coming else US,
                US if is_coming else whole.counterparty,
                abs(amount),
                against=None if against is None else abs(against),
                netting_set=netting_set,
            )


def events_of(
    netting: Netting, members: Mapping[str, Sequence[Deal]]
) -> Iterator[Netted]:
    """Yield what is booked: one event for each net obligation of ours."""
    for one in netting.obligations:
        if one.is_ours:
            yield Netted(
                netting_id=one.id,
                date=netting.date,
                obligations=[deal.obligation for deal in members[one.id]],
                counterparty=one.counterparty,
                clearing=one.clearing,
            )


# --- as documents --------------------------------------------------------------------

_TERMS: Final = (
    "netting",
    "party",
    "counterparty",
    "clearing",
    "owner",
    "own_ssi",
    "system",
    "trades",
)


def to_document(netting: Netting) -> bl.Document:
    """Return the document that keeps a netting; its obligations have their own."""
    content: dict[str, Any] = {
        "kind": netting.kind,
        "date": netting.date.isoformat(),
        "settlement_date": netting.netting_set.settlement_date.isoformat(),
        "system": netting.netting_set.system,
        "agreement": netting.netting_set.agreement,
        "trades": list(netting.trades),
    }
    if netting.ccp is not None:
        content["ccp"] = netting.ccp
    if netting.unwound_on is None:
        return bl.Document(KIND, netting.id, content)
    content["unwound_on"] = netting.unwound_on.isoformat()
    return bl.Document(KIND, netting.id, content, version=2)


def from_document(
    document: bl.Document, obligations: Iterable[NetObligation]
) -> Netting:
    """Return the netting that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    try:
        unwound = content.get("unwound_on")
        return Netting(
            id=document.id,
            kind=content["kind"],
            date=datetime.date.fromisoformat(content["date"]),
            netting_set=NettingSet(
                datetime.date.fromisoformat(content["settlement_date"]),
                content["system"],
                content["agreement"],
            ),
            ccp=content.get("ccp"),
            trades=content.get("trades", ()),
            obligations=obligations,
            unwound_on=None
            if unwound is None
            else datetime.date.fromisoformat(unwound),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(document, KIND, error) from error


def obligation_document(obligation: NetObligation) -> bl.Document:
    """Return the document that keeps a net obligation."""
    content: dict[str, Any] = {
        name: getattr(obligation, name)
        for name in _TERMS
        if getattr(obligation, name) is not None
    }
    for name in ("trade_date", "settlement_date"):
        content[name] = getattr(obligation, name).isoformat()
    for name in ("quantity", "cash"):
        content[name] = amount_content(getattr(obligation, name))
    return bl.Document(OBLIGATION_KIND, obligation.id, content)


def obligation_of(document: bl.Document) -> NetObligation:
    """Return the net obligation that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    try:
        return NetObligation(
            id=document.id,
            trade_date=datetime.date.fromisoformat(content["trade_date"]),
            settlement_date=datetime.date.fromisoformat(content["settlement_date"]),
            quantity=read_amount_content(content["quantity"]),
            cash=read_amount_content(content["cash"]),
            **{
                name: content[name]
                for name in _TERMS
                if name in content or name != "own_ssi"
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(document, OBLIGATION_KIND, error) from error


def _unreadable(document: bl.Document, kind: str, error: Exception) -> InvalidDocument:
    return InvalidDocument(
        f"the {kind} {document.id!r} is none that this release can read",
        field="document",
        expected=f"a {kind}",
        found=error,
    )
