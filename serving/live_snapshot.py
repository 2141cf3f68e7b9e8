"""The snapshot of one collection that serves now: followed, verified, warmed, swapped by reference.

A new snapshot is opened and tried beside the one that serves, off the request path.  A request holds what it
started with (``lease``); a replaced snapshot still answers cursors for a while, and its files go with its
last reader.  One that cannot be verified is refused and reported, and the old one serves on.  Where the
database or the object store does not answer at the start, what served last is opened from local copies.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from index_builds.errors import IndexBuildError
from index_builds.fusion import FusedSearch
from index_builds.manifest import Manifest, parse_manifest, signature_key
from index_builds.neighbour_files import lists_of
from index_builds.neighbours import PieceNeighbours
from index_builds.pointer_trust import trusted_statement
from index_builds.reading import open_content
from index_builds.search import OpenSnapshot
from index_builds.signing import MANIFEST_ROLE, read_signatures
from index_builds.snapshots import SnapshotStore
from serving.errors import NotServableError, SnapshotGoneError, first_line
from serving.local_copies import LastGood, LocalCopies
from serving.neighbour_lists import NeighbourPages
from serving.piece_table import PieceTable
from serving.signals import PieceSignals, read_signals
from storage.objects import ObjectStoreError
from vision.encoder_loader import EncoderLoader
from vision.errors import VisionError

logger = logging.getLogger(__name__)
_FIRST_RETRY_SECONDS = 5.0
_LAST_RETRY_SECONDS = 300.0
_WARMING_QUERIES = 16
_SIGNALS_SECONDS = 300.0


class ServedSnapshot:
    """One open snapshot and what answering from it takes.  Safe to share between threads."""

    def __init__(
        self, manifest: Manifest, snapshot: OpenSnapshot, neighbours: PieceNeighbours | None
    ) -> None:
        self.manifest = manifest
        self.snapshot = snapshot
        self.neighbours = neighbours
        self.table = PieceTable(snapshot.metadata)
        self.neighbour_pages = NeighbourPages(neighbours, self.table)
        self.fused = FusedSearch(snapshot)
        self.pictures_per_piece = max(1.0, manifest.live_vectors / max(len(self.table), 1))
        self.signals: PieceSignals | None = None  # of the last time they could be read
        self.signals_version = 0
        self.files = set(manifest.content.file_digests())

    @property
    def snapshot_id(self) -> str:
        """Which snapshot."""
        return self.manifest.snapshot_id

    @property
    def encoder_id(self) -> str:
        """Whose vectors its visual channel holds."""
        return self.manifest.content.encoder_id

    def warm(self) -> None:
        """Ask every channel for its own pictures, so that pages and tables are there before customers are.

        Raises:
            NotServableError: If it answers nothing.
        """
        for name in self.snapshot.channels:
            channel = self.snapshot.channel(name)
            for opened in channel.tiers.values():
                opened.prepare()
            held = [opened.keys for opened in channel.tiers.values() if opened.count]
            if not held:
                continue
            keys = np.concatenate(held)
            asked = keys[:: max(1, len(keys) // _WARMING_QUERIES)][:_WARMING_QUERIES]
            vectors, _ = channel.vectors_of(asked)
            found = channel.search(vectors, 10, tiers=tuple(channel.tiers))
            if (found.keys[:, 0] < 0).any():
                message = f"snapshot {self.snapshot_id} finds nothing in its {name} channel: build it again"
                raise NotServableError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatus:
    """What is known of one collection's serving.

    ``refused`` names the snapshot that was refused last and why, while it is still the promoted one;
    ``unreachable`` says why the pointer could not be read at the last look.  ``from_copies`` tells that what
    serves was opened without the database or the store.
    """

    collection: str
    snapshot_id: str | None
    pointer_version: int | None
    refused: tuple[str, str] | None
    refusals: int
    unreachable: str | None
    from_copies: bool
    swaps: int
    kept: tuple[str, ...]
    readers: int


@dataclass(eq=False, slots=True)
class _Held:
    served: ServedSnapshot
    readers: int = 0
    replaced_at: float | None = None


@dataclass(slots=True)
class _Trouble:
    snapshot_id: str
    reason: str
    again_at: float
    pause: float = field(default=_FIRST_RETRY_SECONDS)


class LiveSnapshot:
    """Follow one collection's pointer.  Safe to share between threads: those that refresh take turns.

    Args:
        store: Where snapshots live.
        collection: Whose pointer.
        encoder: What queries will be encoded with.
        copies: Where local copies go.
        kept: Replaced snapshots that still answer.
        kept_seconds: For how long.
        clock: Seconds that never go back.
        at_once: Threads that search the tiers of one question at the same time.
    """

    def __init__(
        self,
        store: SnapshotStore,
        collection: str,
        *,
        encoder: EncoderLoader,
        copies: LocalCopies,
        kept: int,
        kept_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        at_once: Executor | None = None,
    ) -> None:
        self.collection = collection
        self._store, self._encoder, self._copies, self._at_once = store, encoder, copies, at_once
        self._kept_most, self._kept_seconds, self._clock = kept, kept_seconds, clock
        self._lock, self._refreshing = Lock(), Lock()
        self._current: _Held | None = None
        self._replaced: list[_Held] = []  # newest first
        self._trouble: _Trouble | None = None
        self._unreachable: str | None = None
        self._pointer_version: int | None = None
        self._from_copies = False
        self._opening: set[str] = set()
        self._swaps = 0
        self._signals_again_at = 0.0
        self._refusals = 0

    @contextmanager
    def lease(self, snapshot_id: str | None = None) -> Iterator[ServedSnapshot]:
        """Give the snapshot that serves, or the named one, for as long as a request takes.

        Raises:
            NotServableError: If nothing serves.
            SnapshotGoneError: If the named one does not answer any more.
        """
        with self._lock:
            held = self._chosen(snapshot_id)
            held.readers += 1
        try:
            yield held.served
        finally:
            with self._lock:
                held.readers -= 1
            if held.replaced_at is not None:
                self._let_go()

    @property
    def current(self) -> ServedSnapshot | None:
        """The snapshot that serves now."""
        held = self._current
        return None if held is None else held.served

    def status(self) -> LiveStatus:
        """Return what is known of it now."""
        with self._lock:
            everyone = ([self._current] if self._current else []) + self._replaced
            trouble = self._trouble
            return LiveStatus(
                collection=self.collection,
                snapshot_id=None if self._current is None else self._current.served.snapshot_id,
                pointer_version=self._pointer_version,
                refused=None if trouble is None else (trouble.snapshot_id, trouble.reason),
                refusals=self._refusals,
                unreachable=self._unreachable,
                from_copies=self._from_copies,
                swaps=self._swaps,
                kept=tuple(held.served.snapshot_id for held in self._replaced),
                readers=sum(held.readers for held in everyone),
            )

    def refresh(self) -> bool:
        """Look at the pointer and follow it; return whether another snapshot serves now."""
        with self._refreshing:
            return self._followed()

    def _followed(self) -> bool:
        self._let_go()
        try:
            pointer = self._store.pointer(self.collection)
            now = None if self._store.signing is None else self._store.signing.clock()
            statement = trusted_statement(self._store, self.collection, pointer, now=now)
        except (SQLAlchemyError, ObjectStoreError) as error:
            self._unreachable = first_line(error)
            logger.warning("the pointer of %s cannot be read: %s", self.collection, self._unreachable)
            return self._current is None and self._serve_copies()
        except IndexBuildError as error:
            self._refuse("the pointer", error)
            return False
        self._unreachable = None
        self._pointer_version = pointer.version
        if pointer.snapshot_id is None:
            return False
        serving = self.current
        if serving is not None and serving.snapshot_id == pointer.snapshot_id:
            self._look_at_signals(serving)
            self._trouble, self._from_copies = None, False
            return False
        trouble = self._trouble
        if (
            trouble is not None
            and trouble.snapshot_id == pointer.snapshot_id
            and self._clock() < trouble.again_at
        ):
            return False
        digest = None if statement is None else statement.manifest_digest
        try:
            manifest = self._store.manifest(self.collection, pointer.snapshot_id, digest=digest)
            with self._lock:  # a reader that leaves meanwhile must not take them away
                self._opening = set(manifest.content.file_digests())
            for file in self._opening:
                self._copies.file(file, self._store.file)
            served = self._opened(manifest)
            self._remember(manifest)
        except (
            IndexBuildError,
            ObjectStoreError,
            VisionError,
            NotServableError,
            SQLAlchemyError,
            OSError,
        ) as error:
            self._refuse(pointer.snapshot_id, error)
            return self._current is None and self._serve_copies()
        self._swap(served, from_copies=False)
        return True

    def _opened(self, manifest: Manifest) -> ServedSnapshot:
        content = manifest.content
        try:
            encoder_id = self._encoder.of(content.encoder_id).encoder_id
        except ObjectStoreError:  # records of encoders are away; the configured one may be the right one
            encoder_id = self._encoder.load().encoder_id
        if encoder_id != content.encoder_id:
            message = (
                f"snapshot {manifest.snapshot_id} was built with encoder {content.encoder_id}, the "
                f"settings name "
                f"{encoder_id}: run `loupe run` to build one for it, or set the encoder back"
            )
            raise NotServableError(message)
        opened = open_content(
            content, self._copies.held, snapshot_id=manifest.snapshot_id, at_once=self._at_once
        )
        served = ServedSnapshot(manifest, opened, lists_of(content, self._copies.held))
        served.warm()
        self._look_at_signals(served)
        return served

    def _look_at_signals(self, served: ServedSnapshot) -> None:
        if served.signals is not None and self._clock() < self._signals_again_at:
            return
        self._signals_again_at = self._clock() + _SIGNALS_SECONDS
        try:
            served.signals = read_signals(self._store.engine, self.collection, served.table.piece_ids)
            served.signals_version += 1
        except SQLAlchemyError as error:
            logger.warning("the signals of %s cannot be read: %s", self.collection, first_line(error))

    def _remember(self, manifest: Manifest) -> None:
        data, _ = self._store.published(self.collection, manifest.snapshot_id)
        signatures = None
        if self._store.signing is not None and self._store.signing.trusted is not None:
            signatures = self._store.objects.get(signature_key(self.collection, manifest.snapshot_id))
        good = LastGood(snapshot_id=manifest.snapshot_id, manifest=data, signatures=signatures)
        self._copies.remember(self.collection, good)

    def _serve_copies(self) -> bool:
        good = self._copies.last_good(self.collection)
        if good is None:
            return False
        what = f"the local copy of {self.collection}/{good.snapshot_id}"
        try:
            if self._store.signing is not None and self._store.signing.trusted is not None:
                signed = read_signatures(good.signatures or b"", what)
                self._store.signing.trusted.verify(MANIFEST_ROLE, good.manifest, signed, what)
            served = self._opened(parse_manifest(good.manifest, what))
        except (IndexBuildError, VisionError, NotServableError, ObjectStoreError) as error:
            self._refuse(good.snapshot_id, error)
            return False
        logger.warning("%s serves until database and object store answer", what)
        self._swap(served, from_copies=True)
        return True

    def _refuse(self, snapshot_id: str, error: Exception) -> None:
        reason = first_line(error)
        known = self._trouble
        again = known is not None and known.snapshot_id == snapshot_id
        pause = (
            min(known.pause * 2, _LAST_RETRY_SECONDS) if known is not None and again else _FIRST_RETRY_SECONDS
        )
        self._refusals += 1
        self._trouble = _Trouble(snapshot_id, reason, self._clock() + pause, pause)
        logger.error("%s of %s is refused: %s", snapshot_id, self.collection, reason)

    def _swap(self, served: ServedSnapshot, *, from_copies: bool) -> None:
        with self._lock:
            before, self._current = self._current, _Held(served)
            if before is not None:
                before.replaced_at = self._clock()
                self._replaced.insert(0, before)
            self._swaps += 1
            self._from_copies = from_copies
            if not from_copies:
                self._trouble = None
        logger.info("%s serves %s", self.collection, served.snapshot_id)
        self._let_go()

    def _chosen(self, snapshot_id: str | None) -> _Held:
        if self._current is not None and snapshot_id in (None, self._current.served.snapshot_id):
            return self._current
        if snapshot_id is None:
            said = self._trouble.reason if self._trouble else "nothing is promoted: run `loupe run`"
            message = f"collection {self.collection} has no snapshot that can serve: {said}"
            raise NotServableError(message)
        for held in self._replaced:
            if held.served.snapshot_id == snapshot_id and self._still_answers(held):
                return held
        message = (
            f"snapshot {snapshot_id} of {self.collection} does not answer any more: "
            "ask again without the cursor"
        )
        raise SnapshotGoneError(message)

    def _still_answers(self, held: _Held) -> bool:
        age = self._clock() - (held.replaced_at or 0.0)
        return self._replaced.index(held) < self._kept_most and age <= self._kept_seconds

    def _let_go(self) -> None:
        """Forget replaced snapshots that nobody reads and no cursor may ask, and their files' copies."""
        with self._lock:
            gone = [held for held in self._replaced if not held.readers and not self._still_answers(held)]
            self._replaced = [held for held in self._replaced if held not in gone]
            needed = {
                digest
                for held in ([self._current] if self._current else []) + self._replaced
                for digest in held.served.files
            }
            for held in gone:
                self._copies.drop(held.served.files - needed - self._opening)
