"""Reports of the internal control system: each finding, and nothing else."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit, errors
from backoffice_ledger.compliance import FourEyes, reports, retention
from backoffice_ledger.compliance.reports import CaptureLimit
from backoffice_ledger.testing import ManualClock

DAY = date(2026, 1, 31)
LATE = datetime(2026, 2, 10, 23, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at half past eleven in the night of 10 February 2026."""
    return ManualClock(LATE)


@pytest.fixture
def ledger(clock: ManualClock) -> bl.Ledger:
    """Return a book with a bank, cash and rent."""
    ledger = bl.open_ledger(":memory:", actor="clerk", clock=clock)
    for path, type_ in (
        ("assets:bank", "asset"),
        ("assets:cash:till", "asset"),
        ("expenses:rent", "expense"),
    ):
        ledger.open_account(path, type=type_)
    return ledger


def entry(
    id_: str, day: date = DAY, source: str = "assets:bank", **more: Any
) -> bl.Entry:
    """Return an entry of one euro."""
    sides = [bl.debit("expenses:rent", "1 EUR"), bl.credit(source, "1 EUR")]
    return bl.Entry(id_, day, sides, **more)


# --- numbers -------------------------------------------------------------------------


def test_gaps_and_duplicates_of_document_numbers(ledger: bl.Ledger) -> None:
    """By series, which is what stands before the last digits (GoBD, paragraph 40)."""
    numbers = ("RE-2026-0008", "RE-2026-0010", "RE-2026-0013", "RE-2025-0001", "RE9")
    for number in (*numbers, "RE-2026-0010", "A/7/B", "draft", None):
        ledger.post(entry(f"e{len(list(ledger.records()))}", document_number=number))
    ledger.post(entry("taken back", document_number="RE-2025-0003"))
    ledger.reverse("taken back", date=DAY, reason="wrong")
    found = reports.number_findings(ledger.records()).rows()
    assert [tuple(row.values()) for row in found] == [
        ("document RE-2025-*", "gap", "RE-2025-0002", "RE-2025-0002", 1, None),
        ("document RE-2026-*", "gap", "RE-2026-0009", "RE-2026-0009", 1, None),
        ("document RE-2026-*", "gap", "RE-2026-0011", "RE-2026-0012", 2, None),
        (
            "document RE-2026-*",
            "duplicate",
            "RE-2026-0010",
            "RE-2026-0010",
            2,
            "e7, e11",
        ),
    ]


def test_many_duplicates_are_shortened(ledger: bl.Ledger) -> None:
    """The first five are named."""
    for number in range(6):
        ledger.post(entry(f"e{number}", document_number="7"))
    [row] = reports.number_findings(ledger.records())
    assert (row["series"], row["count"]) == ("document *", 6)
    assert row["entries"] == "e0, e1, e2, e3, e4, ..."


def test_journal_numbers_have_no_gaps(ledger: bl.Ledger) -> None:
    """Unless somebody shows only a part of the records."""
    ledger.open_journal("sales")
    for number in range(3):
        ledger.post(entry(f"e{number}"))
        ledger.post(entry(f"s{number}", journal="sales"))
    records = list(ledger.records())
    assert len(reports.number_findings(records)) == 0
    first = next(record for record in records if record.id == "e0")
    unplaced = attrs.evolve(first, journal_number=None)
    assert len(reports.number_findings([*records, unplaced])) == 0
    records = [record for record in records if record.id not in ("e0", "s1")]
    found = reports.number_findings([*records, records[-1], first, first]).rows()
    assert [(row["series"], row["finding"], row["first"]) for row in found] == [
        ("journal general", "duplicate", "1"),
        ("journal sales", "gap", "2"),
        ("journal sales", "duplicate", "3"),
    ]


# --- time ----------------------------------------------------------------------------


def test_entries_that_were_captured_late(ledger: bl.Ledger) -> None:
    """More than ten days after their event; by the document, or what it is about."""
    ledger.post(entry("in time"))
    ledger.post(entry("late", DAY - timedelta(days=1)))
    ledger.post(entry("by document", document_date=date(2026, 1, 1)))
    ledger.post(entry("by business", economic_date=date(2026, 1, 2)))
    ledger.post(entry("adjusting", date(2025, 12, 31), kind="adjusting"))
    found = reports.capture_delays(ledger.records()).rows()
    assert [(row["id"], row["event"], row["days"]) for row in found] == [
        ("late", date(2026, 1, 30), 11),
        ("by document", date(2026, 1, 1), 40),
        ("by business", date(2026, 1, 2), 39),
    ]
    assert (found[0]["limit"], found[0]["days_max"]) == ("non-cash", 10)
    zone = timezone(timedelta(hours=1))
    later = reports.capture_delays(ledger.records(), zone=zone).rows()
    assert [row["id"] for row in later][:2] == ["in time", "late"]


def test_limits_have_accounts_and_days(ledger: bl.Ledger) -> None:
    """Cash daily: the shortest limit that concerns an entry, in force at its event."""
    limits = [
        *reports.CAPTURE_LIMITS,
        CaptureLimit(
            name="cash",
            days_max=0,
            effective=date(2026, 2, 1),
            accounts=["assets:cash"],
            source="AO § 146(1)",
        ),
        CaptureLimit(
            name="non-cash", days_max=5, effective=date(2026, 2, 5), source="house rule"
        ),
    ]
    ledger.post(entry("till", date(2026, 2, 9), "assets:cash:till"))
    ledger.post(entry("till today", date(2026, 2, 10), "assets:cash:till"))
    ledger.post(entry("till before", date(2026, 1, 31), "assets:cash:till"))
    ledger.post(entry("bank", date(2026, 2, 5)))
    ledger.post(entry("bank before", date(2026, 2, 4)))
    ledger.post(entry("long ago", date(2014, 2, 4)))
    found = reports.capture_delays(ledger.records(), limits=limits).rows()
    assert [(row["id"], row["limit"], row["days"]) for row in found] == [
        ("till", "cash", 1)
    ]
    assert (
        CaptureLimit(
            name="x", days_max=1, effective=DAY, accounts=["assets:ca"], source="s"
        ).concerns(entry("e", source="assets:cash:till"))
        is False
    )


def test_limits_are_checked(ledger: bl.Ledger) -> None:
    """Days, dates and paths."""
    good: dict[str, Any] = {
        "name": "x",
        "days_max": 1,
        "effective": DAY,
        "source": "s",
    }
    for bad in ({"days_max": -1}, {"days_max": 1.5}, {"accounts": "assets"}):
        with pytest.raises(errors.InvalidOption):
            CaptureLimit(**good | bad)
    with pytest.raises(errors.InvalidDate):
        CaptureLimit(**good | {"effective": "x"})
    with pytest.raises(errors.InvalidOption, match="CaptureLimits"):
        reports.capture_delays(ledger.records(), limits=[1])  # type: ignore[list-item]


def test_periods_that_should_be_locked(ledger: bl.Ledger) -> None:
    """At the end of the following month; those without entries do not matter."""
    ledger.post(entry("jan", date(2026, 1, 5)))
    ledger.post(entry("jan 2", date(2026, 1, 31)))
    ledger.post(entry("feb", date(2026, 2, 1)))
    ledger.post(entry("dec", date(2025, 12, 1)))
    ledger.periods.close("2025-12")
    ledger.periods.close("2026-01", journal="general")

    def found(on: date, **more: Any) -> list[tuple[Any, ...]]:
        table = reports.unlocked_periods(
            ledger.records(), ledger.periods.all(), on=on, **more
        )
        assert table.subtitle == f"on {on}"
        return [tuple(row.values()) for row in table.rows()]

    december = ("2025-12", "closed", date(2025, 12, 31), date(2026, 1, 31))
    january = ("2026-01", "open", date(2026, 1, 31), date(2026, 2, 28))
    assert found(date(2026, 1, 31)) == []
    assert found(date(2026, 2, 28)) == [(*december, 28, 1)]
    assert found(date(2026, 3, 1)) == [(*december, 29, 1), (*january, 1, 2)]
    done = (bl.PeriodState.LOCKED, bl.PeriodState.CLOSED)
    assert found(date(2026, 3, 1), states=done) == [(*january, 1, 2)]
    ledger.periods.lock("2025-12")
    assert found(date(2026, 3, 1)) == [(*january, 1, 2)]
    assert found(date(2026, 3, 31), months_after=2) == []
    with pytest.raises(errors.InvalidDate):
        found("today")  # type: ignore[arg-type]


# --- approvals -----------------------------------------------------------------------


def test_every_entry_with_its_votes(clock: ManualClock) -> None:
    """Who made it, who approved or rejected it, who posted it, which rules ran."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=clock, controls=[FourEyes()]
    )
    plain = bl.open_ledger(":memory:", actor="clerk", clock=clock)
    for book in (ledger, plain):
        book.open_account("assets:bank", type="asset")
        book.open_account("expenses:rent", type="expense")
    seen = ledger.propose(entry("good", rule="rent@2"))
    ledger.proposals.approve("good", seen=seen.digest, actor="boss")
    ledger.proposals.post("good", actor="boss")
    seen = ledger.propose(entry("bad"))
    ledger.proposals.reject("bad", seen=seen.digest, actor="boss")
    [row] = reports.entry_votes(ledger.records())
    assert (row["id"], row["maker"], row["approvals"], row["approvers"]) == (
        "good",
        "clerk",
        1,
        "boss",
    )
    assert (row["rejecters"], row["releaser"], row["four_eyes"]) == (
        None,
        "boss",
        "yes",
    )
    plain.post(entry("alone"))
    [row] = reports.entry_votes(plain.records())
    assert (row["maker"], row["approvals"], row["four_eyes"]) == ("clerk", 0, "no")
    assert len(reports.control_journal(plain.records())) == 0

    found = reports.control_journal(ledger.records()).rows()
    assert [(row["kind"], row["rule"], row["version"]) for row in found] == [
        ("control", "four-eyes", "1"),
        ("posting rule", "rent", "2"),
    ]
    assert found[0]["recorded"] == "2026-02-10T23:30:00+00:00"
    assert found[0]["actor"] == "boss"


def test_a_rule_without_a_version(ledger: bl.Ledger) -> None:
    """Its version is empty."""
    ledger.post(entry("e", rule="rent"))
    [row] = reports.control_journal(ledger.records())
    assert (row["rule"], row["version"]) == ("rent", "")


# --- the procedure -------------------------------------------------------------------


def test_the_documentation_of_the_procedure(clock: ManualClock) -> None:
    """Everything that the book says of itself, as Markdown; and as it was before."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=clock, controls=[FourEyes()]
    )
    ledger.open_account("assets:bank", type="asset", commodities=["EUR"])
    ledger.open_account("expenses:rent", type="expense")
    ledger.open_account("odd|name", type="asset")
    early = len(list(ledger.records()))
    ledger.accounts.change("assets:bank", label="The bank")
    ledger.accounts.close("odd|name", on=DAY)
    ledger.declare_dimension("cost_centre")
    ledger.open_journal("sales")
    ledger.periods.close("2025-12", reason="done")
    ledger.periods.close("2025-12", journal="sales")
    seen = ledger.propose(entry("e", rule="rent@2"))
    ledger.proposals.approve("e", seen=seen.digest, actor="boss")
    ledger.proposals.post("e", actor="boss")
    for number, period in ((1, "2"), (2, "3")):
        document = bl.Document("trade", "T", {"n": period}, version=number)
        ledger.documents.store(document)
    audit.checkpoint(ledger, signers=[audit.HmacKey("house", bytes(32))])
    text = reports.procedure_documentation(
        ledger.records(), retention=retention.GERMAN_RULES
    )
    for expected in (
        "# Procedures of the book main",
        "the book was begun on 2026-02-10.",
        "| assets:bank | asset | EUR |  | 2 |",
        "| odd\\|name | asset | all | 2026-01-31 | 2 |",
        "| sales | 0 |",
        "| general | 1 |",
        "| EUR | 2 |",
        "| cost_centre |",
        "| 2025-12 | all | closed |",
        "| 2025-12 | sales | closed |",
        "| posting rule | rent | 2 |",
        "| control | four-eyes | 1 |",
        "| trade | 1 | 1 |",
        "| log-checkpoint | 1 | 0 |",
        "| boss | 1 commodity, 1 decision, 1 entry, 1 vote |",
        "SHA-256",
        "| voucher | bank | 2025-01-01 | 10 years |  | end-of-year |",
        "| money-laundering | all others | 1977-01-01 | 5 years | 10 years |",
        "| clerk | account assets:bank changed |",
        "| clerk | period 2025-12 of journal sales: closed |",
        "| clerk | control four-eyes required |",
    ):
        assert expected in text, expected
    before = reports.procedure_documentation(ledger.records(), known_at=early)
    assert f"As of record {early} of" in before
    assert "| assets:bank | asset | EUR |  | 1 |" in before
    assert "## Retention" not in before
    assert "## Documents" not in before
    with pytest.raises(errors.InvalidOption, match="records"):
        reports.procedure_documentation([])


def test_a_book_without_rules_says_nothing_of_them(ledger: bl.Ledger) -> None:
    """Sections without lines are left out."""
    ledger.post(entry("e"))
    text = reports.procedure_documentation(ledger.records())
    assert "## Controls" not in text
    assert "| general | 1 |" in text


def test_only_votes_on_the_last_revision_count(clock: ManualClock) -> None:
    """Who revised a proposal is one of its makers."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=clock, controls=[FourEyes()]
    )
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    seen = ledger.propose(entry("e"))
    ledger.proposals.approve("e", seen=seen.digest, actor="early")
    seen = ledger.proposals.revise("e", entry("e", description="rent"), actor="anna")
    ledger.proposals.approve("e", seen=seen.digest, actor="boss")
    ledger.proposals.post("e", actor="boss")
    [row] = reports.entry_votes(ledger.records())
    assert (row["maker"], row["approvers"], row["four_eyes"]) == (
        "clerk, anna",
        "boss",
        "yes",
    )
