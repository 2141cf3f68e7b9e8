"""Attributes: what feeds state, what pictures suggest, whose word holds, and what people are asked."""

import pytest
from catalogue_rows import START, listing, put_listings, put_picture

from catalog.attributes.definitions import attributes, read_attributes, vocabulary_version
from catalog.attributes.ledger import (
    Enriched,
    attribute_rows,
    decided_attributes,
    enriched_attributes,
    write_attributes,
)
from catalog.attributes.stated import piece_facts, stated_terms
from catalog.attributes.suggestions import AttributeRow, judged, suggestion, with_questions
from catalog.decisions import DecisionError
from catalog.errors import CatalogError
from catalog.image_ledger import image_key_of, judge_pictures
from catalog.pieces import resolve_pieces
from catalog.review import queue
from catalog.review.standing import standings
from catalog.searchable import searchable_images

ANSWERS = ("heart", "star", "moon", "")
CALIBRATED = frozenset({"heart", "star"})


def seen(*shares):
    return suggestion(ANSWERS, shares, CALIBRATED)


def row(stated=None, decided=None, shares=None, silent=False):
    return judged(
        "p",
        "motif",
        stated=stated or {},
        seen=seen(*shares) if shares else None,
        decided=decided,
        silent=silent,
        floor=0.8,
    )


def stated(attribute, language="en", **said):
    values = {"styles": [], "title": "", "description": None, "brand": None, **said}
    return stated_terms(values, attribute, attributes()[attribute], language)


# What feeds state


@pytest.mark.parametrize(
    ("attribute", "language", "said", "terms"),
    [
        ("motif", "en", {"title": "Heart pendant with a moon"}, ("heart", "moon")),
        ("motif", "fr", {"title": "Bague papillon or jaune"}, ("butterfly",)),
        ("motif", "de", {"title": "Ring „Aube“ Blüte, Gelbgold"}, ("flower",)),
        ("motif", "en", {"title": "Ring", "description": "in a heart box"}, ()),
        ("motif", "en", {"title": "Ring with a heart-shaped diamond"}, ()),
        ("setting", "en", {"title": "Ring", "description": "a ruby, prong-set"}, ("prong",)),
        ("setting", "de", {"title": "Ring", "description": "Zargenfassung"}, ("bezel",)),
        ("material_look", "fr", {"title": "x", "description": "or jaune, fini martelé"}, ("hammered",)),
        ("motif", "fr", {"title": "Bague soleil, pierre de lune"}, ("sun",)),
        ("material_look", "fr", {"title": "x", "description": "fini mat, oxyde de zirconium"}, ("matte",)),
        ("material_look", "ar", {"title": "ساعة مينا اسود"}, ()),
        ("style", "en", {"styles": ["vintage"]}, ("vintage",)),
        ("era", "en", {"styles": ["art_deco"], "title": "Victorian ring"}, ("art_deco", "victorian")),
        ("craftsmanship", "en", {"title": "x", "description": "Can be engraved"}, ()),
    ],
)
def test_a_listing_states_an_attribute_in_its_own_words(attribute, language, said, terms):
    assert stated(attribute, language, **said) == terms


def test_a_brands_own_name_states_nothing():
    assert stated("motif", title="Maison Moon ring", brand="Maison Moon") == ()
    assert stated("motif", title="Maison Moon star ring", brand="Maison Moon") == ("star",)


def test_terms_are_described_in_their_english_spellings_unless_phrases_say_otherwise():
    assert attributes()["motif"].phrases["bow"] == ("bow", "ribbon bow")
    assert attributes()["setting"].phrases["halo"] == ("halo setting", "stone halo")
    assert len(vocabulary_version()) == 16


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("mood: {read: [title], templates: ['{}']}", "here.yaml: mood"),
        ("motif: {read: [price], templates: ['{}']}", "here.yaml: motif.read.0"),
        ("motif: {read: [title], templates: ['a photo']}", "'a photo' needs {} once"),
        ("motif: {read: [title], templates: ['{}'], phrases: {cat: [cat]}}", "motif.yaml has no term cat"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused_by_its_place(text, complaint):
    with pytest.raises(CatalogError, match=complaint.replace("{", r"\{").replace("}", r"\}")):
        read_attributes(text, "here.yaml")


# Whose word holds


@pytest.mark.parametrize(
    ("given", "state", "values"),
    [
        ({"shares": (0.9, 0.05, 0.03, 0.02)}, "suggested", ("heart",)),
        ({"shares": (0.7, 0.2, 0.05, 0.05)}, "review", ()),
        ({"shares": (0.9, 0.05, 0.03, 0.02), "silent": True}, "review", ()),
        ({"shares": (0.02, 0.03, 0.9, 0.05)}, "review", ()),  # sure of a term that is not calibrated
        ({"stated": {"star": ["m:1"]}}, "stated", ("star",)),
        ({"stated": {"heart": ["m:1"]}, "shares": (0.9, 0.05, 0.03, 0.02)}, "stated", ("heart",)),
        ({"stated": {"star": ["m:1"]}, "shares": (0.9, 0.05, 0.03, 0.02)}, "contradicts", ("star",)),
        ({"stated": {"star": ["m:1"]}, "shares": (0.7, 0.2, 0.05, 0.05)}, "stated", ("star",)),
        ({"stated": {"star": ["m:1"]}, "shares": (0.02, 0.03, 0.9, 0.05)}, "stated", ("star",)),
        ({"stated": {"skull": ["m:1"]}, "shares": (0.9, 0.05, 0.03, 0.02)}, "stated", ("skull",)),
        ({"decided": "moon", "shares": (0.9, 0.05, 0.03, 0.02)}, "decided", ("moon",)),
        ({"decided": "none", "stated": {"star": ["m:1"]}}, "decided", ()),
    ],
)
def test_what_is_decided_outranks_what_is_stated_and_that_what_is_seen(given, state, values):
    found = row(**given)

    assert (found.state, found.values) == (state, values)


def test_a_contradiction_holds_both_sides():
    found = row(stated={"star": ["m:1"]}, shares=(0.9, 0.05, 0.03, 0.02))

    assert (found.stated, found.suggested, found.confidence) == ({"star": ["m:1"]}, "heart", 0.9)


def test_a_piece_that_is_seen_to_have_none_gets_no_row():
    assert row(shares=(0.02, 0.03, 0.05, 0.9)) is None
    assert row() is None


def test_questions_are_bounded_contradictions_first_then_what_is_least_certain():
    rows = [
        AttributeRow(piece_id="a", attribute="motif", state="review", entropy=0.5),
        AttributeRow(piece_id="b", attribute="motif", state="review", entropy=1.2),
        AttributeRow(piece_id="c", attribute="motif", state="stated", entropy=2.0),
        AttributeRow(piece_id="d", attribute="motif", state="contradicts", confidence=0.9, entropy=0.1),
        AttributeRow(piece_id="e", attribute="motif", state="suggested", entropy=2.0),
    ]

    assert [one.piece_id for one in with_questions(rows, 2) if one.asked] == ["b", "d"]
    assert not any(one.asked for one in with_questions(rows, 0))


def test_attributes_take_turns_so_that_none_crowds_out_the_others():
    rows = [
        AttributeRow(piece_id=str(number), attribute=name, state="review", entropy=entropy - number / 100)
        for name, entropy in (("motif", 2.0), ("setting", 1.0))
        for number in range(4)
    ]

    asked = [(one.attribute, one.piece_id) for one in with_questions(rows, 4) if one.asked]

    assert asked == [("motif", "0"), ("motif", "1"), ("setting", "0"), ("setting", "1")]


# In the catalogue


@pytest.fixture
def shop(engine):
    """Three pieces with pictures: one of two shops, one silent in a feed that speaks, one of a mute feed."""
    put_listings(
        engine,
        listing("maison", 1, gtin="1", title="Heart ring"),
        listing("studio", 2, gtin="1", title="Star ring"),
        listing("maison", 3, title="Plain ring"),
        listing("boutique", 4, title="Ring"),
        listing("maison", 5, title="Moon ring without a picture"),
    )
    for image_id, shown_by in (
        ("a", ["maison:1"]),
        ("b", ["studio:2"]),
        ("c", ["maison:3"]),
        ("d", ["boutique:4"]),
    ):
        put_picture(engine, image_id * 64, shown_by)
    resolve_pieces(engine, "shop")
    judge_pictures(engine, "shop", lambda *_: ("accepted", []), {}, version="1")
    return engine


def facts_by_title(engine):
    with engine.connect() as connection:
        return {one.title: one for one in piece_facts(connection, "shop", {})}


def piece_of(engine, title):
    return facts_by_title(engine)[title].piece_id


def put(engine, title="Plain ring", attribute="motif", state="suggested", **values):
    given = {"suggested": "heart", "confidence": 0.9, "calibrated": True, **values}
    one = AttributeRow(piece_id=piece_of(engine, title), attribute=attribute, state=state, **given)
    return write_attributes(engine, "shop", [one])


def answer(engine, given, decision):
    return queue.decide(engine, "shop", given, decision, who="anna", why="looked", decided_at=START)


def test_a_piece_knows_who_states_what_and_who_is_silent(shop):
    found = facts_by_title(shop)

    assert len(found) == 3
    joined = next(one for one in found.values() if len(one.image_keys) == 2)
    assert joined.image_keys == tuple(sorted(image_key_of(name * 64) for name in "ab"))
    assert joined.stated["motif"] == {"heart": ("maison:1",), "star": ("studio:2",)}
    assert "motif" in found["Plain ring"].silent
    assert "motif" not in found["Ring"].silent
    assert found["Ring"].stated == {}


def test_rows_that_did_not_change_are_not_written(shop):
    assert put(shop, likely=(("heart", 0.9), ("", 0.1))) == 1
    assert put(shop, likely=(("heart", 0.9), ("", 0.1))) == 0
    assert put(shop, confidence=0.95) == 1
    assert write_attributes(shop, "shop", []) == 1


def test_filters_get_what_holds_and_never_what_waits_for_a_person(shop):
    put(shop, state="suggested")
    piece = piece_of(shop, "Plain ring")
    assert enriched_attributes(shop, "shop") == {
        piece: {"motif": Enriched(values=("heart",), source="suggested", confidence=0.9)}
    }

    put(shop, state="review", confidence=0.7)
    assert enriched_attributes(shop, "shop") == {}

    put(shop, state="contradicts", stated={"star": ["maison:3"]})
    assert enriched_attributes(shop, "shop") == {
        piece: {"motif": Enriched(values=("star",), source="stated", confidence=None)}
    }


def test_a_suggested_style_is_searched_by_only_where_no_feed_states_one(shop):
    def styles():
        return {one["title"]: one["styles"] for one in searchable_images(shop, "shop").rows}

    put(shop, attribute="style", state="review", suggested="vintage", confidence=0.6)
    assert styles()["Plain ring"] == []

    put(shop, attribute="style", suggested="vintage")
    assert styles() == {"Plain ring": ["vintage"], "Ring": [], "Heart ring": [], "Star ring": []}

    put(shop, attribute="style", state="contradicts", suggested="vintage", stated={"modern": ["maison:3"]})
    assert styles()["Plain ring"] == []


def test_a_question_shows_both_sides_and_its_answer_is_a_decision(shop):
    put(shop, state="contradicts", stated={"star": ["maison:3"]}, asked=True)

    (item,) = queue.waiting(shop, "shop", ["attribute"])
    assert item.question == "motif of Plain ring: feeds state star / pictures suggest heart (90%)"
    assert item.listings == ("maison:3",)
    assert item.evidence["said"] == {"maison:3": "star"}
    assert {"heart", "star", "none"} <= set(item.options)
    with pytest.raises(DecisionError, match="takes flower or"):
        answer(shop, item.item_id, "unicorn")

    answer(shop, item.item_id, "heart")

    assert queue.waiting(shop, "shop", ["attribute"]) == []
    with shop.connect() as connection:
        assert decided_attributes(connection, "shop") == {item.subject: "heart"}
    queue.undo(shop, "shop", item.item_id, who="ben", why="a mistake", decided_at=START)
    assert [one.subject for one in queue.waiting(shop, "shop", ["attribute"])] == [item.subject]


def test_only_what_the_last_run_chose_to_ask_waits(shop):
    put(shop, state="review", confidence=0.6, asked=False)
    assert queue.waiting(shop, "shop", ["attribute"]) == []


def test_a_decision_follows_a_piece_that_was_merged_and_sleeps_when_it_is_gone(shop):
    put(shop, title="Ring", state="review", confidence=0.6, asked=True)
    (item,) = queue.waiting(shop, "shop", ["attribute"])
    answer(shop, item.item_id, "moon")
    queue.decide(shop, "shop", "boutique:4=maison:3", "same", who="anna", why="looked", decided_at=START)
    resolve_pieces(shop, "shop")

    merged = next(one for one in facts_by_title(shop).values() if len(one.image_keys) == 2 and not one.stated)
    with shop.connect() as connection:
        assert decided_attributes(connection, "shop") == {(merged.piece_id, "motif"): "moon"}
        assert attribute_rows(connection, "shop", piece_id=item.subject[0])
    assert {one.state for one in standings(shop, "shop")} == {"in force"}

    put_listings(shop, listing("maison", 9, title="Another ring"))
    resolve_pieces(shop, "shop")
    states = {one.decision.kind: one.state for one in standings(shop, "shop")}
    assert states["attribute"] == "dormant"


def test_a_question_about_nothing_there_is_refused_by_name(shop):
    with pytest.raises(DecisionError, match="no question"):
        queue.find(shop, "shop", "attribute-0000000000")
