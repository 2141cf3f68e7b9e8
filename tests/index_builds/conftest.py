"""Stores over each database, and one small catalogue for all."""

import faiss
import pytest
from index_house import make_catalogue, sqlite_store

from index_builds.snapshots import SnapshotStore
from storage.objects import LocalObjectStore


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Two cores are shared by every test process."""
    faiss.omp_set_num_threads(1)


@pytest.fixture
def store(tmp_path):
    """An empty store over SQLite."""
    opened = sqlite_store(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def either_store(engine, tmp_path):
    """An empty store, once over each database."""
    return SnapshotStore(engine, LocalObjectStore(tmp_path / "objects"), tmp_path / "cache")


@pytest.fixture(scope="session")
def catalogue():
    """Two hundred and forty pictures in three tiers."""
    return make_catalogue(240)
