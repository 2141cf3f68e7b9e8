"""What pictures say about each other: relations, flags, ties and proposals."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.image_ledger import judge_pictures
from catalog.join_proposals import listing_facts, propose_joins
from catalog.joining import join
from catalog.picture_flags import Use, flag_pictures, flags_of
from catalog.picture_relations import PhotographEye, relate_pictures, relation_of
from catalog.picture_ties import picture_ties
from catalog.pieces import resolve_pieces
from catalog.tables import (
    deliveries,
    image_references,
    images,
    join_proposals,
    listings,
    picture_flags,
    picture_relations,
    verdicts,
)
from storage.objects import LocalObjectStore, digest_key, sha256_hex

START = datetime(2026, 1, 5, tzinfo=UTC)
SAME = {"detail_correlation": 0.98, "altered_share": 0.0, "colour_distance_ab": 1.0, "stretch": 1.0}
KINDS = {"a": "retailer", "b": "retailer", "maker": "manufacturer", "people": "community"}
RING = {
    "category": "ring",
    "brand": "Nord",
    "metal": "gold",
    "fineness": 750,
    "stones": ["emerald"],
    "dimensions_mm": {"width": 4.0},
}


def listing(feed: str, number: int, **changes):
    return {
        "collection": "shop",
        "listing_id": f"{feed}:{number}",
        "feed": feed,
        "source_id": str(number),
        "delivery_id": 1,
        "first_seen_at": START + timedelta(days=number),
        "last_seen_at": START,
        "content_digest": "0" * 64,
        "title": f"Piece {number}",
        "titles": {},
        "stones": [],
        "styles": [],
        "dimensions_mm": {},
        "availability": "in_stock",
        "read_from": {},
        **dict.fromkeys(("brand", "category", "metal", "metal_colour", "fineness", "plating")),
        **dict.fromkeys(("gtin", "mpn", "certificate")),
        **changes,
    }


class Shop:
    """A collection with stored pictures: a picture's bytes are its name, its hash is given."""

    def __init__(self, engine, folder) -> None:
        self.engine = engine
        self.objects = LocalObjectStore(folder)
        self.looked_at: list[bytes] = []
        with engine.begin() as connection:
            connection.execute(
                deliveries.insert().values(
                    delivery_id=1, collection="shop", feed="a", name="n", digest="0" * 64, bytes=1,
                    delivered_at=START, day="2026-01-05", state="read",
                )
            )  # fmt: skip

    def show(self, row, *pictures: tuple[str, int]) -> None:
        with self.engine.begin() as connection:
            connection.execute(listings.insert().values(**row))
            for position, (name, hashed) in enumerate(pictures):
                image_id = sha256_hex(name.encode())
                if connection.execute(sa.select(images).where(images.c.image_id == image_id)).first() is None:
                    self.objects.put(digest_key("images", image_id), name.encode())
                    connection.execute(
                        images.insert().values(
                            image_id=image_id, image_key=int(image_id[:16], 16) >> 1, bytes=9,
                            measures={"good": 1.0}, measures_version="1",
                            perceptual_hash=f"{hashed:016x}", frame_hash=f"{hashed:016x}",
                        )
                    )  # fmt: skip
                connection.execute(
                    image_references.insert().values(
                        collection="shop", listing_id=row["listing_id"], position=position, feed=row["feed"],
                        location=name, state="fetched", attempts=0, image_id=image_id, live=True,
                    )
                )  # fmt: skip

    def relate(self, *, version: str = "1"):
        """Two pictures show one photograph when their names start alike."""

        def prepare(data: bytes) -> bytes:
            self.looked_at.append(data)
            return data

        eye = PhotographEye(
            prepare=prepare,
            compare=lambda one, other, _: {
                **SAME,
                "detail_correlation": 0.98 if one[:3] == other[:3] else 0.3,
            },
            mirror_bits=(1 << 63) | (1 << 40),
            version=version,
        )
        return relate_pictures(self.engine, self.objects, "shop", eye, workers=2)

    def judge(self) -> int:
        beside = flag_pictures(self.engine, "shop", KINDS)
        return judge_pictures(
            self.engine, "shop", lambda *_: ("accepted", []), KINDS, version="1", beside=beside
        )

    def rows(self, table) -> list:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table)))

    def verdict(self, name: str):
        with self.engine.connect() as connection:
            return connection.execute(
                sa.select(verdicts).where(verdicts.c.image_id == sha256_hex(name.encode()))
            ).one()


@pytest.fixture
def shop(engine, tmp_path):
    return Shop(engine, tmp_path / "objects")


def test_hashes_propose_pixels_decide_and_nothing_is_looked_at_twice(shop):
    shop.show(listing("a", 1), ("one.jpg", 0b0))
    shop.show(listing("b", 2), ("one-small.jpg", 0b111), ("look-alike.jpg", 0b1), ("far.jpg", (1 << 50) - 1))

    first = shop.relate()
    shop.looked_at.clear()
    second = shop.relate()

    assert (first.proposed, dict(first.by_relation)) == (3, {"same_photograph": 1, "look_alike": 2})
    assert (second.compared, second.changed, shop.looked_at) == (0, 0, [])
    assert second.by_relation == first.by_relation
    assert shop.relate(version="2").compared == 3


def test_a_relation_goes_with_the_last_reference_to_a_picture(shop):
    shop.show(listing("a", 1), ("one.jpg", 0))
    shop.show(listing("b", 2), ("one-small.jpg", 1))
    shop.relate()

    with shop.engine.begin() as connection:
        connection.execute(image_references.update().where(image_references.c.feed == "b").values(live=False))

    assert shop.relate().changed == 1
    assert shop.rows(picture_relations) == []


@pytest.mark.parametrize(
    ("change", "relation"),
    [
        ({}, "same_photograph"),
        ({"detail_correlation": 0.8}, "altered_photograph"),
        ({"altered_share": 0.2}, "altered_photograph"),
        ({"colour_distance_ab": 11.0}, "altered_photograph"),
        ({"detail_correlation": 0.7}, "look_alike"),
        ({"stretch": 1.3}, "look_alike"),
    ],
)
def test_what_two_pictures_are_follows_from_what_was_measured(change, relation):
    assert relation_of({**SAME, **change}) == relation


def use(image: str, feed: str, number: int, title: str, category: str | None = "ring") -> Use:
    return Use(
        image_id=image,
        listing_id=f"{feed}:{number}",
        feed=feed,
        kind=KINDS[feed],
        title=title,
        category=category,
        first_seen_at=START + timedelta(days=number),
    )


DESIGNS = ("Aurora band", "Knot signet", "Halo solitaire", "Twisted rope", "Ivy leaf")


@pytest.mark.parametrize(
    ("titles", "categories", "verdict"),
    [
        (DESIGNS, ("ring",) * 5, "quarantined"),
        (DESIGNS[:3], ("ring",) * 3, "review"),
        (DESIGNS[:2], ("ring",) * 2, None),
        ([f"Aurora gold ring size {size}" for size in ("fifty", "sixty", "seventy")], ("ring",) * 3, None),
        (DESIGNS[:4], ("ring", "earrings", "necklace", "bracelet"), None),
    ],
    ids=["many designs", "a few designs", "two twins", "sizes of one ring", "a set"],
)
def test_one_picture_of_many_articles_shows_none_of_them(titles, categories, verdict):
    uses = [
        use("x", "a", number, title, category)
        for number, (title, category) in enumerate(zip(titles, categories, strict=True))
    ]

    flags = [flag for flag in flags_of(uses, []) if flag.flag == "placeholder"]

    assert [flag.verdict for flag in flags] == ([] if verdict is None else [verdict])
    if flags:
        assert flags[0].finding["measured"] == len(titles)


def test_a_placeholder_is_quarantined_with_its_count_and_comes_back_when_it_is_one_no_more(shop):
    for number, title in enumerate(DESIGNS):
        shop.show(
            listing("a", number, title=title, category="ring"),
            (f"{number}-ring.jpg", number << 40),
            # The same sheet, saved anew for every second listing.
            ("soon.jpg" if number % 2 else "soon-again.jpg", 0xFF00FF00FF00 + number % 2),
        )
    shop.relate()
    shop.judge()

    stands = shop.verdict("soon.jpg")
    assert stands.verdict == "quarantined"
    assert stands.reasons[0]["rule"] == "placeholder"
    assert stands.reasons[0]["measured"] == 5
    assert shop.verdict("1-ring.jpg").verdict == "accepted"
    assert shop.judge() == 0

    with shop.engine.begin() as connection:
        connection.execute(image_references.delete().where(image_references.c.listing_id != "a:1"))
    shop.relate()
    shop.judge()
    assert shop.verdict("soon.jpg").verdict == "accepted"
    assert shop.rows(picture_flags) == []


def test_sellers_of_one_photograph_are_told_with_who_had_it_first_but_not_its_maker():
    uses = [use("x", "b", 4, "Ring"), use("y", "a", 2, "Bague")]

    [*flags] = flags_of(uses, [("x", "y")])
    assert {flag.flag for flag in flags} == {"several_sellers"}
    assert flags[0].evidence["first_by"] == "a:2"
    assert all(flag.verdict is None for flag in flags)

    assert flags_of([*uses, use("z", "maker", 9, "Ring")], [("x", "y"), ("y", "z")]) == []


def test_a_customers_picture_that_is_a_sellers_waits_for_a_person_and_the_sellers_stays():
    own = use("x", "a", 1, "Ring")

    [renamed] = flags_of([own, use("y", "people", 2, "my ring")], [("x", "y")])
    [bytes_alike] = flags_of([own, use("x", "people", 2, "my ring")], [])

    assert (renamed.image_id, renamed.flag, renamed.verdict) == ("y", "copied", "review")
    assert (bytes_alike.flag, bytes_alike.verdict) == ("copied", None)


def test_files_of_one_photograph_in_one_source_are_flagged_and_stay():
    flags = flags_of([use("x", "a", 1, "Ring"), use("y", "a", 2, "Ring")], [("x", "y")])

    assert [(flag.image_id, flag.flag, flag.verdict) for flag in flags] == [("y", "near_duplicate", None)]


def ties_of(rows, shown, same=()):
    relations = [(a, b, "same_photograph", {"mirrored": False}) for a, b in same]
    return picture_ties(rows, shown, relations)


def test_one_photograph_and_attributes_that_agree_join_two_sources():
    rows = [listing("a", 1, **RING), listing("b", 2, **{**RING, "dimensions_mm": {}})]

    ties, proposals = ties_of(rows, {"a:1": ["x"], "b:2": ["y"]}, [("x", "y")])

    assert [(tie.first, tie.second, tie.rule) for tie in ties] == [("a:1", "b:2", "pictures")]
    assert proposals == []
    assert len(join(rows, ties=ties)) == 1


@pytest.mark.parametrize(
    ("change", "is_proposed"),
    [
        ({"metal_colour": "rose"}, True),
        ({"dimensions_mm": {"width": 6.0}}, True),
        ({"metal": "silver", "fineness": 925}, False),
        ({"category": None}, True),
        ({"brand": None, "metal": None, "stones": []}, True),
    ],
    ids=["metal colour", "size", "metal and fineness", "category not stated", "little stated"],
)
def test_a_photograph_does_not_join_what_is_contradicted_or_hardly_stated(change, is_proposed):
    rows = [listing("a", 1, **RING, metal_colour="yellow"), listing("b", 2, **{**RING, **change})]

    ties, proposals = ties_of(rows, {"a:1": ["x"], "b:2": ["x"]})

    assert ties == []
    assert bool(proposals) == is_proposed


def test_a_photograph_that_a_source_shows_for_two_pieces_joins_neither():
    rows = [listing("a", 1, **RING), listing("a", 2, **RING), listing("b", 3, **RING)]

    ties, proposals = ties_of(rows, {"a:1": ["x"], "a:2": ["x"], "b:3": ["x"]})

    assert ties == []
    assert [(one.first, one.second) for one in proposals] == [("a:1", "b:3"), ("a:2", "b:3")]


def test_twins_of_one_shop_do_not_meet_through_another_shops_photographs():
    plain = {**RING, "dimensions_mm": {}}
    rows = [listing("a", 1, **plain), listing("a", 2, **plain), listing("b", 3, **plain)]

    ties, _ = ties_of(rows, {"a:1": ["x"], "a:2": ["y"], "b:3": ["x", "y"]})

    assert len(ties) == 2
    assert [members for members, _ in join(rows, ties=ties)] == [["a:1", "b:3"], ["a:2"]]


def test_a_tie_does_not_reach_a_contradiction_through_a_listing_that_says_little():
    rows = [
        listing("a", 1, **RING, metal_colour="yellow"),
        listing("b", 2, **RING),
        listing("maker", 3, **RING, metal_colour="rose"),
    ]

    ties, _ = ties_of(rows, {"a:1": ["x"], "b:2": ["x", "y"], "maker:3": ["y"]})

    assert len(ties) == 2
    assert [members for members, _ in join(rows, ties=ties)] == [["a:1", "b:2"], ["maker:3"]]


def test_a_tie_by_pictures_joins_in_the_first_run_and_doubts_are_written_once(shop):
    shop.show(listing("a", 1, **RING), ("one.jpg", 0))
    shop.show(listing("b", 2, **RING | {"stones": []}), ("one-small.jpg", 1))
    shop.show(listing("b", 3, category="ring"), ("two.jpg", 0xFF << 30))
    shop.show(listing("maker", 4, category="ring"), ("two-small.jpg", 0xFE << 30))
    shop.relate()
    shop.judge()

    assert resolve_pieces(shop.engine, "shop").by_rule == {"pictures": 2, "alone": 2}
    assert resolve_pieces(shop.engine, "shop").changed == 0

    counts = propose_joins(shop.engine, "shop", listing_facts(shop.engine, "shop"), [])
    again = propose_joins(shop.engine, "shop", listing_facts(shop.engine, "shop"), [])
    assert counts == again == {"same_photograph": 1}
    assert [(row.first, row.second) for row in shop.rows(join_proposals)] == [("b:3", "maker:4")]
