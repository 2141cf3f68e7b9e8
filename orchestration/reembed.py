"""The job that puts another encoder beside the one in force, and switches to it when it is told to.

It is a job of its own and no asset run: what the hourly runs hand to each other keeps naming the encoder in
force, so that a trial can neither be promoted nor embedded with by accident.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.candidates import IncompleteEmbeddingsError, NothingSearchableError
from assets.failures import TRANSIENT, permanent
from assets.reembedding import Embedded, House, Judged, embed_beside, judge_beside, switch
from index_builds.errors import GateRefusedError, IndexBuildError
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from orchestration.instance import open_instance
from orchestration.io import handoff
from orchestration.listening import Listener
from orchestration.resources import build_resources
from orchestration.settings import Settings
from storage.objects import ObjectStore
from vision.encoder_loader import EncoderLoader
from vision.encoders import EncoderSettings
from vision.errors import VisionError


class NextEncoder(dg.Config):
    """Which encoder to try, on which collections, and whether to switch to it."""

    encoder: dict[str, Any]  # as `encoder:` in loupe.yaml; paths absolute
    collections: list[str]
    switch: bool = False
    even_if_worse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """A collection whose pointer moved to the new encoder's snapshot."""

    collection: str
    snapshot_id: str
    pointer_version: int


@dg.op(pool="gpu", retry_policy=TRANSIENT)
def embed_judge_and_switch(
    context: dg.OpExecutionContext,
    config: NextEncoder,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    encoder: dg.ResourceParam[EncoderLoader],
    index_settings: dg.ResourceParam[IndexSettings],
    bounds: dg.ResourceParam[WorkBounds],
    clock: dg.ResourceParam[Callable[[], datetime]],
    listener: dg.ResourceParam[Listener],
) -> None:
    """Embed with another encoder beside the present one, judge its snapshots, and switch if asked to."""
    house = House(
        catalogue=catalogue,
        objects=objects,
        snapshots=snapshots,
        encoders=encoder,
        index=index_settings,
        bounds=bounds,
    )
    settings = EncoderSettings.model_validate(config.encoder)
    other = encoder if settings == encoder.settings else EncoderLoader(settings)
    with permanent(VisionError, IndexBuildError, NothingSearchableError, IncompleteEmbeddingsError):
        embedded = embed_beside(house, other, config.collections, listener.step)
        listener.result(embedded)
        context.log.info(str(embedded))
        refusals = []
        for collection in config.collections:
            judged = judge_beside(
                house,
                other,
                collection,
                handoff(objects, "searchable_images", collection),
                run_id=context.run.run_id,
                published_at=clock(),
                tell=listener.step,
            )
            listener.result(judged)
            context.log.info(str(judged))
            if not config.switch or judged.snapshot_id == judged.beside:
                continue
            try:
                version = switch(
                    house,
                    judged,
                    actor=f"reembed, run {context.run.run_id}",
                    moved_at=clock(),
                    even_if_worse=config.even_if_worse,
                )
            except GateRefusedError as error:
                refusals.append(str(error))
                continue
            listener.result(
                Switched(collection=collection, snapshot_id=judged.snapshot_id, pointer_version=version)
            )
        if refusals:
            raise GateRefusedError("; ".join(refusals))


@dg.job(
    description="Embed with another encoder beside the present one, judge its snapshots, switch if asked."
)
def reembed() -> None:
    """Another encoder, beside the one in force."""
    embed_judge_and_switch()


@dataclass(slots=True, kw_only=True)
class ReembedOutcome:
    """What came of a re-embedding; ``failure`` is the line that says why it ended early or was refused."""

    embedded: Embedded | None = None
    judged: list[Judged] = field(default_factory=list)
    switched: list[Switched] = field(default_factory=list)
    failure: str | None = None


class _Collecting(Listener):
    def __init__(self, tell: Callable[[str, int, int], None]) -> None:
        self.outcome = ReembedOutcome()
        self.step = tell

    def result(self, value: Any) -> None:
        match value:
            case Embedded():
                self.outcome.embedded = value
            case Judged():
                self.outcome.judged.append(value)
            case Switched():
                self.outcome.switched.append(value)


def run_reembed(
    settings: Settings,
    encoder: EncoderSettings,
    collections: list[str],
    *,
    switch: bool,
    even_if_worse: bool = False,
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> ReembedOutcome:
    """Run the job in this process, in the instance that the UI shows.

    Args:
        settings: The deployment's.
        encoder: The encoder to try, paths absolute.
        collections: Whose pictures and snapshots.
        switch: Promote what passes.
        even_if_worse: Promote also what finds less than the present encoder, beyond doubt.
        tell: Told of every step: what, done, of how many.
    """
    from orchestration.refresh import reason_of

    heard = _Collecting(tell)
    definitions = dg.Definitions(jobs=[reembed], resources={**build_resources(settings), "listener": heard})
    config = NextEncoder(
        encoder=encoder.model_dump(mode="json", exclude_none=True),
        collections=collections,
        switch=switch,
        even_if_worse=even_if_worse,
    )
    with open_instance(settings) as instance:
        result = definitions.resolve_job_def("reembed").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": {"embed_judge_and_switch": {"config": config.model_dump()}},
            },
        )
    if not result.success:
        heard.outcome.failure = reason_of(result)
    return heard.outcome
