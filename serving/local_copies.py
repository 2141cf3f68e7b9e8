"""Copies of what is served on this machine's own disk, so that a restart needs neither database nor store.

A copy is a hard link where the store is a folder of the same file system, else a copy.  What stands here is
believed no more than the store: it is opened through its digests, and a manifest through its signature where
signatures are demanded.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.files import write_whole, written_whole
from storage.objects import sha256_hex, sha256_of_file


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """The snapshot that served last: its manifest's bytes, and its signatures where it has any."""

    snapshot_id: str
    manifest: bytes
    signatures: bytes | None


class LocalCopies:
    """One collection's folder: index files by digest, and a note of what served last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, digest: str, fetch: Callable[[str], Path]) -> Path:
        """Return the copy of a file, fetched where it is missing or damaged; not yet checked when fetched.

        Args:
            digest: Of the file.
            fetch: Gives the store's local file of a digest; what it raises passes through.
        """
        target = self._place(digest)
        if target.is_file() and sha256_of_file(target) == digest:
            return target
        source = fetch(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as staged:
            try:
                os.link(source, staged)
            except OSError:  # another file system, or one without links
                shutil.copyfile(source, staged)
        return target

    def held(self, digest: str) -> Path:
        """Return where a copy lies, whether there is one or not: opening says if it is missing."""
        return self._place(digest)

    def remember(self, collection: str, good: LastGood) -> None:
        """Note what serves now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        document = {
            "snapshot_id": good.snapshot_id,
            "manifest": good.manifest.decode(),
            "manifest_digest": sha256_hex(good.manifest),
            "signatures": None if good.signatures is None else good.signatures.decode(),
        }
        write_whole(self._note(collection), json.dumps(document).encode())

    def last_good(self, collection: str) -> LastGood | None:
        """Return what served last; None where nothing did, or the note is damaged."""
        try:
            document = json.loads(self._note(collection).read_bytes())
            manifest = document["manifest"].encode()
            signatures = document["signatures"]
            if sha256_hex(manifest) != document["manifest_digest"]:
                return None
            return LastGood(
                snapshot_id=document["snapshot_id"],
                manifest=manifest,
                signatures=None if signatures is None else signatures.encode(),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def drop(self, digests: set[str]) -> None:
        """Remove copies.  A process that has one mapped keeps it until it lets go."""
        for digest in digests:
            self._place(digest).unlink(missing_ok=True)

    def _place(self, digest: str) -> Path:
        return self.folder / "files" / digest[:2] / digest

    def _note(self, collection: str) -> Path:
        return self.folder / f"{collection}.json"
