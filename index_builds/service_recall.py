"""Recall of live queries by the hour, and how sure it is.  Counts only: no FAISS, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import sqrt
from statistics import NormalDist

from index_builds.moments import moment_text

_NEARLY_NOTHING = 1e-6  # no bound reaches a floor of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyRecall:
    """Neighbours found of the possible, over the sampled queries that one channel answered in one hour."""

    hour: str  # its begin, as moments are written
    snapshot_id: str
    channel: str
    queries: int
    found: int
    possible: int


def together(counts: Iterable[HourlyRecall]) -> list[HourlyRecall]:
    """Return counts summed by hour, snapshot and channel, in that order."""
    summed: dict[tuple[str, str, str], HourlyRecall] = {}
    for one in counts:
        name = (one.hour, one.snapshot_id, one.channel)
        had = summed.get(name)
        summed[name] = (
            one
            if had is None
            else replace(
                one,
                queries=had.queries + one.queries,
                found=had.found + one.found,
                possible=had.possible + one.possible,
            )
        )
    return [summed[name] for name in sorted(summed)]


def hour_text(moment: datetime) -> str:
    """Return the begin of a moment's hour, in UTC, as moments are written.

    Raises:
        ValueError: If it has no time zone.
    """
    if moment.tzinfo is None:
        return moment_text(moment)  # which refuses it by name
    return moment_text(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


def recall_and_bound(hours: Iterable[HourlyRecall], *, confidence: float) -> tuple[float, float]:
    """Return recall over some hours, and its one-sided lower bound.

    Wilson's score interval with queries, not neighbours, as trials: misses come together in one query.  A
    query's recall lies in [0, 1], so its variance is at most that of a trial with the same mean; the bound is
    lower than the gate's, which keeps every query's count.
    Sources: E. B. Wilson, Probable Inference (JASA 22, 1927); R. Bhatia and C. Davis, A Better Bound on the
    Variance (American Mathematical Monthly 107, 2000).

    Args:
        hours: With at least one query in all.
        confidence: Such as 0.95.

    Raises:
        ValueError: If there is no query.
    """
    counted = list(hours)
    queries = sum(one.queries for one in counted)
    possible = sum(one.possible for one in counted)
    if not queries or not possible:
        message = "no live query was measured: recall has no bound"
        raise ValueError(message)
    measured = sum(one.found for one in counted) / possible
    return measured, _wilson(measured, queries, confidence)


def queries_needed(floor: float, *, confidence: float) -> int:
    """Return how many queries a perfect record takes until its bound clears a floor."""
    z = NormalDist().inv_cdf(confidence)
    return int(z * z * floor / max(1.0 - floor, _NEARLY_NOTHING)) + 1


def _wilson(share: float, trials: int, confidence: float) -> float:
    z = NormalDist().inv_cdf(confidence)
    part = z * z / trials
    spread = z * sqrt(share * (1.0 - share) / trials + part / (4 * trials))
    return (share + part / 2 - spread) / (1.0 + part)
