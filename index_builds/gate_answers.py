"""Measure what a candidate finds: recall by stratum, and answers that break a rule.

Neighbours and rows are the embedding truth's.  Filters are made from listings, so that each has at least one
that satisfies it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.exact import pair_scores
from index_builds.filters import SnapshotFilter
from index_builds.gate_report import Stratum, Target, bound
from index_builds.gate_truth import AskedFamily, Truth
from index_builds.ids import distinct
from index_builds.queries import Queries
from index_builds.recall import Found, count_found, first_occurrences, histogram
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from index_builds.tiers import TIERS, Tier

SHAPES = ("unfiltered", "category", "source", "availability", "price", "category and price")
_BY_SHAPE = ("impure_results", "short_answers")  # counted by the shape of filter, too


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labelled:
    """A family's queries with the listing row that stands for each: its own image's, or one drawn for it."""

    queries: Queries
    rows: list[dict[str, object]]
    own: bool  # rows describe the queries themselves, so that they fall into strata without a filter too


def measure_family(
    candidate: OpenSnapshot,
    truth: Truth,
    family: AskedFamily,
    settings: GateSettings,
    shapes: tuple[str, ...],
    measures: dict[str, float],
) -> list[Stratum]:
    """Ask one family's queries of every tier and of all together, under every shape of filter.

    Args:
        candidate: The family's channel, all tiers open.
        truth: Of the channel's live images.
        family: The queries, with the truth of all of them.
        settings: ``k``, which targets are asked under a filter, and how small a stratum is reported.
        shapes: Of ``SHAPES``.
        measures: The channel's figures with the counts of ``NOTHING_OF``; answers that break a rule are added
            in place, those of ``_BY_SHAPE`` under ``NAME/SHAPE``, too.

    Returns:
        Recall of the whole family per target and shape, and of the parts by category and source that have
        enough queries.
    """
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
    family: AskedFamily,
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
    family: AskedFamily,
    target: Target,
    shape: str,
    counted: Found,
    labelled: _Labelled,
    settings: GateSettings,
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
    named = metadata["currency"].combine_chunks().dictionary_encode()
    codes = named.indices.fill_null(-1).to_numpy()
    prices = metadata["price_minor"].cast(pa.float64()).to_numpy()
    bands = {}
    for code, currency in enumerate(named.dictionary.to_pylist()):
        own = prices[(codes == code) & ~np.isnan(prices)]
        if currency and len(own):
            quartiles = np.quantile(own, [0.0, 0.25, 0.5, 0.75], method="inverted_cdf")
            bands[currency] = np.unique(quartiles).astype(np.int64)
    return bands
