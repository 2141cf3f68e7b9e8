"""Ask a fresh process to load a snapshot's index files.  No FAISS in this one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from index_builds.errors import SnapshotDamagedError
from index_builds.manifest import SnapshotContent

_TIMEOUT_SECONDS = 900


def load_in_fresh_process(content: SnapshotContent, path_of: Callable[[str], Path], what: str) -> None:
    """Load every index file of a content in a new interpreter, and compare what it holds with what is stated.

    Args:
        content: What the files should hold.
        path_of: Gives the local file of a digest.
        what: Names the snapshot in errors.

    Raises:
        SnapshotDamagedError: If a file does not load there, or holds other ids than stated.
    """
    files = {
        f"{tier}/{channel}": file
        for tier, channels in content.tiers.items()
        for channel, file in channels.items()
    }
    question = {
        name: {
            "path": str(path_of(file.digest)),
            "digest": file.digest,
            "mapped": not name.startswith("hot/"),
        }
        for name, file in files.items()
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "index_builds.fresh_load"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[1],
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        message = f"{what} did not load in a fresh process within {_TIMEOUT_SECONDS} s: look at its files"
        raise SnapshotDamagedError(message) from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        message = f"{what} does not load in a fresh process (status {done.returncode}): {reason}"
        raise SnapshotDamagedError(message)
    answer = json.loads(done.stdout)
    problems = []
    for name, file in files.items():
        loaded = answer["files"][name]
        stated = {"vectors": file.vectors, "dimension": content.dimension, "ids_digest": file.ids_digest}
        problems += [
            f"{name} has {part} {loaded[part]}, the manifest says {value}"
            for part, value in stated.items()
            if loaded[part] != value
        ]
    if answer["repeated"]:
        problems.append(f"{answer['repeated']} ids lie in two tiers")
    if answer["ids_digest"] != content.ids_digest or answer["vectors"] != content.live_vectors:
        problems.append(
            f"{answer['vectors']} ids with digest {answer['ids_digest'][:12]}, "
            f"the manifest says {content.live_vectors} with {content.ids_digest[:12]}"
        )
    if problems:
        message = f"{what} does not hold what its manifest says: {'; '.join(problems)}; build it again"
        raise SnapshotDamagedError(message)
