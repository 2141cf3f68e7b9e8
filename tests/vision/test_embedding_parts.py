"""Parts of the embeddings are read back as they were written, or refused by name."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.objects import sha256_hex
from vision.embedding_parts import EmbeddingParts, part_keys, shard_prefix, write_part
from vision.errors import EmbeddingPartError

ENCODER = "0123abcd"


def unit(rows, dimension=6, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def images(*keys):
    return [(key, f"{key:064x}") for key in keys]


def put_table(store, table, shard=0, encoder_id=ENCODER):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    data = sink.getvalue().to_pybytes()
    key = f"{shard_prefix(encoder_id, shard)}{sha256_hex(data)}.parquet"
    store.put(key, data)
    return key


def test_vectors_come_back_by_key_from_several_shards(store):
    vectors = unit(5)
    write_part(store, ENCODER, 0, images(8, 4), vectors[:2])
    write_part(store, ENCODER, 1, images(5), vectors[2:3])
    write_part(store, ENCODER, 1, images(9, 1), vectors[3:])
    parts = EmbeddingParts(store, ENCODER, 4)

    keys, found = parts.read(np.array([9, 77, 4, 8, 5, 4]))

    assert keys.tolist() == [4, 5, 8, 9]
    assert np.array_equal(found, vectors[[1, 2, 0, 3]])
    assert found.dtype == np.float32
    assert parts.present(1).tolist() == [1, 5, 9]
    assert parts.present(2).tolist() == []
    assert parts.dimension() == 6


def test_nothing_embedded_reads_as_nothing(store):
    parts = EmbeddingParts(store, ENCODER, 4)

    keys, vectors = parts.read(np.array([1, 2]))

    assert (len(keys), len(vectors), parts.dimension()) == (0, 0, None)


def test_the_same_rows_make_the_same_object(store):
    first = write_part(store, ENCODER, 0, images(1, 2), unit(2))

    assert write_part(store, ENCODER, 0, images(1, 2), unit(2)) == first
    assert part_keys(store, ENCODER, 0) == [first]


def test_a_key_in_two_parts_is_read_from_the_first_by_name(store):
    one = write_part(store, ENCODER, 0, images(1, 2), unit(2, seed=1))
    other = write_part(store, ENCODER, 0, images(2, 3), unit(2, seed=2))
    expected = unit(2, seed=1)[1] if one < other else unit(2, seed=2)[0]

    keys, vectors = EmbeddingParts(store, ENCODER, 1).read(np.array([2, 3]))

    assert keys.tolist() == [2, 3]
    assert np.array_equal(vectors[0], expected)


@pytest.mark.parametrize(
    "vectors",
    [
        unit(2) * 2.0,
        np.full((2, 6), np.nan, dtype=np.float32),
        unit(3),
        unit(2).astype(np.float64),
        unit(2)[0],
    ],
)
def test_what_are_no_unit_vectors_of_these_images_is_not_written(store, vectors):
    with pytest.raises(ValueError, match="vectors"):
        write_part(store, ENCODER, 0, images(1, 2), vectors)
    assert part_keys(store, ENCODER, 0) == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied"])
def test_a_damaged_part_is_refused_by_name(store, damage):
    key = write_part(store, ENCODER, 0, images(1, 2), unit(2))
    data = bytearray(store.get(key))
    if damage == "flipped":
        data[len(data) // 2] ^= 4
    store.put(key, bytes(data[: {"flipped": len(data), "cut": 200, "emptied": 0}[damage]]))
    parts = EmbeddingParts(store, ENCODER, 1)

    for use in (lambda: parts.present(0), lambda: parts.read(np.array([1]))):
        with pytest.raises(EmbeddingPartError, match=r"is damaged.*delete it") as caught:
            use()
        assert key in str(caught.value)


def test_a_part_of_another_encoder_is_refused(store):
    foreign = write_part(store, "feedbeef", 0, images(1), unit(1))
    key = f"{shard_prefix(ENCODER, 0)}{foreign.rpartition('/')[2]}"
    store.put(key, store.get(foreign))

    with pytest.raises(EmbeddingPartError, match=f"{key} was made by encoder feedbeef, not by {ENCODER}"):
        EmbeddingParts(store, ENCODER, 1).read(np.array([1]))


def test_parts_of_two_dimensions_are_refused(store):
    write_part(store, ENCODER, 0, images(1), unit(1))
    write_part(store, ENCODER, 0, images(2), unit(1, dimension=7))

    with pytest.raises(EmbeddingPartError, match=r"has [67] dimensions, where others have [67]"):
        EmbeddingParts(store, ENCODER, 1).read(np.array([1, 2]))


def test_a_stray_file_among_the_parts_is_named(store):
    store.put(f"{shard_prefix(ENCODER, 0)}notes.txt", b"x")

    with pytest.raises(EmbeddingPartError, match=r"notes\.txt is no embedding part"):
        EmbeddingParts(store, ENCODER, 1).present(0)


def _table(**changed):
    columns = {
        "image_key": pa.array([1], type=pa.int64()),
        "image_id": pa.array(["1"]),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(unit(1)[0]), 6),
    }
    columns.update(changed)
    present = {name: column for name, column in columns.items() if column is not None}
    return pa.table(present).replace_schema_metadata({"encoder_id": ENCODER, "dimension": "6"})


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"image_key": pa.array(["1"])}, "has the columns"),
        ({"image_id": None}, "has the columns"),
        ({"vector": pa.array([[1.0, 0.0]])}, "has the columns"),
        (
            {"vector": pa.FixedSizeListArray.from_arrays(pa.array(unit(1)[0][:5]), 5)},
            "not those of its dimension",
        ),
        ({"image_key": pa.array([None], type=pa.int64())}, "has 1 nulls"),
        (
            {"vector": pa.FixedSizeListArray.from_arrays(pa.array(2 * unit(1)[0]), 6)},
            "not finite unit vectors",
        ),
    ],
)
def test_a_part_with_other_content_is_refused(store, changed, complaint):
    put_table(store, _table(**changed))

    with pytest.raises(EmbeddingPartError, match=complaint):
        EmbeddingParts(store, ENCODER, 1).read(np.array([1]))


def test_what_is_not_parquet_is_refused(store):
    data = b"PAR1 not really"
    store.put(f"{shard_prefix(ENCODER, 0)}{sha256_hex(data)}.parquet", data)

    with pytest.raises(EmbeddingPartError, match="is not Parquet"):
        EmbeddingParts(store, ENCODER, 1).present(0)


def test_another_number_of_shards_is_noticed(store):
    write_part(store, ENCODER, 0, images(4, 8), unit(2))

    with pytest.raises(EmbeddingPartError, match="the number of shards was changed"):
        EmbeddingParts(store, ENCODER, 8).present(0)
    with pytest.raises(EmbeddingPartError, match="the number of shards was changed"):
        EmbeddingParts(store, ENCODER, 8).read(np.array([8]))


def test_a_cache_folder_gives_the_same_answers(store, tmp_path):
    write_part(store, ENCODER, 0, images(1, 2), unit(2))

    keys, vectors = EmbeddingParts(store, ENCODER, 1, cache=tmp_path / "cache").read(np.array([2]))

    assert keys.tolist() == [2]
    assert np.array_equal(vectors, unit(2)[1:])
