"""Index files: equal inputs give equal bytes, and unfit inputs give none."""

import faiss
import numpy as np
import pytest

from index_builds.build import build_index, recipe_digest, sorted_inputs
from index_builds.errors import BuildInputError, SnapshotDamagedError
from index_builds.index_files import load_index
from index_builds.plans import plan_tier
from index_builds.settings import TierSettings
from storage.objects import sha256_of_file

APPROXIMATE = TierSettings.model_validate(
    {
        tier: {"exact_below": 0, "memory_fraction": fraction, "target_recall": 0.95}
        for tier, fraction in (("hot", 4.0), ("warm", 0.25), ("cold", 0.1))
    }
)


def inputs(count=600, dimension=128, seed=4):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, dimension)).astype(np.float32)
    keys = random.choice(2**62, size=count, replace=False).astype(np.int64)
    return keys, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("settings", [TierSettings(), APPROXIMATE], ids=["exact", "approximate"])
@pytest.mark.parametrize("tier", ["hot", "warm", "cold"])
def test_shuffling_the_inputs_changes_no_byte(tmp_path, tier, settings):
    keys, vectors = inputs()
    plan = plan_tier(tier, len(keys), 128, settings)
    order = np.random.default_rng(9).permutation(len(keys))

    first = build_index(plan, keys, vectors, tmp_path / "first")
    second = build_index(plan, keys[order], vectors[order], tmp_path / "second")

    assert first.digest == second.digest
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}


@pytest.mark.parametrize("tier", ["warm", "cold"])
def test_the_number_of_training_threads_changes_no_byte(tmp_path, tier):
    keys, vectors = inputs(2_000)
    one, two = (
        build_index(
            plan_tier(tier, len(keys), 128, APPROXIMATE.model_copy(update={"threads": threads})),
            keys,
            vectors,
            tmp_path / str(threads),
        )
        for threads in (1, 2)
    )
    assert one.digest == two.digest


def test_ids_are_image_keys_and_not_positions(tmp_path):
    keys, vectors = inputs(50)
    built = build_index(plan_tier("hot", 50, 128, TierSettings()), keys, vectors, tmp_path / "index")

    index = load_index(built.path, digest=built.digest, mapped=False)

    assert np.array_equal(faiss.vector_to_array(index.id_map), np.sort(keys))
    for row in range(0, 50, 7):
        assert np.array_equal(index.reconstruct(int(keys[row])), vectors[row])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda keys, vectors: (keys, vectors * 2), "has length 2.0"),
        (lambda keys, vectors: (keys, np.where(vectors == vectors[3], np.nan, vectors)), "has length nan"),
        (lambda keys, vectors: (np.concatenate([keys[:-1], keys[:1]]), vectors), "occurs twice"),
        (lambda keys, vectors: (-keys - 1, vectors), "is negative"),
        (lambda keys, vectors: (keys[:-1], vectors), "one key per row"),
        (lambda keys, vectors: (keys, vectors.astype(np.float64)), "give float32"),
    ],
)
def test_unfit_inputs_are_refused_by_name(spoil, message):
    with pytest.raises(BuildInputError, match=message):
        sorted_inputs(*spoil(*inputs(20)))


def test_a_recipe_names_everything_that_shapes_the_file():
    keys, vectors = sorted_inputs(*inputs(100))
    plan = plan_tier("warm", 100, 128, TierSettings())
    other_seed = plan_tier("warm", 100, 128, TierSettings(seed=1))
    moved = vectors.copy()
    moved[5] = moved[6]

    recipes = {
        recipe_digest(plan, keys, vectors),
        recipe_digest(other_seed, keys, vectors),
        recipe_digest(plan, keys + 1, vectors),
        recipe_digest(plan, keys, moved),
    }

    assert len(recipes) == 4
    assert recipe_digest(plan, keys, vectors.copy()) in recipes


def test_flipped_bytes_are_found_before_faiss_reads_them(tmp_path):
    keys, vectors = inputs(300)
    built = build_index(plan_tier("warm", 300, 128, APPROXIMATE), keys, vectors, tmp_path / "index")
    torn = bytearray(built.path.read_bytes())
    torn[len(torn) // 2] ^= 0xFF
    built.path.write_bytes(torn)

    with pytest.raises(SnapshotDamagedError, match="it is damaged"):
        load_index(built.path, digest=built.digest, mapped=True)


def test_a_file_without_image_keys_is_no_index_of_ours(tmp_path):
    path = tmp_path / "plain"
    faiss.write_index(faiss.IndexFlatIP(8), str(path))
    with pytest.raises(SnapshotDamagedError, match="not an index with image keys"):
        load_index(path, digest=sha256_of_file(path), mapped=False)
