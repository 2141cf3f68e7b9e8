"""What is known of one picture."""

import pytest
from catalogue_rows import listing, put_listings, put_picture

from catalog.image_ledger import judge_pictures
from catalog.picture_facts import UnknownPictureError, picture_facts

PICTURE = "a" * 64
FORM = {
    "sharpness": 0.7, "aspect_ratio": 1.5, "part_count": 1, "object_width_px": 600.0,
    "object_height_px": 400.0, "part_width_px": 600.0, "part_height_px": 400.0,
}  # fmt: skip


def test_each_listing_gives_the_size_that_follows_from_what_it_states(engine):
    put_listings(
        engine,
        listing("maison", 1, category="brooch", dimensions_mm={"width": 30.0}),
        listing("studio", 2, category="brooch", dimensions_mm={"width": 30.0, "height": 40.0}),
        listing("boutique", 3, category="brooch"),
    )
    put_picture(engine, PICTURE, ["maison:1", "studio:2", "boutique:3", "maison:1"], measures=FORM)

    facts = picture_facts(engine, "shop", PICTURE)

    assert (facts.verdict, facts.measures["aspect_ratio"]) == (None, 1.5)
    silent, stated, contradictory = facts.shown_by
    assert (silent.listing_id, silent.size, silent.refused) == ("boutique:3", None, None)
    assert stated.size.height_mm == pytest.approx(20.0)
    assert stated.size.taken_from == "width"
    assert contradictory.size is None
    assert "cannot both be right" in contradictory.refused


def test_the_verdict_stands_beside_the_measures(engine):
    put_listings(engine, listing("maison", 1))
    put_picture(engine, PICTURE, ["maison:1"])
    judge_pictures(engine, "shop", lambda *_: ("review", [{"rule": "noise"}]), {}, version="1")

    facts = picture_facts(engine, "shop", PICTURE)

    assert (facts.verdict, facts.reasons) == ("review", [{"rule": "noise"}])


def test_a_picture_that_nobody_shows_is_an_error_that_says_what_to_give(engine):
    with pytest.raises(UnknownPictureError, match=r"shop shows picture abc.*whole digest"):
        picture_facts(engine, "shop", "abc")
