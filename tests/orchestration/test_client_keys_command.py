"""``loupe keys add``, ``list`` and ``revoke``: from a new key to one that counts no more."""

import json

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.resources import engine_for
from serving.errors import QueryError, UnknownThingError
from serving.guards.client_keys import ClientKeys
from serving.guards.key_records import client_keys


@pytest.fixture
def loupe(settings, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(tmp_path / "loupe.yaml"), *map(str, arguments)])

    return run


@pytest.fixture
def counting(settings):
    def read():
        keys = ClientKeys(engine_for(settings.database_url))
        keys.refresh()
        return keys

    return read


def test_a_key_is_shown_once_counts_and_is_revoked(loupe, counting, settings):
    made = loupe("keys", "add", "the shop", "--scope", "search", "--scope", "events", "--per-second", 5)
    key = made.stdout.strip()
    listed = loupe("keys", "list").output
    record = counting().proven(key)
    with engine_for(settings.database_url).connect() as connection:
        stored = str(connection.execute(client_keys.select()).all())
    secret = key.split("_", 2)[2]

    assert (record.client, sorted(record.scopes), record.per_second) == ("the shop", ["events", "search"], 5)
    assert record.key_id in listed
    assert "counts" in listed
    assert "the shop" in listed
    assert secret not in listed + stored + made.stderr

    assert loupe("keys", "revoke", record.key_id).exit_code == 0
    assert counting().proven(key) is None
    assert "revoked" in loupe("keys", "list").output


def test_programs_read_json_and_an_end_is_kept(loupe, counting):
    made = json.loads(loupe("keys", "add", "ops", "--scope", "metrics", "--days", 30, "--json").stdout)
    (listed,) = json.loads(loupe("keys", "list", "--json").stdout)["keys"]
    assert counting().proven(made["key"]).key_id == made["key_id"] == listed["key_id"]
    assert listed["counts"]
    assert listed["expires_at"] > listed["created_at"]
    assert json.loads(loupe("keys", "revoke", made["key_id"], "--json").stdout) == {"revoked": made["key_id"]}


def test_what_is_no_scope_key_or_name_is_refused(loupe, counting):
    assert isinstance(loupe("keys", "add", "a", "--scope", "serach").exception, QueryError)
    assert isinstance(loupe("keys", "revoke", "nobody").exception, UnknownThingError)
    assert loupe("keys", "add", "a\nb", "--scope", "search").exit_code == 2
    assert loupe("keys", "add", "a").exit_code == 2
    assert "no client has a key" in loupe("keys", "list").output
