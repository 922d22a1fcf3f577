"""What format 2 brought, for ever: limits, holds, refusals, listeners' positions.

Nothing here may ever be changed to make a test pass; see `test_format_1`.
"""

import json
import runpy
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.audit import leaf_hash
from backoffice_ledger.stores import migrate
from backoffice_ledger.testing import FrozenClock

FOLDER = Path(__file__).parent
ROOT = "e80f60d567ecc822dc8ccbdc4acca6e4fffb70cfc933b3f7b70c4c9048d4d2b8"
NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what the script that made the files defines."""
    return runpy.run_path(str(FOLDER / "make_format_2.py"))


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    """Return the canonical text and leaf hash of every record."""
    text = (FOLDER / "format_2.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a copy of the file, brought to the present format."""
    path = Path(shutil.copyfile(FOLDER / "format_2.db", tmp_path / "format_2.db"))
    assert migrate(path).before == 2
    return path


def test_every_canonical_text_leads_to_its_leaf(vectors: list[dict[str, Any]]) -> None:
    """The types that are new, and accounts with limits, are pinned."""
    assert {"hold", "refusal"} <= {row["type"] for row in vectors}
    assert any('"limits":' in row["canonical"] for row in vectors)
    for row in vectors:
        assert leaf_hash(row["canonical"].encode()).hex() == row["leaf"]


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_the_same_steps_give_the_same_bytes(
    made: dict[str, Any], vectors: list[dict[str, Any]], tmp_path: Path, store: str
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


def test_the_file_holds_the_same_bytes(
    made: dict[str, Any], vectors: list[dict[str, Any]], path: Path
) -> None:
    """Its rows rebuild every record, and the log has the root that was pinned."""
    store = bl.SQLiteStore(path, read_only=True)
    try:
        assert made["vectors"](store) == vectors
        with bl.open_ledger(store, read_only=True) as ledger:
            found = ledger.verify()
            assert (found.root, found.records) == (ROOT, len(vectors))
        with store.transaction("main", write=False) as transaction:
            assert transaction.listener_position("mailer") == 7
    finally:
        store.close()


def test_the_file_can_be_read(path: Path) -> None:
    """Limits, holds and what is available of then."""
    with bl.open_ledger(path, read_only=True, clock=FrozenClock(NOW)) as ledger:
        account = ledger.accounts.all()["liabilities:alice"]
        assert account.limits == {"EUR": bl.Limit(minimum="0.00 EUR")}
        assert {hold.id: hold.status for hold in ledger.holds.all()} == {
            "captured": "captured",
            "due": "expired",
            "kept": "open",
            "open": "open",
            "released": "captured",
            "relied-on": "expired",
            "swept": "expired",
            "swept-too": "expired",
            "voided": "voided",
        }
        kept = ledger.holds.get("kept")
        assert [str(line.amount) for line in kept.remaining] == ["70.00 EUR"] * 2
        assert kept.captures == ("kept-0", "kept-1")
        assert ledger.holds.get("voided").description == ""
        assert ledger.record("capture:captured").entry.description == "für captured"
        balances = ledger.accounts.balances("liabilities:alice")
        assert str(balances.posted) == "808.00 EUR"
        assert str(balances.available) == "638.00 EUR"
        assert balances.version == 27


def test_the_file_can_be_written(made: dict[str, Any], path: Path) -> None:
    """Refusals of then are given again, holds of then are captured."""
    pay = made["pay"]
    with bl.open_ledger(path, actor="clerk", clock=FrozenClock(NOW)) as ledger:
        size = ledger.verify().records
        with pytest.raises(bl.errors.LimitBreached):
            ledger.post(pay("too-much", "5000.00 EUR", description="Fahrrad"))
        with pytest.raises(bl.errors.IdempotencyConflict):
            ledger.post(pay("too-much", "5000.00 EUR", description="Auto"))
        with pytest.raises(bl.errors.LimitBreached):
            ledger.post(pay("erased", "5000.00 EUR", description="forgotten"))
        again = ledger.holds.capture("captured", date=date(2026, 1, 31))
        assert again.position < size
        ledger.holds.capture("open", date=date(2026, 1, 31))
        ledger.verify()
