"""What people's decisions say about the bounds that pictures are held to.

A rule has bounds; beyond one a picture goes to review, beyond another it stays out.  People see pictures
beyond them and reject or accept.  The share that they reject is a bound's precision; the measure that
separates best what they rejected from what they accepted is where the bound would have been better.  Both
are said with how many decisions they rest on, and the precision with Wilson's interval (Wilson, JASA 22,
1927), because people look at few pictures.

People see next to nothing of what is accepted, so nothing is said of what rules miss, except for the
accepted pictures that somebody rejected without any rule having spoken.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Engine

from catalog.decisions import ACCEPT, Decision, in_force
from storage.database import reading

ENOUGH = 30  # decisions on a bound; below it, the interval is wider than what one could act on
_Z = 1.959964  # 95 % of a normal distribution
_FINEST = 1e-4  # findings are rounded to this


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundReport:
    """One bound of one rule for one kind of feed, and what people made of the pictures beyond it."""

    feed_kind: str
    rule: str
    bound: str  # as the finding says it: "at least 0.54"
    unit: str
    leads_to: str  # review, or quarantined
    accepted: int
    rejected: int
    precision: float
    precision_lower: float
    precision_upper: float
    enough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """The bound that would have separated best what people rejected, over all pictures that broke a rule.

    ``best`` is None where people did not decide both ways, or the rule measures nothing.
    """

    feed_kind: str
    rule: str
    unit: str
    side: str  # below, above: where the bad values are
    accepted: int
    rejected: int
    best: float | None
    wrong_at_best: int  # decided pictures that this bound would have put on the wrong side
    enough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the decisions in force on a collection's pictures teach."""

    pictures: int
    accepted: int
    rejected: int
    rejected_that_no_rule_saw: int
    outdated: int  # further decisions, on measures of a former version, that are left out
    bounds: tuple[BoundReport, ...]
    rules: tuple[RuleReport, ...]


def picture_calibration(engine: Engine, collection: str) -> Calibration:
    """Read the decisions in force on pictures and say what they teach."""
    with reading(engine) as connection:
        return calibrate(in_force(connection, collection, "picture").values())


def calibrate(decided: Iterable[Decision]) -> Calibration:
    """Hold decisions on pictures against what the rules had found in them.

    Args:
        decided: Oldest first, with the evidence that ``review.pictures`` gives: ``verdict``, ``findings``,
            ``feed_kind`` and ``measures_version``.  Values of another version than the last one's are not
            comparable with its.
    """
    everything = [(one.decision == ACCEPT, one.evidence) for one in decided]
    version = everything[-1][1].get("measures_version") if everything else None
    held = [one for one in everything if one[1].get("measures_version") == version]
    by_bound: dict[tuple[str, str, str, str], list[bool]] = defaultdict(list)
    in_review: set[tuple[str, str, str, str]] = set()
    by_rule: dict[tuple[str, str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    for accepted, evidence in held:
        kind = evidence.get("feed_kind", "")
        for finding in evidence.get("findings", ()):
            measured, required = finding.get("measured"), finding.get("required") or ""
            unit = (finding.get("unit") or "") if measured is not None else ""
            bound = (kind, finding["rule"], required, unit)
            by_bound[bound].append(accepted)
            if evidence.get("verdict") == "review":
                in_review.add(bound)
            side = {"at least": "below", "at most": "above"}.get(required.rpartition(" ")[0])
            if measured is not None and side is not None:
                by_rule[(kind, finding["rule"], unit, side)].append((measured, accepted))
    return Calibration(
        pictures=len(held),
        accepted=sum(accepted for accepted, _ in held),
        rejected=sum(not accepted for accepted, _ in held),
        rejected_that_no_rule_saw=sum(not accepted and not seen.get("findings") for accepted, seen in held),
        outdated=len(everything) - len(held),
        bounds=tuple(
            _bound(key, answers, in_review=key in in_review) for key, answers in sorted(by_bound.items())
        ),
        rules=tuple(_rule(key, measured) for key, measured in sorted(by_rule.items())),
    )


def wilson_interval(hits: int, tries: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score; (0, 1) where nothing was tried."""
    if tries == 0:
        return 0.0, 1.0
    share, spread = hits / tries, _Z * _Z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return max(0.0, middle - half), min(1.0, middle + half)


def best_bound(measured: Sequence[tuple[float, bool]], side: str) -> tuple[float, int] | None:
    """Return the bound that puts the fewest pictures on the wrong side, and how many it does.

    It lies halfway between two measured values; among equally good ones it is the one that keeps fewest
    pictures out.  None unless both answers occur.

    Args:
        measured: What was measured in each picture, and whether a person accepted it.
        side: ``below`` or ``above``: where the bad values are.
    """
    if len({accepted for _, accepted in measured}) < 2:
        return None
    sign = 1.0 if side == "below" else -1.0
    answers: dict[float, list[bool]] = defaultdict(list)
    for value, accepted in measured:
        answers[sign * value].append(accepted)
    values = sorted(answers)
    wrong = sum(not accepted for _, accepted in measured)  # of the bound that keeps nothing out
    best, fewest = values[0], wrong
    for value, following in pairwise([*values, values[-1] + 2 * _FINEST]):
        wrong += sum(1 if accepted else -1 for accepted in answers[value])
        if wrong < fewest:
            best, fewest = (value + following) / 2, wrong
    return round(sign * best, 6), fewest


def as_markdown(calibration: Calibration) -> str:
    """Return a calibration as a table for the metadata of a materialization."""
    lines = [
        f"{calibration.pictures} pictures decided by people: {calibration.accepted} accepted, "
        f"{calibration.rejected} rejected, {calibration.rejected_that_no_rule_saw} of them without any rule "
        f"having spoken. Fewer than {ENOUGH} decisions on a bound say little.",
        "",
        "| feeds | rule | bound | leads to | accepted | rejected | precision | 95 % | best bound | enough? |",
        "|---|---|---|---|--:|--:|--:|---|---|---|",
    ]
    best = {(one.feed_kind, one.rule, one.unit): one for one in calibration.rules}
    for one in calibration.bounds:
        interval = f"{one.precision_lower:.2f} to {one.precision_upper:.2f}"
        cells = (
            *(one.feed_kind, one.rule, f"{one.bound} {one.unit}".strip(), one.leads_to, one.accepted),
            *(one.rejected, f"{one.precision:.2f}", interval),
            shown_best(best.get((one.feed_kind, one.rule, one.unit))),
            "yes" if one.enough else "no",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def shown_best(rule: RuleReport | None) -> str:
    """Return the best bound with what it would have got wrong; empty where there is none."""
    if rule is None or rule.best is None:
        return ""
    return f"{rule.best:g} ({rule.wrong_at_best} of {rule.accepted + rule.rejected} wrong)"


def _bound(key: tuple[str, str, str, str], answers: Sequence[bool], *, in_review: bool) -> BoundReport:
    rejected = sum(not accepted for accepted in answers)
    lower, upper = wilson_interval(rejected, len(answers))
    return BoundReport(
        feed_kind=key[0],
        rule=key[1],
        bound=key[2],
        unit=key[3],
        leads_to="review" if in_review else "quarantined",
        accepted=len(answers) - rejected,
        rejected=rejected,
        precision=round(rejected / len(answers), 4),
        precision_lower=round(lower, 4),
        precision_upper=round(upper, 4),
        enough=len(answers) >= ENOUGH,
    )


def _rule(key: tuple[str, str, str, str], measured: Sequence[tuple[float, bool]]) -> RuleReport:
    found = best_bound(measured, key[3])
    accepted = sum(good for _, good in measured)
    return RuleReport(
        feed_kind=key[0],
        rule=key[1],
        unit=key[2],
        side=key[3],
        accepted=accepted,
        rejected=len(measured) - accepted,
        best=None if found is None else found[0],
        wrong_at_best=0 if found is None else found[1],
        enough=len(measured) >= ENOUGH,
    )
