"""Houses that serve: one made by hand, and one that ran for real."""

import pytest
from fastapi.testclient import TestClient
from flow_house import make_house
from served_house import NO_KEYS, standing

from orchestration.served import served_house
from serving.app import create_app
from serving.settings import AccessSettings


@pytest.fixture(scope="package")
def flow(tmp_path_factory):
    """A sample house that ran once, with the shipped encoder."""
    house = make_house(tmp_path_factory.mktemp("served"), pieces=16, days=2)
    assert not house.run().failures
    return house


@pytest.fixture
def real(flow):
    settings = flow.settings
    open_to_all = settings.serving.model_copy(update={"access": AccessSettings.model_validate(NO_KEYS)})
    with TestClient(create_app(served_house(settings), open_to_all)) as client:
        yield client


@pytest.fixture
def made(tmp_path):
    return standing(tmp_path)


@pytest.fixture
def client(made):
    with TestClient(create_app(made.house, made.house.settings)) as client:
        yield client
