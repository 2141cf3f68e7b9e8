"""Load index files in a process of its own: ``python -m index_builds.fresh_load``, files as JSON on stdin.

A file that takes the process down takes down this one, not the process that promotes or serves.  Prints what
it found as JSON; a file that does not load ends it with a message and status 1.
"""

import json
import sys
from pathlib import Path

import faiss
import numpy as np

from index_builds.errors import SnapshotDamagedError
from index_builds.ids import ids_digest
from index_builds.index_files import load_index


def main() -> int:
    """Load every file, ask each one question, and print ids and sizes."""
    faiss.omp_set_num_threads(1)
    found: dict[str, dict[str, object]] = {}
    keys = []
    for name, wanted in json.load(sys.stdin).items():
        try:
            index = load_index(Path(wanted["path"]), digest=wanted["digest"], mapped=wanted["mapped"])
        except SnapshotDamagedError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        own = faiss.vector_to_array(index.id_map)
        keys.append(own)
        if index.ntotal:
            index.search(np.full((1, index.d), index.d**-0.5, dtype=np.float32), 1)
        found[name] = {"vectors": int(index.ntotal), "dimension": int(index.d), "ids_digest": ids_digest(own)}
    together = np.concatenate(keys) if keys else np.empty(0, dtype=np.int64)
    distinct = np.unique(together)
    sys.stdout.write(
        json.dumps(
            {
                "files": found,
                "ids_digest": ids_digest(distinct),
                "vectors": len(distinct),
                "repeated": len(together) - len(distinct),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
