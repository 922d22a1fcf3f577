"""Holds: reserved, then captured, voided or expired, each exactly once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs

from backoffice_ledger._engine.commands import Capture, Expire, Reserve, Void
from backoffice_ledger._engine.controls import Examine
from backoffice_ledger._engine.entries import (
    add_commodities,
    add_entry,
    check_accounts,
    check_same_entry,
)
from backoffice_ledger._engine.hold_records import (
    MICROSECOND,
    Postings,
    expire_due,
    expire_if_due,
    expiry_of,
    hold_from_history,
    hold_record,
    pending_of,
    resolved,
)
from backoffice_ledger._engine.limits import check_moves, moves_of, take_moves
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Outcome, State
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.dates import (
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.hold import Hold
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import (
    HoldExceeded,
    HoldNotOpen,
    IdempotencyConflict,
    InvalidOption,
    UnknownHold,
    excerpt,
)


def reserve(state: State, command: Reserve, stamp: Stamp) -> Outcome:
    """Reserve what a hold names; reserving the same one again changes nothing."""
    hold = command.hold
    fact = state.fact("hold", hold.id)
    if fact is not None:
        history = state.histories["hold", hold.id]
        _check_same_hold(hold, hold_from_history(history, stamp.at), history[0].erased)
        return Outcome(results=[fact])
    expires_at, lifetime = _expiry(hold, stamp)
    # The accounts must be open today; the day of the capture decides the period.
    entry = Entry(hold.id, instant_from_microseconds(stamp.at).date(), hold.postings)
    check_accounts(state, entry)
    outcome = Outcome()
    expire_due(state, outcome, stamp)
    moves = moves_of(reserved=hold.postings)
    check_moves(state, moves, hold.postings)
    take_moves(state, moves)
    add_commodities(state, outcome, entry, stamp)
    outcome.add(
        hold_record(
            stamp,
            hold.id,
            "open",
            (),
            hold.postings,
            (),
            expires_at,
            lifetime,
            {"description": hold.description} if hold.description else None,
        )
    )
    return outcome


def _expiry(hold: Hold, stamp: Stamp) -> tuple[int | None, int | None]:
    """Return when a new hold expires, and its lifetime if it was given as such."""
    if hold.expires is None:
        return None, None
    if isinstance(hold.expires, timedelta):
        lifetime = hold.expires // MICROSECOND
        return stamp.at + lifetime, lifetime
    expires_at = instant_to_microseconds(hold.expires, "expires")
    if expires_at <= stamp.at:
        raise InvalidOption(
            field="expires",
            expected=f"an instant after {stamp.at_text}",
            found=hold.expires,
        )
    return expires_at, None


def _check_same_hold(new: Hold, old: Hold, erased: Sequence[str]) -> None:
    for name in ("postings", "expires", "description"):
        if getattr(new, name) != getattr(old, name) and name not in erased:
            raise IdempotencyConflict(
                f"hold {new.id!r} is recorded with other {name}",
                field=name,
                expected=excerpt(getattr(old, name)),
                found=getattr(new, name),
            )


# --- resolving -----------------------------------------------------------------------


def read_hold(state: State, id_: str) -> Hold:
    """Return a hold from the facts that were read.

    Raises:
        UnknownHold: there is none of this id.
    """
    if state.fact("hold", id_) is None:
        raise UnknownHold(field="id", found=id_)
    return hold_from_history(state.histories["hold", id_], state.now)


def _check_open(hold: Hold) -> None:
    if hold.status != "open":
        raise HoldNotOpen(field="id", expected="an open hold", found=hold.status)


def capture(
    state: State, command: Capture, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Post what a hold reserves, or a part of it."""
    existing = state.entries.get(command.entry_id)
    if existing is not None:
        _check_same_capture(state, command, existing)
        return Outcome(results=[existing])
    hold = read_hold(state, command.hold)
    _check_open(hold)
    taken = _taken(command, hold.remaining)
    rest = _rest(hold.remaining, taken)
    if rest and command.remainder is None:
        raise InvalidOption(
            field="remainder",
            expected="keep or release, as the capture is partial",
            found=None,
        )
    kept = rest if command.remainder == "keep" else ()
    entry = _captured_entry(command, hold, taken)
    outcome = Outcome()
    fields = [("description", entry.description)] if entry.description else []
    texts = [
        (name, salt, text)
        for (name, text), salt in zip(fields, stamp.draw(len(fields)), strict=True)
    ]
    add_entry(
        state,
        outcome,
        entry,
        texts,
        stamp,
        examine,
        reserved=kept,
        released=hold.remaining,
    )
    outcome.records.append(
        hold_record(
            stamp,
            hold.id,
            "open" if kept else "captured",
            hold.remaining,
            kept,
            (*hold.captures, entry.id),
            expiry_of(state.known("hold", hold.id).content),
        )
    )
    return outcome


def _captured_entry(command: Capture, hold: Hold, taken: Postings) -> Entry:
    description = command.description
    return Entry(
        command.entry_id,
        command.on,
        taken,
        description=hold.description if description is None else description,
        journal=command.journal,
        references=(hold.id,),
    )


def _check_same_capture(state: State, command: Capture, existing: Record) -> None:
    """Check that *existing* is what the same command recorded before.

    What a capture without an amount takes depends on what was reserved at that time.
    """
    history = state.histories["hold", command.hold]
    place = next(
        (
            index
            for index, fact in enumerate(history)
            if existing.id in fact.content["captures"]
        ),
        None,
    )
    if place is None:
        raise IdempotencyConflict(
            f"is recorded as something else than a capture of {command.hold!r}",
            field="entry_id",
            found=command.entry_id,
        )
    hold = hold_from_history(history, state.now)
    before = pending_of(history[place - 1].content)
    taken = _taken(command, before)
    entry = _captured_entry(command, hold, taken)
    if command.description is None:  # the hold's may have been erased since
        entry = attrs.evolve(entry, description=existing.entry.description)
    check_same_entry(entry, existing.entry, existing.redacted)
    is_kept = history[place].content["status"] == "open"
    recorded = "keep" if is_kept else "release"
    if _rest(before, taken) and command.remainder != recorded:
        raise IdempotencyConflict(
            f"id {command.entry_id!r} is recorded with another remainder",
            field="remainder",
            expected=recorded,
            found=command.remainder,
        )


def _taken(command: Capture, remaining: Postings) -> Postings:
    """Return the postings that a capture takes out of those that remain."""
    if command.postings is not None:
        return command.postings
    if command.amount is None:
        return remaining
    amount = command.amount
    units = {posting.amount.commodity for posting in remaining}
    if len(remaining) != 2 or units != {amount.commodity}:
        raise InvalidOption(
            field="amount",
            expected="postings, unless the hold has two postings of one commodity",
            found=amount,
        )
    return tuple(attrs.evolve(posting, amount=amount) for posting in remaining)


def _rest(remaining: Postings, taken: Postings) -> Postings:
    """Return what remains after a capture.

    Raises:
        HoldExceeded: more is taken than remains on an account and side.
    """
    left = {_line_key(posting): 0 for posting in remaining}
    for posting in remaining:
        left[_line_key(posting)] += posting.amount.minor_units
    for index, posting in enumerate(taken):
        key = _line_key(posting)
        left[key] = left.get(key, 0) - posting.amount.minor_units
        if left[key] < 0 or posting.amount.minor_units <= 0:
            raise HoldExceeded(
                field=f"postings[{index}].amount",
                expected="a positive amount of what the hold reserves",
                found=posting,
            )
    rest = []
    for posting in remaining:
        amount = posting.amount
        kept = min(left[_line_key(posting)], amount.minor_units)
        if kept:
            left[_line_key(posting)] -= kept
            kept_amount = Amount.from_minor(kept, amount.commodity)
            rest.append(attrs.evolve(posting, amount=kept_amount))
    return tuple(rest)


def _line_key(posting: Posting) -> tuple[Any, ...]:
    return posting.account, posting.side, posting.amount.commodity


def void(state: State, command: Void, stamp: Stamp) -> Outcome:
    """Release what a hold reserves; voiding it again changes nothing."""
    hold = read_hold(state, command.hold)
    if hold.status == "voided":
        return Outcome(results=[state.known("hold", hold.id)])
    _check_open(hold)
    outcome = Outcome()
    outcome.add(resolved(stamp, state.known("hold", hold.id), "voided"))
    return outcome


def expire(state: State, command: Expire, stamp: Stamp) -> Outcome:
    """Record the expiry of holds that are due; others are passed over."""
    outcome = Outcome()
    for id_ in command.holds:
        expire_if_due(state, outcome, id_, stamp)
    outcome.results.extend(outcome.records)
    return outcome
