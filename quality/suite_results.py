"""How suites come out, as plain values: what checks, the documentation and the store of results share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.schemas import Consequence

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationFinding:
    """How one expectation came out."""

    name: str
    owner: str
    consequence: Consequence
    measured: str
    required: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """How a suite came out.

    ``validation`` is GX's own result; None where there was nothing to look at, and in a remembered result.
    """

    name: str
    rows: int
    findings: tuple[ExpectationFinding, ...]
    validation: "ExpectationSuiteValidationResult | None" = None

    @property
    def passed(self) -> bool:
        """Whether every expectation holds."""
        return all(finding.passed for finding in self.findings)

    @property
    def blocks(self) -> bool:
        """Whether an expectation that blocks does not hold."""
        return any(not finding.passed and finding.consequence == "block" for finding in self.findings)


def together(results: Sequence[SuiteResult]) -> SuiteResult:
    """Return several results as one, for a check that shows them in one table."""
    return SuiteResult(
        name=", ".join(one.name for one in results),
        rows=max((one.rows for one in results), default=0),
        findings=tuple(finding for one in results for finding in one.findings),
    )
