"""What people decided: a log that only grows, and what of it is in force.

Four kinds of subjects can be decided:

``picture``        ``(image_id,)``: ``accept`` or ``reject``
``join``           two listing ids, sorted: ``same`` piece or ``different`` ones
``contradiction``  ``(piece_id, field)``: the listing or the feed that is right, or ``none``
``attribute``      ``(piece_id, attribute)``: the term that it has, or ``none``

The newest decision on a subject is in force, by its number in the log: clocks do not order decisions.  Taking
one back is an event of its own (``undone``), after which the subject is as undecided as before.  What a
decision then does to pictures, pieces, words and attributes is told by ``image_ledger``, ``pieces``,
``cross_reference`` and ``attributes``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.errors import CatalogError
from catalog.tables import decisions
from storage.database import reading

Kind = Literal["picture", "join", "contradiction", "attribute"]
KINDS: tuple[Kind, ...] = ("picture", "join", "contradiction", "attribute")
ACCEPT, REJECT, SAME, DIFFERENT, NONE, UNDONE = "accept", "reject", "same", "different", "none", "undone"
OPTIONS: Mapping[Kind, tuple[str, ...]] = {"picture": (ACCEPT, REJECT), "join": (SAME, DIFFERENT)}

Subject = tuple[str, ...]


class DecisionError(CatalogError):
    """A decision cannot be taken, found or taken back; the message says why and what can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One event of the log."""

    decision_id: int
    kind: Kind
    subject: Subject
    decision: str
    who: str
    why: str
    evidence: Mapping[str, Any]
    decided_at: datetime

    @property
    def by(self) -> str:
        """Who decided it, when and why, as people read it."""
        return f"{self.who} on {self.decided_at:%Y-%m-%d}: {self.why}"


def record(
    engine: Engine,
    collection: str,
    *,
    kind: Kind,
    subject: Sequence[str],
    decision: str,
    who: str,
    why: str,
    decided_at: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> Decision:
    """Add a decision to the log and return it.

    Args:
        engine: The catalogue.
        collection: Whose pictures and listings it is about.
        kind: What is decided.
        subject: What it is decided about; the order of a join's two listings does not matter.
        decision: One of the kind's, or ``undone``.
        who: Who decides, by a name that others know.
        why: The reason, for those who read it later.
        decided_at: When; shown, but it orders nothing.
        evidence: What was known of the subject, as JSON; calibration reads it.

    Raises:
        DecisionError: If the subject or the decision is not one of the kind's, or who or why is missing.
    """
    about = _checked(kind, subject, decision)
    for name, text in (("who", who), ("why", why)):
        if not text.strip():
            message = f"a decision needs to say {name}: give it a word or two"
            raise DecisionError(message)
    values: dict[str, Any] = {
        "kind": kind,
        "decision": decision,
        "who": who.strip()[:200],
        "why": why.strip(),
        "evidence": dict(evidence or {}),
        "decided_at": decided_at,
    }
    with engine.begin() as connection:
        decision_id = connection.execute(
            decisions.insert()
            .values(collection=collection, subject=list(about), **values)
            .returning(decisions.c.decision_id)
        ).scalar_one()
    return Decision(decision_id=decision_id, subject=about, **values)


def take_back(
    engine: Engine, collection: str, *, kind: Kind, subject: Subject, who: str, why: str, decided_at: datetime
) -> Decision:
    """Take back what is in force on a subject, by an event that says who and why.

    Raises:
        DecisionError: If nothing is in force on it.
    """
    with reading(engine) as connection:
        held = in_force(connection, collection, kind).get(subject)
    if held is None:
        message = f"nothing is decided on {kind} {' and '.join(subject)}: there is nothing to take back"
        raise DecisionError(message)
    return record(
        engine, collection, kind=kind, subject=subject, decision=UNDONE, who=who, why=why,
        decided_at=decided_at, evidence={"takes_back": held.decision_id},
    )  # fmt: skip


def in_force(connection: Connection, collection: str, kind: Kind | None = None) -> dict[Subject, Decision]:
    """Return the decision that holds on each subject of a kind, oldest first; what was undone is left out."""
    newest: dict[tuple[Kind, Subject], Decision] = {}
    for one in history(connection, collection, kind):
        newest[(one.kind, one.subject)] = one
    held = sorted(newest.values(), key=lambda one: one.decision_id)
    return {one.subject: one for one in held if one.decision != UNDONE}


def history(connection: Connection, collection: str, kind: Kind | None = None) -> list[Decision]:
    """Return every event of a collection's log, oldest first."""
    chosen = sa.select(decisions).where(decisions.c.collection == collection)
    if kind is not None:
        chosen = chosen.where(decisions.c.kind == kind)
    return [
        Decision(
            decision_id=row.decision_id,
            kind=row.kind,
            subject=tuple(row.subject),
            decision=row.decision,
            who=row.who,
            why=row.why,
            evidence=row.evidence,
            decided_at=row.decided_at,
        )
        for row in connection.execute(chosen.order_by(decisions.c.decision_id))
    ]


def _checked(kind: Kind, subject: Sequence[str], decision: str) -> Subject:
    if kind not in KINDS:
        message = f"{kind!r} cannot be decided: it is one of {', '.join(KINDS)}"
        raise DecisionError(message)
    about = tuple(sorted(subject)) if kind == "join" else tuple(subject)
    if len(about) != (1 if kind == "picture" else 2) or len(set(about)) < len(about) or not all(about):
        message = f"{kind} {list(subject)!r} cannot be decided: {_SUBJECTS[kind]}"
        raise DecisionError(message)
    known = OPTIONS.get(kind)
    if decision != UNDONE and known is not None and decision not in known:
        message = f"a {kind} is decided by {' or '.join(known)}, not by {decision!r}"
        raise DecisionError(message)
    if not decision:
        by = "the term that it has" if kind == "attribute" else "the listing or the feed that is right"
        message = f"a question of kind {kind} is decided by {by}, or by none"
        raise DecisionError(message)
    return about


_SUBJECTS: Mapping[Kind, str] = {
    "picture": "it is about one picture's id",
    "join": "it is about two different listing ids",
    "contradiction": "it is about a piece id and a field",
    "attribute": "it is about a piece id and an attribute",
}


def newest_first(held: Iterable[Decision]) -> list[Decision]:
    """Return decisions in the order in which they outrank each other."""
    return sorted(held, key=lambda one: one.decision_id, reverse=True)
