"""Which listings are one physical design: the rules that join them, strongest first.  Pure.

Each rule is symmetric, so the order of listings changes nothing:

``decided``           a person said so
``gtin``              the same GTIN
``certificate``       the same certificate number and category
``brand_mpn``         the same brand and manufacturer part number
``brand_attributes``  the same brand, category, metal, fineness, stones and dimensions, all stated, and the
                      combination names one listing per source (twins of one shop are different pieces), of
                      which no two contradict each other in what else they state

What was found elsewhere, in pictures for one, comes as ties and is applied last.  Such a tie never puts two
listings of one source into one piece, nor listings that contradict each other.  Two listings that a person
has told apart never meet in one piece, whatever else ties them or those around them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

DECIDED = "decided"
PICTURES = "pictures"
_STATED_RULES = ("gtin", "certificate", "brand_mpn", "brand_attributes")
_TOLD_APART_BY = (
    *("category", "brand", "gtin", "certificate", "metal", "metal_colour", "fineness", "plating"),
    *("stones", "dimensions_mm"),
)
_ROUNDING_MM, _ROUNDING_SHARE = 0.1, 0.02  # sources round to a tenth of a millimetre, or to whole ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Two listings that are one piece, and the rule that says so."""

    first: str
    second: str
    rule: str


class _Groups:
    """Disjoint sets of listings, the smallest id for a root, of which some may never be united."""

    def __init__(self, members: Iterable[str], apart: Iterable[tuple[str, str]]) -> None:
        self.parent = {one: one for one in members}
        self.never_with: dict[str, set[str]] = defaultdict(set)
        for one, other in apart:
            if one in self.parent and other in self.parent:
                self.never_with[one].add(other)
                self.never_with[other].add(one)

    def root(self, one: str) -> str:
        while self.parent[one] != one:
            self.parent[one] = self.parent[self.parent[one]]
            one = self.parent[one]
        return one

    def unite(self, one: str, other: str) -> bool:
        """Put two listings into one group, unless somebody told two of its members apart."""
        low, high = sorted((self.root(one), self.root(other)))
        if low == high:
            return True
        if any(self.root(enemy) == high for enemy in self.never_with[low]):
            return False
        self.parent[high] = low
        self.never_with[low] |= self.never_with.pop(high, set())
        return True


def join(
    rows: Iterable[Mapping[str, Any]], *, ties: Iterable[Tie] = (), apart: Iterable[tuple[str, str]] = ()
) -> list[tuple[list[str], dict[str, str]]]:
    """Group listings into pieces.

    Args:
        rows: Listings as stored, any order.
        ties: Further pairs that are one piece.  Those of rule ``decided`` come before every other rule, in
            their order; the others after.  A tie of a listing that is not among the rows counts for nothing.
        apart: Pairs of listings that are never one piece.

    Returns:
        For every piece its listing ids, sorted, and the strongest rule that tied each of them to another one;
        pieces sorted by their first listing id.
    """
    ordered = sorted(rows, key=lambda row: str(row["listing_id"]))
    groups = _Groups((row["listing_id"] for row in ordered), apart)
    rule_of: dict[str, str] = {}
    further = [tie for tie in ties if tie.first in groups.parent and tie.second in groups.parent]

    def tie(one: str, other: str, rule: str) -> bool:
        united = groups.unite(one, other)
        if united:
            rule_of.setdefault(one, rule)
            rule_of.setdefault(other, rule)
        return united

    for each in further:
        if each.rule == DECIDED:
            tie(each.first, each.second, each.rule)
    for rule in _STATED_RULES:
        buckets: dict[Hashable, list[Mapping[str, Any]]] = defaultdict(list)
        for row in ordered:
            key = key_of(rule, row)
            if key is not None:
                buckets[key].append(row)
        for bucket in buckets.values():
            if rule == "brand_attributes" and not all(
                _may_be_one(one, other) for one, other in combinations(bucket, 2)
            ):
                continue
            names = [row["listing_id"] for row in bucket]
            for index, name in enumerate(names[1:], start=1):
                any(tie(earlier, name, rule) for earlier in names[:index])  # the first that takes it in
    members: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in ordered:
        members[groups.root(row["listing_id"])].append(row)
    for each in sorted(further, key=lambda each: (each.rule, each.first, each.second)):
        if each.rule == DECIDED:
            continue
        roots = {groups.root(each.first), groups.root(each.second)}
        some, *others = (members[root] for root in sorted(roots))
        if all(_may_be_one(one, other) for two in others for one in some for other in two) and tie(
            each.first, each.second, each.rule
        ):
            together = [row for root in roots for row in members.pop(root)]
            members[groups.root(each.first)] = sorted(together, key=lambda row: str(row["listing_id"]))
    pieces = sorted([row["listing_id"] for row in group] for group in members.values())
    return [(group, {one: rule_of[one] for one in group if one in rule_of}) for group in pieces]


def _may_be_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["feed"] != other["feed"] and not contradictions(one, other)


def contradictions(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the fields in which two listings cannot both be right about one piece.

    Only what both state can contradict.  A source that names fewer stones or measures than another does not;
    a measure contradicts when it is off by more than a rounding.
    """
    return [field for field in _TOLD_APART_BY if _compared(field, one, other) is False]


def agreements(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the fields that both listings state, and state alike."""
    return [field for field in _TOLD_APART_BY if _compared(field, one, other) is True]


def _compared(field: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """Whether two listings agree in a field; None where one of them does not state it."""
    mine, theirs = one[field], other[field]
    if not mine or not theirs:
        return None
    match field:
        case "brand":
            return folded(mine) == folded(theirs)
        case "stones":
            return set(mine) <= set(theirs) or set(theirs) <= set(mine)
        case "dimensions_mm":
            both = mine.keys() & theirs.keys()
            near = [abs(mine[name] - theirs[name]) <= _rounding(mine[name], theirs[name]) for name in both]
            return all(near) if near else None
    return bool(mine == theirs)


def _rounding(one_mm: float, other_mm: float) -> float:
    return _ROUNDING_MM + _ROUNDING_SHARE * max(one_mm, other_mm)


def key_of(rule: str, row: Mapping[str, Any]) -> Hashable | None:
    """Return what two listings share when a rule joins them; None where one does not state it."""
    brand = folded(row["brand"])
    match rule:
        case "gtin":
            return row["gtin"] or None
        case "certificate":
            return (row["certificate"], row["category"]) if row["certificate"] and row["category"] else None
        case "brand_mpn":
            return (brand, folded(row["mpn"])) if brand and row["mpn"] else None
    stated = (
        brand,
        row["category"],
        row["metal"],
        row["fineness"],
        tuple(sorted(row["stones"])),
        tuple(sorted(row["dimensions_mm"].items())),
    )
    return stated if all(stated) else None


def folded(text: str | None) -> str:
    """Return a name without case, spaces and marks, as two sources that mean the same may differ in them."""
    return "".join(character for character in (text or "").casefold() if character.isalnum())
