"""What every command shares: where the settings are, and how a result is printed."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from orchestration.settings import Settings, load_settings


@dataclass(kw_only=True)
class Session:
    """One invocation of the command."""

    config: Path | None
    debug: bool

    @cached_property
    def settings(self) -> Settings:
        """The settings, read when first needed."""
        return load_settings(self.config)

    @cached_property
    def console(self) -> Console:
        """Where people read; progress bars are left out when it is no terminal."""
        return Console(highlight=False)

    def chosen(self, collection: str | None) -> str:
        """Return the collection a command is about, checked against the settings."""
        name = collection or self.settings.collection
        self.settings.collection_named(name)
        return name


def session_of(context: typer.Context) -> Session:
    """Return the session that the main command made."""
    return context.find_root().obj


def print_json(value: Any) -> None:
    """Print a result for programs: one JSON document, sorted keys."""
    typer.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str))
