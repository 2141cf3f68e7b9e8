"""The documentation of data: every suite of a collection, and its unmapped values, on one page.

great-expectations (GX) renders the findings; the page around them is ours, because GX's own loads its style
from other hosts: behind a firewall it has none, and elsewhere it tells those hosts who reads.  This page asks
nobody.  No clock is in it: the same results give the same page.
"""

import copy
import html
from collections.abc import Mapping, Sequence
from typing import Any

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from catalog.unmapped import UnmappedValue
from quality.page_versions import page_key, results_version, version_key
from quality.suite_results import SuiteResult
from storage.objects import ObjectStore

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quality of {{ collection }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222;
  margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .6rem 0; width: 100% }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left; vertical-align: top }
thead th { color: #666; font-weight: 600 } td.n { text-align: right }
details { border: 1px solid #ddd; border-radius: 6px; margin: .6rem 0; padding: .4rem .9rem }
details details { border: 0; padding: 0 } summary { cursor: pointer; font-weight: 600 }
.no { color: #b02020; font-weight: 600 } .yes { color: #207030 }
.fa-check-circle::before { content: "\\2713"; color: #207030 }
.fa-times::before { content: "\\2717"; color: #b02020 }
.fa-exclamation-triangle::before { content: "!"; color: #b07000 } i { font-style: normal }
h5, h6 { margin: .6rem 0 .2rem; font-size: 1rem }
.badge { background: #eee; border-radius: 3px; padding: 0 .3rem }
</style></head><body>
<h1>Quality of {{ collection }}</h1>
<table><thead><tr><th>of</th><th>suite</th><th>rows</th><th>expectations</th><th>unmet</th>
<th>holds</th></tr></thead>
<tbody>{% for one in suites %}<tr><td>{{ one.of }}</td>
<td><a href="#s{{ loop.index }}">{{ one.name }}</a></td>
<td class="n">{{ one.rows }}</td><td class="n">{{ one.findings | length }}</td>
<td class="n">{{ one.unmet }}</td>
<td>{% if one.passed %}<span class="yes">yes</span>{% elif one.blocks %}<span class="no">no, blocks</span>
{% else %}<span class="no">no, warns</span>{% endif %}</td></tr>{% endfor %}</tbody></table>
{% for one in suites %}<details id="s{{ loop.index }}"{% if not one.passed %} open{% endif %}>
<summary>{{ one.of }}: {{ one.name }}</summary>
<table><thead><tr><th>expectation</th><th>owner</th><th>consequence</th><th>measured</th><th>required</th>
<th>holds</th></tr></thead><tbody>
{% for rule in one.findings %}<tr><td>{{ rule.name }}</td><td>{{ rule.owner }}</td>
<td>{{ rule.consequence }}</td>
<td>{{ rule.measured }}</td><td>{{ rule.required }}</td>
<td>{% if rule.passed %}<span class="yes">yes</span>{% else %}<span class="no">no</span>{% endif %}</td></tr>
{% endfor %}</tbody></table>
{% if one.sections %}<details><summary>By column, as great-expectations tells it</summary>
{% for section in one.sections %}{% set section_loop = loop %}{% include 'section.j2' %}{% endfor %}
</details>{% endif %}</details>
{% endfor %}{% if unmapped %}<h2>Values that map to nothing</h2>
<table><thead><tr><th>of</th><th>field</th><th>value</th><th>listings</th><th>example</th>
<th>column</th></tr></thead><tbody>
{% for one in unmapped %}<tr><td>{{ one.feed }}</td><td>{{ one.field }}</td><td>{{ one.value }}</td>
<td class="n">{{ one.count }}</td><td>{{ one.example }}</td><td>{{ one.column }}</td></tr>
{% endfor %}</tbody></table>{% endif %}</body></html>
"""


def write_data_docs(
    objects: ObjectStore,
    collection: str,
    found: Mapping[str, Sequence[SuiteResult]],
    unmapped: Sequence[UnmappedValue] = (),
) -> None:
    """Write a collection's page, and beside it what it was made from.

    Args:
        objects: Where the page lies, under ``data_docs/<collection>/``.
        collection: Whose page it is.
        found: What was looked at (a feed, a table) and how its suites came out, with GX's own results.
        unmapped: The most frequent values of its feeds that map to nothing.
    """
    objects.put(page_key(collection), render_page(collection, found, unmapped).encode())
    objects.put(version_key(collection), results_version(found, unmapped).encode())


def render_page(
    collection: str,
    found: Mapping[str, Sequence[SuiteResult]],
    unmapped: Sequence[UnmappedValue] = (),
) -> str:
    """Return a collection's page as HTML that needs no other file."""
    view = DefaultJinjaPageView()
    suites = [
        {
            "of": of,
            "name": one.name,
            "rows": one.rows,
            "findings": one.findings,
            "unmet": sum(not finding.passed for finding in one.findings),
            "passed": one.passed,
            "blocks": one.blocks,
            "sections": [] if one.validation is None else _sections(one.validation),
        }
        for of, results in found.items()
        for one in results
    ]
    return view.env.from_string(_PAGE).render(collection=collection, suites=suites, unmapped=unmapped)


def _sections(validation: ExpectationSuiteValidationResult) -> list[dict[str, Any]]:
    """Return GX's sections per column, without its overview: it holds the run's time and random names."""
    # GX 1.24 writes unexpected values into its tables as they are: a feed's text would be markup.
    safe = copy.deepcopy(validation)
    for outcome in safe.results:
        outcome.result = _escaped(outcome.result)
    document = ValidationResultsPageRenderer().render(safe).to_json_dict()
    sections: list[dict[str, Any]] = document["sections"][1:]
    return sections


def _escaped(value: Any) -> Any:
    """Return a result with every text in it safe inside HTML."""
    match value:
        case str():
            return html.escape(value)
        case dict():
            return {key: _escaped(one) for key, one in value.items()}
        case list() | tuple():
            return type(value)(_escaped(one) for one in value)
        case _:
            return value
