"""How a manifest and its gate look in the Dagster UI: figures that plot themselves, strata as a table."""

from typing import Any

import dagster as dg

from assets.operating_points import operating_point_metadata
from index_builds.channel_names import VISUAL
from index_builds.gate_report import GateReport, judge
from index_builds.manifest import Manifest


def manifest_metadata(manifest: Manifest) -> dict[str, Any]:
    """Return what is worth watching of a snapshot."""
    files = manifest.content.file_digests()
    return {
        "snapshot_id": manifest.snapshot_id,
        "dagster/partition_row_count": manifest.live_vectors,
        "vectors": manifest.live_vectors,
        "megabytes": round(sum(files.values()) / 1e6, 3),
        "tiers": dg.MetadataValue.md(_tiers(manifest)),
        **move_metadata(manifest),
        **operating_point_metadata(manifest),
        **gate_metadata(manifest),
    }


def move_metadata(manifest: Manifest) -> dict[str, Any]:
    """Return how many pieces changed their tier, and between which for what reason."""
    plan = manifest.content.piece_tiers
    if plan is None:
        return {}
    lines = ["| from | to | why | pieces |", "|---|---|---|---|"]
    lines += [
        f"| {move.source or 'came'} | {move.target} | {move.reason} | {move.pieces} |" for move in plan.moves
    ]
    return {
        "pieces_moved": sum(move.pieces for move in plan.moves if move.source is not None),
        "tiers_balanced_on": plan.balanced_on,
        "tier_moves": dg.MetadataValue.md("\n".join(lines)),
    }


def gate_metadata(manifest: Manifest) -> dict[str, Any]:
    """Return the gate's figures: recall per family and tier and health as numbers, strata in a table."""
    report = manifest.gate
    numbers: dict[str, Any] = {}
    for stratum in report.overall():
        own = "" if stratum.channel == VISUAL else f"{stratum.channel}/"
        name = f"{own}{stratum.family}/{stratum.target}"
        numbers[f"recall/{name}"] = round(stratum.recall, 4)
        numbers[f"lower/{name}"] = round(stratum.lower, 4)
    numbers |= {f"health/{name}": round(value, 4) for name, value in report.health.items()}
    return {**numbers, "gate": dg.MetadataValue.md(_strata(report))}


def _tiers(manifest: Manifest) -> str:
    lines = [
        "| tier | channel | index | vectors | kB | resident / float32 | why |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {tier} | {channel} | `{file.factory}` | {file.vectors} | {file.bytes / 1000:.0f} "
        f"| {file.resident_fraction:.2f} | {file.reason} |"
        for tier, channels in manifest.content.tiers.items()
        for channel, file in channels.items()
    ]
    return "\n".join(lines)


def _strata(report: GateReport) -> str:
    failures = judge(report, report.settings)
    failed = {failure.stratum for failure in failures}
    lines = [
        "**passed**" if not failures else f"**refused**: {'; '.join(str(failure) for failure in failures)}",
        "",
        f"| stratum | queries | recall@{report.k} | lower bound | |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {stratum.name} | {stratum.queries} | {stratum.recall:.4f} | {stratum.lower:.4f} "
        f"| {'**below its floor**' if stratum.name in failed else ''} |"
        for stratum in report.strata
    ]
    return "\n".join(lines)
