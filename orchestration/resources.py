"""What assets are given to work with, built from the settings.

Assets see domain objects (an engine, an object store, a snapshot store), never a configuration: each resource
opens its object when a run needs it.  Nothing here shows a password in the UI.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from assets.bounds import WorkBounds
from catalog.community.pseudonyms import Pseudonyms
from catalog.declarations import FeedRegistry
from catalog.locations import LocationAccess
from index_builds.settings import IndexSettings
from index_builds.signing import open_signing
from index_builds.snapshots import SnapshotStore
from orchestration.io import JsonIOManager
from orchestration.listening import Listener
from orchestration.settings import Settings
from storage.database import open_database
from storage.objects import LocalObjectStore, ObjectStore
from storage.s3 import S3ObjectStore
from vision.channels.selection import ChannelSelection
from vision.encoder_records import KnownEncoders

if TYPE_CHECKING:
    from dagster_aws.s3 import S3Resource
    from mypy_boto3_s3 import S3Client


def utc_now() -> datetime:
    """Return the present moment: the one clock that assets and schedules are given."""
    return datetime.now(UTC)


@cache
def engine_for(url: str) -> Engine:
    """Return this process's engine for a database, opened and migrated once."""
    return open_database(url)


def s3_resource(settings: Settings) -> "S3Resource":
    """Return dagster-aws's S3 resource: credentials from the settings, else from boto3's own chain."""
    from dagster_aws.s3 import (
        S3Resource,
    )  # takes a second to import, and few deployments of one machine need it

    secret = settings.s3.secret_access_key
    return S3Resource(
        endpoint_url=settings.s3.endpoint_url,
        region_name=settings.s3.region_name,
        aws_access_key_id=settings.s3.access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
    )


def open_objects(settings: Settings) -> ObjectStore:
    """Open the object store that the settings name."""
    url = settings.object_store_url
    if not url.startswith("s3://"):
        return LocalObjectStore(Path(url.removeprefix("file://")))
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3ObjectStore(s3_client(settings), bucket, prefix)


def s3_client(settings: Settings) -> "S3Client":
    """Return a client of the S3 that the settings describe."""
    client: S3Client = s3_resource(settings).get_client()
    return client


def location_access(settings: Settings) -> LocationAccess:
    """Return the ways to reach feeds and pictures; the S3 client is made when a feed needs it."""
    return LocationAccess(s3_client=lambda: s3_client(settings))


def snapshot_store(settings: Settings) -> SnapshotStore:
    """Return the snapshot store over this deployment's database and objects."""
    return SnapshotStore(
        engine_for(settings.database_url),
        open_objects(settings),
        settings.home_path / "cache",
        open_signing(settings.signing, utc_now),
    )


def feed_registry(settings: Settings) -> FeedRegistry:
    """Return every declared feed."""
    return FeedRegistry(
        {name: values.feeds for name, values in settings.collections.items()},
        {
            name: values.reporting_currency
            for name, values in settings.collections.items()
            if values.reporting_currency is not None
        },
    )


def work_bounds(settings: Settings) -> WorkBounds:
    """Return how much work assets may do at once."""
    return WorkBounds(
        workers=settings.images.workers,
        attempts=settings.images.attempts,
        shards=settings.embedding_shards,
        cache=settings.home_path / "cache",
    )


def pseudonyms(settings: Settings) -> Pseudonyms:
    """Return what turns contributors into pseudonyms."""
    key = settings.contributor_key
    return Pseudonyms(None if key is None else key.get_secret_value().encode())


def index_settings(settings: Settings) -> IndexSettings:
    """Return what index builds are told."""
    return IndexSettings(tiers=settings.tiers, gate=settings.gate, retention=settings.retention)


def build_resources(settings: Settings) -> dict[str, Any]:
    """Return the resources that assets name in their signatures."""

    def opened(description: str, build: Any) -> dg.ResourceDefinition:
        return dg.ResourceDefinition(resource_fn=lambda _: build(), description=description)

    database = make_url(settings.database_url).render_as_string(hide_password=True)
    return {
        "catalogue": opened(f"SQL database {database}", lambda: engine_for(settings.database_url)),
        "objects": opened(f"Objects in {settings.object_store_url}", lambda: open_objects(settings)),
        "snapshots": opened("Index snapshots and the promoted pointer", lambda: snapshot_store(settings)),
        "feeds": opened("Declared feeds", lambda: feed_registry(settings)),
        "location_access": opened(
            "HTTP and S3 access to feeds and pictures", lambda: location_access(settings)
        ),
        "encoder": opened(f"Encoder {settings.encoder.model}", lambda: encoder_loader(settings)),
        "bounds": opened("How much work at once", lambda: work_bounds(settings)),
        "channels": opened(
            f"Channels {', '.join(settings.channels)}", lambda: ChannelSelection(names=settings.channels)
        ),
        "index_settings": opened("Tiers and gate", lambda: index_settings(settings)),
        "demand_settings": opened("What events are worth", lambda: settings.demand),
        "event_settings": opened("What is recorded, and for how long", lambda: settings.events),
        "enrichment": opened("Floor of suggested attributes", lambda: settings.enrichment),
        "pseudonyms": opened("Contributors' pseudonyms", lambda: pseudonyms(settings)),
        "clock": opened("The present moment, UTC", lambda: utc_now),
        "listener": opened("Who is told how far a re-embedding is", Listener),
        "io_manager": dg.IOManagerDefinition(resource_fn=lambda _: JsonIOManager(open_objects(settings))),
    }


def encoder_loader(settings: Settings) -> KnownEncoders:
    """Return this process's encoders: the configured one, and by their ids those that embedded here before.

    A model is loaded once, when first used.
    """
    key = (settings.encoder.model_dump_json(), settings.object_store_url)
    return _encoders.setdefault(key, KnownEncoders(settings.encoder, lambda: open_objects(settings)))


_encoders: dict[tuple[str, str], KnownEncoders] = {}
