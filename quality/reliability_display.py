"""What the UI shows of suggested attributes: counts by state, and whether confidences hold."""

from collections.abc import Mapping, Sequence

import dagster as dg

from catalog.attributes.suggestions import STATES
from quality.contact_sheets import as_markdown
from quality.plots import reliability_curves
from vision.attribute_calibration import AttributeCalibration


def reliability_display(
    states: Mapping[str, Mapping[str, int]],
    calibrations: Mapping[str, AttributeCalibration],
    left_out: Mapping[str, str],
    unknown: Mapping[str, Sequence[str]],
    *,
    floor: float,
) -> dict[str, dg.MetadataValue]:
    """Return a table of attributes, reliability curves, and numbers that plot over time.

    Args:
        states: Attribute to the number of its rows by state.
        calibrations: Of the attributes that the encoder was asked.
        left_out: Of the others, why not.
        unknown: Attribute to the terms whose words the encoder does not know.
        floor: Confidence from which suggestions are used.
    """
    shown: dict[str, dg.MetadataValue] = {
        "attributes": dg.MetadataValue.md(_table(states, calibrations, left_out, unknown))
    }
    measured = {name: one.measured for name, one in calibrations.items() if one.measured is not None}
    for name, curve in measured.items():
        shown[f"calibration_error_{name}"] = dg.MetadataValue.float(round(curve.error, 4))
    for name, counts in states.items():
        if counts:
            shown[f"suggested_{name}"] = dg.MetadataValue.int(counts.get("suggested", 0))
    if measured:
        curves = {
            name: [(one.confidence, one.accuracy, one.count) for one in curve.bins]
            for name, curve in measured.items()
        }
        chart = as_markdown(reliability_curves(curves, floor=floor), "reliability of suggestions")
        shown["reliability of suggestions"] = dg.MetadataValue.md(chart)
    return shown


def _table(
    states: Mapping[str, Mapping[str, int]],
    calibrations: Mapping[str, AttributeCalibration],
    left_out: Mapping[str, str],
    unknown: Mapping[str, Sequence[str]],
) -> str:
    lines = [
        f"| attribute | {' | '.join(STATES)} | measured | right | calibration error | note |",
        f"|---|{'--:|' * (len(STATES) + 3)}---|",
    ]
    for name, counts in states.items():
        calibration = calibrations.get(name)
        curve = calibration.measured if calibration is not None else None
        figures = (curve.count, f"{curve.accuracy:.2f}", f"{curve.error:.3f}") if curve else ("", "", "")
        if calibration is None:
            note = f"not asked: {left_out.get(name, 'unknown')}"
        else:
            note = f"uncalibrated: {calibration.why_not}" if calibration.why_not else "calibrated"
            if unknown.get(name):
                note += f"; words unknown to the encoder: {', '.join(unknown[name])}"
        cells = (name, *(counts.get(state, 0) for state in STATES), *figures, note)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
