"""When assets follow what they are made from.

All conditions here are edge-triggered: a change asks for one run, and a run that fails is not asked for again
until something changes once more.  A level-triggered condition over a broken asset would fire for ever.  What
a failed run left undone is picked up by the next change or the next nightly rebuild.
"""

import dagster as dg

_at_rest = ~dg.AutomationCondition.any_deps_in_progress() & ~dg.AutomationCondition.in_progress()


def when_upstream_changed() -> dg.AutomationCondition:
    """Upstream has another data version: an hourly run that found nothing new asks for nothing."""
    changed = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
    return (changed.since_last_handled() & _at_rest).with_label("when_upstream_changed")


def when_upstream_ran(ignoring: dg.AssetSelection | None = None) -> dg.AutomationCondition:
    """Upstream was materialized, or will be in the same run, and its blocking checks hold.

    Without the clause on checks a failed snapshot would be promoted by the next tick: a blocking check blocks
    only inside its own run.
    """
    updated = dg.AutomationCondition.any_deps_updated()
    if ignoring is not None:
        updated = updated.ignore(ignoring)
    return (
        updated.since_last_handled() & _at_rest & dg.AutomationCondition.all_deps_blocking_checks_passed()
    ).with_label("when_upstream_ran")
