"""Who did something, as a keyed pseudonym: with the key of the settings, or with a key of the day.

A day's key is drawn by the first process that needs it, shared through the database, and forgotten with
``forget_salts``: from then on nobody can say whose an event was, nor that two days' events are one person's.
"""

import secrets
from datetime import date, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite

from catalog.community.pseudonyms import Pseudonyms
from catalog.tables import event_salts
from storage.database import reading

Who = Literal["client", "session"]
_DAYS_OF_A_SALT = 2  # its own and the next: an erasure asked for at once still finds what it is about


class EventPseudonyms:
    """Turn clients and sessions into pseudonyms.  Safe to share between threads.

    Args:
        engine: Where days' keys are.
        key: Of the settings; None for a key of the day.
    """

    def __init__(self, engine: Engine, key: bytes | None) -> None:
        self._engine, self._key = engine, key
        self._salts: dict[date, bytes] = {}

    def of(self, who: Who, identifier: str, day: date) -> str:
        """Return the pseudonym of whoever did something on a day (UTC), 34 characters.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the day's key is needed, and the database does not answer.
        """
        return _pseudonym(self._key or self._salt(day), who, identifier)

    def all_of(self, who: Who, identifier: str) -> set[str]:
        """Return every pseudonym of somebody that can still be told: with each key that is held."""
        with reading(self._engine) as connection:
            salts = [bytes.fromhex(salt) for salt in connection.scalars(sa.select(event_salts.c.salt))]
        keys = salts + ([] if self._key is None else [self._key])
        return {_pseudonym(key, who, identifier) for key in keys}

    def prepare(self, day: date) -> None:
        """Have the next day's key ready where days have one and somebody was named: at midnight nobody waits.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database does not answer.
        """
        if self._salts:
            self._salt(day)
            self._salt(day + timedelta(days=1))

    def _salt(self, day: date) -> bytes:
        known = self._salts.get(day)
        if known is None:
            known = self._shared(day.isoformat())
            near = {one: salt for one, salt in self._salts.items() if abs((one - day).days) <= 1}
            self._salts = near | {day: known}
        return known

    def _shared(self, day: str) -> bytes:
        with reading(self._engine) as connection:  # waits for no writer
            there = connection.scalar(sa.select(event_salts.c.salt).where(event_salts.c.day == day))
        if there is not None:
            return bytes.fromhex(there)
        with self._engine.begin() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            drawn = dialect.insert(event_salts).values(day=day, salt=secrets.token_hex(32))
            connection.execute(drawn.on_conflict_do_nothing())
            held: str = connection.execute(
                sa.select(event_salts.c.salt).where(event_salts.c.day == day)
            ).scalar_one()
        return bytes.fromhex(held)


def forget_salts(engine: Engine, today: date) -> int:
    """Forget the keys of days that are over; return of how many."""
    oldest = today - timedelta(days=_DAYS_OF_A_SALT - 1)
    with engine.begin() as connection:
        return connection.execute(event_salts.delete().where(event_salts.c.day < oldest.isoformat())).rowcount


def _pseudonym(key: bytes, who: str, identifier: str) -> str:
    made = Pseudonyms(key).of(f"{who}:{identifier}")
    assert made is not None, "a key was given"  # noqa: S101 - for the type checker
    return made
