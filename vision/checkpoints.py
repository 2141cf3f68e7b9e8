"""Whether a file can be a checkpoint at all, told from its first bytes before anything loads it."""

import json
from pathlib import Path

from vision.errors import EncoderError

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
_PREFERRED_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)


def checkpoint_in(folder: Path) -> Path:
    """Return the checkpoint of a model folder, safetensors before pickled files.

    Raises:
        EncoderError: If there is none, or several that no convention puts in order.
    """
    for name in _PREFERRED_NAMES:
        if (folder / name).is_file():
            return folder / name
    others = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES)
    if len(others) == 1:
        return others[0]
    found = f"several: {', '.join(path.name for path in others)}" if others else "none"
    message = f"{folder} should hold one checkpoint, and holds {found}; name it open_clip_model.safetensors"
    raise EncoderError(message)


def require_checkpoint(path: Path) -> None:
    """Raise EncoderError, naming the file and the remedy, unless it looks like a whole checkpoint."""
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        message = f"checkpoint {path} {problem}: give the path of a file of weights"
        raise EncoderError(message)
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
    if size == 0:
        message = f"checkpoint {path} is empty (0 bytes): its download failed, fetch it again"
        raise EncoderError(message)
    if head.startswith(b"version https://git-lfs"):
        message = (
            f"checkpoint {path} is a Git-LFS pointer, not the weights: run 'git lfs pull' in its repository"
        )
        raise EncoderError(message)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        message = (
            f"checkpoint {path} is a web page: the link led to a page about the file, take the raw download"
        )
        raise EncoderError(message)
    if path.suffix not in SUFFIXES:
        message = f"checkpoint {path} has an unknown format: use {', '.join(SUFFIXES)}"
        raise EncoderError(message)
    if path.suffix == ".safetensors":
        _require_safetensors(path, size, head)


def _require_safetensors(path: Path, size: int, head: bytes) -> None:
    header_bytes = int.from_bytes(head[:8], "little")
    if size < 8 or head[8:9] not in {b"{", b""} or header_bytes > 100_000_000:
        message = f"checkpoint {path} is not a safetensors file: it starts with {head[:12]!r}"
        raise EncoderError(message)
    expected = 8 + header_bytes
    if size >= expected:
        with path.open("rb") as file:
            file.seek(8)
            try:
                header = json.loads(file.read(header_bytes))
                ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                message = f"checkpoint {path} has an unreadable safetensors header ({error}): fetch it again"
                raise EncoderError(message) from error
        if not ends:
            message = f"checkpoint {path} holds no tensors: it was saved from nothing, save it again"
            raise EncoderError(message)
        expected += max(ends)
    if size < expected:
        message = f"checkpoint {path} is truncated: {size} of {expected} bytes, fetch it again"
        raise EncoderError(message)
