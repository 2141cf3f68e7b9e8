"""What takes too long is given up: bodies, answers, headers; and what nobody waits for is not worked on."""

import asyncio
import contextlib
import socket
from threading import Event, Thread

import pytest
import uvicorn
from fastapi.testclient import TestClient
from served_house import standing

from serving.app import create_app
from serving.guards.slow_headers import PromptHeaders
from serving.guards.time_limit import TimeLimit
from serving.observing.metrics import ServingMetrics
from serving.single_flight import MicroBatch, SingleFlight
from serving.work import WorkPool


def limited(app, messages, **seconds):
    """Return what an application behind a limit sends to a caller who sends some messages, then nothing."""
    sent, metrics = [], ServingMetrics()
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"10")]}

    async def receive():
        if messages:
            return messages.pop(0)
        return await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    asyncio.run(TimeLimit(app, metrics=metrics, **seconds)(scope, receive, send))
    return sent, metrics.refused.labels("time")._value.get()


async def read_all(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.2)
    await send({"type": "http.response.body", "body": b"whole"})


def part(more):
    return {"type": "http.request", "body": b"12345", "more_body": more}


def test_a_body_that_does_not_arrive_is_answered_408():
    sent, refused = limited(read_all, [part(True)], arrive_seconds=0.05, answer_seconds=60.0)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"faster connection" in sent[1]["body"]
    assert refused == 1


def test_an_answer_that_is_not_ready_is_answered_503():
    sent, refused = limited(read_all, [part(True), part(False)], arrive_seconds=60.0, answer_seconds=0.05)
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]
    assert refused == 1


def test_an_answer_that_has_begun_is_sent_whole():
    sent, refused = limited(read_all, [part(False)], arrive_seconds=60.0, answer_seconds=0.3)
    assert sent[0]["status"] == 200
    assert sent[-1]["body"] == b"whole"
    assert refused == 0


def test_work_that_is_queued_is_cancelled_with_its_request(tmp_path, monkeypatch):
    counted, go = [], Event()
    monkeypatch.setattr("serving.asking.facet_counts", lambda *_, **__: counted.append(1))
    made = standing(tmp_path, threads=1, waiting=5, answer_seconds=0.1)
    with TestClient(create_app(made.house, made.house.settings)) as client:
        pool = made.house.pool
        running = pool._pool.submit(go.wait)
        late = client.get("/v1/facets")
        assert late.status_code == 503
        assert late.json()["type"] == "urn:loupe:problem:time"
        assert late.json()["remedy"]
        assert pool.pending == 0
        go.set()
        running.result()
        pool._pool.submit(int).result()  # what was queued before it would have run
    assert counted == []


def test_a_pool_counts_what_runs_after_its_caller_has_gone():
    async def check():
        pool, go, begun = WorkPool(threads=1, waiting=1), Event(), Event()

        def work():
            begun.set()
            go.wait()

        caller = asyncio.ensure_future(pool.do(work))
        await asyncio.to_thread(begun.wait)
        caller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caller
        assert pool.pending == 1
        go.set()
        assert await pool.do(len, [1]) == 1
        pool.close()
        assert pool.pending == 0

    asyncio.run(check())


def test_shared_work_ends_with_its_last_caller_and_the_next_begins_anew():
    async def check():
        flights, ends = SingleFlight(), []

        async def work():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ends.append("cancelled")
                raise

        async def done():
            return "anew"

        callers = [asyncio.ensure_future(flights.do("key", work)) for _ in range(2)]
        await asyncio.sleep(0)
        callers[0].cancel()
        await asyncio.wait(callers[:1])
        assert ends == []
        callers[1].cancel()
        await asyncio.wait(callers[1:])
        assert await flights.do("key", done) == "anew"
        await asyncio.sleep(0)
        assert ends == ["cancelled"]

    asyncio.run(check())


def test_a_batch_leaves_out_whoever_has_gone():
    async def check():
        seen = []

        async def work(items):
            seen.append(list(items))
            return items

        batch = MicroBatch(work, window_ms=20.0, most=9)
        callers = [asyncio.ensure_future(batch.do(item)) for item in (1, 2)]
        await asyncio.sleep(0)
        callers[0].cancel()
        assert await callers[1] == 2
        assert seen == [[2]]

    asyncio.run(check())


class Hasty(PromptHeaders):
    header_seconds = 0.3


@pytest.fixture
def port():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, port=0, http=Hasty, lifespan="off", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_headers_that_never_end_are_answered_408(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        said = b"".join(iter(lambda: slow.recv(4_096), b""))
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in said


def test_headers_without_end_are_answered_431(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as greedy:
        greedy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Large: 0123456789\r\n" * 3_000)
        greedy.sendall(b"X-Large: 0123456789\r\n" * 200)
        said = b""
        with contextlib.suppress(ConnectionResetError):  # what was sent after the end resets it
            said = b"".join(iter(lambda: greedy.recv(4_096), b""))
    assert said.startswith(b"HTTP/1.1 431 ")


def test_a_later_request_of_a_connection_is_held_to_it_too_and_a_prompt_one_is_served(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first = slow.recv(4_096)
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        rest = b"".join(iter(lambda: slow.recv(4_096), b""))
    assert first.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in rest
