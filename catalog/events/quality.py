"""How good searches are, from what they showed and what was clicked.  Numbers only: no I/O.

A search is its first page and those that follow; it is measured where its first page was recorded.  Clicks on
pieces that it did not show are not counted, and where a piece stood is taken from what was shown, not from
what a sender says.

Clicks speak of what was looked at: people look at what stands above, so a click says less against what stands
below it than for itself (position bias: T. Joachims et al., Accurately Interpreting Clickthrough Data as
Implicit Feedback, SIGIR 2005).  Figures of two orders of hits on one page compare; clicks by position
show the bias.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from math import sqrt
from statistics import NormalDist, median

TOP = 10  # hits whose diversity is measured, and positions whose clicks are counted
CLICK, PURCHASE = "click", "purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page of an answer: its first hit's position in the answer, and its pieces in their order."""

    search_id: str
    first_position: int
    kind: str
    snapshot_id: str
    pieces: Sequence[str]
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What somebody did with a piece that a search led to; milliseconds after the search, where known."""

    piece_id: str
    kind: str
    after_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuality:
    """The searches of one kind that one snapshot answered; the fields are those of ``search_quality``."""

    kind: str
    snapshot_id: str
    searches: int
    zero_results: int
    clicked: int
    clicks: int
    purchased: int
    mrr: float
    diversity: float | None
    seconds_to_click: float | None
    latency_ms: float

    @property
    def click_through(self) -> float:
        """Share of searches with a click."""
        return self.clicked / self.searches

    @property
    def zero_result_rate(self) -> float:
        """Share of searches that showed nothing."""
        return self.zero_results / self.searches


@dataclass(slots=True)
class PositionClicks:
    """How often something was shown at a position, and clicked."""

    shown: int = 0
    clicked: int = 0


@dataclass(slots=True)
class _Tally:
    searches: int = 0
    zero_results: int = 0
    clicked: int = 0
    clicks: int = 0
    purchased: int = 0
    reciprocal_ranks: float = 0.0
    diversities: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


def measure_searches(
    pages: Iterable[Shown],
    reactions: Mapping[str, Sequence[Reaction]],
    looks: Mapping[str, tuple[str | None, str | None]],
    positions: dict[int, PositionClicks] | None = None,
) -> list[SearchQuality]:
    """Return the measures per kind and snapshot, ordered by both.

    Args:
        pages: Ordered by search and first position.
        reactions: Search -> what was done.
        looks: Piece -> brand and category; a piece that is not named is left out of diversity.
        positions: Where clicks by position are added to; the first ``TOP``.
    """
    tallies: dict[tuple[str, str], _Tally] = {}
    for search_id, some in groupby(pages, key=lambda page: page.search_id):
        whole = list(some)
        first = whole[0]
        if first.first_position != 0:
            continue
        tally = tallies.setdefault((first.kind, first.snapshot_id), _Tally())
        _add(tally, whole, reactions.get(search_id, ()), looks, {} if positions is None else positions)
    return [_summed(kind, snapshot, tally) for (kind, snapshot), tally in sorted(tallies.items())]


def diversity_of(pieces: Sequence[str], looks: Mapping[str, tuple[str | None, str | None]]) -> float | None:
    """Return the share of pairs among the first hits that differ in brand or category, in [0, 1].

    It is the mean dissimilarity of pairs (K. Bradley and B. Smyth, Improving Recommendation Diversity, AICS
    2001), with 0 for two pieces of one brand and category and 1 for others; None below two pieces.
    """
    known = [looks[piece] for piece in pieces[:TOP] if piece in looks]
    if len(known) < 2:
        return None
    pairs = list(combinations(known, 2))
    return sum(one != other for one, other in pairs) / len(pairs)


def together(some: Sequence[SearchQuality]) -> SearchQuality:
    """Return several days' measures as one; medians become their means, weighed by searches.

    Args:
        some: Of one kind and snapshot, at least one.
    """
    searches = sum(one.searches for one in some)

    def mean(values: Iterable[tuple[float | None, int]]) -> float | None:
        known = [(value, weight) for value, weight in values if value is not None and weight]
        whole = sum(weight for _, weight in known)
        return sum(value * weight for value, weight in known) / whole if whole else None

    return SearchQuality(
        kind=some[0].kind,
        snapshot_id=some[0].snapshot_id,
        searches=searches,
        zero_results=sum(one.zero_results for one in some),
        clicked=sum(one.clicked for one in some),
        clicks=sum(one.clicks for one in some),
        purchased=sum(one.purchased for one in some),
        mrr=mean((one.mrr, one.searches) for one in some) or 0.0,
        diversity=mean((one.diversity, one.searches) for one in some),
        seconds_to_click=mean((one.seconds_to_click, one.clicked) for one in some),
        latency_ms=mean((one.latency_ms, one.searches) for one in some) or 0.0,
    )


def drop_in_clicks(before: SearchQuality, after: SearchQuality) -> float:
    """Return the chance of so few clicks as ``after`` has, were it clicked as often as ``before``.

    One-sided test of two proportions with a pooled variance (the normal approximation); 1 where nothing, or
    everything, was clicked in both.
    """
    pooled = (before.clicked + after.clicked) / (before.searches + after.searches)
    spread = sqrt(pooled * (1 - pooled) * (1 / before.searches + 1 / after.searches))
    return 1.0 if spread == 0 else NormalDist().cdf((after.click_through - before.click_through) / spread)


def _add(
    tally: _Tally,
    pages: Sequence[Shown],
    reactions: Sequence[Reaction],
    looks: Mapping[str, tuple[str | None, str | None]],
    positions: dict[int, PositionClicks],
) -> None:
    place_of = dict(_places(pages))
    clicked = {one.piece_id for one in reactions if one.kind == CLICK and one.piece_id in place_of}
    tally.searches += 1
    tally.zero_results += not place_of
    tally.latencies.append(pages[0].latency_ms)
    tally.purchased += any(one.kind == PURCHASE and one.piece_id in place_of for one in reactions)
    if (diversity := diversity_of(pages[0].pieces, looks)) is not None:
        tally.diversities.append(diversity)
    for piece, place in place_of.items():
        if place < TOP:
            at = positions.setdefault(place, PositionClicks())
            at.shown += 1
            at.clicked += piece in clicked
    if clicked:
        tally.clicked += 1
        tally.clicks += len(clicked)
        tally.reciprocal_ranks += 1.0 / (1 + min(place_of[piece] for piece in clicked))
        after = [
            one.after_ms
            for one in reactions
            if one.kind == CLICK and one.piece_id in clicked and one.after_ms is not None
        ]
        if after:
            tally.seconds.append(min(after) / 1_000)


def _places(pages: Sequence[Shown]) -> Iterator[tuple[str, int]]:
    for page in reversed(pages):  # a piece that is shown twice stands where it was shown first
        for place in range(len(page.pieces) - 1, -1, -1):
            yield page.pieces[place], page.first_position + place


def _summed(kind: str, snapshot_id: str, tally: _Tally) -> SearchQuality:
    diversities = tally.diversities
    return SearchQuality(
        kind=kind,
        snapshot_id=snapshot_id,
        searches=tally.searches,
        zero_results=tally.zero_results,
        clicked=tally.clicked,
        clicks=tally.clicks,
        purchased=tally.purchased,
        mrr=round(tally.reciprocal_ranks / tally.searches, 6),
        diversity=round(sum(diversities) / len(diversities), 6) if diversities else None,
        seconds_to_click=round(median(tally.seconds), 3) if tally.seconds else None,
        latency_ms=round(median(tally.latencies), 3),
    )
