"""Applications that have a database of their own, one for each way to be a host."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import attrs
import django
import postgresql_server
import psycopg
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connections, transaction
from psycopg.rows import dict_row
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import backoffice_ledger as bl
from backoffice_ledger.stores import PostgreSQLStore


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

    path: Any
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

    path: Any
    connection: Any
    block: Any = None
    alias: str = "default"

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        if self.block is None:
            self.block = transaction.atomic(using=self.alias)
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
        """Close the connection; its settings are of the process."""
        self.rollback()
        self.connection.close()
        if self.alias == "default":
            self.connection.settings_dict |= {"NAME": "app.db", "OPTIONS": {}}


def configure_django() -> None:
    """Configure Django, unless somebody in this process has."""
    if not settings.configured:
        settings.configure(
            DATABASES={
                "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.db"}
            },
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
        django.setup()


def django_at(path: Path) -> Django:
    """Return Django on a file: its settings are of the process."""
    configure_django()
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


# --- PostgreSQL ----------------------------------------------------------------------


@attrs.define
class Psycopg:
    """A connection of psycopg, with rows as this application likes them."""

    path: str
    is_autocommit: bool = False
    connection: Any = attrs.field(init=False)
    block: Any = None

    def __attrs_post_init__(self) -> None:
        self.connection = psycopg.connect(
            self.path, autocommit=self.is_autocommit, row_factory=dict_row
        )

    def begin(self) -> None:
        """Begin a transaction, where this is not done by itself."""
        if self.is_autocommit:
            self.connection.execute("BEGIN")

    def run(self, sql: str) -> list[Any]:
        """Run a statement of the application's own."""
        cursor = self.connection.execute(sql)
        return [tuple(row.values()) for row in cursor] if cursor.description else []

    def commit(self) -> None:
        """Commit."""
        self.connection.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.connection.rollback()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def django_on(dsn: str) -> Django:
    """Return Django on PostgreSQL, beside the connection that it is configured with."""
    configure_django()
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    name, user = given.pop("dbname"), given.pop("user", "")
    host, port = given.pop("host", ""), given.pop("port", "")
    connections.databases["default"] = connections["default"].settings_dict
    alias = "postgresql"
    connections.databases[alias] = connections["default"].settings_dict | {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": given.pop("password", ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": given,
    }
    with suppress(AttributeError):
        del connections[alias]
    return Django(dsn, connections[alias], alias=alias)


def url_of(dsn: str) -> sa.Engine:
    """Return an engine on PostgreSQL."""
    return sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn)
    )


def _pg_connection(dsn: str) -> Alchemy:
    engine = url_of(dsn)
    return Alchemy(dsn, engine.connect(), engine)


def _pg_session(dsn: str) -> Alchemy:
    engine = url_of(dsn)
    return Alchemy(dsn, Session(engine), engine)


SERVER_KINDS: dict[str, Callable[[str], Application]] = {
    "psycopg": Psycopg,
    "psycopg-autocommit": lambda dsn: Psycopg(dsn, True),
    "sqlalchemy-connection-postgresql": _pg_connection,
    "sqlalchemy-session-postgresql": _pg_session,
    "django-postgresql": django_on,
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


@pytest.fixture(scope="session")
def server_template(postgresql: str) -> Iterator[str]:
    """Return the name of a database on the server, with the same in it."""
    dsn = postgresql_server.new_database()
    postgresql_server.execute(
        dsn, "CREATE TABLE public.app_order (number integer NOT NULL)"
    )
    with closing(PostgreSQLStore(dsn)) as store:
        ledger = bl.open_ledger(store, actor="clerk", create=True)
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
    yield psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    postgresql_server.drop_database(dsn)


@pytest.fixture
def dsn(server_template: str) -> Iterator[str]:
    """Return the DSN of such a database of one's own."""
    made = postgresql_server.new_database(template=server_template)
    yield made
    postgresql_server.drop_database(made)


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Application]]:
    """Return a function that starts an application of a kind on the database."""
    running: list[Application] = []

    def start(kind: str) -> Application:
        if kind in KINDS:
            running.append(KINDS[kind](request.getfixturevalue("path")))
        else:
            running.append(SERVER_KINDS[kind](request.getfixturevalue("dsn")))
        return running[-1]

    yield start
    for application in running:
        application.close()


@pytest.fixture(params=[*KINDS, *SERVER_KINDS])
def host(
    request: pytest.FixtureRequest, make: Callable[[str], Application]
) -> Iterator[Application]:
    """Return each kind of application in turn."""
    if request.param in SERVER_KINDS:
        request.getfixturevalue("dsn")  # it goes after the connections
    application = make(request.param)
    yield application
    application.close()


@attrs.define
class Outside:
    """What another connection sees: what was committed, and nothing else."""

    where: Any

    def orders(self) -> list[int]:
        """Return the application's rows."""
        with self._connected() as connection:
            return [n for (n,) in connection.execute("SELECT * FROM app_order")]

    def entries(self) -> list[str]:
        """Return the ids of the entries, once the book is verified."""
        with self.ledger() as ledger:
            ledger.verify()
            return [record.id for record in ledger.records() if record.type == "entry"]

    def numbers(self) -> list[int | None]:
        """Return the numbers of the entries in their journal."""
        with self.ledger() as ledger:
            return [r.journal_number for r in ledger.records() if r.type == "entry"]

    def post(self, entry: bl.Entry) -> None:
        """Post and commit."""
        with self.ledger() as ledger:
            ledger.post(entry)

    @contextmanager
    def ledger(self, book: str = "main") -> Iterator[bl.Ledger]:
        """Return a ledger that does not know of the application's connection."""
        if not isinstance(self.where, Path):
            with closing(PostgreSQLStore(self.where)) as store:
                yield bl.open_ledger(store, actor="rival", book=book)
            return
        with self._connected() as connection:
            yield bl.open_ledger(connection, actor="rival", book=book)
            connection.commit()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        if isinstance(self.where, Path):
            connection: Any = sqlite3.connect(self.where, isolation_level=None)
        else:
            connection = psycopg.connect(self.where, autocommit=True)
        try:
            yield connection
        finally:
            connection.close()


@pytest.fixture
def outside(request: pytest.FixtureRequest) -> Outside:
    """Return what somebody else sees of the database."""
    kind = getattr(request.node, "callspec", None)
    is_server = kind is not None and kind.params.get("host") in SERVER_KINDS
    return Outside(request.getfixturevalue("dsn" if is_server else "path"))


@pytest.fixture
def pay() -> Callable[..., bl.Entry]:
    """Return the function that makes payments."""
    return payment


@pytest.fixture
def engine_at() -> Callable[..., sa.Engine]:
    """Return the function that makes engines."""
    return make_engine
