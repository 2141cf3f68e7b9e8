"""Which encoding a text file is in, found by reading its bytes once in pieces."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.listing import Remark

_PIECE = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoding:
    """Name of a codec, and the remark that it deserves."""

    name: str
    remark: str | None = None

    def remarks(self) -> Iterator[Remark]:
        """Yield the remark as one about the whole file."""
        if self.remark is not None:
            yield Remark(place="file", source_id="", field="encoding", value=self.name, message=self.remark)


def encoding_of(path: Path) -> TextEncoding:
    """Return a file's encoding: by its byte order mark, else UTF-8, else cp1252.

    A file with a few wrong bytes among well-formed UTF-8 stays UTF-8: one damaged letter must not turn a
    whole Arabic feed into Latin noise.
    """
    with path.open("rb") as file:
        start = file.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return TextEncoding(name=name)
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        broken = wide = 0
        while piece := file.read(_PIECE):
            if piece.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(piece)  # never final: a file cut inside a letter is cut, not cp1252
            wrong = text.count("\ufffd")
            broken += wrong
            wide += len(text) - len(text.encode("ascii", "ignore")) - wrong
    if not broken:
        return TextEncoding(name="utf-8")
    if wide > broken:
        return TextEncoding(
            name="utf-8", remark=f"{broken} bytes are no UTF-8 and were replaced: export again as UTF-8"
        )
    return TextEncoding(
        name="cp1252", remark="the file is no UTF-8 and was read as cp1252: export it as UTF-8"
    )
