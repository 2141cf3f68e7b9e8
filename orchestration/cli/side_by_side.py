"""Several long-lived commands under one: they end together."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

_LOOKS_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0  # between asking a command to end and ending it


def run_side_by_side(
    commands: Mapping[str, Sequence[str]], *, environment: Mapping[str, str], folder: Path
) -> tuple[str, int] | None:
    """Run commands until one of them ends or this process is told to; then end the others.

    Args:
        commands: Name -> words; each writes to this process's own output.
        environment: Of each.
        folder: That each starts in.

    Returns:
        The command that ended by itself, and its exit status; ``None`` when all were told to end.
    """
    told = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, words in commands.items():
            children[name] = subprocess.Popen(list(words), env=dict(environment), cwd=folder)  # noqa: S603 - our own
        while not told:
            for name, child in children.items():
                if (status := child.poll()) is not None:
                    return name, status
            time.sleep(_LOOKS_SECONDS)
        return None
    finally:
        _end(list(children.values()))
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
