"""What a pointer says, signed; and how a reader that trusts keys makes sure that it still holds.

The ideas are those of The Update Framework (https://theupdateframework.github.io/specification): a
statement has a version that only grows, a moment at which it ends, and names exactly one manifest.  A reader
remembers the highest version that it has seen, so that who controls the database or the objects can withhold
a promotion, but not take one back, hold readers at an old one for long, or mix the parts of several.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from index_builds.canonical import canonical_json
from index_builds.errors import (
    MixAndMatchError,
    PointerFrozenError,
    PointerRolledBackError,
    SignatureInvalidError,
    SignatureMissingError,
    SnapshotDamagedError,
    UntrustedError,
)
from index_builds.manifest import Manifest
from index_builds.moments import moment_of, moment_text
from index_builds.signing import (
    POINTER_ROLE,
    TrustedKeys,
    document_of,
    enveloped,
    read_signatures,
)
from index_builds.snapshots import Pointer, SnapshotStore
from index_builds.tables import pointers
from storage.files import write_whole
from storage.objects import sha256_hex


class PointerStatement(BaseModel):
    """What is promoted in a collection, said at one moment and good until another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    collection: str
    snapshot_id: str
    manifest_digest: str
    pointer_version: int
    signed_at: str
    expires_at: str


class SeenPointers:
    """The highest pointer version that was seen on this machine, per collection; it never goes down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remember(self, statement: PointerStatement) -> None:
        """Note a statement's version, after checking it against what was seen before.

        Raises:
            PointerRolledBackError: If a higher version was seen.
            MixAndMatchError: If the same version named something else.
            UntrustedError: If what was noted cannot be read.
        """
        with self._held(statement.collection) as path:
            seen = self._read(path)
            said = (statement.snapshot_id, statement.manifest_digest)
            if seen is not None:
                self._refuse_lower(statement.collection, statement.pointer_version, seen[0], path)
                if seen[0] == statement.pointer_version and seen[1:] != said:
                    message = (
                        f"version {seen[0]} of the pointer of {statement.collection} named {seen[1]} before "
                        f"and {statement.snapshot_id} now: two things were signed as one; find out who signed"
                    )
                    raise MixAndMatchError(message)
            if seen is None or seen[0] < statement.pointer_version:
                write_whole(path, canonical_json([statement.pointer_version, *said]))

    def refuse_below_seen(self, collection: str, version: int) -> None:
        """Raise PointerRolledBackError where a higher version was seen than this one."""
        with self._held(collection) as path:
            seen = self._read(path)
            if seen is not None:
                self._refuse_lower(collection, version, seen[0], path)

    def _refuse_lower(self, collection: str, version: int, seen: int, path: Path) -> None:
        if version < seen:
            message = (
                f"the pointer of {collection} is at version {version}, and version {seen} was seen here: "
                f"it was set back; restore the database, or remove {path} where you set it back yourself"
            )
            raise PointerRolledBackError(message)

    @contextmanager
    def _held(self, collection: str) -> Iterator[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{collection}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.folder / f"{collection}.json"

    def _read(self, path: Path) -> tuple[int, str, str] | None:
        try:
            version, snapshot_id, digest = json.loads(path.read_bytes())
            return int(version), str(snapshot_id), str(digest)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            message = (
                f"{path} cannot be read, so which pointers were seen is not known: "
                "remove it once `loupe snapshots list` shows what you expect"
            )
            raise UntrustedError(message) from error


def state_pointer(
    store: SnapshotStore, manifest: Manifest, pointer_version: int, signed_at: datetime
) -> str | None:
    """Return the signed statement that a snapshot is promoted; ``None`` where nothing is signed.

    Args:
        store: Whose key signs.
        manifest: The promoted snapshot's, as it was checked.
        pointer_version: The version at which the pointer names it.
        signed_at: From when it counts, aware.

    Raises:
        SigningKeyError: If the key cannot be used.
        SnapshotDamagedError: If the manifest was replaced since it was checked.
    """
    signing = store.signing
    if signing is None or signing.key is None:
        return None
    name = f"{manifest.collection}/{manifest.snapshot_id}"
    data, published = store.published(manifest.collection, manifest.snapshot_id)
    if published != manifest:
        message = f"the manifest of {name} was replaced while it was checked: find out by whom"
        raise SnapshotDamagedError(message)
    statement = PointerStatement(
        collection=manifest.collection,
        snapshot_id=manifest.snapshot_id,
        manifest_digest=sha256_hex(data),
        pointer_version=pointer_version,
        signed_at=moment_text(signed_at),
        expires_at=moment_text(signed_at + signing.max_age),
    )
    document = canonical_json(statement.model_dump(mode="json"))
    return enveloped(POINTER_ROLE, document, [signing.key.sign(POINTER_ROLE, document)]).decode()


def trusted_statement(
    store: SnapshotStore, collection: str, pointer: Pointer, *, now: datetime | None
) -> PointerStatement | None:
    """Return what a trusted key says of a pointer; ``None`` where nothing is promoted or no key is demanded.

    Args:
        store: Whose trusted keys count, and whose cache remembers.
        collection: Of which collection.
        pointer: The database's row.
        now: The present moment, to refuse what has ended; ``None`` for who is about to sign a new statement.

    Raises:
        UntrustedError: One of its kinds, where the row is not what a trusted key says.
    """
    if store.signing is None or store.signing.trusted is None:
        return None
    seen = SeenPointers(store.cache / "pointers")
    if pointer.snapshot_id is None:
        seen.refuse_below_seen(collection, pointer.version)
        return None
    statement = _signed(store.signing.trusted, pointer, collection)
    _refuse_others(statement, pointer, collection)
    seen.remember(statement)
    if now is not None and moment_of(statement.expires_at) <= now:
        message = (
            f"the statement of what is promoted in {collection} ended {statement.expires_at}: promotions may "
            "be withheld, or no run has renewed it; see whether runs happen, then `loupe snapshots sign`"
        )
        raise PointerFrozenError(message)
    return statement


def renew(store: SnapshotStore, collection: str, *, signed_at: datetime, adopt: bool = False) -> Pointer:
    """Sign anew what is promoted, so that readers know it has not changed; nothing where nothing is signed.

    Args:
        store: Where the pointer is.
        collection: Whose pointer.
        signed_at: The present moment, aware.
        adopt: Sign what the database says although no trusted key has said it.

    Raises:
        UntrustedError: If the present statement is none of a trusted key's, or is not about this pointer.
        SigningKeyError: If the key cannot be used.
    """
    pointer = store.pointer(collection)
    if store.signing is None or pointer.snapshot_id is None:
        return pointer
    if not adopt:
        trusted_statement(store, collection, pointer, now=None)
    manifest = store.manifest(collection, pointer.snapshot_id)
    statement = state_pointer(store, manifest, pointer.version, signed_at)
    with store.exclusively() as connection:
        connection.execute(
            pointers.update()
            .where(pointers.c.collection == collection, pointers.c.version == pointer.version)
            .values(statement=statement)
        )
    return store.pointer(collection)


def _signed(trusted: TrustedKeys, pointer: Pointer, collection: str) -> PointerStatement:
    what = f"the pointer of {collection}"
    if pointer.statement is None:
        message = (
            f"{what} carries no signed statement: promote where the signing key is, or "
            "`loupe snapshots sign --adopt` to vouch for what is promoted"
        )
        raise SignatureMissingError(message)
    signed = read_signatures(pointer.statement.encode(), what)
    document = document_of(signed, what)
    trusted.verify(POINTER_ROLE, document, signed, what)
    try:
        statement = PointerStatement.model_validate_json(document, strict=True)
        moment_of(statement.expires_at)
    except (ValidationError, ValueError) as error:
        message = f"{what} is signed and unreadable: it was signed by another release; promote again"
        raise SignatureInvalidError(message) from error
    return statement


def _refuse_others(statement: PointerStatement, pointer: Pointer, collection: str) -> None:
    said = (statement.collection, statement.snapshot_id, statement.pointer_version)
    held = (collection, pointer.snapshot_id, pointer.version)
    if said != held:
        message = (
            f"the pointer of {collection} is at version {held[2]} on {held[1]}, its statement is of version "
            f"{said[2]} of {said[0]} on {said[1]}: the database was changed; restore it"
        )
        raise MixAndMatchError(message)
