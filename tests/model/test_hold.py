"""Holds and limits as values: what can be built, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors

PAIR = [bl.debit("assets:a", "5.00 EUR"), bl.credit("assets:b", "5.00 EUR")]


def test_a_hold_begins_with_all_that_it_names() -> None:
    """It is open, and nothing of it is captured."""
    hold = bl.Hold("h", PAIR, description="Deposit")
    assert (hold.status, hold.remaining, hold.captures) == ("open", tuple(PAIR), ())
    assert (hold.reserved_at, hold.expires_at) == (None, None)


def test_the_same_instant_is_the_same_expiry() -> None:
    """In whichever time zone it was given."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=5)))
    assert bl.Hold("h", PAIR, expires=noon) == bl.Hold("h", PAIR, expires=there)


BAD_HOLDS: dict[str, tuple[dict[str, Any], type[bl.LedgerError], str]] = {
    "negative": (
        {"postings": [bl.debit("a", "-5.00 EUR"), bl.credit("b", "-5.00 EUR")]},
        errors.InvalidOption,
        "postings[0].amount",
    ),
    "memo": (
        {"postings": [bl.debit("a", "5.00 EUR", memo="x"), PAIR[1]]},
        errors.InvalidOption,
        "postings[0].memo",
    ),
    "one posting": ({"postings": PAIR[:1]}, errors.InvalidEntry, "postings"),
    "unbalanced": (
        {"postings": [PAIR[0], bl.credit("b", "4.00 EUR")]},
        errors.Unbalanced,
        "postings",
    ),
    "no span": ({"expires": timedelta(0)}, errors.InvalidOption, "expires"),
    "a century": ({"expires": timedelta(36_600)}, errors.InvalidOption, "expires"),
    "a day": ({"expires": date(2026, 3, 1)}, errors.InvalidDate, "expires"),
    "naive": (
        {"expires": datetime(2026, 3, 1)},  # noqa: DTZ001
        errors.InvalidDate,
        "expires",
    ),
}


@pytest.mark.parametrize("name", BAD_HOLDS)
def test_a_hold_that_cannot_be(name: str) -> None:
    """Each field has an error of its own."""
    fields, kind, field = BAD_HOLDS[name]
    with pytest.raises(kind) as caught:
        bl.Hold(**{"id": "h", "postings": PAIR} | fields)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("build", "kind", "field"),
    [
        (lambda: bl.Limit(), errors.InvalidOption, "minimum"),
        (
            lambda: bl.Limit(minimum="1 EUR", maximum="1 USD"),
            errors.CommodityMismatch,
            "maximum",
        ),
        (
            lambda: bl.Limit(minimum="2 EUR", maximum="1 EUR"),
            errors.InvalidOption,
            "maximum",
        ),
        (lambda: bl.Limit(minimum=1.5), errors.InexactNumber, "minimum"),
        (
            lambda: bl.Account("a", "asset", limits=["0 EUR"]),
            errors.InvalidOption,
            "limits",
        ),
        (
            lambda: bl.Account("a", "asset", limits=[bl.Limit(minimum="0 EUR")] * 2),
            errors.InvalidOption,
            "limits",
        ),
        (
            lambda: bl.Account(
                "a", "asset", commodities=["USD"], limits=[bl.Limit(minimum="0 EUR")]
            ),
            errors.CommodityMismatch,
            "limits",
        ),
    ],
    ids=["none", "units", "order", "float", "text", "twice", "not held"],
)
def test_a_limit_that_cannot_be(
    build: Callable[[], Any], kind: type[bl.LedgerError], field: str
) -> None:
    """A limit is of one commodity that the account may hold, and can be kept."""
    with pytest.raises(kind) as caught:
        build()
    assert caught.value.field == field


def test_limits_are_kept_by_commodity() -> None:
    """In the order of the codes, whatever order they were given in."""
    limits = [bl.Limit(maximum="5 USD"), bl.Limit(minimum="0 EUR")]
    account = bl.Account("assets:a", "asset", limits=limits)
    assert list(account.limits) == ["EUR", "USD"]
    assert account.limits["USD"].commodity == bl.Commodity("USD")
