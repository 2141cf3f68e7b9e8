"""Texts become queries the way a search reads them."""

import numpy as np

from vision.known_words import KnownWords
from vision.queries import encode_queries


class LengthEncoder:
    """Know a few words; encode a text as its length, so that tests see what was encoded."""

    dimension = 1

    def __init__(self):
        self.read_text = KnownWords(frozenset({"gold", "ring"})).read

    def encode_texts(self, texts):
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def test_unknown_words_are_not_encoded_and_texts_of_nothing_else_are_dropped_and_counted():
    found = encode_queries(LengthEncoder(), ["gold ring", "zorgle", "gold ring zorgle"])

    assert found.kept.tolist() == [0, 2]
    assert found.vectors.tolist() == [[9.0], [9.0]]
    assert found.dropped == 1
    assert [one.unknown for one in found.read] == [(), ("zorgle",), ("zorgle",)]


def test_texts_of_which_nothing_is_left_give_no_vectors():
    assert encode_queries(LengthEncoder(), ["zorgle"]).vectors.shape == (0, 1)
    assert encode_queries(LengthEncoder(), []).dropped == 0
