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


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """What ``peers.py`` wrote of its own and the plain part; libraries only where they are installed."""
    out = tmp_path_factory.mktemp("peers") / "out.json"
    sizes = ["--count", "3000", "--queries", "20", "--exact-below", "500", "--skip-autofaiss"]
    plain = [
        "Flat", "IVF32,SQfp16", "IVF64,SQ8", "IVF64,PQ64x4fs,Refine(SQfp16)", "HNSW16,SQ8", "IVF64,Nothing8"
    ]  # fmt: skip
    tried = [part for factory in plain for part in ("--factory", factory)]
    command = [sys.executable, str(SCRIPTS / "peers.py"), *sizes, *tried, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=out.parent)
    return json.loads(out.read_text())


def test_every_plan_gets_a_verdict_against_plain_factories_of_its_size(peers):
    asked = {(one["tier"], one["queries"]): one for one in peers["verdicts"]}

    assert set(asked) == {
        (tier, family) for tier in ("hot", "warm", "cold") for family in ("pictures", "text")
    }
    budget = {plan["tier"]: plan["bytes_per_vector"] for plan in peers["loupe"]}
    for rival in peers["rivals"]:
        plan = asked[rival["tier"], rival["queries"]]
        assert rival["bytes_per_vector"] <= budget[rival["tier"]] * 1.02
        assert rival["recall"] >= plan["recall"] - 0.001
        assert plan["fastest_rival"]["speed"] >= rival["speed"]
    assert any(one["fastest_rival"] for one in asked.values())


def test_exhaustive_search_finds_everything_and_an_unknown_factory_is_named(peers):
    plain = {row["index"]: row for row in peers["plain"]}

    assert [plain["Flat"]["points"][0][family]["recall"] for family in ("pictures", "text")] == [1.0, 1.0]
    assert [point["parameters"]["nprobe"] for point in plain["IVF32,SQfp16"]["points"]] == [4, 8, 16]
    assert list(peers["not_built"]) == ["IVF64,Nothing8"]


def test_every_library_is_measured_or_named_with_the_reason(peers):
    assert [one["peer"] for one in peers["peers"]] == ["hnswlib", "usearch", "scann"]
    for one in peers["peers"]:
        assert one["indexes"] or "--install" in one["not_measured"]
    compared = {one["peer"] for one in peers["beside_peers"]}
    assert compared == {one["peer"] for one in peers["peers"] if one["indexes"]}


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
