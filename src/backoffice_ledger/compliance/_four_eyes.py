"""The four-eyes principle: who makes an entry does not release it alone."""

from collections.abc import Iterable
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InexactNumber, InvalidOption
from backoffice_ledger.protocols import Books, Finding


def _as_amount(value: bl.Amount | str) -> bl.Amount:
    if isinstance(value, bl.Amount):
        return value
    if isinstance(value, str):
        return bl.Amount.parse(value)
    raise InexactNumber(
        field="above",
        expected="an Amount or text such as '1000.00 EUR'",
        found=type(value).__name__,
    )


@final
@attrs.frozen(order=False, kw_only=True)
class Band:
    """From where on how many approvals are needed.

    Args:
        above: the band begins just above this amount: an `Amount` or text such as
            ``"1000.00 EUR"``.
        approvals: how many persons other than the maker must approve.

    Raises:
        InvalidOption: a negative amount, or no number of approvals.
        InexactNumber, InvalidAmount: *above* is no amount.
    """

    above: bl.Amount = attrs.field(converter=_as_amount)
    approvals: int

    def __attrs_post_init__(self) -> None:
        if self.above.minor_units < 0:
            raise InvalidOption(
                field="above", expected="an amount from zero", found=self.above
            )
        if type(self.approvals) is not int or self.approvals < 0:
            raise InvalidOption(
                field="approvals", expected="an int from 0", found=self.approvals
            )


def _as_bands(value: Iterable[Band] | None) -> tuple[Band, ...] | None:
    if value is None:
        return None
    bands = tuple(value)
    for band in bands:
        if not isinstance(band, Band):
            raise InvalidOption(
                field="bands", expected="Bands", found=type(band).__name__
            )
    if not bands:
        raise InvalidOption(
            field="bands", expected="at least one band, or None for one approval"
        )
    return bands


def _as_actions(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise InvalidOption(
            field="actions", expected="a collection of names", found=value
        )
    return frozenset(value)


@final
@attrs.frozen(order=False)
class FourEyes:
    """Wants approvals of persons other than the maker, by bands of amount.

    Without *bands* every entry needs one approval.  With them, the largest gross debit
    of the entry in any commodity decides, each commodity by bands of its own:

    >>> FourEyes(bands=[
    ...     Band(above="1000.00 EUR", approvals=1),
    ...     Band(above="1000000.00 EUR", approvals=2),
    ... ]).approvals_for(bl.Amount("1000.01", "EUR"))
    1

    Up to and including the lowest amount of a commodity no approval is needed.  A
    commodity without bands is in the highest band of all.  Who made an entry that
    needs approvals may not release it either.  Maker, voters and releaser are told
    apart by name, upper and lower case alike.

    The bands are part of the rule: give it another *version* when they change, since
    every entry records the id and version of the controls that let it pass.

    Args:
        bands: in rising order within each commodity; None asks for one approval
            always.
        id: the name under which the book's manifest requires the control.
        version: recorded with every entry.
        actions: what it examines, entries unless others are named: with
            ``{"post-entry", "reopen-period"}`` a period is not reopened alone either.
            What is no entry is in the highest band of all.

    Raises:
        InvalidOption: no bands, or amounts or approvals that do not rise.
    """

    bands: tuple[Band, ...] | None = attrs.field(default=None, converter=_as_bands)
    id: str = attrs.field(default="four-eyes", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)
    actions: frozenset[str] = attrs.field(
        default=frozenset({"post-entry"}), converter=_as_actions, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        highest: dict[bl.Commodity, Band] = {}
        for band in self.bands or ():
            unit = band.above.commodity
            lower = highest.get(unit)
            if lower is not None and band.above <= lower.above:
                raise InvalidOption(
                    field="bands", expected=f"more than {lower.above}", found=band.above
                )
            if lower is not None and band.approvals < lower.approvals:
                raise InvalidOption(
                    field="bands",
                    expected=f"{lower.approvals} approvals or more above {band.above}",
                    found=band.approvals,
                )
            highest[unit] = band

    def approvals_for(self, amount: bl.Amount) -> int:
        """Return how many approvals an entry of this gross debit needs."""
        if self.bands is None:
            return 1
        own = [b for b in self.bands if b.above.commodity == amount.commodity]
        if not own:
            return max(band.approvals for band in self.bands)
        reached = (band.approvals for band in own if amount > band.above)
        return max(reached, default=0)

    def examine(
        self,
        proposal: bl.Proposal,
        books: Books,  # noqa: ARG002  (amounts alone decide)
    ) -> list[Finding]:
        """Return how many approvals are needed, and deny a release by the maker."""
        wanted, what = self._wanted(proposal)
        if wanted == 0:
            return [bl.Allow()]
        releaser = proposal.released_by
        has_approvals = len(proposal.approvers) >= wanted
        if has_approvals and releaser is not None and proposal.is_maker(releaser):
            return [bl.Deny("released-by-maker", "somebody else must release it")]
        return [bl.NeedApproval(wanted, what)]

    def _wanted(self, proposal: bl.Proposal) -> tuple[int, str]:
        """Return how many approvals are needed, and for what."""
        if not proposal.is_entry:
            return max((b.approvals for b in self.bands or ()), default=1), ""
        return max(
            (self.approvals_for(amount), f"moves {amount}")
            for amount in gross_debits(proposal.entry)
        )


def gross_debits(entry: bl.Entry) -> bl.Balance:
    """Return what an entry debits, by commodity.

    A negative credit debits, so that no sign hides how much is moved.
    """
    return bl.Balance(
        posting.signed for posting in entry.postings if posting.signed.minor_units > 0
    )
