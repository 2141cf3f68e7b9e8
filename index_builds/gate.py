"""Measure a candidate against the embedding truth: what it holds, what it finds, what it would lose.

Nothing here is taken from the candidate's own word.  Neighbours are worked out by brute force over vectors
from outside the index, and the answers are checked row by row against the metadata.  What is measured stands
in ``gate_contents``, ``gate_answers``, ``gate_incumbent`` and ``gate_health``; the verdict is
``gate_report.judge``'s.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from index_builds.canonical import canonical_json
from index_builds.channel_names import VISUAL
from index_builds.errors import GateCannotRunError
from index_builds.gate_answers import SHAPES, measure_family
from index_builds.gate_contents import UNLISTED, fresh_process_failures, measure_contents
from index_builds.gate_health import measure_health
from index_builds.gate_incumbent import Incumbent
from index_builds.gate_report import NOTHING_OF, ChannelReport, Comparison, GateReport, Stratum, judge
from index_builds.gate_truth import AskedFamily, ChannelEvidence, Truth
from index_builds.keys_file import fingerprints
from index_builds.queries import Queries
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from index_builds.tiers import TIERS
from index_builds.true_neighbours import TrueNeighbours
from storage.objects import sha256_hex

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
    channel_measures: dict[str, dict[str, float]] = {}
    strata: list[Stratum] = []
    compared: list[Comparison] = []
    with ThreadPoolExecutor(1, thread_name_prefix="loupe-fresh") as beside:
        loading = beside.submit(
            fresh_process_failures, candidate
        )  # another process: it waits for nothing here
        for channel, part in parts.items():
            opened = candidate.channel(channel)
            measures = dict.fromkeys(NOTHING_OF, 0.0) | measure_contents(opened, part.truth, settings)
            against = Incumbent.of(opened, incumbent, part.truth)
            # FAISS fails without a name on a vector in no list: such an index is asked nothing more.
            families = {} if UNLISTED in measures else asked[channel]
            for name, family in families.items():
                tell(f"gate: {channel}, {name}" if channel != VISUAL else f"gate: {name}")
                known = AskedFamily(
                    queries=family,
                    exact=TrueNeighbours(family, part.truth.vectors, part.truth.keys),
                    channel=channel,
                    name=name,
                )
                strata += measure_family(opened, part.truth, known, settings, shapes, measures)
                against.compare(opened, part.truth, known, settings)
            channel_measures[channel] = measures
            compared.append(against.comparison())
    tell("gate: incumbent")
    whole = not any(UNLISTED in measures for measures in channel_measures.values())
    health = measure_health(candidate, truth, incumbent, settings) if whole else {}
    for measures in channel_measures.values():
        measures["fresh_process_failures"] = float(loading.result())
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
