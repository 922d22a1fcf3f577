"""Holds: money that is reserved, and later captured, voided or expired."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal, final

import attrs

from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.entry import check_balanced, check_postings
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.text import check_identifier, check_text
from backoffice_ledger.errors import InvalidDate, InvalidOption

HoldStatus = Literal["open", "captured", "voided", "expired"]
"""Where a hold stands; all but the first are final."""

Remainder = Literal["keep", "release"]
"""What a partial capture does with the rest."""

LIFETIME_MAX: Final = timedelta(days=3660)
"""The longest span after which a hold may expire."""


@final
@attrs.frozen(init=False, order=False)
class Hold:
    """A reservation of money: postings that count as pending until they are resolved.

    Args:
        id: names the hold for ever; reserving it again returns the first one.
        postings: balanced in every commodity, with positive amounts and no memos.
        expires: when it stops to count by itself: an instant with a time zone, or a
            span after the reservation; None is never.  At that instant it is expired.
        description: erasable free text.

    Attributes:
        status: where it stands: ``open``, ``captured``, ``voided`` or ``expired``.
        remaining: the postings that are still reserved.
        captures: ids of the entries that captured it, in order.
        reserved_at: when it was reserved (UTC), None before.
        expires_at: when it expires (UTC), or None.

    Raises:
        InvalidIdentifier, InvalidText, InvalidDate: a field is malformed.
        InvalidEntry: fewer than two postings, or an amount that is not positive.
        Unbalanced: debits and credits differ.
        InvalidOption: a posting with a memo, or a span that is not positive.
    """

    id: str
    postings: tuple[Posting, ...]
    expires: datetime | timedelta | None = None
    description: str = ""
    status: HoldStatus = attrs.field(default="open", eq=False)
    remaining: tuple[Posting, ...] = attrs.field(default=(), eq=False)
    captures: tuple[str, ...] = attrs.field(default=(), eq=False)
    reserved_at: datetime | None = attrs.field(default=None, eq=False)
    expires_at: datetime | None = attrs.field(default=None, eq=False)

    def __init__(
        self,
        id: str,
        postings: Iterable[Posting],
        *,
        expires: datetime | timedelta | None = None,
        description: str = "",
    ) -> None:
        lines = check_postings(postings)
        for index, posting in enumerate(lines):
            if posting.amount.minor_units <= 0:
                raise InvalidOption(
                    field=f"postings[{index}].amount",
                    expected="a positive amount",
                    found=posting.amount,
                )
            if posting.memo is not None:
                raise InvalidOption(
                    field=f"postings[{index}].memo",
                    expected="None: an entry has memos, a hold has a description",
                )
        set_field(self, "id", check_identifier(id, "id"))
        check_balanced(lines)
        set_field(self, "postings", lines)
        set_field(self, "expires", _check_expires(expires))
        set_field(self, "description", check_text(description, "description"))
        set_field(self, "status", "open")
        set_field(self, "remaining", lines)
        set_field(self, "captures", ())
        set_field(self, "reserved_at", None)
        set_field(self, "expires_at", None)


def _check_expires(value: object) -> datetime | timedelta | None:
    if value is None:
        return None
    if isinstance(value, timedelta):
        if not timedelta(0) < value <= LIFETIME_MAX:
            raise InvalidOption(
                field="expires",
                expected=f"a span of more than nothing and at most {LIFETIME_MAX}",
                found=value,
            )
        return value
    if not isinstance(value, datetime):
        raise InvalidDate(
            field="expires", expected="a datetime, a timedelta or None", found=value
        )
    # The same instant in UTC, so that equal instants are equal texts.
    return instant_from_microseconds(instant_to_microseconds(value, "expires"))


def stored_hold(
    hold: Hold,
    status: HoldStatus,
    remaining: tuple[Posting, ...],
    captures: tuple[str, ...],
    reserved_at: datetime,
    expires_at: datetime | None,
) -> Hold:
    """Return *hold* as a book has it."""
    stored = Hold(
        hold.id, hold.postings, expires=hold.expires, description=hold.description
    )
    set_field(stored, "status", status)
    set_field(stored, "remaining", remaining)
    set_field(stored, "captures", captures)
    set_field(stored, "reserved_at", reserved_at)
    set_field(stored, "expires_at", expires_at)
    return stored
