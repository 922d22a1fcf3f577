"""Retention: the published periods, holds, and erasure that the book shows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.compliance import retention
from backoffice_ledger.compliance.retention import (
    GERMAN_RULES,
    DueStatus,
    LegalHold,
    Retained,
    Retention,
    RetentionRule,
    retention_period,
)
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ManualClock

MADE = date(2026, 3, 15)
SOURCE = "AO § 147(3), HGB § 257(4), as amended by BEG IV"


# --- the table -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record_class", "entity", "start", "keep_until", "destroy_by"),
    [
        ("voucher", "general", MADE, date(2034, 12, 31), None),
        ("voucher", "bank", MADE, date(2036, 12, 31), None),
        ("voucher", "insurer", MADE, date(2036, 12, 31), None),
        ("voucher", "investment-firm", MADE, date(2036, 12, 31), None),
        (
            "money-laundering",
            "bank",
            date(2026, 5, 1),
            date(2031, 12, 31),
            date(2036, 12, 31),
        ),
        (
            "communication",
            "investment-firm",
            date(2026, 2, 1),
            date(2031, 2, 1),
            date(2031, 2, 1),
        ),
        ("books", "general", MADE, date(2036, 12, 31), None),
        ("letter", "general", MADE, date(2032, 12, 31), None),
        ("banking", "bank", MADE, date(2031, 12, 31), None),
        ("communication", "bank", date(2024, 2, 29), *[date(2029, 2, 28)] * 2),
    ],
)
def test_periods_are_those_of_the_law(
    record_class: str, entity: str, start: date, keep_until: date, destroy_by: date
) -> None:
    """AO § 147(3)(4), HGB § 257(4), BEG IV, GwG § 8(4), WpHG § 83(8)."""
    found = retention_period(record_class, start, entity=entity, on=MADE)
    assert (found.keep_until, found.destroy_by) == (keep_until, destroy_by)
    assert found.rule.record_class == record_class


def test_a_row_holds_from_its_day() -> None:
    """BEG IV shortens on 1 January 2025 what is still kept then, and not before."""
    for on, years in ((date(2024, 12, 31), 10), (date(2025, 1, 1), 8)):
        found = retention_period("voucher", date(2020, 6, 1), entity="general", on=on)
        assert found.keep_until == date(2020 + years, 12, 31)
        bank = retention_period("voucher", date(2020, 6, 1), entity="bank", on=on)
        assert bank.keep_until == date(2030, 12, 31)


def test_a_row_of_ones_own() -> None:
    """The authority orders two more years; a law of another country."""
    more = RetentionRule(
        record_class="communication",
        effective=date(2027, 1, 1),
        keep_years=7,
        destroy_years=7,
        starts="event",
        source="WpHG § 83(8) sentence 2: order of 2026-12-01",
    )
    for on, until in ((date(2026, 12, 31), 2031), (date(2027, 1, 1), 2033)):
        found = retention_period(
            "communication",
            date(2026, 2, 1),
            entity="bank",
            on=on,
            rules=(*GERMAN_RULES, more),
        )
        assert found.keep_until == date(until, 2, 1)


@given(
    rule=st.sampled_from(GERMAN_RULES),
    start=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
)
def test_periods_are_at_least_so_long(rule: RetentionRule, start: date) -> None:
    """From the event on; by the end of a year if it starts with one."""
    end = rule.after(start, rule.keep_years)
    assert end.year == start.year + rule.keep_years
    if rule.starts == "end-of-year":
        assert (end.month, end.day) == (12, 31)
    assert rule.destroy_years is None or rule.after(start, rule.destroy_years) >= end


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"record_class": ""}, errors.InvalidOption),
        ({"record_class": 1}, errors.InvalidOption),
        ({"source": "x" * 201}, errors.InvalidOption),
        ({"entity": ""}, errors.InvalidOption),
        ({"effective": datetime(2026, 1, 1, tzinfo=UTC)}, errors.InvalidDate),
        ({"starts": "whenever"}, errors.InvalidOption),
        ({"keep_years": -1}, errors.InvalidOption),
        ({"keep_years": 1.5}, errors.InvalidOption),
        ({"keep_years": None}, errors.InvalidOption),
        ({"destroy_years": 4}, errors.InvalidOption),
        ({"destroy_years": 101}, errors.InvalidOption),
    ],
)
def test_rows_are_checked(
    arguments: dict[str, Any], error: type[errors.LedgerError]
) -> None:
    """A row that makes no sense does not come to be."""
    given_: dict[str, Any] = {
        "record_class": "voucher",
        "effective": MADE,
        "keep_years": 5,
        "source": "law",
    }
    RetentionRule(**given_)
    with pytest.raises(error):
        RetentionRule(**given_ | arguments)


def test_questions_are_checked() -> None:
    """A class that nobody knows by that day, no date, no rules."""
    good: dict[str, Any] = {"entity": "bank", "on": MADE}
    with pytest.raises(errors.InvalidOption, match="record_class"):
        retention_period("diary", MADE, **good)
    with pytest.raises(errors.InvalidOption, match="record_class"):
        retention_period("voucher", MADE, entity="bank", on=date(1970, 1, 1))
    with pytest.raises(errors.InvalidDate):
        retention_period("voucher", "2026-03-15", **good)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidOption, match="RetentionRules"):
        retention_period("voucher", MADE, **good, rules=["x"])
    with pytest.raises(errors.InvalidDate):
        Retained("voucher", "x")  # type: ignore[arg-type]


def test_the_table_is_data() -> None:
    """It prints and exports like every report."""
    rows = retention.rules_table().rows()
    assert len(rows) == len(GERMAN_RULES)
    assert rows[2]["keep_years"] == 8
    assert rows[2]["source"] == SOURCE


# --- a book --------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Yield a function that opens the same book again, on each store."""
    clock = ManualClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
    memory = bl.MemoryStore()
    last: list[bl.Ledger] = []
    stores: list[PostgreSQLStore] = []

    def open_() -> bl.Ledger:
        where: Any = memory
        if request.param == "sqlite":
            where = tmp_path / "books.db"
            while last:
                last.pop().close()
        elif request.param == "postgresql":
            while stores:
                stores.pop().close()
            where = PostgreSQLStore(request.getfixturevalue("database"))
            stores.append(where)
        ledger = bl.open_ledger(where, actor="clerk", create=True, clock=clock)
        last.append(ledger)
        return ledger

    yield open_
    for each in (*last, *stores):
        each.close()


def fill(ledger: bl.Ledger) -> None:
    """Open two accounts, post two entries, and keep two customers and a call."""
    ledger.open_account("assets:bank", type="asset", label="Bank")
    ledger.open_account("income:fees", type="income")
    for id_, day in (("e1", date(2026, 3, 15)), ("e2", date(2027, 1, 10))):
        ledger.post(
            bl.Entry(
                id_,
                day,
                [
                    bl.debit("assets:bank", "9 EUR", memo=f"IBAN of {id_}"),
                    bl.credit("income:fees", "9 EUR"),
                ],
                description=f"Fee of Jane Roe, {id_}",
            )
        )
    customer = bl.Document(
        "customer", "C1", {"name": "Jane Roe", "ended": None}, personal=["name"]
    )
    ledger.documents.store(customer)
    ledger.documents.store(customer.revise({"name": "J. Roe", "ended": "2026-05-01"}))
    ledger.documents.store(
        bl.Document(
            "customer", "C2", {"name": "R. Roe", "ended": None}, personal=["name"]
        )
    )
    ledger.documents.store(
        bl.Document(
            "call", "K1", {"words": "Buy", "on": "2026-02-01"}, personal=["words"]
        )
    )


def classify(record: bl.Record) -> Retained | None:
    """Classify customers by the end of the relationship, calls by their day."""
    if record.type != "document":
        return retention.vouchers(record)
    body = record.content["content"]
    match record.content["kind"]:
        case "customer" if body["ended"]:
            return Retained("money-laundering", date.fromisoformat(body["ended"]))
        case "call":
            return Retained("communication", date.fromisoformat(body["on"]))
    return None


def statuses(keeper: Retention, on: date) -> dict[str, str]:
    """Return the status of each record that has a period, by its id."""
    return {due.id: due.status.value for due in keeper.due(on=on)}


def test_the_life_of_a_retention(opened: Any) -> None:
    """What is due, what a hold keeps, what a run erases, after a restart as before."""
    ledger = opened()
    fill(ledger)
    keeper = Retention(ledger, entity="general", classify=classify)
    assert set(statuses(keeper, MADE).values()) == {"keep"}
    assert list(statuses(keeper, MADE)) == ["e1", "e2", "customer/C1", "call/K1"]
    assert statuses(keeper, date(2031, 2, 1))["call/K1"] == "keep"
    assert statuses(keeper, date(2031, 2, 2))["call/K1"] == "overdue"
    assert statuses(keeper, date(2031, 12, 31))["customer/C1"] == "keep"
    assert statuses(keeper, date(2032, 1, 1))["customer/C1"] == "expired"
    assert statuses(keeper, date(2037, 1, 1))["customer/C1"] == "overdue"
    assert statuses(keeper, date(2034, 12, 31))["e1"] == "keep"
    assert statuses(keeper, date(2035, 1, 1)) == {
        "e1": "expired",
        "e2": "keep",
        "customer/C1": "expired",
        "call/K1": "overdue",
    }
    hold = LegalHold(
        id="suit-7",
        reason="Lawsuit 7 O 12/34",
        records=[("document", "call/K1"), ("entry", "e1")],
    )
    keeper.place_hold(hold)
    keeper.place_hold(hold)

    ledger = opened()
    keeper = Retention(ledger, entity="general", classify=classify)
    assert keeper.holds() == (hold,)
    on = date(2035, 1, 1)
    assert statuses(keeper, on) == {
        "e1": "held",
        "e2": "keep",
        "customer/C1": "expired",
        "call/K1": "conflict",
    }
    assert str(keeper.run(on=on, only_overdue=True)).endswith(
        "0 texts of 0 records erased"
    )
    run = keeper.run(on=on)
    assert (run.texts, run.records, run.deletions) == (1, 1, ("000001",))
    assert "name" not in ledger.documents.get("customer", "C1").content
    assert "name" not in ledger.documents.get("customer", "C1", version=1).content
    assert ledger.documents.get("customer", "C2").content["name"] == "R. Roe"
    assert keeper.run(on=on).texts == 0

    keeper.lift_hold("suit-7", on=on)
    assert statuses(keeper, on)["e1"] == "held"
    on = date(2035, 1, 2)
    assert keeper.run(on=on, only_overdue=True).records == 1
    run = keeper.run(on=on)
    assert (run.texts, run.records) == (2, 1)
    record = ledger.record("e1")
    assert record.redacted == ("description", "postings.0.memo")
    assert ledger.record("e2").entry.description.startswith("Fee")

    ledger = opened()
    keeper = Retention(ledger, entity="general", classify=classify)
    rows = keeper.deletions().rows()
    assert [(row["deletion"], row["id"], row["field"]) for row in rows] == [
        ("000001", "customer/C1", "personal.name"),
        ("000002", "call/K1", "personal.words"),
        ("000003", "e1", "description"),
        ("000003", "e1", "postings.0.memo"),
    ]
    assert rows[0]["source"] == "GwG § 8(4)"
    redactions = [r.content["basis"] for r in ledger.records() if r.type == "redaction"]
    assert redactions == ["GwG § 8(4)", "WpHG § 83(8)", SOURCE, SOURCE]
    assert ledger.verify().redacted == 5


def test_an_open_tax_assessment_keeps_its_year(opened: Any) -> None:
    """AO § 147(3) sentence 5: the period does not end while it matters for taxes."""
    ledger = opened()
    fill(ledger)
    keeper = Retention(ledger, entity="general")
    open_year = LegalHold(
        id="tax-2026",
        reason="AO § 147(3) sentence 5: assessment of 2026 is open",
        classes=["voucher", "books"],
        first=date(2026, 1, 1),
        last=date(2026, 12, 31),
        until=date(2038, 6, 30),
    )
    keeper.place_hold(open_year)
    on = date(2037, 1, 1)
    assert statuses(keeper, on) == {"e1": "held", "e2": "expired"}
    assert keeper.due(on=on)[0].holds == ("tax-2026",)
    assert statuses(keeper, date(2038, 7, 1))["e1"] == "expired"
    later = LegalHold(
        id="tax-2026", reason="AO § 147(3): still", classes=["letter"], first=MADE
    )
    keeper.place_hold(later)
    assert keeper.holds() == (later,)
    assert statuses(keeper, on)["e1"] == "expired"


def test_the_report_shows_what_is_no_longer_kept() -> None:
    """Or everything that has a period."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=ManualClock(datetime(2026, 3, 15, tzinfo=UTC))
    )
    fill(ledger)
    keeper = Retention(ledger, entity="bank", classify=classify)
    keeper.place_hold(LegalHold(id="h", reason="suit", classes=["communication"]))
    table = keeper.report(on=date(2033, 1, 1))
    assert table.subtitle == "bank, on 2033-01-01"
    assert [(row["id"], row["status"], row["holds"]) for row in table] == [
        ("customer/C1", "expired", None),
        ("call/K1", "conflict", "h"),
    ]
    everything = keeper.report(on=date(2033, 1, 1), all=True)
    assert [row["id"] for row in everything] == ["e1", "e2", "customer/C1", "call/K1"]


def test_a_version_without_a_period_opens_it_again() -> None:
    """A customer who came back; the longest period of the versions counts."""
    ledger = bl.open_ledger(":memory:", actor="clerk")
    document = bl.Document(
        "customer", "C", {"name": "R", "ended": "2020-01-01"}, personal=["name"]
    )
    ledger.documents.store(document)
    keeper = Retention(ledger, entity="bank", classify=classify)
    on = date(2031, 1, 1)
    assert statuses(keeper, on) == {"customer/C": "overdue"}
    document = document.revise({"name": "R", "ended": "2021-01-01"})
    ledger.documents.store(document)
    assert statuses(keeper, on) == {"customer/C": "expired"}
    document = document.revise({"name": "R", "ended": "2019-01-01"})
    ledger.documents.store(document)
    assert statuses(keeper, on) == {"customer/C": "expired"}
    document = document.revise({"name": "R", "ended": None})
    ledger.documents.store(document)
    assert statuses(keeper, on) == {}


def test_proposals_and_refusals_are_vouchers() -> None:
    """Their texts go with those of the entry; what has no texts is not due."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=ManualClock(datetime(2026, 3, 15, tzinfo=UTC))
    )
    fill(ledger)
    sides = [
        bl.debit("assets:bank", "1 EUR", memo="m"),
        bl.credit("income:fees", "1 EUR"),
    ]
    entry = bl.Entry("voted", MADE, sides, description="Jane")
    seen = ledger.propose(entry)
    ledger.proposals.approve("voted", seen=seen.digest, actor="boss")
    ledger.proposals.post("voted")
    ledger.propose(bl.Entry("waiting", MADE, sides, description="Jane"))
    ledger.propose(bl.Entry("bare", MADE, _bare(sides)))
    bad = [bl.debit("assets:none", "1 EUR"), bl.credit("income:fees", "1 EUR")]
    with pytest.raises(errors.UnknownAccount):
        ledger.post(
            bl.Entry("refused", MADE, bad, description="Jane"), on_refusal="record"
        )
    keeper = Retention(ledger, entity="general")
    run = keeper.run(on=date(2035, 1, 1))
    assert (run.texts, run.records) == (7, 4)
    assert ledger.proposals.get("waiting").entry.description == ""
    assert statuses(keeper, date(2035, 1, 1)) == {"e2": "keep"}
    ledger.verify()


def _bare(sides: list[bl.Posting]) -> list[bl.Posting]:
    return [bl.debit("assets:bank", "1 EUR"), sides[1]]


def test_many_texts_go_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a deletion record of its own, which names what went with it."""
    monkeypatch.setattr(retention._runner, "TEXTS_AT_ONCE", 3)
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=ManualClock(datetime(2026, 3, 15, tzinfo=UTC))
    )
    fill(ledger)
    keeper = Retention(ledger, entity="general")
    run = keeper.run(on=date(2036, 1, 1))
    assert (run.texts, run.records, run.deletions) == (4, 2, ("000001", "000002"))
    assert [row["deletion"] for row in keeper.deletions()] == ["000001"] * 3 + [
        "000002"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": ""},
        {"reason": ""},
        {"classes": "voucher"},
        {"classes": [1]},
        {"classes": []},
        {"records": [("entry",)]},
        {"first": date(2026, 1, 2), "last": date(2026, 1, 1)},
    ],
)
def test_holds_are_checked(arguments: dict[str, Any]) -> None:
    """A hold on nothing, or on everything by mistake, does not come to be."""
    good: dict[str, Any] = {"id": "h", "reason": "suit", "classes": ["voucher"]}
    with pytest.raises(errors.InvalidOption):
        LegalHold(**good | arguments)
    with pytest.raises(errors.InvalidDate):
        LegalHold(**good, until="2026-01-01")


def test_arguments_are_checked() -> None:
    """Names and dates."""
    ledger = bl.open_ledger(":memory:", actor="clerk")
    with pytest.raises(errors.InvalidOption):
        Retention(ledger, entity="")
    keeper = Retention(ledger, entity="bank")
    with pytest.raises(errors.InvalidDate):
        keeper.due(on="today")  # type: ignore[arg-type]
    with pytest.raises(errors.UnknownRecord):
        keeper.lift_hold("none", on=MADE)
    assert DueStatus("keep") is DueStatus.KEEP


def test_proposals_of_other_commands_have_texts_too() -> None:
    """They are no vouchers; whoever classifies them gets their texts erased."""
    ledger = bl.open_ledger(
        ":memory:", actor="clerk", clock=ManualClock(datetime(2026, 3, 15, tzinfo=UTC))
    )
    ledger.proposals.propose(
        lambda book: book.open_account("assets:bank", type="asset", label="Jane Roe"),
        id="account",
    )
    assert Retention(ledger, entity="bank").due(on=MADE) == ()

    def letters(record: bl.Record) -> Retained | None:
        return Retained("letter", MADE) if record.type == "proposal" else None

    keeper = Retention(ledger, entity="bank", classify=letters)
    [due] = keeper.due(on=date(2033, 1, 1))
    assert (due.record_type, due.id, due.fields) == (
        "entry",
        "account",
        ("effect.0.label",),
    )
    assert keeper.run(on=date(2033, 1, 1)).texts == 1
    assert ledger.verify().redacted == 1
