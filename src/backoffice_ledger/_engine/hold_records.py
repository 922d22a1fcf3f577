"""What is recorded of holds, and what follows from it.

What a hold reserves is a projection of its latest record.  A hold is expired from the
instant that it names, swept or not; a decision that relies on that records it, so that
a clock that is set back cannot bring the hold to life again.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from backoffice_ledger._engine.canonical import instant_text, posting_content
from backoffice_ledger._engine.contents import posting_from_content
from backoffice_ledger._engine.limits import moves_of, take_moves
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    Fact,
    HoldChange,
    NewRecord,
    Outcome,
    State,
)
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.hold import Hold, HoldStatus, stored_hold
from backoffice_ledger._model.posting import Posting, Side

Postings = tuple[Posting, ...]
PendingLine = tuple[int, str, Commodity, Side, int, int | None]
"""Line, account, commodity, side, minor units, expiry in microseconds since 1970."""

MICROSECOND: Final = timedelta(microseconds=1)


def postings_from_content(content: Mapping[str, Any]) -> Postings:
    """Return the postings that a hold's record names."""
    return tuple(posting_from_content(line, None) for line in content["postings"])


def pending_of(content: Mapping[str, Any]) -> Postings:
    """Return the postings that still count as pending after a hold's record."""
    return postings_from_content(content) if content["status"] == "open" else ()


def expiry_of(content: Mapping[str, Any]) -> int | None:
    """Return when a hold expires, in microseconds since 1970 UTC, or None."""
    text = content.get("expires")
    if text is None:
        return None
    return instant_to_microseconds(datetime.fromisoformat(text), "expires")


def pending_lines(
    postings: Sequence[Posting], expires_at: int | None
) -> tuple[PendingLine, ...]:
    """Return what is kept of open postings of a hold."""
    return tuple(
        (
            line,
            posting.account,
            posting.amount.commodity,
            posting.side,
            posting.amount.minor_units,
            expires_at,
        )
        for line, posting in enumerate(postings)
    )


def hold_from_history(history: Sequence[Fact], at: int) -> Hold:
    """Return a hold from its records, oldest first, as it stands at an instant."""
    first, last = history[0], history[-1]
    status: HoldStatus = last.content["status"]
    lifetime = first.content.get("lifetime")
    expires_at = expiry_of(first.content)
    expiry = None if expires_at is None else instant_from_microseconds(expires_at)
    if status == "open" and expires_at is not None and expires_at <= at:
        status = "expired"
    description = first.texts.get("description")
    hold = Hold(
        first.content["id"],
        postings_from_content(first.content),
        expires=expiry if lifetime is None else lifetime * MICROSECOND,
        description="" if description is None else description[1],
    )
    return stored_hold(
        hold,
        status,
        pending_of(last.content) if status == "open" else (),
        tuple(last.content["captures"]),
        instant_from_microseconds(first.at),
        expiry,
    )


def hold_record(
    stamp: Stamp,
    id_: str,
    status: HoldStatus,
    before: Postings,
    after: Postings,
    captures: Sequence[str],
    expires_at: int | None,
    lifetime: int | None = None,
    texts: Mapping[str, str] | None = None,
) -> NewRecord:
    """Return the record that brings a hold into a state.

    It names what is held from now on or, once the hold is resolved, nothing.
    """
    content: dict[str, Any] = {
        "captures": list(captures),
        "id": id_,
        "postings": [json.loads(posting_content(line, None)) for line in after],
        "status": status,
    }
    if expires_at is not None:
        content["expires"] = instant_text(expires_at)
    if lifetime is not None:
        content["lifetime"] = lifetime
    record = stamp.record("hold", id_, content, [("hold", id_)], texts)
    record.hold = HoldChange(id_, before, after, expires_at)
    return record


def resolved(stamp: Stamp, fact: Fact, status: HoldStatus) -> NewRecord:
    """Return the record that ends an open hold without an entry."""
    content = fact.content
    return hold_record(
        stamp,
        content["id"],
        status,
        pending_of(content),
        (),
        content["captures"],
        expiry_of(content),
    )


def expire_due(state: State, outcome: Outcome, stamp: Stamp) -> None:
    """Record the expiry of the holds on accounts that a decision looks at."""
    for path in sorted(state.due):
        for id_ in state.due[path]:
            expire_if_due(state, outcome, id_, stamp)
    state.due.clear()


def expire_if_due(state: State, outcome: Outcome, id_: str, stamp: Stamp) -> bool:
    """Record that a hold has expired, if it has and nobody resolved it."""
    fact = state.fact("hold", id_)
    if fact is None or fact.content["status"] != "open":
        return False
    expires_at = expiry_of(fact.content)
    if expires_at is None or expires_at > stamp.at:
        return False
    record = resolved(stamp, fact, "expired")
    take_moves(state, moves_of(released=pending_of(fact.content)))
    outcome.records.append(record)
    state.put(("hold", id_), Fact(0, stamp.actor, stamp.at, record.parsed()))
    return True
