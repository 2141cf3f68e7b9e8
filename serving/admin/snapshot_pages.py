"""Snapshots as pages show them: the list with the pointer's history, and one gate report."""

from collections.abc import Sequence
from dataclasses import dataclass

from index_builds.gate_report import GateFailure, Stratum, floor_of, judge
from index_builds.manifest import Manifest
from index_builds.snapshots import Move, Pointer, SnapshotEntry, SnapshotStore

MOVES_SHOWN = 20
WEAKEST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRow:
    """One snapshot; ``back`` tells that it was promoted before, so that the pointer may go back to it."""

    entry: SnapshotEntry
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotList:
    """A collection's snapshots, newest first, and where its pointer has been, latest first."""

    pointer: Pointer
    rows: Sequence[SnapshotRow]
    moves: Sequence[Move]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReport:
    """One snapshot and what its gate measured.

    ``failures`` are judged now, by the settings that the report was made with; ``weakest`` are the strata
    with the least room above their floor.
    """

    entry: SnapshotEntry
    promoted: bool
    manifest: Manifest
    failures: Sequence[GateFailure]
    overall: Sequence[Stratum]
    weakest: Sequence[tuple[Stratum, float]]


def read_snapshots(store: SnapshotStore, collection: str) -> SnapshotList:
    """Return a collection's snapshots."""
    pointer, moves = store.pointer(collection), store.history(collection)
    promoted = {move.to_snapshot for move in moves}
    rows = [
        SnapshotRow(
            entry=entry, back=entry.snapshot_id in promoted and entry.snapshot_id != pointer.snapshot_id
        )
        for entry in store.list(collection)
    ]
    rows.sort(key=lambda row: -row.entry.version)
    return SnapshotList(pointer=pointer, rows=rows, moves=list(reversed(moves))[:MOVES_SHOWN])


def read_report(store: SnapshotStore, collection: str, snapshot_id: str) -> SnapshotReport:
    """Return a snapshot with its gate report.

    Raises:
        SnapshotMissingError: If there is no such snapshot.
        SnapshotDamagedError: If its manifest is not what was published.
    """
    entry = store.entry(collection, snapshot_id)
    manifest = store.manifest(collection, snapshot_id)
    gate = manifest.gate
    room = [(stratum, floor_of(stratum, gate, gate.settings)) for stratum in gate.strata]
    room.sort(key=lambda one: one[0].lower - one[1])
    return SnapshotReport(
        entry=entry,
        promoted=store.promoted(collection) == snapshot_id,
        manifest=manifest,
        failures=judge(gate, gate.settings),
        overall=gate.overall(),
        weakest=room[:WEAKEST_SHOWN],
    )
