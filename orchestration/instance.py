"""Dagster's own home: ``<home>/dagster``, with this project's dagster.yaml in it."""

import shutil
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

SOURCE = Path(__file__).resolve().parent.parent / "dagster.yaml"


def prepare_dagster_home(settings: Settings) -> Path:
    """Create Dagster's home, with a dagster.yaml where it has none; return the folder."""
    home = Path(settings.dagster_home)
    home.mkdir(parents=True, exist_ok=True)
    target = home / "dagster.yaml"
    if not target.is_file():  # one that is there may be a deployment's own
        shutil.copyfile(SOURCE, target)
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance that the UI and the daemon use too, so that runs started here are seen there."""
    return dg.DagsterInstance.from_config(str(prepare_dagster_home(settings)))
