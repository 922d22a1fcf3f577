"""Organisation: who may do what, and what one person may not do alone.

Units, actors, roles and grants are versioned documents in the book: see
`OrganisationDesk`.  `Organisation` is what they say, a value that answers questions
about rights at any instant.  `CONFLICT_MATRIX` says which duties do not go together: a
grant that would join them is refused, and `SeparationOfDuties` denies an entry to which
one person has done too much.
"""

from backoffice_ledger.compliance.organisation._conflicts import (
    CONFLICT_MATRIX,
    ConflictSet,
    Mode,
    Severity,
    Waiver,
)
from backoffice_ledger.compliance.organisation._desk import OrganisationDesk
from backoffice_ledger.compliance.organisation._in_books import (
    BookOrganisation,
    OrganisationGuard,
    WithOrganisation,
)
from backoffice_ledger.compliance.organisation._objects import (
    SETTLEMENT_DUTIES,
    Conflicts,
    Deed,
    DutyNames,
    SeparationOfDuties,
    deeds,
)
from backoffice_ledger.compliance.organisation._organisation import Organisation
from backoffice_ledger.compliance.organisation._reports import (
    conflict_report,
    recertification_report,
)
from backoffice_ledger.compliance.organisation._rights import Violation
from backoffice_ledger.compliance.organisation._values import (
    RECERTIFICATION_PERIODS,
    Actor,
    ActorKind,
    Criticality,
    Grant,
    RecertificationPeriod,
    Role,
    Unit,
)

__all__ = [
    "CONFLICT_MATRIX",
    "RECERTIFICATION_PERIODS",
    "SETTLEMENT_DUTIES",
    "Actor",
    "ActorKind",
    "BookOrganisation",
    "ConflictSet",
    "Conflicts",
    "Criticality",
    "Deed",
    "DutyNames",
    "Grant",
    "Mode",
    "Organisation",
    "OrganisationDesk",
    "OrganisationGuard",
    "RecertificationPeriod",
    "Role",
    "SeparationOfDuties",
    "Severity",
    "Unit",
    "Violation",
    "Waiver",
    "WithOrganisation",
    "conflict_report",
    "deeds",
    "recertification_report",
]
