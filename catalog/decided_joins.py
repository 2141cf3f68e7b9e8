"""What people said of pairs of listings, made free of contradictions.  Pure.

``same`` is transitive: who says that a is b and b is c says that a is c.  Where a newer decision says that a
is not c, the three cannot all hold; the newest ones do, and what could not hold is named with the decisions
that it met.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from catalog.decisions import SAME, Decision, newest_first
from catalog.joining import DECIDED, Tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruled:
    """A decision that cannot hold beside newer ones."""

    decision: Decision
    by: tuple[int, ...]  # the decisions that it met, by number


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedJoins:
    """What holds, ready for ``joining.join``, and what does not.

    ``dormant`` decisions name a listing that is not there; they hold again when it is.
    """

    ties: tuple[Tie, ...]
    apart: tuple[tuple[str, str], ...]
    overruled: tuple[Overruled, ...]
    dormant: tuple[Decision, ...]


def settle(held: Iterable[Decision], present: Collection[str]) -> DecidedJoins:
    """Take decisions from the newest to the oldest, each if it contradicts none of those taken.

    Args:
        held: Decisions on joins that are in force.
        present: Listing ids that are there.
    """
    same: dict[str, dict[str, int]] = defaultdict(dict)  # listing -> listing -> the decision that ties them
    apart: dict[tuple[str, str], int] = {}
    ties, overruled, dormant = [], [], []
    for decision in newest_first(held):
        first, second = decision.subject
        if first not in present or second not in present:
            dormant.append(decision)
        elif decision.decision == SAME:
            met = _what_keeps_apart(first, second, same, apart)
            if met:
                overruled.append(Overruled(decision=decision, by=met))
                continue
            same[first][second] = same[second][first] = decision.decision_id
            ties.append(Tie(first=first, second=second, rule=DECIDED))
        else:
            path = _path(first, second, same)
            if path is not None:
                overruled.append(Overruled(decision=decision, by=tuple(sorted(path))))
                continue
            apart[(first, second)] = decision.decision_id
    return DecidedJoins(
        ties=tuple(ties), apart=tuple(apart), overruled=tuple(overruled), dormant=tuple(dormant)
    )


def _what_keeps_apart(
    first: str,
    second: str,
    same: Mapping[str, Mapping[str, int]],
    apart: Mapping[tuple[str, str], int],
) -> tuple[int, ...]:
    """Return the decisions by which two listings cannot be one piece; none when they can."""
    with_first, with_second = _reached(first, same), _reached(second, same)
    for (one, other), decision_id in apart.items():
        for here, there in ((one, other), (other, one)):
            if here in with_first and there in with_second:
                return tuple(sorted({decision_id, *with_first[here], *with_second[there]}))
    return ()


def _path(start: str, end: str, same: Mapping[str, Mapping[str, int]]) -> tuple[int, ...] | None:
    return _reached(start, same).get(end)


def _reached(start: str, same: Mapping[str, Mapping[str, int]]) -> dict[str, tuple[int, ...]]:
    """Return every listing that is decided to be one piece with ``start``, and the decisions on the way."""
    ways: dict[str, tuple[int, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        one = waiting.popleft()
        for other, decision_id in same.get(one, {}).items():
            if other not in ways:
                ways[other] = (*ways[one], decision_id)
                waiting.append(other)
    return ways
