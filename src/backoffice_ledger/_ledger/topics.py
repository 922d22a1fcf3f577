"""The verbs of a topic: ``ledger.accounts``, ``ledger.periods`` and so on."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any, Final, Literal

import attrs

from backoffice_ledger._engine.book import account_from_fact
from backoffice_ledger._engine.canonical import instant_text
from backoffice_ledger._engine.commands import (
    ChangeAccount,
    CloseAccount,
    Reverse,
    StoreDocument,
    StoreDocuments,
)
from backoffice_ledger._engine.documents import document_from_fact, document_key
from backoffice_ledger._engine.state import PROVISIONAL
from backoffice_ledger._engine.store import DocumentQuery, Transaction
from backoffice_ledger._ledger.holds import read_balances
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model.account import Account, ChartOfAccounts
from backoffice_ledger._model.arguments import (
    COUNT_MAX,
    check_choice,
    check_count,
    check_flag,
    check_iterable,
)
from backoffice_ledger._model.balance import AccountBalances
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.text import (
    check_identifier,
    check_key,
    check_path,
    check_text,
    string_mapping,
)
from backoffice_ledger.errors import (
    InvalidDocument,
    InvalidOption,
    UnknownRecord,
)
from backoffice_ledger.reports import Column, Row, Table

ReversalStyle = Literal["opposite", "same-side"]
"""Swap the sides, or negate the amounts on the same sides."""


class Unchanged(Enum):
    """Stands for an argument that was not given."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


def reversal_command(
    id: str,
    on: date,
    reason: str,
    style: ReversalStyle,
    reversal_id: str | None,
) -> Reverse:
    """Return the checked command to reverse an entry."""
    return Reverse(
        check_identifier(id, "id"),
        check_date(on, "date"),
        check_text(reason, "reason"),
        check_choice(style, ReversalStyle, "style"),
        check_identifier(
            f"reversal:{id}" if reversal_id is None else reversal_id, "reversal_id"
        ),
    )


@attrs.frozen
class Accounts:
    """The chart of accounts."""

    _session: Session

    def all(self) -> ChartOfAccounts:
        """Return the chart as it stands."""
        with self._session.transaction(write=False) as transaction:
            return read_chart(transaction)

    def change(
        self,
        path: str,
        *,
        commodities: Iterable[str] | Unchanged | None = UNCHANGED,
        label: str | Unchanged | None = UNCHANGED,
        opened: date | Unchanged | None = UNCHANGED,
        closed: Unchanged | None = UNCHANGED,
        attributes: Mapping[str, str] | Unchanged | None = UNCHANGED,
        limits: Iterable[Limit] | Unchanged | None = UNCHANGED,
    ) -> Account:
        """Change what is given, keep the rest; ``closed=None`` opens it again.

        A new limit binds what comes: an account beyond it may stay there, and may only
        move towards it.

        Raises:
            UnknownAccount: the book does not have the account.
            InvalidInput: an argument is malformed.
        """
        check_path(path, "path")
        if closed is not None and closed is not UNCHANGED:
            raise InvalidOption(
                field="closed",
                expected="None, to open it again; ledger.accounts.close() closes it",
                found=closed,
            )
        given: dict[str, Any] = {
            "commodities": commodities,
            "label": label,
            "opened": opened,
            "closed": closed,
            "attributes": attributes,
            "limits": limits,
        }
        changed = {n: value for n, value in given.items() if value is not UNCHANGED}
        return self._session.retried(lambda: self._change(path, changed))

    def _change(self, path: str, changed: Mapping[str, Any]) -> Account:
        with self._session.transaction(write=True):  # what is kept must not change
            old = self.all()[path]
            kept = {
                "commodities": old.commodities,
                "label": old.label,
                "opened": old.opened,
                "closed": old.closed,
                "attributes": old.attributes,
                "limits": tuple(old.limits.values()),
            }
            account = Account(path, old.type, **{**kept, **changed})
            self._session.execute(ChangeAccount(account))
        return account

    def reopen(self, path: str) -> Account:
        """Let a closed account take postings again; see `change`.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        return self.change(path, closed=None)

    def balances(self, path: str) -> AccountBalances:
        """Return what an account holds now: posted, pending and available.

        A hold counts until the ledger's clock reaches its expiry.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        return read_balances(self._session, check_path(path, "path"))

    def close(self, path: str, *, on: date) -> Account:
        """Let an account take nothing dated after the day *on*.

        Raises:
            AccountNotEmpty: its balance is not zero, or it has later postings or open
                holds.
            UnknownAccount: the book does not have the account.
        """
        command = CloseAccount(check_path(path, "path"), check_date(on, "on"))
        return self._session.execute_and_read(command, lambda: self.all()[path])


def read_chart(transaction: Transaction) -> ChartOfAccounts:
    """Return the chart of accounts."""
    state = transaction.state
    missing = state.missing(prefixes=[("account", "")])
    if missing:
        transaction.load(missing)
    if state.chart is None:
        facts = state.of_kind("account").values()
        state.chart = ChartOfAccounts(account_from_fact(fact) for fact in facts)
    return state.chart


_HISTORY_COLUMNS: Final = (
    Column("version", "Version", "integer"),
    Column("actor", "Actor"),
    Column("recorded_at", "Recorded at"),
    Column("position", "Position", "integer"),
)


def _check_document(value: object, field: str) -> Document:
    if type(value) is not Document:
        raise InvalidDocument(
            field=field, expected="a Document", found=type(value).__name__
        )
    return value


def _equal(where: object) -> tuple[tuple[str, str], ...]:
    """Return names and values in the order that they were given in."""
    checked = string_mapping(where, "where")
    return tuple((name, checked[name]) for name in where or ())  # type: ignore[attr-defined]


def _spans(between: object) -> tuple[tuple[str, str | None, str | None], ...]:
    """Return names with first and last values."""
    if between is None:
        return ()
    if not isinstance(between, Mapping):
        raise InvalidOption(
            field="between", expected="a mapping", found=type(between).__name__
        )
    spans = []
    for name, span in between.items():
        field = f"between[{check_key(name, 'between.key')!r}]"
        if not isinstance(span, tuple) or len(span) != 2 or span == (None, None):
            raise InvalidOption(
                field=field, expected="the first and the last value", found=span
            )
        first, last = (
            None if end is None else check_identifier(end, field) for end in span
        )
        spans.append((name, first, last))
    return tuple(spans)


@attrs.frozen
class Documents:
    """Versioned business objects in the log."""

    _session: Session

    def store(self, document: Document) -> Document:
        """Add a version; storing the latest one again changes nothing.

        Raises:
            DocumentConflict: its version is not the next one, or the same version
                is recorded with other content.
        """
        command = StoreDocument(_check_document(document, "document"))
        self._session.execute(command)
        return document

    def store_many(self, documents: Iterable[Document]) -> tuple[Document, ...]:
        """Add versions of any number of documents, all of them or none.

        A document may come more than once, with one version after the other.

        Raises:
            DocumentConflict: as for `store`; the field names the document.
        """
        items = tuple(
            _check_document(document, f"documents[{index}]")
            for index, document in enumerate(check_iterable(documents, "documents"))
        )
        self._session.append(StoreDocuments(items))
        return items

    def get(self, kind: str, id: str, *, version: int | None = None) -> Document:
        """Return a document, the latest version unless another is asked for.

        Raises:
            UnknownRecord: there is none.
        """
        key = document_key(check_identifier(kind, "kind"), check_identifier(id, "id"))
        if version is None:
            found = self.get_many(kind, [id])
            if found:
                return found[0]
        else:
            check_count(version, "version", 1)
            with self._session.transaction(write=False) as transaction:
                facts = transaction.history("document", key)
            for fact in facts:
                if version == fact.content["version"]:
                    return document_from_fact(fact)
        raise UnknownRecord(field="id", expected=f"a document of kind {kind}", found=id)

    def get_many(self, kind: str, ids: Iterable[str]) -> tuple[Document, ...]:
        """Return the latest versions of documents, in the order of *ids*.

        Those that the book does not have are left out.
        """
        check_identifier(kind, "kind")
        keys = [
            document_key(kind, check_identifier(id_, f"ids[{index}]"))
            for index, id_ in enumerate(check_iterable(ids, "ids"))
        ]
        with self._session.transaction(write=False) as transaction:
            state = transaction.state
            missing = state.missing(facts=[("document", key) for key in keys])
            if missing:
                transaction.load(missing)
            found = [state.fact("document", key) for key in keys]
        return tuple(document_from_fact(fact) for fact in found if fact is not None)

    def history(self, kind: str, id: str) -> Table:
        """Return who stored each version of a document, and when.

        Raises:
            UnknownRecord: there is no such document.
        """
        key = document_key(check_identifier(kind, "kind"), check_identifier(id, "id"))
        with self._session.transaction(write=False) as transaction:
            facts = transaction.history("document", key)
        if not facts:
            raise UnknownRecord(
                field="id", expected=f"a document of kind {kind}", found=id
            )
        rows = [
            Row(
                [
                    fact.content["version"],
                    fact.actor,
                    instant_text(fact.at),
                    fact.position if fact.position < PROVISIONAL else None,
                ]
            )
            for fact in facts
        ]
        return Table(f"Versions of {kind} {id}", _HISTORY_COLUMNS, rows)

    def find(
        self,
        kind: str,
        where: Mapping[str, str] | None = None,
        *,
        between: Mapping[str, tuple[str | None, str | None]] | None = None,
        undeclared: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> tuple[Document, ...]:
        """Return the latest versions of documents that declare something, by id.

        What a document declares is its ``index``.  It costs what the first name of
        *where* finds, so put first what few documents have; a page costs a page.

        Inside ``ledger.atomically`` what was found stays as it is until the end.  That
        no other document comes to be meant meanwhile is only certain on SQLite and in
        memory.

        Args:
            kind: of the documents.
            where: names and the values that they must have.
            between: names with the first and the last value that they may have, both
                included; None is without end.  Values are compared as text, as dates
                in ISO 8601 can be.
            undeclared: also those whose latest version has no index at all, such as
                those from before their kind had one.
            after: an id; those up to it are left out.
            limit: how many at most; together they give a page.

        Raises:
            InvalidOption: an argument is not one of the allowed values.
            InvalidIdentifier: a name, a value or an id that there cannot be.
        """
        query = DocumentQuery(
            check_identifier(kind, "kind"),
            _equal(where),
            _spans(between),
            check_flag(undeclared, "undeclared"),
            "" if after is None else check_identifier(after, "after"),
            COUNT_MAX if limit is None else check_count(limit, "limit", 1),
        )
        with self._session.transaction(write=False) as transaction:
            facts = transaction.documents(query)
        return tuple(map(document_from_fact, facts))

    def all(self, kind: str) -> tuple[Document, ...]:
        """Return the latest versions of all documents of a kind, by id."""
        prefix = document_key(check_identifier(kind, "kind"), "")
        with self._session.transaction(write=False) as transaction:
            facts = transaction.facts("document", prefix)
        return tuple(document_from_fact(fact) for fact in facts.values())
