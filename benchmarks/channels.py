"""Does each channel find its own attribute better than ``visual`` does, and what does it cost?

A sample house that nothing was fitted or chosen on: every piece as a packshot, in another studio view and
outside the studio.  Each picture asks for the pictures of other pieces that share an attribute of its own.
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from hardware import hardware
from rich.console import Console
from rich.table import Table

from encoder_training.channel_houses import HousePicture, draw_house_pictures
from encoder_training.channel_measuring import OTHER_ATTRIBUTES, OWN_ATTRIBUTE, describe_house, measure
from vision.channels.looking import LOOKED_AT_PX, look_at
from vision.channels.registry import CHANNELS, ChannelExtractor, open_channels
from vision.decoding import decode_fast
from vision.encoders import EncoderSettings
from vision.open_clip_encoder import OpenClipEncoder, load_encoder

HERE = Path(__file__).parent
OUT = HERE / "out" / "channels.json"


def milliseconds(
    pictures: list[HousePicture], encoder: OpenClipEncoder, channels: tuple[ChannelExtractor, ...]
) -> dict[str, float]:
    """Return the mean time of each step of a picture, on one thread."""
    spent = dict.fromkeys(("decoding", "mask", *(one.name for one in channels)), 0.0)
    for picture in pictures:
        data = picture.file.read_bytes()
        started = time.perf_counter()
        image = decode_fast(data, at_least_px=LOOKED_AT_PX).image
        decoded = time.perf_counter()
        looked = look_at(image)
        spent["decoding"] += decoded - started
        spent["mask"] += time.perf_counter() - decoded
        visual = encoder.encode_images(encoder.preprocess(image)[None])[0]
        for one in channels:
            started = time.perf_counter()
            one.extract(looked.pixels, looked.mask, visual)
            spent[one.name] += time.perf_counter() - started
    return {name: 1000.0 * seconds / len(pictures) for name, seconds in spent.items()}


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="loupe-small", help="as the setting encoder.model")
    parser.add_argument("--pieces", type=int, default=300)
    parser.add_argument("--seed", type=int, default=404, help="of the house; 101 and 202 were chosen on")
    parser.add_argument("--houses", type=Path, default=HERE / "out" / "houses", help="where it is drawn")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clock-pictures", type=int, default=150)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = draw_house_pictures(given.houses, given.seed, given.pieces, workers=given.workers)
    encoder = load_encoder(EncoderSettings(model=given.model, device="cpu"))
    channels = open_channels(CHANNELS, encoder)
    upright = describe_house(pictures, encoder, channels)
    turned = describe_house(pictures, encoder, channels, turned_by=given.seed)
    found = {
        (name, attribute): measure(upright, turned, name, attribute)
        for name in CHANNELS
        for attribute in (OWN_ATTRIBUTE[name], *OTHER_ATTRIBUTES[name])
    }
    costs = milliseconds(pictures[: given.clock_pictures], encoder, channels)
    described = {
        name: float((~np.isnan(vectors).any(axis=1)).mean()) for name, vectors in upright.channels.items()
    }
    result = {
        "question": (__doc__ or "").splitlines()[0],
        "encoder_id": encoder.encoder_id,
        "seed": given.seed,
        "pieces": given.pieces,
        "pictures": len(pictures),
        "dimensions": {one.name: one.dimension for one in channels},
        "described_share": described,
        "figures": [
            {
                "channel": name,
                "attribute": attribute,
                "own": attribute == OWN_ATTRIBUTE[name],
                **asdict(one),
            }
            for (name, attribute), one in found.items()
        ],
        "milliseconds": costs,
        "hardware": hardware(),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    table = Table("channel", "attribute", "chance", "visual", "channel", "95 %", "gain", "95 %", "queries")
    for (name, attribute), one in found.items():
        table.add_row(
            name,
            attribute,
            f"{one.chance:.3f}",
            f"{one.visual:.3f}",
            f"{one.channel:.3f}",
            "{:.3f} to {:.3f}".format(*one.channel_bounds),
            f"{one.gain:+.3f}",
            "{:+.3f} to {:+.3f}".format(*one.gain_bounds),
            str(one.queries),
        )
    Console(width=120).print(table)
    print("described:", {name: round(share, 3) for name, share in described.items()})
    print("ms per picture:", {name: round(cost, 2) for name, cost in costs.items()})
    print(json.dumps(result["hardware"]))


if __name__ == "__main__":
    main()
