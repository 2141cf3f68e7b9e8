"""One question of any kind, from what was asked to the document that answers it.

Words, pictures and pieces become terms: words in the visual channel, pictures and pieces in every channel
that is weighed.  What is not wanted weighs negatively.  One wanted visual term alone is asked directly,
several are fused.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from index_builds.channel_names import VISUAL
from index_builds.filters import SnapshotFilter
from index_builds.fusion import Term
from index_builds.tiers import Tier
from serving.answering import answer_terms
from serving.encoding import AskedPicture
from serving.errors import NothingKnownError, QueryError
from serving.events.noting import note_answer
from serving.events.unrecorded import is_recorded
from serving.facets import facet_counts
from serving.house import ServedHouse
from serving.likeness import keys_of, piece_vector, place_in
from serving.live_snapshot import ServedSnapshot
from serving.observing.metrics import Kind
from serving.queries import Page, Paging, Shape, Stopwatch, cursor_of, paging_of
from serving.recent import recent_page
from vision.channels.registry import channel_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for.

    Attributes:
        words: Texts; each is a term.
        pictures: Each is a term per channel.
        liked: Pieces like which the answer should be; they are not in it.
        disliked: Pieces like which it should not be; they are not in it either.
        not_words: Texts for what it should not show.
        words_weight: Of every text.
        pictures_weight: Of all pictures together.
        liked_weight: Of all liked pieces together.
        not_weight: Of everything that is not wanted, each.
        channels: Channel -> weight of pictures and pieces in it; the visual one alone by default.
    """

    words: tuple[str, ...] = ()
    pictures: tuple[AskedPicture, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    not_words: tuple[str, ...] = ()
    words_weight: float = 1.0
    pictures_weight: float = 1.0
    liked_weight: float = 1.0
    not_weight: float = 0.5
    channels: dict[str, float] = field(default_factory=lambda: {VISUAL: 1.0})

    @property
    def kind(self) -> Kind:
        """What it is counted as."""
        parts: dict[Kind, tuple[object, ...]] = {
            "text": self.words,
            "image": self.pictures,
            "similar": self.liked,
        }
        given = [name for name, some in parts.items() if some]
        if self.disliked or self.not_words or len(given) != 1 or len(self.liked) > 1:
            return "hybrid"
        return given[0]

    def key(self) -> bytes:
        """Return what tells it from other questions."""
        weights = (self.words_weight, self.pictures_weight, self.liked_weight, self.not_weight)
        pictures = [one.digest() for one in self.pictures]
        return orjson.dumps(
            [self.words, pictures, self.liked, self.disliked, self.not_words, weights, self.channels],
            option=orjson.OPT_SORT_KEYS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    page: Page
    unknown: tuple[str, ...]
    near: dict[str, tuple[str, ...]]


@dataclass(slots=True)
class _Terms:
    terms: list[Term] = field(default_factory=list)
    excluding: list[NDArray[np.int64]] = field(default_factory=list)
    without: set[int] = field(default_factory=set)
    unknown: dict[str, None] = field(default_factory=dict)
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)


async def ask(
    house: ServedHouse,
    asked: Asked,
    shape: Shape,
    *,
    collection: str | None,
    limit: int,
    cursor: str | None,
    snapshot_id: str | None = None,
) -> dict[str, Any]:
    """Return the document that answers a question.

    Args:
        house: Who answers.
        asked: What is looked for.
        shape: Filters, sort and ranking.
        collection: Which one; None for the default.
        limit: Hits.
        cursor: Of the page before.
        snapshot_id: Which snapshot must answer, where there is no cursor that says so.
    """
    watch = Stopwatch(house.metrics.of(asked.kind))
    question = asked.key() + shape.key()
    paging = paging_of(cursor, limit, question, most_results=house.settings.most_results)
    with house.chosen(collection).lease(paging.snapshot_id or snapshot_id) as served:
        key = (
            served.manifest.collection,
            served.snapshot_id,
            question,
            paging.offset,
            paging.limit,
            served.signals_version,
        )
        known = house.results.get(key)
        if known is None:
            try:
                answered = await house.asking.do(
                    key, lambda: _worked_out(house, served, asked, shape, paging, watch)
                )
            except NothingKnownError:
                note_answer(house, asked.kind, served, (), paging, shape, watch)  # it found nothing
                raise
            house.results.put(key, answered, len(answered.page.hits) + 1_024)
        else:
            answered = known
        return document_of(
            house,
            asked.kind,
            served,
            answered.page,
            paging,
            shape,
            question,
            watch,
            unknown=answered.unknown,
            near=answered.near,
            cached=known is not None,
        )


async def newest(
    house: ServedHouse, shape: Shape, *, collection: str | None, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return the document of the pieces that came in last, the newest first.

    Args:
        house: Who answers.
        shape: Filters.
        collection: Which one; None for the default.
        limit: Pieces.
        cursor: Of the page before.
    """
    watch, question = Stopwatch(house.metrics.of("recent")), b"recent:" + shape.key()
    paging = paging_of(cursor, limit, question, most_results=house.settings.most_results)
    with house.chosen(collection).lease(paging.snapshot_id) as served:
        with watch.stage("search"):
            page = await house.pool.do(recent_page, served, shape, paging, house.settings)
        return document_of(house, "recent", served, page, paging, shape, question, watch)


async def facets_of(
    house: ServedHouse,
    served: ServedSnapshot,
    where: SnapshotFilter | None,
    tiers: tuple[Tier, ...],
    most: int,
) -> dict[str, Any]:
    """Return ``facets.facet_counts`` of a snapshot, counted once for all who ask the same."""
    key = ("facets", served.manifest.collection, served.snapshot_id, where, tiers, most)
    counted: dict[str, Any] | None = house.results.get(key)
    if counted is None:
        counted = await house.pool.do(facet_counts, served, where, tiers, most=most)
        house.results.put(key, counted, 200 * sum(map(len, counted["facets"].values())) + 1_024)
    return counted


def document_of(
    house: ServedHouse,
    kind: Kind,
    served: ServedSnapshot,
    page: Page,
    paging: Paging,
    shape: Shape,
    question: bytes,
    watch: Stopwatch,
    *,
    unknown: tuple[str, ...] = (),
    near: dict[str, tuple[str, ...]] | None = None,
    cached: bool = False,
) -> dict[str, Any]:
    """Return the document of a page of hits, and note that it was given."""
    note_answer(house, kind, served, page.pieces, paging, shape, watch)
    after = page.next_offset
    return {
        "collection": served.manifest.collection,
        "snapshot_id": served.snapshot_id,
        "search_id": paging.search_id,
        "offset": paging.offset,
        "tiers": [tier for tier in shape.tiers if tier in served.snapshot.tiers],
        "hits": orjson.Fragment(page.hits),
        "next_cursor": None
        if after is None
        else cursor_of(served.snapshot_id, after, question, paging.search_id),
        "unknown_words": unknown,
        "near_words": near or {},
        "timings_ms": watch.all(),
        "cached": cached,
    }


async def _worked_out(
    house: ServedHouse,
    served: ServedSnapshot,
    asked: Asked,
    shape: Shape,
    paging: Paging,
    watch: Stopwatch,
) -> _Answered:
    with watch.stage("encode"):
        made = await _terms(house, served, asked)
    page = await house.pool.do(
        answer_terms,
        served,
        made.terms,
        shape,
        paging,
        house.settings,
        watch,
        excluding=np.unique(np.concatenate(made.excluding)) if made.excluding else None,
        without=frozenset(made.without),
        shadow=house.shadows[served.manifest.collection] if is_recorded() else None,
    )
    return _Answered(page=page, unknown=tuple(made.unknown), near=made.near)


async def _terms(house: ServedHouse, served: ServedSnapshot, asked: Asked) -> _Terms:
    channels = _channels(served, asked)
    encoding, encoder_id = house.encoding, served.encoder_id
    texts = [(text, asked.words_weight) for text in asked.words]
    texts += [(text, -asked.not_weight) for text in asked.not_words]
    others = tuple(name for name in channels if name != VISUAL)
    vectors = await asyncio.gather(
        *(encoding.text(encoder_id, text) for text, _ in texts),
        *(encoding.picture(encoder_id, one, others) for one in asked.pictures),
    )
    made = _Terms()
    for number, ((_, weight), found) in enumerate(zip(texts, vectors, strict=False)):
        name = ("words" if weight > 0 else "not") + (f" {number + 1}" if len(texts) > 1 else "")
        made.terms.append(Term(channel=VISUAL, vector=found.vectors[VISUAL], weight=weight, label=name))
        made.unknown |= dict.fromkeys(found.unknown)
        made.near |= found.near
    for number, found in enumerate(vectors[len(texts) :]):
        name = "picture" + (f" {number + 1}" if len(asked.pictures) > 1 else "")
        share = asked.pictures_weight / len(asked.pictures)
        for channel, weight in channels.items():
            if channel in found.vectors:
                label = name if channel == VISUAL else f"{name}: {channel}"
                made.terms.append(
                    Term(channel=channel, vector=found.vectors[channel], weight=weight * share, label=label)
                )
    await house.pool.do(_add_pieces, served, asked, channels, made)
    if not any(term.weight > 0 for term in made.terms):
        message = (
            "the question wants nothing: give words, a picture or a piece that the answer should be like"
        )
        raise QueryError(message)
    return made


def _add_pieces(served: ServedSnapshot, asked: Asked, channels: dict[str, float], made: _Terms) -> None:
    for pieces, weight, name in (
        (asked.liked, asked.liked_weight / max(len(asked.liked), 1), "like"),
        (asked.disliked, -asked.not_weight, "unlike"),
    ):
        for piece_id in pieces:
            place = place_in(served, piece_id)
            made.without.add(place)
            made.excluding.append(keys_of(served, place))
            for channel, share in channels.items():
                vector = piece_vector(served, place, channel)
                if vector is not None:
                    label = f"{name} {piece_id}" if channel == VISUAL else f"{name} {piece_id}: {channel}"
                    made.terms.append(
                        Term(channel=channel, vector=vector, weight=weight * share, label=label)
                    )


def _channels(served: ServedSnapshot, asked: Asked) -> dict[str, float]:
    """Return the channels that are weighed.

    Raises:
        QueryError: If the snapshot lacks one, or describes it in another way than this release does.
    """
    chosen = {name: weight for name, weight in asked.channels.items() if weight > 0}
    for name in chosen:
        if name not in served.snapshot.channels:
            message = f"the snapshot has no channel {name!r}: it has {', '.join(served.snapshot.channels)}"
            raise QueryError(message)
        if name != VISUAL and asked.pictures:
            held = served.manifest.content.channels[name].channel_id
            if held != channel_id(name, served.encoder_id):
                message = (
                    f"channel {name} of the snapshot was made by another release: build a snapshot with this "
                    "one, or leave the channel out"
                )
                raise QueryError(message)
    return chosen or {VISUAL: 1.0}
