"""Whatever is passed in: the book takes it, or a `LedgerError` says why, at once."""

import datetime as dt
import inspect
import itertools
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.calendars import FiscalMonths

CPU_SECONDS_MAX = 1.0
DAY = date(2026, 3, 31)


def rent(id_: str = "rent-2026-03", **changes: Any) -> bl.Entry:
    """Return an entry that the book takes."""
    postings = [
        bl.debit("expenses:rent", "1000.00 EUR", memo="floor 2"),
        bl.credit("assets:bank", "1000.00 EUR"),
    ]
    fields: dict[str, Any] = {"date": DAY, "postings": postings}
    return bl.Entry(id_, **fields | changes)


def hold(id_: str, **changes: Any) -> bl.Hold:
    """Return a hold that the book takes."""
    postings = [
        bl.debit("expenses:rent", "20.00 EUR"),
        bl.credit("assets:bank", "20.00 EUR"),
    ]
    return bl.Hold(id_, postings, **changes)


def fill(store: Any) -> bl.Ledger:
    """Return a small book in *store*."""
    ledger = bl.open_ledger(store, actor="clerk", create=True)
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("assets:old", type="asset", opened=date(2020, 1, 1))
    ledger.accounts.close("assets:old", on=date(2025, 12, 31))
    cash = {"cash_flow": "cash"}
    ledger.open_account(
        "assets:euro", type="asset", commodities=["EUR"], attributes=cash
    )
    ledger.open_account("expenses:rent", type="expense")
    ledger.declare_dimension("cost_centre")
    ledger.post(rent("rent-2026-02", description="Office"))
    ledger.documents.store(bl.Document("trade", "t-1", {"price": "99.50"}))
    ledger.propose(rent("proposed"))
    ledger.holds.reserve(hold("held", description="Deposit"))
    ledger.periods.close("2026-01")
    ledger.periods.allow(
        "2026-01",
        actors=["anna"],
        until=datetime(2100, 1, 1, tzinfo=UTC),
        reason="audit",
        id="audit",
    )
    return ledger


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small book in a file that is only ever copied."""
    path = tmp_path_factory.mktemp("bad_input") / "template.db"
    store = bl.SQLiteStore(path, create=True)
    fill(store)
    store.close()  # what is in the log beside the file is in the file then
    return path


@pytest.fixture(params=["memory", "sqlite"])
def ledger(
    request: pytest.FixtureRequest,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[bl.Ledger]:
    """Return the small book on each store; files go to a folder of the test."""
    monkeypatch.chdir(tmp_path)
    if request.param == "memory":
        yield fill(bl.MemoryStore())
        return
    shutil.copyfile(template, "books.db")
    with bl.open_ledger("books.db", actor="clerk") as ledger:
        yield ledger


# --- every field of an entry, wrong in every way --------------------------------------

TEXTS = {
    "nothing": "",
    "outer space": " x",
    "line break": "a\nb",
    "zero": "a\0b",
    "bidi override": "a\u202eb",
    "lone surrogate": "a\ud800b",
    "million digits": "1" * 10**6,
    "bytes": b"x",
    "int": 5,
    "float": 5.0,
    "object": object(),
    "list": ["x"],
}
DAYS = {
    "text": "2026-03-31",
    "naive": datetime(2026, 3, 31),  # noqa: DTZ001
    "aware": datetime(2026, 3, 31, tzinfo=UTC),
    "int": 20260331,
    "early": date(1, 1, 1),
    "late": date.max,
    "object": object(),
}
AMOUNTS = {
    "float": 1000.0,
    "nan": math.nan,
    "bool": True,
    "int": 1000,
    "decimal": Decimal("1000.00"),
    "none": None,
    "bytes": b"1000.00 EUR",
    "object": object(),
    "empty": "",
    "no number": " EUR",
    "no code": "1000.00",
    "two codes": "1 EUR USD",
    "unknown code": "1 XYZ",
    "exponent": "1e999999 EUR",
    "special": "NaN EUR",
    "infinite": "-Infinity EUR",
    "separator": "1,000.00 EUR",
    "underscore": "1_000 EUR",
    "foreign digits": "\u0663\u0664 EUR",
    "too fine": "0.001 EUR",
    "too large": f"{10**25} EUR",
    "million digits": f"{'1' * 10**6} EUR",
    "zero byte": "1\0 EUR",
}
FIELDS: dict[str, dict[str, Any]] = {
    "id": TEXTS,
    "date": DAYS | {"none": None, "closed": date(2026, 1, 15)},
    "postings": {
        "none": None,
        "empty": [],
        "one": [bl.debit("assets:bank", "1 EUR")],
        "text": "postings",
        "set": {bl.debit("assets:bank", "1 EUR"), bl.credit("assets:bank", "1 EUR")},
        "drafts": [1, 2],
        "too many": itertools.repeat(bl.debit("assets:bank", "1 EUR")),
        "zeros": [bl.debit("assets:bank", "0 EUR"), bl.credit("assets:bank", "0 EUR")],
        "unbalanced": [
            bl.debit("assets:bank", "1 EUR"),
            bl.credit("assets:bank", "1 USD"),
        ],
    },
    "description": {
        k: v for k, v in TEXTS.items() if k not in ("nothing", "outer space")
    },
    "kind": {"unknown": "monthly", "none": None, "list": [], "reversing": "reversing"},
    "journal": TEXTS | {"unknown": "purchases"},
    "document_number": TEXTS,
    "document_date": DAYS,
    "economic_date": DAYS,
    "references": {
        "none": None,
        "text": "invoice-1",
        "set": {"invoice-1"},
        "empty": [""],
        "number": [1],
        "endless": itertools.count(),
    },
    "rule": TEXTS,
}
POSTING_FIELDS: dict[str, dict[str, Any]] = {
    "account": TEXTS
    | {
        "unknown": "assets:nowhere",
        "closed": "assets:old",
        "empty part": "assets::bank",
        "too deep": "a" + ":a" * 16,
        "look-alike": "assets:b\u0430nk",
    },
    "amount": AMOUNTS,
    "value_date": DAYS,
    "memo": FIELDS["description"],
    "dimensions": {
        "unknown": {"colour": "red"},
        "number": {"cost_centre": 7},
        "key": {7: "B7"},
        "list": ["cost_centre"],
        "text": "B7",
        "many": {f"d{number}": "x" for number in range(65)},
    },
}


def cases(fields: dict[str, dict[str, Any]]) -> list[Any]:
    """Return every field with every wrong value."""
    return [
        pytest.param(field, value, id=f"{field}-{name}".replace(" ", "-"))
        for field, values in fields.items()
        for name, value in values.items()
    ]


@pytest.fixture
def refuses(ledger: bl.Ledger) -> Callable[[Callable[[], Any]], None]:
    """Return a function that expects a refusal: at once, clear, and without effect."""

    def check(use: Callable[[], Any]) -> None:
        before, started = ledger.verify(), time.process_time()
        with pytest.raises(bl.LedgerError) as caught:
            use()
        assert time.process_time() - started < CPU_SECONDS_MAX
        error = caught.value
        assert isinstance(error, (errors.InvalidInput, errors.Refused))
        assert error.field
        assert error.code in str(error)
        assert len(str(error)) < 600
        assert str(error).isprintable()
        assert ledger.verify() == before

    return check


@pytest.mark.parametrize(("field", "value"), cases(FIELDS))
def test_a_wrong_field_of_an_entry(
    ledger: bl.Ledger, refuses: Any, field: str, value: Any
) -> None:
    """Nothing of it is written, and the error names a field."""
    changes = {field: value}
    refuses(lambda: ledger.post(rent(**{"id_": changes.pop("id", "bad")} | changes)))


@pytest.mark.parametrize(("field", "value"), cases(POSTING_FIELDS))
def test_a_wrong_field_of_a_posting(
    ledger: bl.Ledger, refuses: Any, field: str, value: Any
) -> None:
    """The same for what stands in a posting."""
    fields = {"account": "expenses:rent", "amount": "1 EUR"} | {field: value}

    def use() -> None:
        debit = bl.debit(**fields)  # type: ignore[arg-type]
        ledger.post(rent("bad", postings=[debit, bl.credit("assets:bank", "1 EUR")]))

    refuses(use)


def test_a_commodity_that_the_account_does_not_hold(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """The chart decides what an account may hold."""
    postings = [bl.debit("assets:euro", "1 USD"), bl.credit("assets:bank", "1 USD")]
    refuses(lambda: ledger.post(rent("bad", postings=postings)))


def test_an_id_with_other_content(ledger: bl.Ledger, refuses: Any) -> None:
    """What is recorded stays."""
    refuses(lambda: ledger.post(rent("rent-2026-02", description="Other")))


@pytest.mark.parametrize(
    "salts", [lambda size: b"", lambda size: "x" * size], ids=["short", "text"]
)
def test_salts_that_are_none(tmp_path: Path, salts: Any) -> None:
    """A text without a proper salt could be guessed from its commitment."""
    ledger = bl.open_ledger(":memory:", actor="clerk", salts=salts)
    ledger.open_account("assets:bank", type="asset")
    before = ledger.verify()
    with pytest.raises(errors.InvalidOption) as caught:
        ledger.open_account("assets:cash", type="asset", label="Cash")
    assert caught.value.field == "salts"
    assert ledger.verify() == before


COLUMNS = {
    "ids": {"long": ["a", "b"], "number": [7], "iterator": iter(["a"])},
    "dates": {"text": ["2026-03-31"], "naive": [datetime(2026, 3, 31)]},  # noqa: DTZ001
    "debits": {"list": [["assets:bank"]], "unknown": ["assets:nowhere"]},
    "amounts": {"zero": [0], "float": [1.0], "large": [10**27]},
    "descriptions": {"line break": ["a\nb"], "bytes": [b"a"]},
}


@pytest.mark.parametrize(("column", "values"), cases(COLUMNS))
def test_a_wrong_column(
    ledger: bl.Ledger, refuses: Any, column: str, values: Any
) -> None:
    """Columns are checked value by value, and are of one length."""
    columns = CALLS["post_columns"] | {column: values}
    refuses(lambda: ledger.post_columns(**columns))


def test_no_columns_at_all(ledger: bl.Ledger) -> None:
    """Nothing to post is no error."""
    empty = dict.fromkeys(("ids", "dates", "debits", "credits", "amounts"), ())
    assert ledger.post_columns(**empty, commodity="EUR") == bl.PostSummary()


# --- every argument of every public method --------------------------------------------

JUNK: dict[str, Any] = {
    "none": None,
    "true": True,
    "zero": 0,
    "minus": -1,
    "64 bits": 2**64,
    "huge": 10**1_000_000,
    "float": 1.5,
    "nan": math.nan,
    "infinite": math.inf,
    "decimal": Decimal("1e999999"),
    "not a decimal": Decimal("sNaN"),
    "fraction": Fraction(1, 3),
    "complex": 1j,
    "empty": "",
    "space": " ",
    "word": "x",
    "zero byte": "a\0b",
    "newline": "a\nb",
    "surrogate": "\ud800",
    "override": "\u202e",
    "combining": "\u0301",
    "wildcard": "%",
    "quote": "' OR 1=1 --",
    "joined": "a/b*",
    "long": "x" * 10**6,
    "digits": "1" * 10**6,
    "bytes": b"x",
    "array": bytearray(10**6),
    "object": object(),
    "class": object,
    "entry class": bl.Entry,
    "function": len,
    "ellipsis": ...,
    "list": [],
    "nones": [None],
    "texts": ["x"],
    "nested": [[["x"]]],
    "unhashable": [{}],
    "tuple": (),
    "pair": (1, 2),
    "dict": {},
    "numbers": {1: 2},
    "words": {"x": "y"},
    "set": {"x"},
    "range": range(3),
    "day": DAY,
    "first day": date.min,
    "last day": date.max,
    "naive": datetime(2026, 3, 31),  # noqa: DTZ001
    "aware": datetime(2026, 3, 31, tzinfo=UTC),
    "time": dt.time(),
    "span": dt.timedelta(days=1),
    "path": Path("x"),
    "amount": bl.Amount(1, "EUR"),
    "entry": rent("junk"),
    "posting": bl.debit("assets:bank", "1 EUR"),
    "account": bl.Account("assets:x", "asset"),
    "document": bl.Document("trade", "t-2", {}),
    "limit": bl.Limit(minimum="1 EUR"),
    "hold": hold("junk"),
    "side": bl.Side.DEBIT,
}
ONCE: dict[str, Callable[[], Any]] = {
    "iterator": lambda: iter(["x"]),
    "endless": itertools.count,
    "generator": lambda: (item for item in ()),
}
"""Things that can be used once only."""

FUNCTIONS = ("progress", "ids", "salts", "intercept", "what", "duties")
"""Parameters that take any function; what it raises is the caller's own affair."""


def junk_for(parameter: str) -> Iterator[tuple[str, Any]]:
    """Yield junk, fresh, with a name for each."""
    for name, value in JUNK.items():
        if not (parameter in FUNCTIONS and callable(value)):
            yield f"{parameter}={name}", value
    for name, make in ONCE.items():
        yield f"{parameter}={name}", make()


def one_replaced(good: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield good arguments with one of them replaced by junk, and say which."""
    for parameter in good:
        for where, value in junk_for(parameter):
            yield where, good | {parameter: value}


CALLS: dict[str, dict[str, Any]] = {
    "open_account": {
        "path": "assets:cash",
        "type": "asset",
        "commodities": ["EUR"],
        "label": "Cash",
        "opened": DAY,
        "attributes": {"line": "A.1"},
        "limits": [bl.Limit(minimum="0.00 EUR")],
    },
    "open_journal": {
        "name": "sales",
        "description": "Sales",
        "journal_class": "customers",
    },
    "declare_dimension": {"name": "product"},
    "post": {
        "entry": rent(),
        "conditions": {"assets:bank": bl.Limit(maximum="1000000.00 EUR")},
        "versions": None,
        "balancing": "expenses:rent",
        "on_refusal": "raise",
        "dry_run": False,
    },
    "post_all": {"entries": [rent()], "versions": {"assets:bank": 2}},
    "post_many": {
        "entries": [rent()],
        "batch_size": 10,
        "progress": None,
        "atomic": False,
        "on_refusal": "collect",
    },
    "post_columns": {
        "ids": ["a"],
        "dates": [DAY],
        "debits": ["expenses:rent"],
        "credits": ["assets:bank"],
        "amounts": [100],
        "commodity": "EUR",
        "descriptions": ["Rent"],
        "journal": "general",
        "batch_size": 10,
        "progress": None,
    },
    "reverse": {
        "id": "rent-2026-02",
        "date": DAY,
        "reason": "twice",
        "style": "opposite",
        "reversal_id": "back",
    },
    "redact": {
        "id": "rent-2026-02",
        "field": "postings.0.memo",
        "basis": "GDPR",
        "type": "entry",
    },
    "record": {"id": "rent-2026-02"},
    "records": {"after": 0},
    "balance": {"account": "assets:bank"},
    "view": {"as_of": DAY, "known_at": 5},
    "propose": {"entry": rent()},
    "backup": {"target": "copy.db"},
    "verify": {"checkpoints": []},
    "accounts.change": {
        "path": "assets:bank",
        "commodities": ["EUR"],
        "label": "Bank",
        "opened": DAY,
        "closed": None,
        "attributes": {"line": "A.2"},
        "limits": [bl.Limit(maximum="1000000.00 EUR")],
    },
    "accounts.reopen": {"path": "assets:bank"},
    "accounts.balances": {"path": "assets:bank"},
    "accounts.close": {"path": "assets:euro", "on": DAY},
    "periods.adjust": {
        "name": "2026-04",
        "journal": None,
        "journal_class": None,
        "reason": "done",
    },
    "periods.allow": {
        "name": "2026-01",
        "actors": ["anna"],
        "until": datetime(2100, 1, 1, tzinfo=UTC),
        "reason": "audit",
        "journal": "general",
        "journal_class": None,
        "id": "audit-2",
    },
    "periods.close": {
        "name": "2026-02",
        "journal": None,
        "journal_class": None,
        "reason": "done",
    },
    "periods.dated": {"entry": rent(), "late": "first-open-day"},
    "periods.exceptions": {
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "entry": "rent-2026-02",
    },
    "periods.get": {"name": "2026-01", "journal": "general", "journal_class": None},
    "periods.lock": {
        "name": "2026-01",
        "journal": None,
        "journal_class": None,
        "reason": "done",
    },
    "periods.postpone": {
        "name": "2027-01",
        "journal": "general",
        "journal_class": None,
        "reason": "later",
    },
    "periods.reopen": {
        "name": "2026-01",
        "reason": "late",
        "journal": "general",
        "journal_class": None,
    },
    "periods.revoke": {"id": "audit", "reason": "done"},
    "periods.use": {
        "calendar": FiscalMonths(first_month=7),
        "since": date(2026, 7, 1),
        "reason": "Board",
    },
    "holds.reserve": {"hold": hold("new")},
    "holds.capture": {
        "id": "held",
        "date": DAY,
        "amount": "1.00 EUR",
        "postings": None,
        "remainder": "keep",
        "entry_id": "captured",
        "description": "Taken",
        "journal": "general",
    },
    "holds.void": {"id": "held"},
    "holds.get": {"id": "held"},
    "holds.all": {"status": "open"},
    "documents.store": {"document": bl.Document("trade", "t-2", {})},
    "documents.store_many": {"documents": [bl.Document("trade", "t-3", {})]},
    "documents.get_many": {"kind": "trade", "ids": ["t-1"]},
    "documents.history": {"kind": "trade", "id": "t-1"},
    "documents.get": {"kind": "trade", "id": "t-1", "version": 1},
    "documents.all": {"kind": "trade"},
    "documents.find": {
        "kind": "trade",
        "where": {"state": "open"},
        "between": {"due": ("2026-01-01", None)},
        "undeclared": True,
        "after": "t-0",
        "limit": 5,
    },
    "proposals.propose": {
        "what": rent(),
        "id": rent().id,
        "ttl": dt.timedelta(days=1),
        "actor": "clerk",
    },
    "proposals.revise": {
        "id": "proposed",
        "what": rent("proposed"),
        "ttl": dt.timedelta(days=1),
        "actor": "clerk",
    },
    "proposals.propose_reversal": {
        "id": "rent-2026-02",
        "date": DAY,
        "reason": "twice",
        "style": "same-side",
        "reversal_id": "back",
        "ttl": dt.timedelta(days=1),
        "actor": "clerk",
    },
    "proposals.approve": {
        "id": "proposed",
        "seen": "0" * 64,
        "on_behalf_of": "head",
        "reason": "checked",
        "actor": "controller",
    },
    "proposals.reject": {
        "id": "proposed",
        "seen": "0" * 64,
        "on_behalf_of": "head",
        "reason": "too much",
        "actor": "controller",
    },
    "proposals.override": {
        "id": "proposed",
        "seen": "0" * 64,
        "reason": "needed",
        "actor": "controller",
    },
    "proposals.withdraw": {"id": "proposed", "actor": "clerk"},
    "proposals.post": {"id": "proposed", "actor": "clerk"},
    "proposals.release": {"id": "proposed", "actor": "clerk"},
    "proposals.missing": {"id": "proposed", "actor": "clerk"},
    "proposals.decisions": {"id": "proposed", "duties": lambda _actor, _at: ["audit"]},
    "proposals.get": {"id": "proposed"},
    "proposals.all": {"status": "open"},
    "view().balance": {"account": "assets:bank", "include_children": True},
    "view().turnover": {"account": "assets:bank", "include_children": True},
    "view().entries": {
        "account": "assets:bank",
        "dates": (DAY, None),
        "journal": "general",
        "kind": "normal",
        "dimension": {"cost_centre": "B7"},
        "after": None,
        "known_after": 1,
        "limit": 10,
    },
    "view().find": {"ids": ["rent-1", "nobody"]},
    "view().balances_by": {
        "dimension": "cost_centre",
        "values": ["B7", "B8"],
        "accounts": ["assets:bank"],
        "include_children": True,
    },
    "view().trial_balance": {
        "dates": (None, DAY),
        "phase": "adjusted",
        "memorandum": False,
    },
    "view().balance_sheet": {"phase": "adjusted", "group_by": "path", "depth": 2},
    "view().income_statement": {
        "dates": (None, DAY),
        "phase": "adjusted",
        "group_by": "path",
        "depth": 2,
    },
    "view().cash_flow": {
        "dates": (None, DAY),
        "method": "indirect",
        "start": "result",
        "attribute": "cash_flow",
    },
    "view().changes_in_equity": {"dates": (None, DAY)},
    "view().aging": {
        "account": "assets:bank",
        "item": "cost_centre",
        "party": "cost_centre",
        "basis": "due",
        "due_dates": {"B7": DAY},
        "days": (30, 60),
    },
    "view().statement": {"account": "assets:bank", "dates": (None, DAY)},
    "view().general_ledger": {"dates": (None, DAY), "memorandum": False},
}
"""A good call of every public method with parameters.

Left out is `atomically`, which calls whatever it is given.
"""

HOLDERS: dict[str, Callable[[bl.Ledger], Any]] = {
    "": lambda ledger: ledger,
    "accounts.": lambda ledger: ledger.accounts,
    "periods.": lambda ledger: ledger.periods,
    "holds.": lambda ledger: ledger.holds,
    "documents.": lambda ledger: ledger.documents,
    "proposals.": lambda ledger: ledger.proposals,
    "view().": lambda ledger: ledger.view(as_of=DAY),
}


def method(ledger: bl.Ledger, name: str) -> Callable[..., Any]:
    """Return the method of this name."""
    holder, dot, verb = name.rpartition(".")
    bound: Callable[..., Any] = getattr(HOLDERS[holder + dot](ledger), verb)
    return bound


def call(use: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call with good or bad arguments; refusals are fine, other exceptions are not."""
    with suppress(bl.LedgerError):
        result = use(**arguments)
        if isinstance(result, Iterator):
            list(itertools.islice(result, 100))


def leaves(ledger: bl.Ledger) -> list[bytes]:
    """Return the leaf hash of every record."""
    return [record.leaf for record in ledger.records()]


def test_every_method_is_tried() -> None:
    """`CALLS` holds every public method and every one of its parameters."""
    ledger = fill(bl.MemoryStore())
    found = {}
    for prefix, holder in HOLDERS.items():
        for name, bound in inspect.getmembers(holder(ledger), inspect.ismethod):
            parameters = list(inspect.signature(bound).parameters)
            if not name.startswith("_") and parameters:
                found[prefix + name] = parameters
    del found["atomically"]
    assert found == {name: list(arguments) for name, arguments in CALLS.items()}


@pytest.mark.parametrize("name", CALLS)
def test_the_good_calls_are_good(ledger: bl.Ledger, name: str) -> None:
    """Only the votes are refused: nobody has seen that digest."""
    arguments = CALLS[name]
    if "seen" in arguments:
        arguments = arguments | {"seen": ledger.proposals.get("proposed").digest}
    try:
        result = method(ledger, name)(**arguments)
    except errors.InvalidOption as error:  # a book in memory has no file to copy
        assert (name, error.found) == ("backup", "'a book in memory'")
    else:
        if isinstance(result, Iterator):
            list(result)
    ledger.verify()


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument(ledger: bl.Ledger, name: str) -> None:
    """Each argument in turn is each kind of junk; the others are good."""
    before = leaves(ledger)
    for where, arguments in one_replaced(CALLS[name]):
        started = time.process_time()
        try:
            result = method(ledger, name)(**arguments)
            if isinstance(result, Iterator):
                list(itertools.islice(result, 100))
            before = leaves(ledger)
        except bl.LedgerError as error:
            assert error.field, where
            assert len(str(error)) < 600, where
            assert leaves(ledger) == before, where
        except Exception as error:  # noqa: BLE001 - this is what must not happen
            pytest.fail(f"{where}: {type(error).__name__}: {str(error)[:200]}")
        assert time.process_time() - started < CPU_SECONDS_MAX, where
    ledger.verify()


OPENING: dict[str, dict[str, Any]] = {
    "open_ledger": {
        "where": ":memory:",
        "actor": "clerk",
        "book": "main",
        "create": True,
        "read_only": False,
        "controls": (),
        "listeners": (),
        "clock": None,
        "ids": None,
        "salts": None,
    },
    "SQLiteStore": {
        "path": "new.db",
        "create": True,
        "read_only": False,
        "busy_seconds": 0,
        "intercept": None,
    },
}


@pytest.mark.parametrize("name", OPENING)
def test_a_wrong_argument_of_opening(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is opened, or something that can be closed."""
    monkeypatch.chdir(tmp_path)
    opener = getattr(bl, name)
    assert list(inspect.signature(opener).parameters) == list(OPENING[name])
    for where, arguments in one_replaced(OPENING[name]):
        try:
            opener(**arguments).close()
        except bl.LedgerError as error:
            assert error.field, where
        except Exception as error:  # noqa: BLE001 - this is what must not happen
            pytest.fail(f"{where}: {type(error).__name__}: {error}")


# --- anything at all ------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.decimals(),
    st.fractions(),
    st.text(),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Mn"])),
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.sampled_from([value for name, value in JUNK.items() if name != "huge"]),
    st.sampled_from([v for good in CALLS.values() for v in good.values()]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(
            st.one_of(st.text(max_size=5), st.integers(), st.none()), inner, max_size=4
        ),
    ),
    max_leaves=8,
)


EXAMPLES = max(400, settings().max_examples)


@pytest.fixture
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stand in an empty folder: any text may be the name of a file to write."""
    with chdir(tmp_path_factory.mktemp("elsewhere")):
        yield


@pytest.mark.usefixtures("_elsewhere")
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_anything_anywhere(data: st.DataObject) -> None:
    """Any method with any arguments succeeds or raises a `LedgerError`."""
    ledger = fill(bl.MemoryStore())
    name = data.draw(st.sampled_from(sorted(CALLS)))
    arguments = dict(CALLS[name])
    for parameter in data.draw(
        st.sets(st.sampled_from(sorted(arguments)), min_size=1, max_size=3)
    ):
        arguments[parameter] = data.draw(ANYTHING, label=parameter)
    if name != "backup":
        call(method(ledger, name), arguments)
    ledger.verify()


VALUES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Entry": (
        bl.Entry,
        {
            "id": "a",
            "date": DAY,
            "postings": rent().postings,
            "description": "",
            "kind": "normal",
            "journal": "general",
            "document_number": "1",
            "document_date": DAY,
            "economic_date": DAY,
            "references": ["a"],
            "rule": "r",
        },
    ),
    "EntryDraft": (
        bl.EntryDraft,
        {"date": DAY, "postings": rent().postings, "id": "a", "balance_to": "assets"},
    ),
    "debit": (
        bl.debit,
        {
            "account": "assets:bank",
            "amount": "1 EUR",
            "value_date": DAY,
            "memo": "m",
            "dimensions": {"a": "b"},
        },
    ),
    "Posting": (
        bl.Posting,
        {"account": "assets", "side": bl.Side.DEBIT, "amount": "1 EUR"},
    ),
    "Amount": (bl.Amount, {"value": "1", "commodity": "EUR"}),
    "Amount.parse": (bl.Amount.parse, {"text": "1 EUR"}),
    "Amount.from_minor": (bl.Amount.from_minor, {"minor_units": 1, "commodity": "EUR"}),
    "Amount.rounded": (
        bl.Amount.rounded,
        {"value": Decimal("1.005"), "commodity": "EUR", "rounding": "half-up"},
    ),
    "Commodity": (bl.Commodity, {"code": "POINTS", "scale": 0}),
    "Account": (
        bl.Account,
        {
            "path": "assets",
            "type": "asset",
            "commodities": ["EUR"],
            "label": "l",
            "opened": DAY,
            "closed": DAY,
            "attributes": {"a": "b"},
            "limits": [bl.Limit(minimum="0 EUR")],
        },
    ),
    "Limit": (bl.Limit, {"minimum": "0 EUR", "maximum": "1 EUR"}),
    "Hold": (
        bl.Hold,
        {
            "id": "h",
            "postings": hold("h").postings,
            "expires": dt.timedelta(days=7),
            "description": "d",
        },
    ),
    "Document": (
        bl.Document,
        {"kind": "k", "id": "i", "content": {}, "personal": (), "version": 1},
    ),
}


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_anything_as_a_field(data: st.DataObject) -> None:
    """Any value is built from any fields, or a `LedgerError` says why not."""
    build, fields = VALUES[data.draw(st.sampled_from(sorted(VALUES)))]
    arguments = dict(fields)
    for parameter in data.draw(
        st.sets(st.sampled_from(sorted(arguments)), min_size=1, max_size=2)
    ):
        arguments[parameter] = data.draw(ANYTHING, label=parameter)
    call(build, arguments)
