"""What every test may use: a database of each kind, and the real material where it is."""

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from storage.database import open_database

# The same examples every time: a red run is about the change, not the dice.  For a search with fresh ones:
#   pytest --hypothesis-profile=default
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.load_profile("repeatable")

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "real"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """A PostgreSQL server of this test session, on a socket in a temporary folder."""
    pgserver = pytest.importorskip("pgserver", reason="pgserver is not installed: no PostgreSQL to test on")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalogue.db'}"
    server = request.getfixturevalue("postgres_server")
    name = f"loupe_{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    return sa.make_url(server.get_uri()).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def engine(database_url):
    """An engine on an empty, migrated database, once of each kind."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def real():
    """The folder of real shops, feeds and photographs; tests that ask for it are skipped where it is not."""
    if not REAL.is_dir():
        pytest.skip(f"real material is not beside the checkout ({REAL})")
    return REAL
