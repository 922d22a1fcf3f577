"""What a name, an id and a free text may contain.

Names must be what they look like: NFC = NFKC, one script, nothing invisible.  The
checks are linear in the length of the input and look at its length first.
"""

import re
import unicodedata
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NoReturn

from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.fields import set_field
from backoffice_ledger.errors import (
    BoundExceeded,
    InvalidIdentifier,
    InvalidInput,
    InvalidText,
)

_TEXT_BYTES_MAX: Final = BOUNDS.text_bytes
_IDENTIFIER_BYTES_MAX: Final = BOUNDS.identifier_bytes
_PATH_DEPTH_MAX: Final = BOUNDS.path_depth

_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.\-]+(?::[A-Za-z0-9_.\-]+)*", re.ASCII)
_TEXT_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CATEGORIES_FORBIDDEN: Final = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
)
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing: joiners, fillers, variation selectors."""
_SCRIPTS_TOGETHER: Final = (
    frozenset({"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "IDEOGRAPHIC", "HANGUL", "LATIN"}),
    frozenset({"CJK", "IDEOGRAPHIC", "BOPOMOFO", "LATIN"}),
)


def is_plain(text: str) -> bool:
    """Whether *text* is printable ASCII and not too long: most are."""
    return len(text) <= _TEXT_BYTES_MAX and text.isascii() and text.isprintable()


def check_text(value: object, field: str) -> str:
    """Return *value* if it is a free text that may be stored.

    Raises:
        InvalidText: not a str, or it holds control characters, line breaks, lone
            surrogates or bidirectional overrides.
        BoundExceeded: longer than `Bounds.text_bytes`.
    """
    if type(value) is not str:
        value = _plain_str(value, field, InvalidText)
    if len(value) > _TEXT_BYTES_MAX:
        raise _too_long(field, _TEXT_BYTES_MAX, value)
    if is_plain(value):
        return value
    bad = _TEXT_FORBIDDEN.search(value)
    if bad is not None:
        raise InvalidText(
            f"character {bad.start() + 1} is U+{ord(bad.group()):04X}",
            field=field,
            expected="printable text on one line",
            found=value,
        )
    if len(value.encode()) > _TEXT_BYTES_MAX:
        raise _too_long(field, _TEXT_BYTES_MAX, value)
    return value


def check_identifier(value: object, field: str) -> str:
    """Return *value* if it can serve as an id or a name.

    Raises:
        InvalidIdentifier: not a str, empty, with outer spaces, not NFC = NFKC, or
            with characters that cannot be seen.
        BoundExceeded: longer than `Bounds.identifier_bytes`.
    """
    if type(value) is not str:
        value = _plain_str(value, field, InvalidIdentifier)
    if len(value) > _IDENTIFIER_BYTES_MAX:
        raise _too_long(field, _IDENTIFIER_BYTES_MAX, value)
    if not value or value[0] == " " or value[-1] == " ":
        raise InvalidIdentifier(
            field=field, expected="a name without outer spaces", found=value
        )
    if not (value.isascii() and value.isprintable()):
        _check_visible(value, field)
        if len(value.encode()) > _IDENTIFIER_BYTES_MAX:
            raise _too_long(field, _IDENTIFIER_BYTES_MAX, value)
    return value


def check_key(value: object, field: str) -> str:
    """Return *value* if it is an identifier in ASCII, as keys in stored content are.

    Raises:
        InvalidIdentifier: as `check_identifier`, or not ASCII (the canonical form
            sorts keys, and not every reader sorts other characters alike).
        BoundExceeded: longer than `Bounds.identifier_bytes`.
    """
    if (
        type(value) is str
        and len(value) <= _IDENTIFIER_BYTES_MAX
        and _is_good_key(value)
    ):
        return value
    return _checked_key(value, field)


@lru_cache(maxsize=16_384)
def _is_good_key(key: str) -> bool:
    """Whether *key* passes; a book uses the same ones again and again."""
    try:
        _checked_key(key, "key")
    except InvalidInput:
        return False
    return True


def _checked_key(value: object, field: str) -> str:
    """Check a key thoroughly, and say what is wrong with it."""
    key = check_identifier(value, field)
    if not key.isascii():
        raise InvalidIdentifier(field=field, expected="a key in ASCII", found=key)
    return key


def check_path(value: object, field: str) -> str:
    """Return *value* if it is an account path such as ``assets:bank``.

    Raises:
        InvalidIdentifier: as `check_identifier`, an empty part, or a part that
            mixes scripts so that it looks like another one.
        BoundExceeded: too long or too deep.
    """
    if (
        type(value) is str
        and len(value) <= _IDENTIFIER_BYTES_MAX
        and _is_good_path(value)
    ):
        return value
    return _checked_path(value, field)


@lru_cache(maxsize=16_384)
def _is_good_path(path: str) -> bool:
    """Whether *path* passes; a book uses the same ones again and again."""
    if _PLAIN_PATH.fullmatch(path) is not None:
        return path.count(":") < _PATH_DEPTH_MAX
    try:
        _checked_path(path, "path")
    except InvalidInput:
        return False
    return True


def _checked_path(value: object, field: str) -> str:
    """Check a path thoroughly, and say what is wrong with it."""
    path = check_identifier(value, field)
    parts = path.split(":")
    if len(parts) > _PATH_DEPTH_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {_PATH_DEPTH_MAX} parts", found=len(parts)
        )
    for part in parts:
        if not part or part != part.strip():
            raise InvalidIdentifier(
                field=field,
                expected="parts joined by ':', none empty, no outer spaces",
                found=path,
            )
        if not part.isascii():
            _check_no_leading_mark(part, field)
            _check_one_script(part, field)
    return path


def _plain_str(
    value: object, field: str, error: type[InvalidText] | type[InvalidIdentifier]
) -> str:
    """Return an instance of a subclass of str as a plain str."""
    if not isinstance(value, str):
        raise error(field=field, expected="str", found=type(value).__name__)
    return str.__str__(value)


def _check_visible(value: str, field: str) -> None:
    """Refuse what cannot be seen or is written in another way than NFC = NFKC."""
    for index, character in enumerate(value):
        category = unicodedata.category(character)
        if character != " " and (
            category in _CATEGORIES_FORBIDDEN or _INVISIBLE.match(character)
        ):
            raise InvalidIdentifier(
                f"character {index + 1} is U+{ord(character):04X} ({category})",
                field=field,
                expected="visible characters",
                found=value,
            )
    _check_no_leading_mark(value, field)
    if unicodedata.normalize("NFKC", value) != value:
        raise InvalidIdentifier(
            field=field, expected="text in normal form NFC = NFKC", found=value
        )


def _check_no_leading_mark(value: str, field: str) -> None:
    """Refuse a combining mark that would join what stands before the name."""
    if unicodedata.category(value[0]).startswith("M"):
        raise InvalidIdentifier(
            field=field, expected="no combining mark at the start", found=value
        )


def _check_one_script(part: str, field: str) -> None:
    """Refuse a part that mixes scripts (a Latin letter beside its Cyrillic twin)."""
    scripts = {_script(character) for character in part} - {""}
    if len(scripts) > 1 and not any(scripts <= mix for mix in _SCRIPTS_TOGETHER):
        raise InvalidIdentifier(
            f"mixes the scripts {', '.join(sorted(scripts))}",
            field=field,
            expected="one script in each part",
            found=part,
        )


def _script(character: str) -> str:
    """Return the script of a letter, mark or foreign digit; others have none."""
    if character.isascii() and not character.isalpha():
        return ""
    if unicodedata.category(character)[0] not in "LMN":
        return ""
    name = unicodedata.name(character, "UNKNOWN").removeprefix("EXTENDED ")
    script = name.split(" ")[0].split("-")[0]
    return "" if script == "COMBINING" else script


def _too_long(field: str, bytes_max: int, value: str) -> BoundExceeded:
    return BoundExceeded(
        field=field, expected=f"at most {bytes_max} bytes", found=value
    )


class FrozenMapping(Mapping[str, Any]):
    """A read-only mapping with str keys in sorted order that can be hashed."""

    __slots__ = ("_hash", "_items")

    _items: dict[str, Any]
    _hash: int | None

    def __init__(self, items: Iterable[tuple[str, Any]] = ()) -> None:
        set_field(self, "_items", dict(sorted(items, key=itemgetter(0))))
        set_field(self, "_hash", None)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is read-only")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is read-only")

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    # Those of Mapping come to the same, an item at a time through __getitem__.
    def get(self, key: str, default: Any = None) -> Any:
        return self._items.get(key, default)

    def items(self) -> ItemsView[str, Any]:
        return self._items.items()

    def keys(self) -> KeysView[str]:
        return self._items.keys()

    def values(self) -> ValuesView[Any]:
        return self._items.values()

    def __hash__(self) -> int:
        result = self._hash
        if result is None:
            result = hash(tuple(self._items.items()))
            set_field(self, "_hash", result)
        return result

    def __eq__(self, other: object) -> bool:
        if type(other) is FrozenMapping:
            return self._items == other._items
        if isinstance(other, Mapping):
            return self._items == dict(other)
        return NotImplemented

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (tuple(self._items.items()),)


EMPTY_MAPPING: Final[FrozenMapping] = FrozenMapping()


def string_mapping(value: object, field: str) -> FrozenMapping:
    """Return *value* as a frozen mapping of names to names.

    Raises:
        InvalidIdentifier: no mapping, or a key or value that is no name.
        BoundExceeded: more items than `Bounds.mapping_items`, or too long a name.
    """
    if value is None or value is EMPTY_MAPPING:
        return EMPTY_MAPPING
    if not isinstance(value, Mapping):
        raise InvalidIdentifier(
            field=field, expected="a mapping", found=type(value).__name__
        )
    if len(value) > BOUNDS.mapping_items:
        raise BoundExceeded(
            field=field,
            expected=f"at most {BOUNDS.mapping_items} items",
            found=len(value),
        )
    if not value:
        return EMPTY_MAPPING
    return FrozenMapping(
        (check_key(key, f"{field}.key"), check_identifier(item, f"{field}[{key!r}]"))
        for key, item in value.items()
    )
