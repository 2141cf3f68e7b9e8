"""A question as it is asked of one snapshot, and the page of pieces that answers it."""

import base64
import binascii
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from index_builds.filters import SnapshotFilter
from index_builds.tiers import SERVED, TIERS, Tier
from serving.errors import QueryError
from serving.events.search_ids import PATTERN, new_search_id

if TYPE_CHECKING:
    from serving.observing.metrics import SearchFigures

Sort = Literal["relevance", "price_asc", "price_desc", "newest"]


class Stopwatch:
    """Milliseconds by stage of one answer, which one thread at a time works on.

    Args:
        figures: What is counted of answers like this one.
    """

    def __init__(self, figures: "SearchFigures | None" = None) -> None:
        self.figures = figures
        self.stages: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; one that is met again adds up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.stages[name] = round(self.stages.get(name, 0.0) + spent * 1_000, 3)
            if self.figures is not None:
                self.figures.stage(name, spent)

    def all(self) -> dict[str, float]:
        """Return every stage, and the total so far."""
        return {**self.stages, "total": round((time.perf_counter() - self._start) * 1_000, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which part of an answer is wanted, of which snapshot, and of which search it is a page."""

    limit: int
    search_id: str
    offset: int = 0
    snapshot_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some hits of an answer as JSON, their pieces, and where it goes on; ``None`` where it ends."""

    hits: bytes
    pieces: tuple[str, ...]
    next_offset: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How an answer is filtered, sorted and shown, whatever was asked.

    ``currency`` is what prices are sorted in; ``weights`` override the settings' by name.
    """

    where: SnapshotFilter | None = None
    tiers: tuple[Tier, ...] = SERVED
    sort: Sort = "relevance"
    currency: str | None = None
    explain: bool = False
    weights: tuple[tuple[str, float], ...] = field(default=())

    def key(self) -> bytes:
        """Return what tells it from other shapes."""
        asked = None if self.where is None else self.where.model_dump(exclude_none=True)
        return orjson.dumps(
            [asked, self.tiers, self.sort, self.currency, self.explain, self.weights],
            option=orjson.OPT_SORT_KEYS,
        )


def tiers_asked(*, cold: bool) -> tuple[Tier, ...]:
    """Return the tiers to ask: the cold one only when it is wanted."""
    return TIERS if cold else SERVED


class _Cursor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    snapshot: str
    offset: int
    question: str
    search: str = Field(pattern=PATTERN)


def cursor_of(snapshot_id: str, offset: int, question: bytes, search_id: str) -> str:
    """Return an opaque cursor: where a search goes on, on which snapshot, with which question."""
    document = {
        "snapshot": snapshot_id,
        "offset": offset,
        "question": question_digest(question),
        "search": search_id,
    }
    return base64.urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")


def question_digest(question: bytes) -> str:
    """Return what a cursor knows its question by."""
    return sha256(question).hexdigest()[:16]


def paging_of(cursor: str | None, limit: int, question: bytes, *, most_results: int) -> Paging:
    """Return which part of an answer a request asks for.

    Raises:
        QueryError: If the cursor is none, or of another question, or goes too deep.
    """
    if cursor is None:
        return Paging(limit=limit, search_id=new_search_id())
    try:
        held = _Cursor.model_validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        message = "the cursor cannot be read: pass next_cursor of an answer as it came, or none"
        raise QueryError(message) from error
    if held.question != question_digest(question):
        message = "the cursor is of another question: repeat the question that it came with, or pass none"
        raise QueryError(message)
    if not 0 <= held.offset < most_results:
        message = f"the cursor goes beyond the first {most_results} pieces: ask a narrower question"
        raise QueryError(message)
    return Paging(
        limit=min(limit, most_results - held.offset),
        search_id=held.search,
        offset=held.offset,
        snapshot_id=held.snapshot,
    )
