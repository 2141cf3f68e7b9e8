"""Pieces in English, as ``northgem``, the manufacturer and customers word them."""

from collections.abc import Mapping

from sample_feeds.pieces import Piece, Stone
from sample_feeds.wording import KARATS

CATEGORIES: Mapping[str, tuple[str, str]] = {
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
_DESIGNS = {
    "solitaire": "solitaire",
    "three_stone": "trilogy",
    "eternity": "eternity",
    "cluster": "cluster",
    "bypass": "bypass",
    "signet": "signet",
    "dome": "dome",
    "twist": "twist",
    "stacked": "stacking",
    "station": "station",
    "strand": "strand",
    "riviere": "rivière",
    "statement": "collar",
    "lariat": "lariat",
    "choker": "choker",
    "bar": "bar",
    "disc": "disc",
    "discs": "disc",
    "studs": "stud",
    "drops": "drop",
    "drop": "drop",
    "hoops": "hoop",
    "chandelier": "chandelier",
    "jhumka": "jhumka",
    "climber": "climber",
    "tennis": "tennis",
    "beaded": "beaded",
    "bangle": "bangle",
    "cuff": "cuff",
    "charm": "charm",
    "mesh": "mesh",
    "locket": "locket",
    "spray": "spray",
    "sunburst": "sunburst",
    "wreath": "wreath",
    "classic": "three-hand",
    "dress": "slim",
    "chronograph": "chronograph",
}
_UNUSUAL_STONES: Mapping[tuple[str, str], str] = {
    ("sapphire", "pink"): "pink sapphire",
    ("sapphire", "yellow"): "yellow sapphire",
    ("pearl", "golden"): "South Sea pearl",
    ("pearl", "black"): "Tahitian pearl",
}
_SETTINGS = {"prong": "prong-set", "bezel": "bezel-set", "halo": "in a halo"}


def title(piece: Piece, fineness: int | None) -> str:
    """Return a title: other words, in another order, than a French shop's."""
    design = _DESIGNS.get(piece.design, "")
    noun = " ".join(
        part for part in (piece.style, piece.motif, design, CATEGORIES[piece.category][0].lower()) if part
    )
    text = f"{noun} in {metal(piece, fineness)}" + _with_stones(piece)
    return f"{piece.brand} {text[0].upper()}{text[1:]} - {piece.name}"


def title_without_category(piece: Piece, fineness: int | None) -> str:
    """Return a title from which nobody can tell what kind of piece it is."""
    return f"{piece.brand} {piece.name} in {metal(piece, fineness)}{_with_stones(piece)}"


def makers_title(piece: Piece) -> str:
    """Return the manufacturer's name of a piece."""
    return f"{piece.name} {CATEGORIES[piece.category][0].lower()}"


def metal(piece: Piece, fineness: int | None) -> str:
    """Return the metal, such as ``18k rose gold`` or ``rhodium plated 925 sterling silver``."""
    if piece.metal == "gold":
        return f"{KARATS[fineness or 750]}k {piece.metal_colour} gold"
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


def description(piece: Piece, fineness: int | None) -> str:
    """Return a shop's plain description."""
    stone = ""
    if piece.stone is not None:
        setting = f", {_SETTINGS[piece.setting]}" if piece.setting else ""
        stone = f" with {piece.stone.cut}-shaped {_stone(piece.stone.name, piece.stone)}{setting}"
    watch = f" {piece.dial.capitalize()} dial, {piece.strap} strap." if piece.dial and piece.strap else ""
    return (
        f"{piece.name} by {piece.brand}. A {piece.finish} {piece.style} piece in "
        f"{metal(piece, fineness)}{stone}.{watch} Weight {piece.weight_g:g} g."
    )


def tags(piece: Piece) -> str:
    """Return a shop's tags, in English as its theme wants them."""
    return ", ".join([CATEGORIES[piece.category][1].lower(), piece.metal, piece.style, *piece.stones, "gift"])


def specifications(piece: Piece, fineness: int | None) -> list[tuple[str, str]]:
    """Return the manufacturer's specifications as label and value, leaving out what a piece has not."""
    stone = piece.stone
    lines = [
        ("Metal", metal(piece, fineness)),
        ("Fineness", f"{fineness}/1000" if fineness else None),
        ("Metal colour", piece.metal_colour if piece.metal == "gold" else None),
        ("Plating", f"{piece.plating} plated" if piece.plating else None),
        ("Stones", ", ".join(piece.stones) or None),
        ("Main stone", f"{stone.colour}, {stone.cut}, {stone.size_mm:g} mm" if stone else None),
        ("Setting", piece.setting),
        ("Motif", piece.motif),
        ("Strap", piece.strap),
        ("Dial", piece.dial),
        ("Style", piece.style),
        ("Finish", piece.finish),
        ("Design", piece.design.replace("_", " ")),
    ]
    return [(label, value) for label, value in lines if value]


def _with_stones(piece: Piece) -> str:
    stones = " and ".join(_stone(name, piece.stone) for name in piece.stones)
    return f" with {stones}" if stones else ""


def _stone(name: str, main: Stone | None) -> str:
    colour = main.colour if main and main.name == name else ""
    return _UNUSUAL_STONES.get((name, colour), name)
