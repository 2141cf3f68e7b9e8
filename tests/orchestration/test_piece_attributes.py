"""The asset of suggested attributes: from vectors to rows, once, and only in words that the encoder knows."""

from datetime import UTC, datetime

import dagster as dg
import numpy as np
import pytest
from catalogue_rows import listing, put_listings, put_picture

from assets.attributes import piece_attributes
from assets.bounds import WorkBounds
from assets.enrichment import enrich
from catalog.attributes.ledger import attribute_rows, enriched_attributes
from catalog.attributes.settings import EnrichmentSettings
from catalog.declarations import FeedRegistry
from catalog.image_ledger import image_key_of, judge_pictures
from catalog.pieces import resolve_pieces
from catalog.review import queue
from index_builds.snapshots import SnapshotStore
from storage.database import open_database
from storage.objects import LocalObjectStore, sha256_hex
from vision.embedding_parts import EmbeddingParts, write_part
from vision.encoder_loader import EncoderLoader
from vision.encoders import EncoderSettings

SHIPPED = EncoderSettings(model="loupe-small", device="cpu")
MOTIFS = ("heart", "star", "moon", "snake")
NOISE = 0.8
STATED, SILENT, MUTE = 320, 80, 40


class Shop:
    """Pieces whose pictures are texts of their motif with noise: most state it, some shops never do."""

    def __init__(self, folder, encoder):
        self.engine = open_database(f"sqlite:///{folder / 'catalogue.db'}")
        self.objects = LocalObjectStore(folder / "objects")
        self.encoder = encoder
        self.parts = EmbeddingParts(self.objects, encoder.encoder_id, 1)
        self.motif = {}
        rows, keys = [], []
        for number in range(STATED + SILENT + MUTE):
            motif = MOTIFS[number % 4] if number < STATED or number >= STATED + SILENT else None
            feed = "maison" if number < STATED + SILENT else "boutique"
            title = f"{motif or 'plain'} ring" if feed == "maison" else "a ring"
            rows.append(listing(feed, number, title=title))
            self.motif[f"{feed}:{number}"] = motif
        put_listings(self.engine, *rows)
        rng = np.random.default_rng(4)
        words = encoder.encode_texts([*(f"{motif} motif" for motif in MOTIFS), "ring"])
        vectors = []
        for listing_id, motif in self.motif.items():
            image_id = sha256_hex(listing_id.encode())
            put_picture(self.engine, image_id, [listing_id])
            keys.append((image_key_of(image_id), image_id))
            word = words[MOTIFS.index(motif) if motif else -1]
            vectors.append(word + NOISE * rng.normal(size=len(word)) / np.sqrt(len(word)))
        unit = np.array(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
        write_part(self.objects, encoder.encoder_id, 0, keys, unit.astype(np.float32))
        self.judge()

    def judge(self):
        resolve_pieces(self.engine, "shop")
        judge_pictures(self.engine, "shop", lambda *_: ("accepted", []), {}, version="1")

    def enrich(self, load=None, **settings):
        return enrich(
            self.engine, self.objects, self.parts, "shop", load or (lambda: self.encoder), {},
            EnrichmentSettings(**settings),
        )  # fmt: skip

    def rows(self):
        with self.engine.connect() as connection:
            return attribute_rows(connection, "shop", attribute="motif")

    def motif_of(self, piece_id):
        from sqlalchemy import select

        from catalog.tables import piece_listings

        with self.engine.connect() as connection:
            chosen = select(piece_listings.c.listing_id).where(piece_listings.c.piece_id == piece_id)
            return self.motif[connection.execute(chosen).scalar_one()]


@pytest.fixture(scope="session")
def encoder():
    return EncoderLoader(SHIPPED).load()


@pytest.fixture
def shop(tmp_path, encoder):
    made = Shop(tmp_path, encoder)
    yield made
    made.engine.dispose()


def test_the_shipped_encoder_is_asked_only_in_words_that_it_knows(shop):
    done = shop.enrich()

    assert set(done.calibrations) == {"motif", "setting", "material_look"}
    assert done.left_out["era"] == "the encoder knows the words of 0 of 8 terms"
    assert set(done.left_out) == {"style", "era", "craftsmanship"}
    assert "skull" in done.unknown["motif"]
    assert done.calibrations["setting"].why_not.startswith("0 and 0 pieces")


def test_a_confident_suggestion_is_used_where_no_feed_states_anything(shop):
    done = shop.enrich()

    calibration = done.calibrations["motif"]
    assert calibration.calibrated_terms == set(MOTIFS)
    assert calibration.measured.count + calibration.fitted <= STATED + SILENT
    suggested = [row for row in shop.rows() if row.state == "suggested"]
    right = [row.suggested == shop.motif_of(row.piece_id) for row in suggested]
    assert len(suggested) > MUTE / 3
    assert np.mean(right) > 0.9
    assert all(row.confidence >= 0.8 and row.calibrated for row in suggested)
    assert {shop.motif_of(row.piece_id) for row in suggested} <= set(MOTIFS)  # none of a silent feed
    filtered = enriched_attributes(shop.engine, "shop")
    assert all(filtered[row.piece_id]["motif"].source == "suggested" for row in suggested)


def test_what_is_below_the_floor_waits_for_a_person_and_is_not_filtered_by(shop):
    done = shop.enrich(floor=0.995, questions=5)

    review = [row for row in shop.rows() if row.state == "review"]
    filtered = enriched_attributes(shop.engine, "shop")
    assert len(review) > 5
    assert done.questions == 5
    assert len(queue.waiting(shop.engine, "shop", ["attribute"])) == 5
    assert not any("motif" in filtered.get(row.piece_id, {}) for row in review)


def test_the_same_inputs_write_nothing_and_load_no_model(shop):
    first = shop.enrich()
    before = {key: shop.objects.get(key) for key in shop.objects.keys("")}

    second = shop.enrich(load=lambda: pytest.fail("the model was loaded"))

    assert first.changed > STATED
    assert (second.changed, second.inputs) == (0, first.inputs)
    assert second.calibrations == first.calibrations
    assert {key: shop.objects.get(key) for key in shop.objects.keys("")} == before


def test_rows_that_were_lost_are_written_again(shop):
    shop.enrich()
    lost = shop.rows()
    from catalog.tables import piece_attributes as table

    with shop.engine.begin() as connection:
        connection.execute(table.delete())

    shop.enrich()
    assert shop.rows() == lost


def test_a_feed_that_states_otherwise_is_contradicted_and_holds(shop):
    def told(number, title):
        return listing("maison", number, title=title)

    rows = [told(number, f"{MOTIFS[number % 4]} ring") for number in range(STATED)]
    rows[:8] = [told(number, f"{MOTIFS[(number + 1) % 4]} ring") for number in range(8)]
    put_listings(shop.engine, *rows)
    shop.judge()

    shop.enrich()

    against = [row for row in shop.rows() if row.state == "contradicts"]
    assert against
    wrong = {f"maison:{number}" for number in range(8)}
    assert any(next(iter(row.stated.values()))[0] in wrong for row in against)
    filtered = enriched_attributes(shop.engine, "shop")
    for row in against:
        assert row.suggested not in row.stated
        assert filtered[row.piece_id]["motif"].values == tuple(row.stated)


def test_a_persons_answer_holds_from_the_next_run_on(shop):
    shop.enrich(floor=0.995)
    item = next(one for one in queue.waiting(shop.engine, "shop", ["attribute"]) if one.subject[1] == "motif")
    queue.decide(
        shop.engine, "shop", item.item_id, "snake", who="anna", why="looked",
        decided_at=datetime(2026, 1, 5, tzinfo=UTC),
    )  # fmt: skip

    done = shop.enrich(floor=0.995)

    assert done.changed >= 1
    assert done.states["motif"]["decided"] == 1
    found = enriched_attributes(shop.engine, "shop")[item.subject[0]]["motif"]
    assert (found.values, found.source) == (("snake",), "decided")


def test_the_asset_shows_counts_and_a_reliability_curve(shop, tmp_path):
    resources = {
        "catalogue": shop.engine,
        "objects": shop.objects,
        "snapshots": SnapshotStore(shop.engine, shop.objects, tmp_path / "cache"),
        "feeds": FeedRegistry({"shop": ()}),
        "encoder": EncoderLoader(SHIPPED),
        "bounds": WorkBounds(workers=1, attempts=1, shards=1, cache=tmp_path / "cache"),
        "enrichment": EnrichmentSettings(),
    }

    def run():
        with dg.DagsterInstance.ephemeral() as instance:
            done = dg.materialize(
                [piece_attributes.map_asset_specs(_partitioned)],
                partition_key="shop",
                resources=resources,
                instance=instance,
            )
            return done.asset_materializations_for_node("piece_attributes")[0].metadata

    def _partitioned(spec):
        return spec.replace_attributes(partitions_def=dg.StaticPartitionsDefinition(["shop"]))

    first, second = run(), run()

    table = first["attributes"].value
    assert "| era | 0 | 0 | 0 | 0 | 0 |" in table
    assert "not asked: the encoder knows the words of 0 of 8 terms" in table
    assert first["calibration_error_motif"].value < 0.15
    assert first["reliability of suggestions"].value.startswith(
        "![reliability of suggestions](data:image/webp"
    )
    assert first["rows_changed"].value > 0
    assert second["rows_changed"].value == 0
