"""When ``invalid-document`` is raised, and what it says."""

from datetime import date
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDocument


@pytest.mark.parametrize(
    ("content", "field", "expected", "found"),
    [
        (["a"], "content", "a mapping", "'list'"),
        ({"day": date(2026, 1, 1)}, "content.day", "a JSON value", "'date'"),
        ({"big": 2**53}, "content.big", "an int up to 2^53 - 1, or text", str(2**53)),
    ],
    ids=repr,
)
def test_content_that_json_cannot_hold(
    ledger: bl.Ledger,
    refuses: Any,
    content: Any,
    field: str,
    expected: str,
    found: str,
) -> None:
    """What comes back must be what was stored."""
    with refuses(
        ledger,
        InvalidDocument,
        "invalid-document",
        field=field,
        expected=expected,
        found=found,
    ):
        ledger.documents.store(bl.Document("trade", "t-1", content))


def test_storing_something_else(ledger: bl.Ledger, refuses: Any) -> None:
    """A mapping alone has neither kind nor id."""
    with refuses(
        ledger,
        InvalidDocument,
        "invalid-document",
        field="document",
        expected="a Document",
        found="'dict'",
    ):
        ledger.documents.store({})  # type: ignore[arg-type]
