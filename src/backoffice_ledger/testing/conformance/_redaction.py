"""Erasure: a text goes, what it was committed to stays."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._entries import full_credit, full_entry
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins

BASIS = "GDPR Art. 17(1)(a)"
MEMO = "postings.0.memo"


def redact(books: Twins, field: str, id: str = "full", type: str = "entry") -> None:
    """Erase a text in both books."""
    books.do(lambda ledger: ledger.redact(id, field=field, basis=BASIS, type=type))


def record(books: Twins, id: str = "full") -> bl.Record:
    """Return the record of an entry."""
    return books.do(lambda ledger: ledger.record(id))


class RedactionTests(StoreCase):
    """Erasing texts."""

    def test_a_text_is_gone_and_the_log_holds(self, tmp_path: Path) -> None:
        """The record names what was erased; leaf hashes and the rest stay."""
        with self.books(tmp_path) as books:
            [before] = books.post(full_entry())
            redact(books, "description")
            after = record(books)
            assert after.entry.description == ""
            assert after.redacted == ("description",)
            assert after.leaf == before.leaf
            assert after.entry.postings == before.entry.postings
            redact(books, MEMO)
            after = record(books)
            assert after.entry.postings[0].memo is None
            assert after.redacted == ("description", MEMO)
            assert books.tested.verify().redacted == 2

    def test_erasing_again_changes_nothing(self, tmp_path: Path) -> None:
        """One record says why; there is no second."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            redact(books, "description")
            before = books.snapshot()
            redact(books, "description")
            assert books.snapshot() == before
            [reason] = [r for r in before["records"] if r.type == "redaction"]
            assert reason.content["basis"] == BASIS

    def test_a_retry_compares_what_remains(self, tmp_path: Path) -> None:
        """An erased text is not compared; everything else is."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            redact(books, "description")
            redact(books, MEMO)
            same = books.post(full_entry(), full_entry(description="other"))
            assert same == [record(books)] * 2
            error = books.refuse(
                errors.IdempotencyConflict,
                lambda ledger: ledger.post(full_entry(rule=None)),
            )
            assert error.field == "rule"

    def test_a_proposal_forgets_with_its_entry(self, tmp_path: Path) -> None:
        """Else the text would still stand in the proposal."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.propose(full_entry()))
            books.do(lambda ledger: ledger.proposals.post("full"))
            redact(books, "description")
            redact(books, MEMO)
            proposal = books.do(lambda ledger: ledger.proposals.get("full"))
            assert proposal.entry.description == ""
            assert proposal.entry.postings[0].memo is None
            assert books.tested.verify().redacted == 4

    def test_an_open_proposal_can_forget(self, tmp_path: Path) -> None:
        """Before it is posted, or if it never is."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.propose(full_entry()))
            redact(books, MEMO)
            proposal = books.do(lambda ledger: ledger.proposals.get("full"))
            assert proposal.entry.postings[0].memo is None
            assert proposal.entry.description == "Office rent"

    def test_only_texts_that_are_there_can_go(self, tmp_path: Path) -> None:
        """Not an amount, not a memo that was never given, not an unknown entry."""
        with self.books(tmp_path) as books:
            books.post(full_entry(description=""))
            for id_, type_, field in (
                ("full", "entry", "description"),
                ("full", "entry", "date"),
                ("full", "entry", "postings.1.memo"),
                ("full", "entry", "postings.9.memo"),
                ("nothing", "entry", MEMO),
                ("full", "account", "label"),
                ("assets:bank", "account", "label"),
                ("assets:bank", "entry", "label"),
            ):
                books.refuse(
                    errors.UnknownRecord,
                    lambda ledger: ledger.redact(
                        id_, field=field, basis=BASIS, type=type_
                    ),
                )

    def test_an_account_forgets_its_labels(self, tmp_path: Path) -> None:
        """All that it ever had; a later one is there until it is erased, too."""
        with self.books(tmp_path) as books:
            for label in ("Jane Doe", "Jane Miller"):
                books.do(
                    lambda ledger: ledger.accounts.change("assets:bank", label=label)
                )
            redact(books, "label", "assets:bank", "account")
            chart = books.do(lambda ledger: ledger.accounts.all())
            assert chart["assets:bank"].label is None
            books.do(lambda ledger: ledger.accounts.change("assets:bank", label="Jane"))
            redact(books, "label", "assets:bank", "account")
            assert books.tested.verify().redacted == 3
            books.post(full_entry())

    def test_other_records_forget_as_well(self, tmp_path: Path) -> None:
        """Documents in every version, journals, and the reasons of periods."""
        contract = bl.Document("contract", "C-1", {"who": "Jane"}, personal=["who"])
        with self.books(tmp_path) as books:
            for document in (contract, contract.revise({"who": "Jane Doe"})):
                books.do(lambda ledger: ledger.documents.store(document))
            books.do(lambda ledger: ledger.periods.close("2026-01", reason="Jane left"))
            for type_, id_, field in (
                ("document", "contract/C-1", "personal.who"),
                ("period", "*/2026-01", "reason"),
                ("journal", "settlement", "description"),
            ):
                redact(books, field, id_, type_)
            for version in (1, 2):
                found = books.do(
                    lambda ledger: ledger.documents.get(
                        "contract", "C-1", version=version
                    )
                )
                assert found.content == {}
            assert books.tested.verify().redacted == 4

    def test_an_entry_without_its_texts_can_be_reversed(self, tmp_path: Path) -> None:
        """And the reversal's own reason can be erased as well."""

        def reverse(ledger: bl.Ledger, reason: str) -> bl.Record:
            return ledger.reverse("full", date=date(2026, 2, 1), reason=reason)

        with self.books(tmp_path) as books:
            books.post(full_entry())
            redact(books, "description")
            books.do(lambda ledger: reverse(ledger, "Jane asked for it"))
            redact(books, "description", "reversal:full")
            reversal = record(books, "reversal:full")
            assert reversal.entry.description == ""
            assert books.do(lambda ledger: reverse(ledger, "anything")) == reversal

    def test_an_empty_memo_is_a_text(self, tmp_path: Path) -> None:
        """It is committed to and can be erased like any other."""
        memo = bl.debit("expenses:rent", "100.00 EUR", memo="")
        with self.books(tmp_path) as books:
            books.post(full_entry(postings=[memo, full_credit()]))
            assert record(books).entry.postings[0].memo == ""
            redact(books, MEMO)
            assert record(books).entry.postings[0].memo is None
