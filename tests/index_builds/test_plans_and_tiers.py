"""Which tier, and which index: pure rules."""

import pytest

from index_builds.plans import plan_tier
from index_builds.settings import GateSettings, IndexSettings, TierSettings
from index_builds.tiers import ListingFacts, place_image


def facts(**changed):
    stated = {"availability": "in_stock", "withdrawn": False, "first_seen_days": 90, "recently_viewed": False}
    return ListingFacts(**(stated | changed))


@pytest.mark.parametrize(
    ("listing", "tier"),
    [
        (facts(), "warm"),
        (facts(first_seen_days=29), "hot"),
        (facts(first_seen_days=30), "warm"),
        (facts(recently_viewed=True), "hot"),
        (facts(recently_viewed=True, availability="out_of_stock"), "warm"),
        (facts(availability="discontinued", first_seen_days=0), "cold"),
        (facts(withdrawn=True, first_seen_days=0, recently_viewed=True), "cold"),
    ],
)
def test_a_listing_earns_its_tier_from_facts_alone(listing, tier):
    placed = place_image([listing], new_days=30)
    assert placed.tier == tier
    assert placed.reason


def test_an_image_has_the_hottest_tier_of_its_listings():
    assert place_image([facts(withdrawn=True), facts(), facts(first_seen_days=1)], new_days=30).tier == "hot"
    assert place_image([], new_days=30).tier == "cold"


@pytest.mark.parametrize(
    ("tier", "count", "dimension", "factory"),
    [
        ("hot", 20_000, 512, "Flat"),
        ("warm", 20_000, 512, "SQfp16"),
        ("cold", 20_000, 512, "SQ8"),
        ("warm", 500, 512, "Flat"),  # too small for codes to save anything
        ("hot", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQfp16)"),
        ("hot", 200_000, 64, "IVF2048,SQfp16"),  # too few dimensions for a bit each
        ("warm", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQfp16)"),
        ("cold", 200_000, 512, "RR512,IVF2048,RaBitQ,Refine(SQ8)"),
    ],
)
def test_a_plan_follows_size_dimension_and_budget(tier, count, dimension, factory):
    plan = plan_tier(tier, count, dimension, TierSettings())
    assert plan.factory == factory
    assert plan.exact == (count <= 20_000)
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
