"""A bucket of S3 on this machine, for as long as a test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from storage.s3 import S3ObjectStore


@dataclass
class Bucket:
    """A store in a bucket, and the server that it can be without."""

    store: S3ObjectStore
    _running: list[ThreadedMotoServer] = field(repr=False)

    def go_away(self) -> None:
        """Stop the server; once is enough."""
        while self._running:
            self._running.pop().stop()


@contextmanager
def a_bucket(name: str) -> Iterator[Bucket]:
    """Start a server with one bucket, and stop it afterwards."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2),
    )
    client.create_bucket(Bucket=name)
    bucket = Bucket(S3ObjectStore(client, name, "loupe"), [server])
    try:
        yield bucket
    finally:
        bucket.go_away()
