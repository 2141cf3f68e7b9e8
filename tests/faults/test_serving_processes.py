"""Serving processes that are told to end, or killed, while they answer."""

import contextlib
import os
import signal
import socket
import time

import psutil
import pytest
from serving_process import serving, serving_config

BODY = b'{"questions": [{"words": ["gold"], "limit": 0}]}'  # limit 0 is no page size: 422
CONNECTIONS = 12


@pytest.fixture
def config(tmp_path):
    return serving_config(tmp_path)


def half_sent(server):
    """Return a connection over which a request was begun."""
    connection = server.connect()
    connection.sendall(
        b"POST /v1/search/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(BODY)}\r\n\r\n".encode()
        + BODY[:10]
    )
    return connection


def rest_answered(connection):
    """Send the rest; return the answer, or nothing where the connection broke."""
    said = b""
    with contextlib.suppress(OSError):
        connection.sendall(BODY[10:])
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65_536):
            said += part
    return said


def workers_of(server):
    """Return process -> the ports of callers that it is connected with."""
    parent = psutil.Process(server.process.pid)
    found = {}
    for child in parent.children():
        with contextlib.suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                held = [one for one in child.net_connections("tcp") if one.status == "ESTABLISHED"]
                found[child.pid] = {one.raddr.port for one in held if one.laddr.port == server.port}
    return found


def until(holds):
    for _ in range(2_400):
        if holds():
            return
        time.sleep(0.05)
    message = "it did not come to hold"
    raise AssertionError(message)


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_ends_a_server_when_what_it_was_asked_is_answered(config, workers):
    with serving(config, workers=workers) as server:
        open_ones = [half_sent(server) for _ in range(4)]
        until(
            lambda: "loupe_http_requests_in_flight 5.0" in server.get("/metrics").text
        )  # the four, and the one that asks
        server.process.send_signal(signal.SIGTERM)

        def refuses():
            try:
                server.connect().close()
            except ConnectionError:
                return True
            return False

        until(refuses)
        answers = [rest_answered(one) for one in open_ones]
        server.end()
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 422 "), answer
        assert answer.rstrip().endswith(b"}")
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in server.said


def test_a_killed_worker_costs_its_own_requests_and_is_replaced(config):
    with serving(config, workers=2) as server:
        open_ones = {}
        while len({pid for pid, ports in workers_of(server).items() if ports}) < 2:  # both have some
            connection = half_sent(server)
            open_ones[connection.getsockname()[1]] = connection
            time.sleep(0.05)
            assert len(open_ones) < 500
        for _ in range(CONNECTIONS):
            connection = half_sent(server)
            open_ones[connection.getsockname()[1]] = connection
        until(lambda: set().union(*workers_of(server).values()) >= open_ones.keys())
        victim, lost = next((pid, ports) for pid, ports in workers_of(server).items() if ports)
        os.kill(victim, signal.SIGKILL)
        answers = {port: rest_answered(one) for port, one in open_ones.items()}

        assert lost & open_ones.keys()
        for port, answer in answers.items():
            assert answer.startswith(b"HTTP/1.1 422 ") != (port in lost), (port in lost, answer)
        until(lambda: len(workers_of(server)) == 2 and victim not in workers_of(server))
        assert [server.get("/healthz").status_code for _ in range(20)] == [200] * 20
        assert "loupe_http_requests_in_flight 1.0" in server.get("/metrics").text
    assert "Traceback" not in server.said
