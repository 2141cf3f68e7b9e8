"""The queue: what waits for a person, most valuable first, and how a person answers.

A kind of question is a module with two functions: ``waiting`` lists what is open, ``item`` asks about one
subject.  Another kind is another line in ``SOURCES``.  Nothing here acts on an answer: pictures and pieces
do, when they are built next.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from catalog import decisions
from catalog.decisions import Decision, DecisionError, Kind, Subject
from catalog.review import attributes, contradictions, joins, pictures
from catalog.review.items import ReviewItem, item_id, most_valuable_first, stated
from storage.database import reading

_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where questions of one kind come from."""

    waiting: Callable[[Connection, str], list[ReviewItem]]
    item: Callable[[Connection, str, Subject], ReviewItem]


SOURCES: Mapping[Kind, Source] = {
    "picture": Source(waiting=pictures.waiting, item=pictures.item),
    "join": Source(waiting=joins.waiting, item=joins.item),
    "contradiction": Source(waiting=contradictions.waiting, item=contradictions.item),
    "attribute": Source(waiting=attributes.waiting, item=attributes.item),
}


def waiting(engine: Engine, collection: str, kinds: Collection[Kind] = ()) -> list[ReviewItem]:
    """Return what waits for a person in a collection, most valuable first.

    Args:
        engine: The catalogue.
        collection: Whose questions.
        kinds: Only these; all by default.

    Raises:
        DecisionError: If a kind is not known.
    """
    with reading(engine) as connection:
        return _waiting(connection, collection, kinds)


def find(engine: Engine, collection: str, given: str) -> ReviewItem:
    """Return the question that somebody means.

    Args:
        engine: The catalogue.
        collection: Whose question.
        given: The id of a row that waits or was decided, or the beginning of one; or the subject itself: a
            picture's whole id, or two listings as ``maison:17=studio:4``.

    Raises:
        DecisionError: If nothing fits, or more than one does.
    """
    with reading(engine) as connection:
        kind, subject = _meant(connection, collection, given)
        return SOURCES[kind].item(connection, collection, subject)


def decide(
    engine: Engine, collection: str, given: str, decision: str, *, who: str, why: str, decided_at: datetime
) -> tuple[ReviewItem, Decision]:
    """Answer a question, with its evidence as it is now; return both.

    Args:
        engine: The catalogue.
        collection: Whose question.
        given: As for ``find``.
        decision: One of the question's options.
        who: Who decides.
        why: The reason.
        decided_at: When.

    Raises:
        DecisionError: If the question is not found or does not take the answer.
    """
    item = find(engine, collection, given)
    if decision not in item.options:
        because = f": {item.note}" if item.note else ""
        message = f"{item.item_id} takes {' or '.join(item.options)}, not {decision!r}{because}"
        raise DecisionError(message)
    decided = decisions.record(
        engine,
        collection,
        kind=item.kind,
        subject=item.subject,
        decision=decision,
        who=who,
        why=why,
        decided_at=decided_at,
        evidence=item.evidence,
    )
    return item, decided


def undo(
    engine: Engine, collection: str, given: str, *, who: str, why: str, decided_at: datetime
) -> Decision:
    """Take back what is decided on a question; return the event that does.

    Raises:
        DecisionError: If nothing is decided on it, or it is not found.
    """
    with reading(engine) as connection:
        kind, subject = _meant(connection, collection, given)
    return decisions.take_back(
        engine, collection, kind=kind, subject=subject, who=who, why=why, decided_at=decided_at
    )


def _waiting(connection: Connection, collection: str, kinds: Collection[Kind]) -> list[ReviewItem]:
    for kind in kinds:
        if kind not in SOURCES:
            message = f"{kind!r} is no kind of question: it is one of {', '.join(SOURCES)}"
            raise DecisionError(message)
    return most_valuable_first(
        item
        for kind, source in SOURCES.items()
        if not kinds or kind in kinds
        for item in source.waiting(connection, collection)
    )


def _meant(connection: Connection, collection: str, given: str) -> tuple[Kind, Subject]:
    if _IMAGE_ID.fullmatch(given):
        return "picture", (given,)
    if "=" in given:
        return "join", _two_listings(connection, collection, given)
    questions = [(one.kind, one.subject) for one in _waiting(connection, collection, ())]
    questions += [(one.kind, one.subject) for one in decisions.history(connection, collection)]
    known = {(kind, subject): item_id(kind, subject) for kind, subject in questions}
    wanted = given.casefold()
    fitting = [
        key
        for key, name in known.items()
        if name.startswith(wanted) or name.partition("-")[2].startswith(wanted)
    ]
    if not wanted or not fitting:
        message = (
            f"no question {given!r} in {collection}: `loupe review list` shows what waits, "
            "`loupe review history` what was decided"
        )
        raise DecisionError(message)
    if len(fitting) > 1:
        names = ", ".join(sorted(known[key] for key in fitting)[:5])
        message = f"{given!r} fits {len(fitting)} questions of {collection} ({names}): give more of the id"
        raise DecisionError(message)
    return fitting[0]


def _two_listings(connection: Connection, collection: str, given: str) -> Subject:
    """Split ``one=other`` where both are listings; a source's own id may hold the sign, too."""
    parts = given.split("=")
    splits = [("=".join(parts[:at]), "=".join(parts[at:])) for at in range(1, len(parts))]
    there = set(stated(connection, collection, {name for split in splits for name in split}))
    pairs = [tuple(sorted(split)) for split in splits if there.issuperset(split)]
    if len(pairs) != 1:
        message = (
            f"{given!r} does not name two listings of {collection}: write feed and id of both, "
            "as `maison:17=studio:4`"
        )
        raise DecisionError(message)
    return pairs[0]
