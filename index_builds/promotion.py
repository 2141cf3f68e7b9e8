"""Move the pointer that serving follows: forward only with proof, back to what has served before.

Promotion believes nobody: it reads the manifest against its digest in the database, every file against its
digest, loads the files in a fresh process, judges the gate's figures by the floors in force now, and checks
that they were measured against the snapshot that is promoted now.  The move is a compare-and-set on the
pointer's version; of two at once exactly one wins.
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from index_builds.channel_names import VISUAL
from index_builds.errors import (
    GateCannotRunError,
    GateRefusedError,
    PromotionConflictError,
    RollbackError,
    SnapshotMissingError,
)
from index_builds.gate import run_gate
from index_builds.gate_report import SKIPS, judge
from index_builds.gate_truth import truth_of
from index_builds.ids import distinct_of_sorted
from index_builds.manifest import Manifest
from index_builds.moments import moment_text
from index_builds.pointer_trust import renew, state_pointer, trusted_statement
from index_builds.queries import HELD_OUT, held_out_queries
from index_builds.reading import open_snapshot
from index_builds.settings import Floor, Floors, GateSettings
from index_builds.snapshots import Pointer, SnapshotStore
from index_builds.tables import pointers, promotions, snapshots
from index_builds.tiers import TIERS

EmbeddingTruth = Callable[[], tuple[NDArray[np.int64], NDArray[np.float32]]]


def promote(
    store: SnapshotStore,
    collection: str,
    snapshot_id: str,
    *,
    settings: GateSettings,
    actor: str,
    moved_at: datetime,
    expected_pointer_version: int | None = None,
    truth: EmbeddingTruth | None = None,
    reason: str | None = None,
) -> Pointer:
    """Make a snapshot the one that serving follows, after proving that it may be.

    Promoting what is promoted already changes nothing; where pointers are signed it renews the statement.

    Args:
        store: Where snapshots live.
        collection: Whose pointer.
        snapshot_id: The candidate.
        settings: The gate in force now.
        actor: Who promotes, for the record.
        moved_at: When, aware; for the record, never for ordering.
        expected_pointer_version: Refuse when the pointer has moved past this version since the caller looked.
        truth: Gives keys and vectors of the live embeddings; with it a small sample is measured again.
        reason: Why, for the record.

    Raises:
        GateRefusedError: If the snapshot may not be promoted; names every stratum that falls short.
        PromotionConflictError: If the pointer was moved in between.
        SnapshotDamagedError: If the snapshot is not what was published.
        SnapshotMissingError: If it, or one of its files, is gone.
        UntrustedError: If pointer or snapshot is not what a trusted key says, where signatures are demanded.
        SigningKeyError: If signatures are demanded, and the key to give one cannot be used.
    """
    entry = store.entry(collection, snapshot_id)
    pointer = _trusted_pointer(store, collection)
    if expected_pointer_version is not None and pointer.version != expected_pointer_version:
        message = (
            f"the pointer of {collection} is at version {pointer.version} ({pointer.snapshot_id}), "
            f"not {expected_pointer_version}: look again before promoting {snapshot_id}"
        )
        raise PromotionConflictError(message)
    if pointer.snapshot_id == snapshot_id:
        return renew(store, collection, signed_at=moved_at)
    if entry.state != "candidate":
        message = f"{collection}/{snapshot_id} was {entry.state}: {entry.refusal}; build a new snapshot"
        raise GateRefusedError(message)
    manifest = store.manifest(collection, snapshot_id)
    _check_gate(store, manifest, pointer, settings)
    store.verify(collection, snapshot_id)
    if truth is not None:
        _audit(store, manifest, truth, settings)
    statement = state_pointer(store, manifest, pointer.version + 1, moved_at)
    with store.exclusively() as connection:
        _require_state(connection, collection, snapshot_id, "candidate")
        moved = _move(
            connection,
            collection,
            pointer,
            snapshot_id,
            "promote",
            actor,
            moved_at,
            reason=reason,
            statement=statement,
        )
    trusted_statement(store, collection, moved, now=None)  # remembered: no lower version is signed again
    return moved


def rollback(
    store: SnapshotStore,
    collection: str,
    *,
    actor: str,
    moved_at: datetime,
    reason: str,
    to: str | None = None,
    expected_pointer_version: int | None = None,
) -> Pointer:
    """Go back to a snapshot that was promoted before, checked again to be whole.

    The snapshot that is left is retired: the next build of the same content does not bring it back by itself,
    only a rollback to it by name does.

    Args:
        store: Where snapshots live.
        collection: Whose pointer.
        actor: Who rolls back, for the record.
        moved_at: When, aware.
        reason: Why, for the record.
        to: The snapshot to go back to; default: the one promoted before the present one.
        expected_pointer_version: As for :func:`promote`.

    Raises:
        RollbackError: If there is nothing to go back to, or ``to`` was never promoted.
        PromotionConflictError: If the pointer was moved in between.
        SnapshotDamagedError: If the target is not what was published.
        SnapshotMissingError: If it is gone.
        UntrustedError: If pointer or target is not what a trusted key says, where signatures are demanded.
        SigningKeyError: If signatures are demanded, and the key to give one cannot be used.
    """
    pointer = _trusted_pointer(store, collection)
    if pointer.snapshot_id is None:
        message = f"collection {collection} has no promoted snapshot: there is nothing to roll back"
        raise RollbackError(message)
    if expected_pointer_version is not None and pointer.version != expected_pointer_version:
        message = (
            f"the pointer of {collection} is at version {pointer.version}, not {expected_pointer_version}: "
            "look again before rolling back"
        )
        raise PromotionConflictError(message)
    target = to or _before(store, collection)
    if target == pointer.snapshot_id:
        return pointer
    if target not in {move.to_snapshot for move in store.history(collection)}:
        message = f"{collection}/{target} was never promoted: promote it instead, so that it passes the gate"
        raise RollbackError(message)
    statement = state_pointer(store, store.verify(collection, target), pointer.version + 1, moved_at)
    with store.exclusively() as connection:
        _require_state(connection, collection, target, None)
        moved = _move(
            connection,
            collection,
            pointer,
            target,
            "rollback",
            actor,
            moved_at,
            reason=reason,
            statement=statement,
        )
        _set_state(
            connection, collection, pointer.snapshot_id, "retired", f"rolled back by {actor}: {reason}"
        )
        _set_state(connection, collection, target, "candidate", None)
    trusted_statement(store, collection, moved, now=None)
    return moved


def _trusted_pointer(store: SnapshotStore, collection: str) -> Pointer:
    """Return the pointer, checked where signatures are demanded; one whose statement ended may be moved."""
    pointer = store.pointer(collection)
    if store.signing is not None:
        _ = store.signing.key  # refused before anything is measured, not after
    trusted_statement(store, collection, pointer, now=None)
    return pointer


def _check_gate(store: SnapshotStore, manifest: Manifest, pointer: Pointer, settings: GateSettings) -> None:
    name = f"{manifest.collection}/{manifest.snapshot_id}"
    report = manifest.gate
    if report.content_digest != manifest.content.content_digest():
        message = (
            f"the gate report of {name} was made for content {report.content_digest[:12]}, "
            f"not {manifest.content_digest[:12]}: run the gate again"
        )
        raise GateRefusedError(message)
    content = manifest.content
    if set(report.channels) != set(content.channels):
        message = (
            f"the gate of {name} measured the channels {sorted(report.channels)}, the snapshot holds "
            f"{sorted(content.channels)}: run the gate again"
        )
        raise GateRefusedError(message)
    for channel in (VISUAL, *content.channels):
        measured = dict(report.of_channel(channel).tiers)
        held = {tier: file.live_vectors for tier, file in content.files_of(channel).items()}
        if measured != held:
            message = (
                f"the gate of {name} measured {measured} of channel {channel}, the snapshot holds {held}: "
                "run the gate again"
            )
            raise GateRefusedError(message)
    if report.comparison.incumbent != pointer.snapshot_id:
        message = (
            f"{name} was compared with {report.comparison.incumbent or 'no incumbent'}, "
            f"but {pointer.snapshot_id or 'nothing'} is promoted now: build again, so that the gate "
            "runs against it"
        )
        raise GateRefusedError(message)
    if report.comparison.skipped == SKIPS[1] and pointer.snapshot_id is not None:
        incumbent = store.manifest(manifest.collection, pointer.snapshot_id)
        if incumbent.encoder_id == manifest.encoder_id:
            message = (
                f"the gate of {name} skipped the comparison for another encoder, but it is the "
                "same: run it again"
            )
            raise GateRefusedError(message)
    failures = judge(report, settings)
    if failures:
        message = f"{name} does not pass the gate: {'; '.join(map(str, failures))}"
        raise GateRefusedError(message)


def _audit(store: SnapshotStore, manifest: Manifest, truth: EmbeddingTruth, settings: GateSettings) -> None:
    """Measure a seeded sample again; the floor is the strata's, since the sample is as small as a stratum."""
    name = f"{manifest.collection}/{manifest.snapshot_id}"
    opened = open_snapshot(store, manifest.collection, manifest.snapshot_id)
    live = distinct_of_sorted(opened.row_keys)
    keys, vectors = truth()
    wanted = np.isin(keys, live)  # images embedded since the build are no fault of the snapshot
    if int(wanted.sum()) != len(live):
        message = f"{name} holds {len(live)} images, {int(wanted.sum())} of them have embeddings: build again"
        raise GateRefusedError(message)
    keys, vectors = keys[wanted], vectors[wanted]
    lenient = settings.model_copy(
        update={
            "floors": Floors.model_validate(
                {
                    tier: Floor(
                        overall=min(settings.floors.of(tier).overall, settings.floors.of(tier).stratum),
                        stratum=settings.floors.of(tier).stratum,
                    )
                    for tier in TIERS
                }
            ),
            "queries_per_family": settings.audit_queries,
            "min_stratum_queries": min(settings.min_stratum_queries, settings.audit_queries),
            "health_queries": 0,
            "health_limits": {},
        }
    )
    queries = held_out_queries(keys, vectors, None, count=settings.audit_queries, seed=settings.seed + 1)
    try:
        report = run_gate(
            opened,
            truth_of(keys, vectors, opened.metadata),
            {HELD_OUT: queries},
            incumbent=None,
            settings=lenient,
            shapes=("unfiltered",),
        )
    except GateCannotRunError as error:
        message = f"{name} could not be measured again: {error}"
        raise GateRefusedError(message) from error
    failures = judge(report, lenient)
    if failures:
        message = f"{name} does not hold up when measured again: {'; '.join(map(str, failures))}"
        raise GateRefusedError(message)


def _before(store: SnapshotStore, collection: str) -> str:
    """Return what was promoted before the present snapshot; what was rolled back is not gone back to."""
    path: list[str] = []
    for move in store.history(collection):
        if move.kind == "rollback" and move.to_snapshot in path:
            del path[path.index(move.to_snapshot) :]
        path.append(move.to_snapshot)
    if len(path) < 2:
        message = f"collection {collection} has had no snapshot before {path[-1]}: promote another one"
        raise RollbackError(message)
    return path[-2]


def _move(
    connection: Connection,
    collection: str,
    seen: Pointer,
    target: str,
    kind: str,
    actor: str,
    moved_at: datetime,
    *,
    reason: str | None,
    statement: str | None,
) -> Pointer:
    version = seen.version + 1
    conflict = (
        f"the pointer of {collection} has moved from version {seen.version} since {target} was checked: "
        "look at what is promoted now, and try again"
    )
    try:
        if seen.snapshot_id is None:
            connection.execute(
                pointers.insert().values(
                    collection=collection, snapshot_id=target, version=version, statement=statement
                )
            )
        else:
            moved = connection.execute(
                pointers.update()
                .where(pointers.c.collection == collection, pointers.c.version == seen.version)
                .values(snapshot_id=target, version=version, statement=statement)
            )
            if moved.rowcount != 1:
                raise PromotionConflictError(conflict)
        connection.execute(
            promotions.insert().values(
                collection=collection,
                pointer_version=version,
                kind=kind,
                from_snapshot=seen.snapshot_id,
                to_snapshot=target,
                moved_at=moment_text(moved_at),
                actor=actor,
                reason=reason,
            )
        )
    except IntegrityError as error:
        raise PromotionConflictError(conflict) from error
    return Pointer(snapshot_id=target, version=version, statement=statement)


def _require_state(connection: Connection, collection: str, snapshot_id: str, state: str | None) -> None:
    row = connection.execute(
        snapshots.select().where(snapshots.c.collection == collection, snapshots.c.snapshot_id == snapshot_id)
    ).one_or_none()
    if row is None:
        message = f"{collection}/{snapshot_id} was removed while it was checked: build again"
        raise SnapshotMissingError(message)
    if state is not None and row.state != state:
        message = f"{collection}/{snapshot_id} was {row.state} while it was checked: {row.refusal}"
        raise GateRefusedError(message)


def _set_state(
    connection: Connection, collection: str, snapshot_id: str, state: str, refusal: str | None
) -> None:
    connection.execute(
        snapshots.update()
        .where(snapshots.c.collection == collection, snapshots.c.snapshot_id == snapshot_id)
        .values(state=state, refusal=refusal)
    )
