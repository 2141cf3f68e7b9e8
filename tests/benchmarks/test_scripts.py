"""The benchmark scripts run, at a size that proves nothing but that."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("script", "arguments", "named"),
    [
        ("standardise", ["--pieces", "60", "--rounds", "1", "--mib", "1"], "figures"),
        ("identity", ["--pieces", "120", "--picture-pieces", "12", "--size-px", "224"], "with_pictures"),
        ("judge", ["--pictures", "12", "--ladders", "1", "--rounds", "1"], "spearman"),
        ("geometry", ["--pieces", "12", "--rounds", "1"], "forms"),
        ("duplicates", ["--renders", "12", "--copied", "2", "--hashes", "2000"], "copies"),
        ("rerun", ["--pieces", "12", "--days", "1", "--size-px", "192"], "figures"),
        ("million", ["--count", "3000", "--queries", "10"], "filters"),
        ("enrichment", ["--pieces", "24", "--size-px", "224"], "figures"),
        ("out_of_domain", ["--pieces", "2", "--others", "6"], "figures"),
        ("serving_load", ["--count", "3000", "--seconds", "0.2"], "figures"),
    ],
)
def test_a_script_measures_and_writes_its_json(tmp_path, script, arguments, named):
    out = tmp_path / "out.json"

    subprocess.run(
        [sys.executable, str(SCRIPTS / f"{script}.py"), *arguments, "--out", str(out)],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )

    result = json.loads(out.read_text())
    assert result[named]
    assert result["hardware"]["cores"] >= 1


def test_twenty_thousand_pictures_are_found_while_they_come_go_and_change(tmp_path):
    out = tmp_path / "out.json"
    sizes = ["--count", "20000", "--queries", "100", "--exact-below", "1000"]

    subprocess.run(
        [sys.executable, str(SCRIPTS / "runbook.py"), *sizes, "--out", str(out)],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )

    checkpoints = json.loads(out.read_text())["checkpoints"]
    assert [one["step"].split()[0] for one in checkpoints] == [
        "first", "insert", "delete", "replace", "insert", "delete", "insert",
    ]  # fmt: skip
    for one in checkpoints:
        assert one["passed"], one
        assert one["tombstoned keys found"] == 0, one
        assert min(one["pictures"], one["text"]) >= 0.98, one
    assert all(one["tiers with a delta"] for one in checkpoints[1:4])
