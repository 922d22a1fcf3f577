"""Finding documents by what their latest versions declare.

``bl_document_index`` has a row for each name that a document declares, and one with an
empty name where it declares nothing.  A question goes through the rows of its first
name, in the order of ids, and looks each of them up under the other names: so that it
costs what the first name finds, and a page of it costs a page.
"""

from collections.abc import Mapping
from typing import Any

from backoffice_ledger._engine.documents import declared, document_key
from backoffice_ledger._engine.state import Fact
from backoffice_ledger._engine.store import DocumentQuery
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_steps import Query, Step
from backoffice_ledger.errors import Corrupt

_LISTED = (
    "SELECT DISTINCT x.id FROM bl_document_index x"
    " WHERE x.book_id = ? AND x.kind = ? AND x.id > ?"
)
_NAMED = (
    "SELECT x.id FROM bl_document_index x"
    " WHERE x.book_id = ? AND x.kind = ? AND x.id > ? AND x.name = ? AND x.value "
)
# A query of its own for each row: no plan can read all rows of the other name.
_OTHER = (
    " AND (SELECT y.value FROM bl_document_index y WHERE y.book_id = x.book_id"
    " AND y.kind = x.kind AND y.id = x.id AND y.name = ?) "
)


def find(book: SqlBook, query: DocumentQuery) -> Step[list[Fact]]:
    """Return the facts of the documents that are meant; see `Transaction.documents`."""
    if not book.is_fresh:
        yield from book.refresh()
    found: list[Fact] = []
    after = query.after
    while len(found) < query.limit:
        wanted = query.limit - len(found)
        sql, params = _ids(book.book_id, query, after)
        rows = yield Query(f"{sql} ORDER BY 1 LIMIT ?", (*params, wanted))
        keys = [document_key(query.kind, id_) for (id_,) in rows]
        if book.is_locking:
            yield from book.lock_facts("document", keys)
        facts = yield from book.read_facts("document", keys)
        if len(facts) < len(keys):
            raise Corrupt("bl_document_index names a document that is not there")
        found += [
            facts[key]
            for key in keys
            if query.matches(declared(facts[key].content))  # still, under the lock
        ]
        if len(rows) < wanted:
            break
        after = rows[-1][0]
    return found


def _ids(book_id: int, query: DocumentQuery, after: str) -> tuple[str, list[Any]]:
    """Return what asks for the ids of documents, without their order."""
    place = [book_id, query.kind, after]
    if not query.asks:
        return _LISTED, place
    first, *others = [(name, "= ?", [value]) for name, value in query.equal] + [
        (name, *_within(first, last)) for name, first, last in query.spans
    ]
    sql, params = _NAMED + first[1], [*place, first[0], *first[2]]
    for name, term, values in others:
        sql += _OTHER + term
        params += [name, *values]
    if query.undeclared:
        sql += f" UNION ALL {_NAMED}= ?"
        params += [*place, "", ""]
    return sql, params


def _within(first: str | None, last: str | None) -> tuple[str, list[str]]:
    """Return the term that a value is in a span, and its parameters."""
    if last is None:
        return ">= ?", [first or ""]
    return "BETWEEN ? AND ?", [first or "", last]


def stored_index(book: SqlBook) -> Step[Mapping[tuple[str, str, str], str]]:
    """Return what is kept: values by kind, id and name."""
    rows = yield Query(
        "SELECT kind, id, name, value FROM bl_document_index WHERE book_id = ?",
        (book.book_id,),
    )
    return {(kind, id_, name): value for kind, id_, name, value in rows}
