"""Clients' keys in SQL: who has one, for what, until when.  Secrets are never stored, only their digests."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Column, Engine, MetaData, Table
from sqlalchemy.types import Float, Integer, String

from index_builds.moments import moment_of, moment_text
from serving.errors import UnknownThingError
from serving.guards.keys import ApiKey, Scope, scopes_of
from storage.database import reading

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})

client_keys = Table(
    "client_keys",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("client", String(64), nullable=False),
    Column("scopes", String(200), nullable=False),  # separated by spaces
    Column("secret_digest", String(64), nullable=False),  # SHA-256
    Column("per_second", Float),  # null: serving.access.per_second
    Column("burst", Integer),  # null: serving.access.burst
    Column("created_at", String(20), nullable=False),  # UTC
    Column("expires_at", String(20)),  # UTC
    Column("revoked_at", String(20)),  # UTC
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A key as it is stored.

    ``per_second`` and ``burst`` are ``None`` where the settings' hold.
    """

    key_id: str
    client: str
    scopes: frozenset[Scope]
    secret_digest: str
    per_second: float | None
    burst: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def counts(self, now: datetime) -> bool:
        """Tell whether it is neither revoked nor past its end."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def add_key(
    engine: Engine,
    key: ApiKey,
    *,
    client: str,
    scopes: frozenset[Scope],
    created_at: datetime,
    per_second: float | None = None,
    burst: int | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Store a key's digest beside whose it is and what it may."""
    with engine.begin() as connection:
        connection.execute(
            client_keys.insert().values(
                key_id=key.key_id,
                client=client,
                scopes=" ".join(sorted(scopes)),
                secret_digest=key.secret_digest,
                per_second=per_second,
                burst=burst,
                created_at=moment_text(created_at),
                expires_at=None if expires_at is None else moment_text(expires_at),
            )
        )


def read_keys(engine: Engine) -> list[KeyRecord]:
    """Return every key, the revoked ones too, the oldest first."""
    chosen = client_keys.select().order_by(client_keys.c.created_at, client_keys.c.key_id)
    with reading(engine) as connection:
        return [_record(row) for row in connection.execute(chosen)]


def revoke_key(engine: Engine, key_id: str, *, revoked_at: datetime) -> None:
    """Revoke a key; one that is revoked stays as it is.

    Raises:
        UnknownThingError: If there is no such key.
    """
    one = client_keys.c.key_id == key_id
    with engine.begin() as connection:
        if connection.scalar(sa.select(sa.func.count()).where(one).select_from(client_keys)) == 0:
            message = f"there is no key {key_id!r}: `loupe keys list` names them"
            raise UnknownThingError(message)
        connection.execute(
            client_keys.update()
            .where(one, client_keys.c.revoked_at.is_(None))
            .values(revoked_at=moment_text(revoked_at))
        )


def _record(row: sa.Row[tuple[object, ...]]) -> KeyRecord:
    held = row._mapping

    def moment(name: str) -> datetime | None:
        return None if held[name] is None else moment_of(held[name])

    return KeyRecord(
        key_id=held["key_id"],
        client=held["client"],
        scopes=scopes_of(held["scopes"].split()),
        secret_digest=held["secret_digest"],
        per_second=held["per_second"],
        burst=held["burst"],
        created_at=moment_of(held["created_at"]),
        expires_at=moment("expires_at"),
        revoked_at=moment("revoked_at"),
    )
