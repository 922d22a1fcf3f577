"""The accounts that settlement uses, as one value."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting._trade_events import Category, Clearing
from backoffice_ledger.settlement.lots._positions import LotAccounts

DIMENSIONS: Final = ("trade", "counterparty", "instrument", "owner", "lot")
"""What the postings carry; `SettlementAccounts.open_in` declares them."""

LOCATIONS: Final = (
    "depository",
    "pending-receive",
    "pending-deliver",
    "fail-receive",
    "fail-deliver",
    "vault",
    "transit",
    "borrowed",
)
"""Where units are: the location side of the stock record; what is borrowed is owed to
its lender, and counts below zero."""


def _account(path: str, kind: str) -> Any:
    return attrs.field(default=path, metadata={"type": kind})


def _asset(path: str) -> Any:
    return _account(f"assets:{path}", "asset")


def _liability(path: str) -> Any:
    return _account(f"liabilities:{path}", "liability")


def _income(path: str) -> Any:
    return _account(f"income:{path}", "income")


def _expense(path: str) -> Any:
    return _account(f"expenses:{path}", "expense")


def _equity(path: str) -> Any:
    return _account(f"equity:{path}", "equity")


def _frozen(value: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(value))


@final
@attrs.frozen(order=False, kw_only=True)
class SettlementAccounts:
    """The paths of the accounts; each can be another one.

    Securities are kept at cost, changes of their fair value beside it.

    Attributes:
        nostro: money at banks and depositories.
        securities_fvtpl: what securities at FVTPL cost.
        fair_value_fvtpl: what they are worth above, or below, their cost.
        securities_fvoci: what debt instruments at FVOCI cost.
        fair_value_fvoci: what they are worth above, or below, their cost.
        securities_fvoci_equity: what equity instruments at FVOCI cost.
        fair_value_fvoci_equity: what they are worth above, or below, their cost.
        securities_amortised_cost: what securities at amortised cost cost.
        receivable_unsettled: money to come from counterparties for trades.
        receivable_ccp: money to come from central counterparties.
        failed_to_deliver: money to come for what we failed to deliver.
        receivable_fair_value: in settlement-date accounting only, changes of value of
            what is still to be received; nothing is ever booked on it.
        customer_receivable: what customers owe us for trades as agent.
        fx_receivable: currencies to come.
        accrued_interest: interest on our bonds that has accrued, and is not paid.
        purchased_interest: interest that was bought with them.
        claims_receivable: dividends and coupons that sellers owe us, or our customers.
        penalties_receivable: penalties that others pay us.
        securities_short: what short sales brought, until they are bought back.
        fair_value_short: what it costs more, or less, to buy it back now.
        payable_unsettled: money to go to counterparties for trades.
        payable_ccp: money to go to central counterparties.
        failed_to_receive: money to go for what we failed to receive.
        customer_payable: what we owe customers: proceeds of sales, and what we received
            for their units.
        fx_payable: currencies to go.
        claims_payable: dividends and coupons that we, or our customers, owe to buyers.
        penalties_payable: penalties that we pay.
        commission_expense: fees that we pay, if *fee_accounts* does not name another.
        penalty_expense: penalties, as our cost.
        commission_revenue: fees that customers pay.
        realised: results of what was sold or redeemed.
        unrealised: changes of value of what is held at FVTPL.
        interest_income: interest on our bonds.
        dividend_income: dividends on our shares.
        penalty_income: penalties, as our income.
        tolerance_difference: money beyond what was agreed, within the tolerance.
        other_comprehensive_income: changes of value of debt at FVOCI that is held.
        other_comprehensive_income_equity: those of equity instruments at FVOCI.
        retained_earnings: where those go when the instruments are sold.
        fx_position: the other side of each currency that was bought or sold.
        stock_owner: above the memorandum accounts of what each owner has.
        stock_location: above those of where it is.
        house: the owners that are the firm itself, its portfolios; all others are
            customers.
        fee_accounts: by name of a fee, an account in the place of *commission_expense*.
    """

    nostro: str = _asset("nostro")
    securities_fvtpl: str = _asset("securities:fvtpl:cost")
    fair_value_fvtpl: str = _asset("securities:fvtpl:fair-value")
    securities_fvoci: str = _asset("securities:fvoci:cost")
    fair_value_fvoci: str = _asset("securities:fvoci:fair-value")
    securities_fvoci_equity: str = _asset("securities:fvoci-equity:cost")
    fair_value_fvoci_equity: str = _asset("securities:fvoci-equity:fair-value")
    securities_amortised_cost: str = _asset("securities:amortised-cost")
    receivable_unsettled: str = _asset("unsettled:receivable")
    receivable_ccp: str = _asset("unsettled:receivable-ccp")
    failed_to_deliver: str = _asset("unsettled:failed-to-deliver")
    receivable_fair_value: str = _asset("unsettled:fair-value-change")
    customer_receivable: str = _asset("customers")
    fx_receivable: str = _asset("unsettled:fx")
    accrued_interest: str = _asset("interest:accrued")
    purchased_interest: str = _asset("interest:purchased")
    claims_receivable: str = _asset("market-claims")
    penalties_receivable: str = _asset("penalties")
    securities_short: str = _liability("securities:short:proceeds")
    fair_value_short: str = _liability("securities:short:fair-value")
    payable_unsettled: str = _liability("unsettled:payable")
    payable_ccp: str = _liability("unsettled:payable-ccp")
    failed_to_receive: str = _liability("unsettled:failed-to-receive")
    customer_payable: str = _liability("customers")
    fx_payable: str = _liability("unsettled:fx")
    claims_payable: str = _liability("market-claims")
    penalties_payable: str = _liability("penalties")
    commission_expense: str = _expense("commission")
    penalty_expense: str = _expense("penalties")
    commission_revenue: str = _income("commission")
    realised: str = _income("securities:realised")
    unrealised: str = _income("securities:unrealised")
    interest_income: str = _income("interest")
    dividend_income: str = _income("dividends")
    penalty_income: str = _income("penalties")
    tolerance_difference: str = _income("tolerance-difference")
    other_comprehensive_income: str = _equity("other-comprehensive-income")
    other_comprehensive_income_equity: str = _equity(
        "other-comprehensive-income:equity-instruments"
    )
    retained_earnings: str = _equity("retained")
    fx_position: str = _equity("trading:fx")
    stock_owner: str = _account("stock:owner", "prefix")
    stock_location: str = _account("stock:location", "prefix")
    house: tuple[str, ...] = attrs.field(default=("firm",), converter=tuple)
    fee_accounts: Mapping[str, str] = attrs.field(
        factory=dict[str, str], converter=_frozen
    )

    # --- which account ---------------------------------------------------------------

    def securities(self, category: Category) -> str:
        """Return the account of securities at cost."""
        return {
            "fvtpl": self.securities_fvtpl,
            "fvoci": self.securities_fvoci,
            "fvoci-equity": self.securities_fvoci_equity,
            "amortised-cost": self.securities_amortised_cost,
            "short": self.securities_short,
        }[category]

    def fair_value(self, category: Category) -> str:
        """Return the account of changes of fair value; amortised cost has none."""
        return {
            "fvtpl": self.fair_value_fvtpl,
            "fvoci": self.fair_value_fvoci,
            "fvoci-equity": self.fair_value_fvoci_equity,
            "short": self.fair_value_short,
        }[category]

    def value_change(self, category: Category) -> str:
        """Return where a change of fair value goes: result, or equity (OCI)."""
        return {
            "fvtpl": self.unrealised,
            "fvoci": self.other_comprehensive_income,
            "fvoci-equity": self.other_comprehensive_income_equity,
            "short": self.unrealised,
        }[category]

    def category(self, securities: str) -> Category:
        """Return how assets are measured that an account of securities at cost holds.

        Raises:
            InvalidOption: it is no such account.
        """
        found: dict[str, Category] = {
            self.securities_fvtpl: "fvtpl",
            self.securities_fvoci: "fvoci",
            self.securities_fvoci_equity: "fvoci-equity",
            self.securities_amortised_cost: "amortised-cost",
            self.securities_short: "short",
        }
        if securities not in found:
            raise InvalidOption(
                field="account", expected=" or ".join(found), found=securities
            )
        return found[securities]

    def unsettled(self, cash_minor_units: int, clearing: Clearing) -> str:
        """Return the account of money that we are owed (positive) or owe."""
        if clearing == "ccp":
            return self.receivable_ccp if cash_minor_units > 0 else self.payable_ccp
        if cash_minor_units > 0:
            return self.receivable_unsettled
        return self.payable_unsettled

    def failed(self, cash_minor_units: int) -> str:
        """Return the account of money of a failing obligation."""
        return (
            self.failed_to_deliver if cash_minor_units > 0 else self.failed_to_receive
        )

    def fee(self, name: str) -> str:
        """Return the account of a fee."""
        return self.fee_accounts.get(name, self.commission_expense)

    def owner(self, name: str) -> str:
        """Return the account of the stock record that says what an owner has."""
        return f"{self.stock_owner}:{name}"

    def location(self, name: str) -> str:
        """Return the account of the stock record that says what lies somewhere."""
        return f"{self.stock_location}:{name}"

    @property
    def open_money(self) -> frozenset[str]:
        """The accounts of money of obligations that are not settled."""
        return frozenset(
            {
                self.receivable_unsettled,
                self.receivable_ccp,
                self.failed_to_deliver,
                self.payable_unsettled,
                self.payable_ccp,
                self.failed_to_receive,
            }
        )

    @property
    def open_locations(self) -> frozenset[str]:
        """The accounts of units of obligations that are not settled."""
        return frozenset(map(self.location, LOCATIONS[1:5]))

    @property
    def interest(self) -> tuple[str, str]:
        """The accounts of interest on bonds: what was bought, and what has accrued."""
        return self.purchased_interest, self.accrued_interest

    @property
    def lots(self) -> LotAccounts:
        """The accounts from which lots are read."""
        return LotAccounts(
            owner=self.stock_owner,
            cost=frozenset(
                {
                    self.securities_fvtpl,
                    self.securities_fvoci,
                    self.securities_fvoci_equity,
                    self.securities_amortised_cost,
                    self.securities_short,
                }
            ),
            adjustment=frozenset(
                {
                    self.fair_value_fvtpl,
                    self.fair_value_fvoci,
                    self.fair_value_fvoci_equity,
                    self.fair_value_short,
                }
            ),
            short=frozenset({self.securities_short}),
        )

    # --- opening ---------------------------------------------------------------------

    def open_in(
        self, ledger: bl.Ledger, *, customers: Iterable[str] = ()
    ) -> tuple[bl.Account, ...]:
        """Open all of them in a book, and declare the dimensions; safe to repeat.

        What each of them is for stands with the attributes.  Those of the stock record
        are memorandum accounts: one for each owner and one for each of `LOCATIONS`.
        A book that was opened by an earlier release gets what has been added since.

        Args:
            ledger: the book.
            customers: opaque ids of owners that are not the firm.

        Raises:
            AccountConflict: the book has one of them with another type.
        """

        def work() -> tuple[bl.Account, ...]:
            for name in DIMENSIONS:
                ledger.declare_dimension(name)
            opened = [
                ledger.open_account(path, type=type_)
                for path, type_ in self._types().items()
            ]
            for path in (
                *map(self.owner, (*self.house, *customers)),
                *map(self.location, LOCATIONS),
            ):
                opened.append(ledger.open_account(path, type="memorandum"))
            return tuple(opened)

        return ledger.atomically(work)

    def _types(self) -> dict[str, str]:
        types = {
            getattr(self, field.name): field.metadata["type"]
            for field in attrs.fields(SettlementAccounts)
            if field.metadata.get("type", "prefix") != "prefix"
        }
        return {**types, **dict.fromkeys(self.fee_accounts.values(), "expense")}
