"""What is noted of every page of an answer: its figures, what it found, and what it showed."""

from collections.abc import Sequence

from catalog.events.writing import ShownPage
from serving.events.unrecorded import is_recorded
from serving.house import ServedHouse
from serving.live_snapshot import ServedSnapshot
from serving.observing.metrics import Kind
from serving.queries import Paging, Shape, Stopwatch


def note_answer(
    house: ServedHouse,
    kind: Kind,
    served: ServedSnapshot,
    pieces: Sequence[str],
    paging: Paging,
    shape: Shape,
    watch: Stopwatch,
) -> None:
    """Count a page of an answer, and record what it showed: not who asked, nor what was asked for."""
    if watch.figures is not None:
        watch.figures.answered(len(pieces), first=not paging.offset)
    if not is_recorded():
        return
    recorder, collection = house.recorder, served.manifest.collection
    if kind != "recent":
        recorder.found(collection, pieces)
    if recorder.is_wanted(paging.search_id):
        recorder.shown(
            ShownPage(
                search_id=paging.search_id,
                first_position=paging.offset,
                collection=collection,
                kind=kind,
                snapshot_id=served.snapshot_id,
                asked_at=house.clock(),
                filtered=shape.where is not None,
                pieces=tuple(pieces),
                latency_ms=watch.all()["total"],
            )
        )
