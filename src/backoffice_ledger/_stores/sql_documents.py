"""Finding documents by what their latest versions declare.

``bl_document_index`` has a row for each name that a document declares, and one with an
empty name where it declares nothing.  A question goes through the rows of its first
name, in the order of ids where that has one value, and looks each document up under
the other values; spans of other names are left to the documents themselves.
"""

from collections.abc import Collection
from typing import Any, Final

from backoffice_ledger._engine.documents import declared, document_key
from backoffice_ledger._engine.state import Fact
from backoffice_ledger._engine.store import DocumentQuery
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_steps import Query, Step
from backoffice_ledger.errors import Corrupt

_NAMED: Final = (
    "SELECT x.id FROM bl_document_index x"
    " WHERE x.book_id = ? AND x.kind = ? AND x.name = ? AND x.value {} AND x.id > ?"
)
# Looked up for each row: no plan can read all rows of the other value.
_OTHER: Final = (
    " AND (SELECT count(*) FROM bl_document_index y WHERE y.book_id = x.book_id"
    " AND y.kind = x.kind AND y.name = ? AND y.value = ? AND y.id = x.id) = 1"
)
_LISTED: Final = (
    "SELECT f.key FROM bl_fact f WHERE f.book_id = ? AND f.kind = 'document'"
    " AND f.key > ? AND f.key < ?"
)


def find(book: SqlBook, query: DocumentQuery) -> Step[list[Fact]]:
    """Return the facts of the documents that are meant; see `Transaction.documents`."""
    if not book.is_fresh:
        yield from book.refresh()
    found: list[Fact] = []
    after = query.after
    while len(found) < query.limit:
        wanted = query.limit - len(found)
        keys = yield from _keys(book.book_id, query, after, wanted)
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
        if len(keys) < wanted:
            break
        after = facts[keys[-1]].content["id"]
    return found


def _keys(
    book_id: int, query: DocumentQuery, after: str, limit: int
) -> Step[list[str]]:
    """Return the keys of documents that may be meant, in the order of ids."""
    if query.asks:
        sql, params = _ids(book_id, query, after)
        rows = yield Query(f"{sql} ORDER BY 1 LIMIT ?", (*params, limit))
        return [document_key(query.kind, id_) for (id_,) in rows]
    first = document_key(query.kind, "")
    last = first.removesuffix("/") + "0"  # the sign after the slash
    place = (book_id, first + after, last)
    rows = yield Query(f"{_LISTED} ORDER BY 1 LIMIT ?", (*place, limit))
    return [key for (key,) in rows]


def _ids(book_id: int, query: DocumentQuery, after: str) -> tuple[str, list[Any]]:
    """Return what asks for the ids of documents, without their order."""
    if query.equal:
        (name, value), *others = query.equal
        term, values = "= ?", [value]
    else:
        (name, first, last), others = query.spans[0], []
        term, values = ">= ?", [first or ""]
        if last is not None:
            term, values = "BETWEEN ? AND ?", [first or "", last]
    sql = _NAMED.format(term) + _OTHER * len(others)
    params = [book_id, query.kind, name, *values, after]
    params += [part for pair in others for part in pair]
    if query.undeclared:
        sql += " UNION ALL " + _NAMED.format("= ?")
        params += [book_id, query.kind, "", "", after]
    return sql, params


def stored_index(book: SqlBook) -> Step[Collection[tuple[str, str, str, str]]]:
    """Return what is kept: kind, name, value and id."""
    rows = yield Query(
        "SELECT kind, name, value, id FROM bl_document_index WHERE book_id = ?",
        (book.book_id,),
    )
    return [tuple(row) for row in rows]
