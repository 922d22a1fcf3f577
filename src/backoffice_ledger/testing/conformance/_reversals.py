"""Reversals: both styles, links both ways, once, and of a reversal."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._ledger.view import ReportPhase
from backoffice_ledger.testing.conformance._entries import full_entry
from backoffice_ledger.testing.conformance._twins import PHASES, StoreCase
from backoffice_ledger.testing.notation import ledger_text

RENT = "2026-01-31 * rent / Dr expenses:rent 100.00 EUR / Cr assets:bank 100.00 EUR"
LATER = date(2026, 2, 1)


def reverse(ledger: bl.Ledger) -> bl.Record:
    """Take the rent back on the next day."""
    return ledger.reverse("rent", date=LATER, reason="paid twice")


class ReversalTests(StoreCase):
    """Taking entries back."""

    def test_the_opposite_style_swaps_the_sides(self, tmp_path: Path) -> None:
        """The balance is zero again, and turnover shows both."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            record = books.do(reverse)
            assert [str(posting) for posting in record.entry.postings] == [
                "Cr expenses:rent 100.00 EUR",
                "Dr assets:bank 100.00 EUR",
            ]
            assert record.entry.description == "paid twice"
            assert record.entry.kind is bl.EntryKind.REVERSING
            turnover = books.do(lambda ledger: ledger.view().turnover("expenses:rent"))
            assert list(map(str, turnover)) == ["100.00 EUR", "100.00 EUR"]
            assert not books.do(lambda ledger: ledger.balance("assets:bank"))

    def test_the_same_side_style_negates_the_amounts(self, tmp_path: Path) -> None:
        """Balance and turnover are zero again (Generalumkehr)."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            record = books.do(
                lambda ledger: ledger.reverse(
                    "rent", date=LATER, reason="typo", style="same-side"
                )
            )
            assert [str(posting) for posting in record.entry.postings] == [
                "Dr expenses:rent -100.00 EUR",
                "Cr assets:bank -100.00 EUR",
            ]
            turnover = books.do(lambda ledger: ledger.view().turnover("expenses:rent"))
            assert list(map(str, turnover)) == ["0", "0"]

    def test_both_records_name_each_other(self, tmp_path: Path) -> None:
        """The links stand in the records, in listings and in the log."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            books.do(reverse)
            rent, reversal = books.do(lambda ledger: list(ledger.view().entries()))
            assert (rent.reverses, rent.reversed_by) == (None, "reversal:rent")
            assert (reversal.reverses, reversal.reversed_by) == ("rent", None)
            assert books.do(lambda ledger: ledger.record("rent")) == rent
            assert rent in books.do(lambda ledger: list(ledger.records()))

    def test_what_an_entry_is_about_is_carried_over(self, tmp_path: Path) -> None:
        """Dimensions, journal, references and voucher are kept; memos are not."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            record = books.do(
                lambda ledger: ledger.reverse("full", date=LATER, reason="wrong")
            )
            first = record.entry.postings[0]
            assert first.dimensions == {"cost_centre": "B7", "counterparty": "ACME"}
            assert first.memo is None
            assert record.entry.journal == "settlement"
            assert record.entry.document_number == "2026/17"
            assert record.entry.references == ("contract-1", "invoice-2")

    def test_an_entry_is_reversed_once(self, tmp_path: Path) -> None:
        """A repeated command returns the reversal, another one is refused."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            record = books.do(reverse)
            assert books.do(reverse) == record
            for error, day, reversal_id in (
                (errors.AlreadyReversed, LATER, "another"),
                (errors.IdempotencyConflict, date(2026, 2, 2), None),
            ):
                books.refuse(
                    error,
                    lambda ledger: ledger.reverse(
                        "rent", date=day, reason="paid twice", reversal_id=reversal_id
                    ),
                )

    def test_a_reversal_can_be_reversed(self, tmp_path: Path) -> None:
        """Three entries that add up to the first one."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            books.do(reverse)
            books.do(
                lambda ledger: ledger.reverse(
                    "reversal:rent", date=LATER, reason="was right", reversal_id="again"
                )
            )
            balance = books.do(lambda ledger: ledger.balance("assets:bank"))
            assert str(balance) == "-100.00 EUR"
            records = books.do(lambda ledger: list(ledger.view().entries()))
            assert [record.reversed_by for record in records] == [
                "reversal:rent",
                "again",
                None,
            ]

    def test_a_reversal_counts_in_the_phase_of_the_original(
        self, tmp_path: Path
    ) -> None:
        """An unadjusted report shows neither an adjusting entry nor its reversal."""
        with self.books(tmp_path) as books:
            [rent] = ledger_text(RENT)
            books.post(bl.Entry("rent", rent.date, rent.postings, kind="adjusting"))
            assert books.do(reverse).phase.value == "adjusting"
            phase: ReportPhase
            for phase, expected in zip(PHASES, (0, 2, 2), strict=True):
                rows = books.do(
                    lambda ledger: ledger.view().trial_balance(phase=phase).rows()
                )
                assert len(rows) == expected

    def test_a_reversal_is_posted_like_any_entry(self, tmp_path: Path) -> None:
        """Its date lies in an open period; it needs an original and a free id."""
        with self.books(tmp_path) as books:
            books.post(
                *ledger_text(
                    RENT + "\n2026-01-31 * taken"
                    " / Dr expenses:rent 1.00 EUR / Cr assets:bank 1.00 EUR"
                )
            )
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            for error, id_, day, reversal_id in (
                (errors.PeriodNotOpen, "rent", date(2026, 1, 31), None),
                (errors.UnknownRecord, "nothing", LATER, None),
                (errors.IdempotencyConflict, "rent", LATER, "taken"),
            ):
                books.refuse(
                    error,
                    lambda ledger: ledger.reverse(
                        id_, date=day, reason="r", reversal_id=reversal_id
                    ),
                )

    def test_the_id_of_a_reversal_is_taken(self, tmp_path: Path) -> None:
        """An entry posted under it conflicts, whatever it says."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            books.do(lambda ledger: ledger.reverse("rent", date=LATER, reason=""))
            same = ledger_text(
                "2026-02-01 * reversal:rent"
                " / Cr expenses:rent 100.00 EUR / Dr assets:bank 100.00 EUR"
            )
            books.refuse(
                errors.IdempotencyConflict, lambda ledger: ledger.post(same[0])
            )
