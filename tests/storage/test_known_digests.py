"""A remembered digest is the file's of now."""

import os
import time
from pathlib import Path

import pytest

from storage import known_digests
from storage.known_digests import digest_of_file
from storage.objects import sha256_hex, sha256_of_file

_LONG_AGO = time.time_ns() - 3_600 * 10**9


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note every file that is read for its digest; times of change are an hour back, as after a while."""
    paths: list[Path] = []

    def noting(path: Path) -> str:
        paths.append(path)
        return sha256_of_file(path)

    monkeypatch.setattr(known_digests, "sha256_of_file", noting)
    return paths


def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time_ns() + 3_600 * 10**9
    monkeypatch.setattr(known_digests.time, "time_ns", lambda: later)


def test_a_file_that_stays_is_read_once(
    tmp_path: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    _settled(monkeypatch)
    assert [digest_of_file(path) for _ in range(3)] == [sha256_hex(b"whole")] * 3
    assert read == [path]


def test_a_file_just_written_is_read_every_time(tmp_path: Path, read: list[Path]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert digest_of_file(path) == sha256_hex(b"one")
    path.write_bytes(b"two")  # of the same size, maybe in the same tick
    assert digest_of_file(path) == sha256_hex(b"two")
    assert read == [path, path]


def test_damage_that_keeps_size_and_time_of_change_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    os.utime(path, ns=(_LONG_AGO, _LONG_AGO))
    _settled(monkeypatch)
    assert digest_of_file(path) == sha256_hex(b"whole")
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:  # two writes may fall into one tick of the file system's clock
        path.write_bytes(b"wh0le")
        os.utime(path, ns=(_LONG_AGO, _LONG_AGO))
    assert digest_of_file(path) == sha256_hex(b"wh0le")


def test_a_file_put_in_its_place_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"whole")
    other.write_bytes(b"other")
    _settled(monkeypatch)
    assert digest_of_file(path) == sha256_hex(b"whole")
    other.replace(path)
    assert digest_of_file(path) == sha256_hex(b"other")


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_of_file(tmp_path / "none")


def test_only_so_many_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_digests, "_KNOWN", {})
    monkeypatch.setattr(known_digests, "_AT_MOST", 2)
    _settled(monkeypatch)
    for number in range(4):
        (tmp_path / str(number)).write_bytes(b"x")
        digest_of_file(tmp_path / str(number))
    assert sorted(Path(path).name for path in known_digests._KNOWN) == ["2", "3"]
