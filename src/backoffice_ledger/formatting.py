"""Amounts and dates as a reader's locale writes them.

babel gives the symbols, the names and the sizes of the digit groups; it is imported
when first needed.  The rest is ours, because it must be exact: digits come from the
commodity's scale (ISO 4217, never CLDR), numbers are formatted from integers (no
decimal context can round them, no size is too large, zero has no sign), and parsing
accepts what the locale writes or refuses; it never guesses.

>>> from backoffice_ledger._model.amount import Amount
>>> format_amount(Amount("-1234567", "INR"), "en_IN", style="parentheses", show="none")
'(12,34,567.00)'
>>> parse_amount("1.234,50-", "EUR", "de_DE")
Amount('-1234.50', 'EUR')

Digits are always 0 to 9 and dates always Gregorian, in every locale.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Any, Final, Literal

import attrs

from backoffice_ledger._model.amount import Amount, check_minor_units
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidOption,
)

__all__ = [
    "DateStyle",
    "Show",
    "Style",
    "Zero",
    "commodity_name",
    "format_amount",
    "format_date",
    "parse_amount",
]

Style = Literal["minus", "parentheses"]
"""How a negative amount is marked."""
Show = Literal["code", "symbol", "none"]
"""How the commodity is shown beside the number."""
Zero = Literal["number", "dash", "blank"]
"""How zero is shown: ``0.00``, an en dash, or nothing."""
DateStyle = Literal["iso", "short", "medium", "long", "full"]
"""``iso`` is 2026-01-31; the others are CLDR's lengths."""

_NO_BREAK_SPACE: Final = "\u00a0"
_INVISIBLE: Final = re.compile("[\u200b\u200e\u200f\u061c]")
_NUMBER_CHARACTERS: Final = frozenset("0123456789.,-_/")
_PARSE_MAP: Final = str.maketrans(
    {
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u2212": "-",
        "\u2019": "'",
        "\u200e": None,
        "\u200f": None,
        "\u061c": None,
    }
)


def format_amount(
    amount: Amount,
    locale: str,
    *,
    style: Style = "minus",
    show: Show = "code",
    zero: Zero = "number",
) -> str:
    """Return *amount* as *locale* writes it.

    Args:
        amount: any size is exact.
        locale: such as ``de_DE`` or ``de-DE``; there is no default.
        style: a negative amount has a minus sign or stands in parentheses.
        show: the commodity as its code, as the locale's symbol, or not at all.
        zero: zero as a number, as an en dash, or blank (without the commodity).

    Raises:
        InexactNumber: not an `Amount`.
        InvalidOption: unknown locale or option.
    """
    if not isinstance(amount, Amount):
        raise InexactNumber(
            field="amount", expected="an Amount", found=type(amount).__name__
        )
    check_choice(style, Style, "style")
    check_choice(show, Show, "show")
    check_choice(zero, Zero, "zero")
    pattern = amount_pattern(check_locale(locale), amount.commodity, style, show, zero)
    return "".join(pattern.parts(amount.minor_units))


def format_date(day: date, locale: str, *, style: DateStyle = "medium") -> str:
    """Return *day* as *locale* writes it, in the Gregorian calendar.

    Raises:
        InvalidDate: not a plain date.
        InvalidOption: unknown locale or style.
    """
    check_choice(style, DateStyle, "style")
    day = check_date(day, "day")
    babel_locale = _babel_locale(check_locale(locale))
    if style == "iso":
        return day.isoformat()
    from babel import dates

    return dates.format_date(day, format=style, locale=babel_locale)


def commodity_name(commodity: "Commodity | str", locale: str) -> str:
    """Return what *locale* calls a currency; the code where it has no name.

    Raises:
        InvalidOption: unknown locale.
        UnknownCommodity: a code without a known scale.
    """
    unit = Commodity.of(commodity)
    names = _babel_locale(check_locale(locale)).currencies
    return str(names.get(unit.code, unit.code))


def parse_amount(text: str, commodity: "Commodity | str", locale: str) -> Amount:
    """Return the amount that *text* means in *locale*, or refuse.

    Accepted are the locale's own decimal mark; its digit groups, all of them or none;
    one sign, as a minus (ASCII or U+2212) before or after the number, a plus, or
    parentheses; and the commodity's code or local symbol before or after it.  Any
    kind of space may stand where the locale writes one.

    Raises:
        InvalidAmount: anything else: groups of a wrong size (``1,5`` in English),
            an exponent, NaN, foreign digits, more decimal places than the commodity
            has.
        InexactNumber: not a text.
        BoundExceeded: too long, or 10^27 minor units and more.
        InvalidOption: unknown locale.
        UnknownCommodity: a code without a known scale.
    """
    if not isinstance(text, str):
        raise InexactNumber(field="text", expected="str", found=type(text).__name__)
    if len(text) > 2 * BOUNDS.amount_characters:
        raise BoundExceeded(
            field="text",
            expected=f"at most {2 * BOUNDS.amount_characters} characters",
            found=text,
        )
    unit = Commodity.of(commodity)
    name = check_locale(locale)
    number, negative = _without_decoration(
        text.translate(_PARSE_MAP).strip(" "), _names_to_strip(name, unit)
    )
    match = _number_expression(name).fullmatch(number)
    if match is None:
        raise InvalidAmount(
            field="text", expected=f"an amount of {unit.code} in {name}", found=text
        )
    whole, fraction = match.groups("")
    if len(fraction) > unit.scale:
        raise InvalidAmount(
            "never rounded silently",
            field="text",
            expected=f"at most {unit.scale} decimal places",
            found=text,
        )
    digits = "".join(filter(str.isdigit, whole)) + fraction
    minor_units = int(digits) * 10 ** (unit.scale - len(fraction))
    return Amount.from_minor(
        check_minor_units(-minor_units if negative else minor_units, "text"), unit
    )


# --- how a locale writes numbers -----------------------------------------------------


@attrs.frozen
class Notation:
    """How one locale writes money.

    Attributes:
        decimal: the decimal mark.
        group: the mark between digit groups.
        primary: digits in the last group before the decimal mark; 0 is no groups.
        secondary: digits in the other groups.
        minus: the minus sign, with the bidi mark that the locale puts before it.
        prefix: what stands before the number; U+00A4 is the commodity's place.
        suffix: what stands after the number.
    """

    decimal: str
    group: str
    primary: int
    secondary: int
    minus: str
    prefix: str
    suffix: str

    def grouped(self, whole: int) -> str:
        """Return a number of zero and more with its groups marked."""
        if not self.primary:
            return str(whole)
        if self.primary == self.secondary == 3:
            return f"{whole:,}".replace(",", self.group)
        digits = str(whole)
        groups = [digits[-self.primary :]]
        rest = digits[: -self.primary]
        while rest:
            groups.append(rest[-self.secondary :])
            rest = rest[: -self.secondary]
        return self.group.join(reversed(groups))


PLAIN: Final = Notation(".", "", 0, 0, "-", "", " \u00a4")
"""The notation of ``str(amount)``, for where no locale was asked for."""


@attrs.frozen
class AmountPattern:
    """All that is the same for every amount of one column: made once, then cached."""

    notation: Notation
    scale: int
    positive: tuple[str, str]
    negative: tuple[str, str]
    zero: Zero

    def parts(self, minor_units: int) -> tuple[str, str]:
        """Return the text up to the decimal mark, and the text from it on."""
        before, after = self.negative if minor_units < 0 else self.positive
        if not minor_units and self.zero != "number":
            return ("", "") if self.zero == "blank" else (before + "\u2013", after)
        whole, fraction = divmod(abs(minor_units), 10**self.scale)
        left = before + self.notation.grouped(whole)
        if not self.scale:
            return left, after
        return left, f"{self.notation.decimal}{fraction:0{self.scale}d}{after}"


@lru_cache(maxsize=4096)
def amount_pattern(
    locale: str | None, commodity: Commodity, style: Style, show: Show, zero: Zero
) -> AmountPattern:
    """Return the pattern for a column of amounts; no locale is the plain notation."""
    notation = locale_notation(locale)
    before, after = notation.prefix, notation.suffix
    if show == "none":
        before, after = _mark_only(before), ""
    elif show == "code" or locale is None:
        before = _placed(before, commodity.code, before=True, spaced=True)
        after = _placed(after, commodity.code, before=False, spaced=True)
    else:
        symbol = _symbol(locale, commodity)
        before = _placed(before, symbol, before=True, spaced=False)
        after = _placed(after, symbol, before=False, spaced=False)
    mark = _mark_only(before)
    rest = before[len(mark) :]
    if style == "parentheses":
        negative = f"{mark}({rest}", f"{after})"
    elif show == "code":
        negative = f"{before}{notation.minus}", after
    else:
        negative = f"{mark}{notation.minus}{rest}", after
    return AmountPattern(notation, commodity.scale, (before, after), negative, zero)


def _mark_only(prefix: str) -> str:
    """Return the bidi mark with which *prefix* begins, or nothing."""
    return prefix[:1] if _INVISIBLE.match(prefix) else ""


def _placed(affix: str, name: str, *, before: bool, spaced: bool) -> str:
    """Put *name* in its place, apart from the digits where it ends in no symbol."""
    if "\u00a4" not in affix:
        return affix
    touching = affix.endswith("\u00a4") if before else affix.startswith("\u00a4")
    nearest = _INVISIBLE.sub("", name)[-1 if before else 0]
    apart = spaced or unicodedata.category(nearest)[0] != "S"
    if touching and apart:
        space = f"{name}{_NO_BREAK_SPACE}" if before else f"{_NO_BREAK_SPACE}{name}"
        return affix.replace("\u00a4", space)
    return affix.replace("\u00a4", name)


def _symbol(locale: str, commodity: Commodity) -> str:
    """Return the locale's symbol, or the code where it has none that can be seen."""
    code = commodity.code
    symbol = str(_babel_locale(locale).currency_symbols.get(code, code))
    return symbol if _INVISIBLE.sub("", symbol).strip() else code


@lru_cache(maxsize=256)
def locale_notation(locale: str | None) -> Notation:
    """Return how *locale* writes money; None is the plain notation."""
    if locale is None:
        return PLAIN
    data = _babel_locale(locale)
    symbols = data.number_symbols["latn"]
    # From the decimal pattern: the accounting pattern loses some locales' groups.
    primary, secondary = data.decimal_formats[None].grouping
    if primary >= 1000:  # babel's way to say that the pattern has no groups
        primary = secondary = 0
    standard = data.currency_formats["standard"].pattern.partition(";")[0]
    prefix, suffix = re.split(r"[#0][#0.,]*", standard, maxsplit=1)
    return Notation(
        decimal=symbols.get("currencyDecimal", symbols["decimal"]),
        group=symbols["group"],
        primary=primary,
        secondary=secondary,
        minus=symbols["minusSign"],
        prefix=prefix,
        suffix=suffix,
    )


def check_locale(locale: object) -> str:
    """Return the identifier of a locale that babel knows, with underscores.

    Raises:
        InvalidOption: no text, or no such locale.
    """
    if not isinstance(locale, str):
        raise InvalidOption(
            field="locale",
            expected="a text such as 'de_DE'",
            found=type(locale).__name__,
        )
    name = locale.replace("-", "_")
    _babel_locale(name)
    return name


def is_right_to_left(locale: str) -> bool:
    """Whether *locale* writes from right to left."""
    return bool(_babel_locale(locale).text_direction == "rtl")


@lru_cache(maxsize=256)
def _babel_locale(name: str) -> Any:
    from babel.core import Locale, UnknownLocaleError

    try:
        if name in ("C", "POSIX"):  # from 2.19 on babel takes them for American English
            raise UnknownLocaleError(name)
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        raise InvalidOption(
            field="locale", expected="a locale such as 'de_DE'", found=name
        ) from None


# --- parsing -------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _number_expression(locale: str) -> re.Pattern[str]:
    """Return the expression for a number without sign and commodity."""
    notation = locale_notation(locale)
    whole = "[0-9]+"
    if notation.primary:
        group = re.escape(notation.group.translate(_PARSE_MAP))
        whole += (
            f"|[1-9][0-9]{{0,{notation.secondary - 1}}}"
            f"(?:{group}[0-9]{{{notation.secondary}}})*"
            f"{group}[0-9]{{{notation.primary}}}"
        )
    decimal = re.escape(notation.decimal.translate(_PARSE_MAP))
    return re.compile(f"({whole})(?:{decimal}([0-9]+))?")


@lru_cache(maxsize=4096)
def _names_to_strip(locale: str, commodity: Commodity) -> tuple[str, ...]:
    """Return what may stand beside the number, the longest first."""
    names = {commodity.code, _symbol(locale, commodity).translate(_PARSE_MAP)}
    return tuple(sorted(names, key=len, reverse=True))


def _without_decoration(text: str, names: tuple[str, ...]) -> tuple[str, bool]:
    """Take one sign and one commodity off *text*; also say whether it is negative."""
    signed = named = negative = False
    while True:
        before = text
        if not signed and text[:1] in ("+", "-"):
            signed, negative, text = True, text[0] == "-", text[1:].lstrip(" ")
        elif not signed and text[-1:] == "-":
            signed, negative, text = True, True, text[:-1].rstrip(" ")
        elif not signed and text[:1] + text[-1:] == "()":
            signed, negative, text = True, True, text[1:-1].strip(" ")
        elif not named:
            text = _without_name(text, names)
            named = text != before
        if text == before:
            return text, negative


def _without_name(text: str, names: tuple[str, ...]) -> str:
    """Take a commodity off one end of *text*; nothing is left where it may be digits.

    A name with digits must not touch a digit of the number.  A name of digits alone
    (``5 123``: five of "123", or 5123?) cannot be told from a group.
    """
    for name in names:
        if text.startswith(name) and text != name:
            rest, outer, inner = text[len(name) :], name[-1], text[len(name)]
        elif text.endswith(name) and text != name:
            rest, outer, inner = text[: -len(name)], name[0], text[-len(name) - 1]
        else:
            continue
        if outer.isdigit() and inner.isdigit():
            continue
        if not set(name) <= _NUMBER_CHARACTERS:
            return rest.strip(" ")
        if inner == " ":
            return ""
    return text
