"""What becomes of a suggestion: what a feed states outranks it, and a person's decision outranks both.  Pure.

``decided``      a person said what it is, or that it is none of the terms
``contradicts``  feeds state something else than a picture suggests with confidence; what is stated holds
``stated``       feeds state it, and no picture confidently suggests otherwise
``suggested``    nobody states it, and a calibrated suggestion clears the floor: it may be filtered by
``review``       nobody states it, and the suggestion does not clear the floor, or a feed that states it of
                 others is silent, which says that there is none: for a person, never for filters
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from math import log
from typing import Literal

State = Literal["decided", "contradicts", "stated", "suggested", "review"]
STATES: tuple[State, ...] = ("decided", "stated", "suggested", "contradicts", "review")
NONE = "none"
"""A person's answer that a piece has none of the terms."""
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What pictures suggest of one attribute of one piece.

    Attributes:
        term: The likeliest term; None where the likeliest answer is that it has none.
        confidence: How likely the likeliest answer is.
        calibrated: Whether that can be relied on.
        likely: The likeliest answers with what they are worth, best first; an empty text is "none of these".
        entropy: Of all answers, in nats: how much an answer of a person would tell.
        answers: Every term that could have been suggested.
    """

    term: str | None
    confidence: float
    calibrated: bool
    likely: tuple[tuple[str, float], ...]
    entropy: float
    answers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRow:
    """One attribute of one piece, as it is stored."""

    piece_id: str
    attribute: str
    state: State
    stated: Mapping[str, Sequence[str]] = field(default_factory=dict)  # term -> listings
    decided: str | None = None
    suggested: str | None = None
    confidence: float | None = None
    calibrated: bool = False
    asked: bool = False  # whether it is among the questions for people
    likely: Sequence[tuple[str, float]] = ()
    entropy: float = 0.0  # orders questions; not stored

    @property
    def values(self) -> tuple[str, ...]:
        """Return the terms that hold, and may be filtered by."""
        if self.state == "decided":
            return () if self.decided in (None, NONE) else (str(self.decided),)
        if self.state == "suggested":
            return (str(self.suggested),)
        return tuple(self.stated)


def suggestion(
    answers: Sequence[str], probabilities: Sequence[float], calibrated_terms: frozenset[str]
) -> Suggestion:
    """Return what probabilities suggest.

    Args:
        answers: What they are of; an empty text is "none of these".
        probabilities: One for each answer.
        calibrated_terms: Terms whose confidence can be relied on.
    """
    order = sorted(range(len(answers)), key=lambda place: (-probabilities[place], place))
    best = answers[order[0]]
    return Suggestion(
        term=best or None,
        confidence=round(probabilities[order[0]], 4),
        calibrated=best in calibrated_terms,
        likely=tuple((answers[place], round(probabilities[place], 4)) for place in order[:_SHOWN]),
        entropy=-sum(share * log(share) for share in probabilities if share > 0),
        answers=frozenset(answer for answer in answers if answer),
    )


def judged(
    piece_id: str,
    attribute: str,
    *,
    stated: Mapping[str, Sequence[str]],
    seen: Suggestion | None,
    decided: str | None,
    silent: bool,
    floor: float,
) -> AttributeRow | None:
    """Return the row of one attribute of one piece; None where nobody and nothing says anything of it.

    Args:
        piece_id: The piece.
        attribute: The attribute.
        stated: Term to the listings that state it.
        seen: What pictures suggest; None where they were not asked.
        decided: What a person decided.
        silent: Whether a feed says by its silence that the piece has none of the terms.  Known pieces of that
            kind are part of what confidences are measured on; among them alone, suggestions are mostly wrong.
        floor: Least confidence of a suggestion that may be filtered by.
    """
    row = AttributeRow(piece_id=piece_id, attribute=attribute, state="review", stated=stated, decided=decided)
    if seen is not None and seen.term is not None:
        row = replace(
            row,
            suggested=seen.term,
            confidence=seen.confidence,
            calibrated=seen.calibrated,
            likely=seen.likely,
            entropy=seen.entropy,
        )
    sure = seen is not None and row.suggested is not None and seen.calibrated and seen.confidence >= floor
    if decided is not None:
        return replace(row, state="decided")
    if stated:
        # A word that the encoder does not know could not have been suggested: that is no contradiction.
        could = seen is not None and not seen.answers.isdisjoint(stated)
        against = sure and could and row.suggested not in stated
        return replace(row, state="contradicts" if against else "stated")
    if row.suggested is None:
        return None
    return replace(row, state="suggested" if sure and not silent else "review")


def with_questions(rows: Iterable[AttributeRow], limit: int) -> list[AttributeRow]:
    """Mark the rows that people are asked about: contradictions first, then what they can tell most about.

    The most confident contradictions come first.  Of what is in review, those of the highest entropy do: what
    a model is most uncertain of teaches most (uncertainty sampling; Lewis and Gale, SIGIR 1994).  Attributes
    take turns, since the entropies of questions with few and with many answers do not compare.

    Args:
        rows: Of one collection.
        limit: How many questions at most.
    """
    kept = list(rows)
    against = sorted(
        (row for row in kept if row.state == "contradicts"),
        key=lambda row: (-(row.confidence or 0.0), row.piece_id, row.attribute),
    )
    in_review: dict[str, list[AttributeRow]] = {}
    for row in kept:
        if row.state == "review":
            in_review.setdefault(row.attribute, []).append(row)
    by_attribute = (
        sorted(some, key=lambda row: (-row.entropy, row.piece_id))[:limit] for some in in_review.values()
    )
    in_turn = (row for turn in zip_longest(*by_attribute) for row in turn if row is not None)
    asked = {(row.piece_id, row.attribute) for row in islice(chain(against, in_turn), limit)}
    return [replace(row, asked=(row.piece_id, row.attribute) in asked) for row in kept]
