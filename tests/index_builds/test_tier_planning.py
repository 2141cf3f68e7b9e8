"""Tiers of pieces: budgets hold, order does not matter, and what trembles does not move."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index_builds.settings import Budget, PlacementSettings
from index_builds.tier_planning import COLD, HOT, NOWHERE, REASONS, WARM, PieceColumns, plan_pieces

DAY = 20_500
DIMENSION = 8


def columns(rows):
    """Columns of rows that state what differs from an old, sellable, unwanted piece that no plan held."""
    plain = {
        "tier": NOWHERE, "since": DAY - 100, "reason": REASONS.index("live"), "gone": False, "sellable": True,
        "age_days": 400, "demand": 0.0, "touches": 0, "pictures": 1,
    }  # fmt: skip
    types = {
        "tier": np.int8, "since": np.int32, "reason": np.int8, "gone": np.bool_, "sellable": np.bool_,
        "age_days": np.int32, "demand": np.float64, "touches": np.int64, "pictures": np.int64,
    }  # fmt: skip
    named = [row.get("piece_id", f"piece-{number:04d}") for number, row in enumerate(rows)]
    stated = {
        name: np.array([row.get(name, plain[name]) for row in rows], dtype=types[name]) for name in plain
    }
    return PieceColumns(piece_ids=pa.array(named, pa.string()), **stated)


def planned(rows, *, rebalance=True, day=DAY, **settings):
    return plan_pieces(
        columns(rows), PlacementSettings(**settings), day=day, dimension=DIMENSION, rebalance=rebalance
    )


def placed(row, **settings):
    plan = planned([row], **settings)
    return int(plan.tier[0]), REASONS[plan.reason[0]]


@pytest.mark.parametrize(
    ("row", "tier", "reason"),
    [
        ({}, WARM, "live"),
        ({"age_days": 29}, HOT, "new"),
        ({"age_days": 30}, WARM, "live"),
        ({"demand": 2.0}, HOT, "wanted"),
        ({"demand": 1.99}, WARM, "live"),
        ({"touches": 20}, HOT, "wanted"),
        ({"demand": 9.0, "sellable": False}, WARM, "live"),
        ({"gone": True, "age_days": 0, "demand": 9.0}, COLD, "gone"),
        ({"tier": HOT, "demand": 0.5}, HOT, "still_wanted"),
        ({"tier": HOT, "demand": 0.49}, WARM, "live"),
        ({"tier": HOT, "since": DAY - 2}, HOT, "stays"),
        ({"tier": HOT, "since": DAY - 3}, WARM, "live"),
        ({"tier": HOT, "since": DAY - 2, "gone": True}, COLD, "gone"),
        ({"tier": COLD, "reason": REASONS.index("gone"), "since": DAY}, WARM, "live"),
    ],
)
def test_a_piece_earns_its_tier(row, tier, reason):
    assert placed(row) == (tier, reason)


pieces = st.lists(
    st.fixed_dictionaries(
        {
            "tier": st.sampled_from([NOWHERE, HOT, WARM, COLD]),
            "since": st.integers(DAY - 10, DAY),
            "reason": st.integers(0, len(REASONS) - 1),
            "gone": st.booleans(),
            "sellable": st.booleans(),
            "age_days": st.integers(0, 60),
            "demand": st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.9, 2.0, 2.5, 8.0]),
            "touches": st.integers(0, 30),
            "pictures": st.integers(1, 4),
        }
    ),
    min_size=1,
    max_size=40,
)
budgets = st.builds(
    Budget,
    pieces=st.none() | st.integers(0, 20),
    share=st.none() | st.floats(0, 1),
    megabytes=st.none() | st.integers(0, 60).map(lambda vectors: vectors * DIMENSION * 4 / 1e6),
)


def within(budget, chosen, rows):
    held = [row for row, inside in zip(rows, chosen, strict=True) if inside]
    vectors = sum(row["pictures"] for row in held)
    return (
        (budget.pieces is None or len(held) <= budget.pieces)
        and (budget.share is None or len(held) <= budget.share * len(rows))
        and (budget.megabytes is None or vectors * DIMENSION * 4 <= budget.megabytes * 1e6)
    )


@given(rows=pieces, hot=budgets, warm=budgets)
def test_no_budget_is_ever_exceeded_and_the_gone_are_cold_at_once(rows, hot, warm):
    plan = planned(rows, hot_at_most=hot, warm_at_most=warm)
    assert within(hot, plan.tier == HOT, rows)
    assert within(warm, plan.tier == WARM, rows)
    assert (plan.tier[[row["gone"] for row in rows]] == COLD).all()


@given(rows=pieces, hot=budgets, warm=budgets, rebalance=st.booleans(), random=st.randoms())
def test_the_order_of_pieces_does_not_matter(rows, hot, warm, rebalance, random):
    rows = [{**row, "piece_id": f"piece-{number}"} for number, row in enumerate(rows)]
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    stated = {"hot_at_most": hot, "warm_at_most": warm, "rebalance": rebalance}
    one, other = planned(rows, **stated), planned([rows[place] for place in shuffled], **stated)
    assert (one.tier[shuffled] == other.tier).all()
    assert (one.reason[shuffled] == other.reason).all()
    assert (one.since[shuffled] == other.since).all()
    assert one.moves == other.moves


@given(rows=pieces, hot=budgets, warm=budgets, data=st.data())
def test_more_demand_never_makes_a_piece_colder(rows, hot, warm, data):
    chosen = data.draw(st.integers(0, len(rows) - 1))
    more = [dict(row) for row in rows]
    more[chosen]["demand"] += data.draw(st.sampled_from([0.1, 1.0, 5.0]))
    before, after = (planned(one, hot_at_most=hot, warm_at_most=warm) for one in (rows, more))
    assert after.tier[chosen] <= before.tier[chosen]


@given(rows=pieces)
def test_who_has_just_entered_stays_while_there_is_room(rows):
    rows = [{**row, "tier": HOT, "since": DAY - row["since"] % 3} for row in rows]
    plan = planned(rows, min_stay_days=3)
    assert (plan.tier[[not row["gone"] for row in rows]] == HOT).all()


@given(rows=pieces, hot=budgets, warm=budgets)
def test_an_hour_moves_only_what_went_or_came_back(rows, hot, warm):
    plan = planned(rows, rebalance=False, hot_at_most=hot, warm_at_most=warm)
    gone_before = REASONS.index("gone")
    for number, row in enumerate(rows):
        back = row["tier"] == COLD and row["reason"] == gone_before
        if row["tier"] != NOWHERE and not row["gone"] and not back:
            assert (plan.tier[number], plan.since[number]) == (row["tier"], row["since"])
            assert plan.reason[number] == row["reason"]


@given(start=st.sampled_from([HOT, WARM]), demand=st.lists(st.floats(0.5, 1.99), min_size=5, max_size=30))
def test_demand_that_alternates_inside_the_band_moves_nothing(start, demand):
    tier, since = start, DAY - 50
    for number, value in enumerate(demand):
        plan = planned([{"tier": tier, "since": since, "demand": value}], day=DAY + number)
        tier, since = int(plan.tier[0]), int(plan.since[0])
    assert (tier, since) == (start, DAY - 50)


def test_what_does_not_fit_stands_in_the_next_tier_by_demand():
    rows = [{"demand": 3.0 + number} for number in range(6)]
    plan = planned(rows, hot_at_most=Budget(pieces=2), warm_at_most=Budget(pieces=3))
    assert plan.tier.tolist() == [COLD, WARM, WARM, WARM, HOT, HOT]
    assert [REASONS[one] for one in plan.reason] == ["warm_is_full", *["hot_is_full"] * 3, *["wanted"] * 2]


def test_a_challenger_takes_a_full_place_only_when_warmer_by_the_ratio_of_the_marks():
    stated = {"enter_hot": 2.0, "leave_hot": 1.0, "hot_at_most": Budget(pieces=1)}
    holder = {"tier": HOT, "demand": 3.0}
    assert planned([holder, {"tier": WARM, "demand": 5.9}], **stated).tier.tolist() == [HOT, WARM]
    assert planned([holder, {"tier": WARM, "demand": 6.1}], **stated).tier.tolist() == [WARM, HOT]


def test_moves_are_counted_by_tiers_and_reason():
    plan = planned(
        [{"tier": HOT}, {"tier": HOT}, {"tier": WARM, "gone": True}, {"age_days": 1}, {"tier": WARM}]
    )
    counted = {(one.source, one.target, one.reason): one.pieces for one in plan.moves}
    assert counted == {("hot", "warm", "live"): 2, ("warm", "cold", "gone"): 1, (None, "hot", "new"): 1}


def moves_of_sixty_days(**settings):
    """Moves a day, after a start, of 2,000 pieces that are looked at now and then, half-life 14 days."""
    random = np.random.default_rng(3)
    wanted = random.lognormal(mean=-2.7, sigma=0.8, size=2_000)  # events a day; the marks lie in their midst
    demand = wanted / (1 - 0.5 ** (1 / 14))
    tier, since = np.full(2_000, WARM, dtype=np.int8), np.full(2_000, DAY - 99, dtype=np.int32)
    base = columns([{}] * 2_000)
    moves = []
    for day in range(DAY, DAY + 70):
        demand = demand * 0.5 ** (1 / 14) + random.poisson(wanted)
        now = PieceColumns(
            **{name: getattr(base, name) for name in ("piece_ids", "gone", "sellable", "age_days")},
            touches=base.touches, pictures=base.pictures, reason=base.reason,
            tier=tier, since=since, demand=demand,
        )  # fmt: skip
        plan = plan_pieces(now, PlacementSettings(**settings), day=day, dimension=DIMENSION, rebalance=True)
        moves.append(sum(one.pieces for one in plan.moves))
        tier, since = plan.tier, plan.since
    return np.mean(moves[10:])


@pytest.mark.parametrize("budget", [Budget(), Budget(share=0.2)])
def test_sixty_noisy_days_move_far_fewer_pieces_with_hysteresis(budget):
    with_it = moves_of_sixty_days(enter_hot=2.0, leave_hot=0.5, hot_at_most=budget)
    without = moves_of_sixty_days(enter_hot=1.0, leave_hot=1.0, min_stay_days=0, hot_at_most=budget)
    assert 0 < with_it < without / 4
