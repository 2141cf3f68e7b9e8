"""``loupe keys`` and ``loupe snapshots sign``: from the first key to a signed pointer."""

import json

import pytest
import yaml
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue
from typer.testing import CliRunner

from index_builds.errors import SignatureMissingError, SigningKeyError
from index_builds.promotion import promote
from index_builds.reading import open_promoted
from orchestration.cli.main import app
from orchestration.resources import snapshot_store
from orchestration.settings import SettingsError, load_settings


@pytest.fixture
def config(settings, tmp_path):
    return tmp_path / "loupe.yaml"


@pytest.fixture
def loupe(config):
    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(config), *map(str, arguments)])

    return run


def sign_with(config, **signing):
    document = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**document, "signing": signing}, sort_keys=False))
    return load_settings(config, {})


def test_from_the_first_key_to_a_pointer_that_readers_trust(settings, config, loupe, tmp_path):
    store = snapshot_store(settings)
    manifest = build(store, slim_catalogue(12), collection="shop")
    promote(store, "shop", manifest.snapshot_id, settings=SETTINGS.gate, actor="t", moved_at=MOVED_AT)

    made = json.loads(loupe("keys", "create", tmp_path / "signing.pem", "--json").output)
    demanding = sign_with(
        config, private_key_file="signing.pem", trusted_keys=[made["public_key"]], max_age_hours=1e6
    )
    shown = loupe("keys", "show").output
    with pytest.raises(SignatureMissingError):
        open_promoted(snapshot_store(demanding), "shop")
    refused = loupe("snapshots", "sign")
    adopted = json.loads(loupe("snapshots", "sign", "--adopt", "--json").output)

    assert (tmp_path / "signing.pem").stat().st_mode & 0o777 == 0o600
    assert shown.count(made["public_key"]) == 2
    assert isinstance(refused.exception, SignatureMissingError)
    assert adopted == {"collection": "shop", "signed": [manifest.snapshot_id]}
    assert open_promoted(snapshot_store(demanding), "shop").snapshot_id == manifest.snapshot_id
    assert (
        json.loads(loupe("keys", "show", tmp_path / "signing.pem", "--json").output)["key_id"]
        == (made["key_id"])
    )
    assert "PRIVATE" not in shown + refused.output


def test_without_keys_it_says_that_nothing_is_signed_or_demanded(loupe):
    shown = loupe("keys", "show").output
    assert "no private key is set" in shown
    assert "no signature is demanded" in shown
    assert isinstance(loupe("snapshots", "sign").exception, SigningKeyError)


def test_a_key_comes_from_a_variable_where_there_is_no_file(config, loupe, tmp_path):
    made = json.loads(loupe("keys", "create", tmp_path / "signing.pem", "--json").output)
    pem = (tmp_path / "signing.pem").read_text()

    settings = load_settings(config, {"LOUPE_SIGNING__PRIVATE_KEY": pem})

    assert str(snapshot_store(settings).signing.key.public) == made["public_key"]
    assert "PRIVATE" not in repr(settings)


def test_two_private_keys_and_a_trusted_key_that_is_none_are_mistakes_of_the_settings(config):
    with pytest.raises(SettingsError, match="both set"):
        load_settings(
            config,
            {"LOUPE_SIGNING__PRIVATE_KEY": "some-secret", "LOUPE_SIGNING__PRIVATE_KEY_FILE": "signing.pem"},
        )
    with pytest.raises(SettingsError, match=r"signing\.trusted_keys\.0"):
        sign_with(config, trusted_keys=["ed25519:short"])
