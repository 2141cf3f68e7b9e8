"""docs/encoders.md: every settings block is read as it stands, and agrees with what OpenCLIP knows."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.settings import load_settings
from vision.encoder_records import label_of
from vision.torchvision_ops import declare_missing_operators

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
COMMANDS = [
    line.partition("#")[0].removeprefix("loupe ")
    for path in (PAGE, PAGE.with_name("operations.md"))
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.startswith("loupe reembed")
]
SHOP = {
    "shop": {"feeds": [{"name": "maison", "kind": "retailer", "format": "shopify_csv", "location": "feeds"}]}
}


@pytest.fixture(scope="module")
def open_clip():
    declare_missing_operators()
    return pytest.importorskip("open_clip")


def name_of(model: str) -> str:
    """OpenCLIP's name of a model that timm publishes under the same name."""
    return model.removeprefix("hf-hub:timm/")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(next(iter(block.values()))["model"]))
def test_a_block_is_what_loupe_yaml_takes(block, tmp_path):
    (tmp_path / "loupe.yaml").write_text(
        yaml.safe_dump({"encoder": {"model": "a.json", "seed": 1}, "collections": SHOP, **block})
    )

    settings = load_settings(tmp_path / "loupe.yaml", {})

    chosen = settings.next_encoder if "next_encoder" in block else settings.encoder
    assert chosen is not None
    assert chosen.dimension is not None
    assert label_of(chosen)
    if chosen.kind == "folder":
        assert chosen.model == f"local-dir:{tmp_path / 'models' / 'marqo-b'}"
    if chosen.checkpoint is not None:
        assert chosen.checkpoint.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "encoder",
    [
        encoder
        for block in BLOCKS
        for encoder in block.values()
        if not encoder["model"].startswith(("hf-hub:Marqo/", "local-dir:"))
    ],
    ids=lambda encoder: encoder["model"],
)
def test_names_tags_and_dimensions_are_those_of_open_clip(encoder, open_clip):
    name = name_of(encoder["model"])

    assert open_clip.get_model_config(name)["embed_dim"] == encoder["dimension"]
    if "pretrained" in encoder:
        assert (name, encoder["pretrained"]) in open_clip.list_pretrained()
    if encoder["model"].startswith("hf-hub:"):
        published = {open_clip.get_pretrained_cfg(name, tag)["hf_hub"].strip("/") for tag in ("webli",)}
        assert encoder["model"].removeprefix("hf-hub:") in published


def test_the_table_has_the_dimensions_of_open_clip(open_clip):
    rows = re.findall(r"^\|[^|]*`([\w-]+)`, `(\w+)` \|[^|]*\|[^|]*\| (\d+) \|", TEXT, re.MULTILINE)

    assert len(rows) == 7
    for name, tag, dimension in rows:
        assert (name, tag) in open_clip.list_pretrained()
        assert open_clip.get_model_config(name)["embed_dim"] == int(dimension), name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_the_page_has_the_options_that_there_are(command):
    assert CliRunner().invoke(app, [*shlex.split(command), "--help"]).exit_code == 0


def test_the_page_shows_every_kind_of_source():
    kinds = {label_of_kind(encoder) for block in BLOCKS for encoder in block.values()}

    assert kinds == {"hub", "name", "folder"}
    assert any("checkpoint" in encoder for block in BLOCKS for encoder in block.values())
    assert len(COMMANDS) == 4


def label_of_kind(encoder: dict) -> str:
    from vision.encoders import EncoderSettings

    return EncoderSettings.model_validate(encoder).kind
