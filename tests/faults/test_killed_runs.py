"""A run that is killed at any durable write resumes, and ends with the same snapshot content."""

import multiprocessing
import signal

import pytest
from die_at_write import PRELOADED, run_and_die
from flow_house import make_house

from orchestration.resources import snapshot_store
from orchestration.summary import summarise

# Distances between deaths: the first fall into deliveries and intake, the later ones into pictures, verdicts,
# renditions, vectors, index files, manifest and pointer.
DEATHS = (1, 3, 2, 7, 4, 12, 5, 40, 21, 55, 30, 3, 2, 2, 1, 2, 1, 2)


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def run_until(processes, house, write: int) -> int:
    """Run everything in a process of its own that dies at its n-th write; return its exit code."""
    process = processes.Process(target=run_and_die, args=(str(house.config), write))
    process.start()
    process.join()
    return process.exitcode


def content(house):
    store = snapshot_store(house.settings)
    promoted = store.promoted("sample")
    return promoted and store.manifest("sample", promoted).content_digest


def test_a_run_killed_again_and_again_gives_the_same_snapshot(tmp_path, processes):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = make_house(tmp_path / "whole", pieces=12, days=2)
    killed = make_house(tmp_path / "killed", pieces=12, days=2)
    assert run_until(processes, whole, 1_000_000) == 0

    exits = []
    for distance in DEATHS:
        exits.append(run_until(processes, killed, distance))
        if exits[-1] == 0:
            break
    assert run_until(processes, killed, 1_000_000) == 0

    assert exits.count(-signal.SIGKILL) >= 12
    assert set(exits) <= {0, -signal.SIGKILL}
    assert content(killed) is not None
    assert content(killed) == content(whole)
    ours, theirs = (
        summarise(house.settings, ["sample"])["collections"]["sample"] for house in (killed, whole)
    )
    assert ours["feeds"] == theirs["feeds"]
    assert (ours["pieces"], ours["price_spans"]) == (theirs["pieces"], theirs["price_spans"])
