"""The store of snapshots: files by digest, one manifest each, one row each; whole or invisible.

Order of a publication: index and metadata files, then the manifest, then the SQL row.  A snapshot exists when
its row does, so a crash before that leaves only objects that nobody names, which garbage collection removes.
Publication and garbage collection exclude each other; neither can pull a file from under the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from index_builds.errors import (
    IndexBuildError,
    MixAndMatchError,
    SignatureMissingError,
    SnapshotDamagedError,
    SnapshotMissingError,
)
from index_builds.fresh_process import load_in_fresh_process
from index_builds.gate_report import GateReport
from index_builds.manifest import (
    FORMAT_VERSION,
    INSTEAD_OF,
    Manifest,
    SnapshotContent,
    Training,
    manifest_key,
    parse_manifest,
    signature_key,
    snapshot_name,
)
from index_builds.moments import moment_text
from index_builds.signing import MANIFEST_ROLE, Signature, Signatures, Signing, detached, read_signatures
from index_builds.tables import pointers, promotions, snapshots
from storage.database import reading
from storage.known_digests import digest_of_file
from storage.objects import ObjectMissingError, ObjectStore, digest_key, sha256_hex, sha256_of_file

FILES = "index-files"
MANIFESTS = "snapshots"
_LOCK = 7_074_690  # any number; one per kind of exclusion in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A snapshot that is built and judged, and still to be published.

    ``paths`` gives a local file for every digest that the content names.
    """

    collection: str
    content: SnapshotContent
    paths: Mapping[str, Path]
    parent: str | None
    training: Training
    library_versions: Mapping[str, str]
    upstream: Mapping[str, str]
    gate: GateReport
    run_id: str | None
    published_at: datetime | None = None
    build_seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotEntry:
    """A row of the list of snapshots.  ``state`` is candidate, refused or retired; ``refusal`` says why.

    ``published_at`` is UTC; ``None`` where it was not noted.
    """

    collection: str
    version: int
    snapshot_id: str
    content_digest: str
    manifest_digest: str
    parent: str | None
    state: str
    refusal: str | None
    pinned: bool
    published_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What serving follows.  ``version`` grows with every move; 0 means never promoted."""

    snapshot_id: str | None
    version: int
    statement: str | None = field(
        default=None, compare=False, repr=False
    )  # of a signing key, see pointer_trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One line of a pointer's history."""

    pointer_version: int
    kind: str
    from_snapshot: str | None
    to_snapshot: str
    moved_at: str
    actor: str
    reason: str | None


class SnapshotStore:
    """Publish, look up and verify the snapshots of every collection."""

    def __init__(
        self, engine: Engine, objects: ObjectStore, cache: Path, signing: Signing | None = None
    ) -> None:
        self.engine = engine
        self.objects = objects
        self.cache = cache
        self.signing = signing

    def publish(self, draft: Draft) -> Manifest:
        """Make a draft visible, and return its manifest.

        When the newest snapshot of the collection holds the same content, was judged by the same evidence and
        is intact, that one is returned and nothing is written.

        Raises:
            SnapshotDamagedError: If a local file is not what the draft says.
            SnapshotMissingError: If the draft names a file that it does not bring.
            SigningKeyError: If it cannot be signed as this deployment demands.
        """
        key = None if self.signing is None else self.signing.key
        digest = draft.content.content_digest()
        standing = self._same_again(draft, digest)
        if standing is not None:
            return standing
        for file in draft.content.file_digests():
            self._put(file, draft.paths)
        with self.exclusively() as connection:
            for file in draft.content.file_digests():
                if not self.objects.exists(digest_key(FILES, file)):  # collected since it was put
                    self._put(file, draft.paths)
            version = self._next_version(connection, draft.collection)
            manifest = Manifest(
                format_version=FORMAT_VERSION,
                snapshot_id=snapshot_name(version, digest),
                version=version,
                parent=draft.parent,
                collection=draft.collection,
                content_digest=digest,
                content=draft.content,
                training=draft.training,
                library_versions=dict(draft.library_versions),
                upstream=dict(draft.upstream),
                gate=draft.gate,
                run_id=draft.run_id,
                build_seconds=dict(draft.build_seconds),
            )
            data = manifest.to_json()
            if key is not None:
                self.sign(draft.collection, manifest.snapshot_id, [key.sign(MANIFEST_ROLE, data)])
            self.objects.put(manifest_key(draft.collection, manifest.snapshot_id), data)
            connection.execute(
                snapshots.insert().values(
                    collection=draft.collection,
                    version=version,
                    snapshot_id=manifest.snapshot_id,
                    content_digest=digest,
                    manifest_digest=sha256_hex(data),
                    parent=draft.parent,
                    state="refused" if draft.gate.failures else "candidate",
                    refusal="; ".join(draft.gate.failures) or None,
                    pinned=False,
                    published_at=None if draft.published_at is None else moment_text(draft.published_at),
                )
            )
        return manifest

    def manifest(self, collection: str, snapshot_id: str, *, digest: str | None = None) -> Manifest:
        """Return a snapshot's manifest, its bytes checked against the digest in the database.

        Where signatures are demanded, a trusted key must have signed those bytes, too.

        Args:
            collection: Whose snapshot.
            snapshot_id: Which one.
            digest: What else its bytes must have, where somebody else than the database said so.

        Raises:
            SnapshotMissingError: If there is no such snapshot, or its manifest is gone.
            SnapshotDamagedError: If the manifest is not what was published.
            UntrustedError: If no trusted key signed it, or it is another snapshot's.
        """
        data, manifest = self.published(collection, snapshot_id)
        name = f"{collection}/{snapshot_id}"
        if self.signing is not None and self.signing.trusted is not None:
            signed = self.signatures(collection, snapshot_id)
            self.signing.trusted.verify(MANIFEST_ROLE, data, signed, f"the manifest of {name}")
        if digest not in (None, sha256_hex(data)):
            message = (
                f"the manifest of {name} has digest {sha256_hex(data)[:12]}, the pointer's statement says "
                f"{str(digest)[:12]}: it is another one of that name; restore it, or promote again"
            )
            raise MixAndMatchError(message)
        return manifest

    def signatures(self, collection: str, snapshot_id: str) -> Signatures:
        """Return the signatures beside a manifest, not yet verified; SignatureMissingError without any."""
        key = signature_key(collection, snapshot_id)
        try:
            data = self.objects.get(key)
        except ObjectMissingError as error:
            message = (
                f"the manifest of {collection}/{snapshot_id} is not signed ({error}): build it where the "
                "signing key is, or `loupe snapshots sign --adopt` to vouch for what was published"
            )
            raise SignatureMissingError(message) from error
        return read_signatures(data, key)

    def published(self, collection: str, snapshot_id: str) -> tuple[bytes, Manifest]:
        """Return a manifest and its bytes on the database's word alone: its signatures are not looked at.

        Raises:
            SnapshotMissingError: If there is no such snapshot, or its manifest is gone.
            SnapshotDamagedError: If the manifest is not what was published.
        """
        entry = self.entry(collection, snapshot_id)
        key = manifest_key(collection, snapshot_id)
        try:
            data = self.objects.get(key)
        except ObjectMissingError as error:
            message = (
                f"the manifest of {collection}/{snapshot_id} is gone ({error}): restore it, or roll back"
            )
            raise SnapshotMissingError(message) from error
        found = sha256_hex(data)
        if found != entry.manifest_digest:
            message = (
                f"{key} has digest {found[:12]}, the database says {entry.manifest_digest[:12]}: "
                "it was changed after publication; restore it, or build a new snapshot"
            )
            raise SnapshotDamagedError(message)
        manifest = parse_manifest(data, key)
        if (manifest.collection, manifest.snapshot_id) != (collection, snapshot_id):
            message = (
                f"{key} is the manifest of {manifest.collection}/{manifest.snapshot_id}: "
                "restore it, or build a new snapshot"
            )
            raise MixAndMatchError(message)
        return data, manifest

    def entry(self, collection: str, snapshot_id: str) -> SnapshotEntry:
        """Return a snapshot's row, or raise SnapshotMissingError."""
        with reading(self.engine) as connection:
            row = connection.execute(
                sa.select(snapshots).where(
                    snapshots.c.collection == collection, snapshots.c.snapshot_id == snapshot_id
                )
            ).one_or_none()
        if row is None:
            message = f"collection {collection} has no snapshot {snapshot_id}: see `loupe snapshots list`"
            raise SnapshotMissingError(message)
        return SnapshotEntry(**row._mapping)

    def latest(self, collection: str) -> SnapshotEntry | None:
        """Return the newest snapshot of a collection, whatever its state; ``None`` before the first."""
        with reading(self.engine) as connection:
            row = connection.execute(
                sa.select(snapshots)
                .where(snapshots.c.collection == collection)
                .order_by(snapshots.c.version.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else SnapshotEntry(**row._mapping)

    def pointer(self, collection: str) -> Pointer:
        """Return what serving follows, with the version that a move must name."""
        with reading(self.engine) as connection:
            row = connection.execute(
                sa.select(pointers.c.snapshot_id, pointers.c.version, pointers.c.statement).where(
                    pointers.c.collection == collection
                )
            ).one_or_none()
        return Pointer(snapshot_id=None, version=0) if row is None else Pointer(**row._mapping)

    def promoted(self, collection: str) -> str | None:
        """Return the id of the promoted snapshot; ``None`` when nothing was promoted yet."""
        return self.pointer(collection).snapshot_id

    def history(self, collection: str) -> Sequence[Move]:
        """Return every move of the pointer, oldest first."""
        columns = [promotions.c[name] for name in Move.__dataclass_fields__]
        with reading(self.engine) as connection:
            rows = connection.execute(
                sa.select(*columns)
                .where(promotions.c.collection == collection)
                .order_by(promotions.c.pointer_version)
            ).all()
        return [Move(**row._mapping) for row in rows]

    def collections(self) -> Sequence[str]:
        """Return the collections that have snapshots, sorted."""
        with reading(self.engine) as connection:
            return list(
                connection.scalars(
                    sa.select(snapshots.c.collection).distinct().order_by(snapshots.c.collection)
                )
            )

    def pin(self, collection: str, snapshot_id: str, *, pinned: bool = True) -> None:
        """Keep a snapshot whatever retention says, or stop keeping it."""
        with self.exclusively() as connection:
            changed = connection.execute(
                snapshots.update()
                .where(snapshots.c.collection == collection, snapshots.c.snapshot_id == snapshot_id)
                .values(pinned=pinned)
            )
        if changed.rowcount == 0:
            message = f"collection {collection} has no snapshot {snapshot_id}: see `loupe snapshots list`"
            raise SnapshotMissingError(message)

    def file(self, digest: str) -> Path:
        """Return a local copy of an index or metadata file, not yet checked against its digest.

        Raises:
            SnapshotMissingError: If the store has no such file.
        """
        try:
            return self.objects.local_path(digest_key(FILES, digest), self.cache)
        except ObjectMissingError as error:
            message = f"{error}: restore it, or build the snapshot again"
            raise SnapshotMissingError(message) from error

    def verify(self, collection: str, snapshot_id: str) -> Manifest:
        """Check that a snapshot is whole: manifest, every file's digest, ids, and a load in a fresh process.

        Files are fetched anew where the store is remote, so a good copy in the cache hides nothing.

        Raises:
            SnapshotMissingError: If the snapshot, its manifest or a file is gone.
            SnapshotDamagedError: If anything is not what was published.
        """
        manifest = self.manifest(collection, snapshot_id)
        self.cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.cache, prefix="verify-") as folder:
            fresh = SnapshotStore(self.engine, self.objects, Path(folder), self.signing)
            paths = {digest: fresh.file(digest) for digest in manifest.content.file_digests()}
            torn = [
                f"{digest[:12]} ({path.stat().st_size} bytes)"
                for digest, path in paths.items()
                if sha256_of_file(path) != digest
            ]
            if torn:
                message = (
                    f"{collection}/{snapshot_id} has damaged files: {', '.join(torn)}; "
                    "restore them, or build the snapshot again"
                )
                raise SnapshotDamagedError(message)
            load_in_fresh_process(manifest.content, paths.__getitem__, f"{collection}/{snapshot_id}")
        return manifest

    @contextmanager
    def exclusively(self) -> Iterator[Connection]:
        """Give a transaction that excludes every other publication, promotion and garbage collection."""
        with self.engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection

    def intact(self, digest: str) -> bool:
        """Tell whether the store holds a file with this digest, undamaged."""
        try:
            return digest_of_file(self.file(digest)) == digest
        except SnapshotMissingError:
            return False

    def _same_again(self, draft: Draft, digest: str) -> Manifest | None:
        newest = self.latest(draft.collection)
        if newest is None or newest.content_digest != digest:
            return None
        try:
            manifest = self.manifest(draft.collection, newest.snapshot_id)
        except IndexBuildError:
            return None  # what cannot be read is published again
        if manifest.gate.evidence_digest != draft.gate.evidence_digest:
            return None
        if manifest.instead_of != draft.upstream.get(INSTEAD_OF):
            return None
        return manifest if all(map(self.intact, manifest.content.file_digests())) else None

    def _put(self, digest: str, paths: Mapping[str, Path]) -> None:
        if self.intact(digest):
            return
        path = paths.get(digest)
        if path is None or not path.is_file():
            message = f"the draft names file {digest[:12]} and does not bring it: build again"
            raise SnapshotMissingError(message)
        found = sha256_of_file(path)
        if found != digest:
            message = (
                f"{path} has digest {found[:12]}, the draft says {digest[:12]}: delete it and build again"
            )
            raise SnapshotDamagedError(message)
        self.objects.put_file(digest_key(FILES, digest), path)

    def sign(self, collection: str, snapshot_id: str, signatures: Sequence[Signature]) -> None:
        """Put signatures beside a manifest, in place of those that were there."""
        self.objects.put(signature_key(collection, snapshot_id), detached(MANIFEST_ROLE, signatures))

    def _next_version(self, connection: Connection, collection: str) -> int:
        newest = connection.scalar(
            sa.select(sa.func.max(snapshots.c.version)).where(snapshots.c.collection == collection)
        )
        return (newest or 0) + 1

    def list(self, collection: str) -> Sequence[SnapshotEntry]:
        """Return the snapshots of a collection, newest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                sa.select(snapshots)
                .where(snapshots.c.collection == collection)
                .order_by(snapshots.c.version.desc())
            ).all()
        return [SnapshotEntry(**row._mapping) for row in rows]
