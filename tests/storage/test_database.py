"""The database: migrations give the tables that the code declares, on SQLite and on PostgreSQL."""

import sqlite3
import threading
import traceback

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from catalog.tables import metadata as catalogue
from index_builds.tables import metadata as snapshots
from serving.guards.key_records import metadata as serving
from storage.database import DatabaseError, open_database, reading


def test_migrations_give_the_declared_tables(database_url):
    engine = open_database(database_url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, [catalogue, snapshots, serving])

    assert differences == []


def test_processes_that_open_a_new_database_together_all_succeed(database_url):
    failures = []

    def open_it():
        try:
            open_database(database_url)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_a_schema_from_the_future_is_refused(database_url):
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseError, match="newer than this Loupe knows"):
        open_database(database_url)


def test_a_server_that_is_away_is_named_without_its_password():
    with pytest.raises(DatabaseError, match="does not answer") as refused:
        open_database("postgresql://loupe:hidden@127.0.0.1:9/loupe?connect_timeout=2")

    assert "hidden" not in str(refused.value)


def test_an_unreadable_url_is_named():
    with pytest.raises(DatabaseError, match="database_url"):
        open_database("no-such-database://x")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://loupe:hidden@db:abc/loupe",
        "postgresql://loupe:hidden",
        "postgresql://loupe:some/hidden@db/loupe",
        "postgresql//loupe:hidden@db",
        "nosuch://loupe:some@hidden@db/loupe",
        "postgresql://loupe:some@hidden@db/loupe",
        "nosuch://loupe@db/loupe?password=hidden",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url):
    with pytest.raises(DatabaseError, match="database_url") as refused:
        open_database(url)

    assert "hidden" not in "".join(traceback.format_exception(refused.value))


def test_opening_waits_for_no_writer(tmp_path):
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    open_database(url).dispose()
    writer = sqlite3.connect(tmp_path / "catalogue.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    with reading(open_database(url)) as opened:
        assert (
            opened.execute(sa.select(sa.func.count()).select_from(catalogue.tables["images"])).scalar() == 0
        )

    assert writer.in_transaction
    writer.close()
