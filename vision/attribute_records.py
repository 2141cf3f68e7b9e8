"""What enrichment keeps in the object store: answers' vectors, calibrations, and what was last done.

``attributes/prompts/<encoder_id>/<vocabulary version>.safetensors``  vectors of every question's answers
``attributes/calibrations/<digest>.json``  named by encoder, vocabulary and known pieces, so that the same
evidence is never fitted twice
``attributes/current/<collection>.json``  which inputs the stored rows were made from
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError

from storage.objects import ObjectMissingError, ObjectStore, sha256_hex
from vision.attribute_calibration import AttributeCalibration
from vision.encoders import Encoder
from vision.zero_shot import Prompts, Question, encode_question

FORMAT = "1"  # of what is stored and computed: another one computes everything anew
_ABOUT = "questions"
_CALIBRATIONS = TypeAdapter(dict[str, AttributeCalibration])


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What a collection's stored rows were made from."""

    inputs: str  # digest
    calibration: str  # digest
    rows: int  # how many rows came of it


_CURRENT = TypeAdapter(Current)


def stored_prompts(
    objects: ObjectStore,
    encoder_id: str,
    version: str,
    questions: Sequence[Question],
    load: Callable[[], Encoder],
) -> tuple[Prompts, ...]:
    """Return what an encoder makes of questions, encoded once per encoder and version.

    Args:
        objects: The store.
        encoder_id: Of the encoder that ``load`` gives.
        version: Digest of the questions.
        questions: What to ask.
        load: Loads the encoder; not called when the answers are there.
    """
    key = f"attributes/prompts/{encoder_id}/{version}-{FORMAT}.safetensors"
    try:
        return _read_prompts(objects.get(key))
    except (ObjectMissingError, SafetensorError, KeyError, ValueError):
        encoder = load()
        prompts = tuple(encode_question(encoder, question) for question in questions)
        objects.put(key, _prompts_file(prompts))
        return prompts


def digest_of(*said: Any) -> str:
    """Return the digest of JSON values, with the format that they are computed by."""
    return sha256_hex(json.dumps([FORMAT, *said], sort_keys=True, ensure_ascii=False).encode())


def stored_calibration(
    objects: ObjectStore, digest: str, calibrate: Callable[[], Mapping[str, AttributeCalibration]]
) -> dict[str, AttributeCalibration]:
    """Return the calibration of a digest, by attribute; fitted only where it is not stored yet."""
    key = f"attributes/calibrations/{digest}.json"
    try:
        return _CALIBRATIONS.validate_json(objects.get(key))
    except (ObjectMissingError, ValidationError):
        found = dict(calibrate())
        objects.put(key, _CALIBRATIONS.dump_json(found, indent=1))
        return found


def current(objects: ObjectStore, collection: str) -> Current | None:
    """Return what a collection's rows were made from; None where nothing says."""
    try:
        return _CURRENT.validate_json(objects.get(_current_key(collection)))
    except (ObjectMissingError, ValidationError):
        return None


def note_current(objects: ObjectStore, collection: str, made: Current) -> None:
    """Note it; to be called after the rows are written."""
    objects.put(_current_key(collection), _CURRENT.dump_json(made))


def _current_key(collection: str) -> str:
    return f"attributes/current/{collection}.json"


def _prompts_file(prompts: Sequence[Prompts]) -> bytes:
    about = [
        {
            "attribute": one.attribute,
            "answers": one.answers,
            "unknown": one.unknown,
            "left_out": one.left_out,
        }
        for one in prompts
    ]
    # One entry: the library writes several in an order of its own.
    return safetensors.numpy.save(
        {one.attribute: one.vectors for one in prompts}, {_ABOUT: json.dumps(about)}
    )


def _read_prompts(data: bytes) -> tuple[Prompts, ...]:
    vectors = safetensors.numpy.load(data)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return tuple(
        Prompts(
            attribute=one["attribute"],
            answers=tuple(one["answers"]),
            vectors=vectors[one["attribute"]].astype(np.float32),
            unknown=tuple(one["unknown"]),
            left_out=one["left_out"],
        )
        for one in json.loads(header["__metadata__"][_ABOUT])
    )
