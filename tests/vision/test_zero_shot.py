"""Questions as an encoder can be asked them, and pictures' scores as their answers."""

import numpy as np
import pytest

from storage.objects import LocalObjectStore
from vision.attribute_calibration import calibrate
from vision.attribute_records import (
    Current,
    current,
    digest_of,
    note_current,
    stored_calibration,
    stored_prompts,
)
from vision.embedding_parts import EmbeddingParts, write_part
from vision.known_words import KnownWords, ReadText
from vision.zero_shot import NOTHING, Question, encode_question, mean_scores

MOTIF = Question(
    attribute="motif",
    templates=("{}", "a photo of a {}"),
    answers={
        "heart": ("heart",),
        "moon": ("moon", "crescent moon"),
        "skull": ("skull",),
        NOTHING: ("plain",),
    },
)


class WordedEncoder:
    """Texts are the sums of their words' random vectors; it knows only the words it is given."""

    encoder_id = "worded"
    dimension = 16

    def __init__(self, words):
        self._words = KnownWords(frozenset(words)) if words else None
        self.encoded = []

    def read_text(self, text):
        return self._words.read(text) if self._words else ReadText(text=text)

    def unknown_words(self, text):
        return self.read_text(text).unknown

    def encode_texts(self, texts):
        self.encoded += texts
        vectors = np.stack([sum(self._vector(word) for word in text.split()) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def _vector(self, word):
        return np.random.default_rng(sum(word.encode())).normal(size=16)


@pytest.fixture
def store(tmp_path):
    return LocalObjectStore(tmp_path / "objects")


def test_a_term_is_the_mean_of_its_phrases_in_every_template():
    encoder = WordedEncoder(None)

    found = encode_question(encoder, MOTIF)

    texts = ["moon", "a photo of a moon", "crescent moon", "a photo of a crescent moon"]
    mean = encoder.encode_texts(texts).mean(axis=0)
    assert found.answers == ("heart", "moon", "skull", NOTHING)
    assert found.vectors[1] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1.0, abs=1e-6)


def test_a_term_is_left_out_when_the_encoder_knows_none_of_its_phrases():
    encoder = WordedEncoder({"heart", "moon", "plain"})

    found = encode_question(encoder, MOTIF)

    assert found.answers == ("heart", "moon", NOTHING)
    assert found.unknown == ("skull",)
    assert found.left_out == ""
    assert not any("crescent" in text or "skull" in text for text in encoder.encoded)


def test_a_choice_among_too_few_known_terms_is_not_asked_for_and_says_why():
    found = encode_question(WordedEncoder({"heart", "plain"}), MOTIF)

    assert found.left_out == "the encoder knows the words of 1 of 3 terms (heart)"
    assert found.answers == ()
    assert found.vectors.shape == (0, 16)


def test_a_question_is_not_asked_where_none_of_these_cannot_be_said():
    found = encode_question(WordedEncoder({"heart", "moon", "skull"}), MOTIF)

    assert found.left_out == "the encoder knows no words for a piece that has none of the terms"


def test_a_piece_scores_the_mean_of_its_pictures_over_all_shards(store):
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(5, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for shard in (0, 1):
        rows = [key for key in range(5) if key % 2 == shard]
        write_part(store, "worded", shard, [(key, f"{key:064x}") for key in rows], vectors[rows])
    answers = encode_question(WordedEncoder(None), MOTIF).vectors
    parts = EmbeddingParts(store, "worded", 2)
    # Piece 0 has pictures 0, 1 and 7, which has no vector; piece 1 has 1 and 4; piece 2 has none.
    keys, owners = np.array([0, 1, 7, 1, 4]), np.array([0, 0, 0, 1, 1])

    pictures, means = mean_scores(parts, keys, owners, 3, answers)

    assert pictures.tolist() == [2, 2, 0]
    assert means[0] == pytest.approx((vectors[[0, 1]] @ answers.T).mean(axis=0), abs=1e-5)
    assert means[1] == pytest.approx((vectors[[1, 4]] @ answers.T).mean(axis=0), abs=1e-5)
    assert means[2].tolist() == [0.0] * 4


def test_answers_are_encoded_once_per_encoder_and_version(store):
    loads = []

    def load():
        loads.append(1)
        return WordedEncoder({"heart", "moon", "plain"})

    first = stored_prompts(store, "worded", "v1", [MOTIF], load)
    again = stored_prompts(store, "worded", "v1", [MOTIF], load)

    assert len(loads) == 1
    assert (again[0].answers, again[0].unknown) == (first[0].answers, first[0].unknown)
    assert np.array_equal(again[0].vectors, first[0].vectors)
    stored_prompts(store, "worded", "v2", [MOTIF], load)
    stored_prompts(store, "another", "v1", [MOTIF], load)
    assert len(loads) == 3


def test_the_same_evidence_is_never_fitted_twice_and_a_damaged_record_is(store):
    rng = np.random.default_rng(3)
    fits = np.arange(200) % 2 == 0
    fitted = calibrate(("heart", "moon"), rng.normal(size=(200, 2)), rng.integers(0, 2, 200), fits)
    digest = digest_of("worded", "v1", [["p", "motif", "heart"]])

    assert stored_calibration(store, digest, lambda: {"motif": fitted}) == {"motif": fitted}
    assert stored_calibration(store, digest, lambda: pytest.fail("fitted again")) == {"motif": fitted}
    store.put(f"attributes/calibrations/{digest}.json", b"{")
    assert stored_calibration(store, digest, lambda: {"motif": fitted}) == {"motif": fitted}


def test_what_rows_were_made_from_is_known_once_it_is_noted(store):
    made = Current(inputs="1", calibration="2", rows=3)

    assert current(store, "shop") is None
    note_current(store, "shop", made)
    assert current(store, "shop") == made
    assert current(store, "other") is None
