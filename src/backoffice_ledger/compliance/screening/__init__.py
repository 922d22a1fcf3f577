"""Names against a list: candidates for a person to look at, never a verdict.

Needs the extra ``screening`` (rapidfuzz).  Lists, their licences and transliteration
are the caller's; what the default misses and what it finds too much is measured and
published in the how-to page.
"""

from backoffice_ledger.compliance.screening._control import NameScreening
from backoffice_ledger.compliance.screening._names import normalised, similarity
from backoffice_ledger.compliance.screening._screener import (
    Candidate,
    ListedName,
    NameList,
    Party,
    Screener,
)

__all__ = [
    "Candidate",
    "ListedName",
    "NameList",
    "NameScreening",
    "Party",
    "Screener",
    "normalised",
    "similarity",
]
