"""Searches and events in a deployment: measured by the asset, forgotten by retention, shown, erased."""

import json
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from catalog.events.pseudonyms import EventPseudonyms
from catalog.events.writing import Event, ShownPage, add_counts, write_events, write_pages
from catalog.tables import event_counts, events, searches
from index_builds.service_recall import HourlyRecall, hour_text
from index_builds.service_records import write_shadow_recall
from index_builds.tables import shadow_recall
from orchestration.cli.main import app
from orchestration.definitions import build_defs
from orchestration.resources import engine_for

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = datetime(2026, 2, 10, 5, 10, tzinfo=UTC)
KEY = "a-key-of-sixteen-bytes"


def id_of(number):
    return f"00000000-0000-7000-8000-{number:012d}"


@pytest.fixture
def engine(settings):
    opened = engine_for(settings.database_url)
    with opened.begin() as connection:
        write_pages(
            connection,
            [
                ShownPage(
                    search_id=id_of(number), first_position=0, collection="shop", kind="text",
                    snapshot_id="00000001-a", asked_at=START + timedelta(days=number % 2), filtered=False,
                    pieces=() if number == 9 else ("p1", "p2"), latency_ms=4.0,
                )
                for number in range(10)
            ],
        )  # fmt: skip
        write_events(
            connection,
            [
                Event(
                    collection="shop", piece_id="p2", kind="click", occurred_at=START, search_id=id_of(0),
                    after_search_ms=7_000,
                )
            ],
        )  # fmt: skip
    return opened


@pytest.fixture
def loupe(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(tmp_path / "loupe.yaml"), "events", *arguments])

    return run


def measured(settings):
    return (
        build_defs(settings)
        .resolve_job_def("catalogue")
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            partition_key="shop",
            asset_selection=[dg.AssetKey("search_quality")],
        )
    )


def test_the_asset_measures_draws_a_table_and_its_checks_speak(settings, engine):
    result = measured(settings)
    (made,) = result.asset_materializations_for_node("search_quality")
    checks = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}

    assert result.success
    assert checks == {"searches_find_something": True, "newer_snapshot_is_clicked_as_much": True}
    assert made.metadata["latest_day"].value == "2026-01-06"
    assert made.metadata["searches/text"].value == 5
    assert made.metadata["zero_result_rate/text"].value == 0.2
    assert "| 2026-01-05 | text | `00000001-a` | 5 | 0.2000 | 0.1000 |" in made.metadata["quality"].value
    assert "| 2 | 9 | 1 | 0.1111 |" in made.metadata["clicks_by_position"].value
    (again,) = measured(settings).asset_materializations_for_node("search_quality")
    assert again.metadata["days_changed"].value == 0


def test_without_searches_the_asset_says_so(settings):
    (made,) = measured(settings).asset_materializations_for_node("search_quality")
    assert made.metadata["quality"].value == "no search was recorded"


def test_nightly_retention_makes_events_counts_and_forgets_searches_and_shadow_recall(settings, engine):
    for day in (START, NOW):
        hour = HourlyRecall(
            hour=hour_text(day), snapshot_id="00000001-a", channel="visual", queries=5, found=50, possible=50
        )
        write_shadow_recall(engine, "shop", [hour])
    definitions = build_defs(settings)
    result = definitions.resolve_job_def("retention").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), resources={**definitions.resources, "clock": lambda: NOW}
    )
    assert result.success
    with engine.connect() as connection:
        assert connection.execute(sa.select(events)).all() == []
        assert connection.execute(sa.select(searches)).all() == []
        assert connection.execute(sa.select(shadow_recall.c.hour)).scalars().all() == [hour_text(NOW)]
        assert connection.execute(sa.select(event_counts)).all() == [("shop", "2026-01-05", "p2", "click", 1)]


def test_what_was_recorded_is_shown_for_people_and_programs(settings, engine, loupe):
    with engine.begin() as connection:
        add_counts(connection, {("shop", "2026-01-05", "p1", "found"): 40})
    shown = loupe("show")
    document = json.loads(loupe("show", "--json").output)
    nothing = loupe("show", "-c", "archive")

    assert shown.exit_code == nothing.exit_code == 0
    assert "shop: 1 click, 40 found" in shown.output
    assert "10 searches are kept" in shown.output
    assert document["kinds"] == {"click": 1, "found": 40}
    assert "no event was recorded" in nothing.output


def test_measures_are_printed_as_the_night_left_them(settings, engine, loupe):
    assert "no search of shop was measured" in loupe("quality").output
    measured(settings)
    lines = [line.split() for line in loupe("quality").output.splitlines()]
    (first, second) = json.loads(loupe("quality", "--json").output)

    assert ["2026-01-05", "text", "00000001-a", "5", "0.200", "0.100", "0.000", "7.0"] in lines
    assert (first["day"], first["zero_result_rate"]) == ("2026-01-06", 0.2)
    assert (second["click_through"], second["seconds_to_click"]) == (0.2, 7.0)
    assert len(json.loads(loupe("quality", "--days", "1", "--json").output)) == 1


def test_a_client_is_erased_by_the_name_that_only_senders_know(settings, engine, loupe, monkeypatch):
    monkeypatch.setenv("LOUPE_EVENTS__PSEUDONYM_KEY", KEY)
    known = EventPseudonyms(engine, KEY.encode())
    alice = known.of("client", "alice", date(2026, 1, 5))
    visit = known.of("session", "visit", date(2026, 1, 5))
    with engine.begin() as connection:
        write_events(
            connection,
            [
                Event(
                    collection=collection, piece_id="p1", kind="view", occurred_at=START, client=client,
                    session=session,
                )
                for collection, client, session in (
                    ("shop", alice, None), ("archive", alice, None), ("shop", None, visit),
                    ("shop", "p-x", None),
                )
            ],
        )  # fmt: skip

    assert json.loads(loupe("erase", "--client", "alice", "--json").output) == {"erased": 2}
    assert "erased 1 events" in loupe("erase", "--session", "visit").output
    assert json.loads(loupe("erase", "--pseudonym", "p-x", "--json").output) == {"erased": 1}
    assert json.loads(loupe("erase", "--client", "alice", "--json").output) == {"erased": 0}
    refused = loupe("erase", "--client", "alice", "--session", "visit")
    assert refused.exit_code == 2
    assert "name one of" in refused.output
