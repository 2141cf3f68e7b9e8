"""One line per request that names it and not what was asked; spans, where they are wanted."""

import io
import json
import logging
import logging.config
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from flow_house import PROJECT
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from served_house import standing

from serving.app import create_app
from serving.observing.logs import JsonLines
from serving.observing.traces import Tracing
from serving.settings import TraceSettings


@pytest.fixture
def lines():
    """Return the JSON lines that were written since."""
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel("INFO")

    def written():
        read = [json.loads(line) for line in sink.getvalue().splitlines()]
        return [line for line in read if not line["logger"].startswith("httpx")]  # the test's own client

    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def of_requests(lines):
    return [line for line in lines() if line["logger"] == "serving.observing.logs"]


def test_a_request_has_a_line_that_says_nothing_of_what_was_asked(client, lines):
    answer = client.get(
        "/v1/search/text", params={"q": "gold secretword"}, headers={"x-request-id": "from-the-proxy.7"}
    )
    client.post("/v1/search/hybrid", json={"words": ["gold secretword"]})
    client.post("/v1/search/image", files={"pictures": ("secretword.png", b"secretword")})
    client.get("/v1/search/text", params={"q": "secretword"})
    client.get("/", params={"q": "secretword"})
    (line, *others) = of_requests(lines)

    assert answer.headers["x-request-id"] == line["request_id"] == "from-the-proxy.7"
    assert line["route"] == line["path"] == "/v1/search/text"
    assert (line["method"], line["status"], line["client"]) == ("GET", 200, "anonymous")
    assert line["bytes"] == len(answer.content)
    assert line["ms"] > 0
    assert [one["status"] for one in others] == [200, 422, 400, 400]
    assert "secretword" not in json.dumps(lines())


@pytest.mark.parametrize("stated", ["", "a b", "x" * 65, "a\u00e9"])
def test_an_id_that_could_forge_a_line_is_replaced(client, stated):
    answer = client.get("/healthz", headers={"x-request-id": stated.encode("latin-1")})
    assert answer.headers["x-request-id"] != stated
    assert len(answer.headers["x-request-id"]) == 32


def test_what_a_thread_logs_and_what_fails_belong_to_their_request(made, lines):
    def broken(*_, **__):
        logging.getLogger("serving.test").warning("in the thread")
        raise RuntimeError("nobody foresaw this")

    with TestClient(create_app(made.house, made.house.settings), raise_server_exceptions=False) as client:

        async def fail():
            await made.house.pool.do(broken)

        client.app.add_api_route("/broken", fail)
        answer = client.get("/broken", headers={"x-request-id": "abc"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "abc"
    said = {line["message"]: line for line in lines()}
    assert said["in the thread"]["request_id"] == "abc"
    failed = said["GET /broken failed"]
    assert "nobody foresaw this" in failed["trace"]
    assert next(line for line in of_requests(lines))["status"] == 500


def test_requests_need_not_have_lines(tmp_path, lines):
    house = standing(tmp_path, log_requests=False).house
    with TestClient(create_app(house, house.settings)) as client:
        assert client.get("/healthz").headers["x-request-id"]
    assert of_requests(lines) == []


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_process_writes_every_record_in_one_form(form):
    script = (
        "import logging, logging.config, sys; from serving.observing.logs import logging_config;"
        f"logging.config.dictConfig(logging_config({form!r}, 'info'));"
        "logging.getLogger('uvicorn.error').info('started %d', 3);"
        "logging.getLogger('serving.x').info('two\\nlines')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": str(PROJECT)}
    )
    written = done.stderr.splitlines()
    if form == "json":
        assert [json.loads(line)["message"] for line in written] == ["started 3", "two\nlines"]
    else:
        assert "uvicorn.error: started 3" in written[0]


def test_a_request_is_a_span_with_its_stages_and_belongs_to_its_callers_trace(made):
    exporter = InMemorySpanExporter()
    tracing = Tracing(TraceSettings(endpoint="http://unused"), exporter)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with TestClient(create_app(made.house, made.house.settings, tracing=tracing)) as client:
        client.get("/v1/search/text", params={"q": "gold secretword"}, headers={"traceparent": parent})
        client.get("/v1/pieces/none")
        spans = exporter.get_finished_spans()
    (request,) = [one for one in spans if one.name == "GET /v1/search/text"]
    stages = [one for one in spans if one.parent and one.parent.span_id == request.context.span_id]

    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {one.name for one in stages} == {"encode", "search", "rank", "write"}
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["http.route"] == "/v1/search/text"
    assert [
        one.attributes["http.response.status_code"] for one in spans if one.name.endswith("{piece_id}")
    ] == [404]
    assert "secretword" not in str([one.to_json() for one in spans])


def test_without_the_setting_opentelemetry_is_not_imported():
    script = (
        "import sys; import serving.app;"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": str(PROJECT)}
    )
    assert done.stdout.strip() == "[]"
