"""What can go wrong with pictures, encoders and their vectors.  No logic."""


class VisionError(Exception):
    """Something about a picture, an encoder or a vector is unusable; the message names it and the remedy."""


class UnreadableImageError(VisionError):
    """These bytes are not a picture that can be used.

    Attributes:
        reason: Stable code for ledgers and reports: ``not_an_image``, ``unsupported_format``, ``truncated``,
            ``corrupt``, ``too_many_pixels`` or ``too_small``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class EncoderError(VisionError):
    """An encoder cannot be loaded, or computes something that is not a vector."""


class EmbeddingPartError(VisionError):
    """A stored part of the embeddings is damaged, or is not what its name and place say."""


class ChannelError(VisionError):
    """A channel is unknown, or what it is computed with is damaged."""
