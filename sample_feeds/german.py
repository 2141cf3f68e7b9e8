"""Pieces in German, as ``juwelhaus`` words them."""

from collections.abc import Mapping

from sample_feeds.pieces import Piece, Stone
from sample_feeds.wording import labelled_lengths

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "ring": ("Ring", "Ringe"),
    "necklace": ("Halskette", "Halsketten"),
    "earrings": ("Ohrringe", "Ohrschmuck"),
    "bracelet": ("Armband", "Armbänder"),
    "pendant": ("Anhänger", "Anhänger"),
    "brooch": ("Brosche", "Broschen"),
    "watch": ("Armbanduhr", "Armbanduhren"),
}
STONES: Mapping[str, str] = {
    "diamond": "Diamant",
    "cubic zirconia": "Zirkonia",
    "ruby": "Rubin",
    "sapphire": "Saphir",
    "emerald": "Smaragd",
    "amethyst": "Amethyst",
    "citrine": "Citrin",
    "topaz": "Topas",
    "garnet": "Granat",
    "peridot": "Peridot",
    "aquamarine": "Aquamarin",
    "pearl": "Perle",
    "opal": "Opal",
    "turquoise": "Türkis",
    "onyx": "Onyx",
    "moonstone": "Mondstein",
}
_UNUSUAL_STONES: Mapping[tuple[str, str], str] = {
    ("sapphire", "pink"): "pinkem Saphir",
    ("sapphire", "yellow"): "gelbem Saphir",
    ("pearl", "golden"): "Südsee-Perle",
    ("pearl", "black"): "Tahiti-Perle",
}
STYLES: Mapping[str, str] = {
    "minimalist": "minimalistisch",
    "classic": "klassisch",
    "vintage": "Vintage",
    "art deco": "Art déco",
    "bohemian": "Boho",
    "modern": "modern",
}
AVAILABILITIES: Mapping[str, str] = {
    "in_stock": "auf Lager",
    "out_of_stock": "ausverkauft",
    "preorder": "vorbestellbar",
    "discontinued": "Auslaufartikel",
}
DIMENSIONS: Mapping[str, str] = {
    "width": "Breite",
    "height": "Höhe",
    "length": "Länge",
    "diameter": "Durchmesser",
    "thickness": "Stärke",
}
_MOTIFS = {
    "flower": "Blüte",
    "leaf": "Blatt",
    "heart": "Herz",
    "star": "Stern",
    "moon": "Mond",
    "butterfly": "Schmetterling",
    "bow": "Schleife",
    "cross": "Kreuz",
    "snake": "Schlange",
    "feather": "Feder",
    "sun": "Sonne",
    "knot": "Knoten",
}
_FINISHES = {"polished": "poliert", "brushed": "gebürstet", "hammered": "gehämmert", "matte": "mattiert"}
_SETTINGS = {"prong": "Krappenfassung", "bezel": "Zargenfassung", "halo": "Halo-Fassung"}
_STRAPS = {"leather": "Lederband", "bracelet": "Gliederband", "mesh": "Milanaiseband"}
_DIALS = {"white": "weiß", "black": "schwarz", "blue": "blau", "green": "grün", "champagne": "champagner"}
_GOLD = {"yellow": "Gelbgold", "white": "Weißgold", "rose": "Roségold"}
_METALS = {"silver": "Silber", "platinum": "Platin", "stainless steel": "Edelstahl", "titanium": "Titan"}
_PLATINGS = {
    "yellow gold": "gelbvergoldet",
    "rose gold": "rosévergoldet",
    "rhodium": "rhodiniert",
    "black rhodium": "schwarz rhodiniert",
}


def title(piece: Piece, fineness: int | None) -> str:
    """Return a title, such as ``Ring „Aube“ Blüte, Gelbgold 585 mit Rubin und Zirkonia``."""
    motif = f" {_MOTIFS[piece.motif]}" if piece.motif else ""
    stones = " und ".join(_stone(name, piece.stone) for name in piece.stones)
    text = f"{CATEGORIES[piece.category][0]} „{piece.name}“{motif}, {metal(piece, fineness)}"
    return f"{text} mit {stones}" if stones else text


def metal(piece: Piece, fineness: int | None) -> str:
    """Return the metal with its purity: ``Roségold 585``, ``Silber 925 rhodiniert``."""
    name = _GOLD[piece.metal_colour] if piece.metal == "gold" else _METALS[piece.metal]
    parts = (name, str(fineness) if fineness else "", _PLATINGS[piece.plating] if piece.plating else "")
    return " ".join(part for part in parts if part)


def brand(piece: Piece) -> str:
    """Return a brand as this shop spells it: in capitals, the ampersand as a plus."""
    return piece.brand.upper().replace("&", "+")


def stones(piece: Piece) -> str:
    """Return the names of the stones, empty for a piece without."""
    return ", ".join(STONES[name] for name in piece.stones)


def description(piece: Piece) -> str:
    """Return a plain description: finish, setting, and of a watch its dial and strap."""
    details = [f"Oberfläche {_FINISHES[piece.finish]}"]
    if piece.setting:
        details.append(_SETTINGS[piece.setting])
    if piece.dial and piece.strap:
        details.append(f"Zifferblatt {_DIALS[piece.dial]}, {_STRAPS[piece.strap]}")
    return ", ".join(details) + "."


def dimensions(piece: Piece) -> str:
    """Return labelled lengths: ``Breite 4,5 mm; Durchmesser 17 mm``."""
    return labelled_lengths(piece.dimensions_mm, DIMENSIONS, " ")


def _stone(name: str, main: Stone | None) -> str:
    colour = main.colour if main and main.name == name else ""
    return _UNUSUAL_STONES.get((name, colour), STONES[name])
