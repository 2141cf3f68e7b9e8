"""An uploaded picture as a query of every channel: described exactly as the gallery is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision.channels.looking import LOOKED_AT_PX, look_at
from vision.channels.registry import ChannelExtractor
from vision.decoding import decode_fast
from vision.encoders import Encoder
from vision.preparation import prepare

VISUAL = "visual"


def describe_query(
    data: bytes, encoder: Encoder, channels: Sequence[ChannelExtractor]
) -> dict[str, NDArray[np.float32]]:
    """Return a picture's vectors by channel: ``visual`` always, the others where there is something to tell.

    Args:
        data: The file as it was uploaded.
        encoder: Of the snapshot that is searched.
        channels: As ``open_channels`` gives them for this encoder; open them once, not for every query.

    Returns:
        Unit vectors, float32.  A channel that is missing has nothing to say of this picture (``shape`` of one
        that shows no silhouette); searching by it alone is then impossible.

    Raises:
        UnreadableImageError: With the reason why these bytes cannot be used.
    """
    visual: NDArray[np.float32] = encoder.encode_images(prepare(data, encoder.preprocess)[None])[0]
    looked = look_at(decode_fast(data, at_least_px=LOOKED_AT_PX).image)
    found = {VISUAL: visual}
    for channel in channels:
        vector = channel.extract(looked.pixels, looked.mask, visual)
        if vector is not None:
            found[channel.name] = vector
    return found
