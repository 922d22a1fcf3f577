"""Every error of the library: one tree, one stable code per class.

::

    LedgerError
    +-- InvalidInput (ValueError)
    |   +-- InexactNumber (TypeError)
    |   +-- InvalidAmount
    |   +-- InvalidText
    |   +-- InvalidIdentifier
    |   +-- InvalidDate (TypeError)
    |   +-- BoundExceeded
    |   +-- UnknownCommodity (KeyError)
    |   +-- CommodityConflict
    |   +-- CommodityMismatch
    |   +-- InvalidEntry
    |   |   +-- Unbalanced
    |   +-- InvalidDocument
    |   +-- InvalidOption
    |   +-- CalendarHorizon (LookupError)
    +-- Refused
    |   +-- IdempotencyConflict
    |   +-- UnknownAccount (KeyError)
    |   +-- AccountConflict
    |   +-- AccountNotOpen
    |   +-- AccountNotEmpty
    |   +-- CommodityRefused
    |   +-- UnknownJournal (LookupError)
    |   +-- UnknownDimension (LookupError)
    |   +-- UnknownHold (LookupError)
    |   +-- HoldNotOpen
    |   +-- HoldExceeded
    |   +-- ConditionFailed
    |   +-- LimitBreached
    |   +-- PeriodNotOpen
    |   +-- PeriodTransition
    |   +-- UnknownRecord (LookupError)
    |   +-- RateMissing (LookupError)
    |   +-- CarryingMismatch
    |   +-- AlreadyReversed
    |   +-- DocumentConflict
    |   +-- TransitionRefused
    |   +-- UnknownProposal (LookupError)
    |   +-- ProposalState
    |   +-- DigestMismatch
    |   +-- NotPermitted
    |   +-- ControlDenied
    |   +-- ApprovalRequired
    +-- StoreError
    |   +-- BookNotFound (FileNotFoundError)
    |   +-- BookExists (FileExistsError)
    |   +-- ReadOnlyBook (PermissionError)
    |   +-- ForeignFile
    |   +-- NewerFormat
    |   +-- OlderFormat
    |   +-- Corrupt
    |   +-- Busy
    |   |   +-- Contention
    |   +-- StorageFailure
    |   +-- OutcomeUnknown
    |   +-- ForkedLedger
    |   +-- LedgerClosed
    |   +-- ControlMissing
    |   +-- UnsafeSettings
    |   +-- TransactionRequired
    +-- VerificationFailed
    +-- MissingExtra (ImportError)

``InvalidInput`` does not depend on the book; ``Refused`` is the book's no to something
well formed; ``StoreError`` is about the store, not the request.  An ``InvalidInput`` or
``Refused`` error wrote nothing.  ``transient`` says that the same call may succeed
later without any change.  `PRECEDENCE` is the order in which a command's checks run:
when several things are wrong, the first of it is reported.
"""

from collections.abc import Callable
from typing import Any, ClassVar

__all__ = [
    "PRECEDENCE",
    "AccountConflict",
    "AccountNotEmpty",
    "AccountNotOpen",
    "AlreadyReversed",
    "ApprovalRequired",
    "BookExists",
    "BookNotFound",
    "BoundExceeded",
    "Busy",
    "CalendarHorizon",
    "CarryingMismatch",
    "CommodityConflict",
    "CommodityMismatch",
    "CommodityRefused",
    "ConditionFailed",
    "Contention",
    "ControlDenied",
    "ControlMissing",
    "Corrupt",
    "DigestMismatch",
    "DocumentConflict",
    "ForeignFile",
    "ForkedLedger",
    "HoldExceeded",
    "HoldNotOpen",
    "IdempotencyConflict",
    "InexactNumber",
    "InvalidAmount",
    "InvalidDate",
    "InvalidDocument",
    "InvalidEntry",
    "InvalidIdentifier",
    "InvalidInput",
    "InvalidOption",
    "InvalidText",
    "LedgerClosed",
    "LedgerDeprecationWarning",
    "LedgerError",
    "LedgerWarning",
    "LimitBreached",
    "MissingExtra",
    "NewerFormat",
    "NotPermitted",
    "OlderFormat",
    "OutcomeUnknown",
    "PeriodNotOpen",
    "PeriodTransition",
    "ProposalState",
    "RateMissing",
    "ReadOnlyBook",
    "Refused",
    "StorageFailure",
    "StoreError",
    "TransactionRequired",
    "TransitionRefused",
    "Unbalanced",
    "UnknownAccount",
    "UnknownCommodity",
    "UnknownDimension",
    "UnknownHold",
    "UnknownJournal",
    "UnknownProposal",
    "UnknownRecord",
    "UnsafeSettings",
    "VerificationFailed",
]

EXCERPT_LENGTH_MAX = 80


def excerpt(value: object) -> str:
    """Render *value* for a message: at most 80 characters, always printable."""
    if isinstance(value, str):
        return _excerpt_text(value)
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"a {type(value).__name__[:40]} of {len(value)}"
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the real error
        text = f"a {type(value).__name__}"
    head = text[: EXCERPT_LENGTH_MAX + 1]
    head = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in head)
    if len(head) > EXCERPT_LENGTH_MAX:
        return head[: EXCERPT_LENGTH_MAX - 3] + "..."
    return head


def _excerpt_text(text: str) -> str:
    """Quote *text* in ASCII, so that look-alikes and hidden characters show."""
    quoted = ascii(text[:EXCERPT_LENGTH_MAX])
    if len(text) <= EXCERPT_LENGTH_MAX and len(quoted) <= EXCERPT_LENGTH_MAX:
        return quoted
    rest = f"... ({len(text)} characters)"
    return quoted[: EXCERPT_LENGTH_MAX - len(rest)] + rest


class LedgerError(Exception):
    """Base of all errors of this library.

    Attributes:
        code: stable name of the error, in kebab-case; never renamed or reused.
        transient: whether the same call may succeed later.
        hint: what usually helps.
        field: the input field that is wrong, such as ``postings[1].amount``.
        expected: what was expected there.
        found: an excerpt (at most 80 characters, printable) of what was found.
    """

    code: ClassVar[str] = "ledger-error"
    transient: ClassVar[bool] = False
    hint: ClassVar[str] = ""

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        expected: str | None = None,
        found: object = None,
    ) -> None:
        self.field = field
        self.expected = expected
        self.found: str | None = None if found is None else excerpt(found)
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        parts = [self.message] if self.message else []
        if self.expected is not None and self.found is not None:
            parts.append(f"expected {self.expected}, found {self.found}")
        elif self.expected is not None:
            parts.append(f"expected {self.expected}")
        elif self.found is not None:
            parts.append(f"found {self.found}")
        text = "; ".join(parts)
        if self.field:
            text = f"{self.field}: {text}" if text else self.field
        if self.hint:
            text = f"{text} ({self.hint})" if text else self.hint
        return f"[{self.code}] {text}" if text else f"[{self.code}]"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        return _rebuild, (type(self), self.message), self.__dict__.copy()


def _rebuild(kind: type[LedgerError], message: str) -> LedgerError:
    """Build an error for pickle; its attributes follow as state."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error


class LedgerWarning(UserWarning):
    """Base of all warnings of this library."""


class LedgerDeprecationWarning(LedgerWarning):
    """Something will go; the text names version, replacement and issue."""


# --- malformed input -----------------------------------------------------------------


class InvalidInput(LedgerError, ValueError):
    """The input is malformed, whatever the book holds."""

    code = "invalid-input"


class InexactNumber(InvalidInput, TypeError):
    """A float or bool was given where an exact number is needed."""

    code = "inexact-number"
    hint = "numbers are exact here; a binary float cannot hold 0.10"


class InvalidAmount(InvalidInput):
    """The text or number is no amount of the commodity."""

    code = "invalid-amount"


class InvalidText(InvalidInput):
    """Free text with control characters, lone surrogates or bidi overrides."""

    code = "invalid-text"


class InvalidIdentifier(InvalidInput):
    """A name or id that is empty, ambiguous or not printable."""

    code = "invalid-identifier"


class InvalidDate(InvalidInput, TypeError):
    """Not a calendar date in range, or an instant without a time zone."""

    code = "invalid-date"


class BoundExceeded(InvalidInput):
    """An input is larger than `Bounds` allows."""

    code = "bound-exceeded"


class UnknownCommodity(InvalidInput, KeyError):
    """The code is neither ISO 4217 nor an ISIN, and no scale was given."""

    code = "unknown-commodity"
    hint = "give a scale: Commodity('POINTS', scale=0)"


class CommodityConflict(InvalidInput):
    """The code is known with another scale."""

    code = "commodity-conflict"


class CommodityMismatch(InvalidInput):
    """Amounts of different commodities cannot be added or compared."""

    code = "commodity-mismatch"


class InvalidEntry(InvalidInput):
    """The entry has too few postings, moves nothing, or has a wrong field."""

    code = "invalid-entry"


class Unbalanced(InvalidEntry):
    """Debits and credits differ in some commodity."""

    code = "unbalanced"
    hint = "every entry sums to exactly zero in every commodity"


class InvalidDocument(InvalidInput):
    """The document's content cannot be kept exactly."""

    code = "invalid-document"


class InvalidOption(InvalidInput):
    """An argument is not one of the allowed values."""

    code = "invalid-option"


class CalendarHorizon(InvalidInput, LookupError):
    """The day lies outside those that the calendar knows; nothing is guessed."""

    code = "calendar-horizon"
    hint = "use a calendar that covers the day, or a newer version of its data"


# --- the book says no ----------------------------------------------------------------


class Refused(LedgerError):
    """Well formed, but the book's state does not allow it; nothing was written."""

    code = "refused"


class IdempotencyConflict(Refused):
    """The id is taken by other content; ``field`` names the first difference."""

    code = "idempotency-conflict"
    hint = "a retry must repeat the content; new content needs a new id"


class UnknownAccount(Refused, KeyError):
    """No account of this path has been opened in the book."""

    code = "unknown-account"
    hint = "open it first: ledger.open_account(path, type=...)"


class AccountConflict(Refused):
    """The account exists with other properties, or clashes with its parent."""

    code = "account-conflict"


class AccountNotOpen(Refused):
    """The account is not open on the entry's date."""

    code = "account-not-open"


class AccountNotEmpty(Refused):
    """An account with a balance, or with later postings, cannot be closed."""

    code = "account-not-empty"


class CommodityRefused(Refused):
    """The account does not hold this commodity."""

    code = "commodity-refused"


class UnknownJournal(Refused, LookupError):
    """No journal of this name has been opened in the book."""

    code = "unknown-journal"
    hint = "open it first: ledger.open_journal(name)"


class UnknownDimension(Refused, LookupError):
    """The dimension is not declared in the book."""

    code = "unknown-dimension"
    hint = "declare it first: ledger.declare_dimension(name)"


class UnknownHold(Refused, LookupError):
    """No hold has this id."""

    code = "unknown-hold"


class HoldNotOpen(Refused):
    """The hold is captured, voided or expired already; each happens once."""

    code = "hold-not-open"


class HoldExceeded(Refused):
    """More is to be captured than the hold still reserves."""

    code = "hold-exceeded"
    hint = "capture what is reserved and post the rest as an entry of its own"


class ConditionFailed(Refused):
    """A condition that was given with the entry does not hold."""

    code = "condition-failed"
    hint = "read the balances again and decide anew"


class LimitBreached(Refused):
    """The account would go beyond what it may hold."""

    code = "limit-breached"


class PeriodNotOpen(Refused):
    """The entry's date lies in a period that takes no such entry."""

    code = "period-not-open"
    hint = "date it in an open period and keep economic_date"


class PeriodTransition(Refused):
    """The period cannot go from its state to the one asked for."""

    code = "period-transition"


class UnknownRecord(Refused, LookupError):
    """No record has this id."""

    code = "unknown-record"


class RateMissing(Refused, LookupError):
    """No exchange rate of the pair is known for the day, as the look-up wants it."""

    code = "rate-missing"
    hint = "store the rate, or let the look-up go back some days, invert or cross"


class CarryingMismatch(Refused):
    """A foreign balance was moved past the account that carries its cost."""

    code = "carrying-mismatch"
    hint = "move a foreign item with the postings that MonetaryItem.postings() makes"


class AlreadyReversed(Refused):
    """An entry is reversed once."""

    code = "already-reversed"


class DocumentConflict(Refused):
    """The document has another version than the caller has seen."""

    code = "document-conflict"


class TransitionRefused(Refused):
    """The trade or instruction cannot go from its state to the one asked for."""

    code = "transition-refused"
    hint = "read its status; a step is neither skipped nor taken back"


class UnknownProposal(Refused, LookupError):
    """No proposal has this id."""

    code = "unknown-proposal"


class ProposalState(Refused):
    """The proposal is in a state that does not allow this."""

    code = "proposal-state"


class DigestMismatch(Refused):
    """The voter has seen other content than the proposal holds."""

    code = "digest-mismatch"
    hint = "look at the proposal again and pass its digest as `seen`"


class NotPermitted(Refused):
    """The actor may not do this, such as a maker approving their own work."""

    code = "not-permitted"


class ControlDenied(Refused):
    """A control denied the proposal, or failed (fail closed)."""

    code = "control-denied"


class ApprovalRequired(Refused):
    """A control wants approvals that the proposal does not have."""

    code = "approval-required"
    hint = "ledger.propose(entry), then ledger.proposals.approve(...)"


# --- the store -----------------------------------------------------------------------


class StoreError(LedgerError):
    """The store failed or cannot be used; the request itself may be fine."""

    code = "store-error"


class BookNotFound(StoreError, FileNotFoundError):
    """No such database, or no such book in it."""

    code = "book-not-found"
    hint = "pass create=True to make a new one"


class BookExists(StoreError, FileExistsError):
    """The target exists and is never overwritten."""

    code = "book-exists"


class ReadOnlyBook(StoreError, PermissionError):
    """The book was opened read-only, or its place cannot be written."""

    code = "read-only-book"


class ForeignFile(StoreError):
    """The file is not one of ours."""

    code = "foreign-file"


class NewerFormat(StoreError):
    """The file was written by a newer version of this library."""

    code = "newer-format"
    hint = "upgrade backoffice-ledger"


class OlderFormat(StoreError):
    """The file was written by an older version of this library."""

    code = "older-format"
    hint = "backoffice_ledger.stores.migrate(path) makes a backup and migrates it"


class Corrupt(StoreError):
    """The stored data is damaged."""

    code = "corrupt"
    hint = "restore a backup; never repair in place"


class Busy(StoreError):
    """Another writer holds the book; nothing was written; try again."""

    code = "busy"
    transient = True


class Contention(Busy):
    """Others were quicker, again and again; nothing was written; try again."""

    code = "contention"


class StorageFailure(StoreError):
    """Reading or writing failed before the commit; nothing was written."""

    code = "storage-failure"
    transient = True


class OutcomeUnknown(StoreError):
    """The commit failed in a way that leaves open whether it happened."""

    code = "outcome-unknown"
    transient = True
    hint = "repeat the same call with the same id: it is safe"


class ForkedLedger(StoreError):
    """A ledger opened before fork() was used in the child."""

    code = "forked-ledger"
    hint = "open the ledger in the child process"


class LedgerClosed(StoreError):
    """The ledger was closed."""

    code = "ledger-closed"


class ControlMissing(StoreError):
    """The book's manifest names a control that this ledger was opened without."""

    code = "control-missing"
    hint = "pass it in controls=[...]; read_only=True needs none"


class UnsafeSettings(StoreError):
    """The database did not accept a setting that durability depends on."""

    code = "unsafe-settings"


class TransactionRequired(StoreError):
    """The host's connection is in no transaction that a posting could be part of."""

    code = "transaction-required"
    hint = "begin a transaction on the connection; the commit is yours too"


class VerificationFailed(LedgerError):
    """The log does not rebuild the book.

    Attributes:
        position: the first bad position of the log, or None where the log is
            sound and only a projection differs.
        problems: what is wrong, first one first.
    """

    code = "verification-failed"
    hint = "keep the file as evidence and restore a verified backup"

    def __init__(
        self, message: str = "", *, position: int | None, problems: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.position = position
        self.problems = problems


class MissingExtra(LedgerError, ImportError):
    """An optional package is needed; the message names the extra."""

    code = "missing-extra"


PRECEDENCE: tuple[type[LedgerError], ...] = (
    # shape, in the order of the fields, when the value is built
    InexactNumber,
    InvalidIdentifier,
    InvalidDate,
    InvalidText,
    BoundExceeded,
    UnknownCommodity,
    CommodityConflict,
    CommodityMismatch,
    InvalidAmount,
    InvalidDocument,
    InvalidOption,
    CalendarHorizon,
    InvalidEntry,
    Unbalanced,
    # state of the store
    LedgerClosed,
    ForkedLedger,
    ReadOnlyBook,
    TransactionRequired,
    Busy,
    Contention,
    # state of the book, when the command is decided
    IdempotencyConflict,
    UnknownRecord,
    AlreadyReversed,
    UnknownProposal,
    ProposalState,
    DigestMismatch,
    NotPermitted,
    UnknownHold,
    HoldNotOpen,
    HoldExceeded,
    UnknownJournal,
    PeriodNotOpen,
    PeriodTransition,
    UnknownAccount,
    AccountConflict,
    AccountNotOpen,
    AccountNotEmpty,
    CommodityRefused,
    UnknownDimension,
    DocumentConflict,
    RateMissing,
    CarryingMismatch,
    TransitionRefused,
    ConditionFailed,
    LimitBreached,
    # policy, last: no control sees what could not be posted anyway
    ControlDenied,
    ApprovalRequired,
)
"""The order in which checks run; a test holds the engine to it."""
