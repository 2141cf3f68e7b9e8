"""Files that somebody sends to do harm: bombs, polyglots, torn and mislabelled pictures."""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image


def picture(side=64, kind="png"):
    """Return an ordinary picture of noise."""
    drawn = Image.fromarray(np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8))
    sink = io.BytesIO()
    drawn.save(sink, kind)
    return sink.getvalue()


def large_picture(side):
    """Return a real picture of a side, in few bytes: one bit per pixel."""
    sink = io.BytesIO()
    Image.new("1", (side, side)).save(sink, "png")
    return sink.getvalue()


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def stated_bomb(side=50_000):
    """Return a PNG of some hundred bytes that states a side."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(bytes(1_000))) + _chunk(b"IEND", b"")


def hidden_bomb(megabytes=200):
    """Return a small PNG with a compressed text that unpacks to many megabytes."""
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(1_000_000)) for _ in range(megabytes)) + packing.flush()
    whole = picture()
    after_header = 8 + 25
    return whole[:after_header] + _chunk(b"zTXt", b"Comment\0\0" + packed) + whole[after_header:]


def profile_bomb(megabytes=200):
    """Return a small PNG whose colour profile unpacks to many megabytes."""
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(1_000_000)) for _ in range(megabytes)) + packing.flush()
    whole = picture()
    return whole[:33] + _chunk(b"iCCP", b"profile\0\0" + packed) + whole[33:]


def polyglot():
    """Return a JPEG that is a ZIP archive and a web page, too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("run.html", "<script>alert('polyglot')</script>")
    return picture(kind="jpeg") + b"<html><script>alert('polyglot')</script></html>" + archive.getvalue()


def mislabelled():
    """Return files of other kinds that call themselves pictures, by what they are."""
    return {
        "html": b"<!doctype html><script>alert(1)</script>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1/'/></svg>",
        "pdf": b"%PDF-1.7\n" + picture(kind="jpeg"),
        "zip": polyglot()[len(picture(kind="jpeg")) :],
        "gif": picture(kind="gif"),
        "bmp": picture(kind="bmp"),
        "tiff": picture(kind="tiff"),
        "nothing": b"",
    }


def torn():
    """Return pictures that end early or are damaged within, by format."""
    whole = {kind: picture(256, kind) for kind in ("png", "jpeg", "webp", "avif")}
    ended = {f"{kind}, half": data[: len(data) // 2] for kind, data in whole.items()}
    flipped = bytearray(whole["png"])
    flipped[len(flipped) // 2] ^= 0xFF
    return {**ended, "png, damaged": bytes(flipped), "jpeg, its first bytes": whole["jpeg"][:20]}
