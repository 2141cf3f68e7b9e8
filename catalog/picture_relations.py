"""Which pictures of a collection show one photograph: hashes propose, pixels confirm, both are kept.

Exact copies need no row: they are one picture.  Nothing here decodes a pixel: what cuts and compares pictures
is handed in.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.hash_search import pairs_within
from catalog.tables import image_references, images, picture_relations
from storage.batches import batches
from storage.database import reading
from storage.objects import ObjectMissingError, ObjectStore, digest_key

RELATION_RULES_VERSION = "1"
"""Raise it with any bound here, so that what was compared is told anew."""

SAME_PHOTOGRAPH = "same_photograph"
ALTERED_PHOTOGRAPH = "altered_photograph"
LOOK_ALIKE = "look_alike"

# Read off real photographs, each re-encoded, halved, padded, cut and laid text over, and off the 65 pairs of
# 679 real pictures whose hashes are near: nine in ten of the former differ in at most 10 bits.
PROPOSED_WITHIN_BITS = 10
SAME_DETAIL = 0.9  # 95 in 100 changed copies have more, 83 with text beside the piece; no look-alike has .77
ALTERED_DETAIL = 0.8
LARGEST_STRETCH = 1.06
LARGEST_ALTERED_SHARE = 0.05
LARGEST_COLOUR_DISTANCE = 6.0  # strong JPEG compression reaches 4.7, another metal's colour starts at 8

_BATCH = 64
_PREPARED_KEPT = 256


_CUTS: tuple[Literal["piece", "frame"], ...] = ("piece", "frame")  # in the order that hashes are stored in


class Way(NamedTuple):
    """How two pictures are laid over each other."""

    cut_to: Literal["piece", "frame"]
    is_mirrored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsReport:
    """What was found among a collection's pictures."""

    pictures: int
    proposed: int  # pairs whose hashes are near
    compared: int  # pairs whose pixels were looked at now
    by_relation: Mapping[str, int]
    changed: int  # rows written


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographEye:
    """What looks at pictures, handed in.

    Attributes:
        prepare: Bytes to what ``compare`` takes.
        compare: Two prepared pictures and how to lay them over each other to ``detail_correlation``,
            ``mask_overlap``, ``colour_distance_ab``, ``altered_share`` and ``stretch``.
        mirror_bits: The bits of a perceptual hash that a mirror changes.
        version: Of hashes and comparison.
    """

    prepare: Callable[[bytes], Any]
    compare: Callable[[Any, Any, Way], Mapping[str, float | None]]
    mirror_bits: int
    version: str


def relate_pictures(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    eye: PhotographEye,
    *,
    workers: int,
) -> RelationsReport:
    """Find pictures of one photograph among the collection's live ones, and write what changed.

    A pair that was compared under this version is not looked at again.  A picture whose bytes are gone is
    left out until it is fetched again.
    """
    version = f"{eye.version}.{RELATION_RULES_VERSION}"
    with reading(engine) as connection:
        hashes = {
            row.image_id: (int(row.perceptual_hash, 16), int(row.frame_hash, 16))
            for row in connection.execute(
                sa.select(images.c.image_id, images.c.perceptual_hash, images.c.frame_hash)
                .where(
                    images.c.image_id.in_(
                        sa.select(image_references.c.image_id).where(
                            image_references.c.collection == collection, image_references.c.live
                        )
                    ),
                    images.c.perceptual_hash.is_not(None),
                )
                .order_by(images.c.image_id)
            )
        }
        stored = {
            (row.first, row.second): (row.relation, row.version)
            for row in connection.execute(
                sa.select(
                    picture_relations.c.first,
                    picture_relations.c.second,
                    picture_relations.c.relation,
                    picture_relations.c.version,
                ).where(picture_relations.c.collection == collection)
            )
        }
    proposed = propose(hashes, mirror_bits=eye.mirror_bits)
    waiting = [pair for pair in sorted(proposed) if stored.get(pair, ("", ""))[1] != version]
    gone = [pair for pair in stored if pair not in proposed]
    _forget(engine, collection, gone)
    relations = {pair: relation for pair, (relation, _) in stored.items() if pair in proposed}
    compared = 0
    for batch in _compared(objects, waiting, proposed, eye, workers):
        rows: list[dict[str, Any]] = []
        for (first, second), evidence in batch:
            relation = relation_of(evidence)
            relations[first, second] = relation
            rows.append(
                {
                    "collection": collection,
                    "first": first,
                    "second": second,
                    "relation": relation,
                    "evidence": evidence,
                    "version": version,
                }
            )
        _forget(engine, collection, [(row["first"], row["second"]) for row in rows])
        if rows:
            with engine.begin() as connection:
                connection.execute(picture_relations.insert(), rows)
        compared += len(rows)
    by_relation: dict[str, int] = defaultdict(int)
    for relation in relations.values():
        by_relation[relation] += 1
    return RelationsReport(
        pictures=len(hashes),
        proposed=len(proposed),
        compared=compared,
        by_relation=dict(by_relation),
        changed=compared + len(gone),
    )


def propose(
    hashes: Mapping[str, tuple[int, int]], *, mirror_bits: int
) -> dict[tuple[str, str], dict[Way, int]]:
    """Return pairs of pictures whose hashes are near, in order, and the bits that differ, by way.

    Args:
        hashes: Picture to the hash of its piece and of its frame, unsigned numbers of 64 bits.
        mirror_bits: The bits of a hash that a mirror changes.
    """
    names = sorted(hashes)
    found: dict[tuple[str, str], dict[Way, int]] = {}
    for column, cut_to in enumerate(_CUTS):
        own = np.array([hashes[name][column] for name in names], dtype=np.uint64)
        for is_mirrored in (False, True):
            other = own ^ np.uint64(mirror_bits) if is_mirrored else own
            one, two = pairs_within(own, other, PROPOSED_WITHIN_BITS)
            bits = np.bitwise_count(own[one] ^ other[two])
            for i, j, differing in zip(one.tolist(), two.tolist(), bits.tolist(), strict=True):
                if i < j:
                    way = Way(cut_to, is_mirrored)
                    found.setdefault((names[i], names[j]), {})[way] = differing
    return found


def relation_of(evidence: Mapping[str, Any]) -> str:
    """Return what two pictures are to each other, by what comparing their pixels gave."""
    detail, stretch = evidence["detail_correlation"], evidence["stretch"]
    if detail < ALTERED_DETAIL or stretch > LARGEST_STRETCH:
        return LOOK_ALIKE
    is_altered = (
        detail < SAME_DETAIL
        or evidence["altered_share"] > LARGEST_ALTERED_SHARE
        or evidence["colour_distance_ab"] > LARGEST_COLOUR_DISTANCE
    )
    return ALTERED_PHOTOGRAPH if is_altered else SAME_PHOTOGRAPH


def related(connection: sa.Connection, collection: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return (first, second, relation, evidence) of pictures that are no mere look-alikes, sorted."""
    rows = connection.execute(
        sa.select(
            picture_relations.c.first,
            picture_relations.c.second,
            picture_relations.c.relation,
            picture_relations.c.evidence,
        )
        .where(picture_relations.c.collection == collection, picture_relations.c.relation != LOOK_ALIKE)
        .order_by(picture_relations.c.first, picture_relations.c.second)
    )
    return [(row.first, row.second, row.relation, row.evidence) for row in rows]


def photographs(pictures: Iterable[str], same: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return every picture's photograph, named by the smallest picture that shows it.

    Args:
        pictures: All pictures.
        same: Pairs that show one photograph; pairs of others count for nothing.
    """
    parent = {picture: picture for picture in pictures}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for first, second in same:
        if first in parent and second in parent:
            low, high = sorted((root(first), root(second)))
            parent[high] = low
    return {picture: root(picture) for picture in parent}


def _compared(
    objects: ObjectStore,
    waiting: list[tuple[str, str]],
    proposed: Mapping[tuple[str, str], Mapping[Way, int]],
    eye: PhotographEye,
    workers: int,
) -> Iterator[list[tuple[tuple[str, str], dict[str, Any]]]]:
    """Compare pairs and yield them in batches small enough to lose, with the way that fits best."""

    @lru_cache(maxsize=_PREPARED_KEPT)
    def prepared(image_id: str) -> Any:
        try:
            return eye.prepare(objects.get(digest_key("images", image_id)))
        except ObjectMissingError:
            return None

    def look(pair: tuple[str, str]) -> dict[str, Any] | None:
        one, other = prepared(pair[0]), prepared(pair[1])
        if one is None or other is None:
            return None
        best: dict[str, Any] | None = None
        for way, bits in sorted(proposed[pair].items()):
            found = eye.compare(one, other, way)
            if best is None or (found["detail_correlation"] or 0.0) > best["detail_correlation"]:
                best = {**_rounded(found), "cut_to": way.cut_to, "mirrored": way.is_mirrored, "bits": bits}
        return best

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for some in batches(waiting, _BATCH):
            results = zip(some, pool.map(look, some), strict=True)
            yield [(pair, evidence) for pair, evidence in results if evidence is not None]


def _rounded(found: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(float(value), 4) for name, value in found.items()}


def _forget(engine: Engine, collection: str, pairs: list[tuple[str, str]]) -> None:
    if not pairs:
        return
    with engine.begin() as connection:
        connection.execute(
            picture_relations.delete().where(
                picture_relations.c.collection == collection,
                picture_relations.c.first == sa.bindparam("one"),
                picture_relations.c.second == sa.bindparam("other"),
            ),
            [{"one": first, "other": second} for first, second in pairs],
        )
