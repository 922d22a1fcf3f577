"""What names, ids and texts may contain."""

import copy
import pickle
from collections import UserString
from types import MappingProxyType

import pytest

from backoffice_ledger._model.text import (
    EMPTY_MAPPING,
    FrozenMapping,
    check_identifier,
    check_key,
    check_path,
    check_text,
    string_mapping,
)
from backoffice_ledger.errors import BoundExceeded, InvalidIdentifier, InvalidText

REAL_NAMES = {
    "German": "Jürgen Groß & Söhne",
    "Chinese": "王小明",
    "French": "Éloïse Lefèvre-d'Août",
    "Greek": "Ελένη Παπαδοπούλου",
    "Russian": "Наталья Ёлкина",
    "Arabic": "محمد عبد الله",
    "Japanese": "佐々木さくら",
    "Korean": "김민준",
    "Hindi": "श्रीमती शर्मा",
    "Persian digits": "حساب ۱۲",
    "Chinese and Latin": "A股账户",
}

HIDDEN = {
    "NUL": "\0",
    "tab": "\t",
    "line feed": "\n",
    "delete": "\x7f",
    "next line": "\x85",
    "no-break space": "\xa0",
    "soft hyphen": "\xad",
    "grapheme joiner": "\u034f",
    "unassigned": "\u0378",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u1160",
    "Mongolian selector": "\u180b",
    "em space": "\u2003",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "bidi override": "\u202e",
    "bidi isolate": "\u2066",
    "Braille blank": "\u2800",
    "Hangul filler 3164": "\u3164",
    "surrogate": "\ud800",
    "private use": "\ue000",
    "variation selector": "\ufe0f",
    "byte order mark": "\ufeff",
    "half-width filler": "\uffa0",
    "tag": "\U000e0061",
    "variation selector 17": "\U000e0100",
}

LOOK_ALIKES = {
    "Cyrillic a in cash": "c\u0430sh",
    "Greek omicron in bond": "b\u03bfnd",
    "Arabic digit after Latin": "acct\u0663",
    "Devanagari mark after Latin": "acct\u0902",
    "not NFC": "Mu\u0308ller",
    "full-width": "\uff42\uff4f\uff42",
    "ligature": "\ufb01nance",
    "Angstrom sign": "\u212b",
    "superscript": "m\u00b2",
}

ILL_FORMED_PATHS = [
    "",
    " ",
    " cash",
    "cash ",
    ":",
    "a::b",
    ":a",
    "a:",
    "a: b",
    "a :b",
    "\u0301b",
    "a:\u0301b",
]


@pytest.mark.parametrize("name", REAL_NAMES.values(), ids=REAL_NAMES)
def test_real_names_are_accepted(name: str) -> None:
    """People and firms may be called what they are called."""
    assert check_identifier(name, "name") is name
    assert check_path(f"customers:{name}", "account") == f"customers:{name}"
    assert check_text(name, "memo") is name


@pytest.mark.parametrize("character", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("place", ["a{}b", "{}", "a{}", "ü{}b", "a:b{}c"])
def test_hidden_characters_are_refused(character: str, place: str) -> None:
    """What cannot be seen would make two names look like one."""
    name = place.replace("{}", character)
    for check in (check_identifier, check_path):
        with pytest.raises(InvalidIdentifier) as caught:
            check(name, "account")
        assert caught.value.field == "account"
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_look_alikes_are_refused_in_paths(name: str) -> None:
    """Each part keeps to one script and one way of writing."""
    with pytest.raises(InvalidIdentifier) as caught:
        check_path(f"assets:{name}", "account")
    assert caught.value.field == "account"


@pytest.mark.parametrize("path", ILL_FORMED_PATHS, ids=ascii)
def test_ill_formed_paths_are_refused(path: str) -> None:
    """No part is empty, has outer spaces or begins with a combining mark."""
    with pytest.raises(InvalidIdentifier) as caught:
        check_path(path, "account")
    assert caught.value.field == "account"


@pytest.mark.parametrize(
    "path",
    ["cash", "assets:bank", "a.b-c_d:1:2", "assets:my bank", "-", "ä:b", "ä\u2013b"],
)
def test_well_formed_paths_are_accepted(path: str) -> None:
    """Plain ones, ones with spaces inside, ones beyond ASCII."""
    assert check_path(path, "account") is path


@pytest.mark.parametrize("check", [check_identifier, check_key, check_path])
@pytest.mark.parametrize("value", [None, 7, b"cash", ["cash"], UserString("cash")])
def test_names_are_str(check: object, value: object) -> None:
    """Nothing is converted."""
    with pytest.raises(InvalidIdentifier) as caught:
        check(value, "id")
    assert caught.value.expected == "str"


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a" * 255, True),
        ("a" * 256, False),
        ("ä" * 127, True),
        ("ä" * 128, False),
        ("x" * 10**6, False),
        ("\u0416" * 10**6, False),
    ],
    ids=range(6),
)
def test_names_have_a_bound_in_bytes(name: str, fits: bool) -> None:
    """255 bytes of UTF-8, and a look at the length before anything else."""
    for check in (check_identifier, check_path):
        if fits:
            assert check(name, "id") is name
        else:
            with pytest.raises(BoundExceeded) as caught:
                check(name, "id")
            assert caught.value.field == "id"


def test_paths_have_a_depth() -> None:
    """Sixteen parts, in ASCII as beyond it."""
    for part in ("a", "ä"):
        check_path(":".join([part] * 16), "account")
        with pytest.raises(BoundExceeded) as caught:
            check_path(":".join([part] * 17), "account")
        assert caught.value.found == "17"


def test_keys_are_ascii() -> None:
    """The canonical form sorts keys, and sorts only ASCII alike everywhere."""
    assert check_key("cost_centre", "key") == "cost_centre"
    with pytest.raises(InvalidIdentifier) as caught:
        check_key("Währung", "key")
    assert caught.value.field == "key"


class Loud(str):
    """A str that tells lies."""

    __slots__ = ()

    def __str__(self) -> str:
        return "loud"

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("check", [check_identifier, check_key, check_path, check_text])
def test_subclasses_of_str_become_plain(check: object) -> None:
    """What is kept has no behaviour of its own."""
    kept = check(Loud("quiet"), "name")
    assert type(kept) is str
    assert kept == "quiet"
    with pytest.raises(BoundExceeded):
        check(Loud("x" * 10_000), "name")


@pytest.mark.parametrize(
    "text",
    ["", " ", "Miete für März", "na\u00efve 😀 zürich", "a\u200db", "NFD u\u0308"],
)
def test_free_texts_are_kept_as_they_are(text: str) -> None:
    """Emoji, joiners and any normal form: a memo is for people."""
    assert check_text(text, "memo") is text


@pytest.mark.parametrize(
    "character",
    "\0\t\n\r\x1b\x7f\x85\u2028\u202e\u2069\ud800\udfff",
    ids=ascii,
)
def test_free_texts_hold_no_controls(character: str) -> None:
    """A line break forges a log line, an override reverses what is read."""
    with pytest.raises(InvalidText) as caught:
        check_text(f"ok{character}INFO approved by bob", "memo")
    assert caught.value.field == "memo"
    assert caught.value.message == f"character 3 is U+{ord(character):04X}"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [None, 1, b"x", ["x"]])
def test_free_texts_are_str(value: object) -> None:
    """Nothing is converted."""
    with pytest.raises(InvalidText) as caught:
        check_text(value, "memo")
    assert caught.value.expected == "str"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 4096, True),
        ("a" * 4097, False),
        ("ä" * 2048, True),
        ("ä" * 2049, False),
        ("a" * 10**6, False),
    ],
    ids=range(5),
)
def test_free_texts_have_a_bound_in_bytes(text: str, fits: bool) -> None:
    """4096 bytes of UTF-8."""
    if fits:
        assert check_text(text, "memo") is text
    else:
        with pytest.raises(BoundExceeded) as caught:
            check_text(text, "memo")
        assert caught.value.field == "memo"


def test_frozen_mapping_is_a_mapping_in_key_order() -> None:
    """Order of insertion makes no difference."""
    mapping = FrozenMapping([("b", 2), ("a", 1)])
    assert list(mapping) == ["a", "b"]
    assert mapping["b"] == 2
    assert len(mapping) == 2
    assert "a" in mapping
    assert "c" not in mapping
    assert mapping.get("c") is None
    assert repr(mapping) == "{'a': 1, 'b': 2}"
    with pytest.raises(KeyError):
        mapping["c"]


def test_frozen_mapping_is_compared_as_mappings_are() -> None:
    """Equal to any mapping of the same items, and to nothing else."""
    mapping = FrozenMapping([("a", 1)])
    assert mapping == {"a": 1}
    assert mapping == FrozenMapping([("a", 1)])
    assert mapping == MappingProxyType({"a": 1})
    assert mapping != {"a": 2}
    assert mapping != [("a", 1)]
    assert hash(mapping) == hash(FrozenMapping([("a", 1)]))
    assert hash(mapping) == hash(mapping)


def test_frozen_mapping_cannot_be_changed() -> None:
    """Neither through items nor through attributes."""
    mapping = FrozenMapping([("a", 1)])
    with pytest.raises(TypeError):
        mapping["a"] = 2  # type: ignore[index]
    with pytest.raises(AttributeError, match="read-only"):
        mapping._items = {}
    with pytest.raises(AttributeError, match="read-only"):
        del mapping._items
    with pytest.raises(AttributeError, match="read-only"):
        mapping.other = 1


def test_frozen_mapping_can_be_sent_and_copied() -> None:
    """The cached hash stays behind: texts hash anew in every process."""
    mapping = FrozenMapping([("a", FrozenMapping([("b", (1, 2))]))])
    hash(mapping)
    data = pickle.dumps(mapping)
    again = pickle.loads(data)  # noqa: S301
    assert again == mapping == copy.deepcopy(mapping)
    assert again._hash is None


def test_string_mapping_freezes_a_mapping() -> None:
    """The caller's dict is not kept."""
    given = {"cost_centre": "B7", "counterparty": "Müller"}
    kept = string_mapping(given, "dimensions")
    given["cost_centre"] = "B8"
    assert kept == {"cost_centre": "B7", "counterparty": "Müller"}


@pytest.mark.parametrize(
    "value", [None, {}, EMPTY_MAPPING, FrozenMapping()], ids=range(4)
)
def test_no_items_are_one_value(value: object) -> None:
    """Nothing is kept for nothing."""
    assert string_mapping(value, "dimensions") is EMPTY_MAPPING


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("cost_centre", "dimensions"),
        ([("a", "b")], "dimensions"),
        (0, "dimensions"),
        ({1: "x"}, "dimensions.key"),
        ({10**10_000: "x"}, "dimensions.key"),
        ({"": "x"}, "dimensions.key"),
        ({"ä": "x"}, "dimensions.key"),
        ({"a": 1}, "dimensions['a']"),
        ({"a": ""}, "dimensions['a']"),
        ({"a": "x\n"}, "dimensions['a']"),
    ],
    ids=range(10),
)
def test_string_mapping_names_the_bad_item(value: object, field: str) -> None:
    """The error says which key or value is wrong."""
    with pytest.raises(InvalidIdentifier) as caught:
        string_mapping(value, "dimensions")
    assert caught.value.field == field


def test_string_mapping_is_bounded() -> None:
    """64 items with names of 255 bytes, and no more."""
    string_mapping({f"k{n}": "v" for n in range(64)}, "attributes")
    with pytest.raises(BoundExceeded) as caught:
        string_mapping({f"k{n}": "v" for n in range(65)}, "attributes")
    assert (caught.value.field, caught.value.found) == ("attributes", "65")
    with pytest.raises(BoundExceeded) as caught:
        string_mapping({"k" * 256: "v"}, "attributes")
    assert caught.value.field == "attributes.key"
    with pytest.raises(BoundExceeded) as caught:
        string_mapping({"k": "v" * 256}, "attributes")
    assert caught.value.field == "attributes['k']"
