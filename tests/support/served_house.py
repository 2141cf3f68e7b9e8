"""A small house that serves: a real snapshot, promoted for real, and an encoder of few words."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from index_house import DIMENSION, SETTINGS, Catalogue, build, slim_catalogue, sqlite_store

from catalog.events.settings import EventSettings
from index_builds.manifest import Manifest
from index_builds.promotion import promote
from index_builds.snapshots import SnapshotStore
from serving.house import ServedHouse
from serving.settings import ServingSettings
from vision.known_words import KnownWords

# The test client comes from no address, so it would need a key, as everybody from elsewhere does.
NO_KEYS = {"keys": "never", "anonymous_per_second": 0.0}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class _Preprocess:
    image_size_px = 32
    decode_px = 32

    def __call__(self, image):
        return np.asarray(image.convert("RGB").resize((32, 32)), dtype=np.uint8)


class WordEncoder:
    """Turn every text and picture into a vector of its own, and know a few words."""

    dimension = DIMENSION
    batch_size = 8
    on_gpu = False

    def __init__(self, encoder_id="encoder-a"):
        self.encoder_id = encoder_id
        self.read_text = KnownWords(frozenset({"gold", "silver", "ring", "emerald"})).read
        self.preprocess = _Preprocess()
        self.texts: list[list[str]] = []
        self.pictures: list[int] = []

    def encode_texts(self, texts):
        self.texts.append(list(texts))
        return _unit([np.random.default_rng(list(text.encode())).normal(size=DIMENSION) for text in texts])

    def encode_images(self, pixels):
        self.pictures.append(len(pixels))
        lift = np.random.default_rng(3).normal(size=(48, DIMENSION))
        small = pixels.reshape(len(pixels), 4, 8, 4, 8, 3).mean(axis=(2, 4)).reshape(len(pixels), 48)
        return _unit(small @ lift)


def _unit(rows):
    drawn = np.stack(list(rows))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


class Loaded:
    def __init__(self, encoder):
        self.encoder = encoder

    def of(self, encoder_id):
        return self.encoder

    def load(self):
        return self.encoder


@dataclass
class Standing:
    """A deployment of one collection, and what is needed to change it."""

    root: Path
    store: SnapshotStore
    house: ServedHouse
    encoder: WordEncoder
    catalogue: Catalogue

    def promote(self, catalogue: Catalogue) -> Manifest:
        manifest = build(self.store, catalogue)
        promote(self.store, "house", manifest.snapshot_id, settings=SETTINGS.gate, actor="test", moved_at=NOW)
        return manifest


def standing(root: Path, *, count: int = 120, promoted: bool = True, **settings) -> Standing:
    """Build a catalogue, promote it, and open a house over it."""
    store = sqlite_store(root)
    encoder = WordEncoder()
    catalogue = slim_catalogue(count, tiers=("hot", "warm"))
    made = Standing(
        root=root,
        store=store,
        house=reopened(root, store, encoder, **settings),
        encoder=encoder,
        catalogue=catalogue,
    )
    if promoted:
        made.promote(catalogue)
    return made


def reopened(
    root: Path, store: SnapshotStore, encoder: WordEncoder, *, events=None, clock=None, **settings
) -> ServedHouse:
    """Open a house as another process would; ``events`` and ``clock`` are the house's own."""
    more = {} if clock is None else {"clock": clock}
    return ServedHouse(
        labels={"house": "The house"},
        default_collection="house",
        store=store,
        engine=store.engine,
        objects=store.objects,
        encoder=Loaded(encoder),
        settings=ServingSettings(**{"poll_seconds": 3600.0, "access": NO_KEYS, **settings}),
        copies=root / "copies",
        events=EventSettings(**(events or {})),
        **more,
    )
