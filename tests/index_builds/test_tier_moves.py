"""Why pieces moved tier: the later snapshot's own plan says it, and nothing is guessed without one."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from index_house import build, slim_catalogue

from index_builds.diff import compare
from index_builds.reading import read_rows
from index_builds.tier_moves import SHARED_PICTURE, MovedPiece
from index_builds.tier_planning import REASONS, TierPlanning
from index_builds.tier_records import PlanFile, days_since_epoch, kept_plan, plan_file
from index_builds.tiers import TIERS
from storage.objects import sha256_hex

DAY = date(2026, 3, 1)
BEFORE = ("hot", "hot", "hot", "warm", "warm", "warm", "warm", "cold", "hot")  # of nine pieces, by number
AFTER = (
    ("warm", "live"),
    ("warm", "hot_is_full"),
    ("warm", "live"),
    ("hot", "wanted"),
    ("hot", "wanted"),
    ("hot", "wanted"),
    ("cold", "gone"),
    ("warm", "live"),  # it came back
    ("hot", "still_wanted"),  # another reason, and it stays where it was
)
MOVED = {("hot", "warm"): 3, ("warm", "hot"): 3, ("warm", "cold"): 1, ("cold", "warm"): 1}
CATALOGUE = slim_catalogue(3 * len(BEFORE))  # three pictures a piece


def standing(tiers):
    return replace(CATALOGUE, tiers=np.repeat(np.array(tiers, dtype=np.str_), 3))


def plan_of(placed):
    """The plan file of pieces by number, in an order of its own."""
    numbers = sorted(placed, reverse=True)
    planning = TierPlanning(
        tier=np.array([TIERS.index(placed[number][0]) for number in numbers], dtype=np.int8),
        since=np.full(len(numbers), days_since_epoch(DAY), dtype=np.int32),
        reason=np.array([REASONS.index(placed[number][1]) for number in numbers], dtype=np.int8),
        moves=(),
    )
    ids = pa.array([f"piece-{number}" for number in numbers])
    return plan_file(ids, planning, day=DAY, balanced_on=DAY)


def built(store, plan):
    """The two snapshots, the later one with a plan or without."""
    before = build(store, standing(BEFORE))
    return before, build(store, standing([tier for tier, _ in AFTER]), piece_tiers=plan)


def compared(store, before, after, **options):
    rows = [read_rows(one.content, store.file, one.snapshot_id) for one in (before, after)]
    return compare(before, after, *rows, kept_plan(after, store.file), **options)


def test_promotions_and_demotions_are_counted_by_reason_the_most_frequent_first(store):
    found = compared(store, *built(store, plan_of(dict(enumerate(AFTER)))))

    assert list(found.reasons.moved.items()) == [
        (("warm", "hot", "wanted"), 3),
        (("hot", "warm", "live"), 2),
        (("hot", "warm", "hot_is_full"), 1),
        (("warm", "cold", "gone"), 1),
        (("cold", "warm", "live"), 1),
    ]
    assert found.reasons.missing is None
    assert dict(found.pieces.moved) == MOVED


def test_every_example_has_its_own_reason(store):
    found = compared(store, *built(store, plan_of(dict(enumerate(AFTER)))), examples=4)

    assert found.reasons.examples == (
        MovedPiece(piece_id="piece-0", source="hot", target="warm", reason="live"),
        MovedPiece(piece_id="piece-1", source="hot", target="warm", reason="hot_is_full"),
        MovedPiece(piece_id="piece-2", source="hot", target="warm", reason="live"),
        MovedPiece(piece_id="piece-3", source="warm", target="hot", reason="wanted"),
    )
    named = [(one.piece_id, one.source, one.target) for one in found.reasons.examples]
    assert tuple(named) == found.pieces.examples_moved


def test_a_plan_that_only_the_earlier_snapshot_kept_gives_no_reason(store):
    unplanned, planned = built(store, plan_of(dict(enumerate(AFTER))))

    found = compared(store, planned, unplanned)

    assert sum(found.reasons.moved.values()) == sum(MOVED.values())
    assert {reason for _, _, reason in found.reasons.moved} == {None}
    assert found.reasons.missing.startswith(f"house/{unplanned.snapshot_id} was built before plans of tiers")
    assert {one.reason for one in found.reasons.examples} == {None}


def no_file(path):
    path.unlink()
    return "is gone: object .* is missing"


def torn(path):
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    return "is damaged: restore "


@pytest.mark.parametrize("harm", [no_file, torn])
def test_a_plan_that_is_gone_or_damaged_is_named_and_everything_else_is_told(store, harm):
    before, after = built(store, plan_of(dict(enumerate(AFTER))))
    whole = compared(store, before, after)

    said = harm(store.file(after.content.piece_tiers.digest))
    found = compared(store, before, after)

    assert re.match(f"the tier plan of house/{after.snapshot_id} {said}", found.reasons.missing)
    assert {(source, target): n for (source, target, _), n in found.reasons.moved.items()} == MOVED
    assert {reason for _, _, reason in found.reasons.moved} == {None}
    assert replace(found, reasons=whole.reasons) == whole


def test_a_plan_that_was_published_unreadable_is_named(store):
    data = b"no table"
    stated = plan_of(dict(enumerate(AFTER))).stated
    stated = stated.model_copy(update={"digest": sha256_hex(data), "bytes": len(data)})
    before, after = built(store, PlanFile(data=data, stated=stated))

    found = compared(store, before, after)

    assert f"the tier plan of house/{after.snapshot_id} cannot be read: " in found.reasons.missing
    assert dict(found.pieces.moved) == MOVED


def test_a_piece_that_the_plan_does_not_name_has_no_reason_and_the_others_have_theirs(store):
    placed = dict(enumerate(AFTER))
    del placed[4]

    found = compared(store, *built(store, plan_of(placed)))

    assert found.reasons.moved["warm", "hot", "wanted"] == 2
    assert found.reasons.moved["warm", "hot", None] == 1
    assert found.reasons.missing is None


def test_a_piece_that_only_a_shared_picture_took_to_another_tier_says_so(store):
    # Piece 5 is planned warm, and its first picture is piece 4's, too, which is planned hot.
    placed = dict(enumerate(AFTER)) | {5: ("warm", "live")}
    catalogue = standing([placed[number][0] for number in range(len(AFTER))])
    catalogue.tiers[15] = "hot"
    [row] = CATALOGUE.metadata.filter(pa.array(_rows_of(15))).slice(0, 1).to_pylist()
    shared = pa.Table.from_pylist(
        [row | {"piece_id": "piece-4", "listing_id": "other:1"}], CATALOGUE.metadata.schema
    )
    catalogue = replace(catalogue, metadata=pa.concat_tables([catalogue.metadata, shared]))
    before = build(store, standing(BEFORE))
    after = build(store, catalogue, piece_tiers=plan_of(placed))

    found = compared(store, before, after)

    assert found.reasons.moved["warm", "hot", SHARED_PICTURE] == 1
    assert found.reasons.moved["warm", "hot", "wanted"] == 2


def _rows_of(picture):
    return CATALOGUE.metadata["image_key"].to_numpy() == CATALOGUE.keys[picture]


def test_where_nothing_moved_there_is_nothing_to_explain(store):
    _, after = built(store, plan_of(dict(enumerate(AFTER))))
    found = compared(store, after, after)
    assert (dict(found.reasons.moved), found.reasons.examples) == ({}, ())
