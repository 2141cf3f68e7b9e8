"""Fetching the pictures that listings name: from a folder, over HTTP, from S3.  None is decoded or kept.

A feed is not trusted with addresses: a path never leaves the declared folder or prefix, a URL leads to public
addresses only, except on the hosts that the operator declared.
"""

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin

from catalog.declarations import FeedDeclaration
from catalog.errors import CatalogError, FeedRefusedError, FeedUnreachableError
from catalog.http import HttpClient, host_of, shown
from catalog.locations import LocationAccess
from catalog.s3_locations import S3Address, read_object, s3_address
from catalog.texts import shortened

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LARGEST_IMAGE = 50 << 20
GIVE_UP_HOST_AFTER = (
    5  # failures in a row: a host that is down must not cost a retry for each of its pictures
)
NOT_ASKED = "not_asked"
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImage:
    """A picture as a listing names it, and the feed that does."""

    location: str
    feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedImage:
    """A picture's bytes, as they came."""

    location: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedImage:
    """Why there is no picture.

    ``reason``: missing_file, not_found, refused, timeout, unreachable, not_asked, too_large, empty,
    outside_folder, bad_location or private_address.  ``transient`` says that a later try may succeed by
    itself.  ``not_asked`` is no failure of the picture: its host was given up before its turn came.
    """

    location: str
    reason: str
    message: str
    transient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is fetched: its name in messages, the declaration's key for its base, and how large it may be."""

    noun: str = "picture"
    key: str = "images"
    largest: int = LARGEST_IMAGE  # bytes


PICTURES = Sought()


def fetch_images(
    wanted: Iterable[WantedImage],
    declaration: FeedDeclaration,
    *,
    access: LocationAccess,
    workers: int,
    sought: Sought = PICTURES,
) -> Iterator[FetchedImage | FailedImage]:
    """Yield each wanted picture as it is done, in no particular order.

    ``wanted`` is drawn as workers become free, so that at most twice ``workers`` pictures are in
    memory.  Closing the iterator early leaves nothing running but the requests under way.
    """
    with access.http(declaration) as http:
        source = _Source(declaration, access, http, sought)
        waiting = iter(wanted)
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="loupe-images")
        try:
            pending: set[Future[FetchedImage | FailedImage]] = {
                pool.submit(source.fetch, one) for one in islice(waiting, 2 * workers)
            }
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                pending |= {pool.submit(source.fetch, one) for one in islice(waiting, len(done))}
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Source:
    """One feed's pictures: where relative names lie, and which hosts the operator declared."""

    def __init__(
        self, declaration: FeedDeclaration, access: LocationAccess, http: HttpClient, sought: Sought
    ) -> None:
        self._declaration = declaration
        self._sought = sought
        self._access = access
        self._http = http
        self._base = _base_of(declaration, sought)
        self._trusted = {
            host_of(one)
            for one in (declaration.location, declaration.images or "", self._base)
            if one.startswith(_WEB)
        } - {None}
        self._folder = None if "://" in self._base else Path(self._base).resolve()
        self._failures: dict[str, int] = {}
        self._lock = threading.Lock()

    @cached_property
    def _s3(self) -> "S3Client":
        return self._access.s3(self._base)

    def fetch(self, wanted: WantedImage) -> FetchedImage | FailedImage:
        """Fetch one picture; what goes wrong with it is its outcome."""
        location = wanted.location
        try:
            data = self._data(location)
        except FeedRefusedError as error:
            return FailedImage(location=location, reason=error.reason, message=str(error))
        except FeedUnreachableError as error:
            return FailedImage(location=location, reason=error.reason, message=str(error), transient=True)
        if not data:
            message = f"{_shown(location)} is empty (0 bytes)"
            return FailedImage(location=location, reason="empty", message=message)
        return FetchedImage(location=location, data=data)

    def _data(self, location: str) -> bytes:
        address = location.strip()
        if not address or "\x00" in address:
            raise _refused("bad_location", location, "is no address", self._sought)
        if address.startswith("//"):
            address = f"https:{address}"  # shops write addresses without a scheme
        if address.casefold().startswith(_WEB):
            return self._from_web(address)
        if address.startswith("s3://"):
            return self._from_s3(s3_address(address), location)
        if "://" in address or address.casefold().startswith(("data:", "file:", "javascript:")):
            raise _refused("bad_location", location, "is no path, http(s) or s3 address", self._sought)
        if self._folder is not None:
            return _from_folder(self._folder, address, self._sought)
        if _climbs(address):
            raise _refused("outside_folder", location, f"leads out of {self._base}", self._sought)
        if self._base.startswith("s3://"):
            base = s3_address(self._base)
            relative = address.lstrip("/")
            return self._from_s3(
                S3Address(bucket=base.bucket, key=f"{base.key}/{relative}".lstrip("/")), location
            )
        base_url = self._base if self._base.endswith("/") else f"{self._base}/"
        return self._from_web(urljoin(base_url, quote(address.lstrip("/"), safe="/%?&=+,;:@!$'()*~")))

    def _from_web(self, url: str) -> bytes:
        host = host_of(url) or ""
        with self._lock:
            failures = self._failures.get(host, 0)
        if failures >= GIVE_UP_HOST_AFTER:
            message = (
                f"{shown(url)} was not asked: {host} failed {failures} times in a row; asked again later"
            )
            raise FeedUnreachableError(message, reason=NOT_ASKED)
        try:
            data = self._http.get(
                url, allow_private=host in self._trusted, max_bytes=self._sought.largest
            ).body
        except FeedUnreachableError:
            with self._lock:
                self._failures[host] = self._failures.get(host, 0) + 1
            raise
        except CatalogError:
            self._answered(host)
            raise
        self._answered(host)
        return data

    def _answered(self, host: str) -> None:
        with self._lock:
            self._failures[host] = 0

    def _from_s3(self, address: S3Address, location: str) -> bytes:
        allowed = [
            s3_address(one) for one in (self._base, self._declaration.location) if one.startswith("s3://")
        ]
        if _climbs(address.key) or not any(_is_below(address, one) for one in allowed):
            # With the operator's credentials a feed could otherwise read any bucket that they open.
            raise _refused("outside_folder", location, "is not below the feed's own S3 prefix", self._sought)
        try:
            return read_object(self._s3, address, self._sought.largest)
        except FeedRefusedError as error:
            decoded = unquote(address.key)
            if error.reason != "not_found" or decoded == address.key or _climbs(decoded):
                raise
            return read_object(self._s3, S3Address(bucket=address.bucket, key=decoded), self._sought.largest)


def _base_of(declaration: FeedDeclaration, sought: Sought) -> str:
    """Return what relative picture paths are below: the declared base, else where the feed itself lies."""
    if sought.key == "attachments" and declaration.attachments is not None:
        return declaration.attachments
    if declaration.images is not None:
        return declaration.images
    location = declaration.location
    if declaration.format == "images":
        return location
    if location.startswith(_WEB):
        return urljoin(location, ".")
    if location.startswith("s3://"):
        return location.rpartition("/")[0] if "." in location.rpartition("/")[2] else location
    path = Path(location)
    return str(path if path.is_dir() else path.parent)


def _from_folder(folder: Path, address: str, sought: Sought) -> bytes:
    outside = False
    for spelling in _spellings(address.lstrip("/\\") or address):
        if spelling.startswith("/"):
            continue
        try:
            path = (folder / spelling).resolve()
            if not path.is_relative_to(folder):
                outside = True
                continue
            if not path.is_file():
                continue
            size = path.stat().st_size
            if size > sought.largest:
                raise _refused("too_large", address, f"has {size} bytes, more than {sought.largest}", sought)
            with path.open("rb") as file:
                return file.read(sought.largest + 1)
        except PermissionError as error:
            raise _refused(
                "refused", address, "may not be read: grant read rights to this user", sought
            ) from error
        except (OSError, ValueError, RuntimeError):
            continue  # a name that this file system cannot hold, or links that lead in a circle: no such file
    if outside:
        raise _refused("outside_folder", address, f"leads out of {folder}", sought)
    raise _refused(
        "missing_file", address, f"is not in {folder}: put the file there or correct `{sought.key}`", sought
    )


def _spellings(address: str) -> Iterator[str]:
    """Yield a path as it stands, then percent-decoded, each also composed and decomposed."""
    seen: set[str] = set()
    decoded = unquote(address, errors="surrogateescape").lstrip("/\\")
    for text in (address, decoded):
        for form in (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)):
            if form and form not in seen:
                seen.add(form)
                yield form


def _climbs(address: str) -> bool:
    decoded = unquote(unquote(address)).replace("\\", "/")
    return ".." in decoded.split("/")


def _is_below(address: S3Address, base: S3Address) -> bool:
    return address.bucket == base.bucket and (not base.key or address.key.startswith(f"{base.key}/"))


def _refused(reason: str, location: str, what: str, sought: Sought) -> FeedRefusedError:
    return FeedRefusedError(f"{sought.noun} {_shown(location)} {what}", reason=reason)


def _shown(location: str) -> str:
    return shown(location) if location.startswith(_WEB) else repr(shortened(location, 200))
