"""The stamp on a decision: who, when, and the salts; and how records are made."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from backoffice_ledger._engine.canonical import (
    SALT_BYTES,
    canonical_json,
    commitment,
    instant_text,
    leaf_hash,
    record_bytes,
)
from backoffice_ledger._engine.state import FactKey, NewRecord
from backoffice_ledger.protocols import SaltSource


@attrs.frozen
class Stamp:
    """Who acts and when; the instant is read once for each command.

    Attributes:
        actor: who acts.
        at: microseconds since 1970 UTC.
        salts: where random bytes come from.
    """

    actor: str
    at: int
    salts: SaltSource
    at_text: str = attrs.field(init=False)

    @at_text.default
    def _render(self) -> str:
        return instant_text(self.at)

    def draw(self, count: int) -> list[bytes]:
        """Return *count* salts."""
        if not count:
            return []
        block = self.salts(SALT_BYTES * count)
        return [
            block[start : start + SALT_BYTES]
            for start in range(0, SALT_BYTES * count, SALT_BYTES)
        ]

    def record(
        self,
        type_: str,
        id_: str,
        content: Mapping[str, Any],
        facts: Iterable[FactKey],
        texts: Mapping[str, str] | None = None,
    ) -> NewRecord:
        """Return a new record of a type other than entry.

        The content gets a field ``texts`` with commitments to *texts* by name.
        """
        openings: list[tuple[str, bytes, str]] = []
        body = dict(content)
        if texts:
            openings = [
                (field, salt, text)
                for (field, text), salt in zip(
                    texts.items(), self.draw(len(texts)), strict=True
                )
            ]
            body["texts"] = {
                field: commitment(salt, text) for field, salt, text in openings
            }
        canonical = canonical_json(body)
        data = record_bytes(type_, self.actor, self.at_text, canonical)
        return NewRecord(
            type_,
            id_,
            self.actor,
            self.at,
            canonical,
            leaf_hash(data),
            tuple(facts),
            openings,
        )
