"""What a gate measured, and the rule that judges it.

The rule reads figures only: counts of neighbours found, counts of violations, errors measured.  Whether a
report says of itself that it passed is for people; nobody who decides reads it.  No FAISS, no I/O.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from index_builds import health_names
from index_builds.bootstrap import lower_bound, mean
from index_builds.channel_names import VISUAL
from index_builds.queries import HELD_OUT
from index_builds.settings import GateSettings
from index_builds.tiers import TIERS, Tier

FORMAT_VERSION = 1
Target = Literal["hot", "warm", "cold", "all"]
Counts = tuple[tuple[int, int, int], ...]
PairedCounts = tuple[tuple[int, int, int, int], ...]

# What must be zero, and what it counts; how far a measured error may go.  A report brings the figures, the
# limits stand here.
NOTHING_OF = {
    "files_damaged": "files whose digest is not the manifest's",
    "fresh_process_failures": "loads in a fresh process that failed",
    "ids_missing": "embedded images that the index does not hold",
    "ids_unknown": "ids of the index that no embedded image has",
    "ids_repeated": "ids that the index holds twice, as when a delta lies on a base that has it already",
    "ids_in_wrong_tier": "images that lie in another tier than their metadata says",
    "ids_differ_from_manifest": "id sets that are not the manifest's",
    "metadata_rows_differ": "metadata rows that are not the live listings'",
    "metrics_other_than_inner_product": "parts of the index that rank by another metric",
    "impure_results": "answers outside the filter, the tier or the exclusions",
    "short_answers": "answers of fewer than k although k were eligible",
    "repeated_results": "answers given twice to one query",
    "unanswered_scores": "answers whose score is not a number",
}
AT_MOST = {
    "vector_length_error": 0.01,  # 8-bit codes measured 0.004
    "score_error": 0.02,
}
AT_LEAST = {
    "vector_cosine": 0.99,  # 8-bit codes measured 0.9999
}
_MEANING = NOTHING_OF | {
    "vector_length_error": "of decoded vectors against length 1, the worst",
    "score_error": "of scores as the index itself returns them, against the embedding truth, the worst",
    "vector_cosine": "of a decoded vector with the same image's embedding, the worst",
}
SKIPS = ("no incumbent", "another encoder", "no common images")
_STATED = 1e-9


class Stratum(BaseModel):
    """Recall of one family's queries against one target under one shape of filter.

    ``category`` and ``source`` name the part of the queries that it covers, ``None`` for all.  ``counts`` are
    ``(found, possible, queries)``; ``recall`` and ``lower`` follow from them and are stated for people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str
    channel: str = VISUAL
    target: Target
    shape: str
    category: str | None = None
    source: str | None = None
    queries: int
    recall: float
    lower: float
    counts: Counts

    @property
    def name(self) -> str:
        """A name for messages and tables."""
        part = "".join(f", {label} {value}" for label, value in self._parts() if value is not None)
        channel = "" if self.channel == VISUAL else f"{self.channel}: "
        return f"{channel}{self.family} on {self.target}, {self.shape}{part}"

    @property
    def whole(self) -> bool:
        """Whether it covers all of its family's queries."""
        return self.category is None and self.source is None

    def _parts(self) -> tuple[tuple[str, str | None], ...]:
        return (("category", self.category), ("source", self.source))


class Paired(BaseModel):
    """Candidate and incumbent on the same queries, over the images that both hold.

    ``counts`` are ``(found by the candidate, found by the incumbent, possible, queries)``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str
    channel: str = VISUAL
    queries: int
    candidate: float
    incumbent: float
    difference_lower: float
    counts: PairedCounts

    @property
    def name(self) -> str:
        """A name for messages and tables."""
        return self.family if self.channel == VISUAL else f"{self.channel}: {self.family}"


class Comparison(BaseModel):
    """How the candidate stands to the snapshot that was promoted when it was measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incumbent: str | None
    skipped: str | None
    common_images: int = 0
    families: tuple[Paired, ...] = ()


class ChannelReport(BaseModel):
    """What was measured of a channel beside the visual one, apart from its strata."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tiers: dict[Tier, int]
    families: dict[str, int]
    measures: dict[str, float]


class GateReport(BaseModel):
    """All that a gate measured; ``passed`` and ``failures`` are its own conclusion, for people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1]
    content_digest: str  # of the snapshot content that was measured
    evidence_digest: str  # of queries, settings and incumbent: the same evidence need not be taken twice
    k: int
    tiers: dict[Tier, int]  # vectors in the embedding truth
    families: dict[str, int]  # queries asked
    measures: dict[str, float]  # a part of one, where it helps to find a cause, is named FIGURE/PART
    strata: tuple[Stratum, ...]
    comparison: Comparison
    settings: GateSettings
    passed: bool
    failures: tuple[str, ...]
    channels: dict[str, ChannelReport] = Field(default_factory=dict)
    health: dict[str, float] = Field(default_factory=dict)  # beyond recall, by health_names

    def of_channel(self, name: str) -> ChannelReport:
        """Return what was measured of a channel, the visual one included."""
        if name == VISUAL:
            return ChannelReport(tiers=self.tiers, families=self.families, measures=self.measures)
        return self.channels[name]

    def overall(self) -> tuple[Stratum, ...]:
        """Return the unfiltered strata over all queries: the figures to show first."""
        return tuple(stratum for stratum in self.strata if stratum.whole and stratum.shape == "unfiltered")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFailure:
    """One statement that does not hold: what, and measured against required."""

    stratum: str
    measured: str
    required: str
    meaning: str = ""  # what was counted, and where

    def __str__(self) -> str:
        meaning = f" ({self.meaning})" if self.meaning else ""
        return f"{self.stratum}: measured {self.measured}, required {self.required}{meaning}"


def judge(report: GateReport, settings: GateSettings) -> list[GateFailure]:
    """Return every way in which the measured figures fall short of what is required now.

    Recall and bounds are worked out again from the counts, so neither a report's own verdict nor an edited
    bound has a say; a figure that is absent counts as failed.

    Args:
        report: From :func:`index_builds.gate.run_gate`.
        settings: The floors in force, not those that the report was made with.
    """
    failures: list[GateFailure] = []
    for channel in (VISUAL, *report.channels):
        part = report.of_channel(channel)
        label = "" if channel == VISUAL else f"{channel}: "
        failures += _judge_measures(part.measures, label)
        failures += _judge_coverage(report, channel, settings, label)
    failures += _judge_strata(report, settings)
    failures += _judge_comparison(report, settings)
    return failures + _judge_health(report, settings)


def bound(counts: Counts, settings: GateSettings) -> tuple[float, float]:
    """Return recall and its lower bound from ``(found, possible, queries)`` counts."""
    values = np.array([found / possible for found, possible, _ in counts], dtype=np.float64)
    return _mean_and_bound(values, [queries for *_, queries in counts], settings)


def paired_bound(counts: PairedCounts, settings: GateSettings) -> tuple[float, float]:
    """Return the mean difference in recall, candidate less incumbent, and its lower bound."""
    values = np.array([(ours - theirs) / possible for ours, theirs, possible, _ in counts], dtype=np.float64)
    return _mean_and_bound(values, [queries for *_, queries in counts], settings)


def _mean_and_bound(
    values: np.ndarray, queries: Iterable[int], settings: GateSettings
) -> tuple[float, float]:
    counts = np.array(list(queries), dtype=np.int64)
    lower = lower_bound(
        values,
        counts,
        samples=settings.bootstrap_samples,
        confidence=settings.confidence,
        seed=settings.seed,
    )
    return mean(values, counts), lower


def _judge_measures(measures: dict[str, float], label: str) -> list[GateFailure]:
    failures = []
    limits = (
        [(name, 0.0, "at most") for name in NOTHING_OF]
        + [(name, limit, "at most") for name, limit in AT_MOST.items()]
        + [(name, limit, "at least") for name, limit in AT_LEAST.items()]
    )
    for name, limit, side in limits:
        measured = measures.get(name)
        required = "none" if side == "at most" and limit == 0 else f"{side} {limit:g}"
        if measured is None:
            failures.append(
                GateFailure(
                    stratum=label + name, measured="nothing", required=required, meaning=_MEANING[name]
                )
            )
        elif not (measured <= limit if side == "at most" else measured >= limit):
            failures.append(
                GateFailure(
                    stratum=label + name,
                    measured=f"{measured:.6g}",
                    required=required,
                    meaning="; ".join([_MEANING[name], *_details(measures, name)]),
                )
            )
    return failures


def _details(measures: dict[str, float], name: str) -> list[str]:
    """Return what was measured of the parts of a figure: those named ``FIGURE/PART``."""
    return [
        f"{part.removeprefix(f'{name}/')}: {value:.6g}"
        for part, value in measures.items()
        if part.startswith(f"{name}/")
    ]


def _judge_coverage(
    report: GateReport, channel: str, settings: GateSettings, label: str
) -> list[GateFailure]:
    failures = []
    part = report.of_channel(channel)
    if channel == VISUAL and report.k != settings.k:
        failures.append(GateFailure(stratum="k", measured=str(report.k), required=str(settings.k)))
    vectors = sum(part.tiers.values())
    if vectors < 1:
        failures.append(GateFailure(stratum=f"{label}vectors", measured=str(vectors), required="at least 1"))
    needed = min(settings.min_stratum_queries, vectors)
    asked = part.families.get(HELD_OUT, 0)
    if asked < needed:
        failures.append(
            GateFailure(
                stratum=f"{label}{HELD_OUT} queries", measured=str(asked), required=f"at least {needed}"
            )
        )
    covered = {
        (stratum.family, stratum.target)
        for stratum in report.overall()
        if stratum.queries and stratum.channel == channel
    }
    occupied: list[Target] = [tier for tier in TIERS if part.tiers.get(tier)]
    failures += [
        GateFailure(stratum=f"{label}{target}, unfiltered", measured="not measured", required="measured")
        for target in occupied
        if not any((family, target) in covered for family in part.families)
    ]
    together: Target = "all" if len(occupied) > 1 else (occupied or ["all"])[0]
    failures += [
        GateFailure(
            stratum=f"{label}{family} on {together}, unfiltered",
            measured="not measured",
            required="measured",
        )
        for family in part.families
        if (family, together) not in covered
    ]
    return failures


def _judge_strata(report: GateReport, settings: GateSettings) -> list[GateFailure]:
    failures = []
    for stratum in report.strata:
        impossible = [
            row
            for row in stratum.counts
            if not (0 <= row[0] <= row[1] <= report.k and row[1] > 0 and row[2] > 0)
        ]
        if impossible or sum(row[2] for row in stratum.counts) != stratum.queries or not stratum.queries:
            failures.append(
                GateFailure(
                    stratum=stratum.name,
                    measured=f"counts {stratum.counts[:3]} over {stratum.queries} queries",
                    required="counts that add up",
                )
            )
            continue
        if not stratum.whole and stratum.queries < settings.min_stratum_queries:
            continue
        measured, lower = bound(stratum.counts, settings)
        if abs(measured - stratum.recall) > _STATED:
            failures.append(
                GateFailure(
                    stratum=stratum.name,
                    measured=f"recall {measured:.4f} from its counts",
                    required=f"the stated {stratum.recall:.4f}",
                )
            )
        floor = floor_of(stratum, report, settings)
        if lower < floor:
            failures.append(
                GateFailure(
                    stratum=stratum.name,
                    measured=f"recall@{report.k} {measured:.4f}, lower bound {lower:.4f} "
                    f"({stratum.queries} queries)",
                    required=f"lower bound at least {floor:.4f}",
                )
            )
    return failures


def floor_of(stratum: Stratum, report: GateReport, settings: GateSettings) -> float:
    """Return what a stratum's lower bound must reach: the least of the tiers that it was asked of."""
    tiers = [
        tier
        for tier in TIERS
        if report.of_channel(stratum.channel).tiers.get(tier) and stratum.target in (tier, "all")
    ]
    floors = [settings.floors.of(tier) for tier in tiers] or [settings.floors.hot]
    if stratum.whole and stratum.shape == "unfiltered":
        return min(floor.overall for floor in floors)
    return min(floor.stratum for floor in floors)


def _judge_comparison(report: GateReport, settings: GateSettings) -> list[GateFailure]:
    comparison = report.comparison
    name = f"comparison with {comparison.incumbent or 'the incumbent'}"
    if comparison.skipped is not None:
        honest = comparison.skipped in SKIPS and (comparison.skipped == SKIPS[0]) == (
            comparison.incumbent is None
        )
        if honest:
            return []
        return [
            GateFailure(
                stratum=name, measured=f"skipped: {comparison.skipped}", required="a reason that holds"
            )
        ]
    failures = []
    if not comparison.families:
        failures.append(GateFailure(stratum=name, measured="no family", required="the gate's own queries"))
    for paired in comparison.families:
        sane = all(0 <= ours <= most and 0 <= theirs <= most for ours, theirs, most, _ in paired.counts)
        if not sane or not paired.counts or sum(row[3] for row in paired.counts) != paired.queries:
            failures.append(
                GateFailure(
                    stratum=f"{name}, {paired.name}",
                    measured=f"counts {paired.counts[:3]} over {paired.queries} queries",
                    required="counts that add up",
                )
            )
            continue
        difference, lower = paired_bound(paired.counts, settings)
        if lower < -settings.non_inferiority_margin:
            failures.append(
                GateFailure(
                    stratum=f"{name}, {paired.name}",
                    measured=f"recall {difference:+.4f}, lower bound {lower:+.4f} ({paired.queries} queries)",
                    required=f"lower bound at least {-settings.non_inferiority_margin:+.4f}",
                )
            )
    return failures


def _judge_health(report: GateReport, settings: GateSettings) -> list[GateFailure]:
    failures = []
    for name, limit in settings.health_limits.items():
        if name.startswith(health_names.OF_THE_PARENT) and report.comparison.skipped is not None:
            continue
        measured = report.health.get(name)
        least = name in health_names.AT_LEAST
        if measured is None or not (measured >= limit if least else measured <= limit):
            failures.append(
                GateFailure(
                    stratum=f"health {name}",
                    measured="nothing" if measured is None else f"{measured:.6g}",
                    required=f"{'at least' if least else 'at most'} {limit:g}",
                )
            )
    return failures
