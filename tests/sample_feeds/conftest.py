"""One small sample house that the tests of this room share."""

from datetime import date

import pytest
from PIL import Image

from sample_feeds import pictures
from sample_feeds.faults import jpeg_bytes, spoilt
from sample_feeds.house import write_house

FIRST_DAY = date(2026, 1, 5)


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """A house of 14 pieces and four days; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("sample") / "house"
    write_house(folder, pieces=14, seed=3, days=4, first_day=FIRST_DAY, size_px=192, workers=1)
    return folder


@pytest.fixture
def flat_pictures(monkeypatch):
    """Plain squares in place of photographs, for tests of everything else; a list of the files made."""
    made = []

    def flat(task):
        made.append((task.feed, task.file))
        square = Image.new("RGB", (task.size_px, task.size_px), (task.seed % 256, task.seed // 256 % 256, 90))
        return (spoilt(task.fault, square) if task.fault else jpeg_bytes(square)), []

    monkeypatch.setattr(pictures, "picture_bytes", flat)
    return made
