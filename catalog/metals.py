"""What a phrase says about metal: the metal, its colour, its purity, and what merely covers it.

"18ct rose gold plated silver" is silver; the gold, its colour and its karats belong to the plating.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from catalog.errors import UnreadableValueError
from catalog.fineness import MARKS_OF_METAL, PER_MILLE_OF_KARAT, named_purity, statements
from catalog.remembering import remembered
from catalog.texts import comparable
from catalog.vocabulary import Found, find_in_words, look_up

METAL_FIELDS = ("metal", "fineness", "plating", "metal_colour")


class MetalStatement(NamedTuple):
    """What a phrase states; None is unsaid.  ``several`` holds the metals where it names more than one."""

    metal: str | None = None
    metal_colour: str | None = None
    fineness: int | None = None
    plating: str | None = None
    several: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether any of it was stated."""
        return bool(self.metal or self.metal_colour or self.fineness or self.plating or self.several)


class Merged(NamedTuple):
    """What several columns say together, and which of them each part came from."""

    statement: MetalStatement
    sources: tuple[tuple[str, str], ...]
    conflict: str | None  # where two columns name different metals and neither explains the other


@lru_cache(maxsize=4096)
def merge_statements(said_by: tuple[tuple[str, MetalStatement], ...]) -> Merged:
    """Take each part from its own column first, then from the others, the title last.

    Where the metal column names what another column says is only the plating ("Rose Gold" beside "925
    Silver with Rose Gold Plating"), the fuller statement explains the bare one.

    Args:
        said_by: Column (one of ``METAL_FIELDS``, or ``title``) and what it says.
    """
    statements = dict(said_by)
    order = [name for name in (*METAL_FIELDS, "title") if name in statements]
    conflict = None
    said = statements.get("metal")
    if said is not None and said.metal is not None and said.plating is None:
        for name in order:
            other = statements[name]
            if other.metal in (None, said.metal):
                continue
            if other.plating == said.metal:
                statements["metal"] = MetalStatement(metal=other.metal, metal_colour=said.metal_colour)
            elif name != "title":
                conflict = f"the metal is {said.metal}, but {name} says {other.metal}: the former was taken"
                statements[name] = MetalStatement(metal_colour=other.metal_colour)
            break
    parts: dict[str, Any] = {}
    sources = []
    for part in METAL_FIELDS:
        for name in (part, *(one for one in order if one != part)):
            value = getattr(statements[name], part) if name in statements else None
            if value is not None:
                parts[part] = value
                sources.append((part, name))
                break
    return Merged(MetalStatement(**parts), tuple(sources), conflict)


@remembered(8192)
def read_metal(text: str, *, language: str = "en") -> MetalStatement:
    """Return what ``text`` states about metal; a bare number is a purity only of a metal it fits."""
    words: list[str] = []
    # Word position it stands before, per mille, written as karat, and the metal that its letters name.
    purities: list[tuple[int, int, bool, str | None]] = []
    at = 0
    for one in statements(text):
        words += comparable(text[at : one.start]).split()
        purities.append((len(words), one.per_mille, one.is_karat, one.metal))
        at = one.end
    words += comparable(text[at:]).split()

    platings = find_in_words("plating", words, language=language)
    covered = {position for one in platings for position in range(one.start, one.end)}
    bare = ["" if position in covered else word for position, word in enumerate(words)]
    named = find_in_words("metal", bare, language=language)
    by_symbol = [
        metal for at, _, _, metal in purities if metal and not _belongs_to_plating(at, platings, named)
    ]
    metals = tuple(dict.fromkeys((*(one.term for one in named), *by_symbol)))
    metal = metals[0] if len(metals) == 1 else None
    if not metals and any(words[position] == "vermeil" for position in covered):
        metal = "silver"  # vermeil is gold on sterling silver by definition (US 16 CFR 23.5)
        metals = ("silver",)
    spans = [*named, *platings]
    colours = tuple(
        dict.fromkeys(
            one.term
            for one in find_in_words("metal_colour", words, language=language)
            if not _is_bare_colour(words[one.start : one.end]) or _beside(one, spans)
        )
    )
    fineness = None
    precious = [one for one in metals if one in MARKS_OF_METAL]
    if (
        precious
    ):  # of several metals too: "18K gold and steel" is 750, "18K gold, 925 silver" is no one purity
        fits = {
            value
            for position, value, is_karat, _ in purities
            if any(value in MARKS_OF_METAL[one] and (one == "gold" or not is_karat) for one in precious)
            and not _belongs_to_plating(position, platings, named)
        }
        fineness = fits.pop() if len(fits) == 1 else None
    elif not metals and not platings and len({value for _, value, _, _ in purities}) == 1:
        fineness = purities[0][1] if purities[0][2] else None
    return MetalStatement(
        metal=metal,
        metal_colour=colours[0] if len(colours) == 1 else None,
        fineness=fineness,
        plating=platings[0].term if platings else None,
        several=metals if len(metals) > 1 else (),
    )


def read_fineness(text: str) -> int | None:
    """Return the parts per mille that ``text`` states for the metal; None when it is only a plating's.

    ``18K Gold plating`` is gold on something else: the piece's own purity stays unsaid.

    Raises:
        UnreadableValueError: If the text holds no purity at all, or several different ones.
    """
    found = statements(text)
    if not found:
        bare = int(text) if text.strip().isdecimal() else None
        purity = PER_MILLE_OF_KARAT.get(bare) if bare is not None else named_purity(text)
        if purity is None:
            message = f"{text!r} holds no purity: write 18K, 750 or 750/1000"
            raise UnreadableValueError(message)
        return purity
    stated = read_metal(text)
    if stated.fineness is not None or stated.plating is not None:
        return stated.fineness
    values = {one.per_mille for one in found}
    if len(values) > 1:
        message = f"{text!r} holds several purities: {', '.join(map(str, sorted(values)))} per mille"
        raise UnreadableValueError(message)
    return values.pop()


def _belongs_to_plating(position: int, platings: list[Found], named: list[Found]) -> bool:
    """Tell whether the purity before a word is the plating's: "18k gold plated", not "silver 925, plated"."""
    return any(one.start == position for one in platings) and not any(one.end == position for one in named)


def _is_bare_colour(words: list[str]) -> bool:
    """Tell whether the words name a colour that anything can have: "black" may be leather's."""
    return len(words) == 1 and look_up("colour", words[0]) not in (
        None,
        "gold",
        "silver",
        "rose_gold",
        "grey",
    )


def _beside(one: Found, spans: list[Found]) -> bool:
    return any(span.start <= one.end and one.start <= span.end for span in spans)
