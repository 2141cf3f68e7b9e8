"""Compressed deliveries: gzip and zip, told by their first bytes, unpacked to a temporary file.

Readers look at a file more than once (its encoding, then its rows), so streaming it would unpack it twice.
What is unpacked is bounded: a few bytes can claim to be terabytes.  A stream that breaks off gives what came
before.
"""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import cast

from catalog.listing import Damage

LARGEST = 64 << 30
LARGEST_RATIO = 1000  # deflate's own limit is 1032; a catalogue of ten million equal rows stays below
_FREE = 64 << 20  # below so many bytes the ratio is nobody's business
_PIECE = 1 << 20
_ENCRYPTED = 0x1
_ZIP_BREAKS = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)
_BREAKS = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What a delivery holds: a file to read, None where there is nothing, and the damage met on the way."""

    path: Path | None
    damage: Damage | None = None


@contextmanager
def unpacked(path: Path, member: str | None = None) -> Iterator[Unpacked]:
    """Give the plain file of a delivery; itself where it is not compressed.

    Args:
        path: The delivery.
        member: Which file of a zip, as a glob; by default the only one.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"\x1f\x8b"):
        with TemporaryDirectory(prefix="loupe-unpacked-") as folder:
            plain = Path(folder) / "delivery"
            with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
                damage = _copy(stream, plain, path.stat().st_size, "gzip")
            yield Unpacked(path=plain, damage=damage)
    elif start in (b"PK\x03\x04", b"PK\x05\x06"):
        with TemporaryDirectory(prefix="loupe-unpacked-") as folder:
            yield _from_zip(path, member, Path(folder) / "delivery")
    else:
        yield Unpacked(path=path)


def _from_zip(path: Path, member: str | None, plain: Path) -> Unpacked:
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = _chosen(archive.infolist(), member)
            if isinstance(chosen, Damage):
                return Unpacked(path=None, damage=chosen)
            with archive.open(chosen) as stream:
                damage = _copy(
                    cast(zipfile.ZipExtFile, stream), plain, chosen.compress_size, f"zip ({chosen.filename})"
                )
            return Unpacked(path=plain, damage=damage)
    except _ZIP_BREAKS as error:
        message = f"the zip cannot be read ({error}): send it again"
        return Unpacked(path=plain if plain.exists() else None, damage=Damage(place="file", message=message))


def _chosen(files: list[zipfile.ZipInfo], member: str | None) -> zipfile.ZipInfo | Damage:
    names = [one.filename for one in files]
    if "[Content_Types].xml" in names:
        return Damage(place="file", message="the file is an office document: export it as CSV")
    files = [one for one in files if not one.is_dir() and not _is_passing(one.filename)]
    if member is not None:
        files = [one for one in files if fnmatchcase(one.filename, member)]
    shown = ", ".join(names[:6]) or "nothing"
    if len(files) != 1:
        what = f"{len(files)} files" if member is None else f"{len(files)} files like {member!r}"
        message = f"the zip holds {what} ({shown}): set `member` to the one that is the feed"
        return Damage(place="file", message=message)
    if files[0].flag_bits & _ENCRYPTED:
        return Damage(
            place="file", message=f"{files[0].filename} in the zip is encrypted: send it without a password"
        )
    return files[0]


def _is_passing(name: str) -> bool:
    return any(part.startswith(("__MACOSX", ".")) for part in PurePosixPath(name).parts)


def _copy(
    stream: gzip.GzipFile | zipfile.ZipExtFile, plain: Path, packed_bytes: int, what: str
) -> Damage | None:
    """Copy a stream as far as it goes; return why it went no further."""
    written = 0
    most = min(LARGEST, max(_FREE, packed_bytes * LARGEST_RATIO))
    with plain.open("wb") as file:
        while True:
            try:
                piece = stream.read1(_PIECE)  # read() would lose what precedes a break
            except _BREAKS as error:
                reason = str(error) or type(error).__name__
                message = f"the {what} breaks after {written} bytes ({reason}); what came before was read"
                return Damage(place="file", message=message)
            if not piece:
                return None
            written += len(piece)
            if written > most:
                message = f"the {what} grows beyond {most >> 20} MiB: what came before was read"
                return Damage(place="file", message=message)
            file.write(piece)  # a full disk here is no fault of the delivery: it raises


def keep_whole_lines(plain: Path) -> None:
    """Cut an unpacked file after its last line end: a number that breaks off reads as another number."""
    with plain.open("r+b") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - _PIECE)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
            end = start
        file.truncate(0)
