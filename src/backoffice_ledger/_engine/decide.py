"""The one way from a command to what is appended: `needs`, then `decide`.

Both are pure.  `needs` names what a command still has to read, given what has been
read; the caller loads it and asks again until nothing is missing.  `decide` then
raises a refusal or returns the records to append.
"""

from collections.abc import Callable, Iterable
from typing import Any

from backoffice_ledger._engine import (
    approvals,
    book,
    documents,
    entries,
    holds,
    periods,
    reversal,
)
from backoffice_ledger._engine.actions import action_of
from backoffice_ledger._engine.commands import (
    Action,
    AllowException,
    Capture,
    CastVote,
    ChangeAccount,
    CloseAccount,
    Command,
    DeclareDimension,
    Expire,
    OpenAccount,
    OpenBook,
    OpenJournal,
    PostEntries,
    Propose,
    ProposeAction,
    ProposeReversal,
    Redact,
    Release,
    RequireControls,
    Reserve,
    Reverse,
    RevokeException,
    SetPeriods,
    StoreDocument,
    StoreDocuments,
    UseCalendar,
    Void,
)
from backoffice_ledger._engine.controls import Examine
from backoffice_ledger._engine.erasure import redact, redact_needs
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    NOTHING,
    FactKey,
    Needs,
    Outcome,
    State,
)
from backoffice_ledger._model.account import Account, ancestors
from backoffice_ledger._model.entry import Entry


def needs(command: Command, state: State) -> Needs:
    """Return what *command* has to read beyond what *state* holds."""
    return _NEEDS[type(command)](command, state)


def decide(
    state: State, command: Command, stamp: Stamp, examine: Examine | None = None
) -> Outcome:
    """Return what *command* comes to, or raise why the book refuses it."""
    decider = _WITH_CONTROLS.get(type(command))
    if decider is not None:
        return decider(state, command, stamp, examine)
    outcome = _DECIDE[type(command)](state, command, stamp)
    if examine is None or not outcome.records or not isinstance(command, Action):
        return outcome
    if examine.wants(action_of(command)):
        approvals.examine_direct(outcome, command, stamp, examine)
    return outcome


def _decide_action(state: State, action: Action, stamp: Stamp) -> Outcome:
    """Decide an action without asking controls."""
    return _DECIDE[type(action)](state, action, stamp)


def _post_needs(command: PostEntries, state: State) -> Needs:
    unread = [entry.id for entry in command.entries if entry.id not in state.entries]
    conditions = command.conditions
    asked = {*conditions.limits, *conditions.versions}
    if command.balancing is not None:
        asked.add(command.balancing)
    if not unread:  # the ids are read last, together with all the rest but cells
        paths = entries.limited_paths(state, command.entries, asked)
        return state.missing(cells=paths) if paths else NOTHING
    return state.missing(
        facts=entries.account_keys(command.entries) | {("account", p) for p in asked},
        prefixes=entries.SMALL_KINDS,
        entries=unread,
    )


def _cells_needs(state: State, entry: Entry) -> Needs:
    """Return what posting *entry* has to read once its accounts are known."""
    return state.missing(cells=entries.limited_paths(state, [entry]))


def _hold_needs(state: State, id_: str) -> Needs:
    return state.missing(facts=[("hold", id_)], histories=[("hold", id_)])


def _reserve_needs(command: Reserve, state: State) -> Needs:
    hold = command.hold
    first = state.missing(
        facts=[
            ("hold", hold.id),
            *(("account", posting.account) for posting in hold.postings),
        ],
        prefixes=entries.SMALL_KINDS,
    )
    if first:
        return first
    if state.fact("hold", hold.id) is not None:
        return _hold_needs(state, hold.id)
    paths = state.limited.intersection(posting.account for posting in hold.postings)
    return state.missing(cells=paths)


def _capture_needs(command: Capture, state: State) -> Needs:
    # The hold first: what is read after that cannot change any more.
    first = state.missing(facts=[("hold", command.hold)])
    if first:
        return first
    accounts = {
        posting["account"]
        for fact in (state.fact("hold", command.hold),)
        if fact is not None
        for posting in fact.content["postings"]
    }
    accounts |= {posting.account for posting in command.postings or ()}
    second = state.missing(
        facts=[("account", path) for path in accounts],
        prefixes=entries.SMALL_KINDS,
        entries=[command.entry_id],
        histories=[("hold", command.hold)],
    )
    return second or state.missing(cells=state.limited & accounts)


def _void_needs(command: Void, state: State) -> Needs:
    first = _ended_needs(state, [command.hold])
    return first or _hold_needs(state, command.hold)


def _ended_needs(state: State, holds: Iterable[str]) -> Needs:
    """Return what ending holds has to read: a store names accounts as it read them."""
    keys: list[FactKey] = [("hold", id_) for id_ in holds]
    first = state.missing(facts=keys)
    if first:
        return first
    accounts = {
        posting["account"]
        for fact in (state.fact(kind, id_) for kind, id_ in keys)
        if fact is not None
        for posting in fact.content["postings"]
    }
    return state.missing(
        facts=[("account", path) for path in accounts], prefixes=entries.SMALL_KINDS
    )


def _open_account_needs(command: OpenAccount, state: State) -> Needs:
    path = command.account.path
    above: list[FactKey] = [("account", parent) for parent in ancestors(path)]
    return state.missing(
        facts=[("account", path), *above, *_limit_keys(command.account)],
        prefixes=[("account", f"{path}:")],
    )


def _limit_keys(account: Account) -> list[FactKey]:
    return [("commodity", code) for code in account.limits]


def _periods_needs(command: SetPeriods, state: State) -> Needs:
    first = state.missing(prefixes=entries.SMALL_KINDS)
    return first or periods.set_periods_needs(state, command)


def _small_needs(command: object, state: State) -> Needs:  # noqa: ARG001
    return state.missing(prefixes=entries.SMALL_KINDS)


def _reverse_needs(command: Reverse, state: State) -> Needs:
    first = state.missing(
        prefixes=entries.SMALL_KINDS, entries=[command.id, command.reversal_id]
    )
    original = state.entries.get(command.id)
    if original is None:
        return first
    second = state.missing(facts=entries.account_keys([original.entry]))
    return second or _cells_needs(state, original.entry)


def _proposal_needs(state: State, entry: Entry) -> Needs:
    return state.missing(
        facts=[*entries.account_keys([entry]), *_proposal_keys(entry.id)],
        prefixes=[*entries.SMALL_KINDS, ("vote", f"{entry.id}/")],
        entries=[entry.id],
    )


def _proposal_keys(id_: str) -> list[FactKey]:
    return [("proposal", id_), ("release", id_), ("submission", id_)]


def _propose_action_needs(command: ProposeAction, state: State) -> Needs:
    first = state.missing(
        facts=_proposal_keys(command.id), prefixes=[("vote", f"{command.id}/")]
    )
    return first or needs(command.action, state)


def _propose_reversal_needs(command: ProposeReversal, state: State) -> Needs:
    reversal_ = command.reversal
    first = state.missing(entries=[reversal_.id])
    original = state.entries.get(reversal_.id)
    if original is None:
        return first
    return _proposal_needs(state, reversal.reversal_of(original, reversal_))


def _vote_needs(command: CastVote, state: State) -> Needs:
    id_ = command.proposal
    return state.missing(facts=_proposal_keys(id_), prefixes=[("vote", f"{id_}/")])


def _release_needs(command: Release, state: State) -> Needs:
    id_ = command.proposal
    first = state.missing(
        facts=_proposal_keys(id_),
        prefixes=[*entries.SMALL_KINDS, ("vote", f"{id_}/")],
        entries=[id_],
    )
    if first or state.fact("proposal", id_) is None:
        return first
    if command.action is not None:
        return needs(command.action, state)
    proposed = approvals.read_proposal(state, id_)
    second = state.missing(
        facts=entries.account_keys([proposed.entry]),
        entries=[] if proposed.reverses is None else [proposed.reverses],
    )
    return second or _cells_needs(state, proposed.entry)


_NEEDS: dict[type, Callable[[Any, State], Needs]] = {
    OpenBook: lambda _, state: state.missing(facts=[("book", "")]),
    RequireControls: lambda _, state: state.missing(prefixes=[("control", "")]),
    OpenAccount: _open_account_needs,
    ChangeAccount: lambda command, state: state.missing(
        facts=[("account", command.account.path), *_limit_keys(command.account)]
    ),
    CloseAccount: lambda command, state: state.missing(
        facts=[("account", command.path)],
        activity=[command.path],
        cells=[command.path],
    ),
    OpenJournal: lambda command, state: state.missing(
        facts=[("journal", command.journal.name)]
    ),
    DeclareDimension: lambda command, state: state.missing(
        facts=[("dimension", command.name)]
    ),
    SetPeriods: _periods_needs,
    UseCalendar: _small_needs,
    AllowException: _small_needs,
    RevokeException: _small_needs,
    StoreDocument: lambda command, state: state.missing(
        facts=[documents.document_fact(command.document)]
    ),
    StoreDocuments: lambda command, state: state.missing(
        facts=[documents.document_fact(each) for each in command.documents]
    ),
    PostEntries: _post_needs,
    Reserve: _reserve_needs,
    Capture: _capture_needs,
    Void: _void_needs,
    Expire: lambda command, state: _ended_needs(state, command.holds),
    Reverse: _reverse_needs,
    Propose: lambda command, state: _proposal_needs(state, command.entry),
    ProposeReversal: _propose_reversal_needs,
    ProposeAction: _propose_action_needs,
    CastVote: _vote_needs,
    Release: _release_needs,
    Redact: redact_needs,
}

_DECIDE: dict[type, Callable[[State, Any, Stamp], Outcome]] = {
    OpenBook: book.open_book,
    RequireControls: book.require_controls,
    OpenAccount: book.open_account,
    ChangeAccount: book.change_account,
    CloseAccount: book.close_account,
    OpenJournal: book.open_journal,
    DeclareDimension: book.declare_dimension,
    SetPeriods: periods.set_periods,
    UseCalendar: periods.use_calendar,
    AllowException: periods.allow_exception,
    RevokeException: periods.revoke_exception,
    StoreDocument: documents.store_document,
    StoreDocuments: documents.store_documents,
    CastVote: approvals.cast_vote,
    Reserve: holds.reserve,
    Void: holds.void,
    Expire: holds.expire,
    Redact: redact,
}

_WITH_CONTROLS: dict[type, Callable[[State, Any, Stamp, Examine | None], Outcome]] = {
    PostEntries: lambda state, command, stamp, examine: entries.post_entries(
        state, command, stamp, examine
    ),
    Capture: holds.capture,
    Reverse: reversal.reverse,
    Propose: approvals.propose,
    ProposeReversal: approvals.propose_reversal,
    ProposeAction: lambda state, command, stamp, examine: approvals.propose_action(
        state, command, stamp, examine, _decide_action
    ),
    Release: lambda state, command, stamp, examine: approvals.release(
        state, command, stamp, examine, _decide_action
    ),
}
