"""When ``document-conflict`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import DocumentConflict


def test_a_version_that_somebody_else_has_stored(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """Who revises an old version has not seen the new one."""
    first = ledger.documents.store(bl.Document("trade", "t-1", {"price": "99.50"}))
    ledger.documents.store(first.revise({"price": "99.60"}))
    with refuses(
        ledger,
        DocumentConflict,
        "document-conflict",
        field="version",
        expected="3",
        found="2",
    ):
        ledger.documents.store(first.revise({"price": "99.70"}))


def test_a_version_that_skips_one(ledger: bl.Ledger, refuses: Any) -> None:
    """Versions have no gaps."""
    with refuses(
        ledger,
        DocumentConflict,
        "document-conflict",
        field="version",
        expected="1",
        found="2",
    ):
        ledger.documents.store(bl.Document("trade", "t-1", {}, version=2))
