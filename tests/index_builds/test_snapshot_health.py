"""What recall does not see is measured, shown, and refuses a snapshot only where a limit is set."""

import numpy as np
import pyarrow as pa
import pytest
from index_house import MOVED_AT, SETTINGS, build, draft_with, flat_index, judged, make_catalogue
from pydantic import ValidationError

from assets.gate_display import gate_metadata
from index_builds import health_names
from index_builds.errors import GateRefusedError
from index_builds.gate_report import judge
from index_builds.promotion import promote
from index_builds.settings import GateSettings, IndexSettings
from index_builds.snapshot_health import (
    drift,
    flooded_share,
    hubness,
    labels_of,
    precision_at_k,
    unreached_share,
)


def unit(rows):
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def limited(**limits):
    gate = SETTINGS.gate.model_dump() | {"health_limits": limits}
    return IndexSettings.model_validate(SETTINGS.model_dump() | {"gate": gate})


def test_precision_is_the_share_of_an_answer_with_the_querys_label():
    labels = np.array([0, 0, 0, 1, 1, 1, -1])
    answers = np.array([[1, 3], [4, 5], [0, 1]])
    assert precision_at_k(answers, np.array([0, 3, 6]), labels) == (0.5 + 1.0) / 2


def test_precision_asks_for_no_more_than_there_is():
    labels = np.array([0, 0, 1, 1, 2])
    answers = np.array([[1, 2, 3], [0, 1, 3]])
    assert precision_at_k(answers, np.array([0, 2]), labels) == 1.0
    assert precision_at_k(answers[:1], np.array([4]), labels) is None


def test_the_first_row_that_states_a_label_counts():
    table = pa.table(
        {"image_key": [3, 3, 5, 8, 9], "metal": pa.array([None, "gold", "gold", "silver", None], pa.string())}
    )
    labels = labels_of(table, "metal", np.array([3, 5, 8, 9]))
    assert labels[0] == labels[1] != labels[2]
    assert labels[3] == -1


def test_drift_is_nothing_between_equal_vectors_whatever_their_length():
    vectors = unit(np.random.default_rng(1).normal(size=(50, 8)))
    moved = drift(vectors, 3 * vectors, (vectors, 2 * vectors))
    assert (moved.mean_cosine, moved.share_changed) == (pytest.approx(1.0), 0.0)
    assert moved.mean_shift == pytest.approx(0.0, abs=1e-6)


def test_drift_names_the_share_that_changed_and_how_far_the_mean_moved():
    before = unit([[1, 0], [1, 0], [1, 0], [1, 0]])
    after = unit([[1, 0], [1, 0], [1, 0], [0, 1]])
    moved = drift(after, before, (after, before))
    assert (moved.mean_cosine, moved.share_changed) == (0.75, 0.25)
    assert moved.mean_shift == pytest.approx(np.hypot(0.25, 0.25))
    assert drift(after, before, (after[:0], before[:0])) is None


def test_a_hub_shows_in_the_skewness_and_as_the_largest_occurrence():
    random = np.random.default_rng(1)
    even = unit(random.normal(size=(400, 3)))
    spokes = np.hstack([np.full((400, 1), 0.6), 0.8 * np.eye(400)])
    spokes[0] = np.eye(401)[0]  # nearer to every other than they are to each other
    assert abs(hubness(even, k=10).skewness) < 1.0
    hub = hubness(unit(spokes), k=10)
    assert hub.largest_k_occurrence == 399
    assert hub.skewness > 5
    assert hubness(even[:10], k=10) is None


def test_an_answer_is_flooded_by_one_piece_or_by_near_copies():
    random = np.random.default_rng(1)
    apart = unit(random.normal(size=(10, 64)))
    copies = unit(np.vstack([apart[:4], apart[4] + 0.01 * random.normal(size=(6, 64))]))
    vectors = np.vstack([apart, copies])
    none = np.full(20, -1)
    answers = np.array([np.arange(10), np.arange(10, 20)])
    assert flooded_share(answers, vectors, none) == 0.5
    assert flooded_share(answers, vectors, np.array([7] * 6 + [-1] * 14)) == 1.0
    assert flooded_share(answers[:1], vectors, np.array([7] * 5 + [-1] * 15)) == 0.0
    assert flooded_share(answers[1:, :5], vectors, none) == 0.0
    assert flooded_share(np.array([[0, *[-1] * 9]]), vectors, none) == 0.0


def test_what_no_answer_holds_is_out_of_reach():
    assert unreached_share(np.array([[0, 1], [1, -1]]), 8) == 0.75


def test_a_gate_reports_health_and_shows_it(store, catalogue):
    first = build(store, catalogue)
    assert first.gate.passed
    expected = {*health_names.AT_LEAST, *health_names.AT_MOST, "queries"}
    assert set(first.gate.health) == {name for name in expected if not name.startswith("drift/")}
    assert first.gate.health["queries"] == 60
    promote(
        store,
        "house",
        first.snapshot_id,
        settings=SETTINGS.gate,
        actor="test",
        moved_at=MOVED_AT,
        truth=lambda: (catalogue.keys, catalogue.vectors),
    )

    second = build(store, catalogue.take(np.arange(200)))

    assert set(second.gate.health) == expected
    assert second.gate.health["drift/share_changed"] == 0.0
    shown = gate_metadata(second)
    assert shown["health/drift/mean_cosine"] == 1.0


def test_a_catalogue_whose_looks_say_nothing_of_its_metals_has_chances_precision(store):
    catalogue = make_catalogue(240, tiers=("hot",))
    health = build(store, catalogue).gate.health
    stated = 2 / 3  # of the pictures have a metal, one of two
    assert health["precision_at_10/metal"] == pytest.approx(stated / 2, abs=0.1)


def test_a_limit_that_is_set_refuses_by_name(store, catalogue):
    passing = limited(flooded_share=1.0, **{"drift/mean_cosine": 0.9})
    assert build(store, catalogue, settings=passing).gate.passed  # no parent yet: no drift to judge
    strict = limited(**{"precision_at_10/metal": 0.99})

    manifest = build(store, catalogue, settings=strict)

    assert [failure.split(":")[0] for failure in manifest.gate.failures] == ["health precision_at_10/metal"]
    with pytest.raises(GateRefusedError, match=r"health precision_at_10/metal: .* at least 0.99"):
        promote(
            store,
            "house",
            manifest.snapshot_id,
            settings=strict.gate,
            actor="test",
            moved_at=MOVED_AT,
        )


def test_a_limit_on_what_was_not_measured_fails(tmp_path, catalogue):
    none = SETTINGS.gate.model_copy(update={"health_queries": 0})
    content, paths = draft_with(tmp_path / "draft", catalogue, flat_index(catalogue.keys, catalogue.vectors))
    report = judged(content, paths, catalogue, settings=none)
    assert report.health == {}
    assert judge(report, none) == []
    failures = judge(report, limited(unreached_share=0.5).gate)
    assert [str(one) for one in failures] == [
        "health unreached_share: measured nothing, required at most 0.5"
    ]


def test_a_limit_on_a_figure_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="health_limits name hubnes, which nothing measures"):
        GateSettings(health_limits={"hubnes": 1.0})
