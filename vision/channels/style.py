"""The channel ``style``: the encoder's vector projected on design families, motifs and manners.

The axes are words (``vocabulary/style.yaml``), the numbers what ``vision.channels.prompt_axes`` makes of
them.  A picture without the encoder's vector, or whose encoder knows fewer than two of the axes, has none.
"""

import numpy as np
from numpy.typing import NDArray

from vision.channels.prompt_axes import PromptAxes

VERSION = "1"
VOCABULARY = "style"
SET = "style"


def style_vector(visual: NDArray[np.float32] | None, axes: PromptAxes) -> NDArray[np.float32] | None:
    """Return the style as a unit vector, one number an axis; None where there is nothing to tell it by.

    Args:
        visual: The encoder's unit vector of the picture.
        axes: The encoder's axes of styles.
    """
    roots = None if visual is None else axes.roots_of_shares(visual)
    return None if roots is None else roots.astype(np.float32)
