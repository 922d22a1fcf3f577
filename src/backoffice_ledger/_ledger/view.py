"""The read side of a book, on both time axes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from itertools import chain, islice
from typing import Literal, final

import attrs

from backoffice_ledger._engine.store import (
    PAGE_ROWS,
    DimensionQuery,
    EntryQuery,
    Totals,
    TotalsQuery,
    Transaction,
)
from backoffice_ledger._ledger.periods import all_periods, load_small
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._ledger.topics import read_chart
from backoffice_ledger._model.account import AccountType, ChartOfAccounts
from backoffice_ledger._model.arguments import (
    check_choice,
    check_count,
    check_flag,
    check_iterable,
    check_member,
)
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.entry import EntryKind, Phase
from backoffice_ledger._model.period import Period
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import (
    check_identifier,
    check_path,
    string_mapping,
)
from backoffice_ledger.errors import (
    InvalidOption,
    UnknownAccount,
    UnknownDimension,
    UnknownJournal,
)
from backoffice_ledger.reports import (
    AgingBasis,
    CashFlowMethod,
    CashFlowStart,
    GroupBy,
    StatementLine,
    Table,
    account_statement,
    aging,
    balance_sheet,
    cash_flow,
    changes_in_equity,
    general_ledger,
    income_statement,
    trial_balance,
)

Dates = tuple[date | None, date | None]
"""First and last booking date, both included; None is no bound."""

ReportPhase = Literal["unadjusted", "adjusted", "post-closing"]
"""Which entries a report shows: without adjusting ones, without closing ones, all."""

_PHASES: dict[str, frozenset[Phase] | None] = {
    "unadjusted": frozenset({Phase.NORMAL}),
    "adjusted": frozenset({Phase.NORMAL, Phase.ADJUSTING}),
    "post-closing": None,
}


def _phases(phase: str) -> frozenset[Phase] | None:
    check_choice(phase, ReportPhase, "phase")
    return _PHASES[phase]


def _check_layout(group_by: GroupBy, depth: int | None) -> None:
    check_choice(group_by, GroupBy, "group_by")
    if depth is not None:
        check_count(depth, "depth", 1)


def _check_dates(dates: Dates | None) -> Dates:
    if dates is None:
        return None, None
    if not isinstance(dates, tuple) or len(dates) != 2:
        raise InvalidOption(
            field="dates",
            expected="(first, last), None for no bound",
            found=dates,
        )
    first, last = (None if day is None else check_date(day, "dates") for day in dates)
    if first is not None and last is not None and last < first:
        raise InvalidOption(field="dates", expected=f"{first} or later", found=last)
    return first, last


def _earlier(one: date | None, other: date | None) -> date | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


@final
@attrs.frozen
class LedgerView:
    """A book as of a booking date, as it was known at a position of the log.

    ``as_of`` leaves out entries dated later; ``known_at`` leaves out what was recorded
    later.  Either may be None, for no bound.  A view holds no data: every question is
    answered from the book, in one consistent read.
    """

    _session: Session
    as_of: date | None = None
    known_at: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.as_of is not None:
            check_date(self.as_of, "as_of")
        if self.known_at is not None:
            check_count(self.known_at, "known_at")

    def _read(self) -> AbstractContextManager[Transaction]:
        return self._session.transaction(write=False)

    # --- balances --------------------------------------------------------------------

    def balance(self, account: str, *, include_children: bool = False) -> Balance:
        """Return the balance of an account, positive on its normal side.

        Debits less credits for assets, expenses and memorandum accounts, credits
        less debits for liabilities, equity and income.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        sums, side = self._sums(account, include_children=include_children)
        sign = 1 if side is Side.DEBIT else -1
        return Balance.from_minor(
            {unit: sign * (debit - credit) for unit, (debit, credit) in sums.items()}
        )

    def turnover(
        self, account: str, *, include_children: bool = False
    ) -> tuple[Balance, Balance]:
        """Return gross debits and gross credits of an account.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        sums, _ = self._sums(account, include_children=include_children)
        return (
            Balance.from_minor({unit: debit for unit, (debit, _) in sums.items()}),
            Balance.from_minor({unit: credit for unit, (_, credit) in sums.items()}),
        )

    def balances_by(
        self,
        dimension: str,
        values: Iterable[str] | None = None,
        *,
        accounts: Iterable[str] | None = None,
        include_children: bool = False,
    ) -> dict[str, dict[str, Balance]]:
        """Return what accounts hold for each value of a dimension, in one query.

        Postings that carry no such dimension do not count.  Debits are positive and
        credits negative on every account, so that accounts of both kinds add up.
        Accounts on which nothing is left are not listed.

        Args:
            dimension: its name, such as ``cost_centre``.
            values: those that are asked for, each of which has its place in the
                answer; None is all that postings carry.
            accounts: their paths; None is all.
            include_children: with the accounts below them.

        Returns:
            Balances by value and account path.

        Raises:
            UnknownDimension: the book does not have it.
            UnknownAccount: the book does not have an account.
            InvalidOption: one text in the place of several.
        """
        check_identifier(dimension, "dimension")
        wanted = None if values is None else _identifiers(values, "values")
        paths = None if accounts is None else _identifiers(accounts, "accounts")
        check_flag(include_children, "include_children")
        with self._read() as transaction:
            if load_small(transaction).fact("dimension", dimension) is None:
                raise UnknownDimension(field="dimension", found=dimension)
            found = transaction.totals_by(
                DimensionQuery(
                    dimension,
                    None if wanted is None else frozenset(wanted),
                    None
                    if paths is None
                    else frozenset(
                        each
                        for path in paths
                        for each in _accounts_at(
                            transaction, path, include_children=include_children
                        )
                    ),
                    self.as_of,
                    self.known_at,
                )
            )
        sums: dict[str, dict[str, dict[Commodity, int]]] = {
            value: {} for value in wanted or ()
        }
        for (value, path, unit), (debit, credit) in sorted(
            found.items(), key=lambda item: item[0][:2]
        ):
            if debit != credit:
                by_path = sums.setdefault(value, {})
                by_path.setdefault(path, {})[unit] = debit - credit
        return {
            value: {path: Balance.from_minor(units) for path, units in by_path.items()}
            for value, by_path in sums.items()
        }

    def _sums(
        self, path: str, *, include_children: bool
    ) -> tuple[dict[Commodity, tuple[int, int]], Side]:
        """Return gross debits and credits by commodity, and the normal side."""
        check_path(path, "account")
        check_flag(include_children, "include_children")
        with self._read() as transaction:
            accounts = _accounts_at(
                transaction, path, include_children=include_children
            )
            totals = transaction.totals(
                TotalsQuery(frozenset(accounts), self.as_of, self.known_at)
            )
        sums: dict[Commodity, tuple[int, int]] = {}
        for (_, unit), (debit, credit) in totals.items():
            before = sums.get(unit, (0, 0))
            sums[unit] = (before[0] + debit, before[1] + credit)
        sides = set(accounts.values())
        if len(sides) > 1:
            raise InvalidOption(
                field="account",
                expected="accounts that grow on one side; below it are both kinds",
                found=path,
            )
        return sums, sides.pop()

    # --- listings --------------------------------------------------------------------

    def accounts(self) -> ChartOfAccounts:
        """Return the chart of accounts as it stands now."""
        with self._read() as transaction:
            return read_chart(transaction)

    def periods(self) -> tuple[Period, ...]:
        """Return every period that has entries or a state of its own, as it is now."""
        with self._read() as transaction:
            return all_periods(transaction)

    def entries(
        self,
        *,
        account: str | None = None,
        dates: Dates | None = None,
        journal: str | None = None,
        kind: EntryKind | str | None = None,
        dimension: Mapping[str, str] | None = None,
        after: Record | None = None,
        known_after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Yield the entries that match, in the order of (date, position).

        They are read page by page; entries posted meanwhile do not appear.  Entries
        that have no position yet, such as those of a transaction that goes on in
        PostgreSQL, come last, as they were recorded; a view that is bounded by
        ``known_at`` does not have them.

        Args:
            account: of which the entry touches this one or one below it.
            dates: first and last booking date.
            journal: name of a journal.
            kind: an `EntryKind` or its name.
            dimension: one name and the value that a posting carries.
            after: go on after this record (for paging).
            known_after: only what was recorded after this position of the log.
            limit: how many at most.

        Raises:
            UnknownAccount: the book has neither the account nor one below it.
            UnknownJournal, UnknownDimension: the book does not have it.
            InvalidOption: an argument is not one of the allowed values.
        """
        first, last = _check_dates(dates)
        if account is not None:
            check_path(account, "account")
        if journal is not None:
            check_identifier(journal, "journal")
        if kind is not None:
            kind = check_member(kind, "kind", EntryKind)
        pair = _dimension_pair(dimension)
        if after is not None and not isinstance(after, Record):
            raise InvalidOption(
                field="after", expected="a Record", found=type(after).__name__
            )
        check_count(known_after, "known_after")
        if limit is not None:
            check_count(limit, "limit")
        with self._read() as transaction:
            state = load_small(transaction)
            if journal is not None and state.fact("journal", journal) is None:
                raise UnknownJournal(field="journal", found=journal)
            if pair is not None and state.fact("dimension", pair[0]) is None:
                raise UnknownDimension(field="dimension", found=pair[0])
            query = EntryQuery(
                None
                if account is None
                else frozenset(
                    _accounts_at(transaction, account, include_children=True)
                ),
                first,
                _earlier(last, self.as_of),
                journal,
                kind,
                pair,
                known_after,
                self.known_at,
                None if after is None else (after.entry.date, after.position),
            )
            unplaced: list[Record] = []
            if self.known_at is None:
                size, unplaced = transaction.unplaced(query)
                query = attrs.evolve(query, known_at=size)
        if after is not None and after.is_provisional:
            ids = [record.id for record in unplaced]
            start = ids.index(after.id) + 1 if after.id in ids else 0
            return iter(unplaced[start:][:limit])
        return islice(chain(self._pages(query, limit), unplaced), limit)

    def find(self, ids: Iterable[str]) -> tuple[Record, ...]:
        """Return the records of entries, in the order of *ids*.

        Those that the view does not have are left out.
        """
        wanted = _identifiers(ids, "ids")
        with self._read() as transaction:
            state = transaction.state
            missing = state.missing(entries=wanted)
            if missing:
                transaction.load(missing)
            found = [state.entries[id_] for id_ in wanted]
        return tuple(
            record for record in found if record is not None and self._has(record)
        )

    def _has(self, record: Record) -> bool:
        if record.type != "entry":  # a refusal has consumed the id
            return False
        if self.known_at is not None and not 0 < record.position <= self.known_at:
            return False
        return self.as_of is None or record.entry.date <= self.as_of

    def _pages(self, query: EntryQuery, limit: int | None) -> Iterator[Record]:
        while limit is None or limit > 0:
            size = PAGE_ROWS if limit is None else min(limit, PAGE_ROWS)
            with self._read() as transaction:
                page = transaction.entries(attrs.evolve(query, limit=size))
            yield from page
            if len(page) < size:
                return
            query = attrs.evolve(query, after=(page[-1].entry.date, page[-1].position))
            if limit is not None:
                limit -= len(page)

    # --- reports ---------------------------------------------------------------------

    def _totals(
        self,
        transaction: Transaction,
        last: date | None,
        phases: frozenset[Phase] | None,
        accounts: frozenset[str] | None = None,
    ) -> Totals:
        return transaction.totals(
            TotalsQuery(accounts, _earlier(last, self.as_of), self.known_at, phases)
        )

    def _before(
        self,
        transaction: Transaction,
        first: date | None,
        phases: frozenset[Phase] | None,
        accounts: frozenset[str] | None = None,
    ) -> Totals:
        """Return the totals before the day *first*; nothing without one."""
        if first is None:
            return {}
        return self._totals(transaction, first - timedelta(days=1), phases, accounts)

    def _movement(
        self, transaction: Transaction, dates: Dates, phases: frozenset[Phase] | None
    ) -> tuple[Totals, Totals]:
        """Return the totals before the span, and those within it."""
        opening = self._before(transaction, dates[0], phases)
        closing = self._totals(transaction, dates[1], phases)
        if not opening:
            return opening, closing
        return opening, {
            key: (sums[0] - before[0], sums[1] - before[1])
            for key, sums in closing.items()
            for before in (opening.get(key, (0, 0)),)
            if sums != before
        }

    def trial_balance(
        self,
        dates: Dates | None = None,
        *,
        phase: ReportPhase = "post-closing",
        memorandum: bool = False,
    ) -> Table:
        """Return opening balance, turnover and closing balance of every account.

        Args:
            dates: the span of the turnover; None is from the beginning of the book.
            phase: ``unadjusted`` shows normal entries, ``adjusted`` also adjusting
                ones, ``post-closing`` all.
            memorandum: list the memorandum accounts instead of all others.
        """
        span, phases = _check_dates(dates), _phases(phase)
        check_flag(memorandum, "memorandum")
        with self._read() as transaction:
            opening, movement = self._movement(transaction, span, phases)
            chart = read_chart(transaction)
        return trial_balance(
            chart,
            opening,
            movement,
            subtitle=self._subtitle(span, phase),
            memorandum=memorandum,
        )

    def balance_sheet(
        self,
        *,
        phase: ReportPhase = "post-closing",
        group_by: GroupBy = "path",
        depth: int | None = None,
    ) -> Table:
        """Return assets, liabilities and equity, with the result not yet closed."""
        phases = _phases(phase)
        _check_layout(group_by, depth)
        with self._read() as transaction:
            totals = self._totals(transaction, None, phases)
            chart = read_chart(transaction)
        return balance_sheet(
            chart,
            totals,
            subtitle=self._subtitle((None, None), phase),
            group_by=group_by,
            depth=depth,
        )

    def income_statement(
        self,
        dates: Dates | None = None,
        *,
        phase: ReportPhase = "adjusted",
        group_by: GroupBy = "path",
        depth: int | None = None,
    ) -> Table:
        """Return income, expenses and the result of a span, before closing entries."""
        span, phases = _check_dates(dates), _phases(phase)
        _check_layout(group_by, depth)
        with self._read() as transaction:
            _, movement = self._movement(transaction, span, phases)
            chart = read_chart(transaction)
        return income_statement(
            chart,
            movement,
            subtitle=self._subtitle(span, phase),
            group_by=group_by,
            depth=depth,
        )

    def cash_flow(
        self,
        dates: Dates | None = None,
        *,
        method: CashFlowMethod = "direct",
        start: CashFlowStart = "result",
        attribute: str = "cash_flow",
    ) -> Table:
        """Return where cash came from and went; see `reports.cash_flow`.

        Accounts say by their attribute ``cash_flow`` what they are: ``cash``,
        ``operating``, ``investing``, ``financing`` or ``fx``.

        Raises:
            InvalidOption: no account is cash, or an attribute names no section.
        """
        span = _check_dates(dates)
        phases = _PHASES["adjusted"]
        with self._read() as transaction:
            chart = read_chart(transaction)
            pinned = self._pinned(transaction)
            opening, movement = pinned._movement(transaction, span, phases)
        entries = (
            record.entry
            for record in pinned.entries(dates=span)
            if record.phase is not Phase.CLOSING
        )
        return cash_flow(
            chart,
            entries,
            opening,
            movement,
            method=method,
            start=start,
            attribute=attribute,
            subtitle=self._subtitle(span, "post-closing"),
        )

    def changes_in_equity(self, dates: Dates | None = None) -> Table:
        """Return how each component of equity changed; see `reports`."""
        span = _check_dates(dates)
        with self._read() as transaction:
            chart = read_chart(transaction)
            pinned = self._pinned(transaction)
            opening = pinned._before(transaction, span[0], None)
        return changes_in_equity(
            chart,
            pinned.entries(dates=span),
            opening,
            subtitle=self._subtitle(span, "post-closing"),
        )

    def aging(
        self,
        account: str,
        *,
        item: str,
        party: str | None = None,
        basis: AgingBasis = "due",
        due_dates: Mapping[str, date] | None = None,
        days: Sequence[int] = (30, 60, 90),
    ) -> Table:
        """Return the open items of a control account by how long they are due.

        The day of the report is the view's ``as_of``.  Arguments and totals as for
        `reports.aging`.

        Raises:
            UnknownAccount: the book does not have the account.
            UnknownDimension: the book does not have *item* or *party*.
            InvalidOption: the view has no ``as_of``, or brackets that do not rise.
        """
        check_path(account, "account")
        check_identifier(item, "item")
        if party is not None:
            check_identifier(party, "party")
        if self.as_of is None:
            raise InvalidOption(
                field="as_of", expected="the day of the report: ledger.view(as_of=...)"
            )
        with self._read() as transaction:
            state = load_small(transaction)
            for name in (item, party):
                if name is not None and state.fact("dimension", name) is None:
                    raise UnknownDimension(field="dimension", found=name)
            chart = read_chart(transaction)
            pinned = self._pinned(transaction)
        return aging(
            chart,
            account,
            (record.entry for record in pinned.entries(account=account)),
            on=self.as_of,
            item=item,
            party=party,
            basis=basis,
            due_dates=due_dates,
            days=days,
            subtitle=self._subtitle((None, None), "post-closing"),
        )

    def statement(self, account: str, dates: Dates | None = None) -> Table:
        """Return an account's opening balance, its postings, and its closing balance.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        span = _check_dates(dates)
        check_path(account, "account")
        with self._read() as transaction:
            chart = read_chart(transaction)
            only = frozenset({chart[account].path})
            pinned = self._pinned(transaction)
            opening = pinned._before(transaction, span[0], None, only)
        return account_statement(
            chart,
            account,
            opening,
            pinned._lines(span, account),
            subtitle=self._subtitle(span, "post-closing"),
        )

    def general_ledger(
        self, dates: Dates | None = None, *, memorandum: bool = False
    ) -> Table:
        """Return the statements of all accounts, one after another."""
        span = _check_dates(dates)
        check_flag(memorandum, "memorandum")
        with self._read() as transaction:
            chart = read_chart(transaction)
            pinned = self._pinned(transaction)
            opening = pinned._before(transaction, span[0], None)
        return general_ledger(
            chart,
            opening,
            pinned._lines(span, None),
            subtitle=self._subtitle(span, "post-closing"),
            memorandum=memorandum,
        )

    def _pinned(self, transaction: Transaction) -> "LedgerView":
        """Return the view of what is known now, for reading in several steps."""
        if self.known_at is not None:
            return self
        return attrs.evolve(self, known_at=transaction.size())

    def _lines(self, dates: Dates, account: str | None) -> Iterator[StatementLine]:
        for record in self.entries(account=account, dates=dates):
            yield from StatementLine.of_entry(record.entry, record.position)

    def _subtitle(self, dates: Dates, phase: str) -> str:
        parts = [self._session.book]
        if dates[0] is not None:
            parts.append(f"from {dates[0]}")
        last = _earlier(dates[1], self.as_of)
        if last is not None:
            parts.append(f"to {last}")
        if self.known_at is not None:
            parts.append(f"known at record {self.known_at}")
        if phase != "post-closing":
            parts.append(phase)
        return ", ".join(parts)


def _identifiers(values: Iterable[str], field: str) -> list[str]:
    """Return names in their order, each of them once.

    Raises:
        InvalidOption: a text, or nothing that can be iterated.
        InvalidIdentifier: one is no name.
    """
    checked = (
        check_identifier(value, f"{field}[{index}]")
        for index, value in enumerate(check_iterable(values, field))
    )
    return list(dict.fromkeys(checked))


def _dimension_pair(dimension: Mapping[str, str] | None) -> tuple[str, str] | None:
    if dimension is None:
        return None
    [*pairs] = string_mapping(dimension, "dimension").items()
    if len(pairs) != 1:
        raise InvalidOption(
            field="dimension", expected="one name and value", found=dimension
        )
    return pairs[0]


def _accounts_at(
    transaction: Transaction, path: str, *, include_children: bool
) -> dict[str, Side]:
    """Return *path* (and what is below it) with their normal sides."""
    state = transaction.state
    missing = state.missing(
        facts=[("account", path)],
        prefixes=[("account", f"{path}:")] if include_children else (),
    )
    if missing:
        transaction.load(missing)
    found = {}
    own = state.fact("account", path)
    if own is not None:
        found[path] = own
    if include_children:
        found.update(state.of_kind("account", f"{path}:"))
    if not found:
        below = state.missing(prefixes=[("account", f"{path}:")])
        if below:
            transaction.load(below)
        has_children = bool(state.of_kind("account", f"{path}:"))
        raise UnknownAccount(
            "only accounts below it are open; see include_children=True"
            if has_children
            else "",
            field="account",
            expected="an account of the book",
            found=path,
        )
    return {
        key: AccountType(fact.content["type"]).normal_side
        for key, fact in found.items()
    }
