"""Proposals, votes on them, and what controls find."""

import unicodedata
from datetime import datetime
from enum import Enum
from typing import final

import attrs

from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.text import check_identifier


class Decision(Enum):
    """What a vote says."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


class ProposalStatus(Enum):
    """Where a proposal stands; the last three are final."""

    OPEN = "open"
    POSTED = "posted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@final
@attrs.frozen(order=False)
class Vote:
    """One actor's word on one proposal.

    Attributes:
        actor: who voted.
        decision: approve, reject, or (the maker) withdraw.
        seen: the digest of the content that the voter had seen.
        at: when, in UTC.
    """

    actor: str
    decision: Decision
    seen: str
    at: datetime


@final
@attrs.frozen(order=False)
class Proposal:
    """An entry that somebody wants to post, with the votes on it.

    Attributes:
        id: the id of the proposed entry.
        entry: the entry as proposed.
        digest: SHA-256 (hex) of the entry's canonical content; votes bind to it.
        maker: who proposed it.
        proposed_at: when, in UTC.
        votes: at most one of each actor, in the order of the log.
        status: where it stands.
        reverses: id of the entry that the proposed one takes back.
        released_by: who is releasing it for posting, while controls examine it.
        position: its place in the log; 0 before it is recorded.
    """

    id: str
    entry: Entry
    digest: str
    maker: str
    proposed_at: datetime
    votes: tuple[Vote, ...] = ()
    status: ProposalStatus = ProposalStatus.OPEN
    reverses: str | None = None
    released_by: str | None = None
    position: int = 0

    @property
    def approvers(self) -> tuple[str, ...]:
        """Those who approved, the maker left out."""
        return tuple(
            vote.actor
            for vote in self.votes
            if vote.decision is Decision.APPROVE and not self.is_maker(vote.actor)
        )

    def is_maker(self, actor: str) -> bool:
        """Whether *actor* may be the maker; upper and lower case are one."""
        return folded(actor) == folded(self.maker)


@final
@attrs.frozen
class Allow:
    """The control has nothing against it."""


@final
@attrs.frozen
class Deny:
    """The control forbids it.

    Attributes:
        code: stable name of the reason, in kebab-case.
        reason: for people.
    """

    code: str
    reason: str = ""


@final
@attrs.frozen
class NeedApproval:
    """The control wants more votes.

    Attributes:
        approvals: how many persons other than the maker must have approved.
        reason: for people.
    """

    approvals: int = 1
    reason: str = ""


Finding = Allow | Deny | NeedApproval


def folded(name: str) -> str:
    """Return what the ways to write one person's name have in common.

    Unicode's NFKC_Casefold, save for characters that a name cannot hold anyway.
    """
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def check_actor(value: object) -> str:
    """Return *value* if it can name an actor."""
    return check_identifier(value, "actor")
