"""Posting entries: what the book's state must allow, and the record that follows."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date
from typing import Any

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    content_digest,
    entry_content,
    leaf_hash,
    record_bytes,
    text_fields,
)
from backoffice_ledger._engine.commands import (
    NO_CONDITIONS,
    Conditions,
    PostEntries,
)
from backoffice_ledger._engine.controls import Examine, Verdict
from backoffice_ledger._engine.decisions import decision_record
from backoffice_ledger._engine.hold_records import expire_due
from backoffice_ledger._engine.limits import (
    bounded_entry,
    check_moves,
    moves_of,
    take_moves,
    with_amount,
)
from backoffice_ledger._engine.periods import use_of_exception
from backoffice_ledger._engine.refusals import (
    is_final,
    recorded_refusal,
    refusal_record,
)
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    AccountTerms,
    Fact,
    FactKey,
    NewRecord,
    Outcome,
    State,
)
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.entry import (
    Entry,
    Phase,
    Refusal,
    at_index,
    check_balanced,
)
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.proposal import ENTRY_ACTION, Proposal
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import (
    AccountNotOpen,
    CommodityRefused,
    IdempotencyConflict,
    LedgerError,
    PeriodNotOpen,
    Refused,
    UnknownAccount,
    UnknownDimension,
    UnknownJournal,
    excerpt,
)

SMALL_KINDS = (
    ("calendar", ""),
    ("commodity", ""),
    ("dimension", ""),
    ("exception", ""),
    ("journal", ""),
    ("period", ""),
)
"""Kinds of facts of which every posting may need any; they are read whole."""


def account_keys(entries: Sequence[Entry]) -> set[FactKey]:
    """Return the keys of the account facts that *entries* need."""
    return {
        ("account", posting.account) for entry in entries for posting in entry.postings
    }


def limited_paths(
    state: State, entries: Iterable[Entry], also: Iterable[str] = ()
) -> set[str]:
    """Return the accounts whose cells deciding *entries* has to read."""
    paths = set(also)
    if state.limited:
        paths |= state.limited.intersection(
            posting.account for entry in entries for posting in entry.postings
        )
    return paths


def post_entries(
    state: State, command: PostEntries, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Decide the posting of entries; the first refusal is raised, unless collected."""
    entries = command.entries
    outcome = Outcome()
    fields = [text_fields(entry) for entry in entries]
    salts = iter(stamp.draw(sum(map(len, fields))))
    batch: dict[str, NewRecord] = {}
    refused: dict[str, Refusal] = {}
    for index, entry in enumerate(entries):
        texts = [(name, next(salts), text) for name, text in fields[index]]
        try:
            known = _known_entry(state, command, entry, batch, refused)
            if known is not None:
                outcome.results.append(known)
                continue
            conditions = NO_CONDITIONS if batch else command.conditions
            batch[entry.id] = _add_new(
                state, command, outcome, entry, texts, stamp, examine, conditions
            )
        except LedgerError as error:
            place = (command.offset or 0) + index
            is_new = state.entries.get(entry.id) is None and entry.id not in refused
            if command.on_refusal == "record" and is_new and is_final(error):
                # As it is without its place in the run, which a retry may not have.
                refused[entry.id] = Refusal(place, entry, copy(error))
                outcome.records.append(refusal_record(stamp, refused[entry.id], texts))
            if command.offset is not None:
                at_index(error, place, entry.id)
            if command.on_refusal == "raise" or not isinstance(error, Refused):
                raise
            outcome.refusals.append(Refusal(place, entry, error))
    return outcome


def _known_entry(
    state: State,
    command: PostEntries,
    entry: Entry,
    batch: Mapping[str, NewRecord],
    refused: Mapping[str, Refusal],
) -> Record | NewRecord | None:
    """Return the record of *entry*, from the book or from the same batch, if any.

    Raises:
        IdempotencyConflict: the id stands for something else.
        Refused: the entry was refused, and that is recorded.
    """
    old = state.entries.get(entry.id)
    if old is not None:
        return known_entry(command, entry, old)
    twin = batch.get(entry.id)
    if twin is not None and twin.entry is not None:
        check_same_entry(entry, twin.entry)
        return twin
    if entry.id in refused:
        check_same_entry(entry, refused[entry.id].entry)
        raise copy(refused[entry.id].error)
    return None


def _add_new(
    state: State,
    command: PostEntries,
    outcome: Outcome,
    entry: Entry,
    texts: list[tuple[str, bytes, str]],
    stamp: Stamp,
    examine: Examine | None,
    conditions: Conditions,
) -> NewRecord:
    """Check an entry that is new, lower its amount if asked, append its record."""
    if command.balancing is not None:
        check_state(state, entry)
        expire_due(state, outcome, stamp)
        entry = bounded_entry(state, entry, command.balancing)
    return add_entry(
        state, outcome, entry, texts, stamp, examine, conditions=conditions
    )


def known_entry(command: PostEntries, entry: Entry, old: Record) -> Record:
    """Return *old* if it records what *entry* asks for.

    An entry whose amount was bounded to what was available recorded the asked amount
    or less.

    Raises:
        IdempotencyConflict: it records something else.
        Refused: it records that the entry was refused.
    """
    if old.type == "refusal":
        check_same_entry(entry, old.entry, old.redacted)
        raise recorded_refusal(old)
    if command.balancing is not None and len(old.entry.postings) == 2:
        asked, found = entry.postings[0].amount, old.entry.postings[0].amount
        is_less = found.minor_units < asked.minor_units
        if is_less and found.commodity == asked.commodity:
            entry = with_amount(entry, found)
    check_same(entry, old)
    return old


def add_entry(
    state: State,
    outcome: Outcome,
    entry: Entry,
    texts: list[tuple[str, bytes, str]],
    stamp: Stamp,
    examine: Examine | None,
    *,
    phase: Phase | None = None,
    reverses: str | None = None,
    proposal: Proposal | None = None,
    conditions: Conditions = NO_CONDITIONS,
    reserved: Sequence[Posting] = (),
    released: Sequence[Posting] = (),
) -> NewRecord:
    """Check one entry against the state, append its record to *outcome*, return it.

    *released* is what a hold no longer reserves once the entry is posted, *reserved*
    what it reserves from then on.
    """
    memorandum = check_state(state, entry)
    if state.cells:
        expire_due(state, outcome, stamp)
        moves = moves_of(entry.postings, reserved, released)
        check_moves(state, moves, entry.postings, conditions)
    content = entry_content(
        entry, {name: commitment(salt, text) for name, salt, text in texts}, reverses
    )
    verdict: Verdict | None = None
    decision: NewRecord | None = None
    if examine is not None and examine.wants(ENTRY_ACTION):
        examined = _examined(entry, content, stamp, reverses, proposal)
        step = "direct" if proposal is None else "post"
        verdict = examine(examined, step)
        if step == "post" or not verdict.is_plain:
            decision = decision_record(stamp, examined, step, verdict)
    if state.cells:  # controls may have read some
        take_moves(state, moves_of(entry.postings, reserved, released))
    add_commodities(state, outcome, entry, stamp)
    use = use_of_exception(state, entry, stamp)
    if use is not None:
        outcome.records.append(use)
    facts: tuple[FactKey, ...] = ()
    if reverses is not None:
        facts += (("reversal", reverses),)
    if proposal is not None:
        facts += (("release", proposal.id),)
    controls = () if verdict is None else verdict.controls
    released_id = None if proposal is None else proposal.id
    data = record_bytes(
        "entry", stamp.actor, stamp.at_text, content, released_id, controls
    )
    record = NewRecord(
        "entry",
        entry.id,
        stamp.actor,
        stamp.at,
        content,
        leaf_hash(data),
        facts,
        texts,
        entry,
        entry.phase if phase is None else phase,
        memorandum,
        reverses,
        released_id,
        controls,
    )
    outcome.add(record)
    if decision is not None:
        outcome.records.append(decision)
    return record


def _examined(
    entry: Entry,
    content: str,
    stamp: Stamp,
    reverses: str | None,
    proposal: Proposal | None,
) -> Proposal:
    """Return what controls are to look at."""
    if proposal is not None:
        return attrs.evolve(proposal, released_by=stamp.actor)
    return Proposal(
        entry.id,
        entry,
        content_digest(content),
        stamp.actor,
        instant_from_microseconds(stamp.at),
        reverses=reverses,
        released_by=stamp.actor,
    )


def add_commodities(state: State, outcome: Outcome, entry: Entry, stamp: Stamp) -> None:
    """Declare the commodities of *entry* that the book meets for the first time."""
    for commodity in new_commodities(state, entry):
        record = stamp.record(
            "commodity",
            commodity["code"],
            commodity,
            [("commodity", commodity["code"])],
        )
        take(state, outcome, record, commodity)


def take(
    state: State, outcome: Outcome, record: NewRecord, content: Mapping[str, Any]
) -> None:
    """Append a record that later decisions of the same command must already see."""
    outcome.records.append(record)
    for key in record.facts:
        state.put(key, Fact(0, record.actor, record.at, content))


def new_commodities(state: State, entry: Entry) -> list[dict[str, Any]]:
    """Return the commodities of *entry* that the book meets for the first time."""
    new: dict[str, dict[str, Any]] = {}
    known = state.facts["commodity"]
    for posting in entry.postings:
        unit = posting.amount.commodity
        if unit.code not in known:
            new[unit.code] = {"code": unit.code, "scale": unit.scale}
    return list(new.values())


def check_state(state: State, entry: Entry) -> tuple[bool, ...] | None:
    """Check that the book takes *entry*; return which postings are memorandum.

    None stands for none of them.  The common case is one pass over cached terms; any
    doubt goes to `_explain`, which raises what comes first by precedence.
    """
    day = entry.date
    journal = entry.journal
    if journal not in state.facts["journal"]:
        raise UnknownJournal(field="journal", found=journal)
    period_state = state.period_state(journal, day)
    is_shut = not period_state.accepts(entry.kind)
    if is_shut and state.exception_for(journal, day) is None:
        raise PeriodNotOpen(
            f"{state.calendar.period_of(day)} is {period_state.value}",
            field="date",
            expected=f"an open period for an entry of kind {entry.kind.value}",
            found=day,
        )
    return check_accounts(state, entry)


def check_accounts(state: State, entry: Entry) -> tuple[bool, ...] | None:
    """Check that the accounts take *entry*; return as `check_state` does."""
    day = entry.date
    terms_by_key = state.terms
    declared = state.facts["dimension"]
    has_memorandum = is_explained = False
    for posting in entry.postings:
        unit = posting.amount.commodity
        terms = terms_by_key.get((posting.account, unit.code))
        if terms is None:
            terms = _resolve_terms(state, entry, posting)
        if not is_explained and (
            not terms.opened <= day <= terms.closed
            or terms.scale != unit.scale
            or not all(name in declared for name in posting.dimensions)
        ):
            _explain(state, entry)  # all of it: once is enough
            is_explained = True
        if terms.memorandum:
            has_memorandum = True
    return _memorandum(state, entry) if has_memorandum else None


def _resolve_terms(state: State, entry: Entry, posting: Posting) -> AccountTerms:
    """Work out the terms of (account, commodity) and cache them."""
    _explain(state, entry)
    path, unit = posting.account, posting.amount.commodity
    account = state.known("account", path).content
    opened, closed = account.get("opened"), account.get("closed")
    terms = AccountTerms(
        date.fromisoformat(opened) if opened else date.min,
        date.fromisoformat(closed) if closed else date.max,
        account["type"] == "memorandum",
        unit.scale,
    )
    state.terms[path, unit.code] = terms
    return terms


def _memorandum(state: State, entry: Entry) -> tuple[bool, ...]:
    flags = tuple(
        state.terms[posting.account, posting.amount.commodity.code].memorandum
        for posting in entry.postings
    )
    check_balanced(
        (p for p, flag in zip(entry.postings, flags, strict=True) if flag),
        "postings (memorandum)",
    )
    return flags


def _explain(state: State, entry: Entry) -> None:
    """Raise the first reason, by precedence, why an account refuses *entry*."""
    accounts = []
    for index, posting in enumerate(entry.postings):
        fact = state.fact("account", posting.account)
        if fact is None:
            raise UnknownAccount(
                field=f"postings[{index}].account",
                expected="an account of the book",
                found=posting.account,
            )
        accounts.append(fact.content)
    day = entry.date.isoformat()
    for index, account in enumerate(accounts):
        opened, closed = account.get("opened"), account.get("closed")
        if (opened and day < opened) or (closed and day > closed):
            raise AccountNotOpen(
                f"{account['path']} takes postings "
                + " ".join(
                    f"{word} {day_}"
                    for word, day_ in (("from", opened), ("until", closed))
                    if day_
                ),
                field=f"postings[{index}].account",
                expected="an account open on the entry's date",
                found=day,
            )
    for index, (posting, account) in enumerate(
        zip(entry.postings, accounts, strict=True)
    ):
        unit = posting.amount.commodity
        allowed = account.get("commodities")
        if allowed is not None and unit.code not in allowed:
            raise CommodityRefused(
                f"{account['path']} holds only {', '.join(sorted(allowed))}",
                field=f"postings[{index}].amount",
                found=unit.code,
            )
        known = state.fact("commodity", unit.code)
        if known is not None and known.content["scale"] != unit.scale:
            raise CommodityRefused(
                f"the book counts {unit.code} with another scale",
                field=f"postings[{index}].amount",
                expected=str(known.content["scale"]),
                found=unit.scale,
            )
    for index, posting in enumerate(entry.postings):
        for name in posting.dimensions:
            if state.fact("dimension", name) is None:
                raise UnknownDimension(
                    field=f"postings[{index}].dimensions", found=name
                )


def check_same(entry: Entry, old: Record) -> None:
    """Raise `IdempotencyConflict` unless *old* records exactly *entry*."""
    if old.reverses is not None:
        raise IdempotencyConflict(
            f"record {old.position} is the reversal of {old.reverses!r}",
            field="id",
            found=entry.id,
        )
    check_same_entry(entry, old.entry, old.redacted)


def check_same_entry(entry: Entry, old: Entry, redacted: Sequence[str] = ()) -> None:
    """Raise `IdempotencyConflict` at the first field in which the two differ.

    Texts that were erased are not compared: what they said is no longer known.
    """
    if entry == old:
        return
    for name in ENTRY_FIELDS:
        new_value, old_value = getattr(entry, name), getattr(old, name)
        if new_value == old_value or name in redacted:
            continue
        if name == "postings":
            _check_same_postings(entry, old, redacted)
            continue
        raise IdempotencyConflict(
            f"id {entry.id!r} is recorded with another {name}",
            field=name,
            expected=excerpt(old_value),
            found=new_value,
        )


ENTRY_FIELDS = (
    "date",
    "description",
    "document_date",
    "document_number",
    "economic_date",
    "journal",
    "kind",
    "postings",
    "references",
    "rule",
)
POSTING_FIELDS = ("account", "amount", "dimensions", "memo", "side", "value_date")


def _check_same_postings(entry: Entry, old: Entry, redacted: Sequence[str]) -> None:
    if len(entry.postings) != len(old.postings):
        raise IdempotencyConflict(
            f"id {entry.id!r} is recorded with other postings",
            field="postings",
            expected=f"{len(old.postings)} postings",
            found=len(entry.postings),
        )
    for index, (new, known) in enumerate(
        zip(entry.postings, old.postings, strict=True)
    ):
        for name in POSTING_FIELDS:
            field = f"postings[{index}].{name}"
            if f"postings.{index}.{name}" in redacted:
                continue
            if getattr(new, name) != getattr(known, name):
                raise IdempotencyConflict(
                    f"id {entry.id!r} is recorded with other postings",
                    field=field,
                    expected=str(getattr(known, name)),
                    found=str(getattr(new, name)),
                )
