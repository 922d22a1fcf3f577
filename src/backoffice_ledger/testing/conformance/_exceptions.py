"""Classes of journals, and leave to post into closed periods for a while."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.conformance._periods import in_journal, rent, state_of
from backoffice_ledger.testing.conformance._twins import Opener, StoreCase, Twins

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def acting(books: Twins, actor: str) -> Twins:
    """Return the same books, in which somebody else acts."""
    return Twins(
        *(
            bl.Ledger(attrs.evolve(ledger._session, actor=actor))
            for ledger in (books.tested, books.oracle)
        )
    )


def allow_one(ledger: bl.Ledger, **other: Any) -> Any:
    """Let the accountant post into January for an hour, or with other options."""
    options: dict[str, Any] = {
        "actors": ["accountant"],
        "until": NOON + HOUR,
        "reason": "audit adjustment",
        "id": "audit",
        **other,
    }
    return ledger.periods.allow("2026-01", **options)


def allow(books: Twins, id: str = "audit", **other: Any) -> Any:
    """Do so in both books."""
    return books.do(lambda ledger: allow_one(ledger, id=id, **other))


def close(books: Twins, **scope: str) -> None:
    """Close January."""
    books.do(lambda ledger: ledger.periods.close("2026-01", **scope))


class ClassTests(StoreCase):
    """States of a class of journals."""

    def test_a_class_is_closed_together(self, tmp_path: Path) -> None:
        """All its journals are, and no other; the strictest state holds."""
        with self.books(tmp_path) as books:
            for name in ("invoices", "credit notes"):
                books.do(
                    lambda ledger: ledger.open_journal(name, journal_class="sales")
                )
            [period] = books.do(
                lambda ledger: ledger.periods.close("2026-01", journal_class="sales")
            )
            assert (period.journal, period.journal_class) == (None, "sales")
            for name in ("invoices", "credit notes"):
                books.refuse(
                    errors.PeriodNotOpen,
                    lambda ledger: ledger.post(in_journal("2026-01-10", "x", name)),
                )
                assert state_of(books, "2026-01", name) == "closed"
            books.post(rent("2026-01-10"))
            assert state_of(books, "2026-01") == "open"
            books.do(
                lambda ledger: ledger.periods.reopen(
                    "2026-01", reason="late invoice", journal_class="sales"
                )
            )
            books.do(lambda ledger: ledger.periods.close("2026-01", journal="invoices"))
            books.post(in_journal("2026-01-10", "note", "credit notes"))
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(in_journal("2026-01-10", "y", "invoices")),
            )
            found = books.do(
                lambda ledger: ledger.periods.get("2026-01", journal_class="sales")
            )
            assert found.state is bl.PeriodState.OPEN

    def test_a_journal_gets_a_class_once(self, tmp_path: Path) -> None:
        """A class can only make it stricter; its description stays."""
        with self.books(tmp_path) as books:
            books.do(
                lambda ledger: ledger.open_journal("settlement", journal_class="trade")
            )
            before = books.snapshot()
            books.do(lambda ledger: ledger.open_journal("settlement"))
            books.do(
                lambda ledger: ledger.open_journal("settlement", journal_class="trade")
            )
            assert books.snapshot() == before
            refused = books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.open_journal("settlement", journal_class="sales"),
            )
            assert refused.field == "journal_class"
            close(books, journal_class="trade")
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(in_journal("2026-01-10", "x", "settlement")),
            )
            books.do(
                lambda ledger: ledger.redact(
                    "settlement", type="journal", field="description", basis="GDPR"
                )
            )

    def test_a_class_must_be_one(self, tmp_path: Path) -> None:
        """Of a journal of the book, and not beside a journal."""
        with self.books(tmp_path) as books:
            for use in (
                lambda ledger: ledger.periods.close("2026-01", journal_class="sales"),
                lambda ledger: ledger.periods.get("2026-01", journal_class="sales"),
                lambda ledger: ledger.periods.allow(
                    "2026-01",
                    journal_class="sales",
                    actors=["a"],
                    until=NOON,
                    reason="r",
                ),
            ):
                refused = books.refuse(errors.UnknownJournal, use)
                assert refused.field == "journal_class"
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.periods.close(
                    "2026-01", journal="general", journal_class="sales"
                ),
            )


class ExceptionTests(StoreCase):
    """Leave to post into closed periods."""

    def test_it_is_for_some_and_for_a_while(self, tmp_path: Path) -> None:
        """The named actors post until the instant; nobody else, and not at it."""
        clock = ManualClock(NOON)
        with self.books(tmp_path, clock=clock) as books:
            close(books)
            granted = allow(books)
            assert granted.granted_by == "clerk"
            assert granted.entries == ()
            accountant = acting(books, "accountant")
            january = rent("2026-01-20", "in time")
            books.refuse(errors.PeriodNotOpen, lambda ledger: ledger.post(january))
            clock.set(NOON + HOUR - timedelta(microseconds=1))
            accountant.post(january)
            clock.set(NOON + HOUR)
            accountant.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-01-20", "too late")),
            )
            accountant.post(january)  # a retry is safe for ever
            books.post(rent("2026-02-01", "other"))
            accountant.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2025-12-31", "another period")),
            )
            [found] = books.do(lambda ledger: ledger.periods.exceptions())
            assert found.entries == ("in time",)
            assert (
                books.do(lambda ledger: ledger.periods.exceptions(at=clock.now())) == ()
            )
            assert books.do(lambda ledger: ledger.periods.exceptions(at=NOON)) == (
                found,
            )

    def test_entries_under_it_say_so(self, tmp_path: Path) -> None:
        """In the log, before the entry; entries that need none do not."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            allow(books)  # it may be granted before the period is closed
            accountant = acting(books, "accountant")
            accountant.post(rent("2026-01-05", "open"))
            close(books)
            accountant.do(
                lambda ledger: (
                    ledger.post_many(
                        [rent("2026-01-06", "first"), rent("2026-02-06", "second")]
                    ).posted
                )
            )
            accountant.do(
                lambda ledger: ledger.reverse(
                    "open", date=date(2026, 1, 7), reason="wrong"
                )
            )
            accountant.do(
                lambda ledger: (
                    ledger.post_columns(
                        ids=["column"],
                        dates=[date(2026, 1, 8)],
                        debits=["expenses:rent"],
                        credits=["assets:bank"],
                        amounts=[100],
                        commodity="EUR",
                    ).posted
                )
            )
            [found] = books.do(lambda ledger: ledger.periods.exceptions())
            assert found.entries == ("column", "first", "reversal:open")
            for entry, under in (("first", (found,)), ("second", ()), ("none", ())):
                assert (
                    books.do(lambda ledger: ledger.periods.exceptions(entry=entry))
                    == under
                )
            records = books.do(lambda ledger: list(ledger.records()))
            uses = [r.position for r in records if r.type == "exception-use"]
            assert [records[position].id for position in uses] == [
                "first",
                "reversal:open",
                "column",
            ]

    def test_it_can_be_revoked(self, tmp_path: Path) -> None:
        """At once and for good; what was posted under it stays."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            close(books)
            allow(books)
            accountant = acting(books, "accountant")
            accountant.post(rent("2026-01-05", "before"))
            revoked = books.do(
                lambda ledger: ledger.periods.revoke("audit", reason="audit is done")
            )
            assert (revoked.revoked_by, revoked.revocation, revoked.reason) == (
                "clerk",
                "audit is done",
                "audit adjustment",
            )
            assert revoked.entries == ("before",)
            assert not revoked.is_in_force(NOON)
            accountant.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-01-05", "after")),
            )
            before = books.snapshot()
            assert revoked == books.do(
                lambda ledger: ledger.periods.revoke("audit", reason="again")
            )
            assert allow(books) == revoked  # a retry grants nothing new
            assert books.snapshot() == before
            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.periods.revoke("nothing", reason="why"),
            )
            for field in ("reason", "revocation"):
                books.do(
                    lambda ledger: ledger.redact(
                        "audit", type="exception", field=field, basis="GDPR"
                    )
                )
            [found] = books.do(lambda ledger: ledger.periods.exceptions())
            assert (found.reason, found.revocation) == ("", "")

    def test_it_may_be_for_a_journal_or_a_class(self, tmp_path: Path) -> None:
        """Whatever closes the period there; and for no other."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            for name in ("invoices", "credit notes"):
                books.do(
                    lambda ledger: ledger.open_journal(name, journal_class="sales")
                )
            close(books)
            close(books, journal_class="sales")
            close(books, journal="invoices")
            allow(books, "one", journal="settlement", actors=["a"])
            allow(books, "some", journal_class="sales", actors=["b", "a"])
            for actor, journal, passes in (
                ("a", "settlement", True),
                ("a", "invoices", True),
                ("a", "general", False),
                ("b", "settlement", False),
                ("b", "credit notes", True),
                ("c", "invoices", False),
            ):
                entry = in_journal("2026-01-10", f"{actor} {journal}", journal)
                twins = acting(books, actor)
                if passes:
                    twins.post(entry)
                else:
                    twins.refuse(
                        errors.PeriodNotOpen, lambda ledger: ledger.post(entry)
                    )

    def test_it_opens_no_locked_period(self, tmp_path: Path) -> None:
        """Nor one to come; and one that is locked afterwards stays shut."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            close(books)
            allow(books)
            books.do(lambda ledger: ledger.periods.lock("2026-01"))
            accountant = acting(books, "accountant")
            accountant.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-01-05", "locked")),
            )
            books.refuse(
                errors.PeriodTransition, lambda ledger: allow_one(ledger, id="other")
            )
            books.do(lambda ledger: ledger.periods.postpone("2026-05"))
            books.do(
                lambda ledger: ledger.periods.allow(
                    "2026-05", actors=["accountant"], until=NOON + HOUR, reason="early"
                )
            )
            accountant.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-05-05", "early")),
            )

    def test_nobody_grants_it_to_themselves(self, tmp_path: Path) -> None:
        """And it must have an end, a reason, and somebody to use it."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            close(books)
            for error, options in (
                (errors.NotPermitted, {"actors": ["accountant", "clerk"]}),
                (errors.InvalidDate, {"until": NOON}),
                (errors.InvalidDate, {"until": NOON.replace(tzinfo=None)}),
                (errors.InvalidOption, {"actors": []}),
                (errors.InvalidOption, {"actors": "accountant"}),
                (errors.InvalidOption, {"reason": ""}),
                (errors.UnknownJournal, {"journal": "nowhere"}),
                (errors.BoundExceeded, {"actors": [f"a{n}" for n in range(65)]}),
                (errors.BoundExceeded, {"until": NOON.replace(year=2200)}),
            ):
                books.refuse(error, lambda ledger: allow_one(ledger, **options))
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.periods.revoke("audit", reason=""),
            )

    def test_granting_it_again(self, tmp_path: Path) -> None:
        """The same id and content is the same exception; other content a conflict."""
        with self.books(tmp_path, clock=ManualClock(NOON)) as books:
            close(books)
            first = allow(books)
            assert allow(books) == first
            for options in (
                {"actors": ["another"]},
                {"until": NOON + 2 * HOUR},
                {"journal": "settlement"},
            ):
                books.refuse(
                    errors.IdempotencyConflict,
                    lambda ledger: allow_one(ledger, **options),
                )
            named = books.do(
                lambda ledger: ledger.periods.allow(
                    "2026", actors=["x"], until=NOON + HOUR, reason="whole year"
                )
            )
            assert (named.first, named.last) == (date(2026, 1, 1), date(2026, 12, 31))

    def test_it_survives(self, tmp_path: Path) -> None:
        """Who opens the book later may use it."""
        if not self.is_durable:
            return
        clock, oracle = ManualClock(NOON), bl.MemoryStore()
        opener, twin = Opener(clock=clock), Opener(clock=clock)
        for step in (0, 1):
            store = self.make_store(tmp_path)
            books = Twins(opener(store), twin(oracle))
            if step == 0:
                for path in ("assets:bank", "expenses:rent"):
                    type_ = "asset" if path == "assets:bank" else "expense"
                    books.do(lambda ledger: ledger.open_account(path, type=type_))
                close(books)
                allow(books)
            acting(books, "accountant").post(rent("2026-01-05", f"step {step}"))
            books.check()
            store.close()
        oracle.close()
