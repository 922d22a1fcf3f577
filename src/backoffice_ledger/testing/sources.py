"""Sources of ids and salts that tests can predict.  Never use them for real books."""

from hashlib import sha256
from typing import final


@final
class SequentialIds:
    """Ids that count: ``id-1``, ``id-2``, ..."""

    def __init__(self, prefix: str = "id-") -> None:
        self._prefix = prefix
        self._last = 0

    def __call__(self) -> str:
        """Return the next id."""
        self._last += 1
        return f"{self._prefix}{self._last}"

    def __repr__(self) -> str:
        return f"SequentialIds({self._prefix!r}), last {self._last}"


@final
class SeededSalts:
    """Salts that follow from a seed, so that the same steps give the same hashes.

    They are SHA-256 of the seed and a counter: everybody who knows the seed can open
    every commitment.
    """

    def __init__(self, seed: str | bytes = b"") -> None:
        self._seed = seed.encode() if isinstance(seed, str) else seed
        self._blocks = 0

    def __call__(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        data = b""
        while len(data) < size:
            data += sha256(self._seed + self._blocks.to_bytes(8, "big")).digest()
            self._blocks += 1
        return data[:size]

    def __repr__(self) -> str:
        return f"SeededSalts({self._seed!r}), {self._blocks} blocks drawn"
