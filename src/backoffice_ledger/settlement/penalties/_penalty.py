"""A penalty: who pays whom how much for a day of a fail, and what becomes of it."""

from datetime import date
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date
from backoffice_ledger.errors import InvalidAmount, InvalidOption
from backoffice_ledger.settlement.netting._transfer import check_name

PenaltyKind = Literal["SEFP", "LMFP"]
"""Settlement fail penalty, late matching fail penalty."""

PenaltyStatus = Literal["ACTV", "NCOM", "REMO"]
"""Active, not computed, removed (ISO 20022 PenaltyStatus1Code)."""

PenaltyReason = Literal[
    "NEWP",
    "UPDT",
    "RALO",
    "SWIC",
    "SEMP",
    "INSO",
    "SESU",
    "SUSP",
    "TECH",
    "CORP",
    "INTS",
    "NOSU",
    "OTHR",
]
"""Why it has its status (ISO 20022 PenaltyStatusReason1Code)."""

_REMOVAL: Final = frozenset(
    {"SEMP", "INSO", "SESU", "SUSP", "TECH", "CORP", "INTS", "NOSU", "OTHR"}
)


@final
@attrs.frozen(order=False, kw_only=True)
class Penalty:
    """A penalty for one instruction and one business day.

    Attributes:
        instruction: the instruction that failed.
        kind: ``SEFP`` or ``LMFP``.
        fail_day: the business day of the fail, whose price and rate count.
        day: the business day to which it belongs: that of the fail, or, if late, that
            of matching.  It decides the month.
        payer: who failed.
        payee: who suffered; it may be the payer, between accounts of one party.
        system: where it is computed: the CSD in which the fail took place.
        currency: of the penalty.
        amount: None if and only if it could not be computed: that is not zero.
        status: ``ACTV``, ``NCOM`` or ``REMO``.
        reason: why it has this status.

    Raises:
        InvalidOption: no such kind, status or reason, an amount where there must be
            none, or of another currency.
        InvalidAmount: no amount where there must be one, or one below zero.
        InvalidIdentifier, InvalidDate, BoundExceeded: a name or a day that is none.
    """

    instruction: str
    kind: PenaltyKind
    fail_day: date
    day: date
    payer: str
    payee: str
    system: str
    currency: str
    amount: bl.Amount | None
    status: PenaltyStatus = "ACTV"
    reason: PenaltyReason = "NEWP"

    def __attrs_post_init__(self) -> None:
        for field in ("instruction", "payer", "payee", "system", "currency"):
            check_name(getattr(self, field), field)
        check_choice(self.kind, PenaltyKind, "kind")
        check_choice(self.status, PenaltyStatus, "status")
        check_choice(self.reason, PenaltyReason, "reason")
        check_date(self.fail_day, "fail_day")
        check_date(self.day, "day")
        self._check_amount()

    def _check_amount(self) -> None:
        amount = self.amount
        if self.status == "NCOM":
            if amount is not None:
                raise InvalidOption(
                    field="amount", expected="None: not computed", found=amount
                )
            return
        if not isinstance(amount, bl.Amount) or amount.minor_units < 0:
            raise InvalidAmount(
                field="amount", expected="an Amount from zero", found=amount
            )
        if amount.commodity.code != self.currency:
            raise InvalidOption(
                field="amount", expected=f"an amount in {self.currency}", found=amount
            )

    @property
    def key(self) -> tuple[str, PenaltyKind, date, str]:
        """What names it in a statement: instruction, kind, fail day and payer."""
        return (self.instruction, self.kind, self.fail_day, self.payer)

    def updated(self, amount: bl.Amount) -> "Penalty":
        """Return it with an amount from data that came late, or that was corrected.

        Raises:
            InvalidOption: it was removed, or the amount has another currency.
            InvalidAmount: not an amount from zero.
        """
        self._check_status("update", "ACTV", "NCOM")
        return attrs.evolve(self, amount=amount, status="ACTV", reason="UPDT")

    def removed(self, reason: PenaltyReason) -> "Penalty":
        """Return it with the amount zero, since it should not be paid.

        Raises:
            InvalidOption: it was removed already, or the reason is none for that.
        """
        self._check_status("removal", "ACTV", "NCOM")
        if reason not in _REMOVAL:
            raise InvalidOption(
                field="reason", expected=", ".join(sorted(_REMOVAL)), found=reason
            )
        zero = bl.Amount.from_minor(0, self.currency)
        return attrs.evolve(self, amount=zero, status="REMO", reason=reason)

    def included_again(self, amount: bl.Amount) -> "Penalty":
        """Return a removed one with its amount, which is computed anew.

        Raises:
            InvalidOption: it was not removed, or the amount has another currency.
            InvalidAmount: not an amount from zero.
        """
        self._check_status("inclusion", "REMO")
        return attrs.evolve(self, amount=amount, status="ACTV", reason="UPDT")

    def allocated(self, *, payer: str, payee: str) -> "Penalty":
        """Return it with other parties, as after an instructing third party's request.

        Raises:
            InvalidOption: it is not active.
            InvalidIdentifier: an empty or unprintable name.
        """
        self._check_status("allocation", "ACTV")
        return attrs.evolve(self, payer=payer, payee=payee, reason="RALO")

    def switched(self) -> "Penalty":
        """Return it with payer and payee exchanged.

        Raises:
            InvalidOption: it is not active.
        """
        self._check_status("switch", "ACTV")
        return attrs.evolve(self, payer=self.payee, payee=self.payer, reason="SWIC")

    def _check_status(self, what: str, *allowed: PenaltyStatus) -> None:
        if self.status not in allowed:
            raise InvalidOption(
                f"{what} of a penalty",
                field="status",
                expected=" or ".join(allowed),
                found=self.status,
            )
