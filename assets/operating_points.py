"""The operating points of a manifest as metadata: recall against latency, drawn and listed."""

from typing import Any

import dagster as dg

from index_builds.channel_names import VISUAL
from index_builds.manifest import Manifest
from quality.contact_sheets import as_markdown
from quality.recall_plot import MeasuredPoint, recall_against_latency


def operating_point_metadata(manifest: Manifest) -> dict[str, Any]:
    """Return the drawing and the table; nothing where every tier is exact."""
    indexes = {
        tier if channel == VISUAL else f"{tier} {channel}": file
        for tier, channels in manifest.content.tiers.items()
        for channel, file in channels.items()
        if file.points
    }
    if not indexes:
        return {}
    drawn = recall_against_latency(
        {
            name: [
                MeasuredPoint(
                    recall=point.recall_at_10_lower,
                    milliseconds=max(point.latency_ms_p50, 1e-3),
                    chosen=point.parameters == file.parameters,
                )
                for point in file.points
            ]
            for name, file in indexes.items()
        }
    )
    lines = [
        "| index | parameters | recall@10 | lower bound | p50 ms | p95 ms | |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {' '.join(f'{label}={value}' for label, value in point.parameters.items())} "
        f"| {point.recall_at_10:.4f} | {point.recall_at_10_lower:.4f} | {point.latency_ms_p50:.2f} "
        f"| {point.latency_ms_p95:.2f} | {'chosen' if point.parameters == file.parameters else ''} |"
        for name, file in indexes.items()
        for point in file.points
    ]
    table = "\n".join(lines)
    return {
        "operating_points": dg.MetadataValue.md(f"{as_markdown('recall against latency', drawn)}\n\n{table}")
    }
