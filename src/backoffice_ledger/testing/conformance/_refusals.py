"""Refusals that are recorded or collected, and what a retry gets."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._model.entry import Refusal
from backoffice_ledger.testing.conformance._money import (
    DAY,
    codes_of,
    entry,
    hold,
    open_customers,
    pays,
    refuses,
    refuses_entry,
    shows,
    size_of,
    types_of,
)
from backoffice_ledger.testing.conformance._twins import (
    StoreCase,
    Twins,
    open_chart,
    open_twins,
    refusal,
)

ALICE = "liabilities:alice"
FIRST_LINE = "postings[0].amount"


class _Interruption(Exception):
    """What a host's transaction ends with."""


class Asks:
    """A control that denies, or wants approval, when an entry's references say so."""

    id = "asks"
    version = "1"

    def examine(self, proposal: bl.Proposal, books: Any) -> list[Any]:  # noqa: ARG002
        """Return what the entry's references ask for."""
        if "deny" in proposal.entry.references:
            return [bl.Deny("asked")]
        if "approve" in proposal.entry.references:
            return [bl.NeedApproval(1)]
        return [bl.Allow()]


def record_refusal(books: Twins, wanted: bl.Entry, **options: Any) -> errors.Refused:
    """Post an entry that is refused and recorded; return the refusal."""
    caught = refusal_of(books, wanted, on_refusal="record", **options)
    [last] = list(books.tested.records(after=size_of(books) - 1))
    assert (last.type, last.id, last.content["code"]) == (
        "refusal",
        wanted.id,
        caught.code,
    )
    return caught


def refusal_of(books: Twins, wanted: bl.Entry, **options: Any) -> errors.Refused:
    """Post an entry that is refused, and return how."""
    try:
        books.do(lambda ledger: ledger.post(wanted, **options))
    except errors.Refused as error:
        return error
    raise AssertionError(f"{wanted.id} was not refused")


def says(error: errors.LedgerError) -> tuple[Any, ...]:
    """Return what is kept of an error."""
    return type(error), error.code, error.field, error.expected, error.found


def post_many(
    books: Twins, *entries: bl.Entry, on_refusal: Any = "collect", **options: Any
) -> bl.PostSummary:
    """Post entries, collecting or recording what is refused."""
    return books.do(
        lambda ledger: ledger.post_many(entries, on_refusal=on_refusal, **options)
    )


class RefusalTests(StoreCase):
    """What the book does not take."""

    # --- recorded --------------------------------------------------------------------

    def test_a_recorded_refusal_consumes_the_id(self, tmp_path: Path) -> None:
        """A retry gets the same answer, whatever has changed, however it asks."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            much = entry("much", pays("120.00 EUR"), description="Shoes")
            after = size_of(books)
            first = record_refusal(books, much)
            assert says(first)[1:3] == ("limit-breached", FIRST_LINE)
            assert first.expected == "at least 0.00 EUR afterwards"
            assert "-20.00 EUR" in (first.found or "")
            assert types_of(books, after) == ["refusal much"]
            books.post(entry("in", pays("500.00 EUR", "bob", "alice")))
            before = books.snapshot()
            for on_refusal in ("raise", "record"):
                again = refusal_of(books, much, on_refusal=on_refusal)
                assert says(again) == says(first)
                assert says(
                    refusal_of(books, much, on_refusal="record", dry_run=True)
                ) == (says(first))
            for on_refusal in ("collect", "record"):
                summary = post_many(books, much, on_refusal=on_refusal)
                [found] = summary.refusals
                assert found.error.code == "limit-breached"
                assert (summary.posted, summary.repeated) == (0, 0)
            caught = books.refuse(
                errors.LimitBreached, lambda ledger: ledger.post_many([much])
            )
            assert caught.field == f"entries[0] (id 'much').{FIRST_LINE}"
            assert books.snapshot() == before
            books.post(entry("much-2", pays("120.00 EUR")))

    def test_a_refusal_that_is_not_recorded_leaves_the_id(self, tmp_path: Path) -> None:
        """It may be posted later."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            much = entry("much", pays("120.00 EUR"))
            refuses_entry(books, errors.LimitBreached, much, FIRST_LINE)
            post_many(books, much)
            books.post(entry("in", pays("500.00 EUR", "bob", "alice")), much)

    def test_other_content_under_a_refused_id(self, tmp_path: Path) -> None:
        """It is a conflict, as with an entry, and that is not recorded."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            record_refusal(books, entry("much", pays("120.00 EUR")))
            for other, field in (
                (entry("much", pays("1.00 EUR")), FIRST_LINE),
                (entry("much", pays("120.00 EUR"), date(2026, 1, 6)), "date"),
                (entry("much", pays("120.00 EUR"), rule="r@1"), "rule"),
            ):
                for on_refusal in ("raise", "record"):
                    refuses_entry(
                        books,
                        errors.IdempotencyConflict,
                        other,
                        field,
                        on_refusal=on_refusal,
                    )

    def test_every_refusal_of_the_state_is_recorded(self, tmp_path: Path) -> None:
        """And raised again as it was, at every later time."""
        with self.books(tmp_path, controls=[Asks()]) as books:
            books.do(open_customers)
            for ledger in (books.tested, books.oracle):
                ledger.open_account("assets:new", type="asset", opened=date(2027, 1, 1))
                ledger.open_account("assets:euro", type="asset", commodities=["EUR"])
                ledger.periods.close("2025-12")
            small = "Dr assets:bank 1.00 EUR / Cr equity:capital 1.00 EUR"
            tagged = [
                bl.debit("assets:bank", "1.00 EUR", dimensions={"nowhere": "x"}),
                bl.credit("equity:capital", "1.00 EUR"),
            ]
            cases: dict[str, tuple[bl.Entry, dict[str, Any]]] = {
                "unknown-journal": (entry("a", small, journal="nowhere"), {}),
                "period-not-open": (entry("b", small, date(2025, 12, 31)), {}),
                "unknown-account": (entry("c", small.replace("bank", "no")), {}),
                "account-not-open": (entry("d", small.replace("bank", "new")), {}),
                "commodity-refused": (
                    entry("e", "Dr assets:euro 1 JPY / Cr equity:capital 1 JPY"),
                    {},
                ),
                "unknown-dimension": (bl.Entry("f", DAY, tagged), {}),
                "condition-failed": (
                    entry("g", small),
                    {"conditions": {ALICE: bl.Limit(maximum="1.00 EUR")}},
                ),
                "limit-breached": (entry("h", pays("100.01 EUR")), {}),
                "control-denied": (entry("i", small, references=["deny"]), {}),
            }
            for code, (wanted, options) in cases.items():
                first = record_refusal(books, wanted, **options)
                assert first.code == code
                again = refusal_of(books, wanted)
                assert says(again) == says(first)

    def test_what_is_not_final_is_not_recorded(self, tmp_path: Path) -> None:
        """Approval may come; an id that is taken is not consumed by another."""
        with self.books(tmp_path, controls=[Asks()]) as books:
            books.do(open_customers)
            small = pays("1.00 EUR")
            for wanted, error in (
                (entry("x", small, references=["approve"]), errors.ApprovalRequired),
                (entry("paid-in", small), errors.IdempotencyConflict),
            ):
                books.refuse(
                    error, lambda ledger: ledger.post(wanted, on_refusal="record")
                )
                before = books.snapshot()
                found = post_many(books, wanted, on_refusal="record").refusals
                assert [type(each.error) for each in found] == [error]
                assert books.snapshot() == before

    def test_what_is_malformed_is_not_recorded(self, tmp_path: Path) -> None:
        """It is no business of the book's, and stops a run that collects too."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            crossing = entry("x", "Dr stock:vault 1.00 EUR / Cr assets:bank 1.00 EUR")
            books.refuse(
                errors.Unbalanced,
                lambda ledger: ledger.post(crossing, on_refusal="record"),
            )
            books.refuse(
                errors.Unbalanced,
                lambda ledger: ledger.post_many(
                    [entry("y", pays("1.00 EUR")), crossing], on_refusal="collect"
                ),
            )

    def test_a_refusal_is_no_entry(self, tmp_path: Path) -> None:
        """It moves nothing, has no number, and cannot be reversed."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            record_refusal(books, entry("much", pays("120.00 EUR")))
            shows(books, alice="100.00 EUR | 100.00 EUR | 100.00 EUR")
            for command, error in (
                (lambda ledger: ledger.record("much"), errors.UnknownRecord),
                (
                    lambda ledger: ledger.reverse("much", date=DAY, reason="r"),
                    errors.UnknownRecord,
                ),
                (
                    lambda ledger: ledger.reverse(
                        "paid-in", date=DAY, reason="r", reversal_id="much"
                    ),
                    errors.IdempotencyConflict,
                ),
                (
                    lambda ledger: ledger.propose(entry("much", pays("120.00 EUR"))),
                    errors.IdempotencyConflict,
                ),
            ):
                books.refuse(error, command)
            books.do(lambda ledger: ledger.holds.reserve(hold("h", pays("1.00 EUR"))))
            refuses(
                books,
                errors.IdempotencyConflict,
                lambda ledger: ledger.holds.capture("h", date=DAY, entry_id="much"),
                "entry_id",
            )
            listed = books.do(lambda ledger: list(ledger.view().entries()))
            assert [record.id for record in listed] == ["paid-in"]
            [found] = [r for r in books.tested.records() if r.type == "refusal"]
            assert (found.journal_number, found.entry.id) == (None, "much")
            record = books.post(entry("next", pays("1.00 EUR")))[0]
            assert record.journal_number == 2

    def test_a_bounded_entry_is_refused_with_what_it_asked(
        self, tmp_path: Path
    ) -> None:
        """A retry asks for the same."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.post(entry("all", pays("100.00 EUR")))
            wanted = entry("more", pays("7.00 EUR"))
            first = record_refusal(books, wanted, balancing=ALICE)
            assert (first.code, first.field) == ("limit-breached", "balancing")
            again = refusal_of(books, wanted, balancing=ALICE)
            assert says(again) == says(first)

    def test_texts_of_a_refusal_can_be_erased(self, tmp_path: Path) -> None:
        """A retry compares what remains, and gets the same answer."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            postings = [
                bl.debit(ALICE, "120.00 EUR", memo="for Dr Smith"),
                bl.credit("liabilities:shop", "120.00 EUR"),
            ]
            wanted = bl.Entry("much", DAY, postings, description="Surgery")
            first = record_refusal(books, wanted)
            for field in ("description", "postings.0.memo"):
                books.do(
                    lambda ledger: ledger.redact("much", field=field, basis="GDPR")
                )
            [found] = [r for r in books.tested.records() if r.type == "refusal"]
            assert found.redacted == ("description", "postings.0.memo")
            assert found.entry.description == ""
            assert found.entry.postings[0].memo is None
            assert says(refusal_of(books, wanted)) == says(first)
            bare = entry("much", pays("120.00 EUR"))
            assert says(refusal_of(books, bare)) == says(first)
            refuses_entry(
                books,
                errors.IdempotencyConflict,
                entry("much", pays("121.00 EUR")),
                FIRST_LINE,
            )
            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.redact("much", field="reason", basis="GDPR"),
            )

    def test_a_dry_run_records_no_refusal(self, tmp_path: Path) -> None:
        """The id stays free."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            much = entry("much", pays("120.00 EUR"))
            refuses_entry(
                books,
                errors.LimitBreached,
                much,
                FIRST_LINE,
                on_refusal="record",
                dry_run=True,
            )
            books.post(entry("in", pays("500.00 EUR", "bob", "alice")), much)

    def test_a_refusal_shares_the_fate_of_its_transaction(self, tmp_path: Path) -> None:
        """Rolled back, it was never made; committed, it stands beside the rest."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            much = entry("much", pays("120.00 EUR"))
            before = books.snapshot()
            for is_interrupted in (True, False):
                for ledger in (books.tested, books.oracle):
                    try:
                        with ledger._session.transaction(write=True):
                            ledger.post(entry("small", pays("1.00 EUR")))
                            refusal(
                                errors.LimitBreached,
                                lambda: ledger.post(much, on_refusal="record"),
                            )
                            if is_interrupted:
                                raise _Interruption
                    except _Interruption:
                        pass
                if is_interrupted:
                    assert books.snapshot() == before
            shows(books, alice="99.00 EUR | 99.00 EUR | 99.00 EUR")
            assert refusal_of(books, much).code == "limit-breached"

    def test_refusals_come_back(self, tmp_path: Path) -> None:
        """Closed and opened again, a store answers a retry as before."""
        if not self.is_durable:
            return
        much = entry("much", pays("120.00 EUR"), description="Shoes")
        with open_twins(self.make_store(tmp_path)) as books:
            books.do(open_chart)
            books.do(open_customers)
            first = record_refusal(books, much)
        with bl.open_ledger(self.make_store(tmp_path), actor="clerk") as ledger:
            again = refusal(errors.LimitBreached, lambda: ledger.post(much))
            assert says(again) == says(first)
            ledger.verify()

    # --- runs of many entries --------------------------------------------------------

    def test_a_run_that_collects_goes_on(self, tmp_path: Path) -> None:
        """One result per entry; what is refused has no effect on the next."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            run = [
                entry("a", pays("60.00 EUR")),
                entry("b", pays("60.00 EUR")),
                entry("c", pays("1.00 EUR", "nobody")),
                entry("d", pays("40.00 EUR")),
                entry("a", pays("60.00 EUR")),
                entry("a", pays("61.00 EUR")),
                entry("e", pays("30.00 EUR", "bob", "alice")),
                entry("f", pays("30.00 EUR")),
            ]
            summary = post_many(books, *run)
            assert (summary.posted, summary.repeated) == (4, 1)
            assert codes_of(summary.refusals) == [
                "1 b limit-breached",
                "2 c unknown-account",
                "5 a idempotency-conflict",
            ]
            assert fields_of(summary.refusals) == [
                f"entries[1] (id 'b').{FIRST_LINE}",
                "entries[2] (id 'c').postings[0].account",
                f"entries[5] (id 'a').{FIRST_LINE}",
            ]
            shows(books, alice="0 | 0 | 0")
            again = post_many(books, *run)
            assert (again.posted, again.repeated) == (0, 5)
            assert codes_of(again.refusals) == codes_of(summary.refusals)

    def test_the_cut_into_batches_does_not_matter(self, tmp_path: Path) -> None:
        """Not for what is posted, refused or recorded."""
        run = [
            entry("a", pays("60.00 EUR")),
            entry("b", pays("60.00 EUR")),
            entry("b", pays("60.00 EUR")),
            entry("c", pays("60.00 EUR", "bob", "alice")),
            entry("b", pays("60.00 EUR")),
            entry("d", pays("60.00 EUR")),
        ]
        for size in (1, 2, 3, 10):
            for on_refusal in ("record", "collect"):
                folder = tmp_path / f"{on_refusal}-{size}"
                folder.mkdir()
                with self.books(folder) as books:
                    books.do(open_customers)
                    after = size_of(books)
                    summary = post_many(
                        books, *run, on_refusal=on_refusal, batch_size=size
                    )
                    if on_refusal == "record":
                        assert (summary.posted, summary.repeated) == (3, 0)
                        assert codes_of(summary.refusals) == [
                            "1 b limit-breached",
                            "2 b limit-breached",
                            "4 b limit-breached",
                        ]
                        assert types_of(books, after) == [
                            "entry a",
                            "refusal b",
                            "entry c",
                            "entry d",
                        ]
                        [found] = [
                            r for r in books.tested.records() if r.type == "refusal"
                        ]
                        assert found.content["field"] == FIRST_LINE
                        continue
                    assert codes_of(summary.refusals) == [
                        "1 b limit-breached",
                        "2 b limit-breached",
                        "5 d limit-breached",
                    ]
                    assert types_of(books, after) == ["entry a", "entry c", "entry b"]

    def test_controls_do_not_change_what_a_run_is(self, tmp_path: Path) -> None:
        """Each entry is asked about with those before it posted."""
        with self.books(tmp_path, controls=[Asks()]) as books:
            books.do(open_customers)
            small = pays("1.00 EUR")
            run = [
                entry("a", small),
                entry("b", small, references=["deny"]),
                entry("c", pays("100.00 EUR")),
                entry("d", small, references=["approve"]),
                entry("b", small, references=["deny"]),
                entry("e", small),
            ]
            after = size_of(books)
            summary = post_many(books, *run, on_refusal="record")
            assert (summary.posted, summary.repeated) == (2, 0)
            assert codes_of(summary.refusals) == [
                "1 b control-denied",
                "2 c limit-breached",
                "3 d approval-required",
                "4 b control-denied",
            ]
            assert types_of(books, after) == [
                "entry a",
                "refusal b",
                "refusal c",
                "entry e",
            ]

    def test_a_recorded_run_can_be_repeated(self, tmp_path: Path) -> None:
        """It says the same and writes nothing."""
        with self.books(tmp_path) as books:
            books.do(open_customers)
            run = [
                entry("a", pays("60.00 EUR")),
                entry("b", pays("60.00 EUR")),
                entry("c", pays("40.00 EUR")),
            ]
            first = post_many(books, *run, on_refusal="record")
            books.post(entry("in", pays("500.00 EUR", "bob", "alice")))
            before = books.snapshot()
            again = post_many(books, *run, on_refusal="record")
            assert (again.posted, again.repeated) == (0, 2)
            assert codes_of(again.refusals) == codes_of(first.refusals)
            assert fields_of(again.refusals) == fields_of(first.refusals)
            assert books.snapshot() == before

    def test_an_atomic_run_with_a_refusal_in_the_middle(self, tmp_path: Path) -> None:
        """Raised it undoes all batches; collected it is left out of them."""
        run = [
            entry("a", pays("60.00 EUR")),
            entry("b", pays("60.00 EUR")),
            entry("c", pays("40.00 EUR")),
        ]
        with self.books(tmp_path) as books:
            books.do(open_customers)
            books.refuse(
                errors.LimitBreached,
                lambda ledger: ledger.post_many(run, batch_size=1, atomic=True),
            )
            summary = post_many(books, *run, batch_size=1, atomic=True)
            assert (summary.posted, summary.batches) == (2, 3)
            assert codes_of(summary.refusals) == ["1 b limit-breached"]
            shows(books, alice="0 | 0 | 0")


def fields_of(refusals: Sequence[Refusal]) -> list[str | None]:
    """Return which fields were refused."""
    return [each.error.field for each in refusals]
