"""``loupe review``: a person looks, decides, takes back."""

import getpass
import io
import json

import pytest
from catalogue_rows import listing, put_listings, put_picture
from PIL import Image
from typer.testing import CliRunner

from catalog.decisions import DecisionError
from catalog.image_ledger import judge_pictures
from catalog.pieces import resolve_pieces
from orchestration.cli.main import app
from orchestration.resources import engine_for, open_objects
from serving.errors import QueryError
from storage.objects import digest_key, sha256_hex

FINDING = {"rule": "sharpness", "measured": 0.5, "required": "at least 0.54", "unit": ""}


def picture(shade):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def loupe(settings, tmp_path):
    """The command on a catalogue with two pictures in review and one contradiction."""
    engine, objects = engine_for(settings.database_url), open_objects(settings)
    put_listings(
        engine,
        listing("maison", 1, gtin="1", metal="gold", price_minor=119_000, currency="EUR"),
        listing("studio", 2, gtin="1", metal="silver", price_minor=1_190_000, currency="EUR"),
    )
    for shade, shown_by in ((90, ["maison:1"]), (160, ["maison:1", "studio:2"])):
        data = picture(shade)
        objects.put(digest_key("images", sha256_hex(data)), data)
        put_picture(engine, sha256_hex(data), shown_by)
    resolve_pieces(engine, "shop")
    judge_pictures(engine, "shop", lambda *_: ("review", [FINDING]), {}, version="1")

    def run(*arguments):
        return CliRunner().invoke(app, ["--config", str(tmp_path / "loupe.yaml"), "review", *arguments])

    return run


def listed(loupe, *arguments):
    return json.loads(loupe("list", "--json", *arguments).output)


def test_a_person_decides_takes_back_and_reads_the_log(loupe):
    questions = listed(loupe)["questions"]
    assert [one["kind"] for one in questions] == ["picture", "picture", "contradiction", "contradiction"]
    first = questions[0]["id"]

    decided = loupe("decide", first, "accept", "--why", "soft on purpose", "--who", "anna")
    assert decided.exit_code == 0
    assert "`loupe run -c shop` applies it" in decided.output
    assert listed(loupe)["waiting"] == 3

    loupe("undo", first)
    log = json.loads(loupe("history", "--json").output)
    assert [(one["decision"], one["who"], one["state"]) for one in log] == [
        ("undone", getpass.getuser(), "undone"),
        ("accept", "anna", "taken back"),
    ]
    assert listed(loupe)["waiting"] == 4


def test_lists_are_cut_and_chosen_by_kind(loupe):
    cut = listed(loupe, "--kind", "contradiction", "--limit", "1")

    assert cut["waiting"] == 2
    assert [one["kind"] for one in cut["questions"]] == ["contradiction"]
    assert "1 of 4" in loupe("list", "--limit", "1").output


def test_a_question_is_shown_with_its_evidence_and_its_pictures(loupe, tmp_path):
    first = listed(loupe)["questions"][0]["id"]
    sheet = tmp_path / "sheet.webp"

    shown = loupe("show", first, "--sheet", str(sheet))

    assert "sharpness 0.5, at least 0.54" in shown.output
    assert f"loupe review decide {first} accept|reject" in shown.output
    with Image.open(sheet) as image:
        two_tiles = image.size
    loupe("show", listed(loupe, "--kind", "contradiction")["questions"][0]["id"], "--sheet", str(sheet))
    with Image.open(sheet) as image:
        assert image.size[0] > two_tiles[0]  # the picture that both listings show stands twice


def test_a_contradiction_says_who_says_what_and_whose_word_counts(loupe):
    metal, price = listed(loupe, "--kind", "contradiction")["questions"]

    assert "maison:1 says gold" in loupe("show", metal["id"]).output
    shown = loupe("show", price["id"]).output
    assert "studio:2 says 11900.00 EUR" in shown
    assert "counts: nobody, beyond a factor of 3" in shown


def test_errors_say_what_to_do(loupe, tmp_path):
    unknown = loupe("decide", "picture-123", "accept", "--why", "seen")
    first = listed(loupe)["questions"][0]["id"]
    elsewhere = loupe("show", first, "--sheet", str(tmp_path / "sheet.png"))

    assert isinstance(unknown.exception, DecisionError)
    assert "`loupe review list`" in str(unknown.exception)
    assert isinstance(elsewhere.exception, QueryError)
    assert loupe("decide", first, "accept").exit_code == 2  # without a reason


def test_calibration_counts_what_people_said_and_warns_of_few(loupe):
    for one, answer in zip(
        listed(loupe, "--kind", "picture")["questions"], ("accept", "reject"), strict=True
    ):
        loupe("decide", one["id"], answer, "--why", "seen")

    table = loupe("calibration").output
    [bound] = json.loads(loupe("calibration", "--json").output)["bounds"]

    assert "2 pictures decided: 1 accepted, 1 rejected" in table
    assert "few" in table
    assert (bound["accepted"], bound["rejected"], bound["precision"], bound["enough"]) == (1, 1, 0.5, False)
