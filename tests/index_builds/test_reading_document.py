"""The example of docs/reading_snapshots.md runs as it stands, on a promoted snapshot."""

import re
from pathlib import Path

from index_house import SETTINGS, build, make_catalogue
from served_house import NOW

from index_builds.promotion import promote
from index_builds.snapshots import SnapshotStore
from storage.database import open_database
from storage.objects import LocalObjectStore

DOCUMENT = Path(__file__).parents[2] / "docs" / "reading_snapshots.md"


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    home = tmp_path / ".loupe"
    home.mkdir()
    store = SnapshotStore(
        open_database(f"sqlite:///{home / 'catalogue.db'}"),
        LocalObjectStore(home / "objects"),
        home / "cache",
    )
    catalogue = make_catalogue(120)
    manifest = build(store, catalogue, collection="sample")
    promote(store, "sample", manifest.snapshot_id, settings=SETTINGS.gate, actor="test", moved_at=NOW)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the document's own code
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 11
    keys = names["found"].keys[0]
    assert int(keys[0]) in set(catalogue.keys.tolist())
    for line, key in zip(said, keys.tolist(), strict=False):
        assert names["snapshot"].rows_of(key)[0]["piece_id"] in line


def test_every_name_of_the_document_exists():
    for module, name in re.findall(
        r"`((?:index_builds|vision|storage)\.[a-z_0-9.]+)\.([A-Za-z_0-9]+)", DOCUMENT.read_text()
    ):
        assert hasattr(__import__(module, fromlist=[name]), name), f"{module}.{name}"
