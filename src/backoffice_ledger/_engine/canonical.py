"""Canonical bytes, commitments and leaf hashes: the stored format, version 1.

The canonical form is a profile of RFC 8785 (JCS): no floats, integers up to
2^53 - 1, money as decimal text in the commodity's scale, ASCII keys in sorted order, no
spaces, UTF-8.  Within the profile ``json.dumps(sort_keys=True)`` yields exactly that.
A leaf is SHA-256(0x00 || bytes) (RFC 6962, section 2.1).

Free text and personal fields enter only as commitments: SHA-256(salt || text), with a
random salt of 16 bytes, in hexadecimal.  Text and salt are kept apart and can be
erased.

Nothing here may change for format 1: the golden vectors in ``tests/golden`` pin it.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, Final

from backoffice_ledger._model.amount import format_minor_units
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.entry import Entry, EntryKind
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger._model.text import EMPTY_MAPPING

FORMAT_VERSION: Final = 1
SALT_BYTES: Final = 16

quote = encode_basestring
"""Write a str as a JSON string, without escaping beyond ASCII."""

_DEBIT: Final = Side.DEBIT
_NORMAL: Final = EntryKind.NORMAL
"""Looking up a member of an Enum takes as long as quoting its name."""

_day_text: Final = lru_cache(maxsize=4096)(date.isoformat)
"""Write a date; a book uses the same ones again and again."""


def _as_dict(value: object) -> dict[str, Any]:
    """Return a mapping as the dict that the encoder knows."""
    if isinstance(value, Mapping):
        return dict(value.items())
    raise TypeError(f"JSON has no {type(value).__name__}")


_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_as_dict
)


def canonical_json(value: Any) -> str:
    """Return *value* (str, int, bool, None, lists, mappings) in canonical form."""
    return _ENCODER.encode(value)


def _names_json(names: Mapping[str, str]) -> str:
    """Return a mapping of names to names, in sorted order, in canonical form."""
    items = [f"{quote(key)}:{quote(name)}" for key, name in names.items()]
    return f"{{{','.join(items)}}}"


def commitment(salt: bytes, text: str) -> str:
    """Return the commitment to *text*: SHA-256(salt || text) in hexadecimal."""
    return sha256(salt + text.encode()).hexdigest()


def leaf_hash(data: bytes) -> bytes:
    """Return the RFC 6962 leaf hash of *data*."""
    return sha256(b"\0" + data).digest()


def instant_text(microseconds: int) -> str:
    """Return an instant as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``."""
    instant = instant_from_microseconds(microseconds)
    return instant.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def record_bytes(
    type_: str,
    actor: str,
    at: str,
    content: str,
    proposal: str | None = None,
    controls: tuple[str, ...] = (),
) -> bytes:
    """Return the canonical bytes of a record; *content* is canonical already."""
    text = f'{{"actor":{quote(actor)},"at":"{at}","content":{content}'
    if controls:
        text += f',"controls":{canonical_json(list(controls))}'
    if proposal is not None:
        text += f',"proposal":{quote(proposal)}'
    return f'{text},"type":"{type_}","v":{FORMAT_VERSION}}}'.encode()


def posting_content(posting: Posting, memo: str | None) -> str:
    """Return the canonical form of a posting; *memo* is the commitment to its memo."""
    amount = posting.amount
    unit = amount.commodity
    dimensions = memo_text = value_date = ""
    if posting.dimensions is not EMPTY_MAPPING:
        dimensions = f',"dimensions":{_names_json(posting.dimensions)}'
    if memo is not None:
        memo_text = f',"memo":"{memo}"'
    if posting.value_date is not None:
        value_date = f',"value_date":"{_day_text(posting.value_date)}"'
    return (
        f'{{"account":{quote(posting.account)},'
        f'"amount":"{format_minor_units(amount.minor_units, unit.scale)}",'
        f'"commodity":"{unit.code}"{dimensions}{memo_text},'
        f'"side":"{"debit" if posting.side is _DEBIT else "credit"}"{value_date}}}'
    )


def entry_content(
    entry: Entry, commitments: Mapping[str, str], reverses: str | None = None
) -> str:
    """Return the canonical form of an entry.

    *commitments* maps the names of its texts (`text_fields`) to the commitments.
    """
    text = f'{{"date":"{_day_text(entry.date)}"'
    description = commitments.get("description")
    if description is not None:
        text += f',"description":"{description}"'
    if entry.document_date is not None:
        text += f',"document_date":"{entry.document_date}"'
    if entry.document_number is not None:
        text += f',"document_number":{quote(entry.document_number)}'
    if entry.economic_date is not None:
        text += f',"economic_date":"{entry.economic_date}"'
    if len(commitments) == (description is not None):  # no memos
        postings = [posting_content(posting, None) for posting in entry.postings]
    else:
        postings = [
            posting_content(posting, commitments.get(memo_field(line)))
            for line, posting in enumerate(entry.postings)
        ]
    kind = "normal" if entry.kind is _NORMAL else entry.kind.value
    text += (
        f',"id":{quote(entry.id)},"journal":{quote(entry.journal)},'
        f'"kind":"{kind}","postings":[{",".join(postings)}]'
    )
    if entry.references:
        text += f',"references":{canonical_json(list(entry.references))}'
    if reverses is not None:
        text += f',"reverses":{quote(reverses)}'
    if entry.rule is not None:
        text += f',"rule":{quote(entry.rule)}'
    return text + "}"


def memo_field(line: int) -> str:
    """Return the name under which the memo of posting *line* is committed."""
    return f"postings.{line}.memo"


def text_fields(entry: Entry) -> list[tuple[str, str]]:
    """Return the erasable texts of an entry by name, in the order of its fields."""
    fields = [("description", entry.description)] if entry.description else []
    for line, posting in enumerate(entry.postings):
        if posting.memo is not None:
            fields.append((memo_field(line), posting.memo))
    return fields


def content_digest(content: str) -> str:
    """Return the SHA-256 of canonical content, in hexadecimal."""
    return sha256(content.encode()).hexdigest()


def date_number(day: date) -> int:
    """Return a date as the integer YYYYMMDD, as stores keep it."""
    return day.year * 10_000 + day.month * 100 + day.day


@lru_cache(maxsize=4096, typed=True)
def number_date(number: int) -> date:
    """Return the date of the integer YYYYMMDD; as for `_day_text`."""
    return date(number // 10_000, number // 100 % 100, number % 100)
