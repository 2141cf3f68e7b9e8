"""From vectors and words to rows of ``piece_attributes``: ``vision`` computes, ``catalog`` keeps."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from catalog.attributes.definitions import AttributeName, attributes, vocabulary_version
from catalog.attributes.ledger import attribute_rows, decided_attributes, write_attributes
from catalog.attributes.settings import EnrichmentSettings
from catalog.attributes.stated import PieceFacts, piece_facts
from catalog.attributes.suggestions import NONE, AttributeRow, judged, suggestion, with_questions
from storage.database import reading
from storage.objects import ObjectStore
from vision.attribute_calibration import ANOTHER, AttributeCalibration, calibrate, is_fitted_on
from vision.attribute_records import (
    Current,
    current,
    digest_of,
    note_current,
    stored_calibration,
    stored_prompts,
)
from vision.embedding_parts import EmbeddingParts, part_keys
from vision.encoders import Encoder
from vision.zero_shot import NOTHING, Prompts, Question, mean_scores

Decided = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """What came of asking a collection's pictures.

    Attributes:
        inputs: Digest of everything that it was made from.
        changed: Rows written or removed.
        states: Attribute to the number of its rows by state.
        questions: Rows that people are asked about.
        calibrations: Of the attributes that were asked.
        left_out: Of the others, why not.
        unknown: Attribute to the terms whose words the encoder does not know.
    """

    inputs: str
    changed: int
    states: Mapping[str, Mapping[str, int]]
    questions: int
    calibrations: Mapping[str, AttributeCalibration]
    left_out: Mapping[str, str]
    unknown: Mapping[str, Sequence[str]]


def enrich(
    catalogue: Engine,
    objects: ObjectStore,
    parts: EmbeddingParts,
    collection: str,
    load: Callable[[], Encoder],
    languages: Mapping[str, str],
    settings: EnrichmentSettings,
) -> Enrichment:
    """Bring a collection's attributes up to date; where nothing changed, nothing is computed or written.

    Args:
        catalogue: Knows listings, pieces, pictures and decisions, and takes the rows.
        objects: Keeps answers' vectors and calibrations.
        parts: Vectors of the encoder in force.
        collection: Whose.
        load: Loads that encoder; called only for a vocabulary that it was never asked in.
        languages: Feed to the language of its texts.
        settings: Floor and number of questions.
    """
    with reading(catalogue) as connection:
        facts = piece_facts(connection, collection, languages)
        decided = decided_attributes(connection, collection)
        present = attribute_rows(connection, collection)
    prompts = stored_prompts(objects, parts.encoder_id, vocabulary_version(), _questions(), load)
    inputs = _inputs(objects, parts, facts, decided, settings)
    last = current(objects, collection)
    if last is not None and last.inputs == inputs and last.rows == len(present):
        rows, changed = present, 0
        calibrations = stored_calibration(
            objects, last.calibration, lambda: _calibrations(*_scored(parts, facts, prompts), facts, decided)
        )
    else:
        pictures, scores = _scored(parts, facts, prompts)
        evidence = _evidence(parts.encoder_id, facts, decided)
        calibrations = stored_calibration(
            objects, evidence, lambda: _calibrations(pictures, scores, facts, decided)
        )
        rows = _rows(facts, pictures, scores, calibrations, decided, settings)
        changed = write_attributes(catalogue, collection, rows)
        note_current(objects, collection, Current(inputs=inputs, calibration=evidence, rows=len(rows)))
    states: dict[str, Counter[str]] = {name: Counter() for name in attributes()}
    for row in rows:
        states[row.attribute][row.state] += 1
    return Enrichment(
        inputs=inputs,
        changed=changed,
        states=states,
        questions=sum(row.asked for row in rows),
        calibrations=calibrations,
        left_out={one.attribute: one.left_out for one in prompts if one.left_out},
        unknown={one.attribute: one.unknown for one in prompts},
    )


def _questions() -> tuple[Question, ...]:
    return tuple(
        Question(
            attribute=name,
            templates=one.templates,
            answers={**one.phrases, NOTHING: one.nothing} if one.nothing else one.phrases,
        )
        for name, one in attributes().items()
    )


def _scored(
    parts: EmbeddingParts, facts: Sequence[PieceFacts], prompts: Sequence[Prompts]
) -> tuple[NDArray[np.int64], dict[AttributeName, tuple[tuple[str, ...], NDArray[np.float64]]]]:
    """Return how many vectors each piece has, and per asked attribute its answers and the pieces' scores."""
    pairs = [(key, place) for place, piece in enumerate(facts) for key in piece.image_keys]
    keys, owners = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    asked = [one for one in prompts if not one.left_out]
    matrix = np.concatenate([one.vectors for one in asked]) if asked else np.empty((0, 1), dtype=np.float32)
    if not asked:
        return np.zeros(len(facts), dtype=np.int64), {}
    pictures, means = mean_scores(parts, keys, owners, len(facts), matrix)
    ends = np.cumsum([len(one.answers) for one in asked])
    names: dict[str, AttributeName] = {name: name for name in attributes()}
    return pictures, {
        names[one.attribute]: (one.answers, means[:, end - len(one.answers) : end])
        for one, end in zip(asked, ends.tolist(), strict=True)
    }


def _known_answer(piece: PieceFacts, name: AttributeName, decided: Decided) -> str | None:
    """Return the one term that is known of a piece, ``NOTHING`` where it has none, None where neither is."""
    answer = decided.get((piece.piece_id, name))
    if answer is not None:
        return NOTHING if answer == NONE else answer
    stated = piece.stated.get(name, {})
    if len(stated) == 1:
        return next(iter(stated))
    return NOTHING if name in piece.silent else None


def _calibrations(
    pictures: NDArray[np.int64],
    scores: Mapping[AttributeName, tuple[tuple[str, ...], NDArray[np.float64]]],
    facts: Sequence[PieceFacts],
    decided: Decided,
) -> dict[str, AttributeCalibration]:
    found: dict[str, AttributeCalibration] = {}
    for name, (answers, of_pieces) in scores.items():
        places = {answer: place for place, answer in enumerate(answers)}
        known = {
            place: answer
            for place, piece in enumerate(facts)
            if pictures[place]
            and (answer := _known_answer(piece, name, decided)) is not None
            # Silence of a piece says nothing where every piece has one of the terms.
            and (answer != NOTHING or NOTHING in places)
        }
        found[name] = calibrate(
            answers,
            of_pieces[list(known)],
            np.array([places.get(answer, ANOTHER) for answer in known.values()], dtype=np.int64),
            np.array([is_fitted_on(facts[place].piece_id) for place in known], dtype=np.bool_),
        )
    return found


def _rows(
    facts: Sequence[PieceFacts],
    pictures: NDArray[np.int64],
    scores: Mapping[AttributeName, tuple[tuple[str, ...], NDArray[np.float64]]],
    calibrations: Mapping[str, AttributeCalibration],
    decided: Decided,
    settings: EnrichmentSettings,
) -> list[AttributeRow]:
    rows = []
    for name, asked in attributes().items():
        likely = None
        if name in scores:
            answers, of_pieces = scores[name]
            likely = calibrations[name].probabilities(of_pieces).tolist()
            terms = calibrations[name].calibrated_terms
        for place, piece in enumerate(facts):
            seen = suggestion(answers, likely[place], terms) if likely and pictures[place] else None
            row = judged(
                piece.piece_id,
                name,
                stated=piece.stated.get(name, {}),
                seen=seen,
                decided=decided.get((piece.piece_id, name)),
                silent=name in piece.silent and bool(asked.nothing),
                floor=settings.floor,
            )
            if row is not None:
                rows.append(row)
    return with_questions(rows, settings.questions)


def _evidence(encoder_id: str, facts: Sequence[PieceFacts], decided: Decided) -> str:
    known = [
        [piece.piece_id, name, answer, piece.image_keys]
        for piece in facts
        for name in attributes()
        if (answer := _known_answer(piece, name, decided)) is not None
    ]
    return digest_of(encoder_id, vocabulary_version(), known)


def _inputs(
    objects: ObjectStore,
    parts: EmbeddingParts,
    facts: Sequence[PieceFacts],
    decided: Decided,
    settings: EnrichmentSettings,
) -> str:
    vectors = [
        key for shard in range(parts.shard_count) for key in part_keys(objects, parts.encoder_id, shard)
    ]
    pieces = [[one.piece_id, one.image_keys, one.stated, sorted(one.silent)] for one in facts]
    answers = sorted([*key, answer] for key, answer in decided.items())
    return digest_of(vocabulary_version(), vectors, pieces, answers, settings.floor, settings.questions)
