"""Votes by competence order: slots filled by distinct persons who may fill them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance._authority import Authority
from backoffice_ledger.compliance._delegation import (
    DELEGATION_KIND,
    delegation_in,
    folded,
)
from backoffice_ledger.compliance._four_eyes import gross_debits
from backoffice_ledger.compliance._policy import Policy, Slot, in_force
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.protocols import Alert, Books, Decision, Finding, Vote

STORE_DOCUMENT = "store-document"
HIGHER = "a higher level"
"""What is missing after a rejection where no escalation is provided for any more."""


def _policies(value: Iterable[Policy]) -> tuple[Policy, ...]:
    policies = tuple(value)
    for policy in policies:
        if not isinstance(policy, Policy):
            raise InvalidOption(
                field="policies", expected="Policies", found=type(policy).__name__
            )
    days = {policy.effective_from for policy in policies}
    names = {policy.version for policy in policies}
    if not policies or len(days) < len(policies) or len(names) < len(policies):
        raise InvalidOption(
            field="policies",
            expected="at least one, each with a version and a first day of its own",
        )
    return tuple(sorted(policies, key=lambda policy: policy.effective_from))


def _actions(policies: Iterable[Policy]) -> frozenset[str]:
    named = {action for policy in policies for action in policy.actions}
    return frozenset({"post-entry", STORE_DOCUMENT, *named})


@final
@attrs.frozen(order=False, kw_only=True)
class MakerChecker:
    """Wants votes in slots, by a dated competence order.

    Approval is a matching of distinct persons to all slots.  A vote counts for a slot
    if the voter, at the time of the vote and of the release, has one of its roles, is
    of a unit and a level that fit, and is human.  The order that is in force at the
    release decides, and the one under which the proposal was submitted too: both must
    be satisfied.  A rejection stands: it ends the proposal or, where the order has an
    escalation, higher levels decide.

    It also sees to it that a `Delegation` is stored by its delegator only.

    Args:
        policies: the versions of the competence order.
        authority: knows the voters.
        id: the name under which the book's manifest requires the control.
        version: recorded with every decision; that of the last policy if not given.

    Raises:
        InvalidOption: no policy, or two of the same version or day.
    """

    policies: tuple[Policy, ...] = attrs.field(converter=_policies)
    authority: Authority
    id: str = "maker-checker"
    version: str = attrs.field(
        default=attrs.Factory(lambda self: self.policies[-1].version, takes_self=True)
    )
    actions: frozenset[str] = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: _actions(self.policies), takes_self=True),
    )

    def examine(self, proposal: bl.Proposal, books: Books) -> list[Finding]:
        """Return which votes are missing."""
        if _is_foreign_delegation(proposal):
            return [bl.Deny("not-own-delegation", "only the delegator may store it")]
        policy = in_force(self.policies, books.at.date())
        slots = needed_slots(policy, proposal, books)
        now = _Terms(slots, policy.escalation, policy.override_roles)
        if proposal.released_by is None:
            return [_demand(policy, now)] if slots else [bl.Allow()]
        kept = proposal.terms.get(self.id)
        wanted = [now] if kept is None else [_Terms.from_json(kept), now]
        if not any(terms.slots for terms in wanted):
            return [bl.Allow()]
        ballot = _Ballot(proposal, books, self.authority, policy.revoked_votes_count)
        override = ballot.override([terms.override_roles for terms in wanted])
        missing = () if override is not None else ballot.missing(wanted)
        if missing:
            return [attrs.evolve(_demand(policy, now), slots=missing)]
        if proposal.is_maker(proposal.released_by):
            return [bl.Deny("released-by-maker", "somebody else must release it")]
        if override is not None:
            return [Alert("override", f"by {override.actor}, against or without votes")]
        return [bl.Allow()]


def _is_foreign_delegation(proposal: bl.Proposal) -> bool:
    if proposal.action != STORE_DOCUMENT:
        return False
    [effect] = proposal.effect
    if effect.content["kind"] != DELEGATION_KIND:
        return False
    delegator = folded(str(effect.content["content"].get("delegator")))
    return any(folded(maker) != delegator for maker in proposal.makers)


def needed_slots(
    policy: Policy, proposal: bl.Proposal, books: Books
) -> tuple[Slot, ...]:
    """Return the votes that a policy wants on a proposal."""
    if not proposal.is_entry:
        return policy.actions.get(proposal.action, ())
    entry = proposal.entry
    moved = gross_debits(entry)
    if policy.window_days:
        moved = sum(
            (gross_debits(each) for each in linked(entry, books, policy.window_days)),
            moved,
        )
    return policy.slots_for(moved)


def linked(entry: bl.Entry, books: Books, days: int) -> list[bl.Entry]:
    """Return the posted entries that count together with *entry*.

    They debit one of the accounts that it debits and credit one that it credits, at
    most so many days apart.
    """
    debited, credited = _sides(entry)
    window = timedelta(days=days)
    found: dict[str, bl.Entry] = {}
    for account in sorted(debited):
        for record in books.entries(account, entry.date - window, entry.date + window):
            other_debited, other_credited = _sides(record.entry)
            if account in other_debited and credited & other_credited:
                found[record.id] = record.entry
    found.pop(entry.id, None)
    return list(found.values())


def _sides(entry: bl.Entry) -> tuple[set[str], set[str]]:
    """Return the accounts that an entry debits and credits, whatever the signs."""
    moves = [
        (posting.account, posting.signed.minor_units) for posting in entry.postings
    ]
    return {path for path, move in moves if move > 0}, {
        path for path, move in moves if move < 0
    }


@attrs.frozen
class _Terms:
    """What a version of the competence order wants for one proposal."""

    slots: tuple[Slot, ...]
    escalation: tuple[Slot, ...]
    override_roles: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as a proposal keeps it."""
        return {
            "escalation": tuple(slot.to_json() for slot in self.escalation),
            "override_roles": tuple(sorted(self.override_roles)),
            "slots": tuple(slot.to_json() for slot in self.slots),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "_Terms":
        """Return what `to_json` gave."""
        return cls(
            tuple(map(Slot.from_json, content["slots"])),
            tuple(map(Slot.from_json, content["escalation"])),
            frozenset(content["override_roles"]),
        )


def _demand(policy: Policy, terms: _Terms) -> bl.NeedApproval:
    return bl.NeedApproval(
        len(terms.slots),
        f"policy {policy.version}",
        slots=[slot.name for slot in terms.slots],
        ttl=policy.ttl,
        escalations=1 if terms.escalation else 0,
        terms={"policy": policy.version, **terms.to_json()},
    )


@attrs.frozen
class _Voter:
    """Whose authority a vote has, and the units of all who stand behind it."""

    vote: Vote
    principal: str
    roles: frozenset[str]
    units: tuple[str, ...]
    level: int

    def may_fill(self, slot: Slot) -> bool:
        """Whether the vote counts for a slot."""
        return (
            (not slot.roles or bool(slot.roles & self.roles))
            and self.level >= slot.level_min
            and all(map(slot.takes_unit, self.units))
        )


@attrs.frozen
class _Ballot:
    """The votes on a proposal, and what they amount to."""

    proposal: bl.Proposal
    books: Books
    authority: Authority
    revoked_votes_count: bool

    def missing(self, wanted: Sequence[_Terms]) -> tuple[str, ...]:
        """Return the names of the slots that the votes leave open."""
        rejections = sum(v.decision is Decision.REJECT for v in self.proposal.votes)
        voters = self._voters(Decision.APPROVE)
        if rejections:
            if not all(terms.escalation for terms in wanted):
                return (HIGHER,)
            highest = self._highest_level(rejections)
            voters = [
                voter
                for voter in voters
                if voter.vote.stage == rejections and voter.level > highest
            ]
        names: list[str] = []
        for terms in wanted:
            names += open_of(terms.escalation if rejections else terms.slots, voters)
        return tuple(dict.fromkeys(names))

    def _highest_level(self, stage: int) -> int:
        """Return the highest level of those who voted before the last escalation."""
        return max(
            self.authority.level_of(vote.on_behalf_of or vote.actor)
            for vote in self.proposal.votes
            if vote.stage < stage
        )

    def override(self, roles: Sequence[frozenset[str]]) -> Vote | None:
        """Return the vote of somebody who may decide alone, if there is one."""
        for voter in self._voters(Decision.OVERRIDE):
            if all(voter.roles & allowed for allowed in roles):
                return voter.vote
        return None

    def _voters(self, decision: Decision) -> list[_Voter]:
        """Return the votes of a kind that count at all, each person once."""
        used = {folded(maker) for maker in self.proposal.makers}
        voters = []
        for vote in self.proposal.votes:
            if vote.decision is not decision or vote.seen != self.proposal.digest:
                continue
            if vote.persons & used:
                continue
            voter = self._voter(vote)
            if voter is not None:
                voters.append(voter)
                used |= vote.persons
        return voters

    def _voter(self, vote: Vote) -> _Voter | None:
        """Return whose authority a vote has; None if it does not count.

        A voter whom nobody knows counts for nothing, and spoils nothing either.
        """
        principal = vote.on_behalf_of or vote.actor
        names = dict.fromkeys((vote.actor, principal))
        authority = self.authority
        try:
            if any(authority.kind_of(name) != "human" for name in names):
                return None
            roles = authority.roles_of(principal, vote.at)
            if not self.revoked_votes_count:
                roles &= authority.roles_of(principal, self.books.at)
            if vote.on_behalf_of is not None:
                roles = self._delegated(vote, roles)
            units = tuple(authority.unit_of(name) for name in names)
            return _Voter(vote, principal, roles, units, authority.level_of(principal))
        except (LookupError, bl.LedgerError):
            return None

    def _delegated(self, vote: Vote, roles: frozenset[str]) -> frozenset[str]:
        """Return the roles that a delegate has for somebody at the time of the vote."""
        delegation = delegation_in(self.books, str(vote.on_behalf_of), vote.actor)
        if not delegation.covers(vote.at.date()):
            raise UnknownRecord(
                "the delegation does not cover the day",
                field="at",
                expected=f"{delegation.first} to {delegation.last}",
                found=vote.at.date(),
            )
        return roles & delegation.roles if delegation.roles else roles


def open_of(slots: Sequence[Slot], voters: Sequence[_Voter]) -> list[str]:
    """Return the names of the slots that no matching of voters to slots fills.

    The matching is as large as can be (augmenting paths), so that the order of the
    votes does not matter.
    """
    filled: dict[int, _Voter] = {}

    def place(voter: _Voter, tried: set[int]) -> bool:
        for index, slot in enumerate(slots):
            if index in tried or not voter.may_fill(slot):
                continue
            tried.add(index)
            if index not in filled or place(filled[index], tried):
                filled[index] = voter
                return True
        return False

    for voter in voters:
        place(voter, set())
    return [slot.name for index, slot in enumerate(slots) if index not in filled]
