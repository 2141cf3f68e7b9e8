"""Which settings made which vectors: one small record per encoder, so that it can be loaded again by its id.

``encoders/<encoder_id>.json`` in the object store.  Records outlive a change of the settings: a snapshot that
was built with the encoder before is searched, and gone back to, with that encoder.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage.objects import ObjectMissingError, ObjectStore
from vision.encoder_fingerprint import encoder_fingerprint
from vision.encoder_loader import EncoderLoader
from vision.encoders import Encoder, EncoderSettings
from vision.errors import EncoderError

RECORDS = "encoders"
_OF_THE_MACHINE = ("device", "precision", "batch_size")  # how it runs; no part of what it computes


class EncoderRecord(BaseModel):
    """The settings that gave an encoder, free of how and where it ran.

    Paths are those of the machine that embedded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    encoder_id: str
    dimension: int = Field(ge=1)
    settings: EncoderSettings
    fingerprint: str | None = None  # of the files that gave it (vision.encoder_fingerprint)


def identity_of(settings: EncoderSettings) -> EncoderSettings:
    """Return the settings without what belongs to a machine: device, precision and batch size."""
    return settings.model_copy(
        update={name: EncoderSettings.model_fields[name].default for name in _OF_THE_MACHINE}
    )


def label_of(settings: EncoderSettings) -> str:
    """Return a short name such as ``ViT-B-32 laion2b_s34b_b79k``: the same on every machine.

    Of local files only the names count, since each machine keeps them somewhere else.
    """
    model = settings.model
    if settings.kind == "folder":
        model = f"local-dir:{Path(model.removeprefix('local-dir:')).name}"
    elif settings.kind == "architecture":
        model = Path(model).name
    weights = (
        settings.pretrained,
        settings.checkpoint and settings.checkpoint.name,
        None if settings.seed is None else f"seed {settings.seed}",
    )
    return " ".join([model, *(word for word in weights if word)])


def record_key(encoder_id: str) -> str:
    """Return the object key of an encoder's record."""
    return f"{RECORDS}/{encoder_id}.json"


def record_encoder(objects: ObjectStore, encoder: Encoder, settings: EncoderSettings) -> EncoderRecord:
    """Note which settings gave an encoder; one that is noted so already is left as it is."""
    record = EncoderRecord(
        encoder_id=encoder.encoder_id,
        dimension=encoder.dimension,
        settings=identity_of(settings),
        fingerprint=encoder_fingerprint(settings),
    )
    data = record.model_dump_json(exclude_none=True).encode()
    key = record_key(encoder.encoder_id)
    try:
        if objects.get(key) == data:
            return record
    except ObjectMissingError:
        pass  # the first vectors of this encoder
    objects.put(key, data)
    return record


def recorded_encoder(objects: ObjectStore, encoder_id: str) -> EncoderRecord | None:
    """Return the record of an encoder; ``None`` when it never embedded here.

    Raises:
        EncoderError: If the record is damaged.
    """
    key = record_key(encoder_id)
    try:
        record = EncoderRecord.model_validate_json(objects.get(key))
    except ObjectMissingError:
        return None
    except ValidationError as error:
        message = f"{key} is no record of an encoder: delete it, and the next run writes it again"
        raise EncoderError(message) from error
    return record


def recorded_encoders(objects: ObjectStore) -> list[EncoderRecord]:
    """Return every record, by encoder id."""
    names = sorted(key.removeprefix(f"{RECORDS}/") for key in objects.keys(f"{RECORDS}/"))
    found = (recorded_encoder(objects, name.removesuffix(".json")) for name in names)
    return [record for record in found if record is not None]


def recorded_ids(objects: ObjectStore, label: str) -> list[str]:
    """Return the ids that encoders of a label have had here: several, where their files have changed."""
    return [record.encoder_id for record in recorded_encoders(objects) if label_of(record.settings) == label]


class KnownEncoders(EncoderLoader):
    """The configured encoder, and by its id any other that has embedded here."""

    def __init__(self, settings: EncoderSettings, open_objects: Callable[[], ObjectStore]) -> None:
        super().__init__(settings)
        self._open_objects = open_objects
        self._others: dict[str, Encoder] = {}
        self._others_lock = Lock()

    def known_id(self) -> str | None:
        """Return the configured encoder's id where its record tells it, files unchanged; else None."""
        known = super().known_id()
        fingerprint = None if known is not None else encoder_fingerprint(self.settings)
        if fingerprint is None:
            return known
        found = {
            record.encoder_id
            for record in recorded_encoders(self._open_objects())
            if record.fingerprint == fingerprint
        }
        return found.pop() if len(found) == 1 else None

    def of(self, encoder_id: str) -> Encoder:
        """Return the encoder with this id, or the configured one where the id was never recorded.

        The configured one is loaded only when the record does not name another.

        Raises:
            EncoderError: If the encoder is recorded and cannot be loaded as it was.
        """
        with self._others_lock:
            if encoder_id in self._others:
                return self._others[encoder_id]
            if self._loaded is not None and self._loaded.encoder_id == encoder_id:
                return self._loaded
            record = recorded_encoder(self._open_objects(), encoder_id)
            if record is None or label_of(record.settings) == label_of(self.settings):
                configured = self.load()
                if record is None or configured.encoder_id == encoder_id:
                    return configured
                if record.settings == identity_of(self.settings):
                    message = (
                        f"the files of {label_of(record.settings)} now give encoder {configured.encoder_id}, "
                        f"they gave {encoder_id}: put the former ones back, or run `loupe reembed --switch`"
                    )
                    raise EncoderError(message)
            other = self._as_recorded(record)
            self._others[encoder_id] = other
            return other

    def _as_recorded(self, record: EncoderRecord) -> Encoder:
        from vision.open_clip_encoder import load_encoder

        here = {"device": self.settings.device, "precision": self.settings.precision}
        named = f"encoder {record.encoder_id} ({label_of(record.settings)})"
        try:
            encoder = load_encoder(record.settings.model_copy(update=here))
        except EncoderError as error:
            message = f"{named}, which the promoted snapshot was built with, cannot be loaded: {error}"
            raise EncoderError(message) from error
        if encoder.encoder_id != record.encoder_id:
            message = (
                f"{named} is not what it was, its files now give encoder {encoder.encoder_id}: put the "
                "former ones back, or switch to another encoder"
            )
            raise EncoderError(message)
        return encoder
