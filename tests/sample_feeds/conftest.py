"""One small sample house that the tests of this room share."""

from datetime import date

import pytest

from sample_feeds.house import write_house

FIRST_DAY = date(2026, 1, 5)


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """A house of 14 pieces and two deliveries per feed; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("sample") / "house"
    write_house(folder, pieces=14, seed=3, drops=2, first_day=FIRST_DAY)
    return folder
