"""Object stores: the same promises from a folder and from S3."""

import threading

import boto3
import pytest
from moto.server import ThreadedMotoServer

from storage.objects import LocalObjectStore, ObjectMissingError, ObjectStoreError, digest_key, sha256_hex
from storage.s3 import S3ObjectStore


@pytest.fixture(scope="module")
def s3_endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "folder":
        return LocalObjectStore(tmp_path / "objects")
    client = boto3.client(
        "s3",
        endpoint_url=request.getfixturevalue("s3_endpoint"),
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    bucket = f"bucket-{tmp_path.name.replace('_', '-').lower()}"
    client.create_bucket(Bucket=bucket)
    return S3ObjectStore(client, bucket, "loupe")


def test_what_is_stored_comes_back_and_can_be_listed(store, tmp_path):
    (tmp_path / "file").write_bytes(b"from a file")
    store.put("images/ab/one", b"1")
    store.put("images/cd/two", b"2")
    store.put_file("index-files/ef/three", tmp_path / "file")

    assert store.get("images/ab/one") == b"1"
    assert store.get("index-files/ef/three") == b"from a file"
    assert list(store.keys("images/")) == ["images/ab/one", "images/cd/two"]
    assert list(store.keys("nothing/")) == []
    assert store.local_path("images/cd/two", tmp_path / "cache").read_bytes() == b"2"


def test_a_missing_object_is_named(store, tmp_path):
    with pytest.raises(ObjectMissingError, match="images/ab/none"):
        store.get("images/ab/none")
    with pytest.raises(ObjectMissingError, match="images/ab/none"):
        store.local_path("images/ab/none", tmp_path / "cache")
    assert not store.exists("images/ab/none")


def test_deleting_is_idempotent(store):
    store.put("images/ab/one", b"1")

    store.delete("images/ab/one")
    store.delete("images/ab/one")

    assert not store.exists("images/ab/one")


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a//b", "a/../b", "", "a b"])
def test_a_key_that_could_leave_the_store_is_refused(store, key):
    with pytest.raises(ObjectStoreError, match="not portable"):
        store.put(key, b"x")


def test_a_bucket_that_does_not_exist_is_named(s3_endpoint, tmp_path):
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
    with pytest.raises(ObjectStoreError, match="bucket nowhere does not exist"):
        S3ObjectStore(client, "nowhere").put("a", b"x")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ObjectStoreError, match="bucket nowhere does not exist"):
        S3ObjectStore(client, "nowhere").put_file("a", tmp_path / "file")


@pytest.mark.parametrize("suffix", ["", ".parquet"])
def test_a_damaged_copy_of_an_object_named_by_its_digest_is_fetched_again(store, tmp_path, suffix):
    key = digest_key("index-files", sha256_hex(b"whole"), suffix)
    store.put(key, b"whole")
    if isinstance(store, S3ObjectStore):
        store.local_path(key, tmp_path / "cache").write_bytes(b"torn")

    assert store.local_path(key, tmp_path / "cache").read_bytes() == b"whole"


def test_writers_of_one_key_leave_a_whole_object(tmp_path):
    store = LocalObjectStore(tmp_path)
    contents = [bytes([number]) * 200_000 for number in range(8)]

    threads = [threading.Thread(target=store.put, args=("images/ab/same", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.get("images/ab/same") in contents
    assert list(store.keys("")) == ["images/ab/same"]
