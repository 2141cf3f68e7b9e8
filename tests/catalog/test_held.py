"""What waits for a person: held deliveries, and pictures whose successors cannot be had."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.errors import FeedRefusedError
from catalog.held import held_deliveries, new_pictures, release, settle_pictures
from catalog.image_ledger import Fetched, locations_to_fetch, record_fetched, retry_failed
from catalog.intake import take_in
from catalog.listing import ImageMention, Listing
from catalog.tables import deliveries, image_references
from storage.objects import LocalObjectStore

FULL = FeedDeclaration(name="maison", kind="retailer", format="shopify_csv", location="feed")
INCREMENTS = FULL.model_copy(update={"deliveries": "increments"})
COMMUNITY = FULL.model_copy(update={"kind": "community"})
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def rings(count=40, price=10_000, host="old"):
    return [
        Listing(
            place=f"row {number}", source_id=f"{number}", title=f"Ring {number}", availability="in_stock",
            price_minor=price, currency="EUR", images=(ImageMention(location=f"{host}/{number}.jpg"),),
        )
        for number in range(count)
    ]  # fmt: skip


class Shop:
    """A shop that delivers, and whose hosts answer or do not."""

    def __init__(self, engine, folder, feed):
        self.engine, self.folder, self.feed = engine, folder, feed
        self.objects = LocalObjectStore(folder / "objects")

    def deliver(self, day, statements):
        at = MONDAY + timedelta(days=day)
        path = self.folder / f"{at:%Y-%m-%d}.csv"
        path.write_text(repr(statements))
        arrival = Arrival(name=path.name, path=path, delivered_at=at, validators={})
        keep(self.engine, self.objects, "shop", self.feed, [arrival], received_at=at, day=f"{at:%Y-%m-%d}")
        return self.read({path.name: statements})[0]

    def read(self, statements):
        waits = waiting(self.engine, "shop", self.feed.name)
        return [take_in(self.engine, one, self.feed, statements[one.name]) for one in waits]

    def fetch(self, *dead, transient=False):
        """Fetch what waits; hosts in ``dead`` answer nothing."""
        wanted = locations_to_fetch(self.engine, "shop", self.feed.name, attempts=5)
        new = new_pictures(self.engine, "shop", self.feed.name)
        outcomes = (
            Fetched(location=one, reason="http_404", message="gone", transient=transient)
            if one.split("/")[0] in dead
            else Fetched(location=one, data=one.encode())
            for one in wanted
        )
        record_fetched(self.engine, self.objects, "shop", self.feed.name, new.watched(outcomes))
        return settle_pictures(self.engine, "shop", self.feed, new, attempts=5)

    def shown(self):
        """How many references show a picture."""
        with self.engine.connect() as connection:
            live = image_references.c.live, image_references.c.image_id.is_not(None)
            return connection.execute(
                sa.select(sa.func.count()).select_from(image_references).where(*live)
            ).scalar_one()

    def held(self):
        with self.engine.connect() as connection:
            return held_deliveries(connection, "shop", self.feed)

    def states(self):
        with self.engine.connect() as connection:
            return list(
                connection.execute(
                    sa.select(deliveries.c.state).order_by(deliveries.c.delivered_at)
                ).scalars()
            )


@pytest.fixture
def shop(engine, tmp_path):
    return lambda feed=FULL: Shop(engine, tmp_path, feed)


def test_pictures_whose_successors_fail_stay_until_a_person_lets_go_of_them(shop, engine):
    maison = shop()
    maison.deliver(0, rings(host="old"))
    assert maison.fetch() is None

    maison.deliver(1, rings(host="new"))
    reason = maison.fetch("new")
    quiet = maison.deliver(
        2, rings(host="new", price=10_100)
    )  # a delivery without new pictures mends nothing
    again = maison.fetch("new")

    assert "100% of 40 new pictures could not be fetched where 0% are usual" in reason
    assert (quiet.state, again, maison.shown()) == ("read", reason, 40)
    assert [(one.name, one.pictures) for one in maison.held()] == [("2026-01-06.csv", True)]
    assert release(engine, "shop", FULL) == ["2026-01-06.csv"]
    assert (maison.shown(), maison.held(), maison.fetch("new")) == (0, [], None)


def test_pictures_that_arrive_after_all_end_the_holding(shop, engine):
    maison = shop()
    maison.deliver(0, rings(host="old"))
    maison.fetch()
    maison.deliver(1, rings(host="new"))
    assert maison.fetch("new") is not None

    retry_failed(engine, "shop")

    assert (maison.fetch(), maison.held(), maison.shown()) == (None, [], 40)


def test_a_few_failures_are_borne_and_let_go_of_at_once(shop):
    maison = shop()
    maison.deliver(0, rings(host="old"))
    maison.fetch()
    maison.deliver(1, rings(35, host="new") + rings(40, host="dead")[35:])

    assert maison.fetch("dead") is None
    assert (maison.shown(), maison.held()) == (35, [])


def test_what_failed_for_the_moment_keeps_its_former_picture(shop):
    maison = shop()
    maison.deliver(0, rings(host="old"))
    maison.fetch()
    maison.deliver(1, rings(35, host="new") + rings(40, host="slow")[35:])

    assert maison.fetch("slow", transient=True) is None
    assert maison.shown() == 40


def test_a_customers_picture_that_is_not_named_any_more_goes_at_once(shop):
    customers = shop(COMMUNITY)
    customers.deliver(0, rings(host="old"))
    customers.fetch()

    customers.deliver(1, rings(host="new"))

    assert customers.shown() == 0


def test_of_full_deliveries_the_newest_is_released_and_older_ones_are_put_aside(shop, engine):
    maison = shop()
    maison.deliver(0, rings())
    dear, dearer = rings(price=90_000), rings(price=95_000)
    assert (maison.deliver(1, dear).state, maison.deliver(2, dearer).state) == ("held", "held")
    assert [one.name for one in maison.held()] == ["2026-01-06.csv", "2026-01-07.csv"]

    assert release(engine, "shop", FULL) == ["2026-01-07.csv"]
    maison.read({"2026-01-07.csv": dearer})

    assert maison.states() == ["read", "superseded", "read"]
    assert (maison.held(), release(engine, "shop", FULL)) == ([], [])


def test_a_held_delivery_that_a_later_one_overtook_is_not_offered(shop, engine):
    maison = shop()
    maison.deliver(0, rings())
    maison.deliver(1, rings(price=90_000))

    maison.deliver(2, rings(price=10_100))

    assert maison.states() == ["read", "superseded", "read"]
    assert release(engine, "shop", FULL) == []


def test_of_increments_every_one_is_released_or_the_one_that_is_named(shop, engine):
    maison = shop(INCREMENTS)
    maison.deliver(0, rings())
    maison.deliver(1, rings(price=90_000))
    maison.deliver(2, rings(price=95_000))

    with pytest.raises(FeedRefusedError, match=r"it holds 2026-01-06\.csv, 2026-01-07\.csv"):
        release(engine, "shop", INCREMENTS, name="another.csv")
    assert release(engine, "shop", INCREMENTS, name="2026-01-06.csv") == ["2026-01-06.csv"]
    assert release(engine, "shop", INCREMENTS) == ["2026-01-07.csv"]
