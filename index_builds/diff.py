"""What changed from one snapshot to another: pieces, pictures, offers, recall, files, plans, build time.

Pure: two manifests, their metadata tables (``metadata_file.SCHEMA``) and the later one's plan of tiers in,
figures and some examples out.
Nothing is ordered by a clock; who is before and who after is the caller's to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from index_builds.manifest import IndexFile, Manifest
from index_builds.tier_moves import KeptPlan, MoveReasons, Moves, moves_of, reasons_of, standings
from index_builds.tiers import TIERS

_OFFER = ("price_minor", "currency", "availability")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChange:
    """One listing whose price, currency or availability changed; prices in minor units."""

    listing_id: str
    price_minor: tuple[int | None, int | None]
    currency: tuple[str | None, str | None]
    availability: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanges:
    """Listings that both snapshots hold and that changed; one may count in both figures."""

    common: int
    price: int
    availability: int
    examples: tuple[OfferChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallChange:
    """One stratum as each gate measured it; ``None`` where a gate did not."""

    stratum: str
    recall: tuple[float | None, float | None]
    lower: tuple[float | None, float | None]

    @property
    def difference(self) -> float | None:
        """Recall after less recall before; the two gates asked queries of their own."""
        before, after = self.recall
        return None if before is None or after is None else after - before

    @property
    def lower_difference(self) -> float | None:
        """Lower bound after less lower bound before."""
        before, after = self.lower
        return None if before is None or after is None else after - before


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file: which snapshots name it, under which name.  ``state`` is shared, new or gone."""

    name: str
    digest: str
    bytes: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """How a tier's channel is indexed and searched, where that changed; ``None`` where it is not held."""

    name: str
    factory: tuple[str | None, str | None]
    parameters: tuple[Mapping[str, int] | None, Mapping[str, int] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDiff:
    """Everything that changed from ``before`` to ``after``.  Pairs are ``(before, after)``."""

    before: str
    after: str
    encoders: tuple[str, str]
    vectors: tuple[int, int]
    k: tuple[int, int]  # at which each gate measured recall
    pieces: Moves
    pictures: Moves
    reasons: MoveReasons  # of the pieces that moved
    offers: OfferChanges
    recall: tuple[RecallChange, ...]
    files: tuple[FileChange, ...]
    plans: tuple[PlanChange, ...]
    build_seconds: Mapping[str, tuple[float | None, float | None]]

    def bytes_of(self, state: str) -> int:
        """Return the bytes of all files in a state: shared, new or gone."""
        return sum({file.digest: file.bytes for file in self.files if file.state == state}.values())


def compare(
    before: Manifest,
    after: Manifest,
    rows_before: pa.Table,
    rows_after: pa.Table,
    plan_after: KeptPlan,
    *,
    examples: int = 5,
) -> SnapshotDiff:
    """Return what changed from one snapshot to another.

    Args:
        before: The manifest to start from.
        after: The manifest to arrive at.
        rows_before: Metadata rows of ``before``.
        rows_after: Metadata rows of ``after``.
        plan_after: The plan of tiers of ``after`` (``tier_records.kept_plan``).
        examples: How many examples of each kind of change to name.
    """
    pieces = standings("piece_id", rows_before, rows_after)
    return SnapshotDiff(
        before=before.snapshot_id,
        after=after.snapshot_id,
        encoders=(before.encoder_id, after.encoder_id),
        vectors=(before.live_vectors, after.live_vectors),
        k=(before.gate.k, after.gate.k),
        pieces=moves_of(pieces, examples),
        pictures=moves_of(standings("image_id", rows_before, rows_after), examples),
        reasons=reasons_of(pieces, plan_after, examples),
        offers=_offers(rows_before, rows_after, examples),
        recall=_recall(before, after),
        files=_files(before, after),
        plans=_plans(before, after),
        build_seconds={
            stage: (before.build_seconds.get(stage), after.build_seconds.get(stage))
            for stage in _union(before.build_seconds, after.build_seconds)
        },
    )


def _offers(before: pa.Table, after: pa.Table, examples: int) -> OfferChanges:
    both = _listings(before).join(
        _listings(after), "listing_id", join_type="inner", left_suffix="_before", right_suffix="_after"
    )
    priced = pc.or_(_differs(both, "price_minor"), _differs(both, "currency"))
    available = _differs(both, "availability")
    changed = both.filter(pc.or_(priced, available)).sort_by("listing_id").slice(0, examples)
    return OfferChanges(
        common=both.num_rows,
        price=pc.sum(priced).as_py() or 0,
        availability=pc.sum(available).as_py() or 0,
        examples=tuple(
            OfferChange(
                listing_id=row["listing_id"],
                **{name: (row[f"{name}_before"], row[f"{name}_after"]) for name in _OFFER},
            )
            for row in changed.to_pylist()
        ),
    )


def _listings(rows: pa.Table) -> pa.Table:
    """Return each listing once: every one of its pictures' rows says the same of its offer."""
    firsts = rows.group_by("listing_id", use_threads=False).aggregate([(name, "first") for name in _OFFER])
    return firsts.rename_columns({f"{name}_first": name for name in _OFFER})


def _differs(both: pa.Table, name: str) -> Any:
    """Return where two columns differ; a null equals a null and nothing else."""
    before, after = both[f"{name}_before"], both[f"{name}_after"]
    one_is_null = pc.xor(pc.is_null(before), pc.is_null(after))
    return pc.or_(one_is_null, pc.fill_null(pc.not_equal(before, after), fill_value=False))


def _recall(before: Manifest, after: Manifest) -> tuple[RecallChange, ...]:
    olds, news = ({stratum.name: stratum for stratum in manifest.gate.strata} for manifest in (before, after))
    changes = []
    for name in _union(olds, news):
        old, new = olds.get(name), news.get(name)
        changes.append(
            RecallChange(
                stratum=name,
                recall=(None if old is None else old.recall, None if new is None else new.recall),
                lower=(None if old is None else old.lower, None if new is None else new.lower),
            )
        )
    return tuple(changes)


def _files(before: Manifest, after: Manifest) -> tuple[FileChange, ...]:
    olds, news = _named_files(before), _named_files(after)
    held_before, held_after = {digest for digest, _ in olds.values()}, {digest for digest, _ in news.values()}
    here = [
        FileChange(name=name, digest=digest, bytes=size, state="shared" if digest in held_before else "new")
        for name, (digest, size) in news.items()
    ]
    gone = [
        FileChange(name=name, digest=digest, bytes=size, state="gone")
        for name, (digest, size) in olds.items()
        if digest not in held_after
    ]
    return tuple(here + gone)


def _named_files(manifest: Manifest) -> dict[str, tuple[str, int]]:
    files = {}
    for name, file in _index_files(manifest).items():
        files[name] = (file.digest, file.bytes)
        beside = {"keys": file.rows, "delta": file.delta, "tombstones": file.tombstones}
        files |= {
            f"{name} {part}": (held.digest, held.bytes) for part, held in beside.items() if held is not None
        }
    lists = manifest.content.neighbours
    if lists is not None:
        files["neighbours of pieces"] = (lists.digest, lists.bytes)
    plan = manifest.content.piece_tiers
    if plan is not None:
        files["tiers of pieces"] = (plan.digest, plan.bytes)
    return files | {"metadata": (manifest.content.metadata.digest, manifest.content.metadata.bytes)}


def _plans(before: Manifest, after: Manifest) -> tuple[PlanChange, ...]:
    olds, news = _index_files(before), _index_files(after)
    changes = []
    for name in _union(olds, news):
        factories, parameters = zip(*(_plan(files.get(name)) for files in (olds, news)), strict=True)
        if factories[0] != factories[1] or parameters[0] != parameters[1]:
            changes.append(PlanChange(name=name, factory=factories, parameters=parameters))
    return tuple(changes)


def _plan(file: IndexFile | None) -> tuple[str | None, Mapping[str, int] | None]:
    return (None, None) if file is None else (file.factory, file.parameters)


def _index_files(manifest: Manifest) -> dict[str, IndexFile]:
    return {
        f"{tier} {channel}": file
        for tier in TIERS
        for channel, file in sorted(manifest.content.tiers.get(tier, {}).items())
    }


def _union(before: Iterable[str], after: Iterable[str]) -> Sequence[str]:
    """Return the names of both, those of ``after`` first, each in its own order."""
    return list(dict.fromkeys([*after, *before]))
