"""Placing pieces in tiers: what the catalogue says of each and the plan that holds, handed to the planner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalog.demand import Demand
from index_builds.settings import PlacementSettings
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS

if TYPE_CHECKING:
    from index_builds.tier_planning import PieceColumns
    from index_builds.tier_records import PlanBefore, PlanFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPieces:
    """The plan as a file, and the tier of each picture, in the order of the keys."""

    file: "PlanFile"
    tier_of: NDArray[np.str_]


def place_pieces(
    collection: str,
    rows: pa.Table,
    keys: NDArray[np.int64],
    demand: Demand,
    snapshots: SnapshotStore,
    settings: PlacementSettings,
    *,
    dimension: int,
) -> PlacedPieces:
    """Return the tier of every piece that has a picture in the index, and of its pictures.

    Every piece is placed where demand is of a later day than that by which it was last done: once a night.
    In between pieces keep their tier.  A picture of several pieces stands in the hottest of their tiers.

    Args:
        collection: Whose pieces.
        rows: The ``searchable_images`` frame, of embedded pictures only.
        keys: Sorted keys of these pictures.
        demand: How much each piece is wanted.
        snapshots: Has the promoted snapshot, whose plan holds.
        settings: Marks and budgets.
        dimension: Of the visual vectors.
    """
    from index_builds.tier_planning import plan_pieces
    from index_builds.tier_records import days_since_epoch, plan_before, plan_file

    today = demand.today
    if today is None:
        message = f"collection {collection} has pictures and no delivery: run `loupe run`"
        raise ValueError(message)
    before = plan_before(snapshots, collection, today=today)
    last = None if before is None else before.balanced_on
    rebalance = before is None or (demand.day is not None and (last is None or demand.day > last))
    columns = piece_columns(rows, demand, before)
    plan = plan_pieces(
        columns, settings, day=days_since_epoch(today), dimension=dimension, rebalance=rebalance
    )
    balanced_on = (demand.day or today) if rebalance or last is None else last
    placed = pc.index_in(rows["piece_id"], value_set=columns.piece_ids).to_numpy()
    hottest = np.full(len(keys), len(TIERS), dtype=np.int8)
    np.minimum.at(hottest, np.searchsorted(keys, rows["image_key"].to_numpy()), plan.tier[placed])
    return PlacedPieces(
        file=plan_file(columns.piece_ids, plan, day=today, balanced_on=balanced_on),
        tier_of=np.array(TIERS, dtype=np.str_)[hottest],
    )


def piece_columns(rows: pa.Table, demand: Demand, before: "PlanBefore | None") -> "PieceColumns":
    """Return what is known of each piece, one entry each.

    A piece is gone when every listing of it is, sellable when one is, and as old as its oldest listing.
    """
    from index_builds.tier_planning import NOWHERE, PieceColumns, is_gone, is_sellable

    gone = is_gone(rows["availability"], rows["withdrawn"])
    sellable = pc.and_not(is_sellable(rows["availability"]), gone)
    facts = pa.table(
        {
            "piece_id": rows["piece_id"],
            "gone": gone,
            "sellable": sellable,
            "age_days": rows["age_days"],
            "image_key": rows["image_key"],
        }
    )
    pieces = facts.group_by("piece_id").aggregate(
        [("gone", "all"), ("sellable", "any"), ("age_days", "max"), ("image_key", "count_distinct")]
    )
    ids = pieces["piece_id"].combine_chunks()
    tier, since, reason = (np.full(len(ids), NOWHERE, dtype=kind) for kind in (np.int8, np.int32, np.int8))
    if before is not None:
        places = pc.fill_null(pc.index_in(ids, value_set=before.piece_ids), -1).to_numpy()
        known = places >= 0
        tier[known] = before.tier[places[known]]
        since[known] = before.since[places[known]]
        reason[known] = before.reason[places[known]]
    asked = [demand.pieces.get(piece_id, (0.0, 0)) for piece_id in ids.to_pylist()]
    return PieceColumns(
        piece_ids=ids,
        tier=tier,
        since=since,
        reason=reason,
        gone=pieces["gone_all"].to_numpy(),
        sellable=pieces["sellable_any"].to_numpy(),
        age_days=pieces["age_days_max"].to_numpy(),
        demand=np.array([score for score, _ in asked], dtype=np.float64),
        touches=np.array([touches for _, touches in asked], dtype=np.int64),
        pictures=pieces["image_key_count_distinct"].to_numpy(),
    )
