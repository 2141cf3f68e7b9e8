"""Commands that run beside each other end together."""

import os
import signal
import sys

from orchestration.cli.side_by_side import run_side_by_side

WAITS = "import sys, time; open(sys.argv[1], 'w').write(str(__import__('os').getpid())); time.sleep(600)"


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_others_end_with_the_first_that_ends(tmp_path):
    note = tmp_path / "pid"
    ends = f"import pathlib, time\nwhile not pathlib.Path({str(note)!r}).exists(): time.sleep(0.05)\nexit(7)"

    ended = run_side_by_side(
        {"waits": [sys.executable, "-c", WAITS, str(note)], "ends": [sys.executable, "-c", ends]},
        environment=os.environ,
        folder=tmp_path,
    )

    assert ended == ("ends", 7)
    written = note.read_text()  # empty when it was ended before it wrote
    assert not written or not alive(int(written))


def test_all_end_when_told_to(tmp_path):
    note = tmp_path / "pid"
    tells = (
        "import os, pathlib, signal, time\n"
        f"while not pathlib.Path({str(note)!r}).exists(): time.sleep(0.05)\n"
        f"os.kill({os.getpid()}, signal.SIGTERM)\ntime.sleep(600)"
    )
    before = signal.getsignal(signal.SIGTERM)

    ended = run_side_by_side(
        {"waits": [sys.executable, "-c", WAITS, str(note)], "tells": [sys.executable, "-c", tells]},
        environment=os.environ,
        folder=tmp_path,
    )

    assert ended is None
    assert signal.getsignal(signal.SIGTERM) is before
