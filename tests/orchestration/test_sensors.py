"""The arrival sensor: a local feed is asked for once it changed and has come to rest."""

import json

import dagster as dg
import pytest

from orchestration.definitions import build_defs


@pytest.fixture
def look(settings):
    """Evaluate the sensor once; return the feeds it asked for."""
    repository = build_defs(settings).get_repository_def()
    sensor = repository.get_sensor_def("feed_arrivals")
    instance = dg.DagsterInstance.ephemeral()
    cursor = None

    def once() -> list[str]:
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
        result = sensor.evaluate_tick(context)
        cursor = result.cursor
        return [request.run_key.split(":")[0] for request in result.run_requests]

    return once


@pytest.fixture
def folder(settings):
    folder = settings.home_path.parent / "feeds" / "maison"
    folder.mkdir(parents=True)
    return folder


def test_a_new_file_is_asked_for_when_it_was_the_same_twice(look, folder):
    assert look() == []
    (folder / "2026-01-05.csv").write_text("half")
    assert look() == []
    (folder / "2026-01-05.csv").write_text("half and the rest")
    assert look() == []
    assert look() == ["shop.maison"]
    assert look() == []


def test_a_second_file_is_a_new_arrival(look, folder):
    (folder / "2026-01-05.csv").write_text("one")
    assert [look(), look()] == [[], ["shop.maison"]]

    (folder / "2026-01-06.csv").write_text("two")
    assert [look(), look(), look()] == [[], ["shop.maison"], []]


def test_hidden_and_missing_files_are_nothing(look, folder):
    (folder / ".part").write_text("x")

    assert [look(), look()] == [[], []]


def test_the_request_goes_to_todays_partition_of_the_feed(settings, folder):
    (folder / "a.csv").write_text("one")
    repository = build_defs(settings).get_repository_def()
    sensor = repository.get_sensor_def("feed_arrivals")
    cursor, results = None, []
    for _ in range(2):
        context = dg.build_sensor_context(
            instance=dg.DagsterInstance.ephemeral(), cursor=cursor, repository_def=repository
        )
        results.append(sensor.evaluate_tick(context))
        cursor = results[-1].cursor

    assert results[0].run_requests == []
    assert "shop.maison" in results[1].run_requests[0].partition_key
    assert json.loads(cursor)["shop.maison"]["asked"]
