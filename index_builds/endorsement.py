"""Sign what stands already: to begin with signatures, and to change the key."""

from datetime import datetime

from index_builds.errors import SignatureMissingError, SigningKeyError
from index_builds.pointer_trust import renew
from index_builds.signing import MANIFEST_ROLE, Signatures, TrustedKeys
from index_builds.snapshots import SnapshotStore


def endorse(store: SnapshotStore, collection: str, *, signed_at: datetime, adopt: bool = False) -> list[str]:
    """Sign a collection's manifests with the present key, and renew what is said of its pointer.

    Signatures of keys that are still trusted stay, so that readers that know only those go on reading.

    Args:
        store: Where snapshots live; its key signs.
        collection: Whose snapshots.
        signed_at: The present moment, aware.
        adopt: Sign also what no trusted key has signed, on the word of the database alone.

    Returns:
        The ids of the snapshots that this key had not signed before.

    Raises:
        SigningKeyError: If there is no key to sign with.
        UntrustedError: If no trusted key signed a manifest or the pointer, and ``adopt`` is not given.
        SnapshotDamagedError: If a manifest is not what was published.
    """
    signing = store.signing
    if signing is None or signing.key is None:
        message = "there is nothing to sign with: set signing.private_key_file (`loupe keys create FILE`)"
        raise SigningKeyError(message)
    own = TrustedKeys([signing.key.public])
    trusted = own if signing.trusted is None else signing.trusted
    signed = []
    for entry in store.list(collection):
        data, _ = store.published(collection, entry.snapshot_id)
        standing = _standing(store, collection, entry.snapshot_id, adopt=adopt)
        valid = [one for one in standing.signatures if trusted.vouch(MANIFEST_ROLE, data, one)]
        if not valid and not adopt:
            trusted.verify(MANIFEST_ROLE, data, standing, f"the manifest of {collection}/{entry.snapshot_id}")
        if not any(own.vouch(MANIFEST_ROLE, data, one) for one in valid):
            store.sign(collection, entry.snapshot_id, [*valid, signing.key.sign(MANIFEST_ROLE, data)])
            signed.append(entry.snapshot_id)
    renew(store, collection, signed_at=signed_at, adopt=adopt)
    return signed


def _standing(store: SnapshotStore, collection: str, snapshot_id: str, *, adopt: bool) -> Signatures:
    try:
        return store.signatures(collection, snapshot_id)
    except SignatureMissingError:
        if not adopt:
            raise
        return Signatures(payloadType=MANIFEST_ROLE, signatures=())
