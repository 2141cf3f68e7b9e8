"""What makes a picture good enough: one table of bounds per standard, and the verdict that follows from it.

Measures come from ``vision.measures``; nothing here looks at pixels.  Shops are held to a packshot's standard
where the background is plain paper, and to a scene's where it is anything else: a piece worn or laid on
cloth is soft at its edges and takes its tint from what is around it.  Customers have a standard of their
own.  The bounds were read off 639 photographs of shops and customers, looked at by eye, off the same
pictures made worse step by step, and off the sample house's planted defects.

Writing beside the piece is a matter for a person: a size or an article number may pass, a competitor's
watermark or a price may not, and the piece is there.  Writing that covers a good part of the frame leaves a
page and no picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from catalog.picture_roles import SHEET_LINES

RULES_VERSION = "2"

VerdictName = Literal["accepted", "quarantined", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A bound on one measure.  Beyond ``review`` a person looks; beyond ``quarantine`` the picture stays out.

    ``side`` says where the bad values are: ``below`` or ``above`` the bounds.  ``None`` leaves a bound out.
    """

    name: str
    measure: str
    unit: str
    side: Literal["below", "above"]
    quarantine: float | None
    review: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One bound that a picture broke: the rule, what was measured, what is required, in which unit."""

    rule: str
    measured: float
    required: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a picture, and why; an accepted one has no reasons."""

    verdict: VerdictName
    reasons: tuple[Finding, ...]


def _rules(
    *,
    resolution: tuple[float, float],
    object_size: tuple[float, float],
    sharpness: tuple[float, float],
    dark: tuple[float, float],
    shadows: tuple[float, float],
    highlights: tuple[float, float],
    contrast: float,
    border_cast: tuple[float, float],
    guessed_cast: float,
    object_share: float,
    cut_off: float,
    noise: tuple[float, float],
    compression: tuple[float, float],
    overlay_text: tuple[float, float],
    moire: tuple[float, float],
) -> tuple[Rule, ...]:
    below, above = "below", "above"
    table: tuple[tuple[str, str, str, Literal["below", "above"], tuple[float | None, float | None]], ...] = (
        ("resolution", "shortest_side_px", "px", below, resolution),
        ("object_size", "object_longest_px", "px", below, object_size),
        ("sharpness", "sharpness", "", below, sharpness),
        ("too_dark", "mean_lightness", "L*", below, dark),
        ("clipped_shadows", "shadows_clipped_share", "of the piece", above, shadows),
        ("clipped_highlights", "highlights_clipped_share", "of the piece", above, highlights),
        # A thin chain on white covers less than the percentiles see: little contrast alone condemns nothing.
        ("contrast", "contrast_lightness", "L*", below, (None, contrast)),
        ("colour_cast", "border_cast_ab", "a*b*", above, border_cast),
        # Without a plain border the neutral point is a guess: good for a second look, not for a sentence.
        ("colour_cast", "guessed_cast_ab", "a*b*", above, (None, guessed_cast)),
        ("empty_frame", "object_share", "of the frame", below, (0.0005, object_share)),
        ("cut_off", "border_contact_share", "of the border", above, (None, cut_off)),
        ("noise", "noise_lightness", "grey levels", above, noise),
        ("compression", "blockiness", "of a step", above, compression),
        ("overlay_text", "overlay_text_share", "of the frame", above, overlay_text),
        ("moire", "moire_lightness", "grey levels", above, moire),
    )
    return tuple(
        Rule(name=name, measure=measure, unit=unit, side=side, quarantine=bounds[0], review=bounds[1])
        for name, measure, unit, side, bounds in table
    )


_PACKSHOT = _rules(
    resolution=(120, 180),
    object_size=(60, 80),
    sharpness=(0.4, 0.49),
    dark=(6, 10),
    shadows=(0.9, 0.7),
    highlights=(0.6, 0.4),
    contrast=0.9,
    border_cast=(27, 20),
    guessed_cast=35,
    object_share=0.01,
    cut_off=0.4,
    noise=(16, 9.5),
    compression=(2.5, 1.3),
    overlay_text=(0.1, 0.008),
    moire=(16, 6),
)
_SCENE = _rules(
    resolution=(120, 180),
    object_size=(60, 80),
    sharpness=(0.3, 0.4),
    dark=(6, 10),
    shadows=(0.9, 0.7),
    highlights=(0.6, 0.4),
    contrast=0.9,
    border_cast=(27, 20),
    guessed_cast=50,
    object_share=0.01,
    cut_off=0.6,
    noise=(16, 9.5),
    compression=(2.5, 1.3),
    overlay_text=(0.1, 0.008),
    moire=(16, 8),
)
_CUSTOMER = _rules(
    resolution=(100, 140),
    object_size=(40, 60),
    sharpness=(0.3, 0.38),
    dark=(4, 7),
    shadows=(0.95, 0.8),
    highlights=(0.8, 0.6),
    contrast=0.7,
    border_cast=(45, 30),
    guessed_cast=50,
    object_share=0.005,
    cut_off=0.6,
    noise=(20, 12),
    compression=(3.5, 2.2),
    overlay_text=(0.1, 0.01),
    moire=(20, 8),
)
# What the piece is shown on chooses the column: plain paper, or anything else.
RULES: Mapping[str, tuple[Rule, ...]] = {
    "retailer": _PACKSHOT,
    "manufacturer": _PACKSHOT,
    "community": _CUSTOMER,
}
SCENE_RULES: Mapping[str, tuple[Rule, ...]] = {
    "retailer": _SCENE,
    "manufacturer": _SCENE,
    "community": _CUSTOMER,
}
_PAPER = ("plain_light", "plain_dark")


def rules_for(feed_kind: str, background: str) -> tuple[Rule, ...]:
    """Return the rules for pictures of a feed's kind with a background's kind.

    Raises:
        KeyError: If there are no rules for the feed's kind.
    """
    return (RULES if background in _PAPER else SCENE_RULES)[feed_kind]


def judge_image(measures: Mapping[str, Any], *, feed_kind: str) -> Verdict:
    """Hold a picture's measures against the bounds of a feed kind.

    Args:
        measures: Fields of ``vision.measures.Measures``; a measure that is None was not possible and breaks
            nothing, nor does one that an earlier version did not take.
        feed_kind: ``retailer``, ``manufacturer`` or ``community``.

    Raises:
        KeyError: If there are no rules for the kind.
    """
    known = known_measures(measures)
    quarantined, review = [], []
    for rule in rules_for(feed_kind, measures.get("background", "plain_light")):
        value = known.get(rule.measure)
        if value is None:
            continue
        if _broken(rule, value, rule.quarantine):
            quarantined.append(_finding(rule, value, rule.quarantine))
        elif _broken(rule, value, rule.review):
            review.append(_finding(rule, value, rule.review))
    if quarantined:
        return Verdict(verdict="quarantined", reasons=(*quarantined, *review))
    return Verdict(verdict="review" if review else "accepted", reasons=tuple(review))


def known_measures(measures: Mapping[str, Any]) -> dict[str, Any]:
    """Return every value that a rule may name: the measures, and what follows from them.

    A page of print has no writing over it: it is writing, and its role says so (``catalog.picture_roles``).
    """
    known = {**measures, **_derived(measures)}
    if (measures.get("print_lines") or 0) >= SHEET_LINES:
        known["overlay_text_share"] = None
    return known


def _derived(measures: Mapping[str, Any]) -> dict[str, float]:
    """The shorter side, and the cast under the name of what it was measured against."""
    cast = f"{'border' if measures['colour_cast_reference'] == 'border' else 'guessed'}_cast_ab"
    return {
        "shortest_side_px": min(measures["width_px"], measures["height_px"]),
        cast: measures["colour_cast_ab"],
    }


def _broken(rule: Rule, value: float, bound: float | None) -> bool:
    if bound is None:
        return False
    return value < bound if rule.side == "below" else value > bound


def _finding(rule: Rule, value: float, bound: float | None) -> Finding:
    side = "at least" if rule.side == "below" else "at most"
    return Finding(
        rule=rule.name, measured=round(float(value), 4), required=f"{side} {bound:g}", unit=rule.unit
    )
