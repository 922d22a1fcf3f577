"""Duties kept apart on one object: what people did to it counts, not what they are."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance._checks import check_name, folded
from backoffice_ledger.compliance.organisation._conflicts import ConflictSet, Waiver
from backoffice_ledger.errors import InvalidOption, UnknownProposal
from backoffice_ledger.protocols import Books, Decision


class Conflicts(Protocol):
    """What `SeparationOfDuties` asks; both kinds of organisation answer it."""

    @property
    def conflicts(self) -> Collection[ConflictSet]:
        """The conflict sets; those of mode ``object`` count."""
        ...

    def waiver_of(self, conflict: str, actor: str, at: datetime) -> Waiver | None:
        """Return what allows somebody a conflict, if anything does."""
        ...


@final
@attrs.frozen(order=False)
class Deed:
    """What somebody did to an object, with which duty.

    Attributes:
        actor: who.
        duty: which was used, such as ``journal.create``.
        object: the id of the proposal or entry.
    """

    actor: str
    duty: str
    object: str


@final
@attrs.frozen(order=False)
class DutyNames:
    """How the steps of an entry's life are called as duties.

    Args:
        make: proposing or changing an entry.
        approve: any vote on it.
        post: releasing it once it is approved.
        request: proposing its reversal.
        undo: any vote on its reversal.

    Raises:
        InvalidIdentifier: a malformed name.
    """

    make: str = "journal.create"
    approve: str = "journal.approve"
    post: str = "journal.post"
    request: str = "reverse.request"
    undo: str = "reverse.approve"

    def __attrs_post_init__(self) -> None:
        for name, duty in attrs.asdict(self).items():
            check_name(duty, name)


SETTLEMENT_DUTIES: Final = DutyNames(
    make="settle.prepare", approve="settle.release", post="settle.release"
)
"""For journals whose entries are payments or deliveries."""

_GENERAL: Final = DutyNames()


def deeds(
    proposal: bl.Proposal,
    books: Books,
    *,
    duties: Mapping[str, DutyNames] | None = None,
) -> tuple[Deed, ...]:
    """Return what was done to an entry and its lineage, by whom.

    The lineage of a reversal is what it takes back, that of an entry the proposals
    that it names in its ``references``: earlier attempts that were refused.

    Args:
        proposal: of an entry.
        books: what a control is given.
        duties: names of duties by journal; `DutyNames` for all others.
    """
    names = {} if duties is None else duties
    return tuple(dict.fromkeys(_deeds(proposal, books, names, set())))


def _deeds(
    proposal: bl.Proposal,
    books: Books,
    duties: Mapping[str, DutyNames],
    seen: set[str],
) -> Iterator[Deed]:
    seen.add(proposal.id)
    names = duties.get(proposal.entry.journal, _GENERAL)
    is_reversal = proposal.reverses is not None
    for maker in proposal.makers:
        yield Deed(maker, names.request if is_reversal else names.make, proposal.id)
    for vote in proposal.votes:
        if vote.decision is Decision.WITHDRAW:
            continue
        for voter in (vote.actor, vote.on_behalf_of):
            if voter is not None:
                duty = names.undo if is_reversal else names.approve
                yield Deed(voter, duty, proposal.id)
    if proposal.released_by is not None and (proposal.votes or proposal.position):
        yield Deed(proposal.released_by, names.post, proposal.id)
    if proposal.reverses is not None and proposal.reverses not in seen:
        yield from _posted(books.entry(proposal.reverses), books, duties, seen)
    for reference in proposal.entry.references:
        if reference not in seen:
            try:
                earlier = books.proposal(reference)
            except UnknownProposal:
                continue
            if earlier.is_entry:
                yield from _deeds(earlier, books, duties, seen)


def _posted(
    record: bl.Record,
    books: Books,
    duties: Mapping[str, DutyNames],
    seen: set[str],
) -> Iterator[Deed]:
    """Yield what was done to an entry that is posted."""
    names = duties.get(record.entry.journal, _GENERAL)
    if record.proposal is not None:
        yield Deed(record.actor, names.post, record.id)
        yield from _deeds(books.proposal(record.proposal), books, duties, seen)
        return
    seen.add(record.id)
    is_reversal = record.reverses is not None
    yield Deed(record.actor, names.request if is_reversal else names.make, record.id)
    if record.reverses is not None and record.reverses not in seen:
        yield from _posted(books.entry(record.reverses), books, duties, seen)


def broken_by(
    conflicts: Iterable[ConflictSet], done: Iterable[Deed]
) -> Iterator[tuple[ConflictSet, str, tuple[str, ...]]]:
    """Yield each conflict of mode ``object``, the person, and what they did.

    It looks at deeds alone: no change of roles, units or names of roles makes them
    undone.
    """
    by_person: dict[str, dict[str, None]] = {}
    for deed in done:
        by_person.setdefault(folded(deed.actor), {})[deed.duty] = None
    for conflict in conflicts:
        if conflict.mode != "object":
            continue
        for person, used in by_person.items():
            if conflict.is_broken_by(used):
                yield conflict, person, tuple(used)


@final
@attrs.frozen(order=False)
class SeparationOfDuties:
    """Denies an entry if one person did too much to it, or to its lineage.

    Makers, editors and voters of a reversal or a new attempt are looked at together
    with those of what it takes back or tries again.  Who acts for somebody else counts
    as both.  What counts is what was done: a new role or unit launders nothing.

    Args:
        organisation: an `Organisation`, or what `WithOrganisation` hands over.
        duties: names of duties by journal, such as
            ``{"payments": SETTLEMENT_DUTIES}``.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.

    Raises:
        InvalidOption: *duties* is no mapping to `DutyNames`.
    """

    organisation: Conflicts
    duties: Mapping[str, DutyNames] = attrs.field(factory=dict, kw_only=True)
    id: str = attrs.field(default="separation-of-duties", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.duties, Mapping) or not all(
            isinstance(each, DutyNames) for each in self.duties.values()
        ):
            raise InvalidOption(
                field="duties", expected="DutyNames by journal", found=self.duties
            )

    def examine(self, proposal: bl.Proposal, books: Books) -> list[bl.Allow | bl.Deny]:
        """Deny what one person would have done too much of."""
        done = deeds(proposal, books, duties=self.duties)
        denials = [
            bl.Deny("duties-on-one-object", f"{person}: {', '.join(used)}")
            for conflict, person, used in broken_by(self.organisation.conflicts, done)
            if self.organisation.waiver_of(conflict.id, person, books.at) is None
        ]
        return [*denials] or [bl.Allow()]
