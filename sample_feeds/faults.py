"""What goes wrong in the sample house: kinds, rates, and the truth about every case.

Rows that cannot be taken as they are, rows that are taken and wrong, and picture files that are broken, bad
or not what they seem.  Picture faults come as additional pictures of pieces that have good ones, so nothing
becomes unfindable by them.
"""

import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from sample_feeds.assortments import FEEDS, Feed, Picture, Sold, delivery_days
from sample_feeds.pieces import CATEGORY_SHARES

HTML_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n"
    b"<body><h1>Not Found</h1><p>The requested picture does not exist.</p></body></html>\n"
)
TINY_PX = 90
UNREADABLE_PRICE = "#REF!"
UNKNOWN_CATEGORY = "Keepsakes & Curios"
TRIPPED_SHARE = 1 / 12  # of its rows is what a tripped delivery holds
TRIPPED_FROM = 24  # listings; below, the catalogue could not tell a trip from a small shop
_OTHER_FINENESS: Mapping[int, int] = {375: 585, 585: 750, 750: 585, 925: 800, 950: 900}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """A thing that goes wrong.

    ``rate`` is per listing of the feeds it happens in, and at least one case is planted wherever one finds a
    place.  ``expected`` is what a careful reader makes of it.
    """

    name: str
    about: Literal["row", "picture", "delivery"]
    feeds: tuple[Feed, ...]
    rate: float
    expected: str


FAULTS: tuple[FaultKind, ...] = (
    FaultKind(name="fineness_disagreement", about="row", feeds=("maison",), rate=0.004,
              expected="both sources stay; the disagreement is recorded"),
    FaultKind(name="unknown_category", about="row", feeds=("northgem",), rate=0.003,
              expected="accepted with a remark; category empty"),
    FaultKind(name="misfiled", about="row", feeds=("juwelhaus",), rate=0.004,
              expected="accepted under the wrong category; other sources disagree where there are any"),
    FaultKind(name="wrong_currency", about="row", feeds=("juwelhaus",), rate=0.003,
              expected="accepted as stated; only the price level tells"),
    FaultKind(name="broken_gtin", about="row", feeds=("northgem",), rate=0.004,
              expected="accepted with a remark; gtin empty"),
    FaultKind(name="price_slip", about="row", feeds=("maison", "northgem"), rate=0.003,
              expected="accepted as stated; the next delivery corrects it"),
    FaultKind(name="row_without_id", about="row", feeds=("northgem",), rate=0.001,
              expected="row rejected: missing_id"),
    FaultKind(name="unreadable_price", about="row", feeds=("maison",), rate=0.001,
              expected="row rejected: bad_price"),
    FaultKind(name="duplicate_id", about="row", feeds=("northgem",), rate=0.001,
              expected="the first row stays, the second is rejected: duplicate_id"),
    FaultKind(name="unquoted_delimiter", about="row", feeds=("juwelhaus",), rate=0.001,
              expected="row rejected: its cells have shifted, and the price is none (bad_price)"),
    FaultKind(name="missing_title", about="row", feeds=("atelier",), rate=0.001,
              expected="row rejected: missing_title"),
    FaultKind(name="missing_picture", about="picture", feeds=("atelier", "maison", "juwelhaus"), rate=0.006,
              expected="picture failed: its file does not exist"),
    FaultKind(name="html_as_jpeg", about="picture", feeds=("northgem", "maison"), rate=0.004,
              expected="picture rejected: not a picture"),
    FaultKind(name="truncated_jpeg", about="picture", feeds=("maison", "juwelhaus"), rate=0.004,
              expected="picture rejected: truncated"),
    FaultKind(name="too_dark", about="picture", feeds=("maison", "northgem"), rate=0.004,
              expected="quarantined: too dark"),
    FaultKind(name="blurred", about="picture", feeds=("northgem", "juwelhaus"), rate=0.004,
              expected="quarantined: not sharp"),
    FaultKind(name="colour_cast", about="picture", feeds=("atelier", "maison"), rate=0.004,
              expected="quarantined: colour cast"),
    FaultKind(name="tiny_picture", about="picture", feeds=("northgem", "juwelhaus"), rate=0.005,
              expected="quarantined: too small"),
    FaultKind(name="placeholder", about="picture", feeds=("juwelhaus",), rate=0.02,
              expected="a picture of no piece, the same bytes at many listings"),
    FaultKind(name="wrong_piece", about="picture", feeds=("maison", "northgem"), rate=0.003,
              expected="a good picture of another piece; nothing in the feed tells"),
    FaultKind(name="tripped_delivery", about="delivery", feeds=("maison",), rate=0.0,
              expected="held: it would withdraw nine tenths of the shop; the next delivery is read"),
)  # fmt: skip
KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in FAULTS}
PICTURE_FAULTS: tuple[str, ...] = tuple(kind.name for kind in FAULTS if kind.about == "picture")
# Names that shops give such files; nothing in them says what is wrong.
_SUFFIXES: Mapping[str, str] = {
    "missing_picture": "dos",
    "html_as_jpeg": "alt2",
    "truncated_jpeg": "bis",
    "too_dark": "soir",
    "blurred": "alt3",
    "colour_cast": "lamp",
    "tiny_picture": "thumb",
    "placeholder": "neu",
    "wrong_piece": "alt4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something planted: where it is, what it is, and what a careful reader makes of it.

    ``day`` is set for what happens in one delivery, ``shows`` for a picture of another piece.
    """

    kind: str
    feed: Feed
    piece: str | None
    source_id: str | None
    file: str | None
    expected: str
    day: int | None = None
    shows: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A row beside the assortment: without id or title, with a price or cells nobody can read, or twice."""

    kind: str
    sold: Sold


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """An assortment with its faults, the rows that exports add, and the truth."""

    sold: tuple[Sold, ...]
    strays: tuple[Stray, ...]
    faults: tuple[Fault, ...]


def plant(sold: Sequence[Sold], *, seed: int, days: int) -> Planted:
    """Plant every kind of fault, at its rate, on listings that stay from the first day to the last."""
    return _Planting(sold, seed, days).planted()


class _Planting:
    def __init__(self, sold: Sequence[Sold], seed: int, days: int) -> None:
        self.rng = random.Random(f"loupe-faults-{seed}")  # noqa: S311 - reproducible, not a secret
        self.days = days
        self.order = [one.key for one in sold]
        self.altered = {one.key: one for one in sold}
        self.sellers: dict[str, set[Feed]] = {}
        for one in sold:
            self.sellers.setdefault(one.piece.key, set()).add(one.feed)
        stable = [one for one in sold if one.first == 0 and one.last == days - 1 and one.ends is None]
        self.candidates = {feed: [one for one in stable if one.feed == feed] for feed in FEEDS}
        for of_feed in self.candidates.values():
            self.rng.shuffle(of_feed)
        self.sizes = {feed: sum(one.feed == feed for one in sold) for feed in FEEDS}
        self.taken: set[tuple[Feed, str]] = set()
        self.strays: list[Stray] = []
        self.faults: list[Fault] = []

    def planted(self) -> Planted:
        for kind in FAULTS:
            if kind.about == "delivery":
                self._trip(kind)
                continue
            rows = sum(self.sizes[feed] for feed in kind.feeds)
            for case in range(max(1, round(kind.rate * rows))):
                self._case(kind, kind.feeds[case % len(kind.feeds)])
        return Planted(
            sold=tuple(self.altered[key] for key in self.order),
            strays=tuple(self.strays),
            faults=tuple(self.faults),
        )

    def _case(self, kind: FaultKind, feed: Feed) -> None:
        if kind.about == "picture":
            self._spoil_picture(kind, feed)
            return
        match kind.name:
            case "fineness_disagreement":
                one = self._pick(
                    feed,
                    lambda one: (
                        one.gtin
                        and one.piece.fineness is not None
                        and "atelier" in self.sellers[one.piece.key]
                    ),
                )
                if one:
                    self._put(replace(one, fineness=_OTHER_FINENESS.get(one.piece.fineness or 0, 800)))
            case "unknown_category":
                one = self._pick(feed, lambda one: one.gtin)
                if one:
                    self._put(replace(one, misfiled=""))
            case "misfiled":
                one = self._pick(feed, lambda one: one.gtin and len(self.sellers[one.piece.key]) > 1)
                if one:
                    others = [name for name in CATEGORY_SHARES if name != one.piece.category]
                    self._put(replace(one, misfiled=self.rng.choice(others)))
            case "wrong_currency":
                one = self._pick(feed)
                if one:
                    self._put(replace(one, currency="EUR"))
            case "broken_gtin":
                one = self._pick(feed, lambda one: one.gtin and len(self.sellers[one.piece.key]) == 1)
                if one:
                    self._put(replace(one, broken_gtin=True))
            case "price_slip":
                later = list(delivery_days(feed, self.days))[1:-1]
                one = self._pick(feed) if later else None
                if one:
                    day = self.rng.choice(later)
                    self._put(replace(one, slip_day=day))
                    self._note(kind, one, day=day)
                return
            case "duplicate_id":
                one = self._pick(feed)
                if one:
                    self.strays.append(Stray(kind=kind.name, sold=one))
            case _:
                one = self._stray(feed)
                if one and kind.name == "row_without_id":
                    one = replace(one, source_id="")
                if one:
                    self.strays.append(Stray(kind=kind.name, sold=one))
        if one:
            self._note(kind, one)

    def _spoil_picture(self, kind: FaultKind, feed: Feed) -> None:
        one = self._pick(feed)
        if one is None:
            return
        file = f"{one.pictures[0].file.removesuffix('.jpg')}-{_SUFFIXES[kind.name]}.jpg"
        number = sum(picture.fault == kind.name for picture in one.pictures)
        if number:
            file = f"{file.removesuffix('.jpg')}{number + 1}.jpg"
        shows = None
        if kind.name == "wrong_piece":
            others = [key for key in self.sellers if key != one.piece.key]
            shows = self.rng.choice(others)
        picture = Picture(file=file, view="packshot", fault=kind.name, shows=shows)
        self._put(replace(one, pictures=(*one.pictures, picture)))
        self._note(kind, one, file=file, shows=shows)

    def _trip(self, kind: FaultKind) -> None:
        """One of the deliveries in the middle holds a twelfth of its rows."""
        feed = kind.feeds[0]
        inner = list(delivery_days(feed, self.days))[1:-1]
        if len(inner) < 2 or len(self.candidates[feed]) < TRIPPED_FROM:
            return
        self.faults.append(
            Fault(
                kind=kind.name,
                feed=feed,
                piece=None,
                source_id=None,
                file=None,
                expected=kind.expected,
                day=inner[len(inner) // 2],
            )
        )

    def _pick(self, feed: Feed, fits: Callable[[Sold], bool] = lambda _: True) -> Sold | None:
        """Return a listing that fits, one without a fault if there is any, None if none fits."""
        fitting = (one for one in self.candidates[feed] if fits(one))
        first: Sold | None = None
        for one in fitting:
            first = first or one
            if one.key not in self.taken:
                first = one
                break
        if first is None:
            return None
        self.taken.add(first.key)
        return self.altered[first.key]

    def _stray(self, feed: Feed) -> Sold | None:
        """Return a row of ``feed`` for a piece that it does not otherwise sell."""
        used = {stray.sold.piece.key for stray in self.strays if stray.sold.feed == feed}
        other = next(
            (
                one
                for others in self.candidates.values()
                for one in others
                if feed not in self.sellers[one.piece.key] and one.piece.key not in used
            ),
            None,
        )
        if other is None or not self.candidates[feed]:
            return None
        return replace(
            other,
            feed=feed,
            source_id=f"article-{other.piece.article_number}",
            pictures=self.candidates[feed][0].pictures[:1],
            mistyped=False,
        )

    def _put(self, one: Sold) -> None:
        self.altered[one.key] = one

    def _note(
        self,
        kind: FaultKind,
        one: Sold,
        *,
        file: str | None = None,
        day: int | None = None,
        shows: str | None = None,
    ) -> None:
        self.faults.append(
            Fault(
                kind=kind.name,
                feed=one.feed,
                piece=one.piece.key,
                source_id=one.source_id,
                file=file,
                expected=kind.expected,
                day=day,
                shows=shows,
            )
        )


def tripped(faults: Sequence[Fault], feed: Feed, day: int) -> bool:
    """Tell whether a feed's delivery of a day is the tripped one."""
    return any(
        fault.kind == "tripped_delivery" and (fault.feed, fault.day) == (feed, day) for fault in faults
    )


def spoilt(kind: str, picture: Image.Image, quality: int = 88) -> bytes | None:
    """Return a picture's bytes with a fault in them; None for the file that is missing.

    Raises:
        KeyError: If there is no picture fault of this kind.
    """
    return _SPOILERS[kind](picture, quality)


def jpeg_bytes(picture: Image.Image, quality: int = 88) -> bytes:
    """Return a picture as a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _truncated(picture: Image.Image, quality: int) -> bytes:
    data = jpeg_bytes(picture, quality)
    return data[: len(data) * 2 // 5]


def _dark(picture: Image.Image, quality: int) -> bytes:
    return jpeg_bytes(ImageEnhance.Brightness(picture).enhance(0.085), quality)


def _blurred(picture: Image.Image, quality: int) -> bytes:
    return jpeg_bytes(picture.filter(ImageFilter.GaussianBlur(picture.width / 70)), quality)


def _cast(picture: Image.Image, quality: int) -> bytes:
    bands = zip(picture.split(), (1.0, 0.72, 0.34), strict=True)
    warm = [band.point([min(255, round(level * gain)) for level in range(256)]) for band, gain in bands]
    return jpeg_bytes(Image.merge("RGB", warm), quality)


def _tiny(picture: Image.Image, quality: int) -> bytes:
    return jpeg_bytes(picture.resize((TINY_PX, TINY_PX), Image.Resampling.LANCZOS), quality)


def _placeholder(picture: Image.Image, quality: int) -> bytes:
    """A grey sheet that says that a picture is coming: the same for every piece."""
    sheet = Image.new("RGB", picture.size, (236, 236, 234))
    draw = ImageDraw.Draw(sheet)
    side = picture.width
    draw.rounded_rectangle(
        (side * 0.36, side * 0.3, side * 0.64, side * 0.48), side * 0.02, outline="#9a9a98", width=3
    )
    draw.ellipse((side * 0.45, side * 0.34, side * 0.55, side * 0.44), outline="#9a9a98", width=3)
    draw.text(
        (side / 2, side * 0.6),
        "Bild folgt bald\nimage coming soon",
        fill="#8a8a88",
        anchor="mm",
        align="center",
        font=ImageFont.load_default(side / 22),
    )
    return jpeg_bytes(sheet, quality)


_SPOILERS: Mapping[str, Callable[[Image.Image, int], bytes | None]] = {
    "missing_picture": lambda *_: None,
    "html_as_jpeg": lambda *_: HTML_PAGE,
    "truncated_jpeg": _truncated,
    "too_dark": _dark,
    "blurred": _blurred,
    "colour_cast": _cast,
    "tiny_picture": _tiny,
    "placeholder": _placeholder,
    "wrong_piece": jpeg_bytes,
}
