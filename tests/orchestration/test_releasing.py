"""Releasing from the Dagster UI, and what the command line says about what is held."""

from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa
from rich.console import Console
from typer.testing import CliRunner

from catalog.tables import deliveries
from orchestration.cli.main import app
from orchestration.cli.report import print_held
from orchestration.definitions import build_defs
from orchestration.resources import engine_for
from orchestration.summary import summarise


@pytest.fixture
def held(settings):
    """A deployment whose feed ``maison`` holds a delivery, with a reason as long as they are."""
    engine = engine_for(settings.database_url)
    with engine.begin() as connection:
        connection.execute(
            deliveries.insert().values(
                collection="shop", feed="maison", name="2026-01-06.csv", digest="0" * 64, bytes=1,
                delivered_at=datetime(2026, 1, 6, tzinfo=UTC), day="2026-01-06", state="held",
                error="known listings cost 100 times what they did: " + "held, " * 30,
            )
        )  # fmt: skip
    return settings


def state(settings):
    with engine_for(settings.database_url).connect() as connection:
        return connection.execute(sa.select(deliveries.c.state)).scalar_one()


def run(settings, feed):
    return (
        build_defs(settings)
        .resolve_job_def("release_delivery")
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            run_config={"ops": {"release_held": {"config": {"feed": feed}}}},
            raise_on_error=False,
        )
    )


def test_the_job_releases_what_is_held_and_fails_where_nothing_is(held):
    assert run(held, "shop.maison").success
    assert state(held) == "released"
    assert not run(held, "shop.maison").success
    assert not run(held, "shop.nobody").success


def test_the_summary_ends_with_what_is_held_and_how_to_release_it(held, capsys):
    print_held(Console(width=80), summarise(held, ["shop", "archive"]))

    said = capsys.readouterr().out
    assert said.splitlines() == [
        "held: shop.maison: 2026-01-06.csv",
        "  release with: loupe feeds release shop.maison",
    ]


def test_the_list_of_feeds_is_readable_at_80_columns_while_a_delivery_is_held(held):
    config = str(held.home_path.parent / "loupe.yaml")
    result = CliRunner().invoke(app, ["--config", config, "feeds", "list"], env={"COLUMNS": "80"})

    lines = result.output.splitlines()
    assert lines[1].split() == ["shop.maison", "retailer", "shopify_csv", "0", "0", "1"]
    assert any(line.startswith("    2026-01-06.csv: known listings cost 100 times") for line in lines)
