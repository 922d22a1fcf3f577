"""When ``invalid-identifier`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidIdentifier


@pytest.mark.parametrize("id_", ["", " rent", "rent\n", "a\u200bb"], ids=ascii)
def test_an_id_that_is_not_what_it_looks_like(
    ledger: bl.Ledger, entry: Any, refuses: Any, id_: str
) -> None:
    """An id is visible, has no outer spaces, and is not empty."""
    with pytest.raises(InvalidIdentifier) as caught:
        ledger.post(entry(id=id_))
    assert (caught.value.field, caught.value.found) == ("id", ascii(id_))


def test_look_alikes_in_a_path(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """A Cyrillic letter in a Latin word would be another account."""
    with refuses(
        ledger,
        InvalidIdentifier,
        "invalid-identifier",
        field="account",
        expected="one script in each part",
        found="'c\\u0430sh'",
    ):
        ledger.post(entry(debited="expenses:c\u0430sh"))
