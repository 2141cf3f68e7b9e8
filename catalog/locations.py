"""Where a feed lies, and what of it is new: files, folders, picture folders, HTTP with pages, S3 prefixes.

What is unchanged is not yielded: by ETag or Last-Modified over HTTP, by ETag on S3, by size and
modification time of local files and, where those moved, by content.  A file's modification time is never
taken for a delivery's date.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

import httpx

from catalog.declarations import FeedDeclaration, Pagination
from catalog.deliveries import Arrival
from catalog.errors import FeedRefusedError
from catalog.field_paths import as_text, first_stated
from catalog.http import Answer, HttpClient, host_of, shown
from catalog.s3_locations import S3Address, s3_address, s3_failures
from storage.objects import sha256_of_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LARGEST_DELIVERY = 16 << 30
LARGEST_PAGE = 256 << 20
LONGEST_NAME = 512
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp"}
)
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")  # what programs call a file while they write it
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


def http_for(declaration: FeedDeclaration) -> HttpClient:
    """Return a client that asks as often as a feed's declaration allows."""
    return HttpClient(
        requests_per_second=declaration.requests_per_second, connections=declaration.connections
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationAccess:
    """The ways to reach locations.  Both are made when a feed needs them, not before."""

    s3_client: "Callable[[], S3Client] | None" = None
    http: Callable[[FeedDeclaration], HttpClient] = http_for

    def s3(self, where: str) -> "S3Client":
        """Return the S3 client, or raise FeedRefusedError where there is none."""
        if self.s3_client is None:
            message = f"{where} lies on S3 and no S3 client is configured: set s3 in the settings"
            raise FeedRefusedError(message)
        return self.s3_client()


def collect(
    declaration: FeedDeclaration, known: Mapping[str, Mapping[str, Any]], *, access: LocationAccess
) -> Iterator[Arrival]:
    """Yield what a feed's location holds that is new, in the order in which it is to be read.

    An arrival's path is the local file itself, or a temporary one that lasts until the next arrival is
    asked for.

    Args:
        declaration: The feed.
        known: What was noted of each name when it was last delivered, as ``Arrival.validators`` held it.
        access: The ways to reach the location.

    Raises:
        FeedRefusedError: If the location does not exist or cannot be read; the message says what to change.
        FeedUnreachableError: If it may be had later.
    """
    location = declaration.location
    with TemporaryDirectory(prefix="loupe-") as folder:
        scratch = Path(folder) / "delivery"
        if location.startswith(("http://", "https://")):
            yield from _from_http(declaration, known, access, scratch)
        elif location.startswith("s3://"):
            yield from _from_s3(declaration, known, access, scratch)
        elif "://" in location:
            message = (
                f"feed {declaration.name}: location {location!r} is no path, http(s):// or s3:// address"
            )
            raise FeedRefusedError(message, reason="bad_location")
        else:
            yield from _from_path(declaration, known, scratch)


def date_in(name: str) -> datetime | None:
    """Return the day that a name states as YYYY-MM-DD, as its midnight in UTC; None when it states none."""
    for match in _DATE.finditer(name):
        year, month, day = map(int, match.groups())
        try:
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
    return None


def _from_path(
    declaration: FeedDeclaration, known: Mapping[str, Mapping[str, Any]], scratch: Path
) -> Iterator[Arrival]:
    location = Path(declaration.location)
    try:
        if location.is_dir():
            if declaration.format == "images":
                yield from _picture_folder(declaration, location, known, scratch)
            else:
                for path in _files_of(declaration, location):
                    yield from _changed_file(path, path.relative_to(location).as_posix(), known)
        elif location.is_file():
            if declaration.format == "images":
                message = (
                    f"feed {declaration.name}: {location} is a file; pictures are declared by their folder"
                )
                raise FeedRefusedError(message, reason="wrong_format")
            yield from _changed_file(location, location.name, known)
        else:
            message = f"feed {declaration.name}: {location} does not exist: create it or correct the location"
            raise FeedRefusedError(message, reason="missing_file")
    except PermissionError as error:
        message = f"feed {declaration.name}: {error.filename} may not be read: grant read rights to this user"
        raise FeedRefusedError(message, reason="refused") from error


def _files_of(declaration: FeedDeclaration, folder: Path) -> list[Path]:
    root = folder.resolve()
    try:
        found = sorted(folder.glob(declaration.files))
    except (ValueError, NotImplementedError) as error:
        message = f"feed {declaration.name}: files {declaration.files!r} is no pattern ({error}): write *.csv"
        raise FeedRefusedError(message, reason="bad_location") from error
    return [
        path
        for path in found
        if path.is_file()
        and path.resolve().is_relative_to(root)
        and path.is_relative_to(folder)
        and not _is_passing(path.relative_to(folder).parts)
    ]


def _is_passing(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") for part in parts) or parts[-1].casefold().endswith(UNFINISHED)


def _changed_file(path: Path, name: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Arrival]:
    name = _kept_name(name)
    before = known.get(name, {})
    status = path.stat()
    if (before.get("size"), before.get("mtime_ns")) == (status.st_size, status.st_mtime_ns):
        return
    digest = sha256_of_file(path)
    if before.get("sha256") == digest:
        return
    yield Arrival(
        name=name,
        path=path,
        delivered_at=date_in(path.name),
        validators={"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": digest},
    )


def _picture_folder(
    declaration: FeedDeclaration, folder: Path, known: Mapping[str, Mapping[str, Any]], scratch: Path
) -> Iterator[Arrival]:
    """Yield the folder's manifest: per picture a line of path, bytes and digest, in path order."""
    name = "pictures.jsonl"
    before = known.get(name, {})
    pictures = sorted(_pictures_in(declaration, folder))
    looked = hashlib.sha256()
    for relative, path in pictures:
        status = path.stat()
        looked.update(
            f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
        )
    if before.get("looked") == looked.hexdigest():
        return
    with scratch.open("w", encoding="utf-8", newline="\n") as manifest:
        for relative, path in pictures:
            line = {"path": relative, "bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
            manifest.write(json.dumps(line, ensure_ascii=True) + "\n")
    digest = sha256_of_file(scratch)
    if before.get("sha256") == digest:
        return
    yield Arrival(
        name=name,
        path=scratch,
        delivered_at=None,
        validators={"looked": looked.hexdigest(), "sha256": digest},
    )


def _pictures_in(declaration: FeedDeclaration, folder: Path) -> Iterator[tuple[str, Path]]:
    root = folder.resolve()
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in names:
            path = Path(parent) / name
            if (
                name.startswith(".")
                or path.suffix.casefold() not in PICTURE_SUFFIXES
                or not fnmatchcase(name, declaration.files)
                or not path.is_file()
                or not path.resolve().is_relative_to(root)
            ):
                continue
            yield path.relative_to(folder).as_posix(), path


def _from_http(
    declaration: FeedDeclaration,
    known: Mapping[str, Mapping[str, Any]],
    access: LocationAccess,
    scratch: Path,
) -> Iterator[Arrival]:
    url = declaration.location
    if declaration.format == "images":
        message = (
            f"feed {declaration.name}: pictures come from a folder or an s3:// prefix, not from {shown(url)}"
        )
        raise FeedRefusedError(message, reason="bad_location")
    last_part = unquote(PurePosixPath(urlsplit(url).path).name)
    name = _kept_name(last_part or host_of(url) or "feed")
    before = known.get(name, {})
    with access.http(declaration) as http:
        if declaration.pagination is not None:
            headers = _crawl(declaration, declaration.pagination, http, scratch)
        else:
            asked = {
                header: str(before[noted])
                for header, noted in (("If-None-Match", "etag"), ("If-Modified-Since", "last_modified"))
                if before.get(noted)
            }
            answer = http.download(
                url, scratch, allow_private=True, max_bytes=LARGEST_DELIVERY, headers=asked
            )
            if answer.status == 304:
                return
            headers = answer.headers
    digest = sha256_of_file(scratch)
    if before.get("sha256") == digest:
        return
    noted = {"etag": headers.get("etag"), "last_modified": headers.get("last-modified"), "sha256": digest}
    yield Arrival(
        name=name,
        path=scratch,
        delivered_at=date_in(name) or _http_date(headers.get("last-modified")),
        validators={key: value for key, value in noted.items() if value},
    )


def _crawl(
    declaration: FeedDeclaration, pagination: Pagination, http: HttpClient, scratch: Path
) -> Mapping[str, str]:
    """Write the records of every page to ``scratch`` as JSON Lines; no one page's headers date them."""
    url: str | None = declaration.location
    if pagination.style == "page":
        url = _with_parameter(declaration.location, pagination.parameter, pagination.first)
    visited: set[str] = set()
    last_digest = b""
    with scratch.open("w", encoding="utf-8", newline="\n") as file:
        for number in range(pagination.first, pagination.first + pagination.max_pages):
            if url is None:
                return {}
            if url in visited:
                message = f"{shown(url)} names itself as its next page: correct pagination"
                raise FeedRefusedError(message, reason="wrong_format")
            visited.add(url)
            same_host = host_of(url) == host_of(declaration.location)
            try:
                answer = http.get(url, allow_private=same_host, max_bytes=LARGEST_PAGE)
            except FeedRefusedError as error:
                if pagination.style == "page" and number > pagination.first and error.reason == "not_found":
                    return {}  # some servers say so that there are no more pages
                raise
            digest = hashlib.sha256(answer.body).digest()
            records, document = _records_of_page(declaration, pagination, answer)
            # A server that does not know the parameter gives its first page for ever.
            if pagination.style == "page" and (not records or digest == last_digest):
                return {}
            last_digest = digest
            for record in records:
                file.write(json.dumps(record, ensure_ascii=True, default=_plain_number) + "\n")
            url = _next_page(declaration, pagination, answer, document, number)
        if url is None:
            return {}
    message = (
        f"{shown(declaration.location)} has more than {pagination.max_pages} pages: raise max_pages, "
        "because a part of a catalogue would withdraw the rest"
    )
    raise FeedRefusedError(message, reason="too_large")


def _records_of_page(
    declaration: FeedDeclaration, pagination: Pagination, answer: Answer
) -> tuple[list[Any], Any]:
    text = answer.body.decode("utf-8-sig", "replace")
    where = pagination.records_field or declaration.records
    if where is None and declaration.format == "shopify_json":
        where = "products"
    try:
        if declaration.format == "jsonl":
            return [json.loads(line, parse_float=str) for line in text.splitlines() if line.strip()], None
        document = json.loads(text, parse_float=_exact) if text.strip() else []
    except (ValueError, RecursionError) as error:
        message = f"{shown(answer.url)} gives no JSON ({error}): correct the location or the format"
        raise FeedRefusedError(message, reason="wrong_format") from error
    found = document
    for step in where.split(".") if where else []:
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        found = []
    if not isinstance(found, list):
        place = f"`{where}`" if where else "its top"
        message = (
            f"{shown(answer.url)} holds no list of records at {place}: set `records` to their dotted path"
        )
        raise FeedRefusedError(message, reason="wrong_format")
    return found, document


def _next_page(
    declaration: FeedDeclaration, pagination: Pagination, answer: Answer, document: Any, number: int
) -> str | None:
    if pagination.style == "page":
        return _with_parameter(declaration.location, pagination.parameter, number + 1)
    if pagination.style == "cursor":
        stated = first_stated(document, pagination.next_field or "") if isinstance(document, dict) else None
        cursor = as_text(stated.value) if stated else ""
        has_more = cursor and cursor.casefold() not in ("false", "null", "0")
        return _with_parameter(declaration.location, pagination.parameter, cursor) if has_more else None
    if pagination.style == "link":
        links = httpx.Response(200, headers=dict(answer.headers)).links
        following = links.get("next", {}).get("url")
    else:
        stated = (
            first_stated(document, pagination.next_field or "next") if isinstance(document, dict) else None
        )
        following = stated.value if stated else None
    if not isinstance(following, str) or not following.strip():
        return None
    return urljoin(answer.url, following.strip())


def _with_parameter(url: str, parameter: str, value: int | str) -> str:
    parts = urlsplit(url)
    query = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != parameter]
    return urlunsplit(parts._replace(query=urlencode([*query, (parameter, value)])))


def _exact(text: str) -> Decimal | str:
    return Decimal(text) if len(text) < 40 else text


def _plain_number(value: Any) -> Any:
    if isinstance(value, Decimal):
        as_float = float(value)
        return as_float if Decimal(str(as_float)) == value else str(value)
    message = f"{type(value).__name__} is not JSON"
    raise TypeError(message)


def _http_date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError):
        return None
    if found is None:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _from_s3(
    declaration: FeedDeclaration,
    known: Mapping[str, Mapping[str, Any]],
    access: LocationAccess,
    scratch: Path,
) -> Iterator[Arrival]:
    base = s3_address(declaration.location)
    client = access.s3(declaration.location)
    objects = _objects_under(client, base)
    if not objects:
        message = f"feed {declaration.name}: nothing lies under {base}: correct the location"
        raise FeedRefusedError(message, reason="not_found")
    if declaration.format == "images":
        yield from _picture_prefix(declaration, objects, known, scratch)
        return
    for relative, found in sorted(objects.items()):
        name = _kept_name(relative or PurePosixPath(base.key).name)
        parts = PurePosixPath(name).parts
        if relative and (not fnmatchcase(relative, declaration.files) or _is_passing(parts)):
            continue
        if relative and "/" in relative and "/" not in declaration.files:
            continue  # as in a folder: a pattern without a slash does not reach below it
        etag = str(found["ETag"])
        before = known.get(name, {})
        if before.get("etag") == etag:
            continue
        address = S3Address(bucket=base.bucket, key=str(found["Key"]))
        with s3_failures(str(address)), scratch.open("wb") as file:
            client.download_fileobj(address.bucket, address.key, file)
        digest = sha256_of_file(scratch)
        if before.get("sha256") == digest:
            continue
        modified: datetime = found["LastModified"]
        yield Arrival(
            name=name,
            path=scratch,
            delivered_at=date_in(parts[-1]) or modified.astimezone(UTC),
            validators={"etag": etag, "size": int(found["Size"]), "sha256": digest},
        )


def _objects_under(client: "S3Client", base: S3Address) -> dict[str, Mapping[str, Any]]:
    """Return the objects at or below a prefix by their relative name, "" for the object itself."""
    found: dict[str, Mapping[str, Any]] = {}
    with s3_failures(str(base)):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=base.bucket, Prefix=base.key):
            for one in page.get("Contents", []):
                key = one["Key"]
                below = key == base.key or not base.key or key.startswith(f"{base.key}/")
                if below and not key.endswith("/"):
                    relative = "" if key == base.key else key.removeprefix(f"{base.key}/" if base.key else "")
                    found[relative] = dict(one)
    return found


def _picture_prefix(
    declaration: FeedDeclaration,
    objects: Mapping[str, Mapping[str, Any]],
    known: Mapping[str, Mapping[str, Any]],
    scratch: Path,
) -> Iterator[Arrival]:
    name = "pictures.jsonl"
    with scratch.open("w", encoding="utf-8", newline="\n") as manifest:
        for relative, found in sorted(objects.items()):
            parts = PurePosixPath(relative).parts
            if (
                not parts
                or PurePosixPath(relative).suffix.casefold() not in PICTURE_SUFFIXES
                or any(part.startswith(".") for part in parts)
                or not fnmatchcase(parts[-1], declaration.files)
            ):
                continue
            # S3 gives no SHA-256 without reading every picture; its ETag changes with the bytes as well.
            line = {"path": relative, "bytes": int(found["Size"]), "etag": str(found["ETag"]).strip('"')}
            manifest.write(json.dumps(line, ensure_ascii=True) + "\n")
    digest = sha256_of_file(scratch)
    if known.get(name, {}).get("sha256") != digest:
        yield Arrival(name=name, path=scratch, delivered_at=None, validators={"sha256": digest})


def _kept_name(name: str) -> str:
    """Return a delivery's name as the catalogue can keep it: of a long one its end."""
    return name.encode("utf-8", "replace").decode()[-LONGEST_NAME:]
