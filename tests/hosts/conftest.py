"""Applications that have a database of their own, one for each way to be a host."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import attrs
import django
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connections, transaction
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import backoffice_ledger as bl


class Application(Protocol):
    """An application with a table of its own, and one transaction at a time."""

    connection: Any

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        ...

    def run(self, sql: str) -> list[Any]:
        """Run a statement of the application's own."""
        ...

    def commit(self) -> None:
        """Commit."""
        ...

    def rollback(self) -> None:
        """Roll back."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


@attrs.define
class SQLite3:
    """``sqlite3``, in one of its modes of transactions."""

    path: Path
    mode: str | None = ""
    begins: str | None = None
    connection: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.connection = sqlite3.connect(
            self.path, isolation_level=self.mode, timeout=0.2
        )

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        if self.begins:
            self.connection.execute(self.begins)

    def run(self, sql: str) -> list[Any]:
        """Run a statement of the application's own."""
        return [tuple(row) for row in self.connection.execute(sql)]

    def commit(self) -> None:
        """Commit."""
        self.connection.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.connection.rollback()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class OtherRows(SQLite3):
    """``sqlite3`` with rows and texts as this application likes them."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.connection.row_factory = sqlite3.Row
        self.connection.text_factory = bytes


def make_engine(path: Path, *, recipe: bool = False, **options: Any) -> sa.Engine:
    """Return an engine; with the documented recipe for savepoints, or as it comes."""
    engine = sa.create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 0.2}, **options
    )
    if recipe:

        @sa.event.listens_for(engine, "connect")
        def connect(raw: Any, record: Any) -> None:
            raw.isolation_level = None

        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return engine


@attrs.define
class Alchemy:
    """A Connection or Session of SQLAlchemy."""

    path: Path
    connection: Any
    engine: sa.Engine

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        self.connection.execute(sa.text("SELECT 1"))

    def run(self, sql: str) -> list[Any]:
        """Run a statement of the application's own."""
        result = self.connection.execute(sa.text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []

    def commit(self) -> None:
        """Commit."""
        self.connection.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.connection.rollback()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        self.engine.dispose()


@attrs.define
class Django:
    """A connection of Django, inside ``atomic`` while a transaction is on."""

    path: Path
    connection: Any
    block: Any = None

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        if self.block is None:
            self.block = transaction.atomic()
            self.block.__enter__()

    def run(self, sql: str) -> list[Any]:
        """Run a statement of the application's own."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return (
                [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            )

    def commit(self) -> None:
        """Commit."""
        block, self.block = self.block, None
        if block is not None:
            block.__exit__(None, None, None)

    def rollback(self) -> None:
        """Roll back."""
        block, self.block = self.block, None
        if block is not None:
            block.__exit__(ValueError, ValueError(), None)

    def close(self) -> None:
        """Close the connection."""
        self.rollback()
        self.connection.close()


def django_at(path: Path) -> Django:
    """Return Django on a database: its settings are of the process."""
    if not settings.configured:
        settings.configure(
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.db"}
            },
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
        django.setup()
    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    connection.settings_dict["OPTIONS"] = {"timeout": 0.2}
    return Django(path, connection)


def _session(path: Path) -> Alchemy:
    engine = make_engine(path)
    return Alchemy(path, Session(engine), engine)


def _scoped(path: Path) -> Alchemy:
    engine = make_engine(path)
    return Alchemy(path, scoped_session(sessionmaker(engine)), engine)


def _connection(path: Path, *, recipe: bool = False) -> Alchemy:
    engine = make_engine(path, recipe=recipe)
    return Alchemy(path, engine.connect(), engine)


KINDS: dict[str, Callable[[Path], Application]] = {
    "sqlite3": SQLite3,
    "sqlite3-immediate": lambda path: SQLite3(path, "IMMEDIATE"),
    "sqlite3-explicit": lambda path: SQLite3(path, None, "BEGIN"),
    "sqlite3-rows": OtherRows,
    "sqlalchemy-connection": _connection,
    "sqlalchemy-recipe": lambda path: _connection(path, recipe=True),
    "sqlalchemy-session": _session,
    "sqlalchemy-scoped": _scoped,
    "django": django_at,
}


def payment(number: int, account: str = "expenses:rent") -> bl.Entry:
    """Return a payment of one day."""
    return bl.Entry(
        f"payment-{number}",
        date(2026, 3, 1 + number % 28),
        [bl.debit(account, "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
        description="Office",
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a table of the application and a book with accounts."""
    path = tmp_path_factory.mktemp("hosts") / "template.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE app_order (number INTEGER NOT NULL)")
    connection.execute("BEGIN")
    with bl.open_ledger(connection, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
    connection.execute("COMMIT")
    connection.close()
    return path


@pytest.fixture
def path(tmp_path: Path, template: Path) -> Path:
    """Return the path of such a database of one's own."""
    return Path(shutil.copyfile(template, tmp_path / "app.db"))


@pytest.fixture
def make(path: Path) -> Iterator[Callable[[str], Application]]:
    """Return a function that starts an application of a kind on the database."""
    running: list[Application] = []

    def start(kind: str) -> Application:
        running.append(KINDS[kind](path))
        return running[-1]

    yield start
    for application in running:
        application.close()


@pytest.fixture(params=KINDS)
def host(
    request: pytest.FixtureRequest, make: Callable[[str], Application]
) -> Application:
    """Return each kind of application in turn."""
    return make(request.param)


@attrs.define
class Outside:
    """What another connection sees: what was committed, and nothing else."""

    path: Path

    def orders(self) -> list[int]:
        """Return the application's rows."""
        with self._connected() as connection:
            return [
                number for (number,) in connection.execute("SELECT * FROM app_order")
            ]

    def entries(self) -> list[str]:
        """Return the ids of the entries, once the book is verified."""
        with self.ledger() as ledger:
            ledger.verify()
            return [record.id for record in ledger.records() if record.type == "entry"]

    def post(self, entry: bl.Entry) -> None:
        """Post and commit."""
        with self._connected() as connection:
            bl.open_ledger(connection, actor="rival").post(entry)
            connection.execute("COMMIT")

    @contextmanager
    def ledger(self, book: str = "main") -> Iterator[bl.Ledger]:
        """Return a ledger that reads a book."""
        with (
            self._connected() as connection,
            bl.open_ledger(connection, book=book, read_only=True) as ledger,
        ):
            yield ledger

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


@pytest.fixture
def outside(path: Path) -> Outside:
    """Return what somebody else sees of the database."""
    return Outside(path)


@pytest.fixture
def pay() -> Callable[..., bl.Entry]:
    """Return the function that makes payments."""
    return payment


@pytest.fixture
def engine_at() -> Callable[..., sa.Engine]:
    """Return the function that makes engines."""
    return make_engine
