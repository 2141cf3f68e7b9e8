"""What goes wrong in the sample house: a small, stated set, each with the truth about it.

Two kinds: rows that cannot be taken as they are, and picture files that are broken or bad.  Picture faults
come as additional pictures of pieces that have good ones, so nothing becomes unfindable by them.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageEnhance, ImageFilter

from sample_feeds.assortments import Feed, Picture, Sold
from sample_feeds.drawing import jpeg_bytes

HTML_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n"
    b"<body><h1>Not Found</h1><p>The requested picture does not exist.</p></body></html>\n"
)
TINY_PX = 90
UNREADABLE_PRICE = "#REF!"
_OTHER_FINENESS: Mapping[int, int] = {375: 585, 585: 750, 750: 585, 925: 800, 950: 900}
UNKNOWN_CATEGORY = "Keepsakes & Curios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something planted: where it is, what it is, and what a careful reader makes of it."""

    kind: str
    feed: Feed
    piece: str
    source_id: str | None
    file: str | None
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strays:
    """Rows beside the assortment: a product without an id, one with an unreadable price, an id used twice."""

    without_id: Sold
    unreadable_price: Sold
    duplicate: Sold


def plant(sold: Sequence[Sold]) -> tuple[tuple[Sold, ...], Strays, tuple[Fault, ...]]:
    """Plant every fault on pieces that are sold from the first delivery to the last.

    Returns:
        The assortment with its faults, the stray rows that exports add, and the truth.
    """
    altered = {(one.feed, one.piece.key): one for one in sold}
    faults: list[Fault] = []
    longest = max(one.last for one in sold)
    stable = [one for one in sold if one.first == 0 and one.last == longest]
    taken: set[tuple[Feed, str]] = set()

    def pick(feed: Feed, fits: Callable[[Sold], bool] = lambda _: True) -> Sold:
        candidates = [one for one in stable if one.feed == feed and fits(one)]
        fresh = [one for one in candidates if (one.feed, one.piece.key) not in taken]
        chosen = (fresh or candidates)[0]
        taken.add((chosen.feed, chosen.piece.key))
        return altered[chosen.feed, chosen.piece.key]

    def note(kind: str, one: Sold, expected: str, file: str | None = None) -> None:
        faults.append(
            Fault(
                kind=kind,
                feed=one.feed,
                piece=one.piece.key,
                source_id=one.source_id,
                file=file,
                expected=expected,
            )
        )

    def put(one: Sold) -> None:
        altered[one.feed, one.piece.key] = one

    disputed = pick(
        "maison", lambda one: one.gtin and one.piece.fineness is not None and _also(sold, one, "atelier")
    )
    put(replace(disputed, fineness=_OTHER_FINENESS.get(disputed.piece.fineness or 0, 800)))
    note("fineness_disagreement", disputed, "both sources stay; the disagreement is recorded")
    curio = pick("northgem", lambda one: one.gtin)
    put(replace(curio, misfiled=True))
    note("unknown_category", curio, "accepted with a remark; category empty")
    for kind, feed, expected in PICTURE_FAULTS:
        one = pick(feed)
        file = f"{one.pictures[0].file.removesuffix('.jpg')}-{_SUFFIXES[kind]}.jpg"
        put(replace(one, pictures=(*one.pictures, Picture(file=file, view=kind))))
        note(kind, one, expected, file)
    strays = Strays(
        without_id=replace(_stray(sold, "northgem"), source_id=""),
        unreadable_price=_stray(sold, "maison"),
        duplicate=pick("northgem"),
    )
    note("row_without_id", replace(strays.without_id, source_id=""), "row rejected")
    note("unreadable_price", strays.unreadable_price, "row rejected")
    note("duplicate_id", strays.duplicate, "the first row stays, the second is rejected")
    ordered = tuple(altered[one.feed, one.piece.key] for one in sold)
    return ordered, strays, tuple(faults)


PICTURE_FAULTS: tuple[tuple[str, Feed, str], ...] = (
    ("missing_picture", "atelier", "picture failed: its file does not exist"),
    ("html_as_jpeg", "northgem", "picture rejected: not a picture"),
    ("truncated_jpeg", "maison", "picture rejected: truncated"),
    ("too_dark", "maison", "quarantined: too dark"),
    ("blurred", "northgem", "quarantined: not sharp"),
    ("colour_cast", "atelier", "quarantined: colour cast"),
    ("tiny_picture", "northgem", "quarantined: too small"),
)
_SUFFIXES: Mapping[str, str] = {
    "missing_picture": "dos",
    "html_as_jpeg": "alt2",
    "truncated_jpeg": "bis",
    "too_dark": "soir",
    "blurred": "alt3",
    "colour_cast": "lamp",
    "tiny_picture": "thumb",
}


def spoilt(kind: str, picture: Image.Image) -> bytes | None:
    """Return a picture's bytes with a fault in them; None for the file that is missing.

    Raises:
        KeyError: If there is no picture fault of this kind.
    """
    return _SPOILERS[kind](picture)


def _also(sold: Sequence[Sold], one: Sold, feed: Feed) -> bool:
    return any(other.feed == feed and other.piece.key == one.piece.key for other in sold)


def _stray(sold: Sequence[Sold], feed: Feed) -> Sold:
    """Return a row of ``feed`` for a piece that it does not otherwise sell."""
    own = {one.piece.key for one in sold if one.feed == feed}
    other = next(one for one in sold if one.piece.key not in own and one.feed != feed)
    picture = next(one for one in sold if one.feed == feed).pictures[0]
    number = other.piece.article_number
    return replace(
        other, feed=feed, source_id=f"article-{number}", first=0, last=10**6, pictures=(picture,), typo=False
    )


def _truncated(picture: Image.Image) -> bytes:
    data = jpeg_bytes(picture)
    return data[: len(data) * 2 // 5]


def _dark(picture: Image.Image) -> bytes:
    return jpeg_bytes(ImageEnhance.Brightness(picture).enhance(0.085))


def _blurred(picture: Image.Image) -> bytes:
    return jpeg_bytes(picture.filter(ImageFilter.GaussianBlur(picture.width / 70)))


def _cast(picture: Image.Image) -> bytes:
    warm = Image.merge(
        "RGB",
        [
            band.point([min(255, round(level * gain)) for level in range(256)])
            for band, gain in zip(picture.split(), (1.0, 0.72, 0.34), strict=True)
        ],
    )
    return jpeg_bytes(warm)


def _tiny(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.resize((TINY_PX, TINY_PX), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


_SPOILERS: Mapping[str, Callable[[Image.Image], bytes | None]] = {
    "missing_picture": lambda _: None,
    "html_as_jpeg": lambda _: HTML_PAGE,
    "truncated_jpeg": _truncated,
    "too_dark": _dark,
    "blurred": _blurred,
    "colour_cast": _cast,
    "tiny_picture": _tiny,
}
