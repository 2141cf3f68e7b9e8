"""A hundred real photographs that a person judged, and what the rules make of them.

``judged_photographs.csv`` holds 25 jewelry pictures of each of four sources (two shops, a manufacturer, a
folder of photographs): those whose paths have the smallest SHA-256 of ``judged-photographs-1:<path>``.  They
were looked at, and the verdicts written down, before any verdict of the rules on them was.
"""

import csv
import hashlib
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from quality.image_rules import judge_image
from vision.decoding import decode
from vision.measures import measure

HERE = Path(__file__).parent
SOURCES = {
    "shops/zariya/": "zariya",
    "shops/bijoux/": "bijoux",
    "shops/myntra/": "myntra",
    "photos/": "photos",
}
OF_EACH = 25


def listed():
    with (HERE / "judged_photographs.csv").open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def feed_kinds():
    declared = yaml.safe_load((HERE / "loupe.yaml").read_text(encoding="utf-8"))["collections"]
    return {name: collection["feeds"][0]["kind"] for name, collection in declared.items()}


def source_of(path):
    return next(name for start, name in SOURCES.items() if path.startswith(start))


@pytest.mark.real
def test_the_list_was_chosen_by_its_rule_and_not_by_its_outcome(real):
    with (real / "images.csv").open(newline="", encoding="utf-8") as rows:
        jewelry = [row["path"] for row in csv.DictReader(rows) if not row["label"].startswith("distractor_")]
    chosen = set()
    for start in SOURCES:
        mine = [path for path in jewelry if path.startswith(start)]
        chosen.update(sorted(mine, key=_drawn)[:OF_EACH])

    assert {row["path"] for row in listed()} == chosen
    assert len(listed()) == len(SOURCES) * OF_EACH


def _drawn(path):
    return hashlib.sha256(f"judged-photographs-1:{path}".encode()).hexdigest()


@pytest.mark.real
def test_the_rules_agree_with_a_person_on_nine_of_ten_photographs(real):
    kinds = feed_kinds()
    outcomes = Counter()
    for row in listed():
        measures = measure(decode((real / row["path"]).read_bytes()))
        found = judge_image(asdict(measures), feed_kind=kinds[source_of(row["path"])]).verdict
        outcomes[row["verdict"], found] += 1

    agreed = sum(count for (seen, found), count in outcomes.items() if seen == found)
    kept_back = sum(count for (seen, _), count in outcomes.items() if seen != "accepted")
    found_back = sum(count for (seen, found), count in outcomes.items() if "accepted" not in (seen, found))
    assert agreed >= 90, outcomes
    # Most photographs are good: accepting all of them would agree as well.
    assert found_back >= 0.7 * kept_back > 0, outcomes
