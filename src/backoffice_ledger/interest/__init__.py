"""Interest and schedules: pure arithmetic on days, rates and amounts.

Nothing here needs a book, and nothing rounds in between: fractions of years are exact,
and what is rounded is a balance or a sum to date, once.  So every schedule sums exactly
and ends where it must.
"""

from backoffice_ledger.checks import Number
from backoffice_ledger.interest._accrued import AccruedInterest, InterestPart
from backoffice_ledger.interest._day_count import (
    CONVENTIONS,
    Convention,
    DayCount,
    Frequency,
    year_fraction,
)
from backoffice_ledger.interest._depreciation import (
    Depreciation,
    DepreciationLine,
    DepreciationMethod,
    FirstYear,
    UsageLine,
    depreciation_by_units,
)
from backoffice_ledger.interest._effective import (
    RATE_PLACES,
    AmortisedCost,
    CarryingLine,
    amortised_cost,
    effective_rate,
    present_value,
)
from backoffice_ledger.interest._lease import LeaseLine, LeaseSchedule, lease_schedule
from backoffice_ledger.interest._loan import (
    Instalment,
    InterestRounding,
    Loan,
    LoanKind,
    LoanSchedule,
)
from backoffice_ledger.interest._rounding import Rounding

__all__ = [
    "CONVENTIONS",
    "RATE_PLACES",
    "AccruedInterest",
    "AmortisedCost",
    "CarryingLine",
    "Convention",
    "DayCount",
    "Depreciation",
    "DepreciationLine",
    "DepreciationMethod",
    "FirstYear",
    "Frequency",
    "Instalment",
    "InterestPart",
    "InterestRounding",
    "LeaseLine",
    "LeaseSchedule",
    "Loan",
    "LoanKind",
    "LoanSchedule",
    "Number",
    "Rounding",
    "UsageLine",
    "amortised_cost",
    "depreciation_by_units",
    "effective_rate",
    "lease_schedule",
    "present_value",
    "year_fraction",
]
