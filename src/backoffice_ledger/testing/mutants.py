"""An engine that is broken on purpose, for the conformance suite to find (pytest).

Each mutant is one small change of the engine: a rule that is skipped, a sign, a bound
that is off by one.  The suite, run on a store, must fail for each of them, in a test
that is named beside it:

    python -m backoffice_ledger.testing.mutants my_package.tests:TestMyStore

Without an argument the memory store is tried.  A mutant that survives shows that the
store under test is not held to a rule, or that the suite does not run at all.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final, final

import attrs

from backoffice_ledger._engine import (
    approvals,
    book,
    decide,
    entries,
    hold_records,
    holds,
    limits,
    reversal,
)
from backoffice_ledger._engine import erasure as erasing
from backoffice_ledger._engine.state import Cell
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model import period as periods
from backoffice_ledger._model.period import PeriodState
from backoffice_ledger._stores.memory import MemoryStore
from backoffice_ledger.errors import (
    AccountNotOpen,
    InvalidOption,
    LedgerError,
    LimitBreached,
)
from backoffice_ledger.testing.conformance import StoreConformance

__all__ = ["MUTANTS", "Mutant", "broken", "find", "main", "survivors"]


@final
@attrs.frozen
class Mutant:
    """One small change of the engine.

    Attributes:
        name: what is wrong with it.
        owner: the module or class that has what is changed.
        attribute: its name there.
        change: makes the wrong thing of the right one.
        found_by: names of tests of the suite, at least one of which must fail.
    """

    name: str
    owner: Any
    attribute: str
    change: Callable[[Any], Any]
    found_by: tuple[str, ...]


def _does_nothing(_: Any) -> Any:
    return lambda *_args, **_kwargs: None


def _without(*names: str) -> Callable[[Any], Any]:
    """Leave names out of a list of what is compared."""
    return lambda compared: tuple(name for name in compared if name not in names)


def _forgets_to_release(status: str) -> Callable[[Any], Any]:
    return lambda record: (
        lambda stamp, id_, given, before, *rest: record(
            stamp, id_, given, () if given == status else before, *rest
        )
    )


def _line_by_line(check: Any) -> Any:
    def check_lines(state: Any, _: Any, postings: Any, *conditions: Any) -> None:
        for posting in postings:
            check(state, limits.moves_of([posting]), [posting], *conditions)

    return check_lines


def _refuses_beyond(check: Any) -> Any:
    """Refuse whatever ends beyond a limit, also what moves towards it."""

    def check_all(state: Any, moves: Any, postings: Any, *conditions: Any) -> None:
        check(state, moves, postings, *conditions)
        for (path, unit), change in moves.items():
            low, _ = limits.limit_of(state, path, unit)
            if low is not None:
                before = state.cells[path].get(unit.code, Cell())
                after = limits.sum_of(before, change)
                is_debit = limits.is_debit_account(state, path)
                if limits.spendable(after, is_debit=is_debit) < low:
                    raise LimitBreached(path)

    return check_all


def _bounds_without_limits(bound: Any) -> Any:
    def bound_entry(state: Any, entry: Any, path: str) -> Any:
        limited, state.limited = state.limited, set()
        try:
            return bound(state, entry, path)
        finally:
            state.limited = limited

    return bound_entry


def _expires_silently(expire: Any) -> Any:
    def expire_silently(state: Any, outcome: Any, *rest: Any) -> Any:
        size = len(outcome.records)
        expire(state, outcome, *rest)
        del outcome.records[size:]

    return expire_silently


def _closes_over_holds(close: Any) -> Any:
    def close_account(state: Any, command: Any, stamp: Any) -> Any:
        state.cells[command.path] = {}
        return close(state, command, stamp)

    return close_account


def _keeps_the_text(redact: Any) -> Any:
    def keep(*given: Any) -> Any:
        outcome = redact(*given)
        for record in outcome.records:
            record.erases = None
        return outcome

    return keep


def _compares_no_refusal(known: Any) -> Any:
    def known_entry(command: Any, entry: Any, old: Any) -> Any:
        return known(command, old.entry if old.type == "refusal" else entry, old)

    return known_entry


def _believes_the_voter(cast: Any) -> Any:
    def cast_vote(state: Any, command: Any, stamp: Any) -> Any:
        digest = approvals.read_proposal(state, command.proposal).digest
        return cast(state, attrs.evolve(command, seen=digest), stamp)

    return cast_vote


def _counts_incoming(cell: Cell, *, is_debit: bool) -> int:
    net = cell.debit - cell.credit + cell.pending_debit - cell.pending_credit
    return net if is_debit else -net


def _counts_posted(cell: Cell, *, is_debit: bool) -> int:
    return cell.debit - cell.credit if is_debit else cell.credit - cell.debit


def _lets_pass(refusal: type[LedgerError]) -> Callable[[Any], Any]:
    """Make a check that does not raise one of the errors that it should."""

    def weaken(check: Any) -> Any:
        def check_less(*given: Any) -> None:
            with suppress(refusal):
                check(*given)

        return check_less

    return weaken


MUTANTS: Final = (
    # --- limits ----------------------------------------------------------------------
    Mutant(
        "a minimum ignores what is reserved",
        limits,
        "spendable",
        lambda _: _counts_posted,
        ("test_what_is_reserved_cannot_be_reserved_again",),
    ),
    Mutant(
        "a minimum counts what is to come",
        limits,
        "spendable",
        lambda _: _counts_incoming,
        ("test_pending_money_counts_on_one_side",),
    ),
    Mutant(
        "a maximum ignores what is to come",
        limits,
        "committed",
        lambda _: _counts_posted,
        ("test_pending_money_counts_on_one_side",),
    ),
    Mutant(
        "limits look at single lines",
        entries,
        "check_moves",
        _line_by_line,
        ("test_what_counts_is_the_net_of_an_entry",),
    ),
    Mutant(
        "limits refuse what moves towards them",
        entries,
        "check_moves",
        _refuses_beyond,
        ("test_a_minimum_above_the_balance",),
    ),
    Mutant(
        "limits are off by one",
        limits,
        "_minor_units",
        lambda read: lambda text, unit: text and read(text, unit) - 1,
        ("test_a_minimum_is_the_least",),
    ),
    Mutant(
        "limits take every account for a debit account",
        limits,
        "is_debit_account",
        lambda _: lambda *_args: True,
        ("test_each_type_has_its_normal_side",),
    ),
    Mutant(
        "entries of a batch do not feel one another",
        entries,
        "take_moves",
        _does_nothing,
        ("test_entries_of_a_batch_feel_one_another",),
    ),
    Mutant(
        "conditions are not looked at",
        limits,
        "_check_conditions",
        _does_nothing,
        ("test_conditions_are_about_what_follows",),
    ),
    Mutant(
        "conditions are about what was before",
        limits,
        "_check_conditions",
        lambda check: lambda state, _, conditions: check(state, {}, conditions),
        ("test_conditions_are_about_what_follows",),
    ),
    Mutant(
        "versions do not grow",
        limits,
        "version_of",
        lambda _: lambda _cells: 1,
        ("test_a_version_stands_for_what_was_seen",),
    ),
    Mutant(
        "balancing ignores the limits",
        entries,
        "bounded_entry",
        _bounds_without_limits,
        ("test_available_goes_to_the_minimum",),
    ),
    Mutant(
        "balancing lowers nothing",
        entries,
        "bounded_entry",
        lambda _: lambda _state, entry, _path: entry,
        ("test_as_much_as_available",),
    ),
    # --- holds -----------------------------------------------------------------------
    Mutant(
        "a hold lives a microsecond longer",
        hold_records,
        "hold_from_history",
        lambda read: lambda history, at: read(history, at - 1),
        ("test_a_hold_expires_at_its_instant",),
    ),
    Mutant(
        "a posting does not notice an expiry",
        hold_records,
        "expire_due",
        _does_nothing,
        ("test_a_posting_that_relies_on_it_records_it",),
    ),
    Mutant(
        "a posting relies on an expiry without recording it",
        hold_records,
        "expire_due",
        _expires_silently,
        ("test_a_posting_that_relies_on_it_records_it",),
    ),
    Mutant(
        "a capture forgets to release",
        holds,
        "hold_record",
        _forgets_to_release("captured"),
        ("test_a_full_capture_posts_what_is_reserved",),
    ),
    Mutant(
        "a void forgets to release",
        hold_records,
        "hold_record",
        _forgets_to_release("voided"),
        ("test_what_is_kept_can_be_voided",),
    ),
    Mutant(
        "a hold can be resolved again",
        holds,
        "_check_open",
        _does_nothing,
        ("test_a_hold_is_resolved_once",),
    ),
    Mutant(
        "a capture takes what it likes",
        holds,
        "_rest",
        lambda _: lambda _remaining, _taken: (),
        ("test_a_capture_takes_what_is_reserved",),
    ),
    Mutant(
        "a partial capture keeps everything",
        holds,
        "_rest",
        lambda _: lambda remaining, _taken: remaining,
        ("test_a_partial_capture_keeps_the_rest",),
    ),
    Mutant(
        "another hold under the same id goes unnoticed",
        holds,
        "_check_same_hold",
        _does_nothing,
        ("test_another_hold_under_the_same_id",),
    ),
    Mutant(
        "another capture under the same id goes unnoticed",
        holds,
        "_check_same_capture",
        _does_nothing,
        ("test_another_capture_under_the_same_id",),
    ),
    Mutant(
        "an account with open holds can be closed",
        book,
        "close_account",
        _closes_over_holds,
        ("test_an_account_with_open_holds_stays_open",),
    ),
    # --- entries ---------------------------------------------------------------------
    Mutant(
        "a conflict in a memo goes unnoticed",
        entries,
        "POSTING_FIELDS",
        _without("memo"),
        ("test_a_conflict_names_the_first_difference",),
    ),
    Mutant(
        "a conflict in a side goes unnoticed",
        entries,
        "POSTING_FIELDS",
        _without("side"),
        ("test_a_side_is_content",),
    ),
    Mutant(
        "a conflict in a document's number goes unnoticed",
        entries,
        "ENTRY_FIELDS",
        _without("document_number"),
        ("test_a_conflict_names_the_first_difference",),
    ),
    Mutant(
        "a refusal is not compared with its retry",
        entries,
        "known_entry",
        _compares_no_refusal,
        ("test_other_content_under_a_refused_id",),
    ),
    Mutant(
        "a refusal is not recorded",
        entries,
        "is_final",
        lambda _: lambda _error: False,
        ("test_a_recorded_refusal_consumes_the_id",),
    ),
    Mutant(
        "an entry is reversed twice",
        reversal,
        "check_not_reversed",
        _does_nothing,
        ("test_an_entry_is_reversed_once",),
    ),
    Mutant(
        "a reversal on the same side repeats the entry",
        reversal,
        "_reversed",
        lambda turn: (
            lambda line, style: line if style == "same-side" else turn(line, style)
        ),
        ("test_the_same_side_style_negates_the_amounts",),
    ),
    Mutant(
        "memorandum units are exchanged for money",
        entries,
        "check_balanced",
        _does_nothing,
        ("test_memorandum_postings_balance_among_themselves",),
    ),
    Mutant(
        "a closed account takes postings",
        entries,
        "_explain",
        _lets_pass(AccountNotOpen),
        ("test_an_account_closes_when_it_is_empty",),
    ),
    Mutant(
        "a closed period takes postings",
        PeriodState,
        "accepts",
        lambda accepts: (
            lambda self, kind: self is PeriodState.CLOSED or accepts(self, kind)
        ),
        ("test_a_state_lets_kinds_pass",),
    ),
    Mutant(
        "a locked period can be reopened",
        periods,
        "TRANSITIONS",
        lambda allowed: MappingProxyType(
            {**allowed, PeriodState.LOCKED: frozenset({PeriodState.OPEN})}
        ),
        ("test_only_some_states_follow_others",),
    ),
    Mutant(
        "an erased text stays",
        erasing,
        "redact",
        _keeps_the_text,
        ("test_a_text_is_gone_and_the_log_holds",),
    ),
    Mutant(
        "a vote counts whatever was seen",
        approvals,
        "cast_vote",
        _believes_the_voter,
        ("test_a_vote_binds_to_what_was_seen",),
    ),
    Mutant(
        "a dry run writes",
        Session,
        "_execute",
        lambda execute: (
            lambda self, command, actor, **_: execute(
                self, command, actor, dry_run=False
            )
        ),
        ("test_a_dry_run_decides_the_same_and_writes_nothing",),
    ),
)
"""Every mutant; the suite on our own stores finds all of them."""


@contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """Break the engine during the block, wherever the changed thing is used.

    Not for threads: the whole process has the broken engine.
    """
    right = getattr(mutant.owner, mutant.attribute)
    wrong = mutant.change(right)
    if isinstance(mutant.owner, type):
        setattr(mutant.owner, mutant.attribute, wrong)
        try:
            yield
        finally:
            setattr(mutant.owner, mutant.attribute, right)
        return
    places = [
        (space, name)
        for space in (*_namespaces(), *_tables())
        for name, value in space.items()
        if value is right
    ]
    for space, name in places:
        space[name] = wrong
    try:
        yield
    finally:
        for space, name in places:
            space[name] = right


def _namespaces() -> list[dict[Any, Any]]:
    return [
        vars(module)
        for name, module in list(sys.modules.items())
        if name.startswith("backoffice_ledger.") and name != __name__
    ]


def _tables() -> list[dict[Any, Any]]:
    return [decide._DECIDE, decide._WITH_CONTROLS]


def find(case: type[StoreConformance], mutant: Mutant) -> str | None:
    """Return the name of the first test that finds *mutant*, None if it survives."""
    for name in mutant.found_by:
        with broken(mutant):
            if _fails(case, name):
                return name
    return None


def _fails(case: type[StoreConformance], name: str) -> bool:
    """Whether a test of the suite fails, for whatever reason."""
    with TemporaryDirectory() as folder:
        try:
            getattr(case(), name)(Path(folder))
        except Exception:  # noqa: BLE001 - a broken engine may raise anything
            return True
    return False


def survivors(
    case: type[StoreConformance], mutants: Sequence[Mutant] | None = None
) -> list[str]:
    """Return the names of the mutants that no test finds.

    Raises:
        InvalidOption: a test fails without any mutant, so that it would find nothing.
    """
    mutants = MUTANTS if mutants is None else mutants
    for name in sorted({test for mutant in mutants for test in mutant.found_by}):
        if _fails(case, name):
            raise InvalidOption(
                field="case", expected=f"a store that passes {name}", found=case
            )
    return [mutant.name for mutant in mutants if find(case, mutant) is None]


class _MemorySuite(StoreConformance):
    """The suite on the reference."""

    is_durable = False

    def make_store(self, folder: Path) -> MemoryStore:  # noqa: ARG002
        return MemoryStore()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant; print which test found it."""
    parser = argparse.ArgumentParser(
        prog="python -m backoffice_ledger.testing.mutants",
        description="Break the engine on purpose; the suite must find it.",
    )
    parser.add_argument("case", nargs="?", help="module:Class, a StoreConformance")
    given = parser.parse_args(arguments)
    case: type[StoreConformance] = _MemorySuite
    if given.case is not None:
        module, _, name = given.case.partition(":")
        case = getattr(import_module(module), name)
    alive = survivors(case)
    for mutant in MUTANTS:
        verdict = "SURVIVES" if mutant.name in alive else "found"
        sys.stdout.write(f"{verdict:8}  {mutant.name}\n")
    sys.stdout.write(f"{len(MUTANTS) - len(alive)} of {len(MUTANTS)} found\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
