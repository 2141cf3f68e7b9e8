"""``loupe serve`` as people start it: processes that listen, answer and end on SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
import yaml
from flow_house import PROJECT


@pytest.fixture
def config(tmp_path):
    document = yaml.safe_load((PROJECT / "loupe.yaml").read_text())
    (tmp_path / "loupe.yaml").write_text(yaml.safe_dump({**document, "serving": {"poll_seconds": 1.0}}))
    return tmp_path / "loupe.yaml"


@pytest.mark.parametrize("workers", [1, 2])
def test_it_answers_before_anything_is_promoted_and_ends_on_sigterm(config, workers):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestration.cli.main", "--config", str(config)]
    server = subprocess.Popen(
        [*command, "serve", "--port", str(port), "--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(600):
            assert server.poll() is None, server.stdout.read()
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/healthz").json() == {"status": "alive"}
                break
            except httpx.TransportError:
                time.sleep(0.1)
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        assert ready.status_code == 503
        assert ready.json()["collections"]["sample"]["snapshot_id"] is None
        figures = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'loupe_http_requests_total{method="GET",route="/readyz",status="503"} 1.0' in figures
        assert 'loupe_collection_ready{collection="sample"} 0.0' in figures
        named = httpx.get(f"http://127.0.0.1:{port}/openapi.json").json()["paths"]
        assert {
            "/v1/search/text",
            "/v1/search/image",
            "/v1/search/hybrid",
            "/v1/search/batch",
        } <= named.keys()
    finally:
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=60)
    assert server.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said


def test_a_setting_that_is_none_is_named_with_its_place(config):
    document = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**document, "serving": {"prot": 1}}))
    command = [sys.executable, "-m", "orchestration.cli.main", "--config", str(config), "serve"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "serving.prot: is no setting: did you mean port?" in done.stderr
