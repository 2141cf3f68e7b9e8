"""A run that is killed at any durable write resumes, and ends with the same snapshot content."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from flow_house import make_house

from orchestration.resources import snapshot_store
from orchestration.summary import summarise

DRIVER = Path(__file__).parent / "die_at_write.py"
# Distances between deaths: early ones fall into deliveries and intake, later ones into pictures, vectors,
# snapshot.
DEATHS = (1, 2, 3, 5, 8, 4, 13, 7, 21, 11, 34, 17, 55, 6, 9)


def run_until(house, write: int) -> int:
    """Run everything in a process of its own that dies at its n-th write; return the exit status."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOUPE_")}
    return subprocess.run(
        [sys.executable, str(DRIVER), str(write), str(house.config), "run", "--json"],
        env=environment,
        capture_output=True,
        check=False,
    ).returncode


def content(house):
    store = snapshot_store(house.settings)
    promoted = store.promoted("sample")
    return promoted and store.manifest("sample", promoted).content_digest


def test_a_run_killed_again_and_again_gives_the_same_snapshot(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = make_house(tmp_path / "whole", pieces=12, drops=2)
    killed = make_house(tmp_path / "killed", pieces=12, drops=2)
    assert whole.run().failures == []

    deaths = 0
    for distance in DEATHS:
        status = run_until(killed, distance)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        deaths += 1
        summarise(killed.settings, ["sample"])
    assert run_until(killed, 1_000_000) == 0

    assert deaths >= 8
    assert content(killed) == content(whole)
    ours, theirs = (summarise(house.settings, ["sample"]) for house in (killed, whole))
    assert ours["collections"]["sample"]["feeds"] == theirs["collections"]["sample"]["feeds"]
    assert list((tmp_path / "killed").rglob("*.part")) == [] or content(killed) is not None
