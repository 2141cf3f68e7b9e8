"""Where a stored picture can be fetched from directly, for a while: signed addresses of S3 or of CloudFront.

An address is signed once and given out again until half of its time is over, so that browsers and caches see
the same one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from botocore.signers import CloudFrontSigner
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from serving.bounded_cache import BoundedCache
from serving.errors import NotServableError
from serving.settings import DeliverySettings
from storage.objects import ObjectStore
from storage.s3 import S3ObjectStore

_ENTRIES = 50_000
_BYTES = 100_000_000


class SignedUrls:
    """Addresses of objects, by key.  Safe to share between threads.

    Args:
        sign: Returns a new address of a key.
        seconds: How long one is good for.
    """

    def __init__(self, sign: Callable[[str], str], *, seconds: int) -> None:
        self._sign = sign
        self.kept_seconds = seconds // 2
        self._known: BoundedCache[str, str] = BoundedCache(
            entries=_ENTRIES, size=_BYTES, seconds=float(self.kept_seconds)
        )
        parts = urlsplit(sign("origin"))
        self.origin = f"{parts.scheme}://{parts.netloc}"  # what pages must be allowed to show pictures from

    def url(self, key: str) -> str:
        """Return an address that is good for at least half of the time that it was signed for."""
        known = self._known.get(key)
        if known is None:
            known = self._sign(key)
            self._known.put(key, known, len(known))
        return known


def signed_urls(settings: DeliverySettings, objects: ObjectStore) -> SignedUrls | None:
    """Return what signs addresses; None where pictures are served from here.

    Raises:
        NotServableError: If they cannot be signed: the store is a folder, or the key cannot be used.
    """
    if settings.mode == "served":
        return None
    if settings.cdn_url is not None:
        return SignedUrls(_cloudfront(settings), seconds=settings.seconds)
    if not isinstance(objects, S3ObjectStore):
        message = (
            f"serving.delivery.mode is signed and the objects are in {objects.url}: "
            "keep them in S3, name a CDN, or set it to served"
        )
        raise NotServableError(message)
    store = objects
    return SignedUrls(
        lambda key: store.signed_url(key, seconds=settings.seconds, media_type="image/webp"),
        seconds=settings.seconds,
    )


def _cloudfront(settings: DeliverySettings) -> Callable[[str], str]:
    """Return what signs for CloudFront with a canned policy: RSA and SHA-1, as CloudFront demands."""
    path = Path(str(settings.cdn_private_key_file))
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = f"serving.delivery.cdn_private_key_file {path} cannot be read as a PEM key: check the file"
        raise NotServableError(message) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        message = f"serving.delivery.cdn_private_key_file {path} is no RSA key: CloudFront takes no other"
        raise NotServableError(message)
    private = key
    signer = CloudFrontSigner(
        settings.cdn_key_id,
        lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303
    )
    base = str(settings.cdn_url).rstrip("/")

    def sign(name: str) -> str:
        until = datetime.now(UTC) + timedelta(seconds=settings.seconds)
        return str(signer.generate_presigned_url(f"{base}/{name}", date_less_than=until))

    return sign
