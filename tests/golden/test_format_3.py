"""What format 3 brought, for ever: documents that declare what they are found by.

Nothing here may ever be changed to make a test pass; see `test_format_1`.
"""

import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.audit import leaf_hash

FOLDER = Path(__file__).parent
ROOT = "f379fff88b7d5c9f4611b067e198f4de3ebbf4d1e7c4933de7b95664589b178e"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what the script that made the files defines."""
    return runpy.run_path(str(FOLDER / "make_format_3.py"))


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    """Return the canonical text and leaf hash of every record."""
    text = (FOLDER / "format_3.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a copy of the file."""
    return Path(shutil.copyfile(FOLDER / "format_3.db", tmp_path / "format_3.db"))


def test_every_canonical_text_leads_to_its_leaf(vectors: list[dict[str, Any]]) -> None:
    """The index stands in the canonical text, and only where it is declared."""
    texts = [row["canonical"] for row in vectors if row["type"] == "document"]
    assert sum('"index":{' in text for text in texts) == len(texts) - 2
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
    finally:
        store.close()


def test_the_file_can_be_asked_and_written(path: Path) -> None:
    """Documents of then are found by what they declare, and get other versions."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        documents = ledger.documents
        assert [each.id for each in documents.find("deal")] == [
            *("D-1", "D-3", "D/2", "plain")
        ]
        [settled] = documents.find("deal", {"state": "settled"})
        assert (settled.id, settled.version, settled.content) == ("D-1", 2, {})
        [found] = documents.find("deal", {"state": "open"})
        documents.store(found.revise({}, index={"state": "settled"}))
        assert documents.find("deal", {"state": "open"}) == ()
        proposed = ledger.proposals.get("D-4")
        ledger.proposals.release(proposed.id, actor="boss")
        assert [each.id for each in documents.find("deal", {"state": "open"})] == [
            "D-4"
        ]
        ledger.verify()
