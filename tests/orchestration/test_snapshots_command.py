"""``loupe snapshots``: what it prints, for people and for programs."""

import json

import numpy as np
import pyarrow as pa
import pytest
from index_house import MOVED_AT, build, slim_catalogue
from typer.testing import CliRunner

from index_builds.errors import SnapshotMissingError
from index_builds.tier_planning import REASONS, TierPlanning
from index_builds.tier_records import plan_file
from index_builds.tiers import TIERS
from orchestration.cli.main import app
from orchestration.resources import snapshot_store


@pytest.fixture
def store(settings):
    return snapshot_store(settings)


@pytest.fixture
def loupe(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(tmp_path / "loupe.yaml"), "snapshots", *arguments])

    return run


def test_a_difference_is_printed_for_people_and_as_one_document(store, loupe):
    catalogue = slim_catalogue(24, tiers=TIERS)
    a = build(store, catalogue, collection="shop").snapshot_id
    b = build(store, catalogue.take(np.arange(21)), collection="shop").snapshot_id

    printed = loupe("diff", a, b)
    document = json.loads(loupe("diff", a, b, "--json").output)

    assert printed.exit_code == 0, printed.output
    lines = printed.output.splitlines()
    assert lines[0] == f"{a} → {b}"
    words = [line.split() for line in lines]
    assert ["pieces", "8", "7", "0", "1", "0"] in words
    assert ["pictures", "24", "21", "0", "3", "0"] in words
    assert "  piece out: piece-7" in lines
    assert any(line.strip().startswith("held_out_images on all, unfiltered ") for line in lines)
    assert any("more strata did not change" in line for line in lines)
    assert len(loupe("diff", a, b, "--all").output.splitlines()) > len(lines)
    assert ["together"] in [line[:1] for line in words]
    assert document["pieces"]["went"] == 1
    assert document["bytes"]["new"] > 0
    assert {"difference", "lower_difference"} <= set(document["recall"][0])


def planned(catalogue, tier, reason):
    """The catalogue in one tier, and the plan that says why."""
    ids = pa.array(sorted(set(catalogue.metadata["piece_id"].to_pylist())))
    planning = TierPlanning(
        tier=np.full(len(ids), TIERS.index(tier), dtype=np.int8),
        since=np.zeros(len(ids), dtype=np.int32),
        reason=np.full(len(ids), REASONS.index(reason), dtype=np.int8),
        moves=(),
    )
    file = plan_file(ids, planning, day=MOVED_AT.date(), balanced_on=MOVED_AT.date())
    return {"tier_of": np.full(len(catalogue.keys), tier), "piece_tiers": file}


def test_a_difference_says_why_pieces_moved(store, loupe):
    catalogue = slim_catalogue(24)
    a = build(store, catalogue, collection="shop").snapshot_id
    b = build(store, catalogue, collection="shop", **planned(catalogue, "warm", "hot_is_full")).snapshot_id

    printed = loupe("diff", a, b, "--examples", "1")
    document = json.loads(loupe("diff", a, b, "--examples", "1", "--json").output)

    assert printed.exit_code == 0, printed.output
    assert ["hot", "warm", "hot_is_full", "8"] in [line.split() for line in printed.output.splitlines()]
    assert "  piece moved: piece-0 (hot → warm, hot_is_full)" in printed.output.splitlines()
    moved = {"from": "hot", "to": "warm", "reason": "hot_is_full"}
    assert document["reasons"] == {
        "missing": None,
        "moved": [moved | {"count": 8}],
        "examples": [moved | {"piece_id": "piece-0"}],
    }


def test_a_damaged_plan_costs_a_difference_its_reasons_and_nothing_else(store, loupe):
    catalogue = slim_catalogue(24)
    a = build(store, catalogue, collection="shop").snapshot_id
    made = build(store, catalogue, collection="shop", **planned(catalogue, "warm", "live"))
    whole = loupe("diff", a, made.snapshot_id).output.splitlines()
    path = store.file(made.content.piece_tiers.digest)
    path.chmod(0o644)
    path.write_bytes(b"torn")

    printed = loupe("diff", a, made.snapshot_id)
    document = json.loads(loupe("diff", a, made.snapshot_id, "--json").output)

    assert printed.exit_code == 0, printed.output
    note = (
        f"the tier plan of shop/{made.snapshot_id} is damaged: restore {made.content.piece_tiers.digest[:12]}"
    )
    assert note in document["reasons"]["missing"]
    assert f"why pieces moved: no reason kept; {note}" in printed.output
    lines = printed.output.splitlines()
    assert "  piece moved: piece-0 (hot → warm, no reason kept)" in lines
    assert {line for line in whole if "live" not in line and "why" not in line} <= set(lines)
    assert document["pieces"]["moved"] == [{"from": "hot", "to": "warm", "count": 8}]


def test_a_snapshot_without_a_plan_has_no_reasons_to_tell(store, loupe):
    catalogue = slim_catalogue(24)
    a = build(store, catalogue, collection="shop").snapshot_id
    warm = np.full(len(catalogue.keys), "warm")
    b = build(store, catalogue, collection="shop", tier_of=warm).snapshot_id

    printed = loupe("diff", a, b).output

    assert f"no reason kept; shop/{b} was built before plans of tiers were kept, or without one" in printed
    assert "  piece moved: piece-0 (hot → warm, no reason kept)" in printed.splitlines()


def test_a_difference_with_a_snapshot_that_is_not_there_says_where_to_look(store, loupe):
    a = build(store, slim_catalogue(12), collection="shop").snapshot_id

    refused = loupe("diff", a, "00000009-aaaaaaaaaaaa")

    assert refused.exit_code != 0
    assert isinstance(refused.exception, SnapshotMissingError)
    assert "shop has no snapshot 00000009-aaaaaaaaaaaa: see `loupe snapshots list`" in str(refused.exception)


def test_the_list_names_pins_and_the_time_of_publication(store, loupe):
    manifest = build(store, slim_catalogue(12), collection="shop", published_at=MOVED_AT)
    store.pin("shop", manifest.snapshot_id)

    printed = loupe("list").output

    assert "candidate, pinned" in printed
    assert "2026-03-01T12:00:00Z" in printed


def test_what_was_measured_beyond_recall_is_shown(store, loupe):
    shown_id = build(store, slim_catalogue(24, tiers=TIERS), collection="shop").snapshot_id

    shown = loupe("show", shown_id)

    assert shown.exit_code == 0, shown.output
    words = [line.split() for line in shown.output.splitlines()]
    assert "beyond recall, 24 pictures asked about" in shown.output
    assert any(line[:1] == ["unreached_share"] and len(line) == 2 for line in words)
    assert any(line[:1] == ["hubness/skewness"] for line in words)
