"""The four kinds, and where their balances are shown: as data."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_instance
from backoffice_ledger.errors import InvalidOption

_ASSET: Final = bl.AccountType.ASSET
_LIABILITY: Final = bl.AccountType.LIABILITY
_EXPENSE: Final = bl.AccountType.EXPENSE
_INCOME: Final = bl.AccountType.INCOME


class AccrualKind(Enum):
    """What lies between money and result.

    ``deferred-expense``: paid now, expense later (prepaid).  ``deferred-income``:
    received now, income later (unearned).  ``accrued-expense``: expense now, paid
    later.  ``accrued-income``: income now, received later.
    """

    DEFERRED_EXPENSE = "deferred-expense"
    DEFERRED_INCOME = "deferred-income"
    ACCRUED_EXPENSE = "accrued-expense"
    ACCRUED_INCOME = "accrued-income"

    @property
    def is_deferred(self) -> bool:
        """Whether money moves before the result does."""
        return self in (AccrualKind.DEFERRED_EXPENSE, AccrualKind.DEFERRED_INCOME)

    @property
    def balance_type(self) -> bl.AccountType:
        """The type of the account that holds the balance."""
        return _TYPES[self][0]

    @property
    def result_type(self) -> bl.AccountType:
        """The type of the account that takes the parts."""
        return _TYPES[self][1]

    @property
    def side(self) -> bl.Side:
        """The side of the balance sheet on which the balance lies as a rule."""
        return self.balance_type.normal_side


_TYPES: Final = {
    AccrualKind.DEFERRED_EXPENSE: (_ASSET, _EXPENSE),
    AccrualKind.DEFERRED_INCOME: (_LIABILITY, _INCOME),
    AccrualKind.ACCRUED_EXPENSE: (_LIABILITY, _EXPENSE),
    AccrualKind.ACCRUED_INCOME: (_ASSET, _INCOME),
}

Framework = Literal["hgb", "ifrs"]
"""Whose lines: the German commercial code's, or those of IFRS."""


@final
@attrs.frozen(order=False)
class PresentationLine:
    """Where balances of a kind are shown.

    Attributes:
        framework: ``hgb`` or ``ifrs``.
        kind: of the balance.
        line: name of the line, the same in every release.
        label: what the framework calls it.
        source: the rule that says so.
        is_default: whether it is meant where a schedule names no line.
        note: what else is to be disclosed.
    """

    framework: Framework
    kind: AccrualKind
    line: str
    label: str
    source: str
    is_default: bool = True
    note: str = ""


PRESENTATION: Final = (
    PresentationLine(
        "hgb",
        AccrualKind.DEFERRED_EXPENSE,
        "prepaid-items",
        "Rechnungsabgrenzungsposten (Aktivseite)",
        "HGB §250(1), §247(1)",
    ),
    PresentationLine(
        "hgb",
        AccrualKind.DEFERRED_EXPENSE,
        "loan-discount",
        "Rechnungsabgrenzungsposten (Aktivseite), Disagio",
        "HGB §250(3)",
        is_default=False,
        note="shown separately or disclosed: HGB §268(6)",
    ),
    PresentationLine(
        "hgb",
        AccrualKind.DEFERRED_INCOME,
        "deferred-items",
        "Rechnungsabgrenzungsposten (Passivseite)",
        "HGB §250(2)",
    ),
    PresentationLine(
        "hgb",
        AccrualKind.ACCRUED_EXPENSE,
        "other-liabilities",
        "sonstige Verbindlichkeiten",
        "HGB §268(5)",
    ),
    PresentationLine(
        "hgb",
        AccrualKind.ACCRUED_INCOME,
        "other-assets",
        "sonstige Vermögensgegenstände",
        "HGB §268(4)",
    ),
    PresentationLine(
        "ifrs",
        AccrualKind.DEFERRED_INCOME,
        "contract-liabilities",
        "contract liabilities",
        "IFRS 15",
    ),
    PresentationLine(
        "ifrs",
        AccrualKind.ACCRUED_INCOME,
        "contract-assets",
        "contract assets",
        "IFRS 15",
    ),
    PresentationLine(
        "ifrs",
        AccrualKind.ACCRUED_INCOME,
        "receivables",
        "receivables",
        "IFRS 15",
        is_default=False,
    ),
)
"""The lines that a rule names.

IFRS 15 has no words for prepaid and accrued expenses; schedules of these kinds name
their line themselves.
"""


def presentation(
    kind: AccrualKind, framework: Framework, lines: Mapping[str, str] | None = None
) -> str:
    """Return the name of the line where a balance is shown.

    >>> presentation(AccrualKind.ACCRUED_INCOME, "hgb")
    'other-assets'

    Args:
        kind: of the balance.
        framework: ``hgb`` or ``ifrs``.
        lines: what a schedule names itself, by framework.

    Raises:
        InvalidOption: no such framework, or it has no line for the kind and the
            schedule names none.
    """
    check_instance(kind, AccrualKind, "kind")
    check_choice(framework, Framework, "framework")
    if lines and framework in lines:
        return lines[framework]
    for known in PRESENTATION:
        if (known.framework, known.kind) == (framework, kind) and known.is_default:
            return known.line
    raise InvalidOption(
        field="lines",
        expected=f"a line of its own: {framework} names none for {kind.value}",
        found="none",
    )
