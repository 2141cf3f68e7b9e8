"""One tier of one channel, from vectors to the files that a manifest names.

In this order: the file that a killed build had finished; the base that a snapshot before has, when it was
made of the same rows; that base with a delta and tombstones, while they are few; that base with both merged
in, while its training fits; a new base.  Files are written once and named by their digest, so what did not
change is named again and not copied.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.build import build_index, recipe_digest, write_index
from index_builds.changes import Change, change_since
from index_builds.compaction import compact, drifted, list_figures
from index_builds.errors import SnapshotDamagedError, SnapshotMissingError
from index_builds.filter_costs import measured_filter_plan
from index_builds.ids import ids_digest
from index_builds.index_files import load_index
from index_builds.keys_file import keys_bytes, read_rows, rows_bytes
from index_builds.manifest import DeltaFile, IndexFile, KeysFile, ListFigures, Manifest, is_mapped
from index_builds.open_tier import OpenTier
from index_builds.operating_point import choose_parameters
from index_builds.plans import TierPlan
from index_builds.reading import open_tier
from index_builds.settings import TierSettings
from index_builds.tiers import Tier
from storage.files import write_named
from storage.objects import sha256_hex, sha256_of_file

PathOf = Callable[[str], Path]


class TierVectors:
    """The vectors of one tier, gathered from the channel's only when they are asked for.

    A refresh asks for those that came; only a build needs them all.

    Args:
        channel: Vectors of the whole channel.
        rows: The tier's, in the order of its keys.
    """

    def __init__(self, channel: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        self._channel, self._rows = channel, rows

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors at some places of the tier."""
        return self._channel[self._rows[places]]

    def gathered(self) -> NDArray[np.float32]:
        """Return them all: the channel's own array where the tier is the whole channel."""
        return self._channel if len(self._rows) == len(self._channel) else self._channel[self._rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierInput:
    """The rows of one tier and channel, sorted by key, and how they will be indexed."""

    channel: str
    plan: TierPlan
    recipe: str
    keys: NDArray[np.int64]
    vectors: TierVectors
    prints: NDArray[np.uint64]

    @property
    def tier(self) -> Tier:
        """Which tier."""
        return self.plan.tier


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTier:
    """An index as the manifest will name it, and where its files lie now."""

    file: IndexFile
    paths: Mapping[str, Path]
    refreshed: bool  # a base from before, with what changed on top
    compacted: bool = False  # a base from before, with what changed merged in


def tier_input(
    channel: str,
    plan: TierPlan,
    keys: NDArray[np.int64],
    vectors: TierVectors,
    prints: NDArray[np.uint64],
) -> TierInput:
    """Return the rows with the digest of all that will shape their base."""
    return TierInput(
        channel=channel,
        plan=plan,
        recipe=recipe_digest(plan, keys, prints),
        keys=keys,
        vectors=vectors,
        prints=prints,
    )


def make_tier(
    item: TierInput,
    folder: Path,
    *,
    before: Sequence[Manifest],
    intact: Callable[[str], bool],
    path_of: PathOf,
    reserved: NDArray[np.int64],
    settings: TierSettings,
    anew: bool = False,
) -> MadeTier:
    """Return a tier's files: found, refreshed or built.

    Args:
        item: The rows.
        folder: Staging folder of the build.
        before: Snapshots whose files may be named again, the likeliest first.
        intact: Tells whether the store holds a file undamaged.
        path_of: Gives a file of the store.
        reserved: Keys that the gate asks about.
        settings: Tuning and refreshing.
        anew: Put no delta on a base from before.
    """
    staged = folder / item.recipe
    if not staged.is_file():
        for file in _files_before(item, before):
            if file.recipe == item.recipe and intact(file.digest):
                bare = file.model_copy(
                    update={
                        "delta": None,
                        "tombstones": None,
                        "changed_ids_digest": None,
                        "reason": _first_reason(file),
                    }
                )
                return MadeTier(
                    file=bare,
                    paths={part.digest: path_of(part.digest) for part in bare.files},
                    refreshed=False,
                )
        if not anew and not item.plan.exact:
            for file in _files_before(item, before):
                made = _refreshed(item, file, folder, intact, path_of, settings)
                if made is not None:
                    return made
            for file in _files_before(item, before):
                merged = _compacted(item, file, folder, intact, path_of, reserved, settings)
                if isinstance(merged, MadeTier):
                    return merged
                if merged is not None:
                    item = replace(item, plan=replace(item.plan, reason=f"{item.plan.reason}; {merged}"))
                    break
    vectors = item.vectors.gathered()
    if not staged.is_file():
        build_index(item.plan, item.keys, vectors, staged)
    return _built(item, vectors, staged, folder, reserved, settings)


def _files_before(item: TierInput, before: Sequence[Manifest]) -> list[IndexFile]:
    found = []
    for manifest in before:
        file = manifest.content.tiers.get(item.tier, {}).get(item.channel)
        if file is not None:
            found.append(file)
    return found


def _built(
    item: TierInput,
    vectors: NDArray[np.float32],
    path: Path,
    folder: Path,
    reserved: NDArray[np.int64],
    settings: TierSettings,
    lists: ListFigures | None = None,
) -> MadeTier:
    digest = sha256_of_file(path)  # a killed build's file is renamed into place whole; the gate looks inside
    rows = rows_bytes(item.keys, item.prints)
    rows_path = write_named(folder, rows)
    file = IndexFile(
        digest=digest,
        bytes=path.stat().st_size,
        factory=item.plan.factory,
        parameters=dict(item.plan.grid[-1]) if item.plan.grid else {},
        vectors=len(item.keys),
        ids_digest=ids_digest(item.keys),
        recipe=item.recipe,
        resident_fraction=item.plan.resident_fraction,
        reason=item.plan.reason,
        rows=None
        if item.plan.exact
        else KeysFile(digest=rows_path.name, bytes=len(rows), keys=len(item.keys)),
    )
    if not item.plan.exact:
        index = load_index(path, digest=digest, mapped=is_mapped(item.tier, file.factory))
        opened = OpenTier(tier=item.tier, index=index, file=file, path=path)
        tuned_to = choose_parameters(
            item.plan, opened, item.keys, vectors, reserved=reserved, settings=settings
        )
        file = file.model_copy(update={"parameters": tuned_to.parameters, "points": tuned_to.points})
        tuned = OpenTier(tier=item.tier, index=index, file=file, path=path)
        filters = measured_filter_plan(tuned, vectors, seed=settings.seed)
        lists = lists or list_figures(index, vectors, settings.seed)
        file = file.model_copy(update={"filters": filters, "lists": lists})
    paths = {digest: path} | ({} if file.rows is None else {file.rows.digest: rows_path})
    return MadeTier(file=file, paths=paths, refreshed=False)


def _refreshed(
    item: TierInput,
    file: IndexFile,
    folder: Path,
    intact: Callable[[str], bool],
    path_of: PathOf,
    settings: TierSettings,
) -> MadeTier | None:
    """Return a base from before with what changed on top, or None where it does not serve."""
    if file.rows is None or not intact(file.digest) or not file.parameters:
        return None
    try:
        base_keys, base_prints = read_rows(path_of(file.rows.digest), file.rows.digest)
    except (SnapshotDamagedError, SnapshotMissingError):
        return None  # a damaged relative is no reason not to build
    change = change_since(base_keys, base_prints, item.keys, item.prints)
    if not settings.changes.small(base=len(base_keys), new=len(change.new), gone=len(change.gone)):
        return None
    paths = {part.digest: path_of(part.digest) for part in (file, file.rows)}
    made = file.model_copy(update=_changed(item, change, folder, paths))
    made = made.model_copy(update={"reason": _because(made)})
    opened = open_tier(item.tier, made, paths.__getitem__, dimension=item.plan.dimension, what="the draft")
    if not np.array_equal(np.sort(opened.keys), item.keys):
        return None  # the rows file belongs to another base
    return MadeTier(file=made, paths=paths, refreshed=not change.nothing)


def _compacted(
    item: TierInput,
    file: IndexFile,
    folder: Path,
    intact: Callable[[str], bool],
    path_of: PathOf,
    reserved: NDArray[np.int64],
    settings: TierSettings,
) -> MadeTier | str | None:
    """Return a base from before with what changed merged in, or why its lists have to be trained anew.

    None where there is no such base, or its plan was another one.
    """
    if (
        file.rows is None
        or file.lists is None
        or file.factory != item.plan.factory
        or not intact(file.digest)
    ):
        return None
    try:
        base_keys, base_prints = read_rows(path_of(file.rows.digest), file.rows.digest)
    except (SnapshotDamagedError, SnapshotMissingError):
        return None
    change = change_since(base_keys, base_prints, item.keys, item.prints)
    merged = folder / f"compacted-{item.tier}-{item.channel}"
    vectors = item.vectors.gathered()
    _, figures = compact(file, path_of(file.digest), item.plan, item.keys, vectors, change, merged)
    why = drifted(figures, settings.changes)
    if why is not None:
        merged.unlink()
        return why
    recipe = sha256_hex(f"{file.recipe} compacted to {item.recipe}".encode())
    path = folder / recipe
    merged.replace(path)
    made = _built(replace(item, recipe=recipe), vectors, path, folder, reserved, settings, figures)
    return replace(made, compacted=True)


def _changed(item: TierInput, change: Change, folder: Path, paths: dict[str, Path]) -> dict[str, object]:
    changed: dict[str, object] = {"delta": None, "tombstones": None, "changed_ids_digest": None}
    if change.nothing:
        return changed
    changed["changed_ids_digest"] = ids_digest(item.keys)
    if len(change.gone):
        data = keys_bytes(change.gone)
        path = write_named(folder, data)
        paths[path.name] = path
        changed["tombstones"] = KeysFile(digest=path.name, bytes=len(data), keys=len(change.gone))
    if len(change.new):
        keys = item.keys[change.new]
        delta = faiss.IndexIDMap2(faiss.IndexFlatIP(item.plan.dimension))
        delta.add_with_ids(np.ascontiguousarray(item.vectors.take(change.new)), keys)
        written = write_index(delta, folder / f"delta-{item.tier}-{item.channel}")
        path = folder / written.digest
        written.path.replace(path)
        paths[path.name] = path
        changed["delta"] = DeltaFile(
            digest=written.digest, bytes=written.bytes, vectors=len(keys), ids_digest=ids_digest(keys)
        )
    return changed


def _because(file: IndexFile) -> str:
    reason = _first_reason(file)
    new = 0 if file.delta is None else file.delta.vectors
    gone = 0 if file.tombstones is None else file.tombstones.keys
    return reason if not new and not gone else f"{reason}; since then {new} came and {gone} went"


def _first_reason(file: IndexFile) -> str:
    return file.reason.partition("; since then ")[0]
