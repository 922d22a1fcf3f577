"""Calendars, classes of journals and exceptions as format 2 keeps them, for ever.

Nothing here may ever be changed to make a test pass; see `test_format_1`.
"""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.audit import leaf_hash
from backoffice_ledger.stores import migrate

FOLDER = Path(__file__).parent
ROOT = "09e4c629bf4864667ef094bf30f08d2005ba28bf93f0e03b99a3b99f87933551"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what the script that made the files defines."""
    return runpy.run_path(str(FOLDER / "make_periods_2.py"))


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    """Return the canonical text and leaf hash of every record."""
    text = (FOLDER / "periods_2.json").read_text(encoding="utf-8")
    return json.loads(text)


def test_every_canonical_text_leads_to_its_leaf(vectors: list[dict[str, Any]]) -> None:
    """The types that are new are pinned."""
    found = {row["type"] for row in vectors}
    assert {"calendar", "exception", "exception-use"} <= found
    for row in vectors:
        assert leaf_hash(row["canonical"].encode()).hex() == row["leaf"]


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_the_same_steps_give_the_same_bytes(
    made: dict[str, Any], vectors: list[dict[str, Any]], tmp_path: Path, store: str
) -> None:
    """With the clock, the ids and the salts of then, on every store."""
    kept: Any = bl.MemoryStore()
    if store == "sqlite":
        kept = bl.SQLiteStore(tmp_path / "new.db", create=True)
    try:
        made["build"](kept)
        assert made["vectors"](kept) == vectors
    finally:
        kept.close()


def test_the_file_says_what_it_said_then(
    made: dict[str, Any], vectors: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Its rows rebuild every record; names and exceptions mean what they meant."""
    path = Path(shutil.copyfile(FOLDER / "periods_2.db", tmp_path / "periods_2.db"))
    assert migrate(path).before == 2
    store = bl.SQLiteStore(path, read_only=True)
    try:
        assert made["vectors"](store) == vectors
        ledger = bl.open_ledger(store, read_only=True)
        assert ledger.verify().root == ROOT
        calendar = ledger.periods.calendar
        assert calendar.first == made["RETAIL"]
        assert calendar.changes[0] == (made["LONG_YEAR"].first, made["LONG_YEAR"])
        period = ledger.periods.get("FY2026-P01", journal_class="sales")
        assert period.state is bl.PeriodState.CLOSED
        assert {each.id: each.entries for each in ledger.periods.exceptions()} == {
            "all": (),
            "class": ("late",),
            "journal": (),
        }
    finally:
        store.close()
