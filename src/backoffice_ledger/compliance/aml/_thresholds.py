"""Amounts of law, with the days from which they are in force and their sources."""

from datetime import date
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.compliance.aml._movement import DatedAmount

_AMLR: Final = date(2027, 7, 10)
"""Regulation (EU) 2024/1624 applies from this day."""

CUSTOMER_CHECK_EU: Final = DatedAmount(
    (
        (date.min, bl.Amount("15000.00", "EUR")),
        (_AMLR, bl.Amount("10000.00", "EUR")),
    ),
    "GwG section 10(3) no. 2 b (text of 2022); Regulation (EU) 2024/1624 Art. 19(1)(b)",
)
"""Occasional transactions, other than transfers of funds, of at least this much."""

TRANSFER_CHECK_EU: Final = DatedAmount.always(
    "1000.00 EUR",
    "GwG section 10(3) no. 2 a (text of 2022); Regulation (EU) 2024/1624 Art. 19(2)",
)
"""Occasional transfers of funds of at least this much."""

CASH_LIMIT_EU: Final = DatedAmount(
    ((_AMLR, bl.Amount("10000.00", "EUR")),),
    "Regulation (EU) 2024/1624 Art. 80",
)
"""More than this may not be paid in cash for goods or services."""

CASH_REPORT_US: Final = DatedAmount.always("10000.00 USD", "31 CFR 1010.313(b)")
"""Cash of more than this on a business day is reported."""

CASH_REPORT_CA: Final = DatedAmount.always(
    "10000.00 CAD", "Canada, large cash transactions, 24-hour rule"
)
"""Cash of at least this much within 24 hours is reported."""
