"""What part a picture plays: as stated, as its name tells, as it looks, or by its place."""

import pytest

from catalog.declarations import FeedDeclaration
from catalog.image_mentions import image_mentions
from catalog.picture_roles import ShownPicture, roles_of
from sample_feeds.assortments import assortment
from sample_feeds.pieces import piece_catalogue


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


# what the sample house shows a piece as -> the role of such a picture; a second packshot is a detail
VIEWS = {
    "packshot": "primary",
    "angle": "detail",
    "closeup": "detail",
    "card": "detail",
    "worn": "worn",
    "hand": "worn",
    "certificate": "certificate",
    "turntable": "frame_360",
}
LANGUAGES = {"maison": "fr", "northgem": "en", "juwelhaus": "de", "atelier": "en"}


def right_in_the_sample_house(by_name):
    """Return the share of a sample house's pictures whose role is right."""
    right, total = 0, 0
    for sold in assortment(piece_catalogue(300, 11), seed=11, days=30):
        shown = [
            ShownPicture(location=picture.file if by_name else f"{place}.jpg")
            for place, picture in enumerate(sold.pictures)
        ]
        views = [VIEWS[picture.view] for picture in sold.pictures]
        first = views.index("primary")
        true = ["detail" if role == "primary" and place > first else role for place, role in enumerate(views)]
        found = roles_of(shown, feed_kind="retailer", language=LANGUAGES[sold.feed])
        right += sum(one == other for one, other in zip(true, found, strict=True))
        total += len(true)
    return right / total


def test_names_tell_the_roles_of_the_sample_house_and_places_most_of_them():
    assert right_in_the_sample_house(by_name=True) >= 0.98
    assert right_in_the_sample_house(by_name=False) >= 0.85
