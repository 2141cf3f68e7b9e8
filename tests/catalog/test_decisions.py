"""What people decided: it outranks rules, survives a rebuild, and can be taken back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from catalogue_rows import START, listing, put_listings, put_picture

from catalog.decided_joins import settle
from catalog.decisions import Decision, DecisionError, history, in_force, record, take_back
from catalog.demand import DemandSettings, demand_of, update_demand
from catalog.image_ledger import judge_pictures
from catalog.pieces import resolve_pieces
from catalog.searchable import searchable_images
from catalog.tables import events, piece_listings, pieces, price_history, verdicts

RING = "a" * 64


def decide(engine, kind, subject, decision, **changes):
    values = {"who": "anna", "why": "looked at both", "decided_at": START, **changes}
    return record(engine, "shop", kind=kind, subject=subject, decision=decision, **values)


def undo(engine, kind, subject):
    return take_back(engine, "shop", kind=kind, subject=subject, who="ben", why="a mistake", decided_at=START)


def held(engine, kind=None):
    with engine.connect() as connection:
        return {subject: one.decision for subject, one in in_force(connection, "shop", kind).items()}


def test_the_newest_decision_holds_whatever_the_clocks_say(engine):
    decide(engine, "join", ("b:1", "a:1"), "same", decided_at=START + timedelta(days=9))
    decide(engine, "join", ("a:1", "b:1"), "different", decided_at=START)
    decide(engine, "picture", (RING,), "reject")

    assert held(engine) == {("a:1", "b:1"): "different", (RING,): "reject"}
    assert held(engine, "picture") == {(RING,): "reject"}


def test_taking_back_is_an_event_and_leaves_the_subject_undecided(engine):
    decide(engine, "picture", (RING,), "accept")
    decide(engine, "picture", (RING,), "reject")
    undo(engine, "picture", (RING,))

    assert held(engine) == {}
    with engine.connect() as connection:
        log = [(one.decision, one.who) for one in history(connection, "shop")]
    assert log == [("accept", "anna"), ("reject", "anna"), ("undone", "ben")]
    with pytest.raises(DecisionError, match="nothing to take back"):
        undo(engine, "picture", (RING,))


@pytest.mark.parametrize(
    ("kind", "subject", "decision", "changes", "says"),
    [
        ("picture", (RING,), "same", {}, "decided by accept or reject, not by 'same'"),
        ("join", ("a:1", "a:1"), "same", {}, "two different listing ids"),
        ("join", ("a:1",), "same", {}, "two different listing ids"),
        ("contradiction", ("p1",), "none", {}, "a piece id and a field"),
        ("colour", ("p1",), "none", {}, "one of picture, join, contradiction"),
        ("picture", (RING,), "reject", {"why": " "}, "needs to say why"),
        ("picture", (RING,), "reject", {"who": ""}, "needs to say who"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_what_could(engine, kind, subject, decision, changes, says):
    with pytest.raises(DecisionError, match=says):
        decide(engine, kind, subject, decision, **changes)

    assert held(engine) == {}


def joined(number, first, second, decision):
    return Decision(
        decision_id=number, kind="join", subject=(first, second), decision=decision, who="anna", why="seen",
        evidence={}, decided_at=START,
    )  # fmt: skip


PRESENT = {"a:1", "b:1", "c:1", "d:1"}


def test_the_newest_of_decisions_that_cannot_all_hold_win_and_the_other_is_named():
    chain = [joined(1, "a:1", "b:1", "same"), joined(2, "b:1", "c:1", "same")]

    last_apart = settle([*chain, joined(3, "a:1", "c:1", "different")], PRESENT)
    first_apart = settle([joined(0, "a:1", "c:1", "different"), *chain], PRESENT)

    assert [(one.decision.decision_id, one.by) for one in last_apart.overruled] == [(1, (2, 3))]
    assert {(tie.first, tie.second) for tie in last_apart.ties} == {("b:1", "c:1")}
    assert last_apart.apart == (("a:1", "c:1"),)
    assert [(one.decision.decision_id, one.by) for one in first_apart.overruled] == [(0, (1, 2))]
    assert first_apart.apart == ()


def test_a_decision_about_a_listing_that_is_not_there_sleeps_and_overrules_nobody():
    settled = settle([joined(1, "a:1", "b:1", "same"), joined(2, "a:1", "x:1", "different")], PRESENT)

    assert [one.decision_id for one in settled.dormant] == [2]
    assert settled.overruled == ()
    assert len(settled.ties) == 1


def state(engine):
    """Everything that is derived of listings and decisions."""
    with engine.connect() as connection:
        return {
            table.name: sorted(str(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in (pieces, piece_listings, verdicts)
        }


def piece_of(engine):
    with engine.connect() as connection:
        return {row.listing_id: row.piece_id for row in connection.execute(sa.select(piece_listings))}


def forwarded(engine):
    with engine.connect() as connection:
        return {row.piece_id: row.forwarded_to for row in connection.execute(sa.select(pieces))}


def judged(engine, verdict="review", version="1"):
    def judge(measures, kind):
        return verdict, [{"rule": "sharpness", "measured": 0.5, "required": "at least 0.54", "unit": ""}]

    return judge_pictures(engine, "shop", judge, {"maison": "retailer"}, version=version)


def test_a_merge_by_decision_is_undone_without_a_trace(engine):
    put_listings(engine, listing("maison", 1), listing("studio", 2), listing("boutique", 3))
    resolve_pieces(engine, "shop")
    before, was = state(engine), piece_of(engine)

    decide(engine, "join", ("maison:1", "studio:2"), "same")
    report = resolve_pieces(engine, "shop")
    assert piece_of(engine) == {**was, "studio:2": was["maison:1"]}
    assert forwarded(engine)[was["studio:2"]] == was["maison:1"]
    assert report.by_rule == {"decided": 2, "alone": 1}
    assert resolve_pieces(engine, "shop").changed == 0

    undo(engine, "join", ("maison:1", "studio:2"))
    resolve_pieces(engine, "shop")
    assert state(engine) == before


def test_a_piece_of_several_gets_its_old_id_back_though_its_earliest_listing_came_to_it_late(engine):
    # studio:2 was tied to maison:1 first, so the piece that it joined later is named after boutique:3.
    put_listings(
        engine, listing("maison", 1, gtin="1"), listing("studio", 2, gtin="1"), listing("boutique", 3)
    )
    resolve_pieces(engine, "shop")
    put_listings(
        engine,
        listing("maison", 1, gtin="1"),
        listing("studio", 2, gtin="2"),
        listing("boutique", 3, gtin="2"),
    )
    resolve_pieces(engine, "shop")
    was = piece_of(engine)

    decide(engine, "join", ("maison:1", "studio:2"), "same")
    resolve_pieces(engine, "shop")
    assert len(set(piece_of(engine).values())) == 1
    undo(engine, "join", ("maison:1", "studio:2"))
    resolve_pieces(engine, "shop")

    assert piece_of(engine) == was


def test_what_a_person_told_apart_stays_apart_until_they_take_it_back(engine):
    put_listings(engine, listing("maison", 1, gtin="1"), listing("studio", 2, gtin="1"))
    resolve_pieces(engine, "shop")
    was = piece_of(engine)

    decide(engine, "join", ("maison:1", "studio:2"), "different")
    resolve_pieces(engine, "shop")
    apart = piece_of(engine)
    undo(engine, "join", ("maison:1", "studio:2"))
    resolve_pieces(engine, "shop")

    assert apart["maison:1"] == was["maison:1"] != apart["studio:2"]
    assert piece_of(engine) == was
    assert forwarded(engine)[apart["studio:2"]] == was["maison:1"]


def test_derived_tables_that_are_lost_are_built_again_as_they_were(engine):
    rows = [
        listing("maison", 1, gtin="1"), listing("studio", 2, gtin="1"), listing("boutique", 3),
        listing("maison", 4, brand="Nord", mpn="7"), listing("studio", 5, brand="Nord", mpn="7"),
    ]  # fmt: skip
    put_listings(engine, *rows)
    put_picture(engine, RING, ["maison:1"])
    put_picture(engine, "b" * 64, ["maison:1"])
    resolve_pieces(engine, "shop")
    judged(engine)
    decide(engine, "join", ("boutique:3", "studio:2"), "same")
    decide(engine, "join", ("maison:4", "studio:5"), "different")
    decide(engine, "picture", (RING,), "accept")
    resolve_pieces(engine, "shop")
    judged(engine)
    before = state(engine)

    with engine.begin() as connection:
        for table in (pieces, piece_listings, verdicts):
            connection.execute(table.delete())
    resolve_pieces(engine, "shop")
    judged(engine)

    assert state(engine) == before
    assert resolve_pieces(engine, "shop").changed == 0
    undo(engine, "join", ("boutique:3", "studio:2"))
    resolve_pieces(engine, "shop")
    assert set(forwarded(engine).values()) == {None}


def test_a_piece_that_pictures_tie_is_not_taken_for_a_decided_one(engine):
    alike = {"category": "ring", "brand": "Nord", "metal": "gold"}
    put_listings(
        engine, listing("maison", 1, **alike), listing("studio", 2, **alike), listing("boutique", 3),
        listing("maker", 4),
    )  # fmt: skip
    put_picture(engine, RING, ["maison:1", "studio:2"])
    judged(engine)

    decide(engine, "join", ("boutique:3", "maker:4"), "same")
    report = resolve_pieces(engine, "shop")

    assert report.by_rule == {"pictures": 2, "decided": 2}
    # maker:4 would be alone without the decision; studio:2 would not be.
    assert sorted(str(target) for target in forwarded(engine).values() if target) == [
        piece_of(engine)["maker:4"]
    ]


def test_prices_and_searches_go_on_through_a_merge_and_back(engine):
    put_listings(engine, listing("maison", 1), listing("studio", 2))
    put_picture(engine, RING, ["studio:2"])
    judged(engine, "accepted")
    resolve_pieces(engine, "shop")
    was = piece_of(engine)
    with engine.begin() as connection:
        connection.execute(
            price_history.insert().values(
                collection="shop", listing_id="studio:2", valid_from=START, price_minor=100, currency="EUR",
                availability="in_stock", delivery_id=1,
            )
        )  # fmt: skip
        connection.execute(
            events.insert().values(
                collection="shop", piece_id=was["studio:2"], kind="view", occurred_at=START
            )
        )

    def found():
        rows = searchable_images(engine, "shop").rows
        with engine.connect() as connection:
            spans = connection.execute(sa.select(price_history)).all()
        update_demand(engine, "shop", DemandSettings())
        wanted = demand_of(engine, "shop").pieces
        return [(row["listing_id"], row["piece_id"], wanted.get(row["piece_id"])) for row in rows], spans

    alone = found()
    decide(engine, "join", ("maison:1", "studio:2"), "same")
    resolve_pieces(engine, "shop")
    merged = found()
    undo(engine, "join", ("maison:1", "studio:2"))
    resolve_pieces(engine, "shop")

    assert alone[0] == [("studio:2", was["studio:2"], (1.0, 0))]
    assert merged == ([("studio:2", was["maison:1"], (1.0, 0))], alone[1])
    assert found() == alone


def test_a_decision_sleeps_while_its_listing_is_away_and_wakes_with_it(engine):
    both = [listing("maison", 1), listing("studio", 2)]
    put_listings(engine, *both)
    decide(engine, "join", ("maison:1", "studio:2"), "same")
    resolve_pieces(engine, "shop")
    was = piece_of(engine)

    put_listings(engine, both[0], listing("studio", 7))
    away = resolve_pieces(engine, "shop")
    put_listings(engine, *both)
    back = resolve_pieces(engine, "shop")

    assert [one.subject for one in away.dormant] == [("maison:1", "studio:2")]
    assert (away.pieces, back.pieces, back.dormant) == (2, 1, ())
    assert piece_of(engine) == was


def test_decisions_that_cannot_all_hold_are_reported_and_no_error(engine):
    put_listings(engine, listing("maison", 1), listing("studio", 2), listing("boutique", 3))
    decide(engine, "join", ("maison:1", "studio:2"), "same")
    decide(engine, "join", ("studio:2", "boutique:3"), "same")
    decide(engine, "join", ("maison:1", "boutique:3"), "different")

    report = resolve_pieces(engine, "shop")

    [overruled] = report.overruled
    assert overruled.decision.subject == ("maison:1", "studio:2")
    assert report.pieces == 2
    assert piece_of(engine)["studio:2"] == piece_of(engine)["boutique:3"]


def verdict_of(engine, image_id):
    with engine.connect() as connection:
        row = connection.execute(sa.select(verdicts).where(verdicts.c.image_id == image_id)).one()
    return row.verdict, [one["rule"] for one in row.reasons]


def test_a_decided_picture_keeps_its_verdict_whatever_the_rules_become(engine):
    put_listings(engine, listing("maison", 1))
    put_picture(engine, RING, ["maison:1"])
    judged(engine)

    decide(engine, "picture", (RING,), "accept")
    assert judged(engine) == 1
    assert verdict_of(engine, RING) == ("accepted", ["decided"])
    judged(engine, "quarantined", version="2")
    assert verdict_of(engine, RING) == ("accepted", ["decided"])

    decide(engine, "picture", (RING,), "reject")
    judged(engine, "accepted", version="3")
    assert verdict_of(engine, RING) == ("quarantined", ["decided"])

    undo(engine, "picture", (RING,))
    judged(engine, "accepted", version="3")
    assert verdict_of(engine, RING) == ("accepted", ["sharpness"])
    assert judged(engine, "accepted", version="3") == 0


def test_bytes_that_show_nothing_stay_out_whatever_anybody_decided(engine):
    put_listings(engine, listing("maison", 1))
    put_picture(engine, RING, ["maison:1"], unreadable="truncated", unreadable_message="half a picture")
    decide(engine, "picture", (RING,), "accept")

    judged(engine)

    assert verdict_of(engine, RING) == ("rejected", ["truncated"])
