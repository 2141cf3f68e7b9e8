"""Settings: every mistake names itself, its place, and what would be right."""

from datetime import date
from pathlib import Path

import pytest

from orchestration.settings import SettingsError, load_settings

GOOD = """\
encoder:
  model: tiny.json
  seed: 7
collections:
  shop:
    feeds:
      - name: maison
        kind: retailer
        format: shopify_csv
        location: feeds/maison
"""


@pytest.fixture
def write(tmp_path):
    def write_it(text: str) -> Path:
        (tmp_path / "tiny.json").write_text("{}")
        path = tmp_path / "loupe.yaml"
        path.write_text(text)
        return path

    return write_it


def test_paths_are_resolved_against_the_file(write, tmp_path):
    settings = load_settings(write(GOOD), {})

    assert settings.home_path == tmp_path / ".loupe"
    assert settings.database_url == f"sqlite:///{tmp_path / '.loupe' / 'catalogue.db'}"
    assert settings.feed("shop", "maison").location == str(tmp_path / "feeds" / "maison")


def test_a_variable_overrides_the_file(write):
    settings = load_settings(
        write(GOOD), {"LOUPE_ENCODER__BATCH_SIZE": "3", "LOUPE_DATABASE_URL": "sqlite:///x.db"}
    )

    assert settings.encoder.batch_size == 3
    assert settings.database_url == "sqlite:///x.db"


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        (
            GOOD.replace("retailer", "retailr"),
            {},
            "loupe.yaml line 8: collections.shop.feeds.0.kind: 'retailr'",
        ),
        (GOOD.replace("retailer", "retailr"), {}, "did you mean retailer?"),
        (GOOD.replace("location", "locaton"), {}, "did you mean location?"),
        (
            GOOD.replace("        location: feeds/maison\n", ""),
            {},
            "collections.shop.feeds.0.location: is missing",
        ),
        (GOOD + "hom: here\n", {}, "loupe.yaml line 11: hom: is no setting: did you mean home?"),
        (GOOD + "embedding_shards: lots\n", {}, "loupe.yaml line 11: embedding_shards: 'lots'"),
        (GOOD + "default_collection: other\n", {}, "default_collection 'other' is none of shop"),
        (GOOD.replace("shop:", "Shop 1:"), {}, "collections.Shop 1"),
        (GOOD.replace("shopify_csv", "json"), {}, "map at least source_id and title"),
        (GOOD, {"LOUPE_HOEM": "x"}, "LOUPE_HOEM: is no setting: did you mean LOUPE_HOME?"),
        (GOOD, {"LOUPE_EMBEDDING_SHARDS": "0"}, "LOUPE_EMBEDDING_SHARDS: embedding_shards: 0"),
        ("encoder: [", {}, "loupe.yaml line 1: is not YAML"),
        ("- a list", {}, "must be a mapping"),
    ],
)
def test_a_mistake_names_itself_its_place_and_the_remedy(write, text, variables, said):
    with pytest.raises(SettingsError) as refused:
        load_settings(write(text), variables)

    assert said in str(refused.value)


def test_every_mistake_is_told_at_once(write):
    text = GOOD.replace("retailer", "retailr").replace("shopify_csv", "shopify")

    with pytest.raises(SettingsError) as refused:
        load_settings(write(text), {})

    assert len(str(refused.value).splitlines()) == 2


def test_a_missing_file_says_how_to_name_one(tmp_path):
    with pytest.raises(SettingsError, match="--config or LOUPE_CONFIG"):
        load_settings(tmp_path / "none.yaml", {})


@pytest.mark.parametrize(
    ("variables", "secret"),
    [
        (
            {"LOUPE_S3__SECRET_ACCESS_KEY": "12345678901234567890", "LOUPE_S3__REGION": "x"},
            "12345678901234567890",
        ),
        ({"LOUPE_DATABASE_URL": "postgresql://u:pa #ss@h/d", "LOUPE_HOEM": "x"}, "pa #ss"),
    ],
)
def test_a_secret_is_never_repeated(write, variables, secret):
    with pytest.raises(SettingsError) as refused:
        load_settings(write(GOOD), variables)

    assert secret not in str(refused.value)


def test_text_in_a_variable_stays_text(write):
    variables = {
        "LOUPE_DATABASE_URL": "postgresql://u:pa #ss@h/d",
        "LOUPE_FIRST_DAY": "2026-02-01",
        "LOUPE_S3__SECRET_ACCESS_KEY": "12345678901234567890",
        "LOUPE_DEFAULT_COLLECTION": "shop",
    }
    settings = load_settings(write(GOOD), variables)

    assert settings.database_url == "postgresql://u:pa #ss@h/d"
    assert settings.first_day == date(2026, 2, 1)
    assert settings.s3.secret_access_key.get_secret_value() == "12345678901234567890"
    assert "12345678901234567890" not in repr(settings)


def test_all_channels_are_on_unless_the_settings_name_some(write):
    assert load_settings(write(GOOD), {}).channels == ("colour", "shape", "material", "style")
    assert load_settings(write(GOOD), {"LOUPE_CHANNELS": "[shape]"}).channels == ("shape",)
    assert load_settings(write(GOOD), {"LOUPE_CHANNELS": "[]"}).channels == ()


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ("[shape, texture]", r"channels\.1: 'texture' is none of 'colour', 'shape', 'material' or 'style'"),
        ("[shape, shape]", r"channels: shape stands there twice"),
    ],
)
def test_a_channel_that_does_not_exist_or_stands_twice_is_refused(write, channels, said):
    with pytest.raises(SettingsError, match=said):
        load_settings(write(GOOD), {"LOUPE_CHANNELS": channels})
