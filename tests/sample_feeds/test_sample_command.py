"""``loupe sample``."""

import json

from typer.testing import CliRunner

from orchestration.cli.main import app
from sample_feeds.house import SampleHouseError


def command(*arguments):
    return CliRunner().invoke(app, ["sample", *map(str, arguments)])


def test_a_house_is_written_and_said_what_is_in_it(tmp_path, flat_pictures):
    told = command("--pieces", 12, "--days", 2, "--size-px", 192, "--workers", 1, "--out", tmp_path / "house")

    assert told.exit_code == 0, told.output
    assert "Sample house written" in told.output
    assert "12, " in told.output
    assert (tmp_path / "house" / "house.json").is_file()


def test_a_house_that_stands_says_so_and_json_is_one_document(tmp_path, flat_pictures):
    arguments = ("--pieces", 12, "--days", 2, "--workers", 1, "--out", tmp_path / "house", "--json")
    first = json.loads(command(*arguments).output)
    second = json.loads(command(*arguments).output)

    assert (first["written"], second["written"]) == (True, False)
    assert first["pieces"] == 12


def test_a_wrong_number_is_refused_with_the_remedy(tmp_path):
    told = command("--pieces", 3, "--out", tmp_path / "house")

    assert isinstance(told.exception, SampleHouseError)
    assert "pieces = 3" in str(told.exception)
    assert "12 to" in str(told.exception)
