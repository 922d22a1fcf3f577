"""What format 1 looks like, for ever: bytes, hashes, and a file to be opened.

Nothing here may ever be changed to make a test pass.  If one fails, books that people
have stored cannot be read or verified any more.
"""

import json
import runpy
import shutil
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger._engine.canonical import (
    canonical_json,
    commitment,
    record_bytes,
)
from backoffice_ledger._stores.sqlite_schema import RECORD_TYPES
from backoffice_ledger.audit import leaf_hash
from backoffice_ledger.stores import migrate

FOLDER = Path(__file__).parent
ROOTS = {
    "main": "194dd4a63efa8e046acbf999e0f737a4f8a8f9ffd0eb086dbda4df1e2160d9d0",
    "controlled": "191a49a9d6e91ddfd504c5676b68048a1b4ccd7f2359a85a8a811547b84a5599",
}

LATER_TYPES = {
    *("calendar", "decision", "exception", "exception-use", "hold", "refusal"),
}
"""Types of records that came with later formats."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what the script that made the files defines."""
    return runpy.run_path(str(FOLDER / "make_format_1.py"))


@pytest.fixture(scope="module")
def vectors() -> dict[str, list[dict[str, Any]]]:
    """Return the canonical text and leaf hash of every record, by book."""
    text = (FOLDER / "format_1.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a copy of the file, brought to the present format."""
    path = Path(shutil.copyfile(FOLDER / "format_1.db", tmp_path / "format_1.db"))
    assert migrate(path).before == 1
    return path


def test_canonical_json_is_that_of_the_specification() -> None:
    """The profile's own vector: sorted keys, no spaces, no escapes beyond ASCII.

    The ``json`` module, orjson, rfc8785 and jcs give the same 228 bytes for it.
    """
    value = {
        "v": 1,
        "ts": "2026-01-02T03:04:05.000000Z",
        "seq": 1,
        "maker": "u.müller",
        "effective": "2026-01-02",
        "postings": [
            {"ccy": "EUR", "amount": "100.00", "account": "Aktiva:Bank"},
            {"ccy": "EUR", "amount": "-100.00", "account": "Erträge:Gebühren"},
        ],
    }
    data = canonical_json(value).encode()
    assert (
        data
        == (
            '{"effective":"2026-01-02","maker":"u.müller","postings":[{"account":'
            '"Aktiva:Bank","amount":"100.00","ccy":"EUR"},{"account":"Erträge:Gebühren",'
            '"amount":"-100.00","ccy":"EUR"}],"seq":1,"ts":"2026-01-02T03:04:05.000000Z",'
            '"v":1}'
        ).encode()
    )
    assert len(data) == 228
    assert sha256(data).hexdigest() == (
        "7dd879bdf32fd7433f97fcc5acfcf3e00c077648b8b413e06bee8ff5157aec53"
    )
    assert leaf_hash(data).hex() == (
        "87146b3879aa660df2cff7ddc86aa96f0a4445307f07cda45cd1ffa1b21c8cb7"
    )


def test_a_record_and_a_commitment_are_written_like_this() -> None:
    """The frame of every record, and how a text is hidden."""
    data = record_bytes("journal", "clerk", "2026-01-01T00:00:00.000000Z", "{}")
    assert data == (
        b'{"actor":"clerk","at":"2026-01-01T00:00:00.000000Z","content":{},'
        b'"type":"journal","v":1}'
    )
    salt = bytes(range(16))
    assert commitment(salt, "Jürgen") == sha256(salt + b"J\xc3\xbcrgen").hexdigest()


def test_there_are_vectors_of_every_type(
    vectors: dict[str, list[dict[str, Any]]],
) -> None:
    """Each type of record is pinned, and each canonical text leads to its leaf."""
    rows = [row for book in vectors.values() for row in book]
    assert {row["type"] for row in rows} == set(RECORD_TYPES) - LATER_TYPES
    for row in rows:
        data = row["canonical"].encode()
        assert leaf_hash(data).hex() == row["leaf"]
        # the text is canonical in the sense of the standard library, too
        assert canonical_json(json.loads(data)).encode() == data


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_the_same_steps_give_the_same_bytes(
    made: dict[str, Any],
    vectors: dict[str, list[dict[str, Any]]],
    tmp_path: Path,
    store: str,
) -> None:
    """With the clock, the ids and the salts of then, on every store."""
    makers: dict[str, Callable[[], Any]] = {
        "memory": bl.MemoryStore,
        "sqlite": lambda: bl.SQLiteStore(tmp_path / "new.db", create=True),
    }
    kept = makers[store]()
    try:
        made["build"](kept)
        assert made["vectors"](kept) == vectors
    finally:
        kept.close()


@pytest.mark.parametrize("book", ROOTS)
def test_the_file_holds_the_same_bytes(
    made: dict[str, Any],
    vectors: dict[str, list[dict[str, Any]]],
    path: Path,
    book: str,
) -> None:
    """Its rows rebuild every record, and the log has the root that was pinned."""
    store = bl.SQLiteStore(path, read_only=True)
    try:
        assert made["vectors"](store) == vectors
        with bl.open_ledger(store, book=book, read_only=True) as ledger:
            found = ledger.verify()
            assert found.root == ROOTS[book]
            assert found.records == len(vectors[book])
    finally:
        store.close()


def test_the_file_can_be_read(path: Path) -> None:
    """Accounts, entries, balances, documents, proposals and periods of then."""
    with bl.open_ledger(path, read_only=True) as ledger:
        assert {
            account: str(ledger.balance(account)) for account in ledger.accounts.all()
        } == {
            "assets:bank": "-11.50 EUR, -1.999999999999999998 WEI/ETH",
            "equity:trading": "0",
            "expenses:rent": "11.50 EUR, 1.999999999999999998 WEI/ETH",
            "stock:customers": "0",
            "stock:vault": "0",
            "資産:現金": "0",
        }
        view = ledger.view(as_of=date(2026, 1, 31))
        assert str(view.balance("資産:現金")) == "-60.00 EUR, 11000 JPY"
        assert ledger.accounts.all()["assets:bank"].label == "Girokonto Jürgen Müller"
        full = ledger.record("full")
        assert full.redacted == ("description", "postings.0.memo")
        assert full.entry.references == ("contract-1", "invoice é")
        assert full.reversed_by == "reversal:full"
        document = ledger.documents.get("trade", "T/1", version=1)
        assert document.content["client"] == "Jane Doe"
        assert document.content["quantity"] == 2**53 - 1
        assert [p.status.value for p in ledger.proposals.all()] == [
            "posted",
            "rejected",
            "withdrawn",
            "open",
        ]
        states = {p.name: p.state.value for p in ledger.periods.all() if not p.journal}
        assert states == {"2025-12": "closed", "2026-01": "locked", "2026-02": "open"}


@pytest.mark.parametrize("book", ROOTS)
def test_the_file_can_be_written(made: dict[str, Any], path: Path, book: str) -> None:
    """It goes on where it stopped, and a retry still finds what was posted then."""
    controls = [made["Lenient"]()] if book == "controlled" else []
    with bl.open_ledger(path, actor="clerk", book=book, controls=controls) as ledger:
        size = ledger.verify().records
        postings = [
            bl.debit("expenses:rent", "1.00 EUR"),
            bl.credit("assets:bank", "1.00 EUR"),
        ]
        if book == "main":
            again = bl.Entry(
                "closing",
                date(2026, 2, 28),
                postings,
                kind="closing",
                description="closing",
            )
        else:
            again = bl.Entry("seen", date(2026, 1, 31), postings)
        assert ledger.post(again).position <= size
        new = ledger.post(bl.Entry("new", date(2026, 3, 1), postings))
        assert new.position == size + 1
        assert ledger.verify().records == size + 1
