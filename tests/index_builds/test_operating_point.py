"""Search parameters follow from measurement, on questions that the gate does not ask."""

from dataclasses import replace

import numpy as np
import pytest
from index_house import make_catalogue

from index_builds.build import build_index
from index_builds.ids import ids_digest
from index_builds.index_files import load_index
from index_builds.manifest import IndexFile
from index_builds.open_tier import OpenTier
from index_builds.operating_point import choose_parameters
from index_builds.plans import plan_tier
from index_builds.settings import TierSettings

SETTINGS = TierSettings.model_validate({"warm": {"exact_below": 0, "memory_fraction": 0.25}})
NOBODY = np.empty(0, dtype=np.int64)


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """An index of many lists, and what it was built from."""
    catalogue = make_catalogue(4_000, tiers=("warm",))
    plan = plan_tier("warm", 4_000, catalogue.vectors.shape[1], SETTINGS)
    built = build_index(plan, catalogue.keys, catalogue.vectors, tmp_path_factory.mktemp("lists") / "index")
    file = IndexFile(
        digest=built.digest,
        bytes=built.bytes,
        factory=plan.factory,
        parameters=plan.grid[-1],
        vectors=4_000,
        ids_digest=ids_digest(catalogue.keys),
        recipe="test",
        resident_fraction=plan.resident_fraction,
        reason=plan.reason,
    )
    index = load_index(built.path, digest=built.digest, mapped=True)
    return plan, OpenTier(tier="warm", index=index, file=file, path=built.path), catalogue


def chosen(lists, target, reserved=NOBODY):
    plan, opened, catalogue = lists
    tuned = choose_parameters(
        replace(plan, target_recall=target),
        opened,
        catalogue.keys,
        catalogue.vectors,
        reserved=reserved,
        settings=SETTINGS,
    )
    return tuned.parameters


def test_a_higher_target_is_met_by_probing_more_and_no_more_than_it_takes(lists):
    low, high = chosen(lists, 0.3)["nprobe"], chosen(lists, 0.95)["nprobe"]
    assert low < high < lists[0].grid[-1]["nprobe"]


def test_a_target_beyond_the_codes_settles_where_more_effort_finds_no_more(lists):
    assert chosen(lists, 1.0)["nprobe"] < lists[0].grid[-1]["nprobe"]


def test_without_a_question_left_the_most_thorough_point_is_taken(lists):
    assert chosen(lists, 0.3, reserved=lists[2].keys) == lists[0].grid[-1]
