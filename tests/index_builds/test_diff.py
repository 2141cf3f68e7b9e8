"""What changed between two snapshots: every figure against what was changed on purpose."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from index_house import SETTINGS, build, slim_catalogue

from index_builds.diff import OfferChange, compare
from index_builds.manifest import DeltaFile
from index_builds.reading import read_rows
from index_builds.settings import GateSettings
from index_builds.tier_records import kept_plan
from index_builds.tiers import TIERS


def with_cells(catalogue, column, values):
    """Replace cells of the metadata by row."""
    rows = catalogue.metadata.to_pylist()
    for row, value in values.items():
        rows[row][column] = value
    return replace(catalogue, metadata=pa.Table.from_pylist(rows, schema=catalogue.metadata.schema))


@pytest.fixture
def catalogue():
    return slim_catalogue(24, tiers=TIERS)


def compared(store, before, after, **options):
    manifests = [one if hasattr(one, "content") else build(store, one) for one in (before, after)]
    rows = [read_rows(one.content, store.file, one.snapshot_id) for one in manifests]
    return compare(*manifests, *rows, kept_plan(manifests[1], store.file), **options)


def test_a_snapshot_against_itself_shows_no_change(store, catalogue):
    manifest = build(store, catalogue)

    found = compared(store, manifest, manifest)

    for moves in (found.pieces, found.pictures):
        assert (moves.came, moves.went, dict(moves.moved)) == (0, 0, {})
        assert moves.before == moves.after
    assert (found.offers.common, found.offers.price, found.offers.availability) == (36, 0, 0)
    assert found.plans == ()
    assert {file.state for file in found.files} == {"shared"}
    assert found.bytes_of("shared") == sum(manifest.content.file_digests().values())
    assert {one.difference for one in found.recall} == {0.0}
    assert {one.lower_difference for one in found.recall} == {0.0}


def test_pictures_and_pieces_that_came_and_went_are_counted_and_named(store, catalogue):
    # Three pictures a piece: the last piece goes as a whole, one picture of the first comes back.
    before, after = catalogue.take(np.arange(1, 24)), catalogue.take(np.arange(21))

    found = compared(store, before, after)

    assert (found.pictures.before, found.pictures.after) == (23, 21)
    assert (found.pictures.came, found.pictures.went) == (1, 3)
    assert found.pictures.examples_came == (f"{int(catalogue.keys[0]):064x}",)
    assert (found.pieces.came, found.pieces.went) == (0, 1)
    assert found.pieces.examples_went == ("piece-7",)
    assert found.vectors == (23, 21)


def test_a_picture_that_changes_its_tier_moves_and_its_piece_only_with_its_hottest(store, catalogue):
    tiers = catalogue.tiers.copy()  # hot, warm, cold for the three pictures of every piece
    tiers[1] = "cold"  # of piece-0, which stays hot
    tiers[3] = "warm"  # the hot one of piece-1

    found = compared(store, catalogue, replace(catalogue, tiers=tiers))

    assert dict(found.pictures.moved) == {("hot", "warm"): 1, ("warm", "cold"): 1}
    assert dict(found.pieces.moved) == {("hot", "warm"): 1}
    assert found.pieces.examples_moved == (("piece-1", "hot", "warm"),)
    assert (found.pictures.came, found.pictures.went) == (0, 0)


def test_offers_count_once_a_listing_and_a_price_that_appears_is_a_change(store, catalogue):
    # Row 0 has no price.  Rows 1 and 2 are two listings of picture 1.
    changed = with_cells(catalogue, "price_minor", {0: 500, 1: 999})
    changed = with_cells(changed, "currency", {0: "EUR"})
    changed = with_cells(changed, "availability", {1: "in_stock", 3: "preorder"})
    before = {row["listing_id"]: row for row in catalogue.metadata.to_pylist()}
    first, second, third = (catalogue.metadata["listing_id"][row].as_py() for row in (0, 1, 3))

    found = compared(store, catalogue, changed).offers

    assert (found.common, found.price, found.availability) == (36, 2, 2)
    examples = {one.listing_id: one for one in found.examples}
    assert examples[first] == OfferChange(
        listing_id=first,
        price_minor=(None, 500),
        currency=(None, "EUR"),
        availability=("in_stock", "in_stock"),
    )
    assert examples[second].price_minor == (before[second]["price_minor"], 999)
    assert examples[third].availability == (before[third]["availability"], "preorder")


def test_a_listing_with_several_pictures_is_one_offer(store, catalogue):
    shared = dict.fromkeys((0, 3, 6), "atelier:set")
    before = with_cells(catalogue, "listing_id", shared)
    before = with_cells(before, "price_minor", dict.fromkeys(shared, 100))
    after = with_cells(before, "price_minor", dict.fromkeys(shared, 120))

    found = compared(store, before, after).offers

    assert found.price == 1
    assert [one.listing_id for one in found.examples] == ["atelier:set"]


def test_no_more_examples_are_named_than_asked_for(store, catalogue):
    found = compared(store, catalogue, catalogue.take(np.arange(6)), examples=2)
    assert found.pictures.went == 18
    assert len(found.pictures.examples_went) == 2
    assert compared(store, catalogue, catalogue, examples=0).offers.examples == ()


def test_files_are_shared_new_or_gone_and_a_tier_that_empties_loses_its_plan(store, catalogue):
    hot_alone = catalogue.take(np.flatnonzero(catalogue.tiers == "hot"))
    before, after = build(store, catalogue), build(store, hot_alone)

    found = compared(store, before, after)

    states = {(file.name, file.state) for file in found.files}
    assert states == {
        ("hot visual", "shared"),
        ("metadata", "new"),
        ("metadata", "gone"),
        ("neighbours of pieces", "new"),
        ("neighbours of pieces", "gone"),
        ("warm visual", "gone"),
        ("cold visual", "gone"),
    }
    assert found.bytes_of("shared") == before.content.tiers["hot"]["visual"].bytes
    assert found.bytes_of("new") == after.content.metadata.bytes + after.content.neighbours.bytes
    assert [(plan.name, plan.factory) for plan in found.plans] == [
        ("warm visual", ("Flat", None)),
        ("cold visual", ("Flat", None)),
    ]


def test_a_delta_on_a_base_that_both_name_is_the_only_new_file(store, catalogue):
    before = build(store, catalogue)
    base = before.content.tiers["hot"]["visual"]
    delta = DeltaFile(digest="d" * 64, bytes=70, vectors=2, ids_digest="i")
    changed = {"hot": {"visual": base.model_copy(update={"delta": delta})}}
    content = before.content.model_copy(update={"tiers": before.content.tiers | changed})

    found = compared(store, before, before.model_copy(update={"content": content}))

    assert [(one.name, one.bytes) for one in found.files if one.state != "shared"] == [
        ("hot visual delta", 70)
    ]
    assert found.bytes_of("shared") == sum(before.content.file_digests().values())
    assert found.plans == ()


def test_recall_stands_side_by_side_and_a_stratum_of_one_side_has_no_difference(store, catalogue):
    before = build(store, catalogue)
    after = build(store, catalogue.take(np.flatnonzero(catalogue.tiers != "cold")))
    first = after.gate.strata[0]
    worse = after.model_copy(
        update={
            "gate": after.gate.model_copy(
                update={
                    "strata": (
                        first.model_copy(update={"recall": first.recall - 0.25, "lower": first.lower - 0.5}),
                        *after.gate.strata[1:],
                    )
                }
            )
        }
    )

    found = {one.stratum: one for one in compared(store, before, worse).recall}

    assert found[first.name].difference == pytest.approx(-0.25)
    assert found[first.name].lower_difference == pytest.approx(-0.5)
    cold = next(name for name in found if "on cold" in name)
    assert found[cold].recall[1] is None
    assert found[cold].difference is None


def test_build_seconds_of_either_side_are_kept_apart(store, catalogue):
    before = build(store, catalogue).model_copy(update={"build_seconds": {}})
    after = before.model_copy(update={"build_seconds": {"gate": 2.5}})
    assert dict(compared(store, before, after).build_seconds) == {"gate": (None, 2.5)}


def test_another_k_and_another_encoder_are_stated(store, catalogue):
    before = build(store, catalogue)
    gate = GateSettings(**(SETTINGS.gate.model_dump() | {"k": 5}))
    other = replace(catalogue, encoder_id="encoder-b")
    after = build(store, other, settings=SETTINGS.model_copy(update={"gate": gate}))

    found = compared(store, before, after)

    assert found.k == (10, 5)
    assert found.encoders == ("encoder-a", "encoder-b")
