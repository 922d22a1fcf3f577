"""The posting rules: from a line that has become due to the entry that books it."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._changes import (
    Amendment,
    Cancellation,
    CreditNote,
    Settlement,
)
from backoffice_ledger.accruals._kinds import AccrualKind
from backoffice_ledger.accruals._schedule import Line, Pair, minus, plus
from backoffice_ledger.accruals._terms import (
    Accrual,
    Deferral,
    Part,
    Terms,
    schedule_name,
)
from backoffice_ledger.errors import InvalidOption

_ADJUSTING: Final = bl.EntryKind.ADJUSTING
_DEBIT: Final = bl.Side.DEBIT
_CREDIT: Final = bl.Side.CREDIT


@final
@attrs.frozen(order=False)
class PartDue:
    """The event: a period of a deferral or an accrual has ended.

    Attributes:
        deferral: of which a part is due.
        part: the part; it is not zero.
        version: of the schedule that keeps it.
    """

    deferral: Terms
    part: Part
    version: int = 1


def kind_of(terms: Terms, chart: bl.ChartOfAccounts) -> AccrualKind:
    """Return the kind that the accounts of *terms* decide.

    Raises:
        UnknownAccount: the chart does not hold an account.
        InvalidOption: the accounts do not fit together.
    """
    source = chart[terms.from_account].type
    target = chart[terms.to_account].type
    if terms.exchange_account is not None:
        chart[terms.exchange_account]
    by_balance = {kind.balance_type: kind for kind in terms.kinds}
    if source not in by_balance:
        raise InvalidOption(
            field="from_account",
            expected=" or ".join(
                f"type {kind.balance_type.value} ({kind.value})" for kind in terms.kinds
            ),
            found=f"{terms.from_account} of type {source.value}",
        )
    kind = by_balance[source]
    if target is not kind.result_type:
        raise InvalidOption(
            field="to_account",
            expected=f"type {kind.result_type.value}, since "
            f"{terms.from_account} is of type {source.value}",
            found=f"{terms.to_account} of type {target.value}",
        )
    return kind


@final
@attrs.frozen(order=False)
class DeferralRule:
    """Books a due part: out of the asset or liability, into expense or income.

    An asset is credited and the expense debited; a liability is debited and the
    income credited.  A negative part goes the other way round.  What is accrued is
    booked alike: the liability is credited, the expense debited.

    Attributes:
        chart: says what type the accounts are of.
    """

    chart: bl.ChartOfAccounts

    @property
    def id(self) -> str:
        """Stable name, recorded in the entries."""
        return "accruals.deferral"

    @property
    def version(self) -> str:
        """Version of the rule, recorded in the entries."""
        return "1"

    def check(self, deferral: Terms) -> None:
        """Check that the accounts of *deferral* fit together.

        Raises:
            UnknownAccount: the chart does not hold an account.
            InvalidOption: a deferral neither from asset to expense nor from liability
                to income, or an accrual neither from liability to expense nor from
                asset to income.
        """
        kind_of(deferral, self.chart)

    def entries(self, event: PartDue) -> Iterator[bl.EntryDraft]:
        """Yield the entry that books a part, dated its last day."""
        terms, part = event.deferral, event.part
        amount = part.amount.minor_units, part.base.minor_units if part.base else 0
        line = Line(
            event.version,
            part.period,
            part.period,
            part.first,
            part.last,
            part.last,
            amount,
        )
        yield Booking(terms, kind_of(terms, self.chart)).draft(line)


class Leg(NamedTuple):
    """A posting to be: an account, and what it gets on the side of the result.

    Results are kept in the base commodity, where there is one.
    """

    account: str
    sign: int
    pair: Pair
    is_result: bool = False


@final
@attrs.frozen(order=False)
class Booking:
    """Makes the entries of one schedule.

    Attributes:
        terms: as they stand.
        kind: which its accounts decide.
    """

    terms: Terms
    kind: AccrualKind
    _made: dict[int, tuple[bl.Posting, bl.Posting]] = attrs.field(
        factory=dict, init=False, repr=False, eq=False
    )
    """Postings by amount: most periods have the same."""

    @property
    def rule(self) -> str:
        """Id and version of the rule, recorded in the entries."""
        name = "accrual" if isinstance(self.terms, Accrual) else "deferral"
        return f"accruals.{name}@1"

    def entry(self, line: Line) -> bl.Entry:
        """Return the entry that books a line: what its draft says, but quicker."""
        terms = self.terms
        if line.change is not None or terms.exchange_account is not None:
            return self.draft(line).to_entry()
        found = self._made.get(line.amount[0])
        if found is None:
            found = self._made[line.amount[0]] = self._pair(line.amount[0])
        name = schedule_name(terms.id, line.version)
        return bl.Entry(
            f"{name}/{line.key}",
            line.date,
            found,
            description=terms.description,
            kind=_ADJUSTING,
            journal=terms.journal,
            economic_date=None if line.date == line.last else line.last,
            references=(name,),
            rule=self.rule,
        )

    def _pair(self, units: int) -> tuple[bl.Posting, bl.Posting]:
        terms = self.terms
        debited, credited = terms.to_account, terms.from_account
        if (units > 0) is not (self.kind.result_type is bl.AccountType.EXPENSE):
            debited, credited = credited, debited
        amount = bl.Amount.from_minor(abs(units), terms.total.commodity)
        return bl.debit(debited, amount), bl.credit(credited, amount)

    def draft(self, line: Line) -> bl.EntryDraft:
        """Return the draft of the entry that books a line."""
        return bl.EntryDraft(
            **self._fields(line), balance_to=self.terms.exchange_account
        )

    def _fields(self, line: Line) -> dict[str, Any]:
        terms, change = self.terms, line.change
        name = schedule_name(terms.id, line.version)
        fields = {
            "id": f"{name}/{line.key}",
            "date": line.date,
            "postings": postings(terms, self.kind, self._legs(line)),
            "description": terms.description,
            "kind": line.kind,
            "journal": terms.journal,
            "references": (name,),
            "rule": self.rule,
        }
        if line.date != line.last:
            fields["economic_date"] = line.last
        if change is not None:
            fields["references"] = (name, change.id)
            fields["description"] = change.reason or terms.description
        return fields

    def _legs(self, line: Line) -> list[Leg]:
        terms, change = self.terms, line.change
        is_cut_off = terms.style == "cut-off"
        amount, counter = line.amount, line.counter
        held = Leg(terms.from_account, -1, amount)
        match change:
            case CreditNote():
                back = minus((0, 0), amount)
                if is_cut_off:
                    return self._against_result(change.account, counter)
                return [
                    Leg(change.account, 1, counter),
                    Leg(terms.to_account, -1, back, is_result=True),
                    Leg(terms.from_account, -1, minus(counter, back)),
                ]
            case Cancellation(account=str(account)):  # what is released
                if is_cut_off:
                    return self._against_result(account, counter)
                return [Leg(account, 1, counter), held._replace(pair=counter)]
            case Settlement():
                return self._settlement(change, counter)
            case Amendment(account=str(account)):
                return [Leg(account, 1, amount, is_result=True), held]
        return [Leg(terms.to_account, 1, amount, is_result=True), held]

    def _against_result(self, account: str, counter: Pair) -> list[Leg]:
        return [
            Leg(account, 1, counter),
            Leg(self.terms.to_account, -1, counter, is_result=True),
        ]

    def _settlement(self, change: Settlement, settled: Pair) -> list[Leg]:
        terms = self.terms
        tax = 0 if change.tax is None else change.tax.minor_units
        invoiced = (change.amount.minor_units, settled[1])
        difference = minus(invoiced, settled)
        if terms.style == "cut-off":
            legs = [Leg(terms.to_account, 1, invoiced, is_result=True)]
        else:
            legs = [
                Leg(terms.from_account, 1, settled),
                Leg(terms.to_account, 1, difference, is_result=True),
            ]
        if change.tax_account is not None:
            legs.append(Leg(change.tax_account, 1, (tax, 0)))
        return [*legs, Leg(change.account, -1, plus(invoiced, (tax, 0)))]


def postings(terms: Terms, kind: AccrualKind, legs: list[Leg]) -> list[bl.Posting]:
    """Return the postings of legs, debits first, those of zero left out."""
    result_is_debit = kind.result_type is bl.AccountType.EXPENSE
    found: list[bl.Posting] = []
    for leg in legs:
        units, commodity = leg.pair[0], terms.total.commodity
        if leg.is_result and terms.base is not None:
            units, commodity = leg.pair[1], terms.base.commodity
        units *= leg.sign
        if units:
            side = _DEBIT if (units > 0) is result_is_debit else _CREDIT
            amount = bl.Amount.from_minor(abs(units), commodity)
            found.append(bl.Posting(leg.account, side, amount))
    found.sort(key=_is_credit)
    return found


def _is_credit(posting: bl.Posting) -> bool:
    return posting.side is _CREDIT


def cut_off_legs(terms: Terms, position: Pair) -> list[Leg]:
    """Return what moves a position from the result to the balance sheet."""
    sign = 1 if isinstance(terms, Deferral) else -1
    return [
        Leg(terms.from_account, sign, position),
        Leg(terms.to_account, -sign, position, is_result=True),
    ]
