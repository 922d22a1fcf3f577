"""Hypothesis strategies for every value that a user builds.

They draw what the library accepts, up to its bounds: amounts far past 64 bits, names in
many scripts, negative amounts on either side, several commodities in one entry.  Narrow
them with the keyword arguments, which are strategies themselves:

    entries(accounts=sampled_from(["assets:bank", "income:fees"]))

One code always comes with one scale, as in a book, so that whatever is drawn can be put
together.
"""

import string
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, get_args
from zlib import crc32

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity, is_isin
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.entry import Entry, EntryDraft, EntryKind
from backoffice_ledger._model.hold import LIFETIME_MAX, Hold
from backoffice_ledger._model.iso4217 import currency_codes
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.period import Period, PeriodState
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger.calendars import (
    BookCalendar,
    CalendarMonths,
    FiscalMonths,
    FiscalWeeks,
    NamedBy,
    Pattern,
    SuccessiveCalendars,
    Weekday,
)
from backoffice_ledger.errors import UnknownCommodity

__all__ = [
    "account_paths",
    "accounts",
    "amounts",
    "balances",
    "calendars",
    "charts",
    "commodities",
    "conditions",
    "dates",
    "dimensions",
    "documents",
    "drafts",
    "entries",
    "holds",
    "identifiers",
    "limits",
    "periods",
    "postings",
    "texts",
]

_SCRIPTS: Final = (
    (0x61, 0x7A),  # Latin
    (0xE0, 0xF6),  # Latin with accents
    (0x3B1, 0x3C9),  # Greek
    (0x430, 0x44F),  # Cyrillic
    (0x5D0, 0x5EA),  # Hebrew
    (0x627, 0x63A),  # Arabic
    (0x905, 0x914),  # Devanagari
    (0x3042, 0x3093),  # Hiragana
    (0x4E00, 0x9FA5),  # Chinese
    (0xAC00, 0xD7A3),  # Hangul
)
_HIDDEN: Final = "\x7f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_POSTED_KINDS: Final = tuple(
    kind for kind in EntryKind if kind is not EntryKind.REVERSING
)
_LINE_MAX: Final = BOUNDS.minor_units // 8


def dates(
    *, min_value: date = BOUNDS.date_min, max_value: date = BOUNDS.date_max
) -> SearchStrategy[date]:
    """Return a strategy for days that the library accepts."""
    return st.dates(min_value, max_value)


def texts(*, min_size: int = 0, max_size: int = 80) -> SearchStrategy[str]:
    """Return a strategy for free texts, such as a memo, of up to 1000 characters."""
    characters = st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters=_HIDDEN
    )
    return st.text(characters, min_size=min_size, max_size=min(max_size, 1000))


def _words() -> SearchStrategy[str]:
    """Return a strategy for words that keep to one script."""
    scripts = (
        st.characters(min_codepoint=first, max_codepoint=last)
        for first, last in _SCRIPTS
    )
    return st.one_of(
        *(st.text(characters, min_size=1, max_size=12) for characters in scripts)
    )


def identifiers() -> SearchStrategy[str]:
    """Return a strategy for ids and names, such as an entry's id."""
    printable = string.ascii_letters + string.digits + string.punctuation + " "
    plain = st.text(printable, min_size=1, max_size=30).map(lambda text: text.strip())
    return plain.filter(bool) | _words()


def _keys() -> SearchStrategy[str]:
    return st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)


def dimensions() -> SearchStrategy[dict[str, str]]:
    """Return a strategy for the dimensions of a posting."""
    return st.dictionaries(_keys(), identifiers(), max_size=3)


def commodities() -> SearchStrategy[Commodity]:
    """Return a strategy for currencies, securities and units of one's own.

    One code always has one scale.
    """
    currencies = st.sampled_from(sorted(currency_codes()))
    own = st.from_regex(r"[A-Z][A-Za-z0-9._/\-]{3,15}", fullmatch=True)
    isins = st.from_regex(r"[A-Z]{2}[A-Z0-9]{9}", fullmatch=True).map(_with_check_digit)
    return st.one_of(currencies, isins, own).map(_commodity)


def _with_check_digit(start: str) -> str:
    return next(start + digit for digit in string.digits if is_isin(start + digit))


def _commodity(code: str) -> Commodity:
    """Return the commodity of *code*, with a scale made from it if it needs one."""
    try:
        return Commodity(code)
    except UnknownCommodity:
        return Commodity(code, crc32(code.encode()) % (BOUNDS.scale + 1))


def amounts(
    *,
    commodities: SearchStrategy[Commodity] | None = None,
    min_minor_units: int = 1 - BOUNDS.minor_units,
    max_minor_units: int = BOUNDS.minor_units - 1,
) -> SearchStrategy[Amount]:
    """Return a strategy for amounts, of either sign and of up to 27 digits."""
    return st.builds(
        Amount.from_minor,
        st.integers(min_minor_units, max_minor_units),
        _commodities_or(commodities),
    )


def _commodities_or(
    given: SearchStrategy[Commodity] | None,
) -> SearchStrategy[Commodity]:
    return commodities() if given is None else given


def balances(
    *, commodities: SearchStrategy[Commodity] | None = None
) -> SearchStrategy[Balance]:
    """Return a strategy for balances of up to six commodities."""
    return st.lists(amounts(commodities=commodities), max_size=6).map(Balance)


def account_paths() -> SearchStrategy[str]:
    """Return a strategy for account paths of up to four parts."""
    characters = string.ascii_lowercase + string.digits + "_.-"
    part = st.text(characters, min_size=1, max_size=9) | _words()
    return st.lists(part, min_size=1, max_size=4).map(":".join)


@st.composite
def _accounts(draw: DrawFn, paths: SearchStrategy[str]) -> Account:
    days = draw(st.lists(dates(), min_size=2, max_size=2).map(sorted))
    units = draw(
        st.lists(
            commodities(), min_size=1, max_size=3, unique_by=lambda unit: unit.code
        )
    )
    return Account(
        draw(paths),
        draw(st.sampled_from(AccountType)),
        commodities=draw(st.sampled_from([None, [unit.code for unit in units]])),
        label=draw(st.none() | texts()),
        opened=draw(st.sampled_from([None, days[0]])),
        closed=draw(st.sampled_from([None, days[1]])),
        attributes=draw(dimensions()),
        limits=draw(_limits_of(units)),
    )


def _limits_of(units: Sequence[Commodity]) -> SearchStrategy[list[Limit]]:
    """Return a strategy for limits of some commodities, at most one for each."""
    return st.lists(
        limits(commodities=st.sampled_from(units)),
        max_size=len(units),
        unique_by=lambda limit: limit.commodity.code,
    )


@st.composite
def limits(
    draw: DrawFn, *, commodities: SearchStrategy[Commodity] | None = None
) -> Limit:
    """Return a strategy for limits: a minimum, a maximum, or both."""
    unit = draw(_commodities_or(commodities))
    most = BOUNDS.minor_units - 1
    ends = draw(st.lists(st.integers(-most, most), min_size=2, max_size=2).map(sorted))
    low, high = (Amount.from_minor(end, unit) for end in ends)
    return draw(
        st.sampled_from(
            [
                Limit(minimum=low),
                Limit(maximum=high),
                Limit(minimum=low, maximum=high),
            ]
        )
    )


@st.composite
def conditions(
    draw: DrawFn,
    *,
    accounts: SearchStrategy[str] | None = None,
    commodities: SearchStrategy[Commodity] | None = None,
) -> dict[str, list[Limit]]:
    """Return a strategy for the conditions of a posting, by account path."""
    paths = account_paths() if accounts is None else accounts
    found = limits(commodities=commodities)
    several = st.lists(
        found, min_size=1, max_size=3, unique_by=lambda limit: limit.commodity.code
    )
    return draw(st.dictionaries(paths, several, max_size=3))


def accounts(*, paths: SearchStrategy[str] | None = None) -> SearchStrategy[Account]:
    """Return a strategy for accounts of every type, open or closed, limited or not."""
    return _accounts(account_paths() if paths is None else paths)


def charts(*, min_size: int = 0, max_size: int = 5) -> SearchStrategy[ChartOfAccounts]:
    """Return a strategy for charts of accounts."""
    return st.lists(
        accounts(),
        min_size=min_size,
        max_size=max_size,
        unique_by=lambda account: account.path,
    ).map(ChartOfAccounts)


def _lines(
    given: SearchStrategy[Mapping[str, str]] | None,
) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for the optional fields of a posting, often none."""
    return st.just({}) | st.fixed_dictionaries(
        {},
        optional={
            "value_date": dates(),
            "memo": texts(),
            "dimensions": dimensions() if given is None else given,
        },
    )


@st.composite
def _postings(
    draw: DrawFn,
    accounts: SearchStrategy[str],
    amounts: SearchStrategy[Amount],
    fields: SearchStrategy[dict[str, Any]],
) -> Posting:
    side = draw(st.sampled_from(Side))
    return Posting(draw(accounts), side, draw(amounts), **draw(fields))


def postings(
    *,
    accounts: SearchStrategy[str] | None = None,
    amounts: SearchStrategy[Amount] | None = None,
    dimensions: SearchStrategy[Mapping[str, str]] | None = None,
) -> SearchStrategy[Posting]:
    """Return a strategy for single postings."""
    return _postings(
        account_paths() if accounts is None else accounts,
        _any_amounts() if amounts is None else amounts,
        _lines(dimensions),
    )


def _any_amounts() -> SearchStrategy[Amount]:
    return amounts()


@st.composite
def _balanced(
    draw: DrawFn,
    accounts: SearchStrategy[str],
    units: SearchStrategy[Commodity],
    fields: SearchStrategy[dict[str, Any]],
) -> list[Posting]:
    """Draw postings that sum to zero in each of one to three commodities."""
    lines: list[Posting] = []
    paths = st.sampled_from(draw(st.lists(accounts, min_size=1, max_size=4)))
    numbers = st.integers(-_LINE_MAX, _LINE_MAX).filter(bool)
    for unit in draw(
        st.lists(units, min_size=1, max_size=3, unique_by=lambda unit: unit.code)
    ):
        debits = draw(st.lists(numbers, min_size=1, max_size=3))
        for debit in (*debits, -sum(debits)):
            side = draw(st.sampled_from(Side))
            minor_units = debit if side is Side.DEBIT else -debit
            amount = Amount.from_minor(minor_units, unit)
            lines.append(Posting(draw(paths), side, amount, **draw(fields)))
    return draw(st.permutations(lines))


def _headers(
    journals: SearchStrategy[str] | None, kinds: SearchStrategy[EntryKind] | None
) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for the optional fields of an entry."""
    return st.fixed_dictionaries(
        {},
        optional={
            "description": texts(),
            "kind": st.sampled_from(_POSTED_KINDS) if kinds is None else kinds,
            "journal": identifiers() if journals is None else journals,
            "document_number": identifiers(),
            "document_date": dates(),
            "economic_date": dates(),
            "references": st.lists(identifiers(), max_size=3),
            "rule": identifiers(),
        },
    )


def entries(
    *,
    ids: SearchStrategy[str] | None = None,
    dates: SearchStrategy[date] | None = None,
    accounts: SearchStrategy[str] | None = None,
    commodities: SearchStrategy[Commodity] | None = None,
    journals: SearchStrategy[str] | None = None,
    dimensions: SearchStrategy[Mapping[str, str]] | None = None,
    kinds: SearchStrategy[EntryKind] | None = None,
) -> SearchStrategy[Entry]:
    """Return a strategy for balanced entries of one to three commodities.

    Reversing entries are left out: `Ledger.reverse` makes them.
    """
    lines = _balanced(
        account_paths() if accounts is None else accounts,
        _commodities_or(commodities),
        _lines(dimensions),
    )
    return st.builds(
        lambda key, day, lines, fields: Entry(key, day, lines, **fields),
        identifiers() if ids is None else ids,
        _any_dates() if dates is None else dates,
        lines,
        _headers(journals, kinds),
    )


@st.composite
def holds(
    draw: DrawFn,
    *,
    ids: SearchStrategy[str] | None = None,
    accounts: SearchStrategy[str] | None = None,
    commodities: SearchStrategy[Commodity] | None = None,
    dimensions: SearchStrategy[Mapping[str, str]] | None = None,
    expires: SearchStrategy[datetime | timedelta | None] | None = None,
) -> Hold:
    """Return a strategy for holds of one to three commodities.

    Amounts are positive.  A hold expires after a span, at an instant, or never.
    """
    paths = account_paths() if accounts is None else accounts
    names = _dimensions_or(dimensions)
    fields: SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
        {}, optional={"value_date": dates(), "dimensions": names}
    )
    lines: list[Posting] = []
    units = st.lists(
        _commodities_or(commodities),
        min_size=1,
        max_size=3,
        unique_by=lambda unit: unit.code,
    )
    for unit in draw(units):
        debits = draw(st.lists(st.integers(1, _LINE_MAX), min_size=1, max_size=3))
        for side, units_ in (
            *((Side.DEBIT, debit) for debit in debits),
            (Side.CREDIT, sum(debits)),
        ):
            amount = Amount.from_minor(units_, unit)
            lines.append(Posting(draw(paths), side, amount, **draw(fields)))
    spans = st.timedeltas(timedelta(microseconds=1), LIFETIME_MAX)
    return Hold(
        draw(identifiers() if ids is None else ids),
        draw(st.permutations(lines)),
        expires=draw(st.none() | spans | _instants() if expires is None else expires),
        description=draw(texts()),
    )


def _instants() -> SearchStrategy[datetime]:
    """Return a strategy for instants in several time zones."""
    zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
    return st.datetimes(datetime(2000, 1, 2), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001


def _dimensions_or(
    given: SearchStrategy[Mapping[str, str]] | None,
) -> SearchStrategy[Mapping[str, str]]:
    return dimensions() if given is None else given


def _any_dates() -> SearchStrategy[date]:
    return dates()


def drafts() -> SearchStrategy[EntryDraft]:
    """Return a strategy for drafts, balanced or not, with an id or without.

    A draft that does not balance may name the account that takes the difference.
    """
    some = st.lists(postings(), min_size=1, max_size=3)
    whole = _balanced(account_paths(), commodities(), _lines(None))
    return st.builds(
        lambda day, lines, key, path, fields: EntryDraft(
            day, lines, id=key, balance_to=path, **fields
        ),
        dates(),
        some | whole,
        st.none() | identifiers(),
        st.none() | account_paths(),
        _headers(None, None),
    )


def _json() -> SearchStrategy[Any]:
    """Return a strategy for what a document's content may hold."""
    integers = st.integers(1 - 2**53, 2**53 - 1)
    return st.recursive(
        st.none() | st.booleans() | integers | texts(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(_keys(), inner, max_size=4)
        ),
        max_leaves=12,
    )


@st.composite
def documents(
    draw: DrawFn,
    *,
    kinds: SearchStrategy[str] | None = None,
    ids: SearchStrategy[str] | None = None,
) -> Document:
    """Return a strategy for documents, with personal fields or without."""
    content = draw(st.dictionaries(_keys(), _json(), max_size=5))
    names = sorted(name for name, item in content.items() if isinstance(item, str))
    personal = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    secret = {*personal, *(content[name] for name in personal)}
    index = draw(st.dictionaries(_keys(), identifiers(), max_size=3))
    return Document(
        draw(_keys() if kinds is None else kinds),
        draw(identifiers() if ids is None else ids),
        content,
        personal=personal,
        version=draw(st.integers(1, 1000)),
        index={n: v for n, v in index.items() if not {n, v} & secret},
    )


def periods() -> SearchStrategy[Period]:
    """Return a strategy for periods in every state."""
    return st.builds(
        lambda name, days, *rest: Period(name, days[0], days[1], *rest),
        identifiers(),
        st.lists(dates(), min_size=2, max_size=2).map(sorted),
        st.sampled_from(PeriodState),
        st.none() | identifiers(),
    )


def _simple_calendars(
    prefixes: SearchStrategy[str],
) -> SearchStrategy[FiscalMonths | FiscalWeeks]:
    """Return a strategy for fiscal calendars that never change."""
    months = st.integers(1, 12)
    named_by = st.sampled_from(get_args(NamedBy))
    fields: dict[str, SearchStrategy[Any]] = {
        "ends": st.sampled_from(get_args(Weekday)),
        "month": months,
        "pattern": st.sampled_from(get_args(Pattern)),
        "extra_week": months,
        "named_by": named_by,
        "prefix": prefixes,
    }
    return (
        st.builds(FiscalMonths, months, named_by, prefixes)
        | st.builds(FiscalWeeks, rule=st.just("last"), **fields)
        | st.builds(
            FiscalWeeks,
            rule=st.just("nearest"),
            day=st.none() | st.integers(1, 28),
            **fields,
        )
    )


def calendars() -> SearchStrategy[BookCalendar]:
    """Return a strategy for calendars that a book can use, some of which change."""
    first = st.just(CalendarMonths()) | _simple_calendars(st.just("FY"))
    following = _simple_calendars(st.just("NY"))
    return first | st.builds(_succession, first, following, dates())


def _succession(
    first: CalendarMonths | FiscalMonths | FiscalWeeks,
    following: FiscalMonths | FiscalWeeks,
    day: date,
) -> SuccessiveCalendars:
    """Return calendars of which the second one counts from the period of a day on."""
    since = following.span(following.period_of(day))[0]
    return SuccessiveCalendars(first, [(since, following)])
