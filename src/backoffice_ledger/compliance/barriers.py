"""Information barriers: who has seen what of whom, after Brewer and Nash.

Information belongs to data sets, such as all that one department knows about one
issuer; data sets stand in conflict classes.  Who has seen one of a class may not see
another one of it.  `may_read` and `may_write` are pure; `Barriers` keeps the log of
what was seen in a book; the control `InformationBarrier` keeps entries behind the wall.

Source: D. Brewer, M. Nash, "The Chinese Wall Security Policy", IEEE Symposium on
Security and Privacy 1989; used for WpHG 80(1) and Delegated Regulation (EU) 2017/565
Art. 37.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_instances, check_instant
from backoffice_ledger.compliance._checks import check_name, check_names, folded
from backoffice_ledger.errors import (
    InvalidDocument,
    InvalidOption,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.protocols import Books

__all__ = [
    "FUNCTIONS",
    "AccessMode",
    "Barriers",
    "ConflictClass",
    "InformationBarrier",
    "Item",
    "Seen",
    "Verdict",
    "issuer_classes",
    "may_read",
    "may_write",
]

AccessMode = Literal["read", "write"]
"""What somebody wants to do with information."""

FUNCTIONS: Final = ("advice", "issuance", "research")
"""Departments that must not know of each other what they know of an issuer."""

_ACCESS: Final = "barrier-access"
_DENIAL: Final = "barrier-denial"


def _as_data_sets(values: Iterable[str]) -> frozenset[str]:
    return frozenset(check_names(values, "data_sets"))


@final
@attrs.frozen(order=False)
class ConflictClass:
    """Data sets of which one person may see one only.

    Args:
        id: its name, such as ``issuer:ACME`` or ``airlines``.
        data_sets: their names; one may stand in several classes.

    Raises:
        InvalidIdentifier: a malformed name.
        InvalidOption: no list.
    """

    id: str
    data_sets: frozenset[str] = attrs.field(converter=_as_data_sets)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")


def issuer_classes(
    issuers: Iterable[str], functions: Iterable[str] = FUNCTIONS
) -> tuple[ConflictClass, ...]:
    """Return a class for each issuer, with one data set for each function.

    >>> [acme] = issuer_classes(["ACME"])
    >>> sorted(acme.data_sets)
    ['ACME/advice', 'ACME/issuance', 'ACME/research']

    Raises:
        InvalidIdentifier: a malformed name.
        InvalidOption: no list.
    """
    names = check_names(functions, "functions")
    return tuple(
        ConflictClass(f"issuer:{issuer}", [f"{issuer}/{name}" for name in names])
        for issuer in check_names(issuers, "issuers")
    )


@final
@attrs.frozen(order=False)
class Item:
    """A piece of information.

    Args:
        id: its name.
        data_set: to which it belongs.
        is_sanitised: whether nobody can tell any more whom it is about.

    Raises:
        InvalidIdentifier: a malformed name.
        InvalidOption: *is_sanitised* is no bool.
    """

    id: str
    data_set: str
    is_sanitised: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_name(self.data_set, "data_set")
        if type(self.is_sanitised) is not bool:
            raise InvalidOption(
                field="is_sanitised", expected="a bool", found=self.is_sanitised
            )


@final
@attrs.frozen(order=False)
class Seen:
    """A data set of which somebody has read or written what was not sanitised.

    Attributes:
        data_set: its name.
        mode: what was done first.
        item: with which piece of it.
        at: when, in UTC.
    """

    data_set: str
    mode: AccessMode
    item: str
    at: datetime


@final
@attrs.frozen(order=False)
class Verdict:
    """Whether somebody may have an access, and if not, why not.

    Attributes:
        code: ``allowed``; ``conflict-class``, another data set of a class was seen; or
            ``other-data-set``, what was read elsewhere could flow into it.
        data_set: the one that was seen and stands in the way.
    """

    code: Literal["allowed", "conflict-class", "other-data-set"]
    data_set: str | None = None

    def __bool__(self) -> bool:
        return self.code == "allowed"


_ALLOWED: Final = Verdict("allowed")


def may_read(
    item: Item, seen: Iterable[str], classes: Iterable[ConflictClass]
) -> Verdict:
    """Tell whether somebody may read an item.

    Yes, if it is sanitised, if something of its data set was seen before, or if nothing
    was seen of any class that holds its data set.

    Args:
        item: what is to be read.
        seen: names of the data sets of which the person has seen something that is not
            sanitised.
        classes: the conflict classes.
    """
    known = frozenset(seen)
    if item.is_sanitised or item.data_set in known:
        return _ALLOWED
    for each in classes:
        if item.data_set in each.data_sets and known & each.data_sets:
            return Verdict("conflict-class", min(known & each.data_sets))
    return _ALLOWED


def may_write(
    item: Item, seen: Iterable[str], classes: Iterable[ConflictClass]
) -> Verdict:
    """Tell whether somebody may write an item; arguments as for `may_read`.

    Yes, if it may be read and nothing that is not sanitised was read of any other data
    set: else it could flow from there to readers of this one.
    """
    known = frozenset(seen)
    readable = may_read(item, known, classes)
    if not readable:
        return readable
    others = known - {item.data_set}
    return Verdict("other-data-set", min(others)) if others else _ALLOWED


_RULES: Final = {"read": may_read, "write": may_write}


def _as_classes(values: Iterable[ConflictClass]) -> tuple[ConflictClass, ...]:
    return check_instances(values, ConflictClass, "classes")


@final
@attrs.frozen
class Barriers:
    """Asks before information is shown, and keeps what was seen in a book.

    What one person has seen is one document: two accesses of one person at the same
    time cannot both be the first.  A denial is a document of its own.

    Args:
        ledger: the book.
        classes: the conflict classes.
    """

    _ledger: bl.Ledger
    classes: tuple[ConflictClass, ...] = attrs.field(converter=_as_classes)

    def seen_by(self, actor: str) -> tuple[Seen, ...]:
        """Return the data sets that somebody has seen, in the order of their names.

        Raises:
            InvalidDocument: other hands made the document.
        """
        document = self._document(check_name(actor, "actor"))
        return () if document is None else _seen(document)

    def access(
        self, actor: str, item: Item, mode: AccessMode = "read", *, at: datetime
    ) -> Seen | None:
        """Note that somebody reads or writes an item, if that is allowed.

        Call it before the information is shown.  Returns what was noted of the data
        set first; None for what is sanitised, which leaves no trace.

        Raises:
            NotPermitted: it is not allowed; the denial is noted.
            DocumentConflict: the same person had another access; try again.
        """
        check_name(actor, "actor")
        if not isinstance(item, Item):
            raise InvalidOption(
                field="item", expected="an Item", found=type(item).__name__
            )
        check_choice(mode, AccessMode, "mode")
        check_instant(at, "at")
        verdict, seen = self._ledger.atomically(
            lambda: self._decided(actor, item, mode, at)
        )
        if verdict:
            return seen
        raise NotPermitted(
            f"{verdict.code}: {verdict.data_set} was seen before",
            field="item",
            expected=f"one that {actor} may {mode}",
            found=f"{item.data_set}/{item.id}",
        )

    def _decided(
        self, actor: str, item: Item, mode: AccessMode, at: datetime
    ) -> tuple[Verdict, Seen | None]:
        document = self._document(actor)
        known = {} if document is None else {e.data_set: e for e in _seen(document)}
        verdict = _RULES[mode](item, known, self.classes)
        if not verdict:
            self._deny(actor, item, mode, at, verdict)
            return verdict, None
        if item.is_sanitised:
            return verdict, None
        if item.data_set not in known:
            seen = Seen(item.data_set, mode, item.id, at.astimezone(UTC))
            known[seen.data_set] = seen
            content = {"seen": [_plain(known[name]) for name in sorted(known)]}
            self._ledger.documents.store(
                bl.Document(_ACCESS, folded(actor), content)
                if document is None
                else document.revise(content)
            )
        return verdict, known[item.data_set]

    def _deny(
        self, actor: str, item: Item, mode: AccessMode, at: datetime, verdict: Verdict
    ) -> None:
        content = {
            "at": at.astimezone(UTC).isoformat(),
            "code": verdict.code,
            "data_set": item.data_set,
            "item": item.id,
            "mode": mode,
            "seen": verdict.data_set,
        }
        latest = self._find(_DENIAL, folded(actor))
        self._ledger.documents.store(
            bl.Document(_DENIAL, folded(actor), content)
            if latest is None
            else latest.revise(content)
        )

    def _document(self, actor: str) -> bl.Document | None:
        return self._find(_ACCESS, folded(actor))

    def _find(self, kind: str, id_: str) -> bl.Document | None:
        try:
            return self._ledger.documents.get(kind, id_)
        except UnknownRecord:
            return None


def _plain(seen: Seen) -> dict[str, Any]:
    return {**attrs.asdict(seen), "at": seen.at.isoformat()}


def _seen(document: bl.Document) -> tuple[Seen, ...]:
    try:
        return tuple(
            Seen(**{**each, "at": datetime.fromisoformat(each["at"])})
            for each in document.content["seen"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"{document.kind} {document.id!r} is none that this release can read",
            field="document",
            expected="what Barriers stores",
            found=error,
        ) from error


@final
@attrs.frozen(order=False)
class InformationBarrier:
    """Denies an entry that somebody may not write, or approve, for what they have seen.

    The data set of a posting is a dimension.  Who makes or releases the entry writes
    it, who votes reads it.  What counts as seen is what `Barriers` has noted in the
    same book; the control notes nothing itself.

    Args:
        classes: the conflict classes.
        dimension: the dimension that names the data set.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry; give it another one when classes change.

    Raises:
        InvalidOption: *classes* are none.
        InvalidIdentifier: a malformed name.
    """

    classes: tuple[ConflictClass, ...] = attrs.field(converter=_as_classes)
    dimension: str = attrs.field(default="data_set", kw_only=True)
    id: str = attrs.field(default="information-barrier", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.dimension, "dimension")

    def examine(self, proposal: bl.Proposal, books: Books) -> list[bl.Allow | bl.Deny]:
        """Deny what lies behind the wall."""
        data_sets = {
            posting.dimensions[self.dimension]
            for posting in proposal.entry.postings
            if self.dimension in posting.dimensions
        }
        if not data_sets:
            return [bl.Allow()]
        denials = []
        for actor, mode in _who(proposal).items():
            seen = frozenset(_seen_in(books, actor))
            # What it touches itself counts too: two of a class never meet.
            for name in sorted(data_sets):
                others = seen | (data_sets - {name})
                verdict = _RULES[mode](Item(proposal.id, name), others, self.classes)
                if not verdict:
                    reason = f"{actor} may not {mode} {name}: {verdict.data_set}"
                    denials.append(bl.Deny(verdict.code, reason))
        return [*denials] or [bl.Allow()]


def _who(proposal: bl.Proposal) -> Mapping[str, AccessMode]:
    who: dict[str, AccessMode] = {}
    for vote in proposal.votes:
        who[folded(vote.actor)] = "read"
    for maker in (*proposal.makers, proposal.released_by):
        if maker is not None:
            who[folded(maker)] = "write"
    return who


def _seen_in(books: Books, actor: str) -> Iterable[str]:
    try:
        document = books.document(_ACCESS, actor)
    except UnknownRecord:
        return ()
    return (each.data_set for each in _seen(document))
