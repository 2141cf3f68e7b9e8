"""Houses to run the whole flow in."""

import pytest
from flow_house import House, make_house


@pytest.fixture
def house(tmp_path) -> House:
    """A house that nothing has run in."""
    return make_house(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> House:
    """A house that has run once; tests of one module share it and leave it as it is."""
    house = make_house(tmp_path_factory.mktemp("house"))
    outcome = house.run()
    assert outcome.failures == []
    return house
