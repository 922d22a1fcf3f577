"""A broker's day: from the first trade to settled, reconciled and verified books.

Some 300 trades in Frankfurt, London and New York are captured, corrected, confirmed,
affirmed, matched, netted, instructed and settled on their settlement dates.  Some
fail, are tried again and cost penalties; a dividend meets an open trade.  The trader
captures, operations instruct, a controller releases what is large; between the days
the books are closed and opened again.  At the end everything is reconciled with what
the depositories say, the log is verified, and the day is told on one page.

    python examples/broker_day.py
    python examples/broker_day.py --trades 1000 --seed 7 --fresh

The day is generated, and follows from its seed; the books are the same on every run.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from _bank.reproducible import BusinessClock, NumberedIds, SeededSalts
from _broker import report, work
from _broker.gather import Evening, gather
from _broker.market import OPENED, TRADE_DATE, Day, generate
from _broker.outside import Depositories
from _broker.release import OPERATIONS, TRADER, ReleaseControl

import backoffice_ledger as bl
from backoffice_ledger.settlement import SettlementDesk

TRADES_MIN = 20
SETTLEMENT_DAYS = tuple(date(2026, 10, day) for day in (9, 12, 13, 14, 15))


class Office:
    """Opens the books of the firm, for one person after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.clock = BusinessClock(OPENED)
        self._ids = NumberedIds("broker-day")
        self._salts = SeededSalts(b"broker-day")

    @contextmanager
    def desk(
        self, actor: str, day: date, *, create: bool = False
    ) -> Iterator[SettlementDesk]:
        """Open the books for somebody, and close them when the work is done."""
        self.clock.move_to(day)
        with bl.open_ledger(
            self._path,
            actor=actor,
            create=create,
            controls=[ReleaseControl()],
            clock=self.clock,
            ids=self._ids,
            salts=self._salts,
        ) as ledger:
            yield SettlementDesk(ledger)


def main(arguments: list[str] | None = None) -> int:
    """Run the example."""
    options = parse(arguments)
    if options.book.exists() and not options.fresh:
        print(f"{options.book} exists; --fresh replaces it", file=sys.stderr)
        return 1
    for suffix in ("", "-wal", "-shm"):
        options.book.with_name(options.book.name + suffix).unlink(missing_ok=True)
    started = time.perf_counter()
    day = generate(options.trades, options.seed)
    csd = Depositories(day.opening, day.late)
    office = Office(options.book)
    refusal = trade_date(office, day)
    seen = settlement_days(office, csd, day)
    with office.desk(OPERATIONS, SETTLEMENT_DAYS[-1]) as desk:
        facts = gather(desk, csd, day, seen, refusal)
    text = report.as_text(facts)
    options.report.with_suffix(".txt").write_text(text, encoding="utf-8")
    options.report.write_text(report.as_html(facts), encoding="utf-8")
    print(text)
    seconds = time.perf_counter() - started
    print(f"{options.report} written after {seconds:.0f} s")
    return 0 if facts.is_proved else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--trades", type=int, default=300, help="how many, beside a block")
    add("--seed", type=int, default=2026, help="another one is another day")
    add("--book", type=Path, default=Path("broker.db"), help="where the books go")
    add("--report", type=Path, default=Path("broker_day.html"), help="the HTML page")
    add("--fresh", action="store_true", help="replace books that exist")
    options = parser.parse_args(arguments)
    if options.trades < TRADES_MIN:
        parser.error(f"--trades: {TRADES_MIN} or more")
    return options


def trade_date(office: Office, day: Day) -> str:
    """Do what is done on the trade date; return why the trader may not release."""
    with office.desk(OPERATIONS, OPENED, create=True) as desk:
        work.open_books(desk, day)
    with office.desk(TRADER, TRADE_DATE) as desk:
        work.capture(desk, day)
    with office.desk(OPERATIONS, TRADE_DATE) as desk:
        work.process(desk, day)
        held = work.hold_large(desk)
        work.mark(desk.books, TRADE_DATE, day.closes[0])
    refusal = ""
    if held:
        with office.desk(TRADER, TRADE_DATE) as desk:
            refusal = try_to_release(desk, held[0])
    with office.desk(OPERATIONS, TRADE_DATE) as desk:
        work.propose_releases(desk, held)
        work.release(desk)
    return refusal


def try_to_release(desk: SettlementDesk, instruction: str) -> str:
    """Let the trader release what is on hold; return the code of the refusal."""
    try:
        work.propose_releases(desk, [instruction])
    except bl.LedgerError as refused:
        return refused.code
    raise AssertionError("the front office released an instruction")


def settlement_days(office: Office, csd: Depositories, day: Day) -> list[Evening]:
    """Settle what is due, day after day; return what is seen in the evenings."""
    seen = []
    for today in SETTLEMENT_DAYS:
        with office.desk(OPERATIONS, today) as desk:
            work.settle_day(desk, csd, today)
            penalties = work.penalties(desk, today, day.closes[1])
            if today == work.RECORD_DATE:
                work.claim_dividends(desk, day.dividend)
            if today == work.PAYMENT_DATE:
                work.pay_dividends(desk, day.dividend)
            if today == SETTLEMENT_DAYS[-1]:
                work.mark(desk.books, today, day.closes[1])
            seen.append(Evening(today, desk.ageing(today), penalties))
    return seen


if __name__ == "__main__":
    sys.exit(main())
