"""When ``unknown-record`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownRecord


def test_an_entry_that_is_not_there(ledger: bl.Ledger, refuses: Any) -> None:
    """It can be neither read nor reversed."""
    with refuses(
        ledger,
        UnknownRecord,
        "unknown-record",
        field="id",
        expected="the id of an entry",
        found="'rent-1999-01'",
    ):
        ledger.record("rent-1999-01")
    with refuses(
        ledger,
        UnknownRecord,
        "unknown-record",
        field="id",
        expected="the id of an entry",
        found="'rent-1999-01'",
    ):
        ledger.reverse("rent-1999-01", date=date(2026, 3, 1), reason="twice")


def test_a_text_that_is_not_there(ledger: bl.Ledger, refuses: Any) -> None:
    """Only what was said can be erased."""
    with refuses(
        ledger,
        UnknownRecord,
        "unknown-record",
        field="field",
        expected="description",
        found="'postings.0.memo'",
    ):
        ledger.redact("rent-2026-02", field="postings.0.memo", basis="GDPR Art. 17")


def test_a_document_that_is_not_there(ledger: bl.Ledger, refuses: Any) -> None:
    """Neither the document nor a version of it."""
    with refuses(
        ledger,
        UnknownRecord,
        "unknown-record",
        field="id",
        expected="a document of kind trade",
        found="'t-1'",
    ):
        ledger.documents.get("trade", "t-1")
