"""Results of suites at rest: the same rows under the same rules are validated once.

great-expectations takes seconds to import and a third of one for a suite; most runs find the rows of the run
before.  ``validations/<collection>/<of>/<suite>.json`` holds the last result with the digest of what it was
made from.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from catalog.declarations import FeedKind
from quality.schemas import TableRules
from quality.suite_results import ExpectationFinding, SuiteResult
from storage.objects import ObjectMissingError, ObjectStore, sha256_hex

if TYPE_CHECKING:
    import pandas as pd

# Frame, rules, kind of the feed or None, and what the rows are of: a feed, or the whole collection.
Validate = Callable[["pd.DataFrame", TableRules, FeedKind | None, str], SuiteResult]

_FORMAT = "1"
_LIBRARIES = ("great_expectations", "pandas")


def anew(frame: "pd.DataFrame", rules: TableRules, kind: FeedKind | None, of: str) -> SuiteResult:  # noqa: ARG001 - a Validate
    """Validate, whatever was found before; the result has GX's own beside it."""
    from quality.expectations import validate

    return validate(frame, rules, kind)


def remembering(objects: ObjectStore, collection: str) -> Validate:
    """Return a way to validate a collection's rows that looks first at what was found before."""

    def validated(frame: "pd.DataFrame", rules: TableRules, kind: FeedKind | None, of: str) -> SuiteResult:
        # No feed has a hyphen in its name: what is of all of them cannot be taken for one of them.
        key = f"validations/{collection}/{of}/{rules.name}.json".replace(" ", "-")
        made_from = _digest(frame, rules, kind)
        try:
            stored = json.loads(objects.get(key))
        except (ObjectMissingError, ValueError):
            stored = {}
        if stored.get("made_from") == made_from:
            findings = tuple(ExpectationFinding(**finding) for finding in stored["findings"])
            return SuiteResult(name=rules.name, rows=stored["rows"], findings=findings)
        result = anew(frame, rules, kind, of)
        findings_said = [asdict(finding) for finding in result.findings]
        said = {"made_from": made_from, "rows": result.rows, "findings": findings_said}
        objects.put(key, json.dumps(said, ensure_ascii=False).encode())
        return result

    return validated


def _digest(frame: "pd.DataFrame", rules: TableRules, kind: FeedKind | None) -> str:
    rows = frame.to_json(orient="split", date_format="iso", double_precision=15, default_handler=str)
    asked = [_FORMAT, *(version(name) for name in _LIBRARIES), repr(rules.all_rules(kind)), repr(rules.only)]
    return sha256_hex(json.dumps([asked, rows]).encode())
