"""The seeded catalogue of the sample house: what its pieces are, before anybody sells or draws them.

Style, finish, category, metal, its colour, stone, setting, accent and brand are drawn independently of each
other, so that no model can read the stone off the category, and a combination that was held out says nothing
by its absence.  What is left follows from matter and form: a metal has its own colours and finenesses, and
only silver and steel are plated; a stone has its own cuts and colours; a design belongs to its category, and
only some carry a stone; strung designs hold beads and no setting; a halo is made of accents; motifs, straps
and dials belong to the designs that have them; weight and price follow from all of it.

Words of shops live in ``french``, ``english`` and ``german``, shapes in ``rendering.models``.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Category = Literal["ring", "necklace", "earrings", "bracelet", "pendant", "brooch", "watch"]
Cut = Literal[
    "round", "oval", "pear", "marquise", "cushion", "princess", "emerald", "heart", "cabochon", "bead"
]
Setting = Literal["prong", "bezel", "halo"]

# Shares of a catalogue; every category has at least one piece from a dozen pieces on.
CATEGORY_SHARES: Mapping[Category, int] = {
    "ring": 24,
    "necklace": 18,
    "earrings": 18,
    "bracelet": 14,
    "pendant": 12,
    "brooch": 7,
    "watch": 7,
}
# (designs that carry stones, designs that do without); many can do both, so that neither tells of the other
DESIGNS: Mapping[Category, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ring": (
        ("solitaire", "three_stone", "eternity", "cluster", "bypass", "signet", "dome", "motif"),
        ("band", "twist", "signet", "dome", "bypass", "motif", "stacked"),
    ),
    "necklace": (
        ("solitaire", "station", "strand", "riviere", "statement", "lariat", "choker", "motif"),
        ("chain", "bar", "disc", "choker", "lariat", "motif"),
    ),
    "earrings": (
        ("studs", "drops", "hoops", "chandelier", "jhumka", "climber", "motif"),
        ("hoops", "discs", "drops", "jhumka", "chandelier", "motif"),
    ),
    "bracelet": (
        ("tennis", "beaded", "station", "bangle", "cuff", "charm", "motif"),
        ("bangle", "chain", "cuff", "charm", "mesh", "motif"),
    ),
    "pendant": (("drop", "disc", "locket", "cluster", "motif"), ("disc", "locket", "bar", "motif")),
    "brooch": (
        ("spray", "sunburst", "bar", "wreath", "motif"),
        ("spray", "sunburst", "bar", "wreath", "motif"),
    ),
    "watch": (("classic", "dress", "chronograph"), ("classic", "dress", "chronograph")),
}
MOTIFS = (
    "flower", "leaf", "heart", "star", "moon", "butterfly", "bow", "cross", "snake", "feather", "sun", "knot",
)  # fmt: skip
SETTINGS: tuple[Setting, ...] = ("prong", "bezel", "halo")
ACCENTS = ("diamond", "cubic zirconia")
STRAPS = ("leather", "bracelet", "mesh")
DIALS = ("white", "black", "blue", "green", "champagne")
STYLES = ("minimalist", "classic", "vintage", "art deco", "bohemian", "modern")
FINISHES = ("polished", "polished", "brushed", "hammered", "matte")
# metal -> (colours, finenesses in per mille, weight in a house's assortment, euro per gram of fine metal)
METALS: Mapping[str, tuple[tuple[str, ...], tuple[int | None, ...], int, float]] = {
    "gold": (("yellow", "white", "rose"), (375, 585, 750), 10, 78.0),
    "silver": (("silver",), (925,), 6, 1.1),
    "platinum": (("white",), (950,), 2, 34.0),
    "stainless steel": (("silver",), (None,), 2, 0.4),
    "titanium": (("grey",), (None,), 1, 0.6),
}
PLATINGS: Mapping[str, str] = {
    "yellow gold": "yellow",
    "rose gold": "rose",
    "rhodium": "white",
    "black rhodium": "black",
}
DENSITY_G_PER_MM3: Mapping[str, float] = {
    "gold": 0.0145,
    "silver": 0.0104,
    "platinum": 0.0201,
    "stainless steel": 0.0079,
    "titanium": 0.0045,
}
_FACETED: tuple[Cut, ...] = (
    "round", "oval", "pear", "marquise", "cushion", "princess", "emerald", "heart",
)  # fmt: skip
_OPAQUE: tuple[Cut, ...] = ("cabochon", "bead", "oval", "cushion", "pear")
# stone -> (cuts it is worked in, its colours, the first the usual one, euro of a 5 mm stone)
STONES: Mapping[str, tuple[tuple[Cut, ...], tuple[str, ...], float]] = {
    "diamond": (_FACETED, ("colourless",), 2400.0),
    "cubic zirconia": (_FACETED, ("colourless",), 9.0),
    "ruby": ((*_FACETED, "cabochon"), ("red",), 900.0),
    "sapphire": ((*_FACETED, "cabochon"), ("blue", "blue", "pink", "yellow"), 780.0),
    "emerald": ((*_FACETED, "cabochon"), ("green",), 860.0),
    "amethyst": ((*_FACETED, "cabochon", "bead"), ("purple",), 60.0),
    "citrine": ((*_FACETED, "cabochon", "bead"), ("golden",), 55.0),
    "topaz": ((*_FACETED, "cabochon"), ("blue",), 70.0),
    "garnet": ((*_FACETED, "cabochon", "bead"), ("dark red",), 65.0),
    "peridot": ((*_FACETED, "cabochon"), ("lime green",), 75.0),
    "aquamarine": ((*_FACETED, "cabochon", "bead"), ("pale blue",), 210.0),
    "pearl": (("bead", "cabochon"), ("white", "white", "golden", "black"), 120.0),
    "opal": (_OPAQUE, ("white",), 160.0),
    "turquoise": (_OPAQUE, ("turquoise",), 35.0),
    "onyx": (_OPAQUE, ("black",), 25.0),
    "moonstone": (_OPAQUE, ("milky",), 45.0),
}
# design -> smallest and largest main stone
STONE_SPAN_MM: Mapping[str, tuple[float, float]] = {
    "solitaire": (5, 10),
    "three_stone": (4, 6.5),
    "eternity": (2.5, 3.5),
    "cluster": (3, 4.5),
    "bypass": (4, 6),
    "signet": (4, 8),
    "dome": (2, 3),
    "station": (3, 5),
    "strand": (6, 11),
    "riviere": (3.5, 6),
    "statement": (7, 13),
    "lariat": (5, 9),
    "choker": (4, 8),
    "motif": (3, 5),
    "studs": (4, 9),
    "drops": (5, 10),
    "hoops": (1.8, 3),
    "chandelier": (3.5, 6),
    "jhumka": (3, 5),
    "climber": (2.5, 4.5),
    "tennis": (2.5, 4.5),
    "beaded": (6, 10),
    "bangle": (2.5, 5),
    "cuff": (4, 9),
    "charm": (4, 6),
    "drop": (6, 12),
    "disc": (3, 5),
    "locket": (3, 5),
    "spray": (3, 6),
    "sunburst": (5, 9),
    "bar": (3, 5),
    "wreath": (3, 4.5),
    "classic": (1.5, 2.2),
    "dress": (1.5, 2.2),
    "chronograph": (1.5, 2.2),
}
BRANDS = ("Solène Varenne", "Ostrea & Fils", "Vesperlane", "Maren Hald", "Kestrel & Oake", "Lumifauve")
NAMES = (
    "Aube", "Marée", "Calypso", "Brume", "Sirocco", "Nocturne", "Pomona", "Écume", "Faraday", "Isolde",
    "Juniper", "Lisière", "Mirage", "Nymphéa", "Oriel", "Palmyre", "Quartier", "Rivage", "Selene",
    "Tamaris", "Umbra", "Verveine", "Willow", "Xylia", "Ysée", "Zéphyr", "Alcyone", "Bergamote", "Cinder",
    "Dorée", "Estuary", "Fennel", "Garance", "Halcyon", "Indra", "Jasmin",
)  # fmt: skip
# GS1 keeps 952 for demonstrations and examples: no real article has these numbers, and unlike the restricted
# 200 to 299 they are valid everywhere, so that a reader may join by them.
DEMONSTRATION_GTIN_PREFIX = "952"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """The main stone of a piece; ``size_mm`` is its longer side."""

    name: str
    colour: str
    cut: Cut
    size_mm: float

    @property
    def material(self) -> str:
        """What a renderer makes it of: ``sapphire`` in its usual colour, else ``sapphire:pink``."""
        return self.name if self.colour == STONES[self.name][1][0] else f"{self.name}:{self.colour}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One physical design.

    Lengths are in millimetres, ``fineness`` in per mille (None for metals that are not hallmarked);
    ``price_minor`` is the recommended retail price in euro cents.
    """

    key: str
    category: Category
    design: str
    style: str
    finish: str
    name: str
    brand: str
    metal: str
    metal_colour: str
    fineness: int | None
    plating: str | None
    stone: Stone | None
    setting: Setting | None  # of the main stone; None without one, and for threaded beads
    accent: str | None
    motif: str | None  # of designs named "motif" and of charms
    strap: str | None  # of watches, as their dial
    dial: str | None
    dimensions_mm: Mapping[str, float]
    weight_g: float
    gtin: str
    mpn: str
    certificate: str | None
    price_minor: int

    @property
    def shown_colour(self) -> str:
        """The colour that the eye meets: the plating's where there is one."""
        return PLATINGS[self.plating] if self.plating else self.metal_colour

    @property
    def article_number(self) -> str:
        """The house's number of the piece, as its GTIN holds it."""
        return self.gtin[len(DEMONSTRATION_GTIN_PREFIX) : -1].lstrip("0")

    @property
    def stones(self) -> tuple[str, ...]:
        """The names of the stones, the main one first, each once."""
        main = (self.stone.name,) if self.stone else ()
        return main + ((self.accent,) if self.accent and self.accent not in main else ())


def piece_catalogue(count: int, seed: int) -> tuple[Piece, ...]:
    """Return ``count`` pieces, the same for the same seed.

    Raises:
        ValueError: If ``count`` is below 12, too few for every category and every planted fault.
    """
    if count < 12:
        message = f"a house of {count} pieces is too small: ask for at least 12"
        raise ValueError(message)
    rng = random.Random(f"loupe-pieces-{seed}")  # noqa: S311 - a reproducible catalogue, not a secret
    categories = _allot(count)
    rng.shuffle(categories)
    names = [f"{name}{suffix}" for suffix in ("", " II", " III", " IV") for name in NAMES]
    if count > len(names):
        names += [f"{name} {number}" for number in range(5, 5 + count // len(NAMES) + 1) for name in NAMES]
    return tuple(_draw(rng, index, category, names[index]) for index, category in enumerate(categories))


def gtin_13(number: int) -> str:
    """Return the GTIN-13 with the demonstration prefix for an article number of up to nine digits.

    The last digit is GS1's check digit: weights 1 and 3 alternate from the left, and the sum is a multiple of
    ten.
    """
    body = f"{DEMONSTRATION_GTIN_PREFIX}{number:09d}"
    if len(body) != 12:
        message = f"article number {number} does not fit nine digits"
        raise ValueError(message)
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _allot(count: int) -> list[Category]:
    """Share ``count`` pieces out by largest remainder, one piece each first."""
    whole = sum(CATEGORY_SHARES.values())
    rest = count - len(CATEGORY_SHARES)
    exact = {category: rest * share / whole for category, share in CATEGORY_SHARES.items()}
    allotted = {category: 1 + int(part) for category, part in exact.items()}
    by_remainder = sorted(exact, key=lambda category: int(exact[category]) - exact[category])
    for category in by_remainder[: count - sum(allotted.values())]:
        allotted[category] += 1
    return [category for category, number in allotted.items() for _ in range(number)]


def _draw(rng: random.Random, index: int, category: Category, name: str) -> Piece:
    metal = rng.choices(list(METALS), [weight for _, _, weight, _ in METALS.values()])[0]
    colours, finenesses, _, _ = METALS[metal]
    colour = rng.choice(colours)
    fineness = rng.choice(finenesses)
    plating = (
        rng.choice(list(PLATINGS)) if metal in ("silver", "stainless steel") and rng.random() < 0.4 else None
    )
    style = rng.choice(STYLES)
    finish = rng.choice(FINISHES)
    set_with, plain = DESIGNS[category]
    jewelled = rng.random() < 0.74
    design = rng.choice(set_with if jewelled else plain)
    stone = _draw_stone(rng, design) if jewelled else None
    threaded = stone is not None and (design in ("strand", "beaded") or stone.cut == "bead")
    setting = None if stone is None or threaded else rng.choice(SETTINGS)
    accent = None
    if stone is not None and (setting == "halo" or rng.random() < 0.3):
        accent = rng.choice(ACCENTS)
    motif = rng.choice(MOTIFS) if design in ("motif", "charm") else None
    strap, dial = (rng.choice(STRAPS), rng.choice(DIALS)) if category == "watch" else (None, None)
    dimensions = _draw_dimensions(rng, category, design, stone)
    weight = round(_volume_mm3(category, dimensions) * DENSITY_G_PER_MM3[metal], 1)
    article = 10_000 + index * 37 + rng.randrange(37)
    certified = (
        stone is not None and stone.name in ("diamond", "ruby", "sapphire", "emerald") and rng.random() < 0.6
    )
    return Piece(
        key=f"piece-{index + 1:05d}",
        category=category,
        design=design,
        style=style,
        finish=finish,
        name=name,
        brand=rng.choice(BRANDS),
        metal=metal,
        metal_colour=colour,
        fineness=fineness,
        plating=plating,
        stone=stone,
        setting=setting,
        accent=accent,
        motif=motif,
        strap=strap,
        dial=dial,
        dimensions_mm=dimensions,
        weight_g=weight,
        gtin=gtin_13(article),
        mpn=f"{category[:2].upper()}{article:05d}-{colour[0].upper()}{fineness or 0:03d}",
        certificate=_certificate_number(article) if certified else None,
        price_minor=_price_minor(rng, metal, fineness, weight, stone, design, accent),
    )


def _draw_stone(rng: random.Random, design: str) -> Stone:
    name = rng.choice(list(STONES))
    low, high = STONE_SPAN_MM[design]
    cuts, colours, _ = STONES[name]
    if design in ("strand", "beaded"):
        cuts = ("bead",)
    return Stone(
        name=name,
        colour=rng.choice(colours),
        cut=rng.choice(cuts),
        size_mm=_half_millimetres(rng, low, high),
    )


def _draw_dimensions(
    rng: random.Random, category: Category, design: str, stone: Stone | None
) -> dict[str, float]:
    spans: dict[Category, dict[str, tuple[float, float]]] = {
        "ring": {"width": (2, 6), "diameter": (15.5, 19)},
        "necklace": {"length": (400, 520), "width": (1, 4)},
        "earrings": {"width": (6, 22), "height": (8, 40)},
        "bracelet": {"length": (165, 200), "width": (2.5, 9)},
        "pendant": {"width": (11, 22), "height": (15, 30)},
        "brooch": {"width": (24, 46), "height": (22, 44)},
        "watch": {"diameter": (26, 42), "thickness": (6, 10)},
    }
    drawn = {name: _half_millimetres(rng, low, high) for name, (low, high) in spans[category].items()}
    if category in ("necklace", "bracelet"):
        drawn["length"] = round(drawn["length"] / 5) * 5.0
    if category == "earrings":
        ratio = {"drops": 2.4, "chandelier": 1.9, "jhumka": 1.6, "climber": 2.2}.get(design, 1.0)
        if stone is not None and design == "studs":
            drawn["width"] = stone.size_mm + 1.5
        drawn["height"] = _to_half(drawn["width"] * ratio)
    if category in ("pendant", "brooch"):
        drawn["height"] = _to_half(drawn["width"] * rng.uniform(0.95, 1.4))
    return drawn


def _certificate_number(article: int) -> str:
    """Return a number like a laboratory's; no two articles share one, for the modulus is prime."""
    return f"LGL {10**8 + article * 48_271 % 899_999_963}"


def _half_millimetres(rng: random.Random, low: float, high: float) -> float:
    return _to_half(rng.uniform(low, high))


def _to_half(value: float) -> float:
    return round(value * 2) / 2


def _volume_mm3(category: Category, dimensions: Mapping[str, float]) -> float:
    sizes = dimensions
    match category:
        case "ring":
            return 3.1 * (sizes["diameter"] + 2) * sizes["width"] * 1.5
        case "necklace" | "bracelet":
            return sizes["length"] * min(sizes["width"], 4.0) ** 2 * 0.42
        case "watch":
            return 0.5 * sizes["diameter"] ** 2 * sizes["thickness"]
        case _:
            return 0.7 * sizes["width"] * sizes["height"] * 1.3


def _price_minor(
    rng: random.Random,
    metal: str,
    fineness: int | None,
    weight_g: float,
    stone: Stone | None,
    design: str,
    accent: str | None,
) -> int:
    per_gram = METALS[metal][3] * (fineness or 1000) / 1000
    gems = 0.0
    if stone is not None:
        several = {
            "eternity": 3.0,
            "tennis": 6.0,
            "riviere": 6.0,
            "strand": 5.0,
            "beaded": 4.0,
            "statement": 3.0,
            "three_stone": 1.5,
        }
        gems = STONES[stone.name][2] * (stone.size_mm / 5) ** 1.6 * several.get(design, 1.0)
    gems += {"diamond": 180.0, "cubic zirconia": 12.0}.get(accent or "", 0.0)
    euro = (38 + weight_g * per_gram * 1.9 + gems) * rng.uniform(0.85, 1.25)
    step = 1 if euro < 100 else 5 if euro < 500 else 10 if euro < 2000 else 50
    return max(int(euro / step) * step, 19) * 100
