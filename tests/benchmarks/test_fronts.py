"""Which index is a plan's rival and where the plan stands; and the factories and peers that are tried."""

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import faiss
import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark_module(monkeypatch):
    """Import a module that lies beside the scripts."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module


def test_a_rival_takes_no_more_bytes_and_finds_no_less_and_the_fastest_counts(benchmark_module):
    fronts = benchmark_module("fronts")
    plan = fronts.Point(
        index="plan", parameters={}, bytes_per_vector=1000, recall=0.99, queries_per_second=100
    )
    slow = replace(plan, index="slow", queries_per_second=50)
    fast = replace(plan, index="fast", queries_per_second=500, bytes_per_vector=1015, recall=0.9895)
    large = replace(plan, index="large", queries_per_second=900, bytes_per_vector=1030)
    forgetful = replace(plan, index="forgetful", queries_per_second=2000, recall=0.988)

    assert fronts.fastest_rival(plan, [slow, fast, large, forgetful]) == fast
    assert fronts.fastest_rival(plan, [slow, fast, large, forgetful], any_size=True) == large
    assert fronts.fastest_rival(plan, [large, forgetful]) is None


@pytest.mark.parametrize(
    ("speed", "place"),
    [
        (None, "above"),
        (0.89, "above"),
        (0.91, "on"),
        (1.0, "on"),
        (1.09, "on"),
        (1.11, "below"),
        (5.0, "below"),
    ],
)
def test_a_plan_is_below_the_front_once_a_rival_is_faster_by_more_than_the_noise(
    benchmark_module, speed, place
):
    assert benchmark_module("fronts").standing(speed) == place


@pytest.mark.parametrize("count", [1_000, 200_000, 1_000_000])
def test_this_faiss_knows_every_plain_factory_and_each_has_settings_to_sweep(benchmark_module, count):
    plain = benchmark_module("plain_factories")

    for factory in plain.factories(count):
        index = faiss.index_factory(512, factory, faiss.METRIC_INNER_PRODUCT)
        settings = plain.settings_of(factory, index)
        assert settings, factory
        for parameters in settings:
            text = ",".join(f"{name}={value}" for name, value in parameters.items())
            faiss.ParameterSpace().set_index_parameters(index, text)


def test_an_environment_that_is_missing_is_not_installed_unasked(benchmark_module, tmp_path):
    libraries = benchmark_module("peer_libraries")

    with pytest.raises(libraries.PeerFailedError, match=r"hnswlib==.*--install"):
        libraries.environment("hnswlib", tmp_path, install=False)

    assert not list(tmp_path.iterdir())


def test_the_last_line_of_a_failed_installation_is_told(benchmark_module, monkeypatch, tmp_path):
    libraries = benchmark_module("peer_libraries")
    monkeypatch.setitem(libraries.PINS, "hnswlib", (str(tmp_path / "no-such-wheel-1.0-py3-none-any.whl"),))

    with pytest.raises(libraries.PeerFailedError, match="no-such-wheel"):
        libraries.environment("hnswlib", tmp_path / "peers", install=True)


def test_the_worker_stands_alone_with_numpy_and_its_peer():
    code = (
        "import sys; import peer_worker; "
        "print([name for name in sys.modules if name in ('index_builds', 'faiss', 'pyarrow', 'hardware')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == "[]"
