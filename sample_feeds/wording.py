"""How shops put a piece into words: French with English tags, and English.

Words only: which shop says what, and in which file format, is ``assortments``' and ``exports``' subject.
"""

import re
import unicodedata
from collections.abc import Mapping

from sample_feeds.pieces import Piece

FRENCH_CATEGORIES: Mapping[str, tuple[str, str]] = {
    "ring": ("Bague", "Bagues"),
    "necklace": ("Collier", "Colliers"),
    "earrings": ("Boucles d'oreilles", "Boucles d'oreilles"),
    "bracelet": ("Bracelet", "Bracelets"),
    "pendant": ("Pendentif", "Pendentifs"),
    "brooch": ("Broche", "Broches"),
    "watch": ("Montre", "Montres"),
}
ENGLISH_CATEGORIES: Mapping[str, tuple[str, str]] = {
    "ring": ("Ring", "Rings"),
    "necklace": ("Necklace", "Necklaces"),
    "earrings": ("Earrings", "Earrings"),
    "bracelet": ("Bracelet", "Bracelets"),
    "pendant": ("Pendant", "Pendants"),
    "brooch": ("Brooch", "Brooches"),
    "watch": ("Watch", "Watches"),
}
# https://www.google.com/basepages/producttype/taxonomy-with-ids.en-US.txt
GOOGLE_CATEGORIES: Mapping[str, int] = {
    "ring": 200,
    "necklace": 196,
    "earrings": 194,
    "bracelet": 191,
    "pendant": 192,
    "brooch": 197,
    "watch": 201,
}
FRENCH_STONES: Mapping[str, str] = {
    "diamond": "diamant",
    "cubic zirconia": "oxyde de zirconium",
    "ruby": "rubis",
    "sapphire": "saphir",
    "emerald": "émeraude",
    "amethyst": "améthyste",
    "citrine": "citrine",
    "topaz": "topaze",
    "garnet": "grenat",
    "peridot": "péridot",
    "aquamarine": "aigue-marine",
    "pearl": "perle",
    "opal": "opale",
    "turquoise": "turquoise",
    "onyx": "onyx",
    "moonstone": "pierre de lune",
}
FRENCH_DIMENSIONS: Mapping[str, str] = {
    "width": "Largeur",
    "height": "Hauteur",
    "length": "Longueur",
    "diameter": "Diamètre",
    "thickness": "Épaisseur",
}
_FRENCH_GOLD = {"yellow": "or jaune", "white": "or blanc", "rose": "or rose"}
_FRENCH_METALS = {
    "silver": "argent",
    "platinum": "platine",
    "stainless steel": "acier inoxydable",
    "titanium": "titane",
}
_FRENCH_PLATINGS = {
    "yellow gold": "plaqué or jaune",
    "rose gold": "plaqué or rose",
    "rhodium": "rhodié",
    "black rhodium": "plaqué rhodium noir",
}
_KARATS = {375: 9, 585: 14, 750: 18}
_DESIGN_WORDS = {
    "halo_studs": "halo stud",
    "studs": "stud",
    "drops": "drop",
    "hoops": "hoop",
    "discs": "disc",
    "jewelled": "jewelled",
    "bar": "bar",
    "beaded": "beaded",
    "tennis": "tennis",
    "bangle": "bangle",
    "halo": "halo",
    "trilogy": "trilogy",
    "cluster": "cluster",
    "eternity": "eternity",
    "signet": "signet",
    "sunburst": "sunburst",
    "leaf": "leaf",
    "heart": "heart",
    "cross": "cross",
    "star": "star",
    "strand": "strand",
}


def french_title(piece: Piece, fineness: int | None) -> str:
    """Return a French shop's title, such as ``Bague Aube or jaune 18k, rubis et diamant``."""
    stones = " et ".join(FRENCH_STONES[name] for name in piece.stones)
    metal = french_metal(piece, fineness)
    return f"{FRENCH_CATEGORIES[piece.category][0]} {piece.name} {metal}" + (f", {stones}" if stones else "")


def french_metal(piece: Piece, fineness: int | None) -> str:
    """Return the metal in French, with the purity as the trade writes it."""
    if piece.metal == "gold":
        return f"{_FRENCH_GOLD[piece.metal_colour]} {_KARATS[fineness or 750]}k"
    purity = f" {fineness}" if fineness else ""
    plating = f" {_FRENCH_PLATINGS[piece.plating]}" if piece.plating else ""
    return f"{_FRENCH_METALS[piece.metal]}{purity}{plating}"


def english_metal(piece: Piece, fineness: int | None) -> str:
    """Return the metal in English, such as ``18k rose gold`` or ``rhodium plated 925 sterling silver``."""
    if piece.metal == "gold":
        return f"{_KARATS[fineness or 750]}k {piece.metal_colour} gold"
    plating = f"{piece.plating} plated " if piece.plating else ""
    match piece.metal:
        case "silver":
            return f"{plating}{fineness} sterling silver"
        case "platinum":
            return f"platinum {fineness}"
        case "stainless steel":
            return f"{plating}stainless steel"
        case _:
            return piece.metal


def english_title(piece: Piece, fineness: int | None) -> str:
    """Return an English shop's title: other words, in another order, than the French one's."""
    stones = " and ".join(piece.stones)
    design = _DESIGN_WORDS.get(piece.design, "")
    noun = " ".join(
        part for part in (piece.style, design, ENGLISH_CATEGORIES[piece.category][0].lower()) if part
    )
    title = f"{noun} in {english_metal(piece, fineness)}" + (f" with {stones}" if stones else "")
    return f"{piece.brand} {title[0].upper()}{title[1:]} - {piece.name}"


def curio_title(piece: Piece, fineness: int | None) -> str:
    """Return a title from which nobody can tell what kind of piece it is."""
    stones = " and ".join(piece.stones)
    return f"{piece.brand} {piece.name} in {english_metal(piece, fineness)}" + (
        f" with {stones}" if stones else ""
    )


def maker_title(piece: Piece) -> str:
    """Return the manufacturer's name of a piece."""
    return f"{piece.name} {ENGLISH_CATEGORIES[piece.category][0].lower()}"


def french_description(piece: Piece, fineness: int | None) -> str:
    """Return a product page's HTML."""
    stones = ", ".join(FRENCH_STONES[name] for name in piece.stones) or "sans pierre"
    finish = {"polished": "poli", "brushed": "brossé", "hammered": "martelé"}[piece.finish]
    return (
        f"<p>{piece.name} de {piece.brand}&nbsp;: {french_metal(piece, fineness)}, fini {finish}.</p>"
        f"<ul><li>Pierres : {stones}</li><li>{french_dimensions(piece)}</li></ul>"
    )


def french_dimensions(piece: Piece) -> str:
    """Return labelled lengths with decimal commas: ``Largeur : 4,5 mm; Diamètre : 17 mm``."""
    return "; ".join(
        f"{FRENCH_DIMENSIONS[name]} : {length:g} mm".replace(".", ",")
        for name, length in piece.dimensions_mm.items()
    )


def english_description(piece: Piece, fineness: int | None) -> str:
    """Return a shop's plain description."""
    stone = ""
    if piece.stone is not None:
        stone = f" set with {piece.stone.cut}-shaped {piece.stone.name}"
    return (
        f"{piece.name} by {piece.brand}. A {piece.finish} {piece.style} piece in "
        f"{english_metal(piece, fineness)}{stone}. Weight {piece.weight_g:g} g."
    )


def english_tags(piece: Piece) -> str:
    """Return a shop's tags, in English as its theme wants them."""
    tags = [ENGLISH_CATEGORIES[piece.category][1].lower(), piece.metal, piece.style, *piece.stones]
    return ", ".join([*tags, "gift"])


def stone_spec(piece: Piece) -> str | None:
    """Return the manufacturer's line about stones, None for a piece without."""
    return ", ".join(piece.stones) or None


def slug(text: str) -> str:
    """Return a text as a URL's last part: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
