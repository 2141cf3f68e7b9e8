"""Measure a candidate against the embedding truth: what it holds, what it finds, what it would lose.

Nothing here is taken from the candidate's own word.  Neighbours are worked out by brute force over vectors
from outside the index, and the answers are checked row by row against the metadata.  The verdict is
``gate_report.judge``'s.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.canonical import canonical_json
from index_builds.channel_names import VISUAL
from index_builds.errors import GateCannotRunError, SnapshotDamagedError
from index_builds.exact import Neighbours, exact_neighbours, pair_scores
from index_builds.filters import SnapshotFilter
from index_builds.fresh_process import load_in_fresh_process
from index_builds.gate_health import measure_health
from index_builds.gate_report import (
    AT_LEAST,
    NOTHING_OF,
    SKIPS,
    ChannelReport,
    Comparison,
    GateReport,
    Paired,
    Stratum,
    Target,
    bound,
    judge,
    paired_bound,
)
from index_builds.gate_truth import ChannelEvidence, Truth
from index_builds.ids import distinct, ids_digest
from index_builds.keys_file import fingerprints
from index_builds.open_tier import OpenTier
from index_builds.queries import Queries
from index_builds.recall import Found, count_found, first_occurrences, histogram
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from index_builds.tiers import TIERS, Tier
from index_builds.true_neighbours import TrueNeighbours
from storage.known_digests import digest_of_file
from storage.objects import sha256_hex

SHAPES = ("unfiltered", "category", "source", "availability", "price", "category and price")
_UNMEASURABLE = 1e9  # stands for a difference that is no number; JSON has no infinity
_SCORE_QUERIES = 64
_UNLISTED = "ids_missing/in no list of the index"
_STRANGE_VECTORS = 32  # of a tier, looked for under other ids
_BY_SHAPE = ("impure_results", "short_answers")  # counted by the shape of filter, too

Progress = Callable[[str, int, int], None]


def run_gate(
    candidate: OpenSnapshot,
    truth: Truth,
    queries: Mapping[str, Queries],
    *,
    incumbent: OpenSnapshot | None,
    settings: GateSettings,
    shapes: tuple[str, ...] = SHAPES,
    progress: Progress | None = None,
    channels: Mapping[str, ChannelEvidence] | None = None,
) -> GateReport:
    """Measure everything that a promotion asks for.

    Args:
        candidate: Opened from the files that would be served.
        truth: From outside the index.
        queries: Family -> queries; a family without queries is left out by the caller, not passed empty.
        incumbent: The promoted snapshot, all tiers open; ``None`` when nothing was promoted yet.
        settings: What is measured, and the floors for the report's own conclusion.
        shapes: Filter shapes to measure.
        progress: Told of every step.
        channels: What the channels beside the visual one are judged by.

    Raises:
        GateCannotRunError: If there are no queries, or they do not fit the snapshot.
    """
    parts = {VISUAL: ChannelEvidence(truth=truth, queries=queries)} | dict(channels or {})
    asked = {name: _asked(candidate, name, part, settings) for name, part in parts.items()}
    steps = 3 + sum(map(len, asked.values()))
    done = 0

    def tell(step: str) -> None:
        nonlocal done
        if progress is not None:
            progress(step, done, steps)
        done += 1

    tell("gate: contents")
    fresh = float(_fresh_process_failures(candidate))
    channel_measures: dict[str, dict[str, float]] = {}
    strata: list[Stratum] = []
    compared: list[Comparison] = []
    for channel, part in parts.items():
        opened = candidate.channel(channel)
        measures = dict.fromkeys(NOTHING_OF, 0.0) | _measure_contents(opened, part.truth, settings)
        measures["fresh_process_failures"] = fresh
        against = _Incumbent.of(opened, incumbent, part.truth)
        # FAISS fails on a vector that lies in no list, without a name: such an index is asked nothing more.
        families = {} if _UNLISTED in measures else asked[channel]
        for name, family in families.items():
            tell(f"gate: {channel}, {name}" if channel != VISUAL else f"gate: {name}")
            known = _Family(
                queries=family,
                exact=TrueNeighbours(family, part.truth.vectors, part.truth.keys),
                channel=channel,
                name=name,
            )
            strata += _measure_family(opened, part.truth, known, settings, shapes, measures)
            against.compare(opened, part.truth, known, settings)
        channel_measures[channel] = measures
        compared.append(against.comparison())
    tell("gate: incumbent")
    whole = not any(_UNLISTED in measures for measures in channel_measures.values())
    health = measure_health(candidate, truth, incumbent, settings) if whole else {}
    tell("gate: health")
    report = GateReport(
        format_version=1,
        content_digest=candidate.content.content_digest(),
        evidence_digest=evidence_digest(
            queries, settings, None if incumbent is None else incumbent.snapshot_id, channels
        ),
        k=settings.k,
        tiers={tier: count for tier in TIERS if (count := len(truth.rows_in(tier)))},
        families={name: len(family) for name, family in asked[VISUAL].items()},
        measures=channel_measures.pop(VISUAL),
        strata=tuple(strata),
        comparison=compared[0].model_copy(
            update={"families": tuple(family for each in compared for family in each.families)}
        ),
        settings=settings,
        passed=True,
        failures=(),
        channels={
            name: ChannelReport(
                tiers={tier: count for tier in TIERS if (count := len(part.truth.rows_in(tier)))},
                families={family: len(own) for family, own in asked[name].items()},
                measures=channel_measures[name],
            )
            for name, part in parts.items()
            if name != VISUAL
        },
        health=health,
    )
    failures = tuple(str(failure) for failure in judge(report, settings))
    tell("gate: judged")
    return report.model_copy(update={"passed": not failures, "failures": failures})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """A family's queries with their exact neighbours."""

    queries: Queries
    exact: TrueNeighbours
    channel: str
    name: str


def _asked(
    candidate: OpenSnapshot, channel: str, part: ChannelEvidence, settings: GateSettings
) -> dict[str, Queries]:
    of = "" if channel == VISUAL else f" for channel {channel}"
    if not part.queries or any(len(family) == 0 for family in part.queries.values()):
        empty = sorted(name for name, family in part.queries.items() if not len(family)) or ["every family"]
        message = f"the gate has no queries of {', '.join(empty)}{of}: draw some, or leave the family out"
        raise GateCannotRunError(message)
    if channel not in candidate.channels:
        message = f"the candidate has no channel {channel}: it has {', '.join(candidate.channels)}"
        raise GateCannotRunError(message)
    for name, family in part.queries.items():
        fits = family.vectors.shape[1] == candidate.channel(channel).dimension
        if not fits or not np.isfinite(family.vectors).all():
            message = (
                f"{name} queries of shape {family.vectors.shape} do not fit the snapshot{of}: "
                "encode them again"
            )
            raise GateCannotRunError(message)
    return {name: _drawn(family, settings) for name, family in sorted(part.queries.items())}


def evidence_digest(
    queries: Mapping[str, Queries],
    settings: GateSettings,
    incumbent: str | None,
    channels: Mapping[str, ChannelEvidence] | None = None,
) -> str:
    """Return the digest of what a gate judges by: its queries, its settings, and the incumbent."""
    evidence: dict[str, object] = {
        "queries": {name: family.digest() for name, family in queries.items()},
        "settings": settings.model_dump(mode="json"),
        "incumbent": incumbent,
    }
    if channels:
        evidence["channels"] = {
            channel: {name: family.digest() for name, family in part.queries.items()}
            for channel, part in channels.items()
        }
    return sha256_hex(canonical_json(evidence))


def _drawn(family: Queries, settings: GateSettings) -> Queries:
    if len(family) <= settings.queries_per_family:
        return family
    # By what is asked, not by its place, so that a small change keeps nearly all questions.
    rows = np.argsort(fingerprints(family.vectors), kind="stable")[: settings.queries_per_family]
    return family.take(np.sort(rows))


# What the candidate holds


def _measure_contents(candidate: OpenSnapshot, truth: Truth, settings: GateSettings) -> dict[str, float]:
    tiers = list(candidate.tiers.values())
    held = np.concatenate([tier.keys for tier in tiers]) if tiers else np.empty(0, dtype=np.int64)
    live = distinct(held)
    content, name = candidate.content, candidate.channel_name
    stated = content if name == VISUAL else content.channels[name]
    differing = sum(
        (ids_digest(tier.keys), ids_digest(tier.base_keys))
        != (tier.file.live_ids_digest, tier.file.ids_digest)
        for tier in tiers
    )
    differing += ids_digest(live) != stated.ids_digest or len(live) != stated.live_vectors
    differing += set(candidate.tiers) != set(content.files_of(name))
    misplaced = 0
    for tier in tiers:
        rows = truth.rows_of(tier.keys)
        misplaced += int((truth.tiers[rows[rows >= 0]] != tier.tier).sum())
    measures = {
        "files_damaged": sum(
            digest_of_file(path) != digest for tier in tiers for digest, path in tier.paths.items()
        ),
        "ids_missing": len(np.setdiff1d(truth.keys, live, assume_unique=True)),
        "ids_unknown": len(np.setdiff1d(live, truth.keys, assume_unique=True)),
        "ids_repeated": len(held) - len(live),
        "ids_in_wrong_tier": misplaced,
        "ids_differ_from_manifest": int(differing),
        "metadata_rows_differ": 0,
        "metrics_other_than_inner_product": sum(_other_metrics(tier.inner) for tier in tiers),
    }
    if unlisted := sum(tier.unlisted() for tier in tiers):
        measures["ids_missing"] += unlisted
        measures[_UNLISTED] = unlisted
    if name == VISUAL and not candidate.metadata.equals(truth.metadata):
        measures |= _differing_rows(candidate.metadata, truth.metadata)
    counted = {name: float(value) for name, value in measures.items()}
    return counted if unlisted else counted | _measure_vectors(tiers, truth, settings)


def _differing_rows(held: pa.Table, live: pa.Table) -> dict[str, int]:
    """Count the listings whose rows differ, in all and by column; those of one side alone count once."""
    ours, theirs = (
        {(row["image_key"], row["listing_id"]): row for row in table.to_pylist()} for table in (held, live)
    )
    columns: Counter[str] = Counter()
    differing = 0
    for name in ours.keys() & theirs.keys():
        apart = [column for column in theirs[name] if ours[name].get(column) != theirs[name][column]]
        differing += bool(apart)
        columns.update(apart)
    parts = {
        "listings no longer there": len(ours.keys() - theirs.keys()),
        "listings not yet there": len(theirs.keys() - ours.keys()),
        **dict(columns.most_common()),
    }
    alone = parts["listings no longer there"] + parts["listings not yet there"]
    counted = {"metadata_rows_differ": max(1, differing + alone)}
    return counted | {f"metadata_rows_differ/{part}": count for part, count in parts.items() if count}


def _fresh_process_failures(candidate: OpenSnapshot) -> int:
    paths = {
        digest: path
        for channel in candidate.channels
        for tier in candidate.channel(channel).tiers.values()
        for digest, path in tier.paths.items()
    }
    try:
        load_in_fresh_process(candidate.content, paths.__getitem__, candidate.snapshot_id or "the draft")
    except (SnapshotDamagedError, KeyError):
        return 1
    return 0


def _other_metrics(index: faiss.Index) -> int:
    """Count the parts of an index that rank by something else than the inner product."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefine):
        return _other_metrics(index.base_index) + _other_metrics(index.refine_index)
    below = 0
    if isinstance(index, faiss.IndexPreTransform):
        below = _other_metrics(index.index)
    elif isinstance(index, faiss.IndexHNSW):
        below = _other_metrics(index.storage)
    return below + int(index.metric_type != faiss.METRIC_INNER_PRODUCT)


def _measure_vectors(tiers: list[OpenTier], truth: Truth, settings: GateSettings) -> dict[str, float]:
    random = np.random.default_rng(settings.seed)
    lengths, cosines, errors = [], [], []
    strange: list[NDArray[np.float32]] = []
    for tier in tiers:
        chosen = np.sort(random.permutation(tier.count)[: settings.vector_sample])
        chosen = tier.positions[chosen]
        rows = truth.rows_of(tier.all_keys[chosen])
        chosen, rows = chosen[rows >= 0], rows[rows >= 0]
        if not len(rows):
            continue
        decoded, true = tier.vectors(chosen), truth.vectors[rows]
        length = np.linalg.norm(decoded.astype(np.float64), axis=1)
        lengths.append(_worst(np.abs(length - 1.0)))
        cosine = pair_scores(decoded, true) / np.maximum(length, 1e-12)
        cosines.append(-_worst(-cosine))
        far = np.flatnonzero(cosine < AT_LEAST["vector_cosine"])[:_STRANGE_VECTORS]
        strange.append(decoded[far] / np.maximum(length[far], 1e-12)[:, None].astype(np.float32))
        asked = rows[:: max(1, len(rows) // _SCORE_QUERIES)][:_SCORE_QUERIES]
        scores, found = tier.search(truth.vectors[asked], min(settings.k, tier.count))
        answered = truth.rows_of(tier.all_keys[np.maximum(found, 0)])
        query, slot = np.nonzero((found >= 0) & (answered >= 0))
        if len(query):
            exact = pair_scores(truth.vectors[asked[query]], truth.vectors[answered[query, slot]])
            errors.append(_worst(np.abs(scores[query, slot] - exact)))
    measured = {"vector_length_error": lengths, "score_error": errors}
    worst = {name: max(values) for name, values in measured.items() if values}
    worst |= {"vector_cosine": min(cosines)} if cosines else {}
    return worst | _whose(np.concatenate(strange), truth) if sum(map(len, strange)) else worst


def _whose(strange: NDArray[np.float32], truth: Truth) -> dict[str, float]:
    """Tell vectors that lie under the wrong id from vectors that are no image's: of a few that are wrong."""
    nearest = exact_neighbours(strange, truth.vectors, truth.keys, k=1).scores[:, 0]
    others = int((nearest >= AT_LEAST["vector_cosine"]).sum())
    return {
        f"vector_cosine/{part}": float(count)
        for part, count in (
            ("looked at", len(strange)),
            ("are another image's vector", others),
            ("are no image's vector", len(strange) - others),
        )
    }


def _worst(errors: NDArray[np.floating]) -> float:
    return float(np.nan_to_num(errors, nan=_UNMEASURABLE, posinf=_UNMEASURABLE, neginf=-_UNMEASURABLE).max())


# What the candidate finds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labelled:
    """A family's queries with the listing row that stands for each: its own image's, or one drawn for it."""

    queries: Queries
    rows: list[dict[str, object]]
    own: bool  # rows describe the queries themselves, so that they fall into strata without a filter too


def _measure_family(
    candidate: OpenSnapshot,
    truth: Truth,
    family: _Family,
    settings: GateSettings,
    shapes: tuple[str, ...],
    measures: dict[str, float],
) -> list[Stratum]:
    labelled = _labelled(family.queries, truth, settings)
    bands = _price_bands(truth.metadata)
    occupied: list[Target] = [tier for tier in TIERS if len(truth.rows_in(tier))]
    targets: list[Target] = [*occupied, "all"] if len(occupied) > 1 else occupied
    strata: list[Stratum] = []
    for shape in shapes:
        before = {name: measures[name] for name in _BY_SHAPE}
        wanted = [_filter_for(shape, row, bands) for row in labelled.rows]
        groups: dict[SnapshotFilter | None, list[int]] = {}
        for number, where in enumerate(wanted):
            if where is not None or shape == "unfiltered":
                groups.setdefault(where, []).append(number)
        for target in targets if shape == "unfiltered" or settings.filters_by_tier else targets[-1:]:
            found = np.zeros(len(wanted), dtype=np.int64)
            possible = np.zeros(len(wanted), dtype=np.int64)
            for where, numbers in groups.items():
                members = np.array(numbers, dtype=np.int64)
                counted = _measure_answers(
                    candidate,
                    truth,
                    family,
                    members,
                    target,
                    where,
                    settings.k,
                    measures,
                )
                found[members], possible[members] = counted.found, counted.possible
            counted = Found(found=found, possible=possible)
            strata += _strata(family, target, shape, counted, labelled, settings)
        for name, already in before.items():
            if measures[name] > already:
                part = f"{name}/{shape}"
                measures[part] = measures.get(part, 0.0) + measures[name] - already
    return strata


def _measure_answers(
    candidate: OpenSnapshot,
    truth: Truth,
    family: _Family,
    members: NDArray[np.int64],
    target: Target,
    where: SnapshotFilter | None,
    k: int,
    measures: dict[str, float],
) -> Found:
    queries = family.queries.take(members)
    exact = family.exact.best(members, truth.eligible(target, where), k)
    tiers: tuple[Tier, ...] = TIERS if target == "all" else (target,)
    answer = candidate.search(queries.vectors, k, where=where, tiers=tiers, excluding=queries.excluding)
    given = answer.keys >= 0
    places = truth.rows_of(answer.keys)
    pure = given & (places >= 0) & _allowed(truth, answer.keys, target, where)
    for row, own in enumerate(queries.excluding):
        pure[row] &= ~np.isin(answer.keys[row], own[own >= 0])
    scores = np.full(answer.keys.shape, -np.inf, dtype=np.float64)
    query, slot = np.nonzero(pure)
    scores[query, slot] = pair_scores(queries.vectors[query], truth.vectors[places[query, slot]])
    counted = count_found(exact, answer.keys, scores)
    once = (given & first_occurrences(answer.keys)).sum(axis=1)
    measures["impure_results"] += float((given & ~pure).sum())
    measures["short_answers"] += float((once < counted.possible).sum())
    measures["repeated_results"] += float(given.sum() - once.sum())
    measures["unanswered_scores"] += float((given & ~np.isfinite(answer.scores)).sum())
    return counted


def _allowed(
    truth: Truth, keys: NDArray[np.int64], target: Target, where: SnapshotFilter | None
) -> NDArray[np.bool_]:
    """Tell which answers may be given at all, by the rule for single rows and not by the search's mask."""
    given = distinct(keys[keys >= 0])
    truth.read_listings(given[truth.rows_of(given) >= 0])
    verdicts = {
        int(key): any(
            target in ("all", row["tier"]) and (where is None or where.is_satisfied_by(row))
            for row in truth.listings(int(key))
        )
        for key in given
    }
    return np.array([[verdicts.get(int(key), False) for key in row] for row in keys], dtype=np.bool_)


def _strata(
    family: _Family, target: Target, shape: str, counted: Found, labelled: _Labelled, settings: GateSettings
) -> list[Stratum]:
    every = np.ones(len(counted.found), dtype=np.bool_)
    parts: dict[tuple[str | None, str | None], NDArray[np.bool_]] = {(None, None): every}
    if labelled.own or shape != "unfiltered":
        categories = np.array([row["category"] or "" for row in labelled.rows], dtype=np.str_)
        sources = np.array([row["source"] for row in labelled.rows], dtype=np.str_)
        for category in np.unique(categories[categories != ""]):
            parts[str(category), None] = categories == category
        for source in np.unique(sources):
            parts[None, str(source)] = sources == source
            for category in np.unique(categories[categories != ""]):
                parts[str(category), str(source)] = (categories == category) & (sources == source)
    strata = []
    for (part_category, part_source), members in parts.items():
        counts = histogram(Found(found=counted.found[members], possible=counted.possible[members]))
        queries = sum(row[2] for row in counts)
        whole = part_category is None and part_source is None
        if not queries or (not whole and queries < settings.min_stratum_queries):
            continue
        recall, lower = bound(counts, settings)
        strata.append(
            Stratum(
                family=family.name,
                channel=family.channel,
                target=target,
                shape=shape,
                category=part_category,
                source=part_source,
                queries=queries,
                recall=recall,
                lower=lower,
                counts=counts,
            )
        )
    return strata


def _labelled(family: Queries, truth: Truth, settings: GateSettings) -> _Labelled:
    row_keys = truth.metadata["image_key"].to_numpy()
    own = truth.rows_of(family.own_keys)
    if (own >= 0).all():
        places = np.searchsorted(row_keys, family.own_keys)
    else:
        places = np.random.default_rng(settings.seed).integers(len(row_keys), size=len(family))
    return _Labelled(
        queries=family, rows=truth.metadata.take(pa.array(places)).to_pylist(), own=bool((own >= 0).all())
    )


def _filter_for(
    shape: str, row: Mapping[str, object], bands: Mapping[str, NDArray[np.int64]]
) -> SnapshotFilter | None:
    """Return the filter of one shape that the row itself satisfies; ``None`` when it cannot."""
    clauses: dict[str, object] = {}
    for part in shape.split(" and "):
        if part == "price":
            price, currency = row["price_minor"], row["currency"]
            if not isinstance(price, int) or not isinstance(currency, str) or currency not in bands:
                return None
            edges = bands[currency]
            low = int(edges[edges <= price].max())
            above = edges[edges > price]
            clauses |= {"price_min_minor": low, "currency": currency}
            clauses |= {"price_max_minor": int(above.min())} if len(above) else {}
        elif part != "unfiltered":
            if row[part] is None:
                return None
            clauses[part] = (row[part],)
    return SnapshotFilter.model_validate(clauses) if clauses else None


def _price_bands(metadata: pa.Table) -> dict[str, NDArray[np.int64]]:
    """Return the lower edges of four price bands per currency, so that queries share filters."""
    currencies = np.array([value or "" for value in metadata["currency"].to_pylist()], dtype=np.str_)
    prices = metadata["price_minor"].cast(pa.float64()).to_numpy()
    bands = {}
    for currency in np.unique(currencies[(currencies != "") & ~np.isnan(prices)]):
        own = prices[(currencies == currency) & ~np.isnan(prices)]
        quartiles = np.quantile(own, [0.0, 0.25, 0.5, 0.75], method="inverted_cdf")
        bands[str(currency)] = np.unique(quartiles).astype(np.int64)
    return bands


# What would be lost


class _Incumbent:
    """One channel of what is promoted, asked the same queries over the images that both hold."""

    def __init__(
        self, name: str | None, skipped: str | None, snapshot: OpenSnapshot | None, common: NDArray[np.int64]
    ) -> None:
        self._name, self._skipped, self._snapshot, self._common = name, skipped, snapshot, common
        self._families: list[Paired] = []

    @classmethod
    def of(cls, candidate: OpenSnapshot, incumbent: OpenSnapshot | None, truth: Truth) -> "_Incumbent":
        """Return what a channel of a candidate is compared with, or why it is not."""
        none = np.empty(0, dtype=np.int64)
        if incumbent is None:
            return cls(None, SKIPS[0], None, none)
        name = incumbent.snapshot_id
        if not _same_vectors(candidate, incumbent):
            return cls(name, SKIPS[1], None, none)
        theirs = incumbent.channel(candidate.channel_name)
        common = np.intersect1d(_held(candidate), _held(theirs), assume_unique=False)
        common = common[truth.rows_of(common) >= 0]
        return cls(name, None if len(common) else SKIPS[2], theirs, common)

    def compare(self, candidate: OpenSnapshot, truth: Truth, family: _Family, settings: GateSettings) -> None:
        """Ask both the family's queries."""
        if self._snapshot is None or self._skipped is not None:
            return
        eligible = np.zeros(len(truth.keys), dtype=np.bool_)
        eligible[truth.rows_of(self._common)] = True
        exact = family.exact.best(np.arange(len(family.queries)), eligible, settings.k)
        ours, theirs = (
            _found_among(snapshot, truth, family.queries, exact, self._common, settings.k)
            for snapshot in (candidate, self._snapshot)
        )
        counts = _paired_histogram(ours, theirs)
        if not counts:
            return
        possible = np.array([row[2] for row in counts], dtype=np.float64)
        asked = np.array([row[3] for row in counts], dtype=np.float64)
        _, lower = paired_bound(counts, settings)
        self._families.append(
            Paired(
                family=family.name,
                channel=family.channel,
                queries=int(asked.sum()),
                candidate=float(np.average([row[0] for row in counts] / possible, weights=asked)),
                incumbent=float(np.average([row[1] for row in counts] / possible, weights=asked)),
                difference_lower=lower,
                counts=counts,
            )
        )

    def comparison(self) -> Comparison:
        """Return what the report says."""
        if self._skipped is not None:
            return Comparison(incumbent=self._name, skipped=self._skipped)
        skipped = None if self._families else SKIPS[2]
        return Comparison(
            incumbent=self._name,
            skipped=skipped,
            common_images=len(self._common),
            families=tuple(self._families),
        )


def _same_vectors(candidate: OpenSnapshot, incumbent: OpenSnapshot) -> bool:
    name = candidate.channel_name
    if name == VISUAL:
        return candidate.content.encoder_id == incumbent.content.encoder_id
    if name not in incumbent.channels:
        return False
    return candidate.content.channels[name].channel_id == incumbent.content.channels[name].channel_id


def _found_among(
    snapshot: OpenSnapshot,
    truth: Truth,
    queries: Queries,
    exact: Neighbours,
    common: NDArray[np.int64],
    k: int,
) -> Found:
    answer = snapshot.search(queries.vectors, k, tiers=TIERS, excluding=queries.excluding, among=common)
    places = truth.rows_of(answer.keys)
    scores = np.full(answer.keys.shape, -np.inf, dtype=np.float64)
    query, slot = np.nonzero((answer.keys >= 0) & (places >= 0) & np.isin(answer.keys, common))
    scores[query, slot] = pair_scores(queries.vectors[query], truth.vectors[places[query, slot]])
    return count_found(exact, answer.keys, scores)


def _paired_histogram(ours: Found, theirs: Found) -> tuple[tuple[int, int, int, int], ...]:
    rows = np.stack([ours.found, theirs.found, ours.possible], axis=1)[ours.possible > 0]
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    return tuple(
        (int(row[0]), int(row[1]), int(row[2]), int(count))
        for row, count in zip(distinct, counts, strict=True)
    )


def _held(snapshot: OpenSnapshot) -> NDArray[np.int64]:
    return np.concatenate([tier.keys for tier in snapshot.tiers.values()])
