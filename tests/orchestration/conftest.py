"""Settings of a small deployment that is loaded and never run."""

import pytest

from orchestration.settings import load_settings

TEXT = """\
encoder:
  model: tiny.json
  seed: 7
embedding_shards: 4
collections:
  shop:
    feeds:
      - {name: maison, kind: retailer, format: shopify_csv, location: feeds/maison}
      - {name: atelier, kind: community, format: images, location: feeds/atelier}
  archive:
    feeds:
      - {name: scans, kind: community, format: images, location: feeds/scans}
"""


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "tiny.json").write_text("{}")
    (tmp_path / "loupe.yaml").write_text(TEXT)
    return load_settings(tmp_path / "loupe.yaml", {})
