"""Four collections over real shops: each promotes a snapshot, and its books add up to what the feeds hold.

The shops lie beside the checkout and are never copied into it; without them these tests are skipped.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from orchestration.refresh import refresh
from orchestration.settings import load_settings
from orchestration.summary import summarise

pytestmark = pytest.mark.real
CONFIG = Path(__file__).parent / "loupe.yaml"
COLLECTIONS = ("zariya", "bijoux", "myntra", "photos")


@pytest.fixture(scope="module")
def settings(real, tmp_path_factory):
    """The committed settings with a home of the test's own, everything run once."""
    settings = load_settings(CONFIG, {"LOUPE_HOME": str(tmp_path_factory.mktemp("home"))})
    assert refresh(settings, list(COLLECTIONS), lambda *_: None).failures == []
    return settings


@pytest.fixture(scope="module")
def held(settings):
    return summarise(settings, COLLECTIONS)["collections"]


def items_in(real: Path, shop: str) -> int:
    """Count what a feed holds without any of our readers."""
    if shop == "myntra":
        with (real / "shops/myntra/feed.csv").open(newline="") as file:
            return sum(1 for _ in csv.DictReader(file))
    if shop == "photos":
        return sum(1 for path in (real / "photos").rglob("*") if path.is_file())
    return len(json.loads((real / f"shops/{shop}/feed.json").read_text()))


def pictures_named_in(real: Path, shop: str) -> int:
    """Count the distinct (product, picture) pairs that a feed names, without any of our readers."""
    if shop in ("myntra", "photos"):
        return items_in(real, shop)
    products = json.loads((real / f"shops/{shop}/feed.json").read_text())
    return sum(
        len({product.get("image"), product.get("secondaryImage")} - {None, ""}) for product in products
    )


@pytest.mark.parametrize("shop", COLLECTIONS)
def test_each_collection_promotes_a_snapshot(held, shop):
    assert held[shop]["promoted"]["vectors"] > 50
    assert all(figure["lower"] >= 0.9 for figure in held[shop]["promoted"]["recall_at_k"].values())


@pytest.mark.parametrize("shop", COLLECTIONS)
def test_every_listing_and_picture_is_accounted_for(real, held, shop):
    feed = held[shop]["feeds"][shop]

    assert held[shop]["balanced"]
    assert feed["accepted"] + feed["rejected"] == items_in(real, shop)
    assert feed["image_references"] == pictures_named_in(real, shop)
    assert sum(feed["images"].values()) == feed["image_references"]
    assert feed["images"]["pending"] == 0


def test_thousands_of_missing_pictures_are_failures_with_a_reason(real, held):
    feed = held["myntra"]["feeds"]["myntra"]
    there = {path.name for path in (real / "shops/myntra/images").iterdir()}
    with (real / "shops/myntra/feed.csv").open(newline="") as file:
        missing = sum(f"{row['id']}.jpg" not in there for row in csv.DictReader(file))

    assert feed["images"]["failed"] == missing == feed["image_reasons"]["missing_file"]


def test_most_real_pictures_are_accepted(held):
    total = Counter()
    for shop in COLLECTIONS:
        total.update(held[shop]["feeds"][shop]["images"])
    judged = total["accepted"] + total["quarantined"] + total["review"] + total["rejected"]

    assert total["accepted"] / judged >= 0.9


def test_the_command_gives_the_same_numbers(settings, held):
    environment = {**os.environ, "LOUPE_HOME": settings.home}
    told = subprocess.run(
        [sys.executable, "-m", "orchestration.cli.main", "--config", str(CONFIG), "status", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(told.stdout)["collections"] == json.loads(json.dumps(held))


def test_a_second_run_adds_nothing(settings, held):
    assert refresh(settings, list(COLLECTIONS), lambda *_: None).failures == []

    assert summarise(settings, COLLECTIONS)["collections"] == held
