"""``python -m encoder_training``: render, train, export, look.

``loupe`` itself has no such command: whoever installs Loupe gets the trained encoder.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

ARCHITECTURE = Path("vision/models/loupe_small.json")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def render(
    data: Annotated[Path, typer.Option(help="folder for both parts")],
    pieces: Annotated[int, typer.Option(help="pieces to train on")] = 25_000,
    held_out_pieces: int = 2_000,
    per_piece: int = 4,
    drawn_px: Annotated[int, typer.Option(help="side at which pictures are drawn")] = 176,
    side_px: Annotated[int, typer.Option(help="side at which they are kept, cut to the piece")] = 128,
    seed: int = 0,
    workers: int = 2,
    minutes: Annotated[float | None, typer.Option(help="begin no further shard after so long")] = None,
    drawing: str = "house",
) -> None:
    """Draw the held-out pictures, then those to train on; run it again to go on."""
    from encoder_training.picture_set import Plan
    from encoder_training.picture_set import render as draw

    held_out = Plan(
        part="held_out",
        pieces=held_out_pieces,
        per_piece=3,
        drawn_px=drawn_px,
        side_px=side_px,
        seed=seed,
        drawing=drawing,
    )
    train = Plan(
        part="train",
        pieces=pieces,
        per_piece=per_piece,
        drawn_px=drawn_px,
        side_px=side_px,
        seed=seed,
        drawing=drawing,
    )
    draw(held_out, data / "held_out", workers=workers)
    complete = draw(train, data / "train", workers=workers, minutes=minutes)
    typer.echo(f"{complete} of {train.shards} shards of {data / 'train'} are complete")


@app.command()
def pack(
    data: Annotated[Path, typer.Option(help="what render made")],
    packed: Annotated[Path, typer.Option(help="folder for the small files")],
    quality: int = 85,
    workers: int = 2,
) -> None:
    """Pack both parts, to be carried to a machine with a GPU; run it again for what was rendered since."""
    from encoder_training import packing

    for part in ("held_out", "train"):
        count = packing.pack(data / part, packed / part, quality=quality, workers=workers)
        typer.echo(f"{count} shards in {packed / part}")


@app.command()
def unpack(
    packed: Annotated[Path, typer.Option(help="what pack made, or as much of it as there is")],
    data: Annotated[Path, typer.Option(help="folder for both parts")],
    workers: int = 2,
) -> None:
    """Make of packed files what render would have made."""
    from encoder_training import packing

    for part in ("held_out", "train"):
        count = packing.unpack(packed / part, data / part, workers=workers)
        typer.echo(f"{count} shards in {data / part}")


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="what render made")],
    out: Annotated[Path, typer.Option(help="folder of the run")],
    steps: Annotated[int, typer.Option(help="optimiser steps in all")],
    seed: int = 0,
    architecture: Path = ARCHITECTURE,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in the folder")] = False,
    threads: int = 2,
    pieces_per_step: int | None = None,
    learning_rate: float | None = None,
    view_weight: float | None = None,
    attribute_weight: float | None = None,
    alike_share: float | None = None,
    small_px: int | None = None,
    small_share: float | None = None,
    precision: str | None = None,
    average: float | None = None,
    view_temperature: float | None = None,
    device: Annotated[str, typer.Option(help="cpu, or cuda for a GPU")] = "cpu",
    workers: Annotated[int, typer.Option(help="processes that draw batches ahead; a GPU needs some")] = 0,
    is_compiled: Annotated[
        bool, typer.Option("--compile", help="faster steps; needs a C++ compiler")
    ] = False,
    evaluate_every: int = 500,
    held_out_pieces: int = 500,
    until: Annotated[int | None, typer.Option(help="stop after this step, as if interrupted")] = None,
) -> None:
    """Train, export the averaged weights beside the log, and draw the curve."""
    given = dict(locals())
    run = _run(given)
    from encoder_training.picture_set import open_set
    from encoder_training.training import HeldOut

    if not resume and (out / "checkpoint.pt").exists():
        message = f"{out} holds a run already: add --resume, or take another folder"
        raise typer.BadParameter(message)
    if resume:
        run.resume()
    held_out = HeldOut(pictures=open_set(data / "held_out"), pieces=held_out_pieces)
    run.train(held_out=held_out, evaluate_every=evaluate_every, until=until)
    run.export(out / "loupe_small.safetensors", out / "loupe_small.words.txt")
    try:
        from encoder_training.curve import draw_curve

        draw_curve(out / "log.jsonl", out / "curve.png")
    except ImportError:
        typer.echo("no curve: install loupe[training] and run `python -m encoder_training curve`")


@app.command("channel-shape")
def channel_shape(
    data: Annotated[Path, typer.Option(help="folder of the drawn houses")],
    houses: Annotated[str, typer.Option(help="seed:pieces, comma-separated")] = "101:360,202:400",
    out: Path = Path("vision/channels/shape_projection.safetensors"),
    workers: int = 2,
) -> None:
    """Fit the projection of the channel ``shape`` on drawn houses."""
    import numpy as np

    from encoder_training.channel_houses import draw_house_pictures
    from encoder_training.channel_shape import describe_house, fit_projection, write_projection

    rows, designs = [], []
    for house in houses.split(","):
        seed, pieces = (int(number) for number in house.split(":"))
        pictures = draw_house_pictures(data, seed, pieces, workers=workers)
        described, named = describe_house(pictures, seed)
        rows.append(described)
        designs += named
    _, codes = np.unique(designs, return_inverse=True)
    mean, directions = fit_projection(np.concatenate(rows), codes.astype(np.int64))
    write_projection(out, mean, directions)
    typer.echo(
        f"{out}: {directions.shape[1]} directions from {len(designs)} masks of {codes.max() + 1} designs"
    )


@app.command()
def speed(
    data: Annotated[Path, typer.Option(help="what render made")],
    architecture: Path = ARCHITECTURE,
    threads: int = 2,
    steps: int = 12,
    pieces_per_step: int | None = None,
    device: str = "cpu",
    workers: int = 0,
    is_compiled: Annotated[bool, typer.Option("--compile")] = False,
) -> None:
    """Print steps per second here, and the steps that an hour has."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        given = {**locals(), "out": Path(folder), "steps": 1_000_000}
        rate = _run(given).steps_per_second(steps)
    typer.echo(json.dumps({"steps_per_second": round(rate, 3), "steps_per_hour": int(3600 * rate)}))


@app.command()
def curve(out: Annotated[Path, typer.Option(help="folder of the run")]) -> None:
    """Draw the curve of a run's log."""
    from encoder_training.curve import draw_curve

    draw_curve(out / "log.jsonl", out / "curve.png")


@app.command()
def domain(
    out: Annotated[
        Path, typer.Option(help="file of the head, such as vision/models/NAME.domain.safetensors")
    ],
    model: Annotated[str, typer.Option(help="the encoder, as in loupe.yaml")] = "loupe-small",
    pretrained: str | None = None,
    checkpoint: Path | None = None,
    pieces: Annotated[int, typer.Option(help="of jewelry, four views each")] = 1_200,
    others: Annotated[int, typer.Option(help="pictures of anything else")] = 5_000,
    side_px: int = 256,
    workers: int = 2,
) -> None:
    """Fit what tells jewelry from other goods by an encoder's vectors, and write it with its bound."""
    from encoder_training.domain import drawn_jewelry, drawn_others, fit_head, vectors_of
    from storage.objects import sha256_hex
    from vision.domain import head_file
    from vision.encoders import EncoderSettings
    from vision.open_clip_encoder import load_encoder

    encoder = load_encoder(EncoderSettings(model=model, pretrained=pretrained, checkpoint=checkpoint))
    how = {"side_px": side_px, "workers": workers}
    apart, held_out = others // 4, pieces // 3
    fitted = fit_head(
        encoder.encoder_id,
        vectors_of(encoder, drawn_jewelry("train", pieces, **how)),
        vectors_of(encoder, drawn_others(apart, others, **how)),
        vectors_of(encoder, drawn_jewelry("held_out", held_out, **how)),
        vectors_of(encoder, drawn_others(0, apart, **how)),
    )
    data = head_file(fitted.head)
    out.write_bytes(data)
    told = {
        "encoder_id": encoder.encoder_id,
        "bound": fitted.head.bound,
        "jewelry_kept": round(fitted.jewelry_kept, 4),
        "others_told": round(fitted.others_told, 4),
        "sha256": sha256_hex(data),
    }
    typer.echo(json.dumps(told))


def _run(given: dict) -> "Run":  # noqa: F821 - imported where torch is wanted
    from vision.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import torch

    torch.set_num_threads(given["threads"])
    from encoder_training.picture_set import open_set
    from encoder_training.training import Run, settings_from

    return Run(
        settings_from(given),
        given["architecture"],
        open_set(given["data"] / "train"),
        given["out"],
        device=given["device"],
        workers=given["workers"],
    )


if __name__ == "__main__":
    app()
