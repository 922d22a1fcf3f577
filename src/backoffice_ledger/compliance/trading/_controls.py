"""Controls: what trading must not do alone."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_count, check_date, check_instances
from backoffice_ledger.compliance._checks import check_name, check_names, folded
from backoffice_ledger.compliance.trading._confirmations import BusinessDays
from backoffice_ledger.compliance.trading._rights import TradingStaff
from backoffice_ledger.errors import InvalidDate
from backoffice_ledger.protocols import Books, Decision

_OUTSIDE: Final = "somebody outside trading"


def _as_accounts(values: Iterable[str]) -> tuple[str, ...]:
    return check_names(values, "accounts")


def _as_journals(values: Iterable[str]) -> tuple[str, ...]:
    return check_names(values, "journals")


def _is_below(account: str, path: str) -> bool:
    return f"{account}:".startswith(f"{path}:")


def _approvals(proposal: bl.Proposal) -> list[tuple[str, ...]]:
    """Return who stands behind each approval: the voter, and whom for."""
    return [
        (vote.actor,) if vote.on_behalf_of is None else (vote.actor, vote.on_behalf_of)
        for vote in proposal.votes
        if vote.decision is Decision.APPROVE and vote.actor in proposal.approvers
    ]


def _missing(reason: str) -> list[bl.Allow | bl.Deny | bl.NeedApproval]:
    return [bl.NeedApproval(1, reason, slots=(_OUTSIDE,))]


@final
@attrs.frozen(order=False)
class PaymentRelease:
    """Lets trading sign payments only together with somebody outside trading.

    A payment is an entry that takes from one of the accounts.  Those who approved it
    and who releases it sign it.  If one of them belongs to trading, another person must
    be independent of it; who stands in for somebody counts as both.

    An assumption after MaRisk BTO 2.2.1, whose text was not at hand.

    Args:
        staff: who belongs to trading.
        accounts: paths of the payment accounts, with all that is below them.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.

    Raises:
        InvalidOption, InvalidIdentifier: *accounts* are no list of names.
    """

    staff: TradingStaff
    accounts: tuple[str, ...] = attrs.field(converter=_as_accounts)
    id: str = attrs.field(default="payment-release", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def examine(
        self, proposal: bl.Proposal, books: Books
    ) -> Sequence[bl.Allow | bl.Deny | bl.NeedApproval]:
        """Ask for another signature where only trading has signed."""
        pays = any(
            posting.signed.minor_units < 0 and _is_below(posting.account, path)
            for posting in proposal.entry.postings
            for path in self.accounts
        )
        if not pays or proposal.released_by is None:
            return [bl.Allow()]
        signatures = [*_approvals(proposal), (proposal.released_by,)]
        names = {name for signature in signatures for name in signature}
        if not any(self.staff.includes(name, books.at) for name in names):
            return [bl.Allow()]
        if any(self.staff.signs_for(each, books.at) for each in signatures):
            return [bl.Allow()]
        return _missing("a payment that only trading has signed")


@final
@attrs.frozen(order=False)
class ChangesOutsideTrading:
    """Wants somebody outside trading to approve what changes a deal.

    A change is a reversal in one of the journals.  The approval must come from
    another person than the makers, without a duty of trading.  An assumption after
    MaRisk BTO 2.2.2 Tz. 4, whose text was not at hand.

    Args:
        staff: who belongs to trading.
        journals: names of the journals in which deals are booked.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.

    Raises:
        InvalidOption, InvalidIdentifier: *journals* are no list of names.
    """

    staff: TradingStaff
    journals: tuple[str, ...] = attrs.field(converter=_as_journals)
    id: str = attrs.field(default="changes-outside-trading", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def examine(
        self, proposal: bl.Proposal, books: Books
    ) -> Sequence[bl.Allow | bl.Deny | bl.NeedApproval]:
        """Ask for an approval from outside trading."""
        if proposal.reverses is None or proposal.entry.journal not in self.journals:
            return [bl.Allow()]
        if any(self.staff.signs_for(e, books.at) for e in _approvals(proposal)):
            return [bl.Allow()]
        return _missing("a deal is taken back")


@final
@attrs.frozen(order=False)
class Handover:
    """Days on which somebody has handed over all positions and stays away.

    Args:
        actor: who.
        first: the first day.
        last: the last day.

    Raises:
        InvalidIdentifier: a malformed name.
        InvalidDate: no days, or the last one before the first.
    """

    actor: str
    first: date
    last: date

    def __attrs_post_init__(self) -> None:
        check_name(self.actor, "actor")
        check_date(self.first, "first")
        check_date(self.last, "last")
        if self.last < self.first:
            raise InvalidDate(
                field="last", expected=f"{self.first} or later", found=self.last
            )

    def business_days(self, calendar: BusinessDays, year: int) -> int:
        """Return how many business days of a year it takes."""
        days = range(self.first.toordinal(), self.last.toordinal() + 1)
        return sum(
            calendar.is_business_day(day)
            for day in map(date.fromordinal, days)
            if day.year == year
        )


def missing_handovers(
    traders: Iterable[str],
    handovers: Iterable[Handover],
    *,
    year: int,
    calendar: BusinessDays,
    days_min: int = 10,
) -> tuple[str, ...]:
    """Return the traders who have not handed over for long enough in a year.

    Args:
        traders: all who are responsible for positions.
        handovers: of any year.
        year: the calendar year.
        calendar: says which days are trading days.
        days_min: so many trading days on end; an assumption after MaRisk BTO 2.2.1.

    Raises:
        InvalidOption: no list, or no number of days.
    """
    check_count(days_min, "days_min", 1)
    items = check_instances(handovers, Handover, "handovers")
    longest: dict[str, int] = {}
    for each in items:
        days = each.business_days(calendar, year)
        longest[folded(each.actor)] = max(days, longest.get(folded(each.actor), 0))
    return tuple(
        name
        for name in check_names(traders, "traders")
        if longest.get(folded(name), 0) < days_min
    )


def _as_handovers(values: Iterable[Handover]) -> tuple[Handover, ...]:
    return check_instances(values, Handover, "handovers")


@final
@attrs.frozen(order=False)
class NoAccessDuringHandover:
    """Denies what somebody makes, votes on or releases while they are to stay away.

    The days are those of UTC.

    Args:
        handovers: who stays away, and when.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.

    Raises:
        InvalidOption: *handovers* are none.
    """

    handovers: tuple[Handover, ...] = attrs.field(converter=_as_handovers)
    id: str = attrs.field(default="handover", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    def examine(
        self,
        proposal: bl.Proposal,
        books: Books,
    ) -> Sequence[bl.Allow | bl.Deny | bl.NeedApproval]:
        """Deny it if one of them acted on a day of their handover."""
        acts = dict.fromkeys(_acts(proposal, books.at))
        denials = [
            bl.Deny("handed-over", f"{actor} has handed over on {at.date()}")
            for actor, at in acts
            if any(
                folded(each.actor) == folded(actor)
                and each.first <= at.date() <= each.last
                for each in self.handovers
            )
        ]
        return [*denials] or [bl.Allow()]


def _acts(proposal: bl.Proposal, now: datetime) -> Iterator[tuple[str, datetime]]:
    for maker in proposal.makers:
        yield maker, proposal.proposed_at
    for vote in proposal.votes:
        yield vote.actor, vote.at
    if proposal.released_by is not None:
        yield proposal.released_by, now
