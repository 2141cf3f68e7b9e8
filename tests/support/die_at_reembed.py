"""Re-embed and die by SIGKILL at the n-th object that is stored."""

import os
import signal
from pathlib import Path

from orchestration.reembed import run_reembed
from orchestration.settings import load_settings
from storage.objects import LocalObjectStore
from vision.encoders import EncoderSettings


def reembed_and_die(config: str, encoder: dict[str, str], write: int) -> None:
    """Re-embed every collection; die before the n-th object is stored, or end by returning."""
    left, store = write, LocalObjectStore.put

    def put(self, *arguments):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return store(self, *arguments)

    LocalObjectStore.put = put
    settings = load_settings(Path(config), {})
    run_reembed(settings, EncoderSettings.model_validate(encoder), list(settings.collections), switch=False)
