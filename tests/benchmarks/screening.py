"""How many listed names the screening misses, and how many others it finds.

A seeded generator makes a list, ways to write its names, and other names.  One half was
used to choose the threshold, the figures are measured on the other half.

Run: ``python -m tests.benchmarks.screening``.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from backoffice_ledger.compliance.screening import (
    ListedName,
    NameList,
    Party,
    Screener,
)

Half = Literal["tuning", "test"]

_ONSETS: Final = (
    *("b", "ch", "d", "f", "g", "h", "k", "kh", "l", "m", "n", "p", "r", "s", "sh"),
    *("t", "v", "y", "z", "br", "dr", "kr", "tr", "al", "el", ""),
)
_VOWELS: Final = ["a", "e", "i", "o", "u", "aa", "ei", "ou", "ia"]
_CODAS: Final = ["", "", "n", "r", "l", "s", "d", "m", "sh", "v", "k"]
_FORMS: Final = ["Ltd", "GmbH", "Corp", "Trading Co", "Shipping SA", "Holding"]
_SPELLINGS: Final = [
    ("ch", "tch"),
    ("kh", "h"),
    ("sh", "sch"),
    ("ou", "u"),
    ("ei", "ey"),
    ("aa", "a"),
    ("y", "i"),
    ("v", "w"),
    ("k", "q"),
    ("ia", "ya"),
]


def _word(draw: random.Random) -> str:
    parts = [
        draw.choice(_ONSETS) + draw.choice(_VOWELS) + draw.choice(_CODAS)
        for _ in range(draw.choice((2, 2, 3)))
    ]
    return "".join(parts).capitalize()


def _name(draw: random.Random) -> str:
    words = [_word(draw) for _ in range(draw.choice((2, 2, 3)))]
    if draw.random() < 0.2:
        return f"{words[0]} {draw.choice(_FORMS)}"
    return " ".join(words)


def _typo(name: str, draw: random.Random) -> str:
    place = draw.randrange(1, len(name) - 1)
    sign = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return draw.choice(
        (
            name[:place] + name[place + 1 :],
            name[:place] + sign + name[place:],
            name[:place] + sign + name[place + 1 :],
        )
    )


def _respelled(name: str, draw: random.Random) -> str:
    spellings = [(a, b) for a, b in _SPELLINGS if a in name.lower()]
    changed = name.lower()
    for old, new in draw.sample(spellings, min(2, len(spellings))):
        changed = changed.replace(old, new)
    return changed if changed != name.lower() else _typo(name, draw)


WAYS: Final[Mapping[str, Callable[[str, random.Random], str]]] = {
    "surname first": lambda n, _: ", ".join(n.split(" ")[::-1]).upper(),
    "no space": lambda n, _: n.replace(" ", "", 1),
    "one typing error": _typo,
    "two typing errors": lambda n, draw: _typo(_typo(n, draw), draw),
    "other spelling": _respelled,
    "initial": lambda n, _: f"{n[0]}. {n.split(' ', 1)[1]}",
    "name left out": lambda n, _: n.rsplit(" ", 1)[0],
}
"""Ways to write a name that is on the list."""


def _names(seed: int, count: int, half: Half) -> Iterator[str]:
    draw = random.Random(f"{seed}/{half}")
    seen: set[str] = set()
    while len(seen) < count:
        name = _name(draw)
        if name not in seen:
            seen.add(name)
            yield name


def measure(
    half: Half, *, threshold: int = 85, listed: int = 2000, others: int = 2000
) -> dict[str, float]:
    """Return the share that each way of writing hides, and what is found wrongly.

    ``false positives`` is the share of names that are not on the list and have at least
    one candidate on it.
    """
    names = list(_names(1, listed, half))
    entries = [ListedName(str(number), name) for number, name in enumerate(names)]
    screener = Screener(NameList("1", entries), threshold=threshold)
    draw = random.Random(f"ways/{half}")
    shares: dict[str, float] = {}
    for way, write in WAYS.items():
        missed = sum(
            str(number)
            not in {c.entry for c in screener.candidates(Party("p", write(name, draw)))}
            for number, name in enumerate(names)
        )
        shares[way] = missed / listed
    strangers = [name for name in _names(2, others, half) if name not in set(names)]
    found = sum(bool(screener.candidates(Party("p", name))) for name in strangers)
    shares["false positives"] = found / len(strangers)
    return shares


def main() -> None:
    """Print the table: thresholds on one half, the chosen one on the other."""
    for threshold in (80, 85, 90):
        print(f"tuning half, threshold {threshold}")
        for name, share in measure("tuning", threshold=threshold).items():
            print(f"  {name:20} {share:7.1%}")
    print("test half, threshold 85")
    for name, share in measure("test").items():
        print(f"  {name:20} {share:7.1%}")


if __name__ == "__main__":
    main()
