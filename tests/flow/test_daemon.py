"""With the daemon running, a file dropped into a watched folder ends in a promoted snapshot by itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from flow_house import PROJECT, make_house

from index_builds.reading import open_snapshot
from orchestration.resources import snapshot_store

PATIENCE_S = 420  # a bound on waiting for what never comes; it takes about a minute


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def watched(tmp_path):
    """A house of one feed whose deliveries are not there yet; the feed's folder, its files beside it."""
    house = make_house(tmp_path, pieces=12, days=1)
    document = yaml.safe_load(house.config.read_text())
    atelier = document["collections"]["sample"]["feeds"][0]
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    house.change(collections={"sample": {"feeds": [{**atelier, "location": str(incoming)}]}})
    return house


@pytest.fixture
def daemon(watched, tmp_path):
    """`loupe dev` in a session of its own, ended with everything it started."""
    log = (tmp_path / "dev.log").open("w")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "orchestration.cli.main",
            "--config",
            str(watched.config),
            "dev",
            "--port",
            str(free_port()),
            "--serve-port",
            "0",
        ],
        cwd=PROJECT,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={
            name: value for name, value in os.environ.items() if not name.startswith(("LOUPE_", "DAGSTER_"))
        },
    )
    yield process
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    log.close()


def wait_for(condition, process, log: Path):
    """Return what ``condition`` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := condition():
            return found
        assert process.poll() is None, f"the daemon ended: {log.read_text()[-3000:]}"
        time.sleep(1)
    raise AssertionError(f"nothing within {PATIENCE_S} s: {log.read_text()[-3000:]}")


def test_a_dropped_file_becomes_searchable_by_itself(watched, daemon, tmp_path):
    delivery = next((watched.sample / "atelier").glob("*.json"))
    titles = {product["name"] for product in json.loads(delivery.read_text())["catalogue"]}
    store = snapshot_store(watched.settings)
    log = tmp_path / "dev.log"
    ready = watched.settings.home_path / "dagster" / "schedules"
    wait_for(ready.exists, daemon, log)

    (tmp_path / "incoming" / ".half").write_bytes(delivery.read_bytes())
    (tmp_path / "incoming" / ".half").rename(tmp_path / "incoming" / delivery.name)
    promoted = wait_for(lambda: store.promoted("sample"), daemon, log)

    found = set(open_snapshot(store, "sample", promoted).metadata["title"].to_pylist())
    assert found
    assert found <= titles
