"""Where the sources of one piece contradict each other, and whose word counts.  Pure.

Contradictions are recorded, never averaged.  On each of them one word counts: what a person decided, else
that of the source that is trusted most on the field (``source_trust``); among equals the word that more
sources give, then the earlier listing's.  A contest has an outcome, from which trust is learnt, when a person
decided it or when more than half of at least three sources say the same.

Prices differ by right.  They are compared all the same, among live offers in one currency, and one that is
out of line with the others is recorded: a wrong currency, a wrong unit, or another piece.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_low
from typing import Any

from catalog.decisions import NONE, Decision, Subject, newest_first
from catalog.forwarding import final
from catalog.joining import DECIDED, folded
from catalog.money import Money
from catalog.source_trust import PRIORS, Trust

COMPARED = ("category", "brand", "metal", "metal_colour", "fineness", "plating", "stones", "dimensions_mm")
PRICE = "price"
# A shop asks about twice what its maker does (keystone pricing), and sells off at half: beyond three times,
# somebody means something else.
PRICE_FACTOR = 3.0

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Who says what on one field of one piece, the listing whose word counts, and why."""

    said: Mapping[str, Any]  # listing_id -> value
    counts: str | None  # None: nobody's word does
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossReference:
    """A collection's contradictions by (piece_id, field), and the trust by (feed, field)."""

    disagreements: Mapping[tuple[str, str], Disagreement]
    trust: Mapping[tuple[str, str], Trust]

    def word(self, piece_id: str, field: str, members: Sequence[Row]) -> Any:
        """Return what a piece has for a field: the word that counts, else the first one stated.

        Args:
            piece_id: The piece.
            field: One of ``COMPARED``, or ``title``, on which the most trusted source has the word: titles
                always differ.
            members: Its listings, the earliest first.
        """
        disputed = self.disagreements.get((piece_id, field))
        if disputed is not None:
            return None if disputed.counts is None else disputed.said[disputed.counts]
        stated = [row for row in members if row[field]]
        if field == "title":
            stated.sort(key=lambda row: -self.trust[(row["feed"], field)].value)
        return stated[0][field] if stated else None


def cross_reference(
    pieces: Mapping[str, Sequence[Row]],
    kind_of_feed: Mapping[str, str],
    decided: Iterable[Decision] = (),
) -> CrossReference:
    """Compare what is said of every piece.

    Args:
        pieces: Piece id to its listings, the earliest first, as stored.
        kind_of_feed: Feed name to its kind; one that is not named counts as a retailer.
        decided: Decisions on contradictions that are in force, about pieces as they are now.
    """
    held: dict[Subject, Decision] = {}
    for decision in newest_first(decided):
        held.setdefault(decision.subject, decision)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    priced: dict[tuple[str, str], Disagreement] = {}
    feeds: set[str] = set()
    for piece_id, members in pieces.items():
        feeds.update(row["feed"] for row in members)
        found.update({(piece_id, field): said for field, said in _contradictions(members)})
        if (out_of_line := _prices_out_of_line(members)) is not None:
            priced[(piece_id, PRICE)] = out_of_line
    feed_of = {row["listing_id"]: row["feed"] for members in pieces.values() for row in members}
    trust = _trust(found, feeds, feed_of, kind_of_feed, held)
    rows = {key: _judged(key, said, trust, feed_of, held.get(key)) for key, said in found.items()}
    for key, row in priced.items():
        rows[key] = _decided(row.said, feed_of, held.get(key)) or row
    return CrossReference(disagreements=dict(sorted(rows.items())), trust=trust)


def followed(held: Iterable[Decision], forwarded: Mapping[str, str]) -> list[Decision]:
    """Return decisions on contradictions as said of the pieces that theirs were merged into."""
    return [replace(one, subject=(final(one.subject[0], forwarded), one.subject[1])) for one in held]


def settles(decision: Decision, said: Mapping[str, Any], feed_of: Mapping[str, str]) -> bool:
    """Return whether a decision still answers a contradiction.

    It does not when the listing that it calls right has left the piece, or says something else than it did;
    one that calls nobody right does not answer a word that nobody had given then.  Prices move all the time:
    there it is the listing that counts, not the figure.
    """
    then: Mapping[str, Any] = {} if decision.subject[1] == PRICE else decision.evidence.get("said", {})
    if decision.decision == NONE:
        return not then or all(any(not differ([now, was]) for was in then.values()) for now in said.values())
    right = right_listing(decision, said, feed_of)
    return right is not None and (right not in then or not differ([said[right], then[right]]))


def right_listing(decision: Decision, said: Mapping[str, Any], feed_of: Mapping[str, str]) -> str | None:
    """Return the listing that a decision calls right, by its own name or its feed's; None where none is."""
    if decision.decision in said:
        return decision.decision
    return next((one for one in said if feed_of[one] == decision.decision), None)


def differ(values: Sequence[Any]) -> bool:
    """Return whether values of one field contradict each other.

    A source that states more measures than another does not.
    """
    if isinstance(values[0], dict):
        named = {name for value in values for name in value}
        return any(len({value[name] for value in values if name in value}) > 1 for name in named)
    return len({_comparable(value) for value in values}) > 1


def _comparable(value: Any) -> Hashable:
    if isinstance(value, str):
        return folded(value)
    return tuple(sorted(value)) if isinstance(value, list) else value


def _contradictions(members: Sequence[Row]) -> Iterable[tuple[str, dict[str, Any]]]:
    for field in COMPARED if len(members) > 1 else ():
        said = {row["listing_id"]: row[field] for row in members if row[field]}
        if len(said) > 1 and differ(list(said.values())):
            yield field, said


def _trust(
    found: Mapping[tuple[str, str], Mapping[str, Any]],
    feeds: Iterable[str],
    feed_of: Mapping[str, str],
    kind_of_feed: Mapping[str, str],
    held: Mapping[Subject, Decision],
) -> dict[tuple[str, str], Trust]:
    won: dict[tuple[str, str], int] = defaultdict(int)
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for key, said in found.items():
        for feed, right in _outcome(said, feed_of, held.get(key)).items():
            (won if right else lost)[(feed, key[1])] += 1
    return {
        (feed, field): Trust(
            kind=kind_of_feed.get(feed, "retailer"),
            field=field,
            agreed=won[(feed, field)],
            disagreed=lost[(feed, field)],
        )
        for feed in sorted(feeds)
        for field in PRIORS["retailer"]
    }


def _outcome(
    said: Mapping[str, Any], feed_of: Mapping[str, str], decision: Decision | None
) -> dict[str, bool]:
    """Return which feeds were right on one contradiction; nothing where it has no outcome."""
    by_feed: dict[str, list[Any]] = defaultdict(list)
    for listing_id, value in said.items():
        by_feed[feed_of[listing_id]].append(value)
    if decision is not None and settles(decision, said, feed_of):
        right = right_listing(decision, said, feed_of)
        if right is None:
            return dict.fromkeys(by_feed, False)
        return _right_and_wrong(said[right], by_feed)
    for value in said.values() if len(by_feed) > 2 else ():
        voted = _right_and_wrong(value, by_feed)
        if 2 * sum(voted.values()) > len(by_feed):
            return voted
    return {}


def _right_and_wrong(value: Any, by_feed: Mapping[str, Sequence[Any]]) -> dict[str, bool]:
    """Return the feeds that speak of what ``value`` is about, and whether each of their words agrees."""
    return {
        feed: not any(differ([value, word]) for word in words)
        for feed, words in by_feed.items()
        if not isinstance(value, dict) or any(value.keys() & word.keys() for word in words)
    }


def _decided(
    said: Mapping[str, Any], feed_of: Mapping[str, str], decision: Decision | None
) -> Disagreement | None:
    if decision is None or not settles(decision, said, feed_of):
        return None
    right = right_listing(decision, said, feed_of)
    return Disagreement(said=said, counts=right, why=f"{DECIDED} by {decision.by}")


def _judged(
    key: tuple[str, str],
    said: Mapping[str, Any],
    trust: Mapping[tuple[str, str], Trust],
    feed_of: Mapping[str, str],
    decision: Decision | None,
) -> Disagreement:
    if (settled := _decided(said, feed_of, decision)) is not None:
        return settled
    field = key[1]

    def rank(listing_id: str) -> tuple[float, int]:
        feeds = {feed_of[other] for other, word in said.items() if not differ([said[listing_id], word])}
        return trust[(feed_of[listing_id], field)].value, len(feeds)

    counts = max(said, key=rank)  # the first of equals: listings come in the order of their age
    feeds = sorted({feed_of[one] for one in said}, key=lambda feed: (-trust[(feed, field)].value, feed))
    trusted = ", ".join(f"{feed} {trust[(feed, field)].text}" for feed in feeds)
    return Disagreement(said=said, counts=counts, why=f"trust in {field}: {trusted}")


def _prices_out_of_line(members: Sequence[Row]) -> Disagreement | None:
    """Return the live offers of each currency in which one is out of line with the median of the others."""
    by_currency: dict[str, dict[str, int]] = defaultdict(dict)
    for row in members:
        if row["withdrawn_at"] is None and row["price_minor"] and row["currency"]:
            by_currency[row["currency"]][row["listing_id"]] = row["price_minor"]
    said: dict[str, Any] = {}
    lines = []
    for currency, prices in sorted(by_currency.items()):
        strays = []
        for listing_id, price in prices.items():
            others = [other for one, other in prices.items() if one != listing_id]
            usual = median_low(others) if others else price
            if max(price, usual) > PRICE_FACTOR * min(price, usual):
                asked, by_others = (Money(minor=one, currency=currency) for one in (price, usual))
                strays.append(f"{listing_id} asks {asked}, others {by_others}")
        if strays:
            lines += strays
            said |= {one: {"price_minor": price, "currency": currency} for one, price in prices.items()}
    if not said:
        return None
    return Disagreement(
        said=said, counts=None, why=f"beyond a factor of {PRICE_FACTOR:g}: {'; '.join(lines)}"
    )
