"""A run's curve as a picture, for somebody to look at; needs the extra ``training``."""

import json
from pathlib import Path


def draw_curve(log: Path, picture: Path) -> None:
    """Draw losses and held-out figures of ``log.jsonl`` over steps into a PNG.

    Raises:
        ImportError: Without matplotlib: install ``loupe[training]``.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    figure, (left, right) = plt.subplots(1, 2, figsize=(15, 5), constrained_layout=True)
    for axes, kind, skipped in (
        (left, "loss", {"step", "kind", "scale", "steps_per_second"}),
        (right, "held_out", {"step", "kind"}),
    ):
        points = [line for line in lines if line["kind"] == kind]
        for name in points[0] if points else ():
            if name not in skipped:
                axes.plot([point["step"] for point in points], [point[name] for point in points], label=name)
        axes.set(
            xlabel="step", title={"loss": "losses in training", "held_out": "held-out combinations"}[kind]
        )
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))  # beside, never over a line
    draft = picture.with_name(f".{picture.name}")
    figure.savefig(draft, dpi=110, format="png")
    plt.close(figure)
    draft.replace(picture)
