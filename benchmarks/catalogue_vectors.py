"""A catalogue of embedding-like vectors: clusters, near-duplicates, attributes, and queries of another kind.

Categories hold designs, designs hold pieces, pieces hold one to four pictures that nearly coincide; design
sizes follow a Zipf law.  The structure lives in 48 dimensions and is lifted to 512 with noise in all of them
and a common offset, as encoders have.  Text-like queries have another offset and lie between clusters.
Attributes follow the position where shops' do (category, metal, price) and do not where they do not (source).

Rows are drawn block by block from the seed and the block's number, so that a prefix of a larger catalogue is
the smaller one's, and ten million fit a memory map.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DIMENSION = 512
INNER = 48
BLOCK = 50_000
SELECTIVITIES = (0.5, 0.1, 0.01, 0.001, 0.0001)
_CATEGORIES = np.array(["ring", "necklace", "earrings", "bracelet", "pendant", "brooch", "watch", "anklet"])
_METALS = np.array(["yellow gold", "white gold", "silver", "platinum"])
_SOURCES = np.array(["atelier", "bazaar", "community"])
_DESIGNS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Keys in ascending order, unit vectors, listing rows (``metadata_file``, without tier) and groups."""

    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    metadata: pa.Table
    groups: NDArray[np.int64]


class Generator:
    """Draws one catalogue, and queries that belong to it."""

    def __init__(self, seed: int = 1) -> None:
        random = np.random.default_rng([seed, 0])
        self.seed = seed
        self._category_centres = random.normal(size=(len(_CATEGORIES), INNER))
        self._category_of = random.integers(len(_CATEGORIES), size=_DESIGNS)
        self._designs = (
            0.7 * self._category_centres[self._category_of] + random.normal(size=(_DESIGNS, INNER))
        ).astype(np.float32)
        share = 1.0 / np.arange(1, _DESIGNS + 1) ** 0.7
        self._share = share / share.sum()
        self._lift = (random.normal(size=(INNER, DIMENSION)) / INNER**0.5).astype(np.float32)
        self._offset = (0.5 * random.normal(size=DIMENSION)).astype(np.float32)
        self._text_offset = (0.7 * random.normal(size=DIMENSION)).astype(np.float32)
        self._metal_sides = random.normal(size=(INNER, len(_METALS))).astype(np.float32)
        self._price_side = random.normal(size=INNER).astype(np.float32)
        self._ball_side = random.normal(size=INNER).astype(np.float32)

    def blocks(self, count: int) -> Iterator[Catalogue]:
        """Give the catalogue in blocks of 50,000 pictures; keys ascend from block to block."""
        for number, start in enumerate(range(0, count, BLOCK)):
            yield self._block(number, min(BLOCK, count - start))

    def catalogue(self, count: int) -> Catalogue:
        """Return the whole catalogue in memory."""
        blocks = list(self.blocks(count))
        return Catalogue(
            keys=np.concatenate([block.keys for block in blocks]),
            vectors=np.concatenate([block.vectors for block in blocks]),
            metadata=pa.concat_tables([block.metadata for block in blocks]).combine_chunks(),
            groups=np.concatenate([block.groups for block in blocks]),
        )

    def text_queries(self, count: int, seed: int = 7) -> NDArray[np.float32]:
        """Return unit queries that are no picture's neighbours: between clusters, and off to one side."""
        random = np.random.default_rng([self.seed, 1, seed])
        design = random.choice(_DESIGNS, count, p=self._share)
        inner = 0.6 * self._category_centres[self._category_of[design]] + 0.6 * self._designs[design]
        inner += 0.4 * random.normal(size=(count, INNER))
        lifted = inner.astype(np.float32) @ self._lift + self._text_offset
        return _unit(lifted + 0.15 * random.normal(size=lifted.shape).astype(np.float32))

    def _block(self, number: int, count: int) -> Catalogue:
        random = np.random.default_rng([self.seed, 2, number])
        pieces_at_most = BLOCK
        pictures_of = random.integers(1, 5, size=pieces_at_most)
        piece = np.repeat(np.arange(pieces_at_most), pictures_of)[:BLOCK]
        design_of = random.choice(_DESIGNS, pieces_at_most, p=self._share)
        own = self._designs[design_of] + 0.35 * random.normal(size=(pieces_at_most, INNER)).astype(np.float32)
        inner = own[piece] + 0.06 * random.normal(size=(BLOCK, INNER)).astype(np.float32)
        vectors = inner @ self._lift + self._offset
        vectors = _unit(vectors + 0.1 * random.standard_normal(size=vectors.shape, dtype=np.float32))
        keys = (np.int64(number) << 40) + np.sort(random.choice(2**40, BLOCK, replace=False)).astype(np.int64)
        columns = self._attributes(random, piece, design_of[piece], own[piece], number)
        rows = slice(0, count)
        table = pa.table({"image_key": pa.array(keys), **columns}).slice(0, count)
        return Catalogue(
            keys=keys[rows],
            vectors=np.ascontiguousarray(vectors[rows]),
            metadata=table,
            groups=(piece + number * BLOCK)[rows].astype(np.int64),
        )

    def _attributes(
        self,
        random: np.random.Generator,
        piece: NDArray[np.int64],
        design: NDArray[np.int64],
        inner: NDArray[np.float32],
        number: int,
    ) -> dict[str, pa.Array]:
        count = len(piece)
        per_piece = random.random((int(piece.max()) + 1, 2 + len(SELECTIVITIES)))[piece]
        metal = (inner @ self._metal_sides + 1.5 * random.normal(size=(count, len(_METALS)))).argmax(axis=1)
        price = np.exp(8.5 + 0.12 * (inner @ self._price_side) + 0.4 * per_piece[:, 0]).astype(np.int64)
        ball = inner @ self._ball_side / float(np.linalg.norm(self._ball_side))
        return {
            "image_id": _texts(count, lambda row: f"{number:08x}{row:056x}"),
            "piece_id": pa.array([f"piece-{number}-{one}" for one in piece.tolist()]),
            "listing_id": _texts(count, lambda row: f"atelier:{number}-{row}"),
            "source": pa.array(_SOURCES[(per_piece[:, 1] * len(_SOURCES)).astype(int)]),
            "category": pa.array(_CATEGORIES[self._category_of[design]]),
            "brand": pa.array([f"brand {one % 400}" for one in design.tolist()]),
            "metal": pa.array(_METALS[metal]),
            "metal_colour": pa.nulls(count, pa.string()),
            "stones": pa.array(
                [["diamond"] if one % 3 else [] for one in design.tolist()], pa.list_(pa.string())
            ),
            "styles": self._selective(per_piece[:, 2:], ball),
            "colour": pa.nulls(count, pa.string()),
            "availability": pa.array(np.where(per_piece[:, 0] < 0.8, "in_stock", "out_of_stock")),
            "price_minor": pa.array(price),
            "currency": pa.array(np.full(count, "EUR")),
            "title": pa.nulls(count, pa.string()),
            "url": pa.nulls(count, pa.string()),
        }

    def _selective(self, drawn: NDArray[np.float64], ball: NDArray[np.float32]) -> pa.Array:
        """Return styles named for their selectivity: ``free 0.01`` by chance, ``near 0.01`` by position."""
        spread = float(np.sqrt(1 + 0.7**2 + 0.35**2))  # of a centred coordinate of the inner space
        edges = {share: NormalDist(0, spread).inv_cdf(1 - share) for share in SELECTIVITIES}
        rows: list[list[str]] = [[] for _ in range(len(drawn))]
        for column, share in enumerate(SELECTIVITIES):
            for row in np.flatnonzero(drawn[:, column] < share).tolist():
                rows[row].append(f"free {share:g}")
            for row in np.flatnonzero(ball > edges[share]).tolist():
                rows[row].append(f"near {share:g}")
        return pa.array(rows, pa.list_(pa.string()))


def tiers_of(
    count: int, shares: tuple[float, float, float] = (0.2, 0.5, 0.3), seed: int = 3
) -> NDArray[np.str_]:
    """Return a tier per picture, drawn by share."""
    drawn = np.random.default_rng(seed).random(count)
    return np.where(drawn < shares[0], "hot", np.where(drawn < shares[0] + shares[1], "warm", "cold"))


def _texts(count: int, name: Callable[[int], str]) -> pa.Array:
    return pa.array([name(row) for row in range(count)])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
