"""Which words of a query an encoder was trained on.

A text tower that was trained on a small vocabulary turns every other word into noise, and noise moves a query
as far as a word does.  So other words are found, left out and named.  A word is known through case, accents,
hyphens and plural endings; it is then encoded in the form that was trained on.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from vision.errors import EncoderError

STOP_WORDS = frozenset(
    """
    a an and any are as at by for from i in is it its like looking me my of on one or our please show some
    something that the this to want with without you your
    au aux avec de des du en et la le les pour sans un une
    con de del el en la las los para sin un una y
    auf aus das dem den der die ein eine einem einen einer für in mit und von
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
"""Words that name nothing: they are never asked about, and go with the word that they lead to."""

# "or" is gold in French and nothing in English: what stands before or after it tells.
_BEFORE_GOLD = frozenset(
    """
    en d de l plaque bague collier bracelet pendentif broche montre alliance chaine oreilles
    """.split()  # noqa: SIM905 - as above
)
_AFTER_GOLD = frozenset({"jaune", "blanc", "rose", "massif"})
_SHORTEST_HINTED = 4  # three letters are close to half the vocabulary

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
_HYPHEN = re.compile(r"(?<=\w)[-‐‑–_/](?=\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadText:
    """A text as an encoder reads it.

    Attributes:
        text: What is to be encoded, without the unknown words; empty when nothing that says anything is left.
        unknown: Words the encoder was never trained on, as they were written, each once.
        near: For some of the unknown words, known ones that are spelt like them, nearest first.
    """

    text: str
    unknown: tuple[str, ...] = ()
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)


class KnownWords:
    """The words that one encoder was trained on."""

    def __init__(self, words: frozenset[str]) -> None:
        # A word is looked up without accents and encoded as it was trained on; where both spellings were, as
        # it was written: "rose gold" and "or rosé" are words of two languages.
        self._words = words
        self._spelt = {folded(word): word for word in sorted(words, reverse=True)}
        self._sorted = sorted(words)

    def __len__(self) -> int:
        return len(self._words)

    def read(self, text: str) -> ReadText:
        """Tell known from unknown words of a text.

        Words such as "with a" that lead to an unknown word go with it.
        """
        kept: list[str] = []
        leading: list[str] = []  # stop words whose noun has not come yet
        unknown: dict[str, str] = {}
        spaced = _HYPHEN.sub(" ", _POSSESSIVE.sub("", text))
        all_written = _WORD.findall(unicodedata.normalize("NFC", spaced))
        words = [folded(written) for written in all_written]
        for place, (written, word) in enumerate(zip(all_written, words, strict=True)):
            form = self._known_form(written.lower(), word)
            if word in STOP_WORDS and not (form and _is_gold(words, place)):
                leading.append(form or word)
            elif form is not None:
                kept += [*(leading if kept else _articles(leading)), form]
                leading = []
            else:
                unknown.setdefault(word, written)
                leading = []
        near = {
            written: tuple(get_close_matches(word, self._sorted, n=2, cutoff=0.75))
            for word, written in unknown.items()
            if len(word) >= _SHORTEST_HINTED
        }
        return ReadText(
            text=" ".join(kept),
            unknown=tuple(unknown.values()),
            near={written: words for written, words in near.items() if words},
        )

    def _known_form(self, written: str, word: str) -> str | None:
        if written in self._words:
            return written
        return next((self._spelt[form] for form in _forms(word) if form in self._spelt), None)


def _is_gold(words: list[str], place: int) -> bool:
    """Tell whether the word at a place is the French one for gold."""
    if words[place] != "or":
        return False
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    return before in _BEFORE_GOLD or after in _AFTER_GOLD


def known_words(path: Path) -> KnownWords:
    """Read a file of known words, one a line.

    Raises:
        EncoderError: If the file is missing, is not text, or holds no word.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        message = f"{path} does not exist: the architecture names it as known_words, put it beside it"
        raise EncoderError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}, the encoder's known words, cannot be read: {error}"
        raise EncoderError(message) from error
    words = frozenset(word for line in lines for word in _WORD.findall(line.lower()))
    if not words:
        message = f"{path}, the encoder's known words, holds none: write one a line"
        raise EncoderError(message)
    return KnownWords(words)


def named_with_hints(unknown: Sequence[str], near: Mapping[str, Sequence[str]]) -> str:
    """Return unknown words as a sentence lists them, such as ``emrald (did you mean emerald?), blip``."""
    return ", ".join(
        f"{word} (did you mean {' or '.join(near[word])}?)" if near.get(word) else word for word in unknown
    )


def folded(word: str) -> str:
    """Return a word in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _forms(word: str) -> list[str]:
    """Return the word, and what it may be the plural or the singular of."""
    forms = [word]
    if len(word) > 3:
        if word.endswith("ies"):
            forms.append(word[:-3] + "y")
        if word.endswith("es"):
            forms.append(word[:-2])
        if word.endswith("s") and not word.endswith("ss"):
            forms.append(word[:-1])
    if len(word) > 2:
        forms += [word + "s", word + "es"]
        if word.endswith("y"):
            forms.append(word[:-1] + "ies")
    return forms


def _articles(leading: list[str]) -> list[str]:
    """Return what of leading stop words may begin a text: "a ring", not "and a ring"."""
    return [word for word in leading[-1:] if word in {"a", "an", "the", "un", "une", "ein", "eine"}]
