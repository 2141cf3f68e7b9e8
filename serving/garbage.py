"""Python's collector of cycles, kept away from what lives as long as a snapshot serves.

A full collection looks at every object of the process with the interpreter held: a third of a second with an
encoder and a hundred thousand pieces, again and again while requests come and go.  What is there when a
snapshot begins to serve is therefore set aside.  Objects set aside still go with their last reference; only
cycles among them stay, and a snapshot has none.  What else was alive at a swap, such as a request, may be
part of one later: now and then everything is looked at again.
"""

import gc

WHOLE_EVERY = 8  # swaps; hours, as a rule
_THRESHOLDS = (10_000, 20, 20)  # objects made and not yet gone; then collections of the generation below


def set_aside(*, everything: bool) -> None:
    """Collect once, and look no more at what is left.

    Args:
        everything: Whether to look once more at what was set aside before, for a third of a second or more.
    """
    if everything:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def take_back(thresholds: tuple[int, int, int]) -> None:
    """Look at everything again, as often as was usual before."""
    gc.unfreeze()
    gc.set_threshold(*thresholds)
