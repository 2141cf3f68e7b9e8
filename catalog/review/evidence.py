"""The evidence of a question in lines that a person reads."""

from catalog.review.contradictions import shown
from catalog.review.items import ReviewItem


def evidence_lines(item: ReviewItem) -> list[str]:
    """Return what was measured, or who says what, one statement a line."""
    seen = item.evidence
    lines = []
    for finding in seen.get("findings", ()):
        measured = "" if finding["measured"] is None else f" {finding['measured']:g}, {finding['required']}"
        lines.append(f"{finding['rule']}{measured} {finding['unit'] or ''}".rstrip())
    lines += [f"shown by {listing}: {title}" for listing, title in seen.get("shown_by", {}).items()]
    lines += [f"{listing} says {shown(word)}" for listing, word in seen.get("said", {}).items()]
    lines += [f"pictures say {term or 'none'} {share:.0%}" for term, share in seen.get("likely", ())]
    if seen.get("calibrated") is False:
        lines.append("these shares are not calibrated")
    if "why" in seen:
        lines.append(f"counts: {seen['counts'] or 'nobody'}, {seen['why']}")
    if "proposed" in seen:
        lines += [f"{name}: {value}" for name, value in seen["proposed"].items()]
        for listing, facts in seen["listings"].items():
            said = ", ".join(
                f"{name} {shown(value)}"
                for name, value in facts.items()
                if name not in ("listing_id", "feed")
            )
            lines.append(f"{listing}: {said}")
    return lines
