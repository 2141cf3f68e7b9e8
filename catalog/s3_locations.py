"""S3 addresses of feeds and pictures, and what boto3's errors mean for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as S3ConnectionError,
)

from catalog.errors import FeedRefusedError, FeedUnreachableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_TRANSIENT = frozenset(
    {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "503", "500"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """A bucket and a key or prefix in it, without slashes at its ends."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def s3_address(url: str) -> S3Address:
    """Return the address behind ``s3://bucket/key``.

    Raises:
        FeedRefusedError: If it names no bucket.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        message = f"{url!r} names no bucket: write s3://bucket/prefix"
        raise FeedRefusedError(message, reason="bad_location")
    return S3Address(bucket=bucket, key=key.strip("/"))


@contextmanager
def s3_failures(where: str) -> Iterator[None]:
    """Turn boto3's errors about ``where`` into our two kinds."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _TRANSIENT:
            message = f"{where} could not be read now ({code}); it will be asked again"
            raise FeedUnreachableError(message) from error
        if code in _MISSING:
            message = f"{where} does not exist: correct the location"
            raise FeedRefusedError(message, reason="not_found") from error
        if code == "NoSuchBucket":
            message = f"the bucket of {where} does not exist: create it or correct the location"
            raise FeedRefusedError(message, reason="not_found") from error
        message = f"{where} was refused ({code}): check the S3 credentials and their rights"
        raise FeedRefusedError(message, reason="refused") from error
    except NoCredentialsError as error:
        message = f"{where} needs S3 credentials and there are none: set them in the settings"
        raise FeedRefusedError(message, reason="refused") from error
    except (S3ConnectionError, HTTPClientError) as error:
        message = f"{where} could not be reached ({error}); it will be asked again"
        raise FeedUnreachableError(message) from error
    except BotoCoreError as error:
        message = f"{where} cannot be asked ({error}): check the S3 settings"
        raise FeedRefusedError(message, reason="refused") from error


def read_object(client: "S3Client", address: S3Address, max_bytes: int) -> bytes:
    """Return an object's bytes; raises like ``s3_failures``, and FeedRefusedError when it is too large."""
    with s3_failures(str(address)):
        answer = client.get_object(Bucket=address.bucket, Key=address.key)
        if answer["ContentLength"] > max_bytes:
            message = f"{address} has {answer['ContentLength']} bytes, more than {max_bytes}"
            raise FeedRefusedError(message, reason="too_large")
        data: bytes = answer["Body"].read()
        return data
