"""A client's key: how it is written, and what of it is kept.  Values only.

``loupe_<id>_<secret>``: the id finds the record, the secret proves that it is theirs.  A secret has 256
random bits, so one SHA-256 of it is enough: there is nothing to guess that slower hashing would protect.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

from serving.errors import QueryError

Scope = Literal["search", "events", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
EVERYTHING: frozenset[Scope] = frozenset(SCOPES)

_WRITTEN = re.compile(r"loupe_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_NOBODY = sha256(b"").hexdigest()  # compared with where there is no such key, so that it takes as long


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key in full; it exists where it is made and where it is presented, and is stored nowhere."""

    key_id: str
    secret: str = field(repr=False)

    @classmethod
    def create(cls) -> "ApiKey":
        """Make a new one."""
        name = "".join(secrets.choice(_LETTERS) for _ in range(12))
        return cls(key_id=name, secret=secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "ApiKey | None":
        """Read a key as a client sends it; None for anything else."""
        found = _WRITTEN.fullmatch(text)
        return None if found is None else cls(key_id=found[1], secret=found[2])

    @property
    def text(self) -> str:
        """As it is handed to the client."""
        return f"loupe_{self.key_id}_{self.secret}"

    @property
    def secret_digest(self) -> str:
        """What is stored of it."""
        return sha256(self.secret.encode()).hexdigest()

    def proves(self, secret_digest: str | None) -> bool:
        """Tell whether the stored digest is its secret's, in the same time for every answer."""
        same = hmac.compare_digest(self.secret_digest, secret_digest or _NOBODY)
        return same and secret_digest is not None


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """Return scopes by name.

    Raises:
        QueryError: If one is none.
    """
    known = {str(name): name for name in SCOPES}
    found = set()
    for name in names:
        if name not in known:
            message = f"there is no scope {name!r}: there are {', '.join(SCOPES)}"
            raise QueryError(message)
        found.add(known[name])
    return frozenset(found)
