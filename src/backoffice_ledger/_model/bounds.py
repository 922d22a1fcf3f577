"""How large an input may be; all bounds are finite."""

from datetime import date
from typing import final

import attrs


@final
@attrs.frozen
class Bounds:
    """Sizes beyond which an input is refused with `BoundExceeded`.

    They protect against input that would cost unbounded time or memory, and they
    hold on every store.  Limits on what an account may hold are another thing.
    """

    minor_units: int = 10**27
    """The size of every amount of a posting is smaller than this."""
    total_minor_units: int = 10**38
    """Every sum is smaller than this: it takes 10^11 of the largest postings."""
    amount_characters: int = 64
    """Length of an amount as text."""
    scale: int = 18
    """Decimal places of a commodity."""
    identifier_bytes: int = 255
    """Length of an id, a name or an account path, in UTF-8."""
    path_depth: int = 16
    """Parts of an account path."""
    text_bytes: int = 4096
    """Length of a description, memo or label, in UTF-8."""
    postings: int = 10_000
    """Postings of one entry."""
    mapping_items: int = 64
    """Dimensions of a posting, attributes of an account, references of an entry."""
    fraction_bits: int = 4096
    """Size of a weight, and of a number to be rounded, as a fraction of integers."""
    document_bytes: int = 65_536
    """Length of a document's canonical content, in UTF-8."""
    document_depth: int = 16
    """Nesting of a document's content."""
    date_min: date = date(1900, 1, 1)
    date_max: date = date(2199, 12, 31)


BOUNDS = Bounds()
"""The bounds that hold, for every book and on every store."""
