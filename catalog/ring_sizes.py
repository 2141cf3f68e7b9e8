"""Ring sizes of several systems to the inside of the ring, in millimetres.

Systems are data (``vocabulary/ring_size.yaml``, with their sources).  A size that no system explains, or that
several explain differently, is refused: a bare 7 is a small finger in New York and a child's in Milan.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from catalog.errors import UnreadableValueError
from catalog.texts import shortened

SAME_WITHIN_MM = 0.45  # of diameter: half a US size, as tables of two systems differ in rounding
_FRACTIONS = {"¼": "1/4", "½": "1/2", "¾": "3/4"}
_NUMBER = r"\d{1,2}(?:[.,]\d{1,2})?(?:\s+\d/[1-9])?"
_LETTER = r"[A-Z](?:\s*\+\s*\d)?(?:\s*1/2|\.5)?"
_JOINT = r"\s*(?:sizes?)?\s*[-–:=.(]?\s*"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingSystem:
    """One way of stating sizes.  ``measure`` is what ``zero_mm + step_mm x size`` gives."""

    name: str
    measure: Literal["circumference", "diameter"]
    zero_mm: float
    step_mm: float
    least: float
    greatest: float
    words: tuple[str, ...]
    letters: bool = False

    def diameter_mm(self, size: float) -> float:
        """Return the inner diameter of a size in millimetres."""
        length = self.zero_mm + self.step_mm * size
        return length if self.measure == "diameter" else length / math.pi


def system_names() -> tuple[str, ...]:
    """Return the names of the systems, as ``ring_size.<name>`` takes them."""
    return tuple(_systems())


def read_ring_sizes(text: str, system: str | None = None) -> dict[str, float]:
    """Return ``inner_diameter`` and ``inner_circumference`` in millimetres, with ``_max`` for several sizes.

    Args:
        text: What the feed states: ``US 7``, ``54``, ``M 1/2``, ``50, 52, 54``, ``Indian - 12, US - 6``.
        system: The system of bare sizes; None takes only those that one system alone can mean.

    Returns:
        Lengths rounded to 0.01 mm; empty where the text says that the ring has no one size.

    Raises:
        UnreadableValueError: If no size can be read, or systems named together contradict each other.
    """
    plain = _plain(text)
    if plain.casefold() in _unstated():
        return {}
    named = {
        name: sizes
        for name, one in _systems().items()
        if (sizes := [_size(one, match.group(1)) for match in _named(name).finditer(plain)])
    }
    for name, sizes in named.items():
        _require_usual(_systems()[name], sizes, text)
    if named:
        found = [[_systems()[name].diameter_mm(size) for size in sizes] for name, sizes in named.items()]
        spans = [(min(diameters), max(diameters)) for diameters in found]
        if any(abs(a - b) > SAME_WITHIN_MM for span in spans for a, b in zip(span, spans[0], strict=True)):
            said = ", ".join(f"{name} {min(one):.2f} mm" for name, one in zip(named, found, strict=True))
            message = f"{_shown(text)} states ring sizes that contradict each other ({said} across): left out"
            raise UnreadableValueError(message)
        return _lengths(*spans[0])
    diameters = [
        _bare(part.strip(), system, text) for part in re.split(r"[,;/|](?!\d)|\s-\s", plain) if part.strip()
    ]
    if not diameters:
        message = f"{_shown(text)} holds no ring size: write it with its system, as US 7, UK N or EU 54"
        raise UnreadableValueError(message)
    return _lengths(min(diameters), max(diameters))


def _require_usual(system: RingSystem, sizes: list[float], text: str) -> None:
    if not all(system.least <= size <= system.greatest for size in sizes):
        message = f"{_shown(text)} is no ring size of the system {system.name}: it was left out"
        raise UnreadableValueError(message)


def _lengths(least: float, greatest: float) -> dict[str, float]:
    lengths = {
        "inner_diameter": round(least, 2),
        "inner_circumference": round(least * math.pi, 2),
    }
    if greatest > least:
        lengths["inner_diameter_max"] = round(greatest, 2)
        lengths["inner_circumference_max"] = round(greatest * math.pi, 2)
    return lengths


def _bare(part: str, system: str | None, text: str) -> float:
    """Return the inner diameter of a size without its system."""
    if system is not None:
        one = _systems()[system]
        match = re.fullmatch(_LETTER if one.letters else rf"({_NUMBER})\s*(?:mm)?", part, re.IGNORECASE)
        size = math.nan if match is None else _size(one, match.group(0))
        _require_usual(one, [size], text)
        return one.diameter_mm(size)
    if re.fullmatch(_LETTER, part):
        return _systems()["uk"].diameter_mm(_size(_systems()["uk"], part))
    millimetres = re.fullmatch(rf"({_NUMBER})\s*(mm)?", part, re.IGNORECASE)
    if millimetres is not None:
        size = _number(millimetres.group(1))
        for name in ("iso", "diameter") if millimetres.group(2) else ("iso",):
            one = _systems()[name]
            # 41 and more is beyond every other system; below it a number may be another country's size.
            if max(one.least, 41 if name == "iso" else 0) <= size <= one.greatest:
                return one.diameter_mm(size)
    message = (
        f"{_shown(text)} may be a ring size of several systems, or of none: map it as "
        f"{', '.join(f'ring_size.{name}' for name in system_names())}, or write US 7, UK N, EU 54"
    )
    raise UnreadableValueError(message)


def _size(system: RingSystem, text: str) -> float:
    if not system.letters:
        return _number(re.sub(r"[^\d.,/ ]", "", text))
    letter = text.strip()[0].upper()
    rest = text.strip()[1:].replace(" ", "")
    beyond = re.match(r"\+(\d)", rest)
    half = 0.5 if rest.endswith(("1/2", ".5")) else 0.0
    return ord(letter) - ord("A") + 1 + (int(beyond.group(1)) if beyond else 0) + half


def _number(text: str) -> float:
    whole, _, fraction = text.strip().replace(",", ".").partition(" ")
    return float(whole) + (float(Fraction(fraction.strip())) if fraction.strip() else 0.0)


def _plain(text: str) -> str:
    for sign, spelled in _FRACTIONS.items():
        text = text.replace(sign, f" {spelled}")
    return " ".join(text.split())


def _shown(text: str) -> str:
    return repr(shortened(text, 80))


@cache
def _named(system: str) -> re.Pattern[str]:
    """Return what a size with its system's name looks like: ``US 7``, ``EU: 54``, ``US - 6 1/2``."""
    one = _systems()[system]
    words = "|".join(re.escape(word) for word in sorted(one.words, key=len, reverse=True))
    size = rf"({_LETTER})(?![A-Za-z])" if one.letters else rf"({_NUMBER})(?![\d.,]*\s*(?:cm|inch|in\b))"
    return re.compile(rf"(?<![\w])(?:{words}){_JOINT}{size}", re.IGNORECASE)


@cache
def _systems() -> dict[str, RingSystem]:
    return {
        name: RingSystem(name=name, **values | {"words": tuple(values["words"])})
        for name, values in _data().items()
        if name != "unstated"
    }


@cache
def _unstated() -> frozenset[str]:
    return frozenset(str(one).casefold() for one in _data()["unstated"])


@cache
def _data() -> dict[str, Any]:
    text = (files("catalog") / "vocabulary" / "ring_size.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
