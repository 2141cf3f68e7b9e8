"""An encoder that is loaded when it is first needed: most runs find nothing to embed."""

from threading import Lock

from vision.encoders import Encoder, EncoderSettings


class EncoderLoader:
    """Hold one process's encoder.  Loading takes seconds, so it happens once and on demand."""

    def __init__(self, settings: EncoderSettings) -> None:
        self.settings = settings
        self._loaded: Encoder | None = None
        self._lock = Lock()

    def load(self) -> Encoder:
        """Return the encoder.

        Raises:
            EncoderError: If any part of it is missing, damaged, or does not fit the rest.
        """
        with self._lock:
            if self._loaded is None:
                from vision.open_clip_encoder import load_encoder

                self._loaded = load_encoder(self.settings)
            return self._loaded

    def known_id(self) -> str | None:
        """Return the configured encoder's id where it is known without loading it, else None."""
        return None if self._loaded is None else self._loaded.encoder_id

    def of(self, encoder_id: str) -> Encoder:  # noqa: ARG002 - who knows only one encoder has no choice
        """Return the encoder with this id where it is known, else the configured one: the caller compares."""
        return self.load()
