"""Published cases, and a commodity for figures that are printed without decimals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl

FILE = Path(__file__).parents[1] / "data" / "published_interest.json"


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Return the published cases."""
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def units() -> Callable[[str, int], bl.Amount]:
    """Return a function that makes amounts of so many decimal places."""

    def make(number: str, scale: int) -> bl.Amount:
        return bl.Amount(number, bl.Commodity("UNITS", scale))

    return make
