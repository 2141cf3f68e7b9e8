"""The plan of tiers as a file of its snapshot, and the table that repeats the promoted one's.

The plan that holds is the promoted snapshot's: a candidate that is refused changes nothing, and a rollback
brings the former plan back.  The table ``piece_tiers`` is a copy for people and queries; no plan reads it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from index_builds.errors import SnapshotDamagedError, SnapshotMissingError
from index_builds.manifest import Manifest, PieceTiers, TierMove
from index_builds.reading import read_rows
from index_builds.snapshots import SnapshotStore
from index_builds.tables import piece_tiers
from index_builds.tier_moves import KeptPlan
from index_builds.tier_planning import REASONS, TierPlanning
from index_builds.tiers import TIERS
from storage.batches import batches
from storage.objects import sha256_hex

SCHEMA = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("since", pa.date32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
_EPOCH = date(1970, 1, 1)
_KEYS, _ROWS = 500, 5_000  # in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBefore:
    """The promoted snapshot's plan, as columns of places (``tier_planning.PieceColumns``)."""

    piece_ids: pa.Array
    tier: NDArray[np.int8]
    since: NDArray[np.int32]
    reason: NDArray[np.int8]
    balanced_on: date | None  # None where it was made before plans were kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan's bytes, and what the manifest says of them."""

    data: bytes
    stated: PieceTiers


def days_since_epoch(day: date) -> int:
    """Return the number that plans count a day as."""
    return (day - _EPOCH).days


def plan_file(piece_ids: pa.Array, plan: TierPlanning, *, day: date, balanced_on: date) -> PlanFile:
    """Return a plan as a file; equal plans give equal bytes, whatever the order of the pieces."""
    table = pa.Table.from_arrays(
        [
            piece_ids,
            pa.array(TIERS).take(pa.array(plan.tier)),
            pa.array(plan.since, pa.int32()).cast(pa.date32()),
            pa.array(REASONS).take(pa.array(plan.reason)),
        ],
        schema=SCHEMA,
    ).sort_by("piece_id")
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    data = sink.getvalue()
    stated = PieceTiers(
        digest=sha256_hex(data),
        bytes=len(data),
        pieces=len(piece_ids),
        day=day.isoformat(),
        balanced_on=balanced_on.isoformat(),
        moves=tuple(
            TierMove(source=one.source, target=one.target, reason=one.reason, pieces=one.pieces)
            for one in plan.moves
        ),
    )
    return PlanFile(data=data, stated=stated)


def plan_before(store: SnapshotStore, collection: str, *, today: date) -> PlanBefore | None:
    """Return the plan that holds; ``None`` before the first promotion.

    A snapshot from before plans were kept says at least where each piece stands; it stands there since today.

    Raises:
        SnapshotDamagedError: If the promoted snapshot's plan is not what was published.
        SnapshotMissingError: If it is gone.
    """
    promoted = store.promoted(collection)
    if promoted is None:
        return None
    content = store.manifest(collection, promoted).content
    if content.piece_tiers is None:
        rows = read_rows(content, store.file, f"{collection}/{promoted}")
        places = pc.index_in(rows["tier"], value_set=pa.array(TIERS))
        hottest = pa.table({"piece_id": rows["piece_id"], "tier": places}).group_by("piece_id")
        table = hottest.aggregate([("tier", "min")])
        count = table.num_rows
        return PlanBefore(
            piece_ids=table["piece_id"].combine_chunks(),
            tier=table["tier_min"].to_numpy().astype(np.int8),
            since=np.full(count, days_since_epoch(today), dtype=np.int32),
            reason=np.full(count, REASONS.index("before_plans"), dtype=np.int8),
            balanced_on=None,
        )
    table = _read(store.file, content.piece_tiers, f"{collection}/{promoted}")
    return PlanBefore(
        piece_ids=table["piece_id"],
        tier=_places(table["tier"], TIERS),
        since=table["since"].cast(pa.int32()).to_numpy(),
        reason=_places(table["reason"], REASONS),
        balanced_on=date.fromisoformat(content.piece_tiers.balanced_on),
    )


def kept_plan(manifest: Manifest, path_of: Callable[[str], Path]) -> KeptPlan:
    """Return the plan that a snapshot was built by, or what to tell people where there is none to read.

    For those who can do without: a snapshot that kept no plan, or whose plan is gone or damaged, is no error.

    Args:
        manifest: Of any snapshot, promoted or not.
        path_of: Gives the local file of a digest.
    """
    stated, what = manifest.content.piece_tiers, f"{manifest.collection}/{manifest.snapshot_id}"
    if stated is None:
        missing = f"{what} was built before plans of tiers were kept, or without one"
        return KeptPlan(rows=None, missing=missing)
    try:
        return KeptPlan(rows=_read(path_of, stated, what), missing=None)
    except SnapshotMissingError as error:
        return KeptPlan(rows=None, missing=f"the tier plan of {what} is gone: {error}")
    except SnapshotDamagedError as error:
        return KeptPlan(rows=None, missing=str(error))


def record_tiers(store: SnapshotStore, collection: str) -> int:
    """Make the table say what the promoted snapshot's plan says; return how many rows changed.

    Whoever moves the pointer calls it, and every hourly run does, so that a process that was killed between
    the move and this leaves nothing wrong for longer.  A snapshot without a plan leaves no rows.

    Raises:
        SnapshotDamagedError: If the plan is not what was published.
        SnapshotMissingError: If it is gone.
    """
    with store.exclusively() as connection:
        promoted = store.promoted(collection)
        stated = None if promoted is None else store.manifest(collection, promoted).content.piece_tiers
        planned: dict[str, tuple[str, str, str]] = {}
        if stated is not None:
            columns = _read(store.file, stated, f"{collection}/{promoted}")
            since = [day.isoformat() for day in columns["since"].to_pylist()]
            named = zip(columns["tier"].to_pylist(), since, columns["reason"].to_pylist(), strict=True)
            planned = dict(zip(columns["piece_id"].to_pylist(), named, strict=True))
        return _replace(connection, collection, planned)


def _replace(connection: Connection, collection: str, planned: dict[str, tuple[str, str, str]]) -> int:
    mine = piece_tiers.c.collection == collection
    stored = {
        row.piece_id: (row.tier, row.since, row.reason)
        for row in connection.execute(sa.select(piece_tiers).where(mine))
    }
    changed = {one: values for one, values in planned.items() if stored.get(one) != values}
    stale = [one for one in stored if one not in planned or one in changed]
    for keys in batches(stale, _KEYS):
        connection.execute(piece_tiers.delete().where(mine, piece_tiers.c.piece_id.in_(keys)))
    for rows in batches(sorted(changed.items()), _ROWS):
        connection.execute(
            piece_tiers.insert(),
            [
                {
                    "collection": collection,
                    "piece_id": one,
                    "tier": tier,
                    "since": since,
                    "reason": reason,
                }
                for one, (tier, since, reason) in rows
            ],
        )
    return len(changed) + len([one for one in stale if one not in planned])


def _read(path_of: Callable[[str], Path], stated: PieceTiers, what: str) -> pa.RecordBatch:
    data = path_of(stated.digest).read_bytes()
    if sha256_hex(data) != stated.digest:
        message = f"the tier plan of {what} is damaged: restore {stated.digest[:12]}, or roll back"
        raise SnapshotDamagedError(message)
    try:
        table = pq.read_table(pa.BufferReader(data)).select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, ValueError, OSError) as error:
        message = f"the tier plan of {what} cannot be read: {error}; build the snapshot again, or roll back"
        raise SnapshotDamagedError(message) from error
    return pa.RecordBatch.from_arrays([table[name].combine_chunks() for name in SCHEMA.names], schema=SCHEMA)


def _places(names: pa.Array, of: tuple[str, ...]) -> NDArray[np.int8]:
    places: NDArray[np.int8] = pc.index_in(names, value_set=pa.array(of)).to_numpy().astype(np.int8)
    return places
