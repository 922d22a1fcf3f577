"""Rows out to files and data frames: exact numbers, no presentation."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import attrs

from backoffice_ledger._model.amount import Amount, format_minor_units
from backoffice_ledger._model.balance import Balance
from backoffice_ledger.errors import BoundExceeded, MissingExtra
from backoffice_ledger.reports._cells import (
    ROLE_COLUMNS,
    Cell,
    Column,
    Row,
    commodity_index,
)

FlatKind = Literal["text", "integer", "date", "number"]

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_DECIMAL_DIGITS_MAX: Final = 38
_INTEGER_BOUND: Final = 2**63


@attrs.frozen
class FlatColumn:
    """A column of an export: amounts are numbers with their commodity beside them."""

    name: str
    kind: FlatKind
    values: list[Any]


def flatten(columns: Sequence[Column], rows: Sequence[Row]) -> list[FlatColumn]:
    """Return the cells by column, each amount apart from its commodity."""
    own_commodity = commodity_index(columns) is None
    flat: list[FlatColumn] = []
    for position, column in enumerate(columns):
        values = [row.cells[position] for row in rows]
        if column.kind == "amount":
            flat.append(FlatColumn(column.name, "number", values))
            if own_commodity:
                codes = [_code(value) for value in values]
                flat.append(FlatColumn(f"{column.name}_commodity", "text", codes))
        elif column.kind == "balance":
            texts = [None if value is None else str(value) for value in values]
            flat.append(FlatColumn(column.name, "text", texts))
        elif column.kind == "integer" or column.kind == "date":
            flat.append(FlatColumn(column.name, column.kind, values))
        else:
            flat.append(FlatColumn(column.name, "text", values))
    return flat


def flatten_with_roles(
    columns: Sequence[Column], rows: Sequence[Row]
) -> list[FlatColumn]:
    """Return `flatten` with two more columns that tell totals from details."""
    role, caption = ROLE_COLUMNS
    return [
        FlatColumn(role, "text", [row.role for row in rows]),
        FlatColumn(caption, "text", [row.caption for row in rows]),
        *flatten(columns, rows),
    ]


def _code(value: Cell) -> str | None:
    return value.commodity.code if isinstance(value, Amount) else None


def write(
    pieces: Iterable[str], target: "str | PathLike[str] | TextIO | None"
) -> str | None:
    """Write to a path or a text file; return the text where there is no target."""
    if target is None:
        return "".join(pieces)
    if isinstance(target, (str, PathLike)):
        with Path(target).open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)
    else:
        target.writelines(pieces)
    return None


# --- CSV -----------------------------------------------------------------------------


def csv_lines(flat: Sequence[FlatColumn], *, guard: bool) -> Iterator[str]:
    """Yield lines as in RFC 4180 but for LF: text is quoted, numbers never."""
    yield ",".join(_quoted(column.name, guard=guard) for column in flat) + "\n"
    fields = [
        [_csv_field(value, guard=guard) for value in column.values] for column in flat
    ]
    for line in zip(*fields, strict=True):
        yield ",".join(line) + "\n"


def _csv_field(value: Any, *, guard: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Amount):
        return value.number
    if isinstance(value, str):
        return _quoted(value, guard=guard)
    return str(value)


def _quoted(text: str, *, guard: bool) -> str:
    if guard and text.startswith(_FORMULA_STARTS):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"'


# --- JSON lines ----------------------------------------------------------------------


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one JSON object per row, amounts as texts with their commodity."""
    encode = json.JSONEncoder(
        ensure_ascii=False, default=_json_value, separators=(",", ":")
    ).encode
    for row in rows:
        yield encode(row) + "\n"


def _json_value(value: Amount | Balance | date) -> Any:
    """Return what JSON can hold; `check_rows` lets no other type in."""
    if isinstance(value, Amount):
        return {"number": value.number, "commodity": value.commodity.code}
    if isinstance(value, Balance):
        return list(value)
    return value.isoformat()


# --- data frames ---------------------------------------------------------------------


def to_pandas(flat: Sequence[FlatColumn]) -> Any:
    """Return a pandas frame, amounts as Decimal objects."""
    pandas = _import_extra("pandas", "pandas")
    _check_integers(flat)
    dtypes = {"number": object, "integer": "Int64", "date": "datetime64[ns]"}
    series: dict[str, Any] = {}
    for column in flat:
        if column.kind == "text":
            # By way of object: None must not become the text "None".
            texts = pandas.Series(column.values, dtype=object)
            series[column.name] = texts.astype("string")
        else:
            values = column.values
            if column.kind == "number":
                values = [None if value is None else value.decimal for value in values]
            series[column.name] = pandas.Series(values, dtype=dtypes[column.kind])
    return pandas.DataFrame(series)


def to_polars(flat: Sequence[FlatColumn]) -> Any:
    """Return a Polars frame, amounts as Decimal(38, scale)."""
    polars = _import_extra("polars", "polars")
    _check_integers(flat)
    types = {"text": polars.String, "integer": polars.Int64, "date": polars.Date}
    series: list[Any] = []
    for column in flat:
        if column.kind == "number":
            scale = _scale(column)
            dtype = polars.Decimal(_DECIMAL_DIGITS_MAX, scale)
            values = _at_scale(column, scale)
        else:
            dtype, values = types[column.kind], column.values
        series.append(polars.Series(column.name, values, dtype=dtype))
    return polars.DataFrame(series)


def to_arrow(flat: Sequence[FlatColumn]) -> Any:
    """Return a pyarrow table, amounts as decimal128(38, scale)."""
    pyarrow = _import_extra("pyarrow", "pandas")
    _check_integers(flat)
    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "date": pyarrow.date32(),
    }
    arrays: list[Any] = []
    for column in flat:
        if column.kind == "number":
            scale = _scale(column)
            type_ = pyarrow.decimal128(_DECIMAL_DIGITS_MAX, scale)
            values = _at_scale(column, scale)
        else:
            type_, values = types[column.kind], column.values
        arrays.append(pyarrow.array(values, type=type_))
    return pyarrow.table(arrays, names=[column.name for column in flat])


def _check_integers(flat: Iterable[FlatColumn]) -> None:
    """Raise `BoundExceeded` unless every integer fits the frames' 64 bits."""
    for column in flat:
        if column.kind == "integer":
            for value in column.values:
                if value is not None and not -_INTEGER_BOUND <= value < _INTEGER_BOUND:
                    raise BoundExceeded(
                        field=column.name, expected="an integer of 64 bits", found=value
                    )


def _scale(column: FlatColumn) -> int:
    """Return the scale that holds every number of *column* exactly.

    Raises:
        BoundExceeded: 38 digits do not suffice.
    """
    amounts = [value for value in column.values if value is not None]
    scale = max((amount.commodity.scale for amount in amounts), default=0)
    for amount in amounts:
        digits = abs(amount.minor_units) * 10 ** (scale - amount.commodity.scale)
        if digits >= 10**_DECIMAL_DIGITS_MAX:
            raise BoundExceeded(
                field=column.name,
                expected=f"{_DECIMAL_DIGITS_MAX} digits at scale {scale}",
                found=amount,
            )
    return scale


def _at_scale(column: FlatColumn, scale: int) -> list[Decimal | None]:
    """Return exact decimals of one scale: some libraries refuse mixed ones."""
    return [
        None
        if value is None
        else Decimal(
            format_minor_units(
                value.minor_units * 10 ** (scale - value.commodity.scale), scale
            )
        )
        for value in column.values
    ]


def _import_extra(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{module} is not installed; pip install 'backoffice-ledger[{extra}]'",
            field=module,
        ) from error
