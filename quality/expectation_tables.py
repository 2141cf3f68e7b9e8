"""Findings as a Markdown table: what a check and the documentation show beside each other."""

from collections.abc import Mapping, Sequence

from quality.suite_results import ExpectationFinding, SuiteResult


def findings_table(found: Mapping[str, Sequence[SuiteResult]]) -> str:
    """Return one row per expectation, unmet ones first, with what was looked at, owner and consequence."""
    rows = [
        (of, finding) for of, results in found.items() for result in results for finding in result.findings
    ]
    rows.sort(key=lambda row: row[1].passed)
    return "\n".join(
        [
            "| of | expectation | owner | consequence | measured | required | holds |",
            "|---|---|---|---|---|---|---|",
            *(_line(of, finding) for of, finding in rows),
        ]
    )


def _line(of: str, one: ExpectationFinding) -> str:
    cells = (of, one.name, one.owner, one.consequence, one.measured, one.required)
    holds = "yes" if one.passed else "**no**"
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in (*cells, holds)) + " |"
