"""A small sample house whose pictures the rules are held against."""

from datetime import date

import pytest

from sample_feeds.house import write_house


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """A house of 12 pieces with every planted fault; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("sample") / "house"
    write_house(folder, pieces=12, seed=5, days=1, first_day=date(2026, 1, 5), size_px=512, workers=1)
    return folder
