"""Erasure: a text goes, what it was committed to stays."""

# ruff: noqa: S101 - tests assert

from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._entries import full_credit, full_entry
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins

BASIS = "GDPR Art. 17(1)(a)"
MEMO = "postings.0.memo"


def redact(books: Twins, field: str) -> bl.Record:
    """Erase a text in both books."""
    return books.do(lambda ledger: ledger.redact("full", field=field, basis=BASIS))


class RedactionTests(StoreCase):
    """Erasing texts."""

    def test_a_text_is_gone_and_the_log_holds(self, tmp_path: Path) -> None:
        """The record names what was erased; leaf hashes and the rest stay."""
        with self.books(tmp_path) as books:
            [before] = books.post(full_entry())
            after = redact(books, "description")
            assert after.entry.description == ""
            assert after.redacted == ("description",)
            assert after.leaf == before.leaf
            assert after.entry.postings == before.entry.postings
            after = redact(books, MEMO)
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
            [record] = [r for r in before["records"] if r.type == "redaction"]
            assert record.content["basis"] == BASIS

    def test_a_retry_compares_what_remains(self, tmp_path: Path) -> None:
        """An erased text is not compared; everything else is."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            redact(books, "description")
            redact(books, MEMO)
            record = books.tested.record("full")
            assert books.post(full_entry(), full_entry(description="other")) == [
                record,
                record,
            ]
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

    def test_only_texts_that_are_there_can_go(self, tmp_path: Path) -> None:
        """Not an amount, not a memo that was never given, not an unknown entry."""
        with self.books(tmp_path) as books:
            books.post(full_entry(description=""))
            for field in ("description", "date", "postings.1.memo", "postings.9.memo"):
                books.refuse(
                    errors.UnknownRecord,
                    lambda ledger, f=field: ledger.redact("full", field=f, basis=BASIS),
                )
            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.redact("nothing", field=MEMO, basis=BASIS),
            )

    def test_an_entry_without_its_texts_can_be_reversed(self, tmp_path: Path) -> None:
        """And the reversal's own reason can be erased as well."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            redact(books, "description")
            books.do(
                lambda ledger: ledger.reverse(
                    "full", date=date(2026, 2, 1), reason="Jane asked for it"
                )
            )
            record = books.do(
                lambda ledger: ledger.redact(
                    "reversal:full", field="description", basis=BASIS
                )
            )
            assert record.entry.description == ""
            books.do(
                lambda ledger: ledger.reverse(
                    "full", date=date(2026, 2, 1), reason="anything"
                )
            )

    def test_an_empty_memo_is_a_text(self, tmp_path: Path) -> None:
        """It is committed to and can be erased like any other."""
        memo = bl.debit("expenses:rent", "100.00 EUR", memo="")
        with self.books(tmp_path) as books:
            books.post(full_entry(postings=[memo, full_credit()]))
            assert books.tested.record("full").entry.postings[0].memo == ""
            assert redact(books, MEMO).entry.postings[0].memo is None
