"""A small clustered catalogue, and builds of it, for the tests of index builds."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.build import write_index
from index_builds.gate import run_gate
from index_builds.gate_report import GateReport
from index_builds.gate_truth import truth_of
from index_builds.ids import ids_digest
from index_builds.manifest import IndexFile, Manifest, MetadataFile, SnapshotContent, Training
from index_builds.metadata_file import SCHEMA, canonical_metadata, write_metadata
from index_builds.pipeline import build_candidate
from index_builds.queries import HELD_OUT, Queries, free_queries, held_out_queries
from index_builds.reading import open_content
from index_builds.settings import GateSettings, IndexSettings
from index_builds.snapshots import Draft, SnapshotStore
from storage.database import open_database
from storage.objects import LocalObjectStore, sha256_hex

DIMENSION = 128
INNER = 12  # dimensions in which pictures differ
MOVED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CATEGORIES = ("ring", "necklace", "earrings", None)
SOURCES = ("atelier", "bazaar")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything that a build of one collection takes."""

    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    metadata: pa.Table
    tiers: NDArray[np.str_]
    queries: dict[str, Queries]
    encoder_id: str = "encoder-a"

    def take(self, rows: NDArray[np.int64]) -> "Catalogue":
        kept = np.isin(self.metadata["image_key"].to_numpy(), self.keys[rows])
        return replace(
            self,
            keys=self.keys[rows],
            vectors=self.vectors[rows],
            tiers=self.tiers[rows],
            metadata=self.metadata.filter(pa.array(kept)),
        )


def make_catalogue(
    count: int, *, seed: int = 1, tiers: tuple[str, ...] = ("hot", "warm", "cold"), queries: int = 30
) -> Catalogue:
    """Draw pictures in clusters of a few, with one to two listing rows each."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 8), INNER))
    inner = centres[random.integers(len(centres), size=count)] + 0.3 * random.normal(size=(count, INNER))
    lift = random.normal(size=(INNER, DIMENSION))
    drawn = inner @ lift + 0.05 * random.normal(size=(count, DIMENSION))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    keys = np.sort(random.choice(2**40, size=count, replace=False)).astype(np.int64) << 20
    rows = []
    for position, key in enumerate(keys):
        for listing in range(1 + position % 2):
            source = SOURCES[(position + listing) % 2]
            rows.append(
                {
                    "image_key": int(key),
                    "image_id": f"{int(key):064x}",
                    "piece_id": f"piece-{position // 3}",
                    "listing_id": f"{source}:{position}-{listing}",
                    "source": source,
                    "category": CATEGORIES[position % 4],
                    "brand": None if position % 3 else "Aurelia",
                    "metal": ("gold", "silver", None)[position % 3],
                    "metal_colour": None,
                    "stones": ["diamond", "ruby"][: position % 3],
                    "styles": ["vintage"] if position % 5 == 0 else [],
                    "colour": None,
                    "availability": ("in_stock", "out_of_stock")[position % 2],
                    "price_minor": None if position % 7 == 0 else 1000 + 37 * position,
                    "currency": None if position % 7 == 0 else ("EUR", "USD")[position % 2],
                    "title": f"piece {position}",
                    "url": None,
                }
            )
    schema = pa.schema([field for field in SCHEMA if field.name != "tier"])
    free = (random.normal(size=(queries, INNER)) @ lift).astype(np.float32)
    free /= np.linalg.norm(free, axis=1, keepdims=True)
    return Catalogue(
        keys=keys,
        vectors=vectors,
        metadata=pa.Table.from_pylist(rows, schema=schema),
        tiers=np.array([tiers[position % len(tiers)] for position in range(count)], dtype=np.str_),
        queries={
            HELD_OUT: held_out_queries(keys, vectors, np.arange(count) // 3, count=queries, seed=5),
            "text": free_queries(free),
        },
    )


def slim_catalogue(count: int, *, tiers: tuple[str, ...] = ("hot",)) -> Catalogue:
    """Draw a catalogue with few queries of one family, for tests of what happens around the gate."""
    made = make_catalogue(count, tiers=tiers, queries=8)
    return replace(made, queries={HELD_OUT: made.queries[HELD_OUT]})


SETTINGS = IndexSettings(
    gate=GateSettings(
        bootstrap_samples=100, min_stratum_queries=8, vector_sample=200, audit_queries=20, health_queries=60
    )
)


def build(store: SnapshotStore, catalogue: Catalogue, **changed: object) -> Manifest:
    """Build a catalogue as the pipeline does."""
    arguments: dict[str, object] = {
        "collection": "house",
        "encoder_id": catalogue.encoder_id,
        "keys": catalogue.keys,
        "vectors": catalogue.vectors,
        "metadata": catalogue.metadata,
        "tier_of": catalogue.tiers,
        "queries": catalogue.queries,
        "settings": SETTINGS,
        "upstream": {"image_embeddings": "1"},
        "run_id": "run-1",
    }
    return build_candidate(store, **(arguments | changed))  # type: ignore[arg-type]


def sqlite_store(folder: Path) -> SnapshotStore:
    """Open a store in a folder of its own."""
    engine = open_database(f"sqlite:///{folder / 'loupe.db'}")
    return SnapshotStore(engine, LocalObjectStore(folder / "objects"), folder / "cache")


def draft_with(
    folder: Path, catalogue: Catalogue, index: faiss.Index, *, encoder_id: str = "encoder-a"
) -> tuple[SnapshotContent, dict[str, Path]]:
    """Return a content of one hot tier that states truly what an index holds, whoever built it."""
    folder.mkdir(parents=True, exist_ok=True)
    built = write_index(index, folder / "index")
    keys = faiss.vector_to_array(index.id_map)
    everyone = np.full(len(catalogue.keys), "hot")
    table = canonical_metadata(catalogue.metadata, catalogue.keys, everyone)
    data = write_metadata(table)
    (folder / "metadata").write_bytes(data)
    content = SnapshotContent(
        encoder_id=encoder_id,
        dimension=DIMENSION,
        metric="inner_product",
        tiers={
            "hot": {
                "visual": IndexFile(
                    digest=built.digest,
                    bytes=built.bytes,
                    factory="Flat",
                    parameters={},
                    vectors=index.ntotal,
                    ids_digest=ids_digest(keys),
                    recipe="by hand",
                    resident_fraction=1.0,
                    reason="built by a test",
                )
            }
        },
        live_vectors=len(np.unique(keys)),
        tombstones=0,
        ids_digest=ids_digest(np.unique(keys)),
        metadata=MetadataFile(digest=sha256_hex(data), bytes=len(data), rows=table.num_rows),
    )
    return content, {built.digest: folder / "index", sha256_hex(data): folder / "metadata"}


def judged(
    content: SnapshotContent,
    paths: dict[str, Path],
    catalogue: Catalogue,
    settings: GateSettings = SETTINGS.gate,
) -> GateReport:
    """Run the gate over a content of one hot tier."""
    table = canonical_metadata(catalogue.metadata, catalogue.keys, np.full(len(catalogue.keys), "hot"))
    return run_gate(
        open_content(content, paths.__getitem__, snapshot_id=None),
        truth_of(catalogue.keys, catalogue.vectors, table),
        catalogue.queries,
        incumbent=None,
        settings=settings,
    )


def draft_of(content: SnapshotContent, paths: dict[str, Path], gate: GateReport, **changed: object) -> Draft:
    """Return a draft to publish."""
    stated: dict[str, object] = {
        "collection": "house",
        "content": content,
        "paths": paths,
        "parent": None,
        "training": Training(seed=1, sample_sizes={"hot": 0}),
        "library_versions": {},
        "upstream": {},
        "gate": gate,
        "run_id": None,
    }
    return Draft(**(stated | changed))  # type: ignore[arg-type]


def flat_index(
    keys: NDArray[np.int64], vectors: NDArray[np.float32], inner: faiss.Index | None = None
) -> faiss.Index:
    """Return an index with ids, inner product unless ``inner`` says otherwise."""
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]) if inner is None else inner)
    index.add_with_ids(vectors, keys)
    return index


APPROXIMATE = IndexSettings.model_validate(
    SETTINGS.model_dump()
    | {
        "tiers": {
            "hot": {"exact_below": 0, "target_recall": 0.99},
            "warm": {"exact_below": 0, "target_recall": 0.99},
            "cold": {"exact_below": 0, "target_recall": 0.99},
        }
    }
)


def with_vectors(catalogue: Catalogue, rows: np.ndarray, seed: int = 9) -> Catalogue:
    """Return the catalogue with other vectors under some keys."""
    vectors = catalogue.vectors.copy()
    noise = np.random.default_rng(seed).normal(size=(len(rows), vectors.shape[1]))
    drawn = catalogue.vectors[rows + 500] + 0.01 * noise
    vectors[rows] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return replace(catalogue, vectors=vectors)


def asked_anew(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with gate queries of its own images."""
    queries = {
        **catalogue.queries,
        HELD_OUT: held_out_queries(catalogue.keys, catalogue.vectors, None, count=30, seed=5),
    }
    return replace(catalogue, queries=queries)


def build_of(store: SnapshotStore, catalogue: Catalogue, **changed: object) -> Manifest:
    """Build with approximate plans, the gate asking images of the catalogue itself."""
    return build(store, asked_anew(catalogue), settings=APPROXIMATE, **changed)
