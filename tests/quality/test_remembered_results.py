"""The same rows under the same rules are validated once."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from quality import remembered_results
from quality.remembered_results import anew, remembering
from quality.schemas import PIECES
from storage.objects import LocalObjectStore

PROJECT = Path(__file__).parents[2]


def rows(title="Ring", category="ring"):
    return pd.DataFrame(
        [
            {"piece_id": f"p{number}", "title": title, "brand": None, "category": category}
            for number in range(20)
        ]
    )


@pytest.fixture
def validate(tmp_path, monkeypatch):
    """A way to validate that notes when it asks great-expectations."""
    asked = []
    monkeypatch.setattr(remembered_results, "anew", lambda *given: asked.append(given[3]) or anew(*given))
    objects = LocalObjectStore(tmp_path / "objects")

    def ask(frame, rules=PIECES, kind=None, of="the collection"):
        return remembering(objects, "shop")(frame, rules, kind, of), len(asked)

    return ask


def test_a_remembered_result_says_what_the_first_one_said(validate):
    first, asked = validate(rows(category=None))
    again, asked_again = validate(rows(category=None))

    assert (asked, asked_again) == (1, 1)
    assert again.findings == first.findings
    assert (again.rows, again.passed, again.name) == (20, False, first.name)


@pytest.mark.parametrize(
    "changed",
    [
        lambda: {"frame": rows(title="Bague")},
        lambda: {"frame": rows().iloc[:19]},
        lambda: {"frame": rows(), "kind": "retailer"},
        lambda: {"frame": rows(), "of": "maison"},
    ],
    ids=["a value", "a row", "the kind", "of whom"],
)
def test_whatever_changes_is_validated_again(validate, changed):
    validate(rows())
    given = changed()

    _, asked = validate(given.pop("frame"), **given)

    # No rule of pieces depends on a feed's kind, so the question is the same one then.
    assert asked == (1 if given.get("kind") else 2)


def test_a_damaged_note_is_made_again(validate, tmp_path):
    validate(rows())
    [note] = (tmp_path / "objects/validations").rglob("*.json")
    note.write_text("{")

    _, asked = validate(rows())

    assert asked == 2


def test_what_is_remembered_takes_no_great_expectations(tmp_path):
    remembering(LocalObjectStore(tmp_path), "shop")(rows(), PIECES, None, "the collection")
    (tmp_path / "ask.py").write_text(
        f"""
import sys
from pathlib import Path
import pandas as pd
import assets.quality, quality.checks, quality.table_suites
from quality.remembered_results import remembering
from quality.schemas import PIECES
from storage.objects import LocalObjectStore

rows = [{{"piece_id": f"p{{n}}", "title": "Ring", "brand": None, "category": "ring"}} for n in range(20)]
ask = remembering(LocalObjectStore(Path({str(tmp_path)!r})), "shop")
assert ask(pd.DataFrame(rows), PIECES, None, "the collection").passed
assert "great_expectations" not in sys.modules
"""
    )

    subprocess.run(
        [sys.executable, str(tmp_path / "ask.py")], check=True, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )
