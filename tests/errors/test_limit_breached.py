"""When ``limit-breached`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import LimitBreached

DAY = date(2026, 3, 31)


def test_less_than_the_minimum(card: bl.Ledger, spending: Any, refuses: Any) -> None:
    """What is reserved cannot be spent, by an entry or by another hold."""
    for use in (
        lambda: card.post(bl.Entry("e", DAY, spending("40.01 EUR"))),
        lambda: card.holds.reserve(bl.Hold("h", spending("40.01 EUR"))),
    ):
        with refuses(
            card,
            LimitBreached,
            "limit-breached",
            field="postings[0].amount",
            expected="at least 0.00 EUR afterwards",
            found="-0.01 EUR",
        ):
            use()


def test_more_than_the_maximum(card: bl.Ledger, spending: Any, refuses: Any) -> None:
    """A card that may hold 100 euros takes no more."""
    limit = bl.Limit(maximum="100.00 EUR")
    card.accounts.change("liabilities:card", limits=[limit])
    turned = [bl.credit("liabilities:card", "0.01 EUR")]
    turned.append(bl.debit("assets:bank", "0.01 EUR"))
    with refuses(
        card,
        LimitBreached,
        "limit-breached",
        field="postings[0].amount",
        expected="at most 100.00 EUR afterwards",
        found="100.01 EUR",
    ):
        card.post(bl.Entry("e", DAY, turned))


def test_nothing_is_left(card: bl.Ledger, spending: Any, refuses: Any) -> None:
    """As much as available, of nothing, is no entry."""
    card.holds.reserve(bl.Hold("rest", spending("40.00 EUR")))
    with refuses(
        card,
        LimitBreached,
        "limit-breached",
        field="balancing",
        expected="something available",
        found="0.00 EUR",
    ):
        all_of_it = bl.Entry("e", DAY, spending("500.00 EUR"))
        card.post(all_of_it, balancing="liabilities:card")
