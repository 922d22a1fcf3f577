"""Trades of the desk say which position they are part of."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import postgresql_server
import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption, LimitBreached, NotPermitted
from backoffice_ledger.settlement import SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementBooks

Make = Callable[..., Trade]

ACME = "US0378331005"
DUE = date(2026, 10, 9)
PROCEEDS = "liabilities:securities:short:proceeds"


def usd(ledger: bl.Ledger, path: str) -> str:
    """Return a balance, debits positive as accounts of assets have them."""
    return str(ledger.balance(path)["USD"])


def short(make: Make, id: str, side: str, **more: object) -> Trade:
    """Return a trade that opens or closes a short position, without commission."""
    return make(id=id, side=side, category="short", fees={}, **more)


def check_short(open_book: Callable[[], bl.Ledger], make: Make) -> None:
    """Sold short, amended, bought back by half, and that taken back again."""
    with open_book() as ledger:
        desk = SettlementDesk(ledger)
        with pytest.raises(LimitBreached):
            desk.capture(make(id="S", side="sell", fees={}))
        sold = short(make, "S", "sell")
        desk.capture(sold)
        second = attrs.evolve(
            sold, version=2, price="60.00", consideration=None, net=None
        )
        desk.amend(second, on=DUE)
        assert usd(ledger, PROCEEDS) == "60000.00 USD"
    with open_book() as ledger:
        desk = SettlementDesk(ledger)
        assert desk.trade("S") == second
        desk.capture(short(make, "B", "buy", quantity=f"500 {ACME}"))
        assert usd(ledger, PROCEEDS) == "30000.00 USD"
        assert usd(ledger, "income:securities:realised") == "5000.00 USD"
        desk.cancel("B", on=DUE)
        assert usd(ledger, PROCEEDS) == "60000.00 USD"
        desk.cancel("S", on=DUE)
        assert not ledger.balance(PROCEEDS)
        desk.capture(make(id="L"))
        assert usd(ledger, "assets:securities:fvtpl:cost") == "50000.00 USD"


def test_a_short_sale_from_the_desk(
    tmp_path: Path, make: Make, accounts: Callable[[bl.Ledger], None]
) -> None:
    """The book is closed between the sale and the purchase; nothing of it is lost."""
    path = tmp_path / "book.db"
    with bl.open_ledger(path, actor="anna", create=True) as ledger:
        accounts(ledger)
    check_short(lambda: bl.open_ledger(path, actor="anna"), make)


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(
    tmp_path: Path, make: Make, accounts: Callable[[bl.Ledger], None]
) -> None:
    """The same on the server."""
    store = postgresql_server.store_of(tmp_path)
    with bl.open_ledger(store, actor="anna", create=True) as ledger:
        accounts(ledger)
    check_short(lambda: bl.open_ledger(store, actor="anna"), make)


@pytest.mark.parametrize(
    ("category", "path"),
    [
        ("fvoci", "assets:securities:fvoci:cost"),
        ("fvoci-equity", "assets:securities:fvoci-equity:cost"),
        ("amortised-cost", "assets:securities:amortised-cost"),
    ],
)
def test_an_asset_that_is_measured_in_another_way(
    desk: SettlementDesk, make: Make, ledger: bl.Ledger, category: str, path: str
) -> None:
    """Its cost is on its own account, until it is taken back."""
    desk.capture(make(category=category))
    assert usd(ledger, path) == "50000.00 USD"
    with pytest.raises(InvalidOption, match="kept on"):
        desk.capture(make(id="T-2"))
    desk.cancel("T-1", on=DUE)
    assert not ledger.balance(path)


def test_the_seller_chooses_lots(
    desk: SettlementDesk, make: Make, ledger: bl.Ledger
) -> None:
    """300 of the second purchase, as an amendment says; not of the first one."""
    books = SettlementBooks(ledger)
    books.methods.choose("specific", since=date(2026, 1, 1))
    desk.capture(make(fees={}))
    desk.capture(make(id="T-2", price="60.00", fees={}))
    sale = make(
        id="S",
        side="sell",
        quantity=f"300 {ACME}",
        chosen={"T-1": f"300 {ACME}"},
        fees={},
    )
    desk.capture(sale)
    second = attrs.evolve(sale, version=2, chosen={"T-2": f"300 {ACME}"})
    desk.amend(second, on=DUE)
    pool = books.positions()["firm", ACME].pool
    assert [lot.quantity.number for lot in pool] == ["1000", "700"]
    with pytest.raises(NotPermitted):
        desk.cancel("T-2", on=DUE)
    desk.cancel("S", on=DUE)
    desk.cancel("T-2", on=DUE)
