"""The house that serving answers from, built from the settings; and the application that uvicorn starts."""

from typing import TYPE_CHECKING

from orchestration.resources import encoder_loader, engine_for, open_objects, snapshot_store, utc_now
from orchestration.settings import Settings, load_settings
from serving.house import ServedHouse

if TYPE_CHECKING:
    from fastapi import FastAPI


def served_house(settings: Settings) -> ServedHouse:
    """Return everything that answers are made of."""
    from pathlib import Path

    return ServedHouse(
        labels={name: values.label for name, values in settings.collections.items()},
        feeds={name: values.feeds for name, values in settings.collections.items()},
        default_collection=settings.collection,
        store=snapshot_store(settings),
        engine=engine_for(settings.database_url),
        objects=open_objects(settings),
        encoder=encoder_loader(settings),
        settings=settings.serving,
        copies=Path(settings.serving.copies),
        events=settings.events,
        clock=utc_now,
    )


def build_app() -> "FastAPI":
    """Return the application of the settings that ``LOUPE_CONFIG`` names: every worker process calls it."""
    from serving.app import create_app

    settings = load_settings()
    return create_app(served_house(settings), settings.serving)
