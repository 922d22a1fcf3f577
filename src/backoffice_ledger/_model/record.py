"""Records: what has been committed to the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from backoffice_ledger._model.entry import Entry, Phase
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger.errors import InvalidOption


@final
@attrs.frozen(order=False)
class Record:
    """A committed thing: an entry, an account, a vote, with its place in the log.

    Attributes:
        position: place in the book's log, from 1, without gaps; 0 while it is not
            known, such as before the commit of a host's transaction on PostgreSQL.
        type: what it is: ``entry``, ``account``, ``period``, ``document``, ...
        id: the entry's id, the account's path, ...
        recorded_at: the instant (UTC) at which it was decided.
        actor: who acted.
        leaf: SHA-256 leaf hash of the canonical bytes.
        content: for other types than entries, what was recorded (commitments in
            place of erasable texts).
        journal_number: the entry's number in its journal, from 1, without gaps.
        phase: the report phase in which the entry counts.
        reverses: id of the entry that this one reverses.
        reversed_by: id of the entry that reverses this one.
        proposal: id of the proposal that was released as this entry.
        controls: ids and versions of the controls that examined it.
        redacted: names of the texts that were erased.
    """

    position: int
    type: str
    id: str
    recorded_at: datetime
    actor: str
    leaf: bytes
    content: Mapping[str, Any] = EMPTY_MAPPING
    _entry: Entry | None = attrs.field(default=None, alias="entry")
    journal_number: int | None = None
    phase: Phase = Phase.NORMAL
    reverses: str | None = None
    reversed_by: str | None = None
    proposal: str | None = None
    controls: tuple[str, ...] = ()
    redacted: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        """The entry of a record of type ``entry``, or the one that was refused.

        Raises:
            InvalidOption: the record is of another type.
        """
        if self._entry is None:
            raise InvalidOption(
                field="record",
                expected="a record of type entry or refusal",
                found=self.type,
            )
        return self._entry

    @property
    def is_provisional(self) -> bool:
        """Whether its position is not known yet."""
        return self.position == 0

    def __str__(self) -> str:
        day = self._entry.date if self._entry else self.recorded_at.date()
        return f"#{self.position} {day} {self.type} {self.id}"


@final
@attrs.frozen(order=False)
class Journal:
    """A named chronological series of entries with gapless numbers.

    Attributes:
        name: what entries call it.
        description: erasable text.
        journal_class: the class of journals, such as ``sales``, whose periods are
            closed together; None for none.
    """

    name: str
    description: str = ""
    journal_class: str | None = None
