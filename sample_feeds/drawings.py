"""The manufacturer's technical drawings: a piece's outline with its measures, as SVG.

Equal pieces give equal bytes.  Scale is 4 units to the millimetre, on a sheet as large as the piece needs.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from sample_feeds.pieces import Piece

UNITS_PER_MM = 4
MARGIN = 60
FALLBACK_MM = 20.0


def drawing_name(source_id: str) -> str:
    """Return the path of a reference's drawing below the manufacturer's folder."""
    return f"drawings/{source_id}.svg"


def technical_drawing(piece: Piece, reference: str) -> bytes:
    """Return the drawing of a piece as the manufacturer files it under ``reference``."""
    lengths = piece.dimensions_mm
    across, down = _sides(lengths)
    width, height = across * UNITS_PER_MM, down * UNITS_PER_MM
    sheet_width, sheet_height = max(width, 220) + 2 * MARGIN, height + 2 * MARGIN
    left, top = (sheet_width - width) / 2, float(MARGIN)
    middle = f'cx="{left + width / 2:.1f}" cy="{top + height / 2:.1f}"'
    outline = (
        f'<ellipse {middle} rx="{width / 2:.1f}" ry="{height / 2:.1f}"/>'
        if "diameter" in lengths
        else f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>'
    )
    heading = escape(f"{reference}  {piece.mpn}  1 mm = {UNITS_PER_MM} units")
    words = [f"{name.replace('_', ' ')} {length:g} mm" for name, length in sorted(lengths.items())]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet_width:.0f}" height="{sheet_height:.0f}">',
        f"  <title>{escape(reference)} {escape(piece.name)}</title>",
        f'  <g fill="none" stroke="#222" stroke-width="1">{outline}</g>',
        '  <g font-family="sans-serif" font-size="11" fill="#222">',
        f'    <text x="8" y="18">{heading}</text>',
        f'    <text x="8" y="{sheet_height - 10:.0f}">{escape("; ".join(words))}</text>',
        "  </g>",
        "</svg>",
        "",
    ]
    return "\n".join(lines).encode()


def _sides(lengths: Mapping[str, float]) -> tuple[float, float]:
    """Return how far a piece reaches across and down, in millimetres, from the measures that it states."""
    across = lengths.get("diameter") or lengths.get("width") or lengths.get("length") or FALLBACK_MM
    down = lengths.get("diameter") or lengths.get("height") or lengths.get("length") or across
    return min(across, 250.0), min(down, 250.0)
