"""The SQL engine and its schema version.  SQLite by default, PostgreSQL in production."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

if TYPE_CHECKING:
    from alembic.config import Config


class DatabaseError(Exception):
    """The database cannot be used as it is; the message names it and the remedy."""


def open_database(url: str) -> Engine:
    """Open a database and bring its schema up to date.

    Several processes may open it at once: on PostgreSQL an advisory lock, on SQLite an immediate transaction
    lets one of them migrate while the others wait.

    Raises:
        DatabaseError: If the URL cannot be read, the server does not answer, or the schema is newer than this
        code.
    """
    try:
        parsed = make_url(url)
        if "@" in (parsed.host or ""):
            raise ValueError  # an unescaped @ in the password: its end would be asked for as a host
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_pre_ping=True)
    except ValueError:
        # Not chained: its text quotes what stands where the port should be, which may be half a password.
        message = (
            f"database_url {_safe(url)} cannot be used: host or port are not readable; "
            "write / as %2F, : as %3A and @ as %40 in user and password"
        )
        raise DatabaseError(message) from None
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        message = f"database_url {_safe(url)} cannot be used: {error}"
        raise DatabaseError(message) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _sqlite_begin)
    try:
        _upgrade(engine)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        message = f"database {_safe(url)} does not answer: {reason}; check that it runs and database_url"
        raise DatabaseError(message) from error
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for SELECTs.

    On SQLite it takes no write lock, so readers never wait for each other.
    """
    with engine.connect().execution_options(sqlite_begin="DEFERRED") as connection:
        yield connection


def migration_config() -> "Config":
    """Return the Alembic configuration of the migrations that ship with Loupe."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _upgrade(engine: Engine) -> None:
    from alembic import command  # Alembic is needed once per process, and not at all where nothing is opened
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(migration_config())
    with reading(engine) as connection:  # opening must not wait for a writer
        if MigrationContext.configure(connection).get_current_revision() == scripts.get_current_head():
            return
    with engine.begin() as connection:
        _lock(connection)
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
            message = f"the database has schema {current}, newer than this Loupe knows: upgrade Loupe"
            raise DatabaseError(message)
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7074689)")


def _sqlite_pragmas(connection, _record) -> None:  # type: ignore[no-untyped-def] # the driver's own types
    # SQLAlchemy, not the driver, opens transactions: the driver's habit of committing before DDL tears
    # migrations.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # IMMEDIATE takes the write lock up front: a deferred transaction that upgrades later fails instead of
    # waiting.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'IMMEDIATE')}")


def _safe(url: str) -> str:
    """Return a URL fit for messages: no password, wherever it stands; what cannot be read is not shown."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "(unreadable URL)"
    if "@" in (parsed.host or ""):  # an unescaped @ in the password: its end reads as the host
        return "(unreadable URL)"
    return parsed.set(query={}).render_as_string(hide_password=True)
