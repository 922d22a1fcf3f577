"""Accounts and the chart that they form."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Final, final

import attrs

from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity, check_code
from backoffice_ledger._model.dates import check_optional_date
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.limit import Limit, limits_by_code
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.text import (
    EMPTY_MAPPING,
    FrozenMapping,
    check_path,
    check_text,
    string_mapping,
)
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InvalidOption,
    UnknownAccount,
)


class AccountType(Enum):
    """What an account stands for; decides its statement and its normal side.

    Memorandum accounts count units outside the financial statements (the stock
    record, guarantees given); their postings sum to zero among themselves.
    """

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    MEMORANDUM = "memorandum"

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        return _NORMAL_SIDE[self]

    @classmethod
    def of(cls, value: "str | AccountType") -> "AccountType":
        """Return the type named *value*.

        Raises:
            InvalidOption: no such type.
        """
        try:
            return cls(value)
        except ValueError:
            raise InvalidOption(
                field="type",
                expected=", ".join(kind.value for kind in cls),
                found=value,
            ) from None


_NORMAL_SIDE: Final = MappingProxyType(
    {
        AccountType.ASSET: Side.DEBIT,
        AccountType.EXPENSE: Side.DEBIT,
        AccountType.MEMORANDUM: Side.DEBIT,
        AccountType.LIABILITY: Side.CREDIT,
        AccountType.EQUITY: Side.CREDIT,
        AccountType.INCOME: Side.CREDIT,
    }
)


def _commodity_codes(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise InvalidOption(
            field="commodities", expected="a list of codes", found=value
        )
    items = list(islice(value, BOUNDS.mapping_items + 1))
    if not items:
        raise InvalidOption(
            field="commodities", expected="at least one code, or None for any"
        )
    if len(items) > BOUNDS.mapping_items:
        raise BoundExceeded(
            field="commodities", expected=f"at most {BOUNDS.mapping_items} codes"
        )
    return frozenset(check_code(item, "commodities") for item in items)


def _in_order(codes: frozenset[str] | None) -> str:
    """Show a set in an order that is the same in every run."""
    return repr(None if codes is None else sorted(codes))


@final
@attrs.frozen(init=False, order=False)
class Account:
    """A node of the chart of accounts.

    Args:
        path: opaque id, parts joined by ``:`` (``assets:bank``).  It is kept for
            ever: never put a person's name in it, that is what *label* is for.
        type: an `AccountType` or its name.
        commodities: codes that the account may hold; None allows any.
        label: a readable name; erasable free text.
        opened: first day on which it takes postings; None is no lower bound.
        closed: last day on which it takes postings; None while it is open.
        attributes: names and texts for reports, such as a presentation line.
        limits: what it may hold, at most one `Limit` for each commodity.

    Raises:
        InvalidIdentifier: the path or an attribute is no proper name.
        InvalidText: the label is no proper text.
        InvalidOption: unknown type, empty commodities, closed before opened, or two
            limits of one commodity.
        CommodityMismatch: a limit of a commodity that the account may not hold.
    """

    path: str
    type: AccountType
    commodities: frozenset[str] | None = attrs.field(default=None, repr=_in_order)
    label: str | None = None
    opened: date | None = None
    closed: date | None = None
    attributes: Mapping[str, str] = EMPTY_MAPPING
    limits: Mapping[str, Limit] = EMPTY_MAPPING

    def __init__(
        self,
        path: str,
        type: "AccountType | str",  # the field's word for it
        *,
        commodities: Iterable[str] | None = None,
        label: str | None = None,
        opened: date | None = None,
        closed: date | None = None,
        attributes: Mapping[str, str] | None = None,
        limits: Iterable[Limit] | None = None,
    ) -> None:
        set_field(self, "path", check_path(path, "path"))
        set_field(self, "type", AccountType.of(type))
        set_field(self, "commodities", _commodity_codes(commodities))
        set_field(self, "label", None if label is None else check_text(label, "label"))
        set_field(self, "opened", check_optional_date(opened, "opened"))
        set_field(self, "closed", check_optional_date(closed, "closed"))
        set_field(self, "attributes", string_mapping(attributes, "attributes"))
        set_field(self, "limits", limits_by_code(limits, "limits"))
        if self.commodities is not None:
            for code in self.limits.keys() - self.commodities:
                raise CommodityMismatch(
                    field="limits",
                    expected=", ".join(sorted(self.commodities)),
                    found=code,
                )
        if opened and closed and closed < opened:
            raise InvalidOption(
                field="closed", expected=f"{opened} or later", found=closed
            )

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(":")[2]

    @property
    def parent(self) -> str | None:
        """The path of the node above, or None at the top."""
        return self.path.rpartition(":")[0] or None

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        return self.type.normal_side

    def is_open_on(self, day: date) -> bool:
        """Whether the account takes postings dated *day*."""
        return (self.opened is None or self.opened <= day) and (
            self.closed is None or day <= self.closed
        )


def ancestors(path: str) -> Iterator[str]:
    """Yield the paths above *path*, nearest first."""
    while ":" in path:
        path = path.rpartition(":")[0]
        yield path


@final
@attrs.frozen(init=False, order=False, repr=False)
class ChartOfAccounts(Mapping[str, Account]):
    """The accounts of a book by path, in path order; nodes above need not exist.

    Raises:
        InvalidOption: something else than an `Account`, or a path twice.
        UnknownAccount: (when asked for a path) no account has it.
    """

    _accounts: tuple[Account, ...]
    _by_path: Mapping[str, Account] = attrs.field(eq=False)

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        by_path: dict[str, Account] = {}
        for account in accounts:
            if type(account) is not Account:
                raise InvalidOption(
                    field="accounts", expected="Accounts", found=type(account).__name__
                )
            if account.path in by_path:
                raise InvalidOption(
                    field="accounts", expected="each path once", found=account.path
                )
            by_path[account.path] = account
        in_order = tuple(by_path[path] for path in sorted(by_path, key=_path_key))
        set_field(self, "_accounts", in_order)
        set_field(self, "_by_path", FrozenMapping(by_path.items()))

    def __getitem__(self, path: str) -> Account:
        account: Account | None = self._by_path.get(path)
        if account is None:
            raise UnknownAccount(field="account", found=path)
        return account

    def __contains__(self, path: object) -> bool:
        return path in self._by_path

    def __iter__(self) -> Iterator[str]:
        return (account.path for account in self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def below(self, path: str) -> tuple[Account, ...]:
        """Return *path* itself and every account under it, in path order."""
        prefix = path + ":"
        return tuple(
            account
            for account in self._accounts
            if account.path == path or account.path.startswith(prefix)
        )

    def of_type(self, type: "AccountType | str") -> tuple[Account, ...]:
        """Return the accounts of one type, in path order."""
        wanted = AccountType.of(type)
        return tuple(account for account in self._accounts if account.type is wanted)

    def totals(self, balances: Mapping[str, Balance]) -> dict[str, Balance]:
        """Return the total of every node: its own balance and all below it.

        *balances* maps account paths to their own balances; the result holds every
        account and every node above one, in path order.

        Raises:
            UnknownAccount: a balance of an account that the chart does not hold.
        """
        totals: dict[str, dict[Commodity, int]] = {}
        for path in self:
            for node in (path, *ancestors(path)):
                totals.setdefault(node, {})
        for path, balance in balances.items():
            if path not in self:
                raise UnknownAccount(field="balances", found=path)
            for node in (path, *ancestors(path)):
                sums = totals[node]
                for amount in balance:
                    unit = amount.commodity
                    sums[unit] = sums.get(unit, 0) + amount.minor_units
        return {
            node: Balance.from_minor(totals[node])
            for node in sorted(totals, key=_path_key)
        }

    def __repr__(self) -> str:
        return f"<ChartOfAccounts of {len(self)} accounts>"


def _path_key(path: str) -> list[str]:
    return path.split(":")
