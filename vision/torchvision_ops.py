"""Make torchvision importable beside a CPU torch.

A CPU build of torch with the default torchvision wheel cannot load torchvision's compiled operators, and then
importing torchvision (so open_clip) fails with ``operator torchvision::nms does not exist``, because it
registers shapes for two operators that were never declared.  Declaring their schemas first is enough: the
transforms need no operators.  Drop this when a CPU wheel of torchvision comes with the default index.
"""

import importlib.util
from functools import cache
from pathlib import Path

import torch


@cache
def declare_missing_operators() -> torch.library.Library | None:
    """Declare the two operators where the compiled ones cannot be loaded; the cache keeps them alive."""
    if _compiled_operators_load():
        return None
    # torch.library carries no annotations.
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


def _compiled_operators_load() -> bool:
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return True  # importing it will say best what is wrong
    for extension in sorted(Path(found.origin).parent.glob("_C*.so")):
        try:
            torch.ops.load_library(str(extension))  # type: ignore[no-untyped-call] # it has no annotations
        except OSError:
            return False
        return True
    return False
