"""Pieces in French, as ``maison`` words them."""

from collections.abc import Mapping

from sample_feeds.pieces import Piece, Stone
from sample_feeds.wording import KARATS, labelled_lengths

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "ring": ("Bague", "Bagues"),
    "necklace": ("Collier", "Colliers"),
    "earrings": ("Boucles d'oreilles", "Boucles d'oreilles"),
    "bracelet": ("Bracelet", "Bracelets"),
    "pendant": ("Pendentif", "Pendentifs"),
    "brooch": ("Broche", "Broches"),
    "watch": ("Montre", "Montres"),
}
STONES: Mapping[str, str] = {
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
# The trade's words: a golden pearl is a South Sea one, and "dorée" beside a metal would speak of the metal.
_UNUSUAL_STONES: Mapping[tuple[str, str], str] = {
    ("sapphire", "pink"): "saphir rose",
    ("sapphire", "yellow"): "saphir jaune",
    ("pearl", "golden"): "perle des mers du Sud",
    ("pearl", "black"): "perle de Tahiti",
}
DIMENSIONS: Mapping[str, str] = {
    "width": "Largeur",
    "height": "Hauteur",
    "length": "Longueur",
    "diameter": "Diamètre",
    "thickness": "Épaisseur",
}
_FINISHES = {"polished": "poli", "brushed": "brossé", "hammered": "martelé", "matte": "mat"}
_CUTS = {
    "round": "taille ronde",
    "oval": "taille ovale",
    "pear": "taille poire",
    "marquise": "taille marquise",
    "cushion": "taille coussin",
    "princess": "taille princesse",
    "emerald": "taille rectangulaire",
    "heart": "taille cœur",
    "cabochon": "en cabochon",
    "bead": "en boule",
}
_SETTINGS = {"prong": "serti griffes", "bezel": "serti clos", "halo": "entourage de pierres"}
_MOTIFS = {
    "flower": "fleur",
    "leaf": "feuille",
    "heart": "cœur",
    "star": "étoile",
    "moon": "lune",
    "butterfly": "papillon",
    "bow": "ruban",
    "cross": "croix",
    "snake": "serpent",
    "feather": "plume",
    "sun": "soleil",
    "knot": "nœud",
}
_STRAPS = {"leather": "bracelet en cuir", "bracelet": "bracelet à maillons", "mesh": "maille milanaise"}
_DIALS = {"white": "blanc", "black": "noir", "blue": "bleu", "green": "vert", "champagne": "champagne"}
_GOLD = {"yellow": "or jaune", "white": "or blanc", "rose": "or rose"}
_METALS = {
    "silver": "argent",
    "platinum": "platine",
    "stainless steel": "acier inoxydable",
    "titanium": "titane",
}
_PLATINGS = {
    "yellow gold": "plaqué or jaune",
    "rose gold": "plaqué or rose",
    "rhodium": "rhodié",
    "black rhodium": "plaqué rhodium noir",
}


def title(piece: Piece, fineness: int | None) -> str:
    """Return a title, such as ``Bague Aube fleur or jaune 18k, saphir rose et diamant``."""
    motif = f" {_MOTIFS[piece.motif]}" if piece.motif else ""
    stones = " et ".join(_stones(piece))
    name = f"{CATEGORIES[piece.category][0]} {piece.name}{motif} {metal(piece, fineness)}"
    return f"{name}, {stones}" if stones else name


def metal(piece: Piece, fineness: int | None) -> str:
    """Return the metal with its purity as the trade writes it."""
    if piece.metal == "gold":
        return f"{_GOLD[piece.metal_colour]} {KARATS[fineness or 750]}k"
    purity = f" {fineness}" if fineness else ""
    plating = f" {_PLATINGS[piece.plating]}" if piece.plating else ""
    return f"{_METALS[piece.metal]}{purity}{plating}"


def description(piece: Piece, fineness: int | None) -> str:
    """Return a product page's HTML."""
    details = [f"Pierres : {', '.join(_stones(piece)) or 'sans pierre'}"]
    if piece.stone:
        setting = f", {_SETTINGS[piece.setting]}" if piece.setting else ""
        details.append(f"Pierre principale : {_CUTS[piece.stone.cut]}{setting}")
    if piece.strap and piece.dial:
        details.append(f"Cadran {_DIALS[piece.dial]}, {_STRAPS[piece.strap]}")
    details.append(dimensions(piece))
    made = f"{metal(piece, fineness)}, fini {_FINISHES[piece.finish]}"
    return (
        f"<p>{piece.name} de {piece.brand}&nbsp;: {made}.</p>"
        f"<ul>{''.join(f'<li>{detail}</li>' for detail in details)}</ul>"
    )


def dimensions(piece: Piece) -> str:
    """Return labelled lengths: ``Largeur : 4,5 mm; Diamètre : 17 mm``."""
    return labelled_lengths(piece.dimensions_mm, DIMENSIONS, " : ")


def _stones(piece: Piece) -> list[str]:
    return [_stone(name, piece.stone) for name in piece.stones]


def _stone(name: str, main: Stone | None) -> str:
    colour = main.colour if main and main.name == name else ""
    return _UNUSUAL_STONES.get((name, colour), STONES[name])
