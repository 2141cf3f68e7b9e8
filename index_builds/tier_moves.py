"""Where pieces and pictures stand in two snapshots: what came, what went, what moved tier, and why.

Pure: metadata rows (``metadata_file.SCHEMA``) and the later snapshot's plan of tiers
(``tier_records.SCHEMA``) in, counts and some examples out.  Reading the plan is ``tier_records``'.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from index_builds.tiers import TIERS

SHARED_PICTURE = "shared_picture"  # planned colder: one of its pictures is a hotter piece's, too
_NOWHERE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What came, went and changed its tier, with the first few ids of each.

    ``moved`` counts per ``(from, to)``; a piece stands in the hottest tier that one of its pictures is in.
    """

    before: int
    after: int
    came: int
    went: int
    moved: Mapping[tuple[str, str], int]
    examples_came: tuple[str, ...]
    examples_went: tuple[str, ...]
    examples_moved: tuple[tuple[str, str, str], ...]  # id, from, to


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """A snapshot's plan of tiers, or ``None`` and what to tell people about that."""

    rows: pa.RecordBatch | None
    missing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPiece:
    """One piece that moved; ``reason`` is ``None`` where none was kept."""

    piece_id: str
    source: str
    target: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReasons:
    """Why pieces stand in the tier that they moved to, as the later snapshot's plan says.

    A reason is one of ``tier_planning.REASONS``, ``SHARED_PICTURE``, or ``None`` where none was kept.
    ``moved`` counts per ``(from, to, reason)``, most frequent first; ``missing`` says why no plan was read.
    """

    missing: str | None
    moved: Mapping[tuple[str, str, str | None], int]
    examples: tuple[MovedPiece, ...]  # the same pieces as ``Moves.examples_moved``


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Each id of either snapshot once, sorted, and the place in ``TIERS`` of its hottest tier in each.

    ``-1`` stands for a snapshot that does not hold it.
    """

    ids: pa.Array
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @property
    def moved(self) -> NDArray[np.int64]:
        """Rows of what both snapshots hold, in different tiers."""
        both = (self.before != _NOWHERE) & (self.after != _NOWHERE)
        return np.flatnonzero(both & (self.before != self.after))


def standings(column: str, before: pa.Table, after: pa.Table) -> Standings:
    """Return where each id of a column stands in two snapshots' metadata rows."""
    both = _placed(column, before).join(
        _placed(column, after), column, join_type="full outer", left_suffix="_before", right_suffix="_after"
    )
    both = both.sort_by(column).combine_chunks()
    places_before, places_after = (
        pc.fill_null(both[f"tier_{side}"], _NOWHERE).to_numpy().astype(np.int64)
        for side in ("before", "after")
    )
    return Standings(ids=both[column].combine_chunks(), before=places_before, after=places_after)


def moves_of(stand: Standings, examples: int) -> Moves:
    """Return how many ids came, went and moved, and the first few of each."""
    came, went = np.flatnonzero(stand.before == _NOWHERE), np.flatnonzero(stand.after == _NOWHERE)
    moved = stand.moved
    pairs, counts = np.unique(np.stack([stand.before[moved], stand.after[moved]]), axis=1, return_counts=True)
    return Moves(
        before=len(stand.ids) - len(came),
        after=len(stand.ids) - len(went),
        came=len(came),
        went=len(went),
        moved={
            (TIERS[source], TIERS[target]): int(count)
            for source, target, count in zip(pairs[0], pairs[1], counts, strict=True)
        },
        examples_came=tuple(_named(stand, came[:examples])),
        examples_went=tuple(_named(stand, went[:examples])),
        examples_moved=tuple(
            (name, TIERS[stand.before[row]], TIERS[stand.after[row]])
            for name, row in zip(_named(stand, moved[:examples]), moved[:examples], strict=True)
        ),
    )


def reasons_of(stand: Standings, plan: KeptPlan, examples: int) -> MoveReasons:
    """Return why pieces moved.

    Args:
        stand: Where pieces stand.
        plan: Of the later snapshot.
        examples: How many pieces to name.
    """
    moved = stand.moved
    reasons = _reasons(stand, moved, plan.rows)
    table = pa.table({"from": stand.before[moved], "to": stand.after[moved], "reason": reasons})
    counted = table.group_by(["from", "to", "reason"]).aggregate([([], "count_all")])
    counted = counted.sort_by(
        [("count_all", "descending"), ("from", "ascending"), ("to", "ascending"), ("reason", "ascending")]
    )
    return MoveReasons(
        missing=plan.missing,
        moved={
            (TIERS[row["from"]], TIERS[row["to"]], row["reason"]): row["count_all"]
            for row in counted.to_pylist()
        },
        examples=tuple(
            MovedPiece(
                piece_id=name, source=TIERS[stand.before[row]], target=TIERS[stand.after[row]], reason=reason
            )
            for name, row, reason in zip(
                _named(stand, moved[:examples]),
                moved[:examples],
                reasons[:examples].to_pylist(),
                strict=True,
            )
        ),
    )


def _reasons(stand: Standings, moved: NDArray[np.int64], plan: pa.RecordBatch | None) -> pa.Array:
    """Return the plan's reason for each moved piece, null where it has none for the tier it stands in.

    A picture of several pieces stands in the hottest of their tiers, so a piece may stand hotter than its own
    plan says; then the plan's reason is one for another tier.  It never stands colder.
    """
    if plan is None:
        return pa.nulls(len(moved), pa.string())
    rows = pc.index_in(stand.ids.take(pa.array(moved)), value_set=plan["piece_id"])
    planned = pc.index_in(plan["tier"], value_set=pa.array(TIERS)).take(rows)
    stands = pa.array(stand.after[moved].astype(np.int32))
    return pc.case_when(
        pc.make_struct(pc.equal(planned, stands), pc.greater(planned, stands)),
        plan["reason"].take(rows),
        pa.scalar(SHARED_PICTURE),
        pa.scalar(None, pa.string()),
    )


def _placed(column: str, rows: pa.Table) -> pa.Table:
    """Return each id once, with the place of its hottest tier in ``TIERS``."""
    tiers = pc.index_in(rows["tier"], value_set=pa.array(TIERS))
    hottest = pa.table({column: rows[column], "tier": tiers}).group_by(column).aggregate([("tier", "min")])
    return hottest.rename_columns({"tier_min": "tier"})


def _named(stand: Standings, rows: NDArray[np.int64]) -> list[str]:
    names: list[str] = stand.ids.take(pa.array(rows)).to_pylist()
    return names
