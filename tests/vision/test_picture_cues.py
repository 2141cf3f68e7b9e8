"""Pages of print are told from pictures of pieces."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from catalog.picture_roles import SHEET_LINES
from sample_feeds.pieces import piece_catalogue
from sample_feeds.rendering.backdrops import backdrop
from sample_feeds.rendering.certificate_sheet import certificate_sheet
from vision.decoding import decode
from vision.picture_cues import picture_cues


def lines_of(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return picture_cues(decode(buffer.getvalue())).print_lines


def test_grading_reports_are_pages():
    certified = [piece for piece in piece_catalogue(160, 5) if piece.certificate]
    lines = [lines_of(certificate_sheet(piece, None, size_px=640)) for piece in certified]

    assert len(lines) >= 15
    assert np.mean(np.array(lines) >= SHEET_LINES) >= 0.95


@pytest.mark.parametrize(
    "kind", ["white", "linen", "wood planks", "marble", "tiled floor", "patterned cloth", "card"]
)
def test_what_pieces_lie_on_is_no_page(kind):
    for seed in range(3):
        pixels = backdrop(kind, (640, 640), random.Random(seed))

        assert lines_of(Image.fromarray((pixels * 255).astype(np.uint8))) < SHEET_LINES
