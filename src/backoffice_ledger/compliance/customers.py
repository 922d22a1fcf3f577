"""Customers' money: nothing leaves before identity is known, nothing after a report.

Sources: KWG 25j (an account may open before its holder is identified, but nothing
leaves it), GwG 46 (when a reported transaction may be executed).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_count, check_date
from backoffice_ledger.compliance._checks import check_name
from backoffice_ledger.errors import InvalidDocument, InvalidOption, UnknownRecord
from backoffice_ledger.protocols import Books

__all__ = [
    "Identification",
    "IdentificationStatus",
    "NoOutflowBeforeIdentification",
    "WorkingDays",
    "executable_from",
]

IdentificationStatus = Literal["pending", "complete"]
"""Whether the holder of an account is identified."""

_KIND: Final = "identification"


class WorkingDays(Protocol):
    """Knows the working days (*Werktage*) of a place; Saturdays may be among them."""

    def is_business_day(self, day: date) -> bool:
        """Whether *day* is one."""
        ...


_SATURDAY: Final = 5
_DAYS_SEARCHED_MAX: Final = 366


def executable_from(
    dispatched: date, calendar: WorkingDays, *, working_days: int = 3
) -> date:
    """Return the first day on which a reported transaction may be executed.

    That is the day after the third working day that follows the dispatch of the report
    has elapsed; a Saturday is none (GwG 46(1)).  With the consent of the authorities it
    may be executed before.

    Args:
        dispatched: the day on which the report was sent.
        calendar: says which days are holidays where the report is due.
        working_days: so many must elapse.

    Raises:
        InvalidDate: *dispatched* is no day.
        InvalidOption: no number of days, or a calendar without working days.
    """
    day = check_date(dispatched, "dispatched")
    left = check_count(working_days, "working_days", 1)
    for _ in range(_DAYS_SEARCHED_MAX):
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and calendar.is_business_day(day):
            left -= 1
        if not left:
            return day + timedelta(days=1)
    raise InvalidOption(
        field="calendar", expected="working days within a year", found=calendar
    )


def _as_dimensions(values: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(values, Mapping):
        raise InvalidOption(field="source_dimensions", expected="a mapping")
    return {str(name): str(value) for name, value in values.items()}


@final
@attrs.frozen(order=False)
class Identification:
    """Whether the holder of an account is identified, and where the money came from.

    Store it as a document: ``ledger.documents.store(identification.to_document())``;
    ``document.revise(Identification(...).content)`` is the next version.

    Args:
        account: path of the customer's account.
        status: ``pending`` or ``complete``.
        source: path of the account through which the money came, and may go back.
        source_dimensions: dimensions that a posting of a refund must carry, such as
            ``{"counterparty": "iban-4711"}``; an opaque id of the payer's account.

    Raises:
        InvalidIdentifier: a malformed path.
        InvalidOption: an unknown status, or dimensions that are no mapping.
    """

    account: str
    status: IdentificationStatus
    source: str | None = attrs.field(default=None, kw_only=True)
    source_dimensions: Mapping[str, str] = attrs.field(
        factory=dict, converter=_as_dimensions, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        check_name(self.account, "account")
        check_choice(self.status, IdentificationStatus, "status")
        if self.source is not None:
            check_name(self.source, "source")

    @property
    def content(self) -> dict[str, Any]:
        """The content of the document."""
        return {
            "source": self.source,
            "source_dimensions": dict(self.source_dimensions),
            "status": self.status,
        }

    def to_document(self) -> bl.Document:
        """Return the first version of the document."""
        return bl.Document(_KIND, self.account, self.content)

    @classmethod
    def from_document(cls, document: bl.Document) -> "Identification":
        """Return what a document says.

        Raises:
            InvalidDocument: a later release, or other hands, made it.
        """
        try:
            return cls(document.id, **document.content)
        except (TypeError, ValueError) as error:
            raise InvalidDocument(
                f"{document.kind} {document.id!r} is none that this release can read",
                field="document",
                expected="an Identification",
                found=error,
            ) from error

    def is_refund(self, posting: bl.Posting) -> bool:
        """Whether a posting pays back to where the money came from."""
        return posting.account == self.source and all(
            posting.dimensions.get(name) == value
            for name, value in self.source_dimensions.items()
        )


@final
@attrs.frozen(order=False)
class NoOutflowBeforeIdentification:
    """Denies what leaves an account whose holder is not identified yet (KWG 25j).

    Money may come in.  It may go back where it came from: all that the entry pays out
    then goes to the source.  Accounts without an `Identification` in the book are not
    examined, unless they lie below *accounts*: there they count as pending.

    Args:
        accounts: path below which every account needs an identification, or None.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.

    Raises:
        InvalidIdentifier: a malformed path.
    """

    accounts: str | None = None
    id: str = attrs.field(default="no-outflow-before-identification", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.accounts is not None:
            check_name(self.accounts, "accounts")

    def examine(self, proposal: bl.Proposal, books: Books) -> list[bl.Allow | bl.Deny]:
        """Deny an outflow that is no refund."""
        postings = proposal.entry.postings
        denials = []
        paying = dict.fromkeys(p.account for p in postings if p.signed.minor_units > 0)
        for account in paying:
            found = self._identification(account, books)
            if found is None or found.status == "complete":
                continue
            receiving = [
                p for p in postings if p.account != account and p.signed.minor_units < 0
            ]
            if not all(map(found.is_refund, receiving)):
                reason = f"{account}: the holder is not identified yet"
                denials.append(bl.Deny("identification-pending", reason))
        return [*denials] or [bl.Allow()]

    def _identification(self, account: str, books: Books) -> Identification | None:
        try:
            document = books.document(_KIND, account)
        except UnknownRecord:
            below = self.accounts is not None and account.startswith(
                f"{self.accounts}:"
            )
            return Identification(account, "pending") if below else None
        return Identification.from_document(document)
