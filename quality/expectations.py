"""great-expectations suites, made from ``quality.schemas``, and how a frame comes out of one.

One suite per table and feed kind, validated at once.  Suites run in an ephemeral context: nothing is written,
nothing is sent.
"""

from functools import cache
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from catalog.declarations import FeedKind
from quality.schemas import (
    Matches,
    NoLonger,
    NotBelow,
    OneOf,
    Rule,
    Stated,
    TableRules,
    Unique,
    Within,
    columns_of,
    required_of,
)
from quality.suite_results import ExpectationFinding, SuiteResult


def suite_of(rules: TableRules, kind: FeedKind | None = None) -> gx.ExpectationSuite:
    """Return the suite of a table, for one kind of feed; every expectation names owner and consequence."""
    named = f"{rules.name} of a {kind}" if kind else rules.name
    return gx.ExpectationSuite(
        name=named, expectations=[_expectation(rule) for rule in rules.all_rules(kind)]
    )


def validate(frame: pd.DataFrame, rules: TableRules, kind: FeedKind | None = None) -> SuiteResult:
    """Hold a frame against the rules of its table.

    Args:
        frame: Columns as in ``rules.read()``; a missing one breaks the rules that look at it.
        rules: Of the table.
        kind: Of the feed whose rows these are; None where several feeds are together: every rule counts then.
    """
    if rules.only is not None and rules.only[0] in frame:
        column, value = rules.only
        frame = frame[frame[column].notna() if value is None else frame[column] == value]
    expected = rules.all_rules(kind)
    if frame.empty:
        findings = tuple(_finding(rule, passed=True, measured="no rows") for rule in expected)
        return SuiteResult(name=rules.name, rows=0, findings=findings)
    missing = {
        rule.name: [one for one in columns_of(rule.condition) if one not in frame] for rule in expected
    }
    suite = suite_of(rules, kind)
    suite.expectations = [one for one in suite.expectations if not missing[one.meta["name"]]]
    found = _validated(frame, rules.name, suite)
    outcomes = {one.expectation_config.meta["name"]: one for one in found.results}
    findings = tuple(
        _finding(rule, passed=False, measured=f"there is no column {', '.join(missing[rule.name])}")
        if missing[rule.name]
        else _checked(rule, outcomes[rule.name])
        for rule in expected
    )
    return SuiteResult(name=rules.name, rows=len(frame), findings=findings, validation=found)


def _validated(
    frame: pd.DataFrame, name: str, suite: gx.ExpectationSuite
) -> ExpectationSuiteValidationResult:
    source = _context().data_sources.add_or_update_pandas(name)
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    found: ExpectationSuiteValidationResult = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
        suite
    )
    return found


def _expectation(rule: Rule) -> gxe.Expectation:
    follows = "blocks" if rule.consequence == "block" else "warns"
    stated: dict[str, Any] = {
        "severity": "critical" if rule.consequence == "block" else "warning",
        "meta": {"name": rule.name, "owner": rule.owner, "consequence": rule.consequence},
        "notes": f"{rule.name} ({rule.owner}, {follows})",
    }
    match rule.condition:
        case Stated(column=column, share=share):
            return gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=share, **stated)
        case Unique(columns=(column,)):
            return gxe.ExpectColumnValuesToBeUnique(column=column, **stated)
        case Unique(columns=columns):
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(columns), **stated)
        case OneOf(column=column, values=values, share=share):
            return gxe.ExpectColumnValuesToBeInSet(
                column=column, value_set=list(values), mostly=share, **stated
            )
        case Matches(column=column, pattern=pattern):
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=pattern, **stated)
        case Within(column=column, low=low, high=high, share=share):
            return gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=low, max_value=high, mostly=share, **stated
            )
        case NoLonger(column=column, characters=characters):
            return gxe.ExpectColumnValueLengthsToBeBetween(column=column, max_value=characters, **stated)
        case NotBelow(column=column, other=other, share=share):
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=column, column_B=other, or_equal=True, mostly=share,
                ignore_row_if="either_value_is_missing", **stated,
            )  # fmt: skip


def _checked(rule: Rule, outcome: Any) -> ExpectationFinding:
    raised = outcome.exception_info.get("exception_message")
    if raised:
        return _finding(rule, passed=False, measured=str(raised))
    counted = outcome.result
    unexpected, of = counted.get("unexpected_count", 0), counted.get("element_count", 0)
    examples = ", ".join(filter(None, map(_shown, counted.get("partial_unexpected_list", [])[:3])))
    measured = f"{unexpected} of {of} do not hold"
    return _finding(
        rule, passed=bool(outcome.success), measured=f"{measured}: {examples}" if examples else measured
    )


def _shown(value: Any) -> str:
    """Write a value as a person would: GX hands out NumPy scalars, and several of them as tuples or dicts."""
    if isinstance(value, dict):
        return " beside ".join(_shown(one) for one in value.values())
    if isinstance(value, tuple):
        return " beside ".join(_shown(one) for one in value)
    if pd.isna(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _finding(rule: Rule, *, passed: bool, measured: str) -> ExpectationFinding:
    return ExpectationFinding(
        name=rule.name,
        owner=rule.owner,
        consequence=rule.consequence,
        measured=measured,
        required=required_of(rule.condition),
        passed=passed,
    )


@cache
def _context() -> Any:
    # GX's own ephemeral configuration leaves a temporary folder behind for a documentation site.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    configuration = DataContextConfig(
        store_backend_defaults=stores,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    return gx.get_context(mode="ephemeral", project_config=configuration)
