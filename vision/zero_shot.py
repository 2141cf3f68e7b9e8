"""What a picture's vector says of its piece, told by vectors of words in the same space.  No SQL, no torch.

An attribute is a question with several answers (its terms), each described by a few phrases put into a few
templates; the mean of their vectors stands for the answer (prompt ensembling: Radford et al., 2021).  "None
of these" is one more answer where the question has it.  An encoder that was trained on few words is not asked
in others: what it knows no phrase of is left out and named, and a question of which it knows too few answers
is not asked at all, since a choice among the rest would be a guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.embedding_parts import EmbeddingParts
from vision.encoders import Encoder

NOTHING = ""
"""The answer "none of these"."""

LEAST_KNOWN = 0.5  # of an attribute's terms; a choice among fewer leaves most right answers out


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One attribute as an encoder is asked about it.

    Attributes:
        attribute: Its name.
        templates: Sentences with ``{}`` where a phrase goes.
        answers: Term to the phrases that describe it; ``NOTHING`` among them where a piece may have none.
    """

    attribute: str
    templates: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What one encoder made of a question.

    Attributes:
        attribute: Its name.
        answers: The answers that it can tell, in the question's order; empty where it is not asked.
        vectors: Their unit vectors, float32, shape ``(len(answers), dimension)``.
        unknown: Terms of which the encoder knows no phrase.
        left_out: Why it is not asked; empty where it is.
    """

    attribute: str
    answers: tuple[str, ...]
    vectors: NDArray[np.float32]
    unknown: tuple[str, ...] = ()
    left_out: str = ""


def encode_question(encoder: Encoder, question: Question) -> Prompts:
    """Encode the answers of a question as far as the encoder knows their words.

    A phrase with one unknown word is not used: what is left of it may mean something else.  Of a template,
    unknown words are passed over, as in a query.
    """
    known: dict[str, list[str]] = {}
    for answer, phrases in question.answers.items():
        kept = [phrase for phrase in phrases if not encoder.unknown_words(phrase)]
        if kept:
            known[answer] = kept
    terms = [answer for answer in question.answers if answer != NOTHING]
    unknown = tuple(term for term in terms if term not in known)
    reason = _why_not(question, terms, unknown, known)
    if reason:
        nothing = np.empty((0, encoder.dimension), dtype=np.float32)
        return Prompts(
            attribute=question.attribute, answers=(), vectors=nothing, unknown=unknown, left_out=reason
        )
    vectors = np.stack([_mean_vector(encoder, question.templates, phrases) for phrases in known.values()])
    return Prompts(attribute=question.attribute, answers=tuple(known), vectors=vectors, unknown=unknown)


def mean_scores(
    parts: EmbeddingParts,
    keys: NDArray[np.int64],
    owners: NDArray[np.int64],
    count: int,
    answers: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how alike each piece's pictures are to answers: cosine similarity, the mean over its pictures.

    Vectors are read shard by shard, so that only one shard's are in memory.

    Args:
        parts: The vectors of pictures.
        keys: Pictures, one for each piece that they are of, shape ``(n,)``.
        owners: Which piece each is of, from 0 to ``count``, shape ``(n,)``.
        count: Number of pieces.
        answers: Unit vectors of answers, of the same encoder, shape ``(k, dimension)``.

    Returns:
        How many pictures of each piece have a vector, shape ``(count,)``; and the means, 0 where there is
        none, shape ``(count, k)``.
    """
    summed = np.zeros((count, len(answers)), dtype=np.float64)
    pictures = np.zeros(count, dtype=np.int64)
    for shard in np.unique(keys % parts.shard_count).tolist():
        here = keys % parts.shard_count == shard
        found, vectors = parts.read(keys[here])
        if not len(found):
            continue
        of_found = (vectors @ answers.T).astype(np.float64)
        places = np.minimum(np.searchsorted(found, keys[here]), len(found) - 1)
        there = found[places] == keys[here]
        np.add.at(summed, owners[here][there], of_found[places[there]])
        np.add.at(pictures, owners[here][there], 1)
    # Rounded: the last digits depend on how many pictures are multiplied at once.
    return pictures, np.round(summed / np.maximum(pictures, 1)[:, None], 6)


def _why_not(
    question: Question, terms: Sequence[str], unknown: Sequence[str], known: Mapping[str, Sequence[str]]
) -> str:
    left = len(terms) - len(unknown)
    if left < LEAST_KNOWN * len(terms) or left == 0:
        named = f" ({', '.join(term for term in terms if term in known)})" if left else ""
        return f"the encoder knows the words of {left} of {len(terms)} terms{named}"
    if NOTHING in question.answers and NOTHING not in known:
        return "the encoder knows no words for a piece that has none of the terms"
    return ""


def _mean_vector(encoder: Encoder, templates: Sequence[str], phrases: Sequence[str]) -> NDArray[np.float32]:
    texts = [template.format(phrase) for phrase in phrases for template in templates]
    read = list(dict.fromkeys(encoder.read_text(text).text for text in texts))
    mean = encoder.encode_texts(read).astype(np.float64).mean(axis=0)
    unit: NDArray[np.float32] = (mean / np.linalg.norm(mean)).astype(np.float32)
    return unit
