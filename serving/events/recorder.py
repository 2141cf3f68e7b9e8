"""Events and searches wait here and are written together, by a thread of their own.

What waits is bounded: events beyond it are refused, searches are left out.  While the database does not
answer everything is kept and tried again; a process that is killed loses what waits, ``flush_seconds`` of it
while the database answers, and one that is asked to end writes it first.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event as Signal
from threading import Lock, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from catalog.demand import FOUND
from catalog.events.pseudonyms import EventPseudonyms
from catalog.events.settings import EventSettings
from catalog.events.writing import CountKey, Event, ShownPage, add_counts, write_events, write_pages
from serving.errors import OverloadedError
from serving.events.search_ids import is_drawn

logger = logging.getLogger(__name__)
_TRANSIENT = (OperationalError, InterfaceError, PoolTimeoutError)
_AT_ONCE = 5_000  # in one transaction
_LONGEST_PAUSE_SECONDS = 30.0
_LAST_SECONDS = 10.0  # that a process which ends tries for
_MOST_FOUND = 200_000  # pieces that are counted between two writes
# In one transaction: a hundred thousand together held the interpreter for half a second.
_COUNTS_AT_ONCE = 500
_BETWEEN_COUNTS_SECONDS = 0.1


class EventRecorder:
    """Take what is to be recorded, and write it in batches.  Safe to share between threads.

    Args:
        engine: Where to.
        settings: Bounds, shares and periods.
        clock: The present moment, aware.
        pseudonyms: Have their keys made ready here, where nobody waits.
    """

    def __init__(
        self,
        engine: Engine,
        settings: EventSettings,
        clock: Callable[[], datetime],
        pseudonyms: EventPseudonyms,
    ) -> None:
        self._engine, self._settings, self._clock = engine, settings, clock
        self._pseudonyms = pseudonyms
        self._lock, self._writing = Lock(), Lock()
        self._events: deque[Event] = deque()
        self._pages: deque[ShownPage] = deque()
        self._found: dict[tuple[str, str], Counter[str]] = {}
        self._leaving: dict[tuple[str, str], Counter[str]] = {}  # counts that are being written
        self._found_again_at = 0.0
        self._budget: tuple[int, int] = (0, 0)  # the minute, and searches recorded in it
        self._figures = Counter[str]()
        self._failures = 0
        self._stopping = Signal()
        self._thread: Thread | None = None

    def take(self, given: Sequence[Event]) -> None:
        """Take events to be written: all of them, or none.

        Raises:
            OverloadedError: If they have no room.
        """
        with self._lock:
            if len(self._events) + len(given) > self._settings.waiting:
                self._figures["refused"] += len(given)
                message = f"{len(self._events)} events wait to be written: send these again in a second"
                raise OverloadedError(message)
            self._events.extend(given)

    def view(self, collection: str, piece_id: str) -> None:
        """Take a view that the server saw itself; it is left out where there is no room."""
        if not self._settings.recorded:
            return
        event = Event(collection=collection, piece_id=piece_id, kind="view", occurred_at=self._clock())
        with self._lock:
            if len(self._events) < self._settings.waiting:
                self._events.append(event)
            else:
                self._figures["refused"] += 1

    def is_wanted(self, search_id: str) -> bool:
        """Tell whether a search's page is recorded: it is drawn, and few were in this minute."""
        chosen = self._settings
        if not chosen.recorded or not is_drawn(search_id, chosen.search_share):
            return False
        minute = int(time.monotonic() // 60)
        with self._lock:
            current, spent = self._budget
            spent = spent if current == minute else 0
            room = spent < chosen.searches_per_minute and len(self._pages) < chosen.waiting
            self._budget = (minute, spent + room)
            self._figures["searches_left_out"] += not room
        return room

    def shown(self, page: ShownPage) -> None:
        """Take a page of an answer that ``is_wanted``."""
        with self._lock:
            self._pages.append(page)

    def found(self, collection: str, pieces: Sequence[str]) -> None:
        """Count the pieces that a search answered with."""
        if not self._settings.recorded or not pieces:
            return
        key = (collection, self._clock().date().isoformat())
        with self._lock:
            counted = self._found.setdefault(key, Counter())
            if len(counted) < _MOST_FOUND:
                counted.update(pieces)

    def figures(self) -> dict[str, int]:
        """Return what waits, and what was written, refused, left out and lost since this process started."""
        with self._lock:
            names = ("events_written", "searches_written", "refused", "searches_left_out", "lost")
            return {
                "waiting": len(self._events) + len(self._pages),
                **{name: self._figures[name] for name in names},
            }

    def start(self) -> None:
        """Start to write, in a thread of its own."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="loupe-events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, trying for some seconds, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        until = time.monotonic() + _LAST_SECONDS
        while not self._written(everything=True):
            if time.monotonic() >= until:
                with self._lock:
                    left = len(self._events) + len(self._pages)
                    self._figures["lost"] += left
                logger.error("%s events and searches are lost: the database did not answer", left)
                return
            time.sleep(0.2)

    def flush(self) -> None:
        """Write now what waits.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database does not answer.
        """
        with self._writing:
            while self._write():
                pass

    def _run(self) -> None:
        while not self._stopping.wait(self._pause()):
            self._written(everything=False)

    def _pause(self) -> float:
        if self._leaving and not self._failures:
            return min(self._settings.flush_seconds, _BETWEEN_COUNTS_SECONDS)
        return min(self._settings.flush_seconds * 2.0 ** min(self._failures, 10), _LONGEST_PAUSE_SECONDS)

    def _written(self, *, everything: bool) -> bool:
        """Write what waits, and say whether the database answered."""
        try:
            self.flush()
            self._pseudonyms.prepare(self._clock().date())
            self._write_found(everything=everything)
        except SQLAlchemyError as error:
            if self._failures == 0:
                logger.warning(
                    "events cannot be written and wait: %s",
                    str(getattr(error, "orig", error)).splitlines()[0],
                )
            self._failures += 1
            return False
        if self._failures:
            logger.info("events are written again")
        self._failures = 0
        return True

    def _write(self) -> bool:
        """Write one batch; return whether more waits.  One that can never be written is lost."""
        with self._lock:
            events = [self._events.popleft() for _ in range(min(len(self._events), _AT_ONCE))]
            pages = [self._pages.popleft() for _ in range(min(len(self._pages), _AT_ONCE))]
        if not events and not pages:
            return False
        try:
            with self._engine.begin() as connection:
                write_events(connection, events)
                write_pages(connection, pages)
        except _TRANSIENT:
            with self._lock:
                self._events.extendleft(reversed(events))
                self._pages.extendleft(reversed(pages))
            raise
        except SQLAlchemyError:
            logger.exception("%s events and %s searches are lost", len(events), len(pages))
            with self._lock:
                self._figures["lost"] += len(events) + len(pages)
            return True
        with self._lock:
            self._figures["events_written"] += len(events)
            self._figures["searches_written"] += len(pages)
            return bool(self._events or self._pages)

    def _write_found(self, *, everything: bool) -> None:
        """Write some of the counts, or all of them; new ones leave when the last have been written."""
        while self._write_some() and everything:
            pass
        if not self._leaving and (everything or time.monotonic() >= self._found_again_at):
            with self._lock:
                self._leaving, self._found = self._found, {}
            self._found_again_at = time.monotonic() + self._settings.touch_seconds
            while everything and self._write_some():
                pass

    def _write_some(self) -> bool:
        """Write some counts; return whether there were any."""
        counts: dict[CountKey, int] = {}
        while self._leaving and len(counts) < _COUNTS_AT_ONCE:
            (collection, day), counted = next(iter(self._leaving.items()))
            if counted:
                piece, count = counted.popitem()
                counts[collection, day, piece, FOUND] = count
            else:
                del self._leaving[collection, day]
        if not counts:
            return False
        try:
            with self._engine.begin() as connection:
                add_counts(connection, counts)
        except _TRANSIENT:
            for (collection, day, piece, _), count in counts.items():
                self._leaving.setdefault((collection, day), Counter())[piece] += count
            raise
        return True
