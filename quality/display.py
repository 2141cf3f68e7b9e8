"""Quality as metadata of a materialization: numbers, which the UI plots over time by itself, and drawings."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from catalog.accounting import books
from catalog.declarations import FeedDeclaration
from catalog.quality_figures import delivery_rates, measures_of
from quality.contact_sheets import as_markdown
from quality.image_rules import RULES, known_measures
from quality.plots import Histogram, histograms, shares_over_time

# What a piece's form is told by, and its unit; no rule bounds it.
_FORMS = {
    "aspect_ratio": "long over wide",
    "fill_share": "of its rectangle",
    "symmetry": "overlap",
    "hole_count": "holes",
    "stone_count": "coloured stones",
}
MOST_PICTURES = 5_000  # of one feed, in a histogram
_TOP_SHARE = 0.1  # of the charts: less than that is not stretched to look like much


def rates_display(
    engine: Engine, collection: str, declarations: Sequence[FeedDeclaration]
) -> dict[str, dg.MetadataValue]:
    """Return a collection's reject rate and picture failure rate now, and both per feed over time."""
    held = books(engine, collection, declarations).feeds
    items, named = sum(feed.items for feed in held), sum(feed.image_references for feed in held)
    rejected = sum(feed.rejected for feed in held)
    failed = sum(feed.image_states["failed"] for feed in held)
    shown: dict[str, dg.MetadataValue] = {
        "reject_rate": dg.MetadataValue.float(round(rejected / items, 4) if items else 0.0),
        "failure_rate": dg.MetadataValue.float(round(failed / named, 4) if named else 0.0),
    }
    rates = {one.name: delivery_rates(engine, collection, one.name) for one in declarations}
    for title, field in (("reject rate", "rejected"), ("picture failure rate", "pictures_failed")):
        series = {
            feed: [(rate.delivered_at, share) for rate in some if (share := getattr(rate, field)) is not None]
            for feed, some in rates.items()
        }
        if any(series.values()):
            chart = shares_over_time(series, highest=_TOP_SHARE)
            shown[f"{title} over time"] = dg.MetadataValue.md(as_markdown(chart, title))
    return shown


def measures_display(
    engine: Engine, collection: str, declarations: Sequence[FeedDeclaration]
) -> dict[str, dg.MetadataValue]:
    """Return histograms per feed kind: each measure with the kind's bounds, and what forms pieces have."""
    shown: dict[str, dg.MetadataValue] = {}
    for kind in sorted({one.kind for one in declarations}):
        measures: list[dict[str, Any]] = [
            dict(known_measures(values))
            for one in declarations
            if one.kind == kind
            for values in measures_of(engine, collection, one.name, limit=MOST_PICTURES)
        ]
        for title, charts in (
            (f"measures of {kind} pictures", _charts(kind, measures)),
            (f"forms of {kind} pieces", _form_charts(measures)),
        ):
            if measures and charts:
                shown[title] = dg.MetadataValue.md(as_markdown(histograms(charts), title))
    return shown


def _form_charts(measures: Sequence[dict[str, Any]]) -> list[Histogram]:
    """Return the forms of pictures that have a mask, without bounds."""
    told = {name: [float(one[name]) for one in measures if one.get(name) is not None] for name in _FORMS}
    return [
        Histogram(name=name, unit=unit, values=told[name], review=None, quarantine=None)
        for name, unit in _FORMS.items()
        if told[name]
    ]


def _charts(kind: str, measures: Sequence[dict[str, Any]]) -> list[Histogram]:
    return [
        Histogram(
            name=rule.measure,
            unit=rule.unit,
            values=[float(one[rule.measure]) for one in measures if one.get(rule.measure) is not None],
            review=rule.review,
            quarantine=rule.quarantine,
        )
        for rule in RULES[kind]
    ]
