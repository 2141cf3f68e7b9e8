"""The figures as text, of this process or of every worker that shares its folder."""

import os
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, exposition, multiprocess, values

from serving.observing.metrics import ServingMetrics

_OF_PROCESS = re.compile(r"gauge_live\w+_(\d+)\.db")


def is_shared() -> bool:
    """Tell whether workers share their figures: whether the client library was imported into a folder."""
    return values.ValueClass is not values.MutexValue


def exposed(metrics: ServingMetrics, accept: str) -> tuple[bytes, str]:
    """Return the figures, and their media type: OpenMetrics where it is accepted, else Prometheus text."""
    encode, media_type = exposition.choose_encoder(accept)
    registry = metrics.registry
    if is_shared():
        forget_dead_workers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return encode(registry), media_type


def forget_dead_workers(folder: Path) -> None:
    """Remove what only a living process can say; what dead ones counted stays counted."""
    named = (_OF_PROCESS.match(file.name) for file in folder.glob("gauge_live*.db"))
    for process in {int(one[1]) for one in named if one is not None}:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # it lives, as somebody else's
