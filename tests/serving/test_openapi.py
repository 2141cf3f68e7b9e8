"""Whatever the OpenAPI document allows, and much that it does not: no answer is a failure of the server."""

import os

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from served_house import standing

from serving.app import create_app

EXAMPLES = int(os.environ.get("LOUPE_TEST_EXAMPLES", "20"))  # per operation and mode; more find more, by hand
SEED = int(os.environ.get("LOUPE_TEST_SEED", "1"))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    house = standing(tmp_path_factory.mktemp("openapi")).house
    with TestClient(create_app(house, house.settings), raise_server_exceptions=False) as client:
        yield client


def _bytes(part):
    """Return a part of a form as bytes go over the wire, whatever it was generated as."""
    return part if part is None or isinstance(part, str | bytes) else str(part).encode()


def asked_with(served, case):
    sent = case.as_transport_kwargs(base_url="http://testserver")
    sent.pop("cookies", None)
    if isinstance(sent.get("data"), str | bytes):
        sent["content"] = sent.pop("data")
    if sent.get("files"):
        sent["files"] = [(name, tuple(_bytes(part) for part in parts)) for name, parts in sent["files"]]
    return served.request(**sent)


def ask(served, operation, mode):
    """Ask an operation some questions; each answer is one of those that it documents, and no failure."""
    documented = {int(status) for status in operation.definition.raw["responses"]}

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        answer = asked_with(served, case)
        assert answer.status_code < 500, answer.text
        assert answer.status_code in documented, answer.text

    check()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_makes_the_server_fail_or_answer_what_is_not_documented(served, mode, subtests):
    document = schemathesis.openapi.from_dict(served.get("/openapi.json").json())
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not [*operation.iter_parameters(), *operation.body]:
            continue  # there is nothing to get wrong
        with subtests.test(operation=operation.label):
            ask(served, operation, mode)
