"""A list of names, and who on it a party might be."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, final

import attrs

from backoffice_ledger.compliance.screening._names import (
    fuzz,
    in_order,
    joined,
    normalised,
)
from backoffice_ledger.errors import InvalidOption

THRESHOLD: Final = 85


def _tuple(value: Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@final
@attrs.frozen(order=False)
class ListedName:
    """Somebody on a list.

    Args:
        id: of the list's entry.
        names: all names and aliases.
        birth_dates: as the list has them: ``1970-01-02``, or a year.
        countries: two-letter codes.
    """

    id: str
    names: tuple[str, ...] = attrs.field(converter=_tuple)
    birth_dates: tuple[str, ...] = attrs.field(
        default=(), converter=_tuple, kw_only=True
    )
    countries: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)


@final
@attrs.frozen(order=False)
class NameList:
    """A version of a list.

    Args:
        version: recorded with what was found.
        entries: who is on it.
        source: where it comes from.
    """

    version: str
    entries: tuple[ListedName, ...] = attrs.field(converter=tuple)
    source: str = ""


@final
@attrs.frozen(order=False)
class Party:
    """Somebody who is to be screened.

    Args:
        id: of the customer.
        name: as it is known.
        birth_date: ``1970-01-02``, or None.
        countries: two-letter codes.
    """

    id: str
    name: str
    birth_date: str | None = attrs.field(default=None, kw_only=True)
    countries: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)


@final
@attrs.frozen(order=False)
class Candidate:
    """Somebody on the list whose name is like the party's.

    Attributes:
        entry: id of the list's entry.
        name: the name on the list that is most alike.
        score: how alike, from 0 to 100, rounded to a whole number.
        agrees: what else agrees: ``birth date``, ``country``.
    """

    entry: str
    name: str
    score: int
    agrees: tuple[str, ...] = ()


@final
class Screener:
    """Finds who on a list a party might be.

    A candidate is whose name is alike enough.  Birth dates and countries only bring
    candidates into order; they never clear one, because lists have them wrong.

    Args:
        names: the list.
        threshold: how alike a name must be, from 0 to 100, see `similarity`.

    Raises:
        MissingExtra: rapidfuzz is not installed.
        InvalidOption: a threshold out of range, or a listed name without letters.
    """

    def __init__(self, names: NameList, *, threshold: int = THRESHOLD) -> None:
        if type(threshold) is not int or not 0 < threshold <= 100:
            raise InvalidOption(
                field="threshold", expected="an int from 1 to 100", found=threshold
            )
        self.names = names
        self.threshold = threshold
        self._fuzz = fuzz()
        self._entries = [(e, name) for e in names.entries for name in e.names]
        plain = [normalised(name) for _, name in self._entries]
        self._forms: list[tuple[Callable[[str], str], list[str]]] = [
            (in_order, [in_order(name) for name in plain]),
            (joined, [joined(name) for name in plain]),
        ]

    def candidates(self, party: Party) -> tuple[Candidate, ...]:
        """Return who on the list the party might be, the likeliest first."""
        name = normalised(party.name)
        scores: dict[int, float] = {}
        for form, choices in self._forms:
            found: list[tuple[str, float, int]] = self._fuzz.process.extract(
                form(name),
                choices,
                scorer=self._fuzz.fuzz.ratio,
                limit=None,
                score_cutoff=self.threshold,
            )
            for _, score, index in found:
                scores[index] = max(score, scores.get(index, 0.0))
        best: dict[str, Candidate] = {}
        for index, score in sorted(scores.items(), key=lambda item: (item[1], item[0])):
            entry, listed = self._entries[index]
            agrees = _agreements(party, entry)
            best[entry.id] = Candidate(entry.id, listed, round(score), agrees)
        return tuple(
            sorted(best.values(), key=lambda c: (-len(c.agrees), -c.score, c.entry))
        )

    def screen(
        self, parties: Iterable[Party]
    ) -> Iterator[tuple[Party, tuple[Candidate, ...]]]:
        """Yield the parties that have candidates: for a run over all customers."""
        for party in parties:
            found = self.candidates(party)
            if found:
                yield party, found


def _agreements(party: Party, entry: ListedName) -> tuple[str, ...]:
    agrees: list[str] = []
    born: Any = party.birth_date
    if born is not None and any(born.startswith(day[:4]) for day in entry.birth_dates):
        agrees.append("birth date")
    if set(party.countries) & set(entry.countries):
        agrees.append("country")
    return tuple(agrees)
