"""A weak snapshot is built and never promoted: not in its own run, not in a later one."""

import dagster as dg
import faiss
import numpy as np
import pytest
from flow_house import make_house

from index_builds import tier_files
from index_builds.build import write_index
from orchestration.definitions import build_defs
from orchestration.resources import snapshot_store


def shuffled_ids(keys, vectors):
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    index.add_with_ids(vectors, np.random.default_rng(1).permutation(keys))
    return index


def wrong_metric(keys, vectors):
    index = faiss.IndexIDMap2(faiss.IndexFlatL2(vectors.shape[1]))
    index.add_with_ids(vectors, keys)
    return index


def unnormalised(keys, vectors):
    lengths = np.random.default_rng(1).uniform(0.5, 2.0, size=(len(vectors), 1)).astype(np.float32)
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    index.add_with_ids(vectors * lengths, keys)
    return index


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A house with everything done but its index."""
    house = make_house(tmp_path_factory.mktemp("house"), pieces=14, days=1)
    assert house.run().failures == []
    return house


def run(house, job):
    return (
        build_defs(house.settings)
        .resolve_job_def(job)
        .execute_in_process(
            partition_key="sample", instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
        )
    )


@pytest.mark.parametrize("sabotage", [shuffled_ids, wrong_metric, unnormalised])
def test_a_weak_snapshot_is_built_but_never_promoted(honest, monkeypatch, sabotage):
    store = snapshot_store(honest.settings)
    standing = store.pointer("sample")
    # Other floors make another recipe, so that the builder does not take the standing files for its own.
    honest.change(tiers={"seed": hash(sabotage.__name__) % 10_000})
    monkeypatch.setattr(
        tier_files,
        "build_index",
        lambda plan, keys, vectors, path: write_index(sabotage(keys, vectors), path),
    )

    together = run(honest, "index")
    alone = run(honest, "promote")

    built = store.latest("sample")
    assert (built.state, bool(built.refusal)) == ("refused", True)
    assert not together.success
    assert not alone.success
    assert store.pointer("sample") == standing
