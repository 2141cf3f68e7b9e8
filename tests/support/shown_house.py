"""A served house with everything that a page shows: drawn pictures, offers of two shops, prices, trends.

Its snapshot is built and promoted for real; its catalogue is written straight into the tables.
"""

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from index_house import SETTINGS, build, slim_catalogue, sqlite_store
from PIL import Image, ImageDraw
from served_house import WordEncoder, reopened
from thumbhash import rgba_to_thumb_hash

from catalog import tables
from catalog.trends import update_trends
from index_builds.metadata_file import SCHEMA
from index_builds.pipeline import ChannelVectors
from index_builds.promotion import promote
from index_builds.queries import HELD_OUT, held_out_queries
from storage.objects import LocalObjectStore, digest_key, sha256_hex
from vision.channels.looking import look_at
from vision.channels.registry import channel_id, open_channels

COLLECTION = "house"
PIECES = 60
FRAMES = 8
START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
LAST = START + timedelta(days=20)
SHOPS = {"atelier": "manufacturer", "bazaar": "retailer"}
TURNED = "piece-00"  # the piece that was photographed all round
_CATEGORIES = ("ring", "necklace", "earrings", "bracelet")
_METALS = {"gold": (212, 170, 70), "silver": (176, 180, 188), "platinum": (146, 150, 160)}
_STONES = {"emerald": (20, 140, 80), "ruby": (190, 20, 60), "sapphire": (30, 70, 190)}
_PICTURES_EACH = 3
_SIDE_PX = {"160": 160, "512": 512, "1280": 640}


def shown_house(root: Path, **settings):
    """Return a house of ``PIECES`` pieces, ready to serve."""
    store = sqlite_store(root)
    drawn = [_drawn(number) for number in range(len(_METALS) * len(_STONES))]
    catalogue = replace(_catalogue(), encoder_id="encoder-a")
    manifest = build(
        store,
        catalogue,
        settings=SETTINGS,
        channels={name: _channel(name, catalogue.keys, drawn) for name in ("colour", "shape")},
    )
    promote(store, COLLECTION, manifest.snapshot_id, settings=SETTINGS.gate, actor="test", moved_at=LAST)
    _write_catalogue(store.engine, store.objects, catalogue, drawn)
    update_trends(store.engine, COLLECTION)
    return reopened(root, store, WordEncoder(), **settings)


def picture_of(number: int) -> bytes:
    """Return a PNG file like the house's own pictures."""
    sink = io.BytesIO()
    _drawn(number).save(sink, "png")
    return sink.getvalue()


def _drawn(number: int, turn: int = 0) -> Image.Image:
    metal = list(_METALS.values())[number % len(_METALS)]
    stone = list(_STONES.values())[number // len(_METALS) % len(_STONES)]
    image = Image.new("RGB", (640, 640), (250, 249, 247))
    pen = ImageDraw.Draw(image)
    width = 300 - 30 * turn
    pen.ellipse((320 - width // 2, 200, 320 + width // 2, 520), outline=metal, width=34)
    pen.polygon([(320, 110), (385, 180), (320, 250), (255, 180)], fill=stone)
    return image


def _catalogue():
    made = slim_catalogue(PIECES * _PICTURES_EACH, tiers=("hot",))
    schema = pa.schema([field for field in SCHEMA if field.name != "tier"])
    rows = []
    for position, key in enumerate(made.keys):
        rows += [
            {"image_key": int(key), "image_id": f"{int(key):064x}", **one}
            for one in _offers(position // _PICTURES_EACH)
        ]
    owners = np.arange(len(made.keys)) // _PICTURES_EACH
    queries = {HELD_OUT: held_out_queries(made.keys, made.vectors, owners, count=8, seed=5)}
    return replace(made, metadata=pa.Table.from_pylist(rows, schema=schema), queries=queries)


def _offers(piece: int) -> list[dict]:
    metal = list(_METALS)[piece % len(_METALS)]
    stone = list(_STONES)[piece // len(_METALS) % len(_STONES)]
    category = _CATEGORIES[piece % len(_CATEGORIES)]
    shared = {
        "piece_id": f"piece-{piece:02}",
        "category": category,
        "brand": "Aurelia" if piece % 3 else "Belmont & Fils",
        "metal": metal,
        "metal_colour": None,
        "stones": [stone],
        "styles": ["vintage"] if piece % 5 == 0 else ["classic"],
        "colour": None,
        "availability": ("in_stock", "in_stock", "out_of_stock")[piece % 3],
        "title": f"{metal.capitalize()} {category} with {stone}, no. {piece}",
    }
    priced = piece % 11 != 0 or piece == 0
    first = {
        "listing_id": f"atelier:A-{piece}", "source": "atelier", "url": f"https://atelier.example/{piece}",
        "price_minor": 9_900 + 1_700 * piece if priced else None, "currency": "EUR" if priced else None,
    }  # fmt: skip
    second = {
        "listing_id": f"bazaar:B-{piece}", "source": "bazaar", "url": None,
        "price_minor": 9_500 + 1_700 * piece, "currency": "USD" if piece % 5 == 0 else "EUR",
    }  # fmt: skip
    return [{**shared, **first}, {**shared, **second}] if piece % 2 == 0 else [{**shared, **first}]


def _channel(name: str, keys, drawn) -> ChannelVectors:
    (extractor,) = open_channels((name,), WordEncoder())
    looked = [look_at(image) for image in drawn]
    known = [extractor.extract(one.pixels, one.mask, None) for one in looked]
    owners = np.arange(len(keys)) // _PICTURES_EACH
    vectors = np.stack([known[owner % len(drawn)] for owner in owners]).astype(np.float32)
    return ChannelVectors(
        channel_id=channel_id(name, "encoder-a"),
        keys=keys,
        vectors=vectors,
        queries={HELD_OUT: held_out_queries(keys, vectors, owners, count=8, seed=5)},
    )


def _write_catalogue(engine, objects: LocalObjectStore, catalogue, drawn) -> None:
    sold = [one for piece in range(PIECES) for one in _offers(piece)]
    made = [_renditions(objects, image) for image in drawn]
    turned = [_renditions(objects, _drawn(0, turn)) for turn in range(FRAMES)]
    held = [(f"{int(key):064x}", made[place // _PICTURES_EACH % len(made)])
            for place, key in enumerate(catalogue.keys)]  # fmt: skip
    frames = [(f"{2**40 + turn:064x}", one) for turn, one in enumerate(turned)]
    shown = [
        (f"piece-{place // _PICTURES_EACH:02}", place % _PICTURES_EACH, image_id)
        for place, (image_id, _) in enumerate(held)
    ]
    references = []
    for one in sold:
        own = [(position, image_id, "primary" if position == 0 else "detail")
               for piece_id, position, image_id in shown if piece_id == one["piece_id"]]  # fmt: skip
        if one["listing_id"] == "atelier:A-0":
            own += [(10 + turn, image_id, "frame_360") for turn, (image_id, _) in enumerate(frames)]
        references += [_reference(one, *each) for each in own]
    pieces = {one["piece_id"]: one for one in sold}
    with engine.begin() as connection:
        connection.execute(
            tables.feeds.insert(),
            [{"collection": COLLECTION, "feed": feed, "kind": kind, "validators": {}}
             for feed, kind in SHOPS.items()],
        )  # fmt: skip
        connection.execute(
            tables.deliveries.insert(),
            [{"delivery_id": number, "collection": COLLECTION, "feed": feed,
              "name": f"{feed}_{LAST:%Y%m%d}.csv", "digest": f"{number}" * 64, "bytes": 1,
              "delivered_at": LAST, "day": f"{LAST:%Y-%m-%d}",
              "state": "read"} for number, feed in enumerate(SHOPS, 1)],
        )  # fmt: skip
        connection.execute(
            tables.pieces.insert(),
            [{"collection": COLLECTION, "piece_id": piece_id, "category": one["category"],
              "brand": one["brand"], "title": one["title"],
              "first_seen_at": START + timedelta(hours=int(piece_id[-2:]))}
             for piece_id, one in pieces.items()],
        )  # fmt: skip
        connection.execute(tables.listings.insert(), [_listing(one) for one in sold])
        connection.execute(
            tables.piece_listings.insert(),
            [{"collection": COLLECTION, "listing_id": one["listing_id"], "piece_id": one["piece_id"],
              "rule": "gtin" if one["source"] == "bazaar" else "alone"} for one in sold],
        )  # fmt: skip
        connection.execute(
            tables.images.insert(),
            [{"image_id": image_id, "image_key": int(image_id[-16:], 16), "bytes": 1, "format": "WEBP",
              "width": 640, "height": 640, "renditions": files, "renditions_version": "2"}
             for image_id, files in held + frames],
        )  # fmt: skip
        connection.execute(
            tables.verdicts.insert(),
            [{"collection": COLLECTION, "image_id": image_id, "verdict": "accepted", "reasons": [],
              "rules_version": "1"} for image_id, _ in held + frames],
        )  # fmt: skip
        connection.execute(tables.image_references.insert(), references)
        connection.execute(tables.price_history.insert(), [span for one in sold for span in _spans(one)])


def _listing(one: dict) -> dict:
    stated = {
        name: {"column": name.capitalize(), "raw": str(one[name]).upper()} for name in ("metal", "category")
    }
    return {
        "collection": COLLECTION, "feed": one["source"], "source_id": one["listing_id"].partition(":")[2],
        "delivery_id": list(SHOPS).index(one["source"]) + 1, "first_seen_at": START, "last_seen_at": LAST,
        "place": f"row {one['listing_id'].rpartition('-')[2]}", "content_digest": "0" * 64, "titles": {},
        "dimensions_mm": {"width": 18.5}, "read_from": stated,
        "list_price_minor": None, "description": "Made by hand.",
        **{name: value for name, value in one.items() if name not in ("piece_id", "source")},
    }  # fmt: skip


def _reference(one: dict, position: int, image_id: str, role: str) -> dict:
    return {
        "collection": COLLECTION, "listing_id": one["listing_id"], "position": position,
        "feed": one["source"], "location": f"images/{one['listing_id'][-4:]}_{position}.jpg", "role": role,
        "state": "fetched", "attempts": 1, "image_id": image_id, "live": True,
    }  # fmt: skip


def _spans(one: dict) -> list[dict]:
    """A price that fell twice, where there is one."""
    shared = {
        "collection": COLLECTION, "listing_id": one["listing_id"], "currency": one["currency"],
        "availability": one["availability"], "delivery_id": list(SHOPS).index(one["source"]) + 1,
    }  # fmt: skip
    price = one["price_minor"]
    if price is None:
        return [{**shared, "valid_from": START, "valid_to": None, "price_minor": None}]
    moments = [START, START + timedelta(days=6), START + timedelta(days=13), None]
    return [
        {**shared, "valid_from": since, "valid_to": until, "price_minor": price + 1_000 * dearer}
        for since, until, dearer in zip(moments[:-1], moments[1:], (2, 1, 0), strict=True)
    ]


def _renditions(objects: LocalObjectStore, image: Image.Image) -> dict:
    files = {}
    for name, side in _SIDE_PX.items():
        sink = io.BytesIO()
        image.resize((side, side)).save(sink, "webp", quality=80)
        digest = sha256_hex(sink.getvalue())
        objects.put(digest_key("renditions", digest, ".webp"), sink.getvalue())
        files[name] = {"digest": digest, "width": side, "height": side}
    small = image.resize((32, 32)).convert("RGBA")
    return {
        "files": files,
        "thumbhash": base64.b64encode(bytes(rgba_to_thumb_hash(32, 32, small.tobytes()))).decode(),
        "processing": {},
    }
