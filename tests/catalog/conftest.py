"""What the catalogue's tests share: a real HTTP server, clients that do not wait, S3 by moto."""

import importlib.util
from pathlib import Path

import boto3
import pytest
import stamina
from moto import mock_aws

from catalog.http import HttpClient
from catalog.locations import LocationAccess

_spec = importlib.util.spec_from_file_location("feed_server", Path(__file__).with_name("feed_server.py"))
feed_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(feed_server)


@pytest.fixture
def server():
    """An HTTP server on loopback whose answers the test scripts."""
    with feed_server.running() as running:
        yield running


@pytest.fixture
def no_waiting():
    """Retries happen at once, four times in all."""
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def http(no_waiting):
    """A client that asks as fast as it can."""
    with HttpClient(requests_per_second=10_000.0) as client:
        yield client


@pytest.fixture
def access(no_waiting):
    """Access to HTTP without pauses, and no S3."""
    return LocationAccess(http=lambda _: HttpClient(requests_per_second=10_000.0))


@pytest.fixture
def s3(monkeypatch):
    """An S3 client with an empty bucket ``shop``."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="shop")
        yield client
