"""What surfaces are made of, as numbers that the shading reads.

Metal reflectances are linear sRGB at normal incidence, after Hoffman, "Crafting Physically Motivated Shading
Models for Game Development" (2010), table of metals; refractive indices are gemmological standard values
(https://www.gemdat.org).  Absorption is our own: chosen so that a 6 mm stone looks as its trade name does.
"""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Kind(IntEnum):
    """How a surface answers light; ``shading`` has one branch for each."""

    METAL = 0
    STONE = 1  # transparent; traced when its part is solid, else a glossy body lit from within
    PEARL = 2
    OPAL = 3
    VEINED = 4  # turquoise
    GLOSS = 5  # a dielectric coat over a colour: onyx, enamel, dials
    MOONSTONE = 6
    SKIN = 7
    CLOTH = 8
    MATTE = 9  # paper
    HAIR = 10
    LEATHER = 11


# A material is a row: kind, colour (3), roughness, refractive index, absorption per mm (3), finish, scale mm.
FIELDS = 12
_METALS: Mapping[str, tuple[float, float, float]] = {
    "yellow": (1.0, 0.74, 0.36),
    "rose": (0.96, 0.60, 0.46),
    "white": (0.87, 0.86, 0.83),
    "silver": (0.96, 0.95, 0.93),
    "grey": (0.50, 0.49, 0.48),
    "black": (0.075, 0.075, 0.085),
}
_FINISHES: Mapping[str, tuple[float, float, float]] = {  # roughness, number of the relief, its scale in mm
    "polished": (0.05, 0, 1.0),
    "brushed": (0.22, 1, 0.10),
    "hammered": (0.09, 2, 1.7),
    "matte": (0.42, 3, 0.25),
}
# name -> (refractive index, absorption per mm in red, green, blue, colour of a smooth-cut stone)
_STONES: Mapping[str, tuple[float, tuple[float, float, float], tuple[float, float, float]]] = {
    "diamond": (2.417, (0.004, 0.003, 0.001), (0.86, 0.88, 0.92)),
    "cubic zirconia": (2.16, (0.003, 0.003, 0.002), (0.86, 0.88, 0.90)),
    "ruby": (1.766, (0.012, 0.55, 0.33), (0.60, 0.012, 0.06)),
    "sapphire": (1.766, (0.42, 0.24, 0.018), (0.02, 0.05, 0.42)),
    "sapphire:pink": (1.766, (0.012, 0.26, 0.09), (0.85, 0.20, 0.45)),
    "sapphire:yellow": (1.766, (0.012, 0.03, 0.30), (0.92, 0.70, 0.10)),
    "emerald": (1.577, (0.42, 0.02, 0.19), (0.01, 0.36, 0.12)),
    "amethyst": (1.548, (0.12, 0.30, 0.035), (0.28, 0.06, 0.48)),
    "citrine": (1.548, (0.012, 0.075, 0.42), (0.85, 0.42, 0.03)),
    "topaz": (1.62, (0.23, 0.035, 0.008), (0.08, 0.42, 0.75)),
    "garnet": (1.74, (0.055, 0.75, 0.60), (0.34, 0.008, 0.016)),
    "peridot": (1.67, (0.085, 0.018, 0.36), (0.36, 0.55, 0.04)),
    "aquamarine": (1.577, (0.085, 0.014, 0.014), (0.42, 0.78, 0.82)),
}
_OTHERS: Mapping[str, tuple[Kind, tuple[float, float, float], float, float]] = {
    # kind, colour (linear), roughness, refractive index
    "pearl": (Kind.PEARL, (0.90, 0.85, 0.80), 0.16, 1.68),
    "pearl:golden": (Kind.PEARL, (0.72, 0.50, 0.22), 0.16, 1.68),
    "pearl:black": (Kind.PEARL, (0.065, 0.070, 0.080), 0.16, 1.68),
    "opal": (Kind.OPAL, (0.86, 0.87, 0.86), 0.08, 1.45),
    "turquoise": (Kind.VEINED, (0.035, 0.46, 0.44), 0.16, 1.61),
    "onyx": (Kind.GLOSS, (0.006, 0.006, 0.007), 0.05, 1.54),
    "moonstone": (Kind.MOONSTONE, (0.74, 0.78, 0.86), 0.08, 1.52),
    "leather": (Kind.LEATHER, (0.12, 0.045, 0.018), 0.42, 1.45),
    "leather:black": (Kind.LEATHER, (0.012, 0.012, 0.013), 0.40, 1.45),
    "thread": (Kind.CLOTH, (0.62, 0.52, 0.38), 0.8, 1.4),
    "cord": (Kind.CLOTH, (0.03, 0.025, 0.02), 0.8, 1.4),
    "dial": (Kind.GLOSS, (0.78, 0.77, 0.73), 0.22, 1.5),
    "paper": (Kind.MATTE, (0.82, 0.81, 0.78), 0.9, 1.4),
    "fabric": (Kind.CLOTH, (0.20, 0.20, 0.24), 0.9, 1.4),
    "hair": (Kind.HAIR, (0.03, 0.018, 0.010), 0.35, 1.5),
    "skin": (Kind.SKIN, (0.55, 0.33, 0.24), 0.42, 1.4),
    "nail": (Kind.GLOSS, (0.66, 0.40, 0.34), 0.16, 1.5),
}
_ENAMELS: Mapping[str, tuple[float, float, float]] = {
    "white": (0.82, 0.82, 0.80),
    "black": (0.010, 0.010, 0.012),
    "blue": (0.012, 0.045, 0.20),
    "green": (0.010, 0.105, 0.060),
    "champagne": (0.70, 0.55, 0.36),
    "red": (0.42, 0.012, 0.016),
}


def material_row(
    name: str, *, metal: str, finish: str, tones: Mapping[str, tuple[float, float, float]]
) -> NDArray[np.float32]:
    """Return a material's numbers, shape ``(FIELDS,)``.

    Args:
        name: As a ``Part`` names it: ``metal``, a stone's material, ``enamel:<colour>``, a prop.
        metal: The colour of the piece's metal, as ``Piece.shown_colour`` says it.
        finish: The finish of the piece's metal.
        tones: Linear colours that a scene gives to its props, by material.

    Raises:
        KeyError: If nothing is known about the name.
    """
    row = np.zeros(FIELDS, dtype=np.float32)
    if name in ("metal", "hands") or name.startswith("metal:"):
        roughness, relief, scale = _FINISHES["polished" if name == "hands" else finish]
        colour = _METALS[name.partition(":")[2] or metal]
        row[:] = (Kind.METAL, *colour, roughness, 1.5, 0, 0, 0, relief, scale, 0)
    elif name in _STONES:
        index, absorption, colour = _STONES[name]
        row[:] = (Kind.STONE, *colour, 0.03, index, *absorption, 0, 1, 0)
    elif name.startswith("enamel"):
        row[:] = (Kind.GLOSS, *_ENAMELS[name.partition(":")[2]], 0.10, 1.5, 0, 0, 0, 0, 1, 0)
    else:
        kind, colour, roughness, index = _OTHERS[name]
        row[:] = (kind, *tones.get(name, colour), roughness, index, 0, 0, 0, 0, 1, 0)
    return row
