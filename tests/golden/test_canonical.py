"""The writers of canonical bytes that are quick give what the slow ones give."""

import json
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger._engine.canonical import (
    canonical_json,
    names_json,
    texts_json,
)
from backoffice_ledger._model.document import freeze_json, plain_json
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger._stores.sql_append import stored_texts

CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def of_the_standard_library(value: object) -> str:
    """Return the canonical form as `json` writes it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def frozen(value: Any) -> Any:
    """Return a value with mappings and tuples that cannot be changed."""
    if isinstance(value, dict):
        return FrozenMapping((key, frozen(item)) for key, item in value.items())
    return tuple(map(frozen, value)) if isinstance(value, list) else value


@given(CONTENTS)
def test_frozen_values_are_written_as_plain_ones(value: object) -> None:
    """Nothing is copied for the encoder, and the bytes are those of a copy."""
    text = of_the_standard_library(value)
    assert canonical_json(value) == canonical_json(frozen(value)) == text
    assert plain_json(frozen(value)) == value


@given(st.lists(st.text()), st.dictionaries(st.text(), st.text()))
def test_lists_and_mappings_of_texts(texts: list[str], names: dict[str, str]) -> None:
    """References, controls and dimensions are written straight."""
    assert texts_json(texts) == of_the_standard_library(texts)
    assert names_json(frozen(names)) == of_the_standard_library(names)
    assert stored_texts(texts) == json.dumps(texts)


def test_what_json_does_not_have_is_refused() -> None:
    """Any mapping will do; a date has to be written as a text first."""
    day = MappingProxyType({"day": "2026-01-01"})
    assert canonical_json(day) == '{"day":"2026-01-01"}'
    assert plain_json([day, 1]) == [{"day": "2026-01-01"}, 1]
    with pytest.raises(TypeError, match="JSON has no date"):
        canonical_json({"day": date(2026, 1, 1)})


def test_a_plain_copy_is_a_copy() -> None:
    """What a record was made from can change; the record does not."""
    fees = ["1.00 EUR"]
    content = freeze_json({"id": "T-1", "late": False, "fees": fees})
    plain = plain_json(content)
    plain["fees"].append("2.00 EUR")
    assert plain_json(content) == {"fees": fees, "id": "T-1", "late": False}
