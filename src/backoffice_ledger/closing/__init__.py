"""Closing a year: the result carried forward, opening balances, roll-forward proof.

`YearEnd` empties income and expense accounts into equity; what it posts is generated
from the result that reports show without it (the virtual closing) and must equal it.
`roll_forward` proves that a span opens with what the one before closed with, by reading
the entries again; `carry_forward` begins a new book with the balances of an old one.
`Checklist` runs the steps of a closing, resumably.
"""

from backoffice_ledger.closing._carry_forward import carry_forward, compare_opening
from backoffice_ledger.closing._checklist import Checklist, Step
from backoffice_ledger.closing._roll_forward import roll_forward
from backoffice_ledger.closing._year_end import YearEnd

__all__ = [
    "Checklist",
    "Step",
    "YearEnd",
    "carry_forward",
    "compare_opening",
    "roll_forward",
]
