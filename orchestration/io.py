"""Small values handed from asset to asset: JSON in the object store.  Nothing durable is ever pickled."""

import json
from typing import Any

import dagster as dg

from storage.handoffs import handed_on, handoff_key
from storage.objects import ObjectMissingError, ObjectStore


class JsonIOManager(dg.IOManager):
    """Keep an asset's value as JSON at ``handoffs/<asset>/<partition>.json``."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store a value; assets that return none store nothing."""
        if obj is not None:
            self.objects.put(_key(context), json.dumps(obj, sort_keys=True).encode())

    def load_input(self, context: dg.InputContext) -> Any:
        """Load the value that the upstream asset stored for this partition."""
        key = _key(context)
        try:
            return json.loads(self.objects.get(key))
        except ObjectMissingError as error:
            name = context.asset_key.to_user_string()
            message = f"{name} has no value for partition {context.asset_partition_key}: materialize it first"
            raise dg.Failure(description=message, allow_retries=False) from error


def handoff(objects: ObjectStore, asset: str, partition: str) -> Any:
    """Return the value that an asset last stored for a partition, for jobs that are no asset runs."""
    value = handed_on(objects, asset, partition)
    if value is None:
        message = f"{asset} has no value for partition {partition}: run `loupe run -c {partition}` first"
        raise dg.Failure(description=message, allow_retries=False)
    return value


def _key(context: dg.OutputContext | dg.InputContext) -> str:
    partition = [context.asset_partition_key] if context.has_asset_partitions else []
    return handoff_key(*context.asset_key.path, *partition)
