"""Settlement instructions: what the depository is told, as it never changes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date
from backoffice_ledger.errors import InvalidDocument, InvalidOption
from backoffice_ledger.settlement._values import (
    amount_content,
    as_optional_amount,
    read_amount_content,
)
from backoffice_ledger.settlement.accounting import Clearing, Obligation
from backoffice_ledger.settlement.lots._checks import check_name, check_positive

KIND: Final = "settlement-instruction"
"""The kind of the documents that keep instructions; each has one version."""

InstructionKind = Literal["DFP", "RFP", "DVP", "RVP", "DWP", "RWP", "DPFOD", "CPFOD"]
"""Deliver or receive, free of payment, against it, or with it: who delivers pays too;
debit or credit a payment free of delivery (RTS 2018/1229 Art. 13(1)(g))."""

TransactionType = Literal[
    "purchase-sale", "collateral", "securities-lending", "repo", "other"
]
"""What is behind it (RTS 2018/1229 Art. 5(4))."""

OPPOSITE: Final[Mapping[str, str]] = {
    "DFP": "RFP",
    "RFP": "DFP",
    "DVP": "RVP",
    "RVP": "DVP",
    "DWP": "RWP",
    "RWP": "DWP",
    "DPFOD": "CPFOD",
    "CPFOD": "DPFOD",
}
"""The kind that the other side's instruction has."""

DELIVERING: Final = frozenset({"DFP", "DVP", "DWP"})
FREE: Final = frozenset({"DFP", "RFP"})
PAYING: Final = frozenset({"RVP", "DWP", "DPFOD"})
_NAMED: Final = ("trade", "depository", "counterparty_depository", "account", "owner")


def _as_quantity(value: bl.Amount | str | None) -> bl.Amount | None:
    found: bl.Amount | None = as_optional_amount(value, "quantity")
    return found


def _as_cash(value: bl.Amount | str | None) -> bl.Amount | None:
    found: bl.Amount | None = as_optional_amount(value, "cash")
    return found


@final
@attrs.frozen(order=False, kw_only=True)
class Instruction:
    """What a depository is told to deliver or receive, against what payment.

    Attributes:
        id: unique among the instructions of the book.
        kind: one of the eight kinds.
        trade_date: of the trade behind it.
        settlement_date: the intended settlement date.
        quantity: units, above zero; None for a payment free of delivery.
        cash: money, above zero; None free of payment.
        participant: who instructs: an opaque id.
        counterparty: the participant on the other side.
        trade: the trade, or the net obligation, that it settles, as it is booked.
        depository: where the instruction goes.
        counterparty_depository: where the other side's goes.
        account: the securities account.
        transaction: what is behind it.
        owner: whose units they are: ``firm``, or the opaque id of a customer.
        clearing: ``bilateral`` or ``ccp``.
        partial_allowed: whether a part of it may be settled.
        parts_before: settlements of earlier instructions for the same trade.

    Raises:
        InvalidOption: kind, quantity and cash do not fit together.
        InvalidIdentifier, InvalidDate, InexactNumber: the field named in the error is
            wrong.
    """

    id: str
    kind: InstructionKind
    trade_date: date
    settlement_date: date
    quantity: bl.Amount | None = attrs.field(default=None, converter=_as_quantity)
    cash: bl.Amount | None = attrs.field(default=None, converter=_as_cash)
    participant: str = "us"
    counterparty: str
    trade: str | None = None
    depository: str | None = None
    counterparty_depository: str | None = None
    account: str | None = None
    transaction: TransactionType = "purchase-sale"
    owner: str = "firm"
    clearing: Clearing = "bilateral"
    partial_allowed: bool = True
    parts_before: int = 0

    def __attrs_post_init__(self) -> None:
        for name in ("id", "participant", "counterparty", *_NAMED):
            if name in ("id", "participant", "counterparty") or getattr(self, name):
                check_name(getattr(self, name), name)
        check_choice(self.kind, InstructionKind, "kind")
        check_choice(self.transaction, TransactionType, "transaction")
        check_choice(self.clearing, Clearing, "clearing")
        check_date(self.trade_date, "trade_date")
        check_date(self.settlement_date, "settlement_date")
        for name, is_absent in (
            ("quantity", self.kind in ("DPFOD", "CPFOD")),
            ("cash", self.kind in FREE),
        ):
            value = getattr(self, name)
            if (value is None) is not is_absent:
                raise InvalidOption(
                    field=name,
                    expected=f"none with kind {self.kind}"
                    if is_absent
                    else f"an amount with kind {self.kind}",
                    found=value,
                )
            if value is not None:
                check_positive(value, name)

    @property
    def is_delivery(self) -> bool:
        """Whether the participant delivers units."""
        return self.kind in DELIVERING

    @property
    def pays(self) -> bool:
        """Whether the participant pays money."""
        return self.kind in PAYING

    @property
    def obligation(self) -> Obligation:
        """What it settles, as its participant sees it.

        Raises:
            InvalidOption: the instruction settles no trade of the book, or moves no
                units or no money.
        """
        if self.trade is None or self.quantity is None or self.cash is None:
            raise InvalidOption(
                field="instruction",
                expected="one that settles a trade against payment",
                found=self.id,
            )
        return Obligation(
            self.trade,
            -self.quantity if self.is_delivery else self.quantity,
            -self.cash if self.pays else self.cash,
            self.counterparty,
            self.clearing,
            self.owner,
        )


def kind_of(quantity: bl.Amount, cash: bl.Amount) -> InstructionKind:
    """Return the kind that settles units against money; what comes to us is positive.

    Raises:
        InvalidOption: neither moves.
    """
    units, money = quantity.minor_units, cash.minor_units
    if not units and not money:
        raise InvalidOption(field="quantity", expected="something to settle")
    if not units:
        return "CPFOD" if money > 0 else "DPFOD"
    if not money:
        return "RFP" if units > 0 else "DFP"
    if units > 0:
        return "RWP" if money > 0 else "RVP"
    return "DVP" if money > 0 else "DWP"


# --- as documents --------------------------------------------------------------------


def to_document(instruction: Instruction) -> bl.Document:
    """Return the document that keeps an instruction."""
    content: dict[str, Any] = {
        "kind": instruction.kind,
        "trade_date": instruction.trade_date.isoformat(),
        "settlement_date": instruction.settlement_date.isoformat(),
        "participant": instruction.participant,
        "counterparty": instruction.counterparty,
        "transaction": instruction.transaction,
        "clearing": instruction.clearing,
        "partial_allowed": instruction.partial_allowed,
    }
    for name in ("quantity", "cash"):
        amount = getattr(instruction, name)
        if amount is not None:
            content[name] = amount_content(amount)
    for name in _NAMED:
        if getattr(instruction, name) is not None:
            content[name] = getattr(instruction, name)
    if instruction.parts_before:
        content["parts_before"] = instruction.parts_before
    return bl.Document(KIND, instruction.id, content)


def _read_optional(content: Sequence[Any] | None) -> bl.Amount | None:
    return None if content is None else read_amount_content(content)


def from_document(document: bl.Document) -> Instruction:
    """Return the instruction that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    try:
        return Instruction(
            id=document.id,
            kind=content["kind"],
            trade_date=date.fromisoformat(content["trade_date"]),
            settlement_date=date.fromisoformat(content["settlement_date"]),
            participant=content["participant"],
            counterparty=content["counterparty"],
            transaction=content["transaction"],
            clearing=content["clearing"],
            partial_allowed=content["partial_allowed"],
            parts_before=content.get("parts_before", 0),
            quantity=_read_optional(content.get("quantity")),
            cash=_read_optional(content.get("cash")),
            **{name: content[name] for name in _NAMED if name in content},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"the instruction {document.id!r} is none that this release can read",
            field="document",
            expected="a settlement-instruction",
            found=error,
        ) from error
