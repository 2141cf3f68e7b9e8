"""All real shops as sources of one collection: nothing is joined that a look at the pictures tells apart.

``looked_at_joins.csv`` names every pair that was looked at: copies, pairs whose hashes are near, and the
sixty nearest pairs of two shops by the shipped encoder.  A reseller who changes another shop's pictures is
added, so that there is something to find.
"""

import csv
import io
import json
from itertools import combinations
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from PIL import Image, ImageDraw, ImageFont, ImageOps

from catalog.join_proposals import listing_facts, stored_ties
from catalog.tables import image_references, picture_relations, piece_listings
from orchestration.definitions import build_defs
from orchestration.instance import open_instance
from orchestration.partitions import feed_day_key
from orchestration.resources import engine_for
from orchestration.settings import load_settings
from vision.decoding import decode

pytestmark = pytest.mark.real
HERE = Path(__file__).parent
DAY = "2026-01-05"
JPEG_QUALITY = 55


def looked_at() -> dict[tuple[str, str], str]:
    with (HERE / "looked_at_joins.csv").open(encoding="utf-8", newline="") as file:
        return {(row["first"], row["second"]): row["verdict"] for row in csv.DictReader(file)}


def padded(picture: Image.Image) -> Image.Image:
    return ImageOps.expand(picture, border=picture.width // 8, fill=picture.getpixel((0, 0)))


def labelled(picture: Image.Image) -> Image.Image:
    place, font = (picture.width * 0.97, picture.height * 0.97), ImageFont.load_default(picture.width / 24)
    ImageDraw.Draw(picture).text(place, "resold.example", fill=(120, 120, 120), anchor="rs", font=font)
    return picture


CHANGES = (
    lambda picture: picture,
    lambda picture: picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS),
    padded,
    labelled,
)


def write_reseller(shop: Path, folder: Path) -> int:
    """Copy a shop's feed with its first pictures changed, each in one of four ways; return how many."""
    items = []
    for item in json.loads((shop / "feed.json").read_text(encoding="utf-8")):
        path = shop / item["image"].lstrip("/")
        if not path.is_file():
            continue
        picture = CHANGES[len(items) % len(CHANGES)](decode(path.read_bytes()).image.copy())
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
        (folder / f"{len(items)}.jpg").write_bytes(buffer.getvalue())
        items.append({**item, "image": f"{len(items)}.jpg", "secondaryImage": None})
    (folder / "feed.json").write_text(json.dumps(items), encoding="utf-8")
    return len(items)


@pytest.fixture(scope="module")
def resold(real, tmp_path_factory):
    """The engine of the collection after its catalogue has run, and how many listings were resold."""
    folder = tmp_path_factory.mktemp("together")
    count = write_reseller(real / "shops/zariya", folder)
    document = yaml.safe_load((HERE / "together.yaml").read_text())
    feeds = document["collections"]["together"]["feeds"]
    for feed in feeds:
        for key in ("location", "images"):
            if key in feed:
                feed[key] = str((HERE / feed[key]).resolve())
    feeds.append(
        {**feeds[0], "name": "reseller", "location": str(folder / "feed.json"), "images": str(folder)}
    )
    config = folder / "loupe.yaml"
    config.write_text(yaml.safe_dump({**document, "home": str(folder / "home"), "first_day": DAY}))
    settings = load_settings(config, {})
    definitions = build_defs(settings)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance(settings) as instance:
        runs = [("ingest", feed_day_key(f"together.{feed['name']}", DAY)) for feed in feeds]
        for job, key in [*runs, ("catalogue", "together")]:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, partition_key=key, run_config=quiet
            )
            assert result.success
    return engine_for(settings.database_url), count


def rows_of(engine, statement) -> list:
    with engine.connect() as connection:
        return list(connection.execute(statement))


def joined_pairs(engine) -> set[tuple[str, str]]:
    members: dict[str, list[str]] = {}
    for row in rows_of(engine, sa.select(piece_listings)):
        members.setdefault(row.piece_id, []).append(row.listing_id)
    return {pair for group in members.values() for pair in combinations(sorted(group), 2)}


def is_resold(pair: tuple[str, str]) -> bool:
    return pair[0].startswith("reseller:") and pair[0].removeprefix("reseller:") in pair[1]


def test_every_join_among_real_shops_was_looked_at_and_is_one_piece(resold):
    engine, _ = resold
    verdicts = looked_at()

    joined = joined_pairs(engine)

    assert {pair for pair in joined if not is_resold(pair)} <= {
        p for p, said in verdicts.items() if said == "same"
    }
    assert not joined & {pair for pair, said in verdicts.items() if said == "different"}
    assert sum(said == "different" for said in verdicts.values()) >= 100


def test_every_pair_whose_pixels_say_one_photograph_was_looked_at(resold):
    engine, _ = resold
    shown: dict[str, set[str]] = {}
    for row in rows_of(engine, sa.select(image_references).where(image_references.c.image_id.is_not(None))):
        shown.setdefault(row.image_id, set()).add(row.listing_id)
    found = {
        pair
        for row in rows_of(engine, sa.select(picture_relations))
        if row.relation != "look_alike"
        for one in shown[row.first]
        for other in shown[row.second]
        if "reseller" not in one + other
        for pair in [tuple(sorted((one, other)))]
        if one != other
    }

    assert found <= looked_at().keys()


def test_a_resellers_changed_pictures_are_found_and_ask_or_join(resold):
    engine, count = resold
    facts = listing_facts(engine, "together")
    with engine.connect() as connection:
        ties, proposals = stored_ties(connection, "together", facts.rows)

    joined = {(tie.first, tie.second) for tie in ties}
    found = {pair for pair in (*joined, *((one.first, one.second) for one in proposals)) if is_resold(pair)}

    assert all(is_resold(pair) for pair in joined)
    assert len(joined) >= 1
    assert len({pair[0] for pair in found}) / count >= 0.85
