"""Proposals, votes on them, and what controls find."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, final

import attrs

from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.text import EMPTY_MAPPING, check_identifier
from backoffice_ledger.errors import InvalidOption

ENTRY_ACTION: Final = "post-entry"
"""The action of what posts an entry: a posting, a reversal, a capture of a hold."""


TTL_MAX: Final = timedelta(days=36_500)
"""How long a proposal may wait at most."""


class Decision(Enum):
    """What a vote says."""

    APPROVE = "approve"
    REJECT = "reject"
    OVERRIDE = "override"
    WITHDRAW = "withdraw"


class ProposalStatus(Enum):
    """Where a proposal stands; the last four are final.

    ``escalated``: somebody rejected it, and it waits for a higher level to decide.
    """

    OPEN = "open"
    ESCALATED = "escalated"
    POSTED = "posted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows it."""
        return self not in (ProposalStatus.OPEN, ProposalStatus.ESCALATED)


@final
@attrs.frozen(order=False)
class Vote:
    """One actor's word on one revision of a proposal.

    Attributes:
        actor: who voted.
        decision: approve, reject, override, or (a maker) withdraw.
        seen: the digest of the content that the voter had seen.
        at: when, in UTC.
        on_behalf_of: whom the voter stood in for.
        stage: how often the proposal had been escalated when the vote was cast.
        reason: erasable free text; an override has one until it is erased.
    """

    actor: str
    decision: Decision
    seen: str
    at: datetime
    on_behalf_of: str | None = None
    stage: int = 0
    reason: str = ""

    @property
    def persons(self) -> frozenset[str]:
        """Who stands behind it, by `folded` names: the voter, and whom for."""
        return persons(self.actor, self.on_behalf_of)


@final
@attrs.frozen(order=False)
class Effect:
    """A record that a proposed action will add to the log.

    Attributes:
        record_type: of the record: ``period``, ``account``, ``document``, ...
        id: of the record, as `Record.id`.
        content: of the record, as `Record.content`.
        texts: its erasable texts by name.
    """

    record_type: str
    id: str
    content: Mapping[str, Any]
    texts: Mapping[str, str] = EMPTY_MAPPING


@final
@attrs.frozen(order=False)
class Proposal:
    """Something that somebody wants to do, with the votes on it.

    Attributes:
        id: of the proposal; that of an entry is the entry's.
        digest: SHA-256 (hex) of the canonical content; votes bind to it.
        maker: who first proposed it.
        proposed_at: when the present revision was submitted, in UTC.
        votes: on the present revision, at most one of each actor, in the order of the
            log.
        status: where it stands.
        reverses: id of the entry that the proposed one takes back.
        released_by: who is releasing it, while controls examine it.
        position: its place in the log; 0 before it is recorded.
        action: what it does: ``post-entry``, ``reopen-period``, ...
        effect: for other actions than entries, the records that it will add.
        revision: 1, and one more with each change of it.
        makers: everybody who wrote a revision of it.
        expires_at: from when on it can no longer be released, or None.
        escalations: how many rejections lead to a higher level before one ends it.
        terms: what controls wanted kept when it was submitted, by control id.
    """

    id: str
    _entry: Entry | None = attrs.field(alias="entry")
    digest: str
    maker: str
    proposed_at: datetime
    votes: tuple[Vote, ...] = ()
    status: ProposalStatus = ProposalStatus.OPEN
    reverses: str | None = None
    released_by: str | None = None
    position: int = 0
    action: str = ENTRY_ACTION
    effect: tuple[Effect, ...] = ()
    revision: int = 1
    makers: tuple[str, ...] = attrs.field(
        default=attrs.Factory(lambda self: (self.maker,), takes_self=True)
    )
    expires_at: datetime | None = None
    escalations: int = 0
    terms: Mapping[str, Mapping[str, Any]] = EMPTY_MAPPING

    @property
    def entry(self) -> Entry:
        """The proposed entry.

        Raises:
            InvalidOption: another action is proposed.
        """
        if self._entry is None:
            raise InvalidOption(
                field="action", expected="the proposal of an entry", found=self.action
            )
        return self._entry

    @property
    def is_entry(self) -> bool:
        """Whether it proposes an entry."""
        return self._entry is not None

    @property
    def approvers(self) -> tuple[str, ...]:
        """Those who approved, the makers left out."""
        return tuple(
            vote.actor
            for vote in self.votes
            if vote.decision is Decision.APPROVE
            and not vote.persons & persons(*self.makers)
        )

    def is_maker(self, actor: str) -> bool:
        """Whether *actor* may be a maker of it; upper and lower case are one."""
        return folded(actor) in persons(*self.makers)


@final
@attrs.frozen
class Allow:
    """The control has nothing against it."""


@final
@attrs.frozen
class Alert:
    """The control lets it pass, and wants it known.

    Attributes:
        code: stable name of what was found, in kebab-case.
        reason: for people.
        confidential_to: the duty whose holders alone may read it (GwG 47), or None.
    """

    code: str
    reason: str = ""
    confidential_to: str | None = attrs.field(default=None, kw_only=True)


@final
@attrs.frozen
class Deny:
    """The control forbids it.

    Attributes:
        code: stable name of the reason, in kebab-case.
        reason: for people.
        confidential_to: the duty whose holders alone may read it (GwG 47), or None;
            the error then says neither what nor who denied.
    """

    code: str
    reason: str = ""
    confidential_to: str | None = attrs.field(default=None, kw_only=True)


def _as_slots(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@final
@attrs.frozen
class NeedApproval:
    """The control wants more votes; without them nothing is posted.

    Attributes:
        approvals: how many persons other than the makers must have approved.
        reason: for people.
        slots: the votes that are still missing, for people; while there is one, it is
            not posted, however many have approved.
        ttl: how long a proposal may wait; the shortest of all controls counts.
        escalations: how many rejections lead to a higher level before one ends it;
            the lowest number of all controls that want approvals counts.
        terms: what the control wants to find in `Proposal.terms` when the proposal is
            released: text, ints, lists, mappings.
        confidential_to: the duty whose holders alone may read the reason, or None.
    """

    approvals: int = 1
    reason: str = ""
    slots: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_as_slots)
    ttl: timedelta | None = attrs.field(default=None, kw_only=True)
    escalations: int = attrs.field(default=0, kw_only=True)
    terms: Mapping[str, Any] = attrs.field(default=EMPTY_MAPPING, kw_only=True)
    confidential_to: str | None = attrs.field(default=None, kw_only=True)


Finding = Allow | Alert | Deny | NeedApproval
"""What a control returns."""


@final
@attrs.frozen(order=False)
class ControlDecision:
    """What the controls found at one time, as the log keeps it.

    Attributes:
        id: of the entry, the proposal or the record that was examined.
        action: what was to be done.
        step: ``submit`` of a proposal, ``post`` of it, ``direct`` without one, or
            ``denied``.
        revision: of the proposal.
        digest: of the content that was examined.
        actor: who acted.
        at: when, in UTC.
        controls: ids and versions of the controls that ran.
        findings: ids of controls and what they found; confidential ones only for
            those who may read them, and none where they were erased.
        reads: what the controls looked at, likewise.
        position: its place in the log.
    """

    id: str
    action: str
    step: str
    revision: int
    digest: str
    actor: str
    at: datetime
    controls: tuple[str, ...]
    findings: tuple[tuple[str, Finding], ...]
    reads: tuple[str, ...]
    position: int


def folded(name: str) -> str:
    """Return what the ways to write one person's name have in common.

    Unicode's NFKC_Casefold, save for characters that a name cannot hold anyway.
    """
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def persons(*names: str | None) -> frozenset[str]:
    """Return the `folded` names of those who are named."""
    return frozenset(folded(name) for name in names if name is not None)


def check_actor(value: object) -> str:
    """Return *value* if it can name an actor."""
    return check_identifier(value, "actor")
