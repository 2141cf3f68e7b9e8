"""The ledger of pictures: every reference with its state, every distinct picture with what was seen in it.

Nothing here decodes a pixel: what looks at a picture is handed in as a function of its bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from catalog.decisions import ACCEPT, Decision, in_force
from catalog.errors import CatalogError
from catalog.image_fetching import NOT_ASKED
from catalog.joining import DECIDED
from catalog.tables import image_references, images, listings, reference_verdict, verdicts
from storage.batches import batches
from storage.database import reading
from storage.objects import ObjectMissingError, ObjectStore, digest_key, sha256_hex

RETRIED_ALWAYS = frozenset(
    {"missing_file"}
)  # costs a look into a folder, and somebody may have put the file there
MISSING_OBJECT = "missing_object"
WRITE_BATCH = 64
_STRICTNESS = {"retailer": 0, "manufacturer": 1, "community": 2}
_SEVERITY = ("accepted", "review", "quarantined")
_MAY_BE_FETCHED = sa.or_(image_references.c.consent.is_(None), image_references.c.consent == "granted")


class ImageKeyCollisionError(CatalogError):
    """Two different pictures share the 63 bits that an index stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One location's outcome: its bytes, or why there are none."""

    location: str
    data: bytes | None = None
    reason: str | None = None
    message: str | None = None
    transient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What looking at a picture's bytes gave.

    ``unreadable`` is the reason code when they are no picture we accept.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    measures: Mapping[str, float] | None = None
    perceptual_hash: str | None = None
    frame_hash: str | None = None
    unreadable: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionFile:
    """One file that is served of a picture, by its name: a size, or ``cutout``."""

    name: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSet:
    """What is served of a picture: files, what stands in for them while they load, and what was done."""

    files: Sequence[RenditionFile]
    thumbhash: str
    processing: Mapping[str, float]


def image_key_of(image_id: str) -> int:
    """Return the int64 that an index stores for a picture: the first 63 bits of its digest."""
    return int(image_id[:16], 16) >> 1


def locations_to_fetch(
    engine: Engine, collection: str, feed: str, *, attempts: int, retry_failed: bool = False
) -> list[str]:
    """Return the distinct locations of a feed that wait, or that failed in a way worth another try.

    Args:
        attempts: How often a location that failed in a transient way is asked, over all runs.
        retry_failed: Return every location that failed, however it did and however often.
    """
    worth_it = sa.or_(
        image_references.c.reason.in_(sorted(RETRIED_ALWAYS)),
        sa.and_(image_references.c.attempts > 0, image_references.c.attempts < attempts),
        sa.literal(retry_failed),
    )
    failed_but_worth_it = sa.and_(image_references.c.state == "failed", worth_it, _MAY_BE_FETCHED)
    with reading(engine) as connection:
        return list(
            connection.execute(
                sa.select(image_references.c.location)
                .where(
                    image_references.c.collection == collection,
                    image_references.c.feed == feed,
                    image_references.c.live,
                    sa.or_(image_references.c.state == "pending", failed_but_worth_it),
                )
                .distinct()
                .order_by(image_references.c.location)
            ).scalars()
        )


def retry_failed(engine: Engine, collection: str) -> int:
    """Let every picture that could not be had wait again, as if it was never asked; return how many do.

    For the day on which a shop has put right what it refused, or an operator the credentials.
    """
    with engine.begin() as connection:
        return connection.execute(
            image_references.update()
            .where(
                image_references.c.collection == collection,
                image_references.c.live,
                image_references.c.state == "failed",
                _MAY_BE_FETCHED,
            )
            .values(state="pending", attempts=0, reason=None, message=None)
        ).rowcount


def record_fetched(
    engine: Engine, objects: ObjectStore, collection: str, feed: str, outcomes: Iterable[Fetched]
) -> dict[str, int]:
    """Store pictures as they arrive and note every outcome; return how many locations ended in each state.

    Bytes are stored before the rows that name them, a batch of rows is one transaction: a killed run loses at
    most the last batch of notes, and never a picture that a row names.  A transient failure counts an
    attempt; a permanent one (``attempts`` 0) waits until the feed names another location, or somebody asks
    for it (``retry_failed``).  What was not asked stays as it was, and is counted as ``pending``.
    """
    counts: dict[str, int] = {}
    for batch in batches(outcomes, WRITE_BATCH):
        kept: dict[str, tuple[str, int]] = {}
        for outcome in batch:
            if outcome.data is not None:
                image_id = sha256_hex(outcome.data)
                key = digest_key("images", image_id)
                if not objects.exists(key):
                    objects.put(key, outcome.data)
                kept[outcome.location] = (image_id, len(outcome.data))
        with engine.begin() as connection:
            _register(connection, dict(kept.values()))
            for outcome in batch:
                state = _note(connection, collection, feed, outcome, kept)
                counts[state] = counts.get(state, 0) + 1
    return counts


def _register(connection: Connection, sizes: Mapping[str, int]) -> None:
    if not sizes:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"image_id": image_id, "image_key": image_key_of(image_id), "bytes": size}
        for image_id, size in sorted(sizes.items())  # one order for everybody, or two writers could deadlock
    ]
    connection.execute(insert(images).values(rows).on_conflict_do_nothing())
    holders = {
        row.image_key: row.image_id
        for row in connection.execute(
            sa.select(images.c.image_id, images.c.image_key).where(
                images.c.image_key.in_([row["image_key"] for row in rows])
            )
        )
    }
    for image_id in sizes:
        key = image_key_of(image_id)
        if holders[key] != image_id:
            message = (
                f"pictures {image_id} and {holders[key]} share index key {key}: remove one from its feed"
            )
            raise ImageKeyCollisionError(message)


def _note(
    connection: Connection,
    collection: str,
    feed: str,
    outcome: Fetched,
    kept: Mapping[str, tuple[str, int]],
) -> str:
    mine = (
        image_references.c.collection == collection,
        image_references.c.feed == feed,
        image_references.c.location == outcome.location,
        _MAY_BE_FETCHED,  # another listing may name the same place without consent
    )
    if outcome.location in kept:
        values: dict[str, Any] = {
            "state": "fetched",
            "image_id": kept[outcome.location][0],
            "reason": None,
            "message": None,
        }
        connection.execute(image_references.update().where(*mine).values(**values))
        return "fetched"
    if outcome.reason == NOT_ASKED:
        connection.execute(
            image_references.update()
            .where(*mine, image_references.c.state == "pending")
            .values(reason=outcome.reason, message=outcome.message)
        )
        return "pending"
    values = {
        "state": "failed",
        "reason": outcome.reason,
        "message": outcome.message,
        "attempts": image_references.c.attempts + 1 if outcome.transient else 0,
    }
    changed = sa.or_(
        image_references.c.state != "failed",
        image_references.c.reason != outcome.reason,
        sa.literal(outcome.transient),
        image_references.c.attempts != 0,
    )
    connection.execute(image_references.update().where(*mine, changed).values(**values))
    return "failed"


def look_at_pictures(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    look: Callable[[bytes], Seen],
    *,
    version: str,
    workers: int,
) -> int:
    """Measure the collection's pictures that were not looked at by this version yet; return how many were.

    A picture whose bytes are gone from the object store is noted as ``missing_object``, is not judged, and is
    fetched and looked at again by the next run.
    """

    def seen_in(image_id: str) -> Seen:
        try:
            data = objects.get(digest_key("images", image_id))
        except ObjectMissingError as error:
            return Seen(unreadable=MISSING_OBJECT, message=str(error))
        return look(data)

    looked_at = 0
    with reading(engine) as connection:
        waiting = list(
            connection.execute(
                sa.select(images.c.image_id)
                .where(
                    images.c.image_id.in_(_of_collection(collection)),
                    sa.or_(images.c.measures_version.is_(None), images.c.measures_version != version),
                )
                .order_by(images.c.image_id)
            ).scalars()
        )
    for batch in _worked(waiting, seen_in, workers):
        missing = [image_id for image_id, seen in batch if seen.unreadable == MISSING_OBJECT]
        looked_at += len(batch) - len(missing)
        with engine.begin() as connection:
            _fetch_again(connection, missing)
            connection.execute(
                images.update()
                .where(images.c.image_id == sa.bindparam("seen_id"))
                .values(
                    format=sa.bindparam("new_format"),
                    width=sa.bindparam("new_width"),
                    height=sa.bindparam("new_height"),
                    measures=sa.bindparam("new_measures"),
                    perceptual_hash=sa.bindparam("new_perceptual_hash"),
                    frame_hash=sa.bindparam("new_frame_hash"),
                    unreadable=sa.bindparam("new_unreadable"),
                    unreadable_message=sa.bindparam("new_message"),
                    measures_version=sa.bindparam("new_version"),
                ),
                [
                    {
                        "seen_id": image_id,
                        "new_format": seen.format,
                        "new_width": seen.width,
                        "new_height": seen.height,
                        "new_measures": None if seen.measures is None else dict(seen.measures),
                        "new_perceptual_hash": seen.perceptual_hash,
                        "new_frame_hash": seen.frame_hash,
                        "new_unreadable": seen.unreadable,
                        "new_message": seen.message,
                        "new_version": None if seen.unreadable == MISSING_OBJECT else version,
                    }
                    for image_id, seen in batch
                ],
            )
    return looked_at


def _fetch_again(connection: Connection, missing: Sequence[str]) -> None:
    """Let the references to pictures whose bytes are gone wait, in whatever collection they are."""
    if missing:
        connection.execute(
            image_references.update()
            .where(image_references.c.image_id.in_(missing), image_references.c.state == "fetched")
            .values(
                state="pending",
                attempts=0,
                reason=MISSING_OBJECT,
                message="its bytes are gone from the object store: it is fetched again",
            )
        )


def judge_pictures(
    engine: Engine,
    collection: str,
    judge: Callable[[Mapping[str, float], str], tuple[str, list[dict[str, Any]]]],
    kind_of_feed: Mapping[str, str],
    *,
    version: str,
    beside: Mapping[str, tuple[str, Sequence[dict[str, Any]]]] | None = None,
) -> int:
    """Give every picture of the collection its verdict; return how many verdicts changed.

    A picture used by several feeds is held to the standard of the strictest kind among them.  Unreadable
    bytes are ``rejected`` with their reason, whatever anybody decided.  What a person decided outranks every
    rule, and its verdict names them.  Verdicts of other rules are judged anew, so quarantined pictures come
    back when rules change.

    Args:
        judge: Measures and feed kind to verdict and findings.
        kind_of_feed: Feed name to its kind.
        beside: Pictures that other pictures or their uses speak against: the verdict that this leads to, and
            why.  The worse verdict counts, and all reasons stand.
    """
    with engine.begin() as connection:
        decided = in_force(connection, collection, "picture")
        uses: dict[str, set[str]] = {}
        seen: dict[str, Any] = {}
        for row in connection.execute(
            sa.select(
                images.c.image_id,
                images.c.measures,
                images.c.unreadable,
                images.c.unreadable_message,
                image_references.c.feed,
            )
            .join(image_references, image_references.c.image_id == images.c.image_id)
            .where(image_references.c.collection == collection, images.c.measures_version.is_not(None))
        ):
            uses.setdefault(row.image_id, set()).add(kind_of_feed.get(row.feed, "retailer"))
            seen[row.image_id] = row
        before = {
            row.image_id: (row.verdict, row.reasons, row.rules_version)
            for row in connection.execute(sa.select(verdicts).where(verdicts.c.collection == collection))
        }
        new = []
        for image_id, kinds in sorted(uses.items()):
            row = seen[image_id]
            if row.unreadable is not None:
                finding = {
                    "rule": row.unreadable,
                    "measured": None,
                    "required": None,
                    "unit": row.unreadable_message,
                }
                after = ("rejected", [finding], version)
            elif (decision := decided.get((image_id,))) is not None:
                after = (*_decided_verdict(decision), version)
            else:
                verdict = judge(row.measures, strictest(kinds))
                after = (*_worse(verdict, (beside or {}).get(image_id)), version)
            if before.get(image_id) != after:
                new.append((image_id, after))
        gone = [image_id for image_id in before if image_id not in uses]
        for some in batches([*gone, *(image_id for image_id, _ in new)], 1000):
            connection.execute(
                verdicts.delete().where(verdicts.c.collection == collection, verdicts.c.image_id.in_(some))
            )
        if new:
            connection.execute(
                verdicts.insert(),
                [
                    {
                        "collection": collection,
                        "image_id": image_id,
                        "verdict": after[0],
                        "reasons": after[1],
                        "rules_version": after[2],
                    }
                    for image_id, after in new
                ],
            )
    return len(new) + len(gone)


def strictest(kinds: Iterable[str]) -> str:
    """Return the kind of feed whose standard a picture is held to when several kinds show it."""
    return min(kinds, key=lambda kind: _STRICTNESS.get(kind, 0))


def _decided_verdict(decision: Decision) -> tuple[str, list[dict[str, Any]]]:
    finding = {
        "rule": DECIDED,
        "measured": None,
        "required": None,
        "unit": f"{decision.decision} by {decision.by}",
    }
    return "accepted" if decision.decision == ACCEPT else "quarantined", [finding]


def _worse(
    one: tuple[str, list[dict[str, Any]]], other: tuple[str, Sequence[dict[str, Any]]] | None
) -> tuple[str, list[dict[str, Any]]]:
    if other is None:
        return one
    return max(one[0], other[0], key=_SEVERITY.index), [*one[1], *other[1]]


def render_pictures(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    render: Callable[[bytes], RenditionSet],
    *,
    version: str,
    workers: int,
) -> int:
    """Make what is served of accepted pictures and of those in review.

    Return how many pictures got theirs.  One whose bytes are gone from the object store is passed over, and
    fetched again by the next run.
    """
    rendered = 0
    with reading(engine) as connection:
        waiting = list(
            connection.execute(
                sa.select(images.c.image_id)
                .join(verdicts, verdicts.c.image_id == images.c.image_id)
                .where(
                    verdicts.c.collection == collection,
                    verdicts.c.verdict.in_(["accepted", "review"]),
                    sa.or_(images.c.renditions_version.is_(None), images.c.renditions_version != version),
                )
                .order_by(images.c.image_id)
            ).scalars()
        )

    def store(image_id: str) -> dict[str, Any] | None:
        try:
            data = objects.get(digest_key("images", image_id))
        except ObjectMissingError:
            return None
        made = render(data)
        files = {}
        for one in made.files:
            digest = sha256_hex(one.data)
            objects.put(digest_key("renditions", digest, ".webp"), one.data)
            files[one.name] = {"digest": digest, "width": one.width, "height": one.height}
        return {"files": files, "thumbhash": made.thumbhash, "processing": dict(made.processing)}

    for batch in _worked(waiting, store, workers):
        made = [{"seen_id": image_id, "new_renditions": kept} for image_id, kept in batch if kept is not None]
        rendered += len(made)
        with engine.begin() as connection:
            _fetch_again(connection, [image_id for image_id, kept in batch if kept is None])
            if made:
                connection.execute(
                    images.update()
                    .where(images.c.image_id == sa.bindparam("seen_id"))
                    .values(renditions=sa.bindparam("new_renditions"), renditions_version=version),
                    made,
                )
    return rendered


def accepted_images(engine: Engine, collection: str | None = None) -> list[tuple[int, str]]:
    """Return (image_key, image_id) of accepted pictures, of one collection or of all, sorted by key."""
    chosen = [verdicts.c.verdict == "accepted"]
    if collection is not None:
        chosen.append(verdicts.c.collection == collection)
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(images.c.image_key, images.c.image_id)
            .join(verdicts, verdicts.c.image_id == images.c.image_id)
            .where(*chosen)
            .distinct()
            .order_by(images.c.image_key)
        )
        return [(row.image_key, row.image_id) for row in rows]


def refused_images(engine: Engine, collection: str, *, limit: int) -> list[dict[str, Any]]:
    """Return pictures that were not accepted, with verdict, findings and the listing that shows them."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(
                verdicts.c.image_id,
                verdicts.c.verdict,
                verdicts.c.reasons,
                sa.func.min(listings.c.title).label("title"),
                sa.func.min(image_references.c.location).label("location"),
            )
            .join(image_references, reference_verdict)
            .join(
                listings,
                sa.and_(
                    listings.c.listing_id == image_references.c.listing_id,
                    listings.c.collection == verdicts.c.collection,
                ),
            )
            .where(verdicts.c.collection == collection, verdicts.c.verdict != "accepted")
            .group_by(verdicts.c.collection, verdicts.c.image_id)
            .order_by(verdicts.c.verdict, verdicts.c.image_id)
            .limit(limit)
        )
        return [dict(row._mapping) for row in rows]


def _of_collection(collection: str) -> sa.Select[Any]:
    return sa.select(image_references.c.image_id).where(
        image_references.c.collection == collection, image_references.c.image_id.is_not(None)
    )


def _worked(
    items: Sequence[str], work: Callable[[str], Any], workers: int
) -> Iterator[list[tuple[str, Any]]]:
    """Run ``work`` over items in threads and yield the results in batches small enough to lose."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for some in batches(items, WRITE_BATCH):
            yield list(zip(some, pool.map(work, some), strict=True))
