"""Documents: versioned business objects that are kept in the log."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, final

import attrs

from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.text import (
    EMPTY_MAPPING,
    FrozenMapping,
    check_identifier,
    check_key,
    check_text,
    is_plain,
    string_mapping,
)
from backoffice_ledger.errors import BoundExceeded, InexactNumber, InvalidDocument

_INTEGER_MAX: Final = 2**53 - 1
_BYTES_MAX: Final = 20
"""For one that is counted: an int of 17 signs with a comma, a character with quotes."""


def freeze_json(value: object, field: str = "content") -> Any:
    """Return *value* frozen if JSON can hold it exactly.

    Allowed are str, int up to 2^53 - 1, bool, None, lists and mappings with ASCII
    names as keys.  Write money as text, such as ``str(amount)``.

    Raises:
        InexactNumber: a float or Decimal.
        InvalidDocument: another type, or an integer that JSON readers would round.
        BoundExceeded: nested too deeply, or too large.
        InvalidText, InvalidIdentifier: a text or key that cannot be stored.
    """
    return _Freezer(field).freeze(value, field, 0)


class _Freezer:
    """Freezes a value and stops as soon as its text must be too long.

    A value of few objects can be endless when written out: one list, held ten times
    by a list that is itself held ten times, and so on.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self.bytes_left = BOUNDS.document_bytes

    def freeze(self, value: object, field: str, depth: int) -> Any:
        """Return *value* frozen; *field* says where it stands."""
        if isinstance(value, str):
            self.spend(len(value) + 1)
            return check_text(value, field)
        self.spend(1)
        if isinstance(value, (dict, list, tuple, Mapping)):  # the last is slow
            return self.freeze_container(value, field, depth)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (float, Decimal)):
            raise InexactNumber(
                field=field, expected="text, or an int", found=type(value).__name__
            )
        if not isinstance(value, int):
            raise InvalidDocument(
                field=field, expected="a JSON value", found=type(value).__name__
            )
        if abs(value) > _INTEGER_MAX:
            raise InvalidDocument(
                field=field, expected="an int up to 2^53 - 1, or text", found=value
            )
        return int(value)

    def freeze_container(
        self,
        value: Mapping[object, object] | list[object] | tuple[object, ...],
        field: str,
        depth: int,
    ) -> Any:
        """Return a mapping or list frozen."""
        if depth > BOUNDS.document_depth:
            raise BoundExceeded(
                field=self.field, expected=f"at most {BOUNDS.document_depth} levels"
            )
        if isinstance(value, (dict, Mapping)):
            key_field = f"{field}.key"
            pairs = []
            for key, item in value.items():
                name = check_key(key, key_field)
                if type(item) is str and is_plain(item):  # most are
                    self.spend(len(name) + len(item) + 1)
                    pairs.append((name, item))
                else:
                    self.spend(len(name))
                    frozen = self.freeze(item, f"{field}.{key}", depth + 1)
                    pairs.append((name, frozen))
            return FrozenMapping(pairs)
        return tuple(
            self.freeze(item, f"{field}[{index}]", depth + 1)
            for index, item in enumerate(value)
        )

    @property
    def bytes_spent(self) -> int:
        """Bytes that the text takes at least; at most it takes `_BYTES_MAX` as many."""
        return BOUNDS.document_bytes - self.bytes_left

    def spend(self, count: int) -> None:
        """Count bytes that the text will at least take."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise _too_large(self.field)


def _too_large(field: str) -> BoundExceeded:
    return BoundExceeded(
        field=field, expected=f"at most {BOUNDS.document_bytes} bytes of JSON"
    )


def _check_content(content: object) -> FrozenMapping:
    if not isinstance(content, Mapping):
        raise InvalidDocument(
            field="content", expected="a mapping", found=type(content).__name__
        )
    freezer = _Freezer("content")
    frozen: FrozenMapping = freezer.freeze(content, "content", 0)
    if freezer.bytes_spent * _BYTES_MAX <= BOUNDS.document_bytes:
        return frozen
    text = json.dumps(plain_json(frozen), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > BOUNDS.document_bytes:
        raise _too_large("content")
    return frozen


def _check_personal(personal: object, content: Mapping[str, Any]) -> tuple[str, ...]:
    if isinstance(personal, (str, bytes)) or not isinstance(personal, Iterable):
        raise InvalidDocument(
            field="personal", expected="a list of names", found=personal
        )
    names: set[str] = set()
    for item in personal:
        name = check_identifier(item, "personal")
        if not isinstance(content.get(name), str):
            raise InvalidDocument(
                field="personal",
                expected="names of text fields of the content",
                found=name,
            )
        names.add(name)
    return tuple(sorted(names))


def _check_index(
    index: object, personal: Iterable[str], content: Mapping[str, Any]
) -> FrozenMapping:
    checked = string_mapping(index, "index")
    for name in personal:
        if name in checked or content[name] in checked.values():
            raise InvalidDocument(
                "what is in the index can never be erased",
                field="index",
                expected="nothing personal",
                found=name,
            )
    return checked


def stored_json(value: Any) -> Any:
    """Return JSON that was checked when it was recorded, frozen.

    It may be larger than a document: a proposal holds a whole entry.
    """
    if type(value) is dict:
        return FrozenMapping(
            [
                (key, item if type(item) is str else stored_json(item))
                for key, item in value.items()
            ]
        )
    if type(value) is list:
        return tuple(map(stored_json, value))
    return value


def plain_json(value: Any) -> Any:
    """Return a frozen value as plain dicts and lists of its own."""
    kind = type(value)
    if kind is FrozenMapping or kind is dict:
        return {
            key: item if type(item) is str else plain_json(item)
            for key, item in value.items()
        }
    if kind is tuple or kind is list:
        return [plain_json(item) for item in value]
    if kind is not int and isinstance(value, Mapping):
        return plain_json(dict(value))
    return value


@final
@attrs.frozen(init=False, order=False)
class Document:
    """A versioned business object: a trade, a schedule, a statement.

    Args:
        kind: what it is, such as ``accrual-schedule``.
        id: unique among the documents of its kind.
        content: a mapping that JSON can hold exactly (no floats).
        personal: names of top-level content fields that are personal data; only
            commitments to them enter the log, and they can be erased.
        version: 1 for the first; a store gives the next one its number.
        index: what the document can be found by, such as ``{"state": "open"}``: short
            names in ASCII, and values that are compared as text.  Only that of the
            latest version counts (``ledger.documents.find``).

    Raises:
        InvalidDocument: the content is no mapping, *personal* names no text field of
            it, or *index* holds something personal.
        InvalidIdentifier: *index* is no mapping of names to names.
        InexactNumber: a float in the content.
        BoundExceeded: larger or deeper than `Bounds` allows.
    """

    kind: str
    id: str
    content: Mapping[str, Any] = EMPTY_MAPPING
    personal: tuple[str, ...] = ()
    version: int = 1
    index: Mapping[str, str] = EMPTY_MAPPING

    def __init__(
        self,
        kind: str,
        id: str,
        content: Mapping[str, Any],
        *,
        personal: Iterable[str] = (),
        version: int = 1,
        index: Mapping[str, str] = EMPTY_MAPPING,
    ) -> None:
        set_field(self, "kind", check_identifier(kind, "kind"))
        set_field(self, "id", check_identifier(id, "id"))
        frozen = _check_content(content)
        set_field(self, "content", frozen)
        set_field(self, "personal", _check_personal(personal, frozen))
        if type(version) is not int or version < 1:
            raise InvalidDocument(
                field="version", expected="an int from 1", found=version
            )
        set_field(self, "version", version)
        set_field(self, "index", _check_index(index, self.personal, frozen))

    def revise(
        self, content: Mapping[str, Any], *, index: Mapping[str, str] | None = None
    ) -> "Document":
        """Return the next version of the document with other content.

        Raises:
            InvalidDocument: the document has an index, and it is not said what that of
                the next version is; an old one might no longer be true.
        """
        if index is None and self.index:
            raise InvalidDocument(
                field="index", expected="that of the next version, or {}"
            )
        return Document(
            self.kind,
            self.id,
            content,
            personal=self.personal,
            version=self.version + 1,
            index=index or EMPTY_MAPPING,
        )


def stored_document(
    kind: str,
    id: str,
    content: dict[str, Any],
    personal: Iterable[str],
    version: int,
    index: Mapping[str, str],
) -> Document:
    """Build a document from what a store has checked before."""
    self = Document.__new__(Document)
    set_field(self, "kind", kind)
    set_field(self, "id", id)
    set_field(self, "content", stored_json(content))
    set_field(self, "personal", tuple(personal))
    set_field(self, "version", version)
    set_field(self, "index", stored_json(index))
    return self
