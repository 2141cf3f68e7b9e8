"""What customers send in: phone pictures of pieces they say they own, with their consent or without.

A contribution names the product it claims to show, by the page it was sent from; some are wrong.  Consent is
``granted``, missing (None), or ``withdrawn`` on a later day.  Contributors are pseudonyms: nothing leads from
one to a person, and the feed holds neither names nor places.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sample_feeds.assortments import Picture, Sold, delivery_days
from sample_feeds.english import CATEGORIES
from sample_feeds.market import Market

PER_PIECE = 0.2  # contributions
CONSENT_MISSING = 0.08
CONSENT_WITHDRAWN = 0.06
WRONG_CLAIMS = 0.05
SCANNED = 0.6  # of the contributions state the GTIN of the product they claim to show, where its page does
SECOND_PICTURE = 0.3
VIEWS = {"phone": 0.45, "hand": 0.2, "worn": 0.25, "card": 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Pictures that somebody sent in on day ``sent``.

    ``claims`` is the listing they are said to show, ``shows`` the key of the piece they do show;
    ``withdrawn`` is the day from which consent is no longer given, None where it was never withdrawn.
    """

    source_id: str
    contributor: str
    claims: Sold
    shows: str
    scanned: bool
    consented: bool
    sent: int
    withdrawn: int | None
    text: str
    pictures: tuple[Picture, ...]

    def consent(self, day: int) -> str | None:
        """Return the state of consent on a day."""
        if not self.consented:
            return None
        return "withdrawn" if self.withdrawn is not None and day >= self.withdrawn else "granted"


def contributions(sold: Sequence[Sold], market: Market) -> tuple[Contribution, ...]:
    """Draw what customers send in: more of what is wanted more, and at least one of each state of consent."""
    rng = random.Random(f"loupe-community-{market.seed}")  # noqa: S311 - reproducible, not a secret
    shown = [one for one in sold if one.feed != "atelier" and one.misfiled is None]
    pieces = {one.piece.key: one.piece for one in shown}
    weights = [market.popularity(one.piece) for one in shown]
    count = max(4, round(PER_PIECE * len(pieces)))
    last_delivery = delivery_days("community", market.days)[-1]
    drawn: list[Contribution] = []
    for number in range(count):
        claims = rng.choices(shown, weights)[0]
        wrong = rng.random() < WRONG_CLAIMS or number == 2
        others = [key for key in pieces if key != claims.piece.key]
        shows = rng.choice(others) if wrong else claims.piece.key
        sent = rng.randrange(min(claims.first, last_delivery), last_delivery + 1) if number > 3 else 0
        fate = rng.random()
        consented = fate >= CONSENT_MISSING and number != 1
        regrets = number == 0 or (fate > 1 - CONSENT_WITHDRAWN and number != 3)
        drawn.append(
            Contribution(
                source_id=f"U{market.seed % 100:02d}{number + 1:06d}",
                contributor=_pseudonym(market.seed, rng.randrange(max(2, count // 2))),
                claims=claims,
                shows=shows,
                scanned=claims.gtin and not claims.broken_gtin and rng.random() < SCANNED,
                consented=consented,
                sent=sent,
                withdrawn=rng.randint(sent + 1, last_delivery)
                if regrets and consented and sent < last_delivery
                else None,
                text=rng.choice(_TEXTS).format(
                    name=claims.piece.name, noun=CATEGORIES[claims.piece.category][0].lower()
                ),
                pictures=_pictures(rng, f"U{market.seed % 100:02d}{number + 1:06d}"),
            )
        )
    return tuple(drawn)


def community_ndjson(sent: Sequence[Contribution], *, since: int, day: int, market: Market) -> bytes:
    """Return a delivery: what is new or changed after day ``since`` up to ``day``, one record a line.

    Each picture carries its state of consent beside its path, so that a reader takes those that are granted
    and no others.
    """
    lines = []
    for one in sent:
        changed = [when for when in (one.sent, one.withdrawn) if when is not None and since < when <= day]
        if changed:
            lines.append(json.dumps(_record(one, day, market), ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode() if lines else b""


def _record(one: Contribution, day: int, market: Market) -> dict[str, Any]:
    consent, claims = one.consent(day), one.claims
    return {
        "id": one.source_id,
        "contributor": one.contributor,
        "text": one.text,
        "sent": market.day(one.sent).isoformat(),
        "consent": consent,
        "consent_withdrawn": market.day(one.withdrawn).isoformat()
        if one.withdrawn is not None and consent == "withdrawn"
        else None,
        "product": {
            "shop": claims.feed,
            "id": claims.source_id,
            "gtin": claims.piece.gtin if one.scanned else None,
            "category": CATEGORIES[claims.piece.category][0],
        },
        "pictures": [{"file": picture.file, "consent": consent} for picture in one.pictures],
    }


def _pictures(rng: random.Random, source_id: str) -> tuple[Picture, ...]:
    count = 2 if rng.random() < SECOND_PICTURE else 1
    views = rng.choices(list(VIEWS), list(VIEWS.values()), k=count)
    return tuple(
        Picture(file=f"{source_id}_{number}.jpg", view=view) for number, view in enumerate(views, start=1)
    )


def _pseudonym(seed: int, number: int) -> str:
    return f"c-{hashlib.sha256(f'{seed}-contributor-{number}'.encode()).hexdigest()[:10]}"


_TEXTS = (
    "My {name} {noun}",
    "{name} {noun}, worn every day",
    "finally mine: {noun} {name}",
    "{noun} {name} in daylight",
    "Birthday present! The {name} {noun}",
    "{name}, {noun}, a bit darker than in the shop",
)
