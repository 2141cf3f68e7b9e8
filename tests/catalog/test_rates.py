"""Exchange rates: a dated table that is a delivery, and conversion by the rate of the day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from catalog.accounting import books
from catalog.declarations import FeedDeclaration
from catalog.deliveries import Arrival, keep, waiting
from catalog.intake import take_in
from catalog.listing import Listing, Remark
from catalog.money import Money
from catalog.rates.rate import Rate
from catalog.rates.table import Converted, NotConverted, RateTable, rate_table
from catalog.reading import read_delivery
from catalog.tables import exchange_rates, rejects, trends
from catalog.trends import update_trends
from storage.objects import LocalObjectStore

RATES = FeedDeclaration(name="rates", kind="rates", format="rates", location="x", deliveries="increments")
SHOP = FeedDeclaration(name="shop", kind="retailer", format="shopify_csv", location="x")
TABLE = RateTable(
    [
        Rate(day=date(2026, 1, 5), base="EUR", quote="USD", rate=Decimal("1.25")),
        Rate(day=date(2026, 1, 8), base="EUR", quote="USD", rate=Decimal("1.20")),
        Rate(day=date(2026, 1, 5), base="USD", quote="JPY", rate=Decimal("150")),
    ]
)


@pytest.fixture
def deliver(engine, tmp_path):
    objects = LocalObjectStore(tmp_path / "objects")

    def take(feed, content, day):
        at = datetime(2026, 1, day, tzinfo=UTC)
        path = tmp_path / f"{feed.name}-2026-01-{day:02}.csv"
        path.write_text(content if isinstance(content, str) else repr(content), encoding="utf-8")
        arrival = Arrival(name=path.name, path=path, delivered_at=at, validators={})
        keep(engine, objects, "house", feed, [arrival], received_at=at, day=f"{at:%Y-%m-%d}")
        (delivery,) = waiting(engine, "house", feed.name)
        found = read_delivery(path, feed) if isinstance(content, str) else content
        return take_in(engine, delivery, feed, found)

    take.engine = engine
    return take


@pytest.mark.parametrize(
    ("money", "to", "day", "minor"),
    [
        (Money(minor=10_000, currency="EUR"), "USD", 5, 12_500),
        (Money(minor=10_000, currency="EUR"), "USD", 7, 12_500),  # the last rate known
        (Money(minor=10_000, currency="EUR"), "USD", 8, 12_000),
        (Money(minor=12_000, currency="USD"), "EUR", 9, 10_000),  # the same rate, the other way
        (Money(minor=10_000, currency="USD"), "JPY", 5, 15_000),  # yen have no decimals
        (Money(minor=15_000, currency="JPY"), "USD", 5, 10_000),
        (Money(minor=77, currency="SEK"), "SEK", 1, 77),
    ],
)
def test_an_amount_is_converted_by_the_rate_that_held_on_the_day(money, to, day, minor):
    found = TABLE.converted(money, to, on=date(2026, 1, day))

    assert isinstance(found, Converted)
    assert found.money == Money(minor=minor, currency=to)


@pytest.mark.parametrize(
    ("currency", "to", "day", "reason"),
    [("EUR", "USD", 4, "no_rate"), ("EUR", "JPY", 5, "no_rate"), ("EUR", "USD", 16, "rate_too_old")],
)
def test_without_a_rate_of_its_time_nothing_is_converted_and_it_says_why(currency, to, day, reason):
    found = TABLE.converted(Money(minor=100, currency=currency), to, on=date(2026, 1, day))

    assert isinstance(found, NotConverted)
    assert found.reason == reason
    assert "table of rates" in found.message


def test_a_table_is_a_delivery_whose_rows_are_rates_or_rejects(deliver):
    report = deliver(
        RATES,
        "date,base,quote,rate\n2026-01-05,EUR,USD,1.25\n2026-01-05,EUR,XQZ,1\n05.01.2026,EUR,CHF,0.9\n"
        "2026-01-05,EUR,CHF,0\n2026-01-05,EUR,CHF,0.93\n",
        5,
    )
    corrected = deliver(RATES, "date,base,quote,rate\n2026-01-05,EUR,USD,1.30\n", 6)

    with deliver.engine.connect() as connection:
        kept = connection.execute(sa.select(exchange_rates).order_by(exchange_rates.c.quote)).all()
        refused = connection.execute(sa.select(rejects.c.field, rejects.c.reason)).all()
    assert (report.state, report.accepted, report.rejected) == ("read", 2, 3)
    assert sorted(tuple(row) for row in refused) == [
        ("date", "bad_rate"), ("quote", "bad_rate"), ("rate", "bad_rate"),
    ]  # fmt: skip
    assert [(row.quote, row.day, row.rate) for row in kept] == [
        ("CHF", "2026-01-05", "0.93"), ("USD", "2026-01-05", "1.30"),
    ]  # fmt: skip
    assert corrected.accepted == 1
    assert books(deliver.engine, "house", [RATES]).balanced


def test_trends_convert_only_where_a_reporting_currency_is_declared(deliver):
    offers = [
        Listing(place="1", source_id=code, title="Ring", category="ring", price_minor=10_000, currency=code)
        for code in ("EUR", "USD", "SEK")
    ]
    deliver(SHOP, offers, 5)
    deliver(RATES, "date,base,quote,rate\n2026-01-05,EUR,USD,1.25\n", 5)

    def medians(**changes):
        update_trends(deliver.engine, "house", **changes)
        with deliver.engine.connect() as connection:
            return {
                row.currency: (row.supply, row.price_median_minor)
                for row in connection.execute(sa.select(trends).where(trends.c.facet == "category"))
            }

    assert medians() == {"EUR": (1, 10_000), "USD": (1, 10_000), "SEK": (1, 10_000)}
    assert medians(reporting_currency="EUR") == {"EUR": (2, 8_000), "SEK": (1, 10_000)}
    assert rate_table(deliver.engine, "elsewhere").converted(
        Money(minor=1, currency="EUR"), "USD", on=date(2026, 1, 5)
    ) == NotConverted(
        reason="no_rate",
        message="there is no rate between EUR and USD on or before 2026-01-05: "
        "deliver one in the table of rates",
    )


def test_whether_tax_is_included_is_kept_as_stated(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "id,name,price,vat,pc\na,Ring,10,inkl. MwSt,19 %\nb,Ring,10,perhaps,many\n", encoding="utf-8"
    )
    mapping = {"source_id": "id", "title": "name", "price": "price", "tax": "vat", "tax_percent": "pc"}
    declaration = FeedDeclaration(
        name="s", kind="retailer", format="csv", location="x", currency="EUR", language="de", mapping=mapping
    )

    found = list(read_delivery(path, declaration))

    stated = [one for one in found if isinstance(one, Listing)]
    assert [(one.tax, one.tax_percent) for one in stated] == [("included", 19.0), (None, None)]
    remarks = [one.field for one in found if isinstance(one, Remark) and one.source_id == "b"]
    assert {"tax", "tax_percent"} <= set(remarks)
