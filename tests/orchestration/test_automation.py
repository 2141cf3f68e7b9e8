"""Automation, tick by tick: stand-in assets with the deployment's own partitions, edges and conditions."""

from collections import defaultdict

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.graph import places
from orchestration.partitions import Partitions, feed_day_key

FEED_ASSETS = ("listings",)
FOLLOWING = (
    "images", "picture_relations", "image_verdicts", "pieces", "trends", "renditions", "searchable_images",
    "image_embeddings", "channel_vectors", "join_proposals", "piece_attributes", "index_snapshot",
    "promoted_index",
)  # fmt: skip


class Deployment:
    """The deployment's graph with every body replaced: it reports a version, or fails when told to."""

    def __init__(self, settings) -> None:
        self.partitions = Partitions(settings)
        self.versions: dict[str, str] = defaultdict(lambda: "1")
        self.broken: set[str] = set()
        self.recall_holds = True
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor = None
        real = build_defs(settings).resolve_asset_graph()
        table = places(self.partitions)
        self.assets = [self._stand_in(name, real, table[name]) for name in (*FEED_ASSETS, *FOLLOWING)]

        @dg.asset_check(asset="index_snapshot", blocking=True)
        def recall_holds() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=self.recall_holds)

        self.check = recall_holds
        self.definitions = dg.Definitions(assets=self.assets, asset_checks=[recall_holds])

    def _stand_in(self, name, real, place):
        @dg.asset(
            name=name,
            partitions_def=place.partitions,
            automation_condition=place.automation,
            backfill_policy=real.get(dg.AssetKey(name)).backfill_policy,
            deps=[
                dg.AssetDep(
                    parent,
                    partition_mapping=None
                    if real.get(parent).partitions_def == place.partitions
                    else dg.AllPartitionMapping(),
                )
                for parent in real.get(dg.AssetKey(name)).parent_keys
                if parent.to_user_string() in (*FEED_ASSETS, *FOLLOWING)
            ],
        )
        def stand_in():
            if name in self.broken:
                raise ValueError(name)
            return dg.MaterializeResult(data_version=dg.DataVersion(self.versions[name]))

        return stand_in

    def deliver(self, version: str, day: str = "2026-01-05") -> None:
        """Materialize a feed's listings with this version, as the hourly run does."""
        self.versions["listings"] = version
        key = feed_day_key("shop.maison", day)
        dg.materialize(self.assets, selection=["listings"], partition_key=key, instance=self.instance)

    def tick(self) -> list[str]:
        """Evaluate every condition once, run what was asked for, and return its names in the flow's order."""
        result = dg.evaluate_automation_conditions(
            self.definitions, instance=self.instance, cursor=self.cursor
        )
        self.cursor = result.cursor
        by_partition = defaultdict(list)
        for asset in self.assets:
            for partition in (
                result.get_requested_partitions(asset.key) if result.get_num_requested(asset.key) else ()
            ):
                by_partition[partition].append(asset.key.to_user_string())
        for partition, names in by_partition.items():
            checked = {"recall_holds"} if "index_snapshot" in names else set()
            selection = dg.AssetSelection.assets(*names)
            if not checked:
                selection = selection.without_checks()
            dg.materialize(
                [*self.assets, self.check],
                selection=selection,
                partition_key=partition,
                instance=self.instance,
                raise_on_error=False,
            )
        asked = {name for names in by_partition.values() for name in names}
        return [name for name in FOLLOWING if name in asked]

    def ticks(self, count: int) -> list[list[str]]:
        """Return what each of ``count`` ticks asked for."""
        return [self.tick() for _ in range(count)]


CATALOGUE = [
    "images", "picture_relations", "image_verdicts", "pieces", "trends", "renditions", "searchable_images",
]  # fmt: skip


@pytest.fixture
def deployment(settings):
    deployment = Deployment(settings)
    deployment.tick()
    deployment.deliver("1")
    deployment.ticks(6)
    return deployment


def test_a_first_delivery_is_followed_to_promotion(settings):
    deployment = Deployment(settings)
    deployment.tick()
    deployment.deliver("1")

    asked = [names for names in deployment.ticks(8) if names]

    built = ["join_proposals", "piece_attributes", "index_snapshot"]
    assert asked[:3] == [CATALOGUE, ["image_embeddings", "channel_vectors"], built] or asked[:3] == [
        CATALOGUE,
        ["image_embeddings", "channel_vectors"],
        [*built, "promoted_index"],
    ]
    assert sum(names.count("promoted_index") for names in asked) == 1


def test_an_hourly_run_that_found_nothing_new_asks_for_nothing(deployment):
    deployment.deliver("1")

    assert deployment.ticks(4) == [[], [], [], []]


def test_a_new_price_rebuilds_the_index(deployment):
    deployment.versions["searchable_images"] = "2"
    deployment.deliver("2")

    asked = [name for names in deployment.ticks(8) for name in names]

    assert asked.count("index_snapshot") == 1
    assert asked.count("promoted_index") == 1


@pytest.mark.parametrize(
    "broken",
    ["pieces", "images", "image_embeddings", "channel_vectors", "index_snapshot", "promoted_index"],
)
def test_a_broken_asset_is_asked_for_once_per_change(deployment, broken):
    deployment.broken.add(broken)
    for version in ("2", "3"):
        deployment.versions["searchable_images"] = version
        deployment.deliver(version)

        asked = [name for names in deployment.ticks(12) for name in names]

        assert asked.count(broken) == 1


def test_a_snapshot_that_failed_its_check_is_not_promoted_by_a_later_tick(deployment):
    deployment.recall_holds = False
    deployment.versions["searchable_images"] = "2"
    deployment.deliver("2")

    asked = [name for names in deployment.ticks(8) for name in names]
    promoted = deployment.instance.get_latest_materialization_event(dg.AssetKey("promoted_index"))
    built = deployment.instance.get_latest_materialization_event(dg.AssetKey("index_snapshot"))

    assert asked.count("index_snapshot") == 1
    assert promoted is not None
    assert built is not None
    assert promoted.timestamp < built.timestamp
