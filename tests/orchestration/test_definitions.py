"""The deployment's definitions: what they load, what they contain, and that they agree with each other."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg

from orchestration.definitions import build_defs
from orchestration.graph import places
from orchestration.partitions import Partitions


def test_loading_definitions_imports_no_heavy_library(settings):
    script = """
import json, sys
from orchestration.definitions import build_defs
from orchestration.settings import load_settings
from pathlib import Path
build_defs(load_settings(Path(sys.argv[1]))).resolve_all_job_defs()
heavy = ("torch", "torchvision", "open_clip", "faiss", "great_expectations")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    config = str(settings.home_path.parent / "loupe.yaml")
    done = subprocess.run([sys.executable, "-c", script, config], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_graph_is_as_recorded(settings, snapshot):
    graph = build_defs(settings).resolve_asset_graph()
    drawn = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        drawn[key.to_user_string()] = {
            "group": node.group_name,
            "from": sorted(parent.to_user_string() for parent in node.parent_keys),
            "kinds": sorted(node.kinds),
            "owners": list(node.owners),
            "partitions": type(node.partitions_def).__name__,
            "automation": node.automation_condition and node.automation_condition.get_label(),
            "checks": sorted(check.name for check in node.check_keys),
            "pools": sorted(node.pools or []),
            "described": bool(node.description),
        }

    assert drawn == snapshot


def test_every_asset_has_a_place_an_owner_and_a_description(settings):
    graph = build_defs(settings).resolve_asset_graph()

    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(places(Partitions(settings)))
    assert all(graph.get(key).description and graph.get(key).owners for key in graph.get_all_asset_keys())


def test_schedules_and_sensors_run_from_the_start(settings):
    repository = build_defs(settings).get_repository_def()

    assert {one.default_status for one in repository.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}
    assert {one.default_status for one in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}
    assert {one.name for one in repository.sensor_defs} == {"feed_arrivals", "follow_changes"}


def test_a_password_is_not_shown(settings):
    secret = settings.model_copy(update={"database_url": "postgresql://loupe:hidden@db/loupe"})

    shown = repr(
        [one.description for one in build_defs(secret).resources.values() if hasattr(one, "description")]
    )

    assert "hidden" not in shown
    assert "db/loupe" in shown


def test_every_schedule_asks_for_runs_that_its_job_can_make(settings):
    repository = build_defs(settings).get_repository_def()
    moment = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
    asked = {}
    for schedule in repository.schedule_defs:
        context = dg.build_schedule_context(
            instance=dg.DagsterInstance.ephemeral(),
            scheduled_execution_time=moment,
            repository_def=repository,
            resources=build_defs(settings).resources,
        )
        asked[schedule.name] = [
            request.partition_key for request in schedule.evaluate_tick(context).run_requests
        ]

    assert {name: len(requests) for name, requests in asked.items()} == {
        "hourly_refresh": 3,
        "nightly_catalogue": 2,
        "nightly_embedding": 1,
        "nightly_index": 2,
        "nightly_retention": 1,
    }
    assert asked["nightly_index"] == ["shop", "archive"]
    assert "2026-11-21" in asked["hourly_refresh"][0]
