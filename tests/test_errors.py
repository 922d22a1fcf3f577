"""The error tree: its drawing, its codes, its messages, its way through pickle."""

import copy
import pickle
import re
from fractions import Fraction

import pytest

from backoffice_ledger import errors
from backoffice_ledger.errors import (
    PRECEDENCE,
    BookNotFound,
    Busy,
    Contention,
    IdempotencyConflict,
    InexactNumber,
    InvalidAmount,
    InvalidInput,
    LedgerDeprecationWarning,
    LedgerError,
    LedgerWarning,
    MissingExtra,
    OutcomeUnknown,
    Refused,
    StorageFailure,
    StoreError,
    Unbalanced,
    UnknownAccount,
    UnknownCommodity,
    VerificationFailed,
    excerpt,
)

BRANCHES = {LedgerError, InvalidInput, Refused, StoreError}
CLASSES = [
    item
    for item in vars(errors).values()
    if isinstance(item, type) and issubclass(item, LedgerError)
]
LINE = re.compile(r"    ((?:[| ]   )*)\+-- (\w+)(?: \((\w+)\))?")


class Broken:
    """A thing that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def build(kind: type[LedgerError]) -> LedgerError:
    """Return an error of *kind* with every attribute set."""
    if kind is VerificationFailed:
        return VerificationFailed("bad", position=7, problems=("leaf", "root"))
    return kind("what is wrong", field="amount", expected="a number", found="x")


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Read the tree in the module's docstring: name to parent and builtin base."""
    tree: dict[str, tuple[str, str | None]] = {}
    above = ["LedgerError"]
    for line in (errors.__doc__ or "").splitlines():
        match = LINE.fullmatch(line)
        if match:
            depth = len(match[1]) // 4 + 1
            tree[match[2]] = (above[depth - 1], match[3])
            above[depth:] = [match[2]]
    return tree


def real_tree() -> dict[str, tuple[str, str | None]]:
    """Read the same from the classes."""
    tree: dict[str, tuple[str, str | None]] = {}
    for kind in CLASSES:
        if kind is not LedgerError:
            parent, *rest = kind.__bases__
            (builtin,) = [base.__name__ for base in rest] or [None]
            tree[kind.__name__] = (parent.__name__, builtin)
    return tree


def test_the_drawn_tree_is_the_real_one() -> None:
    """Whoever reads the docstring sees every class where it is."""
    assert drawn_tree() == real_tree()


def test_every_error_is_exported() -> None:
    """``__all__`` holds the errors, the warnings and the precedence."""
    expected = {kind.__name__ for kind in CLASSES} | {
        LedgerWarning.__name__,
        LedgerDeprecationWarning.__name__,
        "PRECEDENCE",
    }
    assert set(errors.__all__) == expected


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_code_is_the_name_in_kebab_case(kind: type[LedgerError]) -> None:
    """A code can be told from the class, and can never be given away twice."""
    words = re.findall(r"[A-Z][a-z]+", kind.__name__)
    assert kind.code == "-".join(words).lower()


def test_codes_are_unique() -> None:
    """Each class has its own code."""
    codes = [kind.code for kind in CLASSES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_is_documented(kind: type[LedgerError]) -> None:
    """The docstring is the heading of the reference page."""
    assert (kind.__doc__ or "").strip()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_errors_can_be_sent_and_copied(kind: type[LedgerError], way: str) -> None:
    """Another process sees the same class, message and attributes."""
    error = build(kind)
    error.add_note("seen in batch 3")
    ways = {
        "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }
    again = ways[way](error)
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.args == error.args
    assert vars(again) == vars(error)


def test_only_what_may_pass_is_transient() -> None:
    """Everything else needs a change before it can succeed."""
    transient = {kind for kind in CLASSES if kind.transient}
    assert transient == {Busy, Contention, StorageFailure, OutcomeUnknown}


def test_precedence_names_every_refusal_once() -> None:
    """Each error about input or book has its place; groups and the store have none."""
    assert len(PRECEDENCE) == len(set(PRECEDENCE))
    about_the_request = {
        kind
        for kind in CLASSES
        if issubclass(kind, (InvalidInput, Refused)) and kind not in BRANCHES
    }
    assert about_the_request <= set(PRECEDENCE)


MESSAGES = {
    "[busy]": Busy(),
    "[busy] writer 7": Busy("writer 7"),
    "[invalid-amount] amount": InvalidAmount(field="amount"),
    "[invalid-amount] expected a number": InvalidAmount(expected="a number"),
    "[invalid-amount] found 7": InvalidAmount(found=7),
    "[invalid-amount] amount: too fine; expected 2 places, found '1.234'": (
        InvalidAmount("too fine", field="amount", expected="2 places", found="1.234")
    ),
    "[unknown-account] account: found 'a:b' "
    "(open it first: ledger.open_account(path, type=...))": (
        UnknownAccount(field="account", found="a:b")
    ),
    "[unbalanced] every entry sums to exactly zero in every commodity": Unbalanced(),
    "[book-not-found] x.db (pass create=True to make a new one)": BookNotFound("x.db"),
    "[missing-extra] pandas": MissingExtra("pandas"),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_the_message_says_what_is_known(text: str) -> None:
    """Code, field, message, expected, found and hint, each only where there is one."""
    assert str(MESSAGES[text]) == text


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (InexactNumber, TypeError),
        (InvalidAmount, ValueError),
        (UnknownCommodity, KeyError),
        (UnknownAccount, KeyError),
        (BookNotFound, FileNotFoundError),
        (MissingExtra, ImportError),
    ],
)
def test_errors_are_caught_by_their_builtin_names(
    kind: type[LedgerError], base: type[Exception]
) -> None:
    """Who knows Python catches them without knowing the library."""
    with pytest.raises(base):
        raise kind("x")


def test_verification_failed_says_where_and_what() -> None:
    """The first bad position and the problems are attributes."""
    error = VerificationFailed("2 problems", position=None, problems=("a", "b"))
    assert error.position is None
    assert error.problems == ("a", "b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        (True, "True"),
        (-15, "-15"),
        ("rent", "'rent'"),
        ("c\u0430sh", "'c\\u0430sh'"),
        ("ok\nINFO approved", "'ok\\nINFO approved'"),
        (b"secret", "6 bytes"),
        (["x"] * 1000, "a list of 1000"),
        ({"a": 1}, "a dict of 1"),
        (Fraction(1, 3), "1/3"),
        (Broken(), "a Broken"),
    ],
    ids=range(11),
)
def test_excerpt_shows_small_things(value: object, expected: str) -> None:
    """Texts are quoted in ASCII, so that look-alikes and line breaks show."""
    assert excerpt(value) == expected


HUGE = {
    "digits": "1" * 10**6,
    "escapes": "\U0001f600" * 60,
    "int": 1 << 3_400_000,
    "fraction": Fraction(1 << 3_400_000, 3),
    "list": [0] * 10**6,
    "ints": [1 << 3_400_000],
    "bytes": bytes(10**6),
    "controls": type("Loud", (), {"__str__": lambda self: "\n" * 10**6})(),
    "name": type("N" * 1000, (list,), {})(),
}


@pytest.mark.parametrize("name", HUGE)
def test_excerpt_stays_short_and_printable(name: str) -> None:
    """Whatever is shown, at most 80 printable characters come out."""
    text = excerpt(HUGE[name])
    assert len(text) <= 80
    assert text.isprintable()


def test_a_conflict_carries_its_field() -> None:
    """Attributes serve programs; the text serves people."""
    error = IdempotencyConflict(field="postings[1].amount", expected="5", found="6")
    assert (error.field, error.expected, error.found) == (
        "postings[1].amount",
        "5",
        "'6'",
    )
    assert not error.transient
