"""Load index files in a process of its own: ``python -m index_builds.fresh_load``, files as JSON on stdin.

A file that takes the process down takes down this one, not the process that promotes or serves.  Prints what
it found as JSON; a file that does not load ends it with a message and status 1.
"""

import json
import sys
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.errors import SnapshotDamagedError
from index_builds.ids import distinct, ids_digest
from index_builds.index_files import load_index
from index_builds.keys_file import read_keys


def main() -> int:
    """Load every index, ask each one question, and print ids and sizes."""
    faiss.omp_set_num_threads(1)
    found: dict[str, dict[str, object]] = {}
    by_channel: dict[str, list[NDArray[np.int64]]] = {}
    for name, wanted in json.load(sys.stdin).items():
        try:
            stated, live = _load(wanted)
        except SnapshotDamagedError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        found[name] = stated
        by_channel.setdefault(wanted["channel"], []).append(live)
    channels = {}
    for channel, parts in by_channel.items():
        together = np.concatenate(parts)
        held = distinct(together)
        channels[channel] = {
            "ids_digest": ids_digest(held),
            "vectors": len(held),
            "repeated": len(together) - len(held),
        }
    sys.stdout.write(json.dumps({"files": found, "channels": channels}))
    return 0


def _load(wanted: dict[str, Any]) -> tuple[dict[str, object], NDArray[np.int64]]:
    base = load_index(Path(wanted["path"]), digest=wanted["digest"], mapped=wanted["mapped"])
    _ask(base)
    own = live = faiss.vector_to_array(base.id_map)
    stated: dict[str, object] = {
        "vectors": int(base.ntotal),
        "dimension": int(base.d),
        "ids_digest": ids_digest(own),
    }
    if wanted["tombstones"]:
        gone = read_keys(Path(wanted["tombstones"]["path"]), wanted["tombstones"]["digest"])
        live = own[~np.isin(own, gone)]
        if len(live) + len(gone) != len(own):
            message = f"{wanted['path']} lacks tombstones that its manifest names: build the snapshot again"
            raise SnapshotDamagedError(message)
    if wanted["delta"]:
        delta = load_index(Path(wanted["delta"]["path"]), digest=wanted["delta"]["digest"], mapped=False)
        if delta.d != base.d:
            message = f"{wanted['delta']['path']} is of dimension {delta.d}, its base of {base.d}"
            raise SnapshotDamagedError(message)
        _ask(delta)
        live = np.concatenate([live, faiss.vector_to_array(delta.id_map)])
    stated |= {"live_vectors": len(live), "live_ids_digest": ids_digest(live)}
    return stated, live


def _ask(index: Any) -> None:
    if index.ntotal:
        index.search(np.full((1, index.d), index.d**-0.5, dtype=np.float32), 1)


if __name__ == "__main__":
    sys.exit(main())
