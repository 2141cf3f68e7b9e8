"""Every served piece's nearest pieces, worked out with the snapshot and carried on when little changed."""

from dataclasses import replace

import numpy as np
import pytest
from index_house import SETTINGS, asked_anew, build, build_of, make_catalogue, sqlite_store, with_vectors

from index_builds.errors import SnapshotDamagedError
from index_builds.neighbour_files import lists_of
from index_builds.neighbours import KEPT, read_neighbours


def exact_lists(catalogue) -> dict[str, list[str]]:
    """Rank pieces by the best of their served pictures against the mean of the asking piece's."""
    served = np.isin(catalogue.tiers, ("hot", "warm"))
    piece_of = {}
    for row in catalogue.metadata.to_pylist():
        piece_of.setdefault(row["image_key"], row["piece_id"])
    pieces: dict[str, list[int]] = {}
    for row in np.flatnonzero(served).tolist():
        pieces.setdefault(piece_of[int(catalogue.keys[row])], []).append(row)
    lists = {}
    for piece, rows in pieces.items():
        mean = catalogue.vectors[rows].sum(axis=0)
        mean /= np.linalg.norm(mean)
        best = {
            other: float((catalogue.vectors[theirs] @ mean).max())
            for other, theirs in pieces.items()
            if other != piece
        }
        lists[piece] = sorted(best, key=lambda other: (-best[other], other))
    return lists


def test_the_lists_are_those_of_exact_search(tmp_path):
    catalogue = make_catalogue(240)
    store = sqlite_store(tmp_path)
    manifest = build(store, catalogue)
    lists = lists_of(manifest.content, store.file)
    expected = exact_lists(catalogue)

    assert manifest.content.neighbours.pieces == len(expected)
    for piece, wanted in expected.items():
        found = [name for name, _ in lists.of(piece)]
        assert len(found) == min(KEPT, len(wanted))
        assert found[:5] == wanted[:5]


def test_a_piece_that_is_not_served_has_no_list(tmp_path):
    catalogue = make_catalogue(24, tiers=("hot",))
    tiers = np.where(np.arange(24) < 3, "cold", catalogue.tiers)
    store = sqlite_store(tmp_path)
    lists = lists_of(build(store, replace(catalogue, tiers=tiers)).content, store.file)
    assert lists.of("piece-0") is None
    assert lists.of("piece-1")
    assert lists.of("nothing") is None


def test_lists_carried_on_are_nearly_those_worked_out_anew(tmp_path):
    whole = make_catalogue(1_540, seed=4)
    before = whole.take(np.arange(1_500))
    after = with_vectors(whole.take(np.arange(30, 1_540)), np.arange(100, 110))
    store = sqlite_store(tmp_path / "a")
    first = build_of(store, before)
    second = build_of(store, after)
    anew = build_of(sqlite_store(tmp_path / "b"), after)
    carried = lists_of(second.content, store.file)
    fresh = lists_of(anew.content, sqlite_store(tmp_path / "b").file)

    assert second.gate.passed
    assert carried.piece_ids.tolist() == fresh.piece_ids.tolist()
    shared = [
        len({name for name, _ in carried.of(piece)[:10]} & {name for name, _ in fresh.of(piece)[:10]})
        for piece in fresh.piece_ids.tolist()
    ]
    assert np.mean(shared) >= 9.4
    gone = set(lists_of(first.content, store.file).piece_ids.tolist()) - set(fresh.piece_ids.tolist())
    assert gone
    named = {name for piece in carried.piece_ids.tolist() for name, _ in carried.of(piece)}
    assert not named & gone


def test_lists_are_taken_again_where_nothing_changed(tmp_path):
    catalogue = make_catalogue(120)
    store = sqlite_store(tmp_path)
    first = build(store, catalogue)
    assert build(store, catalogue).snapshot_id == first.snapshot_id
    # Other gate settings judge anew, and name the same lists.
    other = SETTINGS.model_copy(update={"gate": SETTINGS.gate.model_copy(update={"bootstrap_samples": 120})})
    second = build(store, catalogue, settings=other)
    assert second.snapshot_id != first.snapshot_id
    assert second.content.neighbours == first.content.neighbours


def test_damaged_lists_are_refused_and_do_not_stand_in_the_way_of_a_build(tmp_path):
    catalogue = make_catalogue(120)
    store = sqlite_store(tmp_path)
    first = build(store, catalogue)
    path = store.file(first.content.neighbours.digest)
    path.chmod(0o644)
    path.write_bytes(b"PAR1" + path.read_bytes()[4:-1] + b"x")
    with pytest.raises(SnapshotDamagedError, match="neighbours file"):
        read_neighbours(path, first.content.neighbours.digest)
    changed = asked_anew(catalogue.take(np.arange(1, 120)))
    assert build(store, changed).gate.passed


def test_more_pieces_than_allowed_get_no_lists(tmp_path):
    catalogue = make_catalogue(120)
    few = SETTINGS.model_copy(update={"neighbours_at_most": 5})
    manifest = build(sqlite_store(tmp_path), catalogue, settings=few)
    assert manifest.gate.passed
    assert manifest.content.neighbours is None
