"""A state machine of customers' money, on any store against the memory store.

Holds that are captured, voided or expire, limits that are moved, conditions, recorded
refusals, a clock that jumps both ways (needs hypothesis).  What is available and which
limit is obeyed is worked out here once more, from the log alone.

    class Machine(MoneyMachine):
        def make_store(self, folder):
            return MyStore(folder / "books.my")

    TestMyMoney = Machine.TestCase
"""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    ConditionFailed,
    HoldNotOpen,
    IdempotencyConflict,
    LedgerError,
)
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.conformance._twins import (
    START,
    Opener,
    Twins,
)
from backoffice_ledger.testing.machine import _TwinMachine, seldom

__all__ = ["MoneyMachine"]

CUSTOMERS: Final = tuple(f"liabilities:{name}" for name in ("ann", "ben", "cyd"))
BANK: Final = "assets:bank"
UNITS: Final = (bl.Commodity("EUR"), bl.Commodity("JPY"))
DAY: Final = date(2026, 1, 5)
CLOSED_DAY: Final = date(2025, 12, 31)


class _Interruption(Exception):
    """What ends a transaction in the middle."""


@attrs.define
class _Side:
    """What an account has of one commodity, on its normal side, by the log."""

    posted: int = 0
    leaving: int = 0
    coming: int = 0

    @property
    def least(self) -> int:
        return self.posted - self.leaving

    @property
    def most(self) -> int:
        return self.posted + self.coming


Sides = dict[tuple[str, str], _Side]


def _add(sides: Sides, account: str, code: str, *, comes: bool, units: int) -> None:
    """Post on the side on which an account grows, or on the other."""
    sides.setdefault((account, code), _Side()).posted += units if comes else -units


def _hold(sides: Sides, content: Mapping[str, Any]) -> None:
    for line in content["postings"]:
        is_bank = line["account"] == BANK
        side = sides.setdefault((line["account"], line["commodity"]), _Side())
        units = int(line["amount"].replace(".", ""))
        if (line["side"] == "debit") is is_bank:
            side.coming += units
        else:
            side.leaving += units


class MoneyMachine(_TwinMachine):
    """Random steps with customers' money; override `make_store`.

    Attributes:
        is_durable: whether a store can be closed and made again with what it held.
    """

    def __init__(self) -> None:
        self._clock = ManualClock(START)
        self._captured: dict[str, tuple[str, dict[str, Any]]] = {}
        self._refused: dict[str, tuple[bl.Entry, LedgerError]] = {}
        self._sides: Sides = {}
        super().__init__()

    def _make_opener(self) -> Opener:
        return Opener(clock=self._clock)

    @initialize()
    def open_customers(self) -> None:
        """Three customers, two of them with limits; last year is closed."""
        limits = {
            CUSTOMERS[0]: [bl.Limit(minimum="0.00 EUR"), bl.Limit(minimum="0 JPY")],
            CUSTOMERS[1]: [bl.Limit(minimum="-50.00 EUR", maximum="200.00 EUR")],
        }
        for path in CUSTOMERS:
            self.step(
                "open account",
                lambda ledger: ledger.open_account(
                    path, type="liability", limits=limits.get(path)
                ),
            )
        self.step("close period", lambda ledger: ledger.periods.close("2025-12"))

    # --- what is drawn ---------------------------------------------------------------

    def _move(
        self, data: st.DataObject, payers: tuple[str, ...] = CUSTOMERS
    ) -> tuple[bl.Posting, ...]:
        """Draw postings that the payer can afford, but for every sixth."""
        unit = data.draw(st.sampled_from(UNITS), label="unit")
        payer = data.draw(st.sampled_from(payers), label="payer")
        payee = data.draw(st.sampled_from([p for p in CUSTOMERS if p != payer]))
        most = 20_000 if data.draw(seldom, label="wrong") else self._room(payer, unit)
        amount = bl.Amount.from_minor(data.draw(st.integers(1, max(1, most))), unit)
        return (bl.debit(payer, amount), bl.credit(payee, amount))

    def _room(self, payer: str, unit: bl.Commodity) -> int:
        """Return what a customer can spend now; of one without a limit, some."""
        limit = self._books.oracle.accounts.all()[payer].limits.get(unit.code)
        balances = self._books.oracle.accounts.balances(payer)
        if limit is None or limit.minimum is None:
            return 5_000
        return balances.available[unit].minor_units - limit.minimum.minor_units

    def _holds(self, status: Any) -> list[bl.Hold]:
        return list(self._books.oracle.holds.all(status=status))

    def _entry_of(self, postings: tuple[bl.Posting, ...]) -> bl.Entry:
        return bl.Entry(self._new_id(), DAY, postings)

    # --- money moves -----------------------------------------------------------------

    @rule(data=st.data(), path=st.sampled_from(CUSTOMERS))
    def pay_in(self, data: st.DataObject, path: str) -> None:
        """Money comes from the bank."""
        unit = data.draw(st.sampled_from(UNITS))
        amount = bl.Amount.from_minor(data.draw(st.integers(1, 8_000)), unit)
        entry = self._entry_of((bl.debit(BANK, amount), bl.credit(path, amount)))
        self.step("pay in", lambda ledger: ledger.post(entry))

    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        """A customer pays another one; a dry run says the same before."""
        entry = self._entry_of(self._move(data))
        tried = self.step("dry run", lambda ledger: ledger.post(entry, dry_run=True))
        done = self.step("pay", lambda ledger: ledger.post(entry))
        assert tried.says == done.says

    @rule(data=st.data())
    def pay_what_is_there(self, data: st.DataObject) -> None:
        """As much as available, and again."""
        payer = data.draw(st.sampled_from(CUSTOMERS))
        unit = data.draw(st.sampled_from(UNITS))
        payee = data.draw(st.sampled_from([p for p in CUSTOMERS if p != payer]))
        amount = bl.Amount.from_minor(10**9, unit)
        entry = self._entry_of((bl.debit(payer, amount), bl.credit(payee, amount)))
        found = self.step("pay all", lambda ledger: ledger.post(entry, balancing=payer))
        if found.error is None:
            again = self.step(
                "pay all again", lambda ledger: ledger.post(entry, balancing=payer)
            )
            assert again.value == found.value

    @rule(data=st.data())
    def pay_on_conditions(self, data: st.DataObject) -> None:
        """What was seen must not have changed; sometimes it has."""
        postings = self._move(data)
        payer = postings[0].account
        seen = self._books.oracle.accounts.balances(payer)
        is_stale = data.draw(seldom, label="stale")
        code = postings[0].amount.commodity.code
        limit = bl.Limit(maximum=seen.pending[code] + bl.Amount.from_minor(10**6, code))
        entry = self._entry_of(postings)
        found = self.step(
            "pay on conditions",
            lambda ledger: ledger.post(
                entry,
                versions={payer: seen.version + is_stale},
                conditions={payer: limit},
            ),
        )
        assert isinstance(found.error, ConditionFailed) or not is_stale

    @rule(data=st.data(), on_refusal=st.sampled_from(["record", "collect"]))
    def pay_many(self, data: st.DataObject, on_refusal: Any) -> None:
        """One result for each; what is refused and recorded stays refused."""
        run = [self._entry_of(self._move(data)) for _ in range(3)]
        run.append(run[0])
        size = data.draw(st.integers(1, 4))
        found = self.step(
            f"pay many {on_refusal}",
            lambda ledger: ledger.post_many(
                run, batch_size=size, on_refusal=on_refusal
            ),
        )
        summary = found.value
        assert summary.posted + summary.repeated + len(summary.refusals) == len(run)
        if on_refusal == "record":
            for refusal in summary.refusals:
                refusal.error.field = (refusal.error.field or "").partition(").")[2]
                self._refused.setdefault(refusal.id, (refusal.entry, refusal.error))

    @rule(data=st.data())
    def pay_too_much(self, data: st.DataObject) -> None:
        """A recorded refusal consumes the id."""
        amount = bl.Amount.from_minor(10**12, UNITS[0])
        entry = self._entry_of(
            (bl.debit(CUSTOMERS[0], amount), bl.credit(CUSTOMERS[2], amount))
        )
        if data.draw(st.booleans(), label="closed period"):
            entry = bl.Entry(entry.id, CLOSED_DAY, entry.postings)
        found = self.step(
            "record a refusal", lambda ledger: ledger.post(entry, on_refusal="record")
        )
        # Its limit may have been lifted; then there is nothing to remember.
        self._refused |= {} if found.error is None else {entry.id: (entry, found.error)}

    @precondition(lambda self: self._refused)
    @rule(data=st.data())
    def pay_too_much_again(self, data: st.DataObject) -> None:
        """A retry gets the answer of the first time; other content is a conflict."""
        entry, error = self._refused[data.draw(st.sampled_from(sorted(self._refused)))]
        found = self.step("retry a refusal", lambda ledger: ledger.post(entry))
        assert found.error is not None
        assert (found.error.code, found.error.field) == (error.code, error.field)
        other = bl.Entry(entry.id, entry.date, entry.postings, rule="another@1")
        found = self.step("change a refusal", lambda ledger: ledger.post(other))
        assert isinstance(found.error, IdempotencyConflict)

    # --- holds -----------------------------------------------------------------------

    @rule(data=st.data(), minutes=st.none() | st.integers(1, 90))
    def reserve(self, data: st.DataObject, minutes: int | None) -> None:
        """Reserve money, for ever or for some minutes."""
        expires = None if minutes is None else timedelta(minutes=minutes)
        hold = bl.Hold(self._new_id(), self._move(data), expires=expires)
        self.step("reserve", lambda ledger: ledger.holds.reserve(hold))

    def _open_hold(self, data: st.DataObject) -> bl.Hold | None:
        """Draw a hold that is open; make one if there is none and money for it."""
        if not self._holds("open"):
            self.reserve(data, None)
        found = self._holds("open")
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), remainder=st.sampled_from(["keep", "release", None]))
    def capture(self, data: st.DataObject, remainder: Any) -> None:
        """Capture all of a hold, or a part of it."""
        hold = self._open_hold(data)
        if hold is None:
            return
        whole = hold.remaining[0].amount
        options: dict[str, Any] = {"date": DAY, "entry_id": self._new_id()}
        if remainder is not None:
            most = whole.minor_units + data.draw(seldom, label="too much")
            part = data.draw(st.integers(1, most), label="part")
            amount = bl.Amount.from_minor(part, whole.commodity)
            options |= {"amount": amount, "remainder": remainder}
        if data.draw(seldom, label="closed period"):
            options["date"] = CLOSED_DAY
        found = self.step(
            f"capture {remainder or 'all'}",
            lambda ledger: ledger.holds.capture(hold.id, **options),
        )
        if found.error is None:
            self._captured[options["entry_id"]] = (hold.id, options)

    @precondition(lambda self: self._captured)
    @rule(data=st.data())
    def capture_again(self, data: st.DataObject) -> None:
        """A retry returns the first record, whatever became of the hold."""
        id_, options = self._captured[
            data.draw(st.sampled_from(sorted(self._captured)))
        ]
        before = self._leaves()
        found = self.step(
            "capture again", lambda ledger: ledger.holds.capture(id_, **options)
        )
        assert found.value == self._books.tested.record(options["entry_id"])
        assert self._leaves() == before

    @precondition(lambda self: self._holds("open"))
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        """Release a hold."""
        hold = data.draw(st.sampled_from(self._holds("open")))
        self.step("void", lambda ledger: ledger.holds.void(hold.id))

    @precondition(lambda self: len(self._holds(None)) > len(self._holds("open")))
    @rule(data=st.data())
    def resolve_twice(self, data: st.DataObject) -> None:
        """What is resolved stays so."""
        resolved = [h for h in self._holds(None) if h.status != "open"]
        hold = data.draw(st.sampled_from(resolved))
        entry_id = self._new_id()
        found = self.step(
            "resolve twice",
            lambda ledger: ledger.holds.capture(hold.id, date=DAY, entry_id=entry_id),
        )
        assert isinstance(found.error, HoldNotOpen)
        found = self.step("void again", lambda ledger: ledger.holds.void(hold.id))
        assert (found.error is None) is (hold.status == "voided")

    @rule(minutes=st.integers(-40, 60))
    def move_the_clock(self, minutes: int) -> None:
        """Forwards or backwards."""
        event(f"clock: {'forwards' if minutes > 0 else 'backwards'}")
        self._clock.move(timedelta(minutes=minutes))

    @precondition(lambda self: self._holds("expired"))
    @rule()
    def sweep(self) -> None:
        """Record what has expired; it counted no more before."""
        before = self._available()
        found = self.step("sweep", lambda ledger: ledger.holds.sweep())
        event(f"sweep: {'something' if found.value else 'nothing'}")
        assert self._available() == before

    def _available(self) -> list[Any]:
        accounts = self._books.tested.accounts
        return [accounts.balances(path) for path in (*CUSTOMERS, BANK)]

    # --- rules of the game -----------------------------------------------------------

    @rule(data=st.data(), path=st.sampled_from(CUSTOMERS))
    def change_limits(self, data: st.DataObject, path: str) -> None:
        """Set a minimum and a maximum below and above the present balance, or not."""
        posted = self._books.oracle.accounts.balances(path).posted["EUR"].minor_units
        low = posted + data.draw(st.integers(-9_000, 1_000))
        high = max(low, posted + data.draw(st.integers(-1_000, 20_000)))
        minimum, maximum = (bl.Amount.from_minor(n, UNITS[0]) for n in (low, high))
        limits = data.draw(
            st.sampled_from(
                [
                    [],
                    [bl.Limit(minimum=minimum)],
                    [bl.Limit(maximum=maximum)],
                    [bl.Limit(minimum=minimum, maximum=maximum)],
                ]
            )
        )
        self.step(
            "change limits", lambda ledger: ledger.accounts.change(path, limits=limits)
        )

    @precondition(lambda self: self._entries)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Take an entry back, if the money is still there."""
        id_ = data.draw(st.sampled_from(sorted(self._entries)))
        reversal_id = self._new_id()
        self.step(
            "reverse",
            lambda ledger: ledger.reverse(
                id_, date=DAY, reason="wrong", reversal_id=reversal_id
            ),
        )

    @rule(data=st.data())
    def interrupt(self, data: st.DataObject) -> None:
        """What an interrupted transaction reserved, captured and refused is undone."""
        hold = bl.Hold(self._new_id(), self._move(data))
        refused = self._entry_of(self._move(data))
        resolved = self._holds("open")[:1]
        before, holds = self._leaves(), self._holds(None)
        for ledger in (self._books.tested, self._books.oracle):
            try:
                with ledger._session.transaction(write=True):
                    for other in resolved:
                        ledger.holds.void(other.id)
                    ledger.holds.reserve(hold)
                    ledger.holds.capture(hold.id, date=DAY)
                    ledger.post(refused, on_refusal="record")
                    raise _Interruption
            except (_Interruption, LedgerError):
                pass
        assert (self._leaves(), self._holds(None)) == (before, holds)

    @precondition(lambda self: self.is_durable)
    @rule()
    def restart(self) -> None:
        """Close the store and open it again."""
        event("restart: done")
        self._kept.close()
        self._kept = self._store()
        self._books = Twins(self._opener(self._kept), self._books.oracle)

    # --- what always holds -----------------------------------------------------------

    def _by_the_log(self, now: datetime | None) -> Sides:
        """Return what accounts hold; with *now*, without holds that have expired."""
        sides: Sides = {}
        holds: dict[str, Mapping[str, Any]] = {}
        for record in self._books.tested.records():
            if record.type == "entry":
                for line in record.entry.postings:
                    is_debit = line.side is bl.Side.DEBIT
                    _add(
                        sides,
                        line.account,
                        line.amount.commodity.code,
                        comes=is_debit is (line.account == BANK),
                        units=line.amount.minor_units,
                    )
            elif record.type == "hold":
                holds[record.id] = record.content
        for content in holds.values():
            text = content.get("expires")
            is_over = text and now and datetime.fromisoformat(text) <= now
            if content["status"] == "open" and not is_over:
                _hold(sides, content)
        return sides

    @invariant()
    def balances_follow_from_the_log(self) -> None:
        """Available is posted less what leaves, pending is posted and what is held."""
        sides = self._by_the_log(self._clock.now())
        for path in (*CUSTOMERS, BANK):
            found = self._books.tested.accounts.balances(path)
            for unit in UNITS:
                side = sides.get((path, unit.code), _Side())
                assert found.posted[unit].minor_units == side.posted
                assert found.available[unit].minor_units == side.least
                pending = side.posted + side.coming - side.leaving
                assert found.pending[unit].minor_units == pending

    @invariant()
    def limits_are_obeyed(self) -> None:
        """Nobody moves beyond a limit, or further beyond it; whatever the clock says.

        Holds count here until their end is recorded: who relied on an expiry has
        recorded it.
        """
        before, now = self._sides, self._by_the_log(None)
        for path, account in self._books.tested.accounts.all().items():
            for code, limit in account.limits.items():
                old = before.get((path, code), _Side())
                new = now.get((path, code), _Side())
                if limit.minimum is not None:
                    assert new.least >= min(limit.minimum.minor_units, old.least)
                if limit.maximum is not None:
                    assert new.most <= max(limit.maximum.minor_units, old.most)
        self._sides = now

    @invariant()
    def holds_end_once(self) -> None:
        """After its end there is no further record of a hold; both logs are alike."""
        ended: Counter[str] = Counter()
        records = list(self._books.tested.records())
        assert records == list(self._books.oracle.records())
        for record in records:
            if record.type == "hold":
                assert not ended[record.id]
                ended[record.id] += record.content["status"] != "open"
            if record.type == "entry" and record.reverses is None:
                self._entries[record.id] = record.entry
        self._log = [record.leaf for record in records]
