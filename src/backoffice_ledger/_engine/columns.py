"""Entries in columns: the common case of two postings each, without objects.

`decide_columns` gives for a whole batch what `entries.post_entries` gives for its
entries one by one, with the same canonical bytes.  It only takes what needs no
individual look; for anything else it returns None and the ordinary path decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from operator import index
from typing import Any, TypeVar

import attrs

from backoffice_ledger._engine.canonical import (
    FORMAT_VERSION,
    commitment,
    quote,
)
from backoffice_ledger._engine.entries import SMALL_KINDS
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import FactKey, Needs, State
from backoffice_ledger._model.amount import (
    Amount,
    check_minor_units,
    format_minor_units,
)
from backoffice_ledger._model.arguments import check_list
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.entry import DEFAULT_JOURNAL, Entry
from backoffice_ledger._model.posting import credit, debit
from backoffice_ledger._model.text import check_identifier, check_path, check_text
from backoffice_ledger.errors import InexactNumber, InvalidEntry, InvalidOption

T = TypeVar("T")


@attrs.frozen
class Columns:
    """Entries of one debit and one credit each, as columns of equal length."""

    ids: Sequence[str]
    dates: Sequence[date]
    debits: Sequence[str]
    credits: Sequence[str]
    amounts: Sequence[int]
    descriptions: Sequence[str]
    commodity: Commodity
    journal: str

    def __len__(self) -> int:
        return len(self.ids)

    def slice(self, start: int, stop: int) -> "Columns":
        """Return some of the entries."""
        return Columns(
            self.ids[start:stop],
            self.dates[start:stop],
            self.debits[start:stop],
            self.credits[start:stop],
            self.amounts[start:stop],
            self.descriptions[start:stop],
            self.commodity,
            self.journal,
        )

    def entries(self) -> Iterator[Entry]:
        """Yield the entries as objects."""
        for id_, day, debited, credited, minor_units, description in zip(
            self.ids,
            self.dates,
            self.debits,
            self.credits,
            self.amounts,
            self.descriptions,
            strict=True,
        ):
            amount = Amount.from_minor(minor_units, self.commodity)
            yield Entry(
                id_,
                day,
                (debit(debited, amount), credit(credited, amount)),
                description=description,
                journal=self.journal,
            )

    def accounts(self) -> set[str]:
        """Return the paths of all accounts."""
        return {*self.debits, *self.credits}


def make_columns(
    ids: Sequence[str],
    dates: Sequence[date],
    debits: Sequence[str],
    credits_: Sequence[str],
    amounts: Sequence[int],
    commodity: str | Commodity,
    descriptions: Sequence[str] | None = None,
    journal: str = DEFAULT_JOURNAL,
) -> Columns:
    """Check every value and return the columns.

    Raises:
        InvalidOption: no columns, or of different lengths.
        InexactNumber: an amount that is no integer of minor units.
        InvalidEntry: an amount of zero.
        InvalidInput: any other value that an entry could not have.
    """
    all_ids = _column(ids, "ids", str)
    if descriptions is None:
        descriptions = [""] * len(all_ids)
    columns = Columns(
        all_ids,
        _column(dates, "dates", date),
        _column(debits, "debits", str),
        _column(credits_, "credits", str),
        _integers(_column(amounts, "amounts", object)),
        _column(descriptions, "descriptions", str),
        Commodity.of(commodity),
        check_identifier(journal, "journal"),
    )
    for name in ("dates", "debits", "credits", "amounts", "descriptions"):
        if len(getattr(columns, name)) != len(columns):
            raise InvalidOption(
                field=name,
                expected=f"{len(columns)} values, as many as ids",
                found=len(getattr(columns, name)),
            )
    for id_ in columns.ids:
        check_identifier(id_, "ids")
    for day in set(columns.dates):
        check_date(day, "dates")
    for path in columns.accounts():
        check_path(path, "accounts")
    for text in columns.descriptions:
        check_text(text, "descriptions")
    if columns.amounts:
        check_minor_units(min(columns.amounts), "amounts")
        check_minor_units(max(columns.amounts), "amounts")
        if 0 in columns.amounts:
            raise InvalidEntry(
                field="amounts", expected="amounts that are not zero", found=0
            )
    return columns


def _column(values: object, field: str, kind: type[T]) -> list[T]:
    """Return the values of a column, all of one kind."""
    column = list(check_list(values, field))
    for its_kind in set(map(type, column)):
        if not issubclass(its_kind, kind):
            raise InvalidOption(
                field=field, expected=f"{kind.__name__} values", found=its_kind.__name__
            )
    return column


def _integers(amounts: Sequence[Any]) -> list[int]:
    for kind in set(map(type, amounts)):
        if kind is bool or not hasattr(kind, "__index__"):
            raise InexactNumber(
                field="amounts",
                expected="integers of minor units",
                found=kind.__name__,
            )
    return list(map(index, amounts))


def columns_needs(columns: Columns, state: State) -> Needs:
    """Return what deciding *columns* still has to read."""
    keys: set[FactKey] = {("account", path) for path in columns.accounts()}
    return state.missing(facts=keys, prefixes=SMALL_KINDS, entries=columns.ids)


@attrs.frozen
class DecidedColumns:
    """Columns with the leaf hashes and salts of their records."""

    columns: Columns
    stamp: Stamp
    leaves: list[bytes]
    salts: list[bytes]


def decide_columns(
    state: State, columns: Columns, stamp: Stamp
) -> DecidedColumns | None:
    """Return the decided columns, or None if an entry needs an individual look."""
    if not _is_plain(state, columns):
        return None
    salts = stamp.draw(sum(map(bool, columns.descriptions)))
    return DecidedColumns(columns, stamp, _leaves(columns, stamp, salts), salts)


def _is_plain(state: State, columns: Columns) -> bool:
    """Whether ids are new and unique, and accounts and periods take everything."""
    unit = columns.commodity
    known = state.fact("commodity", unit.code)
    if (
        known is None
        or known.content["scale"] != unit.scale
        or state.fact("journal", columns.journal) is None
        or len(set(columns.ids)) != len(columns)
        or any(state.entries[id_] is not None for id_ in columns.ids)
    ):
        return False
    for path in columns.accounts():
        fact = state.fact("account", path)
        if fact is None or not _takes_all(fact.content, unit.code):
            return False
    return all(
        state.period_state(columns.journal, day).value == "open"
        for day in set(columns.dates)
    )


def _takes_all(account: Mapping[str, Any], code: str) -> bool:
    allowed = account.get("commodities")
    return (
        account["type"] != "memorandum"
        and "opened" not in account
        and "closed" not in account
        and "limits" not in account
        and (allowed is None or code in allowed)
    )


def _leaves(columns: Columns, stamp: Stamp, salts: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hashes: `record_bytes` of `entry_content`, unrolled."""
    unit = columns.commodity
    scale = unit.scale
    heads = {
        path: f'{{"account":{quote(path)},"amount":"' for path in columns.accounts()
    }
    days = {day: f'{{"date":"{day}"' for day in set(columns.dates)}
    before = f'\0{{"actor":{quote(stamp.actor)},"at":"{stamp.at_text}","content":'
    middle = f',"journal":{quote(columns.journal)},"kind":"normal","postings":['
    debited = f'","commodity":"{unit.code}","side":"debit"}},'
    credited = f'","commodity":"{unit.code}","side":"credit"}}]}},"type":"entry","v":'
    credited += f"{FORMAT_VERSION}}}"
    next_salt = iter(salts).__next__
    leaves = []
    for id_, day, left, right, minor_units, text in zip(
        columns.ids,
        columns.dates,
        columns.debits,
        columns.credits,
        columns.amounts,
        columns.descriptions,
        strict=True,
    ):
        number = format_minor_units(minor_units, scale)
        committed = f',"description":"{commitment(next_salt(), text)}"' if text else ""
        data = (
            f'{before}{days[day]}{committed},"id":{quote(id_)}{middle}'
            f"{heads[left]}{number}{debited}{heads[right]}{number}{credited}"
        )
        leaves.append(sha256(data.encode()).digest())
    return leaves
