"""Ask a fresh process to load a snapshot's index files.  No FAISS in this one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from index_builds.channel_names import VISUAL
from index_builds.errors import SnapshotDamagedError
from index_builds.manifest import DeltaFile, KeysFile, SnapshotContent, is_mapped

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
        f"{tier}/{channel}": (tier, channel, file)
        for tier, channels in content.tiers.items()
        for channel, file in channels.items()
    }
    question = {
        name: {
            "channel": channel,
            "path": str(path_of(file.digest)),
            "digest": file.digest,
            "mapped": is_mapped(tier, file.factory),
            "delta": _place(file.delta, path_of),
            "tombstones": _place(file.tombstones, path_of),
        }
        for name, (tier, channel, file) in files.items()
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
    for name, (_, channel, file) in files.items():
        loaded = answer["files"][name]
        stated = {
            "vectors": file.vectors,
            "dimension": content.dimension_of(channel),
            "ids_digest": file.ids_digest,
            "live_vectors": file.live_vectors,
            "live_ids_digest": file.live_ids_digest,
        }
        problems += [
            f"{name} has {part} {loaded[part]}, the manifest says {value}"
            for part, value in stated.items()
            if loaded[part] != value
        ]
    wanted = {VISUAL: (content.live_vectors, content.ids_digest)} | {
        name: (channel.live_vectors, channel.ids_digest) for name, channel in content.channels.items()
    }
    for channel, (vectors, digest) in wanted.items():
        held = answer["channels"].get(channel, {"vectors": 0, "repeated": 0, "ids_digest": "none"})
        if held["repeated"]:
            problems.append(f"{held['repeated']} ids of channel {channel} lie in two tiers")
        if held["ids_digest"] != digest or held["vectors"] != vectors:
            problems.append(
                f"channel {channel} has {held['vectors']} ids with digest {held['ids_digest'][:12]}, "
                f"the manifest says {vectors} with {digest[:12]}"
            )
    if problems:
        message = f"{what} does not hold what its manifest says: {'; '.join(problems)}; build it again"
        raise SnapshotDamagedError(message)


def _place(file: DeltaFile | KeysFile | None, path_of: Callable[[str], Path]) -> dict[str, str] | None:
    return None if file is None else {"path": str(path_of(file.digest)), "digest": file.digest}
