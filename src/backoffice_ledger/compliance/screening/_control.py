"""The control that has somebody look at a payment to a name on a list."""

from collections.abc import Iterable, Mapping
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance.screening._screener import Party, Screener
from backoffice_ledger.protocols import Books

_REASON = "a party has to be looked at"


@final
@attrs.frozen(order=False)
class NameScreening:
    """Wants an approval for entries whose counterparty may be on a list.

    A counterparty that nobody knows the name of is looked at as well.  The reason that
    the control gives is the same in each case: what was found is for those who look at
    it, see `Screener.candidates`.

    Payments under an exempt scheme are not screened while they are executed: Regulation
    (EU) 2024/886 (Art. 5d of the SEPA regulation) forbids it for instant credit
    transfers.  Screen all customers daily instead, with `Screener.screen`.

    Args:
        screener: the list.
        names: of the counterparties by id.
        counterparty: the dimension of a posting that names a counterparty.
        scheme: the dimension of a posting that names the payment scheme.
        exempt: schemes under which nothing is screened.
        approvals: how many persons have to look.
        id: the name under which the book's manifest requires the control.
    """

    screener: Screener
    names: Mapping[str, str]
    counterparty: str = attrs.field(default="counterparty", kw_only=True)
    scheme: str = attrs.field(default="scheme", kw_only=True)
    exempt: frozenset[str] = attrs.field(
        default=frozenset({"SCT_INST"}), converter=frozenset, kw_only=True
    )
    approvals: int = attrs.field(default=1, kw_only=True)
    id: str = attrs.field(default="name-screening", kw_only=True)

    @property
    def version(self) -> str:
        """The version of the list and the threshold."""
        return f"{self.screener.names.version}-{self.screener.threshold}"

    def examine(
        self,
        proposal: bl.Proposal,
        books: Books,  # noqa: ARG002  (names alone decide)
    ) -> list[bl.Allow | bl.NeedApproval]:
        """Ask for approval if a counterparty may be on the list."""
        postings = proposal.entry.postings
        if any(p.dimensions.get(self.scheme) in self.exempt for p in postings):
            return [bl.Allow()]
        if self._is_suspect(p.dimensions.get(self.counterparty) for p in postings):
            return [bl.NeedApproval(self.approvals, _REASON)]
        return [bl.Allow()]

    def _is_suspect(self, counterparties: Iterable[str | None]) -> bool:
        for id_ in {each for each in counterparties if each is not None}:
            name = self.names.get(id_)
            if name is None or self.screener.candidates(Party(id_, name)):
                return True
        return False
