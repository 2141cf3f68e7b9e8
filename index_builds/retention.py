"""Remove what no retained snapshot names, and nothing else.

Rows go first, in a transaction of their own; only then, under the same lock as publications, the objects that
no row names any more.  A crash in between leaves objects without a name, which the next collection removes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from index_builds.errors import GarbageError, IndexBuildError
from index_builds.manifest import manifest_key, signature_key
from index_builds.moments import moment_of
from index_builds.snapshots import FILES, MANIFESTS, SnapshotEntry, SnapshotStore
from index_builds.tables import snapshots
from storage.objects import LocalObjectStore, digest_key


@dataclass(frozen=True, slots=True, kw_only=True)
class GarbageReport:
    """What was removed, or would be: ``collection/snapshot_id`` names and object keys, sorted.

    ``removed_downloads`` are the keys whose copies in this machine's cache went.
    """

    removed_snapshots: tuple[str, ...]
    removed_objects: tuple[str, ...]
    removed_downloads: tuple[str, ...]
    kept_snapshots: tuple[str, ...]
    dry_run: bool


def collect_garbage(
    store: SnapshotStore,
    *,
    collection: str | None = None,
    keep_last: int,
    grace: int,
    keep_days: float = 0.0,
    now: datetime | None = None,
    dry_run: bool = False,
) -> GarbageReport:
    """Remove old snapshots, and every object and downloaded file that no remaining one names.

    A snapshot stays when it is promoted, the parent of the promoted one, pinned, one of the newest
    ``keep_last``, less than ``grace`` versions older than the newest, or was published less than
    ``keep_days`` ago.  Age only protects: a clock that is wrong keeps too much or falls back on the counts.
    A snapshot whose publication was not noted is left to the counts.  Files are shared between snapshots and
    collections; one stays as long as anybody names it.

    Args:
        store: Where snapshots live.
        collection: Whose old snapshots to remove; ``None``: everybody's.  Unnamed objects are removed in any
            case.
        keep_last: At least 1.
        grace: In versions.
        keep_days: Days of 24 hours; 0: age keeps nothing.
        now: The present moment, aware; needed with ``keep_days``.
        dry_run: Say what would go, and remove nothing.

    Raises:
        GarbageError: If the manifest of a remaining snapshot cannot be read, so that it is not known what it
            names.
        ValueError: If ``keep_last`` is below 1, or ``keep_days`` comes without ``now``.
    """
    if keep_days and now is None:
        message = f"keep_days is {keep_days:g} and now is not given: pass the present moment"
        raise ValueError(message)
    if keep_last < 1:
        message = (
            f"keep_last is {keep_last}: at least the newest snapshot stays, its version must "
            "not be given twice"
        )
        raise ValueError(message)
    doomed: list[SnapshotEntry] = []
    kept: list[SnapshotEntry] = []
    with store.exclusively() as connection:
        for name in store.collections():
            entries = store.list(name)
            retained = _retained(store, name, entries, keep_last, grace)
            if now is not None:
                retained |= _published_since(entries, now - timedelta(days=keep_days))
            for entry in entries:
                stays = collection not in (None, name) or entry.snapshot_id in retained
                (kept if stays else doomed).append(entry)
        _named(
            store, kept
        )  # before anything goes: what cannot be read names nothing, and would lose its files
        if not dry_run:
            for entry in doomed:
                connection.execute(
                    snapshots.delete().where(
                        snapshots.c.collection == entry.collection, snapshots.c.version == entry.version
                    )
                )
    with store.exclusively():
        gone = {(entry.collection, entry.snapshot_id) for entry in doomed}
        remaining = [
            entry
            for name in store.collections()
            for entry in store.list(name)
            if (entry.collection, entry.snapshot_id) not in gone
        ]
        named = _named(store, remaining)
        unnamed = [
            key for room in (MANIFESTS, FILES) for key in store.objects.keys(f"{room}/") if key not in named
        ]
        downloads = [key for key in _downloaded(store) if key not in named]
        if not dry_run:
            for key in unnamed:
                store.objects.delete(key)
            for key in downloads:
                (store.cache / key).unlink(missing_ok=True)  # who has it mapped keeps its pages
    return GarbageReport(
        removed_snapshots=tuple(sorted(f"{entry.collection}/{entry.snapshot_id}" for entry in doomed)),
        removed_objects=tuple(sorted(unnamed)),
        removed_downloads=tuple(sorted(downloads)),
        kept_snapshots=tuple(sorted(f"{entry.collection}/{entry.snapshot_id}" for entry in remaining)),
        dry_run=dry_run,
    )


def _retained(
    store: SnapshotStore, collection: str, entries: Sequence[SnapshotEntry], keep_last: int, grace: int
) -> set[str]:
    promoted = store.promoted(collection)
    newest = max(entry.version for entry in entries)
    retained = {entry.snapshot_id for entry in entries[:keep_last]}
    retained |= {entry.snapshot_id for entry in entries if entry.pinned or newest - entry.version < grace}
    if promoted is not None:
        retained.add(promoted)
        retained |= {
            entry.parent for entry in entries if entry.snapshot_id == promoted and entry.parent is not None
        }
    return retained


def _published_since(entries: Sequence[SnapshotEntry], since: datetime) -> set[str]:
    return {
        entry.snapshot_id
        for entry in entries
        if entry.published_at is not None and moment_of(entry.published_at) > since
    }


def _downloaded(store: SnapshotStore) -> Iterator[str]:
    """Yield the keys of index files that lie in the cache; a folder's objects are never copied there."""
    if isinstance(store.objects, LocalObjectStore):
        return
    for path in (store.cache / FILES).rglob("*"):
        if path.is_file() and not path.name.endswith(".part"):  # another process is downloading that one
            yield path.relative_to(store.cache).as_posix()


def _named(store: SnapshotStore, entries: list[SnapshotEntry]) -> set[str]:
    named: set[str] = set()
    for entry in entries:
        try:
            # Signatures are not asked for: who can change the database can remove files without our help.
            _, manifest = store.published(entry.collection, entry.snapshot_id)
        except IndexBuildError as error:
            message = f"nothing was removed: {error}"
            raise GarbageError(message) from error
        named |= {one(entry.collection, entry.snapshot_id) for one in (manifest_key, signature_key)}
        named |= {digest_key(FILES, digest) for digest in manifest.content.file_digests()}
    return named
