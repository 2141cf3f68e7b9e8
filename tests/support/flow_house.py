"""A small sample house with settings of its own: what tests of the whole flow work on."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from orchestration.refresh import RefreshOutcome, refresh
from orchestration.settings import Settings, load_settings
from sample_feeds.house import write_house

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class House:
    """A deployment in a folder of its own."""

    root: Path
    config: Path

    @property
    def settings(self) -> Settings:
        """The settings as they stand in the file now."""
        return load_settings(self.config, {})

    @property
    def sample(self) -> Path:
        """The folder of the sample feeds."""
        return self.root / ".loupe" / "sample"

    def run(self) -> RefreshOutcome:
        """Run everything once."""
        return refresh(self.settings, list(self.settings.collections), lambda *_: None)

    def change(self, **values) -> None:
        """Change top-level settings."""
        document = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump({**document, **values}, sort_keys=False))


def make_house(root: Path, *, pieces: int = 16, days: int = 2, **values) -> House:
    """Write the project's own loupe.yaml and a small sample house with small pictures into a folder."""
    document = yaml.safe_load((PROJECT / "loupe.yaml").read_text())
    document["embedding_shards"] = 4
    (root / "loupe.yaml").write_text(yaml.safe_dump({**document, **values}, sort_keys=False))
    house = House(root=root, config=root / "loupe.yaml")
    first_day = house.settings.first_day
    write_house(house.sample, pieces=pieces, days=days, seed=7, first_day=first_day, size_px=256, workers=1)
    return house
