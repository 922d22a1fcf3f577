"""Documents: versions, personal fields, and names that look alike."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from contextlib import suppress
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins

TRADE: dict[str, Any] = {
    "isin": "DE0005557508",
    "quantity": 10,
    "price": "12.50 EUR",
    "client": "Jane Doe",
    "legs": [{"side": "buy", "net": None}, {"side": "sell", "net": True}],
}


def trade(version: int = 1, **changes: Any) -> bl.Document:
    """Return a version of a document."""
    return bl.Document(
        "trade", "T-1", TRADE | changes, personal=["client"], version=version
    )


def store(books: Twins, document: bl.Document) -> bl.Document:
    """Keep a document in both books."""
    return books.do(lambda ledger: ledger.documents.store(document))


class DocumentTests(StoreCase):
    """Versioned business objects."""

    def test_a_document_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """With its personal fields; the log only holds commitments to them."""
        with self.books(tmp_path) as books:
            store(books, trade())
            found = books.do(lambda ledger: ledger.documents.get("trade", "T-1"))
            assert found == trade()
            [record] = [r for r in books.tested.records() if r.type == "document"]
            assert "Jane Doe" not in str(record)
            assert "client" not in record.content["content"]

    def test_versions_follow_one_another(self, tmp_path: Path) -> None:
        """Each is kept; the latest is the one that is found."""
        first, second = trade(), trade().revise(TRADE | {"quantity": 20})
        with self.books(tmp_path) as books:
            store(books, first)
            store(books, second)
            for version, expected in ((1, first), (2, second), (None, second)):
                found = books.do(
                    lambda ledger: ledger.documents.get("trade", "T-1", version=version)
                )
                assert found == expected
            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.documents.get("trade", "T-1", version=3),
            )

    def test_the_latest_version_may_be_stored_again(self, tmp_path: Path) -> None:
        """Other content, an old version or a gap is a conflict."""
        with self.books(tmp_path) as books:
            store(books, trade())
            before = books.snapshot()
            store(books, trade())
            assert books.snapshot() == before
            second = trade().revise(TRADE)
            for wrong in (
                trade(quantity=11),
                trade(client="John Doe"),
                second.revise(TRADE),
            ):
                books.refuse(
                    errors.DocumentConflict,
                    lambda ledger: ledger.documents.store(wrong),
                )
            store(books, second)
            books.refuse(
                errors.DocumentConflict, lambda ledger: ledger.documents.store(trade())
            )

    def test_many_are_stored_at_once(self, tmp_path: Path) -> None:
        """All of them or none; a document may come with several versions."""
        first, second = trade(), trade().revise(TRADE | {"quantity": 20})
        other = bl.Document("trade", "T-2", {"quantity": 5})
        with self.books(tmp_path) as books:

            def store_many(*documents: bl.Document) -> object:
                return books.do(lambda ledger: ledger.documents.store_many(documents))

            store_many()
            store_many(first, other, second, second)
            before = books.snapshot()
            store_many(second, other)
            assert books.snapshot() == before
            for wrong in (first, second.revise(TRADE).revise(TRADE), trade(version=2)):
                later = bl.Document("trade", "T-3", {})
                books.refuse(
                    errors.DocumentConflict,
                    lambda ledger: ledger.documents.store_many([later, wrong]),
                )
            assert books.snapshot() == before
            assert store_many(second.revise(TRADE)) == (second.revise(TRADE),)

    def test_many_are_found_at_once(self, tmp_path: Path) -> None:
        """Their latest versions, in the order that was asked for."""
        first, second = trade(), trade().revise(TRADE | {"quantity": 20})
        other = bl.Document("trade", "T-2", {"quantity": 5})
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.documents.store_many([first, other, second]))
            for ids, expected in (
                (["T-2", "T-1"], (other, second)),
                (["T-9", "T-1"], (second,)),
                ([], ()),
            ):
                found = books.do(lambda ledger: ledger.documents.get_many("trade", ids))
                assert found == expected

    def test_the_history_says_who_and_when(self, tmp_path: Path) -> None:
        """One row for each version."""
        with self.books(tmp_path) as books:
            store(books, trade())
            store(books, trade().revise(TRADE | {"quantity": 20}))
            table = books.do(lambda ledger: ledger.documents.history("trade", "T-1"))
            rows = table.rows()
            assert [row["version"] for row in rows] == [1, 2]
            for row in rows:
                [record] = [
                    record
                    for record in books.tested.records()
                    if record.position == row["position"]
                ]
                assert record.actor == row["actor"]
                assert (
                    f"{record.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}"
                    == (row["recorded_at"])
                )
            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.documents.history("trade", "T-9"),
            )

    def test_documents_are_listed_by_kind(self, tmp_path: Path) -> None:
        """The latest version of each, by id."""
        with self.books(tmp_path) as books:
            for id_ in ("b", "a", "c"):
                store(books, bl.Document("note", id_, {"text": id_}))
            store(books, bl.Document("note", "b", {"text": "B"}, version=2))
            store(books, bl.Document("notes", "x", {}))
            listed = books.do(lambda ledger: ledger.documents.all("note"))
            assert [(d.id, d.content["text"]) for d in listed] == [
                ("a", "a"),
                ("b", "B"),
                ("c", "c"),
            ]
            assert books.do(lambda ledger: ledger.documents.all("not")) == ()

    def test_documents_are_found_by_what_they_declare(self, tmp_path: Path) -> None:
        """By one name or several, by spans, page by page; in the order of ids."""
        with self.books(tmp_path) as books:
            for number in range(9):
                index = {
                    "due": f"2026-10-{number + 1:02}",
                    "owner": "firm" if number % 3 else "Jörg & Söhne",
                    "state": "open" if number % 2 else "settled",
                }
                store(books, bl.Document("deal", f"D{number}", {}, index=index))
            store(books, bl.Document("deal", "plain", {}))
            store(books, bl.Document("deals", "D1", {}, index={"state": "open"}))

            def find(*args: Any, **options: Any) -> str:
                found = books.do(
                    lambda ledger: ledger.documents.find("deal", *args, **options)
                )
                return " ".join(document.id for document in found)

            is_open = {"state": "open"}
            own = {"owner": "firm"}
            assert find(is_open) == "D1 D3 D5 D7"
            assert find({"state": "open", "owner": "Jörg & Söhne"}) == "D3"
            assert find(own, between={"due": ("2026-10-03", "2026-10-06")}) == (
                "D2 D4 D5"
            )
            assert find(between={"due": (None, "2026-10-02")}) == "D0 D1"
            assert find(between={"due": ("2026-10-08", None)}) == "D7 D8"
            assert find(is_open, after="D1", limit=2) == "D3 D5"
            assert find(is_open, after="D5", limit=2) == "D7"
            assert find(is_open, undeclared=True) == "D1 D3 D5 D7 plain"
            assert find(is_open, undeclared=True, after="D5", limit=2) == "D7 plain"
            assert find(after="D6") == "D7 D8 plain"
            assert find({"state": "failing"}) == find({"nothing": "open"}) == ""
            assert books.do(lambda ledger: ledger.documents.find("nothing")) == ()

    def test_only_the_latest_version_is_found(self, tmp_path: Path) -> None:
        """What an earlier one declared no longer counts; also within one command."""
        first = bl.Document("deal", "D1", {}, index={"state": "open", "due": "2026"})
        settled = first.revise({}, index={"state": "settled"})
        plain = settled.revise({}, index={})
        again = plain.revise({}, index={"state": "open"})
        with self.books(tmp_path) as books:

            def find(where: dict[str, str]) -> Any:
                return books.do(lambda ledger: ledger.documents.find("deal", where))

            for version in (first, settled, plain, again):
                store(books, version)
                assert find(dict(version.index)) == (version,)
                assert books.tested.documents.get("deal", "D1").index == version.index
            other = bl.Document("deal", "D2", {}, index={"state": "open", "due": "1"})
            books.do(
                lambda ledger: ledger.documents.store_many(
                    [
                        other,
                        other.revise({}, index={"due": "2"}),
                        other.revise({}, index={}).revise({}, index={"state": "open"}),
                    ]
                )
            )
            assert find({"due": "1"}) == find({"due": "2"}) == ()
            assert [each.version for each in find({"state": "open"})] == [4, 3]

    def test_the_index_is_part_of_what_was_stored(self, tmp_path: Path) -> None:
        """Another index is other content; a redaction leaves it as it is."""
        first = bl.Document(
            "deal", "D1", {"who": "Jane"}, personal=["who"], index={"state": "open"}
        )
        with self.books(tmp_path) as books:
            store(books, first)
            store(books, first)
            other = bl.Document("deal", "D1", {"who": "Jane"}, personal=["who"])
            books.refuse(
                errors.DocumentConflict, lambda ledger: ledger.documents.store(other)
            )
            books.do(
                lambda ledger: ledger.redact(
                    "deal/D1", field="personal.who", basis="GDPR", type="document"
                )
            )
            [found] = books.do(
                lambda ledger: ledger.documents.find("deal", {"state": "open"})
            )
            assert (found.content, found.index) == ({}, {"state": "open"})

    def test_what_is_found_inside_a_transaction(self, tmp_path: Path) -> None:
        """It sees what the transaction has stored; what is undone is not found."""
        with self.books(tmp_path) as books:

            def work(ledger: bl.Ledger) -> list[str]:
                for id_, state in (("D1", "open"), ("D2", "done"), ("D3", "open")):
                    ledger.documents.store(
                        bl.Document("deal", id_, {}, index={"state": state})
                    )
                found = ledger.documents.find("deal", {"state": "open"}, limit=5)
                for each in found[1:]:
                    ledger.documents.store(each.revise({}, index={"state": "done"}))
                left = ledger.documents.find("deal", {"state": "open"}, limit=1)
                return [each.id for each in left]

            def undone(ledger: bl.Ledger) -> None:
                ledger.documents.store(
                    bl.Document("deal", "D1", {}, version=2, index={"state": "done"})
                )
                raise ZeroDivisionError

            found = books.do(lambda ledger: ledger.atomically(lambda: work(ledger)))
            assert found == ["D1"]
            for ledger in (books.tested, books.oracle):
                with suppress(ZeroDivisionError):
                    ledger.atomically(lambda: undone(ledger))
            [left] = books.do(
                lambda ledger: ledger.documents.find("deal", {"state": "open"})
            )
            assert left.version == 1

    def test_names_are_not_confused(self, tmp_path: Path) -> None:
        """Kind and id are two names, whatever signs they hold."""
        names = [("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("ä", "ß %/*")]
        with self.books(tmp_path) as books:
            for kind, id_ in names:
                store(books, bl.Document(kind, id_, {"kind": kind}))
            for kind, id_ in names:
                found = books.do(lambda ledger: ledger.documents.get(kind, id_))
                assert found.content == {"kind": kind}
                listed = books.do(lambda ledger: ledger.documents.all(kind))
                assert [document.id for document in listed] == [id_]

    def test_what_is_not_there_is_not_found(self, tmp_path: Path) -> None:
        """Neither under another kind nor under another id."""
        with self.books(tmp_path) as books:
            store(books, trade())
            for kind, id_ in (("trade", "T-2"), ("deal", "T-1")):
                books.refuse(
                    errors.UnknownRecord,
                    lambda ledger: ledger.documents.get(kind, id_),
                )
