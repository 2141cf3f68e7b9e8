"""What a query's unknown words do to its answer."""

from dataclasses import asdict

import numpy as np
import pytest
from index_house import DIMENSION, draft_with, flat_index, slim_catalogue

from index_builds.reading import open_content
from serving.errors import QueryError
from serving.searching import CollectionSearch
from vision.known_words import KnownWords


class WordEncoder:
    """Turn every text into a vector of its own, and know a few words."""

    encoder_id = "encoder-a"
    dimension = DIMENSION

    def __init__(self):
        self.read_text = KnownWords(frozenset({"gold", "ring", "emerald"})).read
        self.encoded = []

    def encode_texts(self, texts):
        self.encoded += texts
        drawn = np.stack(
            [np.random.default_rng(list(text.encode())).normal(size=DIMENSION) for text in texts]
        )
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


class Loaded:
    def __init__(self, encoder):
        self.encoder = encoder

    def of(self, encoder_id):
        return self.encoder


@pytest.fixture
def encoder():
    return WordEncoder()


@pytest.fixture
def search(tmp_path, encoder):
    """A search over a small snapshot."""
    catalogue = slim_catalogue(60)
    content, paths = draft_with(tmp_path, catalogue, flat_index(catalogue.keys, catalogue.vectors))
    return CollectionSearch(open_content(content, paths.__getitem__, snapshot_id=None), Loaded(encoder))


def test_unknown_words_are_left_out_and_named(search, encoder):
    known = search.by_text("gold ring", 5)
    mixed = search.by_text("Gold rings with a zircon, emrald", 5)

    assert encoder.encoded == ["gold ring", "gold ring"]
    assert mixed.hits == known.hits
    assert len(mixed.hits) == 5
    assert known.unknown_words == ()
    assert mixed.unknown_words == ("zircon", "emrald")
    assert mixed.near_words == {"emrald": ("emerald",)}
    assert asdict(mixed)["unknown_words"] == ("zircon", "emrald")


def test_a_query_of_unknown_words_alone_is_refused_with_a_remedy(search, encoder):
    with pytest.raises(
        QueryError, match=r"never seen .* emrald \(did you mean emerald\?\), zorgle: .* picture"
    ):
        search.by_text("an emrald zorgle", 5)
    assert encoder.encoded == []


@pytest.mark.parametrize(("text", "complaint"), [(" ", "is empty"), ("with the", "names nothing")])
def test_a_query_that_says_nothing_is_refused(search, text, complaint):
    with pytest.raises(QueryError, match=complaint):
        search.by_text(text, 5)
