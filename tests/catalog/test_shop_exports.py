"""Exports of shop systems: what each format's own rules make of its rows."""

import json

import pytest

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Listing, Reject
from catalog.readers.magento_csv import attributes_in
from catalog.reading import read_delivery


def declared(chosen, **more):
    return FeedDeclaration(
        **{"name": "shop", "kind": "retailer", "format": chosen, "location": "x", "currency": "EUR"} | more
    )


def read(tmp_path, content, declaration):
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(read_delivery(path, declaration))
    return (
        [one for one in found if isinstance(one, Listing)],
        [one for one in found if isinstance(one, Reject)],
        [one for one in found if isinstance(one, Damage)],
    )


def shopify(**more):
    product = {
        "id": 1,
        "handle": "ring-a",
        "title": "Rose Gold Ring",
        "body_html": "<p>Fine</p>",
        "vendor": "House",
        "product_type": "Rings",
        "variants": [
            {"price": "90.00", "compare_at_price": "0.00", "sku": "a6", "available": False, "grams": 4},
            {"price": "80.00", "compare_at_price": "100.00", "sku": "a7", "available": True, "grams": 3},
        ],
        "images": [{"src": "https://x/2.jpg", "position": 2}, {"src": "https://x/1.jpg", "position": 1}],
    }
    return product | more


def test_a_shopify_product_is_its_cheapest_variant_and_in_stock_if_any_is(tmp_path):
    listings, rejects, damage = read(
        tmp_path, json.dumps({"products": [shopify()]}), declared("shopify_json")
    )

    one = listings[0]
    assert (one.source_id, one.price_minor, one.list_price_minor) == ("ring-a", 8000, 10000)
    assert (one.availability, one.sku, one.weight_g, one.category) == ("in_stock", None, 3.0, "ring")
    assert [image.location for image in one.images] == ["https://x/1.jpg", "https://x/2.jpg"]
    assert (rejects, damage) == ([], [])


@pytest.mark.parametrize(
    ("variant", "state"),
    [
        ({"inventory_quantity": 0, "inventory_management": "shopify"}, "out_of_stock"),
        (
            {"inventory_quantity": 0, "inventory_management": "shopify", "inventory_policy": "continue"},
            "preorder",
        ),
        ({"inventory_quantity": 0, "inventory_management": None}, "in_stock"),
        ({}, "unknown"),
    ],
)
def test_the_admin_api_says_stock_otherwise(tmp_path, variant, state):
    product = shopify(variants=[{"price": "5.00", "barcode": "4006381333931"} | variant])

    listings, *_ = read(tmp_path, json.dumps({"products": [product]}), declared("shopify_json"))

    assert (listings[0].availability, listings[0].gtin) == (state, "04006381333931")


def test_an_unreadable_variant_price_rejects_its_product(tmp_path):
    product = shopify(variants=[{"price": "5.00"}, {"price": "ask"}])

    listings, rejects, _ = read(tmp_path, json.dumps({"products": [product]}), declared("shopify_json"))

    assert (listings, [one.reason for one in rejects]) == ([], ["bad_price"])


WOO = (
    "ID,Type,SKU,Name,Published,In stock?,Weight (g),Sale price,Regular price,Categories,Images,Parent,"
    "Attribute 1 name,Attribute 1 value(s)\n"
)


def test_woocommerce_variations_belong_to_their_product_wherever_they_stand(tmp_path):
    rows = [
        '12,variation,R-6,Ring - 6,1,0,,,"90,50",,https://x/6.jpg,R,,',
        '10,variable,R,Silberring,1,1,4,,,"Sale, Schmuck > Ringe","https://x/1.jpg, https://x/2.jpg",,'
        "pa_material,Silber",
        '13,variation,R-7,Ring - 7,1,1,,"80,00","100,00",,,id:10,,',
        '14,variation,R-8,Ring - 8,1,1,,"70,00","100,00",,,R,,',
        "11,simple,D,Entwurf,0,1,,,5,,,,,",
    ]

    listings, rejects, _ = read(
        tmp_path, WOO + "\n".join(rows) + "\n", declared("woocommerce_csv", language="de")
    )

    one = listings[0]
    assert (one.source_id, one.price_minor, one.list_price_minor) == ("R", 7000, 10000)
    assert (one.availability, one.category, one.metal, one.weight_g) == ("in_stock", "ring", "silver", 4.0)
    assert [image.location[-5] for image in one.images] == ["1", "2", "6"]
    assert [(one.reason, one.source_id) for one in rejects] == [("not_published", "D")]


def test_a_dated_sale_is_no_price_and_a_variation_without_its_product_is_rejected(tmp_path):
    header = WOO.replace("Sale price,", "Sale price,Date sale price ends,")
    rows = ["1,simple,S,Ring,1,1,,60,2020-01-31,80,,,,,", "2,variation,O-1,Orphan,1,1,,,,5,,,GONE,,"]

    listings, rejects, _ = read(tmp_path, header + "\n".join(rows) + "\n", declared("woocommerce_csv"))

    assert [(one.price_minor, one.list_price_minor) for one in listings] == [(8000, None)]
    assert [(one.reason, one.source_id) for one in rejects] == [("missing_parent", "O-1")]


def test_only_a_products_own_published_variations_speak_for_it(tmp_path):
    rows = [
        "1,simple,,Loose,1,0,,,50,,,,,",
        "2,variable,V,Ring,1,,,,,,,,,",
        "3,variation,V-1,Ring 1,0,1,,,5,,,V,,",
        "4,variation,V-2,Ring 2,1,0,,,50,,,id:2,,",
        "5,variation,X,Orphan,1,1,,,5,,http://x/o.jpg,,,",
    ]

    listings, rejects, _ = read(tmp_path, WOO + "\n".join(rows) + "\n", declared("woocommerce_csv"))

    assert [(one.source_id, one.price_minor, one.availability, one.images) for one in listings] == [
        ("1", 5000, "out_of_stock", ()),
        ("V", 5000, "out_of_stock", ()),
    ]
    assert [one.reason for one in rejects] == ["missing_parent"]


def test_a_draft_is_no_offer(tmp_path):
    listings, rejects, _ = read(
        tmp_path, json.dumps({"products": [shopify(status="draft")]}), declared("shopify_json")
    )

    assert (listings, [(one.reason, one.source_id) for one in rejects]) == ([], [("not_published", "ring-a")])


MAGENTO = (
    "sku,store_view_code,product_type,attribute_set_code,name,categories,price,special_price,"
    "special_price_to_date,visibility,product_online,is_in_stock,base_image,additional_images,"
    "additional_attributes,configurable_variations\n"
)


def test_a_configurable_magento_product_takes_price_and_stock_of_its_variants(tmp_path):
    rows = [
        'a-6,,simple,Default,Ring 6,,95.0000,,,Not Visible Individually,1,0,,,"metal=Gold,size=6",',
        'a,,configurable,Default,Gold Ring,"Default Category/Sale,Default Category/Jewelry/Rings",,,,'
        '"Catalog, Search",1,1,/a/1.jpg,"/a/1.jpg,/a/2.jpg","metal=Gold,stone=Diamond|Ruby",'
        '"sku=a-6,size=6|sku=a-7,size=7"',
        "a,fr,configurable,Default,Bague en or,,,,,,,,,,,",
        'a-7,,simple,Default,Ring 7,,90.0000,80.0000,,Not Visible Individually,1,1,,,"metal=Gold,size=7",',
        "b,,simple,Default,Lost Ring,,90,,,Not Visible Individually,1,1,,,,",
        'c,,simple,Default,Off Ring,,90,,,"Catalog, Search",2,1,,,,',
        'd,,simple,Default,Dated Ring,,90,50,2024-01-01,"Catalog, Search",1,1,no_selection,,,',
    ]

    listings, rejects, _ = read(
        tmp_path,
        MAGENTO + "\n".join(rows) + "\n",
        declared("magento_csv", mapping={"title.fr": "views.fr.name"}, images="https://x/media"),
    )

    one = listings[0]
    assert (one.source_id, one.price_minor, one.list_price_minor) == ("a", 8000, 9000)
    assert (one.availability, one.category, one.metal, one.stones) == (
        "in_stock",
        "ring",
        "gold",
        ("diamond", "ruby"),
    )
    assert one.titles == {"en": "Gold Ring", "fr": "Bague en or"}
    assert [image.location for image in one.images] == ["a/1.jpg", "a/2.jpg"]
    assert [(each.source_id, each.price_minor) for each in listings[1:]] == [("d", 9000)]
    assert [(each.reason, each.source_id) for each in rejects] == [
        ("not_published", "b"),
        ("not_published", "c"),
    ]


@pytest.mark.parametrize("why", ['"Catalog, Search",2', "Not Visible Individually,1"])
def test_a_store_view_of_a_refused_product_is_no_product(tmp_path, why):
    rows = [
        f"a,,simple,Default,Gold Ring,,10,,,{why},1,,,,",
        "a,de,simple,Default,Goldring,,,,,,,,,,,",
        ",fr,simple,Default,Bague,,,,,,,,,,,",
    ]

    listings, rejects, _ = read(tmp_path, MAGENTO + "\n".join(rows) + "\n", declared("magento_csv"))

    assert (listings, [one.reason for one in rejects]) == ([], ["not_published"])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("metal=Gold,stone=Diamond|Ruby", {"metal": "Gold", "stone": "Diamond, Ruby"}),
        ('note="rings, and more, of gold=24k",size=7', {"note": "rings, and more, of gold=24k", "size": "7"}),
        ("note=Fine, handmade,size=7", {"note": "Fine, handmade", "size": "7"}),
        ('note="7"" long"', {"note": '7" long'}),
        ("", {}),
        ("=", {}),
        ('open="never closed,size=7', {"open": '"never closed,size=7'}),
    ],
)
def test_magento_attributes_end_where_the_next_begins(cell, expected):
    assert attributes_in(cell) == expected


XML = """<shop xmlns="urn:x"><info><product id="no"/></info><products>
<product id="1"><name lang="en">Ring</name><price cur="EUR">5.50</price>
<pics><pic>http://x/1.jpg</pic><pic>http://x/2.jpg</pic></pics></product>
<product id="2"><name>Watch</name><price>6</price></product>
"""
XML_FEED = {
    "records": "shop.products.product",
    "mapping": {
        "source_id": "@id",
        "title": "name.#text | name",
        "price": "price.#text | price",
        "currency": "price.@cur",
        "images": "pics.pic[] | pics.pic",
    },
}


def test_any_xml_is_read_by_its_mapping(tmp_path):
    listings, rejects, damage = read(tmp_path, XML + "</products></shop>", declared("xml", **XML_FEED))

    assert [(one.source_id, one.title, one.price_minor) for one in listings] == [
        ("1", "Ring", 550),
        ("2", "Watch", 600),
    ]
    assert [image.location for image in listings[0].images] == ["http://x/1.jpg", "http://x/2.jpg"]
    assert (rejects, damage) == ([], [])


def test_records_before_the_break_of_an_xml_stand(tmp_path):
    listings, _, damage = read(
        tmp_path,
        XML + "<product id='3'><name>A & B</name></product></products></shop>",
        declared("xml", **XML_FEED),
    )

    assert [one.source_id for one in listings] == ["1", "2"]
    assert [one.place for one in damage] == ["line 5"]


def test_one_element_is_a_list_of_one(tmp_path):
    feed = XML_FEED | {"mapping": XML_FEED["mapping"] | {"images": "pics.pic[]"}}
    one = "<product id='3'><name>C</name><pics><pic>http://x/3.jpg</pic></pics></product>"

    listings, *_ = read(tmp_path, XML + one + "</products></shop>", declared("xml", **feed))

    assert [len(each.images) for each in listings] == [2, 0, 1]


@pytest.mark.parametrize("records", ["shop.items.item", "shop.products.item"])
def test_a_wrong_path_names_the_paths_that_there_are(tmp_path, records):
    feed = XML_FEED | {"records": records}

    _, _, damage = read(tmp_path, XML + "</products></shop>", declared("xml", **feed))

    assert "shop.products.product" in damage[0].message


def test_an_xml_that_nests_without_end_is_damage(tmp_path):
    _, _, damage = read(tmp_path, "<a>" * 5000, declared("xml", **XML_FEED))

    assert len(damage) == 1
