"""Every row of "What the server refuses" in docs/serving.md, met: what comes, and its documented answer."""

import base64
import json
import socket
from threading import Event, Thread

import hostile_files
import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from flow_house import PROJECT
from served_house import NOW, standing

from serving.app import create_app
from serving.guards.key_records import add_key
from serving.guards.keys import ApiKey, scopes_of
from serving.guards.slow_headers import PromptHeaders

IMAGE, TEXT = "/v1/search/image", "/v1/search/text"


def documented():
    """Return what comes -> status and kind of problem, as the page says."""
    page = (PROJECT / "docs" / "serving.md").read_text(encoding="utf-8")
    text = page.split("## What the server refuses\n", 1)[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    return {row[0]: (int(row[1]), row[2].strip("`")) for row in rows}


ROWS = documented()


class Place:
    """Servers of one catalogue, with limits as a row needs them."""

    def __init__(self, folder):
        self._folder = folder
        self._opened = []

    def client(self, **settings):
        self.made = standing(self._folder, **settings)
        client = TestClient(create_app(self.made.house, self.made.house.settings))
        client.__enter__()
        self._opened.append(client)
        return client

    def listening(self, protocol, **settings):
        """Return a server's port."""
        house = standing(self._folder, **settings).house
        config = uvicorn.Config(
            create_app(house, house.settings), http=protocol, log_level="critical", ws="none"
        )
        server, listening = uvicorn.Server(config), socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        self._opened.append((server, thread, listening))
        return listening.getsockname()[1]

    def close(self):
        for one in self._opened:
            if isinstance(one, TestClient):
                one.__exit__(None, None, None)
            else:
                server, thread, listening = one
                server.should_exit = True
                thread.join()
                listening.close()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()


def sent(client, *files, path=IMAGE):
    name = "picture" if path == "/look" else "pictures"
    return client.post(path, files=[(name, (f"{n}.png", data)) for n, data in enumerate(files)])


def all_sent(client, files):
    """Send files one by one, to the API and to the page; return the API's last answer once all agree."""
    answers = [sent(client, data) for data in files]
    assert len({one.status_code for one in answers}) == 1, [one.text for one in answers]
    pages = {sent(client, data, path="/look").status_code for data in files if data}
    assert pages <= {answers[0].status_code}
    return answers[-1]


def raw(port, data):
    """Send bytes over a connection of their own; return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    fields = [line.decode().split(": ", 1) for line in lines[1:]]
    return httpx.Response(int(lines[0].split()[1]), headers=fields, content=body)


class Hasty(PromptHeaders):
    header_seconds = 0.2


def too_large_a_body(place):
    client = place.client(largest_body_bytes=10_000)
    unstated = client.post(
        "/v1/search/batch",
        content=(bytes(1_000) for _ in range(100)),
        headers={"content-type": "application/json"},
    )
    assert unstated.status_code == 413
    return client.post(IMAGE, files={"pictures": ("a.png", bytes(20_000))})


def too_large_a_picture(place):
    return sent(place.client(largest_picture_bytes=1_000), hostile_files.picture())


def too_many_pictures(place):
    return sent(place.client(most_pictures=2), *[hostile_files.picture()] * 3)


def too_many_questions(place):
    asked = {"questions": [{"words": ["gold"]}] * 3}
    return place.client(batch_questions=2).post("/v1/search/batch", json=asked)


def too_many_pixels(place):
    return all_sent(place.client(), [hostile_files.large_picture(10_000)])


def bombs(place):
    files = [hostile_files.stated_bomb(), hostile_files.hidden_bomb(), hostile_files.profile_bomb()]
    assert max(map(len, files)) < 1_000_000
    return all_sent(place.client(), files)


def torn(place):
    return all_sent(place.client(), list(hostile_files.torn().values()))


def other_files(place):
    return all_sent(place.client(), list(hostile_files.mislabelled().values()))


def polyglot(place):
    client = place.client()
    found = sent(client, hostile_files.polyglot())
    same = sent(client, hostile_files.picture(kind="jpeg"))
    assert [hit["piece"]["piece_id"] for hit in found.json()["hits"]] == [
        hit["piece"]["piece_id"] for hit in same.json()["hits"]
    ]
    assert "polyglot" not in found.text
    page = sent(client, hostile_files.polyglot(), path="/look")
    assert page.status_code == 200
    assert "alert(" not in page.text
    return found


def too_deep_json(place):
    deep = b'{"words": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return place.client().post(
        "/v1/search/hybrid", content=deep, headers={"content-type": "application/json"}
    )


def too_many_parts(place):
    client = place.client()
    fields = {f"field{number}": (None, "x") for number in range(2_000)}
    assert client.post("/v1/search/hybrid", files=fields).status_code == 400
    return client.post(IMAGE, files=fields)


def too_large_a_page(place):
    return place.client(largest_page=10).get(TEXT, params={"q": "gold", "limit": 11})


def too_deep_a_page(place):
    client = place.client(most_results=20)
    cursor = client.get(TEXT, params={"q": "gold", "limit": 12}).json()["next_cursor"]
    end = client.get(TEXT, params={"q": "gold", "limit": 12, "cursor": cursor}).json()
    assert len(end["hits"]) == 8
    assert end["next_cursor"] is None

    held = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps(held | {"offset": 20}).encode()).decode().rstrip("=")
    return client.get(TEXT, params={"q": "gold", "limit": 12, "cursor": forged})


def another_host(place):
    return place.client(allowed_hosts=("search.example",)).get("/v1/collections")


def headers_that_never_end(place):
    return raw(place.listening(Hasty), b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")


def headers_without_end(place):
    return raw(place.listening(PromptHeaders), b"GET / HTTP/1.1\r\nX-Large: " + b"x" * 66_000)


def body_that_never_ends(place):
    port = place.listening(PromptHeaders, arrive_seconds=0.2)
    head = b"POST /v1/search/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return raw(port, head + b"Content-Length: 50\r\n\r\n{")


def answer_that_takes_too_long(place):
    client = place.client(threads=1, answer_seconds=0.1)
    go = Event()
    place.made.house.pool._pool.submit(go.wait)
    try:
        return client.get("/v1/facets")
    finally:
        go.set()


def flood(place):
    client = place.client(threads=1, waiting=0)
    place.made.house.pool.pending += 1
    try:
        return client.get("/v1/recent")
    finally:
        place.made.house.pool.pending -= 1


def too_often(place):
    client = place.client(access={"keys": "never", "anonymous_per_second": 0.01, "anonymous_burst": 1})
    assert client.get("/v1/recent").status_code == 200
    return client.get("/v1/recent")


def no_key(place):
    return place.client(access={}).get("/v1/recent")


def another_scope(place):
    client = place.client(access={})
    key = ApiKey.create()
    add_key(place.made.store.engine, key, client="a", scopes=scopes_of(["events"]), created_at=NOW)
    place.made.house.keys.refresh()
    return client.get("/v1/recent", headers={"authorization": f"Bearer {key.text}"})


ASKED = {
    "a body of more than `largest_body_bytes`, whether it says so or not": too_large_a_body,
    "a picture of more than `largest_picture_bytes`": too_large_a_picture,
    "more pictures than `most_pictures`": too_many_pictures,
    "more questions in a batch than `batch_questions`": too_many_questions,
    "a picture of more than `most_pixels`, as 10,000 × 10,000": too_many_pixels,
    "a decompression bomb: a size only stated, text or a colour profile that unpacks to megabytes": bombs,
    "a truncated or damaged picture": torn,
    "a file that is no JPEG, PNG, WebP or AVIF, whatever it is called": other_files,
    "a polyglot: a picture that is an archive or a page, too": polyglot,
    "JSON nested without end, or not JSON at all": too_deep_json,
    "a form of more than a thousand parts": too_many_parts,
    "a `limit` of more than `largest_page`": too_large_a_page,
    "a cursor beyond `most_results`": too_deep_a_page,
    "a host that is none of `allowed_hosts`": another_host,
    "headers that do not end within 10 s": headers_that_never_end,
    "headers of more than 64 KiB": headers_without_end,
    "a body that does not arrive within `arrive_seconds`": body_that_never_ends,
    "a question whose answer is not ready within `answer_seconds`": answer_that_takes_too_long,
    "more than `threads` + `waiting` at once": flood,
    "more often than a key or an address may": too_often,
    "no key where one is needed, or one that does not count": no_key,
    "a key without the scope": another_scope,
}


def test_every_documented_refusal_is_asked_for():
    assert list(ASKED) == list(ROWS)


@pytest.mark.parametrize("row", ASKED)
def test_what_comes_gets_its_documented_answer(place, row):
    answer = ASKED[row](place)
    status, kind = ROWS[row]
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:loupe:problem:{kind}"
        assert answer.json()["remedy"]
    if status == 429:
        assert int(answer.headers["retry-after"]) >= 1
