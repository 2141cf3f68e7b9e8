"""Caches, single flight, batches, bounds: what is asked at once is worked on once, together, in limits."""

import asyncio
import shutil
import socket
import subprocess
from threading import Event

import numpy as np
import pytest
from served_house import DIMENSION, Loaded, WordEncoder

from serving.bounded_cache import BoundedCache
from serving.encoding import QueryEncoding
from serving.errors import OverloadedError, QueryError
from serving.query_vectors import QueryVectors
from serving.settings import ServingSettings
from serving.shared_cache import RedisCache
from serving.single_flight import MicroBatch, SingleFlight
from serving.work import WorkPool


def encoding_with(encoder, **settings):
    chosen = ServingSettings(**settings)
    return QueryEncoding(Loaded(encoder), WorkPool(threads=2, waiting=50), chosen)


def test_the_least_used_goes_first_and_bytes_are_bounded():
    cache = BoundedCache(entries=3, size=100)
    for name in "abc":
        cache.put(name, name, 30)
    cache.get("a")
    cache.put("d", "d", 30)
    assert cache.get("b") is None
    assert cache.get("a") == "a"
    cache.put("e", "e", 90)
    assert len(cache) == 1
    assert cache.bytes == 90
    cache.put("f", "f", 101)
    assert cache.get("f") is None
    assert cache.bytes == 90


def test_what_is_too_old_is_forgotten():
    now = [0.0]
    cache = BoundedCache(entries=3, size=100, seconds=10.0, clock=lambda: now[0])
    cache.put("a", 1, 1)
    now[0] = 10.0
    assert cache.get("a") == 1
    now[0] = 10.1
    assert cache.get("a") is None
    assert cache.bytes == 0


def test_callers_of_the_same_share_one_call_and_its_failure():
    async def check():
        flights, calls, go = SingleFlight(), [], asyncio.Event()

        async def work():
            calls.append(1)
            await go.wait()
            if len(calls) == 2:
                raise QueryError("no")
            return "done"

        first = [asyncio.ensure_future(flights.do("key", work)) for _ in range(5)]
        await asyncio.sleep(0)
        first[0].cancel()  # who goes away does not end it for the others
        go.set()
        assert await asyncio.gather(*first[1:]) == ["done"] * 4
        failed = await asyncio.gather(*(flights.do("key", work) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in failed] == [QueryError] * 3
        assert len(calls) == 2

    asyncio.run(check())


def test_a_batch_is_full_or_waits_a_moment_and_one_failure_is_one_callers():
    async def check():
        seen = []

        async def work(items):
            seen.append(list(items))
            return [ValueError(str(item)) if item < 0 else item * 2 for item in items]

        batch = MicroBatch(work, window_ms=5.0, most=3)
        results = await asyncio.gather(*(batch.do(item) for item in (1, -2, 3, 4)), return_exceptions=True)
        assert seen == [[1, -2, 3], [4]]
        assert results[0] == 2
        assert isinstance(results[1], ValueError)
        assert results[2:] == [6, 8]

    asyncio.run(check())


def test_words_asked_at_once_are_encoded_together_and_each_gets_its_own():
    encoder = WordEncoder()

    async def check():
        encoding = encoding_with(encoder, encode_window_ms=20.0)
        asked = ["gold", "silver ring", "zorgle", "gold"]
        return await asyncio.gather(
            *(encoding.text("encoder-a", text) for text in asked), return_exceptions=True
        )

    gold, silver, unknown, again = asyncio.run(check())
    assert encoder.texts == [["gold", "silver ring"]]
    assert gold is again
    assert isinstance(unknown, QueryError)
    alone = WordEncoder().encode_texts(["silver ring"])[0]
    np.testing.assert_allclose(silver.vectors["visual"], alone, atol=1e-6)


def test_a_pool_that_is_full_refuses_at_once():
    async def check():
        pool, go = WorkPool(threads=1, waiting=1), Event()
        running = [asyncio.ensure_future(pool.do(go.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError, match="ask again"):
            await pool.do(len, [])
        go.set()
        await asyncio.gather(*running)
        assert await pool.do(len, [1]) == 1
        pool.close()

    asyncio.run(check())


def test_vectors_survive_their_bytes_and_others_are_refused():
    made = QueryVectors(
        vectors={"visual": np.linspace(-1, 1, 9, dtype=np.float32)}, unknown=("zircon",), near={"a": ("b",)}
    )
    back = QueryVectors.from_bytes(made.to_bytes())
    np.testing.assert_array_equal(back.vectors["visual"], made.vectors["visual"])
    assert (back.unknown, back.near) == (made.unknown, made.near)
    for data in (b"", b"[]", b"{}", b'{"vectors": {"visual": 3}, "unknown": [], "near": {}}'):
        with pytest.raises(ValueError):  # noqa: PT011 - JSON's own, or ours
            QueryVectors.from_bytes(data)


@pytest.fixture
def redis_url(tmp_path):
    """A Redis server of this test."""
    command = shutil.which("redis-server")
    if command is None:
        pytest.skip("redis-server is missing: apt-get install redis-server")
    path = tmp_path / "redis.sock"
    server = subprocess.Popen(
        [command, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in server.stdout:
        if "ready to accept" in line.lower():
            break
    yield f"unix://{path}"
    server.terminate()
    server.wait()


def test_a_second_process_need_not_encode_what_the_first_did(redis_url):
    first, second = WordEncoder(), WordEncoder()

    async def ask(encoder):
        return await encoding_with(encoder, cache_url=redis_url).text("encoder-a", "gold ring")

    made, found = asyncio.run(ask(first)), asyncio.run(ask(second))
    assert first.texts == [["gold ring"]]
    assert second.texts == []
    np.testing.assert_array_equal(made.vectors["visual"], found.vectors["visual"])


def test_without_its_redis_serving_works_alone():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cache = RedisCache(f"redis://127.0.0.1:{port}")
    assert cache.get("key") is None
    cache.put("key", b"value")
    encoder = WordEncoder()

    async def ask():
        return await encoding_with(encoder, cache_url=f"redis://127.0.0.1:{port}").text("encoder-a", "gold")

    assert asyncio.run(ask()).vectors["visual"].shape == (DIMENSION,)
