"""The plan of tiers that holds is the promoted snapshot's; the table repeats it."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue

from index_builds.errors import SnapshotDamagedError
from index_builds.promotion import promote, rollback
from index_builds.retention import collect_garbage
from index_builds.tables import piece_tiers
from index_builds.tier_planning import COLD, HOT, REASONS, WARM, Move, TierPlanning
from index_builds.tier_records import days_since_epoch, plan_before, plan_file, record_tiers

DAY = date(2026, 3, 1)
LATER = date(2026, 3, 2)
IDS = pa.array(["piece-b", "piece-a", "piece-c"])


def plan_of(*tiers, day=DAY, moves=()):
    made = TierPlanning(
        tier=np.array(tiers, dtype=np.int8),
        since=np.full(3, days_since_epoch(day), dtype=np.int32),
        reason=np.full(3, REASONS.index("live"), dtype=np.int8),
        moves=moves,
    )
    return plan_file(IDS, made, day=day, balanced_on=day)


def table_of(store):
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(piece_tiers).order_by(piece_tiers.c.piece_id))
        return {row.piece_id: (row.tier, row.since, row.reason) for row in rows}


def promoted(store, manifest):
    promote(store, "house", manifest.snapshot_id, settings=SETTINGS.gate, actor="a", moved_at=MOVED_AT)


@pytest.fixture
def small():
    return slim_catalogue(60)


def test_a_plan_holds_from_the_promotion_of_its_snapshot_on(either_store, small):
    first = build(either_store, small, piece_tiers=plan_of(HOT, WARM, COLD))
    assert plan_before(either_store, "house", today=DAY) is None
    assert record_tiers(either_store, "house") == 0

    promoted(either_store, first)
    assert record_tiers(either_store, "house") == 3
    assert record_tiers(either_store, "house") == 0
    assert table_of(either_store) == {
        "piece-a": ("warm", "2026-03-01", "live"),
        "piece-b": ("hot", "2026-03-01", "live"),
        "piece-c": ("cold", "2026-03-01", "live"),
    }
    held = plan_before(either_store, "house", today=LATER)
    assert held.piece_ids.to_pylist() == ["piece-a", "piece-b", "piece-c"]
    assert (held.tier.tolist(), held.balanced_on) == ([WARM, HOT, COLD], DAY)


def test_a_candidate_that_is_not_promoted_changes_nothing_and_a_rollback_brings_the_former_plan_back(
    either_store, small
):
    first = build(either_store, small, piece_tiers=plan_of(HOT, WARM, COLD))
    promoted(either_store, first)
    record_tiers(either_store, "house")
    before = table_of(either_store)

    second = build(either_store, slim_catalogue(90), piece_tiers=plan_of(WARM, WARM, COLD, day=LATER))
    record_tiers(either_store, "house")
    assert table_of(either_store) == before
    assert plan_before(either_store, "house", today=LATER).balanced_on == DAY

    promoted(either_store, second)
    assert plan_before(either_store, "house", today=LATER).balanced_on == LATER  # the table is not asked
    assert record_tiers(either_store, "house") == 3
    rollback(either_store, "house", actor="a", moved_at=MOVED_AT, reason="worse")
    record_tiers(either_store, "house")
    assert table_of(either_store) == before


def test_a_plan_is_no_part_of_a_snapshots_identity(store, small):
    first = build(store, small, piece_tiers=plan_of(HOT, WARM, COLD))
    again = build(store, small, piece_tiers=plan_of(HOT, WARM, COLD, day=LATER))
    assert again.snapshot_id == first.snapshot_id
    assert again.content.piece_tiers == first.content.piece_tiers


def test_retention_keeps_the_plan_of_what_it_keeps(store, small):
    first = build(store, small, piece_tiers=plan_of(HOT, WARM, COLD))
    promoted(store, first)
    collect_garbage(store, keep_last=1, grace=0)
    assert plan_before(store, "house", today=LATER).tier.tolist() == [WARM, HOT, COLD]


def test_a_damaged_plan_is_refused_by_name(store, small):
    first = build(store, small, piece_tiers=plan_of(HOT, WARM, COLD))
    promoted(store, first)
    path = store.file(first.content.piece_tiers.digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    with pytest.raises(SnapshotDamagedError, match=first.content.piece_tiers.digest[:12]):
        plan_before(store, "house", today=LATER)
    with pytest.raises(SnapshotDamagedError):
        store.verify("house", first.snapshot_id)


def test_a_snapshot_from_before_plans_says_where_its_pieces_stand(store):
    small = slim_catalogue(60, tiers=("hot", "warm"))
    promoted(store, build(store, small))
    held = plan_before(store, "house", today=LATER)
    assert held.balanced_on is None
    assert len(held.piece_ids) == 20
    assert set(held.tier.tolist()) == {HOT}  # three pictures a piece, of both tiers
    assert set(held.reason.tolist()) == {REASONS.index("before_plans")}
    assert record_tiers(store, "house") == 0


def test_equal_plans_are_equal_bytes_and_state_their_moves(store, small):
    moves = (Move(source="hot", target="warm", reason="live", pieces=2),)
    one, other = plan_of(HOT, WARM, COLD, moves=moves), plan_of(HOT, WARM, COLD, moves=moves)
    assert one.data == other.data
    manifest = build(store, small, piece_tiers=one)
    stated = store.manifest("house", manifest.snapshot_id).content.piece_tiers
    assert [(move.source, move.target, move.pieces) for move in stated.moves] == [("hot", "warm", 2)]
