"""Which index a tier gets: pure rules."""

import pytest

from index_builds.plans import plan_tier
from index_builds.settings import GateSettings, IndexSettings, TierSettings


@pytest.mark.parametrize(
    ("tier", "count", "dimension", "factory"),
    [
        ("hot", 20_000, 192, "Flat"),
        ("hot", 20_001, 192, "RR192,IVF512,RaBitQ,Refine(SQfp16)"),
        ("hot", 8_192, 512, "Flat"),
        ("hot", 8_193, 512, "RR512,IVF128,RaBitQ,Refine(SQfp16)"),  # 16 MiB are compared, more are not
        ("warm", 8_192, 512, "Flat"),
        ("cold", 8_192, 512, "Flat"),
        ("cold", 20_000, 512, "RR512,IVF512,RaBitQ,Refine(SQ8)"),
        ("hot", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQfp16)"),
        ("hot", 200_000, 64, "IVF2048,SQfp16"),  # too few dimensions for a bit each
        ("warm", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQfp16)"),
        ("cold", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQ8)"),
    ],
)
def test_a_plan_follows_size_dimension_and_budget(tier, count, dimension, factory):
    plan = plan_tier(tier, count, dimension, TierSettings())
    assert plan.factory == factory
    assert plan.exact == (plan.factory == "Flat")
    if not plan.exact:
        assert plan.resident_fraction <= TierSettings().plan(tier).memory_fraction


def test_every_list_has_vectors_to_train_on():
    for count in (40, 100, 1_000, 20_001, 1_000_000):
        settings = TierSettings.model_validate({"warm": {"exact_below": 0, "memory_fraction": 0.25}})
        plan = plan_tier("warm", count, 64, settings)
        lists = int(plan.factory.removeprefix("IVF").split(",")[0])
        assert count >= 39 * lists
        assert plan.grid[-1] == {"nprobe": lists}


def test_an_empty_tier_gets_no_plan():
    with pytest.raises(ValueError, match="hot has 0 vectors"):
        plan_tier("hot", 0, 512, TierSettings())


def test_settings_refuse_wrong_keys_and_targets_below_the_floors():
    with pytest.raises(ValueError, match="margins"):
        GateSettings.model_validate({"margins": 1})
    with pytest.raises(ValueError, match=r"tiers\.hot\.target_recall 0\.5 is below"):
        IndexSettings.model_validate({"tiers": {"hot": {"target_recall": 0.5}}})
