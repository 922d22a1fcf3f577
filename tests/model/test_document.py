"""Documents: content that JSON can hold exactly."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.document import Document, freeze_json, plain_json
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidDocument,
    InvalidIdentifier,
    InvalidText,
    LedgerError,
)

CONTENT = {"name": "Jürgen", "shares": 7, "legs": [{"price": "1.05"}, None, True]}


def nested(depth: int) -> Any:
    """Return a list in a list in a list ..., without recursion."""
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


class Endless(Mapping[str, int]):
    """A mapping that never ends."""

    def __getitem__(self, key: str) -> int:
        return 1

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"k{number}"


def test_the_fields_of_a_document() -> None:
    """The caller's content is not kept."""
    content = {"name": "Jürgen", "legs": [1, 2]}
    document = Document("trade", "T-1", content, personal=["name"], version=3)
    content["legs"].append(3)  # type: ignore[union-attr]
    assert document.kind == "trade"
    assert document.id == "T-1"
    assert document.content == {"name": "Jürgen", "legs": (1, 2)}
    assert document.personal == ("name",)
    assert document.version == 3
    assert Document("trade", "T-1", {}).version == 1


def test_content_is_frozen_and_thaws() -> None:
    """Lists become tuples and mappings read-only; `plain_json` undoes it."""
    frozen = freeze_json(CONTENT)
    assert isinstance(frozen, FrozenMapping)
    assert isinstance(frozen["legs"], tuple)
    assert isinstance(frozen["legs"][0], FrozenMapping)
    assert plain_json(frozen) == CONTENT
    assert freeze_json(frozen) == frozen


def test_revise_makes_the_next_version() -> None:
    """Same kind and id, and the same fields are personal."""
    first = Document("trade", "T-1", {"name": "Ann"}, personal=["name"])
    second = first.revise({"name": "Anne", "more": 1})
    assert second == Document(
        "trade", "T-1", {"name": "Anne", "more": 1}, personal=["name"], version=2
    )


@pytest.mark.parametrize(
    ("value", "field", "error"),
    [
        ({"a": 1.5}, "content.a", InexactNumber),
        ({"a": [0, float("nan")]}, "content.a[1]", InexactNumber),
        ({"a": Decimal("1.5")}, "content.a", InexactNumber),
        ({"a": 2**53}, "content.a", InvalidDocument),
        ({"a": -(2**53)}, "content.a", InvalidDocument),
        ({"a": 1 << 3_400_000}, "content.a", InvalidDocument),
        ({"a": date(2026, 1, 31)}, "content.a", InvalidDocument),
        ({"a": Amount(1, "EUR")}, "content.a", InvalidDocument),
        ({"a": b"x"}, "content.a", InvalidDocument),
        ({"a": {1, 2}}, "content.a", InvalidDocument),
        ({"a": {"b": "x\n"}}, "content.a.b", InvalidText),
        ({"a": "\ud800"}, "content.a", InvalidText),
        ({"": 1}, "content.key", InvalidIdentifier),
        ({"ä": 1}, "content.key", InvalidIdentifier),
        ({1: 1}, "content.key", InvalidIdentifier),
        ({"a": {"b": {None: 1}}}, "content.a.b.key", InvalidIdentifier),
        ({"k" * 256: 1}, "content.key", BoundExceeded),
        ({"a": nested(17)}, "content", BoundExceeded),
        ({"a": nested(100_000)}, "content", BoundExceeded),
        ({"a": "x" * 4097}, "content.a", BoundExceeded),
        ({"a": "x" * 10**6}, "content", BoundExceeded),
        ({"a": [0] * 10**6}, "content", BoundExceeded),
        ({"a": ["x" * 4096] * 17}, "content", BoundExceeded),
        ({"a": ["ä" * 2048] * 17}, "content", BoundExceeded),
        (Endless(), "content", BoundExceeded),
        ([], "content", InvalidDocument),
        (None, "content", InvalidDocument),
        ("{}", "content", InvalidDocument),
    ],
    ids=range(28),
)
def test_bad_content_is_refused(
    value: Any, field: str, error: type[LedgerError]
) -> None:
    """What JSON would round or drop, what is too large or too deep; all at once."""
    with pytest.raises(LedgerError) as caught:
        Document("trade", "T-1", value)
    assert type(caught.value) is error
    assert caught.value.field == field
    assert str(caught.value).isprintable()


def test_a_few_objects_can_be_endless_when_written_out() -> None:
    """Ten times ten times ten ...: refused before it is unfolded."""
    value: Any = ["lol"]
    for _ in range(14):
        value = [value] * 10
    with pytest.raises(BoundExceeded) as caught:
        Document("trade", "T-1", {"a": value})
    assert caught.value.field == "content"


def test_a_cycle_is_refused() -> None:
    """It is nested too deeply."""
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(BoundExceeded):
        Document("trade", "T-1", {"a": cycle})


def test_the_bounds_themselves_are_allowed() -> None:
    """Sixteen levels, 2^53 - 1, and 64 KiB to the byte."""
    assert Document("trade", "T-1", {"a": nested(16)}).content["a"]
    assert Document("trade", "T-1", {"a": 2**53 - 1, "b": 1 - 2**53}).content["a"]
    overhead = len('{"a":["' + '","'.join([""] * 17) + '"]}')
    texts = ["x" * 4096] * 15 + ["x" * (65_536 - 15 * 4096 - overhead - 1), "x"]
    Document("trade", "T-1", {"a": texts})
    with pytest.raises(BoundExceeded) as caught:
        Document("trade", "T-1", {"a": [*texts[:-1], "xx"]})
    assert caught.value.expected == "at most 65536 bytes of JSON"


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"kind": ""}, "kind", InvalidIdentifier),
        ({"kind": 1}, "kind", InvalidIdentifier),
        ({"id": " x"}, "id", InvalidIdentifier),
        ({"personal": "name"}, "personal", InvalidDocument),
        ({"personal": 1}, "personal", InvalidDocument),
        ({"personal": ["missing"]}, "personal", InvalidDocument),
        ({"personal": ["shares"]}, "personal", InvalidDocument),
        ({"personal": [7]}, "personal", InvalidIdentifier),
        ({"personal": [["name"]]}, "personal", InvalidIdentifier),
        ({"version": 0}, "version", InvalidDocument),
        ({"version": True}, "version", InvalidDocument),
        ({"version": "1"}, "version", InvalidDocument),
        ({"version": 1.0}, "version", InvalidDocument),
    ],
    ids=range(13),
)
def test_bad_fields_are_named(
    fields: dict[str, Any], field: str, error: type[LedgerError]
) -> None:
    """Personal names must be text fields of the content."""
    good = {"kind": "trade", "id": "T-1", "content": CONTENT}
    with pytest.raises(LedgerError) as caught:
        Document(**good | fields)
    assert type(caught.value) is error
    assert caught.value.field == field


def test_personal_names_are_kept_once_and_in_order() -> None:
    """However they are given."""
    content = {"b": "1", "a": "2"}
    document = Document("trade", "T-1", content, personal=["b", "a", "b"])
    assert document.personal == ("a", "b")


# --- what a document is found by ------------------------------------------------------


def test_a_document_declares_what_it_is_found_by() -> None:
    """The caller's mapping is not kept; another index is another document."""
    index = {"state": "open", "due": "2026-10-09"}
    document = Document("trade", "T-1", {}, index=index)
    index["state"] = "settled"
    assert document.index == {"due": "2026-10-09", "state": "open"}
    assert document != Document("trade", "T-1", {})
    assert hash(document) == hash(Document("trade", "T-1", {}, index=document.index))
    assert Document("trade", "T-1", {}).index == {}


def test_the_next_version_says_its_own_index() -> None:
    """An old one might no longer be true, and nothing is left out by mistake."""
    document = Document("trade", "T-1", {}, index={"state": "open"})
    settled = document.revise({"n": 1}, index={"state": "settled"})
    assert (settled.version, settled.index) == (2, {"state": "settled"})
    plain = settled.revise({}, index={})
    assert plain.index == {}
    assert plain.revise({}).index == {}
    with pytest.raises(InvalidDocument) as caught:
        document.revise({})
    assert caught.value.field == "index"


@pytest.mark.parametrize(
    ("index", "error"),
    [
        ("state", InvalidIdentifier),
        ({"state": 5}, InvalidIdentifier),
        ({"state": ""}, InvalidIdentifier),
        ({"": "open"}, InvalidIdentifier),
        ({"Zustand\u00e4": "open"}, InvalidIdentifier),
        ({"state": "x" * 256}, BoundExceeded),
        ({f"n{number}": "x" for number in range(65)}, BoundExceeded),
        ({"who": "somebody"}, InvalidDocument),
        ({"owner": "Jane Roe"}, InvalidDocument),
    ],
    ids=[
        *("no mapping", "no text", "empty value", "empty name", "no ASCII"),
        *("too long", "too many", "a personal name", "a personal value"),
    ],
)
def test_what_is_no_index(index: Any, error: type[LedgerError]) -> None:
    """Names to names; and nothing personal, for it could never be erased."""
    with pytest.raises(error) as caught:
        Document("trade", "T-1", {"who": "Jane Roe"}, personal=["who"], index=index)
    assert caught.value.field.startswith("index")
