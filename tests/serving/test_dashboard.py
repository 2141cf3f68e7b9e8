"""The dashboard in ``deploy/grafana``: it asks for what serving says, and it stands as Grafana reads it."""

import json
import re

import pytest
from flow_house import PROJECT

from serving.observing.metrics import ServingMetrics

FILE = PROJECT / "deploy" / "grafana" / "loupe-serving.json"
# What a scrape adds to every sample, and what a histogram adds to its buckets.
ADDED = {"job", "instance", "le"}


@pytest.fixture(scope="module")
def known():
    """Return the labels of every series that can be asked for."""
    labels = {}
    for metric in ServingMetrics().registry._collector_to_names:
        base = metric._name
        names = {
            "counter": {f"{base}_total"},
            "histogram": {f"{base}_bucket", f"{base}_sum", f"{base}_count"},
            "gauge": {base},
        }[metric._type]
        labels |= {name: set(metric._labelnames) for name in names}
    return labels


@pytest.fixture(scope="module")
def dashboard():
    return json.loads(FILE.read_text(encoding="utf-8"))


def expressions(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]
    for one in dashboard["annotations"]["list"]:
        yield one["name"], one["expr"], one["titleFormat"]
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query":
            yield one["name"], one["query"]["query"], ""


def test_every_query_asks_for_a_series_and_labels_that_there_are(dashboard, known):
    for title, expression, legend in expressions(dashboard):
        names = re.findall(r"\bloupe_\w+", expression)
        assert names, title
        assert set(names) <= known.keys(), title
        there = ADDED.union(*(known[name] for name in names))
        grouped = {one.strip() for by in re.findall(r"\bby \(([^)]*)\)", expression) for one in by.split(",")}
        selected = set(re.findall(r"[{,](\w+)(?:=~|!~|!=|=)\"", expression))
        assert grouped | selected <= there, title
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= (grouped or there), title
        for opened, closed in ("()", "[]", "{}"):
            assert expression.count(opened) == expression.count(closed), title


def test_every_series_that_serving_keeps_is_shown(dashboard, known):
    shown = {
        name for _, expression, _ in expressions(dashboard) for name in re.findall(r"loupe_\w+", expression)
    }
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in known}
    assert families == {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in shown}


def test_the_documentation_names_every_series(known):
    text = (PROJECT / "docs" / "serving.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `loupe_"))
    named = set(re.findall(r"`(loupe_\w+)`", rows))
    assert named == {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}


def test_panels_have_places_and_ids_of_their_own(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
