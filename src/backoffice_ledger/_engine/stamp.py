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
from backoffice_ledger._model.document import plain_json
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.protocols import SaltSource


def _at_text(stamp: "Stamp") -> str:
    return instant_text(stamp.at)


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
    at_text: str = attrs.field(
        init=False,
        default=attrs.Factory(_at_text, takes_self=True),
    )

    def draw(self, count: int) -> list[bytes]:
        """Return *count* salts.

        Raises:
            InvalidOption: the source gave something else than the bytes asked for.
        """
        if not count:
            return []
        size = SALT_BYTES * count
        block = self.salts(size)
        if not isinstance(block, bytes) or len(block) != size:
            raise InvalidOption(field="salts", expected=f"{size} bytes", found=block)
        return [
            block[start : start + SALT_BYTES] for start in range(0, size, SALT_BYTES)
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
        body = plain_json(content)
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
            body=body,
        )
