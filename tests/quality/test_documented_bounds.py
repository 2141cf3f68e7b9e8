"""docs/pictures.md states the bounds that the code holds pictures to."""

import re
from dataclasses import fields
from pathlib import Path

from quality.image_rules import RULES, SCENE_RULES
from vision.measures import Measures

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pictures.md"


def cells(row):
    return tuple(cell.strip().strip("`") for cell in row.strip().strip("|").split("|"))


def bounds(rule):
    return " / ".join("–" if bound is None else f"{bound:g}" for bound in (rule.quarantine, rule.review))


def test_the_table_of_bounds_is_the_codes():
    tables = PAGE.read_text(encoding="utf-8").split("\n\n")
    (table,) = [part for part in tables if part.startswith("| rule | measure |")]
    standards = (RULES["retailer"], SCENE_RULES["retailer"], RULES["community"])

    expected = [
        (rule.name, rule.measure, rule.unit or "–", rule.side, *map(bounds, (rule, scene, customer)))
        for rule, scene, customer in zip(*standards, strict=True)
    ]

    assert [cells(row) for row in table.splitlines()[2:]] == expected
    assert RULES["manufacturer"] == RULES["retailer"]
    assert SCENE_RULES["manufacturer"] == SCENE_RULES["retailer"]
    assert SCENE_RULES["community"] == RULES["community"]


def test_every_measure_is_described():
    described = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8")))

    assert {field.name for field in fields(Measures)} <= described
