"""The review queue: what waits, in which order, and how a person answers."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from catalogue_rows import START, listing, put_listings, put_picture

from catalog.decisions import DecisionError
from catalog.image_ledger import judge_pictures
from catalog.pieces import resolve_pieces
from catalog.review import queue
from catalog.review.standing import standings
from catalog.tables import decisions, join_proposals, verdicts

BLURRED, GOOD, BROKEN = "a" * 64, "b" * 64, "c" * 64
FINDING = {"rule": "sharpness", "measured": 0.5, "required": "at least 0.54", "unit": ""}


@pytest.fixture
def shop(engine):
    """Two pictures in review, one broken; maison:1 has no other picture; one contradiction."""
    put_listings(
        engine,
        listing("maison", 1, gtin="1", metal="gold"),
        listing("studio", 2, gtin="1", metal="silver"),
        listing("boutique", 3),
        listing("people", 4, withdrawn_at=START),
    )
    put_picture(engine, BLURRED, ["maison:1", "people:4"])
    put_picture(engine, "d" * 64, ["studio:2", "boutique:3"])
    put_picture(engine, GOOD, ["studio:2", "boutique:3"], measures={"sharpness": 9.0})
    put_picture(engine, BROKEN, ["boutique:3"], unreadable="truncated", unreadable_message="half a picture")
    rebuild(engine)
    return engine


def rebuild(engine, version="1"):
    def judge(measures, kind):
        return ("accepted", []) if measures["sharpness"] > 5 else ("review", [FINDING])

    resolve_pieces(engine, "shop")
    return judge_pictures(engine, "shop", judge, {"maison": "retailer"}, version=version)


def answer(engine, given, decision, why="looked"):
    return queue.decide(engine, "shop", given, decision, who="anna", why=why, decided_at=START)


def undo(engine, given):
    return queue.undo(engine, "shop", given, who="ben", why="a mistake", decided_at=START)


def ids(engine, *kinds):
    return [item.item_id for item in queue.waiting(engine, "shop", kinds)]


def verdict_of(engine, image_id):
    with engine.connect() as connection:
        row = connection.execute(sa.select(verdicts).where(verdicts.c.image_id == image_id)).one()
    return row.verdict


def test_what_keeps_listings_out_of_search_comes_first_with_its_evidence(shop):
    first, second, third = queue.waiting(shop, "shop")

    assert first.subject == (BLURRED,)
    assert (first.listings_out, first.live_listings) == (1, 1)
    assert (second.subject, second.listings_out, second.live_listings) == (("d" * 64,), 0, 2)
    assert third.kind == "contradiction"
    assert first.evidence["findings"] == [FINDING]
    assert first.evidence["shown_by"] == {"maison:1": "Piece 1 of maison", "people:4": "Piece 4 of people"}
    assert first.since == START + timedelta(days=1)
    assert third.question == "metal of Piece 1 of maison: maison gold / studio silver"
    assert third.options == ("maison:1", "studio:2", "maison", "studio", "none")
    for item in (first, second, third):
        json.dumps(item.evidence)
    assert [item.kind for item in queue.waiting(shop, "shop", ["contradiction"])] == ["contradiction"]


def test_an_answered_question_leaves_the_list_and_holds_from_the_next_run_on(shop):
    before = ids(shop)

    item, decided = answer(shop, "picture-aaaaaaaaaa", "accept", why="the band is meant to be soft")

    assert ids(shop) == [one for one in before if one != item.item_id]
    assert decided.evidence["findings"] == [FINDING]
    assert verdict_of(shop, BLURRED) == "review"
    rebuild(shop)
    assert verdict_of(shop, BLURRED) == "accepted"
    undo(shop, item.item_id)
    rebuild(shop)
    assert ids(shop) == before


def test_a_second_thought_keeps_what_the_rules_had_said(shop):
    answer(shop, BLURRED, "accept")
    rebuild(shop)

    _, decided = answer(shop, "picture-aaaa", "reject")
    rebuild(shop)

    assert decided.evidence["findings"] == [FINDING]
    assert decided.evidence["verdict"] == "review"
    assert verdict_of(shop, BLURRED) == "quarantined"


def test_an_accepted_picture_can_be_named_and_rejected(shop):
    answer(shop, GOOD, "reject", why="it is a stock photograph")
    rebuild(shop)

    assert verdict_of(shop, GOOD) == "quarantined"


@pytest.mark.parametrize(
    ("given", "decision", "says"),
    [
        (BROKEN, "accept", "takes reject, not 'accept': its bytes show no picture, half a picture"),
        ("picture-aaaa", "same", "takes accept or reject, not 'same'"),
        ("picture-", "accept", r"fits 2 questions of shop \(picture-aaaaaaaaaa, picture-dddddddddd\)"),
        ("picture-123", "accept", "no question 'picture-123' in shop: `loupe review list`"),
        ("", "accept", "no question ''"),
        ("e" * 64, "accept", "is not among the judged pictures of shop"),
        ("maison:1=nobody:9", "same", "does not name two listings of shop"),
        ("maison:1=studio:2", "accept", "takes same or different, not 'accept'"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_says_what_could(shop, given, decision, says):
    with pytest.raises(DecisionError, match=says):
        answer(shop, given, decision)

    with shop.connect() as connection:
        assert connection.execute(sa.select(decisions)).all() == []


def test_an_unknown_kind_is_named(shop):
    with pytest.raises(DecisionError, match="one of picture, join, contradiction"):
        queue.waiting(shop, "shop", ["colour"])


def test_a_contradiction_answered_by_a_feed_counts_at_once_and_asks_again_when_its_word_changes(shop):
    [asked] = ids(shop, "contradiction")
    answer(shop, asked, "studio", why="the hallmark")
    assert ids(shop, "contradiction") == []
    rebuild(shop)
    assert ids(shop, "contradiction") == []

    put_listings(
        shop, listing("maison", 1, gtin="1", metal="gold"), listing("studio", 2, gtin="1", metal="brass")
    )
    rebuild(shop)

    assert ids(shop, "contradiction") == [asked]
    [standing] = standings(shop, "shop")
    assert (standing.state, standing.because) == ("dormant", "its sources say something else now")


def propose(engine, *proposals):
    with engine.begin() as connection:
        connection.execute(
            join_proposals.insert(),
            [
                {
                    "collection": "shop",
                    "first": one,
                    "second": two,
                    "evidence": {"by": "vectors", "cosine": 0.9},
                }
                for one, two in proposals
            ],
        )


def test_a_proposal_asks_about_two_pieces_until_somebody_answers_for_either(shop):
    # The third is one piece already.
    propose(shop, ("boutique:3", "maison:1"), ("boutique:3", "studio:2"), ("maison:1", "studio:2"))

    first, second = queue.waiting(shop, "shop", ["join"])
    assert first.question == "vectors: Piece 3 of boutique (boutique) = Piece 1 of maison (maison)?"
    assert (first.live_listings, first.options) == (3, ("same", "different"))
    assert first.evidence["listings"]["maison:1"]["metal"] == "gold"
    assert first.evidence["proposed"]["cosine"] == 0.9
    json.dumps(second.evidence)

    answer(shop, second.item_id, "different", why="other stone")
    assert ids(shop, "join") == []
    undo(shop, second.item_id)
    assert ids(shop, "join") == [first.item_id, second.item_id]


def test_the_log_says_what_became_of_every_decision(shop):
    answer(shop, "maison:1=boutique:3", "same")
    answer(shop, "studio:2=boutique:3", "same")
    answer(shop, "studio:2=maison:1", "different")
    answer(shop, BLURRED, "accept")
    answer(shop, BLURRED, "reject")
    undo(shop, "picture-aaaaaaaaaa")
    answer(shop, GOOD, "reject")
    put_listings(shop, listing("maison", 1), listing("studio", 2))

    states = {one.decision.decision_id: (one.state, one.because) for one in standings(shop, "shop")}

    assert states == {
        1: ("dormant", "boutique:3 is not among the listings"),
        2: ("dormant", "boutique:3 is not among the listings"),
        3: ("in force", ""),
        4: ("replaced", "by #5"),
        5: ("taken back", "by #6"),
        6: ("undone", "takes back #5"),
        7: ("in force", ""),
    }
    put_listings(shop, listing("maison", 1), listing("studio", 2), listing("boutique", 3))
    back = {one.decision.decision_id: (one.state, one.because) for one in standings(shop, "shop")}
    assert back[1] == ("overruled", "cannot hold beside #2, #3")
    assert back[2] == ("in force", "")
