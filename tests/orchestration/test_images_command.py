"""``loupe images show``: what a person reads of one picture."""

import json

import pytest
from catalogue_rows import listing, put_listings, put_picture
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.resources import engine_for

PICTURE = "b" * 64
FORM = {
    "symmetry": 0.91234, "hole_count": 1, "stone_count": None, "part_count": 1, "object_width_px": 600.0,
    "object_height_px": 400.0, "part_width_px": 600.0, "part_height_px": 400.0,
}  # fmt: skip


@pytest.fixture
def loupe(settings, tmp_path):
    engine = engine_for(settings.database_url)
    put_listings(engine, listing("maison", 1, category="brooch", dimensions_mm={"width": 30.0}))
    put_picture(engine, PICTURE, ["maison:1"], measures=FORM, format="JPEG", width=800, height=800)

    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(tmp_path / "loupe.yaml"), "images", *arguments])

    return run


def test_form_and_size_are_printed_with_the_length_they_follow_from(loupe):
    shown = loupe("show", PICTURE).output

    assert "JPEG 800 × 800" in shown
    assert "0.9123" in shown
    assert "maison:1  Piece 1 of maison: 30.0 × 20.0 mm by its width" in shown


def test_programs_get_the_same_as_json(loupe):
    shown = json.loads(loupe("show", PICTURE, "--json").output)

    assert shown["measures"]["hole_count"] == 1
    assert shown["shown_by"][0]["size"]["height_mm"] == pytest.approx(20.0)
