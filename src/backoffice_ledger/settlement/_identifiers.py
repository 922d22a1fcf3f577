"""Identifiers of securities."""

import re
from typing import Final

from backoffice_ledger.errors import InvalidIdentifier

_BODY: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}", re.ASCII)


def isin_check_digit(body: str) -> str:
    """Return the check digit of an ISIN (ISO 6166), given its first 11 characters.

    Letters count 10 to 35; then every second digit from the right is doubled, and the
    sum of all digits is completed to a multiple of ten.

    >>> isin_check_digit("US037833100")
    '5'

    Raises:
        InvalidIdentifier: not two letters and nine letters or digits.
    """
    if not isinstance(body, str) or not _BODY.fullmatch(body):
        raise InvalidIdentifier(
            field="body", expected="the first 11 characters of an ISIN", found=body
        )
    digits = "".join(str(int(character, 36)) for character in body)
    doubled = [
        int(digit) * (2 if index % 2 == 0 else 1)
        for index, digit in enumerate(reversed(digits))
    ]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)
