"""What part a picture plays: as stated, as its name tells, as it looks, or by its place."""

import pytest

from catalog.declarations import FeedDeclaration
from catalog.image_mentions import image_mentions
from catalog.picture_roles import ShownPicture, roles_of


def roles(*locations, feed_kind="retailer", language="en", **more):
    return roles_of(
        [ShownPicture(location=one, **more) for one in locations], feed_kind=feed_kind, language=language
    )


@pytest.mark.parametrize(
    ("location", "language", "role"),
    [
        ("https://cdn.example.com/a/NG-12_worn.jpg?v=3", "en", "worn"),
        ("opaline-0012-zoom.jpg", "fr", "detail"),
        ("opaline-0012-portee.jpg", "fr", "worn"),
        ("A12/turntable_03.jpg", "en", "frame_360"),
        ("ring-360-view.png", "en", "frame_360"),
        ("GIA-2141438171-grading-report.jpg", "en", "certificate"),
        ("sideView2.jpg", "en", "detail"),
        ("bilder/JH1/nahaufnahme.jpg", "de", "detail"),
    ],
)
def test_a_file_name_tells_by_what_it_ends_with(location, language, role):
    assert roles("first.jpg", location, language=language)[1] == role


@pytest.mark.parametrize(
    "name", ["box-chain-necklace", "hand-engraved-ring", "modelo-42", "IMG_5999", "sizeable"]
)
def test_a_name_that_only_holds_such_a_word_tells_nothing(name):
    assert roles(f"{name}.jpg") == ("primary",)


def test_the_first_of_which_nothing_is_said_is_primary_and_there_is_one():
    assert roles("1_worn.jpg", "2.jpg", "3.jpg") == ("worn", "primary", "detail")
    assert roles("a.jpg", "b_front.jpg") == ("detail", "primary")
    assert roles("a_front.jpg", "b.jpg") == ("primary", "detail")


def test_a_feeds_word_comes_before_its_kind_and_its_kind_before_the_picture():
    page = {"print_lines": 12}

    stated = ShownPicture(location="a_zoom.jpg", stated="worn", measures=page)
    unstated = ShownPicture(location="b.jpg", measures=page)

    assert roles_of([stated, unstated], feed_kind="retailer") == ("worn", "certificate")
    assert roles_of([unstated], feed_kind="community") == ("community",)


def test_an_alternative_text_tells_where_the_name_does_not():
    assert roles("1.jpg", alt="Opaline ring, side view") == ("detail",)
    assert roles("1.jpg", alt="Opaline ring for a model") == ("primary",)


def test_a_feed_may_state_roles_beside_its_pictures():
    mapping = {"source_id": "id", "title": "id", "images": "pictures[].src", "images_role": "pictures[].kind"}
    declaration = FeedDeclaration(
        name="shop", kind="retailer", format="json", location="x.json", mapping=mapping
    )
    kinds = {"a.jpg": "Main image", "b.jpg": "", "c.jpg": "Certificate", "d.jpg": "whatever"}
    record = {"id": 1, "pictures": [{"src": file, "kind": kind} for file, kind in kinds.items()]}

    mentions, _ = image_mentions(record, declaration.mapping, declaration, "1")

    assert [one.role for one in mentions] == ["primary", None, "certificate", None]
