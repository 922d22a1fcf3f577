"""Foreign currency: dated rates, revaluation, realised differences, translation.

A `Rate` is exact, dated and of a named source; a `RateBook` keeps rates in a book by
versions, a `RateTable` answers look-ups.  A `CurrencyDesk` revalues the `MonetaryItem`s
of a book at closing rates by one of three policies, and settles them.  `translate`
presents a book in another currency, with the proof of the translation difference.
"""

from backoffice_ledger.fx._book import RateBook
from backoffice_ledger.fx._csv import RateColumns, read_rates
from backoffice_ledger.fx._desk import CurrencyDesk
from backoffice_ledger.fx._items import MonetaryItem
from backoffice_ledger.fx._policies import (
    LossesOnly,
    Policy,
    ProfitAndLoss,
    Provision,
)
from backoffice_ledger.fx._rates import (
    LookUp,
    Quote,
    Rate,
    RateKind,
    RateTable,
    Rounding,
)
from backoffice_ledger.fx._settlement import Settlement
from backoffice_ledger.fx._translate import translate
from backoffice_ledger.fx._translation import TranslatedLine, Translation

__all__ = [
    "CurrencyDesk",
    "LookUp",
    "LossesOnly",
    "MonetaryItem",
    "Policy",
    "ProfitAndLoss",
    "Provision",
    "Quote",
    "Rate",
    "RateBook",
    "RateColumns",
    "RateKind",
    "RateTable",
    "Rounding",
    "Settlement",
    "TranslatedLine",
    "Translation",
    "read_rates",
    "translate",
]
