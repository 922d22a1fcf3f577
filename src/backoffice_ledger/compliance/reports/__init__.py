"""Reports of the internal control system, for those who audit the books.

Each is a pure function over the records of a book, ``ledger.records()``, and returns a
`Table` (or text): it prints, exports, and can be made again from the same log at any
time.  None of them blocks anything; findings are for people.
"""

from backoffice_ledger.compliance.reports._approvals import (
    control_journal,
    entry_votes,
)
from backoffice_ledger.compliance.reports._numbers import number_findings
from backoffice_ledger.compliance.reports._procedure import procedure_documentation
from backoffice_ledger.compliance.reports._timeliness import (
    CAPTURE_LIMITS,
    CaptureLimit,
    capture_delays,
    unlocked_periods,
)

__all__ = [
    "CAPTURE_LIMITS",
    "CaptureLimit",
    "capture_delays",
    "control_journal",
    "entry_votes",
    "number_findings",
    "procedure_documentation",
    "unlocked_periods",
]
