"""The document that is a snapshot: which files, of what, measured how.  Values and their bytes only.

The content digest covers what a snapshot holds and how it is searched.  Times, runs, versions and upstream
names stay outside, so that a build that is repeated or resumed arrives at the same digest.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index_builds.canonical import canonical_json
from index_builds.channel_names import VISUAL
from index_builds.errors import ManifestFormatError
from index_builds.filter_plan import FilterPlan
from index_builds.gate_report import GateReport
from index_builds.tiers import TIERS, Tier
from storage.objects import sha256_hex

FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)  # the first knew neither deltas nor channels beside the visual one
INSTEAD_OF = "instead_of_encoder"  # an upstream name: the encoder that the settings named meanwhile


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeysFile(_Part):
    """A file of sorted keys, and what else is known of each (``keys_file``)."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    keys: int = Field(ge=1)


class DeltaFile(_Part):
    """A small exact index of what came after the base file was built."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    vectors: int = Field(ge=1)
    ids_digest: str


class OperatingPoint(_Part):
    """Search parameters of one index file, and what they cost and found when they were measured.

    The recall is the lesser of images and of points between them; latencies are of single queries on one
    thread, the machine being as busy as it was.
    """

    parameters: dict[str, int]
    recall_at_10: float
    recall_at_10_lower: float
    latency_ms_p50: float
    latency_ms_p95: float


class ListFigures(_Part):
    """How well lists fit their vectors: now, and when they were trained.

    ``imbalance`` is FAISS's factor, 1 where all lists are as long; ``error`` is the mean squared distance of
    a sample of vectors from the centre of their list.
    """

    imbalance: float
    error: float
    trained_imbalance: float
    trained_error: float
    compactions: int = Field(ge=0)  # changes merged into the lists since


class IndexFile(_Part):
    """A tier's vectors of one channel, searched at one operating point: a base file, and what changed since.

    ``vectors`` and ``ids_digest`` describe the base file alone.  ``tombstones`` are the keys of the base that
    have gone or were replaced; a replaced key lives on in the delta.  ``live_vectors`` and
    ``live_ids_digest`` describe what a search can find.
    """

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    factory: str
    parameters: dict[str, int]
    vectors: int = Field(ge=1)
    ids_digest: str
    recipe: str  # digest of all that shaped the file
    resident_fraction: float  # expected memory as a share of float32
    reason: str  # why this index
    rows: KeysFile | None = None  # every key of the base, with a fingerprint of its vector
    delta: DeltaFile | None = None
    tombstones: KeysFile | None = None
    changed_ids_digest: str | None = None  # of the live keys, where a delta or tombstones changed them
    points: tuple[OperatingPoint, ...] = ()  # measured when the base was tuned, no part of its identity
    lists: ListFigures | None = None  # where it has lists, no part of its identity
    filters: FilterPlan | None = None  # measured when the base was built; timings, so no part of its identity

    @property
    def live_vectors(self) -> int:
        """Vectors that a search can find."""
        gone = 0 if self.tombstones is None else self.tombstones.keys
        return self.vectors - gone + (0 if self.delta is None else self.delta.vectors)

    @property
    def live_ids_digest(self) -> str:
        """Digest of the keys that a search can find."""
        return self.changed_ids_digest or self.ids_digest

    @property
    def files(self) -> tuple["IndexFile | DeltaFile | KeysFile", ...]:
        """Every file that it names, the base first."""
        others = (self.rows, self.delta, self.tombstones)
        return (self, *(file for file in others if file is not None))

    def identity(self) -> list[object]:
        """Return what of it makes a snapshot the one it is."""
        changed = [None if part is None else part.digest for part in (self.delta, self.tombstones)]
        held: list[object] = [self.digest, self.factory, self.parameters, self.ids_digest]
        return held + ([*changed, self.changed_ids_digest] if any(changed) else [])


class MetadataFile(_Part):
    """The Parquet file of listing rows."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    rows: int = Field(ge=1)


class NeighboursFile(_Part):
    """The lists of each served piece's nearest pieces (``neighbours``)."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    pieces: int = Field(ge=1)


class TierMove(_Part):
    """Pieces that went from one tier to another for one reason; ``source`` is null for those that came."""

    source: Tier | None
    target: Tier
    reason: str
    pieces: int = Field(ge=1)


class PieceTiers(_Part):
    """The file that says of each piece its tier, since when and why (``tier_records``), and what moved."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    pieces: int = Field(ge=1)
    day: str  # of the plan, by the catalogue's own time
    balanced_on: str  # the day of the demand by which every piece was last placed
    moves: tuple[TierMove, ...]  # against the plan of the snapshot that was promoted then


class ChannelContent(_Part):
    """What a channel beside the visual one holds: whose vectors, and which pictures have one."""

    channel_id: str  # digest of all that shapes its vectors
    dimension: int = Field(ge=1)
    live_vectors: int = Field(ge=1)
    ids_digest: str


class SnapshotContent(_Part):
    """What a snapshot holds.

    ``encoder_id``, ``dimension``, ``live_vectors`` and ``ids_digest`` are the visual channel's, which every
    picture has; a picture may lack a vector of another channel.
    """

    encoder_id: str
    dimension: int = Field(ge=1)
    metric: Literal["inner_product"]
    tiers: dict[Tier, dict[str, IndexFile]]
    live_vectors: int = Field(ge=1)
    tombstones: int = Field(ge=0)
    ids_digest: str
    metadata: MetadataFile
    channels: dict[str, ChannelContent] = Field(default_factory=dict)
    neighbours: NeighboursFile | None = None
    piece_tiers: PieceTiers | None = None  # the rows say the tiers too, so no part of the identity

    def content_digest(self) -> str:
        """Return the digest of the content, free of how files were planned and explained."""
        held = {
            "encoder_id": self.encoder_id,
            "dimension": self.dimension,
            "metric": self.metric,
            "tiers": {
                tier: {channel: file.identity() for channel, file in channels.items()}
                for tier, channels in self.tiers.items()
            },
            "tombstones": self.tombstones,
            "ids": self.ids_digest,
            "metadata": self.metadata.digest,
        }
        if self.channels:
            held["channels"] = {
                name: [channel.channel_id, channel.dimension, channel.ids_digest]
                for name, channel in self.channels.items()
            }
        if self.neighbours is not None:
            held["neighbours"] = self.neighbours.digest
        return sha256_hex(canonical_json(held))

    def file_digests(self) -> dict[str, int]:
        """Return every file that the content names: digest -> bytes."""
        indexes = [index for channels in self.tiers.values() for index in channels.values()]
        files = {file.digest: file.bytes for index in indexes for file in index.files}
        if self.neighbours is not None:
            files[self.neighbours.digest] = self.neighbours.bytes
        if self.piece_tiers is not None:
            files[self.piece_tiers.digest] = self.piece_tiers.bytes
        return files | {self.metadata.digest: self.metadata.bytes}

    def dimension_of(self, channel: str) -> int:
        """Return the dimension of a channel's vectors."""
        return self.dimension if channel == VISUAL else self.channels[channel].dimension

    def files_of(self, channel: str) -> dict[Tier, IndexFile]:
        """Return a channel's index of every tier where it has one, hottest first."""
        return {
            tier: self.tiers[tier][channel]
            for tier in TIERS
            if tier in self.tiers and channel in self.tiers[tier]
        }


class Training(_Part):
    """What the index files were trained and tuned on."""

    seed: int
    sample_sizes: dict[Tier, int]


class Manifest(_Part):
    """A published snapshot."""

    format_version: Literal[1, 2]
    snapshot_id: str
    version: int = Field(ge=1)
    parent: str | None  # the snapshot that was promoted when this one was built
    collection: str
    content_digest: str
    content: SnapshotContent
    training: Training
    library_versions: dict[str, str]
    upstream: dict[str, str]  # what it was built from: name -> data version
    gate: GateReport
    run_id: str | None
    build_seconds: dict[str, float] = Field(default_factory=dict)  # stage -> seconds; of this build alone

    @property
    def encoder_id(self) -> str:
        """Whose vectors these are."""
        return self.content.encoder_id

    @property
    def instead_of(self) -> str | None:
        """Label of the encoder that the settings named when another one was chosen by hand; else ``None``."""
        return self.upstream.get(INSTEAD_OF)

    @property
    def live_vectors(self) -> int:
        """Vectors that a search can find."""
        return self.content.live_vectors

    def to_json(self) -> bytes:
        """Return the manifest's bytes, ``format_version`` first."""
        fields = self.model_dump(mode="json")
        version = fields.pop("format_version")
        return b'{"format_version":' + str(version).encode() + b"," + canonical_json(fields)[1:]


def is_mapped(tier: Tier, factory: str) -> bool:
    """Tell whether a file is mapped: all but whole vectors of the hot tier, which are read into memory."""
    return not (tier == "hot" and factory == "Flat")


def snapshot_name(version: int, content_digest: str) -> str:
    """Return the snapshot's id: its version, for order, and its content, for identity."""
    return f"{version:08d}-{content_digest[:12]}"


def manifest_key(collection: str, snapshot_id: str) -> str:
    """Return the object key of a manifest."""
    return f"snapshots/{collection}/{snapshot_id}/manifest.json"


def signature_key(collection: str, snapshot_id: str) -> str:
    """Return the object key of a manifest's signatures."""
    return f"snapshots/{collection}/{snapshot_id}/manifest.sig"


def parse_manifest(data: bytes, what: str) -> Manifest:
    """Read a manifest strictly.

    Args:
        data: Its bytes.
        what: Names it in errors.

    Raises:
        ManifestFormatError: If it is no manifest, was written in another format, or contradicts itself.
    """
    try:
        raw: Any = json.loads(data)
    except ValueError as error:
        message = f"{what} is not JSON ({error}): restore it, or build a new snapshot"
        raise ManifestFormatError(message) from error
    found = raw.get("format_version") if isinstance(raw, dict) else None
    if found not in READABLE_VERSIONS:
        message = (
            f"{what} has format_version {found!r}, this Loupe reads {READABLE_VERSIONS}: "
            "read it with the release that wrote it, or build a new snapshot"
        )
        raise ManifestFormatError(message)
    try:
        manifest = Manifest.model_validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = (
            f"{what} is not a valid manifest at {place}: {first['msg']} ({error.error_count()} problems)"
        )
        raise ManifestFormatError(message) from error
    digest = manifest.content.content_digest()
    if manifest.content_digest != digest or manifest.snapshot_id != snapshot_name(manifest.version, digest):
        message = (
            f"{what} calls itself {manifest.snapshot_id} with content {manifest.content_digest[:12]}, "
            f"but its content is {digest[:12]}: it was edited; restore it, or build a new snapshot"
        )
        raise ManifestFormatError(message)
    return manifest


def occupied_tiers(content: SnapshotContent) -> tuple[Tier, ...]:
    """Return the tiers that hold vectors, hottest first."""
    return tuple(tier for tier in TIERS if tier in content.tiers)
