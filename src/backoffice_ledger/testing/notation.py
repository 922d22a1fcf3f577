"""Entries in the notation of the field, so that tests read like a journal."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger.errors import InvalidEntry, LedgerError

_HEADER: Final = re.compile(r"(\d{4}-\d\d-\d\d) +\* +(.*\S)", re.ASCII)
_POSTING: Final = re.compile(r"(Dr|Cr) +(.*\S) +(\S+) +(\S+)", re.ASCII)
_SIDES: Final = {"Dr": Side.DEBIT, "Cr": Side.CREDIT}
_Line = tuple[int, str]


def ledger_text(text: str, *, commodities: Iterable[Commodity] = ()) -> list[Entry]:
    """Return the entries of a text.

    ::

        2026-01-31 * rent | Office rent, January
            Dr expenses:rent  100.00 EUR
            Cr assets:bank    100.00 EUR

        2026-02-01 * fee / Dr expenses:fees 1.50 EUR / Cr assets:bank 1.50 EUR

    An entry begins with its date, ``*``, its id and, after ``|``, its description.
    Each posting stands on a line of its own, or after a slash between spaces.  Lines
    that begin with ``#`` are comments.

    Args:
        text: the entries, in any number of lines.
        commodities: those whose scale no standard gives.

    Raises:
        InvalidEntry: a line is neither a header nor a posting; ``field`` names it.
        InvalidInput: an entry or a part of it is not valid; ``field`` names the line.
    """
    units = {unit.code: unit for unit in commodities}
    return [_entry(block, units) for block in _blocks(text)]


def _blocks(text: str) -> Iterator[list[_Line]]:
    """Yield the numbered lines of each entry."""
    block: list[_Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for part in filter(None, map(str.strip, line.split(" / "))):
            if not part.startswith(("Dr ", "Cr ")):
                if block:
                    yield block
                block = []
            block.append((number, part))
    if block:
        yield block


def _entry(block: list[_Line], units: Mapping[str, Commodity]) -> Entry:
    number, line = block[0]
    header = _HEADER.fullmatch(line)
    if header is None:
        raise _syntax(number, "DATE * ID | DESCRIPTION, or Dr|Cr ACCOUNT AMOUNT", line)
    id_, _, description = header[2].partition("|")
    try:
        day = date.fromisoformat(header[1])
    except ValueError:
        raise _syntax(number, "a date such as 2026-01-31", header[1]) from None
    postings = [_posting(*line, units) for line in block[1:]]
    try:
        return Entry(id_.strip(), day, postings, description=description.strip())
    except LedgerError as error:
        raise _at_line(error, number) from None


def _posting(number: int, line: str, units: Mapping[str, Commodity]) -> Posting:
    match = _POSTING.fullmatch(line)
    if match is None:
        raise _syntax(number, "Dr|Cr ACCOUNT AMOUNT, such as Dr a:b 1.00 EUR", line)
    side, account, value, code = match.groups()
    try:
        return Posting(account, _SIDES[side], Amount(value, units.get(code, code)))
    except LedgerError as error:
        raise _at_line(error, number) from None


def _syntax(number: int, expected: str, found: str) -> InvalidEntry:
    return InvalidEntry(field=f"line {number}", expected=expected, found=found)


def _at_line(error: LedgerError, number: int) -> LedgerError:
    error.field = f"line {number}" + (f", {error.field}" if error.field else "")
    return error
