"""Delegation: who votes for whom, for a time."""

import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidOption, UnknownRecord
from backoffice_ledger.protocols import Books

DELEGATION_KIND = "compliance.delegation"
"""The kind of documents that are delegations."""


def _date(value: date, field: str) -> date:
    if type(value) is not date:
        raise InvalidDate(field=field, expected="a date", found=value)
    return value


def _roles(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


@final
@attrs.frozen(order=False, kw_only=True)
class Delegation:
    """Somebody stands in for somebody else.

    A vote on behalf of the delegator counts as the delegator's, with the delegator's
    roles and level and no others: never as both persons', and not if one of the two
    has made the proposal or voted on it.  Who stands in for others passes nothing on.

    Args:
        delegator: whose vote it is.
        delegate: who gives it.
        first: the first day.
        last: the last day, included.
        roles: only for these roles of the delegator; none given: for all of them.

    Raises:
        InvalidOption: the two are one person.
        InvalidDate: it ends before it begins.
    """

    delegator: str
    delegate: str
    first: date
    last: date
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_roles)

    def __attrs_post_init__(self) -> None:
        if folded(self.delegator) == folded(self.delegate):
            raise InvalidOption(
                field="delegate", expected="another person", found=self.delegate
            )
        if _date(self.last, "last") < _date(self.first, "first"):
            raise InvalidDate(
                field="last", expected=f"{self.first} or later", found=self.last
            )

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.first <= day <= self.last


def folded(name: str) -> str:
    """Return what the ways to write one person's name have in common."""
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def _id(delegator: str, delegate: str) -> str:
    return f"{folded(delegator)} > {folded(delegate)}"


@final
@attrs.frozen
class Delegations:
    """Delegations of a book, kept as documents; `MakerChecker` reads them there.

    Args:
        ledger: on the book; its actor is the delegator.
    """

    _ledger: bl.Ledger

    def grant(self, delegation: Delegation) -> Delegation:
        """Keep a delegation; another one for the same delegate replaces it."""
        id_ = _id(delegation.delegator, delegation.delegate)
        content = {
            "delegate": delegation.delegate,
            "delegator": delegation.delegator,
            "first": delegation.first.isoformat(),
            "last": delegation.last.isoformat(),
            "roles": tuple(sorted(delegation.roles)),
        }

        def store() -> None:
            version = 1
            with suppress(UnknownRecord):
                old = self._ledger.documents.get(DELEGATION_KIND, id_)
                if old.content == content:
                    return
                version = old.version + 1
            self._ledger.documents.store(
                bl.Document(DELEGATION_KIND, id_, content, version=version)
            )

        self._ledger.atomically(store)
        return delegation

    def revoke(self, delegator: str, delegate: str, *, last: date) -> Delegation:
        """End a delegation with the day *last*; votes of later days do not count.

        Raises:
            UnknownRecord: there is none.
            InvalidDate: *last* is before its first day.
        """
        found = self._ledger.documents.get(DELEGATION_KIND, _id(delegator, delegate))
        return self.grant(attrs.evolve(_delegation(found), last=last))

    def all(self) -> tuple[Delegation, ...]:
        """Return all delegations, by delegator and delegate."""
        return tuple(map(_delegation, self._ledger.documents.all(DELEGATION_KIND)))


def delegation_in(books: Books, delegator: str, delegate: str) -> Delegation:
    """Return what a control finds of a delegation.

    Raises:
        UnknownRecord: there is none.
    """
    return _delegation(books.document(DELEGATION_KIND, _id(delegator, delegate)))


def _delegation(document: bl.Document) -> Delegation:
    content = document.content
    return Delegation(
        delegator=content["delegator"],
        delegate=content["delegate"],
        first=date.fromisoformat(content["first"]),
        last=date.fromisoformat(content["last"]),
        roles=frozenset(content["roles"]),
    )
