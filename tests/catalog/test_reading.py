import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Listing, Reject, Remark
from catalog.reading import read_delivery


def declared(chosen, **more):
    if chosen in ("json", "jsonl", "csv"):
        more.setdefault("mapping", {"source_id": "id", "title": "title", "price": "price"})
    return FeedDeclaration(
        **{"name": "shop", "kind": "retailer", "format": chosen, "location": "x", "currency": "USD"} | more
    )


def read(path, declaration):
    found = list(read_delivery(path, declaration))
    return (
        [one for one in found if isinstance(one, Listing)],
        [one for one in found if isinstance(one, Reject)],
        [one for one in found if isinstance(one, Remark)],
        [one for one in found if isinstance(one, Damage)],
    )


def written(tmp_path, content):
    path = tmp_path / "delivery"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_rows_of_one_shopify_handle_are_one_listing(tmp_path):
    header = (
        "Handle,Title,Type,Variant Price,Variant Compare At Price,Image Src,Image Position,Image Alt Text,"
        "Variant Inventory Tracker"
    )
    rows = [
        "a,Gold Ring,Ring,69.99,85,http://x/2.jpg,2,,",
        "a,,,55,80,http://x/1.jpg,1,front,",
        "b,Two,Ring,abc,,,,,",
    ]
    path = written(tmp_path, "\n".join([header, *rows]) + "\n")

    listings, rejects, _, damage = read(path, declared("shopify_csv"))

    assert [(one.price_minor, one.list_price_minor, one.availability) for one in listings] == [
        (5500, 8000, "in_stock")
    ]
    assert [(one.location, one.alt) for one in listings[0].images] == [
        ("http://x/1.jpg", "front"),
        ("http://x/2.jpg", None),
    ]
    assert [(one.reason, one.source_id, one.place) for one in rejects] == [("bad_price", "b", "row 4")]
    assert damage == []


RSS = """<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>1</g:id><title>Silver Ring</title><g:price>352 AED</g:price>
<g:sale_price>252 AED</g:sale_price>
<g:image_link>http://x/1.jpg</g:image_link>
<g:additional_image_link>http://x/2.jpg</g:additional_image_link>
<g:additional_image_link>http://x/3.jpg</g:additional_image_link>
<g:shipping><g:price>9 AED</g:price></g:shipping></item>
<item><g:id>2</g:id><title>Plain &amp; Simple</title>
<g:price>10 AED</g:price><g:sale_price>12 AED</g:sale_price></item>
"""


def test_products_before_the_break_of_an_xml_stand_and_the_break_is_said_once(tmp_path):
    path = written(tmp_path, RSS + "<item><g:id>3</g:id><title>A & B</title></item></channel></rss>")

    listings, rejects, _, damage = read(path, declared("google_merchant_xml"))

    assert [(one.price_minor, one.list_price_minor) for one in listings] == [(25200, 35200), (1000, None)]
    assert [image.location[-5] for image in listings[0].images] == ["1", "2", "3"]
    assert (rejects, [one.place for one in damage]) == ([], ["line 10"])


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_refused_as_damage(tmp_path, prologue):
    path = written(tmp_path, f"{prologue}<rss><channel><item><id>&c;</id></item></channel></rss>")

    listings, rejects, _, damage = read(path, declared("google_merchant_xml"))

    assert (listings, rejects, len(damage)) == ([], [], 1)


def test_an_atom_feed_is_read_by_its_entries(tmp_path):
    feed = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><entry><id>1</id>
    <title>Watch</title><link href="https://x/self" rel="self"/>
    <link href="https://x/1"/><g:price>5 USD</g:price>
    </entry></feed>"""

    listings, *_ = read(written(tmp_path, feed), declared("google_merchant_xml"))

    assert [(one.source_id, one.url, one.category) for one in listings] == [("1", "https://x/1", "watch")]


def test_a_tsv_header_may_have_blanks_and_its_additional_pictures_commas(tmp_path):
    header = "id\ttitle\timage link\tadditional image link\tprice"
    text = f'{header}\n1\tA 16" chain\thttp://x/1\thttp://x/2,http://x/3\t5 USD\n'

    listings, *_ = read(written(tmp_path, text), declared("google_merchant_tsv"))

    assert [image.location for image in listings[0].images] == ["http://x/1", "http://x/2", "http://x/3"]


@pytest.mark.parametrize(
    "chosen", ["json", "jsonl", "csv", "google_merchant_xml", "google_merchant_tsv", "shopify_csv"]
)
def test_an_empty_file_is_one_damage_in_every_format(tmp_path, chosen):
    assert [type(one) for one in read_delivery(written(tmp_path, b""), declared(chosen))] == [Damage]


@pytest.mark.parametrize(
    "tail", [b'{"id": 3, "ti', b"{oops}]", b'{"id": 3}] trailing', b"[" * 100_000, b'{"id": "\xff']
)
def test_a_json_that_breaks_gives_what_precedes_and_one_damage(tmp_path, tail):
    path = written(tmp_path, b'[{"id": 1, "title": "A"}, {"id": 2, "title": "B"}, ' + tail)

    listings, _, _, damage = read(path, declared("json"))

    assert ([one.source_id for one in listings][:2], len(damage)) == (["1", "2"], 1)


def test_numbers_that_crash_parsers_cost_only_their_row(tmp_path):
    path = written(
        tmp_path, '[{"id": 1, "title": "A", "price": %s}, {"id": 2, "title": "B", "price": 5}]' % ("9" * 5000)
    )

    listings, rejects, _, damage = read(path, declared("json"))

    assert ([one.source_id for one in listings], [one.reason for one in rejects], damage) == (
        ["2"],
        ["bad_price"],
        [],
    )


def test_records_below_a_path_are_found_and_a_missing_path_is_damage(tmp_path):
    path = written(tmp_path, '{"info": {"x": [{"id": 9}]}, "data": {"items": [{"id": 1, "title": "A"}, 7]}}')

    listings, rejects, _, damage = read(path, declared("json", records="data.items"))
    _, _, _, nowhere = read(path, declared("json", records="products"))

    assert ([one.source_id for one in listings], [one.reason for one in rejects], damage) == (
        ["1"],
        ["not_a_record"],
        [],
    )
    assert "set `records`" in nowhere[0].message


def test_a_bad_line_rejects_itself_and_a_cut_last_line_is_damage(tmp_path):
    path = written(tmp_path, '{"id": 1, "title": "A"}\nnot json\n[1]\n{"id": 2, "title": "B"}\n{"id": 3, "ti')

    listings, rejects, _, damage = read(path, declared("jsonl"))

    assert [one.source_id for one in listings] == ["1", "2"]
    assert [(one.place, one.reason) for one in rejects] == [
        ("line 2", "not_a_record"),
        ("line 3", "not_a_record"),
    ]
    assert [one.place for one in damage] == ["line 5"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_csv_says_its_delimiter_itself(tmp_path, mark):
    path = written(tmp_path, f"id{mark}title{mark}price\n1{mark}Ring{mark}24.50\n")

    assert [one.price_minor for one in read(path, declared("csv"))[0]] == [2450]


@pytest.mark.parametrize(
    ("encoding", "remarks"), [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("cp1252", 1)]
)
def test_the_encoding_is_found_and_a_guess_is_remarked(tmp_path, encoding, remarks):
    path = written(tmp_path, "id,title,price\n1,Bague dorée à l’ancienne,5\n".encode(encoding))

    listings, _, remarked, _ = read(path, declared("csv"))

    assert listings[0].title == "Bague dorée à l’ancienne"
    assert len([one for one in remarked if one.field == "encoding"]) == remarks


def test_one_damaged_letter_does_not_turn_an_arabic_feed_into_noise(tmp_path):
    path = written(tmp_path, "id,title,price\n1,خاتم ذهب,5\n2,".encode() + b"\xff,6\n")

    listings, _, remarks, _ = read(path, declared("csv", language="ar"))

    assert listings[0].title == "خاتم ذهب"
    assert any("no UTF-8" in one.message for one in remarks)


def test_a_quote_left_open_and_a_row_cut_short_are_damage_after_the_good_rows(tmp_path):
    opened = written(tmp_path, 'id,title,price\n1,A,5\n2,"B,6\n3,C,7\n')
    after_open = read(opened, declared("csv"))
    cut = written(tmp_path, "id,title,price\n1,A,5\n2,B")
    after_cut = read(cut, declared("csv"))

    for listings, _, _, damage in (after_open, after_cut):
        assert ([one.source_id for one in listings], [one.place for one in damage]) == (["1"], ["row 3"])


def test_a_description_with_a_picture_inside_is_no_reason_to_stop(tmp_path):
    path = written(tmp_path, f'id,title,price\n1,"{"A" * 300_000}",5\n2,B,6\n')

    listings, rejects, _, damage = read(path, declared("csv"))

    assert ([one.source_id for one in listings], [one.reason for one in rejects], damage) == (
        ["2"],
        ["too_long"],
        [],
    )


def test_every_reason_has_its_own_code(tmp_path):
    rows = ["1,A,5", ",B,5", "3,,5", "1,Again,5", "5,E,free", "6,F,7,extra", f"{'7' * 300},G,5", "8,H,"]
    path = written(tmp_path, "\n".join(["id,title,price", *rows]) + "\n")

    listings, rejects, *_ = read(path, declared("csv"))

    assert [one.source_id for one in listings] == ["1", "8"]
    assert [one.reason for one in rejects] == [
        "missing_id",
        "missing_title",
        "duplicate_id",
        "bad_price",
        "too_many_cells",
        "too_long",
    ]


def test_a_table_without_the_mapped_id_is_one_damage_and_not_a_reject_per_row(tmp_path):
    path = written(tmp_path, "sku,title\n" + "1,A\n" * 50)

    assert [type(one) for one in read_delivery(path, declared("csv"))] == [Damage]


def test_a_mapping_that_no_record_answers_is_remarked_once(tmp_path):
    mapping = {"source_id": "id", "title": "title", "metal": "materail"}
    path = written(tmp_path, '[{"id": 1, "title": "A"}, {"id": 2, "title": "B"}]')

    remarks = read(path, declared("json", mapping=mapping))[2]

    assert [one.field for one in remarks if one.place == "file"] == ["metal"]


def test_values_are_read_from_paths_labels_languages_and_templates(tmp_path):
    record = {
        "id": 7,
        "name": {"en": "Cuff", "ar": "سوار"},
        "colour": "Gold",
        "kind": "Bangle",
        "specs": [
            {"label": "Material", "value": "925 Silver with Rose Gold Plating"},
            {"label": "Stone", "value": "CZ"},
        ],
        "media": [{"src": "a, b.jpg"}, {"src": "c.jpg"}],
        "second": "/d e.png",
        "price": 1299.5,
    }
    mapping = {
        "source_id": "id",
        "title": "{colour} {kind}",
        "title.ar": "name.ar",
        "category": "kind",
        "price": "price",
        "metal": "specs[label=Material].value",
        "fineness": "specs[label=Material].value",
        "stones": "specs[label=Stone].value",
        "images": "media[].src, second",
    }

    (one,), rejects, remarks, _ = read(
        written(tmp_path, json.dumps([record])), declared("json", mapping=mapping, language="de")
    )

    assert (rejects, remarks) == ([], [])
    assert (one.title, one.titles, one.category) == (
        "Gold Bangle",
        {"de": "Gold Bangle", "ar": "سوار"},
        "bracelet",
    )
    assert (one.metal, one.fineness, one.plating, one.metal_colour) == ("silver", 925, "gold", "rose")
    assert (one.stones, one.price_minor) == (("cubic_zirconia",), 129950)
    assert [image.location for image in one.images] == ["a, b.jpg", "c.jpg", "/d e.png"]
    assert one.read_from["metal"].column == "specs[label=Material].value"


def test_the_title_speaks_only_where_no_column_does(tmp_path):
    mapping = {"source_id": "id", "title": "title", "category": "type", "metal": "metal"}
    rows = [
        {"id": 1, "title": "Gold Ring with Pearl"},
        {"id": 2, "title": "Gold Ring", "type": "Curios", "metal": "unobtainium"},
        {"id": 3, "title": "Gold Ring", "type": "Men"},
    ]

    listings, _, remarks, _ = read(written(tmp_path, json.dumps(rows)), declared("json", mapping=mapping))

    assert [(one.category, one.metal) for one in listings] == [
        ("ring", "gold"),
        (None, None),
        ("ring", "gold"),
    ]
    assert listings[0].read_from["stones"].column == "title"
    assert [(one.field, one.value) for one in remarks if one.source_id == "2" and one.field != "images"] == [
        ("metal", "unobtainium"),
        ("category", "Curios"),
    ]


def test_a_bare_metal_column_is_explained_by_a_fuller_purity_and_contradictions_are_remarked(tmp_path):
    mapping = {"source_id": "id", "title": "title", "metal": "metal", "fineness": "purity"}
    rows = [
        {"id": 1, "title": "x", "metal": "Rose Gold", "purity": "925 Silver with Rose Gold Plating"},
        {"id": 2, "title": "x", "metal": "Gold", "purity": "925 Silver"},
    ]

    listings, _, remarks, _ = read(written(tmp_path, json.dumps(rows)), declared("json", mapping=mapping))

    assert [(one.metal, one.fineness, one.plating) for one in listings] == [
        ("silver", 925, "gold"),
        ("gold", None, None),
    ]
    assert [one.source_id for one in remarks if one.field == "metal"] == ["2"]


def test_a_manifest_line_is_a_listing_named_by_file_and_folder(tmp_path):
    lines = [
        {"path": "rings/gold-ring_02.jpg", "bytes": 5, "sha256": "ab"},
        {"path": "misc/IMG_1.png", "bytes": 5, "sha256": "cd"},
    ]
    path = written(tmp_path, "\n".join(map(json.dumps, lines)) + "\n")

    listings, *_ = read(path, declared("images", currency=None))

    assert [(one.source_id, one.title, one.category) for one in listings] == [
        ("rings/gold-ring_02.jpg", "gold ring 02", "ring"),
        ("misc/IMG_1.png", "IMG 1", None),
    ]
    assert [image.location for image in listings[0].images] == ["rings/gold-ring_02.jpg"]


def test_what_databases_refuse_never_reaches_a_listing(tmp_path):
    path = written(tmp_path, '{"id": "a\\u0000b", "title": "x\\ud800<b>y</b> &amp; z", "price": null}\n')

    (one,), *_ = read(path, declared("jsonl"))

    one.title.encode()
    assert (one.source_id, one.title) == ("ab", "x\ufffdy & z")


def test_an_unknown_mapping_key_names_itself():
    with pytest.raises(ValidationError, match="'colur' is no field"):
        declared("csv", mapping={"source_id": "id", "title": "t", "colur": "c"})
    with pytest.raises(ValidationError, match="open bracket"):
        declared("csv", mapping={"source_id": "id", "title": "a[label=x"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "source_id",
    "title",
    "description",
    "url",
    "brand",
    "category",
    "metal",
    "metal_colour",
    "fineness",
    "plating",
    "stones",
    "styles",
    "colour",
    "weight",
    "gtin",
    "mpn",
    "sku",
    "availability",
    "price",
    "list_price",
    "currency",
    "rating",
    "images",
    "images_alt",
    "dimensions_mm.width",
    "dimensions_mm.*",
    "title.fr",
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(record=st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_no_record_breaks_the_reading(tmp_path, record):
    path = written(tmp_path, json.dumps(record) + "\n")

    found = list(read_delivery(path, declared("jsonl", mapping={field: field for field in FIELDS})))

    assert len([one for one in found if isinstance(one, Listing | Reject)]) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(content=st.binary(max_size=200))
@pytest.mark.parametrize("chosen", ["csv", "json", "jsonl", "google_merchant_xml", "images", "shopify_csv"])
def test_no_bytes_break_the_reading(tmp_path, chosen, content):
    found = list(read_delivery(written(tmp_path, content), declared(chosen)))

    assert len([one for one in found if isinstance(one, Damage)]) <= 1


def test_ring_sizes_become_the_inside_of_the_ring_and_unclear_ones_stay_raw(tmp_path):
    path = tmp_path / "rings.csv"
    path.write_text("id,name,size,us\na,Band,EU 54,\nb,Band,,7\nc,Band,12,\n", encoding="utf-8")
    mapping = {"source_id": "id", "title": "name", "ring_size": "size", "ring_size.us": "us"}

    found = list(
        read_delivery(
            path, FeedDeclaration(name="r", kind="retailer", format="csv", location=".", mapping=mapping)
        )
    )

    listings = [one for one in found if isinstance(one, Listing)]
    assert [one.dimensions_mm.get("inner_diameter") for one in listings] == [17.19, 17.32, None]
    assert listings[2].read_from["ring_size"].raw == "12"
    assert [one.value for one in found if isinstance(one, Remark) and one.field == "ring_size"] == ["12"]
