"""The log of decisions with what has become of each."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.decided_joins import settle
from catalog.decisions import ACCEPT, UNDONE, Decision, history
from catalog.review import attributes, contradictions, pictures
from catalog.review.items import item_id
from catalog.tables import listings
from storage.database import reading

IN_FORCE = "in force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A decision and its state.

    ``in force``; ``replaced`` or ``taken back`` by a later one; ``overruled`` by newer ones that it
    contradicts; ``dormant`` as long as what it is about is not there; ``without effect`` where it cannot
    have one.
    """

    item_id: str
    decision: Decision
    state: str
    because: str = ""


def standings(engine: Engine, collection: str) -> list[Standing]:
    """Return every event of a collection's log, newest first, with its state."""
    with reading(engine) as connection:
        log = history(connection, collection)
        asleep = _asleep(connection, collection, log)
    later: dict[tuple[str, tuple[str, ...]], Decision] = {}
    found = []
    for one in reversed(log):
        key = (one.kind, one.subject)
        after = later.get(key)
        if one.decision == UNDONE:
            state, because = UNDONE, f"takes back #{one.evidence.get('takes_back')}"
        elif after is not None:
            state = "taken back" if after.decision == UNDONE else "replaced"
            because = f"by #{after.decision_id}"
        else:
            state, because = asleep.get(one.decision_id, (IN_FORCE, ""))
        found.append(
            Standing(item_id=item_id(one.kind, one.subject), decision=one, state=state, because=because)
        )
        later[key] = one
    return found


def _asleep(connection: Connection, collection: str, log: list[Decision]) -> dict[int, tuple[str, str]]:
    """Return the decisions in force that have no effect now, by number, with their state and why."""
    newest = {(one.kind, one.subject): one for one in log}.values()
    held = [one for one in newest if one.decision != UNDONE]
    there = set(
        connection.execute(
            sa.select(listings.c.listing_id).where(listings.c.collection == collection)
        ).scalars()
    )
    found: dict[int, tuple[str, str]] = {}
    joins = settle((one for one in held if one.kind == "join"), there)
    for one in joins.dormant:
        gone = " and ".join(name for name in one.subject if name not in there)
        found[one.decision_id] = "dormant", f"{gone} is not among the listings"
    for overruled in joins.overruled:
        numbers = ", ".join(f"#{number}" for number in overruled.by)
        found[overruled.decision.decision_id] = "overruled", f"cannot hold beside {numbers}"
    for source in (contradictions, attributes):
        for number, because in source.asleep(connection, collection).items():
            found[number] = "dormant", because
    shown = pictures.shown_somewhere(connection, collection)
    for one in held:
        if one.kind == "picture" and one.subject[0] not in shown:
            found[one.decision_id] = "dormant", "no listing shows it"
        elif one.kind == "picture" and one.decision == ACCEPT and shown[one.subject[0]] is not None:
            found[one.decision_id] = "without effect", f"its bytes show no picture ({shown[one.subject[0]]})"
    return found
