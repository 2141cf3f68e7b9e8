"""Where small values lie that one asset hands to the next: ``handoffs/<asset>/<partition>.json``."""

import json
from typing import Any

from storage.objects import ObjectMissingError, ObjectStore


def handoff_key(*path: str) -> str:
    """Return the object key of an asset's value; the partition, where there is one, comes last."""
    return "/".join(["handoffs", *(part.replace("|", "_") for part in path)]) + ".json"


def handed_on(objects: ObjectStore, asset: str, partition: str) -> Any | None:
    """Return the value that an asset last stored for a partition; ``None`` where it never stored one."""
    try:
        return json.loads(objects.get(handoff_key(asset, partition)))
    except ObjectMissingError:
        return None
