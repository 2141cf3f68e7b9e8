"""What an encoder's id follows from, told without loading it: the bytes of its files and who reads them.

Loading takes seconds, for a large model a minute, and a run that finds nothing new needs the id alone.  The
fingerprint is kept in the encoder's record (``vision.encoder_records``); while it is the same, so is the id.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

from vision.encoders import SHIPPED, EncoderSettings

_HERE = Path(__file__).parent
_READERS = ("open_clip_encoder.py", "architectures.py", "encoders.py", "preparation.py", "object_crop.py")
_LIBRARIES = ("open_clip_torch", "torch")
_CHUNK = 1 << 20


def encoder_fingerprint(settings: EncoderSettings) -> str | None:
    """Return a digest of an encoder's settings, files and readers; None where files are not known beforehand.

    Weights by tag and from a hub are found by their library while it loads; so is what is missing here.
    """
    files = _files_of(settings)
    if files is None:
        return None
    digest = hashlib.sha256()
    identity = {"model": settings.model if settings.kind == "name" else "", "seed": settings.seed}
    digest.update(repr((identity, settings.dimension)).encode())
    digest.update(repr([(name, version(name)) for name in _LIBRARIES]).encode())
    try:
        for path in [*(_HERE / name for name in _READERS), *files]:
            digest.update(path.name.encode() + b"\0")
            _add(digest, path)
    except OSError:
        return None
    return digest.hexdigest()


def _files_of(settings: EncoderSettings) -> list[Path] | None:
    given = [] if settings.checkpoint is None else [settings.checkpoint]
    match settings.kind:
        case "shipped":
            architecture = SHIPPED[settings.model]
            return sorted(architecture.parent.glob(f"{architecture.stem}.*"))
        case "architecture":
            architecture = Path(settings.model)
            return [*sorted(architecture.parent.glob(f"{architecture.stem}.*")), *given]
        case "folder":
            folder = Path(settings.model.removeprefix("local-dir:"))
            return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else None
        case "name" if settings.pretrained is None:
            return given
    return None


def _add(digest: "hashlib._Hash", path: Path) -> None:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
