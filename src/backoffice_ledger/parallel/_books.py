"""Books that keep the same business by different rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.protocols import PostingRule
from backoffice_ledger.reports import Column, Row, Table

EVENT: Final = "event:"
"""Begins the reference by which an entry names its event."""

Dates = tuple[date | None, date | None]
"""First and last booking date, both included; None is no bound."""

Phase = Literal["unadjusted", "adjusted", "post-closing"]
"""Which entries count, as in the reports of a view."""

_RESULT: Final = (bl.AccountType.INCOME, bl.AccountType.EXPENSE)
_NOTHING: Final = bl.Balance()

E = TypeVar("E")
T = TypeVar("T")


def _check_books(books: Mapping[str, bl.Ledger]) -> Mapping[str, bl.Ledger]:
    """Return at least two ledgers by names that reports can show.

    Raises:
        InvalidOption: something else, or a ledger twice.
    """
    if not isinstance(books, Mapping) or len(books) < 2:
        raise InvalidOption(
            field="books", expected="at least two ledgers by name", found=books
        )
    for name, ledger in books.items():
        if not isinstance(ledger, bl.Ledger):
            raise InvalidOption(
                field=f"books.{name}", expected="a Ledger", found=type(ledger).__name__
            )
        _column(name)
    if len({id(ledger) for ledger in books.values()}) < len(books):
        raise InvalidOption(field="books", expected="each ledger once")
    return MappingProxyType(dict(books))


@final
@attrs.frozen
class ParallelBooks:
    """Several books of one business, by the name of their accounting rules.

    Args:
        books: the ledgers by name, such as ``{"hgb": ..., "ifrs": ...}``, opened on one
            store object; the first is the one that differences are shown against.

    Raises:
        InvalidOption: fewer than two books, a ledger twice, or a name that reports
            cannot show.
    """

    books: Mapping[str, bl.Ledger] = attrs.field(converter=_check_books)

    # --- writing ---------------------------------------------------------------------

    def atomically(self, work: Callable[[], T]) -> T:
        """Do *work*, commands to any of the books, in one database transaction.

        For modules that keep things of their own in a book, such as accruals.

        Raises:
            InvalidOption: the books are not on the same store.
        """
        first, *others = self.books.values()
        return first.atomically(work, others=others)

    def post(
        self, event: str, entries: Mapping[str, Iterable[bl.Entry]]
    ) -> Mapping[str, tuple[bl.Record, ...]]:
        """Post the entries of one event, to every book or to none.

        Each entry gets a reference to the event.  Posting the same again returns the
        first records.

        Args:
            event: its id.
            entries: by the name of the book; a book for which the event means nothing
                is left out.

        Raises:
            InvalidOption: a name that is none of the books, or no entry at all.
            Refused: one of the books does not take an entry; nothing was written.
        """
        _check_names(entries, self.books, "entries")
        named = {
            name: [_of_event(entry, event) for entry in many]
            for name, many in entries.items()
        }
        if not any(named.values()):
            raise InvalidOption(field="entries", expected="an entry for some book")

        def work() -> Mapping[str, tuple[bl.Record, ...]]:
            return {
                name: tuple(map(self.books[name].post, many))
                for name, many in named.items()
            }

        return self.atomically(work)

    def apply(
        self, event_id: str, event: E, rules: Mapping[str, PostingRule[E]]
    ) -> Mapping[str, tuple[bl.Record, ...]]:
        """Post what each book's rule makes of an event; see `post`.

        A draft without an id gets the event's id and its number, ``lease-1:2``.

        Args:
            event_id: its id.
            event: what the rules understand.
            rules: by the name of the book.

        Raises:
            InvalidOption: a name that is none of the books, or no entry at all.
            Unbalanced, InvalidEntry: a draft cannot be completed.
        """
        _check_names(rules, self.books, "rules")
        return self.post(
            event_id,
            {
                name: list(_completed(rule, event_id, event))
                for name, rule in rules.items()
            },
        )

    # --- reading ---------------------------------------------------------------------

    def differences(
        self, *, as_of: date | None = None, phase: Phase = "post-closing"
    ) -> Table:
        """Return the accounts whose balances differ between the books.

        Amounts are debits less credits; each further book has a column with what it
        has more than the first.  Accounts are compared by their paths.  Memorandum
        accounts are left out.

        Args:
            as_of: the balances after this day.
            phase: which entries count.
        """
        sums = {name: _balances(b, as_of, phase) for name, b in self.books.items()}
        first, *others = self.books
        rows: list[Row] = []
        for path in sorted({path for each in sums.values() for path in each}):
            held = [sums[name].get(path, _NOTHING) for name in self.books]
            more = [balance - held[0] for balance in held[1:]]
            for unit in _units(more):
                cells = (balance[unit] for balance in (*held, *more))
                rows.append(Row([path, unit.code, *cells]))
        return Table(
            "Differences between books",
            [
                Column("account", "Account"),
                Column("commodity", "Commodity", "commodity"),
                *map(_column, self.books),
                *(_more_column(name, first) for name in others),
            ],
            rows,
            subtitle="debits less credits" + ("" if as_of is None else f", to {as_of}"),
        )

    def result_bridge(
        self, book: str, dates: Dates = (None, None), *, to: str
    ) -> Table:
        """Return which events lead from the result in one book to that in another.

        Entries with a reference to an event count for it, others for themselves.
        Profits are positive.  Closing entries do not count.

        Totals by name: the two books' names, and ``difference``.

        Args:
            book: where the bridge begins.
            dates: first and last booking date.
            to: where it ends.

        Raises:
            InvalidOption: a name that is none of the books.
        """
        _check_names((book, to), self.books, "book")
        results = [_results(self.books[name], dates) for name in (book, to)]
        totals = [_sum(result.values()) for result in results]
        rows: list[Row] = []
        for event in sorted({*results[0], *results[1]}):
            pair = [result.get(event, _NOTHING) for result in results]
            difference = pair[1] - pair[0]
            for unit in _units([difference]):
                cells = (balance[unit] for balance in (*pair, difference))
                rows.append(Row([event, unit.code, *cells]))
        return Table(
            f"Result: from {book} to {to}",
            [
                Column("event", "Event"),
                Column("commodity", "Commodity", "commodity"),
                _column(book),
                _column(to),
                Column("difference", "Difference", "amount"),
            ],
            rows,
            totals={
                book: totals[0],
                to: totals[1],
                "difference": totals[1] - totals[0],
            },
        )


def _check_names(
    names: Iterable[str], books: Mapping[str, bl.Ledger], field: str
) -> None:
    for name in names:
        if name not in books:
            raise InvalidOption(field=field, expected=" or ".join(books), found=name)


def _column(name: str) -> Column:
    return Column(name, name.upper(), "amount")


def _more_column(name: str, first: str) -> Column:
    return Column(
        f"{name}_less_{first}", f"{name.upper()} less {first.upper()}", "amount"
    )


def _of_event(entry: bl.Entry, event: str) -> bl.Entry:
    reference = EVENT + event
    if reference in entry.references:
        return entry
    return attrs.evolve(entry, references=(*entry.references, reference))


def _completed(rule: PostingRule[E], event_id: str, event: E) -> Iterator[bl.Entry]:
    for number, draft in enumerate(rule.entries(event), 1):
        stamped = attrs.evolve(draft, rule=draft.rule or f"{rule.id}@{rule.version}")
        yield stamped.to_entry(None if draft.id else f"{event_id}:{number}")


def _balances(
    ledger: bl.Ledger, as_of: date | None, phase: Phase
) -> Mapping[str, bl.Balance]:
    """Return debits less credits by account."""
    sums: dict[str, bl.Balance] = {}
    table = ledger.view(as_of=as_of).trial_balance(phase=phase)
    for path, signed in map(_signed, table):
        sums[path] = sums.get(path, _NOTHING) + signed
    return sums


def _signed(row: Mapping[str, Any]) -> tuple[str, bl.Amount]:
    """Return the account of a row of a trial balance, and its debits less credits."""
    return row["account"], row["closing_debit"] - row["closing_credit"]


def _results(ledger: bl.Ledger, dates: Dates) -> Mapping[str, bl.Balance]:
    """Return what each event added to the result, a profit positive."""
    view = ledger.view()
    chart = view.accounts()
    sums: dict[str, bl.Balance] = {}
    for record in view.entries(dates=dates):
        if record.phase.value == "closing":
            continue
        effect = -bl.Balance(
            posting.signed
            for posting in record.entry.postings
            if chart[posting.account].type in _RESULT
        )
        event = _event_of(ledger, record)
        sums[event] = sums.get(event, _NOTHING) + effect
    return sums


def _event_of(ledger: bl.Ledger, record: bl.Record) -> str:
    """Return the event that an entry, or what it reverses, names; else its id."""
    if record.reverses is not None:
        return _event_of(ledger, ledger.record(record.reverses))
    events = (r for r in record.entry.references if r.startswith(EVENT))
    return next(events, record.entry.id).removeprefix(EVENT)


def _sum(balances: Iterable[bl.Balance]) -> bl.Balance:
    return bl.Balance(amount for balance in balances for amount in balance)


def _units(balances: Iterable[bl.Balance]) -> list[bl.Commodity]:
    units = {amount.commodity for balance in balances for amount in balance}
    return sorted(units, key=lambda unit: unit.code)
