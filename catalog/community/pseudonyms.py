"""Contributors as keyed pseudonyms: HMAC (RFC 2104) with SHA-256.

Without the key nobody can try names until one fits.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

_LENGTH = 32  # hexadecimal digits: 128 bits, beyond any accidental agreement


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Turns what a feed calls a contributor into a pseudonym; without a key it keeps none."""

    key: bytes | None = field(default=None, repr=False)

    def of(self, contributor: str) -> str | None:
        """Return the same pseudonym for the same contributor and key, None where there is no key."""
        if self.key is None:
            return None
        digest = hmac.new(self.key, contributor.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return f"p-{digest[:_LENGTH]}"


NO_PSEUDONYMS = Pseudonyms()
