"""The contact sheet of pictures that were not accepted: what it was, what was measured, what is required."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from quality.contact_sheets import MOST_BYTES, Tile, contact_sheet
from storage.objects import ObjectMissingError, ObjectStore, digest_key
from vision.decoding import decode
from vision.errors import UnreadableImageError

TILE_PX = 150
COLUMNS = 5
MOST_REASONS = 8  # sheets in one materialization


def refused_by_reason(
    refused: Sequence[Mapping[str, Any]], objects: ObjectStore, *, most: int = 10
) -> dict[str, bytes]:
    """Draw a sheet for each reason, the most frequent first, of the first few pictures that it kept out.

    Args:
        refused: Rows of ``catalog.image_ledger.refused_images``.
        objects: Where the original bytes are.
        most: Pictures on a sheet.
    """
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for row in refused:
        for finding in row["reasons"]:
            reasons.setdefault(str(finding["rule"]), []).append(row)
    ordered = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    return {
        reason: contact_sheet(
            [_tile(row, objects) for row in rows[:most]],
            columns=COLUMNS, tile_px=TILE_PX, most_bytes=MOST_BYTES // 2,
        )
        for reason, rows in ordered[:MOST_REASONS]
    }  # fmt: skip


def _tile(row: Mapping[str, Any], objects: ObjectStore) -> Tile:
    lines = [f"{row['verdict']}: {row['title']}", *(finding_line(finding) for finding in row["reasons"])]
    return Tile(image=stored_picture(row["image_id"], objects), caption=tuple(lines))


def finding_line(finding: Mapping[str, Any]) -> str:
    """Say one finding in a short line: the rule, what was measured, and the bound it broke."""
    if finding["measured"] is None:
        return str(finding["rule"])
    side, _, bound = finding["required"].rpartition(" ")
    return f"{finding['rule']} {finding['measured']:.3g} {'<' if side == 'at least' else '>'} {bound}"


def stored_picture(image_id: str, objects: ObjectStore) -> Image.Image:
    """Return a picture by its id; a grey card where its bytes show nothing or are gone."""
    try:
        return decode(objects.get(digest_key("images", image_id))).image
    except (ObjectMissingError, UnreadableImageError):
        return _unreadable()


def _unreadable() -> Image.Image:
    """A grey card stands for bytes that show nothing, or that are gone."""
    card = Image.new("RGB", (TILE_PX, TILE_PX), (210, 210, 210))
    for offset in range(-TILE_PX, TILE_PX, 16):
        for step in range(TILE_PX):
            if 0 <= step + offset < TILE_PX:
                card.putpixel((step, step + offset), (180, 180, 180))
    return card
