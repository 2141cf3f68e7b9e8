"""Objects in an S3 bucket, through boto3.

No conditional writes are used here: several servers ignore them silently, so the promoted pointer lives in
SQL.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]  # boto3 ships no types for it
from botocore.exceptions import BotoCoreError, ClientError

from storage.files import written_whole
from storage.objects import ObjectMissingError, ObjectStoreError, checked_key, sha256_of_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DIGEST_NAMED = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.[^/]*)?")


class S3ObjectStore:
    """Objects under a prefix of one bucket.

    A PUT is atomic on S3: readers see all of an object or none of it.
    """

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.url = f"s3://{bucket}/{self.prefix}"

    def _key(self, key: str) -> str:
        return self.prefix + checked_key(key)

    def _failed(self, verb: str, key: str, error: Exception) -> ObjectStoreError:
        if isinstance(error, Boto3Error) and isinstance(error.__context__, ClientError):
            error = error.__context__  # a transfer wraps what the server said
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        if code in {"404", "NoSuchKey", "NotFound"}:
            return ObjectMissingError(f"object {key} is missing from {self.url}")
        if code == "NoSuchBucket":
            return ObjectStoreError(
                f"bucket {self.bucket} does not exist: create it or change object_store_url"
            )
        if code in {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}:
            return ObjectStoreError(
                f"{self.url} refused to {verb} {key} ({code}): check the credentials' rights"
            )
        return ObjectStoreError(f"{self.url} could not {verb} {key} ({code}: {error})")

    def put(self, key: str, data: bytes) -> None:
        try:
            self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data)
        except (ClientError, BotoCoreError) as error:
            raise self._failed("store", key, error) from error

    def put_file(self, key: str, path: Path) -> None:
        try:
            self.client.upload_file(str(path), self.bucket, self._key(key))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise self._failed("store", key, error) from error

    def get(self, key: str) -> bytes:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(key))
            return bytes(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise self._failed("read", key, error) from error

    def signed_url(self, key: str, *, seconds: int, media_type: str) -> str:
        """Return an address from which anybody can fetch an object for a while; S3 is not asked."""
        # boto3 signs addresses by version 2 in some regions, which most other servers refuse.
        self.client.meta.events.register_first(
            "choose-signer.s3.GetObject", _by_version_4, unique_id="loupe-signs-by-version-4"
        )
        try:
            return str(
                self.client.generate_presigned_url(
                    "get_object",
                    Params={
                        "Bucket": self.bucket,
                        "Key": self._key(key),
                        "ResponseContentType": media_type,
                        "ResponseCacheControl": "public, max-age=31536000, immutable",
                    },
                    ExpiresIn=seconds,
                )
            )
        except (ClientError, BotoCoreError) as error:
            raise self._failed("sign", key, error) from error

    def exists(self, key: str) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=self._key(key))
        except (ClientError, BotoCoreError) as error:
            failure = self._failed("look up", key, error)
            if isinstance(failure, ObjectMissingError):
                return False
            raise failure from error
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for entry in page.get("Contents", []):
                    yield entry["Key"].removeprefix(self.prefix)
        except (ClientError, BotoCoreError) as error:
            raise self._failed("list", prefix, error) from error

    def delete(self, key: str) -> None:
        try:
            self.client.delete_object(Bucket=self.bucket, Key=self._key(key))
        except (ClientError, BotoCoreError) as error:
            raise self._failed("delete", key, error) from error

    def local_path(self, key: str, cache: Path) -> Path:
        """Return a local file with the object's bytes, downloaded under ``cache``.

        A file that is there already and is not what its digest-named key says is downloaded again.
        """
        target = cache / checked_key(key)
        if target.is_file() and _is_as_named(target, key):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with written_whole(target) as staged:
                self.client.download_file(self.bucket, self._key(key), str(staged))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise self._failed("read", key, error) from error
        return target


def _by_version_4(**_: object) -> str:
    return "s3v4"


def _is_as_named(path: Path, key: str) -> bool:
    named = _DIGEST_NAMED.fullmatch(key)
    return named is None or sha256_of_file(path) == named[1]
