"""The posting rule: from a part that has become due to the entry that books it."""

from collections.abc import Iterator
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._deferral import (
    Deferral,
    Part,
    entry_id,
    schedule_name,
)
from backoffice_ledger.errors import InvalidOption

_RECOGNISED_AS: Final = {
    bl.AccountType.ASSET: bl.AccountType.EXPENSE,
    bl.AccountType.LIABILITY: bl.AccountType.INCOME,
}
"""A prepaid expense becomes an expense, unearned income becomes income."""


@final
@attrs.frozen(order=False)
class PartDue:
    """The event: a period of a deferral has ended.

    Attributes:
        deferral: of which a part is due.
        part: the part; it is not zero.
        version: of the schedule that keeps the deferral.
    """

    deferral: Deferral
    part: Part
    version: int = 1


@final
@attrs.frozen(order=False)
class DeferralRule:
    """Books a due part: out of the asset or liability, into expense or income.

    An asset is credited and the expense debited; a liability is debited and the
    income credited.  A negative part goes the other way round.

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

    def check(self, deferral: Deferral) -> None:
        """Check that the accounts of *deferral* fit together.

        Raises:
            UnknownAccount: the chart does not hold an account.
            InvalidOption: neither from asset to expense nor from liability to income.
        """
        source = self.chart[deferral.from_account].type
        target = self.chart[deferral.to_account].type
        if source not in _RECOGNISED_AS:
            raise InvalidOption(
                field="from_account",
                expected="an asset (prepaid) or a liability (unearned)",
                found=f"{deferral.from_account} of type {source.value}",
            )
        if target is not _RECOGNISED_AS[source]:
            raise InvalidOption(
                field="to_account",
                expected=f"type {_RECOGNISED_AS[source].value}, since "
                f"{deferral.from_account} is of type {source.value}",
                found=f"{deferral.to_account} of type {target.value}",
            )

    def entries(self, event: PartDue) -> Iterator[bl.EntryDraft]:
        """Yield the entry that books a part, dated its last day."""
        deferral, part = event.deferral, event.part
        leaves_as_debit = (
            self.chart[deferral.from_account].normal_side is bl.Side.CREDIT
        )
        debited, credited = deferral.to_account, deferral.from_account
        if leaves_as_debit is not (part.amount.minor_units < 0):
            debited, credited = credited, debited
        amount = abs(part.amount)
        yield bl.EntryDraft(
            part.last,
            [bl.debit(debited, amount), bl.credit(credited, amount)],
            id=entry_id(deferral.id, event.version, part.period),
            description=deferral.description,
            kind=bl.EntryKind.ADJUSTING,
            journal=deferral.journal,
            references=[schedule_name(deferral.id, event.version)],
            rule=f"{self.id}@{self.version}",
        )
