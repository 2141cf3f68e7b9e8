"""An encoder's words as axes: how much of a picture each word of a vocabulary says.

A vocabulary is data: axes, each with groups of wordings.  The wordings of a group are averaged into one
direction, so that no single phrase decides; an axis has as many groups as there are kinds of piece that the
word goes with ("station necklace", "station bracelet").  A wording with ``{}`` stands for a group of each
category.

A picture's similarities to all directions are standardised (encoders differ in how far they spread them),
sharpened, turned into shares that add up to one, and summed over the groups of each axis: what category a
piece belongs to drops out, and what is left is what the axes are about.  Square roots of shares are stored,
so that inner products are Bhattacharyya coefficients.

Only wordings whose every word the encoder was trained on are used; an axis without any stays zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from storage.objects import sha256_hex
from vision.encoders import Encoder
from vision.errors import ChannelError

FOLDER = Path(__file__).parent / "vocabulary"
_SHARPNESS = 4.0  # chosen on the tuning houses; standard deviations of similarity become logits times this
_LEAST_SPREAD = 1e-6

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVocabulary:
    """Sets of axes, each set a distribution of its own.

    Attributes:
        name: Of its file.
        sets: Set -> axis -> groups of wordings.
        digest: Of its file's bytes: part of a channel's id.
    """

    name: str
    sets: Mapping[str, Mapping[str, Groups]]
    digest: str

    def axes(self, of: str) -> tuple[str, ...]:
        """Return the names of a set's axes in their order."""
        return tuple(self.sets[of])


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAxes:
    """One set of axes in an encoder's space.

    Attributes:
        directions: Unit vectors of the groups, shape ``(groups, dimension)``.
        axis_of: Place of each group's axis, shape ``(groups,)``.
        axis_count: How many axes there are, those without a known word included.
    """

    directions: NDArray[np.float32]
    axis_of: NDArray[np.int64]
    axis_count: int

    def roots_of_shares(self, visual: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Return the roots of a picture's shares, of length 1; None where no axis says more than another.

        Args:
            visual: The encoder's unit vector of the picture, shape ``(dimension,)``.
        """
        if len(np.unique(self.axis_of)) < 2:
            return None
        similar = (self.directions @ visual).astype(np.float64)
        spread = float(similar.std())
        if not spread > _LEAST_SPREAD:
            return None
        logits = _SHARPNESS * (similar - similar.max()) / spread
        shares = np.bincount(self.axis_of, np.exp(logits), minlength=self.axis_count)
        roots: NDArray[np.float64] = np.sqrt(shares / shares.sum())
        return roots


@cache
def prompt_vocabulary(name: str) -> PromptVocabulary:
    """Return a vocabulary that lies beside the code.

    Raises:
        ChannelError: If its file is not a mapping of sets to axes to groups of wordings.
    """
    path = FOLDER / f"{name}.yaml"
    data = path.read_bytes()
    document = yaml.safe_load(data)
    if not isinstance(document, dict) or not isinstance(categories := document.pop("categories", None), list):
        message = f"{path}: must be a mapping with a list of categories and sets of axes"
        raise ChannelError(message)
    sets = {
        of: {str(axis): _groups(path, str(axis), groups, categories) for axis, groups in axes.items()}
        for of, axes in document.items()
    }
    return PromptVocabulary(name=name, sets=sets, digest=sha256_hex(data))


def encode_axes(vocabulary: PromptVocabulary, of: str, encoder: Encoder) -> PromptAxes:
    """Return a set's axes in an encoder's space; no direction where the encoder knows none of the words."""
    directions, axis_of = [], []
    for place, groups in enumerate(vocabulary.sets[of].values()):
        for wordings in groups:
            known = [text for text in wordings if not encoder.unknown_words(text)]
            if not known:
                continue
            mean = encoder.encode_texts([encoder.read_text(text).text for text in known]).mean(axis=0)
            length = float(np.linalg.norm(mean))
            if length > _LEAST_SPREAD:
                directions.append(mean / length)
                axis_of.append(place)
    return PromptAxes(
        directions=np.array(directions, dtype=np.float32).reshape(len(directions), encoder.dimension),
        axis_of=np.array(axis_of, dtype=np.int64),
        axis_count=len(vocabulary.sets[of]),
    )


def _groups(path: Path, axis: str, groups: object, categories: list[str]) -> Groups:
    if not isinstance(groups, list) or not all(isinstance(wordings, list) for wordings in groups):
        message = f"{path}: axis {axis!r} must be a list of groups, each a list of wordings"
        raise ChannelError(message)
    spelt: list[tuple[str, ...]] = []
    for wordings in groups:
        texts = [str(text) for text in wordings]
        if any("{}" in text for text in texts):
            spelt += [tuple(text.format(category) for text in texts) for category in categories]
        else:
            spelt.append(tuple(texts))
    return tuple(spelt)
